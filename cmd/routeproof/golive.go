package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/centroids/embedder"
	"github.com/routeproof/routeproof/centroids/embedder/remote"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/classify"
	"github.com/routeproof/routeproof/eval/classify/llm"
	"github.com/routeproof/routeproof/eval/pipeline"
	"github.com/routeproof/routeproof/eval/policy/live"
	"github.com/routeproof/routeproof/internal/openaiapi"
)

// liveFlags say whether endpoints are asked by a verb that can do without.
type liveFlags struct {
	on       bool
	policies bool // the tiers' models answer the test prompts
	llm      bool // the verb shows what the LLM classifier answers
	judge    string
	spend    spendFlags
}

func (f *liveFlags) add(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.on, "live", false, "ask the configured endpoints: the LLM classifier, and an embedder of kind openai")
	f.spend.add(cmd)
}

// addPolicies adds the flags of verbs whose result has policies.
func (f *liveFlags) addPolicies(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.policies, "live-policies", false, "with --live: have all tiers answer the test prompts, and simulate policies on that")
	cmd.Flags().StringVar(&f.judge, "judge", "", "with --live-policies: who scores the answers, see collect (default: the configuration's)")
}

func (f *liveFlags) check(cmd *cobra.Command) error {
	for _, name := range []string{"yes", "budget", "journal", "retry-errors", "live-policies"} {
		if flag := cmd.Flags().Lookup(name); !f.on && flag != nil && flag.Changed {
			return fmt.Errorf("%w: --%s goes with --live", errUsage, name)
		}
	}
	switch {
	case f.judge != "" && !f.policies:
		return fmt.Errorf("%w: --judge goes with --live-policies", errUsage)
	case f.policies && cmd.Flags().Changed("outcomes"):
		return fmt.Errorf("%w: --live-policies and --outcomes are two sources of outcomes: give one of them", errUsage)
	}
	answers := cmd.Flags().Lookup("llm-answers")
	f.llm = answers != nil && !answers.Hidden
	return f.spend.check(cmd)
}

// files of what was asked live, in a run's folder.
const (
	liveAnswersFile  = "llm_answers.jsonl"
	liveOutcomesFile = "outcomes.jsonl"
)

// liveInput puts what is asked live in the place of what was recorded.
type liveInput struct {
	session  *session
	answers  *keptAnswers
	outcomes []datasets.Outcome
}

// checkAgreement refuses what would embed the answers of tiers at an endpoint:
// which, and so at what cost, is not known before policies are simulated.
func (f *inputFlags) checkAgreement(config pipeline.Config, in *pipeline.Input) error {
	if config.Policies.Agreement.By != pipeline.ByCosine || in.Outcomes == nil && !f.live.policies || !f.embedsRemotely(config, in) {
		return nil
	}
	return fmt.Errorf("%w: policies, agreement, by: %q would embed the tiers' answers at an endpoint, at a cost that cannot be said before: set by: %s, or take a local embedder, or leave outcomes out; collect --mode parallel compares by cosine there",
		errUsage, pipeline.ByCosine, pipeline.ByAnswer)
}

// embedsRemotely tells whether prompts are embedded at an endpoint.
func (f *inputFlags) embedsRemotely(config pipeline.Config, in *pipeline.Input) bool {
	kind := config.Embedder.Kind
	if in.Artifact != nil {
		kind = in.Artifact.Manifest().Embedder.Kind
	}
	return kind == remote.Kind && f.embedder.vectors == ""
}

// goLive shows what asking will cost, and has the input ask once that is
// allowed. An LLM classifier whose key is missing is left as it was recorded.
func (a *app) goLive(ctx context.Context, s *session, in *pipeline.Input, f *inputFlags) (*liveInput, error) {
	l := &liveInput{session: s}
	texts := []string{}
	for _, p := range labelled(in.Prompts) {
		texts = append(texts, p.Text)
	}
	costs, err := a.llmLive(s, in, f, l, texts)
	if err != nil {
		return nil, err
	}
	embedding := f.embedsRemotely(s.config, in)
	if embedding {
		c, err := s.embeddingCosts(ctx, in.Artifact, texts)
		if err != nil {
			return nil, err
		}
		costs = append(costs, c)
	}
	var collect *planned
	if f.live.policies {
		if collect, err = f.live.plan(ctx, s, in); err != nil {
			return nil, err
		}
		costs = append(costs, collect.costs...)
	}
	switch {
	case costs == nil && !f.live.llm:
		return nil, fmt.Errorf("%w: --live: nothing is to be asked here, as the embedder is not of kind %q: leave the flag out", errUsage, remote.Kind)
	case costs == nil:
		return l, nil
	}
	if err := a.consent(s, costs...); err != nil {
		return nil, err
	}
	asker := s.allowed(costs)
	if l.answers != nil {
		err = asker.askLLM(in, l.answers)
	}
	if err == nil && embedding {
		stop := a.waiting(ctx)
		in.Embedder, err = asker.embedded(ctx, in.Artifact, texts)
		if stop(); err == nil {
			in.Bill, err = s.bill(in.Embedder.Identity())
		}
	}
	if err == nil && collect != nil {
		err = a.policiesLive(ctx, collect, in, l)
	}
	if err != nil {
		a.say("%s", s.spendLine())
	}
	return l, err
}

