package svgplot

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

// TestGolden compares pictures of made-up figures byte for byte with testdata. After a wanted change run
// go test ./internal/svgplot -update and look at the files in a browser.
func TestGolden(t *testing.T) {
	percent := func(v float64) string { return fmt.Sprintf("%.1f%%", 100*v) }
	dollars := func(v float64) string { return fmt.Sprintf("$%.2f", v) }
	tiers := []string{"SIMPLE", "MEDIUM", "COMPLEX", "FRONTIER"}
	points := []XY{
		{"rule", 21.4, 0.612, 18.2, 25.7, 0.572, 0.647, false, false}, {"embedding", 14.2, 0.741, 12.1, 17.0, 0.701, 0.776, false, false},
		{"llm", 9.9, 0.853, 8.4, 11.9, 0.813, 0.888, false, false}, {"rule+llm", 10.4, 0.848, 8.8, 12.5, 0.808, 0.883, false, false},
		{"rule+embedding", 13.6, 0.752, 11.6, 16.3, 0.712, 0.787, false, false}, {"rule+embedding+llm", 9.1, 0.861, 7.7, 10.9, 0.821, 0.896, false, false},
		{"always SIMPLE", 40.4, 0.4, nan, nan, nan, nan, true, false}, {"always MEDIUM", 28, 0.3, nan, nan, nan, nan, true, false},
		{"always COMPLEX", 60, 0.2, nan, nan, nan, nan, true, false}, {"always FRONTIER", 180, 0.1, nan, nan, nan, nan, true, false},
		{"random", 70, 0.25, nan, nan, nan, nan, true, false}, {"shuffled", 45, 0.31, nan, nan, nan, nan, true, false},
		{"length", 30, 0.47, nan, nan, nan, nan, true, false}, {"majority", 40.4, 0.4, nan, nan, nan, nan, true, false}, {"oracle", 6.2, 1, nan, nan, nan, nan, true, false},
	}
	curves := []Line{
		{"embedding", []float64{0.4, 2, 5, 12}, []float64{0.61, 0.78, 0.84, 0.86}, []Band{{0.4, 0.58, 0.64}, {6, 0.81, 0.87}, {12, 0.83, 0.89}}, false},
		{"length", []float64{0.4, 4, 12}, []float64{0.61, 0.74, 0.86}, []Band{{0.4, 0.58, 0.64}, {6, 0.75, 0.80}, {12, 0.83, 0.89}}, false},
		{"zero router", []float64{0.4, 3, 12}, []float64{0.61, 0.70, 0.86}, nil, true}, {"random", []float64{0.4, 12}, []float64{0.61, 0.86}, nil, true},
	}
	models := []XY{{"small", 0.4, 0.61, nan, nan, 0.58, 0.64, true, false}, {"middle", 3, 0.7, nan, nan, nan, nan, true, false}, {"large", 12, 0.86, nan, nan, nan, nan, true, false}, {"best answer", 2.2, 0.93, nan, nan, nan, nan, true, true}}
	bins := []Bin{{0.31, 0.2, 0.08, 0.42, 15}, {0.42, 0.47, 0.25, 0.7, 15}, {0.55, 0.35, 0.18, 0.58, 18}, {0.71, 0.6, 0.36, 0.8, 15}, {0.97, 0.89, 0.81, 0.94, 92}, {0.985, 0.93, 0.87, 0.965, 1204}, {0.999, 1, nan, nan, 3}}
	days := []Line{
		{"support_bot", []float64{20480, 20481, 20482, 20483, 20484}, []float64{41.2, 38.9, 44.1, 12.3, 11.8}, nil, false},
		{"search", []float64{20480, 20481, 20483, 20484}, []float64{9.1, 8.7, 0, 9.9}, nil, false},
		{"all requests", []float64{20480, 20481, 20482, 20483, 20484}, []float64{50.3, 47.6, 44.1, 12.3, 21.7}, nil, true},
	}
	date := func(v float64) string { return time.Unix(int64(v)*86400, 0).UTC().Format(time.DateOnly) }
	for name, got := range map[string][]byte{
		"lines.svg":       Lines("Quality that a router buys", "USD per 1,000 requests", "mean quality", LineSigns{"router", "95 % of resamples", "one model", "oracle", "frontier of all settings", true, true, false, false}, curves, models, append(models[:3:3], XY{X: 2, Y: 0.78}, XY{X: 4, Y: 0.8}, XY{X: 5, Y: 0.84}), dollars, percent),
		"days.svg":        Lines("Known cost by day", "whole days, UTC", "USD a day", LineSigns{Line: "feature", Neither: true}, days, nil, nil, date, dollars),
		"scatter.svg":     Scatter("Cost against accuracy", "expected cost, USD per 1,000 requests", "accuracy", Kinds{"classifier", "baseline"}, points, true, dollars, percent),
		"reliability.svg": Reliability("Confidence of the classifier", "confidence stated", "share that is right", bins, percent),
		"confusion.svg":   Confusion("rule+embedding on the test split", tiers, [][]int{{141, 17, 2, 0}, {22, 88, 9, 1}, {0, 0, 0, 0}, {0, 3, 14, 23}}),
	} {
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s differs from the golden file; if that is wanted, run with -update", path)
		}
		inside(t, elements(t, got))
	}
}
