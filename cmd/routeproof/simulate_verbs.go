package main

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval/pipeline"
	"github.com/routeproof/routeproof/eval/policy"
	"github.com/routeproof/routeproof/eval/simulate"
	"github.com/routeproof/routeproof/internal/longjson"
)

// simulationVersion is that of the JSON documents below.
const simulationVersion = 1

// simulated is what all documents hold.
type simulated struct {
	Version    int                  `json:"version"`
	Outcomes   string               `json:"outcomes"`
	Comparison *simulate.Comparison `json:"comparison"`
	Notes      []string             `json:"notes"`
}

// cascadeDocument is the JSON of a cascade or hybrid.
type cascadeDocument struct {
	simulated
	Classifier string                 `json:"classifier,omitempty"`
	Tiers      []simulate.TierSummary `json:"tiers"`
	Totals     simulate.Totals        `json:"totals"`
	Signals    []simulate.Signal      `json:"signals"`
	Ablation   []simulate.Ablation    `json:"ablation,omitempty"`
	Sweep      *simulate.Sweep        `json:"sweep,omitempty"` // without its points, which eachPoint visits
}

// parallelDocument is the JSON of parallel agreement.
type parallelDocument struct {
	simulated
	Agree string          `json:"agree"`
	Pairs []simulate.Pair `json:"pairs"` // without their points, which eachPoint visits
}

func (a *app) simulateCascadeVerb() *cobra.Command {
	return a.cascadeVerb(&cobra.Command{
		Use:   "cascade --outcomes FILE",
		Short: "The cheapest model first, then the next while its answer is refused",
		Long: `Ask the cheapest model of the ladder first and climb while its answer is refused: it
is too short, holds a phrase of doubt, is no JSON where the task type requires it,
fails a pattern or schema, has too little confidence, failed, or came too late. Where
no answer passes, the last one that there was is given and counted as exhausted.

Shown are what each model serves and escalates and why (the share that is escalated
is marked under 10 %, over 20 % or between, or that no check fired at all; it does not
say how good the answers are that were taken), what each check tells of right and wrong
answers, and all policies side by side. Costs and latencies are
those recorded; else they are computed from tokens, prices and speed.`,
		Example: `  routeproof data synth --n 200 --out made
  routeproof simulate cascade --outcomes made/outcomes.jsonl --prompts made/prompts.jsonl

  # every threshold of the confidence that was recorded
  routeproof simulate cascade --outcomes made/outcomes.jsonl --min-chars 0 --phrases none --sweep confidence`,
	}, false)
}

func (a *app) simulateHybridVerb() *cobra.Command {
	return a.cascadeVerb(&cobra.Command{
		Use:   "hybrid --outcomes FILE",
		Short: "A classifier's choice first, then upwards as a cascade",
		Long: `Ask the model of the tier that a classifier names first, and climb from there as a
cascade does. The classifier is the rule of the configuration, or one whose decisions
run has written (--predictions out/predictions.parquet --classifier NAME); what it
costs and how long it takes counts. The ladder's tiers must be among those of the
configuration.`,
		Example: `  routeproof data synth --n 200 --out made
  routeproof simulate hybrid --outcomes made/outcomes.jsonl --prompts made/prompts.jsonl`,
	}, true)
}

func (a *app) cascadeVerb(cmd *cobra.Command, hybrid bool) *cobra.Command {
	f := &simulateFlags{}
	cmd.Args = cobra.NoArgs
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return a.simulate(cmd, f, func(s *simulation) (any, func(io.Writer) error, error) {
			d, err := s.cascade(cmd, hybrid)
			return d, func(w io.Writer) error { return s.printCascade(w, d) }, err
		})
	}
	f.add(cmd)
	cmd.Flags().StringVar(&f.log, "log", "", "write what a router would log of each request to this file, JSON Lines")
	return cmd
}

