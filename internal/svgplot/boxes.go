package svgplot

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// A Box sums up a sample by five quantiles: Low <= Q1 <= Median <= Q3 <= High.
type Box struct {
	Low    float64 // 5th percentile
	Q1     float64 // 25th
	Median float64
	Q3     float64 // 75th
	High   float64 // 95th
	N      int     // sample size
}

// drawable reports whether the quantiles are finite and in order.
func (b Box) drawable() bool {
	return drawable(b.Low) && drawable(b.High) && b.Low <= b.Q1 && b.Q1 <= b.Median && b.Median <= b.Q3 && b.Q3 <= b.High
}

// Boxes draws a grouped box plot: for each group (a true tier) side by side a box for each series (a scored tier), from
// boxes[group][series]. A box spans the quartiles, its line is the median, its whiskers reach the 5th and the 95th
// percentile. Series are told apart by number and colour; in a group with the name of a series that box has a thick
// outline. Under each group stands its n. axis names the values, whose axis follows the data. Boxes that are missing, or whose
// quantiles are not finite and ascending, are left out and named in a note; so are boxes without a group or a series.
func Boxes(title, axis string, groups []string, series []string, boxes [][]Box) []byte {
	p := newBoxPlot(groups, series, boxes)
	y := p.heading(title)
	if !p.values.any {
		y = p.noData(y + 12)
	} else {
		y = p.draw(p.legend(y+10), clean(axis))
	}
	return p.finish(p.notes(y+4, p.notice), title, p.describe(clean(axis)))
}

const (
	boxPlotHeight = 270.0
	groupGap      = 12.0 // between the boxes of neighbouring groups
	smallestBox   = 8.0  // width with the space beside it
	largestBox    = 44.0
)

// boxColours are told apart by the colour-blind; series beyond the eighth start anew, their numbers go on.
var boxColours = []string{sky, orange, green, vermilion, purple, blue, yellow, "#9a9a9a"}

// A boxPlot is a grouped box plot being drawn.
type boxPlot struct {
	canvas
	groups, series []string
	boxes          [][]Box
	values         span
	notice         []string
	x0, slot, step float64 // left edge of the plot, width of a group, width of a box with its space
	y              scale
}

// newBoxPlot finds the range of the values and what is left out.
func newBoxPlot(groups, series []string, boxes [][]Box) *boxPlot {
	p := &boxPlot{groups: groups, series: series, boxes: boxes}
	p.width = max(pageWidth, 2*margin+68+float64(len(groups))*(float64(len(series))*smallestBox+groupGap))
	var left []string
	for g := range groups {
		for s := range series {
			if b, ok := p.box(g, s); ok {
				p.values.add(b.Low, b.High)
			} else {
				left = append(left, named(groups[g])+" / "+named(series[s]))
			}
		}
	}
	beyond := 0
	for g, row := range boxes {
		for s := range row {
			if g >= len(groups) || s >= len(series) {
				beyond++
			}
		}
	}
	if len(left) > 0 {
		p.notice = append(p.notice, "Left out, no finite and ascending quantiles: "+joined(left)+".")
	}
	if beyond > 0 {
		p.notice = append(p.notice, fmt.Sprintf("Left out, without a group or series: %d boxes.", beyond))
	}
	return p
}

// box returns the box of series s in group g and whether it can be drawn.
func (p *boxPlot) box(g, s int) (Box, bool) {
	if g >= len(p.boxes) || s >= len(p.boxes[g]) {
		return Box{}, false
	}
	return p.boxes[g][s], p.boxes[g][s].drawable()
}

// own reports whether group g and series s have the same name.
func (p *boxPlot) own(g, s int) bool { return clean(p.groups[g]) == clean(p.series[s]) }

// legend names the series and the parts of a box, from y on, and returns the y below.
func (p *boxPlot) legend(y float64) float64 {
	x := margin
	for s, name := range p.series {
		text := strconv.Itoa(s+1) + "  " + shorten(named(name), 200, textSize, false)
		w := 19 + textWidth(text, textSize, false) + 18
		if x+w > p.width-margin && x > margin {
			x, y = margin, y+19
		}
		p.rect(x, y, 13, 13, paint{fill: boxColours[s%len(boxColours)], stroke: ink})
		p.text(x+19, y+11, text, font{class: "legend"})
		x += w
	}
	caption := "Box: middle half. Line: median. Whiskers: 5th to 95th percentile."
	for g := range p.groups {
		for s := range p.series {
			if _, ok := p.box(g, s); ok && p.own(g, s) {
				p.text(margin, y+31, caption+" Thick outline: box of the group's own name.", font{size: smallSize, fill: muted})
				return y + 46
			}
		}
	}
	p.text(margin, y+31, caption, font{size: smallSize, fill: muted})
	return y + 46
}

