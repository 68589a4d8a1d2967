package svgplot

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// A Line is one curve of a line plot: straight between its points.
type Line struct {
	Label     string
	X, Y      []float64 // as many of both, X not falling
	Bands     []Band    // by X; may be empty
	Reference bool      // drawn thin, grey and dashed, and explained in the legend
}

// A Band is the range that a curve lies in at one place.
type Band struct{ X, Low, High float64 }

// LineSigns are what the legend of a line plot says of its signs, in the singular.
type LineSigns struct {
	Line, Band, Hollow, Aside, Frontier string
	Dots                                bool // mark the places where lines bend
	Corner                              bool // say that further left and higher is better
	Less                                bool // of y less is better, as of a risk
	Neither                             bool // y is no matter of better and worse, as a share or a cost over time
}

// Lines draws cost or share (x) against quality (y, more is better unless signs say otherwise). Each line has a colour, and its label where it is
// furthest from the others; its bands are a tint of the colour. Points are hollow and grey, with labels and intervals, as
// in [Scatter]. Reference lines differ by their dashes and stand in the legend. A dashed step line is the Pareto frontier
// of the points reached, if there are any.
//
// Lines with fewer than two places that can be drawn are left out and noted; so are bands whose ends cannot be. Bends of a
// line that a reader could not see, under half a pixel, are passed over.
func Lines(title, xAxis, yAxis string, signs LineSigns, lines []Line, points, reached []XY, xFormat, yFormat func(float64) string) []byte {
	p := linePlot{scatterPlot: scatterPlot{canvas: canvas{width: pageWidth}, xFormat: xFormat, yFormat: yFormat}, signs: signs}
	p.take(lines, points)
	for _, q := range reached {
		if drawable(q.X) && drawable(q.Y) {
			p.reached = append(p.reached, q)
		}
	}
	y := p.heading(title)
	if len(p.curves) == 0 && len(p.points) == 0 {
		y = p.noData(y + 12)
	} else {
		p.layout(y+26, p.spans)
		y = p.drawLines(clean(xAxis), clean(yAxis))
	}
	return p.finish(p.notes(y+4, p.remarks()), title, p.describeLines(clean(xAxis), clean(yAxis)))
}

// A linePlot is a line plot being drawn.
type linePlot struct {
	scatterPlot
	signs   LineSigns
	curves  []Line  // drawable; references last
	tint    float64 // opacity of bands
	reached []XY    // of which the frontier is drawn
}

const bendRadius = 2.2

// dashes tell reference lines apart.
var dashes = []string{"2 3", "8 3", "8 3 2 3", "1 5"}

// take sorts lines and points into those drawn and those left out.
func (p *linePlot) take(lines []Line, points []XY) {
	for _, reference := range []bool{false, true} {
		for _, l := range lines {
			if l.Reference != reference {
				continue
			}
			c := Line{Label: l.Label, Reference: reference}
			for i := range min(len(l.X), len(l.Y)) {
				x, y := l.X[i], l.Y[i]
				if drawable(x) && drawable(y) && (len(c.X) == 0 || x >= c.X[len(c.X)-1]) {
					c.X, c.Y = append(c.X, x), append(c.Y, y)
				}
			}
			bad := false
			for _, b := range l.Bands {
				if drawable(b.X) && interval(b.Low, b.High) && (len(c.Bands) == 0 || b.X >= c.Bands[len(c.Bands)-1].X) {
					c.Bands = append(c.Bands, b)
				} else {
					bad = true
				}
			}
			if bad {
				p.noInterval = append(p.noInterval, l.Label)
			}
			if len(c.X) < 2 {
				p.left = append(p.left, l.Label)
				continue
			}
			p.curves = append(p.curves, c)
		}
	}
	hollow := slices.Clone(points)
	for i := range hollow {
		hollow[i].Baseline = true
	}
	p.split(hollow)
}

// spans are the ranges of what is drawn.
func (p *linePlot) spans() (xs, ys span) {
	xs, ys = p.scatterPlot.spans()
	for _, q := range p.reached {
		xs.add(q.X)
		ys.add(q.Y)
	}
	for _, c := range p.curves {
		xs.add(c.X...)
		ys.add(c.Y...)
		for _, b := range c.Bands {
			xs.add(b.X)
			ys.add(b.Low, b.High)
		}
	}
	return xs, ys
}

