package eval

import (
	"encoding/json"
	"math"
	"testing"
)

func TestQuantityJSON(t *testing.T) {
	for _, c := range []struct {
		value any
		want  string
	}{
		{Quantity{}, `null`},
		{Quantity{Value: 3}, `null`}, // of unknown origin
		{Quantity{0, Recorded}, `{"value":0,"origin":"recorded"}`},
		{Quantity{1.5, Computed}, `{"value":1.5,"origin":"computed"}`},
		{Quantity{1e-7, Assumed}, `{"value":1e-7,"origin":"assumed"}`},
		{Quantity{math.NaN(), Recorded}, `null`},
		{Quantity{math.Inf(1), Recorded}, `null`},
		{Quantity{math.Inf(-1), Assumed}, `null`},
		{Number(0), `0`},
		{Number(0.1), `0.1`},
		{Number(math.NaN()), `null`},
		{Number(math.Inf(1)), `null`},
		{Number(math.Inf(-1)), `null`},
		{undefined(), `{"value":null,"low":null,"high":null}`},
		{bare(0.25, 0), `{"value":0.25,"low":null,"high":null}`},
		{[]Number{1, Number(math.NaN())}, `[1,null]`},
		{Estimate{0.5, 0.25, 0.75}, `{"value":0.5,"low":0.25,"high":0.75}`},
	} {
		got, err := json.Marshal(c.value)
		if err != nil || string(got) != c.want {
			t.Errorf("%#v: %s, %v, want %s", c.value, got, err, c.want)
		}
	}
}

// The sum is as sure as its weaker part, whichever comes first.
func TestQuantityAdd(t *testing.T) {
	known := []Origin{Recorded, Computed, Assumed} // strongest first
	for i, a := range known {
		for j, b := range known {
			want := Quantity{5, known[max(i, j)]}
			if got := (Quantity{2, a}).Add(Quantity{3, b}); got != want {
				t.Errorf("%v and %v: %v, want %v", a, b, got, want)
			}
		}
		for _, sum := range []Quantity{(Quantity{2, a}).Add(Quantity{}), (Quantity{}).Add(Quantity{2, a})} {
			if sum.Known() || sum.Value != 0 {
				t.Errorf("%v and unknown: %v, want unknown", a, sum)
			}
		}
	}
}

func TestNumberDefined(t *testing.T) {
	for v, want := range map[Number]bool{0: true, -1.5: true, Number(math.Inf(1)): false, Number(math.Inf(-1)): false, Number(math.NaN()): false} {
		if got := v.Defined(); got != want {
			t.Errorf("%v: defined %v, want %v", v, got, want)
		}
	}
}

func TestOriginNames(t *testing.T) {
	for origin, want := range map[Origin]string{Unknown: "unknown", Recorded: "recorded", Computed: "computed", Assumed: "assumed"} {
		if got := origin.String(); got != want {
			t.Errorf("origin %d is %q, want %q", origin, got, want)
		}
	}
}
