package eval

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// randomBench returns random items, prices and decisions: some costs of
// classifying are unknown.
func randomBench(rng *rand.Rand, tiers, n int) ([]Item, Costs, *Predictions) {
	truth, picks := make([]int, n), make([]int, n)
	for i := range truth {
		truth[i], picks[i] = rng.IntN(tiers), rng.IntN(tiers)
	}
	items := testItems(truth)
	p := predicted("it", picks)
	for i := range items {
		items[i].InputTokens = rng.IntN(2000)
		edit(p.Final, i, func(d *Decision) { d.CostUSD = Quantity{rng.Float64() / 100, Recorded} })
		if rng.IntN(5) == 0 {
			edit(p.Final, i, func(d *Decision) { d.CostUSD = Quantity{} })
		}
	}
	costs := Costs{OutputScale: 0.5 + rng.Float64()}
	for k := range tiers {
		costs.Tiers = append(costs.Tiers, TierModel{
			Model: fmt.Sprint(k), InputPerM: new(rng.Float64() * 10), OutputPerM: new(rng.Float64() * 50),
			SystemTokens: rng.IntN(300), ExpectedOutput: rng.Float64() * 1000,
		})
	}
	return items, costs, p
}

// slowServed is the headline rule for one prompt, from docs/design.md.
func slowServed(c Costs, it Item, tier int) (once, served float64) {
	ask := func(k int) float64 {
		in := float64(it.InputTokens) + float64(c.Tiers[k].SystemTokens)
		out := c.Tiers[it.Tier].ExpectedOutput * c.OutputScale
		return in*(*c.Tiers[k].InputPerM)/1e6 + out*(*c.Tiers[k].OutputPerM)/1e6
	}
	once = ask(tier)
	if tier < it.Tier {
		return once, once + ask(it.Tier)
	}
	return once, once
}

func TestCostsAgainstDefinition(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for round := range 60 {
		tiers, n := 2+rng.IntN(4), 1+rng.IntN(25)
		items, costs, p := randomBench(rng, tiers, n)
		var known, own, once, headline, dearest, dealt, right float64
		var random, randomOnce float64
		for i, it := range items {
			right += float64(count(tiersIn(p), it.Tier)) / float64(n)
			if !p.Final.At(i).CostUSD.Known() {
				continue
			}
			for k := range tiers {
				o, s := slowServed(costs, it, k)
				random += s / float64(tiers)
				randomOnce += o / float64(tiers)
			}
			known++
			own += p.Final.At(i).CostUSD.Value
			o, s := slowServed(costs, it, p.Final.At(i).Tier)
			once, headline = once+o, headline+s
			top, _ := slowServed(costs, it, tiers-1)
			dearest += top
			// Every priced prompt's decision is as likely as any other's.
			for _, d := range p.Final.All() {
				if d.CostUSD.Known() {
					_, s := slowServed(costs, it, d.Tier)
					dealt += s
				}
			}
		}
		if known == 0 { // then it has no cost, and the baselines' are about all prompts
			for _, it := range items {
				for k := range tiers {
					o, s := slowServed(costs, it, k)
					random += s / float64(tiers*n)
					randomOnce += o / float64(tiers*n)
				}
			}
		} else {
			random, randomOnce = random/known, randomOnce/known
		}
		r := evaluate(t, tiers, costs, items, p)
		it, chance := r.Classifiers[0], baseline(t, r, "random")
		for _, c := range []struct {
			name string
			got  Number
			want float64
		}{
			{"n", Number(it.Cost.N), known},
			{"asked again", it.Cost.Headline.Value - Number(it.Cost.Classify.Value+it.Cost.Picked.Value), (headline - once) / known * 1000},
			{"skill", it.Shuffled.Skill.Value, (dealt/known - headline) / known * 1000},
			{"shuffled accuracy", it.Shuffled.Accuracy, right / float64(n)},
			{"random", chance.Cost.Headline.Value, random * 1000},
			{"random, asked once", Number(chance.Cost.Picked.Value), randomOnce * 1000},
			{"headline", it.Cost.Headline.Value, (headline + own) / known * 1000},
			{"sensitivity at 1", r.Sensitivity[1].Headline[0], (headline + own) / known * 1000},
			{"saving", it.Cost.Saving.Value, 1 - (headline+own)/dearest},
			{"shuffled", it.Shuffled.Headline, (dealt/known + own) / known * 1000},
		} {
			if !within(float64(c.got), c.want, 1e-10) {
				t.Errorf("round %d: %s: %v, want %v", round, c.name, c.got, c.want)
			}
		}
		if known > 0 && (!near(it.Cost.Picked.Value, once/known*1000) || !near(it.Cost.Classify.Value, own/known*1000)) {
			t.Errorf("round %d: picked %v, classify %v, want %v, %v", round, it.Cost.Picked, it.Cost.Classify, once/known*1000, own/known*1000)
		}
	}
}

