package calibrate

import (
	"fmt"
	"math"
	"math/bits"
)

// whole returns amounts as whole numbers of one unit, a power of two, so that
// their sums are exact in any order and equal costs are equal. The unit is at
// most 2^-61 of the largest amount times their number: amounts are rounded to it.
// An amount that is not finite is an error.
func whole(amounts []float64) ([]int64, error) {
	largest := 0.0
	for _, v := range amounts {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("expected a known cost, found %g", v)
		}
		largest = max(largest, math.Abs(v))
	}
	// largest < 2^exponent and len(amounts) < 2^bits, so no sum reaches 2^62.
	_, exponent := math.Frexp(largest)
	shift := 62 - exponent - bits.Len(uint(len(amounts)))
	out := make([]int64, len(amounts))
	for i, v := range amounts {
		out[i] = int64(math.RoundToEven(math.Ldexp(v, shift)))
	}
	return out, nil
}
