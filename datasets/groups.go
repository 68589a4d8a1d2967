package datasets

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"errors"
	"slices"

	"github.com/routeproof/routeproof/internal/names"
	"github.com/routeproof/routeproof/internal/neardup"
)

// A Grouper finds which prompts must share a split, in two passes over the
// same prompts in the same order: [Grouper.Count] all, then [Grouper.Group]
// all. It keeps no texts: some 50 bytes a prompt, and 8 more on each processor, beyond
// 8 MiB of what tells near-duplicates, of which all others are in a temporary file
// until it is closed.
//
// Prompts belong together, directly or through others, where they have the
// same group, the same text but for case and white space, or near-duplicate
// texts. For those see [Similarity].
type Grouper struct {
	nearOnly bool // exact groups, keys and splits are not asked for
	id       func(i int) string
	counter  *neardup.Counter
	finder   *neardup.Finder
	counted  int      // prompts of the first pass
	split    bool     // one of these has a split
	grouped  int      // prompts of the second pass
	waiting  []string // texts to be handed on together
	bytes    int

	ids    []string     // where there are splits and no id
	given  []given      // split column; nil: there is none
	hashes [][16]byte   // of the folded texts
	named  []int32      // number of the group in names, −1: none; nil: nobody has one
	names  *names.Table // of groups
}

// Similarity is the share of rare character shingles that two texts have in
// common, estimated, from which on they count as near-duplicates. Short texts
// do so too where they differ in one word.
const Similarity = 0.6

// nearSketches is how many bytes of sketches are in memory.
const nearSketches = 8 << 20

// NewGrouper returns a grouper without prompts.
func NewGrouper() *Grouper {
	return &Grouper{counter: neardup.NewCounter(), names: &names.Table{}}
}

// Texts are handed on in batches, which use all processors.
const (
	batchTexts = 4096
	batchBytes = 8 << 20
)

// Count takes in a prompt of the first pass.
func (g *Grouper) Count(p *Prompt) {
	g.counted++
	g.split = g.split || p.Split != ""
	g.hand(p.Text, g.counter.Add)
}

// Group takes in a prompt of the second pass.
func (g *Grouper) Group(p *Prompt) {
	if g.finder == nil {
		g.begin()
	}
	g.hand(p.Text, g.finder.Add)
	if p.Group != "" && g.named == nil {
		g.named = slices.Grow(slices.Repeat([]int32{-1}, g.grouped), max(0, g.counted-g.grouped))
	}
	g.grouped++
	if g.named != nil {
		named := int32(-1)
		if p.Group != "" {
			number, _ := g.names.Add(p.Group)
			named = int32(number)
		}
		g.named = append(g.named, named)
	}
	if g.nearOnly {
		return
	}
	g.hashes = append(g.hashes, textHash(p.Text))
	if g.split {
		g.given = append(g.given, givenOf(p.Split))
		if g.id == nil {
			g.ids = append(g.ids, p.ID)
		}
	}
}

