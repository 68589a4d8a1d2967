package stats_test

import (
	"fmt"

	"github.com/routeproof/routeproof/eval/stats"
)

// Thresholds from strict to permissive: how many prompts of the calibrate split
// each accepts and how many of these are wrong. The start was learned on tune.
// Expected: scipy 1.10.1, binom.cdf.
func ExampleCertifyFixedSequence() {
	const alpha, delta = 0.05, 0.1
	tuned := []int{12, 48, 103, 210, 395, 800}
	accepted, wrong := []int{10, 51, 99, 204, 402, 800}, []int{1, 1, 1, 5, 12, 52}

	start := stats.LearnedStart(tuned, alpha, delta)
	p := func(i int) float64 { return stats.RiskBinomial(wrong[i], accepted[i], alpha) }
	fmt.Printf("%d rows without error are needed; start at %d\n", stats.LeastErrorFree(alpha, delta), start)
	fmt.Println("certified:", stats.CertifyFixedSequence(len(accepted), p, delta, start))
	n, _ := stats.SamplesNeeded(1.0/51, alpha, delta)
	fmt.Printf("threshold 1 would take about %d accepted rows, it has 51\n", n)
	// Output:
	// 45 rows without error are needed; start at 2
	// certified: [2 3 4]
	// threshold 1 would take about 132 accepted rows, it has 51
}
