package classify

import (
	"context"
	"fmt"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/eval/stats"
)

// A Scorer says how vectors are scored, and with what setting the scorer is
// fitted. The zero value is by centroids.
type Scorer struct {
	Kind       string  // one of centroids.ScorerCentroid, ScorerLogistic and ScorerNearest; empty: the first
	C          float64 // of logistic: see [stats.FitLogistic]
	Neighbours int     // of nearest; where there are fewer examples, all are asked
}

// String names the scorer and its setting.
func (s Scorer) String() string {
	switch s.Kind {
	case centroids.ScorerLogistic:
		return fmt.Sprintf("logistic, C = %g", s.C)
	case centroids.ScorerNearest:
		return fmt.Sprintf("%d nearest", s.Neighbours)
	}
	return centroids.ScorerCentroid
}

// byCentroids tells whether there is nothing to fit beside the centroids.
func (s Scorer) byCentroids() bool { return s.Kind == "" || s.Kind == centroids.ScorerCentroid }

// labelled is vectors with their tiers.
type labelled struct {
	dims    int
	vectors []float32 // [n][dims]; all zeros where a text has no vector
	tiers   []int
}

func (l *labelled) row(i int) []float32 { return l.vectors[i*l.dims : (i+1)*l.dims] }

// subset returns the rows for which keep holds.
func (l *labelled) subset(keep func(i int) bool) *labelled {
	out := &labelled{dims: l.dims}
	for i, tier := range l.tiers {
		if keep(i) {
			out.vectors = append(out.vectors, l.row(i)...)
			out.tiers = append(out.tiers, tier)
		}
	}
	return out
}

// withVector returns the rows that have one.
func (l *labelled) withVector() *labelled {
	return l.subset(func(i int) bool { return !isZero(l.row(i)) })
}

func isZero(v []float32) bool {
	for _, x := range v {
		if x != 0 {
			return false
		}
	}
	return true
}

// centroids returns one unit vector a tier.
func (l *labelled) centroids(tiers centroids.Tiers) ([][]float32, error) {
	sums := centroids.NewSums(tiers.Len(), l.dims)
	sums.Add(l.vectors, l.tiers)
	vectors, err := sums.Centroids(tiers.Names())
	if err != nil {
		return nil, fmt.Errorf("building centroids from %d texts: %w", len(l.tiers), err)
	}
	return vectors, nil
}

// head fits the scorer; every tier must have a row with a vector. tolerance is
// that of [stats.FitLogistic].
func (s Scorer) head(ctx context.Context, l *labelled, tiers centroids.Tiers, tolerance float64) (centroids.Head, error) {
	switch s.Kind {
	case centroids.ScorerLogistic:
		rows := l.withVector()
		fit, err := stats.FitLogistic(ctx, rows.vectors, rows.tiers, l.dims, tiers.Len(), s.C, tolerance)
		if err != nil {
			return centroids.Head{}, fmt.Errorf("fitting a logistic model to %d texts: %w", len(rows.tiers), err)
		}
		return centroids.Head{Logistic: &centroids.Logistic{Weight: narrow(fit.Weight), Bias: narrow(fit.Bias)}}, nil
	case centroids.ScorerNearest:
		rows := l.withVector()
		return centroids.Head{Nearest: &centroids.Nearest{Vectors: rows.vectors, Tiers: rows.tiers, Neighbours: min(s.Neighbours, len(rows.tiers))}}, nil
	}
	return centroids.Head{}, nil
}

func narrow(v []float64) []float32 {
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = float32(x)
	}
	return out
}
