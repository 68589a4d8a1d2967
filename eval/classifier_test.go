package eval

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMargin(t *testing.T) {
	for _, c := range []struct {
		scores []float64
		want   float64
		ok     bool
	}{
		{nil, 0, false},
		{[]float64{1}, 0, false},
		{[]float64{0.25, 1}, 0.75, true},
		{[]float64{1, 0.25}, 0.75, true},
		{[]float64{0.5, 1, 1}, 0, true},
		{[]float64{-1, -0.5, -0.25}, 0.25, true},
		{[]float64{3, 1, 2}, 1, true},
	} {
		if got, ok := (Decision{Scores: c.scores}).Margin(); got != c.want || ok != c.ok {
			t.Errorf("%v: %v, %v, want %v, %v", c.scores, got, ok, c.want, c.ok)
		}
	}
	rng := rand.New(rand.NewPCG(5, 5))
	for range 200 {
		scores := make([]float64, 2+rng.IntN(7))
		for i := range scores {
			scores[i] = float64(rng.IntN(9)) / 8
		}
		sorted := slices.Sorted(slices.Values(scores))
		n := len(sorted)
		if got, _ := (Decision{Scores: scores}).Margin(); got != sorted[n-1]-sorted[n-2] {
			t.Errorf("%v: %v, want %v", scores, got, sorted[n-1]-sorted[n-2])
		}
	}
}

func TestReplay(t *testing.T) {
	requests := requestsOf(testItems(digits("012")))
	r := NewReplay("it", requests, decided(digits("012")))
	if r.Name() != "it" {
		t.Errorf("name %q", r.Name())
	}
	got, err := r.Classify(t.Context(), []Request{requests[2], requests[0], requests[2]})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(decided(digits("202")), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	got, err = r.Classify(t.Context(), []Request{requests[0], {ID: "other"}})
	if got != nil || err == nil || !strings.Contains(err.Error(), `"other"`) || !strings.Contains(err.Error(), "it") {
		t.Errorf("%v, error %v, want none and one that names classifier and prompt", got, err)
	}
}

func TestReplayOfUnequalLengths(t *testing.T) {
	defer func() {
		if got := fmt.Sprint(recover()); got != "eval: requests and decisions differ in length" {
			t.Errorf("panic %q", got)
		}
	}()
	NewReplay("it", requestsOf(testItems(digits("01"))), nil)
}
