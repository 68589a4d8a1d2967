package datasets

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func keysOf(prompts []Prompt) []string {
	groups, err := GroupPrompts(setOf(prompts))
	if err != nil {
		panic(err)
	}
	keys := make([]string, len(prompts))
	for i := range keys {
		keys[i] = groups.Key(i)
	}
	return keys
}

// textKey is the key of a folded text.
func textKey(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "text " + hex.EncodeToString(sum[:16])
}

// withHashes replaces the texts of keys by their hashes.
func withHashes(keys []string) []string {
	out := slices.Clone(keys)
	for i, key := range keys {
		if text, ok := strings.CutPrefix(key, "text "); ok {
			out[i] = textKey(text)
		}
	}
	return out
}

func TestGroupKeys(t *testing.T) {
	for _, c := range []struct {
		name    string
		prompts []Prompt
		want    []string
	}{
		{"nothing", nil, []string{}},
		{"texts alone", []Prompt{{Text: "a"}, {Text: "b"}}, []string{"text a", "text b"}},
		{"case and white space", []Prompt{{Text: "Ab  c"}, {Text: "\tAB\u00a0C\n"}, {Text: "abd"}}, []string{"text ab c", "text ab c", "text abd"}},
		{"what parts words", []Prompt{{Text: "ab c"}, {Text: "abc"}}, []string{"text abc", "text abc"}},
		{"groups", []Prompt{{Text: "a", Group: "g"}, {Text: "b", Group: "g"}, {Text: "c", Group: "G"}}, []string{"group g", "group g", "group G"}},
		{"groups are kept as written", []Prompt{{Text: "a", Group: " g"}, {Text: "b", Group: "g"}}, []string{"group  g", "group g"}},
		{"a chain of group and text", []Prompt{{Text: "x", Group: "1"}, {Text: "X"}, {Text: "z", Group: "1"}}, []string{"group 1", "group 1", "group 1"}},
		{"a text joins groups, the smaller names them", []Prompt{{Text: "x", Group: "b"}, {Text: "y", Group: "c"}, {Text: "X", Group: "c"}, {Text: "q", Group: "a"}},
			[]string{"group b", "group b", "group b", "group a"}},
		{"the chain closes at the end", []Prompt{{Text: "1", Group: "d"}, {Text: "2", Group: "c"}, {Text: "3", Group: "b"}, {Text: "2", Group: "d"}, {Text: "3", Group: "c"}},
			[]string{"group b", "group b", "group b", "group b", "group b"}},
		{"a text like a group's key", []Prompt{{Text: "a", Group: "g"}, {Text: "group g"}}, []string{"group g", "text group g"}},
		{"a group like a text's key", []Prompt{{Text: "b", Group: "text a"}, {Text: "a"}}, []string{"group text a", "text a"}},
		{"no text", []Prompt{{Text: ""}, {Text: " \n"}}, []string{"text ", "text "}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(withHashes(c.want), keysOf(c.prompts)); diff != "" {
				t.Errorf("want −, got +:\n%s", diff)
			}
		})
	}
}

// TestGroupKeysAgainstFlooding compares with repeated passes over all pairs,
// each of which spreads the smaller name, until nothing changes.
func TestGroupKeysAgainstFlooding(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for range 300 {
		prompts := make([]Prompt, 1+random.IntN(14))
		for i := range prompts {
			prompts[i].Text = string(rune('a' + random.IntN(10)))
			if random.IntN(4) > 0 {
				prompts[i].Group = string(rune('a' + random.IntN(8)))
			}
		}
		want := make([]string, len(prompts))
		for i, p := range prompts {
			if want[i] = textKey(p.Text); p.Group != "" {
				want[i] = "group " + p.Group
			}
		}
		for changed := true; changed; {
			changed = false
			for i, p := range prompts {
				for j, q := range prompts {
					if (p.Text == q.Text || p.Group != "" && p.Group == q.Group) && want[i] < want[j] {
						want[j], changed = want[i], true
					}
				}
			}
		}
		if diff := cmp.Diff(want, keysOf(prompts)); diff != "" {
			t.Fatalf("%v: want −, got +:\n%s", prompts, diff)
		}
	}
}

// TestGroupKeysOfLongChains joins 100,000 rows into one group, in orders that
// make trees deep. A quadratic way would take minutes.
func TestGroupKeysOfLongChains(t *testing.T) {
	const n = 50000
	link := func(i, j int) Prompt { return Prompt{Text: fmt.Sprintf("t%06d", j), Group: fmt.Sprintf("g%06d", i)} }
	orders := map[string]func(i int) int{
		"ascending":  func(i int) int { return i },
		"descending": func(i int) int { return n - 1 - i },
		"even, odd":  func(i int) int { return i*2%n + i*2/n }, // n is even
		"scattered":  func(i int) int { return i * 61813 % n }, // 61813 and n have no common factor
	}
	for name, order := range orders {
		t.Run(name, func(t *testing.T) {
			prompts := make([]Prompt, 0, 2*n)
			for i := range n {
				// g(k) meets t(k) and t(k+1): one chain through all.
				k := order(i)
				prompts = append(prompts, link(k, k), link(k, k+1))
			}
			for i, key := range keysOf(prompts) {
				if key != "group g000000" {
					t.Fatalf("row %d has key %q", i, key)
				}
			}
		})
	}
}
