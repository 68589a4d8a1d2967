package stats_test

import (
	"fmt"

	"github.com/routeproof/routeproof/eval/stats"
)

// The pipeline of the package comment on one small table: counts, a bootstrap
// of a statistic of the counts, and its interval.
func Example() {
	// Expected: scipy 1.10.1, binomtest(171, 200) and binomtest(9, 30).
	// Paired answers of two classifiers on 200 prompts: both right, only the
	// first right, only the second right, both wrong.
	counts := []int{150, 9, 21, 20}

	fmt.Printf("accuracy of the second: %.3f\n", stats.Wilson(counts[0]+counts[2], 200, 0.95))
	fmt.Printf("two-sided p = %.4f\n", stats.McNemar(counts[1], counts[2]))

	gain := func(c []int) float64 { return float64(c[2]-c[1]) / 200 }
	replicates := stats.Multinomial(counts, 2000, 1, gain)
	i := stats.Percentile(replicates, 0.95)
	fmt.Printf("gain %.3f, interval holds it: %t\n", gain(counts), i.Low < gain(counts) && gain(counts) < i.High)
	// Output:
	// accuracy of the second: {0.800 0.897}
	// two-sided p = 0.0428
	// gain 0.060, interval holds it: true
}

func ExampleHolm() {
	fmt.Println(stats.Holm([]float64{0.25, 0.01, 0.5}))
	// Output: [0.5 0.03 0.5]
}
