package svgplot

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"
)

const (
	pageWidth = 720.0 // usual width of a picture
	margin    = 22.0  // white space on every side

	titleSize = 16.0 // font sizes
	textSize  = 12.0
	smallSize = 11.0
	lineStep  = 15.0 // baseline to baseline, for text of smallSize and textSize

	ink   = "#1a1a1a" // text and whatever must stand out
	muted = "#595959" // secondary text and baselines: contrast 7 to 1 on white
	axis  = "#8a8a8a"
	grid  = "#e4e4e4"
	white = "#ffffff"

	blue      = "#0072B2" // Okabe and Ito (2008)
	vermilion = "#D55E00"
	green     = "#009E73"
	purple    = "#CC79A7"
	orange    = "#E69F00"
	sky       = "#56B4E9"
	yellow    = "#F0E442"
	black     = "#000000"
)

// A paint says how an outline is drawn and filled. The zero value draws nothing: no fill, no stroke.
type paint struct {
	class   string  // name of what the element is, for tests and readers of the file
	fill    string  // "" = none
	opacity float64 // of the fill; 0 = 1
	stroke  string  // "" = none
	width   float64 // of the stroke; 0 = 1
	dash    string  // stroke-dasharray; "" = solid
}

// A font says how one line of text is set.
type font struct {
	class   string
	size    float64 // 0 = textSize
	bold    bool
	fill    string // "" = ink
	anchor  string // "start" (also ""), "middle" or "end"
	upwards bool   // turned a quarter, reading from bottom to top
	halo    bool   // with a white rim, to be read across lines
}

// A canvas gathers the elements of one picture, later ones painted over earlier ones. Its methods are the only
// code of the package that writes markup.
type canvas struct {
	width float64
	body  bytes.Buffer
}

// num formats a coordinate: at most two decimals, no trailing zeros, no minus zero. What is not finite, which
// layout never makes, becomes 0, so that the file stays valid.
func num(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		v = 0
	}
	s := strconv.FormatFloat(max(-1e6, min(1e6, v)), 'f', 2, 64)
	s = strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
	if s == "-0" {
		return "0"
	}
	return s
}

// escape makes clean text fit for element content and attribute values.
func escape(s string) string { return escaper.Replace(s) }

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;")

// attrs writes the attributes of p, each after a space.
func (p paint) attrs() string {
	var b strings.Builder
	if p.class != "" {
		fmt.Fprintf(&b, ` class="%s"`, p.class)
	}
	if p.fill == "" {
		p.fill = "none"
	}
	fmt.Fprintf(&b, ` fill="%s"`, p.fill)
	if p.opacity != 0 {
		fmt.Fprintf(&b, ` fill-opacity="%s"`, num(p.opacity))
	}
	if p.stroke != "" {
		fmt.Fprintf(&b, ` stroke="%s"`, p.stroke)
		if p.width != 0 && p.width != 1 {
			fmt.Fprintf(&b, ` stroke-width="%s"`, num(p.width))
		}
		if p.dash != "" {
			fmt.Fprintf(&b, ` stroke-dasharray="%s"`, p.dash)
		}
	}
	return b.String()
}

func (c *canvas) rect(x, y, w, h float64, p paint) {
	fmt.Fprintf(&c.body, "<rect x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\"%s/>\n", num(x), num(y), num(max(w, 0)), num(max(h, 0)), p.attrs())
}

func (c *canvas) circle(x, y, r float64, p paint) {
	fmt.Fprintf(&c.body, "<circle cx=\"%s\" cy=\"%s\" r=\"%s\"%s/>\n", num(x), num(y), num(r), p.attrs())
}

func (c *canvas) line(x1, y1, x2, y2 float64, p paint) {
	fmt.Fprintf(&c.body, "<line x1=\"%s\" y1=\"%s\" x2=\"%s\" y2=\"%s\"%s/>\n", num(x1), num(y1), num(x2), num(y2), p.attrs())
}

