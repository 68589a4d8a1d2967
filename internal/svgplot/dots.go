package svgplot

import (
	"cmp"
	"fmt"
	"strings"
)

// A Point is one row of a dot plot.
type Point struct {
	Label     string
	Value     float64
	Low, High float64 // ends of the interval, Low <= High; NaN = none. Value may lie outside
	N         int     // how many observations; 0 or less = not shown
	Baseline  bool    // drawn hollow and grey, below all others
}

// Dots draws a horizontal dot-and-whisker plot: a row for each point in the given order, baselines after the others under
// a separator, and to the right of each row its value, its interval and its n as text. axis names the values; format
// writes them.
//
// If every drawn number lies in 0..1, the axis is 0..1. Otherwise it is the range of the data, with
// a margin, from zero if no number is negative and the smallest is below half the greatest. A point whose Value cannot be
// drawn is left out and named in a note; an interval that is infinite, half given or reversed is not drawn, and
// noted.
func Dots(title, axis string, points []Point, format func(float64) string) []byte {
	d := dotPlot{canvas: canvas{width: pageWidth}, format: format}
	d.split(points)
	y := d.heading(title)
	if len(d.rows) == 0 {
		y = d.noData(y + 12)
	} else {
		d.layout()
		y = d.draw(y+22, clean(axis))
	}
	return d.finish(d.notes(y+4, d.remarks()), title, d.describe(clean(axis)))
}

// A dotRow is one row with its texts.
type dotRow struct {
	Point
	name               string // shortened
	value, interval, n string // columns on the right
	whisker            bool
}

// A dotPlot is a dot plot being drawn.
type dotPlot struct {
	canvas
	format                      func(float64) string
	rows                        []dotRow // others, then baselines
	others                      int      // rows that are not baselines
	left, noInterval            []string // labels of points left out, and of intervals not drawn
	x                           scale
	valueEdge, rangeEdge, nEdge float64 // right edges of the columns
	showInterval, showN         bool
}

const (
	dotRowHeight = 25.0
	dotRadius    = 4.5
	columnGap    = 14.0
)

// split sorts the points into rows and what is left out.
func (d *dotPlot) split(points []Point) {
	for _, baseline := range []bool{false, true} {
		for _, p := range points {
			if p.Baseline != baseline {
				continue
			}
			if !drawable(p.Value) {
				d.left = append(d.left, p.Label)
				continue
			}
			r := dotRow{Point: p, name: shorten(named(p.Label), 200, textSize, false), value: label(d.format, p.Value)}
			r.whisker = drawable(p.Low) && drawable(p.High) && p.Low <= p.High
			if r.whisker {
				r.interval = label(d.format, p.Low) + " – " + label(d.format, p.High)
				r.interval = shorten(r.interval, 130, smallSize, false)
				d.showInterval = true
			} else if p.Low == p.Low || p.High == p.High { // not the two NaN that mean none
				d.noInterval = append(d.noInterval, p.Label)
			}
			if p.N > 0 {
				r.n = shorten(count(p.N), 80, smallSize, false)
				d.showN = true
			}
			d.rows = append(d.rows, r)
			if !baseline {
				d.others++
			}
		}
	}
}

// layout chooses the columns and the axis.
func (d *dotPlot) layout() {
	names, values, intervals, ns := []string{}, []string{"value"}, []string{"interval"}, []string{"n"}
	var s span
	for _, r := range d.rows {
		names, values = append(names, r.name), append(values, r.value)
		intervals, ns = append(intervals, r.interval), append(ns, r.n)
		s.add(r.Value)
		if r.whisker {
			s.add(r.Low, r.High)
		}
	}
	edge := d.width - margin
	if d.showN {
		d.nEdge = edge
		edge -= widest(ns, smallSize, false, 80) + columnGap
	}
	if d.showInterval {
		d.rangeEdge = edge
		edge -= widest(intervals, smallSize, false, 130) + columnGap
	}
	d.valueEdge = edge
	edge -= widest(values, textSize, true, 105) + columnGap + 4

	lo, hi := s.padded(0.05)
	switch {
	case s.unit():
		lo, hi = 0, 1
	case s.lo >= 0 && s.lo < s.hi/2:
		lo = 0
	}
	d.x = scale{lo: lo, hi: hi, from: margin + widest(names, textSize, false, 200) + columnGap, to: edge}
}

