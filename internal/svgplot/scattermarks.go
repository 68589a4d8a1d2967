package svgplot

import (
	"cmp"
	"fmt"
	"strings"
)

// colour returns the colour of the i-th point's marker.
func (p *scatterPlot) colour(i int) string {
	if p.points[i].Baseline {
		return axis
	}
	return lookOf(i).colour
}

// whiskers draws the intervals of the i-th point.
func (p *scatterPlot) whiskers(i int) {
	q := p.points[i]
	x, y := p.x.at(q.X), p.y.at(q.Y)
	class := paint{class: "whisker", stroke: p.colour(i), width: 1.4}
	end := paint{stroke: p.colour(i), width: 1.4}
	if p.hasX(q) {
		low, high := p.frame.x0, p.x.at(q.XHigh)
		if !p.opens(q) {
			low = p.x.at(q.XLow)
			p.line(low, y-3, low, y+3, end)
		}
		p.line(low, y, high, y, class)
		p.line(high, y-3, high, y+3, end)
		p.lines = append(p.lines, segment{low, y, high, y})
	}
	if interval(q.YLow, q.YHigh) {
		low, high := p.y.at(q.YLow), p.y.at(q.YHigh)
		p.line(x, low, x, high, class)
		p.line(x-3, low, x+3, low, end)
		p.line(x-3, high, x+3, high, end)
		p.lines = append(p.lines, segment{x, low, x, high})
	}
}

// point draws the marker of the i-th point.
func (p *scatterPlot) point(i int) {
	q := p.points[i]
	x, y := p.x.at(q.X), p.y.at(q.Y)
	if i < p.anchors {
		return
	}
	if q.Baseline {
		hollow := paint{class: "baseline", fill: white, stroke: muted, width: 1.6}
		if q.Aside {
			p.marker(diamond, x, y, hollowRadius, hollow)
		} else {
			p.circle(x, y, hollowRadius, hollow)
		}
		return
	}
	l := lookOf(i)
	p.marker(l.shape, x, y, markerRadius, paint{class: "point", fill: l.colour, stroke: white, width: 1})
}

// A tag is the label of one point: a name, for a classifier on a white plate behind a small copy of its marker, so that
// it can be told whose it is where markers are close.
type tag struct {
	text string
	font font
	mark mark
	spot spot
}

const (
	keyRadius = 4.0
	keyWidth  = 21.0 // of the plate beside the text
)

// place finds the spots of the labels. The result is aligned with the points, up to mostLabels.
func (p *scatterPlot) place() []tag {
	pl := placer{room: p.frame.grown(-2), lines: p.lines[:min(len(p.lines), mostLines)]}
	var tags []tag
	for i, q := range p.points {
		t := tag{
			font: font{class: "label", size: textSize, bold: true},
			mark: mark{x: p.x.at(q.X), y: p.y.at(q.Y), r: markerRadius, h: 17},
		}
		if i < p.anchors {
			t.mark.r = 1.5
		}
		if q.Baseline {
			t.font = font{class: "label", size: smallSize, fill: muted, halo: true}
			t.mark.r, t.mark.h = hollowRadius, 13
		}
		if i >= mostLabels {
			pl.discs = append(pl.discs, t.mark.disc())
			p.unlabelled = append(p.unlabelled, q.Label)
			continue
		}
		t.text = shorten(named(q.Label), 165, t.font.size, t.font.bold)
		t.mark.w = textWidth(t.text, t.font.size, t.font.bold)
		if !q.Baseline {
			t.mark.w += keyWidth
		}
		pl.marks = append(pl.marks, t.mark)
		tags = append(tags, t)
	}
	for i, s := range pl.place() {
		tags[i].spot = s
		if !s.ok {
			p.unlabelled = append(p.unlabelled, p.points[i].Label)
		}
	}
	return tags
}

// leader joins t to its marker where they are apart.
func (p *scatterPlot) leader(t tag) {
	if l := t.spot.leader; t.spot.ok && t.spot.far {
		p.line(l.x1, l.y1, l.x2, l.y2, paint{class: "leader", stroke: muted, width: 0.8})
	}
}

