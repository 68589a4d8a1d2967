package stats

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// Percentile returns the bootstrap percentile interval: the (1−confidence)/2
// and (1+confidence)/2 quantiles of the replicates, interpolated linearly
// between order statistics (type 7 of Hyndman and Fan 1996, numpy's default).
//
// A NaN replicate is one where the statistic was undefined. They are dropped;
// if fewer than half of the replicates remain, or there were none, the interval
// is {NaN, NaN}. The order of replicates does not matter and they are not
// changed. It takes O(B log B) and panics unless 0 < confidence < 1.
func Percentile(replicates []float64, confidence float64) Interval {
	checkConfidence(confidence)
	sorted, ok := definedReplicates(replicates)
	if !ok {
		return Interval{Low: math.NaN(), High: math.NaN()}
	}
	return percentileOf(sorted, confidence)
}

// BCa returns the bias-corrected and accelerated bootstrap interval: the
// quantiles, taken as Percentile does, at
//
//	Φ(z0 + (z0+z)/(1 − a(z0+z))),  z = ±Φ⁻¹((1+confidence)/2),
//
// with z0 = Φ⁻¹(share of replicates below estimate, ties half) and
// a = Σu³/(6(Σu²)^1.5), where u is the mean of the jackknife values less each
// of them and a = 0 where Σu² = 0.
//
// jackknife[i] is the statistic without item i. weights[i] says how many items
// share that value, so a table of counts needs one value a cell, weighted by its
// count; nil means one each, and a value of weight 0 is not looked at. With no
// jackknife values a = 0, which leaves the bias correction alone.
//
// NaN replicates are treated as by Percentile. A NaN estimate gives {NaN, NaN}.
// Where the correction itself is undefined the result is Percentile's: z0
// infinite (the estimate lies outside all replicates), a jackknife value that
// is NaN or infinite, or a(z0+z) ≥ 1, beyond the pole of the formula. It panics
// unless 0 < confidence < 1, weights is nil or as long as jackknife, and weights
// are finite and not negative. Source: Efron (1987), JASA 82:171–185.
func BCa(replicates []float64, estimate float64, jackknife, weights []float64, confidence float64) Interval {
	checkConfidence(confidence)
	a := acceleration(jackknife, weights)
	sorted, ok := definedReplicates(replicates)
	if !ok || math.IsNaN(estimate) {
		return Interval{Low: math.NaN(), High: math.NaN()}
	}
	below, _ := slices.BinarySearch(sorted, estimate)
	equal := 0
	for below+equal < len(sorted) && sorted[below+equal] == estimate {
		equal++
	}
	z0 := NormalQuantile((float64(below) + float64(equal)/2) / float64(len(sorted)))
	z := criticalValue(confidence)
	low, high := z0-z, z0+z
	if math.IsInf(z0, 0) || math.IsNaN(a) || a*low >= 1 || a*high >= 1 {
		return percentileOf(sorted, confidence)
	}
	return Interval{
		Low:  quantile(sorted, distuv.UnitNormal.CDF(z0+low/(1-a*low))),
		High: quantile(sorted, distuv.UnitNormal.CDF(z0+high/(1-a*high))),
	}
}

// acceleration returns a as BCa defines it, NaN where a jackknife value that
// counts is not finite. Values are taken relative to the first, so that equal
// ones give exactly 0 rather than the noise of their mean.
func acceleration(jackknife, weights []float64) float64 {
	if weights != nil && len(weights) != len(jackknife) {
		panic("stats: jackknife values and weights of unequal length")
	}
	weight := func(i int) float64 {
		if weights == nil {
			return 1
		}
		return weights[i]
	}
	var origin, total, sum float64
	for i, v := range jackknife {
		w := weight(i)
		if !(w >= 0) || math.IsInf(w, 1) {
			panic("stats: jackknife weight negative or not finite")
		}
		if w == 0 {
			continue
		}
		if total == 0 {
			origin = v
		}
		total += w
		sum += w * (v - origin)
	}
	if total == 0 {
		return 0
	}
	mean := sum / total
	var squares, cubes float64
	for i, v := range jackknife {
		if w := weight(i); w > 0 {
			u := mean - (v - origin)
			squares += w * u * u
			cubes += w * u * u * u
		}
	}
	if squares == 0 {
		return 0
	}
	// NaN where a value is not finite. Neither divisor can be 0, as Σu² to the
	// power 1.5 could.
	return cubes / squares / math.Sqrt(squares) / 6
}

// definedReplicates returns the replicates that are not NaN, sorted, and
// whether they are at least one and at least half of all.
func definedReplicates(replicates []float64) (sorted []float64, ok bool) {
	sorted = make([]float64, 0, len(replicates))
	for _, v := range replicates {
		if !math.IsNaN(v) {
			sorted = append(sorted, v)
		}
	}
	slices.Sort(sorted)
	return sorted, len(sorted) > 0 && 2*len(sorted) >= len(replicates)
}

func percentileOf(sorted []float64, confidence float64) Interval {
	return Interval{
		Low:  quantile(sorted, (1-confidence)/2),
		High: quantile(sorted, (1+confidence)/2),
	}
}

// quantile returns the type 7 quantile at q in [0, 1] of at least one value.
func quantile(sorted []float64, q float64) float64 {
	position := q * float64(len(sorted)-1)
	below := int(position)
	if below >= len(sorted)-1 {
		return sorted[len(sorted)-1]
	}
	low, high := sorted[below], sorted[below+1]
	if low == high {
		return low // also keeps equal infinities from giving NaN
	}
	return low + (position-float64(below))*(high-low)
}
