package synth

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/routeproof/routeproof/datasets"
)

// TestAccuracy compares models with Truth: alone, by tier and in pairs.
func TestAccuracy(t *testing.T) {
	for _, rho := range []float64{0, .3, .9, 1} {
		g := newGenerator(t, func(c *Config) { alone(c); c.ErrorCorrelation = rho; c.Timeouts = 0 })
		truth := g.Truth()
		const n = 6000
		var overall [4]tally
		var byTier, both [4][4]tally
		for i := range n {
			l := g.Latent(i)
			q := g.question(&l, "")
			var right [4]bool
			for m := range right {
				r := newRandom(1, streamOutcome, i, m)
				right[m] = g.call(&r, &q, m).right
				overall[m].add(right[m])
				byTier[m][l.Tier].add(right[m])
			}
			for a := range right {
				for b := range right {
					both[a][b].add(right[a] && right[b])
				}
			}
		}
		for a := range overall {
			overall[a].check(t, fmt.Sprintf("ρ %g, model %d", rho, a), truth.Accuracy[a])
			for k := range byTier[a] {
				byTier[a][k].check(t, fmt.Sprintf("ρ %g, model %d, tier %d", rho, a, k), truth.ByTier[a][k])
				both[a][k].check(t, fmt.Sprintf("ρ %g, models %d and %d", rho, a, k), truth.BothRight[a][k])
			}
		}
	}
}

// TestIntegrals compares with sums that look at hundreds of times as many points, and where ρ = 0 and 1 with what is known without the shared effect.
func TestIntegrals(t *testing.T) {
	for _, slope := range []float64{1, 3, 20} {
		g := newGenerator(t, func(c *Config) { c.Slope = slope })
		const n = 500_000
		fine, joint, least := make([]float64, 4), 0.0, 0.0
		for k := range n {
			d := quantile((float64(k) + .5) / n)
			for m := range fine {
				fine[m] += g.ProbabilityRight(m, d) / n
			}
			joint += g.ProbabilityRight(0, d) * g.ProbabilityRight(1, d) / n
			least += min(g.ProbabilityRight(0, d), g.ProbabilityRight(1, d)) / n
		}
		for m, want := range fine {
			if got := g.overall[m]; math.Abs(got-want) > 1e-5 {
				t.Errorf("slope %g, model %d: %.7f, expected %.7f", slope, m, got, want)
			}
		}
		for rho, want := range map[float64]float64{0: joint, 1: least} {
			g.config.ErrorCorrelation = rho
			if got := g.bothRight(0, 1); math.Abs(got-want) > 1e-5 {
				t.Errorf("slope %g, ρ %g: both right %.7f, expected %.7f", slope, rho, got, want)
			}
		}
	}
	// P(both right) at p = ½ has a closed form, ¼ + asin(ρ)/2π (Sheppard 1899):
	// a slope near 0 makes p = ½ everywhere.
	g := newGenerator(t, func(c *Config) { c.Slope = 1e-6; c.ErrorCorrelation = .7 })
	if got, want := g.bothRight(0, 1), .25+math.Asin(.7)/(2*math.Pi); math.Abs(got-want) > 1e-6 {
		t.Errorf("both right %.7f, expected %.7f", got, want)
	}
}

// TestConfidence finds the configured AUROC, and that what is said with a
// confidence of about c is right with probability c.
func TestConfidence(t *testing.T) {
	for _, want := range []float64{.5, .75, .95} {
		g := newGenerator(t, func(c *Config) { alone(c); c.Timeouts = 0; c.ConfidenceAUROC = want })
		const model = 1
		var right, wrong []float64
		bins, sums := make([]tally, 10), make([]float64, 10)
		for i := range 5000 {
			o := g.Outcome(i, model)
			c, ok := o.Confidence.Value, o.Score.Value == 1
			if ok {
				right = append(right, c)
			} else {
				wrong = append(wrong, c)
			}
			k := min(int(10*c), 9)
			bins[k].add(ok)
			sums[k] += c
		}
		slices.Sort(wrong)
		above := 0.0
		for _, c := range right {
			low, _ := slices.BinarySearch(wrong, c)
			high, _ := slices.BinarySearch(wrong, math.Nextafter(c, 2))
			above += float64(low+high) / 2
		}
		auroc := above / float64(len(right)) / float64(len(wrong))
		// A bound on its standard error: √(A(1−A)/min(n₁, n₀)) (Cortes and Mohri 2005).
		if bound := 4 * math.Sqrt(want*(1-want)/float64(min(len(right), len(wrong)))); math.Abs(auroc-want) > bound {
			t.Errorf("AUROC %.4f, expected %.4f ± %.4f", auroc, want, bound)
		}
		for k := range bins {
			if bins[k].n >= 100 {
				bins[k].check(t, fmt.Sprintf("AUROC %g, confidence %d/10", want, k), sums[k]/float64(bins[k].n))
			}
		}
	}
}

// unsure has the phrases that a router looks for.
func unsure(text string) bool {
	return slices.ContainsFunc([]string{"i'm not sure", "i don't know", "i cannot", "i'm unable", "i don't have enough", "as an ai"},
		func(phrase string) bool { return strings.Contains(strings.ToLower(text), phrase) })
}

