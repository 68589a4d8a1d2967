package logs

import (
	"context"
	"math"
)

// Bounds of what is told apart. What comes beyond them is summed under others.
const (
	MaxFeatures = 1000
	MaxModels   = 1000
)

// MaxDays is how old a record is at most: older times are not believed.
const MaxDays = 1500

// A Tally is what a log adds up to, in bounded memory whatever the log's length.
// Tallies of parts of a log, in order, merge to that of the whole, but for
// repeated lines, which are looked for in each part alone.
type Tally struct {
	reader *reader

	lines, blank int
	faults       faults
	unread       []Unread

	outside  int // records before Since, behind Until, or without a time where one of them is set
	repeated int // same id, and the same line or Unique: left out
	alike    int // same line without an id: kept
	alikeUSD sum
	clashing int // same id, other line: kept
	seen     recent
	ids      recent

	all         spend
	first, last int64 // times; 0: none has one
	timeless    int
	features    names
	byFeature   []*featureTally // as features, behind them the others
	models      names
	byModel     []*spend // as models, behind them the others
	byTier      []tierTally
	noTier      spend // requests whose tier is unknown: none answered

	starts   escalations
	dearest  dearestTally
	fees     spend // what classifiers cost, where it is logged
	drift    *driftTally
	computed spend // the part of all whose cost follows from tokens and prices
}

// Unread says why a part of a file was not read.
type Unread struct {
	File   string `json:"file"`
	Reason string `json:"reason"`
}

// A spend is requests and what they cost.
type spend struct {
	requests, unknown int // unknown: of them, without a cost
	usd               sum
}

func (s *spend) add(cost pico, known bool) {
	s.requests++
	if known {
		s.usd.add(cost)
	} else {
		s.unknown++
	}
}

func (s *spend) merge(o *spend) {
	s.requests += o.requests
	s.unknown += o.unknown
	s.usd.merge(o.usd)
}

// A featureTally is what requests of a feature add up to.
type featureTally struct {
	spend
	tiers    []int // requests by the tier that answered
	starts   escalations
	timeless int
	days     map[int64]*spend
	day      int64 // that was met last
	at       *spend
}

func newFeatureTally(tiers int) *featureTally {
	return &featureTally{tiers: make([]int, tiers), starts: newEscalations(tiers), days: map[int64]*spend{}}
}

// A tierTally is what requests that a tier answered add up to.
type tierTally struct {
	spend
	input, output       int64 // tokens
	inputN, outputN     int   // requests whose tokens are known
	latency             quantiles
	escalated, notKnown int // requests that came here by escalation; of which it is not known
}

// names gives numbers to the first names that come.
type names struct {
	index map[string]int
	list  []string
	most  int
}

// of returns the number of a name; that of the others, most, beyond the bound.
func (n *names) of(name string) int {
	if k, ok := n.index[name]; ok {
		return k
	}
	if len(n.list) == n.most {
		return n.most
	}
	n.index[name] = len(n.list)
	n.list = append(n.list, name)
	return len(n.list) - 1
}

func newTally(r *reader) *Tally {
	k := r.Tiers.Len()
	t := &Tally{
		reader:   r,
		features: names{map[string]int{}, nil, MaxFeatures}, byFeature: make([]*featureTally, MaxFeatures+2),
		models: names{map[string]int{}, nil, MaxModels}, byModel: make([]*spend, MaxModels+2),
		byTier: make([]tierTally, k), starts: newEscalations(k),
	}
	if r.Reference != nil && r.Reference.Drift != nil {
		t.drift = newDriftTally(r.Reference, r.Tiers)
	}
	return t
}

// Scan reads logs and adds them up. Where a file cannot be read to its end the
// tally says so ([Reading.Unread]); the error is of a file that cannot be opened,
// or the context's.
func Scan(ctx context.Context, sources []Source, s Settings) (*Tally, error) {
	r, err := s.ready()
	if err != nil {
		return nil, err
	}
	t := newTally(r)
	err = r.scan(ctx, sources, func(b *block) error {
		t.take(b)
		return t.addAll(b)
	})
	return t, err
}

// take takes in what a block says of itself.
func (t *Tally) take(b *block) {
	t.lines += b.lines
	t.blank += b.blank
	t.faults.merge(&b.faults)
	if b.unread != nil {
		t.unread = append(t.unread, Unread{b.file, b.unread.Error()})
	}
}

// addAll adds a block's records. Those that do not count are taken out of it.
func (t *Tally) addAll(b *block) error {
	t.unrepeated(b)
	features, models := make([]int, len(b.features)), make([]int, len(b.names))
	for i, name := range b.features {
		features[i] = t.features.of(name)
	}
	for i, name := range b.names {
		models[i] = t.models.of(name)
	}
	for i := range b.records {
		r := &b.records[i]
		feature, model := MaxFeatures+1, MaxModels+1 // unknown
		if r.feature >= 0 {
			feature = features[r.feature]
		}
		if r.model >= 0 {
			model = models[r.model]
		}
		t.add(b, r, feature, model)
		if t.drift != nil {
			if err := t.drift.add(b, r, t.reader.Classify); err != nil {
				return err
			}
		}
	}
	return nil
}

