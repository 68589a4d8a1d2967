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
	m.Fitted = j.fitted()
	p, _ := j.find([]string{EmbeddingName})
	m.Drift = j.drift(p[0].Final)
	i := slices.IndexFunc(j.Result.Classifiers, func(s eval.Score) bool { return s.Name == EmbeddingName })
	m.Measured = measured(j.Result.Classifiers[i])
	var err error
	j.Artifact, err = j.Artifact.WithManifest(m)
	return err
}

// fitted sketches the texts of train and tune.
func (j *job) fitted() centroids.Fitted {
	var prompts []datasets.Prompt
	for _, it := range j.Items {
		if it.Split == datasets.Train || it.Split == datasets.Tune {
			prompts = append(prompts, datasets.Prompt{Text: it.Text})
		}
	}
	sketch, texts := datasets.Sketch(prompts)
	return centroids.Fitted{Texts: texts, Sketch: sketch}
}

func measured(s eval.Score) *centroids.Measured {
	m := &centroids.Measured{
		Split: datasets.Test.String(), N: s.N,
		Accuracy: float64(s.Accuracy.Value), MacroF1: float64(s.MacroF1.Value),
		Interval:  [2]float64{float64(s.Accuracy.Low), float64(s.Accuracy.High)},
		Confusion: s.Confusion.Counts(),
	}
	if s.Calibration != nil {
		ece := float64(s.Calibration.ECE)
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
	cm := eval.NewConfusion(r.Tiers.Len())
	var confidence []float64
	var right []bool
	seen := map[string]bool{}
	for i, it := range r.Items {
		if it.Split != datasets.Test {
			continue
		}
		d := parts[0].Final[i]
		tier := d.Tier
		if margin, ok := d.Margin(); ok && (slices.Max(d.Scores) < m.Thresholds[r.Tiers.Name(tier)] || margin < m.Margin) {
			tier = fallback
		}
		cm[it.Tier][tier]++
		if !seen[it.Group] && d.Probabilities != nil {
			confidence, right = append(confidence, d.Probabilities[tier]), append(right, tier == it.Tier)
		}
		seen[it.Group] = true
	}
	if len(seen) == 0 {
		return nil
	}
	accuracy := stats.WilsonShare(cm.Accuracy(), len(seen), 0.95)
	out := &centroids.Measured{
		Split: datasets.Test.String(), N: int(cm.Total()), Accuracy: cm.Accuracy(), MacroF1: cm.MacroF1(),
		Interval: [2]float64{accuracy.Low, accuracy.High}, Confusion: cm.Counts(),
	}
	if len(confidence) > 0 {
		ece := stats.ECE(confidence, right, eval.CalibrationBins)
		out.ECE = &ece
	}
	return out
}

// Histogram of the top scores.
const (
	driftLow, driftHigh = -1.0, 1.0
	driftBins           = 80
)

// drift describes the calibrate prompts by their scores alone, without labels.
func (j *job) drift(decisions []eval.Decision) *centroids.Drift {
	d := &centroids.Drift{
		Split: datasets.Calibrate.String(), Low: driftLow, High: driftHigh,
		Bins: make([]int, driftBins), Mix: map[string]int{},
	}
	for _, name := range j.Tiers.Names() {
		d.Mix[name] = 0
	}
	for i, it := range j.Items {
		if it.Split != datasets.Calibrate || decisions[i].Scores == nil {
			continue
		}
		top := slices.Max(decisions[i].Scores)
		bin := int(math.Floor((top - driftLow) / (driftHigh - driftLow) * driftBins))
		d.Bins[min(max(bin, 0), driftBins-1)]++
		d.Mix[j.Tiers.Name(slices.Index(decisions[i].Scores, top))]++
		d.N++
	}
	return d
}
