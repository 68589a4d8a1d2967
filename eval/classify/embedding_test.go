package classify

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/stats"
)

// compass embeds a text that names an angle, such as "at 90", as the unit
// vector of that many degrees, and others, such as the canaries, as that of 0
// degrees. "nothing" has no vector.
type compass struct{ model string }

func (c compass) Identity() centroids.Identity {
	return centroids.Identity{Kind: "compass", Model: c.model, Dims: 2, Preprocessing: "none"}
}

func (c compass) Embed(_ context.Context, dst []float32, texts []string) error {
	for i, text := range texts {
		var degrees float64
		switch {
		case strings.Contains(text, "broken"):
			return errors.New("broken text")
		case text == "nothing":
			clear(dst[2*i : 2*i+2])
			continue
		case strings.HasPrefix(text, "at "):
			if _, err := fmt.Sscanf(text, "at %g", &degrees); err != nil {
				return err
			}
		}
		sin, cos := math.Sincos(degrees * math.Pi / 180)
		dst[2*i], dst[2*i+1] = float32(cos), float32(sin)
	}
	return nil
}

func twoTiers(t testing.TB) centroids.Tiers {
	t.Helper()
	tiers, err := centroids.NewTiers("CHEAP", "DEAR")
	if err != nil {
		t.Fatal(err)
	}
	return tiers
}

func examples(tiers []int, texts ...string) []eval.Example {
	out := make([]eval.Example, len(texts))
	for i, text := range texts {
		out[i] = eval.Example{Text: datasets.NewText(text), Tier: uint8(tiers[i])}
	}
	return out
}

// fit is cheap around 0 degrees and dear around 90.
func fit() []eval.Example {
	return examples([]int{0, 0, 1, 1}, "at -10", "at 10", "at 80", "at 100")
}

func train(t testing.TB, fallback int, fit, tune []eval.Example) *Embedding {
	t.Helper()
	c, err := NewEmbeddingTrainer("embedding", twoTiers(t), fallback, compass{"plain"}, Scorer{}).Train(t.Context(), fit, tune)
	if err != nil {
		t.Fatal(err)
	}
	return c.(*Embedding)
}

func TestNearestCentroid(t *testing.T) {
	c := train(t, 1, fit(), nil)
	if c.Name() != "embedding" {
		t.Errorf("name %q", c.Name())
	}
	for _, x := range []struct {
		text string
		tier int
	}{{"at 0", 0}, {"at 44", 0}, {"at 46", 1}, {"at 180", 1}, {"at -90", 0}, {"at -134", 0}, {"at -136", 1}} {
		d := ask(t, c, x.text)[0]
		if d.Tier != x.tier {
			t.Errorf("%s: tier %d, want %d", x.text, d.Tier, x.tier)
		}
		var degrees float64
		fmt.Sscanf(x.text, "at %g", &degrees)
		sin, cos := math.Sincos(degrees * math.Pi / 180)
		if len(d.Scores) != 2 || math.Abs(d.Scores[0]-cos) > 1e-6 || math.Abs(d.Scores[1]-sin) > 1e-6 {
			t.Errorf("%s: scores %v, want the cosines %v and %v", x.text, d.Scores, cos, sin)
		}
		if d.Confidence != nil || d.Err != "" || d.Invalid || d.CostUSD != (eval.Quantity{Origin: eval.Computed}) {
			t.Errorf("%s: %+v, want a free decision without confidence", x.text, d)
		}
	}
}

func TestEqualScoresGoCheap(t *testing.T) {
	same := examples([]int{1, 0}, "at 30", "at 30")
	d := ask(t, train(t, 1, same, nil), "at 30")[0]
	if d.Scores[0] != d.Scores[1] || d.Tier != 0 {
		t.Errorf("scores %v, tier %d, want equal ones and the cheaper tier", d.Scores, d.Tier)
	}
}

func TestTextWithoutVector(t *testing.T) {
	for _, fallback := range []int{0, 1} {
		d := ask(t, train(t, fallback, fit(), fit()), "nothing", "at 0", "at 90")
		if d[0].Tier != fallback || d[0].Scores != nil || d[0].Confidence != nil || d[0].Err != "" {
			t.Errorf("%+v, want fallback tier %d without scores, and no error", d[0], fallback)
		}
		if d[1].Tier != 0 || d[2].Tier != 1 {
			t.Errorf("its neighbours go to tiers %d and %d, want 0 and 1", d[1].Tier, d[2].Tier)
		}
	}
}

