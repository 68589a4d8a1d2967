package logs

import (
	"bytes"
	"errors"
	"hash/maphash"

	"github.com/routeproof/routeproof/internal/jsonline"
)

// A parser turns the lines of blocks into records.
type parser struct {
	*reader
	scan   [maxPath + 1]jsonline.Scanner // by depth
	guess  []guess                       // of the names of the next line, by those of the last
	tiers  interned                      // by spelling
	feats  interned                      // in the block
	models interned
	text   []byte

	// of the line at hand
	b       *block
	r       *record
	seen    uint32 // fields, as bits
	pending []pending
	isTwice bool
}

// A guess is what stood at a place of the line before.
type guess struct {
	lead jsonline.Lead
	node *node
}

type pending struct {
	field field
	why   reason
	found []byte
}

func newParser(r *reader) *parser {
	p := &parser{reader: r}
	for name, k := range r.tiers {
		p.tiers.put([]byte(name), int32(k))
	}
	return p
}

// parse fills in what the block's lines hold.
func (p *parser) parse(b *block) {
	p.b = b
	p.feats, p.models = interned{}, interned{}
	for from := 0; from < len(b.data); {
		end := bytes.IndexByte(b.data[from:], '\n')
		next := from + end + 1
		if end < 0 {
			end, next = len(b.data)-from, len(b.data)
		}
		number := b.first + b.lines
		b.lines++
		p.line(from, from+end, number)
		from = next
	}
}

// line reads the line at data[from:to].
func (p *parser) line(from, to, number int) {
	b := p.b
	text := b.data[from:to]
	if tooFar := b.long && from == 0; tooFar || len(text) > maxLine {
		b.faults.add(noField, tooLong, b.file, number, text, nil)
		return
	}
	if text = trimmed(text); len(text) == 0 {
		b.blank++
		return
	}
	b.records = append(b.records, record{})
	p.r = &b.records[len(b.records)-1]
	*p.r = record{line: number, whole: maphash.Bytes(p.seed, text), feature: noName, model: noName, tier: noTier, start: noTier, best: noTier}
	p.seen, p.pending, p.isTwice = 0, p.pending[:0], false
	p.walk(0, p.root, text)
	if why, bad := p.verdict(); bad {
		b.records = b.records[:len(b.records)-1]
		var detail error
		if why == badJSON {
			detail = p.scan[0].Err()
		}
		b.faults.add(noField, why, b.file, number, text, detail)
		return
	}
	p.complete()
	for _, f := range p.pending {
		b.faults.add(f.field, f.why, b.file, number, f.found, nil)
	}
}

// trimmed takes white space off the end, and is empty where there is nothing else.
func trimmed(text []byte) []byte {
	for len(text) > 0 {
		if c := text[len(text)-1]; c != ' ' && c != '\t' && c != '\r' {
			break
		}
		text = text[:len(text)-1]
	}
	return text
}

// verdict tells whether the line as a whole is bad.
func (p *parser) verdict() (why reason, bad bool) {
	switch err := p.scan[0].Err(); {
	case err == nil:
		return twice, p.isTwice
	case errors.Is(err, jsonline.ErrNotObject):
		return notObject, true
	case errors.Is(err, jsonline.ErrCut):
		return cutShort, true
	default:
		return badJSON, true
	}
}

// walk reads an object's fields that stand in the tree.
func (p *parser) walk(depth int, tree *node, object []byte) {
	s := &p.scan[depth]
	s.Reset(object)
	for i := 0; ; i++ {
		n, ok := p.next(depth, i, tree)
		if !ok {
			return
		}
		if n == nil {
			continue
		}
		if n.field != noField {
			bit := uint32(1) << n.field
			p.isTwice = p.isTwice || p.seen&bit != 0
			p.seen |= bit
			p.set(n.field, s.Kind(), s.Raw())
		}
		if len(n.below) > 0 && s.Kind() == jsonline.Object {
			p.walk(depth+1, n, s.Raw())
		}
	}
}

// maxGuesses is how many fields of a line are guessed.
const maxGuesses = 64

// next moves to the next field and returns where its name stands in the tree; nil:
// nowhere. Lines of a log mostly have the same fields in the same order.
func (p *parser) next(depth, i int, tree *node) (n *node, ok bool) {
	s := &p.scan[depth]
	guessed := depth == 0 && i < maxGuesses
	if guessed && i < len(p.guess) && s.NextLike(&p.guess[i].lead) {
		return p.guess[i].node, true
	}
	if !s.Next() {
		return nil, false
	}
	n = tree.below[string(s.Name())]
	if guessed {
		if i == len(p.guess) {
			p.guess = append(p.guess, guess{})
		}
		p.guess[i].node = n
		s.Lead(&p.guess[i].lead)
	}
	return n, true
}
