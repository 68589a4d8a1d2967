package calibrate

import (
	"fmt"
	"math"
)

// A Level is how much risk is tolerated, and how sure one wants to be that it
// is not more.
type Level struct {
	Risk       float64 // α, from 1e-9 to 1−1e-9
	Confidence float64 // 1−δ, likewise
}

// nearest is how near to 0 and to 1 a level may lie, so that 1 less it is not 1.
const nearest = 1e-9

// Check returns an error unless the level is in its range.
func (l Level) Check() error {
	switch {
	case !(l.Risk > 0 && l.Risk < 1):
		return fmt.Errorf("risk: expected over 0 and below 1, found %g", l.Risk)
	case !(l.Confidence > 0 && l.Confidence < 1):
		return fmt.Errorf("confidence: expected over 0 and below 1, found %g", l.Confidence)
	case l.Risk < nearest || l.Risk > 1-nearest:
		return fmt.Errorf("risk: expected 1e-9 to 1 - 1e-9, found %v", l.Risk)
	case l.Confidence < nearest || l.Confidence > 1-nearest:
		return fmt.Errorf("confidence: expected 1e-9 to 1 - 1e-9, found %v", l.Confidence)
	}
	return nil
}

// Delta returns δ = 1 − Confidence to twelve decimals: of .95 it is .05, not the
// float64 next to it.
func (l Level) Delta() float64 { return math.Round((1-l.Confidence)*1e12) / 1e12 }

// test is a level as settings are tested at it.
type test struct{ alpha, delta float64 }

func (l Level) test() test { return test{l.Risk, l.Delta()} }
