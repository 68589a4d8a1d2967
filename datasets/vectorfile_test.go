package datasets

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestVectorFileSpills reads back, on several goroutines, what went to the
// temporary file as what stayed in memory.
func TestVectorFileSpills(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	const n, dims = 70_000, 7
	rng := rand.New(rand.NewPCG(1, 1))
	near, far := NewVectorFile(), NewVectorFile()
	far.kept.Limit = 400
	v := make([]float32, dims)
	for i := range n {
		for d := range v {
			v[d] = float32(rng.NormFloat64()) * float32(i%3)
		}
		for _, f := range []*VectorFile{near, far} {
			if err := f.Add(fmt.Sprint(i), v); err != nil {
				t.Fatal(err)
			}
		}
	}
	if near.kept.Len() > nearVectors || far.kept.Len() != 4*n*dims {
		t.Fatalf("%d and %d bytes", near.kept.Len(), far.kept.Len())
	}
	t.Run("read", func(t *testing.T) {
		for start := range 4 {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				got, want := make([]float32, dims), make([]float32, dims)
				for i := start; i < n; i += 4 {
					if err := far.Vector(i, got); err != nil {
						t.Fatal(err)
					}
					if err := near.Vector(i, want); err != nil {
						t.Fatal(err)
					}
					if !slices.Equal(got, want) || far.Zero(i) != (i%3 == 0) || far.IDs[i] != fmt.Sprint(i) {
						t.Fatalf("vector %d is %v, want %v", i, got, want)
					}
					if length := norm(got); far.Zero(i) && length != 0 || !far.Zero(i) && math.Abs(length-1) > 1e-6 {
						t.Fatalf("vector %d has norm %v", i, length)
					}
				}
			})
		}
	})
	for range 2 {
		if err := far.Close(); err != nil {
			t.Error(err)
		}
	}
	if left, err := filepath.Glob(filepath.Join(os.Getenv("TMPDIR"), "*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestVectorFileNeedsRoom(t *testing.T) {
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "missing"))
	f := NewVectorFile()
	f.kept.Limit = 12
	if err := f.Add("a", []float32{1, 2}); err != nil {
		t.Error(err)
	}
	if err := f.Add("b", []float32{1, 2}); err == nil {
		t.Error("expected an error without a place for a temporary file")
	}
	var none *VectorFile
	if err := none.Close(); err != nil {
		t.Error(err)
	}
}
