package gate

import (
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/routeproof/routeproof/datasets"
)

// A rareTier is prompts of four tiers of which one is rare: the baseline is right on
// nine of ten, a share of all changes either way, and more of the rare ones get
// wrong.
type rareTier struct {
	n, rare       int
	changed, fall float64
}

func (s rareTier) draw(rng *rand.Rand) (base, cand []datasets.Prediction) {
	letters := "SMCF"
	truth, b, c := make([]byte, s.n), make([]byte, s.n), make([]byte, s.n)
	for i := range s.n {
		k := 3
		if i >= s.rare {
			k = i % 3
		}
		wrong := letters[(k+1+rng.IntN(3))%4]
		truth[i] = letters[k]
		b[i], c[i] = truth[i], truth[i]
		right := rng.Float64() < 0.9
		if !right {
			b[i], c[i] = wrong, wrong
		}
		u := rng.Float64()
		if right && u < s.changed/2/0.9 || right && k == 3 && u < (s.changed/2+s.fall)/0.9 {
			c[i] = wrong
		}
		if !right && u < s.changed/2/0.1 {
			c[i] = truth[i]
		}
	}
	return rows("x", string(truth), string(b)), rows("x", string(truth), string(c))
}

// passes is how many in a hundred draws pass, of those in which anything changed.
func passes(t *testing.T, draws int, gate func(rng *rand.Rand) Gate) float64 {
	t.Helper()
	passed, of := 0, 0
	gates := make([]Gate, draws)
	var wait sync.WaitGroup
	for w := range 2 {
		wait.Go(func() {
			for i := w; i < draws; i += 2 {
				gates[i] = gate(rand.New(rand.NewPCG(uint64(i), 31)))
			}
		})
	}
	wait.Wait()
	for _, g := range gates {
		if g.Identical {
			continue
		}
		of++
		if g.passes {
			passed++
		}
	}
	return 100 * float64(passed) / float64(of)
}

func (s rareTier) passes(t *testing.T, draws int) float64 {
	return passes(t, draws, func(rng *rand.Rand) Gate {
		base, cand := s.draw(rng)
		p := pairOf(t, base, cand)
		p.draws, p.rules.Replicates = 1, 1000
		return p.macroF1(0.02)
	})
}

// rareCost is prompts whose own costs vary by a tenth, of which some FRONTIER ones
// are sent to COMPLEX and paid again, so that the cost rises by a share of itself.
type rareCost struct {
	n       int
	mix     []float64 // shares of tiers
	rise    float64
	changed float64 // share that is sent elsewhere either way
}

func (s rareCost) passes(t *testing.T, draws int) float64 {
	costs := priced().Candidate
	mean := 0.0
	for k, share := range s.mix {
		mean += share * costs.Served(k, k, 100)
	}
	most := costs.Served(2, 3, 100) - costs.Served(3, 3, 100)
	moved := s.rise * mean / most / s.mix[3]
	letters := "SMCF"
	return passes(t, draws, func(rng *rand.Rand) Gate {
		truth, b, c := make([]byte, s.n), make([]byte, s.n), make([]byte, s.n)
		for i := range s.n {
			u, k := rng.Float64(), 0
			for k < 3 && u >= s.mix[k] {
				u -= s.mix[k]
				k++
			}
			truth[i], b[i], c[i] = letters[k], letters[k], letters[k]
			if rng.Float64() < s.changed {
				other := letters[(k+1+rng.IntN(3))%4]
				if rng.IntN(2) == 0 {
					b[i] = other
				} else {
					c[i] = other
				}
			} else if k == 3 && rng.Float64() < moved {
				c[i] = 'C'
			}
		}
		base, cand := rows("x", string(truth), string(b)), rows("x", string(truth), string(c))
		for i := range base {
			base[i].CostUSD, cand[i].CostUSD = known(1e-5*(0.9+0.2*rng.Float64())), known(1e-5*(0.9+0.2*rng.Float64()))
		}
		p := pairOf(t, base, cand)
		p.draws, p.rules.Replicates = 1, 1000
		p.rules.Cost.Value = known(0.02)
		_, g, err := p.cost()
		if err != nil {
			t.Fatal(err)
		}
		return *g
	})
}

