package gate

import (
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
)

// Verdicts and comparisons are the same, to the byte, where rows, prompts, what is
// gathered of them, and flips are in temporary files, of which nothing is left.
func TestSpilled(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	for _, repeats := range []int{1, 3} {
		rng := rand.New(rand.NewPCG(uint64(repeats), 5))
		base, cand := withTokens(wild(rng, 400, 3, repeats, 0.8)), withTokens(wild(rng, 400, 3, repeats, 0.7))
		for i := range base {
			base[i].Group = fmt.Sprint(len(base[i].ID), base[i].ID[:6])
			cand[i].Group = base[i].Group
		}
		rng.Shuffle(len(cand), func(i, j int) { cand[i], cand[j] = cand[j], cand[i] })
		other := cand[:0:0] // lacks some prompts
		for _, p := range cand {
			if p.ID >= "p000100" {
				other = append(other, p)
			}
		}
		var want [2]string
		for _, near := range []int{0, 1, 5000} {
			a, b := source("a"), source("b")
			a.near, b.near = near, near
			left, right, fewer := sideOf(t, a, base), sideOf(t, b, cand), sideOf(t, b, other)
			if spilled := left.prompts.Len() > int64(max(near, nearBytes)); near == 0 && spilled {
				t.Fatal("the usual limit was passed")
			}
			v := decide(t, left, right, everything(), priced())
			got := [2]string{written(t, v)}
			c, err := Compare(context.Background(), left, fewer, priced(), 1000, 3)
			if err != nil {
				t.Fatal(err)
			}
			got[1] = asJSON(t, c)
			if near == 0 {
				want = got
			}
			if got != want {
				t.Errorf("%d repeats, %d bytes in memory: another verdict or comparison", repeats, near)
			}
			for _, s := range []io.Closer{left, right, fewer, v, c} {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}
			for f, err := range v.Classifiers[0].Flips.All() {
				if near == 1 && err == nil {
					t.Errorf("%s was read of a closed verdict", f.ID)
				}
			}
		}
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("%v are left: %v", left, err)
	}
}

