package synth

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/routeproof/routeproof/datasets"
)

// readBack writes rows in each format and finds the same ones in the file, with
// no warning.
func readBack[T any](t *testing.T, kind datasets.Kind[T], rows func(put func(T) error) error) {
	t.Helper()
	var want []T
	if err := rows(func(row T) error { want = append(want, row); return nil }); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"x.jsonl", "x.csv.gz", "x.parquet"} {
		path := filepath.Join(t.TempDir(), name)
		if err := kind.WriteFile(path, datasets.WriteOptions{}, rows); err != nil {
			t.Fatal(err)
		}
		var got []T
		summary, err := kind.ScanFile(path, nil, func(row *T) error { got = append(got, *row); return nil })
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" || len(summary.Warnings) > 0 {
			t.Errorf("%s: warnings %q; want −, got +:\n%.2000s", name, summary.Warnings, diff)
		}
	}
}

func TestFiles(t *testing.T) {
	g := newGenerator(t, func(c *Config) { c.Timeouts = .05; c.Fractional = true })
	const n = 300
	readBack(t, datasets.Prompts(g.Config().Ladder().Tiers()), g.Prompts(n))
	readBack(t, datasets.Outcomes(), g.Outcomes(n))
	readBack(t, datasets.Answers(), g.Answers(n))
	readBack(t, datasets.Scores(), g.Difficulties(n))
	readBack(t, datasets.Prices(), g.Prices())
}

// TestDeriveGenerated derives tiers from generated outcomes: each is that of
// the cheapest model that Outcome says is right.
func TestDeriveGenerated(t *testing.T) {
	g := newGenerator(t, func(c *Config) { c.Timeouts = .05 })
	d, err := NewDeriver(g.Config().Ladder())
	if err != nil {
		t.Fatal(err)
	}
	const n = 500
	if err := g.Outcomes(n)(func(o datasets.Outcome) error { return d.Add(&o) }); err != nil {
		t.Fatal(err)
	}
	derived, err := d.Derived()
	if err != nil {
		t.Fatal(err)
	}
	if derived.LeftOut.Failed == 0 || derived.Prompts+leftOut(derived) != n {
		t.Errorf("%d prompts, %+v", derived.Prompts, derived.LeftOut)
	}
	tiers := map[string]string{}
	for _, p := range promptsOf(t, derived) {
		tiers[p.ID] = p.Tier
	}
	for i := range n {
		want, decided := datasets.Unlabelled, true
		for m, rung := range g.Config().Ladder() {
			o := g.Outcome(i, m)
			if decided = o.Score.Known; !decided {
				break
			}
			if o.Score.Value >= datasets.Right {
				want = rung.Tier
				break
			}
		}
		if got, ok := tiers[idOf(i)]; ok != decided || ok && got != want {
			t.Errorf("prompt %d has tier %q (%t), expected %q (%t)", i, got, ok, want, decided)
		}
	}
}