// bill says what it costs a router to embed a text with a remote embedder.
func (s *session) bill(id centroids.Identity) (classify.Bill, error) {
	config, err := remote.ConfigOf(id)
	return func(text string) eval.Quantity {
		tokens, err := s.counter.Count(config.Prefix + text)
		price := s.config.Embedder.InputPerM
		if err != nil || price == nil {
			return eval.Quantity{}
		}
		return eval.Quantity{Value: float64(tokens) * *price / 1e6, Origin: eval.Computed}
	}, err
}

// llmLive says what it will cost to ask the LLM classifier, and has its answers
// kept.
func (a *app) llmLive(s *session, in *pipeline.Input, f *inputFlags, l *liveInput, texts []string) ([]cost, error) {
	if !f.live.llm {
		return nil, nil
	}
	_, _, err := s.llmSource()
	if errors.Is(err, pipeline.ErrNoKey) {
		instead := "it is left out"
		if in.AnswersName != "" {
			instead = "its recorded answers are used"
		}
		warning := fmt.Sprintf("--live: the LLM classifier was not asked (%s): %s", strings.TrimPrefix(err.Error(), errUsage.Error()+": "), instead)
		a.say("warning: %s", warning)
		in.Warnings = append(in.Warnings, warning)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	c, err := s.llmCost(texts, s.config.Classifiers.LLM.Repeats)
	l.answers = &keptAnswers{app: a, rows: map[string]map[int]datasets.Answer{}, failures: map[string]bool{}}
	return []cost{c}, err
}

// askLLM has the input ask the LLM classifier.
func (s *session) askLLM(in *pipeline.Input, kept *keptAnswers) error {
	ask, name, err := s.llmSource()
	in.LiveLLM = &pipeline.LiveLLM{Name: name, Concurrency: s.workers(), Ask: func(repeat int) llm.Source {
		return &keepingSource{ask(repeat), repeat, kept}
	}}
	return err
}

// embedded returns the remote embedder after it embedded all texts, and the
// canaries of an artifact to be built: in the same requests each time, whatever is
// embedded later in which order.
func (s *session) embedded(ctx context.Context, artifact *centroids.Artifact, texts []string) (centroids.Embedder, error) {
	var e centroids.Embedder
	var err error
	if artifact != nil {
		e, err = s.verified(ctx, artifact, "")
	} else {
		e, err = s.embedder(ctx)
	}
	if err != nil {
		return nil, err
	}
	memo, dims := embedder.NewMemo(e), e.Identity().Dims
	if err := memo.Embed(ctx, make([]float32, len(texts)*dims), texts); err != nil || artifact != nil {
		return memo, err
	}
	_, err = centroids.MakeCanaries(ctx, memo, [][]float32{make([]float32, dims)}, nil)
	return memo, err
}

// artifactLive are the flags of verbs that embed with an artifact's embedder,
// where that asks an endpoint.
type artifactLive struct {
	liveFlags
	config string
}

func (f *artifactLive) add(cmd *cobra.Command) {
	f.liveFlags.add(cmd)
	cmd.Flags().Lookup("live").Usage = "ask the endpoint of the artifact's embedder, where that is of kind openai"
	cmd.Flags().StringVar(&f.config, "config", "", "with --live: the configuration that has the endpoint (default: built-in)")
}

// local returns the embedder of an artifact, verified; nil where it is remote, and
// may be asked for.
func (f *artifactLive) local(ctx context.Context, artifact *centroids.Artifact, words string) (centroids.Embedder, error) {
	id := artifact.Manifest().Embedder
	switch isRemote := id.Kind == remote.Kind; {
	case !isRemote && f.on:
		return nil, fmt.Errorf("%w: --live goes with an artifact of kind %q, this one is of kind %q: leave the flag out", errUsage, remote.Kind, id.Kind)
	case !isRemote:
		e, err := artifactEmbedder(id, words)
		if err != nil {
			return nil, err
		}
		return e, artifact.Verify(ctx, e)
	case words != "":
		return nil, fmt.Errorf("%w: --word-vectors goes with an artifact of kind %q, this one is of kind %q: leave the flag out", errUsage, embedder.KindStatic, id.Kind)
	case !f.on:
		return nil, fmt.Errorf("%w: the artifact's embedder, model %q, is asked over an endpoint: add --live, with --config for an endpoint of your own", errUsage, id.Model)
	}
	return nil, nil
}

// open opens the journal for an artifact's embedder.
func (f *artifactLive) open(ctx context.Context) (*session, error) {
	config, err := awaited(ctx, func() (pipeline.Config, error) { return readConfig(f.config) })
	if err != nil {
		return nil, err
	}
	return f.spend.openSession(config)
}

// embedLive embeds texts with the embedder of an artifact at its endpoint, verified,
// once the cost of that was shown and allowed.
func (a *app) embedLive(ctx context.Context, s *session, artifact *centroids.Artifact, texts []string) (centroids.Embedder, error) {
	c, err := s.embeddingCosts(ctx, artifact, texts)
	if err == nil {
		err = a.consent(s, c)
	}
	if err != nil {
		return nil, err
	}
	stop := a.waiting(ctx)
	e, err := s.embedded(ctx, artifact, texts)
	stop()
	a.say("%s", s.spendLine())
	return e, err
}

// embeddingCosts says about what it costs to embed texts and canaries, unless the
// journal holds their vectors. The canaries of an artifact that there is are asked
// for in any case.
func (s *session) embeddingCosts(ctx context.Context, artifact *centroids.Artifact, texts []string) (cost, error) {
	_, err := s.replay().embedded(ctx, artifact, texts)
	if err != nil && !errors.Is(err, openaiapi.ErrNotHeld) && openaiapi.AsError(err) == nil {
		return cost{}, err
	}
	held, dims := err == nil, false
	if held {
		texts = nil
	}
	y := s.config.Embedder
	c, err := s.embeddingCost(texts, cmp.Or(y.MaxInputs, remote.DefaultInputs))
	if err == nil && artifact == nil {
		dims, err = s.learnsDims(ctx)
	}
	c.prepare(y, artifact != nil || !held, dims)
	return c, err
}

// learnsDims tells whether the configuration's embedder is asked for its dims
// before it embeds anything.
func (s *session) learnsDims(ctx context.Context) (bool, error) {
	e, err := s.replay().embedder(ctx)
	_, unknown := e.(unasked)
	return unknown, err
}

// Tokens of what an embedder is asked besides texts, about.
const (
	canaryTokens = 1000
	dimsTokens   = 10
)

// prepare adds what an embedder is asked before anything rests on it: for an
// artifact's canaries, and for its dims.
func (c *cost) prepare(y pipeline.EmbedderConfig, canaries, dims bool) {
	for k := range c.calls {
		if canaries {
			c.embed(y, k, 1, canaryTokens)
		}
		if dims {
			c.embed(y, k, 1, dimsTokens)
		}
	}
}

// embeddingCost says about what it costs to embed texts, so many a request.
func (s *session) embeddingCost(texts []string, inputs int) (cost, error) {
	y := s.config.Embedder
	c := cost{what: "embeddings"}
	sum := 0
	for _, text := range texts {
		n, err := s.counter.Count(y.Prefix + text)
		if err != nil {
			return c, err
		}
		sum += n
	}
	n := (len(texts) + inputs - 1) / inputs
	c.calls = [3]int{n, n, n}
	if y.InputPerM == nil {
		c.unpriced = []string{cmp.Or(y.Model, "the embedder")}
		return c, nil
	}
	usd := float64(sum) * *y.InputPerM / 1e6
	c.usd = [3]float64{usd, usd, usd}
	return c, nil
}

// plan finds out what it takes to have all tiers answer the test prompts.
func (f *liveFlags) plan(ctx context.Context, s *session, in *pipeline.Input) (*planned, error) {
	prompts, err := pipeline.TestPrompts(s.config, *in)
	if err != nil {
		return nil, err
	}
	collect := &collectFlags{mode: "all", judge: f.judge, stopAfter: stopAfter}
	return collect.plan(ctx, s, prompts)
}

// policiesLive has all tiers answer the test prompts.
func (a *app) policiesLive(ctx context.Context, p *planned, in *pipeline.Input, l *liveInput) error {
	if err := p.ask(ctx, a); err != nil {
		return err
	}
	c, err := p.flags.collection(ctx, p.session.replay(), p.prompts)
	if err != nil {
		return err
	}
	l.outcomes = []datasets.Outcome{}
	err = live.Replay(ctx, c.backend, c.plan, func(service *live.Service) error {
		for _, r := range service.Records {
			l.outcomes = append(l.outcomes, r.Outcome)
		}
		return nil
	})
	in.Outcomes = &pipeline.Outcomes{Name: "live answers", Scan: func(visit func(*datasets.Outcome) error) error {
		for i := range l.outcomes {
			if err := visit(&l.outcomes[i]); err != nil {
				return err
			}
		}
		return nil
	}}
	return err
}

// write writes what was asked live into a run's folder, to be used without
// asking again.
func (l *liveInput) write(folder string) error {
	if l.answers != nil {
		if err := l.answers.write(filepath.Join(folder, liveAnswersFile)); err != nil {
			return err
		}
	}
	if l.outcomes == nil {
		return nil
	}
	return datasets.Outcomes().WriteFile(filepath.Join(folder, liveOutcomesFile), datasets.WriteOptions{}, func(put func(datasets.Outcome) error) error {
		for _, o := range l.outcomes {
			if err := put(o); err != nil {
				return err
			}
		}
		return nil
	})
}

// keptAnswers are the live answers of the LLM classifier, by prompt and repeat.
type keptAnswers struct {
	app *app

	mu       sync.Mutex
	rows     map[string]map[int]datasets.Answer
	failures map[string]bool // their texts
	failed   int             // one after the other
}

// fail says so where the classifier fails in a way that it did not before, and
// stops it where that goes on, or nothing else ever came.
func (k *keptAnswers) fail(err error) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	const shown = 5
	if text := err.Error(); !k.failures[text] {
		if k.failures[text] = true; len(k.failures) <= shown {
			k.app.say("warning: the LLM classifier failed for a prompt, which goes to the fallback tier: %s", text)
		}
	}
	if e := openaiapi.AsError(err); e != nil && e.Stored && len(k.rows) > 0 {
		return err
	}
	if k.failed++; k.failed >= stopAfter {
		return &llm.StopError{Err: fmt.Errorf("the LLM classifier failed %d times one after the other, the last time with: %w", k.failed, err)}
	}
	return err
}

