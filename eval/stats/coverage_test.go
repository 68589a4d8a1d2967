package stats_test

import (
	"errors"
	"flag"
	"io/fs"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval/stats"
)

// coverageDraws is how many calibration sets the tests of certificates draw,
// each. The default is enough to see a broken certificate;
//
//	go test ./eval/stats -run Coverage -v -args -coverage-draws 20000
//
// measures the rates.
var coverageDraws = flag.Int("coverage-draws", 0, "test certificates on this many calibration sets instead of a few hundred")

func draws(few int) int {
	if *coverageDraws > 0 {
		return *coverageDraws
	}
	return few
}

// most is how often of n something of probability p may happen: four standard
// errors more than expected.
func most(n int, p float64) int {
	return int(float64(n)*p + 4*math.Sqrt(float64(n)*p*(1-p)))
}

// tally counts, by procedure, how often a setting of too high a risk was
// certified, and how often any was.
type tally struct {
	draws             int
	risk              []float64 // the true risk of each setting
	alpha             float64
	violated, any     map[string]int
	permissive, risks map[string]float64 // sums over draws of what is used: the last certified
}

func newTally(draws int, risk []float64, alpha float64) *tally {
	return &tally{draws, risk, alpha, map[string]int{}, map[string]int{}, map[string]float64{}, map[string]float64{}}
}

func (c *tally) add(procedure string, certified ...int) {
	if len(certified) == 0 || certified[0] < 0 {
		return
	}
	c.any[procedure]++
	last := slices.Max(certified)
	c.permissive[procedure] += float64(last+1) / float64(len(c.risk))
	c.risks[procedure] += c.risk[last]
	if slices.ContainsFunc(certified, func(i int) bool { return c.risk[i] > c.alpha }) {
		c.violated[procedure]++
	}
}

func (c *tally) rate(procedure string) float64 {
	return float64(c.violated[procedure]) / float64(c.draws)
}

// report logs all procedures and requires those named to violate at most delta.
func (c *tally) report(t *testing.T, delta float64, guaranteed []string, others ...string) {
	t.Helper()
	for _, name := range slices.Concat(guaranteed, others) {
		n := float64(c.draws)
		t.Logf("%-28s violates %4.1f %%, certifies something in %5.1f %%, on average up to %4.1f %% of the settings, with a risk of %.4f",
			name, 100*c.rate(name), 100*float64(c.any[name])/n, 100*c.permissive[name]/n, c.risks[name]/n)
	}
	for _, name := range guaranteed {
		if c.violated[name] > most(c.draws, delta) {
			t.Errorf("%s: %d of %d violated at δ = %v", name, c.violated[name], c.draws, delta)
		}
	}
}

// naive is what tuning without a certificate chooses: the most permissive
// setting whose observed risk is at most alpha.
func naive(risks []float64, alpha float64) int {
	for i := len(risks) - 1; i >= 0; i-- {
		if risks[i] <= alpha {
			return i
		}
	}
	return -1
}

// The risk among accepted rows. A row's score u is uniform, it is wrong with
// probability .2u², and accepted where u is at most the threshold λ: of those
// accepted .2λ²/3 are wrong, which is over α = .05 from λ = .866 on, and barely
// at the next threshold of the grid.
func TestCoverageSelectiveRisk(t *testing.T) {
	const n, settings, alpha, delta = 1000, 40, 0.05, 0.1
	risk := make([]float64, settings)
	for i := range risk {
		lambda := float64(i+1) / settings
		risk[i] = 0.2 * lambda * lambda / 3
	}
	c := newTally(draws(1000), risk, alpha)
	for draw := range c.draws {
		rng := rand.New(rand.NewPCG(11, uint64(draw)))
		count := func() (accepted, wrong []int) {
			accepted, wrong = make([]int, settings), make([]int, settings)
			for range n {
				u := rng.Float64()
				i := min(settings-1, int(u*settings))
				accepted[i]++
				if rng.Float64() < 0.2*u*u {
					wrong[i]++
				}
			}
			for i := 1; i < settings; i++ {
				accepted[i] += accepted[i-1]
				wrong[i] += wrong[i-1]
			}
			return accepted, wrong
		}
		tuned, _ := count()
		accepted, wrong := count()
		p, upper, observed := make([]float64, settings), make([]float64, settings), make([]float64, settings)
		for i := range p {
			p[i] = stats.RiskBinomial(wrong[i], accepted[i], alpha)
			upper[i] = 1
			if stats.BinomialUpper(wrong[i], accepted[i], 1-delta) <= alpha {
				upper[i] = 0
			}
			observed[i] = float64(wrong[i]) / float64(accepted[i])
		}
		of := func(p []float64) func(int) float64 { return func(i int) float64 { return p[i] } }
		start := stats.LearnedStart(tuned, alpha, delta)
		sequence := stats.CertifyFixedSequence(settings, of(p), delta, start)
		c.add("fixed sequence", sequence...)
		c.add("from the strictest", stats.CertifyFixedSequence(settings, of(p), delta)...)
		c.add("two starts", stats.CertifyFixedSequence(settings, of(p), delta, stats.LearnedStart(tuned, alpha, delta/2), settings/2)...)
		c.add("Bonferroni", stats.CertifyBonferroni(p, delta)...)
		c.add("Holm", stats.CertifyHolm(p, delta)...)
		c.add("naive", naive(observed, alpha))
		if bound := stats.CertifyFixedSequence(settings, of(upper), delta, start); !slices.Equal(bound, sequence) {
			t.Fatalf("by upper bounds %v, by p-values %v", bound, sequence)
		}
	}
	c.report(t, delta, []string{"fixed sequence", "from the strictest", "two starts", "Bonferroni", "Holm"}, "naive")
	// The strictest accepts 25 on average, of which 45 are needed.
	if c.any["from the strictest"] > c.draws/100 {
		t.Errorf("from the strictest certified %d times", c.any["from the strictest"])
	}
	if c.any["fixed sequence"] < c.draws/2 || c.rate("naive") < 0.4 {
		t.Errorf("fixed sequence certified %d times; naive violates %v", c.any["fixed sequence"], c.rate("naive"))
	}
}

