package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/routeproof/routeproof/datasets"
)

// result runs a row once and reads what it leaves.
func result(t *testing.T, name, folder, file string) []byte {
	t.Helper()
	r, err := rows()[name](folder)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.run(); err != nil {
		t.Fatal(err)
	}
	if err := r.save(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(folder, file))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func write[T number](t *testing.T, folder, name string, values ...T) {
	t.Helper()
	if err := writeArray(folder, name, values); err != nil {
		t.Fatal(err)
	}
}

// By hand: from nothing for nothing to quality 1 at cost 2, the mean quality is
// a half; a point below that line changes nothing.
func TestHull(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, "points.f64", 0.0, 0, 2, 1, 1, .25)
	var aiq float64
	if err := json.Unmarshal(result(t, "hull", folder, "ours.json"), &aiq); err != nil || math.Abs(aiq-.5) > 1e-12 {
		t.Errorf("%v, %v", aiq, err)
	}
}

// Vectors in memory and in a file have the same centroids, of length 1.
func TestSums(t *testing.T) {
	const n = 1300 // more than two pieces
	folder := t.TempDir()
	labels, vectors := make([]int32, n), make([]float32, n*dims)
	for i := range labels {
		labels[i] = int32(i % tiers)
	}
	for i := range vectors {
		vectors[i] = float32(i%97)/97 - .2
	}
	write(t, folder, "tiers.i32", labels...)
	write(t, folder, "vectors.f32", vectors...)
	header := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }\n", n, dims)
	array := binary.LittleEndian.AppendUint16([]byte("\x93NUMPY\x01\x00"), uint16(len(header)))
	array, err := binary.Append(append(array, header...), binary.LittleEndian, vectors)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "vectors.npy"), array, 0o600); err != nil {
		t.Fatal(err)
	}
	inMemory := result(t, "centroids", folder, "ours.f32")
	if !slices.Equal(inMemory, result(t, "file", folder, "ours.f32")) {
		t.Error("other centroids of the file")
	}
	square := 0.0
	for at := 0; at < 4*dims; at += 4 {
		v := float64(math.Float32frombits(binary.LittleEndian.Uint32(inMemory[at:])))
		square += v * v
	}
	if math.Abs(square-1) > 1e-6 {
		t.Errorf("a centroid has the squared length %v", square)
	}
}

// What is written is read again, by the columns of the product's own kind of file.
func TestPredictions(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, "rows.i64", int64(3000))
	r, err := writePredictions(folder)
	if err == nil {
		err = r.run()
	}
	if err != nil {
		t.Fatal(err)
	}
	var found totals
	if err := json.Unmarshal(result(t, "read", folder, "ours.json"), &found); err != nil || found.Rows != 3000 || found.Known != 16*3000 {
		t.Errorf("%+v, %v: expected 3,000 rows with 16 cells each", found, err)
	}
	rows := 0
	if _, err := datasets.Predictions().ScanFile(filepath.Join(folder, predictions), nil, func(p *datasets.Prediction) error {
		if rows++; !p.PromptTokens.Known || !p.PromptRunes.Known {
			t.Errorf("row %d does not say how long its prompt is", rows)
		}
		return nil
	}); err != nil || rows != 3000 {
		t.Errorf("%d rows, %v", rows, err)
	}
}

func TestRowsAreAskedForByName(t *testing.T) {
	for _, args := range [][]string{nil, {"hull"}, {"absent", t.TempDir()}, {"hull", t.TempDir()}} {
		if err := run(args); err == nil {
			t.Errorf("%q: expected an error", args)
		}
	}
}
