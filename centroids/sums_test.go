package centroids_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/routeproof/routeproof/centroids"
)

func randomRows(n, tiers, dims int, seed uint64) (rows []float32, labels []int) {
	rng := rand.New(rand.NewPCG(seed, 7))
	rows, labels = make([]float32, n*dims), make([]int, n)
	for i := range labels {
		labels[i] = rng.IntN(tiers)
		fillUnit(rng, rows[i*dims:(i+1)*dims])
		rows[i*dims+labels[i]] += 0.3 // so that the tiers differ
	}
	return rows, labels
}

func names(n int) []string { return strings.Split("abcdefgh", "")[:n] }

func mustCentroids(t *testing.T, s *centroids.Sums, tiers int) [][]float32 {
	t.Helper()
	c, err := s.Centroids(names(tiers))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The definition, in float64 from end to end.
func TestCentroidsEqualNormalisedMeans(t *testing.T) {
	const n, k, dims = 3000, 4, 24
	rows, labels := randomRows(n, k, dims, 1)
	s := centroids.NewSums(k, dims)
	s.Add(rows, labels)
	got := mustCentroids(t, s, k)
	for tier := range k {
		mean := make([]float64, dims)
		var square float64
		for i, l := range labels {
			if l == tier {
				for d := range mean {
					mean[d] += float64(rows[i*dims+d])
				}
			}
		}
		for _, v := range mean {
			square += v * v
		}
		for d, v := range mean {
			if want := v / math.Sqrt(square); math.Abs(float64(got[tier][d])-want) > 1e-6 {
				t.Fatalf("tier %d, element %d: %g, expected %g", tier, d, got[tier][d], want)
			}
		}
	}
}

func TestCutsOfAddDoNotMatter(t *testing.T) {
	const n, k, dims = 2000, 3, 16
	rows, labels := randomRows(n, k, dims, 2)
	whole := centroids.NewSums(k, dims)
	whole.Add(rows, labels)
	rng := rand.New(rand.NewPCG(3, 3))
	parts := centroids.NewSums(k, dims)
	for at := 0; at < n; {
		step := min(1+rng.IntN(400), n-at)
		parts.Add(rows[at*dims:(at+step)*dims], labels[at:at+step])
		at += step
	}
	if !reflect.DeepEqual(mustCentroids(t, whole, k), mustCentroids(t, parts, k)) {
		t.Error("centroids depend on how rows are cut into calls")
	}
}

func TestProcessorsDoNotMatter(t *testing.T) {
	for _, c := range []struct{ n, dims int }{{3000, 300}, {2*centroids.ShardRows + 1000, 4}} {
		const k, first = 3, 100 // rows to the middle of a block
		rows, labels := randomRows(c.n, k, c.dims, 6)
		clear(rows[700*c.dims : 705*c.dims])
		one := centroids.NewSums(k, c.dims)
		for i, label := range labels {
			one.Add(rows[i*c.dims:(i+1)*c.dims], []int{label})
		}
		wantRows, wantEmpty := one.Counts()
		for _, procs := range []int{1, 2, 3, 8} {
			before := runtime.GOMAXPROCS(procs)
			s := centroids.NewSums(k, c.dims)
			s.Add(rows[:first*c.dims], labels[:first])
			s.Add(rows[first*c.dims:], labels[first:])
			runtime.GOMAXPROCS(before)
			if !reflect.DeepEqual(mustCentroids(t, one, k), mustCentroids(t, s, k)) {
				t.Errorf("%d × %d on %d processors: centroids differ from those of single rows", c.n, c.dims, procs)
			}
			if gotRows, gotEmpty := s.Counts(); !reflect.DeepEqual(gotRows, wantRows) || !reflect.DeepEqual(gotEmpty, wantEmpty) {
				t.Errorf("%d × %d on %d processors: counts %v and %v, expected %v and %v", c.n, c.dims, procs, gotRows, gotEmpty, wantRows, wantEmpty)
			}
		}
	}
}

// Rows that are read in any order, by several at once, give the bits of one pass.
func TestAddFromEqualsAdd(t *testing.T) {
	for _, c := range []struct{ n, dims int }{{1, 3}, {255, 3}, {256, 3}, {257, 3}, {centroids.ShardRows + 1, 5}, {3000, 300}, {700, 2000}} {
		const k = 3
		rows, labels := randomRows(c.n, k, c.dims, 8)
		clear(rows[c.n/2*c.dims : (c.n/2+1)*c.dims])
		whole := centroids.NewSums(k, c.dims)
		whole.Add(rows, labels)
		wantRows, wantEmpty := whole.Counts()
		for _, procs := range []int{1, 2, 3, 8} {
			for _, before := range []int{0, min(100, c.n), c.n} { // rows of a call before
				was := runtime.GOMAXPROCS(procs)
				s := centroids.NewSums(k, c.dims)
				s.Add(rows[:before*c.dims], labels[:before])
				read := make([]atomic.Int32, c.n)
				err := s.AddFrom(labels[before:], func(dst []float32, first int) error {
					from := (before + first) * c.dims
					for i := range len(dst) / c.dims {
						read[before+first+i].Add(1)
					}
					copy(dst, rows[from:from+len(dst)])
					return nil
				})
				runtime.GOMAXPROCS(was)
				if err != nil {
					t.Fatal(err)
				}
				for i := range read {
					if n := read[i].Load(); n != 1 && i >= before {
						t.Fatalf("%d × %d after %d on %d processors: row %d was read %d times", c.n, c.dims, before, procs, i, n)
					}
				}
				if gotRows, gotEmpty := s.Counts(); !reflect.DeepEqual(gotRows, wantRows) || !reflect.DeepEqual(gotEmpty, wantEmpty) {
					t.Errorf("%d × %d after %d on %d processors: counts %v and %v, expected %v and %v", c.n, c.dims, before, procs, gotRows, gotEmpty, wantRows, wantEmpty)
				}
				for tier := range k {
					want, _ := whole.Centroid(tier, "")
					if got, _ := s.Centroid(tier, ""); !reflect.DeepEqual(got, want) {
						t.Errorf("%d × %d after %d on %d processors: centroid %d differs from that of one pass", c.n, c.dims, before, procs, tier)
					}
				}
			}
		}
	}
}

// The error of the earliest rows comes back, and nobody waits for a block that was
// not summed.
func TestAddFromFails(t *testing.T) {
	const n, k, dims = 60*256 + 10, 2, 256
	labels := make([]int, n)
	for _, procs := range []int{1, 2, 3, 8} {
		for _, bad := range []int{0, 1, 255, 256, 5000, 60*256 - 1, 60 * 256, n - 1} {
			for _, all := range []bool{false, true} { // the rows behind it fail too
				was, reads := runtime.GOMAXPROCS(procs), new(atomic.Int64)
				err := centroids.NewSums(k, dims).AddFrom(labels, func(dst []float32, first int) error {
					reads.Add(1)
					rows := len(dst) / dims
					if first+rows <= bad || first > bad && !all {
						return nil
					}
					if first <= bad {
						time.Sleep(time.Millisecond) // meanwhile the others sum what they can
					}
					return fmt.Errorf("rows of block %d", first/256)
				})
				runtime.GOMAXPROCS(was)
				if want := fmt.Sprintf("rows of block %d", bad/256); err == nil || err.Error() != want {
					t.Errorf("row %d, those behind it: %t, on %d processors: %v, expected %s", bad, all, procs, err, want)
				}
				if n := reads.Load(); procs == 1 && n > int64(bad/256+1) {
					t.Errorf("%d reads, the last ones after the error of row %d", n, bad)
				}
			}
		}
	}
}

func TestAddFromRefusesTiers(t *testing.T) {
	for _, tier := range []int{-1, 2} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("tier %d: expected a panic", tier)
				}
			}()
			_ = centroids.NewSums(2, 3).AddFrom([]int{0, tier}, func([]float32, int) error {
				t.Error("rows were read")
				return nil
			})
		}()
	}
}

