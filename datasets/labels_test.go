package datasets

import (
	"fmt"
	"math/rand/v2"
	"os"
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
			if err := labels.Add(&prompts[i]); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := labels.Warnings(); err != nil || !slices.Equal(got, want) {
			t.Fatalf("%v: %q, expected %q", prompts, got, want)
		}
	}
}

// TestManyLabels tells the first ten ids and the number of the others, in any
// order.
func TestManyLabels(t *testing.T) {
	const n = 100_000
	for _, step := range []int{1, n - 1} { // forwards, backwards
		var labels Labels
		for i := range n {
			k := i * step % n
			p := Prompt{ID: fmt.Sprintf("%05d", k), Text: fmt.Sprint(k % 2), Tier: []string{"S", "M", "S"}[k%3]}
			if err := labels.Add(&p); err != nil {
				t.Fatal(err)
			}
		}
		want := `texts with more than one tier: 2 (prompts "00000", "00001", "00002", "00003", "00004", "00005", "00006", "00007", "00008", "00009" and 99990 more)`
		if got, err := labels.Warnings(); err != nil || !slices.Equal(got, []string{want}) {
			t.Errorf("%q, expected %q: %v", got, want, err)
		}
		if err := labels.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Labels beyond memory are told as others are.
func TestLabelsBeyondMemory(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	var labels Labels
	const n = 200_000 // of some 64 bytes
	for i := range n {
		tier := "S"
		if i == n-3 {
			tier = "M"
		}
		if err := labels.Add(&Prompt{ID: fmt.Sprintf("prompt-%06d", i), Text: fmt.Sprint(i % (n - 10)), Tier: tier}); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{`texts with more than one tier: 1 (prompts "prompt-000007", "prompt-199997")`}
	if got, err := labels.Warnings(); err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, expected %q: %v", got, want, err)
	}
	if err := labels.Close(); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("%v are left: %v", left, err)
	}
}