// label writes t, the name of the i-th point. The name of a baseline is set from the side that faces its marker, since
// fonts may be narrower than estimated.
func (p *scatterPlot) label(i int, t tag) {
	s, f := t.spot, t.font
	if !s.ok {
		return
	}
	if !p.points[i].Baseline {
		l := lookOf(i)
		if i < p.anchors {
			l.shape = square
		}
		middle := (s.y0 + s.y1) / 2
		p.rect(s.x0, s.y0, s.x1-s.x0, s.y1-s.y0, paint{class: "plate", fill: white, stroke: "#c4c4c4", width: 0.8})
		p.marker(l.shape, s.x0+9, middle, keyRadius, paint{class: "key", fill: l.colour})
		p.text(s.x0+keyWidth-4, middle+4.3, t.text, f)
		return
	}
	x := (s.x0 + s.x1) / 2
	switch {
	case s.x0 >= t.mark.x:
		x = s.x0
	case s.x1 <= t.mark.x:
		x, f.anchor = s.x1, "end"
	default:
		f.anchor = "middle"
	}
	p.text(x, s.y1-3, t.text, f)
}

// legend explains the signs that occur, with its upper edge at y, and returns the y of its lower edge.
func (p *scatterPlot) legend(y float64) float64 {
	classifiers, baselines, intervals := false, false, false
	for _, q := range p.points {
		classifiers = classifiers || !q.Baseline
		baselines = baselines || q.Baseline
		intervals = intervals || p.hasX(q) || interval(q.YLow, q.YHigh)
	}
	small := font{class: "legend", size: smallSize, fill: muted}
	x := margin
	entry := func(draw func(x, y float64), text string) {
		draw(x, y+7)
		p.text(x+24, y+11, text, small)
		x += 24 + textWidth(text, smallSize, false) + 22
	}
	if classifiers {
		entry(func(x, y float64) {
			p.marker(0, x+5, y, 5, paint{fill: blue})
			p.marker(1, x+15, y, 4.5, paint{fill: vermilion})
		}, p.kinds.Filled)
	}
	if baselines {
		entry(func(x, y float64) { p.circle(x+10, y, hollowRadius, paint{fill: white, stroke: muted, width: 1.6}) }, p.kinds.Hollow)
	}
	if intervals {
		entry(func(x, y float64) {
			p.line(x+2, y, x+18, y, paint{stroke: muted, width: 1.4})
			p.line(x+10, y-6, x+10, y+6, paint{stroke: muted, width: 1.4})
		}, "interval")
	}
	entry(func(x, y float64) { p.line(x, y, x+20, y, paint{stroke: ink, width: 1.2, dash: "5 3"}) }, "Pareto frontier: nothing is both cheaper and better")
	return y + 14
}

// remarks says what is not in the picture.
func (p *scatterPlot) remarks() []string {
	var out []string
	for _, n := range []struct {
		names []string
		say   string
	}{
		{p.left, "Left out, no finite place"},
		{p.notPositive, "Left out, not positive and so not on a log axis"},
		{p.noInterval, "Interval not drawn, its ends are not finite, reversed or off the log axis"},
		{p.open, "Interval reaches 0 or below, off the log axis, and runs to the left edge"},
		{p.unlabelled, "Drawn without a label, for lack of room"},
	} {
		if len(n.names) > 0 {
			out = append(out, n.say+": "+joined(n.names)+".")
		}
	}
	return out
}

// describe lists the points for readers who cannot see them.
func (p *scatterPlot) describe(xTitle, yTitle string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Scatter plot of %s (y, more is better) against %s (x, less is better).",
		cmp.Or(yTitle, "quality"), cmp.Or(xTitle, "cost"))
	if len(p.points) == 0 {
		return b.String() + " No data."
	}
	for _, q := range p.points {
		fmt.Fprintf(&b, " %s at %s, %s;", named(q.Label), label(p.xFormat, q.X), label(p.yFormat, q.Y))
	}
	b.WriteString(" Pareto frontier:")
	for k, i := range p.best {
		if k > 0 {
			b.WriteByte(',')
		}
		b.WriteString(" " + named(p.points[i].Label))
	}
	return b.String() + "."
}
