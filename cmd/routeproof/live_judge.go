package main

import (
	"context"
	"fmt"
	"sync"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/policy"
	"github.com/routeproof/routeproof/eval/policy/live"
	"github.com/routeproof/routeproof/internal/openaiapi"
	"github.com/routeproof/routeproof/internal/wording"
)

// judge returns the judge that the flag or the configuration names, or nil.
func (s *session) judge(ctx context.Context, spec string) (live.Judge, error) {
	y, where := s.config.Judge, "--judge"
	if spec == "" {
		spec, where = y.By, "configuration, judge, by"
	}
	answer, err := policy.ParseAnswer(s.config.Policies.Agreement.Answer)
	if err != nil {
		return nil, err
	}
	deps := live.JudgeDeps{Answer: answer}
	switch spec {
	case "similarity":
		if deps.Embedder, err = s.embedder(ctx); err != nil {
			return nil, err
		}
	case "llm":
		s.judged = true
		client, _, err := s.client(y.LLM.Endpoint)
		if err != nil {
			return nil, err
		}
		var asker live.Asker = client
		if s.asking != nil {
			asking, _, err := s.asking.client(y.LLM.Endpoint)
			if err != nil {
				return nil, err
			}
			asker = settled{client, asking}
		}
		deps.LLM = live.JudgeLLM{
			Asker: asker, Model: y.LLM.Model, Rubric: y.LLM.Rubric, MaxTokens: y.LLM.MaxTokens,
			InputPerM: y.LLM.InputPerM, OutputPerM: y.LLM.OutputPerM,
		}
	}
	judge, err := live.ParseJudge(spec, deps)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", errUsage, where, err)
	}
	if s.judged && !s.offline && !s.silent {
		judge = counted{judge, s.judging}
	}
	return judge, nil
}

// settled asks a client that sends nothing. What the other would ask again is not
// held.
type settled struct{ offline, asking *openaiapi.Client }

// Chat implements [live.Asker].
func (s settled) Chat(ctx context.Context, r openaiapi.ChatRequest) (*openaiapi.ChatReply, error) {
	held, err := s.asking.Held(r)
	if err == nil && !held {
		err = fmt.Errorf("%w of %s", openaiapi.ErrNotHeld, r.Model)
	}
	if err != nil {
		return nil, err
	}
	return s.offline.Chat(ctx, r)
}

// judging is what it cost to judge answers.
type judging struct {
	Answers int     `json:"answers"`
	USD     float64 `json:"cost_usd"`     // as far as known
	Unknown int     `json:"cost_unknown"` // answers

	mu sync.Mutex
}

func (j *judging) add(cost eval.Quantity) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.Answers++
	if cost.Known() {
		j.USD += cost.Value
	} else {
		j.Unknown++
	}
}

func (j *judging) String() string {
	text := dollars(j.USD)
	if j.Unknown > 0 {
		text += fmt.Sprintf(" and %d unknown", j.Unknown)
	}
	return fmt.Sprintf("%s for %s", text, wording.Plural(j.Answers, "answer"))
}

// counted adds up what a judge that asks a model costs now.
type counted struct {
	live.Judge
	now *judging
}

// Score implements [live.Judge].
func (c counted) Score(ctx context.Context, prompt *datasets.Prompt, response string) (live.Verdict, error) {
	v, err := c.Judge.Score(ctx, prompt, response)
	if err == nil && !v.Stored {
		c.now.add(v.CostUSD)
	}
	return v, err
}
