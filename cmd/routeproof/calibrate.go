package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval/calibrate"
	"github.com/routeproof/routeproof/eval/pipeline"
	"github.com/routeproof/routeproof/eval/policy"
)

// calibrateFlags are the flags of all that is calibrated on outcomes.
type calibrateFlags struct {
	simulateFlags
	level  calibrate.Level
	splits string
	router string
	pair   string
	edit   editFlags
	key    pipeline.Key // of the configuration, that is calibrated; empty: none
}

func (a *app) calibrateVerb() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "calibrate",
		Short: "Thresholds with a guarantee, certified on recorded answers",
		Long: `Find the cheapest threshold whose risk is certified: at most --risk, with probability
--confidence over the draw of the requests, however few there are and however many
thresholds were tried (Learn then Test). Thresholds and their order come from tune, the
certificate from calibrate, the last figures from test. Where nothing can be certified
it is said how many more requests would do, and the exit code is 0 as well: it is a
result (--json has "certified").

Requests are split as data split and run do it, by a hash of their groups, or by the
split column of --prompts; of copies of a request one counts. Route, cascade and
parallel fit nothing, so requests of train are not used: they are for whoever fits a
router before. A router whose scores are certified must not have been fitted, tuned or
selected on requests of tune, calibrate or test: a certificate on requests that it has
seen is void. Where it has seen none, --splits 0/30/50/20 wastes none.`,
		Example: `  routeproof data synth --n 2000 --only outcomes --out made
  routeproof calibrate cascade --outcomes made/outcomes.jsonl --risk 0.05`,
		Args: knownVerb,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	a.addVerbs(cmd, a.calibrateClassifierVerb(), a.calibrateHybridVerb(), a.calibrateRouteVerb(), a.calibrateCascadeVerb(), a.calibrateParallelVerb())
	return cmd
}

func (a *app) calibrateRouteVerb() *cobra.Command {
	f := &calibrateFlags{}
	cmd := &cobra.Command{
		Use:   "route --outcomes FILE",
		Short: "Thresholds of a router by score: quality at most so far below the dearest model's",
		Long: `Certify the thresholds of a router that gives every request a number, the higher the
more difficult: mean quality is at most --risk below that of always asking the
dearest model. The number is that of a file (--scores), or of --router: length (of the
prompt, in characters) or a classifier (--predictions, --classifier). Between more
than two models the settings are those on the hull of quality and cost on tune. The
test bets on each request in turn (Waudby-Smith and Ramdas) and is valid for any
distribution of qualities from 0 to 1. Requests without a score, or without a known
quality of a model, are left out; a call that failed has quality 0.

The scores must be of a router that was not fitted on requests of tune, calibrate or
test. Of the predictions of a run those on its test prompts are used alone, and split
again.`,
		Example: `  routeproof data synth --n 2000 --out made
  routeproof calibrate route --outcomes made/outcomes.jsonl --prompts made/prompts.jsonl --scores made/scores.jsonl --risk 0.05`,
	}
	f.addTo(a, cmd, func(c *calibration) (*calibrated, error) { return c.route(cmd.Context()) })
	cmd.Flags().StringArrayVar(&f.scores, "scores", nil, "scores of the router: a file with id and score")
	cmd.Flags().StringVar(&f.router, "router", "", "length, or classifier (default: the scores, else the classifier of --predictions, else length)")
	return cmd
}

func (a *app) calibrateCascadeVerb() *cobra.Command {
	f := &calibrateFlags{key: pipeline.KeyMinConfidence}
	cmd := &cobra.Command{
		Use:   "cascade --outcomes FILE",
		Short: "The least confidence of a cascade: how often a cheap answer may spoil what the dear one had right",
		Long: `Certify the confidence from which a cascade takes the answer of its first model instead
of asking the second: of all requests at most --risk are taken from the first, wrong
there, and right by the second. Confidence is what the outcomes recorded, from 0 to 1;
an answer without one is never taken.

It belongs into the configuration, as policies.checks.min_confidence: the change of the
file of --config is shown as a patch, and made with --write.`,
		Example: `  routeproof data synth --n 2000 --only outcomes --out made
  routeproof calibrate cascade --outcomes made/outcomes.jsonl --risk 0.05`,
	}
	f.addTo(a, cmd, func(c *calibration) (*calibrated, error) { return c.cascade(cmd.Context()) })
	f.addPair(cmd)
	hide(cmd, "predictions", "classifier")
	return cmd
}

