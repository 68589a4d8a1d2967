//go:build !purego && !noasm

package dot

var fma = hasFMA()

func lanes(l *[8]float64, a, b []float32) {
	if fma {
		lanesFMA(l, a, b)
	} else {
		lanesGo(l, a, b)
	}
}

func lanes4(l *[4][8]float64, a []float32, rows *[4][]float32) {
	if fma {
		lanes4FMA(l, a, rows)
	} else {
		lanes4Go(l, a, rows)
	}
}

// hasFMA tells whether the processor has AVX and FMA, and the system keeps their registers.
func hasFMA() bool

// lanesFMA is lanesGo.
//
//go:noescape
func lanesFMA(l *[8]float64, a, b []float32)

// lanes4FMA is lanes4Go. The rows are at least as long as a.
//
//go:noescape
func lanes4FMA(l *[4][8]float64, a []float32, rows *[4][]float32)
