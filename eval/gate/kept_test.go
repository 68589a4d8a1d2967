package gate

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"testing"

	"github.com/routeproof/routeproof/datasets"
)

// A confidence that changed is a change, also where the answer did not.
func TestConfidenceAloneChanges(t *testing.T) {
	base, cand := rows("x", strings.Repeat("SM", 200), strings.Repeat("SM", 200)), rows("x", strings.Repeat("SM", 200), strings.Repeat("SM", 200))
	for i := range base {
		base[i].Confidence, cand[i].Confidence = known(0.9), known(0.9)
	}
	cand[7].Confidence = known(0.1)
	g := gateOf(t, decide(t, sideOf(t, source("a"), base), sideOf(t, source("b"), cand), Rules{ECE: Margin{On: true}}, nil), "ece")
	if g.Identical || g.Candidate == g.Baseline || g.N != 400 {
		t.Errorf("%+v", g)
	}
}

// Wrong answers without a confidence or scores come last of their kind, and of those that
// became right it is the baseline's answer that was wrong.
func TestFlipsByTheWrongAnswer(t *testing.T) {
	base, cand := rows("x", "SSSSSS", "SSSMMM"), rows("x", "SSSSSS", "MMMSSS")
	for i, sure := range []float64{0.2, math.NaN(), 0.7, 0.3, math.NaN(), 0.6} {
		wrong, right := &cand[i], &base[i]
		if i >= 3 {
			wrong, right = right, wrong
		}
		if !math.IsNaN(sure) {
			wrong.Confidence = known(sure)
		}
		right.Confidence = known(1 - 0.1*float64(i))
	}
	var got []string
	for _, f := range allFlips(t, decide(t, sideOf(t, source("a"), base), sideOf(t, source("b"), cand), Rules{}, nil).Classifiers[0].Flips) {
		got = append(got, f.ID[6:])
	}
	if want := "2 0 1 5 3 4"; strings.Join(got, " ") != want {
		t.Errorf("%s, want %s", strings.Join(got, " "), want)
	}
}

// A prompt's length is what its first row says, and a length that only others say is no
// slice. Each length is gated over its own prompts.
func TestLengthOfThePrompt(t *testing.T) {
	var all, worse []datasets.Prediction
	for _, name := range []string{"x", "y"} {
		for i, p := range rows(name, strings.Repeat("S", 300), strings.Repeat("S", 300)) {
			p.PromptRunes = datasets.Known([]int{10, 300, 5000}[i%3])
			if name == "y" && i == 5 {
				p.PromptRunes = datasets.Known(700)
			}
			all = append(all, p)
			if i%3 == 1 {
				p.Predicted = "MEDIUM"
			}
			worse = append(worse, p)
		}
	}
	rules := Rules{Slices: []Slice{{Length, "*"}}, Floors: []Floor{{Metric: Accuracy, Value: 0.5, Slice: &Slice{Length, "*"}}}}
	v := decide(t, sideOf(t, source("a"), all), sideOf(t, source("b"), worse), rules, nil)
	for _, c := range v.Classifiers {
		slices, fell := 0, 0
		for _, g := range c.Gates {
			if g.Slice == nil {
				continue
			}
			if slices++; g.N != 100 {
				t.Errorf("%s of %s: %d prompts", g.Name, g.Slice.Name, g.N)
			}
			if g.Candidate == 0 {
				fell++
			}
		}
		if slices != 6 || fell != 2 {
			t.Errorf("%s: %d gates of slices, %d of which fell", c.Name, slices, fell)
		}
	}
}

// Own costs of prompts that are not compared are not looked at.
func TestOwnCostsElsewhere(t *testing.T) {
	base, cand := withTokens(rows("x", strings.Repeat("SM", 50), strings.Repeat("SM", 50))), withTokens(rows("x", strings.Repeat("SM", 50), strings.Repeat("SM", 50)))
	base[3].CostUSD, cand[3].Tier = known(0.1), "COMPLEX"
	c := compared(t, sideOf(t, source("a"), base), sideOf(t, source("b"), cand), priced(), 0)
	if x := c.Classifiers[0]; x.N != 99 || x.Cost == nil || x.Cost.N != 99 || x.Cost.Classify.Defined() {
		t.Errorf("%+v, %+v", x, x.Cost)
	}
}

