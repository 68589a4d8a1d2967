package svgplot

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

// about compares lengths that were rounded to two decimals in the file.
func about(a, b float64) bool { return math.Abs(a-b) < 0.011 }

func TestDotsGeometry(t *testing.T) {
	es := elements(t, Dots("t", "accuracy", []Point{
		{"base", 1, nan, nan, 0, true}, {"half", 0.5, 0.25, 0.75, 1234, false}, {"none", 0, nan, nan, 0, false},
	}, nil))
	ax := of(es, "axis")[0]
	from, to := ax.f(t, "x1"), ax.f(t, "x2")
	dots, whiskers := of(es, "dot"), of(es, "whisker")
	for i, share := range []float64{0.5, 0, 1} { // others in order, then baselines
		if got := dots[i].f(t, "cx"); !about(got, from+(to-from)*share) {
			t.Errorf("dot %d at %g, want share %g of %g..%g", i, got, share, from, to)
		}
	}
	if len(whiskers) != 1 || !about(whiskers[0].f(t, "x1"), from+(to-from)/4) || !about(whiskers[0].f(t, "x2"), from+(to-from)*3/4) {
		t.Errorf("whiskers %v on axis %g..%g", whiskers, from, to)
	}
	if dots[2].attr["fill"] != white || dots[0].attr["fill"] == white {
		t.Error("only baselines are hollow")
	}
	if sep := of(es, "separator"); len(sep) != 1 || !(dots[1].f(t, "cy") < sep[0].f(t, "y1") && sep[0].f(t, "y1") < dots[2].f(t, "cy")) {
		t.Errorf("separator %v", sep)
	}
	if w := words(es); !strings.Contains(w, "1,234") || !strings.Contains(w, "0.25 – 0.75") {
		t.Errorf("n or interval missing: %q", w)
	}
}

func TestDotsAxis(t *testing.T) {
	share := func(values ...float64) float64 { // of the axis at which the first dot lies
		var points []Point
		for _, v := range values {
			points = append(points, Point{"p", v, nan, nan, 0, false})
		}
		es := elements(t, Dots("t", "a", points, nil))
		from, to := of(es, "axis")[0].f(t, "x1"), of(es, "axis")[0].f(t, "x2")
		return (of(es, "dot")[0].f(t, "cx") - from) / (to - from)
	}
	if got := share(0.02, 0.1); math.Abs(got-0.02) > 1e-4 {
		t.Errorf("rates: %g, want 0.02", got)
	}
	if got := share(50, 100); math.Abs(got-0.05/1.1) > 1e-4 {
		t.Errorf("from half the greatest on: %g, want a padded axis, 0.05/1.1", got)
	}
	if got := share(1, 100); math.Abs(got-1/104.95) > 1e-4 {
		t.Errorf("wide range: %g, want an axis from 0 to 100 + 5%% of 99", got)
	}
}

func TestConfusionCells(t *testing.T) {
	es := elements(t, Confusion("t", []string{"A", "B", "C"}, [][]int{{6, 3, 1}, {0, 0, 0}, {1, 1500, 499}}))
	texts := func(class string) (out []string) {
		for _, e := range of(es, class) {
			out = append(out, e.text)
		}
		return out
	}
	for class, want := range map[string][]string{
		"count": {"6", "3", "1", "1", "1,500", "499"},
		"share": {"60%", "30%", "10%", "<1%", "75%", "25%"}, // of 10 and of 2,000
		"total": {"10", "0", "2,000"},
		"label": {"A", "B", "C"},
	} {
		if got := texts(class); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %q, want %q", class, got, want)
		}
	}
	w := words(es)
	for _, want := range []string{
		"no prompts", "under-routed: 1,501 of 2,010 prompts (75%)", "correct: 505 of 2,010 prompts (25%)", "over-routed: 4 of 2,010 prompts (<1%)",
	} {
		if !strings.Contains(w, want) {
			t.Errorf("lacks %q: %q", want, w)
		}
	}
	cells, correct := of(es, "cell"), of(es, "correct")
	if len(cells) != 6 || len(correct) != 2 || !about(correct[0].f(t, "x"), cells[0].f(t, "x")+1) || !about(correct[1].f(t, "y"), cells[5].f(t, "y")+1) {
		t.Errorf("outlines %v of cells %v", correct, cells)
	}
}

