package stats

import "testing"

// scipy.stats.beta.ppf(1−confidence, k, n−k+1), scipy 1.10.1.
func TestBinomialLowerAgainstScipy(t *testing.T) {
	for _, c := range []struct {
		k, n             int
		confidence, want float64
	}{
		{3, 20, 0.95, 0.04216940788577862},
		{176, 200, 0.95, 0.8354051481690817},
		{0, 10, 0.9, 0},
		{10, 10, 0.9, 0.7943282347242815},
		{880, 1000, 0.99, 0.8540706243030048},
		{0, 0, 0.95, 0},
	} {
		if got := BinomialLower(c.k, c.n, c.confidence); !near(got, c.want, 1e-12) {
			t.Errorf("BinomialLower(%d, %d, %v) = %v, want %v", c.k, c.n, c.confidence, got, c.want)
		}
	}
	wantPanic(t, "k", "stats: more successes than trials", func() { BinomialLower(2, 1, 0.9) })
}
