package table

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// predictionColumns are those of a file of predictions.
var predictionColumns = []Column{
	{Name: "id", Type: Name, Required: true}, {Name: "classifier", Type: Name, Required: true, Repeats: true}, {Name: "tier", Type: Name, Required: true, Repeats: true},
	{Name: "predicted", Type: Name, Required: true, Repeats: true}, {Name: "split", Type: Text, Repeats: true}, {Name: "fold", Type: Whole}, {Name: "repeat", Type: Whole},
	{Name: "scores", Type: Numbers}, {Name: "confidence", Type: Number}, {Name: "invalid", Type: Boolean}, {Name: "error", Type: Text}, {Name: "model", Type: Text, Repeats: true},
	{Name: "input_tokens", Type: Whole}, {Name: "output_tokens", Type: Whole}, {Name: "cost_usd", Type: Number}, {Name: "latency_ms", Type: Number},
	{Name: "domain", Type: Text, Repeats: true}, {Name: "group", Type: Text, Repeats: true},
}

// benchBatches are predictions of three classifiers.
func benchBatches(n int) []*Batch {
	random := rand.New(rand.NewPCG(7, 7))
	tiers := []string{"SIMPLE", "MEDIUM", "COMPLEX", "FRONTIER"}
	var batches []*Batch
	var b *Batch
	for i := range n {
		if i%maxBatchRows == 0 {
			b = new(Batch)
			b.Reset(predictionColumns)
			batches = append(batches, b)
		}
		b.Append(i)
		b.SetText(0, fmt.Sprintf("prompt-%d", i/3))
		b.SetText(1, []string{"centroid", "knn", "llm"}[i%3])
		b.SetText(2, tiers[random.IntN(4)])
		b.SetText(3, tiers[random.IntN(4)])
		b.SetText(4, "test")
		b.SetNumbers(7, []float64{random.Float64(), random.Float64(), random.Float64(), random.Float64()})
		b.SetNumber(8, random.Float64())
		b.SetBool(9, false)
		b.SetNumber(12, float64(random.IntN(2000)))
		b.SetNumber(13, 1)
		b.SetNumber(14, random.Float64()/1000)
		b.SetNumber(15, random.Float64()*100)
		b.SetText(16, []string{"code", "law", "chat"}[random.IntN(3)])
		b.SetText(17, fmt.Sprintf("%016x", random.Uint64N(1000)*0x9e3779b97f4a7c15))
	}
	return batches
}

func writeBatches(w io.Writer, f Format, batches []*Batch) error {
	t, err := NewWriter(w, f, predictionColumns, nil)
	if err != nil {
		return err
	}
	for _, b := range batches {
		if err := t.Write(b); err != nil {
			return err
		}
	}
	return t.Close()
}

// The bytes a second are of the file as it is stored.
func BenchmarkWrite(b *testing.B) {
	batches := benchBatches(100_000)
	for _, container := range []string{"jsonl", "csv", "parquet"} {
		b.Run(container, func(b *testing.B) {
			var out bytes.Buffer
			for b.Loop() {
				out.Reset()
				if err := writeBatches(&out, Format{Container: container}, batches); err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(int64(out.Len()))
			b.ReportAllocs()
		})
	}
}

func BenchmarkRead(b *testing.B) {
	batches := benchBatches(100_000)
	for _, container := range []string{"jsonl", "csv", "parquet"} {
		b.Run(container, func(b *testing.B) {
			var out bytes.Buffer
			if err := writeBatches(&out, Format{Container: container}, batches); err != nil {
				b.Fatal(err)
			}
			path := filepath.Join(b.TempDir(), "f")
			if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(out.Len()))
			b.ReportAllocs()
			for b.Loop() {
				if n := countRows(b, path); n != 100_000 {
					b.Fatal(n)
				}
			}
		})
	}
}

func countRows(b *testing.B, path string) (n int) {
	source, err := Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer source.Close()
	reader, err := source.Rows(predictionColumns)
	for batch := new(Batch); err == nil; n += batch.Rows {
		err = reader.Read(batch)
	}
	if !errors.Is(err, io.EOF) {
		b.Fatal(err)
	}
	return n
}