// polyline joins the points (x0, y0, x1, y1, …); closed joins the last to the first.
func (c *canvas) polyline(xy []float64, closed bool, p paint) {
	name := "polyline"
	if closed {
		name = "polygon"
	}
	var b strings.Builder
	for i := 0; i+1 < len(xy); i += 2 {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(num(xy[i]) + "," + num(xy[i+1]))
	}
	fmt.Fprintf(&c.body, "<%s points=\"%s\"%s/>\n", name, b.String(), p.attrs())
}

// text sets one line with its baseline at y. It cleans and escapes s; shortening is the caller's business.
func (c *canvas) text(x, y float64, s string, f font) {
	s = clean(s)
	if s == "" {
		return
	}
	fmt.Fprintf(&c.body, `<text x="%s" y="%s"`, num(x), num(y))
	if f.class != "" {
		fmt.Fprintf(&c.body, ` class="%s"`, f.class)
	}
	if f.size != 0 && f.size != textSize {
		fmt.Fprintf(&c.body, ` font-size="%s"`, num(f.size))
	}
	if f.bold {
		c.body.WriteString(` font-weight="bold"`)
	}
	if f.fill != "" && f.fill != ink {
		fmt.Fprintf(&c.body, ` fill="%s"`, f.fill)
	}
	if f.anchor != "" && f.anchor != "start" {
		fmt.Fprintf(&c.body, ` text-anchor="%s"`, f.anchor)
	}
	if f.upwards {
		fmt.Fprintf(&c.body, ` transform="rotate(-90 %s %s)"`, num(x), num(y))
	}
	if f.halo {
		c.body.WriteString(` stroke="#ffffff" stroke-width="3" stroke-linejoin="round" paint-order="stroke"`)
	}
	c.body.WriteString(">" + escape(s) + "</text>\n")
}

// textLines sets lines one below the other, the first baseline at y, and returns the baseline after the last.
func (c *canvas) textLines(x, y, step float64, lines []string, f font) float64 {
	for _, l := range lines {
		c.text(x, y, l, f)
		y += step
	}
	return y
}

// heading sets the title in at most two lines and returns the y of the edge below it.
func (c *canvas) heading(title string) float64 {
	lines := wrap(named(title), c.width-2*margin, titleSize, true, 2)
	return c.textLines(margin, margin+14, 20, lines, font{size: titleSize, bold: true}) - 8
}

// notes sets each note in at most three small lines from y on and returns the y of the edge below them.
func (c *canvas) notes(y float64, notes []string) float64 {
	for _, n := range notes {
		lines := wrap(n, c.width-2*margin, smallSize, false, 3)
		y = c.textLines(margin, y+12, lineStep, lines, font{class: "note", size: smallSize, fill: muted}) - 10
	}
	return y
}

// noData marks the rectangle from (x, y) as empty and returns the y of its lower edge.
func (c *canvas) noData(y float64) float64 {
	const h = 90
	c.rect(margin, y, c.width-2*margin, h, paint{fill: "#f6f6f6", stroke: grid})
	c.text(c.width/2, y+h/2+4, "no data", font{size: 13, fill: muted, anchor: "middle"})
	return y + h
}

// finish closes a picture whose content ends at y, and returns the file.
func (c *canvas) finish(y float64, title, desc string) []byte {
	var out bytes.Buffer
	w, h := num(c.width), num(math.Ceil(y+margin-6))
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" width="%s" height="%s" viewBox="0 0 %s %s" role="img"`, w, h, w, h)
	fmt.Fprintf(&out, ` font-family="Helvetica, Arial, sans-serif" font-size="%s" fill="%s">`+"\n", num(textSize), ink)
	fmt.Fprintf(&out, "<title>%s</title>\n<desc>%s</desc>\n", escape(named(title)), escape(cleanLong(desc)))
	fmt.Fprintf(&out, `<rect x="0.5" y="0.5" width="%s" height="%s" rx="8" fill="%s" stroke="#d0d0d0"/>`+"\n",
		num(c.width-1), num(math.Ceil(y+margin-6)-1), white)
	out.Write(c.body.Bytes())
	out.WriteString("</svg>\n")
	return out.Bytes()
}
