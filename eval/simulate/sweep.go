package simulate

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/policy"
	"github.com/routeproof/routeproof/internal/spill"
)

// A Sweep is a cascade at every distinct threshold of a knob, until it is closed.
type Sweep struct {
	Knob    Knob               `json:"knob"`
	N       int                `json:"n"`        // requests for which all models from the start on were recorded, with scores
	LeftOut int                `json:"left_out"` // others
	Priced  int                `json:"priced"`   // of n, requests whose costs are known whatever the threshold: costs are over these
	Points  Points[SweepPoint] `json:"points"`   // from off to the tightest
}

// A SweepPoint is the cascade at one threshold.
type SweepPoint struct {
	Threshold float64     `json:"threshold"`
	Quality   eval.Number `json:"quality"`
	CostUSD   eval.Number `json:"cost_usd"`  // mean of a request
	Served    []int       `json:"served"`    // by model
	Escalated int         `json:"escalated"` // requests for which the first model's answer was not taken
	Exhausted int         `json:"exhausted"`
}

// NewSweepPoints returns points that are given, by which none is served by another
// number of models than the first. All of them are in memory.
func NewSweepPoints(points ...SweepPoint) (p Points[SweepPoint], err error) {
	for i, x := range points {
		if i == 0 {
			p = newSweepPoints(len(x.Served), math.MaxInt)
		}
		if err := p.add(x); err != nil {
			return Points[SweepPoint]{}, err
		}
	}
	return p, nil
}

func newSweepPoints(models, near int) Points[SweepPoint] {
	return newPoints(pointNumbers+models, near, SweepPoint.row, sweepPoint)
}

// pointNumbers is how many numbers a point has beside those by model.
const pointNumbers = 5

// row appends the point's numbers, of which sweepPoint makes it again.
func (p SweepPoint) row(room []float64) []float64 {
	room = append(room, p.Threshold, float64(p.Quality), float64(p.CostUSD), float64(p.Escalated), float64(p.Exhausted))
	for _, n := range p.Served {
		room = append(room, float64(n))
	}
	return room
}

func sweepPoint(row []float64) SweepPoint {
	p := SweepPoint{Threshold: row[0], Quality: eval.Number(row[1]), CostUSD: eval.Number(row[2]), Escalated: int(row[3]), Exhausted: int(row[4])}
	p.Served = make([]int, len(row)-pointNumbers)
	for k := range p.Served {
		p.Served[k] = int(row[pointNumbers+k])
	}
	return p
}

// Close gives the points up. A nil sweep may be closed.
func (s *Sweep) Close() error {
	if s == nil {
		return nil
	}
	return s.Points.close()
}

// nearMoves is how many bytes of moves are in memory before a temporary file is made.
const nearMoves = 8 << 20

// SweepCascade simulates a cascade at every distinct threshold of a knob, and gives
// what [policy.Cascade] would at each. It takes O(m log m) for m answers after the
// checks, times the models for the climbing. Memory does not grow with the requests:
// beyond some MiB, what changes by threshold is sorted in a temporary file, and the
// points are in one until the sweep is closed.
func SweepCascade(ctx context.Context, knob Knob, config policy.ChecksConfig, start Start, backend policy.Backend, requests policy.Requests) (*Sweep, error) {
	return sweepCascade(ctx, knob, config, start, backend, requests, nearMoves, nearPoints)
}

