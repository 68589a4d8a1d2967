package svgplot

import (
	"cmp"
	"math"
	"slices"
)

// An area is a rectangle with its sides along the axes.
type area struct{ x0, y0, x1, y1 float64 }

// grown is a with by more on every side.
func (a area) grown(by float64) area { return area{a.x0 - by, a.y0 - by, a.x1 + by, a.y1 + by} }

func (a area) overlaps(b area) bool { return a.x0 < b.x1 && b.x0 < a.x1 && a.y0 < b.y1 && b.y0 < a.y1 }

func (a area) holds(b area) bool {
	return a.x0 <= b.x0 && b.x1 <= a.x1 && a.y0 <= b.y0 && b.y1 <= a.y1
}

// A segment is a straight line between two places.
type segment struct{ x1, y1, x2, y2 float64 }

// crosses reports whether s has a point inside a (Liang and Barsky's clipping).
func (s segment) crosses(a area) bool {
	t0, t1 := 0.0, 1.0
	for _, side := range [4][2]float64{
		{s.x1 - s.x2, s.x1 - a.x0}, {s.x2 - s.x1, a.x1 - s.x1},
		{s.y1 - s.y2, s.y1 - a.y0}, {s.y2 - s.y1, a.y1 - s.y1},
	} {
		p, q := side[0], side[1]
		switch {
		case p == 0 && q <= 0:
			return false
		case p < 0:
			t0 = max(t0, q/p)
		case p > 0:
			t1 = min(t1, q/p)
		}
	}
	return t0 < t1
}

// meets reports whether s and t cross inside both.
func (s segment) meets(t segment) bool {
	side := func(a segment, x, y float64) float64 {
		return (a.x2-a.x1)*(y-a.y1) - (a.y2-a.y1)*(x-a.x1)
	}
	return side(s, t.x1, t.y1)*side(s, t.x2, t.y2) < 0 && side(t, s.x1, s.y1)*side(t, s.x2, s.y2) < 0
}

// A mark is a point that wants a label of size w by h near its marker, which is a disc of radius r about (x, y).
type mark struct{ x, y, r, w, h float64 }

func (m mark) disc() area { return area{m.x - m.r, m.y - m.r, m.x + m.r, m.y + m.r} }

// A spot is where a label goes.
type spot struct {
	area
	leader segment // from the marker to the label; only if far
	far    bool
	ok     bool // false: there was no room
}

// A placer places labels in room so that they cover neither each other nor a marker.
type placer struct {
	room  area
	marks []mark
	discs []area    // markers without a label
	lines []segment // whiskers and the like, avoided where possible
	spots []spot    // aligned with marks
}

// place finds a spot for each mark. Marks with the most neighbours choose first, then in order; afterwards each may
// choose again, twice, knowing where the others went. Of equally good spots the first wins, so that the result depends
// on nothing but the input.
func (p *placer) place() []spot {
	p.spots = make([]spot, len(p.marks))
	order := make([]int, len(p.marks))
	crowd := make([]int, len(p.marks))
	for i, a := range p.marks {
		order[i] = i
		for _, b := range p.marks {
			if math.Abs(a.x-b.x) < 110 && math.Abs(a.y-b.y) < 45 {
				crowd[i]++
			}
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(crowd[b], crowd[a]) })
	for round := 0; round < 3; round++ {
		for _, i := range order {
			p.spots[i] = p.best(i)
		}
	}
	return p.spots
}

// directions are the sides of a marker on which a label may lie, the most readable first: unit steps, y downwards.
var directions = [][2]float64{
	{1, 0}, {-1, 0}, {0, -1}, {0, 1}, {1, -1}, {1, 1}, {-1, -1}, {-1, 1},
	{1, -0.5}, {1, 0.5}, {-1, -0.5}, {-1, 0.5}, {0.5, -1}, {0.5, 1}, {-0.5, -1}, {-0.5, 1},
}

