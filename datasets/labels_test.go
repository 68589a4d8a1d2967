package datasets

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestLabelsInAnyOrder tells every prompt of a text with two tiers, whichever
// comes first.
func TestLabelsInAnyOrder(t *testing.T) {
	prompts := []Prompt{
		{ID: "a", Text: "x", Tier: "S"}, {ID: "b", Text: "x", Tier: "S"}, {ID: "c", Text: "X ", Tier: "M"}, {ID: "d", Text: "x", Tier: "S"},
		{ID: "e", Text: "y", Tier: "S"}, {ID: "f", Text: "y", Tier: "S"}, {ID: "g", Text: "z", Tier: "S"}, {ID: "h", Text: "x"}, {ID: "i", Text: " "},
	}
	want := []string{"1 prompts are blank", `texts with more than one tier: 1 (prompts "a", "b", "c", "d")`}
	random := rand.New(rand.NewPCG(1, 1))
	for range 50 {
		random.Shuffle(len(prompts), func(i, j int) { prompts[i], prompts[j] = prompts[j], prompts[i] })
		var labels Labels
		for i := range prompts {
			labels.Add(&prompts[i])
		}
		if got := labels.Warnings(); !slices.Equal(got, want) {
			t.Fatalf("%v: %q, expected %q", prompts, got, want)
		}
	}
}

// TestManyLabels tells the first ten ids and the number of the others, in any
// order, and does not keep the others.
func TestManyLabels(t *testing.T) {
	const n = 100_000
	for _, step := range []int{1, n - 1} { // forwards, backwards
		var labels Labels
		for i := range n {
			k := i * step % n
			p := Prompt{ID: fmt.Sprintf("%05d", k), Text: fmt.Sprint(k % 2), Tier: []string{"S", "M", "S"}[k%3]}
			labels.Add(&p)
		}
		want := `texts with more than one tier: 2 (prompts "00000", "00001", "00002", "00003", "00004", "00005", "00006", "00007", "00008", "00009" and 99990 more)`
		if got := labels.Warnings(); !slices.Equal(got, []string{want}) {
			t.Errorf("%q, expected %q", got, want)
		}
		for _, of := range labels.again {
			if cap(of.ids) > 4*shownIDs {
				t.Errorf("%d ids are kept", cap(of.ids))
			}
		}
	}
}
