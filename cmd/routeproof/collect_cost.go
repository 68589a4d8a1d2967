package main

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/routeproof/routeproof/centroids/embedder/remote"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval/pipeline"
	"github.com/routeproof/routeproof/eval/policy"
	"github.com/routeproof/routeproof/eval/policy/live"
	"github.com/routeproof/routeproof/internal/openaiapi"
)

// Tokens of what a judge is asked beside prompt and answer, and of its reply.
const (
	judgeFrame = 300
	judgeReply = 60
)

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
