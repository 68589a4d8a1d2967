package pipeline

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/centroids/embedder"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/policy"
	"github.com/routeproof/routeproof/eval/simulate"
	"github.com/routeproof/routeproof/internal/wording"
)

// Outcomes are recorded answers of the tiers' models.
type Outcomes struct {
	Name   string // in messages and the report
	Note   string // what every reader of the report must know of them; may be empty
	MadeUp bool   // nobody measured them
	Answer string // how a final answer is found in a response; empty: as the configuration has it
	Scan   func(visit func(*datasets.Outcome) error) error
}

// Policies is what the simulation of policies on the test prompts came to.
type Policies struct {
	Outcomes   string                 `json:"outcomes"`
	Note       string                 `json:"note"`
	Agreement  AgreementConfig        `json:"agreement"`
	Comparison *simulate.Comparison   `json:"comparison"`
	Cascade    []simulate.TierSummary `json:"cascade"`
	Totals     simulate.Totals        `json:"cascade_totals"`
	Signals    []simulate.Signal      `json:"signals"`
	Sweeps     []*simulate.Sweep      `json:"sweeps"`
	Pairs      []simulate.Pair        `json:"pairs"`
	Unlabelled int                    `json:"unlabelled"` // test prompts without a tier that are served too
	Routes     *simulate.Routes       `json:"routes"`     // null where the quality of every model is known of no request
	Notes      []string               `json:"notes"`
}

// close gives up what has temporary files. Nil policies may be closed.
func (p *Policies) close() error {
	if p == nil {
		return nil
	}
	err := simulate.ClosePairs(p.Pairs)
	for _, s := range p.Sweeps {
		err = errors.Join(err, s.Close())
	}
	return err
}

// Models returns the ladder of the configuration's tiers. count counts tokens
// of system prompts.
func (c Config) Models(count func(string) (int, error)) ([]policy.Model, error) {
	models := make([]policy.Model, len(c.Tiers))
	for i, t := range c.Tiers {
		system, err := count(t.SystemPrompt)
		if err != nil {
			return nil, err
		}
		models[i] = policy.Model{
			Tier: t.Name, Name: t.Model, SystemPrompt: t.SystemPrompt, SystemTokens: system, MaxTokens: t.MaxTokens,
			InputPerM: t.InputPerM, OutputPerM: t.OutputPerM, TTFTMS: t.TTFTMS, TokensPerS: t.TokensPerS,
		}
	}
	return models, nil
}

// policies simulates policies on the test prompts, where outcomes are given.
func (j *job) policies(ctx context.Context) (err error) {
	if j.in.Outcomes == nil {
		return nil
	}
	models, err := j.Config.Models(j.counter.Count)
	if err != nil {
		return err
	}
	backend, err := j.outcomes(ctx, models)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, backend.Close()) }()
	suite, err := j.suite(ctx, backend)
	if err != nil {
		return err
	}
	traces, err := suite.Run(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, traces.Close()) }()
	o := j.in.Outcomes
	p := &Policies{Outcomes: o.Name, Note: o.Note, Agreement: j.agreementConfig(), Notes: j.unused, Unlabelled: len(j.unlabelled), Cascade: traces.Cascade.Summaries()}
	j.Policies = p
	if p.Totals, err = traces.Cascade.Totals(); err != nil {
		return err
	}
	for _, name := range traces.NotCompared {
		p.Notes = append(p.Notes, name+" is not compared: answers, their texts or their scores were not recorded")
	}
	p.Comparison, err = simulate.Compare(traces.Singles, traces.Policies, simulate.Options{Replicates: j.Config.Bootstrap.Replicates, Seed: j.Config.Bootstrap.Seed})
	if errors.Is(err, simulate.ErrNothing) {
		return j.outcomesError(err.Error() + ": expected outcomes with response and score of every tier's model")
	}
	if err != nil {
		return err
	}
	if p.Signals, err = simulate.Signals(ctx, suite.Checks, suite.Backend, suite.Requests); err != nil {
		return err
	}
	for _, knob := range simulate.Knobs() {
		sweep, err := simulate.SweepCascade(ctx, knob, j.Config.Policies.Checks.Policy(), simulate.StartAt(0), suite.Backend, suite.Requests)
		if err != nil && !errors.Is(err, simulate.ErrNothing) {
			return err
		}
		if err == nil {
			p.Sweeps = append(p.Sweeps, sweep)
		}
	}
	if p.Pairs, err = simulate.SweepPairs(ctx, suite.Agreement, suite.TimeoutMS, suite.Backend, suite.Requests); err != nil {
		return err
	}
	return j.routes(ctx, suite, traces.Singles)
}