// simulate reads the input, has it worked on, and prints what comes of it.
func (a *app) simulate(cmd *cobra.Command, f *simulateFlags, work func(*simulation) (any, func(io.Writer) error, error)) (err error) {
	inputs := []string{f.outcomes, f.prompts, f.prices, f.config, f.predictions, f.agreement.words, f.checks.schema, f.checks.phrases}
	inputs = append(inputs, f.scores...)
	if err := checkOverwrite(inputs, f.outputs()...); err != nil {
		return err
	}
	if err := f.checkOutputs(); err != nil {
		return err
	}
	log, err := a.problemLog(cmd)
	if err != nil {
		return err
	}
	s, err := awaited(cmd.Context(), func() (*simulation, error) { return f.open(cmd, log.add) })
	if err := log.finish(err); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.swept.Close(), simulate.ClosePairs(s.pairs), s.backend.Close()) }()
	document, print, err := work(s)
	if err != nil {
		return err
	}
	if f.asJSON {
		return a.buffered(func(w io.Writer) error { return longjson.Write(controlEscaper{w}, document, "points", s.eachPoint) })
	}
	return a.buffered(print)
}

// eachPoint visits the points of lists that documents leave empty.
func (s *simulation) eachPoint(visit func(list int, point any) error) error {
	if s.swept != nil {
		return visitAll(s.swept.Points, 0, visit)
	}
	list := 0
	for _, p := range s.pairs {
		if p.N == 0 {
			continue // its points are null
		}
		if err := visitAll(p.Points, list, visit); err != nil {
			return err
		}
		list++
	}
	return nil
}

