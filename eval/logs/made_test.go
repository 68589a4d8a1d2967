package logs

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/eval"
)

func tiersOf(t testing.TB, names ...string) centroids.Tiers {
	t.Helper()
	if len(names) == 0 {
		names = []string{"SIMPLE", "MEDIUM", "COMPLEX", "FRONTIER"}
	}
	tiers, err := centroids.NewTiers(names...)
	if err != nil {
		t.Fatal(err)
	}
	return tiers
}

func settingsOf(t testing.TB) Settings {
	return Settings{Tiers: tiersOf(t), Now: time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)}
}

// source is a file of some bytes.
func source(name string, text []byte) Source {
	return Source{Name: name, Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil }}
}

func lines(rows ...string) []byte { return []byte(strings.Join(rows, "\n") + "\n") }

func tallyOf(t testing.TB, s Settings, sources ...Source) *Tally {
	t.Helper()
	tally, err := Scan(context.Background(), sources, s)
	if err != nil {
		t.Fatal(err)
	}
	return tally
}

func summaryOf(t testing.TB, s Settings, rows ...string) *Summary {
	t.Helper()
	return summed(t, tallyOf(t, s, source("log", lines(rows...))))
}

func summed(t testing.TB, tally *Tally) *Summary {
	t.Helper()
	usd := 0.0
	return tally.Summary(Assumptions{ClassifierUSD: &usd, FirstTierShare: .5})
}

// diff compares with NaN equal to itself.
func diff(a, b *Summary) string {
	return cmp.Diff(a, b, cmp.Comparer(func(x, y eval.Number) bool { return x == y || !x.Defined() && !y.Defined() }))
}
