package datasets

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
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

// worded are prompts of few texts, some equal but for case and some near
// others, some of few groups.
func worded(random *rand.Rand, n int) []Prompt {
	prompts := make([]Prompt, n)
	for i := range prompts {
		p := &prompts[i]
		p.ID = fmt.Sprint("p", i)
		p.Text = fmt.Sprintf("What do the %c of the old town say?", 'a'+random.IntN(4))
		if random.IntN(3) == 0 {
			p.Text = fmt.Sprintf("text %c", 'a'+random.IntN(20))
		}
		if random.IntN(3) == 0 {
			p.Text = strings.ToUpper(p.Text)
		}
		if random.IntN(4) == 0 {
			p.Group = string(rune('a' + random.IntN(12)))
		}
	}
	return prompts
}

// Exact groups are those that spreading the first prompt to all that share its text or
// name comes to, and near ones are whole groups of these.
func TestExactGroupsAgainstFlooding(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	joined := 0
	for range 300 {
		prompts := worded(random, 1+random.IntN(40))
		groups, err := GroupPrompts(setOf(prompts))
		if err != nil {
			t.Fatal(err)
		}
		first := make([]int, len(prompts))
		for i := range first {
			first[i] = i
		}
		for changed := true; changed; {
			changed = false
			for i, p := range prompts {
				for j, q := range prompts {
					if (strings.EqualFold(p.Text, q.Text) || p.Group != "" && p.Group == q.Group) && first[i] < first[j] {
						first[j], changed = first[i], true
					}
				}
			}
		}
		number, near, last := map[int]int32{}, map[int32]int32{}, int32(-1)
		for i, f := range first {
			if _, seen := number[f]; !seen {
				number[f] = int32(len(number))
			}
			exact, group := groups.Exact[i], groups.Near[i]
			if exact != number[f] {
				t.Fatalf("%v: exact groups %v, prompt %d is like prompt %d", prompts, groups.Exact, i, f)
			}
			if other, seen := near[exact]; seen && other != group || group > last+1 {
				t.Fatalf("%v: near groups %v, exact %v", prompts, groups.Near, groups.Exact)
			}
			near[exact], last = group, max(last, group)
		}
		if groups.Len() != int(last)+1 {
			t.Fatalf("%d near groups, expected %d", groups.Len(), last+1)
		}
		joined += len(number) - groups.Len()
		only, err := NearEach(func(take func(*Prompt)) error {
			for i := range prompts {
				take(&prompts[i])
			}
			return nil
		})
		if err != nil || !slices.Equal(only, groups.Near) {
			t.Fatalf("alone %v (%v), with the others %v", only, err, groups.Near)
		}
	}
	if joined == 0 {
		t.Error("no exact groups were near each other")
	}
}

// A grouper that has no set of prompts to ask tells of them as one that has.
func TestGrouperKeepsIDsOfSplits(t *testing.T) {
	prompts := columnPrompts(3, "train", "test", "")
	prompts[5].Text = prompts[0].Text
	prompts[4].Text = prompts[0].Text
	problems := func(groups *Groups, err error) (told []string) {
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = groups.Assign("salt", DefaultShares(), "f", func(p Problem) { told = append(told, p.String()) })
		if err == nil {
			t.Error("no error")
		}
		return told
	}
	g := NewGrouper()
	for _, take := range []func(*Prompt){g.Count, g.Group} {
		for i := range prompts {
			p := prompts[i]
			take(&p)
		}
	}
	if diff := cmp.Diff(problems(GroupPrompts(setOf(prompts))), problems(g.Groups())); diff != "" {
		t.Errorf("set −, grouper +:\n%s", diff)
	}
}

// A second pass over other texts is an error, and no temporary file is left of it, nor
// of a grouper that is closed.
func TestGrouperLeavesNothing(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	const n = 100_000 // whose sketches are not all in memory
	counted := func() *Grouper {
		g := NewGrouper()
		for i := range n {
			g.Count(&Prompt{Text: fmt.Sprint("text ", i)})
		}
		for i := range n {
			g.Group(&Prompt{Text: fmt.Sprint("text ", i)})
		}
		return g
	}
	g := counted()
	g.Group(&Prompt{Text: "another"})
	if _, err := g.Groups(); err == nil {
		t.Error("a text that was not counted, and no error")
	}
	g = counted()
	for range 2 {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("%v, %v is left", err, left)
	}
}

// TestGroupsInBoundedMemory measures what documentation says of a prompt.
func TestGroupsInBoundedMemory(t *testing.T) {
	const n = 200_000
	texts := make([]string, n)
	for i := range texts {
		texts[i] = fmt.Sprint("text ", i)
	}
	for nearOnly, bytes := range map[bool]float64{false: 28, true: 4} {
		before := live()
		g := NewGrouper()
		g.nearOnly = nearOnly
		for _, take := range []func(*Prompt){g.Count, g.Group} {
			for i := range texts {
				take(&Prompt{Text: texts[i]})
			}
		}
		if grown := float64(live()) - float64(before) - nearSketches; grown > (bytes+32)*n {
			t.Errorf("near alone %t: a prompt takes %.1f bytes in the second pass", nearOnly, grown/n)
		}
		groups, err := g.Groups()
		if err != nil {
			t.Fatal(err)
		}
		g = nil
		if grown := float64(live()) - float64(before); grown > (bytes+4)*n {
			t.Errorf("near alone %t: a prompt takes %.1f bytes at the end", nearOnly, grown/n)
		}
		runtime.KeepAlive(groups)
	}
	runtime.KeepAlive(texts)
}

// A second pass over more prompts than the first is an error.
func TestGroupMoreThanCounted(t *testing.T) {
	g := NewGrouper()
	defer g.Close()
	g.Count(&Prompt{ID: "1", Text: "a question"})
	for i, group := range []string{"", "", "g"} {
		g.Group(&Prompt{ID: fmt.Sprint(i), Text: fmt.Sprintf("question %d of many", i), Group: group})
	}
	if _, err := g.Groups(); err == nil {
		t.Error("no error")
	}
}
