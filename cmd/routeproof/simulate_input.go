package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval/pipeline"
	"github.com/routeproof/routeproof/eval/policy"
	"github.com/routeproof/routeproof/eval/simulate"
	"github.com/routeproof/routeproof/internal/tokens"
	"github.com/routeproof/routeproof/internal/wording"
)

// simulation is recorded answers, ready to be served from.
type simulation struct {
	flags     *simulateFlags
	config    pipeline.Config
	checks    *policy.Checks
	agreement policy.Agreement
	backend   *policy.Recorded
	requests  *policy.RecordedRequests
	start     int
	deciders  []simulate.NamedDecider
	scorers   []simulate.Scorer // of files
	undecided error             // why there is none
	rungs     []int             // of each tier
	groups    *datasets.Groups  // that requests are split by, if they are
	given     []string          // split of each request that the prompts name; nil: none
	schemas   policy.Schemas    // while prompts are read
	heldOut   bool              // predictions are of the test split alone
	without   int               // requests that the predictions do not decide on
	notes     []string
	swept     *simulate.Sweep // nil: that was not asked for, or not done yet
	pairs     []simulate.Pair
}

// open reads what the flags name.
func (f *simulateFlags) open(cmd *cobra.Command, each func(datasets.Problem)) (_ *simulation, err error) {
	if f.classifier != "" && f.predictions == "" {
		return nil, fmt.Errorf("%w: --classifier %s: expected --predictions with it, the file that it is in", errUsage, f.classifier)
	}
	config, err := readConfig(f.config)
	if err != nil {
		return nil, err
	}
	s := &simulation{flags: f, config: config}
	if !f.byScore {
		if err := s.readPolicies(cmd); err != nil {
			return nil, err
		}
	}
	models, err := f.models(config, each)
	if err != nil {
		return nil, err
	}
	if s.start, err = startOf(models, f.checks.start); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil && s.backend != nil {
			err = errors.Join(err, s.backend.Close())
		}
	}()
	if err := s.readOutcomes(cmd.Context(), models, each); err != nil {
		return nil, err
	}
	if err := s.readPrompts(cmd.Context(), each); err != nil {
		return nil, err
	}
	return s, s.readScores(cmd.Context(), each)
}

