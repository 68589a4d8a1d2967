package classify

import (
	"context"
	"fmt"
	"runtime"
	"sync"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/eval"
)

// validateCentroids returns the decisions of the tiers' centroids on examples that
// they were not built from. It embeds everything twice, so that its memory does not
// grow with the length of vectors; failed says why a fold's centroids could not be
// built.
func (t *Chooser) validateCentroids(ctx context.Context, e centroids.Embedder, examples []eval.Example) (predicted []uint8, failed, err error) {
	sums := make([]*centroids.Sums, eval.Folds) // of what is outside each fold
	for fold := range sums {
		sums[fold] = centroids.NewSums(t.Tiers.Len(), e.Identity().Dims)
	}
	err = eachVector(ctx, e, examples, func(first int, rows *labelled) {
		share(eval.Folds, func(fold int) {
			for i, tier := range rows.tiers {
				if v := rows.row(i); int(examples[first+i].Fold) != fold && !isZero(v) {
					sums[fold].Add(v, []int{tier})
				}
			}
		})
	})
	if err != nil {
		return nil, nil, err
	}
	vectors, known := make([][][]float32, eval.Folds), make([][]int, eval.Folds)
	for fold, s := range sums {
		if vectors[fold], known[fold], err = t.knownCentroids(s); err != nil {
			return nil, fmt.Errorf("fold %d of %d: %w", fold+1, eval.Folds, err), nil
		}
	}
	predicted = make([]uint8, len(examples))
	err = eachVector(ctx, e, examples, func(first int, rows *labelled) {
		share(len(rows.tiers), func(i int) {
			fold, v := examples[first+i].Fold, rows.row(i)
			predicted[first+i] = uint8(t.Fallback)
			if !isZero(v) {
				scores, _ := centroids.Score(vectors[fold], centroids.Head{}, v)
				predicted[first+i] = uint8(known[fold][centroids.Highest(scores)])
			}
		})
	})
	return predicted, nil, err
}

// knownCentroids returns the centroids of the tiers that have vectors, and which of
// all tiers each is.
func (t *Chooser) knownCentroids(s *centroids.Sums) (vectors [][]float32, known []int, err error) {
	counts, _ := s.Counts()
	var names []string
	for tier, n := range counts {
		if n > 0 {
			names, known = append(names, t.Tiers.Name(tier)), append(known, tier)
		}
	}
	if err := enough(names); err != nil {
		return nil, nil, err
	}
	for _, tier := range known {
		v, err := s.Centroid(tier, t.Tiers.Name(tier))
		if err != nil {
			return nil, nil, err
		}
		vectors = append(vectors, v)
	}
	return vectors, known, nil
}

// embeddedAtOnce is how many examples are read and embedded together.
const embeddedAtOnce = 512

// eachVector embeds examples, some at a time, and visits those from first on.
func eachVector(ctx context.Context, e centroids.Embedder, examples []eval.Example, visit func(first int, rows *labelled)) error {
	rows := &labelled{dims: e.Identity().Dims}
	buffer := make([]float32, min(embeddedAtOnce, len(examples))*rows.dims)
	for first := 0; first < len(examples); first += embeddedAtOnce {
		texts, tiers, err := textsOf(examples[first:min(first+embeddedAtOnce, len(examples))])
		if err != nil {
			return err
		}
		rows.tiers, rows.vectors = tiers, buffer[:len(texts)*rows.dims]
		if err := e.Embed(ctx, rows.vectors, texts); err != nil {
			return fmt.Errorf("embedding %d texts: %w", len(texts), err)
		}
		visit(first, rows)
	}
	return ctx.Err()
}

// embedAll returns the vectors of all examples.
func embedAll(ctx context.Context, e centroids.Embedder, examples []eval.Example) (*labelled, error) {
	all := &labelled{dims: e.Identity().Dims}
	all.vectors = make([]float32, 0, len(examples)*all.dims)
	err := eachVector(ctx, e, examples, func(_ int, rows *labelled) {
		all.vectors, all.tiers = append(all.vectors, rows.vectors...), append(all.tiers, rows.tiers...)
	})
	return all, err
}

// share does something for each of n items, on all processors.
func share(n int, do func(i int)) {
	workers := min(n, runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < n; i += workers {
				do(i)
			}
		})
	}
	wg.Wait()
}