func TestConfusionSaysWhatItLeavesOut(t *testing.T) {
	w := words(elements(t, Confusion("t", []string{"A", "B"}, [][]int{{1, -2, 5}, {1}, {4}})))
	if !strings.Contains(w, "negative: 1 of the counts") || !strings.Contains(w, "without a tier: 2 of the counts") {
		t.Errorf("notes: %q", w)
	}
}

func TestPercent(t *testing.T) {
	for _, c := range []struct {
		n, total int
		want     string
	}{{0, 3, "0%"}, {3, 3, "100%"}, {1, 1000, "<1%"}, {999, 1000, ">99%"}, {1, 200, "<1%"}, {199, 200, ">99%"}, {1, 3, "33%"}} {
		if got := percent(c.n, c.total); got != c.want {
			t.Errorf("percent(%d, %d) = %s, want %s", c.n, c.total, got, c.want)
		}
	}
}

func TestBoxesGeometry(t *testing.T) {
	es := elements(t, Boxes("t", "score", []string{"A", "B"}, []string{"A", "B"}, [][]Box{
		{{0, 1, 2, 3, 4, 10}, {1, 2, 3, 4, 5, 12}}, {{nan, 1, 2, 3, 4, 9}, {0, 2, 1, 3, 4, 9}}, // no number; out of order
	}))
	boxes, whiskers, medians := of(es, "box"), of(es, "whisker"), of(es, "median")
	if len(boxes) != 2 || len(whiskers) != 4 || len(medians) != 2 {
		t.Fatalf("%d boxes, %d whiskers, %d medians", len(boxes), len(whiskers), len(medians))
	}
	// One unit of score is as high everywhere: the first box lies one unit below the second.
	unit := whiskers[0].f(t, "y1") - whiskers[0].f(t, "y2") // from 0 to 1
	if !about(boxes[0].f(t, "height"), 2*unit) || !about(whiskers[1].f(t, "y1")-whiskers[1].f(t, "y2"), unit) {
		t.Errorf("box %v, upper whisker %v, unit %g", boxes[0], whiskers[1], unit)
	}
	if !about(medians[0].f(t, "y1")-medians[1].f(t, "y1"), unit) {
		t.Errorf("medians %v, unit %g", medians, unit)
	}
	if w := words(es); !strings.Contains(w, "n = 10 to 12") || !strings.Contains(w, "B / A, B / B") || !strings.Contains(w, "no data") {
		t.Errorf("texts: %q", w)
	}
	if boxes[0].attr["stroke-width"] == boxes[1].attr["stroke-width"] {
		t.Error("the box of the group's own series is not marked")
	}
}

func TestFrontier(t *testing.T) {
	for _, c := range []struct {
		xy   [][2]float64
		want []int
	}{
		{nil, nil},
		{[][2]float64{{1, 1}}, []int{0}},
		{[][2]float64{{3, 0.9}, {1, 0.5}, {2, 0.4}, {2, 0.7}, {4, 0.9}}, []int{1, 3, 0}}, // by hand; (4, 0.9) costs more for the same
		{[][2]float64{{1, 0.5}, {1, 0.5}, {1, 0.6}}, []int{2}},
		{[][2]float64{{2, 2}, {2, 2}}, []int{0}}, // a tie: the first
	} {
		var points []XY
		for _, p := range c.xy {
			points = append(points, XY{X: p[0], Y: p[1]})
		}
		if got := frontier(points); !reflect.DeepEqual(got, c.want) {
			t.Errorf("frontier(%v) = %v, want %v", c.xy, got, c.want)
		}
	}
}

