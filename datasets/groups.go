package datasets

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math"

	"github.com/routeproof/routeproof/internal/names"
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
	near    int // bytes of sketches that are kept in memory
	counter *neardup.Counter
	finder  *neardup.Finder
	counted int      // prompts of the first pass
	waiting []string // texts to be handed on together
	bytes   int

	ids    []string     // nil: id tells them
	given  []given      // split column
	hashes [][16]byte   // of the folded texts
	named  []int32      // number of the group in names, −1: none
	names  *names.Table // of groups
	id     func(i int) string
}

// Similarity is the share of rare character shingles that two texts have in
// common, estimated, from which on they count as near-duplicates. Short texts
// do so too where they differ in one word.
const Similarity = 0.6

// nearSketches is how many bytes of sketches are in memory of prompts that need not
// be themselves.
const nearSketches = 16 << 20

// NewGrouper returns a grouper without prompts.
func NewGrouper() *Grouper { return newGrouper(math.MaxInt) }

func newGrouper(near int) *Grouper {
	return &Grouper{near: near, counter: neardup.NewCounter(), names: &names.Table{}}
}

// Texts are handed on in batches, which use all processors.
const (
	batchTexts = 4096
	batchBytes = 8 << 20
)

// Count takes in a prompt of the first pass.
func (g *Grouper) Count(p *Prompt) {
	g.counted++
	g.hand(p.Text, g.counter.Add)
}

// Group takes in a prompt of the second pass.
func (g *Grouper) Group(p *Prompt) {
	if g.finder == nil {
		g.flush(g.counter.Add)
		g.finder = g.counter.Finder(g.near)
		g.counter = nil
		g.given = make([]given, 0, g.counted)
		g.hashes, g.named = make([][16]byte, 0, g.counted), make([]int32, 0, g.counted)
	}
	g.hand(p.Text, g.finder.Add)
	named := int32(-1)
	if p.Group != "" {
		number, _ := g.names.Add(p.Group)
		named = int32(number)
	}
	if g.id == nil {
		g.ids = append(g.ids, p.ID)
	}
	g.given = append(g.given, givenOf(p.Split))
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

// Groups are the groups of some prompts. Prompt i is in Exact[i] by the name of
// its group or its text, and in Near[i] also by near-duplicates; groups are
// numbered from 0 in order of their first prompts. Every exact group lies
// within a near one.
type Groups struct {
	Exact, Near []int32
	Templates   int        // different texts that are mostly what many have in common, whose variants are not told apart
	keys        []groupKey // of the near groups
	names       *names.Table
	id          func(i int) string // of prompt i
	given       []given
}

// groupKey names a group: by the smallest name of the named groups that it
// joins, else by the smallest hash of its texts, so that the order of prompts
// does not matter.
type groupKey struct {
	name int32 // in names; −1: none
	text [16]byte
}

// Groups ends the second pass.
func (g *Grouper) Groups() *Groups {
	groups, err := g.groups()
	if err != nil {
		panic(err) // all is in memory
	}
	return groups
}

// close gives up what was taken in.
func (g *Grouper) close() error {
	if g.finder == nil {
		return nil
	}
	return g.finder.Close()
}

// groups is Groups where there may be a temporary file.
func (g *Grouper) groups() (*Groups, error) {
	if g.finder == nil { // there were no prompts
		return &Groups{}, nil
	}
	g.flush(g.finder.Add)
	n := len(g.given)
	similar, templates, err := g.finder.Groups()
	if err = errors.Join(err, g.finder.Close()); err != nil {
		return nil, err
	}
	g.finder = nil
	exact, near := neardup.NewSets(n+g.names.Len()), neardup.NewSets(n+g.names.Len())
	for i, named := range g.named {
		near.Join(int32(i), int32(similar[i]))
		if named >= 0 {
			near.Join(int32(i), int32(n)+named)
			exact.Join(int32(i), int32(n)+named)
		}
	}
	for i, first := range g.equal(similar) {
		exact.Join(int32(i), first)
	}
	result := &Groups{
		Exact: numbered(exact, n), Near: numbered(near, n), Templates: templates,
		names: g.names, id: g.id, given: g.given,
	}
	if g.id == nil {
		ids := g.ids
		result.id = func(i int) string { return ids[i] }
	}
	for i, group := range result.Near {
		key := groupKey{g.named[i], g.hashes[i]}
		if int(group) == len(result.keys) {
			result.keys = append(result.keys, key)
		} else if result.less(key, result.keys[group]) {
			result.keys[group] = key
		}
	}
	return result, nil
}

// equal returns for each prompt the first one with its text. Equal texts are
// similar, so only those need to be compared.
func (g *Grouper) equal(similar []int) []int32 {
	first := make([]int32, len(similar))
	seen := map[[16]byte]int32{}
	for i, at := range similar {
		first[i] = int32(i)
		if at == i {
			continue
		}
		if g.hashes[i] == g.hashes[at] {
			first[i] = int32(at)
		} else if other, again := seen[g.hashes[i]]; again {
			first[i] = other
		} else {
			seen[g.hashes[i]] = int32(i)
		}
	}
	return first
}

func (g *Groups) less(a, b groupKey) bool {
	switch {
	case a.name >= 0 && b.name >= 0:
		return g.names.Name(int(a.name)) < g.names.Name(int(b.name))
	case a.name >= 0 || b.name >= 0:
		return a.name >= 0
	}
	return bytes.Compare(a.text[:], b.text[:]) < 0
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
	if key.name >= 0 {
		return "group " + g.names.Name(int(key.name))
	}
	return "text " + hex.EncodeToString(key.text[:])
}

// GroupPrompts groups prompts.
func GroupPrompts(prompts *PromptSet) (*Groups, error) {
	return GroupEach(prompts.ID, func(take func(*Prompt)) error {
		return prompts.Each(func(_ int, p *Prompt) error { take(p); return nil })
	})
}

// GroupEach groups the prompts that scan goes through, twice, as [Grouper] does, but
// has what it keeps of much text in a temporary file. id is that of prompt i.
func GroupEach(id func(i int) string, scan func(take func(*Prompt)) error) (*Groups, error) {
	g := newGrouper(nearSketches)
	g.id = id
	for _, take := range []func(*Prompt){g.Count, g.Group} {
		if err := scan(take); err != nil {
			return nil, errors.Join(err, g.close())
		}
	}
	return g.groups()
}

// numbered numbers the sets of the first n elements in order of appearance. Their
// roots are among the first n.
func numbered(s neardup.Sets, n int) []int32 {
	numbers := make([]int32, n)
	next := int32(0)
	for i := range numbers {
		root := s.Root(int32(i)) // at most i
		if root == int32(i) {
			numbers[i] = next
			next++
		} else {
			numbers[i] = numbers[root]
		}
	}
	return numbers
}
