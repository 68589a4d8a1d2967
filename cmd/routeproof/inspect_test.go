package main

import (
	"strings"
	"testing"

	"github.com/routeproof/routeproof/centroids"
)

// Columns are aligned, and tiers stand in their order.
func TestPrintManifest(t *testing.T) {
	m := centroids.Manifest{
		Format: 1, Tiers: []string{"SIMPLE", "MEDIUM", "COMPLEX"}, Embedder: centroids.Identity{Kind: "static", Model: "m", Dims: 3, Digest: "0a1b"},
		Thresholds: map[string]float64{"SIMPLE": 0.25, "MEDIUM": -1, "COMPLEX": 0.5}, Margin: 0.01, Fallback: "MEDIUM",
		Dataset: centroids.Dataset{Prompts: 1}, Canaries: make([]centroids.Canary, 8), Tolerance: 0.001,
	}
	var b strings.Builder
	if err := printManifest(&b, "c.safetensors", m, true); err != nil {
		t.Fatal(err)
	}
	want := `artifact      c.safetensors (format 1)
tiers         SIMPLE < MEDIUM < COMPLEX
embedder      static m, 3 dims
digest        0a1b
scorer        centroid: cosines
thresholds    SIMPLE from 0.25, MEDIUM accepts all, COMPLEX from 0.5; margin 0.01; fallback MEDIUM
temperature   none
built from    1 prompt (0 unlabelled), content 
measured      nothing
certificates  none: tuned, not certified, so nothing is guaranteed
checksum      
verified      8 canaries within 0.001
`
	if b.String() != want {
		t.Errorf("got\n%s\nexpected\n%s", b.String(), want)
	}
}