func TestScatterGeometry(t *testing.T) {
	points := []XY{{"a", 1, 0.2, nan, nan, 0.1, 0.3, false, false}, {"b", 10, 0.4, 1, 100, nan, nan, true, false}, {"c", 100, 0.6, 0, 1000, nan, nan, true, false}, {"d", 1000, 0.5, nan, nan, nan, nan, true, false}}
	es := elements(t, Scatter("t", "cost", "accuracy", Kinds{"classifier", "baseline"}, points, true, nil, nil))
	at := map[string][2]float64{}
	a := of(es, "point")[0] // a circle, the first shape
	at["a"] = [2]float64{a.f(t, "cx"), a.f(t, "cy")}
	for i, e := range of(es, "baseline") { // drawn last to first
		at[points[3-i].Label] = [2]float64{e.f(t, "cx"), e.f(t, "cy")}
	}
	decade := at["b"][0] - at["a"][0]
	if decade <= 0 || !about(at["c"][0]-at["b"][0], decade) || !about(at["b"][1]-at["c"][1], at["a"][1]-at["b"][1]) {
		t.Errorf("places %v: decades, and steps of 0.2, differ", at)
	}
	want := fmt.Sprintf("%s,%s %s,%s %s,%s %s,%s %s,%s", num(at["a"][0]), num(at["a"][1]), num(at["b"][0]), num(at["a"][1]),
		num(at["b"][0]), num(at["b"][1]), num(at["c"][0]), num(at["b"][1]), num(at["c"][0]), num(at["c"][1]))
	line := of(es, "frontier")[0].attr["points"]
	if !strings.HasPrefix(line, want+" ") || !strings.HasSuffix(line, ","+num(at["c"][1])) || len(strings.Fields(line)) != 6 {
		t.Errorf("frontier %q, want %q and the right edge: d is beaten by c", line, want)
	}
	whiskers := of(es, "whisker") // c, b, a
	if len(whiskers) != 3 {
		t.Fatalf("%d whiskers", len(whiskers))
	}
	if got := whiskers[1]; !about(got.f(t, "x1"), at["a"][0]) || !about(got.f(t, "x2"), at["c"][0]) {
		t.Errorf("whisker of b %v, want from a to c", got.attr)
	}
	if got, edge := whiskers[0], of(es, "axis")[0].f(t, "x1"); !about(got.f(t, "x1"), edge) || !about(got.f(t, "x2"), at["d"][0]) {
		t.Errorf("whisker of c %v, want from the left edge to d", got.attr)
	}
	half := (at["a"][1] - at["b"][1]) / 2 // 0.1 of accuracy
	if got := whiskers[2]; !about(got.f(t, "y1"), at["a"][1]+half) || !about(got.f(t, "y2"), at["a"][1]-half) {
		t.Errorf("whisker of a %v", got.attr)
	}
	if w := words(es); !strings.Contains(w, "runs to the left edge: c.") || !strings.Contains(w, "cost (log scale)") {
		t.Errorf("texts %q", w)
	}
}

// Lines go through their points, and nothing is drawn that cannot be.
func TestLinesGeometry(t *testing.T) {
	lines := []Line{
		{"up", []float64{0, 1, 2}, []float64{0, 0.5, 1}, []Band{{0, 0, 0.2}, {2, 0.9, 1}, {3, nan, 1}}, false},
		{"flat", []float64{0, 2}, []float64{0.2, 0.2}, nil, false},
		{"reference", []float64{0, 2}, []float64{0, 1}, []Band{{0, 0, 1}, {2, 0, 1}}, true},
		{"backwards", []float64{2, 0, 2}, []float64{0, 1, 1}, nil, false},
		{"one place", []float64{1, nan}, []float64{1, 1}, nil, false},
	}
	points := []XY{{"model", 2, 0.2, nan, nan, nan, nan, false, false}, {"oracle", 0, 1, nan, nan, nan, nan, true, true}}
	es := elements(t, Lines("t", "x", "y", LineSigns{Line: "l", Hollow: "h", Aside: "a", Dots: true}, lines, points, []XY{{X: 0, Y: 0.2}, {X: 1, Y: nan}, {X: 2, Y: 1}, {X: 2, Y: 0.2}}, nil, nil))
	if got := len(of(es, "line")); got != 3 { // backwards keeps its first and its last place
		t.Errorf("%d lines", got)
	}
	if len(of(es, "band")) != 1 || len(of(es, "reference")) != 1 || len(of(es, "baseline")) != 2 || len(of(es, "point")) != 0 || len(of(es, "dot")) != 7 || len(of(es, "plate")) != 3 {
		t.Errorf("%d bands, %d references, %d hollow points, %d markers, %d dots, %d labels", len(of(es, "band")), len(of(es, "reference")), len(of(es, "baseline")), len(of(es, "point")), len(of(es, "dot")), len(of(es, "plate")))
	}
	at := func(e element) (xy []float64) {
		for _, v := range strings.FieldsFunc(e.attr["points"], func(r rune) bool { return r == ' ' || r == ',' }) {
			f, err := strconv.ParseFloat(v, 64)
			if err != nil {
				t.Fatal(err)
			}
			xy = append(xy, f)
		}
		return xy
	}
	up, flat := at(of(es, "line")[0]), at(of(es, "line")[1])
	if len(up) != 6 || math.Abs(up[2]-(up[0]+up[4])/2) > 0.01 || math.Abs(up[3]-(up[1]+up[5])/2) > 0.01 || up[5] >= up[1] {
		t.Errorf("up goes through %v", up)
	}
	if flat[1] != flat[3] || math.Abs(flat[1]-(up[1]+0.2*(up[5]-up[1]))) > 0.02 {
		t.Errorf("flat goes through %v, up through %v", flat, up)
	}
	// The frontier goes from what is reached first up to the end of up.
	if f := at(of(es, "frontier")[0]); f[1] != flat[1] || f[len(f)-1] != up[5] {
		t.Errorf("frontier %v", f)
	}
	if w := words(es); !strings.Contains(w, "one place") || !strings.Contains(w, "Interval not drawn") {
		t.Errorf("what is left out is not named: %q", w)
	}
}

