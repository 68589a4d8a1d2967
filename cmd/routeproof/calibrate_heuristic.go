package main

import (
	"fmt"
	"io"
	"math"
	"path/filepath"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/calibrate"
	"github.com/routeproof/routeproof/eval/pipeline"
	"github.com/routeproof/routeproof/internal/wording"
)

// tunedArtifact is what an artifact accepts where that is to cost least on tune,
// and its JSON. Money is USD per 1,000 requests.
type tunedArtifact struct {
	Version    int                `json:"version"`
	Prompts    string             `json:"prompts"`
	Heuristic  bool               `json:"heuristic"` // true: nothing is guaranteed
	Margin     float64            `json:"margin"`
	Thresholds map[string]float64 `json:"thresholds"` // by tier; -1: all accepted, 2: none
	Tune       tunedOn            `json:"tune"`
	Test       tunedOn            `json:"test"`
	Optimism   eval.Number        `json:"optimism"` // saving on tune less that on test
	Artifact   string             `json:"artifact"` // that was written; empty: none

	tiers []string
	cut   calibrate.Cut
}

// tunedOn is what the setting comes to on a split. Unknown figures are NaN.
type tunedOn struct {
	N          int                 `json:"n"`          // prompts of known cost, over which figures are
	Unpriced   int                 `json:"unpriced"`   // others
	Headline   eval.Number         `json:"headline"`   // expected cost, that of classifying included
	Everything eval.Number         `json:"everything"` // where every decision is accepted
	Saving     eval.Number         `json:"saving"`     // of the first against the second
	Tiers      map[string]tierPart `json:"tiers"`      // by nearest tier
	NoVector   int                 `json:"no_vector"`  // go to the fallback tier anyway
}

type tierPart struct {
	N        int `json:"n"`
	Accepted int `json:"accepted"`
}

// tuneArtifact finds what is accepted at the least cost on tune.
func tuneArtifact(run *pipeline.Run) (*tunedArtifact, error) {
	if err := run.Costs.Known(); err != nil {
		return nil, fmt.Errorf("%w: --heuristic looks for the least cost: %w", errUsage, err)
	}
	d := &tunedArtifact{Version: calibratedVersion, Prompts: run.Data.Name, Heuristic: true, tiers: run.Tiers.Names(), Thresholds: map[string]float64{}}
	tune, err := choicesOf(run, datasets.Tune)
	if err != nil {
		return nil, err
	}
	if len(tune.rows) == 0 {
		return nil, &datasets.ContentError{File: run.Data.Name, Total: 1, First: []datasets.Problem{{File: run.Data.Name, Field: "split",
			Reason: "no labelled prompt is in tune, where the setting is chosen: label more, or give tune a larger share in the configuration's splits"}}}
	}
	test, err := choicesOf(run, datasets.Test)
	if err != nil {
		return nil, err
	}
	if d.cut, err = calibrate.LeastCost(tune.rows, run.Tiers.Len()); err != nil {
		return nil, err
	}
	d.Margin = d.cut.Margin
	for k, tier := range d.tiers {
		d.Thresholds[tier] = d.cut.Thresholds[k]
	}
	d.Tune, d.Test = d.on(tune), d.on(test)
	d.Optimism = d.Tune.Saving - d.Test.Saving
	return d, nil
}

// heuristicArtifact tunes, writes and prints.
func (a *app) heuristicArtifact(run *pipeline.Run, input *inputFlags, out string, asJSON bool) error {
	d, err := tuneArtifact(run)
	if err != nil {
		return err
	}
	if out != "" {
		artifact, err := d.apply(run)
		if err != nil {
			return err
		}
		if err := artifact.Save(out); err != nil {
			return err
		}
		d.Artifact = out
		a.noteCanaries(out, input, run)
	}
	if asJSON {
		return a.writeJSON(d)
	}
	return a.buffered(d.print)
}

// choices are the prompts of a split whose cost of classifying is known.
type choices struct {
	rows     []calibrate.Choice
	own      float64 // USD of classifying them all
	unpriced int
}

func choicesOf(run *pipeline.Run, split datasets.Split) (c choices, err error) {
	decisions := decisionsOf(run, pipeline.EmbeddingName)
	fallback, _ := run.Tiers.Index(run.Artifact.Manifest().Fallback) // an artifact has one of its tiers
	for i, it := range run.Items {
		if it.Split != split {
			continue
		}
		d := decisions.At(i)
		switch {
		case !d.CostUSD.Known():
			c.unpriced++
			continue
		}
		c.own += d.CostUSD.Value
		served := func(tier int) float64 { return run.Costs.Served(tier, it.Tier, it.InputTokens) }
		row := calibrate.Choice{Nearest: -1, Fallback: served(fallback), Score: math.NaN(), Margin: math.NaN()}
		if margin, ok := d.Margin(); ok {
			// Nothing is refused yet, so the decision is the nearest tier.
			row.Nearest, row.Score, row.Margin, row.Accepted = d.Tier, d.Scores[d.Tier], margin, served(d.Tier)
		}
		c.rows = append(c.rows, row)
	}
	if n := len(c.rows) + c.unpriced; float64(len(c.rows)) < leastPriced*float64(n) {
		return c, fmt.Errorf("%w: --heuristic looks for the least cost, and what embedding costs is known for %d of %d %s prompts: set embedder.input_per_m", errUsage, len(c.rows), n, split)
	}
	return c, nil
}

