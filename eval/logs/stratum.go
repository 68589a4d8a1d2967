package logs

import (
	"math"
)

// Strata that requests are drawn from: each request is of the first that it
// fits.
const (
	Escalated = "escalated" // a dearer tier had to answer
	Near      = "near"      // its scores are near where the decision would change
	Drifted   = "drifted"   // its score is one that has become much more frequent
	Rest      = "rest"
)

func strata() []string { return []string{Escalated, Near, Drifted, Rest} }

// A Stratum is a part of the log and what was drawn from it.
type Stratum struct {
	Name     string `json:"stratum"`
	Requests int    `json:"requests"`
	Drawn    int    `json:"drawn"`
}

// grown is from how many times its share at calibration on a score has drifted.
const grown = 2

// driftedBins tells which bins of scores are of cells that have become much more
// frequent; none where no difference of the scores is shown, or those that were
// compared are not the logged ones.
func (t *Tally) driftedBins(drift *Drift) []bool {
	if t.drift == nil || drift == nil || drift.Score == nil || !drift.Score.shown() || drift.Of != DriftScores {
		return nil
	}
	out := make([]bool, len(t.drift.bins))
	cells := cellsOf(t.drift.ref)
	var before, now int
	for _, c := range drift.Score.Cells {
		before, now = before+c.Reference, now+c.Requests
	}
	for i := range out {
		c := drift.Score.Cells[cells[i]]
		out[i] = float64(c.Requests)*float64(before) >= grown*float64(c.Reference)*float64(now) && c.Requests > 0
	}
	return out
}

// first is the tier that was chosen first. A log that says nothing of escalation is
// taken for that of a router that does not escalate.
func (r *record) first() int8 {
	switch {
	case r.start != noTier || r.has(hasEscalated):
		return r.start
	case r.tier != noTier:
		return r.tier
	}
	return r.best
}

// stratum is the place of a request's stratum.
func (d *drawer) stratum(r *record) int {
	switch {
	case r.has(hasEscalated) && r.escalated:
		return 0
	case d.distance(r) <= d.Near:
		return 1
	case d.drifted != nil && r.has(hasScore) && d.drifted[d.bins.bin(r.score)]:
		return 2
	}
	return 3
}

// distance is how far a request's scores are from where the decision would
// change; +Inf where that is unknown.
func (d *drawer) distance(r *record) float64 {
	near := math.Inf(1)
	if !r.has(hasScore) {
		return near
	}
	m := d.tally.reader.Reference
	if m == nil {
		if d.Threshold != nil {
			near = math.Abs(r.score - *d.Threshold)
		}
		if r.has(hasMargin) {
			near = min(near, r.margin)
		}
		return near
	}
	if r.has(hasMargin) {
		near = math.Abs(r.margin - m.Margin)
	}
	if r.best != noTier {
		if threshold := m.Thresholds[d.tally.reader.Tiers.Name(int(r.best))]; threshold > -1 {
			near = min(near, math.Abs(r.score-threshold))
		}
	}
	return near
}

// allot deals n draws to strata of given sizes: evenly, what one does not have to
// the others, what is left over to the first.
func allot(n int, sizes []int) []int {
	parts := make([]int, len(sizes))
	for n > 0 {
		var open []int
		for i, size := range sizes {
			if parts[i] < size {
				open = append(open, i)
			}
		}
		if len(open) == 0 {
			break
		}
		each := max(n/len(open), 1)
		for _, i := range open {
			more := min(each, sizes[i]-parts[i], n)
			parts[i] += more
			n -= more
		}
	}
	return parts
}
