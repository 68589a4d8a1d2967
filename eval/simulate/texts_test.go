package simulate

import (
	"context"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval/policy"
)

// Texts that cannot be read back end whatever needs them, and are not left out.
func TestLostTexts(t *testing.T) {
	models := []policy.Model{{Tier: "S", Name: "s"}, {Tier: "L", Name: "l"}}
	b, err := policy.NewRecorded(models, nil)
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("beyond what memory keeps ", 3<<20)
	for _, m := range models {
		o := datasets.Outcome{ID: "1", Model: m.Name, Prompt: long, Response: datasets.Known(long), Score: datasets.Known(1.0), CostUSD: datasets.Known(1.0)}
		if err := b.Add(&o); err != nil {
			t.Fatal(err)
		}
	}
	requests := b.Requests()
	checks, err := policy.NewChecks(policy.ChecksConfig{MinChars: 3})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	uses := map[string]func() error{
		"log": func() error { return WriteLog(ctx, io.Discard, policy.Single(0), b, requests) },
		"sweep": func() error {
			_, err := SweepCascade(ctx, KnobMinChars, policy.ChecksConfig{}, StartAt(0), b, requests)
			return err
		},
		"lengths": func() error { _, err := Lengths(requests); return err },
		"cascade": func() error {
			trace, err := serve(ctx, "cascade", policy.Cascade{Checks: checks}, b, requests)
			if err == nil {
				err = trace.Close()
			}
			return err
		},
		"signals": func() error { _, err := Signals(ctx, checks, b, requests); return err },
		"pairs":   func() error { _, err := SweepPairs(ctx, policy.SameAnswer{}, 0, b, requests); return err },
	}
	for name, use := range uses {
		if err := use(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	for name, use := range uses {
		if err := use(); err == nil || errors.Is(err, policy.ErrUnrecorded) || errors.Is(err, ErrNothing) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Requests that are left out count in no figure, wherever they stand; the oracle
// takes the first of equally good and cheap models.
func TestCompareLeavesOut(t *testing.T) {
	nan := math.NaN()
	a := timedTrace("a", []float64{nan, 1, 0, 1, 1}, []float64{100, 1, 2, 3, 6}, []float64{1000, 10, 10, 10, 10})
	b := timedTrace("b", []float64{1, 1, 1, nan, 0}, []float64{100, 1, 4, 100, 7}, []float64{1000, 20, 20, 1000, 20})
	c, err := Compare([]*Trace{a, b}, nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if c.N != 3 || c.LeftOut != 2 {
		t.Errorf("n %d, left out %d", c.N, c.LeftOut)
	}
	for i, want := range []struct{ quality, cost, p50, p95 float64 }{{2. / 3, 3, 10, 10}, {2. / 3, 4, 20, 20}, {1, 11. / 3, 10, 20}} {
		row := c.Rows[i]
		if got := []float64{float64(row.Quality.Value), float64(row.Cost.Value), float64(row.P50), float64(row.P95)}; !slices.EqualFunc(got, []float64{want.quality, want.cost, want.p50, want.p95}, func(x, y float64) bool { return math.Abs(x-y) < 1e-12 }) {
			t.Errorf("%s: %v, want %v", row.Policy, got, want)
		}
	}
}
