package pipeline_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval/classify/llm"
	"github.com/routeproof/routeproof/eval/pipeline"
)

// Policies serve test prompts without a tier as they do those with one: that a third of
// them has none changes no policy, and what no model gets right counts.
func TestPoliciesServeUnlabelled(t *testing.T) {
	var whole []datasets.Prompt
	unlabelled := map[string]bool{}
	served := func(change func(*input)) *pipeline.Run {
		run, err := quickly(t, func(_ *pipeline.Config, in *input) {
			whole = slices.Clone(in.Prompts)
			for i := range in.Prompts {
				if unlabelled[in.Prompts[i].ID] {
					in.Prompts[i].Tier = ""
				}
			}
			in.Outcomes = outcomesOf(t, whole, func(o *datasets.Outcome) bool {
				o.Score, o.Error = datasets.Known(1.0), ""
				if o.ID[len(o.ID)-1]%2 == 0 {
					o.Score = datasets.Known(0.0)
				}
				o.CostUSD, o.LatencyMS = datasets.Known(float64(len(o.Model))), datasets.Known(1.0)
				o.Response = datasets.Known("an answer that is long enough")
				return true
			})
			if change != nil {
				change(in)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		return run
	}
	all := served(nil)
	test := 0
	for _, it := range all.Items {
		if it.Split == datasets.Test {
			if test++; test%3 == 0 {
				unlabelled[it.ID] = true
			}
		}
	}
	some := served(nil)
	if p := some.Policies; p.Unlabelled != len(unlabelled) || p.Comparison.N != test || some.Result.N != test-len(unlabelled) {
		t.Fatalf("%d unlabelled of %d served, classifiers on %d; expected %d of %d", p.Unlabelled, p.Comparison.N, some.Result.N, len(unlabelled), test)
	}
	want := map[string][2]float64{}
	for _, row := range all.Policies.Comparison.Rows {
		want[row.Policy] = [2]float64{float64(row.Quality.Value), float64(row.Cost.Value)}
	}
	compared := 0
	for _, row := range some.Policies.Comparison.Rows {
		if w, ok := want[row.Policy]; ok {
			compared++
			if math.Abs(w[0]-float64(row.Quality.Value)) > 1e-12 || math.Abs(w[1]-float64(row.Cost.Value)) > 1e-9 {
				t.Errorf("%s: %v at %v, with all labels %v", row.Policy, row.Quality.Value, row.Cost.Value, w)
			}
		} else if !strings.Contains(row.Policy, "+") { // the best hybrid depends on labels of test
			t.Errorf("%s is new", row.Policy)
		}
	}
	if compared < 12 {
		t.Errorf("%d policies are compared", compared)
	}

	// A model that would have to be asked is not.
	live := served(func(in *input) {
		answers := in.Answers
		in.Answers, in.AnswersName = nil, ""
		in.LiveLLM = &pipeline.LiveLLM{Name: "live", Ask: func(int) llm.Source { return llm.Recorded(answers) }}
	})
	note := fmt.Sprintf("%d test prompts without a tier, though with outcomes, are not served", len(unlabelled))
	if p := live.Policies; p.Unlabelled != 0 || p.Comparison.N != live.Result.N || !strings.Contains(strings.Join(p.Notes, "\n"), note) {
		t.Errorf("live: %d unlabelled of %d served, notes %q", p.Unlabelled, p.Comparison.N, p.Notes)
	}
}

// Outcomes of other texts than the prompts' are told, as answers to different prompts
// are compared there.
func TestPoliciesTellOtherTexts(t *testing.T) {
	other := 0
	run, err := quickly(t, func(_ *pipeline.Config, in *input) {
		whole := slices.Clone(in.Prompts)
		in.Outcomes = outcomesOf(t, whole, func(o *datasets.Outcome) bool {
			if len(o.Model)%2 == 0 {
				o.Prompt = "another " + o.Prompt
				other++
			}
			return true
		})
	})
	if err != nil || other == 0 {
		t.Fatal(other, err)
	}
	if notes := strings.Join(run.Policies.Notes, "\n"); !strings.Contains(notes, fmt.Sprintf("is not that of all their outcomes: %d;", run.Result.N)) {
		t.Errorf("notes %q", notes)
	}
}
