package datasets

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/routeproof/routeproof/internal/neardup"
)

// A Grouper finds which prompts must share a split, in two passes over the
// same prompts in the same order: [Grouper.Count] all, then [Grouper.Group]
// all. It keeps no texts: some 500 bytes a prompt, whatever its length.
//
// Prompts belong together, directly or through others, where they have the
// same group, the same text but for case and white space, or near-duplicate
// texts. For those see [Similarity].
type Grouper struct {
	counter *neardup.Counter
	finder  *neardup.Finder
	waiting []string // texts to be handed on together
	bytes   int

	ids    []string
	given  []string   // split column
	hashes [][16]byte // of the folded texts
	named  []int32    // place of the group in names, −1: none
	names  []string   // of groups
	place  map[string]int32
}

// Similarity is the share of rare character shingles that two texts have in
// common, estimated, from which on they count as near-duplicates. Short texts
// do so too where they differ in one word.
const Similarity = 0.6

// NewGrouper returns a grouper without prompts.
func NewGrouper() *Grouper {
	return &Grouper{counter: neardup.NewCounter(), place: map[string]int32{}}
}

// Texts are handed on in batches, which use all processors.
const (
	batchTexts = 4096
	batchBytes = 8 << 20
)

// Count takes in a prompt of the first pass.
func (g *Grouper) Count(p *Prompt) { g.hand(p.Text, g.counter.Add) }

// Group takes in a prompt of the second pass.
func (g *Grouper) Group(p *Prompt) {
	if g.finder == nil {
		g.flush(g.counter.Add)
		g.finder = g.counter.Finder()
		g.counter = nil
	}
	g.hand(p.Text, g.finder.Add)
	named := int32(-1)
	if p.Group != "" {
		var known bool
		if named, known = g.place[p.Group]; !known {
			named = int32(len(g.names))
			g.names = append(g.names, p.Group)
			g.place[p.Group] = named
		}
	}
	g.ids = append(g.ids, p.ID)
	g.given = append(g.given, p.Split)
	g.named = append(g.named, named)
	g.hashes = append(g.hashes, textHash(p.Text))
}

func (g *Grouper) hand(text string, add func([]string)) {
	g.waiting = append(g.waiting, text)
	if g.bytes += len(text); len(g.waiting) >= batchTexts || g.bytes >= batchBytes {
		g.flush(add)
	}
}

func (g *Grouper) flush(add func([]string)) {
	add(g.waiting)
	clear(g.waiting)
	g.waiting, g.bytes = g.waiting[:0], 0
}

// textHash names a text but for case and white space.
func textHash(text string) [16]byte {
	sum := sha256.Sum256([]byte(foldText(text)))
	return [16]byte(sum[:16])
}

func foldText(s string) string { return strings.Join(strings.Fields(strings.ToLower(s)), " ") }

// Groups are the groups of some prompts. Prompt i is in Exact[i] by the name of
// its group or its text, and in Near[i] also by near-duplicates; groups are
// numbered from 0 in order of their first prompts. Every exact group lies
// within a near one.
type Groups struct {
	Exact, Near []int32
	keys        []string // of the near groups
	ids, given  []string // of the prompts
}

// Groups ends the second pass.
func (g *Grouper) Groups() *Groups {
	if g.finder == nil { // there were no prompts
		return &Groups{}
	}
	g.flush(g.finder.Add)
	n := len(g.ids)
	sets := newSets(n + len(g.names))
	first := make(map[[16]byte]int32, n)
	for i, hash := range g.hashes {
		at, seen := first[hash]
		if !seen {
			first[hash] = int32(i)
		} else {
			sets.join(int32(i), at)
		}
		if g.named[i] >= 0 {
			sets.join(int32(i), int32(n)+g.named[i])
		}
	}
	result := &Groups{Exact: sets.number(n), ids: g.ids, given: g.given}
	for i, near := range g.finder.Groups() {
		sets.join(int32(i), int32(near))
	}
	result.Near = sets.number(n)
	result.keys = g.keys(result.Near)
	return result
}

// keys names each group: by the smallest name of the groups it joins, else by
// the smallest hash of its texts. So the order of prompts does not matter.
func (g *Grouper) keys(groups []int32) []string {
	var keys []string
	for i, group := range groups {
		key := "text " + hex.EncodeToString(g.hashes[i][:])
		if g.named[i] >= 0 {
			key = "group " + g.names[g.named[i]] // sorts before any text
		}
		if int(group) == len(keys) {
			keys = append(keys, key)
		} else {
			keys[group] = min(keys[group], key)
		}
	}
	return keys
}

// Len returns the number of near groups.
func (g *Groups) Len() int { return len(g.keys) }

// Key returns the name of the near group of prompt i, by which it is split. It
// does not depend on the order of the prompts.
func (g *Groups) Key(i int) string { return g.keys[g.Near[i]] }

// GroupPrompts groups prompts that are in memory.
func GroupPrompts(prompts []Prompt) *Groups {
	g := NewGrouper()
	for i := range prompts {
		g.Count(&prompts[i])
	}
	for i := range prompts {
		g.Group(&prompts[i])
	}
	return g.Groups()
}

// sets are disjoint sets of small numbers.
type sets struct{ parent []int32 }

func newSets(n int) sets {
	s := sets{make([]int32, n)}
	for i := range s.parent {
		s.parent[i] = int32(i)
	}
	return s
}

func (s sets) find(i int32) int32 {
	for s.parent[i] != i {
		s.parent[i] = s.parent[s.parent[i]]
		i = s.parent[i]
	}
	return i
}

// join makes the smaller root the root of both, so that a prompt is the root
// wherever a set has one.
func (s sets) join(a, b int32) {
	a, b = s.find(a), s.find(b)
	s.parent[max(a, b)] = min(a, b)
}

// number numbers the sets of the first n elements in order of appearance.
func (s sets) number(n int) []int32 {
	numbers := make([]int32, n)
	of := make(map[int32]int32)
	for i := range numbers {
		root := s.find(int32(i))
		number, known := of[root]
		if !known {
			number = int32(len(of))
			of[root] = number
		}
		numbers[i] = number
	}
	return numbers
}
