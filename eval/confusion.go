package eval

import "math"

// Confusion counts decisions: Confusion[truth][predicted], both from the
// cheapest tier up. Counts are whole but for the expected matrices of random
// baselines. Where a figure is undefined (nothing counted, all in one cell)
// methods return NaN.
type Confusion [][]float64

// NewConfusion returns an empty matrix for the given number of tiers.
func NewConfusion(tiers int) Confusion {
	c := make(Confusion, tiers)
	for k := range c {
		c[k] = make([]float64, tiers)
	}
	return c
}

// Total returns the number of decisions.
func (c Confusion) Total() float64 {
	return c.sum(func(truth, predicted int) float64 { return 1 })
}

// Counts returns the matrix in whole numbers.
func (c Confusion) Counts() [][]int {
	out := make([][]int, len(c))
	for k, row := range c {
		out[k] = make([]int, len(row))
		for j, v := range row {
			out[k][j] = int(math.Round(v))
		}
	}
	return out
}

func (c Confusion) sum(weight func(truth, predicted int) float64) float64 {
	var total float64
	for t, row := range c {
		for p, n := range row {
			if n != 0 {
				total += n * weight(t, p)
			}
		}
	}
	return total
}

func (c Confusion) share(is func(truth, predicted int) bool) float64 {
	return c.sum(func(t, p int) float64 { return indicator(is(t, p)) }) / c.Total()
}

// Accuracy is the share of decisions for the true tier.
func (c Confusion) Accuracy() float64 { return c.share(func(t, p int) bool { return t == p }) }

// UnderRouting is the share of decisions below the true tier.
func (c Confusion) UnderRouting() float64 { return c.share(func(t, p int) bool { return p < t }) }

// OverRouting is the share of decisions above the true tier.
func (c Confusion) OverRouting() float64 { return c.share(func(t, p int) bool { return p > t }) }

// MeanTierError is the mean distance, in tiers, from the true tier.
func (c Confusion) MeanTierError() float64 {
	return c.sum(func(t, p int) float64 { return math.Abs(float64(t - p)) }) / c.Total()
}

// Support returns how many decisions have the true tier k.
func (c Confusion) Support(k int) float64 {
	var n float64
	for _, v := range c[k] {
		n += v
	}
	return n
}

// Predicted returns how many decisions are for tier k.
func (c Confusion) Predicted(k int) float64 {
	var n float64
	for _, row := range c {
		n += row[k]
	}
	return n
}

// Recall is the share of tier k's prompts that were sent there.
func (c Confusion) Recall(k int) float64 { return c[k][k] / c.Support(k) }

// Precision is the share of prompts sent to tier k that belong there.
func (c Confusion) Precision(k int) float64 { return c[k][k] / c.Predicted(k) }

// F1 is the harmonic mean of precision and recall of tier k; NaN where the
// tier is neither a truth nor a prediction.
func (c Confusion) F1(k int) float64 { return 2 * c[k][k] / (c.Support(k) + c.Predicted(k)) }

// MacroF1 is the mean F1 over the tiers that occur as truth or prediction,
// which is scikit-learn's default. Two matrices may so be means over different
// tiers: comparisons of package gate are over the true ones.
func (c Confusion) MacroF1() float64 { return c.meanDefined(c.F1) }

// BalancedAccuracy is the mean recall over the tiers that occur as truth.
func (c Confusion) BalancedAccuracy() float64 { return c.meanDefined(c.Recall) }

func (c Confusion) meanDefined(of func(int) float64) float64 {
	var sum, n float64
	for k := range c {
		if v := of(k); !math.IsNaN(v) {
			sum += v
			n++
		}
	}
	return sum / n
}

// QuadraticKappa is Cohen's kappa with weights (truth − predicted)², which
// counts an error of two tiers four times one of one tier: 1 − observed over
// expected disagreement. It is 0 for decisions that do not depend on the
// truth.
func (c Confusion) QuadraticKappa() float64 {
	squared := func(t, p int) float64 { return float64((t - p) * (t - p)) }
	var expected float64
	for t := range c {
		for p := range c {
			expected += c.Support(t) * c.Predicted(p) * squared(t, p)
		}
	}
	return 1 - c.sum(squared)*c.Total()/expected
}
