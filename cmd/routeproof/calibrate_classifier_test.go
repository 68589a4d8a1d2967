package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/routeproof/routeproof/centroids"
)

// The certified margin and its certificate stand in the artifact, which decides
// by them: what is accepted on test is what was said.
func TestCalibrateClassifier(t *testing.T) {
	t.Chdir(t.TempDir())
	must(t, "init", ".")
	type part struct {
		Tier   string
		Result struct {
			Certified bool
			Setting   struct {
				Thresholds []float64
				N, Errors  int
			}
		}
		Test struct{ N, Accepted, Wrong int }
	}
	var doc struct{ Parts []part }
	writeFile(t, "plain.yaml", "classifiers:\n  embedding: {structure: none, scorer: centroid}\n")
	args := []string{"calibrate", "classifier", "--config", "plain.yaml", "--prompts", "prompts.jsonl", "--loss", "under", "--risk", "0.201234"}
	r := must(t, append(args, "--out", "c.safetensors", "--json")...)
	if err := json.Unmarshal([]byte(r.stdout), &doc); err != nil || len(doc.Parts) != 1 || !doc.Parts[0].Result.Certified {
		t.Fatalf("%v: %s", err, r.stdout)
	}
	d := doc.Parts[0]
	a, err := centroids.Load("c.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	m := a.Manifest()
	if m.Margin != d.Result.Setting.Thresholds[0] || len(m.Certificates) != 1 {
		t.Fatalf("margin %g, certificates %+v, expected the margin %v and one", m.Margin, m.Certificates, d.Result.Setting.Thresholds)
	}
	if c := m.Certificates[0]; c.Alpha != 0.201234 || c.Delta != 0.05 || c.N != d.Result.Setting.N || c.Errors != d.Result.Setting.Errors ||
		c.Claim != fmt.Sprintf("of the decisions whose two best scores are at least %v apart, at most 20.1234 %% name a lower tier than the prompt's", m.Margin) {
		t.Errorf("%+v", c)
	}
	if text := must(t, "inspect", "c.safetensors", "--verify").stdout; !strings.Contains(text, "at most 20.1234 % name a lower tier") {
		t.Errorf("inspect shows\n%s", text)
	}
	// The artifact by itself accepts the same share of the test prompts.
	must(t, "run", "--prompts", "prompts.jsonl", "--out", "out")
	splits := splitsOf(t, "out/predictions.parquet")
	accepted := 0
	for _, line := range strings.Split(strings.TrimSpace(must(t, "classify", "--artifact", "c.safetensors", "--in", "prompts.jsonl").stdout), "\n") {
		var c classified
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			t.Fatal(err)
		}
		if splits[c.ID] == "test" && c.Accepted {
			accepted++
		}
	}
	if accepted != d.Test.Accepted || accepted == 0 || accepted == d.Test.N {
		t.Errorf("the artifact accepts %d test prompts, %d of %d were said", accepted, d.Test.Accepted, d.Test.N)
	}

	// Tier by tier: thresholds where there is a certificate, and nothing accepted
	// where there is none.
	doc.Parts = nil
	r = must(t, append(args[:len(args)-1:len(args)-1], "0.4", "--per-tier", "--out", "tiers.safetensors", "--json")...)
	if err := json.Unmarshal([]byte(r.stdout), &doc); err != nil || len(doc.Parts) != 4 {
		t.Fatalf("%v: %s", err, r.stdout)
	}
	if a, err = centroids.Load("tiers.safetensors"); err != nil {
		t.Fatal(err)
	}
	certificates := 0
	for _, p := range doc.Parts {
		want := 2.0
		if p.Tier == "FRONTIER" {
			want = -1 // no decision for the last tier can be too low
		}
		if p.Result.Certified {
			certificates++
			want = p.Result.Setting.Thresholds[0]
		}
		if got := a.Manifest().Thresholds[p.Tier]; got != want {
			t.Errorf("%s: threshold %g, expected %g", p.Tier, got, want)
		}
	}
	if m := a.Manifest(); certificates == 0 || len(m.Certificates) != certificates || m.Margin != 0 || math.Abs(m.Certificates[0].Delta-0.05/3) > 1e-12 || doc.Parts[3].Result.Certified {
		t.Errorf("%d certified: %+v", certificates, m.Certificates)
	}

	r = must(t, "calibrate", "classifier", "--prompts", "prompts.jsonl", "--risk", "0.02", "--out", "none.safetensors")
	if _, err := os.Stat("none.safetensors"); err == nil || !strings.Contains(r.stdout, "Not certifiable") {
		t.Errorf("%v: %s", err, r.stdout)
	}
	for _, wrong := range [][]string{{"--risk", "0"}, {"--confidence", "1"}, {"--loss", "over"}, {"--out", "x.json"}} {
		if r := call(t, "", append(args[:6:6], wrong...)...); r.code != exitUsage {
			t.Errorf("%v: exit %d: %s", wrong, r.code, r.stderr)
		}
	}
}
