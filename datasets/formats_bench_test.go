package datasets

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

// benchRows are predictions as a run of three classifiers writes them.
func benchRows(n int) []Prediction {
	random := rand.New(rand.NewPCG(7, 7))
	rows := make([]Prediction, n)
	tiers := []string{"SIMPLE", "MEDIUM", "COMPLEX", "FRONTIER"}
	for i := range rows {
		scores := make([]float64, len(tiers))
		for k := range scores {
			scores[k] = random.Float64()
		}
		rows[i] = Prediction{
			ID: fmt.Sprintf("prompt-%d", i/3), Classifier: []string{"centroid", "knn", "llm"}[i%3],
			Tier: tiers[random.IntN(4)], Predicted: tiers[random.IntN(4)], Split: "test", Scores: scores,
			Confidence: Known(random.Float64()), InputTokens: Known(random.IntN(2000)), OutputTokens: Known(1),
			CostUSD: Known(random.Float64() / 1000), LatencyMS: Known(random.Float64() * 100), Domain: []string{"code", "law", "chat"}[random.IntN(3)],
			Group: fmt.Sprintf("%016x", random.Uint64N(1000)*0x9e3779b97f4a7c15),
		}
	}
	return rows
}

var benchFormats = []Format{
	{Container: "jsonl"}, {Container: "csv"}, {Container: "parquet"}, {Container: "jsonl", Compression: "zst"}, {Container: "csv", Compression: "gz"},
}

// The bytes a second are of the file as it is stored.
func BenchmarkWritePredictions(b *testing.B) {
	rows := benchRows(100_000)
	for _, f := range benchFormats {
		b.Run(nameOf(f), func(b *testing.B) {
			var out bytes.Buffer
			for b.Loop() {
				out.Reset()
				if err := Predictions().Write(&out, f, WriteOptions{}, putAll(rows)); err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(int64(out.Len()))
			b.ReportAllocs()
		})
	}
}

func BenchmarkReadPredictions(b *testing.B) {
	rows := benchRows(100_000)
	for _, f := range benchFormats {
		b.Run(nameOf(f), func(b *testing.B) {
			var out bytes.Buffer
			if err := Predictions().Write(&out, f, WriteOptions{}, putAll(rows)); err != nil {
				b.Fatal(err)
			}
			path := writeTemp(b, "f", out.Bytes())
			b.SetBytes(int64(out.Len()))
			b.ReportAllocs()
			for b.Loop() {
				n := 0
				if _, err := Predictions().ScanFile(path, nil, func(*Prediction) error { n++; return nil }); err != nil || n != len(rows) {
					b.Fatal(n, err)
				}
			}
		})
	}
}

func putAll[T any](rows []T) func(put func(T) error) error {
	return func(put func(T) error) error {
		for _, row := range rows {
			if err := put(row); err != nil {
				return err
			}
		}
		return nil
	}
}

func nameOf(f Format) string {
	if f.Compression == "" {
		return f.Container
	}
	return f.Container + "." + f.Compression
}
