package svgplot

import "math"

// A look tells a classifier's marker from the others.
type look struct {
	shape  int // index into shapes, modulo its length
	colour string
}

// markerColours are dark enough to be seen on white.
var markerColours = []string{blue, vermilion, green, purple, orange, sky, black}

// lookOf returns the look of the i-th classifier: the first 7 differ in shape and in colour, the first 42 in one of them.
func lookOf(i int) look {
	return look{shape: i % len(shapes), colour: markerColours[(i+i/42)%len(markerColours)]}
}

// shapes are the corners of markers of radius 1 as x0, y0, x1, y1, …; nil is a circle.
var shapes = [][]float64{
	nil,
	{-0.86, -0.86, 0.86, -0.86, 0.86, 0.86, -0.86, 0.86}, // square
	{0, -1.15, 1.1, 0.8, -1.1, 0.8},                      // triangle
	{0, -1.2, 1.2, 0, 0, 1.2, -1.2, 0},                   // diamond
	{0, 1.15, 1.1, -0.8, -1.1, -0.8},                     // triangle on its tip
	{-0.4, -1.1, 0.4, -1.1, 0.4, -0.4, 1.1, -0.4, 1.1, 0.4, 0.4, 0.4, 0.4, 1.1, -0.4, 1.1, -0.4, 0.4, -1.1, 0.4, -1.1, -0.4, -0.4, -0.4}, // cross
	star(5, 1.3, 0.6),
}

// Places of shapes.
const (
	square  = 1
	diamond = 3
)

// star returns the corners of a star with n rays, its first ray upwards.
func star(n int, outer, inner float64) []float64 {
	out := make([]float64, 0, 4*n)
	for i := range 2 * n {
		r := outer
		if i%2 == 1 {
			r = inner
		}
		angle := math.Pi * float64(i) / float64(n)
		out = append(out, r*math.Sin(angle), -r*math.Cos(angle))
	}
	return out
}

// marker draws a shape of radius r about (x, y).
func (c *canvas) marker(shape int, x, y, r float64, p paint) {
	corners := shapes[shape%len(shapes)]
	if corners == nil {
		c.circle(x, y, r, p)
		return
	}
	xy := make([]float64, len(corners))
	for i := range corners {
		xy[i] = x + corners[i]*r
		if i%2 == 1 {
			xy[i] = y + corners[i]*r
		}
	}
	c.polyline(xy, true, p)
}
