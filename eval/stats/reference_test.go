package stats

import (
	"math"
	"testing"
)

// Expected numbers in these tests come, unless a comment says otherwise, from
// one run of Python 3 with numpy 1.24.2, scipy 1.10.1, scikit-learn 1.2.1 and
// mpmath 1.2.1 (50 digits). Each table names the call. Data sets that both
// sides need are generated on both sides by minstd, in integers.

// minstd returns n values of x ← 48271·x mod (2³¹−1), as Python's
//
//	for _ in range(n): x = 48271*x % 2147483647; out.append(x)
func minstd(seed uint64, n int) []uint64 {
	out := make([]uint64, n)
	for i := range out {
		seed = 48271 * seed % 2147483647
		out[i] = seed
	}
	return out
}

// unitMinstd returns minstd's values divided by 2147483647, in (0, 1).
func unitMinstd(seed uint64, n int) []float64 {
	out := make([]float64, n)
	for i, x := range minstd(seed, n) {
		out[i] = float64(x) / 2147483647
	}
	return out
}

// near reports whether got is want to the relative tolerance, absolute below 1.
func near(got, want, tolerance float64) bool {
	if math.IsNaN(want) {
		return math.IsNaN(got)
	}
	return got == want || math.Abs(got-want) <= tolerance*math.Max(1, math.Abs(want))
}

// nearRelative reports whether got is want to the relative tolerance.
func nearRelative(got, want, tolerance float64) bool {
	return got == want || math.Abs(got-want) <= tolerance*math.Abs(want)
}

// wantPanic runs f and requires the panic value to be exactly want.
func wantPanic(t *testing.T, name, want string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if got := recover(); got != want {
			t.Errorf("%s: panic %v, want %q", name, got, want)
		}
	}()
	f()
}
