package svgplot

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// An element is one element of a parsed picture.
type element struct {
	name, class, text string
	attr              map[string]string
}

// f returns a numeric attribute.
func (e element) f(t *testing.T, name string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(e.attr[name], 64)
	if err != nil {
		t.Fatalf("<%s> attribute %s: %v", e.name, name, err)
	}
	return v
}

// notNumber finds what formatted floats that are not numbers look like.
var notNumber = regexp.MustCompile(`NaN|[+-]?Inf\b`)

// elements decodes svg to its end and returns its elements in order. It fails on anything that holds for no picture:
// malformed XML, bytes that are not UTF-8, elements that draw nothing known, numbers that are none.
func elements(t *testing.T, svg []byte) []element {
	t.Helper()
	if !utf8.Valid(svg) {
		t.Fatal("not UTF-8")
	}
	known := map[string]bool{"svg": true, "title": true, "desc": true, "rect": true, "line": true, "circle": true, "polyline": true, "polygon": true, "text": true}
	var out []element
	var open []int
	d := xml.NewDecoder(bytes.NewReader(svg))
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("not XML: %v\n%s", err, svg)
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			if !known[tok.Name.Local] {
				t.Fatalf("unexpected element <%s>", tok.Name.Local)
			}
			e := element{name: tok.Name.Local, attr: map[string]string{}}
			for _, a := range tok.Attr {
				e.attr[a.Name.Local] = a.Value
				if notNumber.MatchString(a.Value) || strings.HasPrefix(a.Name.Local, "on") {
					t.Errorf("<%s %s=%q>", e.name, a.Name.Local, a.Value)
				}
			}
			e.class = e.attr["class"]
			open = append(open, len(out))
			out = append(out, e)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) > 0 {
				out[open[len(open)-1]].text += string(tok)
			}
		}
	}
	if len(out) < 4 || out[0].name != "svg" || out[0].attr["role"] != "img" || out[1].name != "title" || out[2].name != "desc" {
		t.Fatalf("does not start with svg, title, desc: %.300s", svg)
	}
	if bg := out[3]; bg.name != "rect" || bg.attr["fill"] != white || bg.attr["rx"] == "" {
		t.Errorf("no white rounded background: %v", bg)
	}
	return out
}

// of returns the elements of a class.
func of(es []element, class string) []element {
	var out []element
	for _, e := range es {
		if e.class == class {
			out = append(out, e)
		}
	}
	return out
}

// words joins all texts of a picture.
func words(es []element) string {
	var b strings.Builder
	for _, e := range es {
		if e.name == "text" {
			b.WriteString(e.text + "\n")
		}
	}
	return b.String()
}

var (
	nan = math.NaN()
	inf = math.Inf(1)
)

// uglyNumbers are what a caller's arithmetic may bring.
var uglyNumbers = []float64{nan, inf, -inf, 0, math.Copysign(0, -1), 0.5, 1, -1, 1e-320, 1e300, -1e300, math.MaxFloat64, 1e15, 1e15 + 1, 1e100, 1e-100}

// uglyTexts are what a stranger's file may bring.
var uglyTexts = []string{
	"", " \t\n", `<script>alert("x")</script>&'`, "]]>", "<!--", "\x00\x1b[31m", "\xff\xfe\x80", "\u202egnp.exe", "\ufffe\uffff",
	strings.Repeat("long ", 300), strings.Repeat("W", 5000), strings.Repeat("e\u0301\u0302", 900), "模型" + strings.Repeat("🙂", 99), "a\u2028b",
}

