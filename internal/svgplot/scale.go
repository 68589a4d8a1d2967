package svgplot

import (
	"math"
	"strconv"
)

// A scale maps values to pixels, linearly in the value or in its decimal logarithm.
type scale struct {
	lo, hi   float64 // ends of the axis, lo < hi; logarithms if log
	from, to float64 // where they are drawn
	log      bool
}

// drawable reports whether v can stand on a linear axis.
func drawable(v float64) bool { return math.Abs(v) <= 1e100 } // false for NaN

// at returns the pixel of v, which must be drawable, and at least 1e-100 if s.log.
func (s scale) at(v float64) float64 {
	if s.log {
		v = math.Log10(v)
	}
	return s.from + (v-s.lo)/(s.hi-s.lo)*(s.to-s.from)
}

// A span is the range of the numbers added to it.
type span struct {
	lo, hi float64
	any    bool
}

// add widens s to hold v; what is not drawable is passed over.
func (s *span) add(vs ...float64) {
	for _, v := range vs {
		if !drawable(v) {
			continue
		}
		if !s.any {
			s.lo, s.hi, s.any = v, v, true
		}
		s.lo, s.hi = min(s.lo, v), max(s.hi, v)
	}
}

// unit reports whether all numbers lie in 0..1.
func (s span) unit() bool { return s.any && s.lo >= 0 && s.hi <= 1 }

// padded returns the ends of a linear axis: share of the range added at both ends, at least enough to tell the ends apart.
// Numbers of one sign do not get an axis that crosses zero, rates none that leaves 0..1.
func (s span) padded(share float64) (lo, hi float64) {
	pad := (s.hi - s.lo) * share
	if most := max(math.Abs(s.lo), math.Abs(s.hi)); pad <= most*1e-6 {
		pad = most * 0.1
	}
	if pad < 1e-100 {
		pad = 1
	}
	lo, hi = s.lo-pad, s.hi+pad
	if s.lo >= 0 {
		lo = max(lo, 0)
	}
	if s.hi <= 0 && s.lo < 0 {
		hi = min(hi, 0)
	}
	if s.unit() {
		lo, hi = max(lo, 0), min(hi, 1)
	}
	return lo, hi
}

// paddedLog is padded for the logarithms of positive numbers: both ends and the result are powers of ten.
func (s span) paddedLog(share float64) (lo, hi float64) {
	lo, hi = math.Log10(s.lo), math.Log10(s.hi)
	pad := max((hi-lo)*share, 0.05)
	return lo - pad, hi + pad
}

// multiples returns the multiples of mantissa·10^exponent in lo..hi, ascending.
func multiples(lo, hi float64, mantissa, exponent int) []float64 {
	value := func(i float64) float64 {
		if exponent < 0 { // dividing by a power of ten rounds once: 3/10, not 3·0.1
			return i * float64(mantissa) / math.Pow10(-exponent)
		}
		return i * float64(mantissa) * math.Pow10(exponent)
	}
	var out []float64
	slack := (hi - lo) * 1e-9
	for i := math.Ceil((lo - slack) / value(1)); value(i) <= hi+slack && len(out) < 100; i++ {
		out = append(out, value(i)+0) // +0 turns minus zero into zero
	}
	return out
}

// linearTicks returns the multiples of the smallest 1-2-5 step that gives about most ticks in lo..hi or fewer.
func linearTicks(lo, hi float64, most int) []float64 {
	exponent := int(math.Floor(math.Log10((hi-lo)/float64(most)))) - 1
	for {
		for _, mantissa := range []int{1, 2, 5} {
			if step := float64(mantissa) * math.Pow10(exponent); (hi-lo)/step <= float64(most) {
				return multiples(lo, hi, mantissa, exponent)
			}
		}
		exponent++
	}
}

// logTicks returns at most most round values between 10^lo and 10^hi, ascending: 1, 2 and 5 times powers of ten, else powers of ten,
// else every second, third, … power; on an axis too short for four of the first kind, linear ticks.
func logTicks(lo, hi float64, most int) []float64 {
	pick := func(mantissas []float64, every int) []float64 {
		var out []float64
		for e := int(math.Floor(lo)); float64(e) <= hi; e++ {
			if e%every != 0 {
				continue
			}
			for _, m := range mantissas {
				v := m * math.Pow10(e)
				if e < 0 {
					v = m / math.Pow10(-e)
				}
				if l := math.Log10(v); l >= lo && l <= hi {
					out = append(out, v)
				}
			}
		}
		return out
	}
	if t := pick([]float64{1, 2, 5}, 1); len(t) <= most {
		if len(t) < 4 {
			return linearTicks(math.Pow(10, lo), math.Pow(10, hi), most)
		}
		return t
	}
	for every := 1; ; every++ {
		if t := pick([]float64{1}, every); len(t) <= most {
			return t
		}
	}
}

// A tick is a labelled place on an axis.
type tick struct {
	at    float64 // pixel
	label string
}

// ticks labels s with as many round values as have distinct labels that do not touch. room is the extent along the axis of
// a label: its width on a horizontal axis. If format makes equal labels of different values, plain numbers are used.
func (s scale) ticks(most int, format func(float64) string, room func(label string) float64) []tick {
	for _, f := range []func(float64) string{format, plain} {
		for n := most; n >= 2; n-- {
			values := linearTicks(s.lo, s.hi, n)
			if s.log {
				values = logTicks(s.lo, s.hi, n)
			}
			out := make([]tick, 0, len(values))
			fits := len(values) >= 2
			for i, v := range values {
				t := tick{s.at(v), label(f, v)}
				if i > 0 {
					before := out[i-1]
					gap := math.Abs(t.at-before.at) - (room(t.label)+room(before.label))/2
					fits = fits && t.label != before.label && gap >= 0
				}
				out = append(out, t)
			}
			if fits {
				return out
			}
		}
	}
	return s.ends()
}

// ends labels only the ends of s.
func (s scale) ends() []tick {
	lo, hi := s.lo, s.hi
	if s.log {
		lo, hi = math.Pow(10, lo), math.Pow(10, hi)
	}
	return []tick{{s.from, plain(lo)}, {s.to, plain(hi)}}
}

// label applies format, nil meaning plain, and cleans what it makes.
func label(format func(float64) string, v float64) string {
	if format == nil {
		format = plain
	}
	return shorten(clean(format(v)), 90, textSize, false)
}

// plain writes v with at most four significant digits below ten thousand, as a whole number from there to 10^15.
func plain(v float64) string {
	if a := math.Abs(v); a >= 9999.5 && a < 1e15 {
		return count(int(math.Round(v)))
	}
	return strconv.FormatFloat(v+0, 'g', 4, 64)
}