// Losses in [0, 1] that rise with the threshold: a row is accepted where its
// uniform u is at most λ and then loses, with probability u, a uniform share, so
// the risk is λ²/4, over α = .05 from .447 on, and barely at the next threshold.
func TestCoverageFractionalLoss(t *testing.T) {
	const n, settings, alpha, delta = 1000, 40, 0.05, 0.1
	risk := make([]float64, settings)
	for i := range risk {
		lambda := float64(i+1) / settings
		risk[i] = lambda * lambda / 4
	}
	c := newTally(draws(200), risk, alpha)
	for draw := range c.draws {
		rng := rand.New(rand.NewPCG(12, uint64(draw)))
		losses, totals := lossesBySetting(n, settings, func() (float64, float64) {
			u := rng.Float64()
			if rng.Float64() < u {
				return u, rng.Float64()
			}
			return u, 0
		})
		c.add("Hoeffding–Bentkus", stats.CertifyFixedSequence(settings, func(i int) float64 { return stats.RiskHoeffdingBentkus(losses[i], alpha) }, delta)...)
		c.add("betting", stats.CertifyFixedSequence(settings, func(i int) float64 { return stats.RiskBetting(losses[i], alpha, delta) }, delta)...)
		c.add("conformal (average)", stats.ConformalThreshold(totals, n, alpha))
		observed := make([]float64, settings)
		for i, total := range totals {
			observed[i] = total / n
		}
		c.add("naive", naive(observed, alpha))
	}
	c.report(t, delta, []string{"Hoeffding–Bentkus", "betting"}, "conformal (average)", "naive")
	if c.rate("naive") < 0.35 || c.any["Hoeffding–Bentkus"] < c.draws {
		t.Errorf("naive violates %v; Hoeffding–Bentkus certified %d times", c.rate("naive"), c.any["Hoeffding–Bentkus"])
	}
	// The guarantee on average, which is not one of the setting chosen.
	if mean := c.risks["conformal (average)"] / float64(c.draws); mean > alpha || c.rate("conformal (average)") < 0.2 {
		t.Errorf("conformal: mean risk %v, violates %v", mean, c.rate("conformal (average)"))
	}
}

// lossesBySetting draws n rows, each a score in [0, 1) and the loss where it is
// accepted: at settings i with (i+1)/settings over the score. losses[i][r] is
// row r's under setting i, totals are their sums.
func lossesBySetting(n, settings int, draw func() (score, loss float64)) (losses [][]float64, totals []float64) {
	losses, totals = make([][]float64, settings), make([]float64, settings)
	for i := range losses {
		losses[i] = make([]float64, n)
	}
	for r := range n {
		score, loss := draw()
		for i := int(score * float64(settings)); i < settings; i++ {
			losses[i][r] = loss
			totals[i] += loss
		}
	}
	return losses, totals
}

// Signed losses: a row whose uniform u is at most λ goes to a policy that is
// worse by 1 with probability .4u and better by 1 with .1. The risk .2λ² − .1λ
// first falls, and is over α = .02 from .653 on, and barely at the next threshold.
func TestCoverageSignedLoss(t *testing.T) {
	const n, settings, alpha, delta = 1000, 50, 0.02, 0.1
	risk := make([]float64, settings)
	for i := range risk {
		lambda := float64(i+1) / settings
		risk[i] = 0.2*lambda*lambda - 0.1*lambda
	}
	c := newTally(draws(200), risk, alpha)
	for draw := range c.draws {
		rng := rand.New(rand.NewPCG(13, uint64(draw)))
		losses, totals := lossesBySetting(n, settings, func() (float64, float64) {
			u, v := rng.Float64(), rng.Float64()
			switch {
			case v < 0.4*u:
				return u, 1
			case v > 0.9:
				return u, -1
			}
			return u, 0
		})
		c.addSigned(losses, totals, delta)
	}
	c.report(t, delta, []string{"betting", "Hoeffding–Bentkus"}, "CLT", "naive")
	if c.rate("naive") < 0.35 || c.any["betting"] < c.draws {
		t.Errorf("naive violates %v; betting certified %d times", c.rate("naive"), c.any["betting"])
	}
}