// every draws all plots from the given material.
func every(text string, a, b, c float64, n int, log bool) [][]byte {
	format := func(v float64) string {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			panic("format called with a number that is none")
		}
		return strconv.FormatFloat(v, 'f', 2, 64) + text
	}
	points := []Point{{text, a, b, c, n, false}, {text, b, a, c, n, true}, {"x", c, nan, nan, 0, n%2 == 0}}
	xys := []XY{{text, a, b, c, a, b, c, false, false}, {text, b, c, a, c, b, a, true, false}, {text, a, b, nan, nan, inf, 1, false, false}, {"x", 1, 1, nan, nan, nan, nan, true, false}}
	lines := []Line{
		{text, []float64{a, b, c}, []float64{c, a, b, 1}, []Band{{a, b, c}, {b, c, a}, {1, 0, 1}}, n%2 == 0},
		{"y", []float64{0, 0, 1}, []float64{a, 0, 1}, []Band{{0, 0, 1}, {1, .5, 1}}, false}, {text, []float64{0, 1}, []float64{0, b}, nil, true}, {text, nil, []float64{a}, nil, false},
	}
	signs := LineSigns{text, text, text, text, text, log, !log, log, !log}
	return [][]byte{
		Lines(text, text, text, signs, lines, xys, xys, format, nil), Lines(text, text, text, signs, lines, nil, nil, nil, format), Lines(text, text, text, LineSigns{}, lines[2:], nil, xys[:1], nil, nil),
		Dots(text, text, points, format), Dots(text, text, points, nil), Dots(text, text, nil, nil),
		Confusion(text, []string{text, "x"}, [][]int{{n, 1}, {}, {3}}), Confusion(text, nil, nil), Confusion(text, []string{text}, [][]int{{n, n}}),
		Boxes(text, text, []string{text, "x"}, []string{text, "x"}, [][]Box{{{a, a, b, c, c, n}, {0, 1, 1, 1, 2, n}}, {{a, a, a, a, a, n}}, {}}), Boxes(text, text, nil, nil, nil),
		Reliability(text, text, text, []Bin{{a, b, c, a, n}, {0.5, 0.5, b, c, n}, {c, a, 0, 1, 1}, {0.5, 0.5, 0.4, 0.6, n}, {1, 0, nan, 1, -1}}, format), Reliability(text, text, text, nil, nil),
		Scatter(text, text, text, Kinds{"policy", "one model for everything"}, xys, log, format, nil), Scatter(text, text, text, Kinds{text, text}, nil, log, nil, nil),
	}
}

func TestUglyInputGivesValidFiles(t *testing.T) {
	for i, text := range uglyTexts {
		for j := i % 3; j < len(uglyNumbers); j += 3 {
			a, b, c := uglyNumbers[j], uglyNumbers[(j*7+i)%len(uglyNumbers)], uglyNumbers[(j+i)%len(uglyNumbers)]
			first := every(text, a, b, c, []int{0, -1, 7, math.MaxInt, math.MinInt}[j%5], j%2 == 0)
			second := every(text, a, b, c, []int{0, -1, 7, math.MaxInt, math.MinInt}[j%5], j%2 == 0)
			for k := range first {
				es := elements(t, first[k])
				if notNumber.Match(first[k]) {
					t.Errorf("plot %d of %q, %g, %g, %g says NaN or Inf", k, text, a, b, c)
				}
				if !bytes.Equal(first[k], second[k]) {
					t.Errorf("plot %d of %q: other bytes the second time", k, text)
				}
				inside(t, es)
			}
		}
	}
}

