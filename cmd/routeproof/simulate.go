package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/centroids/embedder"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/pipeline"
	"github.com/routeproof/routeproof/eval/policy"
	"github.com/routeproof/routeproof/eval/simulate"
	"github.com/routeproof/routeproof/internal/tokens"
	"github.com/routeproof/routeproof/internal/wording"
)

func (a *app) simulateVerb() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "simulate",
		Short: "Simulate cascades and parallel agreement on recorded answers",
		Long: `Serve recorded requests by a policy and show how good, how dear and how fast that
would have been, beside every single model and an oracle, on the same requests.`,
		Example: `  routeproof data synth --n 500 --out made
  routeproof simulate cascade --outcomes made/outcomes.jsonl --prompts made/prompts.jsonl`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	a.addVerbs(cmd, a.simulateCascadeVerb(), a.simulateParallelVerb(), a.simulateHybridVerb())
	return cmd
}

// simulateFlags are the flags of all simulations.
type simulateFlags struct {
	outcomes, ladder, prompts, prices, config, problems string
	asJSON                                              bool
	checks                                              checkFlags
	agreement                                           agreementFlags
	predictions, classifier                             string
}

func (f *simulateFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.outcomes, "outcomes", "", "recorded answers of models: JSON Lines, CSV or Parquet, plain, .gz or .zst (required)")
	flags.StringVar(&f.ladder, "ladder", "", "models, cheapest first, perhaps with their tiers: SIMPLE=gpt-4o-mini,FRONTIER=claude-opus-4 (default: those of the configuration)")
	flags.StringVar(&f.prompts, "prompts", "", "the prompts, for task types, schemas and groups (default: what the outcomes say of them)")
	flags.StringVar(&f.prices, "prices", "", "prices and speeds of models, where costs and latencies were not recorded (default: those of the configuration)")
	flags.StringVar(&f.config, "config", "", "configuration, see routeproof init (default: built-in)")
	flags.BoolVar(&f.asJSON, "json", false, "print the result as JSON")
	addProblems(cmd, &f.problems)
	f.checks.add(cmd)
	f.agreement.add(cmd)
	flags.StringVar(&f.predictions, "predictions", "", "recorded predictions of classifiers, as run writes them, to route by (default: the rule classifier)")
	flags.StringVar(&f.classifier, "classifier", "", "which classifier of the predictions")
	required(cmd, "outcomes")
}

// checkFlags say when a cascade takes no answer.
type checkFlags struct {
	config                 policy.ChecksConfig
	phrases, schema, start string
	sweep                  string
}

func (f *checkFlags) add(cmd *cobra.Command) {
	flags, c := cmd.Flags(), policy.DefaultChecks()
	flags.IntVar(&f.config.MinChars, "min-chars", c.MinChars, "escalate answers of fewer characters, white space at the ends not counted; 0: never")
	flags.StringVar(&f.phrases, "phrases", "default", "escalate answers with one of these phrases of doubt or refusal: default, none, or a file with one a line")
	flags.BoolVar(&f.config.JSON, "require-json", c.JSON, "escalate answers that are no JSON where the prompt's task type is not general")
	flags.BoolVar(&f.config.UnwrapFences, "unwrap-fences", false, "look for JSON inside a Markdown code fence")
	flags.StringVar(&f.config.Pattern, "pattern", "", "escalate answers in which this regular expression is not found")
	flags.StringVar(&f.schema, "schema", "", "escalate answers that do not satisfy the JSON schema in this file")
	flags.Float64Var(&f.config.MinConfidence, "min-confidence", 0, "escalate answers of a lower or unknown confidence; 0: never")
	flags.Float64Var(&f.config.TimeoutMS, "timeout-ms", 0, "escalate answers that take longer; 0: never")
	flags.StringVar(&f.start, "start", "", "tier or model to ask first (default: the cheapest)")
	flags.StringVar(&f.sweep, "sweep", "", "go through every threshold of confidence or min_chars")
}