// draw draws axis, groups and boxes from y on and returns the y of the lower edge.
func (p *boxPlot) draw(y float64, axisTitle string) float64 {
	lo, hi := p.values.padded(0.05)
	p.y = scale{lo: lo, hi: hi, from: y + boxPlotHeight, to: y}
	ticks := p.y.ticks(7, nil, func(string) float64 { return 20 })
	labels := make([]string, len(ticks))
	for i, t := range ticks {
		labels[i] = t.label
	}
	p.x0 = margin + 20 + widest(labels, smallSize, false, 90) + 8
	right := p.width - margin
	p.slot = (right - p.x0) / float64(len(p.groups))
	p.step = min(largestBox, (p.slot-groupGap)/float64(len(p.series)))

	for g := range p.groups {
		if g%2 == 1 {
			p.rect(p.x0+float64(g)*p.slot, y, p.slot, boxPlotHeight, paint{fill: "#f6f6f6"})
		}
	}
	for _, t := range ticks {
		p.line(p.x0, t.at, right, t.at, paint{stroke: grid})
		p.text(p.x0-8, t.at+4, t.label, font{size: smallSize, fill: muted, anchor: "end"})
	}
	p.line(p.x0, y+boxPlotHeight, right, y+boxPlotHeight, paint{class: "axis", stroke: axis})
	p.text(margin+10, y+boxPlotHeight/2, shorten(axisTitle, boxPlotHeight, textSize, false), font{anchor: "middle", upwards: true})

	bottom := y
	for g := range p.groups {
		bottom = max(bottom, p.group(g, y+boxPlotHeight))
	}
	return bottom
}

// group draws group g above the line at y and its name below, and returns the y of the lower edge.
func (p *boxPlot) group(g int, y float64) float64 {
	middle := p.x0 + (float64(g)+0.5)*p.slot
	first := middle - p.step*float64(len(p.series))/2
	for s := range p.series {
		x := first + (float64(s)+0.5)*p.step
		p.text(x, y+13, strconv.Itoa(s+1), font{size: max(5, min(10, p.step*1.1/float64(len(strconv.Itoa(s+1))))), fill: muted, anchor: "middle"})
		if b, ok := p.box(g, s); ok {
			p.drawBox(b, x, s, p.own(g, s))
		}
	}
	lines := wrap(named(p.groups[g]), p.slot-8, textSize, true, 4)
	next := p.textLines(middle, y+31, 14, lines, font{class: "label", bold: true, anchor: "middle"})
	n := shorten(p.size(g), p.slot-4, smallSize, false)
	p.text(middle, next+1, n, font{class: "n", size: smallSize, fill: muted, anchor: "middle"})
	return next + 5
}

// drawBox draws b with its middle at x in the colour of series s.
func (p *boxPlot) drawBox(b Box, x float64, s int, own bool) {
	w := p.step * 0.72
	thin := min(1, p.step/10)
	thick := thin
	if own {
		thick = min(2.5, p.step/4)
	}
	low, q1, median, q3, high := p.y.at(b.Low), p.y.at(b.Q1), p.y.at(b.Median), p.y.at(b.Q3), p.y.at(b.High)
	p.line(x, low, x, q1, paint{class: "whisker", stroke: ink, width: thin})
	p.line(x, q3, x, high, paint{class: "whisker", stroke: ink, width: thin})
	p.line(x-w/4, low, x+w/4, low, paint{stroke: ink, width: thin})
	p.line(x-w/4, high, x+w/4, high, paint{stroke: ink, width: thin})
	p.rect(x-w/2, q3, w, q1-q3, paint{class: "box", fill: boxColours[s%len(boxColours)], stroke: ink, width: thick})
	p.line(x-w/2, median, x+w/2, median, paint{class: "median", stroke: ink, width: min(2.5, p.step/5)})
}

// size says the n of group g: the sizes of its boxes, from the smallest to the greatest.
func (p *boxPlot) size(g int) string {
	lo, hi, any := 0, 0, false
	for s := range p.series {
		b, ok := p.box(g, s)
		if !ok {
			continue
		}
		if !any {
			lo, hi, any = b.N, b.N, true
		}
		lo, hi = min(lo, b.N), max(hi, b.N)
	}
	switch {
	case !any:
		return "no data"
	case lo == hi:
		return "n = " + count(lo)
	}
	return "n = " + count(lo) + " to " + count(hi)
}

// describe says the medians in words.
func (p *boxPlot) describe(axisTitle string) string {
	if !p.values.any {
		return "Box plot of " + cmp.Or(axisTitle, "values") + ". No data."
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Box plot of %s, medians.", cmp.Or(axisTitle, "values"))
	for g, group := range p.groups {
		fmt.Fprintf(&b, " %s (%s):", named(group), p.size(g))
		for s, name := range p.series {
			if box, ok := p.box(g, s); ok {
				fmt.Fprintf(&b, " %s %s", named(name), plain(box.Median))
			}
		}
		b.WriteByte('.')
	}
	return b.String()
}