// Without a place for a temporary file that is the error, from rows on.
func TestNoTemporary(t *testing.T) {
	t.Setenv("TMPDIR", "/nowhere/at/all")
	s := source("a")
	s.near = 1
	rows := rows("x", "SMCF", "SSSS")
	_, err := NewSide(s, func(visit func(*datasets.Prediction) error) error {
		for range 200 {
			for i := range rows {
				rows[i].ID += "x"
				if err := visit(&rows[i]); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), "keeping rows in a temporary file") {
		t.Errorf("%v", err)
	}
}

// Prompts that cannot be read back are an error of whatever needs them.
func TestLostPrompts(t *testing.T) {
	s := source("a")
	s.near = 1
	side := sideOf(t, s, withTokens(wild(rand.New(rand.NewPCG(1, 1)), 100, 3, 1, 0.8)))
	other := sideOf(t, source("b"), withTokens(wild(rand.New(rand.NewPCG(2, 1)), 100, 3, 1, 0.8)))
	if err := side.Close(); err != nil {
		t.Fatal(err)
	}
	for _, sides := range [][2]*Side{{side, other}, {other, side}} {
		if v, err := Decide(context.Background(), sides[0], sides[1], everything(), priced()); err == nil {
			t.Errorf("%s", v.Why)
		}
		if c, err := Compare(context.Background(), sides[0], sides[1], priced(), 0, 1); err == nil {
			t.Errorf("%+v", c)
		}
	}
}

// However many classifiers there are, and however few records of each, memory holds
// no more than it may, and rows are told by their numbers.
func TestManyClassifiers(t *testing.T) {
	const classifiers, each = 700, 37
	s := source("a")
	s.near = 50_000
	var told []datasets.Problem
	s.Each = func(p datasets.Problem) { told = append(told, p) }
	row := func(k, i int) datasets.Prediction {
		return datasets.Prediction{
			ID: fmt.Sprintf("p%03d", (i*5+k)%each), Classifier: fmt.Sprint("c", k), Tier: "SIMPLE", Predicted: centroids.DefaultTiers().Names()[(i*5+k)%each%4],
			Confidence: datasets.Known(float64(k) / classifiers),
		}
	}
	scan := func(copies ...int) func(visit func(*datasets.Prediction) error) error {
		return func(visit func(*datasets.Prediction) error) error {
			for i := range each {
				for k := range classifiers {
					p := row(k, i)
					if err := visit(&p); err != nil {
						return err
					}
				}
			}
			for _, n := range copies { // of rows, numbered from 1
				p := row((n-1)%classifiers, (n-1)/classifiers)
				if err := visit(&p); err != nil {
					return err
				}
			}
			return nil
		}
	}
	side, err := NewSide(s, scan())
	if err != nil {
		t.Fatal(err)
	}
	defer side.Close()
	for i, p := range promptsOf(t, side) {
		for k := range classifiers {
			of := p.of(side.classifier(fmt.Sprint("c", k)).number)
			if len(of) != 1 || of[0].pick != int8(i%4) || of[0].confidence != float64(k)/classifiers {
				t.Fatalf("classifier %d, prompt %d: %+v", k, i, of)
			}
		}
	}
	v := decide(t, side, side, Rules{}, nil)
	defer v.Close()
	if len(v.Classifiers) != classifiers || v.Outcome == Invalid {
		t.Errorf("%d classifiers, %s", len(v.Classifiers), v.Why)
	}
	for _, c := range v.Classifiers {
		if c.N != each || !c.Identical {
			t.Errorf("%+v", c)
		}
	}
	const rows = classifiers * each
	if _, err := NewSide(s, scan(9_000, 1, rows)); err == nil {
		t.Fatal("no error")
	}
	var got []string
	for _, p := range told {
		got = append(got, fmt.Sprint(p.Line, " ", p.Reason[strings.Index(p.Reason, "row "):][:len("row 25900")]))
	}
	slices.Sort(got)
	if want := []string{"25901 row 9000 ", "25902 row 1 alr", "25903 row 25900"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// What rows say of their prompts goes with these when they are sorted; of repeats
// the first counts where one is shown, and a prompt fails once.
func TestSorted(t *testing.T) {
	var all []datasets.Prediction
	for i := 19; i >= 0; i-- {
		for r := 2; r >= 0; r-- {
			p := datasets.Prediction{
				ID: fmt.Sprintf("p%02d", i), Classifier: "x", Tier: "SIMPLE", Predicted: "SIMPLE", Repeat: r, Confidence: datasets.Known(float64(r) / 10),
				PromptRunes: datasets.Known(40 * i), PromptTokens: datasets.Known(100*i + r),
			}
			if i%7 == 0 && r > 0 {
				p.Error = "timeout"
			}
			all = append(all, p)
		}
	}
	s := sideOf(t, source("a"), all)
	c := s.classifier("x")
	if c.n != 20 || c.repeats != 3 || c.failures != 3 {
		t.Errorf("%+v", c)
	}
	for i, p := range promptsOf(t, s) {
		if got, want := s.length.Name(p.length), eval.LengthName(40*i); got != want || p.tokens != int32(100*i+2) || string(p.id) != fmt.Sprintf("p%02d", i) {
			t.Errorf("%s: length %q, want %q, %d tokens", p.id, got, want, p.tokens)
		}
		for r, d := range p.of(c.number) {
			if d.confidence != float64(r)/10 {
				t.Errorf("%s: repeat %d has confidence %v", p.id, r, d.confidence)
			}
		}
		if failed(p.of(c.number)) != (i%7 == 0) {
			t.Errorf("%s failed: %t", p.id, failed(p.of(c.number)))
		}
	}
}

// Groups are what they are one by one.
func TestConfusionTableOfGroups(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 9))
	base, cand := wild(rng, 300, 1, 3, 0.7), wild(rng, 300, 1, 3, 0.7)
	for i := range base {
		base[i].Group = fmt.Sprint(int(base[i].ID[6]-'0')%4*100 + int(base[i].ID[5]-'0'))
		cand[i].Group = base[i].Group
	}
	p := pairOf(t, base, cand)
	prompts := map[string]map[string][2][]string{} // by group and id: picks
	for side, rows := range [][]datasets.Prediction{base, cand} {
		for _, r := range rows {
			of := prompts[r.Group]
			if of == nil {
				of = map[string][2][]string{}
				prompts[r.Group] = of
			}
			tier := func(name string) string { return string(rune(slices.Index(centroids.DefaultTiers().Names(), name))) }
			picks := of[tier(r.Tier)+r.ID]
			picks[side] = append(picks[side], tier(r.Predicted))
			of[tier(r.Tier)+r.ID] = picks
		}
	}
	want := map[string]int{}
	for _, of := range prompts {
		var all []string
		for id, picks := range of {
			key := id[:1]
			for _, side := range picks {
				slices.Sort(side)
				key += strings.Join(side, "")
			}
			all = append(all, key)
		}
		slices.Sort(all)
		want[strings.Join(all, "")]++
	}
	keys, counts := p.confusionTable()
	got := map[string]int{}
	for i, key := range keys {
		got[key] = counts[i]
	}
	if p.units != 40 || !maps.Equal(got, want) {
		t.Errorf("%d groups, %d patterns, want %d", p.units, len(got), len(want))
	}
}

// A classifier's decisions are kept in full whatever else is: scores of another
// that has none.
func TestScoresOfSome(t *testing.T) {
	all := rows("x", "SMCF", "SSSS")
	with := rows("y", "SMCF", "SSSS")
	with[2].Scores = []float64{4, 3, 2, 1}
	s := sideOf(t, source("a"), append(all, with...))
	for i, p := range promptsOf(t, s) {
		if d := p.of(s.classifier("x").number)[0]; d.scores != nil {
			t.Errorf("%v", d.scores)
		}
		if d := p.of(s.classifier("y").number)[0]; i == 2 != slices.Equal(d.scores, with[2].Scores) || i != 2 && d.scores != nil {
			t.Errorf("%d: %v", i, d.scores)
		}
	}
}
