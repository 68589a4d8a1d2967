package logs

import (
	"fmt"
)

// complete derives what other values tell: the tier by its model, whether the
// request was escalated by the tiers, and the tier that was chosen first: the one
// that answered where it was not, one below where that is the second, and else that
// of the highest score, if it lies below.
func (p *parser) complete() {
	r := p.r
	if r.tier == noTier && r.model != noName && p.seen&(1<<fieldTier) == 0 {
		if k, ok := p.reader.models[p.b.names[r.model]]; ok {
			r.tier = k
		}
	}
	climbed := r.tier > r.start
	switch told := r.has(hasEscalated); {
	case r.start != noTier && r.tier != noTier:
		if told && r.escalated != climbed {
			p.contradiction()
			return
		}
		r.escalated, r.known = climbed, r.known|hasEscalated
	case !told:
	case !r.escalated:
		if r.start == noTier {
			r.start = r.tier
		}
	case r.start != noTier:
	case r.tier == 0:
		p.contradiction()
	case r.tier == 1:
		r.start = 0
	case r.best != noTier && (r.tier == noTier || r.best < r.tier):
		r.start, r.known = r.best, r.known|isInferred
	}
}

// contradiction makes unknown whether the request was escalated.
func (p *parser) contradiction() {
	name := func(k int8) string {
		if k == noTier {
			return "none"
		}
		return p.Tiers.Name(int(k))
	}
	p.doubt(fieldEscalated, contradicts, fmt.Appendf(nil, "escalated %v, first %s, answered %s", p.r.escalated, name(p.r.start), name(p.r.tier)))
	p.r.known &^= hasEscalated
}
