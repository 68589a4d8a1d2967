package synth

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/routeproof/routeproof/datasets"
)

// Models answer prompts of a tier as often right as generated ones of it, and
// what they answer depends on the prompt's id alone.
func TestOutcomesOf(t *testing.T) {
	g := newGenerator(t, nil)
	const n = 8000
	var prompts []datasets.Prompt
	for i := range n {
		prompts = append(prompts, datasets.Prompt{ID: fmt.Sprint("own ", i), Text: "What is it?", Domain: "own", Tier: g.config.Models[i%4].Tier, TaskType: "extraction"})
	}
	prompts = append(prompts, datasets.Prompt{ID: "unlabelled", Text: "x"})
	collect := func(prompts []datasets.Prompt) map[string]datasets.Outcome {
		rows, err := g.OutcomesOf(prompts)
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]datasets.Outcome{}
		if err := rows(func(o datasets.Outcome) error { out[o.ID+" "+o.Model] = o; return nil }); err != nil {
			t.Fatal(err)
		}
		return out
	}
	all := collect(prompts)
	if len(all) != 4*n {
		t.Fatalf("%d outcomes, expected %d", len(all), 4*n)
	}
	truth := g.Truth()
	for m, model := range g.config.Models {
		for tier := range g.config.Models {
			right, scored := 0.0, 0.0
			for i := tier; i < n; i += 4 {
				o := all[prompts[i].ID+" "+model.Name]
				if o.Prompt != "What is it?" || o.Domain != "own" {
					t.Fatalf("%+v", o)
				}
				if o.Score.Known {
					right, scored = right+o.Score.Value, scored+1
				}
			}
			want := truth.ByTier[m][tier]
			if math.Abs(right/scored-want) > 4*math.Sqrt(want*(1-want)/scored)+1e-3 {
				t.Errorf("model %d, tier %d: accuracy %.3f, expected %.3f", m, tier, right/scored, want)
			}
		}
	}
	some := slices.Clone(prompts[100:300])
	slices.Reverse(some)
	for key, o := range collect(some) {
		if diff := cmp.Diff(all[key], o); diff != "" {
			t.Errorf("%s differs: %s", key, diff)
		}
	}
	if _, err := g.OutcomesOf([]datasets.Prompt{{ID: "1", Tier: "OTHER"}}); err == nil {
		t.Error("a tier that the configuration does not have is taken")
	}
}
