package reports

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/pipeline"
)

// Each sentence needs its interval or test, on either side of where it turns.
func TestTrustworthy(t *testing.T) {
	of := func(v, low, high float64) eval.Estimate {
		return eval.Estimate{Value: eval.Number(v), Low: eval.Number(low), High: eval.Number(high)}
	}
	undefined := of(math.NaN(), math.NaN(), math.NaN())
	good := func() *eval.Calibration {
		return &eval.Calibration{
			N: 200, Mean: 0.75, Accuracy: of(0.7, 0.63, 0.76), ECE: 0.06, Null: of(0.05, 0.03, 0.08),
			Brier: &eval.Brier{N: 200, Score: of(0.4, 0.35, 0.45), Reference: 0.7, Gain: of(0.3, 0.25, 0.35)},
			Risk: eval.RiskCoverage{AURC: of(0.2, 0.1, 0.25), Random: 0.3, Perfect: 0.05, P: 0.001,
				Curve: []eval.RiskPoint{{Confidence: 0.9, Coverage: 0.25, Risk: 0.1}, {Confidence: 0.8, Coverage: 0.5, Risk: 0.2}, {Confidence: 0.5, Coverage: 1, Risk: 0.3}}},
		}
	}
	const (
		fits     = "not distinguishable from calibrated"
		off      = "not calibrated"
		over     = "over-confident, by about 5.0 points**: it says 75.0 % and is right for 70.0 % [60.0, 74.0]"
		under    = "under-confident, by about 5.0 points"
		more     = "say more than the tiers' shares in train: the Brier score is 0.300 lower (0.250 to 0.350)"
		less     = "say less than the tiers' shares in train"
		notMore  = "That its probabilities say more"
		surer    = "Surer decisions are more often right (p = 0.001): 20.0 % [13.3, 28.9] of the surest 50.0 % are wrong, 30.0 % of all."
		notSurer = "That surer decisions are more often right is not shown."
	)
	all := []string{fits, off, over, under, more, less, notMore, "Surer decisions are", notSurer, "too few"}
	for name, c := range map[string]struct {
		change func(*eval.Calibration)
		want   []string
	}{
		"all is well":          {func(*eval.Calibration) {}, []string{fits, more, surer}},
		"at the null interval": {func(c *eval.Calibration) { c.ECE = 0.08; c.Accuracy = of(0.7, 0.6, 0.74) }, []string{fits, more, surer}},
		"over":                 {func(c *eval.Calibration) { c.ECE = 0.081; c.Accuracy = of(0.7, 0.6, 0.74) }, []string{over, more, surer}},
		"under":                {func(c *eval.Calibration) { c.ECE = 0.1; c.Accuracy = of(0.8, 0.76, 0.9) }, []string{under, more, surer}},
		"in places":            {func(c *eval.Calibration) { c.ECE = 0.1 }, []string{off, more, surer}},
		"no gain":              {func(c *eval.Calibration) { c.Brier.Gain = of(0.1, -0.01, 0.2) }, []string{fits, notMore, surer}},
		"a loss":               {func(c *eval.Calibration) { c.Brier.Gain = of(-0.1, -0.2, -0.01) }, []string{fits, less, surer}},
		"no reference":         {func(c *eval.Calibration) { c.Brier.Gain = undefined }, []string{fits, surer}},
		"confidence alone":     {func(c *eval.Calibration) { c.Brier = nil }, []string{fits, surer}},
		"no order":             {func(c *eval.Calibration) { c.Risk.P = 0.051 }, []string{fits, more, notSurer}},
		"half of it tied":      {func(c *eval.Calibration) { c.Risk.Curve = c.Risk.Curve[2:] }, []string{fits, more, "Surer decisions are"}},
		"nothing wrong":        {func(c *eval.Calibration) { c.Risk.Random, c.Risk.P = 0, 1 }, []string{fits, more, "None of its decisions is wrong"}},
		"few":                  {func(c *eval.Calibration) { c.N = 29 }, []string{"too few"}},
		"one":                  {func(c *eval.Calibration) { c.N, c.Brier.Gain = 1, undefined }, []string{"1 prompt with a confidence: too few"}},
	} {
		calibration := good()
		c.change(calibration)
		got := trustworthy(calibration)
		for _, want := range c.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: %q lacks %q", name, got, want)
			}
		}
		said := 0
		for _, sentence := range all {
			if strings.Contains(got, sentence) {
				said++
			}
		}
		if want := len(c.want); said > want || strings.Contains(got, "NaN") {
			t.Errorf("%s: says more than %q: %q", name, c.want, got)
		}
	}
}