func sweepCascade(ctx context.Context, knob Knob, config policy.ChecksConfig, start Start, backend policy.Backend, requests policy.Requests, nearMoves, nearPoints int) (_ *Sweep, err error) {
	checks, err := policy.NewChecks(knob.At(config, 0))
	if err != nil {
		return nil, err
	}
	models := len(backend.Models())
	s := &Sweep{Knob: knob, Points: newSweepPoints(models, nearPoints)}
	m := moves{sorter: spill.Sorter{Limit: nearMoves, What: "where requests climb"}, total: tally{served: make([]int, models)}}
	defer func() {
		if err = errors.Join(err, m.sorter.Close()); err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	l := &ladder{late: knob == KnobTimeout, answers: make([]answer, models)}
	if err := eachAtHand(ctx, backend, requests, func(q *policy.Request, b policy.Backend) error {
		ok, err := l.read(ctx, knob, checks, start, b, q)
		if err != nil {
			return err
		}
		if !ok {
			s.LeftOut++
			return nil
		}
		s.N++
		s.Priced += count(l.priced)
		return m.add(l)
	}); err != nil {
		return nil, err
	}
	if s.N == 0 {
		return nil, ErrNothing
	}
	if err := s.sweep(&m); err != nil {
		return nil, err
	}
	return s, nil
}

// ladder is one request on the whole ladder.
type ladder struct {
	late    bool     // answers that are refused by the knob are not there at all
	answers []answer // by model; those below the start are not used
	start   int
	usd     float64 // of finding the start
	priced  bool    // all costs are known; else all are 0
}

type answer struct {
	refused, absent         bool // by the other checks; there is no answer to give
	strictness, score, cost float64
}

// read takes a request, unless the record says too little of it.
func (l *ladder) read(ctx context.Context, knob Knob, checks *policy.Checks, start Start, backend policy.Backend, request *policy.Request) (ok bool, err error) {
	l.start, l.usd, err = start(ctx, request)
	if errors.Is(err, policy.ErrUnrecorded) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	l.priced = !math.IsNaN(l.usd)
	for rung := l.start; rung < len(l.answers); rung++ {
		call, err := backend.Call(ctx, request, rung)
		var reasons policy.Reasons
		if err == nil {
			reasons, err = checks.Check(request, &call)
		}
		if err == nil && knob == KnobMinChars && call.Err == "" && !call.Response.Known {
			err = fmt.Errorf("%w: the text of an answer", policy.ErrUnrecorded)
		}
		var strictness float64
		if err == nil {
			strictness, err = knob.strictness(&call)
		}
		switch {
		case errors.Is(err, policy.ErrUnrecorded) || err == nil && !reasons.NoAnswer() && !call.Score.Known:
			return false, nil
		case err != nil:
			return false, err
		}
		l.answers[rung] = answer{reasons != 0, reasons.NoAnswer(), strictness, call.Score.Value, call.CostUSD.Value}
		l.priced = l.priced && call.CostUSD.Known()
	}
	if !l.priced {
		l.usd = 0
		for rung := range l.answers {
			l.answers[rung].cost = 0
		}
	}
	return true, nil
}

// ladderResult is what becomes of a request.
type ladderResult struct {
	rung                 int // whose answer is given; −1: nobody's
	score, cost          float64
	escalated, exhausted bool
}

// climb climbs the ladder where answers up to a strictness are refused; NaN refuses
// none.
func (l *ladder) climb(upTo float64) ladderResult {
	r := ladderResult{rung: -1, cost: l.usd}
	for rung := l.start; rung < len(l.answers); rung++ {
		a := &l.answers[rung]
		r.cost += a.cost
		refused := a.strictness <= upTo
		if a.absent || refused && l.late {
			continue
		}
		r.rung, r.score = rung, a.score
		if !refused && !a.refused {
			r.escalated = rung > l.start
			return r
		}
	}
	r.exhausted, r.escalated = true, len(l.answers) > l.start+1
	return r
}

// tally is the sum over all requests at one threshold.
type tally struct {
	quality, cost        float64
	served               []int
	escalated, exhausted int
}

// moves are where requests come to another result as the knob is tightened.
type moves struct {
	total  tally        // where it is off
	sorter spill.Sorter // by the strictness up to which answers are refused; nothing behind it where nothing changes

	strictness []float64 // of a request's answers
	record     []byte
}

// moveBytes is what a move takes behind its strictness.
const moveBytes = 4 + 2*8

// add adds a request. What comes of equal records is equal, so they need no order among
// themselves.
func (m *moves) add(l *ladder) error {
	before := l.climb(math.NaN())
	m.total.quality += before.score
	m.total.cost += before.cost
	m.total.escalated += count(before.escalated)
	m.total.exhausted += count(before.exhausted)
	if before.rung >= 0 {
		m.total.served[before.rung]++
	}
	m.strictness = m.strictness[:0]
	for _, a := range l.answers[l.start:] {
		if !a.absent {
			m.strictness = append(m.strictness, a.strictness+0) // never −0
		}
	}
	slices.Sort(m.strictness)
	for _, upTo := range slices.Compact(m.strictness) {
		m.record = spill.AppendNumber(m.record[:0], upTo)
		if now := l.climb(upTo); now != before {
			m.record = append(m.record, byte(1+before.rung), byte(1+now.rung), byte(count(now.escalated)-count(before.escalated)), byte(count(now.exhausted)-count(before.exhausted)))
			m.record = binary.BigEndian.AppendUint64(m.record, math.Float64bits(now.score-before.score))
			m.record = binary.BigEndian.AppendUint64(m.record, math.Float64bits(now.cost-before.cost))
			before = now
		}
		if err := m.sorter.Add(m.record); err != nil {
			return err
		}
	}
	return nil
}

// move follows a record, without its strictness.
func (t *tally) move(record []byte) {
	if len(record) < moveBytes {
		return // nothing changes
	}
	if before := record[0]; before > 0 {
		t.served[before-1]--
	}
	if now := record[1]; now > 0 {
		t.served[now-1]++
	}
	t.escalated += int(int8(record[2]))
	t.exhausted += int(int8(record[3]))
	t.quality += math.Float64frombits(binary.BigEndian.Uint64(record[4:]))
	t.cost += math.Float64frombits(binary.BigEndian.Uint64(record[12:]))
}

// sweep tightens the knob from off. Each answer that comes to be refused moves
// its request.
func (s *Sweep) sweep(m *moves) error {
	if err := s.point(0, &m.total); err != nil {
		return err
	}
	last := math.NaN() // up to which answers are refused
	for record, err := range m.sorter.All() {
		if err != nil {
			return err
		}
		next := spill.Number(record)
		if math.IsInf(next, 1) {
			return nil // what is left is never refused
		}
		if next != last && !math.IsNaN(last) {
			if err := s.point(s.Knob.threshold(next), &m.total); err != nil {
				return err
			}
		}
		m.total.move(record[8:])
		last = next
	}
	if next, ok := s.Knob.beyond(last); ok && !math.IsNaN(last) {
		return s.point(s.Knob.threshold(next), &m.total)
	}
	return nil
}

// point appends a point.
func (s *Sweep) point(threshold float64, t *tally) error {
	p := SweepPoint{
		Threshold: threshold, Quality: eval.Number(t.quality / float64(s.N)), CostUSD: eval.Number(t.cost / float64(s.Priced)), // NaN where none is priced
		Served: t.served, Escalated: t.escalated, Exhausted: t.exhausted,
	}
	return s.Points.add(p)
}
