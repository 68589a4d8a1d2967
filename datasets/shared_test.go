package datasets

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// sharedData returns the path of a file of real public data, kept outside the
// module. The test skips where it is absent.
func sharedData(t *testing.T, folder, name string) string {
	t.Helper()
	path := filepath.Join("..", "..", "shared", "data", folder, name)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		t.Skipf("shared data is absent: %s", path)
	} else if err != nil {
		t.Fatal(err)
	}
	return path
}

// TestSharedPrompts compares with counts that Python's json and
// collections.Counter give for the files.
func TestSharedPrompts(t *testing.T) {
	for _, c := range []struct {
		name     string
		tiers    []string
		counts   map[string]int
		warnings []string
	}{
		{"tiers_public", testTiers, map[string]int{"SIMPLE": 74, "MEDIUM": 231, "COMPLEX": 76, "FRONTIER": 6}, []string{`columns not used: "votes"`}},
		{"complexity_e1", testTiers, map[string]int{"SIMPLE": 29, "MEDIUM": 29, "COMPLEX": 34, "FRONTIER": 28},
			[]string{`texts with more than one tier: 1 (prompts "e1-001", "e1-033")`}},
		{"derived_routerbench", []string{"T1", "T2", "T3", "T4"}, map[string]int{"T1": 1841, "T2": 746, "T3": 194, "T4": 178, "": 191}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			file, err := ReadPrompts(sharedData(t, "prompts", c.name+".jsonl.gz"), c.tiers, nil)
			if err != nil {
				t.Fatal(err)
			}
			counts := map[string]int{}
			for _, p := range file.Prompts {
				counts[p.Tier]++
			}
			if diff := cmp.Diff(c.counts, counts); diff != "" {
				t.Errorf("want −, got +:\n%s", diff)
			}
			if c.warnings != nil {
				if diff := cmp.Diff(c.warnings, file.Warnings); diff != "" {
					t.Errorf("want −, got +:\n%s", diff)
				}
			}
		})
	}
}

func TestSharedAnswers(t *testing.T) {
	answers, err := ReadAnswers(sharedData(t, "prompts", "tiers_public.llm.jsonl.gz"), nil)
	if err != nil {
		t.Fatal(err)
	}
	prompts, err := ReadPrompts(sharedData(t, "prompts", "tiers_public.jsonl.gz"), testTiers, nil)
	if err != nil {
		t.Fatal(err)
	}
	right := 0
	for _, p := range prompts.Prompts {
		answer, ok := answers.Answers[p.ID]
		if !ok {
			t.Errorf("no answer to %s", p.ID)
		}
		if answer.Text == p.Tier {
			right++
		}
	}
	// .667 is the accuracy that the data's own README gives.
	if n := len(answers.Answers); n != 387 || fmt.Sprintf("%.3f", float64(right)/float64(n)) != "0.667" {
		t.Errorf("%d answers, %d right; expected 387, 258", n, right)
	}
}

// TestSharedSplitColumn takes the split column of complexity_e1, which names
// 50 train, 20 dev and 50 test prompts: calibrate is cut from train.
func TestSharedSplitColumn(t *testing.T) {
	file, err := ReadPrompts(sharedData(t, "prompts", "complexity_e1.jsonl.gz"), testTiers, nil)
	if err != nil {
		t.Fatal(err)
	}
	a := assign(t, file.Prompts, "routeproof")
	if diff := cmp.Diff([]string{"the split column names no calibrate: cut from train by hash"}, a.Warnings); diff != "" {
		t.Errorf("want −, got +:\n%s", diff)
	}
	moved := map[string]int{}
	for i, p := range file.Prompts {
		moved[p.Split+" to "+a.Splits[i].String()]++
	}
	cut := moved["train to calibrate"]
	want := map[string]int{"train to train": 50 - cut, "train to calibrate": cut, "tune to tune": 20, "test to test": 50}
	if diff := cmp.Diff(want, moved); diff != "" {
		t.Errorf("want −, got +:\n%s", diff)
	}
	// A third of 50, within three standard errors.
	if cut < 7 || cut > 27 {
		t.Errorf("%d of 50 train prompts went to calibrate, expected about 17", cut)
	}
}

