package main

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/routeproof/routeproof/internal/table"
)

// predictionColumns are those of a file of predictions that a run leaves.
var predictionColumns = []table.Column{
	{Name: "id", Type: table.Name, Required: true},
	{Name: "classifier", Type: table.Name, Required: true, Repeats: true},
	{Name: "tier", Type: table.Name, Required: true, Repeats: true},
	{Name: "predicted", Type: table.Name, Required: true, Repeats: true},
	{Name: "split", Type: table.Text, Repeats: true},
	{Name: "fold", Type: table.Whole},
	{Name: "repeat", Type: table.Whole},
	{Name: "scores", Type: table.Numbers},
	{Name: "confidence", Type: table.Number},
	{Name: "invalid", Type: table.Boolean},
	{Name: "error", Type: table.Text},
	{Name: "model", Type: table.Text, Repeats: true},
	{Name: "input_tokens", Type: table.Whole},
	{Name: "output_tokens", Type: table.Whole},
	{Name: "cost_usd", Type: table.Number},
	{Name: "latency_ms", Type: table.Number},
	{Name: "domain", Type: table.Text, Repeats: true},
	{Name: "group", Type: table.Text, Repeats: true},
}

const predictions = "predictions.parquet"

// makePredictions makes the rows of three classifiers.
func makePredictions(n int) []*table.Batch {
	random := rand.New(rand.NewPCG(7, 7))
	names := []string{"SIMPLE", "MEDIUM", "COMPLEX", "FRONTIER"}
	var batches []*table.Batch
	var b *table.Batch
	for i := range n {
		if b == nil || b.Full() {
			b = new(table.Batch)
			b.Reset(predictionColumns)
			batches = append(batches, b)
		}
		b.Append(i)
		b.SetText(0, fmt.Sprintf("prompt-%d", i/3))
		b.SetText(1, []string{"centroid", "knn", "llm"}[i%3])
		b.SetText(2, names[random.IntN(4)])
		b.SetText(3, names[random.IntN(4)])
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

// writePredictions writes as many as rows.i64 says as Parquet, compressed.
func writePredictions(folder string) (row, error) {
	n, err := readArray[int64](folder, "rows.i64")
	if err != nil {
		return row{}, err
	}
	batches := makePredictions(int(n[0]))
	return row{
		rounds: 5,
		run: func() error {
			f, err := os.Create(filepath.Join(folder, predictions))
			if err != nil {
				return err
			}
			w, err := table.NewWriter(f, table.Format{Container: "parquet"}, predictionColumns, nil)
			if err != nil {
				return errors.Join(err, f.Close())
			}
			for _, b := range batches {
				if err := w.Write(b); err != nil {
					return errors.Join(err, f.Close())
				}
			}
			return errors.Join(w.Close(), f.Close())
		},
	}, nil
}

// totals are what both sides find in a file.
type totals struct {
	Rows       int     `json:"rows"`
	Known      int     `json:"known"`
	Text       int     `json:"text"` // bytes
	Tokens     float64 `json:"tokens"`
	Confidence float64 `json:"confidence"`
	Scores     float64 `json:"scores"`
}

func (t *totals) add(b *table.Batch) {
	t.Rows += b.Rows
	for c := range b.Cells {
		cells := &b.Cells[c]
		for i, known := range cells.Known {
			if !known {
				continue
			}
			t.Known++
			switch predictionColumns[c].Name {
			case "id", "predicted", "group":
				t.Text += len(cells.Text[i])
			case "input_tokens":
				t.Tokens += cells.Number[i]
			case "confidence":
				t.Confidence += cells.Number[i]
			case "scores":
				for _, v := range cells.List[i] {
					t.Scores += v
				}
			}
		}
	}
}

// readPredictions reads them into columns.
func readPredictions(folder string) (row, error) {
	scan := func(visit func(*table.Batch)) error {
		source, err := table.Open(filepath.Join(folder, predictions))
		if err != nil {
			return err
		}
		defer source.Close()
		reader, err := source.Rows(predictionColumns)
		batch := new(table.Batch)
		for err == nil {
			if err = reader.Read(batch); err == nil {
				visit(batch)
			}
		}
		if !errors.Is(err, io.EOF) {
			return err
		}
		return nil
	}
	return row{
		rounds: 5,
		run: func() error {
			n := 0
			err := scan(func(b *table.Batch) { n += b.Rows })
			if err == nil && n == 0 {
				return errors.New("no rows")
			}
			return err
		},
		save: func() error {
			var found totals
			if err := scan(found.add); err != nil {
				return err
			}
			return writeJSON(folder, "ours.json", found)
		},
	}, nil
}
