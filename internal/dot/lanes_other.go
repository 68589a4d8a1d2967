//go:build !amd64 || purego || noasm

package dot

func lanes(l *[8]float64, a, b []float32) { lanesGo(l, a, b) }

func lanes4(l *[4][8]float64, a []float32, rows *[4][]float32) { lanes4Go(l, a, rows) }
