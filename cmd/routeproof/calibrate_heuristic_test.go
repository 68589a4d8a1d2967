package main

import (
	"encoding/json"
	"maps"
	"math"
	"regexp"
	"strings"
	"testing"

	"github.com/routeproof/routeproof/centroids"
)

// embeddingCost is the expected cost of the embedding classifier in a result.
func embeddingCost(t *testing.T, args ...string) float64 {
	t.Helper()
	var doc struct {
		Result struct {
			Classifiers []struct {
				Name string
				Cost struct{ Headline struct{ Value float64 } }
			}
		}
	}
	if err := json.Unmarshal([]byte(must(t, args...).stdout), &doc); err != nil {
		t.Fatal(err)
	}
	for _, c := range doc.Result.Classifiers {
		if c.Name == "embedding" {
			return c.Cost.Headline.Value
		}
	}
	t.Fatal("no embedding classifier")
	return 0
}

// The artifact that was tuned costs on test what was said, as the benchmark has
// it, and says that it is not certified.
func TestCalibrateClassifierHeuristic(t *testing.T) {
	t.Chdir(t.TempDir())
	must(t, "init", ".")
	writeFile(t, "quick.yaml", "bootstrap:\n  replicates: 100\n")
	args := []string{"calibrate", "classifier", "--prompts", "prompts.jsonl", "--heuristic", "--out", "t.safetensors"}
	var d struct {
		Heuristic  bool
		Margin     float64
		Thresholds map[string]float64
		Tune, Test struct {
			N                            int
			Headline, Everything, Saving float64
			Tiers                        map[string]struct{ N, Accepted int }
		}
		Optimism float64
	}
	if err := json.Unmarshal([]byte(must(t, append(args, "--json")...).stdout), &d); err != nil {
		t.Fatal(err)
	}
	if !d.Heuristic || d.Tune.Saving <= 0 || math.Abs(d.Optimism-(d.Tune.Saving-d.Test.Saving)) > 1e-12 || d.Tune.N < 200 || d.Test.N < 200 {
		t.Fatalf("%+v", d)
	}
	bench := []string{"bench", "--prompts", "prompts.jsonl", "--config", "quick.yaml", "--json"}
	within(t, "the tuned artifact's cost on test", &d.Test.Headline, embeddingCost(t, append(bench, "--artifact", "t.safetensors")...), 1e-9)
	within(t, "that of accepting everything", &d.Test.Everything, embeddingCost(t, bench...), 1e-9)

	a, err := centroids.Load("t.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	m := a.Manifest()
	if m.Margin != d.Margin || len(m.Certificates) != 0 {
		t.Errorf("margin %g, certificates %v", m.Margin, m.Certificates)
	}
	for tier, from := range d.Thresholds {
		if m.Thresholds[tier] != from {
			t.Errorf("%s: threshold %g, said was %g", tier, m.Thresholds[tier], from)
		}
	}
	if text := must(t, "inspect", "t.safetensors").stdout; !strings.Contains(text, "tuned, not certified") {
		t.Errorf("inspect shows\n%s", text)
	}
	if text := must(t, args...).stdout; !strings.Contains(text, "nothing is guaranteed") || !strings.Contains(text, "without a certificate") {
		t.Errorf("said is\n%s", text)
	}
	must(t, "build", "--out", "plain.safetensors")
	if text := must(t, "inspect", "plain.safetensors").stdout; strings.Contains(text, "tuned, not certified") {
		t.Errorf("of an artifact that accepts all inspect shows\n%s", text)
	}

	// Labels of test decide nothing.
	must(t, "data", "split", "prompts.jsonl", "--out", "split.jsonl")
	tier, last := regexp.MustCompile(`"tier": ?"\w+"`), `"tier":"SIMPLE"`
	var other strings.Builder
	for line := range strings.Lines(readFile(t, "split.jsonl")) {
		if regexp.MustCompile(`"split": ?"test"`).MatchString(line) {
			own := tier.FindString(line)
			line, last = strings.Replace(line, own, last, 1), own
		}
		other.WriteString(regexp.MustCompile(`"alt_tier": ?"\w+",? ?`).ReplaceAllString(line, ""))
	}
	writeFile(t, "other.jsonl", other.String())
	before := d
	if err := json.Unmarshal([]byte(must(t, "calibrate", "classifier", "--prompts", "other.jsonl", "--heuristic", "--json").stdout), &d); err != nil {
		t.Fatal(err)
	}
	if d.Margin != before.Margin || !maps.Equal(d.Thresholds, before.Thresholds) || d.Tune.Headline != before.Tune.Headline || d.Test.Headline == before.Test.Headline {
		t.Errorf("%+v, with other labels of test %+v", before, d)
	}

	writeFile(t, "unpriced.yaml", "tiers:\n  - name: SIMPLE\n  - name: MEDIUM\n  - name: COMPLEX\n  - name: FRONTIER\n")
	for wrong, says := range map[string]string{
		"--config unpriced.yaml": "tier SIMPLE has no price: set its input_per_m",
		"--risk 0.1":             "--heuristic guarantees nothing: give it without --risk",
		"--per-tier":             "give it without --per-tier",
	} {
		if r := call(t, "", append(args, strings.Fields(wrong)...)...); r.code != exitUsage || !strings.Contains(r.stderr, says) {
			t.Errorf("%s: exit %d: %s", wrong, r.code, r.stderr)
		}
	}
}
