package stats_test

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/routeproof/routeproof/eval/stats"
)

// logisticRows makes rows in [-1, 1) by a linear congruential generator, and
// labels that they have to do with.
func logisticRows(n, dims, classes int) (x []float32, labels []int) {
	state := uint64(1)
	next := func() float64 {
		state = (state*1103515245 + 12345) % (1 << 31)
		return float64(state) / (1 << 31)
	}
	for range n * dims {
		x = append(x, float32(2*next()-1))
	}
	for i := range n {
		row := x[i*dims : (i+1)*dims]
		best, at := math.Inf(-1), 0
		for k := range classes {
			if z := 2*float64(row[k%dims]) + float64(row[(k+1)%dims]) + next(); z > best {
				best, at = z, k
			}
		}
		labels = append(labels, at)
	}
	return x, labels
}

// Expected values are of scikit-learn 1.2.1 on the same rows:
// LogisticRegression(C=c, tol=1e-14, max_iter=100000, multi_class="multinomial",
// solver="newton-cg"); of two classes it gives the second's weights.
func TestFitLogisticEqualsScikitLearn(t *testing.T) {
	for _, c := range []struct {
		n, dims, classes int
		c                float64
		class            int
		weight, bias     []float64
		nll              float64
	}{
		{60, 5, 4, 1, 0, []float64{2.33572832, 0.09529236, -1.17015295, -0.76021054, -0.15243603},
			[]float64{0.23576898, 0.03478515, -0.4783812, 0.20782707}, 0.49453310810664386},
		{60, 5, 4, 100, 0, []float64{11.52411044, 3.13019743, -9.25487595, -5.91380263, -0.40471816},
			[]float64{-0.08112558, 0.88499874, -2.35933979, 1.55546663}, 0.11229613100149984},
		{40, 3, 2, 0.5, 1, []float64{-1.14329174, 0.55952796, 0.2416325}, []float64{-0.24755932, 0.24755932}, 0.3213714098618949},
		{200, 8, 3, 10, 0, []float64{5.83812978, -0.12831283, -4.58394629, -1.37471488, 1.22427846, 0.08022165, 0.12322642, -0.19991511},
			[]float64{-0.37655747, 0.42048056, -0.0439231}, 0.22481089618696445},
	} {
		x, labels := logisticRows(c.n, c.dims, c.classes)
		got, err := stats.FitLogistic(context.Background(), x, labels, c.dims, c.classes, c.c, stats.LogisticExact)
		if err != nil {
			t.Fatal(err)
		}
		near := func(what string, got, want float64) {
			if !(math.Abs(got-want) <= 1e-6) {
				t.Errorf("%d rows, C = %g: %s %.9f, expected %.9f", c.n, c.c, what, got, want)
			}
		}
		for d, want := range c.weight {
			near("weight", got.Weight[c.class*c.dims+d], want)
		}
		for k, want := range c.bias {
			near("bias", got.Bias[k], want)
		}
		near("NLL", got.NLL, c.nll)
	}
}

func TestFitLogisticRefuses(t *testing.T) {
	x, labels := logisticRows(20, 3, 2)
	if _, err := stats.FitLogistic(context.Background(), x, labels, 3, 3, 1, 1e-6); err == nil {
		t.Error("a class without a row: expected an error")
	}
	x[4] = float32(math.NaN())
	if _, err := stats.FitLogistic(context.Background(), x, labels, 3, 2, 1, 1e-6); !errors.Is(err, stats.ErrNotConverged) {
		t.Errorf("a row with NaN: %v, expected ErrNotConverged", err)
	}
	for name, fit := range map[string]func(){
		"c":         func() { _, _ = stats.FitLogistic(context.Background(), x, labels, 3, 2, 0, 1e-6) },
		"lengths":   func() { _, _ = stats.FitLogistic(context.Background(), x[1:], labels, 3, 2, 1, 1e-6) },
		"tolerance": func() { _, _ = stats.FitLogistic(context.Background(), x, labels, 3, 2, 1, 0) },
		"label":     func() { _, _ = stats.FitLogistic(context.Background(), x, labels, 3, 1, 1, 1e-6) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: expected a panic", name)
				}
			}()
			fit()
		}()
	}
}

func TestFitLogisticEndsWithItsContext(t *testing.T) {
	x, labels := logisticRows(60, 5, 4)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := stats.FitLogistic(ctx, x, labels, 5, 4, 1, 1e-6); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, expected the context's error", err)
	}
}

func BenchmarkFitLogistic(b *testing.B) {
	x, labels := logisticRows(480, 1085, 4)
	b.ReportAllocs()
	for b.Loop() {
		m, err := stats.FitLogistic(context.Background(), x, labels, 1085, 4, 10, stats.LogisticExact)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(m.Iterations), "iterations")
	}
}
