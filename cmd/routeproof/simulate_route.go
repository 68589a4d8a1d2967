package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval/simulate"
	"github.com/routeproof/routeproof/reports"
)

// Plots of routing by score, in the folder of --plots, as a run's folder has them.
const (
	curvesPlot = "curves.svg"
	sharePlot  = "share.svg"
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
	deciles, allMetrics := false, false
	cmd := &cobra.Command{
		Use:   "route --outcomes FILE",
		Short: "Routers by score at every threshold, beside oracle and random",
		Long: `Send each request to a model by one number, its score: the higher, the dearer the
model. Scores come from files (--scores, columns id and score), from a classifier
(the trend of its scores over the tiers, or the tier that it names where it has no
scores), from the length of the prompt in characters, and at random.

Shown are, over every distinct score as a threshold and with equal scores together:
between two models the area under quality against the share sent to the second (AUC),
the share of the gap between them recovered on average (APGR), and which share has to
go to the second to recover 20, 50 and 80 % of it (CPT); where costs are known, for
any number of models, the average quality over cost (AIQ) of the best ordered
thresholds, and how far that is above random mixes of single models. Intervals are of
95 %, differences paired. Thresholds are chosen on the requests that they are measured
on, but for AIQ held out, so these figures are about the scores and promise nothing of
one threshold.

--all-metrics adds what other projects rank routers by: RouterArena's score at its
best threshold, the area under quality over cost of cascade routing, LLMRouterBench's
PerfGain, CostSave and ParetoDist, and AutoMix's IBC half way between two models.`,
		Example: `  routeproof data synth --n 200 --out made
  routeproof simulate route --outcomes made/outcomes.jsonl --prompts made/prompts.jsonl

  # between two models, with the scores of a router of your own
  routeproof simulate route --outcomes made/outcomes.jsonl --ladder openai/gpt-4o-mini,anthropic/claude-opus-4 --scores made/scores.jsonl`,
		Args: takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.checkNames(cmd); err != nil {
				return err
			}
			return a.simulate(cmd, f, func(s *simulation) (any, func(io.Writer) error, error) {
				d, err := s.route(cmd.Context(), deciles, allMetrics)
				return d, func(w io.Writer) error { return s.printRoutes(w, d) }, err
			})
		},
	}
	f.addInput(cmd)
	cmd.Flags().StringArrayVar(&f.scores, "scores", nil, "scores of a router: a file with id and score; may be given several times")
	cmd.Flags().StringVar(&f.curves, "curves", "", "write quality, cost and latency of every router to this file, Parquet: at every threshold between two models, at the best ordered ones between more")
	cmd.Flags().StringVar(&f.plots, "plots", "", "write curves.svg and, between two models, share.svg to this folder")
	cmd.Flags().BoolVar(&allMetrics, "all-metrics", false, "also measure what other projects rank routers by")
	cmd.Flags().BoolVar(&deciles, "deciles", false, "also measure at the eleven deciles of the scores, as RouteLLM's own evaluation does")
	return cmd
}

// checkNames holds the names of outputs to what they are.
func (f *simulateFlags) checkNames(cmd *cobra.Command) error {
	if cmd.Flags().Changed("curves") && filepath.Ext(f.curves) != ".parquet" {
		return fmt.Errorf("%w: --curves: expected a name that ends in .parquet, found %q", errUsage, f.curves)
	}
	if cmd.Flags().Changed("plots") && f.plots == "" {
		return fmt.Errorf("%w: --plots: expected a folder, found no name", errUsage)
	}
	return nil
}

// readScores reads the files of scores. A request without a score in one of them
// is left out of all.
func (s *simulation) readScores(ctx context.Context, each func(datasets.Problem)) error {
	for _, file := range s.flags.scores {
		if file == "" {
			return fmt.Errorf("%w: --scores: expected the name of a file, found none", errUsage)
		}
		scorer := simulate.Scorer{Scores: slices.Repeat([]float64{math.NaN()}, s.requests.Len())}
		scored, other := 0, "" // the least id of those of no request
		if _, err := datasets.Scores().ScanFile(file, each, func(x *datasets.Score) error {
			if i, ok := s.requests.Find(x.ID); ok {
				scorer.Scores[i] = x.Score
				scored++
			} else if other == "" || x.ID < other {
				other = strings.Clone(x.ID)
			}
			return ctx.Err()
		}); err != nil {
			return err
		}
		if scorer.Name, _, _ = strings.Cut(filepath.Base(file), "."); scorer.Name == "" {
			scorer.Name = filepath.Base(file)
		}
		if scored == 0 {
			p := datasets.Problem{File: file, Field: "id", Reason: fmt.Sprintf("expected ids of requests in %s, such as %q, found others, such as %q", s.flags.outcomes, s.requests.At(0).ID, other)}
			return &datasets.ContentError{File: file, First: []datasets.Problem{p}, Total: 1}
		}
		if scored < s.requests.Len() {
			s.notes = append(s.notes, fmt.Sprintf("%s has scores of %d of %d requests: all routers are compared on those alone", file, scored, s.requests.Len()))
		}
		s.scorers = append(s.scorers, scorer)
	}
	return nil
}

