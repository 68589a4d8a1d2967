package pipeline_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/datasets/synth"
	"github.com/routeproof/routeproof/eval/pipeline"
	"github.com/routeproof/routeproof/eval/policy"
)

// outcomesOf returns made-up outcomes of prompts that keep takes.
func outcomesOf(t *testing.T, prompts []datasets.Prompt, keep func(o *datasets.Outcome) bool) *pipeline.Outcomes {
	t.Helper()
	g, err := synth.New(synth.Default())
	if err != nil {
		t.Fatal(err)
	}
	rows, err := g.OutcomesOf(prompts)
	if err != nil {
		t.Fatal(err)
	}
	return &pipeline.Outcomes{Name: "made.jsonl", Answer: `regex:k\d+`, Scan: func(visit func(*datasets.Outcome) error) error {
		return rows(func(o datasets.Outcome) error {
			if keep != nil && !keep(&o) {
				return nil
			}
			return visit(&o)
		})
	}}
}

func withOutcomes(t *testing.T, keep func(o *datasets.Outcome) bool, change func(*pipeline.Config, *input)) (*pipeline.Run, error) {
	t.Helper()
	return execute(t, func(c *pipeline.Config, in *input) {
		if change != nil {
			change(c, in)
		}
		in.Outcomes = outcomesOf(t, in.Prompts, keep)
	})
}

