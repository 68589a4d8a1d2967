package main

import (
	"path/filepath"
	"runtime"
	"sync"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/datasets"
)

const (
	dims  = 1536
	tiers = 4
)

// share does something for each of n items, in as many runs as there are processors.
func share(n int, do func(from, to int)) {
	workers := runtime.GOMAXPROCS(0)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() { do(w*n/workers, (w+1)*n/workers) })
	}
	wg.Wait()
}

func readTiers(folder string) ([]int, error) {
	read, err := readArray[int32](folder, "tiers.i32")
	labels := make([]int, len(read))
	for i, t := range read {
		labels[i] = int(t)
	}
	return labels, err
}

func saveCentroids(folder string, sums *centroids.Sums) error {
	vectors, err := sums.Centroids(centroids.DefaultTiers().Names())
	if err != nil {
		return err
	}
	var all []float32
	for _, v := range vectors {
		all = append(all, v...)
	}
	return writeArray(folder, "ours.f32", all)
}

// sumVectors adds vectors in memory to their tiers' sums.
func sumVectors(folder string) (row, error) {
	labels, err := readTiers(folder)
	if err != nil {
		return row{}, err
	}
	vectors, err := readArray[float32](folder, "vectors.f32")
	if err != nil {
		return row{}, err
	}
	var sums *centroids.Sums
	return row{
		rounds: 7,
		run: func() error {
			sums = centroids.NewSums(tiers, dims)
			sums.Add(vectors, labels)
			return nil
		},
		save: func() error { return saveCentroids(folder, sums) },
	}, nil
}

// sumFile does the same with vectors in a file, a piece at a time.
func sumFile(folder string) (row, error) {
	labels, err := readTiers(folder)
	if err != nil {
		return row{}, err
	}
	var sums *centroids.Sums
	return row{
		rounds: 1,
		run: func() (err error) {
			sums, err = sumPieces(filepath.Join(folder, "vectors.npy"), labels)
			return err
		},
		save: func() error { return saveCentroids(folder, sums) },
	}, nil
}

func sumPieces(path string, labels []int) (*centroids.Sums, error) {
	file, err := datasets.OpenNPY(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	sums := centroids.NewSums(tiers, file.Dims)
	return sums, sums.AddFrom(labels, file.ReadRows)
}

// classify decides for each vector which tier's centroid is nearest.
func classify(folder string) (row, error) {
	vectors, err := readArray[float32](folder, "vectors.f32")
	if err != nil {
		return row{}, err
	}
	means, err := readArray[float32](folder, "centroids.f32")
	if err != nil {
		return row{}, err
	}
	artifact, err := artifactOf(means)
	if err != nil {
		return row{}, err
	}
	nearest := make([]int32, len(vectors)/dims)
	margins := make([]float64, len(nearest))
	return row{
		rounds: 7,
		run: func() error {
			share(len(nearest), func(from, to int) {
				for i := from; i < to; i++ {
					d := artifact.Decide(vectors[i*dims : (i+1)*dims])
					nearest[i], margins[i] = int32(d.Nearest), d.Margin
				}
			})
			return nil
		},
		save: func() error {
			if err := writeArray(folder, "nearest.i32", nearest); err != nil {
				return err
			}
			return writeArray(folder, "margins.f64", margins)
		},
	}, nil
}

func artifactOf(means []float32) (*centroids.Artifact, error) {
	names := centroids.DefaultTiers()
	vectors := make([][]float32, tiers)
	for k := range vectors {
		vectors[k] = means[k*dims : (k+1)*dims]
	}
	return centroids.New(centroids.Manifest{
		Tiers: names.Names(), Embedder: identity(), Thresholds: centroids.AcceptAll(names), Fallback: "MEDIUM",
		Canaries: []centroids.Canary{{Text: "a", Scores: make([]float64, tiers)}}, Tolerance: centroids.DefaultTolerance,
	}, vectors)
}

func identity() centroids.Identity {
	return centroids.Identity{Kind: "benchmark", Model: "vectors", Dims: dims, Preprocessing: "none"}
}

// comparePairs takes the cosine of each cheap answer's vector and its dear one's,
// with the function of the policy that asks two models at once: of the first half
// of the vectors and of the second.
func comparePairs(folder string) (row, error) {
	vectors, err := readArray[float32](folder, "pairs.f32")
	if err != nil {
		return row{}, err
	}
	cheap, dear := vectors[:len(vectors)/2], vectors[len(vectors)/2:]
	cosines := make([]float64, len(cheap)/dims)
	return row{
		rounds: 7,
		run: func() error {
			share(len(cosines), func(from, to int) {
				for i := from; i < to; i++ {
					cosines[i] = centroids.Cosine(cheap[i*dims:(i+1)*dims], dear[i*dims:(i+1)*dims])
				}
			})
			return nil
		},
		save: func() error { return writeArray(folder, "ours.f64", cosines) },
	}, nil
}