// A true fall of macro-F1 by about the margin, by a rare tier's recall, and a true
// rise of the cost by the margin, by a few dear prompts, pass about as seldom as α
// says though in many draws hardly any change occurs; an unchanged classifier with
// tens of prompts in each tier passes. -v prints the figures of docs/decisions.md, of more draws.
func TestNoEvidenceDoesNotPass(t *testing.T) {
	figuresAlone(t)
	draws := 150
	if testing.Verbose() {
		draws = 500
	}
	even, few := []float64{.25, .25, .25, .25}, []float64{.4, .35, .2, .05}
	for _, c := range []struct {
		name        string
		of          interface{ passes(*testing.T, int) float64 }
		least, most float64 // per cent
		verbose     bool
	}{
		{"falls", rareTier{300, 3, 0.02, 0.2}, 0, 7, false},
		{"falls", rareTier{300, 5, 0.02, 0.2}, 0, 7, true},
		{"falls", rareTier{300, 10, 0.02, 0.2}, 0, 7, true},
		{"falls", rareTier{300, 15, 0.005, 0.155}, 0, 10, false},
		{"unchanged", rareTier{300, 10, 0.02, 0}, 0, 100, true},
		{"unchanged", rareTier{300, 20, 0.02, 0}, 40, 100, true},
		{"unchanged", rareTier{300, 30, 0.02, 0}, 50, 100, false},
		{"unchanged", rareTier{300, 75, 0.02, 0}, 60, 100, true},
		{"rises", rareCost{50, even, 0.02, 0}, 0, 10, false},
		{"rises", rareCost{100, even, 0.02, 0}, 0, 10, true},
		{"rises", rareCost{200, even, 0.02, 0}, 0, 12, false},
		{"rises", rareCost{300, even, 0.02, 0}, 0, 12, true},
		{"rises", rareCost{500, even, 0.02, 0}, 0, 12, true},
		{"rises", rareCost{1000, even, 0.02, 0}, 0, 12, true},
		{"rises", rareCost{300, few, 0.02, 0}, 0, 12, false},
		{"rises", rareCost{500, few, 0.02, 0}, 0, 12, true},
		{"rises", rareCost{620, few, 0.02, 0}, 0, 15, true},
		{"rises", rareCost{1000, few, 0.02, 0}, 0, 12, true},
		{"unchanged", rareCost{200, even, 0, 0}, 0, 100, true},
		{"unchanged", rareCost{300, even, 0, 0}, 95, 100, false},
		{"unchanged", rareCost{300, even, 0, 0.02}, 50, 100, true},
		{"unchanged", rareCost{500, even, 0, 0.02}, 90, 100, true},
		{"unchanged", rareCost{500, few, 0, 0}, 0, 100, true},
		{"unchanged", rareCost{1000, few, 0, 0}, 95, 100, true},
		{"unchanged", rareCost{1000, few, 0, 0.02}, 70, 100, true},
	} {
		if c.verbose && !testing.Verbose() {
			continue
		}
		got := c.of.passes(t, draws)
		t.Logf("%s %+v: %.1f %% pass", c.name, c.of, got)
		if got < c.least || got > c.most {
			t.Errorf("%s %+v: %.1f %% pass, expected %g to %g", c.name, c.of, got, c.least, c.most)
		}
	}
}

// Of prompts whose tiers are as many, the prompts that are added are prompts; of
// groups of k they are groups of k; and of a rare tier they are nearly its prompts.
func TestAddedToMacroF1(t *testing.T) {
	for _, c := range []struct {
		support []int
		group   int
		want    float64
		rare    int8
	}{
		{[]int{50, 50, 50, 50}, 1, 1, 0}, {[]int{50, 50, 50, 50}, 5, 5, 0},
		// (1/16 + 1/10 000·2)/(1/4 + 2/100) · 4, where the number of a tier cancels once.
		{[]int{100, 4, 100, 0}, 1, (1.0/16 + 2.0/10_000) / (1.0/4 + 2.0/100) * 4, 1},
	} {
		of := &confusions{tiers: 4}
		for k, n := range c.support {
			if n > 0 {
				of.counts = append(of.counts, n/c.group)
				same := []share{{int8(k), int8(k), float64(c.group)}}
				of.base, of.cand = append(of.base, same), append(of.cand, same)
			}
		}
		before := len(of.counts)
		if of.addUnseen() != 2 || len(of.counts) != before+2 {
			t.Fatalf("%v", of.counts)
		}
		right, wrong := of.base[before][0], of.cand[before][0]
		if math.Abs(right.weight-c.want) > 1e-12 || right.truth != c.rare || right.predicted != c.rare || wrong.predicted == c.rare ||
			of.cand[before+1][0] != right || of.base[before+1][0] != wrong || of.counts[before] != 0 {
			t.Errorf("%v: %+v, %+v, want a weight of %v", c.support, right, wrong, c.want)
		}
	}
}

// Where next to nothing changed, two in n prompts may have gone to the tier that
// costs most, which is what is drawn of the one added in 5 % of bootstraps: a
// difference of two Poisson draws of mean 1 is 2 or more in 13 % and more than 2 in 4 %.
func TestCostBoundOfNoChange(t *testing.T) {
	const n = 400
	base := rows("x", strings.Repeat("F", n), strings.Repeat("F", n))
	cand := rows("x", strings.Repeat("F", n), strings.Repeat("F", n))
	for i := range base {
		base[i].CostUSD, cand[i].CostUSD = known(1e-9), known(1e-9*(1+0.1*float64(i%2)))
	}
	_, g, err := pairOf(t, base, cand).cost()
	if err != nil {
		t.Fatal(err)
	}
	costs := priced().Candidate
	most := costs.Served(2, 3, 83) - costs.Served(3, 3, 83)
	if want := 2 * most / n * perThousand; !near(g.Bound, want, 0.2*want) {
		t.Errorf("the bound is %v, expected about %v", g.Bound, want)
	}
}
