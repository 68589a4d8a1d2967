package main

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/internal/table"
)

// predictionColumns are those of a file of predictions that a run leaves.
var predictionColumns = datasets.Predictions().Columns()

// column is the place of a column that there is.
func column(name string) int {
	return slices.IndexFunc(predictionColumns, func(c table.Column) bool { return c.Name == name })
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
		b.SetText(column("id"), fmt.Sprintf("prompt-%d", i/3))
		b.SetText(column("classifier"), []string{"centroid", "knn", "llm"}[i%3])
		b.SetText(column("tier"), names[random.IntN(4)])
		b.SetText(column("predicted"), names[random.IntN(4)])
		b.SetText(column("split"), "test")
		b.SetNumbers(column("scores"), []float64{random.Float64(), random.Float64(), random.Float64(), random.Float64()})
		b.SetNumber(column("confidence"), random.Float64())
		b.SetBool(column("invalid"), false)
		b.SetNumber(column("input_tokens"), float64(random.IntN(2000)))
		b.SetNumber(column("output_tokens"), 1)
		b.SetNumber(column("cost_usd"), random.Float64()/1000)
		b.SetNumber(column("latency_ms"), random.Float64()*100)
		b.SetText(column("domain"), []string{"code", "law", "chat"}[random.IntN(3)])
		b.SetText(column("group"), fmt.Sprintf("%016x", random.Uint64N(1000)*0x9e3779b97f4a7c15))
		tokens := 1 + i/3*2654435761%2000 // as each classifier's row of a prompt has
		b.SetNumber(column("prompt_tokens"), float64(tokens))
		b.SetNumber(column("prompt_runes"), float64(4*tokens+i/3%7))
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
