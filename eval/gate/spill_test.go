package gate

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/datasets"
)

// Verdicts and comparisons are the same, to the byte, where decisions are in a
// temporary file, of which nothing is left.
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
			if spilled := left.decisions.Len() > int64(max(near, nearBytes)); near == 0 && spilled {
				t.Fatal("the usual limit was passed")
			}
			got := [2]string{written(t, decide(t, left, right, everything(), priced()))}
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
			for _, s := range []*Side{left, right, fewer} {
				if err := s.Close(); err != nil {
					t.Error(err)
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
	if err == nil {
		t.Error("no error")
	}
}

// A classifier's decisions are kept in full whatever else is: scores of another
// that has none, and a temporary file that is gone when they are read.
func TestScoresOfSome(t *testing.T) {
	all := rows("x", "SMCF", "SSSS")
	with := rows("y", "SMCF", "SSSS")
	with[2].Scores = []float64{4, 3, 2, 1}
	s := sideOf(t, source("a"), append(all, with...))
	for name, want := range map[string]int{"x": 0, "y": 1} {
		c, err := s.load(s.stored(name), nil)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for at := range c.predicted {
			scores, err := c.scoresAt(at)
			if err != nil {
				t.Fatal(err)
			}
			if scores != nil {
				if n++; scores[0] != 4 || scores[3] != 1 || len(scores) != centroids.DefaultTiers().Len() {
					t.Errorf("%v", scores)
				}
			}
		}
		if n != want {
			t.Errorf("%s: %d decisions with scores, want %d", name, n, want)
		}
	}
}
