package gate

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/routeproof/routeproof/datasets"
)

// Memory does not grow with prompts, whether they stand in groups or not.
func TestMemory(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector takes memory of its own, and is slow")
	}
	scan := func(prompts int, seed uint64) func(visit func(*datasets.Prediction) error) error {
		return func(visit func(*datasets.Prediction) error) error {
			rng := rand.New(rand.NewPCG(seed, 4))
			for i := range prompts {
				p := datasets.Prediction{
					ID: fmt.Sprintf("p%07d", i*7919%prompts), Classifier: "x", Tier: "MEDIUM", Predicted: "MEDIUM",
					Confidence: datasets.Known(rng.Float64()), CostUSD: datasets.Known(rng.Float64()), PromptTokens: datasets.Known(50 + i%400),
				}
				switch i % 4 {
				case 0:
					p.Group = fmt.Sprint("group ", p.ID)
				case 1, 2: // of two
					p.Group = fmt.Sprint("pair ", i/4)
				}
				p.Domain = fmt.Sprint("domain ", i%30)
				if rng.IntN(4) == 0 {
					p.Predicted = "SIMPLE"
				}
				if err := visit(&p); err != nil {
					return err
				}
			}
			return nil
		}
	}
	rules := everything()
	rules.Slices, rules.Floors = rules.Slices[:1], nil
	peak := func(prompts int) float64 {
		s := source("a")
		s.near = 64 << 10
		stop, peaks := make(chan struct{}), make(chan uint64)
		base := liveHeap()
		go func() {
			var most uint64
			for {
				select {
				case <-stop:
					peaks <- most
					return
				case <-time.After(5 * time.Millisecond):
					most = max(most, liveHeap())
				}
			}
		}()
		a, err := NewSide(s, scan(prompts, 1))
		if err != nil {
			t.Fatal(err)
		}
		b, err := NewSide(s, scan(prompts, 2))
		if err != nil {
			t.Fatal(err)
		}
		v, err := Decide(context.Background(), a, b, rules, priced())
		if err != nil {
			t.Fatal(err)
		}
		if v.Outcome == Invalid || v.Classifiers[0].N != prompts || v.Classifiers[0].Flips.Len() < prompts/4 {
			t.Errorf("%s: %d prompts, %d flips", v.Why, v.Classifiers[0].N, v.Classifiers[0].Flips.Len())
		}
		close(stop)
		most := <-peaks
		a.Close()
		b.Close()
		v.Close()
		return float64(max(most, base)-base) / (1 << 20)
	}
	few, many := peak(10_000), peak(60_000)
	t.Logf("%.1f MiB with 10,000 prompts, %.1f MiB with 60,000", few, many)
	if many > few+3 { // 50,000 more of as little as 100 bytes would be 5 MiB
		t.Errorf("%.1f MiB with 10,000 prompts, %.1f MiB with 60,000", few, many)
	}
}

// liveHeap is what the last collection found in use.
func liveHeap() uint64 {
	runtime.GC()
	of := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(of)
	return of[0].Value.Uint64()
}