// unrepeated drops the records outside the time that counts, and those that are
// the same line with the same id as one before.
func (t *Tally) unrepeated(b *block) {
	kept := b.records[:0]
	for i := range b.records {
		if r := &b.records[i]; t.counts(r) {
			if i > len(kept) {
				kept = append(kept, *r)
			} else {
				kept = b.records[:i+1]
			}
		}
	}
	b.records = kept
}

// counts tells whether a record counts, and what of it repeats an earlier one.
func (t *Tally) counts(r *record) bool {
	since, until := t.reader.Since, t.reader.Until
	if bounded := !since.IsZero() || !until.IsZero(); bounded &&
		(!r.has(hasTime) || !since.IsZero() && r.time < since.Unix() || !until.IsZero() && r.time >= until.Unix()) {
		t.outside++
		return false
	}
	again := t.seen.add(r.whole)
	if !r.has(hasID) {
		if again {
			t.alike++
			if r.has(hasCost) {
				t.alikeUSD.add(r.cost)
			}
		}
		return true
	}
	known := t.ids.add(r.id)
	switch {
	case known && (again || t.reader.Unique):
		t.repeated++
		return false
	case known:
		t.clashing++
	}
	return true
}

const secondsPerDay = 86400

func (t *Tally) add(b *block, r *record, feature, model int) {
	cost, priced := t.cost(b, r)
	t.all.add(cost, priced)
	f := t.byFeature[feature]
	if f == nil {
		f = newFeatureTally(t.reader.Tiers.Len())
		t.byFeature[feature] = f
	}
	f.add(cost, priced)
	t.time(r, f, cost, priced)
	m := t.byModel[model]
	if m == nil {
		m = new(spend)
		t.byModel[model] = m
	}
	m.add(cost, priced)
	if r.has(hasClassifier) {
		t.fees.add(r.classifier, true)
	}
	t.starts.add(r)
	f.starts.add(r)
	if r.tier == noTier {
		t.noTier.add(cost, priced)
	} else {
		f.tiers[r.tier]++
		t.byTier[r.tier].add(r, cost, priced)
	}
	t.dearest.add(r, t.reader.Dearest, cost, priced)
}

// cost is what a request cost: as logged, or else by its tokens and the price of
// its model.
func (t *Tally) cost(b *block, r *record) (cost pico, ok bool) {
	if r.has(hasCost) {
		return r.cost, true
	}
	if r.model < 0 || !r.has(hasInput|hasOutput) {
		return 0, false
	}
	price, known := t.reader.Prices[b.names[r.model]]
	if !known {
		return 0, false
	}
	usd := price.usd(r.input, r.output)
	if usd > maxUSD {
		return 0, false
	}
	cost = picoOf(usd)
	t.computed.add(cost, true)
	return cost, true
}

// time adds a request to its day.
func (t *Tally) time(r *record, f *featureTally, cost pico, priced bool) {
	if !r.has(hasTime) {
		t.timeless++
		f.timeless++
		return
	}
	if t.first == 0 || r.time < t.first {
		t.first = r.time
	}
	t.last = max(t.last, r.time)
	day := int64(math.Floor(float64(r.time) / secondsPerDay))
	if f.at == nil || f.day != day {
		f.day, f.at = day, f.days[day]
		if f.at == nil {
			f.at = new(spend)
			f.days[day] = f.at
		}
	}
	f.at.add(cost, priced)
}

func (t *tierTally) add(r *record, cost pico, priced bool) {
	t.spend.add(cost, priced)
	if r.has(hasInput) {
		t.input += int64(r.input)
		t.inputN++
	}
	if r.has(hasOutput) {
		t.output += int64(r.output)
		t.outputN++
	}
	if r.has(hasLatency) {
		t.latency.add(r.latency)
	}
	switch {
	case !r.has(hasEscalated):
		t.notKnown++
	case r.escalated:
		t.escalated++
	}
}

func (t *tierTally) merge(o *tierTally) {
	t.spend.merge(&o.spend)
	t.input, t.output = t.input+o.input, t.output+o.output
	t.inputN, t.outputN = t.inputN+o.inputN, t.outputN+o.outputN
	t.latency.merge(&o.latency)
	t.escalated, t.notKnown = t.escalated+o.escalated, t.notKnown+o.notKnown
}

// A dearestTally compares what requests cost with what the last tier's model
// would have cost for the same tokens.
type dearestTally struct {
	requests    int // whose tokens and cost are known
	actual, all sum
}

func (d *dearestTally) add(r *record, price *Price, cost pico, priced bool) {
	if price == nil || !priced || !r.has(hasInput|hasOutput) {
		return
	}
	usd := price.usd(r.input, r.output)
	if usd > maxUSD {
		return
	}
	d.requests++
	d.actual.add(cost)
	d.all.add(picoOf(usd))
}

func (d *dearestTally) merge(o *dearestTally) {
	d.requests += o.requests
	d.actual.merge(o.actual)
	d.all.merge(o.all)
}