// TestSharedOutcomes compares with the counts, accuracies and costs that the
// data's own README gives.
func TestSharedOutcomes(t *testing.T) {
	for _, c := range []struct {
		name            string
		prompts, models int
		accuracy        map[string]string // in percent
		usd             map[string]string // the mean of a request
	}{
		{"routellm_mmlu", 14037, 2, map[string]string{"mistralai/Mixtral-8x7B-Instruct-v0.1": "68.09", "gpt-4-1106-preview": "80.59"}, nil},
		{"zeroeval_gsm", 1319, 17, map[string]string{
			"gemma-2-2b-it":               "51.63",
			"Meta-Llama-3.1-8B-Instruct":  "84.00",
			"gpt-3.5-turbo-0125":          "80.36",
			"claude-3-haiku-20240307":     "88.78",
			"gpt-4o-mini-2024-07-18":      "94.24",
			"claude-3-5-haiku-20241022":   "94.47",
			"Meta-Llama-3.1-70B-Instruct": "94.16",
			"gpt-4o-2024-08-06":           "96.21",
			"claude-3-5-sonnet-20241022":  "96.66",
			"o1-mini-2024-09-12":          "96.06",
		}, nil},
		{"zeroeval_crux", 800, 19, map[string]string{
			"gemma-2-2b-it":               "21.50",
			"Meta-Llama-3.1-8B-Instruct":  "39.88",
			"gpt-3.5-turbo-0125":          "54.75",
			"claude-3-haiku-20240307":     "54.75",
			"gpt-4o-mini-2024-07-18":      "75.88",
			"claude-3-5-haiku-20241022":   "68.75",
			"Meta-Llama-3.1-70B-Instruct": "64.25",
			"gpt-4o-2024-08-06":           "87.00",
			"claude-3-5-sonnet-20241022":  "83.88",
			"o1-mini-2024-09-12":          "93.75",
		}, nil},
		{"routerbench", 3150, 11, map[string]string{
			"gpt-4-1106-preview":          "87.9",
			"zero-one-ai/Yi-34B-Chat":     "77.3",
			"mistralai/mixtral-8x7b-chat": "74.1",
			"gpt-3.5-turbo-1106":          "73.2",
			"claude-v1":                   "72.7",
			"mistralai/mistral-7b-chat":   "58.4",
			"claude-v2":                   "55.1",
		}, map[string]string{
			"gpt-4-1106-preview":          "5.02e-03",
			"zero-one-ai/Yi-34B-Chat":     "3.29e-04",
			"mistralai/mixtral-8x7b-chat": "2.48e-04",
			"gpt-3.5-turbo-1106":          "4.19e-04",
			"claude-v1":                   "3.57e-03",
			"mistralai/mistral-7b-chat":   "8.13e-05",
			"claude-v2":                   "3.79e-03",
		}},
		{"routerarena", 809, 2, map[string]string{"claude-3-haiku-20240307": "52.3", "gemini-2.0-flash-001": "69.0"}, map[string]string{
			"claude-3-haiku-20240307": "1.76e-04", "gemini-2.0-flash-001": "4.75e-05"}}, // 0.1424 and 0.0384 USD in all
	} {
		t.Run(c.name, func(t *testing.T) {
			prompts, n, sum, usd := map[string]bool{}, map[string]int{}, map[string]float64{}, map[string]float64{}
			summary, err := Outcomes().ScanFile(sharedData(t, "outcomes", c.name+".jsonl.gz"), nil, func(o *Outcome) error {
				prompts[o.ID] = true
				n[o.Model]++
				sum[o.Model] += o.Score.Value
				usd[o.Model] += o.CostUSD.Value
				if !o.Score.Known {
					t.Errorf("%s by %s has no score", o.ID, o.Model)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if summary.Rows != c.prompts*c.models || len(prompts) != c.prompts || len(n) != c.models || len(summary.Warnings) > 0 {
				t.Errorf("%d rows, %d prompts, %d models, warnings %q; expected %d prompts and %d models", summary.Rows, len(prompts), len(n), summary.Warnings, c.prompts, c.models)
			}
			for model, want := range c.accuracy {
				digits := len(want) - strings.Index(want, ".") - 1
				if got := fmt.Sprintf("%.*f", digits, 100*sum[model]/float64(n[model])); got != want {
					t.Errorf("%s: %s, expected %s", model, got, want)
				}
			}
			for model, want := range c.usd {
				if got := fmt.Sprintf("%.2e", usd[model]/float64(n[model])); got != want {
					t.Errorf("%s: %s USD, expected %s", model, got, want)
				}
			}
		})
	}
}
