package gate

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
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
				if i%2 == 0 {
					p.Group = fmt.Sprint("group ", p.ID)
				}
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
	rules.Slices, rules.Floors = nil, nil
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
	if few, many := peak(2_000), peak(60_000); many > few+3 { // 60,000 of as little as 100 bytes would be 6 MiB
		t.Errorf("%.1f MiB with 2,000 prompts, %.1f MiB with 60,000", few, many)
	} else {
		t.Logf("%.1f MiB with 2,000 prompts, %.1f MiB with 60,000", few, many)
	}
}

func liveHeap() uint64 {
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return s.HeapAlloc
}