// draw draws the rows from y on and the axis below them, and returns the y of its lower edge.
func (d *dotPlot) draw(y float64, title string) float64 {
	ticks := d.x.ticks(7, d.format, func(l string) float64 { return textWidth(l, smallSize, false) + 10 })
	top, sep := y+6, 0.0
	bottom := top + dotRowHeight*float64(len(d.rows))
	baselines := len(d.rows) - d.others
	if baselines > 0 {
		sep = 30
		bottom += sep
	}
	for _, t := range ticks {
		d.line(t.at, top, t.at, bottom, paint{stroke: grid})
		d.text(t.at, bottom+17, t.label, font{size: smallSize, fill: muted, anchor: "middle"})
	}
	if d.x.lo < 0 && d.x.hi > 0 {
		d.line(d.x.at(0), top, d.x.at(0), bottom, paint{class: "zero", stroke: axis, width: 1.5})
	}
	d.line(d.x.from, bottom, d.x.to, bottom, paint{class: "axis", stroke: axis})
	d.columnHeads(y)
	y = top
	for i, r := range d.rows {
		if i == d.others {
			d.line(margin, y+5, d.width-margin, y+5, paint{class: "separator", stroke: axis, dash: "2 3"})
			d.text(margin, y+sep-9, "baselines (hollow)", font{size: smallSize, fill: muted})
			y += sep
		}
		d.row(r, y+dotRowHeight/2)
		y += dotRowHeight
	}
	axisTitle := shorten(title, d.width-2*margin, textSize, false)
	half := textWidth(axisTitle, textSize, false) / 2
	middle := min(max((d.x.from+d.x.to)/2, margin+half), d.width-margin-half)
	d.text(middle, bottom+36, axisTitle, font{anchor: "middle"})
	return bottom + 42
}

// columnHeads names the columns of text, with their baseline at y.
func (d *dotPlot) columnHeads(y float64) {
	head := font{size: smallSize, fill: muted, anchor: "end"}
	d.text(d.valueEdge, y, "value", head)
	if d.showInterval {
		d.text(d.rangeEdge, y, "interval", head)
	}
	if d.showN {
		d.text(d.nEdge, y, "n", head)
	}
}

// row draws r with its middle at y.
func (d *dotPlot) row(r dotRow, y float64) {
	colour, fill, text := blue, blue, ink
	if r.Baseline {
		colour, fill, text = muted, white, muted
	}
	d.text(margin, y+4, r.name, font{class: "label", fill: text})
	if r.whisker {
		low, high := d.x.at(r.Low), d.x.at(r.High)
		d.line(low, y, high, y, paint{class: "whisker", stroke: colour, width: 2})
		d.line(low, y-7, low, y+7, paint{stroke: colour, width: 2})
		d.line(high, y-7, high, y+7, paint{stroke: colour, width: 2})
	}
	d.circle(d.x.at(r.Value), y, dotRadius, paint{class: "dot", fill: fill, stroke: colour, width: 2})
	d.text(d.valueEdge, y+4, r.value, font{class: "value", bold: !r.Baseline, fill: text, anchor: "end"})
	d.text(d.rangeEdge, y+4, r.interval, font{size: smallSize, fill: muted, anchor: "end"})
	d.text(d.nEdge, y+4, r.n, font{size: smallSize, fill: muted, anchor: "end"})
}

// remarks says what is not in the picture.
func (d *dotPlot) remarks() []string {
	var out []string
	if len(d.left) > 0 {
		out = append(out, "Left out, no finite value: "+joined(d.left)+".")
	}
	if len(d.noInterval) > 0 {
		out = append(out, "Interval not drawn, its ends are not finite or reversed: "+joined(d.noInterval)+".")
	}
	return out
}

// describe lists the rows for readers who cannot see them.
func (d *dotPlot) describe(axis string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Dot plot of %s.", cmp.Or(axis, "values"))
	for i, r := range d.rows {
		if i == d.others {
			b.WriteString(" Baselines:")
		}
		fmt.Fprintf(&b, " %s %s", named(r.Label), r.value)
		if r.whisker {
			fmt.Fprintf(&b, " (%s)", r.interval)
		}
		b.WriteByte(';')
	}
	if len(d.rows) == 0 {
		b.WriteString(" No data.")
	}
	return strings.TrimSuffix(b.String(), ";")
}