// route measures all routers: of files, the classifier, length and random.
func (s *simulation) route(ctx context.Context, deciles, allMetrics bool) (_ *routeDocument, err error) {
	scorers := s.scorers
	for _, d := range s.deciders {
		scorer, err := simulate.TrendsOf(ctx, d, s.requests)
		if err != nil {
			return nil, err
		}
		scorers = append(scorers, scorer)
	}
	length, err := simulate.Lengths(s.requests)
	if err != nil {
		return nil, err
	}
	texts := 0
	for _, v := range length.Scores {
		if !math.IsNaN(v) {
			texts++
		}
	}
	if texts == s.requests.Len() {
		scorers = append(scorers, length)
	} else {
		s.notes = append(s.notes, fmt.Sprintf("no router by length: the text of %d of %d requests is not known; --prompts can add it", s.requests.Len()-texts, s.requests.Len()))
	}
	scorers = append(scorers, simulate.Random("random/"+s.config.Splits.Salt, s.requests))
	names := map[string]bool{"oracle": true, "zero router": true}
	for _, x := range scorers {
		if names[x.Name] {
			return nil, fmt.Errorf("%w: --scores: two routers are called %q, after the file's name up to its first dot: name the file differently; length, random, oracle, zero router and the classifier are taken", errUsage, x.Name)
		}
		names[x.Name] = true
	}
	singles, err := simulate.Singles(ctx, s.backend, s.requests)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, simulate.CloseAll(singles)) }()
	s.noteOrder(singles)
	routes, err := simulate.MeasureRoutes(ctx, singles, scorers, simulate.RouteOptions{
		Options: simulate.Options{Replicates: s.config.Bootstrap.Replicates, Seed: s.config.Bootstrap.Seed}, Deciles: deciles, AllMetrics: allMetrics,
	})
	if errors.Is(err, simulate.ErrNothing) {
		return nil, s.noRequest(scorers)
	}
	if err != nil {
		return nil, err
	}
	for _, r := range routes.Routers {
		if r.Thresholds == 1 && routes.N > 1 {
			s.notes = append(s.notes, fmt.Sprintf("router %s has one score for all requests: it sends all or none on", r.Name))
		}
	}
	if deciles && len(routes.Models) > 2 {
		s.notes = append(s.notes, "--deciles is about two models, the ladder has more")
	}
	if err := s.writeCurves(routes); err != nil {
		return nil, err
	}
	return &routeDocument{simulationVersion, s.flags.outcomes, routes, append([]string{}, s.notes...)}, nil
}

// noRequest is the error of scores and answers that no request has all of.
func (s *simulation) noRequest(scorers []simulate.Scorer) error {
	scored := 0
	for i := range s.requests.Len() {
		if !slices.ContainsFunc(scorers, func(x simulate.Scorer) bool { return math.IsNaN(x.Scores[i]) }) {
			scored++
		}
	}
	if scored > 0 {
		return s.nothing(fmt.Sprintf("no request has a score of every router, as %d of %d do, and a known quality of every model", scored, s.requests.Len()))
	}
	p := datasets.Problem{File: s.flags.outcomes, Reason: "no request has a score of every router: expected --scores, and --predictions if given, to be of the same requests; measure them one by one"}
	return &datasets.ContentError{File: s.flags.outcomes, First: []datasets.Problem{p}, Total: 1}
}

// writeCurves writes what flags ask for besides the figures.
func (s *simulation) writeCurves(routes *simulate.Routes) error {
	if s.flags.curves != "" {
		if len(routes.Models) > 2 && !routes.Largest.Defined() {
			return fmt.Errorf("%w: --curves: between more than two models thresholds are found by cost, which is not known: give --prices, or a ladder of two models", errUsage)
		}
		if err := datasets.WriteFile(s.flags.curves, func(w io.Writer) error { return reports.WriteCurves(w, routes) }); err != nil {
			return err
		}
	}
	if s.flags.plots == "" {
		return nil
	}
	if err := os.MkdirAll(s.flags.plots, 0o755); err != nil {
		return err
	}
	for _, plot := range []struct {
		name    string
		svg     []byte
		without string
	}{{curvesPlot, reports.CostPlot(routes), "costs are not known"}, {sharePlot, reports.SharePlot(routes), "it is about two models"}} {
		file := filepath.Join(s.flags.plots, plot.name)
		if plot.svg == nil {
			s.notes = append(s.notes, plot.name+" is not drawn: "+plot.without)
			if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) { // of an earlier run
				return err
			}
			continue
		}
		if err := datasets.WriteFile(file, func(w io.Writer) error { _, err := w.Write(plot.svg); return err }); err != nil {
			return err
		}
	}
	return nil
}
