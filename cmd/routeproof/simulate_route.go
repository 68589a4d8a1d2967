package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/policy"
	"github.com/routeproof/routeproof/eval/simulate"
	"github.com/routeproof/routeproof/internal/wording"
	"github.com/routeproof/routeproof/reports"
)

// routeDocument is the JSON of routing by score.
type routeDocument struct {
	Version  int    `json:"version"`
	Outcomes string `json:"outcomes"`
	*simulate.Routes
	Notes []string `json:"notes"`
}

func (a *app) simulateRouteVerb() *cobra.Command {
	f := &simulateFlags{byScore: true}
	deciles := false
	cmd := &cobra.Command{
		Use:   "route --outcomes FILE",
		Short: "Routers by score at every threshold, beside oracle and random",
		Long: `Send each request to a model by one number, its score: the higher, the dearer the
model. Scores come from files (--scores, columns id and score), from a classifier
(the tier that it names), from the length of the prompt in characters, and at random.

Shown are, over every distinct score as a threshold and with equal scores together:
between two models the area under quality against the share sent to the second (AUC),
the share of the gap between them recovered on average (APGR) with its interval, and
which share has to go to the second to recover 20, 50 and 80 % of it (CPT); where
costs are known, for any number of models, the average quality over cost (AIQ) of the
best ordered thresholds. Thresholds are chosen on the requests that they are measured
on, so these figures are about the scores and promise nothing of one threshold.`,
		Example: `  routeproof data synth --n 200 --out made
  routeproof simulate route --outcomes made/outcomes.jsonl --prompts made/prompts.jsonl

  # between two models, with the scores of a router of your own
  routeproof simulate route --outcomes made/outcomes.jsonl --ladder openai/gpt-4o-mini,anthropic/claude-opus-4 --scores made/scores.jsonl`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.simulate(cmd, f, func(s *simulation) (any, func(io.Writer) error, error) {
				d, err := s.route(cmd.Context(), deciles)
				return d, func(w io.Writer) error { return printRoutes(w, d) }, err
			})
		},
	}
	f.addInput(cmd)
	cmd.Flags().StringArrayVar(&f.scores, "scores", nil, "scores of a router: a file with id and score; may be given several times")
	cmd.Flags().StringVar(&f.curves, "curves", "", "write quality and cost of every router at every threshold between two models to this file, Parquet")
	cmd.Flags().BoolVar(&deciles, "deciles", false, "also measure at the eleven deciles of the scores, as RouteLLM's own evaluation does")
	return cmd
}

// readScores reads the files of scores. A request without a score in one of them
// is left out of all.
func (s *simulation) readScores(ctx context.Context, each func(datasets.Problem)) error {
	for _, file := range s.flags.scores {
		byID := map[string]float64{}
		if _, err := datasets.Scores().ScanFile(file, each, func(x *datasets.Score) error {
			byID[x.ID] = x.Score
			return ctx.Err()
		}); err != nil {
			return err
		}
		name, _, _ := strings.Cut(filepath.Base(file), ".")
		if name == "" {
			name = filepath.Base(file)
		}
		scorer := simulate.Scorer{Name: name}
		scored := 0
		for _, q := range s.requests {
			v, ok := byID[q.ID]
			if !ok {
				v = math.NaN()
			} else {
				scored++
			}
			scorer.Scores = append(scorer.Scores, v)
		}
		if scored == 0 {
			p := datasets.Problem{File: file, Field: "id", Reason: fmt.Sprintf("expected ids of requests in %s, such as %q, found none", s.flags.outcomes, s.requests[0].ID)}
			return &datasets.ContentError{File: file, First: []datasets.Problem{p}, Total: 1}
		}
		if scored < len(s.requests) {
			s.notes = append(s.notes, fmt.Sprintf("router %s has scores of %d of %d requests: all are compared on those alone", name, scored, len(s.requests)))
		}
		s.scorers = append(s.scorers, scorer)
	}
	return nil
}

// route measures all routers: of files, the classifier, length and random.
func (s *simulation) route(ctx context.Context, deciles bool) (*routeDocument, error) {
	scorers := s.scorers
	for _, d := range s.deciders {
		scorer := simulate.Scorer{Name: d.Name}
		for i := range s.requests {
			tier := math.NaN()
			decision, err := d.Decide(ctx, &s.requests[i])
			if err == nil {
				tier = float64(decision.Tier)
			} else if !errors.Is(err, policy.ErrUnrecorded) {
				return nil, err
			}
			scorer.Scores = append(scorer.Scores, tier)
		}
		scorers = append(scorers, scorer)
	}
	length, texts := simulate.Lengths(s.requests), 0
	for _, v := range length.Scores {
		if !math.IsNaN(v) {
			texts++
		}
	}
	if texts == len(s.requests) {
		scorers = append(scorers, length)
	} else {
		s.notes = append(s.notes, fmt.Sprintf("no router by length: the text of %d of %d requests is not known; --prompts can add it", len(s.requests)-texts, len(s.requests)))
	}
	scorers = append(scorers, simulate.Random("random/"+s.config.Splits.Salt, s.requests))
	names := map[string]bool{}
	for _, x := range scorers {
		if names[x.Name] {
			return nil, fmt.Errorf("%w: --scores: two routers are called %q: name the file differently", errUsage, x.Name)
		}
		names[x.Name] = true
	}
	singles, err := simulate.Singles(ctx, s.backend, s.requests)
	if err != nil {
		return nil, err
	}
	s.noteOrder(singles)
	routes, err := simulate.MeasureRoutes(singles, scorers, simulate.RouteOptions{
		Options: simulate.Options{Replicates: s.config.Bootstrap.Replicates, Seed: s.config.Bootstrap.Seed}, Deciles: deciles,
	})
	if errors.Is(err, simulate.ErrNothing) {
		return nil, s.noRequest(scorers)
	}
	if err != nil {
		return nil, err
	}
	if err := s.writeCurves(routes); err != nil {
		return nil, err
	}
	return &routeDocument{simulationVersion, s.flags.outcomes, routes, append([]string{}, s.notes...)}, nil
}

