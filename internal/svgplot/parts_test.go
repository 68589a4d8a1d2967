package svgplot

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
)

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		" a \t\n b ": "a b", "a\x00b": "a\ufffdb", "\xff": "\ufffd", "\u202eb": "\ufffdb", "\ufffe": "\ufffd", "é<": "é<", "a\u2028b": "a b", "": "",
	} {
		if got := clean(in); got != want {
			t.Errorf("clean(%q) = %q, want %q", in, got, want)
		}
	}
	for _, s := range uglyTexts {
		if once := clean(s); clean(once) != once || len([]rune(once)) > longestLabel {
			t.Errorf("clean is not idempotent or too long on %.40q", s)
		}
	}
}

func TestShortenAndWrapFit(t *testing.T) {
	if got := shorten("embedding-model-large-v1", 100, textSize, false); !strings.HasPrefix(got, "emb") || !strings.HasSuffix(got, "v1") || !strings.Contains(got, "…") {
		t.Errorf("shortened to %q: both ends should be left", got)
	}
	for _, s := range append(uglyTexts, "rule+embedding+llm", "x") {
		s = clean(s)
		for _, width := range []float64{20, 56, 200} {
			if got := shorten(s, width, textSize, true); textWidth(got, textSize, true) > width {
				t.Errorf("shorten(%.20q, %g) = %q is too wide", s, width, got)
			}
			lines := wrap(s, width, textSize, false, 3)
			if len(lines) > 3 {
				t.Errorf("%d lines", len(lines))
			}
			for _, l := range lines {
				if textWidth(l, textSize, false) > width && len([]rune(l)) > 1 {
					t.Errorf("wrap(%.20q, %g): line %q is too wide", s, width, l)
				}
			}
		}
	}
	if got, want := wrap("tier-with name", 40, 10, false, 3), []string{"tier-", "with", "name"}; !reflect.DeepEqual(got, want) {
		t.Errorf("wrap = %q, want %q", got, want)
	}
}

func TestNumbersAsText(t *testing.T) {
	for v, want := range map[float64]string{0: "0", -0.001: "0", 1.005: "1", 12.5: "12.5", 100: "100", 1e9: "1000000", math.Inf(-1): "0"} {
		if got := num(v); got != want {
			t.Errorf("num(%g) = %s, want %s", v, got, want)
		}
	}
	for v, want := range map[float64]string{0.1: "0.1", 1234.4: "1234", 9999.7: "10,000", 1e7: "10,000,000", 1e15: "1e+15", -2e5: "-200,000"} {
		if got := plain(v); got != want {
			t.Errorf("plain(%g) = %s, want %s", v, got, want)
		}
	}
	for n, want := range map[int]string{0: "0", 999: "999", -1000: "-1,000", 1234567: "1,234,567"} {
		if got := count(n); got != want {
			t.Errorf("count(%d) = %s, want %s", n, got, want)
		}
	}
	if got, size := fitCount(1_234_567, 40, 14, true); got != "1.2M" || size != 10 {
		t.Errorf("fitCount = %s at %g", got, size)
	}
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		lo, hi float64
		most   int
		want   []float64
	}{
		{0, 1, 5, []float64{0, 0.2, 0.4, 0.6, 0.8, 1}},
		{0, 1, 3, []float64{0, 0.5, 1}},
		{-0.3, 0.3, 6, []float64{-0.3, -0.2, -0.1, 0, 0.1, 0.2, 0.3}},
		{97, 112, 4, []float64{100, 105, 110}},
		{0, 180, 4, []float64{0, 50, 100, 150}},
	} {
		if got := linearTicks(c.lo, c.hi, c.most); !reflect.DeepEqual(got, c.want) {
			t.Errorf("linearTicks(%g, %g, %d) = %v, want %v", c.lo, c.hi, c.most, got, c.want)
		}
	}
	for _, c := range []struct {
		lo, hi float64
		want   []float64
	}{
		{0.4, 180, []float64{0.5, 1, 2, 5, 10, 20, 50, 100}},
		{0.001, 1000, []float64{0.001, 0.01, 0.1, 1, 10, 100, 1000}},
		{2.9, 15, []float64{4, 6, 8, 10, 12, 14}}, // 5 and 10 alone are too few
		{1e-12, 1e12, []float64{1e-12, 1e-9, 1e-6, 1e-3, 1, 1e3, 1e6, 1e9, 1e12}},
	} {
		if got := logTicks(math.Log10(c.lo)-1e-9, math.Log10(c.hi)+1e-9, 9); !reflect.DeepEqual(got, c.want) {
			t.Errorf("logTicks(%g, %g) = %v, want %v", c.lo, c.hi, got, c.want)
		}
	}
}

func TestTickLabelsDiffer(t *testing.T) {
	s := scale{lo: 0, hi: 0.01, from: 0, to: 300}
	whole := func(v float64) string { return fmt.Sprintf("%.0f", v) } // 0 for all of the axis
	ticks := s.ticks(7, whole, func(l string) float64 { return textWidth(l, smallSize, false) })
	seen := map[string]bool{}
	for _, k := range ticks {
		if seen[k.label] {
			t.Errorf("label %q twice", k.label)
		}
		seen[k.label] = true
	}
	if len(ticks) < 2 {
		t.Errorf("%d ticks", len(ticks))
	}
}

// TestLabelsDoNotCollide holds for crowds of different density that placed labels cover neither each other nor a marker.
func TestLabelsDoNotCollide(t *testing.T) {
	for _, n := range []int{1, 2, 9, 30, 60} {
		p := placer{room: area{0, 0, 600, 380}}
		for i := range n {
			x := 300 + 40*math.Sin(float64(i)*1.7)*math.Sqrt(float64(i))
			y := 190 + 20*math.Cos(float64(i)*2.9)*math.Sqrt(float64(i))
			p.marks = append(p.marks, mark{x: x, y: y, r: 6, w: 60 + float64(i*17%60), h: 15})
		}
		ok := 0
		for i, s := range p.place() {
			if !s.ok {
				continue
			}
			ok++
			if !p.room.holds(s.area) {
				t.Errorf("n=%d: label %d leaves the room", n, i)
			}
			for j, o := range p.spots {
				if j != i && o.ok && s.overlaps(o.area) {
					t.Errorf("n=%d: labels %d and %d overlap", n, i, j)
				}
				if s.overlaps(p.marks[j].disc()) {
					t.Errorf("n=%d: label %d covers marker %d", n, i, j)
				}
			}
		}
		if n <= 30 && ok != n {
			t.Errorf("n=%d: only %d labels placed", n, ok)
		}
	}
}

func TestSegmentCrosses(t *testing.T) {
	a := area{0, 0, 10, 10}
	for _, c := range []struct {
		s    segment
		want bool
	}{
		{segment{-5, 5, 15, 5}, true}, {segment{-5, -5, 15, 15}, true}, {segment{2, 2, 3, 3}, true},
		{segment{-5, 11, 15, 11}, false}, {segment{-5, 0, 0, -5}, false}, {segment{-5, 5, -1, 5}, false}, {segment{10, 0, 10, 10}, false},
	} {
		if got := c.s.crosses(a); got != c.want {
			t.Errorf("%v crosses %v: %t", c.s, a, got)
		}
	}
	if s := (segment{0, 0, 10, 10}); !s.meets(segment{0, 10, 10, 0}) || s.meets(segment{20, 0, 30, 0}) {
		t.Error("meets")
	}
}
