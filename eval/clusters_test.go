package eval

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/routeproof/routeproof/eval/stats"
)

// grouped are decisions in groups of 1 to 4 prompts, those of a group mostly alike.
func grouped(groups int) (truth, predicted, group []int) {
	rng := rand.New(rand.NewPCG(4, 4))
	for g := range groups {
		t, p := rng.IntN(3), rng.IntN(3)
		for range 1 + rng.IntN(4)*rng.IntN(2) {
			if rng.IntN(5) == 0 {
				p = rng.IntN(3)
			}
			truth, predicted, group = append(truth, t), append(predicted, p), append(group, g)
		}
	}
	order := rng.Perm(len(group)) // groups need not stand together
	pick := func(of []int) []int {
		out := make([]int, len(of))
		for i, j := range order {
			out[i] = of[j]
		}
		return out
	}
	return pick(truth), pick(predicted), pick(group)
}

func confusionOf(truth, predicted []int, weight func(i int) float64) Confusion {
	cm := NewConfusion(3)
	for i := range truth {
		cm[truth[i]][predicted[i]] += weight(i)
	}
	return cm
}

// TestClustersJackknife leaves out one group after the other.
func TestClustersJackknife(t *testing.T) {
	const groups = 60
	truth, predicted, group := grouped(groups)
	cm := confusionOf(truth, predicted, func(int) float64 { return 1 })
	var want, got []float64
	for g := range groups {
		want = append(want, confusionOf(truth, predicted, func(i int) float64 { return indicator(group[i] != g) }).QuadraticKappa())
	}
	for i := range group { // numbers of no prompt count for nothing
		group[i] = 2*group[i] + 1
	}
	c := NewClusters(3, truth, predicted, group, 2*groups+5)
	c.Jackknife(cm, func(without Confusion, n int) {
		for range n {
			got = append(got, without.QuadraticKappa())
		}
	})
	slices.Sort(want)
	slices.Sort(got)
	if len(c.kinds) == groups || !slices.EqualFunc(got, want, func(a, b float64) bool { return math.Abs(a-b) < 1e-12 }) {
		t.Errorf("%d kinds: %v, want %v", len(c.kinds), got, want)
	}
}

// TestClustersResample draws as groups are drawn one by one: kappas have the same
// mean, spread and quantiles, within five standard errors.
func TestClustersResample(t *testing.T) {
	const groups, replicates = 60, 20_000
	truth, predicted, group := grouped(groups)
	byGroup := stats.Bootstrap(groups, 1, replicates, 1, func(weights, out []float64) {
		out[0] = confusionOf(truth, predicted, func(i int) float64 { return weights[group[i]] }).QuadraticKappa()
	})[0]
	var byKind []float64
	NewClusters(3, truth, predicted, group, groups).Resample(replicates, 2, func(cm Confusion) {
		byKind = append(byKind, cm.QuadraticKappa())
	})
	moments := func(values []float64) (mean, deviation float64) {
		for _, v := range values {
			mean += v / replicates
		}
		for _, v := range values {
			deviation += (v - mean) * (v - mean) / replicates
		}
		return mean, math.Sqrt(deviation)
	}
	m1, s1 := moments(byGroup)
	m2, s2 := moments(byKind)
	if math.Abs(m1-m2) > 5*s1*math.Sqrt(2.0/replicates) || math.Abs(s1-s2) > 5*s1/math.Sqrt(replicates) {
		t.Errorf("by kind %v ± %v, by group %v ± %v", m2, s2, m1, s1)
	}
	i, j := stats.Percentile(byGroup, .95), stats.Percentile(byKind, .95)
	if math.Abs(i.Low-j.Low) > .1*s1 || math.Abs(i.High-j.High) > .1*s1 {
		t.Errorf("by kind %v, by group %v", j, i)
	}
}

// TestClustersOfOne draws tables of cells where every prompt is a group.
func TestClustersOfOne(t *testing.T) {
	truth, predicted, group := grouped(80)
	for i := range group {
		group[i] = i
	}
	var cells []int
	for _, row := range confusionOf(truth, predicted, func(int) float64 { return 1 }).Counts() {
		cells = append(cells, row...)
	}
	want := stats.Multinomial(cells, 50, 3, func(n []int) float64 { return float64(n[0] + 100*n[4] + 10_000*n[8]) })
	var got []float64
	NewClusters(3, truth, predicted, group, len(group)).Resample(50, 3, func(cm Confusion) {
		got = append(got, cm[0][0]+100*cm[1][1]+10_000*cm[2][2])
	})
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