// noRequest is the error of scores and answers that no request has all of.
func (s *simulation) noRequest(scorers []simulate.Scorer) error {
	scored := 0
	for i := range s.requests {
		if !slices.ContainsFunc(scorers, func(x simulate.Scorer) bool { return math.IsNaN(x.Scores[i]) }) {
			scored++
		}
	}
	if scored > 0 {
		return s.nothing(fmt.Sprintf("no request has a score of every router, as %d of %d do, and a known quality of every model", scored, len(s.requests)))
	}
	p := datasets.Problem{File: s.flags.outcomes, Reason: "no request has a score of every router: expected --scores, and --predictions if given, to be of the same requests; measure them one by one"}
	return &datasets.ContentError{File: s.flags.outcomes, First: []datasets.Problem{p}, Total: 1}
}

func (s *simulation) writeCurves(routes *simulate.Routes) error {
	if s.flags.curves == "" {
		return nil
	}
	if n := len(routes.Models); n != 2 {
		return fmt.Errorf("%w: --curves: expected a ladder of two models, found %d: the hull of more is in --json", errUsage, n)
	}
	return datasets.WriteFile(s.flags.curves, func(w io.Writer) error { return reports.WriteCurves(w, routes) })
}

func printRoutes(w io.Writer, d *routeDocument) error {
	fmt.Fprintf(w, "%s (%d left out: an answer, its quality or a score is unknown)\n\n", wording.Plural(d.N, "request"), d.LeftOut)
	t := tabbed(w)
	fmt.Fprintln(t, "everything to\tquality\tUSD per 1,000\tcost of the last's\tto the last model")
	for i, m := range d.Models {
		last := "0.0 %"
		if i == len(d.Models)-1 {
			last = "100.0 %"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", printable(m.Name), shown("%.4f", m.Quality), shown("%.4f", perThousand*m.CostUSD), percent(m.CostUSD/d.Models[len(d.Models)-1].CostUSD), last)
	}
	for _, x := range []struct {
		name string
		of   simulate.RouteOracle
	}{{"best answer (oracle)", d.Oracle}, {"cheapest correct", d.Cheapest}} {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", x.name, shown("%.4f", x.of.Quality), shown("%.4f", perThousand*x.of.CostUSD), percent(x.of.OfLast), shown("%.2f %%", 100*x.of.StrongShare))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	if err := printRouters(w, d); err != nil {
		return err
	}
	if d.Undefined != "" {
		fmt.Fprintf(w, "no APGR and no CPT: %s\n", d.Undefined)
	}
	switch {
	case !d.Largest.Defined():
		fmt.Fprintf(w, "no costs and no AIQ: the costs of all models are known of %d of %s, under 95 %%\n", d.Priced, wording.Plural(d.N, "request"))
	case d.Largest == 0:
		fmt.Fprintln(w, "no AIQ: nothing costs anything")
	default:
		if d.Priced < d.N {
			fmt.Fprintf(w, "Costs and AIQ are over the %d whose cost is known of every model.\n", d.Priced)
		}
		fmt.Fprintf(w, "AIQ is up to $%.4f per 1,000; the zero router mixes single models at random. Fitted thresholds flatter a score: look at random too.\n", perThousand*float64(d.Largest))
	}
	for _, note := range d.Notes {
		fmt.Fprintf(w, "note: %s\n", note)
	}
	return nil
}

func printRouters(w io.Writer, d *routeDocument) error {
	two := d.Undefined == ""
	t := tabbed(w)
	head := "router\tthresholds\tAIQ\t"
	if two {
		head = fmt.Sprintf("router\tthresholds\tAUC\tAPGR\tof oracle\tless %s\tCPT 20\tCPT 50\tCPT 80\tAIQ\t", printable(d.Routers[0].Name))
	}
	fmt.Fprintln(t, head)
	cpt := func(c simulate.CPTs) string {
		return percent(c["20"]) + "\t" + percent(c["50"]) + "\t" + percent(c["80"])
	}
	for _, r := range d.Routers {
		fmt.Fprintf(t, "%s\t%d\t", printable(r.Name), r.Thresholds)
		if two {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t", shown("%.4f", r.AUC), ranged("%.4f", eval.Estimate{Value: r.APGR, Low: r.APGRCI[0], High: r.APGRCI[1]}, 1),
				percent(r.OfOracle), ranged("%+.4f", r.Less, 1), cpt(r.CPT))
		}
		fmt.Fprintf(t, "%s\t\n", shown("%.4f", r.AIQ))
		if r.Deciles != nil && two {
			fmt.Fprintf(t, "  at deciles\t\t\t%s\t\t\t%s\t\t%s\n", shown("%.4f", r.Deciles.APGR), cpt(r.Deciles.CPT), r.Deciles.Why)
		}
	}
	if two {
		fmt.Fprintf(t, "oracle\t\t\t%s\t\t\t%s\t\t\n", shown("%.4f", d.Oracle.APGR), cpt(d.Oracle.CPT))
	}
	if d.ZeroAIQ.Defined() {
		tabs := "\t\t"
		if two {
			tabs = strings.Repeat("\t", 9)
		}
		fmt.Fprintf(t, "zero router%s%.4f\t\n", tabs, float64(d.ZeroAIQ))
	}
	return t.Flush()
}