// Bins stand where they were stated and right, on their intervals; equal ones are on the diagonal; what is beyond 0..1 is
// named.
func TestReliabilityGeometry(t *testing.T) {
	bins := []Bin{{0, 0, nan, nan, 4}, {1, 1, 0.5, 1, 1234}, {0.5, 0.25, 0, 0.5, 6}, {0.6, 0.6, 0.7, 0.5, 7}, {1.01, 0.5, 0, 1, 8}, {0.3, 0.3, nan, 0.9, 9}}
	es := elements(t, Reliability("t", "stated", "right", bins, nil))
	points, diagonal, whiskers := of(es, "point"), of(es, "diagonal"), of(es, "whisker")
	if len(points) != 5 || len(diagonal) != 1 || len(whiskers) != 2 {
		t.Fatalf("%d points, %d diagonals, %d whiskers", len(points), len(diagonal), len(whiskers))
	}
	x0, y0, x1, y1 := diagonal[0].f(t, "x1"), diagonal[0].f(t, "y1"), diagonal[0].f(t, "x2"), diagonal[0].f(t, "y2")
	for i, want := range [][2]float64{{0, 0}, {1, 1}, {0.5, 0.25}, {0.6, 0.6}, {0.3, 0.3}} {
		if x, y := points[i].f(t, "cx"), points[i].f(t, "cy"); !about(x, x0+want[0]*(x1-x0)) || !about(y, y0+want[1]*(y1-y0)) {
			t.Errorf("bin %d is at %g, %g", i, x, y)
		}
	}
	if w := whiskers[1]; !about(w.f(t, "y1"), y0) || !about(w.f(t, "y2"), (y0+y1)/2) || !about(w.f(t, "x1"), (x0+x1)/2) {
		t.Errorf("whisker %v, want from 0 to a half at a half", w.attr)
	}
	w := words(es)
	for _, want := range []string{"1,234", "not within 0 to 1", "bin 5 of n = 8", "Interval not drawn", "bin 4 of n = 7", "bin 6 of n = 9"} {
		if !strings.Contains(w, want) {
			t.Errorf("%q is not said: %q", want, w)
		}
	}
	if d := es[2].text; !strings.Contains(d, "Stated 0.5, right 0.25 (0 to 0.5), n = 6;") || strings.Contains(d, "1.01") {
		t.Errorf("description %q", d)
	}
}

// A crowd of bins, as of a classifier that is always sure, leaves no count untold.
func TestCrowdedBins(t *testing.T) {
	var bins []Bin
	for i := range 70 {
		bins = append(bins, Bin{0.99 + 0.0001*float64(i), 0.95, 0.9, 0.98, 1000 + i})
	}
	es := elements(t, Reliability("t", "stated", "right", bins, nil))
	if got := len(of(es, "point")); got != 70 {
		t.Errorf("%d bins drawn", got)
	}
	if labels := len(of(es, "label")); labels < 10 || labels > 60 || !strings.Contains(words(es), "Drawn without a label") {
		t.Errorf("%d labels, and the others are not named", labels)
	}
	inside(t, es)
}