// drawLines draws everything below the title and returns the y of the lower edge.
func (p *linePlot) drawLines(xTitle, yTitle string) float64 {
	p.axes(xTitle, yTitle, p.signs.Corner)
	banded := 0
	for _, c := range p.curves {
		if c.banded() {
			banded++
		}
	}
	p.tint = min(0.15, 0.36/float64(banded)) // several lie over each other
	for i, c := range p.curves {
		p.bands(i, c)
	}
	references := 0
	for i, c := range p.curves {
		look := paint{class: "line", stroke: lookOf(i).colour, width: 2}
		if c.Reference {
			look = paint{class: "reference", stroke: muted, width: 1.2, dash: dashes[references%len(dashes)]}
			references++
		}
		xy := p.visible(c.X, c.Y)
		p.polyline(xy, false, look)
		for k := 0; k+3 < len(xy); k += 2 {
			p.lines = append(p.lines, segment{xy[k], xy[k+1], xy[k+2], xy[k+3]})
		}
	}
	p.drawFrontierOf(p.reached)
	for i, c := range p.curves {
		for k := 0; p.signs.Dots && !c.Reference && k < len(c.X); k++ {
			p.circle(p.x.at(c.X[k]), p.y.at(c.Y[k]), bendRadius, paint{class: "dot", fill: lookOf(i).colour})
		}
	}
	for i := range p.points {
		p.whiskers(i)
	}
	anchors := p.anchorPoints()
	p.points, p.anchors = append(anchors, p.points...), len(anchors)
	p.labelled()
	return p.lineLegend(p.frame.y1 + 52)
}

// banded tells whether the line has a band that is drawn.
func (l Line) banded() bool { return !l.Reference && len(l.Bands) > 1 }

// bands tints where a line may lie.
func (p *linePlot) bands(i int, c Line) {
	if !c.banded() {
		return
	}
	var xs, lows, highs []float64
	for _, b := range c.Bands {
		xs, lows, highs = append(xs, b.X), append(lows, b.Low), append(highs, b.High)
	}
	xy := p.visible(xs, highs)
	low := p.visible(xs, lows)
	for k := len(low) - 2; k >= 0; k -= 2 {
		xy = append(xy, low[k], low[k+1])
	}
	p.polyline(xy, true, paint{class: "band", fill: lookOf(i).colour, opacity: p.tint})
}

// visible turns points into pixels, without those within half a pixel of the one before.
func (p *linePlot) visible(xs, ys []float64) []float64 {
	var out []float64
	for i := range xs {
		x, y := p.x.at(xs[i]), p.y.at(ys[i])
		if n := len(out); n > 0 && i < len(xs)-1 && math.Hypot(x-out[n-2], y-out[n-1]) < 0.5 {
			continue
		}
		out = append(out, x, y)
	}
	return out
}

// anchorPoints are where lines have their labels: away from their ends, furthest from other lines.
func (p *linePlot) anchorPoints() []XY {
	const places = 61
	var out []XY
	for i, c := range p.curves {
		if c.Reference {
			continue
		}
		best, most := XY{}, -1.0
		for k := range places {
			x := c.X[0] + (c.X[len(c.X)-1]-c.X[0])*(0.08+0.84*float64(k)/(places-1))
			y, _ := c.at(x)
			free := 120.0 // pixels; beyond is as good
			for j, other := range p.curves {
				if at, ok := other.at(x); ok && j != i {
					free = min(free, math.Abs(p.y.at(y)-p.y.at(at)))
				}
			}
			for _, taken := range out {
				free = min(free, math.Hypot(p.x.at(x)-p.x.at(taken.X), p.y.at(y)-p.y.at(taken.Y))/2)
			}
			if free > most {
				best, most = XY{Label: c.Label, X: x, Y: y, XLow: math.NaN(), XHigh: math.NaN(), YLow: math.NaN(), YHigh: math.NaN()}, free
			}
		}
		out = append(out, best)
	}
	return out
}

