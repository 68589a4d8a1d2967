package gate

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/eval"
)

func provenance() Provenance {
	in, out := 0.15, 0.6
	tiers := centroids.DefaultTiers()
	costs := eval.Costs{OutputScale: 1}
	for _, name := range tiers.Names() {
		costs.Tiers = append(costs.Tiers, eval.TierModel{Tier: name, Model: "m <" + name + ">", InputPerM: &in, OutputPerM: &out, SystemTokens: 3, ExpectedOutput: 60})
	}
	costs.Tiers[3].InputPerM, costs.Tiers[3].OutputPerM = nil, nil
	p := NewProvenance("my prompts", tiers, Hashes{Dataset: "a", Label: "b", Split: "c"}, costs)
	p.Blessed = []Blessing{{When: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Why: "first", Candidate: "out"}}
	return p
}

func TestProvenanceRoundTrip(t *testing.T) {
	p := provenance()
	again, err := ParseProvenance(p.JSON())
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(p, again) {
		t.Errorf("%+v became %+v", p, again)
	}
	costs := again.Costs()
	if m := costs.Tiers[0]; m.Tier != "SIMPLE" || *m.InputPerM != 0.15 || m.SystemTokens != 3 || m.ExpectedOutput != 60 || costs.Tiers[3].InputPerM != nil || costs.Known() == nil {
		t.Errorf("%+v", costs)
	}
}

func TestProvenanceHashesPrices(t *testing.T) {
	a, b := provenance(), provenance()
	if a.Hashes.Prices == "" || a.Hashes.Prices != b.Hashes.Prices {
		t.Error("equal prices have other hashes")
	}
	other := 0.3
	costs := a.Costs()
	costs.Tiers[1].InputPerM = &other
	if c := NewProvenance("", centroids.DefaultTiers(), Hashes{}, costs); c.Hashes.Prices == a.Hashes.Prices {
		t.Error("another price has the same hash")
	}
}

func TestParseProvenanceRefuses(t *testing.T) {
	good := provenance().JSON()
	for name, text := range map[string]string{
		"nothing":                "",
		"not JSON":               "x",
		"another schema":         strings.Replace(good, "predictions/1", "predictions/2", 1),
		"unknown field":          strings.Replace(good, `"data"`, `"datum"`, 1),
		"two values":             good + "{}",
		"no tiers":               strings.Replace(good, `["SIMPLE","MEDIUM","COMPLEX","FRONTIER"]`, `[]`, 1),
		"a tier less":            strings.Replace(good, `"SIMPLE",`, ``, 1),
		"negative price":         strings.Replace(good, `"input_per_m":0.15`, `"input_per_m":-1`, 1),
		"negative system tokens": strings.Replace(good, `"system_tokens":3`, `"system_tokens":-3`, 1),
		"endless answer":         strings.Replace(good, `"expected_output_tokens":60`, `"expected_output_tokens":1e300`, 1),
	} {
		if text == good {
			t.Fatalf("%s: the text is the good one", name)
		}
		if _, err := ParseProvenance(text); err == nil || !strings.Contains(err.Error(), ProvenanceKey) {
			t.Errorf("%s: %v, expected an error that names the metadata", name, err)
		}
	}
}

func FuzzParseProvenance(f *testing.F) {
	f.Add(provenance().JSON())
	f.Add("{}")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParseProvenance(text)
		if err != nil {
			return
		}
		p.Costs()
		if again, err := ParseProvenance(p.JSON()); err != nil || again.JSON() != p.JSON() {
			t.Errorf("%q: %v", text, err)
		}
	})
}