// Policies are about test prompts alone, and a route does what its classifier
// decided.
func TestPolicies(t *testing.T) {
	run, err := withOutcomes(t, func(o *datasets.Outcome) bool {
		o.Score, o.Error = datasets.Known(1.0), "" // so that every test prompt is compared
		o.CostUSD, o.LatencyMS = datasets.Known(float64(len(o.Model))), datasets.Known(1.0)
		if !o.Response.Known {
			o.Response = datasets.Known("an answer that is long enough")
		}
		return true
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := run.Policies
	if p.Comparison.N != run.Result.N || p.Totals.N != run.Result.N {
		t.Fatalf("%d and %d requests, expected the %d test prompts", p.Comparison.N, p.Totals.N, run.Result.N)
	}
	names := map[string]float64{}
	for _, row := range p.Comparison.Rows {
		names[row.Policy] = float64(row.Cost.Value)
	}
	for _, prediction := range run.Predictions {
		if strings.Contains(prediction.Classifier, "+") && prediction.Classifier != run.Result.Classifiers[0].Name {
			continue
		}
		want, n := 0.0, 0.0
		for i, d := range prediction.Final.All() {
			if run.Items[i].Split == datasets.Test {
				n++
				want += float64(len(run.Config.Tiers[d.Tier].Model)) + d.CostUSD.Value
			}
		}
		if got := names["route by "+prediction.Classifier]; math.Abs(got-want/n) > 1e-9 {
			t.Errorf("route by %s costs %g, expected %g", prediction.Classifier, got, want/n)
		}
		if _, ok := names["hybrid by "+prediction.Classifier]; !ok {
			t.Errorf("no hybrid by %s", prediction.Classifier)
		}
	}
	if len(p.Pairs) != 6 || len(p.Sweeps) != 3 || len(p.Cascade) != 4 || p.Agreement.Answer != `regex:k\d+` {
		t.Errorf("%d pairs, %d sweeps, %d tiers, agreement %+v", len(p.Pairs), len(p.Sweeps), len(p.Cascade), p.Agreement)
	}
	asked := 0
	for _, tier := range p.Cascade {
		asked = max(asked, tier.Asked)
	}
	if asked != run.Result.N {
		t.Errorf("the first tier was asked %d times", asked)
	}
}

// Test labels reach no policy but through outcomes: the cascade is as it was.
func TestPoliciesWithoutOutcomes(t *testing.T) {
	run, err := execute(t, nil)
	if err != nil || run.Policies != nil {
		t.Errorf("%v, %v", run.Policies, err)
	}
}

func TestPoliciesRefuse(t *testing.T) {
	var config *pipeline.ConfigError
	var content *datasets.ContentError
	_, err := withOutcomes(t, nil, func(c *pipeline.Config, _ *input) { c.Tiers[1].Model = "another" })
	if !errors.As(err, &config) || !strings.Contains(err.Error(), `no answers of model "another"`) {
		t.Errorf("a model without outcomes: %v", err)
	}
	_, err = withOutcomes(t, nil, func(c *pipeline.Config, _ *input) { c.Tiers[1].Model = c.Tiers[0].Model })
	if !errors.As(err, &config) || !strings.Contains(err.Error(), "stands twice") {
		t.Errorf("one model for two tiers: %v", err)
	}
	_, err = withOutcomes(t, func(o *datasets.Outcome) bool { o.ID = "other " + o.ID; return true }, nil)
	if !errors.As(err, &content) || !strings.Contains(err.Error(), "expected the same ids") {
		t.Errorf("outcomes of other prompts: %v", err)
	}
	_, err = withOutcomes(t, func(o *datasets.Outcome) bool { o.Score = datasets.Optional[float64]{}; return o.Error == "" }, nil)
	if !errors.As(err, &content) || !strings.Contains(err.Error(), "known quality") {
		t.Errorf("outcomes without scores: %v", err)
	}
	_, err = withOutcomes(t, nil, func(_ *pipeline.Config, in *input) {
		for i := range in.Prompts {
			in.Prompts[i].Schema = `{"$ref":"http://localhost/x"}`
		}
	})
	if !errors.As(err, &content) || content.First[0].Field != "schema" {
		t.Errorf("a schema that refers elsewhere: %v", err)
	}
}

// Holes leave requests out, and say how many.
func TestPoliciesWithHoles(t *testing.T) {
	seen := map[string]bool{}
	run, err := withOutcomes(t, func(o *datasets.Outcome) bool {
		seen[o.ID] = true
		return len(seen)%2 == 0 || !strings.Contains(o.Model, "haiku")
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	c := run.Policies.Comparison
	if c.LeftOut == 0 || c.N+c.LeftOut != run.Result.N || run.Policies.Totals.LeftOut == 0 {
		t.Errorf("%d compared, %d left out of %d; cascade %+v", c.N, c.LeftOut, run.Result.N, run.Policies.Totals)
	}
}

func TestCosineAgreement(t *testing.T) {
	run, err := withOutcomes(t, nil, func(c *pipeline.Config, _ *input) { c.Policies.Agreement.By = pipeline.ByCosine })
	if err != nil {
		t.Fatal(err)
	}
	if points := run.Policies.Pairs[0].Points.Len(); points < 10 || run.Policies.Agreement.SimilarityFrom() != .92 {
		t.Errorf("%d points from %g", points, run.Policies.Agreement.SimilarityFrom())
	}
	_, err = pipeline.NewAgreement(pipeline.AgreementConfig{By: pipeline.ByCosine}, lookup{})
	var config *pipeline.ConfigError
	if !errors.As(err, &config) {
		t.Errorf("recorded vectors embed responses: %v", err)
	}
}

// lookup is an embedder of recorded vectors.
type lookup struct{ centroids.Embedder }

func (lookup) Knows(string) bool { return false }

func TestPolicyConfig(t *testing.T) {
	for text, want := range map[string]string{
		"policies:\n  checks:\n    min_chars: -1":     "checks",
		"policies:\n  checks:\n    min_confidence: 2": "expected 0 to 1",
		"policies:\n  checks:\n    pattern: '('":      "pattern",
		"policies:\n  checks:\n    min_char: 3":       "min_chars",
		"policies:\n  agreement:\n    by: vote":       "expected answer or cosine",
		"policies:\n  agreement:\n    answer: json":   "json:FIELD",
		"policies:\n  agreement:\n    threshold: 2":   "expected -1 to 1",
	} {
		if _, err := pipeline.ParseConfig([]byte(text), "f.yaml"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, expected %q in it", text, err, want)
		}
	}
	c, err := pipeline.ParseConfig([]byte("policies:\n  checks:\n    phrases: []\n  agreement:\n    by: cosine"), "f.yaml")
	if err != nil || len(c.Policies.Checks.Phrases) != 0 || c.Policies.Checks.MinChars != 20 || c.Policies.Agreement.SimilarityFrom() != .92 {
		t.Errorf("%+v, %v", c.Policies, err)
	}
	if diff := cmp.Diff(policy.DefaultChecks(), pipeline.DefaultConfig().Policies.Checks.Policy()); diff != "" {
		t.Errorf("the configuration's checks differ from the usual ones: %s", diff)
	}
}