// readPolicies reads how answers are checked and compared.
func (s *simulation) readPolicies(cmd *cobra.Command) (err error) {
	f := s.flags
	if err := oneOf("task-type", f.taskType, datasets.TaskTypes()); err != nil {
		return err
	}
	if s.checks, err = f.checks.read(cmd, s.config); err != nil {
		return err
	}
	s.agreement, err = f.agreement.read(cmd, s.config)
	return err
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
	models, err := config.Models(func(string) (int, error) { return 0, nil }) // counted where it matters
	if err != nil {
		return nil, err
	}
	known := map[string]policy.Model{}
	for _, m := range models {
		known[m.Name] = m
	}
	if f.prices != "" {
		if _, err := datasets.Prices().ScanFile(f.prices, each, func(p *datasets.Price) error {
			m, price := known[p.Model], *p // the model keeps pointers into it
			m.InputPerM, m.OutputPerM = &price.InputPerM, &price.OutputPerM
			m.TTFTMS, m.TokensPerS = price.TTFTMS.Pointer(), price.TokensPerS.Pointer()
			known[p.Model] = m
			return nil
		}); err != nil {
			return nil, err
		}
	}
	if f.ladder != "" {
		parse := datasets.ParseLadder
		if f.byScore {
			parse = datasets.ParseModels
		}
		ladder, err := parse(f.ladder)
		if err != nil {
			return nil, fmt.Errorf("%w: --ladder: %w: give models cheapest first, with commas between", errUsage, err)
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
	if s.flags.ladder == "" {
		return fmt.Errorf("%w: --ladder: %s has no answers of model %q, of the configuration's tiers: name models of this file, cheapest first: %s", errUsage, s.flags.outcomes, model, wording.List(known))
	}
	return fmt.Errorf("%w: --ladder: %s has no answers of model %q%s: expected models among %s", errUsage, s.flags.outcomes, model, meant, wording.List(known))
}

// readPrompts adds what the prompts say of requests.
func (s *simulation) readPrompts(ctx context.Context, each func(datasets.Problem)) error {
	s.requests.TaskType = s.flags.taskType
	var named []string // group of each request that the prompts name; nil: none
	if s.flags.prompts != "" {
		named, s.given = make([]string, s.requests.Len()), make([]string, s.requests.Len())
		found := 0
		if _, err := datasets.Prompts(nil).ScanFile(s.flags.prompts, each, func(p *datasets.Prompt) error {
			i, ok := s.requests.Find(p.ID)
			if !ok {
				return ctx.Err()
			}
			found++
			named[i], s.given[i] = p.Group, p.Split
			return errors.Join(ctx.Err(), s.describe(i, p))
		}); err != nil {
			return err
		}
		if found < s.requests.Len() {
			note := fmt.Sprintf("requests that are not among the prompts: %d of %d", s.requests.Len()-found, s.requests.Len())
			if !s.flags.byScore {
				note += "; their task type is taken to be " + s.flags.taskType
			}
			s.notes = append(s.notes, note)
		}
	}
	if n := s.backend.Mixed(); n > 0 {
		s.notes = append(s.notes, fmt.Sprintf("ids beside more than one prompt text: %d; answers to different prompts are compared there", n))
	}
	s.schemas = policy.Schemas{}
	if err := s.group(ctx, named); err != nil {
		return err
	}
	if !s.flags.byScore {
		if err := s.noteUnknown(ctx); err != nil {
			return err
		}
	}
	return s.readDecisions(ctx, each)
}

// group groups the requests, those of a named group together.
func (s *simulation) group(ctx context.Context, named []string) error {
	scan := func(take func(*datasets.Prompt)) error {
		for i := range s.requests.Len() {
			q := s.requests.At(i)
			text, err := q.Text.Read()
			if err = errors.Join(err, ctx.Err()); err != nil {
				return err
			}
			p := datasets.Prompt{ID: q.ID, Text: text}
			if named != nil {
				p.Group, p.Split = named[i], s.given[i]
			}
			take(&p)
		}
		return nil
	}
	var err error
	if s.flags.split {
		if s.groups, err = datasets.GroupEach(func(i int) string { return s.requests.At(i).ID }, scan); err != nil {
			return err
		}
		copy(s.requests.Groups, s.groups.Near)
	} else {
		if s.requests.Groups, err = datasets.NearEach(scan); err != nil {
			return err
		}
		s.given = nil
	}
	for i := range s.requests.Groups {
		if s.requests.At(i).Text.Empty() && (named == nil || named[i] == "") {
			s.requests.Groups[i] = int32(s.requests.Len() + i) // without a text nothing tells that it is another's copy
		}
	}
	return nil
}

// describe says of request i what its prompt does.
func (s *simulation) describe(i int, p *datasets.Prompt) error {
	schema, err := s.schemas.Parse(p.Schema)
	if err != nil {
		problem := datasets.Problem{File: s.flags.prompts, Field: "schema", Reason: fmt.Sprintf("of prompt %q: %v", p.ID, err)}
		return &datasets.ContentError{File: s.flags.prompts, First: []datasets.Problem{problem}, Total: 1}
	}
	return s.requests.Describe(i, p.Text, p.Domain, p.TaskType, schema)
}

// noteUnknown says so where a check can never fire for want of figures. Without
// any confidence there is nothing to sweep.
func (s *simulation) noteUnknown(ctx context.Context) error {
	c, swept := s.flags.checks.config, simulate.Knob(s.flags.checks.sweep)
	if c.TimeoutMS == 0 && c.MinConfidence == 0 && swept != simulate.KnobConfidence && swept != simulate.KnobTimeout {
		return nil
	}
	latency, confidence := false, false
	for i := range s.requests.Len() {
		request := s.requests.At(i)
		b, err := s.backend.At(&request, false)
		if err != nil {
			return err
		}
		for rung := range b.Models() {
			if call, err := b.Call(ctx, &request, rung); err == nil {
				latency, confidence = latency || call.LatencyMS.Known(), confidence || call.Confidence.Known
			}
		}
	}
	if swept == simulate.KnobConfidence && !confidence {
		p := datasets.Problem{File: s.flags.outcomes, Field: "confidence", Reason: "no answer has one, so there is nothing to sweep: expected outcomes with confidence (collect records it where log-probabilities are asked for)"}
		return &datasets.ContentError{File: s.flags.outcomes, First: []datasets.Problem{p}, Total: 1}
	}
	if (c.TimeoutMS > 0 || swept == simulate.KnobTimeout) && !latency {
		s.notes = append(s.notes, "no latency is known, so no answer can come too late")
	}
	if c.MinConfidence > 0 && !confidence {
		s.notes = append(s.notes, "no confidence was recorded, so every answer is below the least")
	}
	return nil
}

// suite is all policies over the requests.
func (s *simulation) suite() *simulate.Suite {
	return &simulate.Suite{
		Backend: s.backend, Requests: s.requests, Checks: s.checks, Start: s.start,
		Agreement: s.agreement, Threshold: s.flags.agreement.threshold, TimeoutMS: s.flags.checks.config.TimeoutMS,
		Deciders: s.deciders, Rungs: s.rungs,
	}
}

// compare sets all policies side by side.
func (s *simulation) compare(t *simulate.Traces) (*simulate.Comparison, error) {
	for _, name := range t.NotCompared {
		s.notes = append(s.notes, name+" is not compared: answers, their texts or their scores were not recorded")
	}
	s.noteOrder(t.Singles)
	c, err := simulate.Compare(t.Singles, t.Policies, simulate.Options{Replicates: s.config.Bootstrap.Replicates, Seed: s.config.Bootstrap.Seed})
	if errors.Is(err, simulate.ErrNothing) {
		return nil, s.nothing(err.Error())
	}
	return c, err
}

// noteOrder tells of models that cost less than the one before them.
func (s *simulation) noteOrder(singles []*simulate.Trace) {
	for i := 1; i < len(singles); i++ {
		before, here := singles[i-1].CostUSD, singles[i].CostUSD
		if here < before {
			s.notes = append(s.notes, fmt.Sprintf("the ladder is not by cost: %q costs $%.4g a request, %q before it $%.4g", singles[i].Policy, float64(here), singles[i-1].Policy, float64(before)))
		}
	}
}

// nothing is the error of outcomes that say too little.
func (s *simulation) nothing(why string) error {
	p := datasets.Problem{File: s.flags.outcomes, Reason: why + ": expected outcomes with response and score of every model of the ladder"}
	return &datasets.ContentError{File: s.flags.outcomes, First: []datasets.Problem{p}, Total: 1}
}
