package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/centroids/embedder"
	"github.com/routeproof/routeproof/centroids/embedder/remote"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/classify"
	"github.com/routeproof/routeproof/eval/pipeline"
	"github.com/routeproof/routeproof/eval/policy"
	"github.com/routeproof/routeproof/eval/policy/live"
)

// collection is what collect serves prompts by.
type collection struct {
	flags   *collectFlags
	session *session
	judge   live.Judge
	backend *live.Backend
	plan    live.Plan
	rungs   []int // of each tier of the configuration
	remote  bool  // the classifier embeds at an endpoint
}

// parallelTier is the dear side of parallel agreement.
const parallelTier = "COMPLEX"

// collection makes backend and policies. Of a session that may send, a remote
// embedder is asked for its dims and for the canaries of the artifact.
func (f *collectFlags) collection(ctx context.Context, s *session, prompts []datasets.Prompt) (*collection, error) {
	c := &collection{flags: f, session: s}
	var err error
	if c.judge, err = s.judge(ctx, f.judge); err != nil {
		return nil, err
	}
	if c.backend, err = s.ladder(f.tierNames(), c.judge); err != nil {
		return nil, err
	}
	models := c.backend.Models()
	if c.rungs, err = policy.RungsOf(s.config.TierNames(), models); err != nil {
		return nil, fmt.Errorf("%w: %w", errUsage, err)
	}
	c.plan = live.Plan{Prompts: prompts, StopAfter: f.stopAfter}
	switch f.mode {
	case "all":
		c.plan.Policies = live.Every(models)
	case "parallel":
		p, err := c.parallel(ctx, models)
		if err != nil {
			return nil, err
		}
		c.plan.Policies = []policy.Policy{p}
	default:
		p, err := c.climbing(ctx)
		if err != nil {
			return nil, err
		}
		c.plan.Policies = []policy.Policy{p}
	}
	c.plan.Workers = s.workers() // of the clients that all of this took
	return c, nil
}

func (c *collection) parallel(ctx context.Context, models []policy.Model) (policy.Policy, error) {
	if len(models) < 2 {
		return nil, fmt.Errorf("%w: mode parallel needs two tiers", errUsage)
	}
	dear := slices.IndexFunc(models, func(m policy.Model) bool { return m.Tier == parallelTier })
	if dear < 1 {
		dear = len(models) - 1
	}
	y := c.session.config.Policies
	var e centroids.Embedder
	var err error
	if y.Agreement.By == pipeline.ByCosine {
		if e, err = c.session.embedder(ctx); err != nil {
			return nil, err
		}
	}
	agreement, err := pipeline.NewAgreement(y.Agreement, e)
	if cosine, ok := agreement.(policy.Cosine); ok && cosine.Remote {
		cosine.PerM, cosine.Count = c.session.config.Embedder.InputPerM, c.session.counter.Count
		agreement = cosine
	}
	return policy.Parallel{Cheap: 0, Dear: dear, Agreement: agreement, Threshold: y.Agreement.SimilarityFrom(), TimeoutMS: y.Checks.TimeoutMS}, err
}

// climbing returns the route, cascade or hybrid.
func (c *collection) climbing(ctx context.Context) (policy.Policy, error) {
	checks, err := policy.NewChecks(c.session.config.Policies.Checks.Policy())
	if err != nil {
		return nil, err
	}
	if c.flags.mode == "cascade" {
		return policy.Cascade{Checks: checks}, nil
	}
	classifier, err := c.classifier(ctx)
	if err != nil {
		return nil, err
	}
	route := policy.Route{Rungs: c.rungs, Decide: func(ctx context.Context, q *policy.Request) (eval.Decision, error) {
		text, err := q.Text.Read()
		if err != nil {
			return eval.Decision{}, err
		}
		d, err := classifier.Classify(ctx, []eval.Request{{ID: q.ID, Text: text}})
		if err != nil {
			return eval.Decision{}, err
		}
		return d[0], nil
	}}
	if c.flags.mode == "hybrid" {
		route.Checks = checks
	}
	return route, nil
}

func (c *collection) classifier(ctx context.Context) (eval.Classifier, error) {
	s := c.session
	switch c.flags.classifier {
	case pipeline.RuleName:
		return s.config.NewRule()
	case pipeline.LLMName:
		ask, _, err := s.llmSource()
		if err != nil {
			return nil, err
		}
		return s.config.NewLLM(ask(0), 1, s.counter.Count)
	}
	artifact, err := centroids.Load(c.flags.artifact)
	if err != nil {
		return nil, err
	}
	if !slices.Equal(artifact.Tiers().Names(), s.config.TierNames()) {
		return nil, fmt.Errorf("%w: the artifact has tiers %v, the configuration %v", errUsage, artifact.Tiers().Names(), s.config.TierNames())
	}
	id := artifact.Manifest().Embedder
	words := ""
	switch own, needsWords := embedder.IsOwn(id); {
	case own && !needsWords:
	case own:
		if words = s.config.Embedder.Path; words == "" {
			return nil, fmt.Errorf("%w: the artifact's embedder reads a file of word vectors: name it under embedder: in the configuration, with kind %q", errUsage, id.Kind)
		}
	case id.Kind == remote.Kind:
		c.remote = true
	default:
		return nil, fmt.Errorf("%w: --artifact: its vectors, of kind %q and model %q, were made elsewhere: expected one whose embedder can be asked: one of this program's, or %s", errUsage, id.Kind, id.Model, remote.Kind)
	}
	e, err := s.verified(ctx, artifact, words)
	if err != nil {
		return nil, err
	}
	classifier, err := classify.NewEmbedding(pipeline.EmbeddingName, artifact, e)
	if err != nil || !c.remote {
		return classifier, err
	}
	bill, err := s.bill(id)
	return classifier.Billed(bill), err
}

// planned is what collecting will ask.
type planned struct {
	flags   *collectFlags
	session *session
	prompts []datasets.Prompt
	costs   []cost
}

// plan finds out what is to be asked, and sends nothing.
func (f *collectFlags) plan(ctx context.Context, s *session, prompts []datasets.Prompt) (*planned, error) {
	c, err := f.collection(ctx, s.planning(), prompts)
	if err != nil {
		return nil, err
	}
	left, err := c.missing(ctx)
	if err != nil {
		return nil, err
	}
	costs, err := c.costs(ctx, left)
	return &planned{f, s, prompts, costs}, err
}

// ask asks what is missing. It waits for what is under way when ctx is done.
func (p *planned) ask(ctx context.Context, a *app) error {
	s := p.session.allowed(p.costs)
	c, err := p.flags.collection(ctx, s, p.prompts)
	if err != nil {
		return err
	}
	progress, stop := a.answering(s.ledger)
	defer stop()
	defer a.waiting(ctx)()
	c.plan.Progress = progress
	return live.Collect(ctx, c.backend, c.plan)
}

// waiting says, when ctx is done before stop is called, that requests under way
// are waited for.
func (a *app) waiting(ctx context.Context) (stop func()) {
	said := make(chan struct{})
	done := context.AfterFunc(ctx, func() {
		defer close(said)
		a.say("waiting for the requests under way, which are paid for: interrupt again to give them up")
	})
	return func() {
		if !done() {
			<-said
		}
	}
}