func (a *app) calibrateParallelVerb() *cobra.Command {
	f := &calibrateFlags{key: pipeline.KeyAgreement}
	cmd := &cobra.Command{
		Use:   "parallel --outcomes FILE",
		Short: "Agreement of two models: how often the cheap answer may be wrong where they agree",
		Long: `Certify the similarity from which two answers agree, so that the cheap one is given:
where they agree it is wrong in at most --risk. With --agree answer they agree or not,
and it is only tested whether that is good enough. A side that failed, or came later
than the configuration's timeout_ms, disagrees.

It belongs into the configuration, as policies.agreement.threshold: the change of the
file of --config is shown as a patch, and made with --write.`,
		Example: `  routeproof data synth --n 2000 --only outcomes --out made
  routeproof calibrate parallel --outcomes made/outcomes.jsonl --answer 'regex:k\d+' --risk 0.05`,
	}
	f.addTo(a, cmd, func(c *calibration) (*calibrated, error) { return c.parallel(cmd.Context()) })
	// A threshold is what is looked for, and no cost hangs on it.
	cmd.Flags().StringVar(&f.agreement.by, "agree", pipeline.ByAnswer, "how two answers agree: answer (the same final answer) or cosine (of the responses' vectors)")
	cmd.Flags().StringVar(&f.agreement.answer, "answer", "text", "what the final answer is: text, regex:PATTERN (the last match, of it the first group) or json:FIELD")
	addWords(cmd, &f.agreement.words)
	f.addPair(cmd)
	hide(cmd, "predictions", "classifier")
	return cmd
}

// addPair adds the flags of what is certified between two models and stands in the
// configuration.
func (f *calibrateFlags) addPair(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.pair, "pair", "", "the cheap and the dear model or tier, with a comma between (default: the ladder's first and last)")
	f.edit.add(cmd, "the cheapest threshold whose risk on tune is small enough")
}

// addTo adds what all of these verbs have in common.
func (f *calibrateFlags) addTo(a *app, cmd *cobra.Command, do func(*calibration) (*calibrated, error)) {
	f.byScore, f.split = true, true
	f.addInput(cmd)
	flags := cmd.Flags()
	flags.Float64Var(&f.level.Risk, "risk", 0.02, "the most that is tolerated, over 0 and below 1")
	flags.Float64Var(&f.level.Confidence, "confidence", 0.95, "how sure to be that it is not more, over 0 and below 1")
	flags.StringVar(&f.splits, "splits", "", "shares of train, tune, calibrate and test, that sum to 100, as in 0/30/50/20 where nothing was fitted on these requests (default: the configuration's)")
	flags.Lookup("prompts").Usage = "the prompts, for texts, groups and splits (default: what the outcomes say of them)"
	flags.Lookup("predictions").Usage = "recorded predictions of classifiers, as run writes them, to route by"
	cmd.Args = cobra.NoArgs
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := f.check(cmd); err != nil {
			return err
		}
		return a.simulate(cmd, &f.simulateFlags, func(s *simulation) (any, func(io.Writer) error, error) {
			if cmd.Flags().Lookup("agree") != nil {
				var err error
				if s.agreement, err = f.agreement.read(cmd, s.config); err != nil {
					return nil, nil, err
				}
			}
			c, err := newCalibration(f, s)
			if err != nil {
				return nil, nil, err
			}
			s.given = nil
			d, err := do(c)
			if err == nil {
				err = c.proposeEdit(d)
			}
			return d, func(w io.Writer) error { return d.print(w) }, err
		})
	}
}

