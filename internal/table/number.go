package table

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/routeproof/routeproof/internal/wording"
)

// maxWhole is the largest integer that nothing else rounds to: float64 holds
// 2^53 too, but 2^53 + 1 becomes it.
const maxWhole = 1<<53 - 1

// parseDigits reads a number as JSON and CSV write it.
func parseDigits(digits []byte, t Type) (v float64, problem string) {
	bits, largest := 64, math.MaxFloat64
	if t == Vector {
		bits, largest = 32, math.MaxFloat32
	}
	v, err := strconv.ParseFloat(string(digits), bits)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return 0, fmt.Sprintf("expected a number within ±%.2g, found %s", largest, wording.Shorten(string(digits)))
	case err != nil || math.IsNaN(v) || math.IsInf(v, 0):
		return 0, fmt.Sprintf("expected %s, found %s", t.element(), wording.Quote(string(digits)))
	}
	if t == Whole && !isWhole(v) {
		return 0, notWhole(v, wording.Shorten(string(digits)))
	}
	return v, ""
}

func isWhole(v float64) bool { return v == math.Trunc(v) && math.Abs(v) <= maxWhole }

// notWhole says what is wrong with a number that should be [Whole].
func notWhole(v float64, found string) string {
	if math.Abs(v) > maxWhole {
		return fmt.Sprintf("expected a whole number within ±%d, found %s", maxWhole, found)
	}
	return fmt.Sprintf("expected %s, found %s", Whole, found)
}
