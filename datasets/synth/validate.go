package synth

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/datasets"
)

// Validate tells what is wrong with the configuration, or nil.
func (c Config) Validate() error {
	if err := c.Ladder().Validate(); err != nil {
		return err
	}
	if _, err := centroids.NewTiers(c.Ladder().Tiers()...); err != nil {
		return err
	}
	var v validator
	sum := 0.0
	for i, m := range c.Models {
		sum += m.Share
		v.at = fmt.Sprintf("models[%d].", i)
		v.text("tier", m.Tier)
		v.text("model", m.Name)
		v.between("share", m.Share, .001, 1)
		v.between("words", m.Words, 1, 2000)
		v.between("output_tokens", m.OutputTokens, 1, 1e6)
		if m.Ability != nil {
			v.between("ability", *m.Ability, -100, 100)
		}
		v.whole("max_tokens", m.MaxTokens, 1, 1e8)
		v.speed(m.Speed)
	}
	v.at = ""
	if math.Abs(sum-1) > 1e-9 {
		v.fail("models: expected shares that sum to 1, found %g", sum)
	}
	v.between("slope", c.Slope, 1e-6, 1000)
	v.between("error_correlation", c.ErrorCorrelation, 0, 1)
	v.between("confidence_auroc", c.ConfidenceAUROC, .5, .9999)
	v.whole("distractors", c.Distractors, 1, 1000)
	v.between("timeouts", c.Timeouts, 0, 1)
	v.between("timeout_ms", c.TimeoutMS, 0, 1e9)
	v.between("output_spread", c.OutputSpread, 0, 3)
	v.between("latency_spread", c.LatencySpread, 0, 3)
	v.between("word_signal", c.WordSignal, 0, 1)
	v.between("length_spread", c.LengthSpread, 0, 3)
	v.between("zipf_exponent", c.ZipfExponent, 0, 5)
	v.between("near_duplicates", c.NearDuplicates, 0, .99)
	v.forms(c.Forms)
	v.shares("domains", c.Domains)
	v.shares("languages", c.Languages)
	v.shares("task_types", c.TaskTypes)
	for _, s := range c.TaskTypes {
		if !slices.Contains(datasets.TaskTypes(), s.Name) {
			v.fail("task_types: expected names among %s, found %q", strings.Join(datasets.TaskTypes(), ", "), s.Name)
		}
	}
	v.at = "classifier."
	v.text("model", c.Classifier.Model)
	v.rate("accuracy", c.Classifier.Accuracy)
	v.rate("invalid", c.Classifier.Invalid)
	v.speed(c.Classifier.Speed)
	v.logs(c.Logs, len(c.Models))
	return v.err
}

// A validator keeps the first fault.
type validator struct {
	at  string
	err error
}

func (v *validator) fail(format string, args ...any) {
	if v.err == nil {
		v.err = fmt.Errorf(v.at+format, args...)
	}
}

func (v *validator) between(name string, x, low, high float64) {
	if !(x >= low && x <= high) { // refuses NaN
		v.fail("%s: expected %g to %g, found %g", name, low, high, x)
	}
}

func (v *validator) rate(name string, x float64) { v.between(name, x, 0, 1) }

func (v *validator) whole(name string, n, low, high int) {
	if n < low || n > high {
		v.fail("%s: expected %d to %d, found %d", name, low, high, n)
	}
}

func (v *validator) text(name, s string) {
	if s == "" || !utf8.ValidString(s) {
		v.fail("%s: expected a name in UTF-8, found %q", name, s)
	}
}

func (v *validator) speed(s Speed) {
	v.between("input_per_m", s.InputPerM, 0, 1e6)
	v.between("output_per_m", s.OutputPerM, 0, 1e6)
	v.between("ttft_ms", s.TTFTMS, 0, 1e6)
	v.between("tokens_per_s", s.TokensPerS, 1e-3, 1e9)
}

func (v *validator) forms(f Forms) {
	for _, r := range []struct {
		name string
		Rate
	}{{"short", f.Short}, {"uncertain", f.Uncertain}, {"malformed", f.Malformed}, {"refusing", Rate{Wrong: f.Refusing}}, {"empty", Rate{Wrong: f.Empty}}} {
		v.rate("forms."+r.name, r.Right)
		v.rate("forms."+r.name, r.Wrong)
	}
	const slack = 1e-9
	if s := f.Short.Right + f.Uncertain.Right + f.Malformed.Right; s > 1+slack {
		v.fail("forms: expected rates of right answers that sum to at most 1, found %g", s)
	}
	if s := f.Short.Wrong + f.Uncertain.Wrong + f.Malformed.Wrong + f.Refusing + f.Empty; s > 1+slack {
		v.fail("forms: expected rates of wrong answers that sum to at most 1, found %g", s)
	}
}

func (v *validator) shares(name string, list []Share) {
	if len(list) < 1 || len(list) > 32 {
		v.fail("%s: expected 1 to 32, found %d", name, len(list))
	}
	for i, s := range list {
		v.text(name, s.Name)
		v.weight(name+": "+s.Name, s.Weight)
		if slices.ContainsFunc(list[:i], func(o Share) bool { return o.Name == s.Name }) {
			v.fail("%s: %q stands twice", name, s.Name)
		}
	}
}

func (v *validator) weight(name string, w float64) {
	if !(w > 0 && w <= 1e9) {
		v.fail("%s: expected a weight over 0 and at most 1e9, found %g", name, w)
	}
}

// latest is the last second of the year 9999.
const latest = 253402300799

func (v *validator) logs(l Logs, tiers int) {
	v.at = "logs."
	v.between("start", float64(l.Start), 0, latest)
	v.between("per_day", l.PerDay, 1e-3, 1e9)
	v.between("daily_swing", l.DailySwing, 0, 1)
	v.between("weekend", l.Weekend, 1e-3, 1000)
	v.whole("messages", l.Messages, 1, 10_000_000)
	v.rate("router_accuracy", l.RouterAccuracy)
	v.whole("drift.day", l.Drift.Day, 0, 1e6)
	v.rate("drift.harder", l.Drift.Harder)
	v.rate("drift.score_drop", l.Drift.ScoreDrop)
	v.whole("features", len(l.Features), 1, 1000)
	for i, f := range l.Features {
		v.text("features", f.Name)
		v.weight("features: "+f.Name, f.Weight)
		if slices.ContainsFunc(l.Features[:i], func(o Feature) bool { return o.Name == f.Name }) {
			v.fail("features: %q stands twice", f.Name)
		}
		if f.Mix == nil {
			continue
		}
		if len(f.Mix) != tiers {
			v.fail("features: %s: expected a mix of %d tiers, found %d", f.Name, tiers, len(f.Mix))
		}
		sum := 0.0
		for _, w := range f.Mix {
			v.between("features: "+f.Name+": mix", w, 0, 1e9)
			sum += w
		}
		if !(sum > 0) {
			v.fail("features: %s: expected a mix with a weight over 0", f.Name)
		}
	}
}