// TestChecks applies a router's checks to the texts.
func TestChecks(t *testing.T) {
	g := newGenerator(t, func(c *Config) { alone(c); c.Timeouts = .05 })
	checks := g.Truth().Checks
	var timeouts tally
	var tooShort, uncertain, badJSON, fired [2]tally
	for i := range 6000 {
		p := g.Prompt(i)
		o := g.Outcome(i, i%4)
		timeouts.add(o.Error != "")
		if o.Error != "" {
			if o.Response.Known || o.Score.Known || o.OutputTokens.Known || o.CostUSD.Known || o.LatencyMS.Value != 30_000 {
				t.Errorf("a timeout knows more than it can: %+v", o)
			}
			continue
		}
		side := 0
		if o.Score.Value < datasets.Right {
			side = 1
		}
		text := o.Response.Value
		isShort, isUnsure := utf8.RuneCountInString(strings.TrimSpace(text)) < 20, unsure(text)
		isBad := p.TaskType != "general" && !json.Valid([]byte(text))
		tooShort[side].add(isShort)
		uncertain[side].add(isUnsure)
		if p.TaskType != "general" {
			badJSON[side].add(isBad)
		}
		fired[side].add(isShort || isUnsure || isBad)
	}
	timeouts.check(t, "timeouts", .05)
	for _, c := range []struct {
		what string
		got  [2]tally
		want Rate
	}{{"too short", tooShort, checks.TooShort}, {"uncertain", uncertain, checks.Uncertain}, {"bad JSON", badJSON, checks.BadJSON}, {"any", fired, checks.Any}} {
		c.got[0].check(t, c.what+" when right", c.want.Right)
		c.got[1].check(t, c.what+" when wrong", c.want.Wrong)
	}
}

// answerIn finds the final answer of a response; empty if there is none.
func answerIn(text string) string {
	if at := strings.LastIndex(text, "k"); at >= 0 && len(text) >= at+6 && strings.Trim(text[at+1:at+6], "0123456789") == "" {
		return text[at : at+6]
	}
	return ""
}

func TestFinalAnswers(t *testing.T) {
	g := newGenerator(t, func(c *Config) { alone(c); c.Timeouts = 0 })
	var agree tally
	for i := range 4000 {
		p := g.Prompt(i)
		a, b := g.Outcome(i, 0), g.Outcome(i, 1)
		x, y := answerIn(a.Response.Value), answerIn(b.Response.Value)
		if a.Score.Value == 1 && x != p.Reference {
			t.Fatalf("%q is right, the reference %q", a.Response.Value, p.Reference)
		}
		if a.Score.Value == 0 && x == p.Reference {
			t.Fatalf("%q is wrong, the reference %q", a.Response.Value, p.Reference)
		}
		if a.Score.Value == 0 && b.Score.Value == 0 && x != "" && y != "" {
			agree.add(x == y)
		}
	}
	agree.check(t, "wrong answers that agree", g.Truth().WrongAgree)
}

func TestTokensCostAndTime(t *testing.T) {
	g := newGenerator(t, func(c *Config) { alone(c); c.Timeouts = 0; c.Forms = Forms{} })
	var sums [4]float64 // by tier, of the model that cuts least
	var n [4]int
	for i := range 4000 {
		for m, model := range g.config.Models {
			l, o := g.Latent(i), g.Outcome(i, m)
			in, out := o.InputTokens.Value, o.OutputTokens.Value
			if want := (utf8.RuneCountInString(o.Prompt) + 3) / 4; in != want {
				t.Fatalf("%d input tokens, expected %d", in, want)
			}
			if out < 1 || out > model.MaxTokens || (o.FinishReason == "length") && out != model.MaxTokens || o.FinishReason == "" {
				t.Fatalf("%d output tokens of %d, finish reason %q", out, model.MaxTokens, o.FinishReason)
			}
			if want := (float64(in)*model.InputPerM + float64(out)*model.OutputPerM) / 1e6; o.CostUSD.Value != want {
				t.Fatalf("cost %g, expected %g", o.CostUSD.Value, want)
			}
			if !(o.TTFTMS.Value > 0 && o.TTFTMS.Value <= o.LatencyMS.Value) {
				t.Fatalf("first token after %g ms of %g", o.TTFTMS.Value, o.LatencyMS.Value)
			}
			if m == 3 {
				sums[l.Tier] += float64(out)
				n[l.Tier]++
			}
		}
	}
	for k, m := range g.config.Models {
		// Four standard errors; the mean of a log-normal e^(σN−σ²/2) is 1, its variance e^σ² − 1.
		mean := sums[k] / float64(n[k]) / m.OutputTokens
		if bound := 4 * math.Sqrt(math.Expm1(.25)/float64(n[k])); math.Abs(mean-1) > bound {
			t.Errorf("%s: output is %.3f of what is expected, ± %.3f", m.Tier, mean, bound)
		}
	}
}

func TestFractionalScores(t *testing.T) {
	g := newGenerator(t, func(c *Config) { alone(c); c.Fractional = true; c.Timeouts = 0 })
	var right tally
	values := map[float64]bool{}
	for i := range 3000 {
		s := g.Outcome(i, 0).Score.Value
		right.add(s >= datasets.Right)
		values[s] = true
	}
	right.check(t, "scores of at least ½", g.Truth().Accuracy[0])
	if len(values) != 101 {
		t.Errorf("%d different scores, expected the 101 hundredths of 0 to 1", len(values))
	}
}
