package eval

import (
	"fmt"
	"iter"

	"github.com/routeproof/routeproof/internal/names"
)

// Decisions are as many decisions as prompts, held by columns, as there may be
// millions: 3 bytes each, and 8 for each number that is stated, where a [Decision]
// alone takes 168. A column of which none has a value takes nothing. A nil
// *Decisions holds none.
type Decisions struct {
	n             int
	tiers         []uint8
	marks         []mark
	scores        perTier
	probabilities perTier
	confidence    []float64
	usd, ms       []float64
	in, out       []int
	stage         texts
	err, model    texts
}

// mark says what a decision has beside its tier: these bits and, above, the origins of
// its cost and its latency.
type mark uint16

const (
	isRefused mark = 1 << iota
	isInvalid
	hasScores
	hasProbabilities
	hasConfidence
	hasInputTokens
	hasOutputTokens

	usdOrigin  = 8 // bits from which on they are
	msOrigin   = 10
	originBits = 3

	mostTier = 255
)

// perTier is a row of numbers for each decision, all of one length.
type perTier struct {
	width  int
	values []float64
}

// texts are few different ones, by number; 0 is the empty text.
type texts struct {
	numbers []int32
	names   names.Table
}

// NewDecisions returns n decisions, each the zero one.
func NewDecisions(n int) *Decisions {
	return &Decisions{n: n, tiers: make([]uint8, n), marks: make([]mark, n)}
}

// DecisionsOf returns these decisions.
func DecisionsOf(list ...Decision) *Decisions {
	d := NewDecisions(len(list))
	for i := range list {
		d.Set(i, &list[i])
	}
	return d
}

// Len returns how many decisions there are.
func (d *Decisions) Len() int {
	if d == nil {
		return 0
	}
	return d.n
}

// Set sets decision i to a copy of one, whose tier must be from 0 to 255, and whose
// scores, where it has any, must be as many as those of the others, and so its
// probabilities; or it panics. Of an unknown quantity no value is kept.
func (d *Decisions) Set(i int, to *Decision) {
	if to.Tier < 0 || to.Tier > mostTier {
		panic(fmt.Sprintf("eval: a decision for tier %d: expected 0 to %d", to.Tier, mostTier))
	}
	d.tiers[i] = uint8(to.Tier)
	m := mark(to.CostUSD.Origin)<<usdOrigin | mark(to.LatencyMS.Origin)<<msOrigin
	note := func(is bool, bit mark) bool {
		if is {
			m |= bit
		}
		return is
	}
	note(to.Refused, isRefused)
	note(to.Invalid, isInvalid)
	if note(len(to.Scores) > 0, hasScores) {
		d.scores.set(d.n, i, to.Scores)
	}
	if note(len(to.Probabilities) > 0, hasProbabilities) {
		d.probabilities.set(d.n, i, to.Probabilities)
	}
	if note(to.Confidence != nil, hasConfidence) {
		set(&d.confidence, d.n, i, *to.Confidence)
	}
	if note(to.InputTokens != nil, hasInputTokens) {
		set(&d.in, d.n, i, *to.InputTokens)
	}
	if note(to.OutputTokens != nil, hasOutputTokens) {
		set(&d.out, d.n, i, *to.OutputTokens)
	}
	if to.CostUSD.Known() {
		set(&d.usd, d.n, i, to.CostUSD.Value)
	}
	if to.LatencyMS.Known() {
		set(&d.ms, d.n, i, to.LatencyMS.Value)
	}
	d.stage.set(d.n, i, to.Stage)
	d.err.set(d.n, i, to.Err)
	d.model.set(d.n, i, to.Model)
	d.marks[i] = m
}

// set sets an element of a column of n.
func set[T any](column *[]T, n, i int, to T) {
	if *column == nil {
		*column = make([]T, n)
	}
	(*column)[i] = to
}

func (p *perTier) set(n, i int, to []float64) {
	if p.values == nil {
		p.width, p.values = len(to), make([]float64, n*len(to))
	}
	if len(to) != p.width {
		panic(fmt.Sprintf("eval: a decision with numbers of %d tiers among some of %d", len(to), p.width))
	}
	copy(p.values[i*p.width:], to)
}

func (p *perTier) at(i int) []float64 {
	from, to := i*p.width, (i+1)*p.width
	return p.values[from:to:to]
}

func (t *texts) set(n, i int, to string) {
	if to == "" && t.numbers == nil {
		return
	}
	number := 0
	if to != "" {
		number, _ = t.names.Add(to)
		number++
	}
	set(&t.numbers, n, i, int32(number))
}

func (t *texts) at(i int) string {
	if t.numbers == nil || t.numbers[i] == 0 {
		return ""
	}
	return t.names.Name(int(t.numbers[i] - 1))
}

// At returns decision i. What it points to is that of d, and must not be changed.
func (d *Decisions) At(i int) Decision {
	m := d.marks[i]
	out := Decision{
		Tier: int(d.tiers[i]), Refused: m&isRefused != 0, Invalid: m&isInvalid != 0,
		Stage: d.stage.at(i), Err: d.err.at(i), Model: d.model.at(i), CostUSD: d.CostUSD(i), LatencyMS: d.LatencyMS(i),
	}
	if m&hasScores != 0 {
		out.Scores = d.scores.at(i)
	}
	if m&hasProbabilities != 0 {
		out.Probabilities = d.probabilities.at(i)
	}
	if m&hasConfidence != 0 {
		out.Confidence = &d.confidence[i]
	}
	if m&hasInputTokens != 0 {
		out.InputTokens = &d.in[i]
	}
	if m&hasOutputTokens != 0 {
		out.OutputTokens = &d.out[i]
	}
	return out
}

// All visits the decisions in their order, each as [Decisions.At] returns it.
func (d *Decisions) All() iter.Seq2[int, Decision] {
	return func(yield func(int, Decision) bool) {
		for i := range d.Len() {
			if !yield(i, d.At(i)) {
				return
			}
		}
	}
}

// Tier returns the tier of decision i.
func (d *Decisions) Tier(i int) int { return int(d.tiers[i]) }

// CostUSD returns the cost of decision i.
func (d *Decisions) CostUSD(i int) Quantity { return d.quantity(d.usd, i, usdOrigin) }

// LatencyMS returns the latency of decision i.
func (d *Decisions) LatencyMS(i int) Quantity { return d.quantity(d.ms, i, msOrigin) }

func (d *Decisions) quantity(values []float64, i, bits int) Quantity {
	origin := Origin(d.marks[i] >> bits & originBits)
	if origin == Unknown {
		return Quantity{}
	}
	return Quantity{values[i], origin}
}

// Some returns a copy of the decisions at index, in its order.
func (d *Decisions) Some(index []int) *Decisions {
	out := NewDecisions(len(index))
	for j, i := range index {
		out.Set(j, new(d.At(i)))
	}
	return out
}

// With returns a copy of the decisions with more behind them.
func (d *Decisions) With(more *Decisions) *Decisions {
	out := NewDecisions(d.Len() + more.Len())
	for _, part := range []struct {
		from int
		of   *Decisions
	}{{0, d}, {d.Len(), more}} {
		for i, decision := range part.of.All() {
			out.Set(part.from+i, &decision)
		}
	}
	return out
}