// stated gives every recorded answer the same log-probabilities.
func stated(in *input, but func(datasets.Prompt) bool) {
	answers := map[string]datasets.Answer{}
	for i, p := range in.Prompts {
		a := datasets.Answer{Text: p.Tier}
		if i%3 == 0 {
			a.Text = "MEDIUM"
		}
		if !but(p) {
			a.Logprobs = fmt.Sprintf(`[{"token":%q,"logprob":-0.01,"top_logprobs":[{"token":"COMPLEX","logprob":-5},{"token":"SIMPLE","logprob":-%d}]}]`, a.Text, 6+i%7)
		}
		answers[p.ID] = a
	}
	in.Answers = answers
}

func TestReportOfLogprobs(t *testing.T) {
	split := map[string]datasets.Split{}
	for _, it := range builtinRun(t, nil).Items {
		split[it.ID] = it.Split
	}
	scaled := builtinRun(t, func(_ *pipeline.Config, in *input) {
		stated(in, func(datasets.Prompt) bool { return false })
	})
	report := markdown(t, scaled)
	for _, want := range []string{
		"came with log-probabilities on 1,200 of 1,200 labelled prompts", fmt.Sprintf("β = %.4g was fitted on", *scaled.LLM.InverseTemperature),
		"(plots/reliability-llm.svg)", "(plots/reliability-embedding.svg)", "(plots/risk.svg)",
	} {
		if !strings.Contains(report, want) {
			t.Errorf("the report lacks %q", want)
		}
	}
	risk := riskPlot(plotted(scaled.Result))
	for _, want := range []string{">llm<", ">embedding<", ">llm sorted at random<", "less is better"} {
		if !bytes.Contains(risk, []byte(want)) {
			t.Errorf("the plot of risk lacks %q", want)
		}
	}
	raw := markdown(t, builtinRun(t, func(_ *pipeline.Config, in *input) {
		stated(in, func(p datasets.Prompt) bool { return split[p.ID] == datasets.Tune })
	}))
	for _, want := range []string{"none of them in tune: its probabilities are as the model stated them", "over-confident, by about"} {
		if !strings.Contains(raw, want) {
			t.Errorf("without log-probabilities in tune the report lacks %q", want)
		}
	}
}

// Where nobody states a confidence there is no plot, and those of an earlier run
// go.
func TestReportWithoutConfidence(t *testing.T) {
	folder := t.TempDir()
	with := builtinRun(t, func(_ *pipeline.Config, in *input) { stated(in, func(datasets.Prompt) bool { return false }) })
	if err := Write(folder, with, Environment{Started: time.Unix(0, 0)}); err != nil {
		t.Fatal(err)
	}
	files := []string{plotRisk, reliabilityFile("embedding"), reliabilityFile("llm")}
	for _, name := range files {
		if _, err := os.Stat(filepath.Join(folder, name)); err != nil {
			t.Error(err)
		}
	}
	m := with.Artifact.Manifest()
	m.InverseTemperature = nil
	cold, err := with.Artifact.WithManifest(m)
	if err != nil {
		t.Fatal(err)
	}
	without := builtinRun(t, func(_ *pipeline.Config, in *input) { in.Artifact = cold })
	if err := Write(folder, without, Environment{Started: time.Unix(0, 0)}); err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if _, err := os.Stat(filepath.Join(folder, name)); err == nil {
			t.Errorf("%s is left of the run before", name)
		}
	}
	report := markdown(t, without)
	if strings.Contains(report, "reliability-") || strings.Contains(report, plotRisk) || strings.Contains(report, "ECE if calibrated") {
		t.Error("the report shows confidence though nobody states one")
	}
	if !strings.Contains(report, "No confidence is stated by `rule+embedding+llm`, ") {
		t.Error("the report does not say that nobody states a confidence")
	}
}

// The steps drawn have the area that the table has.
func TestRiskPlotIsTheCurve(t *testing.T) {
	l := perfectLine("x", 0.25)
	// Trapezoids of the perfect curve, against its limit r + (1−r)·ln(1−r).
	area := 0.0
	for i := 1; i < len(l.X); i++ {
		area += (l.X[i] - l.X[i-1]) * (l.Y[i] + l.Y[i-1]) / 2
	}
	if want := 0.25 + 0.75*math.Log(0.75); math.Abs(area-want) > 1e-4 || l.X[len(l.X)-1] != 1 || math.Abs(l.Y[len(l.Y)-1]-0.25) > 1e-12 {
		t.Errorf("area %v, want %v; ends at %v, %v", area, want, l.X[len(l.X)-1], l.Y[len(l.Y)-1])
	}
	for _, wrong := range []float64{0, 1} {
		l := perfectLine("x", wrong)
		for i, y := range l.Y {
			if math.IsNaN(y) || l.X[i] > 0 && y != wrong {
				t.Errorf("%v wrong: %v at %v", wrong, y, l.X[i])
			}
		}
	}
}
