package datasets

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// toyPrompts returns n prompts: some alone, some grouped, some with equal
// texts, so that chains of both kinds occur.
func toyPrompts(n int) []Prompt {
	random := rand.New(rand.NewPCG(11, 12))
	prompts := make([]Prompt, n)
	for i := range prompts {
		prompts[i] = Prompt{ID: fmt.Sprintf("p%d", i), Text: fmt.Sprintf("Text %d", random.IntN(2*n)), Tier: "SIMPLE"}
		if random.IntN(3) == 0 {
			prompts[i].Group = fmt.Sprintf("g%d", random.IntN(n))
		}
	}
	return prompts
}

// setOf is prompts that fit into memory.
func setOf(prompts []Prompt) *PromptSet {
	set, err := PromptSetOf(prompts)
	if err != nil {
		panic(err)
	}
	return set
}

func assign(t *testing.T, prompts []Prompt, salt string) *Assignment {
	t.Helper()
	a, err := AssignSplits(setOf(prompts), salt, DefaultShares(), "f", nil)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func splitsByID(prompts []Prompt, a *Assignment) map[string]Split {
	m := map[string]Split{}
	for i, p := range prompts {
		m[p.ID] = a.Splits[i]
	}
	return m
}

// TestSplitFormula compares with values of Python:
//
//	import hashlib
//	def h(s): return int.from_bytes(hashlib.sha256(s.encode()).digest()[:8], "big")
//	def split(salt, key): u = h(salt + "\0" + key) / 2**64; return sum(u >= c for c in (.4, .6, .8))
//	def fold(salt, key): return h(salt + "\0fold\0" + key) % 5
//
// where the key is "group NAME" or
//
//	"text " + hashlib.sha256(" ".join(text.lower().split()).encode()).hexdigest()[:32]
//
// u is beside each row.
func TestSplitFormula(t *testing.T) {
	for _, c := range []struct {
		salt   string
		prompt Prompt
		key    string
		split  Split
		fold   int
	}{
		{"routeproof", Prompt{ID: "1", Text: "x", Group: "alpha"}, "group alpha", Calibrate, 0},                      // 0.6164198601827718
		{"routeproof", Prompt{ID: "2", Text: " Hello\t\nWORLD "}, "text b94d27b9934d3e08a52e52d7da7dabfa", Train, 3}, // 0.34013693670246853
		{"s2", Prompt{ID: "3", Text: "hello world"}, "text b94d27b9934d3e08a52e52d7da7dabfa", Test, 1},               // 0.9571234250348809
		{"", Prompt{ID: "4", Text: "y", Group: "7"}, "group 7", Test, 2},                                             // 0.897897439030734
		{"routeproof", Prompt{ID: "5", Text: "请设计"}, "text aa177207765fb967f35a32aacf9f95a3", Train, 4},              // 0.12055498583921356
	} {
		a := assign(t, []Prompt{c.prompt}, c.salt)
		if a.Groups.Key(0) != c.key || a.Splits[0] != c.split {
			t.Errorf("prompt %s: group %q in %s, expected %q in %s", c.prompt.ID, a.Groups.Key(0), a.Splits[0], c.key, c.split)
		}
		if fold := Fold(c.salt, c.key, 5); fold != c.fold {
			t.Errorf("prompt %s: fold %d, expected %d", c.prompt.ID, fold, c.fold)
		}
	}
}

func TestCutAtShares(t *testing.T) {
	// The first row's u is 0.6164…: shares on either side of it.
	const salt, key, u = "routeproof", "group alpha", 0.6164198601827718
	for _, c := range []struct {
		shares Shares
		want   Split
	}{
		{Shares{u + 1e-9, 0.1, 0.1, 0.1}, Train},
		{Shares{u - 1e-9, 0.1, 0.1, 0.1}, Tune},
		{Shares{0.3, u - 0.3 + 1e-9, 0.1, 0.1}, Tune},
		{Shares{0.3, u - 0.3 - 1e-9, 0.1, 0.1}, Calibrate},
		{Shares{0.2, 0.2, u - 0.4 - 1e-9, 0.1}, Test},
		{Shares{0.5, 0, 0.5, 0}, Calibrate},
		// Sums that rounding left below u: the last split with a share gets the rest.
		{Shares{0.3, 0.3, 0, 0}, Tune},
		{Shares{0.3, 0, 0.3, 0}, Calibrate},
		{Shares{0.6, 0, 0, 0}, Train},
	} {
		if got := c.shares.At(Uniform(salt, key)); got != c.want {
			t.Errorf("shares %v: %s, expected %s", c.shares, got, c.want)
		}
	}
}

func TestSplitIgnoresOrder(t *testing.T) {
	prompts := toyPrompts(400)
	want := splitsByID(prompts, assign(t, prompts, "salt"))
	random := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		random.Shuffle(len(prompts), func(i, j int) { prompts[i], prompts[j] = prompts[j], prompts[i] })
		if diff := cmp.Diff(want, splitsByID(prompts, assign(t, prompts, "salt"))); diff != "" {
			t.Fatalf("the splits depend on the order of rows:\n%s", diff)
		}
	}
}

