package gate

import (
	"fmt"
	"math"
	"strings"

	"github.com/routeproof/routeproof/eval"
)

func number(v float64) eval.Number { return eval.Number(v + 0) } // + 0: a zero has no sign

func nan() eval.Number { return eval.Number(math.NaN()) }

// percent writes a share: "91.2 %". A half is rounded away from 0, as reports do.
func percent(v eval.Number) string {
	return signed(fmt.Sprintf("%.1f %%", unsigned(math.Round(1000*float64(v))/10, 0.05)))
}

// points writes a difference of shares: "2 points".
func points(v eval.Number) string {
	return signed(fmt.Sprintf("%.3g points", unsigned(100*float64(v), 0.0005)))
}

// dollars writes USD per 1,000 requests.
func dollars(v eval.Number) string {
	if v < 0 {
		return "−" + dollars(-v)
	}
	if v >= 1 || v == 0 {
		return fmt.Sprintf("$%.2f", float64(v))
	}
	return fmt.Sprintf("$%.3g", float64(v))
}

// unsigned is v, or 0 where it would be written as such, so that no zero has a
// sign.
func unsigned(v, half float64) float64 {
	if math.Abs(v) < half {
		return 0
	}
	return v
}

func signed(s string) string { return strings.Replace(s, "-", "−", 1) }

// pValue writes a p-value to two digits.
func pValue(p eval.Number) string {
	if p < 1e-4 {
		return "p < 0.0001"
	}
	return fmt.Sprintf("p = %.2g", float64(p))
}
