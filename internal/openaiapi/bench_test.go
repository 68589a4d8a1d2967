package openaiapi

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/routeproof/routeproof/internal/openaiapi/openaitest"
)

// BenchmarkChat asks 10,000 questions of a server that takes 20 ms, 64 at a time
// by 128 callers, and keeps the answers. At best that takes 3.125 s.
func BenchmarkChat(b *testing.B) {
	const questions, concurrency, latency = 10_000, 64, 20 * time.Millisecond
	const ideal = questions * latency / concurrency
	s := openaitest.Start(b, openaitest.Config{Latency: latency, Forget: true, CostPerToken: token})
	heap := func() float64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return float64(m.HeapInuse) / (1 << 20)
	}
	var ratio, before, after float64
	b.ReportAllocs()
	for b.Loop() {
		c := newClient(b, s.URL, func(c *Config) { c.Store, c.Concurrency = newStore(b), concurrency })
		before = heap()
		begun := time.Now()
		next := make(chan int)
		var wg sync.WaitGroup
		for range 2 * concurrency {
			wg.Go(func() {
				for i := range next {
					if _, err := c.Chat(b.Context(), ChatRequest{Model: "m", User: fmt.Sprint("question ", i), MaxTokens: 9, Price: price()}); err != nil {
						b.Error(err)
					}
				}
			})
		}
		for i := range questions {
			next <- i
		}
		close(next)
		wg.Wait()
		ratio = float64(time.Since(begun)) / float64(ideal)
		after = heap()
	}
	b.ReportMetric(ratio, "x-ideal")
	b.ReportMetric(before, "MiB-before")
	b.ReportMetric(after, "MiB-after")
}