// routes measures the scores of the classifiers, length and random at every
// threshold.
func (j *job) routes(ctx context.Context, suite *simulate.Suite, singles []*simulate.Trace) (err error) {
	var scorers []simulate.Scorer
	for _, d := range suite.Deciders {
		s, err := simulate.TrendsOf(ctx, d, suite.Requests)
		if err != nil {
			return err
		}
		scorers = append(scorers, s)
	}
	lengths, err := simulate.Lengths(suite.Requests)
	if err != nil {
		return err
	}
	scorers = append(scorers, lengths, simulate.Random("random/"+j.Config.Splits.Salt, suite.Requests))
	j.Policies.Routes, err = simulate.MeasureRoutes(ctx, singles, scorers, simulate.RouteOptions{
		Options: simulate.Options{Replicates: j.Config.Bootstrap.Replicates, Seed: j.Config.Bootstrap.Seed},
	})
	if errors.Is(err, simulate.ErrNothing) {
		j.Policies.Notes = append(j.Policies.Notes, "routers by score are not measured: "+err.Error())
		return nil
	}
	return err
}

func (j *job) outcomesError(reason string) error {
	name := j.in.Outcomes.Name
	return &datasets.ContentError{File: name, Total: 1, First: []datasets.Problem{{File: name, Reason: reason}}}
}

// agreementConfig is the configuration's, or that of the outcomes.
func (j *job) agreementConfig() AgreementConfig {
	c := j.Config.Policies.Agreement
	if own := j.in.Outcomes.Answer; own != "" {
		c.Answer = own
	}
	return c
}

// suite is all policies over the test prompts.
func (j *job) suite(ctx context.Context, backend *policy.Recorded) (s *simulate.Suite, err error) {
	s = &simulate.Suite{Backend: backend, Threshold: j.agreementConfig().SimilarityFrom(), TimeoutMS: j.Config.Policies.Checks.TimeoutMS}
	if s.Checks, err = policy.NewChecks(j.Config.Policies.Checks.Policy()); err != nil {
		return nil, err
	}
	e, err := j.answerEmbedder()
	if err != nil {
		return nil, err
	}
	if s.Agreement, err = NewAgreement(j.agreementConfig(), e); err != nil {
		return nil, err
	}
	if s.Requests, err = j.testRequests(backend); err != nil {
		return nil, err
	}
	if s.Rungs, err = policy.RungsOf(j.Tiers.Names(), backend.Models()); err != nil {
		return nil, err
	}
	s.Deciders, err = j.deciders(ctx)
	return s, err
}

// answerEmbedder returns what answers are compared with: the embedder of prompts
// less the structure, which says nothing of what an answer means.
func (j *job) answerEmbedder() (centroids.Embedder, error) {
	e, err := j.embedder()
	switch e := e.(type) {
	case *embedder.Joined:
		return e.First(), nil
	case *embedder.Structural:
		return embedder.NewHashing(embedder.DefaultDims)
	}
	return e, err
}