// read returns the checks of the flags.
func (f *checkFlags) read() (*policy.Checks, error) {
	switch f.phrases {
	case "none":
	case "default":
		f.config.Phrases = policy.DefaultPhrases()
	default:
		text, err := os.ReadFile(f.phrases)
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(text)) {
			if line = strings.TrimSpace(line); line != "" {
				f.config.Phrases = append(f.config.Phrases, line)
			}
		}
	}
	if f.schema != "" {
		text, err := os.ReadFile(f.schema)
		if err != nil {
			return nil, err
		}
		if f.config.Schema, err = policy.ParseSchema(string(text)); err != nil {
			return nil, fmt.Errorf("%w: %s: %w", errUsage, f.schema, err)
		}
	}
	if f.sweep != "" {
		names := []string{}
		for _, k := range simulate.Knobs() {
			names = append(names, string(k))
		}
		if err := oneOf("sweep", f.sweep, names); err != nil {
			return nil, err
		}
	}
	checks, err := policy.NewChecks(f.config)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUsage, err)
	}
	return checks, nil
}

// agreementFlags say when two answers agree.
type agreementFlags struct {
	agree, answer, words string
	threshold, price     float64
}

// The similarity from which two answers agree.
const (
	sameAnswerThreshold = 1
	cosineThreshold     = 0.92
)

func (f *agreementFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.agree, "agree", "answer", "how two answers agree: answer (the same final answer) or cosine (of the responses' vectors)")
	flags.StringVar(&f.answer, "answer", "text", "what the final answer is: text, regex:PATTERN (the last match, of it the first group) or json:FIELD")
	flags.Float64Var(&f.threshold, "threshold", 0, "similarity from which two answers agree (default 1, with cosine 0.92)")
	flags.Float64Var(&f.price, "embedding-price", 0, "USD per million tokens for embedding the responses")
	addWords(cmd, &f.words)
}

// read returns the agreement of the flags.
func (f *agreementFlags) read(cmd *cobra.Command, config pipeline.Config) (policy.Agreement, error) {
	if err := oneOf("agree", f.agree, []string{"answer", "cosine"}); err != nil {
		return nil, err
	}
	answer, err := policy.ParseAnswer(f.answer)
	if err != nil {
		return nil, fmt.Errorf("%w: --answer: %w", errUsage, err)
	}
	if !cmd.Flags().Changed("threshold") {
		f.threshold = sameAnswerThreshold
		if f.agree == "cosine" {
			f.threshold = cosineThreshold
		}
	}
	if f.agree == "answer" {
		return policy.SameAnswer{Answer: answer}, nil
	}
	var e centroids.Embedder
	if f.words != "" {
		e, err = embedder.NewStatic(f.words)
	} else {
		e, err = pipeline.NewEmbedder(config.Embedder)
	}
	if err != nil {
		return nil, err
	}
	c := policy.Cosine{Embedder: e}
	if f.price > 0 {
		counter, err := tokens.NewCounter()
		if err != nil {
			return nil, err
		}
		c.PerM, c.Count = &f.price, counter.Count
	}
	return c, nil
}

// simulation is recorded answers, ready to be served from.
type simulation struct {
	flags     *simulateFlags
	config    pipeline.Config
	checks    *policy.Checks
	agreement policy.Agreement
	backend   *policy.Recorded
	requests  []policy.Request
	groups    []int32
	start     int
	decide    policy.Decider // nil: no classifier
	undecided error          // why there is none
	tiers     []int          // rung of each tier
	decider   string
	notes     []string
}

// open reads what the flags name.
func (f *simulateFlags) open(cmd *cobra.Command, each func(datasets.Problem)) (*simulation, error) {
	config, err := readConfig(f.config)
	if err != nil {
		return nil, err
	}
	s := &simulation{flags: f, config: config}
	if s.checks, err = f.checks.read(); err != nil {
		return nil, err
	}
	if s.agreement, err = f.agreement.read(cmd, config); err != nil {
		return nil, err
	}
	models, err := f.models(config, each)
	if err != nil {
		return nil, err
	}
	if s.start, err = startOf(models, f.checks.start); err != nil {
		return nil, err
	}
	if err := s.readOutcomes(cmd.Context(), models, each); err != nil {
		return nil, err
	}
	return s, s.readPrompts(cmd.Context(), each)
}