// addSigned adds what procedures for signed losses make of a calibration set.
// For Hoeffding–Bentkus losses and alpha are moved to [0, 1]; CLT takes the mean
// to be normal, which guarantees nothing.
func (c *tally) addSigned(losses [][]float64, totals []float64, delta float64) {
	n := float64(len(losses[0]))
	settings := len(losses)
	c.add("betting", stats.CertifyFixedSequence(settings, func(i int) float64 { return stats.RiskBetting(losses[i], c.alpha, delta) }, delta)...)
	c.add("Hoeffding–Bentkus", stats.CertifyFixedSequence(settings, func(i int) float64 {
		moved := make([]float64, len(losses[i]))
		for r, loss := range losses[i] {
			moved[r] = (loss + 1) / 2
		}
		return stats.RiskHoeffdingBentkus(moved, (c.alpha+1)/2)
	}, delta)...)
	c.add("CLT", stats.CertifyFixedSequence(settings, func(i int) float64 {
		squares := 0.0
		for _, loss := range losses[i] {
			squares += (loss - totals[i]/n) * (loss - totals[i]/n)
		}
		z := (c.alpha - totals[i]/n) / math.Sqrt(squares/(n-1)/n) // +Inf without any loss
		return math.Erfc(z/math.Sqrt2) / 2
	}, delta)...)
	observed := make([]float64, settings)
	for i, total := range totals {
		observed[i] = total / n
	}
	c.add("naive", naive(observed, c.alpha))
}

// RouteLLM's MMLU answers: prompts of at most so many characters go to Mixtral,
// longer ones to GPT-4, and a setting's loss is GPT-4's score less that of the
// answer given. The thresholds are the fiftieths of all lengths. Calibration sets
// of 1,000 are drawn with replacement from all 14,037, whose mean loss is the
// risk.
func TestCoverageMMLU(t *testing.T) {
	const n, settings, alpha, delta = 1000, 50, 0.02, 0.1
	lengths, gains := mmlu(t)
	sorted := slices.Sorted(slices.Values(lengths))
	rows, risk := make([]int, len(lengths)), make([]float64, settings) // rows[k] is the first setting that sends row k to Mixtral
	for k, length := range lengths {
		for rows[k] < settings-1 && length > sorted[(rows[k]+1)*len(sorted)/settings-1] {
			rows[k]++
		}
		for i := rows[k]; i < settings; i++ {
			risk[i] += gains[k] / float64(len(lengths))
		}
	}
	if all := risk[settings-1]; len(lengths) != 14037 || math.Abs(all-(0.8059-0.6809)) > 1e-4 {
		t.Fatalf("%d prompts, GPT-4 better by %v", len(lengths), all)
	}
	c := newTally(draws(500), risk, alpha)
	losses := make([][]float64, settings)
	for i := range losses {
		losses[i] = make([]float64, n)
	}
	for draw := range c.draws {
		rng := rand.New(rand.NewPCG(14, uint64(draw)))
		totals := make([]float64, settings)
		for r := range n {
			k := rng.IntN(len(lengths))
			for i := range settings {
				losses[i][r] = 0
				if i >= rows[k] {
					losses[i][r] = gains[k]
					totals[i] += gains[k]
				}
			}
		}
		c.addSigned(losses, totals, delta)
	}
	c.report(t, delta, []string{"betting", "Hoeffding–Bentkus"}, "CLT", "naive")
	if c.any["Hoeffding–Bentkus"] > 0 || c.any["betting"] < c.draws*9/10 || math.Abs(c.rate("naive")-0.5) > 0.1 {
		t.Errorf("Hoeffding–Bentkus certified %d times, betting %d; naive violates %v", c.any["Hoeffding–Bentkus"], c.any["betting"], c.rate("naive"))
	}
}

// mmlu reads the lengths of prompts and GPT-4's score less Mixtral's from real
// outcomes, which are not part of the project.
func mmlu(t *testing.T) (lengths []int, gains []float64) {
	t.Helper()
	at := map[string]int{}
	_, err := datasets.Outcomes().ScanFile("../../../shared/data/outcomes/routellm_mmlu.jsonl.gz", nil, func(o *datasets.Outcome) error {
		k, ok := at[o.ID]
		if !ok {
			k = len(gains)
			at[o.ID] = k
			lengths, gains = append(lengths, utf8.RuneCountInString(o.Prompt)), append(gains, 0)
		}
		if o.Model == "gpt-4-1106-preview" {
			gains[k] += o.Score.Value
		} else {
			gains[k] -= o.Score.Value
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("no real data: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return lengths, gains
}
