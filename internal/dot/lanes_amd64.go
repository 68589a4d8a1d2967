//go:build !purego && !noasm

package dot

var (
	fma    = hasFMA()
	avx512 = fma && hasAVX512()
)

func lanes(l *[8]float64, a, b []float32) {
	switch {
	case avx512:
		lanes512(l, a, b)
	case fma:
		lanesFMA(l, a, b)
	default:
		lanesGo(l, a, b)
	}
}

func lanes4(l *[4][8]float64, a []float32, rows *[4][]float32) {
	switch {
	case avx512:
		lanes4x512(l, a, rows)
	case fma:
		lanes4FMA(l, a, rows)
	default:
		lanes4Go(l, a, rows)
	}
}

// hasFMA tells whether the processor has AVX and FMA, and the system keeps their registers.
func hasFMA() bool

// hasAVX512 tells whether the processor has AVX-512F besides, and the system keeps its registers.
func hasAVX512() bool

// lanesFMA is lanesGo.
//
//go:noescape
func lanesFMA(l *[8]float64, a, b []float32)

// lanes4FMA is lanes4Go. The rows are at least as long as a.
//
//go:noescape
func lanes4FMA(l *[4][8]float64, a []float32, rows *[4][]float32)

// lanes512 is lanesGo.
//
//go:noescape
func lanes512(l *[8]float64, a, b []float32)

// lanes4x512 is lanes4Go. The rows are at least as long as a.
//
//go:noescape
func lanes4x512(l *[4][8]float64, a []float32, rows *[4][]float32)
