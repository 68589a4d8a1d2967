package calibrate

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"testing"
	"unicode/utf8"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/datasets/synth"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/policy"
)

// recorded is outcomes by prompt.
type recorded struct {
	prompts []datasets.Prompt
	of      []map[string]datasets.Outcome // by model
}

func (r *recorded) add(at map[string]int, o *datasets.Outcome) {
	i, seen := at[o.ID]
	if !seen {
		i = len(r.prompts)
		at[o.ID] = i
		r.prompts = append(r.prompts, datasets.Prompt{ID: o.ID, Text: o.Prompt})
		r.of = append(r.of, map[string]datasets.Outcome{})
	}
	r.of[i][o.Model] = *o
}

// shared reads real outcomes, which are not part of the project.
func shared(t *testing.T, name string) *recorded {
	t.Helper()
	r, at := &recorded{}, map[string]int{}
	_, err := datasets.Outcomes().ScanFile(filepath.Join("../../../shared/data/outcomes", name), nil, func(o *datasets.Outcome) error {
		r.add(at, o)
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("no real data: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// made is synthetic outcomes.
func made(t *testing.T, n int) *recorded {
	t.Helper()
	g, err := synth.New(synth.Default())
	if err != nil {
		t.Fatal(err)
	}
	r, at := &recorded{}, map[string]int{}
	if err := g.Outcomes(n)(func(o datasets.Outcome) error {
		r.add(at, &o)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return r
}

// divided calls each for both ways to cut the prompts into train, tune,
// calibrate and test.
func (r *recorded) divided(t *testing.T, each func(shares string, a *datasets.Assignment)) {
	t.Helper()
	set, err := datasets.PromptSetOf(r.prompts)
	if err != nil {
		t.Fatal(err)
	}
	groups, err := datasets.GroupPrompts(set)
	if err != nil {
		t.Fatal(err)
	}
	a := &datasets.Assignment{Groups: groups}
	for _, shares := range []datasets.Shares{datasets.DefaultShares(), {.2, .2, .5, .1}} {
		var err error
		if a.Splits, _, err = groups.Assign("calibrate", shares, "", nil); err != nil {
			t.Fatal(err)
		}
		each(fmt.Sprintf("%.0f/%.0f/%.0f/%.0f", 100*shares[0], 100*shares[1], 100*shares[2], 100*shares[3]), a)
	}
}

// bySplit collects what is made of each prompt.
func bySplit[T any](r *recorded, a *datasets.Assignment, of func(i int, group string) (T, bool)) map[datasets.Split][]T {
	out := map[datasets.Split][]T{}
	for i := range r.prompts {
		if v, ok := of(i, a.Groups.Key(i)); ok {
			out[a.Splits[i]] = append(out[a.Splits[i]], v)
		}
	}
	return out
}

func levels() []Level { return []Level{{0.01, 0.95}, {0.02, 0.95}, {0.05, 0.95}} }

// show writes a line of the table: what is certified, and what it comes to on
// test. good is the share that could be kept cheap at no loss.
func show(t *testing.T, what, shares string, r Result, kept, good float64, risk *eval.Estimate) {
	t.Helper()
	head := fmt.Sprintf("%-44s %s %2.0f %%", what, shares, 100*r.Alpha)
	if !r.Certified {
		text := fmt.Sprintf("%d more (of %d now)", r.More, r.N)
		if r.Never {
			text = fmt.Sprintf("at the risk seen, %.1f %% of %d, never", 100*r.First.Risk, r.First.N)
		}
		t.Logf("%s | not certifiable: %s", head, text)
		return
	}
	t.Logf("%s | certified on %d (%.2f, upper %.2f) | kept %.1f %% | of oracle's %.1f %% | risk %.2f (%.2f to %.2f)", head,
		r.Setting.N, 100*r.Setting.Risk, 100*r.Setting.Upper, 100*kept, 100*kept/good, 100*risk.Value, 100*risk.Low, 100*risk.High)
	if float64(risk.Low) > r.Alpha {
		t.Errorf("%s: over %v on test", head, r.Alpha)
	}
}

// wrongOf is whether a model's answer is wrong, or there is none.
func (r *recorded) wrongOf(i int, model string) bool {
	return r.of[i][model].Score.Value < datasets.Right
}

// asGood is the share of test prompts on which the cheap answer is as good.
func (r *recorded) asGood(a *datasets.Assignment, cheap, dear string) float64 {
	good := bySplit(r, a, func(i int, _ string) (float64, bool) {
		if r.wrongOf(i, cheap) && !r.wrongOf(i, dear) {
			return 0, true
		}
		return 1, true
	})
	return mean(good[datasets.Test])
}

// Two models whose final answers agree.
func TestSharedAgreement(t *testing.T) {
	answer, err := policy.ParseAnswer("json:answer")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"zeroeval_gsm", "zeroeval_crux"} {
		r := shared(t, file+".jsonl.gz")
		for _, pair := range [][2]string{{"Meta-Llama-3.1-8B-Instruct", "gpt-4o-2024-08-06"}, {"gpt-4o-mini-2024-07-18", "claude-3-5-sonnet-20241022"}} {
			r.divided(t, func(shares string, a *datasets.Assignment) {
				rows := bySplit(r, a, func(i int, group string) (Row, bool) {
					x, okX := answer.Of(r.of[i][pair[0]].Response.Value)
					y, okY := answer.Of(r.of[i][pair[1]].Response.Value)
					row := Row{ID: r.prompts[i].ID, Group: group, Score: math.NaN(), Wrong: r.wrongOf(i, pair[0])}
					if okX && okY {
						row.Score = 0
						if x == y {
							row.Score = 1
						}
					}
					return row, true
				})
				for _, level := range levels() {
					result, err := Agreement(rows[datasets.Tune], rows[datasets.Calibrate], level)
					m := Measure(rows[datasets.Test], 1)
					show(t, fmt.Sprintf("%s %.12s with %.12s", file, pair[0], pair[1]), shares, must(t, result, err), float64(m.Coverage.Value), r.asGood(a, pair[0], pair[1]), &m.Risk)
				}
			})
		}
	}
}

// Routers by the length of the prompt: short ones to the cheap model.
func TestSharedQualityLoss(t *testing.T) {
	for _, c := range []struct {
		file   string
		models []string
	}{
		{"routellm_mmlu", []string{"mistralai/Mixtral-8x7B-Instruct-v0.1", "gpt-4-1106-preview"}},
		{"routerbench", []string{"mistralai/mixtral-8x7b-chat", "gpt-4-1106-preview"}},
		{"routerbench", []string{"mistralai/mistral-7b-chat", "mistralai/mixtral-8x7b-chat", "zero-one-ai/Yi-34B-Chat", "gpt-4-1106-preview"}},
	} {
		r := shared(t, c.file+".jsonl.gz")
		for model := range r.of[0] {
			if c.file == "routellm_mmlu" && model != c.models[1] {
				c.models[0] = model
			}
		}
		r.divided(t, func(shares string, a *datasets.Assignment) {
			rows := bySplit(r, a, func(i int, group string) (Graded, bool) {
				g := Graded{ID: r.prompts[i].ID, Group: group, Score: float64(utf8.RuneCountInString(r.prompts[i].Text))}
				for _, model := range c.models {
					o := r.of[i][model]
					g.Quality = append(g.Quality, o.Score.Value)
					if o.CostUSD.Known {
						g.Cost = append(g.Cost, o.CostUSD.Value)
					}
				}
				return g, true
			})
			oracle := 1 - oracleCost(onePerGroup(rows[datasets.Test], keyOfGraded))
			for _, level := range levels() {
				result, err := QualityLoss(rows[datasets.Tune], rows[datasets.Calibrate], level, "salt")
				result = must(t, result, err)
				var m MeasuredQuality
				kept := 0.0
				if result.Certified {
					if m, err = MeasureQuality(rows[datasets.Test], result.Setting.Thresholds, "salt"); err != nil {
						t.Fatal(err)
					}
					if kept = 1 - float64(m.CostShare); math.IsNaN(kept) {
						kept = float64(m.Shares[0])
					}
				}
				show(t, fmt.Sprintf("%s, %d models by length", c.file, len(c.models)), shares, result, kept, oracle, &m.Loss)
			}
		})
	}
}

// oracleCost is what the cheapest of the best answers cost, over the dearest
// model's; by the share that goes there where costs are unknown.
func oracleCost(rows []Graded) float64 {
	paid, last := 0.0, 0.0
	for _, g := range rows {
		best := 0
		for m := range g.Quality {
			if g.Quality[m] > g.Quality[best] || g.Quality[m] == g.Quality[best] && g.cost(m) < g.cost(best) {
				best = m
			}
		}
		paid += g.cost(best)
		last += g.cost(len(g.Quality) - 1)
	}
	return paid / last
}

// Thresholds of a model's confidence, synthetic: whether its answer is taken, and
// whether a cascade that takes it regrets it.
func TestSyntheticConfidence(t *testing.T) {
	r := made(t, 6000)
	const cheap, dear = "openai/gpt-4o-mini", "anthropic/claude-sonnet-4"
	r.divided(t, func(shares string, a *datasets.Assignment) {
		rows := func(regret bool) map[datasets.Split][]Row {
			return bySplit(r, a, func(i int, group string) (Row, bool) {
				row := Row{ID: r.prompts[i].ID, Group: group, Score: math.NaN(), Wrong: r.wrongOf(i, cheap) && !(regret && r.wrongOf(i, dear))}
				if c := r.of[i][cheap].Confidence; c.Known {
					row.Score = c.Value
				}
				return row, true
			})
		}
		right, regretted := rows(false), rows(true)
		good := r.asGood(a, cheap, dear)
		for _, level := range levels() {
			result, err := Acceptance(right[datasets.Tune], right[datasets.Calibrate], level)
			m := measureOf(must(t, result, err), right[datasets.Test])
			show(t, "synthetic, confidence: accepted wrong", shares, result, float64(m.Coverage.Value), good, &m.Risk)
			result, err = Regret(regretted[datasets.Tune], regretted[datasets.Calibrate], level)
			m = measureOf(must(t, result, err), regretted[datasets.Test])
			show(t, "synthetic, confidence: cascade's regret", shares, result, float64(m.Coverage.Value), good, &m.Regret)
		}
	})
}

func measureOf(r Result, test []Row) Measured {
	if !r.Certified {
		return Measured{}
	}
	return Measure(test, float64(r.Setting.Thresholds[0]))
}
