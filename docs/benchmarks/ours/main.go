// Command ours runs one row of docs/benchmarks on data that peers.py made:
//
//	go run ./docs/benchmarks/ours ROW FOLDER
//
// It reads the row's data from FOLDER, runs the project's own kernel on it
// several times, leaves the result in FOLDER and prints the shortest time as
// JSON. What peers.py leaves to it, the predictions, it makes itself.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"slices"
	"time"
)

// A row is a kernel with its data read. run is what is timed; save, if any,
// writes the last result.
type row struct {
	rounds int
	run    func() error
	save   func() error
}

func rows() map[string]func(folder string) (row, error) {
	return map[string]func(string) (row, error){
		"bootstrap": bootstrap,
		"centroids": sumVectors,
		"checks":    checkResponses,
		"classify":  classify,
		"curve":     thresholds,
		"file":      sumFile,
		"hashing":   hashTexts,
		"hull":      hull,
		"mmlu":      thresholds,
		"pairs":     comparePairs,
		"read":      readPredictions,
		"write":     writePredictions,
	}
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "ours:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 || rows()[args[0]] == nil {
		return fmt.Errorf("expected ROW FOLDER")
	}
	r, err := rows()[args[0]](args[1])
	if err != nil {
		return err
	}
	var times []time.Duration
	for range r.rounds {
		runtime.GC() // what the round before left behind
		start := time.Now()
		if err := r.run(); err != nil {
			return err
		}
		times = append(times, time.Since(start))
	}
	if r.save != nil {
		if err := r.save(); err != nil {
			return err
		}
	}
	return json.NewEncoder(os.Stdout).Encode(struct {
		Row    string  `json:"row"`
		MS     float64 `json:"ms"`
		Rounds int     `json:"rounds"`
	}{args[0], slices.Min(times).Seconds() * 1000, r.rounds})
}