// TestNewRowsMoveNoOldOnes adds 200 rows, of which some belong to old groups.
func TestNewRowsMoveNoOldOnes(t *testing.T) {
	prompts := toyPrompts(400)
	before := assign(t, prompts, "salt")
	more := slices.Clone(prompts)
	for i := range 200 {
		p := Prompt{ID: fmt.Sprintf("new%d", i), Text: fmt.Sprintf("another text %d", i)}
		switch i % 3 {
		case 0:
			p.Text = prompts[i].Text
		case 1:
			p.Group = fmt.Sprintf("new%d", i%7)
		}
		more = append(more, p)
	}
	after := assign(t, more, "salt")
	if diff := cmp.Diff(before.Splits, after.Splits[:len(prompts)]); diff != "" {
		t.Errorf("old rows moved:\n%s", diff)
	}
	for i := range 200 {
		if i%3 == 0 && after.Splits[len(prompts)+i] != before.Splits[i] {
			t.Errorf("new row %d has the text of row %d but not its split", i, i)
		}
	}
}

func TestSharesCheck(t *testing.T) {
	for _, c := range []struct {
		shares Shares
		want   string // what the error says; empty: none
	}{
		{DefaultShares(), ""},
		{Shares{0.7, 0.1, 0.1, 0.1}, ""},
		{Shares{0.1, 0.2, 0.3, 0.4 + 1e-12}, ""},
		{Shares{0.4, 0.2, 0.2, 0.3}, "shares of train, tune, calibrate and test: expected a sum of 1, found 1.1"},
		{Shares{0.4, 0.2, 0.2, 0.2 - 1e-6}, "expected a sum of 1, found 0.999999"},
		{Shares{0.5, 0.25, 0.25, 0}, "share of test: expected over 0 and below 1, found 0"},
		{Shares{1, 0, 0, 0}, "share of train: expected over 0 and below 1, found 1"},
		{Shares{0.6, -0.2, 0.3, 0.3}, "share of tune: expected over 0 and below 1, found -0.2"},
		{Shares{0.4, 0.2, math.NaN(), 0.2}, "share of calibrate: expected over 0 and below 1, found NaN"},
		{Shares{0.4, 0.2, 0.2, math.Inf(1)}, "share of test: expected over 0 and below 1, found +Inf"},
		{Shares{}, "share of train: expected over 0 and below 1, found 0"},
	} {
		err := c.shares.Check()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%v: %v, expected %q", c.shares, err, c.want)
		}
		if _, assigned := AssignSplits(setOf(nil), "", c.shares, "f", nil); (assigned == nil) != (err == nil) {
			t.Errorf("AssignSplits with %v: %v", c.shares, assigned)
		}
	}
}

func TestSplitNames(t *testing.T) {
	var names []string
	for _, s := range Splits() {
		names = append(names, s.String())
	}
	if diff := cmp.Diff([]string{"train", "tune", "calibrate", "test"}, names); diff != "" {
		t.Error(diff)
	}
}

func TestTierCounts(t *testing.T) {
	got := NewTierCounts()
	for i, tier := range []string{"A", "", "A", "B", ""} {
		got.Add([]Split{Train, Train, Train, Test, Test}[i], tier)
	}
	want := TierCounts{"train": {"A": 2, "NONE": 1}, "tune": {}, "calibrate": {}, "test": {"B": 1, "NONE": 1}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want −, got +:\n%s", diff)
	}
}
