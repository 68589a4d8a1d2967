package dot

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// defined is the definition, as the package's comment has it.
func defined(a, b []float32) float64 {
	var l [8]float64
	for i := range a {
		l[i%8] += float64(a[i]) * float64(b[i])
	}
	return ((l[0] + l[1]) + (l[2] + l[3])) + ((l[4] + l[5]) + (l[6] + l[7]))
}

func same(a, b float64) bool {
	return math.Float64bits(a) == math.Float64bits(b) || math.IsNaN(a) && math.IsNaN(b)
}

// check holds every way to a product against the definition; each of the rows has the length of a.
func check(t *testing.T, a []float32, rows [][]float32) {
	t.Helper()
	products, ofMatrix := make([]float64, len(rows)), make([]float64, len(rows))
	Products(products, a, rows)
	var matrix []float32
	for _, row := range rows {
		matrix = append(matrix, row...)
	}
	Matrix(ofMatrix, a, matrix)
	for r, row := range rows {
		var l [8]float64
		lanesGo(&l, a, row)
		for way, got := range map[string]float64{
			"Product": Product(a, row), "Products": products[r], "Matrix": ofMatrix[r], "in Go": total(&l, a, row), "turned round": Product(row, a),
		} {
			if want := defined(a, row); !same(got, want) {
				t.Fatalf("%s, length %d, row %d of %d: %x, expected %x", way, len(a), r, len(rows), got, want)
			}
		}
	}
}

// special are numbers at the edges of float32.
func special() []float32 {
	of := []float32{
		0, 1, math.SmallestNonzeroFloat32, 0x1p-126, 0x0.fffffep-126, math.MaxFloat32, 1 + 0x1p-23, 0x1p-60, 0x1p60,
		float32(math.Inf(1)), float32(math.NaN()),
	}
	for _, v := range of {
		of = append(of, -v)
	}
	return append(of, float32(math.Copysign(0, -1)))
}

func TestAllWaysGiveTheSameBits(t *testing.T) {
	edges := special()
	rng := rand.New(rand.NewPCG(1, 2))
	for kind, number := range map[string]func() float32{
		"normal":  func() float32 { return float32(rng.NormFloat64()) },
		"bits":    func() float32 { return math.Float32frombits(rng.Uint32()) },
		"finite":  func() float32 { return math.Float32frombits(rng.Uint32() &^ (1 << 30)) }, // up to 2
		"zeros":   func() float32 { return edges[[]int{0, 11, 22}[rng.IntN(3)]] },
		"special": func() float32 { return edges[rng.IntN(len(edges))] },
		"finite edges": func() float32 {
			return edges[[]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 14, 15, 16, 17, 18, 19}[rng.IntN(18)]]
		},
	} {
		t.Run(kind, func(t *testing.T) {
			for n := range 101 {
				for count := range 10 {
					a, rows := make([]float32, n+7)[rng.IntN(8):], make([][]float32, count) // anywhere in memory
					a = a[:n:n]
					for i := range a {
						a[i] = number()
					}
					for r := range rows {
						at := rng.IntN(8)
						rows[r] = make([]float32, n+8)[at : at+n]
						for i := range rows[r] {
							rows[r][i] = number()
						}
					}
					check(t, a, rows)
				}
			}
		})
	}
}

func FuzzProducts(f *testing.F) {
	var edges []byte
	for _, v := range special() {
		edges = binary.LittleEndian.AppendUint32(edges, math.Float32bits(v))
	}
	f.Add(edges, uint8(1), uint8(0))
	f.Add(append(edges, edges...), uint8(4), uint8(3))
	f.Fuzz(func(t *testing.T, data []byte, count, skip uint8) {
		numbers := make([]float32, len(data)/4)
		for i := range numbers {
			numbers[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
		}
		numbers = numbers[min(int(skip), len(numbers)):]
		rows := make([][]float32, count%10)
		n := len(numbers) / (len(rows) + 1)
		for r := range rows {
			rows[r] = numbers[(r+1)*n : (r+2)*n]
		}
		check(t, numbers[:n], rows)
	})
}

func TestOtherLengthsPanic(t *testing.T) {
	three, four := make([]float32, 3), make([]float32, 4)
	for name, call := range map[string]func(){
		"Product":                func() { Product(three, four) },
		"Products, row":          func() { Products(make([]float64, 2), three, [][]float32{three, four}) },
		"Products, results":      func() { Products(make([]float64, 1), three, [][]float32{three, three}) },
		"Matrix, a number short": func() { Matrix(make([]float64, 2), three, make([]float32, 5)) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: expected a panic", name)
				}
			}()
			call()
		}()
	}
}

// The benchmarks count the bytes of what changes in use: not those of a row that stays in a cache.

func vectors(n, dims int) []float32 {
	rng := rand.New(rand.NewPCG(1, 2))
	v := make([]float32, n*dims)
	for i := range v {
		v[i] = float32(rng.NormFloat64())
	}
	return v
}

func BenchmarkProduct(b *testing.B) {
	for _, dims := range []int{61, 1536} {
		b.Run(fmt.Sprint(dims), func(b *testing.B) {
			v := vectors(2, dims)
			b.SetBytes(int64(4 * len(v)))
			b.ReportAllocs()
			for b.Loop() {
				Product(v[:dims], v[dims:])
			}
		})
	}
}

func BenchmarkProducts(b *testing.B) {
	for _, count := range []int{3, 4} {
		b.Run(fmt.Sprint(count), func(b *testing.B) {
			const dims = 1536
			v, rows, out := vectors(count+1, dims), make([][]float32, count), make([]float64, count)
			for r := range rows {
				rows[r] = v[r*dims : (r+1)*dims]
			}
			b.SetBytes(4 * dims)
			b.ReportAllocs()
			for b.Loop() {
				Products(out, v[count*dims:], rows)
			}
		})
	}
}

func BenchmarkMatrix(b *testing.B) {
	const count, dims = 1000, 1536
	v, out := vectors(count+1, dims), make([]float64, count)
	b.SetBytes(4 * count * dims)
	b.ReportAllocs()
	for b.Loop() {
		Matrix(out, v[:dims], v[dims:])
	}
}

// BenchmarkPassing has rows that stay and more vectors that pass than caches hold.
func BenchmarkPassing(b *testing.B) {
	const n, dims, count = 50_000, 1536, 4
	v, w, out := make([]float32, n*dims), vectors(count, dims), make([]float64, count)
	for i := range v {
		v[i] = float32(i % 97)
	}
	var rows [][]float32
	for r := range count {
		rows = append(rows, w[r*dims:(r+1)*dims])
	}
	b.SetBytes(4 * n * dims)
	b.ReportAllocs()
	for b.Loop() {
		for i := range n {
			Products(out, v[i*dims:(i+1)*dims], rows)
		}
	}
}

// BenchmarkLanesGo is Product without assembly.
func BenchmarkLanesGo(b *testing.B) {
	v := vectors(2, 1536)
	var l [8]float64
	b.SetBytes(int64(4 * len(v)))
	b.ReportAllocs()
	for b.Loop() {
		lanesGo(&l, v[:1536], v[1536:])
	}
}