// outcomes reads the answers of the ladder's models to the test prompts.
func (j *job) outcomes(ctx context.Context, models []policy.Model) (*policy.Recorded, error) {
	backend, err := policy.NewRecorded(models, j.counter.Count)
	if err != nil {
		return nil, configErrorf("tiers: %v: policies need a model of its own for each tier", err)
	}
	backend.MadeUp = j.in.Outcomes.MadeUp
	test := map[string]bool{}
	for _, it := range j.Items {
		if it.Split == datasets.Test {
			test[it.ID] = true
		}
	}
	for _, it := range j.unlabelled {
		test[it.ID] = true
	}
	found := map[string]bool{}
	if err := j.in.Outcomes.Scan(func(o *datasets.Outcome) error {
		found[o.Model] = true
		if !test[o.ID] {
			return ctx.Err()
		}
		return errors.Join(ctx.Err(), backend.Add(o))
	}); err != nil {
		return nil, err
	}
	var others []string
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if !slices.ContainsFunc(models, func(m policy.Model) bool { return m.Name == name }) {
			others = append(others, name)
		}
	}
	if len(others) > 0 {
		j.unused = append(j.unused, "outcomes of models that serve no tier are not used: "+wording.List(others))
	}
	for _, m := range models {
		if !found[m.Name] {
			return nil, configErrorf("tiers, %s: the outcomes %s have no answers of model %q: name the models that they have (%s)", m.Tier, j.in.Outcomes.Name, m.Name,
				strings.Join(slices.Sorted(maps.Keys(found)), ", "))
		}
	}
	return backend, nil
}

// testRequests returns the test prompts that have outcomes, with or without a tier.
func (j *job) testRequests(backend *policy.Recorded) (requests policy.List, err error) {
	number, schemas := map[string]int32{}, policy.Schemas{}
	j.dropUnlabelled(backend.Asked)
	served, left := []eval.Item(nil), [][]eval.Item{j.Items, j.unlabelled} // both of the same order
	err = j.in.Prompts.Each(func(_ int, p *datasets.Prompt) error {
		it := take(p.ID, left)
		if it == nil || it.Split != datasets.Test || !backend.Asked(it.ID) {
			return nil
		}
		if it.Tier < 0 {
			served = append(served, *it)
		}
		if err := backend.Ask(it.ID, p.Text); err != nil {
			return err
		}
		text, err := backend.Keep(p.Text)
		if err != nil {
			return err
		}
		q := policy.Request{ID: it.ID, Text: text, Domain: it.Domain, TaskType: p.TaskType}
		if q.Schema, err = schemas.Parse(p.Schema); err != nil {
			return &datasets.ContentError{File: j.in.Name, Total: 1, First: []datasets.Problem{{File: j.in.Name, Field: "schema", Reason: fmt.Sprintf("of prompt %q: %v", p.ID, err)}}}
		}
		if _, seen := number[it.Group]; !seen {
			number[it.Group] = int32(len(number))
		}
		q.Group = number[it.Group]
		requests = append(requests, q)
		return nil
	})
	if err != nil {
		return nil, err
	}
	j.unlabelled = served
	if n := backend.Mixed(); n > 0 {
		j.unused = append(j.unused, fmt.Sprintf("test prompts whose text is not that of all their outcomes: %d; answers to different prompts are compared there", n))
	}
	if len(requests) == 0 {
		return nil, j.outcomesError("no test prompt of " + j.in.Name + " has outcomes: expected the same ids")
	}
	return requests, nil
}

// take takes an item off the front of one of some lists; nil where it is in none.
func take(id string, lists [][]eval.Item) *eval.Item {
	for k, list := range lists {
		if len(list) > 0 && list[0].ID == id {
			lists[k] = list[1:]
			return &list[0]
		}
	}
	return nil
}

// deciders are the classifiers that requests are routed by: all that are no
// hybrids, and the best.
func (j *job) deciders(ctx context.Context) ([]simulate.NamedDecider, error) {
	place := map[string]int{} // of test prompts, which alone are asked about; behind all items of those without a tier
	for i, it := range j.Items {
		if it.Split == datasets.Test {
			place[it.ID] = i
		}
	}
	for i, it := range j.unlabelled {
		place[it.ID] = len(j.Items) + i
	}
	var out []simulate.NamedDecider
	for _, p := range j.Predictions {
		best := p.Classifier == j.Result.Classifiers[0].Name
		if !best && strings.Contains(p.Classifier, "+") {
			continue
		}
		others, err := j.decideUnlabelled(ctx, p.Classifier)
		if err != nil {
			return nil, err
		}
		out = append(out, simulate.NamedDecider{Name: p.Classifier, Decide: policy.Decided(func(id string) (d eval.Decision, ok bool) {
			i, ok := place[id]
			if !ok {
				return d, false
			}
			if i < len(j.Items) {
				return p.Final.At(i), true
			}
			return others.At(i - len(j.Items)), true
		})})
	}
	return out, nil
}
