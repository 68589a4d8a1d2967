package gate

import (
	"encoding/binary"
	"math"
)

// prompt is what a side has of one prompt.
type prompt struct {
	raw    []byte // what the others were read from
	id     []byte
	truth  int8
	tokens int32 // -1 where unknown
	domain int   // number in Side.domain; 0 where there is none
	length int   // number in Side.length; 0 where there is none
	group  []byte

	spans     []span // of decisions, by classifier number
	decisions []decision
	scores    []float64 // of all decisions
}

type span struct{ from, to int }

// decision is what a classifier decided of a prompt, once.
type decision struct {
	pick       int8
	flags      uint8
	confidence float64   // NaN where unknown
	cost       float64   // USD of classifying; NaN where unknown
	scores     []float64 // by tier; nil where there are none
}

// Flags of a decision.
const (
	invalidFlag   = 1 << iota
	failedFlag    // there is no answer
	scoredFlag    // scores follow
	confidentFlag // a confidence follows
	costFlag      // a cost follows
)

// of returns the decisions of a classifier, by repeat.
func (p *prompt) of(classifier int) []decision {
	at := p.spans[classifier]
	return p.decisions[at.from:at.to]
}

// appendDecision appends a decision of a row.
func appendDecision(to []byte, d decision) []byte {
	to = append(to, byte(d.pick), d.flags)
	if d.flags&confidentFlag != 0 {
		to = appendFloat(to, d.confidence)
	}
	if d.flags&costFlag != 0 {
		to = appendFloat(to, d.cost)
	}
	for _, v := range d.scores {
		to = appendFloat(to, v)
	}
	return to
}

func appendFloat(to []byte, v float64) []byte {
	return binary.LittleEndian.AppendUint64(to, math.Float64bits(v))
}

func appendBytes(to, s []byte) []byte {
	return append(binary.AppendUvarint(to, uint64(len(s))), s...)
}

// reading is bytes that are read from their beginning. They are this package's own.
type reading []byte

func (r *reading) byte() byte {
	b := (*r)[0]
	*r = (*r)[1:]
	return b
}

func (r *reading) uint() int {
	v, n := binary.Uvarint(*r)
	*r = (*r)[n:]
	return int(v)
}

func (r *reading) float() float64 {
	v := math.Float64frombits(binary.LittleEndian.Uint64(*r))
	*r = (*r)[8:]
	return v
}

func (r *reading) bytes() []byte {
	n := r.uint()
	s := (*r)[:n:n]
	*r = (*r)[n:]
	return s
}

// read reads a prompt from raw, into which id and group point from then on. Of
// classifiers that are not wanted there are no decisions then; nil: all are.
func (p *prompt) read(raw []byte, classifiers, tiers int, wanted []bool) {
	r := reading(raw)
	p.raw, p.id = raw, r.bytes()
	p.truth, p.tokens = int8(r.byte()), int32(r.uint()-1)
	p.domain, p.length, p.group = r.uint(), r.uint(), r.bytes()
	if p.spans == nil {
		p.spans = make([]span, classifiers)
	}
	clear(p.spans)
	p.decisions, p.scores = p.decisions[:0], p.scores[:0]
	for len(r) > 0 {
		number, repeats := r.uint(), r.uint()
		of := reading(r.bytes())
		if wanted != nil && !wanted[number] {
			continue
		}
		at := &p.spans[number]
		at.from = len(p.decisions)
		for range repeats {
			p.decisions = append(p.decisions, p.decision(&of, tiers))
		}
		at.to = len(p.decisions)
	}
}

func (p *prompt) decision(r *reading, tiers int) decision {
	d := decision{pick: int8(r.byte()), flags: r.byte(), confidence: math.NaN(), cost: math.NaN()}
	if d.flags&confidentFlag != 0 {
		d.confidence = r.float()
	}
	if d.flags&costFlag != 0 {
		d.cost = r.float()
	}
	if d.flags&scoredFlag != 0 {
		from := len(p.scores)
		for range tiers {
			p.scores = append(p.scores, r.float())
		}
		d.scores = p.scores[from:]
	}
	return d
}
