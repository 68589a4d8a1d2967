package svgplot

import (
	"fmt"
	"strings"
)

// A Bin is a group of predictions that were stated with like confidence.
type Bin struct {
	Confidence float64 // mean of those stated
	Accuracy   float64 // share that is right
	Low, High  float64 // ends of the interval of Accuracy, Low <= High; NaN = none
	N          int     // how many predictions
}

// Reliability draws how often predictions are right (y) against how sure they were stated (x): for each bin a marker on a
// line that is its interval, and its n beside it. The dashed diagonal is where both are equal. Both axes are 0..1.
//
// A bin that lies outside 0..1 is left out and noted, so is an interval that does; past the sixtieth bin, or without room, n
// is in the note. format writes shares.
func Reliability(title, xAxis, yAxis string, bins []Bin, format func(float64) string) []byte {
	p := reliabilityPlot{scatterPlot: scatterPlot{canvas: canvas{width: pageWidth}, xFormat: format, yFormat: format}}
	p.takeBins(bins)
	y := p.heading(title)
	if len(p.bins) == 0 {
		y = p.noData(y + 12)
	} else {
		p.layout(y+14, func() (xs, ys span) { return span{0, 1, true}, span{0, 1, true} })
		y = p.drawBins(clean(xAxis), clean(yAxis))
	}
	notes := p.remarks()
	if len(p.outside) > 0 {
		notes = append(notes, "Left out, not within 0 to 1: "+joined(p.outside)+".")
	}
	return p.finish(p.notes(y+4, notes), title, p.describeBins(clean(xAxis), clean(yAxis)))
}

// A reliabilityPlot is a reliability diagram being drawn.
type reliabilityPlot struct {
	scatterPlot
	bins    []Bin
	outside []string // names of those left out
}

// takeBins sorts the bins into those drawn and those left out, and drops intervals that cannot be drawn.
func (p *reliabilityPlot) takeBins(bins []Bin) {
	share := func(v float64) bool { return v >= 0 && v <= 1 }
	for i, b := range bins {
		name := fmt.Sprintf("bin %d of n = %s", i+1, count(b.N))
		if !share(b.Confidence) || !share(b.Accuracy) {
			p.outside = append(p.outside, name)
			continue
		}
		if !share(b.Low) || !share(b.High) || b.Low > b.High {
			if b.Low == b.Low || b.High == b.High { // not the two NaN that mean none
				p.noInterval = append(p.noInterval, name)
			}
			b.Low, b.High = b.Accuracy, b.Accuracy
		}
		p.bins = append(p.bins, b)
	}
}

// drawBins draws everything below the title and returns the y of the lower edge.
func (p *reliabilityPlot) drawBins(xTitle, yTitle string) float64 {
	p.axes(xTitle, yTitle, false)
	diagonal := segment{p.x.at(0), p.y.at(0), p.x.at(1), p.y.at(1)}
	p.line(diagonal.x1, diagonal.y1, diagonal.x2, diagonal.y2, paint{class: "diagonal", stroke: ink, width: 1.2, dash: "5 3"})
	pl := placer{room: p.frame.grown(-2), lines: []segment{diagonal}}
	labels := make([]string, 0, len(p.bins))
	for _, b := range p.bins {
		x, y := p.x.at(b.Confidence), p.y.at(b.Accuracy)
		low, high := p.y.at(b.Low), p.y.at(b.High)
		if low != high {
			end := paint{stroke: blue, width: 1.4}
			p.line(x, low, x, high, paint{class: "whisker", stroke: blue, width: 1.4})
			p.line(x-3, low, x+3, low, end)
			p.line(x-3, high, x+3, high, end)
			pl.lines = append(pl.lines, segment{x, low, x, high})
		}
		m := mark{x: x, y: y, r: hollowRadius, h: 13}
		if len(labels) >= mostLabels {
			pl.discs = append(pl.discs, m.disc())
			continue
		}
		labels = append(labels, shorten(count(b.N), 80, smallSize, false))
		m.w = textWidth(labels[len(labels)-1], smallSize, false)
		pl.marks = append(pl.marks, m)
	}
	pl.lines = pl.lines[:min(len(pl.lines), mostLines)]
	spots := pl.place()
	for _, s := range spots {
		if l := s.leader; s.ok && s.far {
			p.line(l.x1, l.y1, l.x2, l.y2, paint{class: "leader", stroke: muted, width: 0.8})
		}
	}
	for _, b := range p.bins {
		p.circle(p.x.at(b.Confidence), p.y.at(b.Accuracy), hollowRadius, paint{class: "point", fill: blue, stroke: white, width: 1})
	}
	for i, b := range p.bins {
		if i >= len(spots) || !spots[i].ok {
			p.unlabelled = append(p.unlabelled, fmt.Sprintf("bin %d of n = %s", i+1, count(b.N)))
			continue
		}
		s := spots[i]
		p.text((s.x0+s.x1)/2, s.y1-3, labels[i], font{class: "label", size: smallSize, fill: muted, anchor: "middle", halo: true})
	}
	return p.binLegend(p.frame.y1 + 52)
}

// binLegend explains the signs, with its upper edge at y, and returns the y of its lower edge.
func (p *reliabilityPlot) binLegend(y float64) float64 {
	small := font{class: "legend", size: smallSize, fill: muted}
	mark := paint{fill: blue, stroke: white, width: 1}
	p.line(margin+10, y, margin+10, y+14, paint{stroke: blue, width: 1.4})
	p.circle(margin+10, y+7, hollowRadius, mark)
	text := "predictions stated with like confidence: share that is right, interval and n"
	p.text(margin+24, y+11, text, small)
	y += lineStep + 5
	p.line(margin, y+7, margin+20, y+7, paint{stroke: ink, width: 1.2, dash: "5 3"})
	p.text(margin+24, y+11, "as often right as stated; below the line: too sure, above it: not sure enough", small)
	return y + 14
}

// describeBins lists the bins for readers who cannot see them.
func (p *reliabilityPlot) describeBins(xTitle, yTitle string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Reliability diagram: %s (y) against %s (x), with the diagonal where they are equal.", yTitle, xTitle)
	if len(p.bins) == 0 {
		return b.String() + " No data."
	}
	for _, bin := range p.bins {
		fmt.Fprintf(&b, " Stated %s, right %s", label(p.xFormat, bin.Confidence), label(p.yFormat, bin.Accuracy))
		if bin.Low < bin.High {
			fmt.Fprintf(&b, " (%s to %s)", label(p.yFormat, bin.Low), label(p.yFormat, bin.High))
		}
		fmt.Fprintf(&b, ", n = %s;", count(bin.N))
	}
	return strings.TrimSuffix(b.String(), ";") + "."
}
