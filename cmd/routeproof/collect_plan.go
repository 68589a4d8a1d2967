package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/centroids/embedder"
	"github.com/routeproof/routeproof/centroids/embedder/remote"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/classify"
	"github.com/routeproof/routeproof/eval/pipeline"
	"github.com/routeproof/routeproof/eval/policy"
	"github.com/routeproof/routeproof/eval/policy/live"
	"github.com/routeproof/routeproof/internal/openaiapi"
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
	if cosine, ok := agreement.(policy.Cosine); ok && c.session.config.Embedder.Kind == remote.Kind {
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
		d, err := classifier.Classify(ctx, []eval.Request{{ID: q.ID, Text: q.Text}})
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
	switch id.Kind {
	case embedder.KindHashing:
	case embedder.KindStatic:
		if words = s.config.Embedder.Path; words == "" {
			return nil, fmt.Errorf("%w: the artifact's embedder reads a file of word vectors: name it under embedder: in the configuration, with kind %q", errUsage, id.Kind)
		}
	case remote.Kind:
		c.remote = true
	default:
		return nil, fmt.Errorf("%w: --artifact: its vectors, of kind %q and model %q, were made elsewhere: expected one whose embedder can be asked: hashing, static or %s", errUsage, id.Kind, id.Model, remote.Kind)
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

// missing is what the journal lacks for some prompts to be served.
type missing struct {
	prompts    []datasets.Prompt
	rungs      map[string]live.Range // of each, by id
	answers    int                   // of the other prompts, in the journal
	undecided  []string              // texts that the classifier is asked about
	unscored   [][3]int              // of each prompt, calls whose answer has no score yet: least, expected, most
	uncompared []datasets.Prompt     // whose answers are not compared yet
}

// missing serves all prompts from the journal. What may be asked again is missing.
func (c *collection) missing(ctx context.Context) (*missing, error) {
	replay := c.session.replay()
	replay.asking = c.session
	offline, err := c.flags.collection(ctx, replay, c.plan.Prompts)
	if err != nil {
		return nil, err
	}
	m := &missing{rungs: map[string]live.Range{}}
	services, answers, served, settled := 0, 0, true, map[int]bool{}
	err = live.Replay(ctx, offline.backend, offline.plan, func(service *live.Service) error {
		for i := range service.Records {
			r := &service.Records[i]
			judged := r.Outcome.Score.Known || r.Why != "" // also where that is no score
			held := judged || !c.session.judged
			if r.Outcome.Error != "" {
				if held, err = c.held(service.Prompt, r.Rung); err != nil {
					return err
				}
			}
			answers++
			served = served && held
			settled[r.Rung] = held && (r.Outcome.Error != "" || judged)
		}
		served = served && service.Served != nil && (service.Served.Decision == nil || service.Served.Decision.Err == "")
		if services++; services%len(c.plan.Policies) != 0 {
			return nil // of the prompt there are more
		}
		if served {
			m.answers += answers
		} else if err := m.add(ctx, offline, service, settled); err != nil {
			return err
		}
		answers, served, settled = 0, true, map[int]bool{}
		return nil
	})
	return m, err
}

// held tells whether the journal holds what came of a call, so that it is not made
// again.
func (c *collection) held(p *datasets.Prompt, rung int) (bool, error) {
	one := []int{rung}
	e, err := live.Estimate(c.backend, []datasets.Prompt{*p}, func(*datasets.Prompt) live.Range { return live.Range{Least: one, Expected: one, Most: one} },
		func(*datasets.Prompt) float64 { return 0 })
	return e.Held == 1, err
}

// add takes in a prompt that the journal does not serve. settled are the rungs
// whose calls need no score any more.
func (m *missing) add(ctx context.Context, c *collection, service *live.Service, settled map[int]bool) error {
	r, decided, err := c.rungsFor(ctx, service)
	if err != nil {
		return err
	}
	m.prompts = append(m.prompts, *service.Prompt)
	m.rungs[service.Prompt.ID] = r
	if !decided {
		m.undecided = append(m.undecided, service.Prompt.Text)
	}
	var calls [3]int
	for k, rungs := range [][]int{r.Least, r.Expected, r.Most} {
		for _, rung := range rungs {
			if !settled[rung] {
				calls[k]++
			}
		}
	}
	m.unscored = append(m.unscored, calls)
	if service.Served == nil {
		m.uncompared = append(m.uncompared, *service.Prompt)
	}
	return nil
}

// rungsFor says which rungs may serve a prompt, and whether that is decided: the
// classifier is asked where the journal says what it decides, or nobody need be.
func (c *collection) rungsFor(ctx context.Context, service *live.Service) (r live.Range, decided bool, err error) {
	last := len(c.backend.Models()) - 1
	all := between(0, last)
	expected := c.rungs[tierOf(&c.session.config, service.Prompt)]
	switch c.flags.mode {
	case "routed", "hybrid":
		least, most := 0, []int{last}
		d, err := c.plan.Policies[0].(policy.Route).Decide(ctx, &service.Request)
		switch {
		case err != nil && !errors.Is(err, openaiapi.ErrNotHeld) && openaiapi.AsError(err) == nil:
			return r, false, err
		case err == nil:
			expected = c.rungs[d.Tier]
			least, most = expected, []int{expected}
		}
		if c.flags.mode == "hybrid" {
			most = between(least, last)
		}
		return live.Range{Least: []int{least}, Expected: []int{expected}, Most: most}, err == nil && d.Err == "", nil
	case "cascade":
		return live.Range{Least: []int{0}, Expected: between(0, expected), Most: all}, true, nil
	case "parallel":
		sides := c.plan.Policies[0].(policy.Parallel)
		both := []int{sides.Cheap, sides.Dear}
		return live.Range{Least: both, Expected: both, Most: both}, true, nil
	}
	return live.Range{Least: all, Expected: all, Most: all}, true, nil
}

func between(from, to int) []int {
	var rungs []int
	for i := from; i <= to; i++ {
		rungs = append(rungs, i)
	}
	return rungs
}

// tierOf returns the tier of a prompt; the fallback where it has none.
func tierOf(c *pipeline.Config, p *datasets.Prompt) int {
	if i := slices.Index(c.TierNames(), p.Tier); i >= 0 {
		return i
	}
	return c.FallbackTier()
}

// costs says what it is expected to cost to ask what is missing.
func (c *collection) costs(ctx context.Context, m *missing) ([]cost, error) {
	costs := []cost{{what: "embeddings"}}
	switch {
	case c.remote:
		embeddings, err := c.session.embeddingCost(m.undecided, 1)
		if err != nil {
			return nil, err
		}
		costs[0] = embeddings
	case len(m.undecided) > 0 && c.flags.classifier == pipeline.LLMName:
		asked, err := c.session.llmCost(m.undecided, 1)
		if err != nil {
			return nil, err
		}
		costs = append(costs, asked)
	}
	output := func(p *datasets.Prompt) float64 {
		return c.session.config.Tiers[tierOf(&c.session.config, p)].ExpectedOutput
	}
	e, err := live.Estimate(c.backend, m.prompts, func(p *datasets.Prompt) live.Range { return m.rungs[p.ID] }, output)
	if err != nil {
		return nil, err
	}
	answers := cost{what: "answers", calls: e.Calls, usd: e.USD, held: e.Held + m.answers, unpriced: e.Unpriced}
	for _, m := range c.backend.Models() {
		if m.MaxTokens == 0 {
			answers.unbounded = append(answers.unbounded, m.Name)
		}
	}
	costs = append(costs, answers)
	costs = append(costs, c.comparing(m, output)...)
	if !asks(costs) {
		return costs, nil
	}
	dims := false
	if c.similarity() || c.cosine() {
		if dims, err = c.session.learnsDims(ctx); err != nil {
			return nil, err
		}
	}
	costs[0].prepare(c.session.config.Embedder, c.remote, dims)
	return costs, nil
}

// similarity tells whether answers are scored by embeddings of an endpoint.
func (c *collection) similarity() bool {
	return c.session.config.Embedder.Kind == remote.Kind && c.judge != nil && strings.HasPrefix(c.judge.Name(), "similarity:")
}

// cosine tells whether answers are compared with each other likewise.
func (c *collection) cosine() bool {
	p, ok := c.plan.Policies[0].(policy.Parallel)
	if ok {
		_, ok = p.Agreement.(policy.Cosine)
	}
	return ok && c.session.config.Embedder.Kind == remote.Kind
}

// comparing says about what it costs to score answers, and to compare them with
// each other, where that is not done here.
func (c *collection) comparing(m *missing, output func(*datasets.Prompt) float64) []cost {
	var costs []cost
	y := c.session.config
	if c.session.judged {
		costs = append(costs, c.session.judgeCost(m, output))
	}
	if c.similarity() {
		similarity := cost{what: "embeddings of answers and references"}
		for i, p := range m.prompts {
			for k, calls := range m.unscored[i] {
				if strings.TrimSpace(p.Reference) != "" {
					similarity.embed(y.Embedder, k, calls, float64(len(p.Reference))/4+output(&p))
				}
			}
		}
		costs = append(costs, similarity)
	}
	if c.cosine() {
		agreement := cost{what: "embeddings of answers"}
		for i := range m.uncompared {
			for k := range agreement.calls {
				agreement.embed(y.Embedder, k, 1, 2*output(&m.uncompared[i]))
			}
		}
		costs = append(costs, agreement)
	}
	return costs
}

// embed adds requests for vectors of so many tokens each.
func (c *cost) embed(y pipeline.EmbedderConfig, k, calls int, tokens float64) {
	c.calls[k] += calls
	if y.InputPerM != nil {
		c.usd[k] += float64(calls) * tokens * *y.InputPerM / 1e6
	} else if calls > 0 {
		c.unpriced = []string{cmp.Or(y.Model, "the embedder")}
	}
}

// Tokens of what a judge is asked beside prompt and answer, and of its reply.
const (
	judgeFrame = 300
	judgeReply = 60
)

// judgeCost says about what it costs to have a model judge answers.
func (s *session) judgeCost(m *missing, output func(*datasets.Prompt) float64) cost {
	y := s.config.Judge.LLM
	c := cost{what: "judgements"}
	if y.MaxTokens == 0 {
		c.unbounded = []string{y.Model}
	}
	for i := range m.prompts {
		p := &m.prompts[i]
		for k, part := range []float64{.5, 1, 2} {
			calls := m.unscored[i][k]
			c.calls[k] += calls
			switch {
			case y.InputPerM != nil:
				input := float64(len(p.Text)+len(p.Reference))/4 + part*output(p) + judgeFrame
				reply := min(judgeReply*part, float64(max(y.MaxTokens, judgeReply)))
				c.usd[k] += float64(calls) * (input**y.InputPerM + reply**y.OutputPerM) / 1e6
			case calls > 0:
				c.unpriced = []string{y.Model}
			}
		}
	}
	return c
}

// llmCost says what it costs to ask the LLM classifier about texts.
func (s *session) llmCost(texts []string, repeats int) (cost, error) {
	c := cost{what: "classifications"}
	y := s.config.Classifiers.LLM
	ask, _, err := s.llmSource()
	if err != nil {
		return c, err
	}
	client, _, err := s.client(y.Endpoint)
	if err != nil {
		return c, err
	}
	rendering, err := s.config.NewLLM(ask(0), 1, s.counter.Count)
	if err != nil {
		return c, err
	}
	if y.InputPerM == nil {
		c.unpriced = []string{y.Model}
	}
	for repeat := range repeats {
		source := ask(repeat)
		for _, text := range texts {
			prompt := rendering.Render(text)
			held, err := client.Held(source.Request(prompt))
			if err != nil {
				return c, err
			}
			if held {
				c.held++
				continue
			}
			input, err := s.counter.Count(prompt)
			if err != nil {
				return c, err
			}
			for k, output := range []int{1, 2, y.MaxTokens} {
				c.calls[k]++
				if y.InputPerM != nil {
					c.usd[k] += (float64(input)**y.InputPerM + float64(output)**y.OutputPerM) / 1e6
				}
			}
		}
	}
	return c, nil
}