// at is the line's height at x; false beside it.
func (l Line) at(x float64) (float64, bool) {
	for i := 1; i < len(l.X); i++ {
		if x >= l.X[i-1] && x <= l.X[i] {
			if l.X[i] == l.X[i-1] {
				return l.Y[i], true
			}
			return l.Y[i-1] + (l.Y[i]-l.Y[i-1])*(x-l.X[i-1])/(l.X[i]-l.X[i-1]), true
		}
	}
	return l.Y[len(l.Y)-1], len(l.X) == 1 && x == l.X[0]
}

// lineLegend explains the signs that occur, with its upper edge at y, and returns the y of its lower edge.
func (p *linePlot) lineLegend(y float64) float64 {
	small := font{class: "legend", size: smallSize, fill: muted}
	x := margin
	entry := func(draw func(x, y float64), text string) {
		text = shorten(clean(text), p.width-2*margin-24, smallSize, false)
		if width := 24 + textWidth(text, smallSize, false); x > margin && x+width > p.width-margin {
			x, y = margin, y+lineStep+3
		}
		draw(x, y+7)
		p.text(x+24, y+11, text, small)
		x += 24 + textWidth(text, smallSize, false) + 22
	}
	lines, bands, references := false, false, 0
	for _, c := range p.curves {
		lines = lines || !c.Reference
		bands = bands || c.banded()
	}
	if lines {
		entry(func(x, y float64) {
			p.line(x, y, x+20, y, paint{stroke: blue, width: 2})
			if p.signs.Dots {
				p.circle(x, y, bendRadius, paint{fill: blue})
				p.circle(x+20, y, bendRadius, paint{fill: blue})
			}
		}, p.signs.Line)
	}
	if bands {
		entry(func(x, y float64) { p.rect(x, y-6, 20, 12, paint{fill: blue, opacity: p.tint}) }, p.signs.Band)
	}
	if slices.ContainsFunc(p.points, func(q XY) bool { return q.Baseline && !q.Aside }) {
		entry(func(x, y float64) { p.circle(x+10, y, hollowRadius, paint{fill: white, stroke: muted, width: 1.6}) }, p.signs.Hollow)
	}
	if slices.ContainsFunc(p.points, func(q XY) bool { return q.Aside }) {
		entry(func(x, y float64) {
			p.marker(diamond, x+10, y, hollowRadius, paint{fill: white, stroke: muted, width: 1.6})
		}, p.signs.Aside)
	}
	for _, c := range p.curves {
		if c.Reference {
			dash := dashes[references%len(dashes)]
			references++
			entry(func(x, y float64) { p.line(x, y, x+20, y, paint{stroke: muted, width: 1.2, dash: dash}) }, named(c.Label))
		}
	}
	if len(p.reached) > 0 {
		entry(func(x, y float64) { p.line(x, y, x+20, y, paint{stroke: ink, width: 1.2, dash: "5 3"}) }, p.signs.Frontier)
	}
	return y + 14
}

// describeLines lists the ends of lines, and the points, for readers who cannot see them.
func (p *linePlot) describeLines(xTitle, yTitle string) string {
	var b strings.Builder
	better := ", more is better"
	switch {
	case p.signs.Neither:
		better = ""
	case p.signs.Less:
		better = ", less is better"
	}
	fmt.Fprintf(&b, "Line plot of %s (y%s) against %s (x).", yTitle, better, xTitle)
	if len(p.curves) == 0 && len(p.points) == 0 {
		return b.String() + " No data."
	}
	for _, c := range p.curves {
		last := len(c.X) - 1
		fmt.Fprintf(&b, " %s from %s, %s to %s, %s;", named(c.Label), label(p.xFormat, c.X[0]), label(p.yFormat, c.Y[0]), label(p.xFormat, c.X[last]), label(p.yFormat, c.Y[last]))
	}
	for _, q := range p.points {
		if q.Baseline {
			fmt.Fprintf(&b, " %s at %s, %s;", named(q.Label), label(p.xFormat, q.X), label(p.yFormat, q.Y))
		}
	}
	return strings.TrimSuffix(b.String(), ";") + "."
}
