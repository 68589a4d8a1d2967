package datasets

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// variedPrompts have every field, in no order of ids, and a text longer than a block.
func variedPrompts(n int) []Prompt {
	prompts := make([]Prompt, n)
	for i := range prompts {
		prompts[i] = Prompt{
			ID: fmt.Sprint((i*7919 + 5) % n), Text: strings.Repeat("Grüße ", i%400) + fmt.Sprint(i), Tier: []string{"A", "B", ""}[i%3], AltTier: []string{"", "B"}[i%2],
			Domain: fmt.Sprint("domain ", i%11), Language: "de", Group: fmt.Sprint("group ", i/2), Split: "train", TaskType: "general",
			Reference: strings.Repeat("r", i%300), Schema: "{}", Source: "here", Licence: "MIT",
		}
	}
	prompts[0] = Prompt{ID: "0x", Text: strings.Repeat("long ", blockRow)}
	prompts[1] = Prompt{ID: " "}
	return prompts
}

// bySpill returns the prompts with all but a little in a temporary file, which is in
// the folder returned for as long as the system shows it.
func bySpill(t *testing.T, prompts []Prompt) (*PromptSet, string) {
	t.Helper()
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	s := NewPromptSet()
	s.kept.Limit = 3 * blockRow
	for i := range prompts {
		if err := s.Add(&prompts[i]); err != nil {
			t.Fatal(err)
		}
	}
	if int(s.kept.Len()) < 10*blockRow {
		t.Fatalf("%d bytes: too few to be in a file", s.kept.Len())
	}
	return s, folder
}

