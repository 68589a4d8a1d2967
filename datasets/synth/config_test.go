package synth

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A list is taken whole: nothing of the default's models becomes part of one
// that is given.
func TestReadConfig(t *testing.T) {
	want := Default()
	want.Slope = 2
	want.Models = []Model{{Tier: "LOW", Name: "a", Share: .5}, {Tier: "HIGH", Name: "b", Share: .5}}
	want.Logs.Features = []Feature{{Name: "chat", Weight: 1}}
	got, err := ReadConfig(strings.NewReader(`{"slope":2,
		"models":[{"tier":"LOW","model":"a","share":0.5},{"tier":"HIGH","model":"b","share":0.5}],
		"logs":{"features":[{"name":"chat","weight":1}]}}`), Default())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want −, got +:\n%s", diff)
	}
	if got, err = ReadConfig(strings.NewReader(`{}`), Default()); err != nil || !cmp.Equal(got, Default()) {
		t.Errorf("{}: %v, %v", got, err)
	}
	if got, err = ReadConfig(strings.NewReader(`{"domains":[]}`), Default()); err != nil || len(got.Domains) > 0 || got.Validate() == nil {
		t.Errorf("no domains: %v, %v", got.Domains, err)
	}
	for text, want := range map[string]string{
		`{"slope":3} more`: "more behind it",
		`{"slop":3}`:       "slop",
		``:                 "truth.json",
		`[]`:               "truth.json",
	} {
		if _, err := ReadConfig(strings.NewReader(text), Default()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, expected %q in it", text, err, want)
		}
	}
}

// Out of a truth.json its parameters are taken.
func TestReadConfigOfATruth(t *testing.T) {
	got, err := ReadConfig(strings.NewReader(`{"note": "x", "parameters": {"slope": 7}, "truth": {"accuracy": [1]}}`), Default())
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Slope = 7
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want −, got +:\n%s", diff)
	}
	for _, text := range []string{`{"parameters": {"slop": 7}}`, `{"parameters": {"slope": 7}} {}`, `{"parameters": 7}`} {
		if _, err := ReadConfig(strings.NewReader(text), Default()); err == nil {
			t.Errorf("%s: no error", text)
		}
	}
}
