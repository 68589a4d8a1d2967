package gate

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/routeproof/routeproof/datasets"
)

// Bad rows are all told, and no side comes of them.
func TestNewSideRefuses(t *testing.T) {
	nan := math.NaN()
	for name, c := range map[string]struct {
		break_ func([]datasets.Prediction) []datasets.Prediction
		want   []string // of each problem
	}{
		"twice": {func(r []datasets.Prediction) []datasets.Prediction { return append(r, r[1]) },
			[]string{`7: id: "p000001" by classifier "x" (repeat 0) stands in row 2 already`}},
		"no rows":   {func([]datasets.Prediction) []datasets.Prediction { return nil }, []string{"no predictions"}},
		"NaN score": {func(r []datasets.Prediction) []datasets.Prediction { r[2].Scores = []float64{1, nan, 0, 0}; return r }, []string{"3: scores: expected finite numbers, found NaN for MEDIUM"}},
		"infinite score": {func(r []datasets.Prediction) []datasets.Prediction {
			r[2].Scores = []float64{1, 0, 0, math.Inf(1)}
			return r
		}, []string{"scores"}},
		"three scores": {func(r []datasets.Prediction) []datasets.Prediction { r[2].Scores = []float64{1, 0, 0}; return r }, []string{"expected 4, one a tier, found 3"}},
		"several": {func(r []datasets.Prediction) []datasets.Prediction {
			r[0].Confidence, r[1].Confidence, r[2].CostUSD = known(nan), known(1.1), known(-1)
			r[3].Tier, r[4].Predicted, r[5].ID = "MEDUIM", "", ""
			return r
		}, []string{"1: confidence", "2: confidence", "3: cost_usd", `4: tier: expected one of SIMPLE, MEDIUM, COMPLEX, FRONTIER, found "MEDUIM" (did you mean "MEDIUM"?)`, "5: predicted", "6: id"}},
		"unlabelled": {func(r []datasets.Prediction) []datasets.Prediction { r[0].Tier = "NONE"; return r }, []string{"1: tier"}},
		"no name":    {func(r []datasets.Prediction) []datasets.Prediction { r[0].Classifier = ""; return r }, []string{"1: classifier"}},
		"two truths": {func(r []datasets.Prediction) []datasets.Prediction {
			return append(r, datasets.Prediction{ID: r[0].ID, Classifier: "y", Tier: "FRONTIER", Predicted: "SIMPLE"})
		}, []string{`7: tier: "p000000" has "FRONTIER" here and "SIMPLE" in row 1`}},
		"two domains": {func(r []datasets.Prediction) []datasets.Prediction {
			return append(r, datasets.Prediction{ID: r[0].ID, Classifier: "y", Tier: "SIMPLE", Predicted: "SIMPLE", Domain: "law", Group: "g"})
		}, []string{"7: domain", "7: group"}},
		"lone repeat": {func(r []datasets.Prediction) []datasets.Prediction {
			again := r[0]
			again.Repeat = 1
			return append(r, again)
		}, []string{"repeat", "repeat", "repeat", "repeat", "repeat"}},
	} {
		in := c.break_(rows("x", "SMCFSM", "SMCFSM"))
		var told []string
		s := source("file")
		s.Each = func(p datasets.Problem) { told = append(told, p.String()) }
		_, err := NewSide(s, func(visit func(*datasets.Prediction) error) error {
			for i := range in {
				if err := visit(&in[i]); err != nil {
					return err
				}
			}
			return nil
		})
		var content *datasets.ContentError
		if !errors.As(err, &content) || content.Total != len(c.want) || len(told) != len(c.want) {
			t.Errorf("%s: %v, told %q", name, err, told)
			continue
		}
		for i, want := range c.want {
			if !strings.Contains(told[i], want) {
				t.Errorf("%s: %q lacks %q", name, told[i], want)
			}
		}
	}
	failed := errors.New("disk")
	if _, err := NewSide(source("file"), func(func(*datasets.Prediction) error) error { return failed }); err != failed {
		t.Errorf("%v", err)
	}
}

// A run's folder has rows of two kinds; the out-of-fold ones are taken alone.
func TestOutOfFold(t *testing.T) {
	final, folded := rows("x", "SMCF", "SSSS"), rows("x", "SMCF", "SMCF")
	for i := range folded {
		folded[i].Fold = datasets.Known(i)
	}
	s := source("run")
	s.OutOfFold = true
	side := sideOf(t, s, append(final, folded...))
	var picks []int8
	for _, p := range promptsOf(t, side) {
		for _, d := range p.of(side.classifier("x").number) {
			picks = append(picks, d.pick)
		}
	}
	if !slices.Equal(picks, []int8{0, 1, 2, 3}) || side.N() != 4 {
		t.Errorf("%v", picks)
	}
	fitted := sideOf(t, s, slices.Concat(final, folded, rows("fitted", "SMCF", "SMCF")))
	v := decide(t, fitted, fitted, Rules{}, nil)
	if len(v.Warnings) != 2 || !strings.Contains(v.Warnings[0], `"fitted" has no out-of-fold predictions in the baseline`) {
		t.Errorf("%q", v.Warnings)
	}
	if v = decide(t, fitted, fitted, Rules{Classifiers: []string{"fitted"}}, nil); v.Outcome != Invalid {
		t.Errorf("%s", v.Why)
	}
	_, err := NewSide(s, func(visit func(*datasets.Prediction) error) error { return visit(&final[0]) })
	if err == nil || !strings.Contains(err.Error(), "no row of 1 has a fold") {
		t.Errorf("%v", err)
	}
}

// promptsOf reads all prompts of a side.
func promptsOf(t testing.TB, s *Side) []*prompt {
	t.Helper()
	var out []*prompt
	cursor := s.cursor(nil)
	for {
		p, err := cursor.next()
		if err != nil {
			t.Fatal(err)
		}
		if p == nil {
			return out
		}
		again := new(prompt)
		s.read(again, bytes.Clone(p.raw), nil)
		out = append(out, again)
	}
}