// Shards computed apart and merged in order give the bits of one pass.
func TestMergeEqualsOnePass(t *testing.T) {
	const n, k, dims = 2*centroids.ShardRows + 1000, 3, 5
	rows, labels := randomRows(n, k, dims, 4)
	whole := centroids.NewSums(k, dims)
	whole.Add(rows, labels)
	merged := centroids.NewSums(k, dims)
	for at := 0; at < n; at += centroids.ShardRows {
		end := min(at+centroids.ShardRows, n)
		shard := centroids.NewSums(k, dims)
		shard.Add(rows[at*dims:end*dims], labels[at:end])
		merged.Merge(shard)
	}
	if !reflect.DeepEqual(mustCentroids(t, whole, k), mustCentroids(t, merged, k)) {
		t.Error("merged shards differ from one pass")
	}
	wantRows, _ := whole.Counts()
	if gotRows, _ := merged.Counts(); !reflect.DeepEqual(wantRows, gotRows) {
		t.Errorf("counts %v, expected %v", gotRows, wantRows)
	}
}

func TestMergeAwayFromShardEdgePanics(t *testing.T) {
	rows, labels := randomRows(10, 2, 3, 5)
	a, b := centroids.NewSums(2, 3), centroids.NewSums(2, 3)
	a.Add(rows, labels)
	b.Add(rows, labels)
	defer func() {
		if recover() == nil {
			t.Error("expected a panic")
		}
	}()
	a.Merge(b)
}