func tiersIn(p *Predictions) []int {
	out := make([]int, p.Final.Len())
	for i, d := range p.Final.All() {
		out[i] = d.Tier
	}
	return out
}

// permutations calls visit with every order of values.
func permutations(values []int, visit func([]int)) {
	var from func(int)
	from = func(k int) {
		if k == len(values) {
			visit(values)
			return
		}
		for i := k; i < len(values); i++ {
			values[k], values[i] = values[i], values[k]
			from(k + 1)
			values[k], values[i] = values[i], values[k]
		}
	}
	from(0)
}

// Dealing the decisions in all n! orders and averaging gives the shuffle.
func TestShuffledIsMeanOfPermutations(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	for n := 1; n <= 7; n++ {
		items, costs, p := randomBench(rng, 4, n)
		for i := range p.Final.Len() {
			edit(p.Final, i, func(d *Decision) { d.CostUSD = Quantity{0.001 * float64(i), Recorded} })
		}
		var headline, accuracy, orders float64
		permutations(tiersIn(p), func(tiers []int) {
			orders++
			for i, tier := range tiers {
				_, s := slowServed(costs, items[i], tier)
				headline += (s + p.Final.At(i).CostUSD.Value) / float64(n) * 1000
				accuracy += indicator(tier == items[i].Tier) / float64(n)
			}
		})
		got := evaluate(t, 4, costs, items, p).Classifiers[0].Shuffled
		if !within(float64(got.Headline), headline/orders, 1e-9) || !within(float64(got.Accuracy), accuracy/orders, 1e-9) {
			t.Errorf("n=%d: shuffled %+v, want %v, %v", n, got, headline/orders, accuracy/orders)
		}
	}
}

// The mean over all assignments of tiers to prompts is the random baseline.
func TestRandomIsMeanOfAssignments(t *testing.T) {
	const tiers, n = 3, 5
	items, costs, p := randomBench(rand.New(rand.NewPCG(3, 3)), tiers, n)
	all := int(math.Pow(tiers, n))
	expected := NewConfusion(tiers)
	var headline float64
	for code := range all {
		for i, rest := 0, code; i < n; i, rest = i+1, rest/tiers {
			tier := rest % tiers
			_, s := slowServed(costs, items[i], tier)
			headline += s / n * 1000 / float64(all)
			expected[items[i].Tier][tier] += 1 / float64(all)
		}
	}
	got := baseline(t, evaluate(t, tiers, costs, items, p), "random")
	if !within(float64(got.Cost.Headline.Value), headline, 1e-9) {
		t.Errorf("headline %v, want %v", got.Cost.Headline.Value, headline)
	}
	for truth := range expected {
		for tier, want := range expected[truth] {
			if !within(got.Confusion[truth][tier], want, 1e-9) {
				t.Errorf("confusion[%d][%d] = %v, want %v", truth, tier, got.Confusion[truth][tier], want)
			}
		}
	}
	if !within(float64(got.Accuracy.Value), 1./tiers, 1e-9) || got.Accuracy.Low.Defined() {
		t.Errorf("accuracy %+v, want 1/%d without an interval", got.Accuracy, tiers)
	}
}
