// Package dot multiplies float32 vectors with float64 sums, to the same bits on every processor.
//
// The product of two float32 is exact in float64, so the order of the sums alone decides what comes out, fused
// or not. It is fixed: element i goes to lane i mod 8, each lane starts at +0 and takes its products by rising i,
// and the lanes l0 to l7 are added as ((l0+l1)+(l2+l3)) + ((l4+l5)+(l6+l7)). Which bits a NaN has is not fixed.
//
// On amd64 with AVX and FMA the lanes are summed in assembly, elsewhere and under the build tags purego and noasm
// in Go.
package dot

// Product returns the dot product of two vectors of one length, in time O(len(a)). It panics where the lengths
// differ.
func Product(a, b []float32) float64 {
	if len(a) != len(b) {
		panic("dot: vectors differ in length")
	}
	var l [8]float64
	lanes(&l, a, b)
	return total(&l, a, b)
}

// Products writes the dot product of a and each of the rows to out: [len(rows)] of vectors [len(a)]. It reads a
// once for four rows, and gives the bits of [Product]. It panics where a length differs.
func Products(out []float64, a []float32, rows [][]float32) {
	if len(out) != len(rows) {
		panic("dot: results and rows differ in number")
	}
	for _, row := range rows {
		if len(row) != len(a) {
			panic("dot: vectors differ in length")
		}
	}
	for len(out) > 0 {
		n := min(4, len(out))
		var four [4][]float32
		for r := range four {
			four[r] = rows[min(r, n-1)]
		}
		products4(out[:n], a, &four)
		out, rows = out[n:], rows[n:]
	}
}

// Matrix is [Products] of the rows of a matrix [len(out)][len(a)], row-major.
func Matrix(out []float64, a, matrix []float32) {
	if len(matrix) != len(out)*len(a) {
		panic("dot: matrix of another shape than results and vector")
	}
	for len(out) > 0 {
		n := min(4, len(out))
		var four [4][]float32
		for r := range four {
			at := min(r, n-1) * len(a)
			four[r] = matrix[at : at+len(a)]
		}
		products4(out[:n], a, &four)
		out, matrix = out[n:], matrix[n*len(a):]
	}
}

// products4 writes the products of the first len(out) rows, 1 to 4. The others may be any of that length.
func products4(out []float64, a []float32, rows *[4][]float32) {
	if len(out) == 1 {
		out[0] = Product(a, rows[0])
		return
	}
	var l [4][8]float64
	lanes4(&l, a, rows)
	for r := range out {
		out[r] = total(&l[r], a, rows[r])
	}
}

// total adds the elements behind the last whole eight to their lanes, and the lanes up.
func total(l *[8]float64, a, b []float32) float64 {
	for i := len(a) &^ 7; i < len(a); i++ {
		l[i&7] += float64(a[i]) * float64(b[i])
	}
	return ((l[0] + l[1]) + (l[2] + l[3])) + ((l[4] + l[5]) + (l[6] + l[7]))
}

// lanesGo sets the lanes to the sums of the whole eights of a and b, which have one length. It only reads, and would
// take most of the time of tests with the race detector.
//
//go:norace
func lanesGo(l *[8]float64, a, b []float32) {
	var l0, l1, l2, l3, l4, l5, l6, l7 float64
	for len(a) >= 8 && len(b) >= 8 {
		l0 += float64(a[0]) * float64(b[0])
		l1 += float64(a[1]) * float64(b[1])
		l2 += float64(a[2]) * float64(b[2])
		l3 += float64(a[3]) * float64(b[3])
		l4 += float64(a[4]) * float64(b[4])
		l5 += float64(a[5]) * float64(b[5])
		l6 += float64(a[6]) * float64(b[6])
		l7 += float64(a[7]) * float64(b[7])
		a, b = a[8:], b[8:]
	}
	*l = [8]float64{l0, l1, l2, l3, l4, l5, l6, l7}
}

// lanes4Go is lanesGo of a and four rows.
func lanes4Go(l *[4][8]float64, a []float32, rows *[4][]float32) {
	for r := range rows {
		lanesGo(&l[r], a, rows[r])
	}
}