// begin begins the second pass.
func (g *Grouper) begin() {
	g.flush(g.counter.Add)
	g.finder = g.counter.Finder(nearSketches)
	g.counter = nil
	if g.nearOnly {
		return
	}
	g.hashes = make([][16]byte, 0, g.counted)
	if g.split {
		g.given = make([]given, 0, g.counted)
	}
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

// Groups are the groups of some prompts. Prompt i is in Exact[i] by the name of
// its group or its text, and in Near[i] also by near-duplicates; groups are
// numbered from 0 in order of their first prompts. Every exact group lies
// within a near one. They take 28 bytes a prompt, and its id where there are splits.
type Groups struct {
	Exact, Near []int32
	Templates   int     // different texts that are mostly what many have in common, whose variants are not told apart
	keys        []int32 // of near groups: number of a prompt, the hash of whose text it is, or ^number of a name
	hashes      [][16]byte
	names       *names.Table
	id          func(i int) string // of prompt i, where there are splits
	given       []given            // of each prompt; nil: nobody has one
}

// Groups ends the second pass, and closes g. An error is of the temporary file, or that
// the second pass was over other texts.
func (g *Grouper) Groups() (*Groups, error) {
	if g.finder == nil { // there were no prompts
		return &Groups{}, nil
	}
	g.flush(g.finder.Add)
	first, templates, err := g.finder.Groups()
	if err = errors.Join(err, g.Close()); err != nil {
		return nil, err
	}
	near := neardup.Sets(first) // as a group's first prompt is in it
	result := &Groups{Templates: templates, hashes: g.hashes, names: g.names, id: g.id, given: g.given}
	if !g.nearOnly {
		exact := g.equal(near)
		g.joinNamed(exact)
		numbered(exact)
		result.Exact = exact
	}
	g.joinNamed(near)
	n := numbered(near)
	result.Near = near
	if !g.nearOnly {
		result.keys = g.keys(near, n)
	}
	if ids := g.ids; g.id == nil {
		result.id = func(i int) string { return ids[i] }
	}
	return result, nil
}

// Close gives up what was taken in, and removes the temporary file, if there is one. It
// may be called again.
func (g *Grouper) Close() error {
	if g.finder == nil {
		return nil
	}
	err := g.finder.Close()
	g.finder = nil
	return err
}

// joinNamed joins the prompts of each name.
func (g *Grouper) joinNamed(sets neardup.Sets) {
	first := slices.Repeat([]int32{-1}, g.names.Len())
	for i, named := range g.named {
		if named < 0 {
			continue
		}
		if first[named] < 0 {
			first[named] = int32(i)
		}
		sets.Join(int32(i), first[named])
	}
}

// equal returns the sets of prompts with equal texts. These are similar, so only
// what is near needs to be compared: with the first of its group, and those that are
// not equal to it with each other.
func (g *Grouper) equal(near []int32) neardup.Sets {
	sets := neardup.NewSets(len(near))
	var others []int32
	for i, first := range near {
		if g.hashes[i] == g.hashes[first] {
			sets[i] = first
		} else {
			others = append(others, int32(i))
		}
	}
	slices.SortFunc(others, func(a, b int32) int {
		return cmp.Or(bytes.Compare(g.hashes[a][:], g.hashes[b][:]), cmp.Compare(a, b))
	})
	for k, i := range others {
		if k > 0 && g.hashes[others[k-1]] == g.hashes[i] {
			sets[i] = sets[others[k-1]]
		}
	}
	return sets
}

// keys returns the keys of n groups: the smallest name of the named groups that one
// joins, else the smallest hash of its texts, so that the order of prompts does not
// matter.
func (g *Grouper) keys(near []int32, n int) []int32 {
	keys := make([]int32, 0, n)
	for i, group := range near {
		key := int32(i)
		if g.named != nil && g.named[i] >= 0 {
			key = ^g.named[i]
		}
		if int(group) == len(keys) {
			keys = append(keys, key)
		} else if g.less(key, keys[group]) {
			keys[group] = key
		}
	}
	return keys
}

func (g *Grouper) less(a, b int32) bool {
	switch {
	case a < 0 && b < 0:
		return g.names.Name(int(^a)) < g.names.Name(int(^b))
	case a < 0 || b < 0:
		return a < 0
	}
	return bytes.Compare(g.hashes[a][:], g.hashes[b][:]) < 0
}

// Len returns the number of near groups.
func (g *Groups) Len() int { return len(g.keys) }

// Key returns the name of the near group of prompt i, by which it is split:
// "group " and the smallest name of the groups that it joins, else "text " and
// the smallest SHA-256, cut to 16 bytes, in hex, of its texts, which are
// lower-cased and have each run of white space folded into a space. It does not
// depend on the order of the prompts.
func (g *Groups) Key(i int) string {
	key := g.keys[g.Near[i]]
	if key < 0 {
		return "group " + g.names.Name(int(^key))
	}
	return "text " + hex.EncodeToString(g.hashes[key][:])
}

// GroupPrompts groups prompts.
func GroupPrompts(prompts *PromptSet) (*Groups, error) {
	return GroupEach(prompts.ID, func(take func(*Prompt)) error {
		return prompts.Each(func(_ int, p *Prompt) error { take(p); return nil })
	})
}

// GroupEach groups the prompts that scan goes through, twice, as [Grouper] does. id is
// that of prompt i.
func GroupEach(id func(i int) string, scan func(take func(*Prompt)) error) (*Groups, error) {
	g := NewGrouper()
	g.id = id
	return g.each(scan)
}

// NearEach returns [Groups].Near of the prompts that scan goes through, twice. It takes
// some 20 bytes a prompt less than [GroupEach].
func NearEach(scan func(take func(*Prompt)) error) ([]int32, error) {
	g := NewGrouper()
	g.nearOnly = true
	groups, err := g.each(scan)
	if err != nil {
		return nil, err
	}
	return groups.Near, nil
}

// each ends both passes.
func (g *Grouper) each(scan func(take func(*Prompt)) error) (*Groups, error) {
	for _, take := range []func(*Prompt){g.Count, g.Group} {
		if err := scan(take); err != nil {
			return nil, errors.Join(err, g.Close())
		}
	}
	return g.Groups()
}

// numbered replaces what each element of sets is in by the number of its set, in order
// of appearance, and returns how many there are.
func numbered(sets []int32) int {
	n := int32(0)
	for i, parent := range sets {
		if int(parent) == i {
			sets[i] = n
			n++
		} else {
			sets[i] = sets[parent] // comes before i, so it is a number already
		}
	}
	return int(n)
}