// distances from the edge of a marker to its label; beyond the first a leader joins them.
var distances = []float64{3, 9, 16, 24, 33, 43, 54, 66, 80, 96, 114, 134, 156, 180, 210, 250, 300}

// dear is the cost above which a spot beside the marker is compared with spots anywhere.
const dear = 40.0

// best returns the spot of least cost for mark i, given all other spots.
func (p *placer) best(i int) spot {
	m := p.marks[i]
	var best spot
	least := math.Inf(1)
	for ring, d := range distances {
		if d > least {
			break // cost is at least the distance
		}
		for k, dir := range directions {
			cx := m.x + dir[0]*(m.r+d+m.w/2)
			cy := m.y + dir[1]*(m.r+d+m.h/2)
			s := spot{area: area{cx - m.w/2, cy - m.h/2, cx + m.w/2, cy + m.h/2}, ok: true, far: ring > 0}
			if s.far {
				s.leader = m.leaderTo(s.area)
			}
			if cost, ok := p.cost(i, s); ok {
				if cost += d + float64(k)*0.3; cost < least {
					best, least = s, cost
				}
			}
		}
	}
	if least > dear {
		if s := p.nearest(i, least); s.ok {
			return s
		}
	}
	return best
}

// nearest tries a grid of places all over the room for mark i, by rows from the top left, and returns the spot of least cost
// below least; the cost counts the length of the leader.
func (p *placer) nearest(i int, least float64) spot {
	m := p.marks[i]
	var best spot
	for y := p.room.y0; y+m.h <= p.room.y1; y += 8 {
		for x := p.room.x0; x+m.w <= p.room.x1; x += 14 {
			s := spot{area: area{x, y, x + m.w, y + m.h}, ok: true, far: true}
			s.leader = m.leaderTo(s.area)
			length := math.Hypot(s.leader.x2-s.leader.x1, s.leader.y2-s.leader.y1)
			if length >= least {
				continue
			}
			if cost, ok := p.cost(i, s); ok && cost+length < least {
				best, least = s, cost+length
			}
		}
	}
	return best
}

// leaderTo is the line from the edge of the marker to the nearest place of a.
func (m mark) leaderTo(a area) segment {
	x, y := min(max(m.x, a.x0), a.x1), min(max(m.y, a.y0), a.y1)
	if l := math.Hypot(x-m.x, y-m.y); l > m.r {
		return segment{m.x + (x-m.x)*m.r/l, m.y + (y-m.y)*m.r/l, x, y}
	}
	return segment{m.x, m.y, x, y}
}

// cost weighs what label i at s would cross; ok is false if it would cover, or be covered by, a marker, a label or a leader.
func (p *placer) cost(i int, s spot) (cost float64, ok bool) {
	if !p.room.holds(s.area) {
		return 0, false
	}
	m := p.marks[i]
	for j, other := range p.marks {
		if s.overlaps(other.disc().grown(1)) {
			return 0, false
		}
		if j == i {
			continue
		}
		if !s.far && s.overlaps(other.disc().grown(4)) {
			cost += 10 // whose label is it?
		}
		same := math.Hypot(other.x-m.x, other.y-m.y) < 1
		if s.far && !same && s.leader.crosses(other.disc()) {
			cost += 60
		}
		if t := p.spots[j]; t.ok {
			switch {
			case s.overlaps(t.area.grown(1.5)), s.far && s.leader.crosses(t.area), t.far && t.leader.crosses(s.area):
				return 0, false
			case s.far && t.far && s.leader.meets(t.leader):
				cost += 60
			}
		}
	}
	for _, d := range p.discs {
		if s.overlaps(d.grown(1)) {
			return 0, false
		}
	}
	for _, l := range p.lines {
		if l.crosses(s.area) {
			cost += 14
		}
	}
	if s.far {
		cost += 8
		if l := s.leader; math.Abs(l.x1-l.x2) < 2 || math.Abs(l.y1-l.y2) < 2 {
			cost += 12 // looks like a whisker
		}
	}
	return cost, true
}
