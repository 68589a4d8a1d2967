package datasets_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/datasets"
)

// saved returns a file of rows whose tiers are 0, 1, 2, 0, …, and what they are.
func saved(t testing.TB, kind string, rows, dims int) (path string, vectors []float32, tiers []int) {
	t.Helper()
	header := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%d, %d), }\n", kind, rows, dims)
	var content bytes.Buffer
	content.Write(binary.LittleEndian.AppendUint16([]byte("\x93NUMPY\x01\x00"), uint16(len(header))))
	content.WriteString(header)
	vectors, tiers = make([]float32, rows*dims), make([]int, rows)
	for i := range vectors {
		vectors[i] = float32(i*7919%1009)/1009 - .2
	}
	for i := range tiers {
		tiers[i] = i % 3
	}
	numbers := any(vectors)
	if kind == "<f8" {
		wide := make([]float64, len(vectors))
		for i, v := range vectors {
			wide[i] = float64(v)
		}
		numbers = wide
	}
	if err := binary.Write(&content, binary.LittleEndian, numbers); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "v.npy")
	if err := os.WriteFile(path, content.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path, vectors, tiers
}

func open(t testing.TB, path string) *datasets.NPY {
	t.Helper()
	file, err := datasets.OpenNPY(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return file
}

// The centroids of an array are those of its rows in memory, to the bit.
func TestSumsOfNPY(t *testing.T) {
	for _, shape := range [][2]int{{1, 5}, {255, 7}, {256, 7}, {257, 7}, {65537, 5}, {1100, 700}} {
		rows, dims := shape[0], shape[1]
		for _, kind := range []string{"<f4", "<f8"} {
			path, vectors, tiers := saved(t, kind, rows, dims)
			if rows == 1 {
				tiers[0] = 2
			}
			whole := centroids.NewSums(3, dims)
			whole.Add(vectors, tiers)
			want, wantErr := whole.Centroids([]string{"a", "b", "c"})
			for _, processors := range []int{1, 2, 3, 8} {
				before := runtime.GOMAXPROCS(processors)
				sums := centroids.NewSums(3, dims)
				err := sums.AddFrom(tiers, open(t, path).ReadRows)
				runtime.GOMAXPROCS(before)
				if err != nil {
					t.Fatal(err)
				}
				got, err := sums.Centroids([]string{"a", "b", "c"})
				if !reflect.DeepEqual(got, want) || fmt.Sprint(err) != fmt.Sprint(wantErr) {
					t.Errorf("%s of %d × %d on %d processors: other centroids, or %v", kind, rows, dims, processors, err)
				}
			}
		}
	}
}

// A file that is cut between two readings is refused, wherever its end is now.
func TestSumsOfNPYCut(t *testing.T) {
	const rows, dims = 1100, 700
	for _, kind := range []string{"<f4", "<f8"} {
		for _, left := range []int64{0, 200, 500_000, 4*rows*dims - 1} {
			path, _, tiers := saved(t, kind, rows, dims)
			file := open(t, path)
			if err := os.Truncate(path, left); err != nil {
				t.Fatal(err)
			}
			var refused *datasets.ContentError
			err := centroids.NewSums(3, dims).AddFrom(tiers, file.ReadRows)
			if !errors.As(err, &refused) || !strings.Contains(err.Error(), "it was longer when it was opened") {
				t.Errorf("%s, %d bytes left: %v", kind, left, err)
			}
		}
	}
}

func BenchmarkSumsOfNPY(b *testing.B) {
	const rows, dims = 20_000, 1536
	for _, kind := range []string{"<f4", "<f8"} {
		b.Run(kind, func(b *testing.B) {
			path, _, tiers := saved(b, kind, rows, dims)
			file := open(b, path)
			b.SetBytes(rows * dims * 4)
			b.ReportAllocs()
			for b.Loop() {
				if err := centroids.NewSums(3, dims).AddFrom(tiers, file.ReadRows); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
