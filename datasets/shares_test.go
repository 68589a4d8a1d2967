package datasets

import (
	"fmt"
	"math"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// TestShares holds that shares are met within five standard errors of a
// binomial proportion.
func TestShares(t *testing.T) {
	const n = 20000
	prompts := make([]Prompt, n)
	for i := range prompts {
		prompts[i] = Prompt{ID: fmt.Sprint(i), Text: fmt.Sprintf("text %d", i)}
	}
	for _, shares := range []Shares{DefaultShares(), {0.25, 0.25, 0.25, 0.25}, {0.9, 0.05, 0.03, 0.02}, {0.01, 0.01, 0.01, 0.97}} {
		a, err := AssignSplits(setOf(prompts), "salt", shares, "f", nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(a.Warnings) > 0 {
			t.Errorf("warnings %q", a.Warnings)
		}
		checkShares(t, a.Splits, shares)
	}
}

func checkShares(t *testing.T, splits []Split, shares Shares) {
	t.Helper()
	var counts [numSplits]int
	for _, s := range splits {
		counts[s]++
	}
	n := float64(len(splits))
	for s, share := range shares {
		if off := math.Abs(float64(counts[s]) - n*share); off > 5*math.Sqrt(n*share*(1-share)) {
			t.Errorf("%s has %d of %.0f, expected about %.0f", Split(s), counts[s], n, n*share)
		}
	}
}

// chiSquare is Pearson's statistic of independence of a contingency table.
func chiSquare(table [][]float64) float64 {
	rows, columns, n := make([]float64, len(table)), make([]float64, len(table[0])), 0.0
	for i := range table {
		for j, x := range table[i] {
			rows[i] += x
			columns[j] += x
			n += x
		}
	}
	statistic := 0.0
	for i := range table {
		for j, x := range table[i] {
			expected := rows[i] * columns[j] / n
			statistic += (x - expected) * (x - expected) / expected
		}
	}
	return statistic
}

// unlikely tells whether a statistic is in the last thousandth of chi-square.
func unlikely(statistic float64, freedom int) bool {
	return !(distuv.ChiSquared{K: float64(freedom)}.Survival(statistic) > 1e-3)
}

// TestIndependence crosses two assignments of 20,000 keys.
func TestIndependence(t *testing.T) {
	split := func(salt string) func(string) int {
		return func(key string) int { return int(DefaultShares().At(Uniform(salt, key))) }
	}
	fold := func(salt string) func(string) int { return func(key string) int { return Fold(salt, key, 5) } }
	for _, c := range []struct {
		name          string
		a, b          func(string) int
		rows, columns int
	}{
		{"two salts", split("a"), split("b"), 4, 4},
		{"like salts", split("salt1"), split("salt2"), 4, 4},
		{"split and fold", split("a"), fold("a"), 4, 5},
		{"folds of two salts", fold("a"), fold("b"), 5, 5},
	} {
		table := make([][]float64, c.rows)
		for i := range table {
			table[i] = make([]float64, c.columns)
		}
		for i := range 20000 {
			key := fmt.Sprintf("text %d", i)
			table[c.a(key)][c.b(key)]++
		}
		if x := chiSquare(table); unlikely(x, (c.rows-1)*(c.columns-1)) {
			t.Errorf("%s: chi-square %.1f of %v", c.name, x, table)
		}
	}
}

// TestFoldSizes holds that folds are equally large.
func TestFoldSizes(t *testing.T) {
	counts := make([]float64, 5)
	for i := range 20000 {
		counts[Fold("salt", fmt.Sprintf("text %d", i), 5)]++
	}
	x := 0.0
	for _, n := range counts {
		x += (n - 4000) * (n - 4000) / 4000
	}
	if unlikely(x, 4) {
		t.Errorf("folds hold %v: chi-square %.1f", counts, x)
	}
}