// startOf returns the rung of a tier or model.
func startOf(models []policy.Model, name string) (int, error) {
	if name == "" {
		return 0, nil
	}
	var known []string
	for i, m := range models {
		if m.Tier == name || m.Name == name {
			return i, nil
		}
		known = append(known, m.Name)
	}
	return 0, fmt.Errorf("%w: --start: expected one of %s, found %q", errUsage, strings.Join(known, ", "), name)
}

// models returns the ladder with what is known of its models.
func (f *simulateFlags) models(config pipeline.Config, each func(datasets.Problem)) ([]policy.Model, error) {
	known := map[string]policy.Model{}
	var models []policy.Model
	for _, t := range config.Tiers {
		m := policy.Model{Tier: t.Name, Name: t.Model, SystemPrompt: t.SystemPrompt, MaxTokens: t.MaxTokens,
			InputPerM: t.InputPerM, OutputPerM: t.OutputPerM, TTFTMS: t.TTFTMS, TokensPerS: t.TokensPerS}
		known[t.Model] = m
		models = append(models, m)
	}
	if f.prices != "" {
		if _, err := datasets.Prices().ScanFile(f.prices, each, func(p *datasets.Price) error {
			m := known[p.Model]
			m.InputPerM, m.OutputPerM = &p.InputPerM, &p.OutputPerM
			m.TTFTMS, m.TokensPerS = p.TTFTMS.Pointer(), p.TokensPerS.Pointer()
			known[p.Model] = m
			return nil
		}); err != nil {
			return nil, err
		}
	}
	if f.ladder != "" {
		ladder, err := datasets.ParseLadder(f.ladder)
		if err != nil {
			return nil, fmt.Errorf("%w: --ladder: %w", errUsage, err)
		}
		models = nil
		for _, rung := range ladder {
			models = append(models, policy.Model{Tier: rung.Tier, Name: rung.Model})
		}
	}
	for i := range models {
		if m, ok := known[models[i].Name]; ok {
			m.Tier, m.Name = models[i].Tier, models[i].Name
			models[i] = m
		}
	}
	return models, nil
}

func (s *simulation) readOutcomes(ctx context.Context, models []policy.Model, each func(datasets.Problem)) error {
	var count func(string) (int, error)
	if slices.ContainsFunc(models, func(m policy.Model) bool { return m.InputPerM != nil || m.TokensPerS != nil }) {
		counter, err := tokens.NewCounter()
		if err != nil {
			return err
		}
		count = counter.Count
		for i := range models {
			if models[i].SystemTokens, err = count(models[i].SystemPrompt); err != nil {
				return err
			}
		}
	}
	var err error
	if s.backend, err = policy.NewRecorded(models, count); err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	answers := map[string]int{}
	summary, err := datasets.Outcomes().ScanFile(s.flags.outcomes, each, func(o *datasets.Outcome) error {
		answers[o.Model]++
		return errors.Join(ctx.Err(), s.backend.Add(o))
	})
	if err != nil {
		return err
	}
	s.requests, s.notes = s.backend.Requests(), summary.Warnings
	others := slices.Sorted(maps.Keys(s.backend.Others()))
	for _, m := range models {
		if answers[m.Name] == 0 {
			return s.noAnswers(m.Name, slices.Sorted(maps.Keys(answers)))
		}
	}
	if len(others) > 0 {
		s.notes = append(s.notes, fmt.Sprintf("models that are not on the ladder: %s", wording.List(others)))
	}
	return nil
}

func (s *simulation) noAnswers(model string, known []string) error {
	meant := ""
	if near := wording.Nearest(model, known); near != "" {
		meant = fmt.Sprintf(" (did you mean %q?)", near)
	}
	return fmt.Errorf("%w: --ladder: %s has no answers of model %q%s: expected models among %s", errUsage, s.flags.outcomes, model, meant, wording.List(known))
}

