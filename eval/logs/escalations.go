package logs

// escalations counts, by the tier that was chosen first, how many requests a
// dearer one had to answer. Of some requests a log does not tell where they began,
// or whether they were escalated.
type escalations struct {
	told     []rate // both are known
	untold   []int  // began here; whether they were escalated is unknown
	came     []int  // escalated, by the tier that answered; where they began is unknown
	lost     int    // escalated; all else is unknown
	blank    int    // nothing is known
	inferred int    // of told: began at the tier of their highest score
}

// A rate is how many of n requests were escalated.
type rate struct{ escalated, n int }

func newEscalations(tiers int) escalations {
	return escalations{told: make([]rate, tiers), untold: make([]int, tiers), came: make([]int, tiers)}
}

func (e *escalations) add(r *record) {
	if r.has(isInferred) {
		e.inferred++
	}
	switch told := r.has(hasEscalated); {
	case told && r.start != noTier:
		e.told[r.start].n++
		if r.escalated {
			e.told[r.start].escalated++
		}
	case r.start != noTier:
		e.untold[r.start]++
	case !told || !r.escalated:
		e.blank++
	case r.tier == noTier:
		e.lost++
	default:
		e.came[r.tier]++
	}
}

func (e *escalations) merge(o *escalations) {
	for k := range e.told {
		e.told[k].escalated += o.told[k].escalated
		e.told[k].n += o.told[k].n
		e.untold[k] += o.untold[k]
		e.came[k] += o.came[k]
	}
	e.lost += o.lost
	e.blank += o.blank
	e.inferred += o.inferred
}

// of bounds how many requests that began at a tier were escalated: the least, if
// all of which that is unknown were not, and all of unknown beginning that may have
// been others were; the most, if the reverse.
func (e *escalations) of(tier int) (least, most rate) {
	known, unknown := e.told[tier], e.untold[tier]+e.blank
	elsewhere := e.lost
	for k := tier + 1; k < len(e.came); k++ {
		elsewhere += e.came[k]
	}
	least = rate{known.escalated, known.n + unknown}
	most = rate{known.escalated + unknown + elsewhere, known.n + unknown + elsewhere}
	return least, most
}