// keepingSource keeps what a source answers.
type keepingSource struct {
	llm.Source
	repeat int
	kept   *keptAnswers
}

// Ask implements [llm.Source].
func (k *keepingSource) Ask(ctx context.Context, id, prompt string) (llm.Reply, error) {
	r, err := k.Source.Ask(ctx, id, prompt)
	var stop *llm.StopError
	switch {
	case errors.As(err, &stop):
		return r, err
	case err != nil:
		return r, k.kept.fail(err)
	}
	row := datasets.Answer{
		Text: r.Text, Model: r.Model, InputTokens: optional(r.InputTokens), OutputTokens: optional(r.OutputTokens),
		CostUSD: optional(r.CostUSD), LatencyMS: optional(r.LatencyMS),
	}
	if r.Tokens != nil {
		raw, err := json.Marshal(r.Tokens)
		if err != nil {
			return r, err
		}
		row.Logprobs = string(raw)
	}
	k.kept.mu.Lock()
	defer k.kept.mu.Unlock()
	k.kept.failed = 0
	if k.kept.rows[id] == nil {
		k.kept.rows[id] = map[int]datasets.Answer{}
	}
	k.kept.rows[id][k.repeat] = row
	return r, nil
}

func optional[T any](p *T) datasets.Optional[T] {
	if p == nil {
		return datasets.Optional[T]{}
	}
	return datasets.Known(*p)
}

func (k *keptAnswers) write(path string) error {
	return datasets.Answers().WriteFile(path, datasets.WriteOptions{}, func(put func(datasets.RecordedAnswer) error) error {
		for _, id := range slices.Sorted(maps.Keys(k.rows)) {
			if _, first := k.rows[id][0]; !first {
				continue // it failed, and readers would take the next one for it
			}
			for _, repeat := range slices.Sorted(maps.Keys(k.rows[id])) {
				if err := put(datasets.RecordedAnswer{ID: id, Repeat: repeat, Answer: k.rows[id][repeat]}); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
