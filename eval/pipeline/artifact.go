package pipeline

import (
	"context"
	"math"
	"slices"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/stats"
)

// finish completes the manifest of a freshly built artifact: what it was built
// from, what it reached on test, and how the calibrate prompts look to it.
func (j *job) finish(context.Context) error {
	if j.in.Artifact != nil {
		return nil
	}
	m := j.Artifact.Manifest()
	m.Dataset = centroids.Dataset{
		SHA256: j.Data.SHA256, SplitSHA: j.Data.SplitSHA, Salt: j.Data.Salt, Shares: j.Config.Shares(),
		Prompts: j.Data.Prompts, Unlabelled: j.Data.Unlabelled, Counts: j.Data.Counts,
	}
	m.Drift = j.counted.drift
	if m.Measured = j.counted.tested.measured(); m.Measured == nil {
		return j.noTest()
	}
	var err error
	if m.Fitted, err = j.fitted(); err != nil {
		return err
	}
	j.Artifact, err = j.Artifact.WithManifest(m)
	return err
}

// fitted sketches the texts of train and tune.
func (j *job) fitted() (centroids.Fitted, error) {
	sketcher := datasets.NewSketcher()
	examples := j.examplesOf(datasets.Train, datasets.Tune)
	err := eachTexts(examples, func(x *eval.Example) datasets.Text { return x.Text }, func(_ []eval.Example, texts []string) error {
		for _, text := range texts {
			sketcher.Add(text)
		}
		return nil
	})
	sketch, texts := sketcher.Sketch()
	return centroids.Fitted{Texts: texts, Sketch: sketch}, err
}

// counted is what an artifact decides on the labelled prompts, taken one by one in
// their order.
type counted struct {
	empty  int // prompts without a vector
	tested *tested
	drift  *centroids.Drift
}

func newCounted(tiers centroids.Tiers) *counted {
	return &counted{tested: newTested(tiers), drift: newDrift(tiers)}
}

func (c *counted) add(tiers centroids.Tiers, split datasets.Split, truth int, group int32, d *eval.Decision) {
	if d.Scores == nil {
		c.empty++
	}
	switch split {
	case datasets.Test:
		c.tested.add(truth, group, d, d.Tier)
	case datasets.Calibrate:
		driftBy(c.drift, tiers, d.Scores)
	}
}

// tested is what an artifact reaches on test prompts, as the benchmark of package
// eval has it.
type tested struct {
	confusion  eval.Confusion
	groups     map[int32]testedGroup // by number, of the prompts
	confidence []float64             // of the first prompt of each group that has one
	right      []bool
}

type testedGroup struct {
	n    int32 // prompts
	sure bool  // a confidence is known
}

func newTested(tiers centroids.Tiers) *tested {
	return &tested{confusion: eval.NewConfusion(tiers.Len()), groups: map[int32]testedGroup{}}
}

// add takes in a prompt, which is sent to a tier that need not be the decision's.
func (t *tested) add(truth int, group int32, d *eval.Decision, tier int) {
	t.confusion[truth][tier]++
	g := t.groups[group]
	g.n++
	if !g.sure && d.Probabilities != nil {
		g.sure = true
		t.confidence, t.right = append(t.confidence, d.Probabilities[tier]), append(t.right, tier == truth)
	}
	t.groups[group] = g
}

// measured returns the figures; nil where there was no prompt.
func (t *tested) measured() *centroids.Measured {
	if len(t.groups) == 0 {
		return nil
	}
	cm := t.confusion
	squares := 0.0
	for _, g := range t.groups {
		squares += float64(g.n) * float64(g.n) // whole numbers, whose sum is the same in any order
	}
	accuracy := stats.WilsonShare(cm.Accuracy(), stats.EffectiveSize(cm.Total(), squares), 0.95)
	m := &centroids.Measured{
		Split: datasets.Test.String(), N: int(cm.Total()), Accuracy: cm.Accuracy(), MacroF1: cm.MacroF1(),
		Interval: [2]float64{accuracy.Low, accuracy.High}, Confusion: cm.Counts(),
	}
	if len(t.confidence) > 0 {
		ece := stats.ECE(t.confidence, t.right, eval.CalibrationBins)
		m.ECE = &ece
	}
	return m
}

// Remeasured is what an artifact with the thresholds and the margin of m reaches on
// the test prompts, what it refuses sent to the fallback tier. The run's own
// artifact must accept everything; nil where the run has no test prompt.
func (r *Run) Remeasured(m centroids.Manifest) *centroids.Measured {
	parts, ok := r.find([]string{EmbeddingName})
	if !ok {
		return nil
	}
	fallback, _ := r.Tiers.Index(m.Fallback)
	t := newTested(r.Tiers)
	for i := range r.Items {
		if r.Items[i].Split != datasets.Test {
			continue
		}
		d := parts[0].Final.At(i)
		tier := d.Tier
		if margin, ok := d.Margin(); ok && (slices.Max(d.Scores) < m.Thresholds[r.Tiers.Name(tier)] || margin < m.Margin) {
			tier = fallback
		}
		t.add(r.Items[i].Tier, r.Items[i].GroupNumber, &d, tier)
	}
	return t.measured()
}

// Histogram of the top scores.
const (
	driftLow, driftHigh = -1.0, 1.0
	driftBins           = 80
)

// newDrift describes no prompts.
func newDrift(tiers centroids.Tiers) *centroids.Drift {
	d := &centroids.Drift{
		Split: datasets.Calibrate.String(), Low: driftLow, High: driftHigh,
		Bins: make([]int, driftBins), Mix: map[string]int{},
	}
	for _, name := range tiers.Names() {
		d.Mix[name] = 0
	}
	return d
}

// driftBy adds a prompt by its scores alone, without its label; one without a
// vector has none.
func driftBy(d *centroids.Drift, tiers centroids.Tiers, scores []float64) {
	if scores == nil {
		return
	}
	top := slices.Max(scores)
	bin := int(math.Floor((top - driftLow) / (driftHigh - driftLow) * driftBins))
	d.Bins[min(max(bin, 0), driftBins-1)]++
	d.Mix[tiers.Name(slices.Index(scores, top))]++
	d.N++
}
