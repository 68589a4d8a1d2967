package svgplot

// An XY is one point of a scatter plot.
type XY struct {
	Label       string
	X, Y        float64
	XLow, XHigh float64 // ends of the interval of X, XLow <= XHigh; NaN = none
	YLow, YHigh float64
	Baseline    bool // drawn hollow and grey
	Aside       bool // with Baseline: a hollow diamond, out of the reach of what is compared and not on the frontier
}

// Kinds are what the legend calls filled and hollow markers, in the singular.
type Kinds struct{ Filled, Hollow string }

// Scatter draws cost (x, less is better) against quality (y, more is better). What is compared has filled markers of different
// shape and colour, baselines hollow grey circles; lines through a marker are its intervals; every marker is labelled
// directly, by a thin leader if its label had to move. A dashed step line, from the cheapest point of the Pareto frontier
// to the right edge, bounds what the points reach: the frontier is over all points drawn, baselines included, and made of
// those that no other point beats in one of cost and quality without losing in the other.
//
// Both axes follow the data; an axis of rates stays in 0..1. With logX the x axis is logarithmic: points with X <= 0 are
// left out and noted, and an interval that reaches 0 or below runs to the left edge without an end mark. Markers are drawn
// and labels placed in a fixed order; past the sixtieth point, or without room, points have no label and are noted.
func Scatter(title, xAxis, yAxis string, kinds Kinds, points []XY, logX bool, xFormat, yFormat func(float64) string) []byte {
	p := scatterPlot{canvas: canvas{width: pageWidth}, logX: logX, kinds: kinds, xFormat: xFormat, yFormat: yFormat}
	p.split(points)
	y := p.heading(title)
	if len(p.points) == 0 {
		y = p.noData(y + 12)
	} else {
		p.layout(y+26, p.spans)
		y = p.draw(clean(xAxis), clean(yAxis))
	}
	return p.finish(p.notes(y+4, p.remarks()), title, p.describe(clean(xAxis), clean(yAxis)))
}

const (
	scatterHeight = 390.0
	frameInset    = 14.0 // of the axes' ends from the frame, room for labels of points at the ends
	markerRadius  = 6.0
	hollowRadius  = 4.5
	mostLabels    = 60
	mostLines     = 300 // that labels try to avoid: curves and the frontier first, then whiskers

)

// A scatterPlot is a scatter plot being drawn.
type scatterPlot struct {
	canvas
	logX             bool
	kinds            Kinds
	frame            area
	xFormat, yFormat func(float64) string
	points           []XY // filled, then hollow
	anchors          int  // of points, the first: places of lines, which have a label but no marker
	x, y             scale
	xTicks, yTicks   []tick
	best             []int     // the frontier
	lines            []segment // whiskers and frontier

	left, notPositive, noInterval, open, unlabelled []string // names for the notes
}

// split sorts the points into those drawn and those left out, and drops intervals that cannot be drawn.
func (p *scatterPlot) split(points []XY) {
	for _, baseline := range []bool{false, true} {
		for _, q := range points {
			switch {
			case q.Baseline != baseline:
			case !drawable(q.X) || !drawable(q.Y):
				p.left = append(p.left, q.Label)
			case p.logX && q.X < 1e-100:
				p.notPositive = append(p.notPositive, q.Label)
			default:
				p.points = append(p.points, q)
			}
		}
	}
	for _, q := range p.points {
		if badInterval(q.XLow, q.XHigh) || badInterval(q.YLow, q.YHigh) || p.logX && q.XHigh < 1e-100 {
			p.noInterval = append(p.noInterval, q.Label)
		}
		if p.hasX(q) && p.opens(q) {
			p.open = append(p.open, q.Label)
		}
	}
	p.best = frontier(p.points)
}

// interval reports whether low and high can be drawn.
func interval(low, high float64) bool { return drawable(low) && drawable(high) && low <= high }

// badInterval reports whether low and high are neither an interval nor the two NaN that mean none.
func badInterval(low, high float64) bool {
	return !interval(low, high) && (low == low || high == high)
}

func (p *scatterPlot) hasX(q XY) bool {
	return interval(q.XLow, q.XHigh) && (!p.logX || q.XHigh >= 1e-100)
}

// opens reports whether the interval of X has no lower end on the axis.
func (p *scatterPlot) opens(q XY) bool { return p.logX && q.XLow < 1e-100 }

