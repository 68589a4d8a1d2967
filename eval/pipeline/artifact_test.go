package pipeline_test

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/pipeline"
)

// What an artifact with thresholds is said to reach is what scoring that artifact
// on its test prompts finds.
func TestRemeasured(t *testing.T) {
	run, err := execute(t, choosing)
	if err != nil {
		t.Fatal(err)
	}
	plain := run.Artifact.Manifest()
	if diff := cmp.Diff(plain.Measured, run.Remeasured(plain), cmpopts.EquateApprox(0, 1e-12)); diff != "" {
		t.Errorf("of an artifact that accepts everything: %s", diff)
	}
	strict := run.Artifact.Manifest()
	strict.Margin, strict.Thresholds["FRONTIER"], strict.Thresholds["SIMPLE"] = 0.2, 2, 0.7
	strict.Measured = run.Remeasured(strict)
	a, err := run.Artifact.WithManifest(strict)
	if err != nil {
		t.Fatal(err)
	}
	again, err := execute(t, func(_ *pipeline.Config, in *input) { in.Artifact = a })
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range again.Result.Classifiers {
		if s.Name != pipeline.EmbeddingName {
			continue
		}
		m := strict.Measured
		if math.Abs(float64(s.Accuracy.Value)-m.Accuracy) > 1e-12 || math.Abs(float64(s.MacroF1.Value)-m.MacroF1) > 1e-12 || m.N != s.N ||
			math.Abs(float64(s.Calibration.ECE)-*m.ECE) > 1e-12 || math.Abs(float64(s.Accuracy.Low)-m.Interval[0]) > 1e-12 {
			t.Errorf("%+v, scored it is %+v", m, s)
		}
		if diff := cmp.Diff(s.Confusion.Counts(), m.Confusion); diff != "" || m.Accuracy >= plain.Measured.Accuracy {
			t.Errorf("%s", diff)
		}
	}
	// What it refuses is never a sure decision of a hybrid.
	p := decided(t, again, pipeline.EmbeddingName)
	refused := 0
	for _, d := range p.Final.All() {
		if d.Refused {
			refused++
		}
	}
	sure := decided(t, again, pipeline.ThreeStage)
	if refused < 100 || slices.ContainsFunc(listOf(sure.Final), func(d eval.Decision) bool { return d.Refused }) {
		t.Errorf("%d decisions are refused; a hybrid takes some of them", refused)
	}
}

// listOf is decisions as comparing them prints them.
func listOf(d *eval.Decisions) []eval.Decision {
	var out []eval.Decision
	for _, decision := range d.All() {
		out = append(out, decision)
	}
	return out
}