// Flips are those of their classifier in whatever order classifiers stand, by several
// readers at once, and none is read of a closed verdict without an error.
func TestFlipsByClassifier(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	for _, near := range []int{0, 100} {
		s := source("a")
		s.near = near
		v := decide(t, sideOf(t, s, wild(rng, 200, 3, 1, 0.8)), sideOf(t, s, wild(rng, 200, 3, 1, 0.6)), Rules{}, nil)
		want := map[string]string{}
		for _, c := range v.Classifiers {
			want[c.Name] = fmt.Sprint(allFlips(t, c.Flips))
		}
		v.Classifiers[0], v.Classifiers[2] = v.Classifiers[2], v.Classifiers[0]
		var wait sync.WaitGroup
		for range 4 {
			wait.Go(func() {
				got := make([][]Flip, 3)
				if err := v.EachFlip(func(i int, f Flip) error { got[i] = append(got[i], f); return nil }); err != nil {
					t.Error(err)
				}
				for i, c := range v.Classifiers {
					if fmt.Sprint(got[i]) != want[c.Name] || len(got[i]) != c.Flips.Len() || len(got[i]) == 0 {
						t.Errorf("%s: %d flips, or others", c.Name, len(got[i]))
					}
				}
			})
		}
		wait.Wait()
		stop := errors.New("stop")
		if err := v.EachFlip(func(int, Flip) error { return stop }); err != stop {
			t.Errorf("%v", err)
		}
		if err := v.Close(); err != nil {
			t.Fatal(err)
		}
		if err := v.EachFlip(func(int, Flip) error { return nil }); err == nil {
			t.Error("flips of a closed verdict")
		}
		if text, err := v.Classifiers[1].Flips.MarshalJSON(); err == nil {
			t.Errorf("flips of a closed verdict: %s", text)
		}
	}
}

// What fails for one classifier fails as a whole, and nothing goes on once it is
// cancelled; no file stays open of anything.
func TestFailures(t *testing.T) {
	files := func() int {
		open, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Skipf("open files cannot be counted: %v", err)
		}
		return len(open)
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // which would close files too
	before := files()
	s := source("a")
	s.near = 100
	rng := rand.New(rand.NewPCG(8, 8))
	base, cand := withTokens(wild(rng, 300, 3, 1, 0.8)), withTokens(wild(rng, 300, 3, 1, 0.6))
	for i := range base {
		base[i].Group = base[i].ID[:6]
	}
	a, b := sideOf(t, s, base), sideOf(t, s, cand)
	c := &check{base: a, cand: b, names: [2]string{"A", "B"}, gates: true, rules: everything(), costs: priced()}
	if err := c.join(context.Background(), c.gated()); err != nil {
		t.Fatal(err)
	}
	pairs := c.pairs()
	failed := errors.New("one fails")
	_, err := each(context.Background(), c, pairs, func(p *pair) (int, error) {
		if p == pairs[1] {
			return 0, failed
		}
		return 0, nil
	})
	if !errors.Is(err, failed) {
		t.Errorf("%v", err)
	}
	if err := c.flips.Close(); err != nil {
		t.Error(err)
	}
	// Cancelled while it is under way, from the first look on.
	for looks := range 3 {
		ctx := &later{Context: context.Background(), looks: looks}
		if v, err := Decide(ctx, a, b, everything(), priced()); !errors.Is(err, context.Canceled) {
			t.Errorf("after %d looks: %v, %v", looks, v, err)
		}
		ctx = &later{Context: context.Background(), looks: looks}
		if v, err := Compare(ctx, a, b, priced(), 0, 1); !errors.Is(err, context.Canceled) {
			t.Errorf("after %d looks: %v, %v", looks, v, err)
		}
	}
	v := decide(t, a, b, everything(), priced())
	// Rows that contradict others make no side.
	base[0].Tier = map[bool]string{true: "MEDIUM", false: "SIMPLE"}[base[0].Tier == "SIMPLE"]
	if _, err := NewSide(s, func(visit func(*datasets.Prediction) error) error {
		for i := range base {
			if err := visit(&base[i]); err != nil {
				return err
			}
		}
		return nil
	}); err == nil {
		t.Error("no error")
	}
	if err := errors.Join(v.Close(), a.Close(), b.Close()); err != nil {
		t.Error(err)
	}
	if after := files(); after != before {
		t.Errorf("%d files are open, %d before", after, before)
	}
}

// later is cancelled once it was looked at so often.
type later struct {
	context.Context
	mutex sync.Mutex
	looks int
}

func (l *later) Err() error {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.looks--; l.looks < 0 {
		return context.Canceled
	}
	return nil
}