// spans are the ranges of points and intervals.
func (p *scatterPlot) spans() (xs, ys span) {
	for _, q := range p.points {
		xs.add(q.X)
		ys.add(q.Y)
		if p.hasX(q) {
			xs.add(q.XHigh)
			if !p.opens(q) {
				xs.add(q.XLow)
			}
		}
		if interval(q.YLow, q.YHigh) {
			ys.add(q.YLow, q.YHigh)
		}
	}
	return xs, ys
}

// layout chooses the axes of a plot whose upper edge is at top.
func (p *scatterPlot) layout(top float64, spans func() (xs, ys span)) {
	xs, ys := spans()
	lo, hi := ys.padded(0.04)
	p.y = scale{lo: lo, hi: hi, from: top + scatterHeight - frameInset, to: top + frameInset}
	p.yTicks = p.y.ticks(8, p.yFormat, func(string) float64 { return 22 })
	labels := make([]string, len(p.yTicks))
	for i, t := range p.yTicks {
		labels[i] = t.label
	}
	lo, hi = xs.padded(0.04)
	if p.logX {
		lo, hi = xs.paddedLog(0.04)
	}
	p.frame = area{margin + 20 + widest(labels, smallSize, false, 90) + 8, top, p.width - margin - 6, top + scatterHeight}
	p.x = scale{lo: lo, hi: hi, log: p.logX, from: p.frame.x0 + frameInset, to: p.frame.x1 - frameInset}
	p.xTicks = p.x.ticks(9, p.xFormat, func(l string) float64 { return textWidth(l, smallSize, false) + 10 })
}

// axes draws the frame with its titles; corner says that further left and higher is better.
func (p *scatterPlot) axes(xTitle, yTitle string, corner bool) {
	left, right, top, bottom := p.frame.x0, p.frame.x1, p.frame.y0, p.frame.y1
	for _, t := range p.xTicks {
		p.line(t.at, top, t.at, bottom, paint{stroke: grid})
		p.text(t.at, bottom+17, t.label, font{size: smallSize, fill: muted, anchor: "middle"})
	}
	for _, t := range p.yTicks {
		p.line(left, t.at, right, t.at, paint{stroke: grid})
		p.text(left-8, t.at+4, t.label, font{size: smallSize, fill: muted, anchor: "end"})
	}
	p.line(left, bottom, right, bottom, paint{class: "axis", stroke: axis})
	p.line(left, top, left, bottom, paint{class: "axis", stroke: axis})
	if p.logX {
		xTitle = shorten(xTitle, right-left-80, textSize, false) + " (log scale)"
	}
	p.text((left+right)/2, bottom+37, shorten(xTitle, right-left, textSize, false), font{anchor: "middle"})
	p.text(margin+10, (top+bottom)/2, shorten(yTitle, scatterHeight, textSize, false), font{anchor: "middle", upwards: true})
	if !corner {
		return
	}
	p.line(left+12, top-8, left+3, top-17, paint{stroke: ink, width: 1.5}) // an arrow to the better corner
	p.polyline([]float64{left + 1, top - 19, left + 8, top - 17, left + 3, top - 12}, true, paint{fill: ink})
	p.text(left+18, top-9, "better: further left and higher", font{size: smallSize, fill: muted})
}

// draw draws everything below the title and returns the y of the lower edge.
func (p *scatterPlot) draw(xTitle, yTitle string) float64 {
	p.axes(xTitle, yTitle, true)
	p.drawFrontierOf(p.points)
	for i := len(p.points) - 1; i >= 0; i-- { // the first points on top
		p.whiskers(i)
	}
	p.labelled()
	return p.legend(p.frame.y1 + 52)
}

// labelled draws the markers with their labels, the first points on top.
func (p *scatterPlot) labelled() {
	tags := p.place()
	for _, t := range tags {
		p.leader(t)
	}
	for i := len(p.points) - 1; i >= 0; i-- {
		p.point(i)
	}
	for i, t := range tags {
		p.label(i, t)
	}
}

// drawFrontierOf draws the step line.
func (p *scatterPlot) drawFrontierOf(points []XY) {
	var xy []float64
	for k, i := range frontier(points) {
		q := points[i]
		if k > 0 {
			xy = append(xy, p.x.at(q.X), xy[len(xy)-1])
		}
		xy = append(xy, p.x.at(q.X), p.y.at(q.Y))
	}
	if len(xy) == 0 {
		return
	}
	xy = append(xy, p.frame.x1, xy[len(xy)-1])
	p.polyline(xy, false, paint{class: "frontier", stroke: ink, width: 1.2, dash: "5 3"})
	for i := 0; i+3 < len(xy); i += 2 {
		p.lines = append(p.lines, segment{xy[i], xy[i+1], xy[i+2], xy[i+3]})
	}
}