// inside checks that no text leaves the picture by its estimated width, nor any mark.
func inside(t *testing.T, es []element) {
	t.Helper()
	w, h := es[0].f(t, "width"), es[0].f(t, "height")
	for _, e := range es[1:] {
		switch e.name {
		case "text":
			size := textSize
			if e.attr["font-size"] != "" {
				size = e.f(t, "font-size")
			}
			x, y, wide := e.f(t, "x"), e.f(t, "y"), textWidth(e.text, size, e.attr["font-weight"] != "")
			if e.attr["transform"] != "" {
				if y-wide/2 < 0 || y+wide/2 > h {
					t.Errorf("upward text %q leaves the picture", e.text)
				}
				continue
			}
			from := x
			switch e.attr["text-anchor"] {
			case "middle":
				from -= wide / 2
			case "end":
				from -= wide
			}
			if from < 0 || from+wide > w || y < size*0.7 || y > h {
				t.Errorf("text %q from %.1f to %.1f at %.1f leaves the picture of %g by %g", e.text, from, from+wide, y, w, h)
			}
		case "circle":
			if x, y := e.f(t, "cx"), e.f(t, "cy"); x < 0 || x > w || y < 0 || y > h {
				t.Errorf("circle at %g, %g", x, y)
			}
		case "line":
			for _, a := range []string{"x1", "x2"} {
				if x := e.f(t, a); x < 0 || x > w {
					t.Errorf("line with %s=%g", a, x)
				}
			}
		}
	}
}

func FuzzPlots(f *testing.F) {
	for i, text := range uglyTexts {
		f.Add(text, uglyNumbers[i%len(uglyNumbers)], uglyNumbers[(i+5)%len(uglyNumbers)], 0.25, i-1, i%2 == 0)
	}
	f.Fuzz(func(t *testing.T, text string, a, b, c float64, n int, log bool) {
		for k, svg := range every(text, a, b, c, n, log) {
			inside(t, elements(t, svg))
			if !notNumber.MatchString(text) && notNumber.Match(svg) {
				t.Errorf("plot %d says NaN or Inf", k)
			}
		}
	})
}

func TestHostileLabelsAreText(t *testing.T) {
	svg := Dots("<b>", "a&b", []Point{{`<script>&"`, 0.5, nan, nan, 0, false}}, nil)
	if es := elements(t, svg); of(es, "label")[0].text != `<script>&"` || es[1].text != "<b>" {
		t.Errorf("texts changed: %q", words(es))
	}
}

func TestNoData(t *testing.T) {
	for name, svg := range map[string][]byte{
		"dots":      Dots("t", "a", []Point{{"gone", nan, 0, 1, 3, false}}, nil),
		"confusion": Confusion("t", []string{"a", "b"}, [][]int{{0, 0}, {0, 0}}),
		"boxes":     Boxes("t", "a", []string{"g"}, []string{"s"}, [][]Box{{{0, nan, 0, 0, 0, 0}}}),
		"lines":     Lines("t", "x", "y", LineSigns{}, []Line{{"gone", []float64{1}, []float64{1}, nil, false}}, nil, nil, nil, nil),
		"bins":      Reliability("t", "x", "y", []Bin{{1.5, 0.5, nan, nan, 7}, {0.5, nan, 0, 1, 7}}, nil),
		"scatter":   Scatter("t", "x", "y", Kinds{}, []XY{{"gone", inf, 1, nan, nan, nan, nan, false, false}}, true, nil, nil),
	} {
		w := words(elements(t, svg))
		if !strings.Contains(w, "no data") {
			t.Errorf("%s does not say so: %q", name, w)
		}
		if name == "dots" || name == "scatter" || name == "lines" {
			if !strings.Contains(w, "gone") {
				t.Errorf("%s does not name what it left out: %q", name, w)
			}
		}
	}
}

// TestManyPoints holds that time and size stay bounded when a caller passes thousands of points.
func TestManyPoints(t *testing.T) {
	var xys []XY
	for i := range 2000 {
		x := float64(i)
		xys = append(xys, XY{fmt.Sprint("point ", i), 1 + x, x, x, x + 2, x - 1, x + 1, i%2 == 0, false})
	}
	es := elements(t, Scatter("t", "x", "y", Kinds{}, xys, true, nil, nil))
	if n := len(of(es, "point")) + len(of(es, "baseline")); n != 2000 {
		t.Errorf("%d of 2000 points drawn", n)
	}
	if !strings.Contains(words(es), "Drawn without a label") {
		t.Error("does not say that labels are missing")
	}
}