func visitAll[T any](points simulate.Points[T], list int, visit func(list int, point any) error) error {
	for p, err := range points.All() {
		if err == nil {
			err = visit(list, p)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// outputs are the files that are written.
func (f *simulateFlags) outputs() []string {
	out := []string{f.problems}
	for _, file := range []string{f.log, f.curves} {
		if file != "" {
			out = append(out, file)
		}
	}
	if f.plots != "" {
		out = append(out, filepath.Join(f.plots, curvesPlot), filepath.Join(f.plots, sharePlot))
	}
	return out
}

// checkOutputs sees that these can be written.
func (f *simulateFlags) checkOutputs() error {
	for _, file := range []struct{ flag, path string }{{"--log", f.log}, {"--curves", f.curves}} {
		if file.path == "" {
			continue
		}
		if err := checkFile(file.flag, file.path); err != nil {
			return err
		}
	}
	if f.plots == "" {
		return nil
	}
	return checkFolder("--plots", f.plots)
}

func (s *simulation) cascade(cmd *cobra.Command, hybrid bool) (_ *cascadeDocument, err error) {
	ctx := cmd.Context()
	t, err := s.suite().Run(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	trace, name := t.Cascade, ""
	if hybrid {
		if len(t.Hybrids) == 0 {
			return nil, s.undecided
		}
		trace, name = t.Hybrids[0], s.deciders[0].Name
	}
	d := &cascadeDocument{Classifier: name, Tiers: trace.Summaries()}
	if d.Totals, err = trace.Totals(); err != nil {
		return nil, err
	}
	if d.Totals.N == 0 {
		return nil, s.nothing("no request can be served from the record")
	}
	if !hybrid {
		if d.Ablation, err = simulate.Ablate(ctx, s.flags.checks.config, s.start, s.backend, s.requests); err != nil {
			return nil, err
		}
	}
	if err := s.writeLog(ctx, hybrid); err != nil {
		return nil, err
	}
	if d.Signals, err = simulate.Signals(ctx, s.checks, s.backend, s.requests); err != nil {
		return nil, err
	}
	if err := s.sweep(ctx, d, hybrid); err != nil {
		return nil, err
	}
	d.simulated, err = s.sideBySide(t)
	return d, err
}

// sweep goes through every threshold of a check, if that is asked for.
func (s *simulation) sweep(ctx context.Context, d *cascadeDocument, hybrid bool) (err error) {
	if s.flags.checks.sweep == "" {
		return nil
	}
	start := simulate.StartAt(s.start)
	if hybrid {
		start = simulate.StartBy(s.deciders[0].Decide, s.rungs)
	}
	s.swept, err = simulate.SweepCascade(ctx, simulate.Knob(s.flags.checks.sweep), s.flags.checks.config, start, s.backend, s.requests)
	if errors.Is(err, simulate.ErrNothing) {
		return s.nothing(err.Error())
	}
	if err != nil {
		return err
	}
	bare := *s.swept
	bare.Points = bare.Points.None()
	d.Sweep = &bare
	return nil
}

// writeLog writes the log of the policy that is simulated, if it is asked for.
func (s *simulation) writeLog(ctx context.Context, hybrid bool) error {
	if s.flags.log == "" {
		return nil
	}
	var p policy.Policy = policy.Cascade{Checks: s.checks, Start: s.start}
	if hybrid {
		p = policy.Route{Decide: s.deciders[0].Decide, Rungs: s.rungs, Checks: s.checks}
	}
	return datasets.WriteFile(s.flags.log, func(w io.Writer) error { return simulate.WriteLog(ctx, w, p, s.backend, s.requests) })
}

func (s *simulation) sideBySide(t *simulate.Traces) (simulated, error) {
	c, err := s.compare(t)
	return simulated{simulationVersion, s.flags.outcomes, c, append([]string{}, s.notes...)}, err
}

func (a *app) simulateParallelVerb() *cobra.Command {
	f := &simulateFlags{}
	cmd := &cobra.Command{
		Use:   "parallel --outcomes FILE",
		Short: "Two models at once: the cheap one's answer where both agree",
		Long: `Ask two models of the ladder at once, every pair of it in turn. Where their answers
agree the cheap one's is given, else the dear one's; a side that failed or came too
late disagrees. Answers agree where their final answers are the same (--answer says
how to find it in a response), or from a cosine of the responses' vectors on
(--agree cosine, by the configuration's embedder or --word-vectors).

Shown are, for every pair and every threshold, how often the two agree, how often
they do so on a wrong answer, and what comes of it; both are always paid. Errors that
two models make together are set beside those of independent ones.`,
		Example: `  routeproof data synth --n 200 --out made
  routeproof simulate parallel --outcomes made/outcomes.jsonl --answer 'regex:k\d+'

  # agreement by meaning, at every similarity
  routeproof simulate parallel --outcomes made/outcomes.jsonl --agree cosine --json`,
		Args: takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.simulate(cmd, f, func(s *simulation) (any, func(io.Writer) error, error) {
				d, err := s.parallel(cmd)
				return d, func(w io.Writer) error { return s.printParallel(w, d) }, err
			})
		},
	}
	f.add(cmd)
	return cmd
}

func (s *simulation) parallel(cmd *cobra.Command) (_ *parallelDocument, err error) {
	if s.pairs, err = simulate.SweepPairs(cmd.Context(), s.agreement, s.flags.checks.config.TimeoutMS, s.backend, s.requests); err != nil {
		return nil, err
	}
	n := 0
	for _, p := range s.pairs {
		n = max(n, p.N)
	}
	if n == 0 {
		return nil, s.nothing("no pair of answers can be compared")
	}
	t, err := s.suite().Run(cmd.Context())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	d := &parallelDocument{Pairs: slices.Clone(s.pairs), Agree: s.flags.agreement.by}
	for i := range d.Pairs {
		if d.Pairs[i].N > 0 {
			d.Pairs[i].Points = d.Pairs[i].Points.None()
		}
	}
	if d.Agree == pipeline.ByAnswer {
		d.Agree += " " + s.flags.agreement.answer
	}
	d.simulated, err = s.sideBySide(t)
	return d, err
}
