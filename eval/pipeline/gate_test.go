package pipeline_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval/gate"
	"github.com/routeproof/routeproof/eval/pipeline"
)

func TestDefaultRules(t *testing.T) {
	r, err := pipeline.DefaultConfig().Rules()
	if err != nil {
		t.Fatal(err)
	}
	want := gate.Rules{Classifiers: []string{}, Margin: datasets.Known(0.02), Alpha: datasets.Known(0.05), Power: datasets.Known(0.8), Replicates: 2000, Seed: 1}
	if !reflect.DeepEqual(r, want) {
		t.Errorf("%+v, expected %+v", r, want)
	}
}

func TestRulesOfAConfiguration(t *testing.T) {
	c, err := pipeline.ParseConfig([]byte(`
gate:
  classifiers: [llm]
  slices: [{domain: billing}, {tier: "*"}, {length: 50 to 199}]
  margin: 0.03
  macro_f1: 0.04
  cost: 0.05
  certificates: true
  floors: [{metric: accuracy, value: 0.88, tier: FRONTIER}, {metric: invalid, value: 0.01, classifier: llm}]
`), "x.yaml")
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.Rules()
	if err != nil {
		t.Fatal(err)
	}
	want := gate.Rules{
		Classifiers: []string{"llm"}, Slices: []gate.Slice{{Kind: gate.Domain, Name: "billing"}, {Kind: gate.Tier, Name: "*"}, {Kind: gate.Length, Name: "50 to 199"}},
		Margin: datasets.Known(0.03), Alpha: datasets.Known(0.05), Power: datasets.Known(0.8),
		MacroF1: gate.Margin{On: true, Value: datasets.Known(0.04)}, Cost: gate.Margin{On: true, Value: datasets.Known(0.05)}, Certificates: true,
		Floors:     []gate.Floor{{Metric: gate.Accuracy, Value: 0.88, Slice: &gate.Slice{Kind: gate.Tier, Name: "FRONTIER"}}, {Metric: gate.InvalidRate, Value: 0.01, Classifier: "llm"}},
		Replicates: 2000, Seed: 1,
	}
	if !reflect.DeepEqual(r, want) {
		t.Errorf("%+v, expected %+v", r, want)
	}
}

func TestRulesRefuse(t *testing.T) {
	for text, says := range map[string]string{
		"margin: 0":                      "margin",
		"alpha: 0.6":                     "alpha",
		"inconclusive: maybe":            "inconclusive: expected fail or warn",
		"macro_f1: -1":                   "macro_f1",
		"slices: [{}]":                   "slices, number 1: expected one of domain, tier and length, found 0",
		"slices: [{domain: a, tier: b}]": "found 2",
		"floors: [{metric: accurcy, value: 0.5}]": `did you mean "accuracy"`,
		"floors: [{metric: accuracy, value: 88}]": "write shares",
		"floors: [{metric: accuracy, wert: 1}]":   "wert",
		"classifiers: [a, a]":                     "twice",
		"replicates: 5":                           "replicates",
		"max_errors: -1":                          "max_errors",
	} {
		_, err := pipeline.ParseConfig([]byte("gate: {"+text+"}\n"), "x.yaml")
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, expected %q", text, err, says)
		}
	}
}