func TestTiersWithoutDirection(t *testing.T) {
	zero := []float32{0, 0}
	for _, c := range []struct {
		name   string
		rows   []float32
		labels []int
		want   string
	}{
		{"no row", []float32{1, 0}, []int{0}, "b has no training text"},
		{"no vector", append([]float32{1, 0}, zero...), []int{0, 1}, "b: the vectors of its 1 training texts are absent, all zeros or cancel out (1 are absent or zeros)"},
		{"cancelled", []float32{1, 0, 0, 1, 0, -1}, []int{0, 1, 1}, "all zeros or cancel out (0 "},
		{"NaN", []float32{1, 0, float32(math.NaN()), 0}, []int{0, 1}, "all zeros or cancel out (0 "},
		{"infinite", []float32{1, 0, float32(math.Inf(1)), 0}, []int{0, 1}, "all zeros or cancel out (0 "},
	} {
		s := centroids.NewSums(2, 2)
		s.Add(c.rows, c.labels)
		if _, err := s.Centroids(names(2)); !errors.Is(err, centroids.ErrNoDirection) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, expected ErrNoDirection with %q", c.name, err, c.want)
		}
	}
}

type brokenEmbedder struct {
	toyEmbedder
	factor float32
	err    error
}

func (e brokenEmbedder) Embed(ctx context.Context, dst []float32, texts []string) error {
	if err := e.toyEmbedder.Embed(ctx, dst, texts); err != nil {
		return err
	}
	for i := range dst {
		dst[i] *= e.factor
	}
	return e.err
}

func TestBuilderRefusesBadVectors(t *testing.T) {
	ctx := context.Background()
	for _, factor := range []float32{0.9, 1.001, float32(math.NaN()), float32(math.Inf(1))} {
		b := centroids.NewBuilder(centroids.DefaultTiers(), brokenEmbedder{toyEmbedder{dims: 8}, factor, nil})
		if err := b.Add(ctx, []string{"x"}, []int{0}); !errors.Is(err, centroids.ErrVector) {
			t.Errorf("vectors × %g: %v, expected ErrVector", factor, err)
		}
	}
	down := errors.New("endpoint is down")
	b := centroids.NewBuilder(centroids.DefaultTiers(), brokenEmbedder{toyEmbedder{dims: 8}, 1, down})
	if err := b.Add(ctx, []string{"x"}, []int{0}); !errors.Is(err, down) {
		t.Errorf("failing embedder: %v, expected its error", err)
	}
}

func TestBuilderCounts(t *testing.T) {
	b := centroids.NewBuilder(centroids.DefaultTiers(), toyEmbedder{dims: 8})
	texts, tiers := []string{"a", "", "b", "c"}, []int{0, 0, 1, 3}
	for range 400 { // over several batches
		if err := b.Add(context.Background(), texts, tiers); err != nil {
			t.Fatal(err)
		}
	}
	rows, empty := b.Counts()
	if !reflect.DeepEqual(rows, []int{800, 400, 0, 400}) || !reflect.DeepEqual(empty, []int{400, 0, 0, 0}) {
		t.Errorf("rows %v, empty %v", rows, empty)
	}
	if _, err := b.Centroids(); err == nil || !strings.Contains(err.Error(), "COMPLEX has no training text") {
		t.Errorf("Centroids without COMPLEX: %v", err)
	}
}

func BenchmarkSums(b *testing.B) {
	const n, k, dims = 20_000, 4, 1536
	rows, labels := randomRows(n, k, dims, 1)
	b.SetBytes(n * dims * 4)
	b.ReportAllocs()
	for b.Loop() {
		s := centroids.NewSums(k, dims)
		s.Add(rows, labels)
	}
}
