package reports

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/pipeline"
)

func around(v, spread float64) eval.Estimate {
	return eval.Estimate{Value: eval.Number(v), Low: eval.Number(v - spread), High: eval.Number(v + spread)}
}

// verdictOf is the verdict on a made-up result of two classifiers over two
// tiers, after a change.
func verdictOf(t *testing.T, change func(r *eval.Result)) string {
	t.Helper()
	tiers, err := centroids.NewTiers("LOW", "HIGH")
	if err != nil {
		t.Fatal(err)
	}
	nan := eval.Number(math.NaN())
	none := eval.Estimate{Value: nan, Low: nan, High: nan}
	score := func(name string, accuracy, usd float64) eval.Score {
		return eval.Score{Name: name, N: 100, Accuracy: around(accuracy, 0.05), UnderRouting: around(0.1, 0.05), QuadraticKappa: around(0.5, 0.1),
			Cost:     eval.Cost{N: 100, Headline: around(usd, 1), Saving: around(1-usd/20, 0.1), Behind: around(usd-10, 0.5), Cheapest: 0.5},
			Shuffled: &eval.Shuffled{Accuracy: 0.4, Headline: eval.Number(usd + 2), Skill: around(2, 1)},
			Majority: &eval.Pair{A: name, B: "majority", P: 0.001, HolmP: 0.002, Diff: 0.1}}
	}
	result := &eval.Result{
		N: 100, Groups: 100, Tiers: tiers.Names(),
		Classifiers: []eval.Score{score("best", 0.7, 10), score("next", 0.6, 11)},
		Baselines:   []eval.Score{score("always LOW", 0.5, 12), score("always HIGH", 0.5, 20), score("majority", 0.5, 12)},
		Pairs:       []eval.Pair{{A: "best", B: "next", P: 0.01, HolmP: 0.01, Diff: 0.1}},
	}
	result.Classifiers[0].Cost.Behind = none
	change(result)
	r := &report{run: &pipeline.Run{Tiers: tiers}, result: result}
	r.verdict()
	return r.String()
}

// What the verdict says follows from intervals and tests, in every case.
func TestVerdict(t *testing.T) {
	for name, c := range map[string]struct {
		change func(r *eval.Result)
		says   []string
		not    []string
	}{
		"plain": {func(*eval.Result) {}, []string{
			"**`best` is the cheapest classifier: $10.00 per 1,000 requests, 50.0 % less than sending everything to `HIGH`**",
			"**and $2.00 less than `always LOW`, the cheapest single tier**", "costs $1.00 more ($0.5000 to $1.50), an interval without 0",
			"`best` is right more often than always picking the commonest tier (50.0 %; p = 0.002)", "The skill of `best` is worth $2.00 per 1,000 ($1.00 to $3.00)",
		}, []string{"not shown", "too few", "right most often"}},
		"few prompts": {func(r *eval.Result) { r.N = 29 }, []string{"**29 test prompts are too few for a verdict**"}, []string{"cheapest", "right"}},
		"no saving":   {func(r *eval.Result) { r.Classifiers[0].Cost.Saving.Value = -0.25 }, []string{"25.0 % more than sending everything"}, []string{"-25"}},
		"constant wins": {func(r *eval.Result) {
			r.Baselines[0].Cost.Headline.Value, r.Baselines[0].Cost.Behind = 9, around(-1, 0.5)
		},
			[]string{"**No classifier pays here: `always LOW` costs $9.00", "(`always LOW` less `best`: −$1.00 [−$1.50, −$0.5000])"}, []string{"is the cheapest classifier"}},
		"constant may win": {func(r *eval.Result) {
			r.Baselines[0].Cost.Headline.Value, r.Baselines[0].Cost.Behind = 9, around(-1, 2)
		},
			[]string{"**No classifier is shown to pay here"}, []string{"is the cheapest classifier"}},
		"hardly cheaper": {func(r *eval.Result) { r.Baselines[0].Cost.Behind = around(2, 3) }, []string{"and, not shown to be more than chance, $2.00 less than `always LOW`"}, []string{"**and"}},
		"silent":         {func(r *eval.Result) { r.Classifiers[0].Invalid, r.Classifiers[0].Errors = 4, 2 }, []string{"**`best` named no tier for 6 of 100 test prompts**"}, nil},
		"order open":     {func(r *eval.Result) { r.Classifiers[1].Cost.Behind.Low = -1 }, []string{"which of the two is cheaper is not settled"}, []string{"without 0"}},
		"equal cost":     {func(r *eval.Result) { r.Classifiers[1].Cost.Behind.Value = 0 }, []string{"`next` costs the same."}, nil},
		"more accurate": {func(r *eval.Result) { r.Classifiers[1].Accuracy.Value, r.Pairs[0].Diff = 0.8, -0.1 },
			[]string{"`next` is right most often, for 80.0 %: more often than `best` (p = 0.010)"}, nil},
		"not shown to be": {func(r *eval.Result) { r.Classifiers[1].Accuracy.Value, r.Pairs[0].HolmP = 0.8, 0.2 },
			[]string{"that it is more often right than `best` is not shown"}, nil},
		"majority not beaten": {func(r *eval.Result) { r.Classifiers[0].Majority.HolmP = 0.2 }, []string{"commonest tier (50.0 %) is not shown (p = 0.200)"}, nil},
		"below the majority":  {func(r *eval.Result) { r.Classifiers[0].Majority.Diff = -0.1 }, []string{"**`best` is right less often than always picking the commonest tier**"}, nil},
		"skill not shown":     {func(r *eval.Result) { r.Classifiers[0].Shuffled.Skill.Low = -1 }, []string{"That `best` saves by skill is not shown"}, []string{"skill is worth"}},
		"worse than chance": {func(r *eval.Result) {
			r.Classifiers[0].Shuffled.Skill.High = -1
			r.Classifiers[0].Shuffled.Skill.Low = -3
		}, []string{"**`best` does worse than chance**"}, nil},
		"unpriced": {func(r *eval.Result) { r.Unpriced = "tier LOW has no price" }, []string{"**`best` is right most often: 70.0 % of 100 test prompts**", "tier LOW has no price"},
			[]string{"sending everything"}},
		"fewer priced": {func(r *eval.Result) { r.Classifiers[0].Cost.N = 97 }, []string{"Costs are about 97 of them."}, nil},
	} {
		got := verdictOf(t, c.change)
		for _, want := range c.says {
			if !strings.Contains(got, want) {
				t.Errorf("%s: the verdict lacks %q:\n%s", name, want, got)
			}
		}
		for _, bad := range append(c.not, "NaN", "%!") {
			if strings.Contains(got, bad) {
				t.Errorf("%s: the verdict says %q:\n%s", name, bad, got)
			}
		}
	}
}

// A classifier without a cost, and one group of prompts, leave no NaN.
func TestVerdictOnLittle(t *testing.T) {
	run := builtinRun(t, func(_ *pipeline.Config, in *input) {
		for i := range in.Prompts {
			if i%4 != 0 {
				in.Prompts[i].Group = fmt.Sprint("g", i%3)
			}
		}
	})
	if report := markdown(t, run); strings.Contains(report, "NaN") {
		t.Error("the report holds NaN")
	}
}