func TestPromptSetKeepsRows(t *testing.T) {
	prompts := variedPrompts(3000)
	far, _ := bySpill(t, prompts)
	defer far.Close()
	for name, s := range map[string]*PromptSet{"near": setOf(prompts), "far": far} {
		var got []Prompt
		if err := s.Each(func(i int, p *Prompt) error {
			if i != len(got) {
				t.Fatalf("%s: prompt %d in place %d", name, i, len(got))
			}
			got = append(got, *p)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(prompts, got); diff != "" {
			t.Fatalf("%s: want −, got +:\n%s", name, diff)
		}
		for _, i := range []int{0, 1, 2, 1500, len(prompts) - 1} {
			p, err := s.At(i)
			text, textErr := s.Text(i).Read()
			if err != nil || textErr != nil || p != prompts[i] || text != prompts[i].Text || s.ID(i) != p.ID {
				t.Errorf("%s, %d: %.100v %v, text %.20q %v", name, i, p, err, text, textErr)
			}
		}
		if err := s.EachInPlace(func(i int, p *Prompt) error {
			if *p != prompts[i] {
				t.Errorf("%s: prompt %d in place is %.100v", name, i, p)
			}
			return nil
		}); err != nil {
			t.Error(err)
		}
		if content, err := s.ContentHash(); err != nil || content != ContentHash(prompts) {
			t.Errorf("%s: %s, %v", name, content, err)
		}
	}
}

func TestPromptSetByID(t *testing.T) {
	prompts := variedPrompts(3000)
	want := slices.Clone(prompts)
	slices.SortFunc(want, func(a, b Prompt) int { return strings.Compare(a.ID, b.ID) })
	s, _ := bySpill(t, prompts)
	defer s.Close()
	var visited []Prompt
	visit := func(i int, p *Prompt) error {
		if prompts[i].ID != p.ID {
			t.Fatalf("prompt %d is %q, want %q", i, p.ID, prompts[i].ID)
		}
		visited = append(visited, *p)
		return nil
	}
	if err := s.EachByID(visit); err != nil {
		t.Fatal(err)
	}
	sorted := visited
	if err := s.SortByID(); err != nil {
		t.Fatal(err)
	}
	visited, prompts = nil, want
	if err := s.Each(visit); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(want, sorted) || !slices.Equal(want, visited) {
		t.Error("prompts are not in the order of their ids")
	}
}

// Prompts of one id keep their order. What cannot be sorted is an error, after which
// nothing is read.
func TestSortByIDKeepsOrder(t *testing.T) {
	var prompts []Prompt
	for i := range 600 {
		prompts = append(prompts, Prompt{ID: []string{"b\x00", "b", "a", ""}[i%4], Text: fmt.Sprint(i)})
	}
	want := slices.Clone(prompts)
	slices.SortStableFunc(want, func(a, b Prompt) int { return strings.Compare(a.ID, b.ID) })
	s := setOf(prompts)
	if err := s.SortByID(); err != nil {
		t.Fatal(err)
	}
	for i, p := range want {
		if got, err := s.At(i); err != nil || got != p {
			t.Fatalf("prompt %d is %v, want %v: %v", i, got, p, err)
		}
	}
	far, _ := bySpill(t, variedPrompts(3000))
	defer far.Close()
	t.Setenv("TMPDIR", "/nowhere/at/all")
	t.Setenv("TMP", "/nowhere/at/all")
	far.kept.Limit = 0
	large := strings.Repeat("x", sortedBytes)
	for range 2 {
		if err := far.Add(&Prompt{ID: "a", Text: large}); err != nil {
			t.Fatal(err)
		}
	}
	if err := far.SortByID(); err == nil {
		t.Error("sorted without a place for a temporary file")
	}
}

// Texts come in any order, those of two sets and of none among one another.
func TestReadTexts(t *testing.T) {
	prompts := variedPrompts(3000)
	far, _ := bySpill(t, prompts)
	defer far.Close()
	near := setOf(prompts)
	var texts []Text
	var want []string
	for i := range 3 * len(prompts) {
		k := (i * i) % len(prompts)
		if i%len(prompts) < 1000 {
			k = i % len(prompts) // one behind the other
		}
		texts = append(texts, []Text{far.Text(k), near.Text(k), NewText(prompts[k].Text)}[i/1000%3])
		want = append(want, prompts[k].Text)
	}
	got, err := ReadTexts(texts)
	if err != nil || !slices.Equal(want, got) {
		t.Errorf("%d texts of %d differ from those kept (%v)", len(got), len(want), err)
	}
}

// What cannot be read back is an error, and never an empty text.
func TestPromptSetGivenUp(t *testing.T) {
	prompts := variedPrompts(3000)
	far, folder := bySpill(t, prompts)
	for name, s := range map[string]*PromptSet{"near": setOf(prompts), "far": far} {
		texts := []Text{s.Text(1), s.Text(len(prompts) - 1), s.Text(5)}
		for range 2 {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
		for _, text := range texts {
			if got, err := text.Read(); err == nil {
				t.Errorf("%s: %q and no error", name, got)
			}
		}
		if got, err := ReadTexts(texts); err == nil {
			t.Errorf("%s: %q and no error", name, got)
		}
		if _, err := s.At(0); err == nil {
			t.Errorf("%s: a prompt and no error", name)
		}
		if err := s.Each(func(int, *Prompt) error { return nil }); err == nil {
			t.Errorf("%s: all prompts and no error", name)
		}
		if err := s.SortByID(); err == nil {
			t.Errorf("%s: sorted and no error", name)
		}
		if _, err := GroupPrompts(s); err == nil {
			t.Errorf("%s: groups and no error", name)
		}
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("%v, %v is left", err, left)
	}
}

// An id that could not be read back is told by whatever is read next, also where
// that could be read.
func TestPromptSetLosesAnID(t *testing.T) {
	s, _ := bySpill(t, variedPrompts(3000))
	defer s.Close()
	if id := s.ID(0); id != "0x" {
		t.Errorf("%q", id)
	}
	if _, err := s.At(0); err != nil {
		t.Fatal(err)
	}
	size := s.size
	s.size++ // as if the file ended within the last row
	if id := s.ID(2999); id != "" {
		t.Errorf("%q", id)
	}
	s.size = size
	if _, err := s.At(0); err == nil {
		t.Error("no error")
	}
}

// TestPromptSetInBoundedMemory keeps 60 MB of texts. A prompt takes some
// 10 bytes beyond the 4 MiB of rows that are in memory.
func TestPromptSetInBoundedMemory(t *testing.T) {
	const n = 60_000
	s := NewPromptSet()
	defer s.Close()
	before := live()
	text := strings.Repeat("x", 1000)
	for i := range n {
		if err := s.Add(&Prompt{ID: fmt.Sprint(i), Text: text, Tier: "A", Domain: "d"}); err != nil {
			t.Fatal(err)
		}
	}
	if grown := float64(live()) - float64(before) - nearRows; grown > 16*n {
		t.Errorf("a prompt takes %.0f bytes", grown/n)
	}
	if p, err := s.At(n - 1); err != nil || p.Text != text {
		t.Error(err)
	}
}

// Prompts that are added once others are sorted are sorted with them.
func TestAddAfterSort(t *testing.T) {
	s := NewPromptSet()
	defer s.Close()
	for _, ids := range [][]string{{"b", "a"}, {"ab"}, {"b2", "aa"}} {
		for _, id := range ids {
			if err := s.Add(&Prompt{ID: id, Text: "text of " + id}); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.SortByID(); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	if err := s.Each(func(_ int, p *Prompt) error { got = append(got, strings.Clone(p.ID)); return nil }); err != nil {
		t.Fatal(err)
	}
	if want := []string{"a", "aa", "ab", "b", "b2"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
