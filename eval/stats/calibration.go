package stats

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// reliabilityLevel is the confidence level of a bin's accuracy interval and of
// the null interval of the calibration error.
const reliabilityLevel = 0.95

// ReliabilityBin is one bar of a reliability diagram.
type ReliabilityBin struct {
	N, Correct     int
	MeanConfidence float64  // in [0, 1]
	Accuracy       float64  // Correct/N
	Low, High      float64  // least and greatest confidence in the bin
	Interval       Interval // Wilson's, of Accuracy, at 95 %
}

// Reliability groups predictions into at most bins bins of nearly equal size
// and compares the confidence claimed with the accuracy reached in each.
//
// confidence[i], in [0, 1], and correct[i] belong to prediction i; their order
// does not matter. In rising order of confidence, bin k closes at the first
// position at or after k·n/bins where the confidence changes, so equal
// confidences are never split and bins may be fewer and larger. Bins are in
// rising order, not empty, and partition the n predictions; n = 0 gives nil.
//
// It takes O(n log n) and panics on unequal lengths, bins < 1, or a confidence
// outside [0, 1].
func Reliability(confidence []float64, correct []bool, bins int) []ReliabilityBin {
	order := checkedOrder(confidence, correct)
	sorted := make([]float64, len(order))
	for rank, i := range order {
		sorted[rank] = confidence[i]
	}
	checkProbabilities(sorted)
	var out []ReliabilityBin
	start := 0
	for _, end := range equalMassEnds(sorted, bins) {
		bin := ReliabilityBin{N: end - start, Low: sorted[start], High: sorted[end-1]}
		for _, i := range order[start:end] {
			if correct[i] {
				bin.Correct++
			}
		}
		bin.MeanConfidence = mean(sorted[start:end])
		bin.Accuracy = float64(bin.Correct) / float64(bin.N)
		bin.Interval = Wilson(bin.Correct, bin.N, reliabilityLevel)
		out = append(out, bin)
		start = end
	}
	return out
}

// ECE returns the expected calibration error Σ (n_m/n)·|accuracy_m −
// mean confidence_m| over the bins of Reliability, in [0, 1], and NaN when
// there are no predictions. It is biased upwards: even perfect calibration
// gives more than 0, so it is to be read beside NullECE. Cost and panics are
// Reliability's. Source: Naeini, Cooper and Hauskrecht (2015), AAAI.
func ECE(confidence []float64, correct []bool, bins int) float64 {
	if len(confidence) == 0 && len(correct) == 0 {
		checkBins(bins)
		return math.NaN()
	}
	sum := 0.0
	for _, bin := range Reliability(confidence, correct, bins) {
		sum += float64(bin.N) * math.Abs(bin.Accuracy-bin.MeanConfidence)
	}
	return sum / float64(len(confidence))
}

// NullECE returns the mean of ECE, and its 95 % percentile interval, when every
// prediction is right with exactly the probability it claims: each replicate
// draws correctness from Bernoulli(confidence[i]) and keeps the bins. An ECE
// inside the interval is no evidence of miscalibration.
//
// Draws are made in rising order of confidence, so the order of the input does
// not matter. It takes O(n log n + n·replicates). Without predictions or with
// replicates = 0 all results are NaN. It panics as ECE does, and on negative
// replicates.
func NullECE(confidence []float64, bins, replicates int, seed uint64) (mean float64, interval95 Interval) {
	checkReplicates(replicates)
	checkProbabilities(confidence)
	sorted := slices.Sorted(slices.Values(confidence))
	ends := equalMassEnds(sorted, bins)
	if len(sorted) == 0 || replicates == 0 {
		return math.NaN(), Interval{Low: math.NaN(), High: math.NaN()}
	}
	expected := make([]float64, len(ends)) // Σ confidence of each bin
	start := 0
	for m, end := range ends {
		for _, p := range sorted[start:end] {
			expected[m] += p
		}
		start = end
	}
	values := make([]float64, replicates)
	eachReplicate(replicates, seed, func() func(*rand.PCG, int) {
		return func(src *rand.PCG, b int) {
			gap, start := 0.0, 0
			for m, end := range ends {
				right := 0
				for _, p := range sorted[start:end] {
					if uniform(src) < p {
						right++
					}
				}
				gap += math.Abs(float64(right) - expected[m])
				start = end
			}
			values[b] = gap / float64(len(sorted))
		}
	})
	total := 0.0
	for _, v := range values {
		total += v
	}
	return total / float64(replicates), Percentile(values, reliabilityLevel)
}

// Brier returns the mean over rows of Σ_k (p_k − y_k)², where y is 1 for the
// row's label and 0 elsewhere: 0 for certainty in the right class, 2 for
// certainty in a wrong one. prob holds len(labels) rows of classes values,
// row-major, each in [0, 1]; rows are not required to sum to 1. Without rows it
// is NaN. It panics as FitTemperature does on lengths and labels, and on a
// probability outside [0, 1]. Source: Brier (1950), Mon. Weather Rev. 78:1–3.
func Brier(prob []float64, labels []int, classes int) float64 {
	checkRows(len(prob), labels, classes)
	checkProbabilities(prob)
	if len(labels) == 0 {
		return math.NaN()
	}
	sum := 0.0
	for i, label := range labels {
		for k, p := range prob[i*classes : (i+1)*classes] {
			if k == label {
				p = 1 - p
			}
			sum += p * p
		}
	}
	return sum / float64(len(labels))
}

// equalMassEnds returns the positions after the last item of each bin, as
// Reliability defines them, for confidences in rising order.
func equalMassEnds(sorted []float64, bins int) []int {
	checkBins(bins)
	n := len(sorted)
	bins = min(bins, n) // more cannot differ, and products stay small
	var ends []int
	k := 1 // the next boundary to pass, at k·n/bins
	for end := 1; end <= n; end++ {
		if end < n && (sorted[end] == sorted[end-1] || end*bins < k*n) {
			continue
		}
		ends = append(ends, end)
		// Boundaries inside a run of ties all close at its end.
		k = end*bins/n + 1
	}
	return ends
}

// checkedOrder returns the indices in rising order of confidence, ties by
// index, and panics on unequal lengths or NaN.
func checkedOrder(confidence []float64, correct []bool) []int {
	if len(confidence) != len(correct) {
		panic("stats: confidences and outcomes of unequal length")
	}
	order := make([]int, len(confidence))
	for i, c := range confidence {
		if math.IsNaN(c) {
			panic("stats: confidence is NaN")
		}
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(confidence[a], confidence[b]) })
	return order
}

func checkProbabilities(p []float64) {
	for _, v := range p {
		if !(v >= 0 && v <= 1) {
			panic("stats: probability outside [0,1]")
		}
	}
}

func checkBins(bins int) {
	if bins < 1 {
		panic("stats: fewer than one bin")
	}
}

// mean returns the average of at least one value.
func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}