// readPrompts adds what the prompts say of requests.
func (s *simulation) readPrompts(ctx context.Context, each func(datasets.Problem)) error {
	prompts := make([]datasets.Prompt, len(s.requests))
	place := map[string]int{}
	for i, q := range s.requests {
		place[q.ID], prompts[i] = i, datasets.Prompt{ID: q.ID, Text: q.Text}
		if q.Text == "" {
			prompts[i].Group = "id " + q.ID // no text, nothing to be near to
		}
	}
	if s.flags.prompts != "" {
		found := 0
		if _, err := datasets.Prompts(nil).ScanFile(s.flags.prompts, each, func(p *datasets.Prompt) error {
			i, ok := place[p.ID]
			if !ok {
				return ctx.Err()
			}
			found++
			prompts[i].Group = p.Group
			q := &s.requests[i]
			if q.Text == "" {
				q.Text, prompts[i].Text = p.Text, p.Text
			}
			return errors.Join(ctx.Err(), s.describe(q, p))
		}); err != nil {
			return err
		}
		if found < len(s.requests) {
			s.notes = append(s.notes, fmt.Sprintf("requests that are not among the prompts: %d of %d; their task type is taken to be general", len(s.requests)-found, len(s.requests)))
		}
	}
	s.groups = datasets.GroupPrompts(prompts).Near
	return s.readDecisions(ctx, each)
}

func (s *simulation) describe(q *policy.Request, p *datasets.Prompt) (err error) {
	if q.TaskType = p.TaskType; p.Schema != "" {
		if q.Schema, err = policy.ParseSchema(p.Schema); err != nil {
			return fmt.Errorf("%w: %s: the schema of prompt %q: %w", errUsage, s.flags.prompts, p.ID, err)
		}
	}
	return nil
}

// traces are all policies over the same requests.
type traces struct {
	singles, policies []*simulate.Trace
	cascade, hybrid   *simulate.Trace
}

// run serves the requests by every policy that can be simulated.
func (s *simulation) run(ctx context.Context) (*traces, error) {
	t := &traces{}
	models := s.backend.Models()
	for rung, m := range models {
		trace, err := simulate.Run(ctx, m.Name, policy.Single(rung), s.backend, s.requests)
		if err != nil {
			return nil, err
		}
		t.singles = append(t.singles, trace)
	}
	var err error
	name := "cascade"
	if s.start > 0 {
		name += " from " + models[s.start].Name
	}
	if t.cascade, err = s.add(ctx, t, name, policy.Cascade{Checks: s.checks, Start: s.start}); err != nil {
		return nil, err
	}
	if s.decide != nil {
		if _, err = s.add(ctx, t, "route by "+s.decider, policy.Route{Decide: s.decide, Rungs: s.tiers}); err != nil {
			return nil, err
		}
		if t.hybrid, err = s.add(ctx, t, "hybrid by "+s.decider, policy.Route{Decide: s.decide, Rungs: s.tiers, Checks: s.checks}); err != nil {
			return nil, err
		}
	}
	for cheap := range models {
		for dear := cheap + 1; dear < len(models); dear++ {
			p := policy.Parallel{Cheap: cheap, Dear: dear, Agreement: s.agreement, Threshold: s.flags.agreement.threshold, TimeoutMS: s.flags.checks.config.TimeoutMS}
			if _, err = s.add(ctx, t, fmt.Sprintf("parallel %s | %s", models[cheap].Name, models[dear].Name), p); err != nil {
				return nil, err
			}
		}
	}
	return t, nil
}

// add simulates a policy. It is compared where the record says enough.
func (s *simulation) add(ctx context.Context, t *traces, name string, p policy.Policy) (*simulate.Trace, error) {
	trace, err := simulate.Run(ctx, name, p, s.backend, s.requests)
	if err != nil {
		return nil, err
	}
	if x := trace.Totals(); x.Scored == 0 {
		s.notes = append(s.notes, fmt.Sprintf("%s is not compared: answers, their texts or their scores were not recorded", name))
	} else {
		t.policies = append(t.policies, trace)
	}
	return trace, nil
}

