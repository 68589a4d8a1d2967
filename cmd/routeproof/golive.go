package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

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
	if f.artifactOnly || config.Policies.Agreement.By != pipeline.ByCosine || in.Outcomes == nil && !f.live.policies || !f.embedsRemotely(config, in) {
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
	if err := in.Prompts.Each(func(_ int, p *datasets.Prompt) error {
		if isLabelled(p) {
			texts = append(texts, p.Text)
		}
		return nil
	}); err != nil {
		return nil, err
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

// plan finds out what it takes to have all tiers answer the test prompts.
func (f *liveFlags) plan(ctx context.Context, s *session, in *pipeline.Input) (*planned, error) {
	prompts, err := pipeline.TestPrompts(s.config, *in)
	if err != nil {
		return nil, err
	}
	judge := cmp.Or(f.judge, s.config.Judge.By)
	if n, what := unjudged(judge, prompts); n == len(prompts) && n > 0 {
		return nil, fmt.Errorf("%w: --live-policies: judge %s gives no answer a score (%s), so nothing would be simulated of what is paid for: name another with --judge, or set judge.by", errUsage, judge, what)
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
