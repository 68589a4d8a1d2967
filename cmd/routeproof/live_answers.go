package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval/classify/llm"
	"github.com/routeproof/routeproof/internal/openaiapi"
)

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
		Text: r.Text, Model: r.Model, InputTokens: datasets.OptionalOf(r.InputTokens), OutputTokens: datasets.OptionalOf(r.OutputTokens),
		CostUSD: datasets.OptionalOf(r.CostUSD), LatencyMS: datasets.OptionalOf(r.LatencyMS),
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
