package svgplot

import (
	"fmt"
	"math"
	"strconv"
)

// An rgb is a colour, each channel 0..255.
type rgb [3]float64

// parse reads "#rrggbb".
func parse(hex string) rgb {
	v, err := strconv.ParseUint(hex[1:], 16, 32)
	if err != nil {
		panic("svgplot: colour " + hex)
	}
	return rgb{float64(v >> 16 & 255), float64(v >> 8 & 255), float64(v & 255)}
}

// hex writes c as "#rrggbb".
func hex(c rgb) string {
	return fmt.Sprintf("#%02x%02x%02x", int(math.Round(c[0])), int(math.Round(c[1])), int(math.Round(c[2])))
}

// mix is a at share 0 and b at share 1.
func mix(a, b rgb, share float64) rgb {
	for i := range a {
		a[i] += (b[i] - a[i]) * share
	}
	return a
}

// shade is the colour of a share 0..1 of a row: nearly white at none, base at all. Any share above 0 differs from none.
func shade(base string, share float64) rgb {
	if share <= 0 {
		return parse("#f7f7f7")
	}
	return mix(parse(white), parse(base), 0.08+0.92*share)
}

// sideColour is the colour of cell (truth, predicted) at its darkest: under-routed, correct or over-routed.
func sideColour(truth, predicted int) string {
	switch {
	case predicted < truth:
		return "#C45400" // vermilion, a little darker, so that white text can be read on it
	case predicted > truth:
		return "#8A4F7D" // reddish purple, darker for the same reason
	}
	return blue
}

// onto returns the colour of text on c: ink or white, whichever contrasts more (WCAG 2.1 relative luminance).
func onto(c rgb) string {
	linear := func(v float64) float64 {
		if v /= 255; v > 0.04045 {
			return math.Pow((v+0.055)/1.055, 2.4)
		}
		return v / 12.92
	}
	l := 0.2126*linear(c[0]) + 0.7152*linear(c[1]) + 0.0722*linear(c[2])
	if 1.05/(l+0.05) > (l+0.05)/(0.0103+0.05) {
		return white
	}
	return ink
}

// fitCount writes n with commas in the greatest font size, from size down to 10, at which it is no wider than width;
// if it is wider even then, shortly: 1.2M, 34G.
func fitCount(n int, width, size float64, bold bool) (string, float64) {
	s := count(n)
	for ; size >= 10; size-- {
		if textWidth(s, size, bold) <= width {
			return s, size
		}
	}
	v, unit := float64(n), ""
	for _, u := range []string{"k", "M", "G", "T", "P", "E"} {
		if v < 999.5 {
			break
		}
		v, unit = v/1000, u
	}
	return strconv.FormatFloat(v, 'g', max(2, len(strconv.Itoa(int(math.Round(v))))), 64) + unit, 10
}
