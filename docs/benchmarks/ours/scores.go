package main

import (
	"errors"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/curve"
	"github.com/routeproof/routeproof/eval/stats"
)

// thresholds takes APGR and CPT of the curve over every threshold.
func thresholds(folder string) (row, error) {
	var columns [3][]float64
	for i, name := range []string{"scores.f64", "weak.f64", "strong.f64"} {
		var err error
		if columns[i], err = readArray[float64](folder, name); err != nil {
			return row{}, err
		}
	}
	scores, weak, strong := columns[0], columns[1], columns[2]
	var result struct {
		APGR       float64    `json:"apgr"`
		CPT        [3]float64 `json:"cpt"`
		Thresholds int        `json:"thresholds"`
	}
	var c *curve.Curve
	return row{
		rounds: 20,
		run: func() error {
			order, err := curve.NewOrder(scores)
			if err != nil {
				return err
			}
			c = order.TwoModels(weak, strong, nil)
			result.Thresholds = order.Thresholds()
			if result.APGR, err = c.APGR(); err != nil {
				return err
			}
			for i, recovered := range []float64{.2, .5, .8} {
				if result.CPT[i], err = c.CPT(recovered); err != nil {
					return err
				}
			}
			return nil
		},
		save: func() error {
			return errors.Join(writeJSON(folder, "ours.json", result),
				writeArray(folder, "share.f64", c.Share), writeArray(folder, "quality.f64", c.Quality))
		},
	}, nil
}

// hull is the hull of costs and qualities, and the area under it.
func hull(folder string) (row, error) {
	values, err := readArray[float64](folder, "points.f64")
	if err != nil {
		return row{}, err
	}
	var points []curve.Point
	end := 0.0
	for i := 0; i < len(values); i += 2 {
		points = append(points, curve.Point{Cost: values[i], Quality: values[i+1]})
		end = max(end, values[i])
	}
	var aiq float64
	return row{
		rounds: 100,
		run: func() error {
			aiq, _ = curve.NewHull(points).AIQ(end)
			return nil
		},
		save: func() error { return writeJSON(folder, "ours.json", aiq) },
	}, nil
}

// bootstrap resamples accuracy and macro-F1 of a table of decisions.
func bootstrap(folder string) (row, error) {
	read, err := readArray[int32](folder, "counts.i32")
	if err != nil {
		return row{}, err
	}
	counts := make([]int, len(read))
	for i, n := range read {
		counts[i] = int(n)
	}
	const replicates = 10_000
	accuracy, macroF1 := make([]float64, replicates), make([]float64, replicates)
	confusion := eval.NewConfusion(tiers)
	return row{
		rounds: 20,
		run: func() error {
			stats.MultinomialEach(counts, replicates, 1, func(b int, drawn []int) {
				for i, n := range drawn {
					confusion[i/tiers][i%tiers] = float64(n)
				}
				accuracy[b], macroF1[b] = confusion.Accuracy(), confusion.MacroF1()
			})
			return nil
		},
		save: func() error { return writeArray(folder, "ours.f64", append(accuracy, macroF1...)) },
	}, nil
}
