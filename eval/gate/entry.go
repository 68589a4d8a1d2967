package gate

import "slices"

// entry is what rates and confusion matrices see of a prompt: its true tier, whether
// anything changed, and by side the picks, sorted. Prompts alike have equal entries.
type entry []byte

const (
	truthAt  = 0
	changeAt = 1
	picksAt  = 2

	pickChanged    = 1
	invalidChanged = 2
)

func (p *pair) width() int { return picksAt + p.base.repeats + p.cand.repeats }

// enter puts a prompt's entry behind the others of the group.
func (p *pair) enter(b *prompt, base, cand []decision) entry {
	from := len(p.open)
	change := byte(0)
	if !slices.EqualFunc(base, cand, func(x, y decision) bool { return x.pick == y.pick }) {
		change |= pickChanged
	}
	if !slices.EqualFunc(base, cand, func(x, y decision) bool { return x.flags&invalidFlag == y.flags&invalidFlag }) {
		change |= invalidChanged
	}
	p.open = append(p.open, byte(b.truth), change)
	p.labels = append(p.labels, labels{b.domain, b.length})
	for _, of := range [][]decision{base, cand} {
		at := len(p.open)
		for _, d := range of {
			p.open = append(p.open, byte(d.pick)<<1|d.flags&invalidFlag)
		}
		slices.Sort(p.open[at:])
	}
	return entry(p.open[from:])
}

func (e entry) truth() int8          { return int8(e[truthAt]) }
func (e entry) differs() bool        { return e[changeAt]&pickChanged != 0 }
func (e entry) invalidDiffers() bool { return e[changeAt]&invalidChanged != 0 }

// picks returns those of the baseline and of the candidate.
func (p *pair) picks(e entry) (base, cand []byte) {
	return e[picksAt : picksAt+p.base.repeats], e[picksAt+p.base.repeats:]
}

func tierOfPick(pick byte) int8  { return int8(pick >> 1) }
func invalidPick(pick byte) bool { return pick&invalidFlag != 0 }

// rate is what a gate counts of a decision on a prompt.
type rate struct {
	name         string
	moreIsBetter bool
	hit          func(pick byte, truth int8) bool
	changed      func(e entry) bool // whether anything it looks at changed
}

func accuracyRate() rate {
	return rate{Accuracy, true, func(pick byte, truth int8) bool { return tierOfPick(pick) == truth }, entry.differs}
}

func overRouting() rate {
	return rate{OverRouting, false, func(pick byte, truth int8) bool { return tierOfPick(pick) > truth }, entry.differs}
}

func underRouting() rate {
	return rate{UnderRouting, false, func(pick byte, truth int8) bool { return tierOfPick(pick) < truth }, entry.differs}
}

func invalidRate() rate {
	return rate{InvalidRate, false, func(pick byte, _ int8) bool { return invalidPick(pick) }, entry.invalidDiffers}
}