// The temperature is that of stats.FitTemperature on the scores of tune.
func TestTemperatureComesFromTune(t *testing.T) {
	tune := examples([]int{0, 1, 0, 0, 1}, "at 20", "at 60", "at 70", "nothing", "at 130")
	c := train(t, 0, fit(), tune)
	var scores []float64
	var labels []int
	for i, d := range ask(t, c, "at 20", "at 60", "at 70", "nothing", "at 130") {
		if d.Scores != nil {
			scores = append(scores, d.Scores...)
			labels = append(labels, int(tune[i].Tier))
		}
	}
	want := stats.FitTemperature(scores, labels, 2).Beta
	beta := c.Artifact().Manifest().InverseTemperature
	if beta == nil || *beta != want || !(want > 0 && want < stats.MaxBeta) {
		t.Fatalf("inverse temperature %v, want %v", beta, want)
	}
	d := ask(t, c, "at 20")[0]
	p := 1 / (1 + math.Exp(want*(d.Scores[1]-d.Scores[0])))
	if d.Confidence == nil || math.Abs(*d.Confidence-p) > 1e-12 {
		t.Errorf("confidence %v, want %v", d.Confidence, p)
	}
	if len(d.Probabilities) != 2 || d.Probabilities[d.Tier] != *d.Confidence || math.Abs(d.Probabilities[0]+d.Probabilities[1]-1) > 1e-12 {
		t.Errorf("probabilities %v, confidence %v", d.Probabilities, *d.Confidence)
	}
	if dear := ask(t, c, "at 70")[0]; dear.Tier != 1 || dear.Confidence == nil || math.Abs(*dear.Confidence-p) > 1e-6 {
		t.Errorf("at 70: %+v, want the mirror image of at 20", dear)
	}
	// More of the same fit leaves it alone, other tune labels do not.
	again := train(t, 0, append(fit(), fit()...), tune)
	if got := again.Artifact().Manifest().InverseTemperature; *got != want {
		t.Errorf("inverse temperature %v with fit twice, want %v", *got, want)
	}
	tune[0].Tier = 1
	if got := train(t, 0, fit(), tune).Artifact().Manifest().InverseTemperature; *got == want {
		t.Error("another label in tune changes no temperature")
	}
}

func TestTuneLeavesCentroids(t *testing.T) {
	vectors := func(c *Embedding) [][]float32 { return [][]float32{c.Artifact().Vector(0), c.Artifact().Vector(1)} }
	want := vectors(train(t, 0, fit(), nil))
	if diff := cmp.Diff(want, vectors(train(t, 0, fit(), examples([]int{1, 1}, "at 5", "at 200")))); diff != "" {
		t.Errorf("(-without tune +with):\n%s", diff)
	}
}

func TestNoTuneNoConfidence(t *testing.T) {
	for name, tune := range map[string][]eval.Example{"none": nil, "without a vector": examples([]int{0, 1}, "nothing", "nothing")} {
		c := train(t, 0, fit(), tune)
		if beta := c.Artifact().Manifest().InverseTemperature; beta != nil {
			t.Errorf("tune %s: inverse temperature %v", name, *beta)
		}
		if d := ask(t, c, "at 10")[0]; d.Confidence != nil || d.Probabilities != nil {
			t.Errorf("tune %s: confidence %v", name, *d.Confidence)
		}
	}
}

func TestTrainingErrors(t *testing.T) {
	for name, c := range map[string]struct {
		fit, tune []eval.Example
		mention   string
	}{
		"a tier without text": {examples([]int{0}, "at 0"), nil, "DEAR"},
		"no vector":           {examples([]int{0, 1}, "at 0", "nothing"), nil, "DEAR"},
		"fit cannot embed":    {examples([]int{0, 1}, "at 0", "broken"), nil, "broken text"},
		"tune cannot embed":   {fit(), examples([]int{0}, "broken"), "broken text"},
	} {
		_, err := NewEmbeddingTrainer("embedding", twoTiers(t), 0, compass{"plain"}, Scorer{}).Train(t.Context(), c.fit, c.tune)
		if err == nil || !strings.Contains(err.Error(), c.mention) {
			t.Errorf("%s: error %v, want one that holds %q", name, err, c.mention)
		}
	}
}

func TestOtherEmbedder(t *testing.T) {
	c := train(t, 0, fit(), nil)
	if _, err := NewEmbedding("embedding", c.Artifact(), compass{"other"}); !errors.Is(err, centroids.ErrEmbedder) {
		t.Errorf("error %v, want ErrEmbedder", err)
	}
}
