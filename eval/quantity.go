package eval

import (
	"encoding/json"
	"fmt"
	"math"
)

// Origin says where a figure comes from. The zero value is Unknown.
type Origin uint8

// The origins, strongest first after Unknown.
const (
	Unknown  Origin = iota
	Recorded        // measured by whoever recorded it
	Computed        // follows from recorded or configured figures
	Assumed         // rests on a configured guess
)

func (o Origin) String() string {
	return [...]string{"unknown", "recorded", "computed", "assumed"}[o]
}

// MarshalText writes the origin's name.
func (o Origin) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// Quantity is a figure that may be unknown: an amount of money or time. The
// zero value is unknown.
type Quantity struct {
	Value  float64
	Origin Origin
}

// Known tells whether there is a figure.
func (q Quantity) Known() bool { return q.Origin != Unknown }

// Add returns the sum: unknown if either is, otherwise of the weaker origin.
func (q Quantity) Add(r Quantity) Quantity {
	if !q.Known() || !r.Known() {
		return Quantity{}
	}
	return Quantity{q.Value + r.Value, max(q.Origin, r.Origin)}
}

// MarshalJSON writes an object of value and origin; null where it is unknown.
func (q Quantity) MarshalJSON() ([]byte, error) {
	if !q.Known() || math.IsNaN(q.Value) || math.IsInf(q.Value, 0) {
		return []byte("null"), nil
	}
	return fmt.Appendf(nil, `{"value":%s,"origin":%q}`, jsonNumber(q.Value), q.Origin), nil
}

// Number is a figure that is NaN where it is undefined, such as a kappa of
// constant labels. In JSON that is null.
type Number float64

// MarshalJSON writes null for NaN and infinities.
func (n Number) MarshalJSON() ([]byte, error) { return []byte(jsonNumber(float64(n))), nil }

// Defined tells whether the figure is a finite number.
func (n Number) Defined() bool { return !math.IsNaN(float64(n)) && !math.IsInf(float64(n), 0) }

func jsonNumber(v float64) string {
	b, err := json.Marshal(v)
	if err != nil {
		return "null" // NaN and infinities are all that can fail
	}
	return string(b)
}

// Estimate is a figure with its 95 % interval, NaN where undefined.
type Estimate struct {
	Value Number `json:"value"`
	Low   Number `json:"low"`
	High  Number `json:"high"`
}

// undefined is an estimate of something that has no value here.
func undefined() Estimate {
	nan := Number(math.NaN())
	return Estimate{nan, nan, nan}
}
