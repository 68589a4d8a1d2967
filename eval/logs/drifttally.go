package logs

import (
	"container/heap"
	"math"

	"github.com/routeproof/routeproof/centroids"
)

// A driftTally counts requests by their scores.
type driftTally struct {
	ref       *centroids.Drift
	tiers     centroids.Tiers
	tolerance float64
	accepting bool // the artifact accepts everything, so that the tier chosen is the nearest

	messages recent
	distinct bool  // some requests tell their message
	bins     []int // as the reference's, with one below and one above
	mix      []int
	n        int
	texts    texts
	ordinal  uint64
}

func newDriftTally(m *centroids.Manifest, tiers centroids.Tiers) *driftTally {
	d := &driftTally{ref: m.Drift, tiers: tiers, tolerance: m.Tolerance, accepting: m.Margin == 0, bins: make([]int, len(m.Drift.Bins)+2), mix: make([]int, tiers.Len())}
	for _, t := range m.Thresholds {
		d.accepting = d.accepting && t <= -1
	}
	return d
}

// bin is the place of a score among bins.
func (d *driftTally) bin(score float64) int {
	n := len(d.ref.Bins)
	at := math.Floor((score - d.ref.Low) / (d.ref.High - d.ref.Low) * float64(n))
	switch {
	case score == d.ref.High:
		return n
	case at < 0:
		return 0
	case at >= float64(n):
		return n + 1
	}
	return int(at) + 1
}

// add takes in a record's logged scores; where texts can be embedded, those of a
// random share of the requests as well.
func (d *driftTally) add(b *block, r *record, classify func(string) (centroids.Decision, error)) error {
	d.ordinal++
	if r.what != 0 {
		d.distinct = true
		if d.messages.add(r.what) {
			return nil
		}
	}
	if r.has(hasScore) {
		d.bins[d.bin(r.score)]++
		d.n++
		switch {
		case r.best != noTier:
			d.mix[r.best]++
		case d.accepting && r.start != noTier:
			d.mix[r.start]++
		}
	}
	if classify == nil || !r.has(hasPrompt) {
		return nil
	}
	priority := mix64(d.ordinal)
	if !d.texts.wants(priority) {
		return nil
	}
	found, err := classify(string(textOf(b, r.prompt)))
	if err != nil {
		return err
	}
	t := text{priority: priority, tier: noTier}
	if found.Nearest >= 0 {
		t.tier, t.bin = int8(found.Nearest), int16(d.bin(found.Scores[found.Nearest]))
		if r.has(hasScore) && r.best != noTier {
			t.checked = true
			t.differs = r.best != t.tier || math.Abs(r.score-found.Scores[found.Nearest]) > d.tolerance
		}
	}
	d.texts.put(t)
	return nil
}

func (d *driftTally) merge(o *driftTally) {
	for i, n := range o.bins {
		d.bins[i] += n
	}
	for i, n := range o.mix {
		d.mix[i] += n
	}
	d.n += o.n
	d.distinct = d.distinct || o.distinct
	for _, t := range o.texts {
		t.priority = mix64(t.priority + d.ordinal)
		if d.texts.wants(t.priority) {
			d.texts.put(t)
		}
	}
	d.ordinal += o.ordinal
}

// A text is a request that was embedded.
type text struct {
	priority         uint64
	bin              int16
	tier             int8 // noTier: no vector
	checked, differs bool
}

// texts are those of the lowest priorities: a random sample, whatever comes
// behind. The highest is on top.
type texts []text

func (t texts) Len() int           { return len(t) }
func (t texts) Less(i, j int) bool { return t[i].priority > t[j].priority }
func (t texts) Swap(i, j int)      { t[i], t[j] = t[j], t[i] }
func (t *texts) Push(x any)        { *t = append(*t, x.(text)) }
func (t *texts) Pop() any {
	last := (*t)[len(*t)-1]
	*t = (*t)[:len(*t)-1]
	return last
}

func (t texts) wants(priority uint64) bool { return len(t) < maxTexts || priority < t[0].priority }

func (t *texts) put(x text) {
	if len(*t) < maxTexts {
		heap.Push(t, x)
		return
	}
	(*t)[0] = x
	heap.Fix(t, 0)
}

// mix64 is a bijection of 64-bit numbers whose values look random (Steele, Lea
// and Flood 2014, SplitMix64).
func mix64(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