// check refuses what does not go together, before anything is read.
func (f *calibrateFlags) check(cmd *cobra.Command) error {
	if err := f.level.Check(); err != nil {
		return fmt.Errorf("%w: --%w", errUsage, err)
	}
	if err := f.edit.check(f.config, f.key); err != nil {
		return err
	}
	if f.splits != "" {
		if _, err := parseShares(f.splits); err != nil {
			return fmt.Errorf("%w: --splits: %w", errUsage, err)
		}
	}
	if len(f.scores) > 1 {
		return fmt.Errorf("%w: --scores: expected one file, found %d: a guarantee is of one router, calibrate them one by one", errUsage, len(f.scores))
	}
	if f.router != "" {
		if err := oneOf("router", f.router, []string{"length", "classifier"}); err != nil {
			return err
		}
	}
	switch predicted := f.predictions != ""; {
	case f.router != "" && len(f.scores) > 0:
		return fmt.Errorf("%w: --router and --scores are two routers: give one of them", errUsage)
	case predicted && len(f.scores) > 0:
		return fmt.Errorf("%w: --predictions and --scores are two routers: give one of them", errUsage)
	case predicted && f.router == "length":
		return fmt.Errorf("%w: --router length goes without --predictions", errUsage)
	case predicted && cmd.Flags().Lookup("pair") != nil:
		return fmt.Errorf("%w: --predictions goes with calibrate route: no classifier is asked here", errUsage)
	}
	return nil
}

// hide takes flags out of the help of a verb that has no use for them.
func hide(cmd *cobra.Command, names ...string) {
	for _, name := range names {
		if err := cmd.Flags().MarkHidden(name); err != nil {
			panic("routeproof: " + err.Error())
		}
	}
}

// calibration is recorded answers, split.
type calibration struct {
	*simulation
	flags  *calibrateFlags
	splits []datasets.Split // of each request
}

func newCalibration(f *calibrateFlags, s *simulation) (*calibration, error) {
	c := &calibration{simulation: s, flags: f}
	if len(s.backend.Models()) < 2 {
		return nil, fmt.Errorf("%w: --ladder: expected two or more models, found one", errUsage)
	}
	shares, salt := s.config.Shares(), s.config.Splits.Salt
	if f.splits != "" {
		var err error
		if shares, err = parseShares(f.splits); err != nil {
			return nil, fmt.Errorf("%w: --splits: %w", errUsage, err)
		}
	}
	given, err := c.givenSplits()
	switch {
	case err != nil:
		return nil, err
	case s.heldOut:
		// The predictions are of test prompts, which nothing was fitted on: another
		// hash splits these.
		salt += "/held out"
		if f.splits == "" {
			shares = withoutTrain(shares)
		}
		s.notes = append(s.notes, "these test requests are split again, by another hash, into tune, calibrate and test")
	case given != nil:
		if f.splits != "" {
			return nil, fmt.Errorf("%w: --splits: the prompts of %s have a split column, which is obeyed: give one of the two", errUsage, f.prompts)
		}
		c.splits = given
		return c, nil
	}
	c.splits = make([]datasets.Split, s.requests.Len())
	for i := range c.splits {
		c.splits[i] = shares.At(datasets.Uniform(salt, c.key(i)))
	}
	return c, nil
}

// key names the group of request i.
func (s *simulation) key(i int) string {
	if s.alone(i) {
		return "request " + s.requests.At(i).ID
	}
	return s.groups.Key(i)
}

// alone tells of a request of which nothing says that it is another's copy.
func (s *simulation) alone(i int) bool { return int(s.requests.Groups[i]) >= s.requests.Len() }