func decisionsOf(run *pipeline.Run, name string) *eval.Decisions {
	for _, p := range run.Predictions {
		if p.Classifier == name {
			return p.Final
		}
	}
	return nil
}

func (d *tunedArtifact) on(c choices) tunedOn {
	o := tunedOn{N: len(c.rows), Unpriced: c.unpriced, Tiers: map[string]tierPart{}}
	own := c.own / float64(len(c.rows)) // NaN without any
	o.Headline = eval.Number(1000 * (d.cut.Mean(c.rows) + own))
	o.Everything = eval.Number(1000 * (calibrate.AcceptAll(len(d.tiers)).Mean(c.rows) + own))
	o.Saving = o.Everything - o.Headline
	for k, tier := range d.tiers {
		var part tierPart
		for _, x := range c.rows {
			if x.Nearest != k {
				continue
			}
			part.N++
			if d.cut.Accepts(x) {
				part.Accepted++
			}
		}
		o.Tiers[tier] = part
		o.NoVector += part.N
	}
	o.NoVector = o.N - o.NoVector
	return o
}

// apply returns the artifact with what was tuned, which has no certificate.
func (d *tunedArtifact) apply(run *pipeline.Run) (*centroids.Artifact, error) {
	m := run.Artifact.Manifest()
	m.Margin, m.Thresholds, m.Certificates = d.Margin, d.Thresholds, nil
	m.Measured = run.Remeasured(m)
	return run.Artifact.WithManifest(m)
}

func (d *tunedArtifact) print(w io.Writer) error {
	fmt.Fprintf(w, "margin and thresholds from which decisions of the %s classifier are accepted at the least cost on tune, on %s\n", pipeline.EmbeddingName, printable(d.Prompts))
	fmt.Fprintf(w, "Heuristic: chosen on tune, nothing is guaranteed. What is not accepted goes to the fallback tier.\n\n")
	t := tabbed(w)
	fmt.Fprintf(t, "USD per 1,000 requests\ton tune (%s)\ton test (%s)\n", wording.Plural(d.Tune.N, "prompt"), wording.Thousands(d.Test.N))
	row := func(name string, of func(*tunedOn) eval.Number) {
		fmt.Fprintf(t, "%s\t%s\t%s\n", name, shown("%.4f", of(&d.Tune)), shown("%.4f", of(&d.Test)))
	}
	row("tuned", func(o *tunedOn) eval.Number { return o.Headline })
	row("everything accepted", func(o *tunedOn) eval.Number { return o.Everything })
	row("saving", func(o *tunedOn) eval.Number { return o.Saving })
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "optimism, saving on tune less saving on test: %s\n\n", shown("%.4f", d.Optimism))
	fmt.Fprintf(w, "margin: %s\n", atLeast(d.Margin, 0))
	t = tabbed(w)
	fmt.Fprintf(t, "nearest tier\tscore\taccepted on tune\ton test\n")
	for _, tier := range d.tiers {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", printable(tier), atLeast(d.Thresholds[tier], -1), partOf(d.Tune.Tiers[tier]), partOf(d.Test.Tiers[tier]))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if n := d.Tune.NoVector + d.Test.NoVector; n > 0 {
		fmt.Fprintf(w, "%s without a vector: the fallback tier\n", wording.Plural(n, "prompt"))
	}
	if n := d.Tune.Unpriced + d.Test.Unpriced; n > 0 {
		fmt.Fprintf(w, "%s left out, as what embedding them costs is not known\n", wording.Plural(n, "prompt"))
	}
	if d.Artifact != "" {
		fmt.Fprintf(w, "\nartifact %s, tuned and without a certificate\n", printable(filepath.Clean(d.Artifact)))
	}
	return nil
}

// atLeast says from where something is accepted, in all digits: they are what
// the artifact holds.
func atLeast(v, least float64) string {
	switch {
	case v <= least:
		return "any"
	case v > 1:
		return "none accepted"
	}
	return fmt.Sprintf("from %v", v)
}

func partOf(p tierPart) string {
	if p.N == 0 {
		return "no prompts"
	}
	return fmt.Sprintf("%d of %d (%.1f %%)", p.Accepted, p.N, 100*float64(p.Accepted)/float64(p.N))
}
