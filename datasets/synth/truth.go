package synth

import (
	"math"
	"slices"
)

// A Truth is what the configuration makes true of the population that rows are
// drawn from, to compare estimates with. Models and tiers are in the ladder's
// order.
type Truth struct {
	Thresholds []float64   `json:"thresholds"` // between tiers, of difficulty; one fewer than tiers
	Abilities  []float64   `json:"abilities"`
	Accuracy   []float64   `json:"accuracy"`    // P(right) of each model
	ByTier     [][]float64 `json:"by_tier"`     // P(right) of a model over a tier's prompts: [model][tier]
	BothRight  [][]float64 `json:"both_right"`  // P(two models are both right): [model][model]
	WordLimit  float64     `json:"word_limit"`  // the best accuracy of a classifier that sees words but not their number
	Confusion  [][]float64 `json:"confusion"`   // P(the classifier names a tier): [truth][named], of valid answers
	Checks     Checks      `json:"checks"`      // how often what a router checks fires
	WrongAgree float64     `json:"wrong_agree"` // P(two wrong answers agree)
	Logs       LogTruth    `json:"logs"`
}

// Checks are the rates at which a router's checks fire on right and on wrong
// answers.
type Checks struct {
	TooShort  Rate `json:"too_short"` // under 20 characters
	Uncertain Rate `json:"uncertain"` // not sure, or refusing
	BadJSON   Rate `json:"bad_json"`  // does not parse, among tasks that require JSON
	Any       Rate `json:"any"`       // any of them, over all tasks
}

// Truth returns what is true of the population. Integrals are midpoint sums, over
// the quantiles of difficulty in each tier; for slopes up to 20 the error is below
// 10⁻⁵.
func (g *Generator) Truth() Truth {
	c := g.config
	t := Truth{
		Abilities: slices.Clone(g.ability), Accuracy: slices.Clone(g.overall),
		WordLimit: g.wordLimit(), Checks: g.checks(), WrongAgree: 1 / float64(c.Distractors),
		Logs: g.logTruth(),
	}
	for i := range c.Models {
		if i > 0 {
			t.Thresholds = append(t.Thresholds, quantile(g.tiers[i-1]))
		}
		t.ByTier = append(t.ByTier, slices.Clone(g.accuracy[i]))
		t.Confusion = append(t.Confusion, g.confusion(i, c.Classifier.Accuracy))
		row := make([]float64, len(c.Models))
		for j := range row {
			if row[j] = g.overall[i]; i != j {
				row[j] = g.bothRight(min(i, j), max(i, j))
			}
		}
		t.BothRight = append(t.BothRight, row)
	}
	return t
}

// ProbabilityRight is P(right) of a model at a difficulty:
// sigmoid(slope · (ability − difficulty)).
func (g *Generator) ProbabilityRight(model int, difficulty float64) float64 {
	return sigmoid(g.config.Slope * (g.ability[model] - difficulty))
}

// abilities fills in those that are not given. The last tier's upper threshold
// is where a tenth of it lies beyond.
func abilities(models []Model, tiers []float64) []float64 {
	out := make([]float64, len(models))
	for i, m := range models {
		switch {
		case m.Ability != nil:
			out[i] = *m.Ability
		case i == len(models)-1:
			out[i] = quantile(1-m.Share/10) + .25
		default:
			out[i] = quantile(tiers[i]) + .25
		}
	}
	return out
}

const steps = 2048 // of an integral over a tier

// integrate fills in accuracies.
func (g *Generator) integrate() {
	n := len(g.config.Models)
	g.accuracy, g.overall = make([][]float64, n), make([]float64, n)
	for m := range n {
		g.accuracy[m] = make([]float64, n)
	}
	for t := range n {
		low, width := g.tierRange(t)
		for k := range steps {
			d := quantile(low + width*(float64(k)+.5)/steps)
			for m := range n {
				g.accuracy[m][t] += g.ProbabilityRight(m, d) / steps
			}
		}
		for m := range n {
			g.overall[m] += width * g.accuracy[m][t]
		}
	}
}

// tierRange returns where a tier begins among the quantiles of difficulty, and
// how much of them it holds.
func (g *Generator) tierRange(t int) (low, width float64) {
	if t > 0 {
		low = g.tiers[t-1]
	}
	return low, g.tiers[t] - low
}

// bothRight integrates over difficulty and the shared effect, given which two
// models' answers are independent.
func (g *Generator) bothRight(a, b int) float64 {
	const n = 512 // steps in a tier
	sum := 0.0
	for t := range g.tiers {
		low, width := g.tierRange(t)
		for k := range n {
			d := quantile(low + width*(float64(k)+.5)/n)
			sum += width / n * g.bothRightAt(g.ProbabilityRight(a, d), g.ProbabilityRight(b, d))
		}
	}
	return sum
}

// bothRightAt is the probability that two models are right that have
// probabilities p and q: ∫ φ(z) Φ((Φ⁻¹(p) − √ρz)/√(1−ρ)) Φ((Φ⁻¹(q) − √ρz)/√(1−ρ)) dz.
func (g *Generator) bothRightAt(p, q float64) float64 {
	rho := g.config.ErrorCorrelation
	if rho == 1 || p == 0 || q == 0 || p == 1 || q == 1 {
		return min(p, q)
	}
	const n, end = 256, 7.0 // beyond ±7 lies less than 10⁻¹¹
	x, y, shared, own := quantile(p), quantile(q), math.Sqrt(rho), math.Sqrt(1-rho)
	sum := 0.0
	for k := range n {
		z := end * ((2*float64(k)+1)/n - 1)
		sum += math.Exp(-z*z/2) * phi((x-shared*z)/own) * phi((y-shared*z)/own)
	}
	return sum * 2 * end / n / math.Sqrt(2*math.Pi)
}

// wordLimit is Σ_w share(w) · max_t P(tier t | words of w).
func (g *Generator) wordLimit() float64 {
	s := g.config.WordSignal
	limit := 0.0
	for w := range g.tiers {
		_, share := g.tierRange(w)
		best := 0.0
		for t := range g.tiers {
			_, p := g.tierRange(t)
			if p *= 1 - s; t == w {
				p += s
			}
			best = max(best, p)
		}
		limit += share * best
	}
	return limit
}

func (g *Generator) checks() Checks {
	f, json := g.config.Forms, g.jsonShare()
	return Checks{
		TooShort:  Rate{f.Short.Right, f.Short.Wrong + f.Empty},
		Uncertain: Rate{f.Uncertain.Right, f.Uncertain.Wrong + f.Refusing},
		BadJSON:   Rate{f.Malformed.Right, f.Malformed.Wrong + f.Refusing + f.Empty},
		Any: Rate{
			f.Short.Right + f.Uncertain.Right + json*f.Malformed.Right,
			f.Short.Wrong + f.Uncertain.Wrong + json*f.Malformed.Wrong + f.Refusing + f.Empty,
		},
	}
}

// confusion returns the probabilities of the tier that a classifier of a given
// accuracy names: the true one with that, another at a distance of k with a
// probability ∝ 2^−k.
func (g *Generator) confusion(truth int, accuracy float64) []float64 {
	p := make([]float64, len(g.tiers))
	total := 0.0
	for t := range p {
		if t != truth {
			p[t] = math.Exp2(-math.Abs(float64(t - truth)))
			total += p[t]
		}
	}
	for t := range p {
		p[t] *= (1 - accuracy) / total
	}
	p[truth] = accuracy
	return p
}
