package synth

import (
	"io"
	"testing"

	"github.com/routeproof/routeproof/datasets"
)

func BenchmarkPrompts(b *testing.B) {
	g := newGenerator(b, nil)
	bytes := 0
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		bytes += len(g.Prompt(i).Text)
		i++
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64(bytes)/float64(b.N), "text-B/row")
}

func BenchmarkOutcomes(b *testing.B) {
	g := newGenerator(b, nil)
	b.ReportAllocs()
	rows := 0
	for b.Loop() {
		g.Outcomes(256)(func(datasets.Outcome) error { rows++; return nil })
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkWriteOutcomes includes the writing as JSON Lines.
func BenchmarkWriteOutcomes(b *testing.B) {
	g := newGenerator(b, nil)
	f, err := datasets.FormatOf("x.jsonl")
	if err != nil {
		b.Fatal(err)
	}
	const n = 1000
	rounds := 0
	for b.Loop() {
		if err := datasets.Outcomes().Write(io.Discard, f, datasets.WriteOptions{}, g.Outcomes(n)); err != nil {
			b.Fatal(err)
		}
		rounds++
	}
	b.ReportMetric(float64(rounds*n*len(g.config.Models))/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkAnswers(b *testing.B) {
	g := newGenerator(b, nil)
	i := 0
	for b.Loop() {
		g.Answer(i)
		i++
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkLogs(b *testing.B) {
	for _, scores := range []bool{false, true} {
		name := "plain"
		if scores {
			name = "scores"
		}
		b.Run(name, func(b *testing.B) {
			g := newGenerator(b, func(c *Config) { c.Logs.Scores = scores })
			g.pool()
			const n = 10_000
			rounds := 0
			b.ReportAllocs()
			for b.Loop() {
				if err := g.WriteLogs(io.Discard, n); err != nil {
					b.Fatal(err)
				}
				rounds++
			}
			b.ReportMetric(float64(rounds*n)/b.Elapsed().Seconds(), "lines/s")
		})
	}
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		newGenerator(b, nil)
	}
}