// compare sets all policies side by side.
func (s *simulation) compare(t *traces) (*simulate.Comparison, error) {
	c, err := simulate.Compare(t.singles, t.policies, simulate.Options{Groups: s.groups, Replicates: s.config.Bootstrap.Replicates, Seed: s.config.Bootstrap.Seed})
	if errors.Is(err, simulate.ErrNothing) {
		return nil, s.nothing(err.Error())
	}
	return c, err
}

// nothing is the error of outcomes that say too little.
func (s *simulation) nothing(why string) error {
	p := datasets.Problem{File: s.flags.outcomes, Reason: why + ": expected outcomes with response and score of every model of the ladder"}
	return &datasets.ContentError{File: s.flags.outcomes, First: []datasets.Problem{p}, Total: 1}
}

// readDecisions has the rule classifier, or recorded predictions, decide on
// tiers, where the ladder names tiers of the configuration.
func (s *simulation) readDecisions(ctx context.Context, each func(datasets.Problem)) error {
	tiers, err := policy.RungsOf(s.config.TierNames(), s.backend.Models())
	if err != nil {
		s.undecided = fmt.Errorf("%w: --ladder: %w: name the configuration's tiers before the models, as in %s=gpt-4o-mini", errUsage, err, s.config.TierNames()[0])
		if s.flags.predictions != "" {
			return s.undecided
		}
		s.notes = append(s.notes, "no classifier is simulated: the ladder does not name the configuration's tiers, as in "+s.config.TierNames()[0]+"=gpt-4o-mini")
		return nil
	}
	s.tiers = tiers
	decisions := map[string]eval.Decision{}
	if s.flags.predictions != "" {
		if s.decider, err = s.predicted(decisions, each); err != nil {
			return err
		}
	} else {
		s.decider = pipeline.RuleName
		rule, err := s.config.NewRule()
		if err != nil {
			return err
		}
		asked := make([]eval.Request, len(s.requests))
		for i, q := range s.requests {
			asked[i] = eval.Request{ID: q.ID, Text: q.Text}
		}
		made, err := rule.Classify(ctx, asked)
		if err != nil {
			return err
		}
		for i, d := range made {
			decisions[asked[i].ID] = d
		}
	}
	s.decide = policy.Decided(decisions)
	return nil
}

// predicted reads the decisions of a classifier, none of them out of fold.
func (s *simulation) predicted(decisions map[string]eval.Decision, each func(datasets.Problem)) (string, error) {
	names := s.config.TierNames()
	known := map[string]int{}
	for i, name := range names {
		known[name] = i
	}
	found := map[string]bool{}
	_, err := datasets.Predictions().ScanFile(s.flags.predictions, each, func(p *datasets.Prediction) error {
		found[p.Classifier] = true
		if p.Fold.Known || p.Repeat > 0 || p.Classifier != s.flags.classifier {
			return nil
		}
		tier, ok := known[p.Predicted]
		if !ok {
			return fmt.Errorf("%w: %s: prompt %q is predicted to be %q: expected one of %s", errUsage, s.flags.predictions, p.ID, p.Predicted, strings.Join(names, ", "))
		}
		d := eval.Decision{Tier: tier}
		if p.CostUSD.Known {
			d.CostUSD = eval.Quantity{Value: p.CostUSD.Value, Origin: eval.Recorded}
		}
		if p.LatencyMS.Known {
			d.LatencyMS = eval.Quantity{Value: p.LatencyMS.Value, Origin: eval.Recorded}
		}
		decisions[p.ID] = d
		return nil
	})
	if err != nil {
		return "", err
	}
	if !found[s.flags.classifier] {
		return "", fmt.Errorf("%w: --classifier: expected one of %s, found %q", errUsage, wording.List(slices.Sorted(maps.Keys(found))), s.flags.classifier)
	}
	return s.flags.classifier, nil
}