// givenSplits returns the splits of the prompts, if they name any: of a group
// whose requests are in several all are in the first of these, so that nothing
// is certified on a copy of what was fitted on.
func (c *calibration) givenSplits() ([]datasets.Split, error) {
	var out []datasets.Split
	first := map[int32]datasets.Split{} // by group
	without, counts := 0, map[datasets.Split]int{}
	for i, name := range c.given {
		split := datasets.Train // of what is not among the prompts
		for _, s := range datasets.Splits() {
			if name == s.String() {
				split = s
				counts[s]++
			}
		}
		if name == "" {
			without++
		}
		group := c.requests.Groups[i]
		if at, seen := first[group]; !seen || split < at {
			first[group] = split
		}
	}
	if without == len(c.given) {
		return nil, nil
	}
	for _, s := range datasets.Splits()[1:] {
		if counts[s] == 0 {
			return nil, c.content(c.simulation.flags.prompts, "split", "no request is in "+s.String()+": expected some in each of tune, calibrate and test, or prompts without a split column, which are split by a hash")
		}
	}
	if without > 0 {
		c.notes = append(c.notes, fmt.Sprintf("left out are %d of %d requests, which have no split", without, len(c.given)))
	}
	for _, group := range c.requests.Groups {
		out = append(out, first[group])
	}
	return out, nil
}

// content is the error of a file that has not what is needed.
func (c *calibration) content(file, field, why string) error {
	return &datasets.ContentError{File: file, First: []datasets.Problem{{File: file, Field: field, Reason: why}}, Total: 1}
}

// parseShares reads 40/20/20/20, or .4/.2/.2/.2; what rounding leaves of the sum is
// made up for. The share of train may be 0.
func parseShares(text string) (datasets.Shares, error) {
	var shares datasets.Shares
	parts := strings.Split(text, "/")
	sum := 0.0
	for i, part := range parts {
		v, err := strconv.ParseFloat(strings.TrimSpace(part), 64)
		if err != nil || len(parts) != len(shares) || !(v > 0 && v <= 1e9 || i == 0 && v == 0) {
			return shares, fmt.Errorf("expected the shares of train (perhaps 0), tune, calibrate and test, as in 20/20/50/10, found %q", text)
		}
		shares[i] = v
		sum += v
	}
	if math.Abs(sum-1) > 0.001+1e-9 && math.Abs(sum-100) > 0.1+1e-9 {
		return shares, fmt.Errorf("expected shares of train, tune, calibrate and test that sum to 100, or to 1, as in 20/20/50/10; those of %q sum to %.6g", text, sum)
	}
	for i := range shares {
		shares[i] /= sum
	}
	return shares, nil
}

func withoutTrain(shares datasets.Shares) datasets.Shares {
	rest := 1 - shares[datasets.Train]
	shares[datasets.Train] = 0
	for i := range shares {
		shares[i] /= rest
	}
	return shares
}

// sides returns the rungs of the pair.
func (c *calibration) sides() (cheap, dear int, err error) {
	models := c.backend.Models()
	if c.flags.pair == "" {
		return 0, len(models) - 1, nil
	}
	names := strings.Split(c.flags.pair, ",")
	if len(names) != 2 {
		return 0, 0, fmt.Errorf("%w: --pair: expected two models or tiers with a comma between, found %q", errUsage, c.flags.pair)
	}
	if cheap, err = startOf(models, strings.TrimSpace(names[0])); err == nil {
		dear, err = startOf(models, strings.TrimSpace(names[1]))
	}
	if err != nil || cheap >= dear {
		return 0, 0, fmt.Errorf("%w: --pair: expected a model or tier of the ladder and a dearer one, found %q", errUsage, c.flags.pair)
	}
	return cheap, dear, nil
}

// callOf is a recorded call whose quality is known: 0 of one that failed.
func callOf(ctx context.Context, backend policy.Backend, q *policy.Request, rung int) (call policy.Call, quality float64, ok bool, err error) {
	call, err = backend.Call(ctx, q, rung)
	switch {
	case errors.Is(err, policy.ErrUnrecorded):
		return call, 0, false, nil
	case err != nil:
		return call, 0, false, err
	case call.Score.Known:
		return call, call.Score.Value, true, nil
	}
	return call, 0, call.Err != "", nil
}

// missing counts requests that something is not known of.
func (c *calibration) missing(n int, what string) {
	if n > 0 {
		c.notes = append(c.notes, fmt.Sprintf("left out are %d of %d requests, of which %s is not known", n, c.requests.Len(), what))
	}
}
