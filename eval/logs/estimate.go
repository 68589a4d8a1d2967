package logs

import (
	"math"
	"slices"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/stats"
)

// An Estimated is what labelled draws tell of all requests of the log.
type Estimated struct {
	Draws    int     `json:"draws"`
	Labelled int     `json:"labelled"` // of them, with a label
	Requests float64 `json:"requests"` // that the draws stand for

	// Unlabelled and Unrouted are the requests of strata without any label, and
	// without any labelled draw whose first tier is known: of the former nothing is
	// said, of the latter only which tiers they truly are of.
	Unlabelled float64 `json:"unlabelled_requests"`
	Unrouted   float64 `json:"unrouted_requests"`

	// Of requests whose first tier is known, as far as strata have such draws.
	Routed   int           `json:"routed"`   // labelled draws whose first tier is known
	Accuracy eval.Estimate `json:"accuracy"` // share of requests whose first tier is the true one
	Under    eval.Estimate `json:"under_routing"`
	Over     eval.Estimate `json:"over_routing"`

	Mix []TierShare `json:"tier_mix"` // of the true tiers
}

// A TierShare is the share of requests whose true tier it is.
type TierShare struct {
	Tier  string        `json:"tier"`
	Share eval.Estimate `json:"share"`
}

// Estimate weighs labelled draws. label returns the true tier of an id, and
// whether it has one. Draws without a label, or whose first tier is unknown, are
// taken to be like the others of their stratum. A share is the sum of the strata's,
// each weighed by its requests. Its 95 % interval joins Wilson's of the strata
// (MOVER, Zou and Donner 2008, Statistics in Medicine 27:1693–1702; Yan and Su 2010,
// Biometrical Journal 52:349–364): p − √Σ(w(p_h − l_h))², p + √Σ(w(u_h − p_h))², where a
// stratum's distances shrink by √(1 − n/N) for what was drawn of it.
func Estimate(draws []datasets.Draw, tiers centroids.Tiers, label func(id string) (tier int, ok bool)) *Estimated {
	out := &Estimated{Draws: len(draws)}
	parts := map[string]*part{}
	for _, d := range draws {
		p := parts[d.Stratum]
		if p == nil {
			p = &part{}
			parts[d.Stratum] = p
		}
		p.requests += d.Weight
		out.Requests += d.Weight
		truth, labelled := label(d.ID)
		if !labelled {
			continue
		}
		p.truths = append(p.truths, truth)
		out.Labelled++
		if routed, known := tiers.Index(d.Routed); known {
			p.away = append(p.away, routed-truth)
			out.Routed++
		}
	}
	for _, p := range parts {
		if len(p.truths) == 0 {
			out.Unlabelled += p.requests
		} else if len(p.away) == 0 {
			out.Unrouted += p.requests
		}
	}
	away := func(is func(int) bool) eval.Estimate {
		return weighted(parts, func(p *part) []int { return p.away }, is)
	}
	out.Accuracy = away(func(d int) bool { return d == 0 })
	out.Under = away(func(d int) bool { return d < 0 })
	out.Over = away(func(d int) bool { return d > 0 })
	for k, name := range tiers.Names() {
		out.Mix = append(out.Mix, TierShare{name, weighted(parts, func(p *part) []int { return p.truths }, func(t int) bool { return t == k })})
	}
	return out
}

// A part is the labelled draws of a stratum.
type part struct {
	requests float64
	truths   []int
	away     []int // first tier less true tier, where the former is known
}

// weighted is the share of requests for which something is so, over the strata
// that have draws to tell it.
func weighted(parts map[string]*part, of func(*part) []int, is func(int) bool) eval.Estimate {
	var total float64
	var names []string
	for name, p := range parts {
		if len(of(p)) > 0 {
			names = append(names, name)
		}
	}
	slices.Sort(names) // so that sums are the same each time
	for _, name := range names {
		total += parts[name].requests
	}
	if total == 0 {
		nan := undefinedNumber()
		return eval.Estimate{Value: nan, Low: nan, High: nan}
	}
	var share, below, above float64
	for _, name := range names {
		p := parts[name]
		values, k := of(p), 0
		for _, v := range values {
			if is(v) {
				k++
			}
		}
		n := len(values)
		rate, w := float64(k)/float64(n), p.requests/total
		i := stats.Wilson(k, n, confidence)
		left := max(1-float64(n)/p.requests, 0)
		share += w * rate
		below += w * w * left * (rate - i.Low) * (rate - i.Low)
		above += w * w * left * (i.High - rate) * (i.High - rate)
	}
	share = min(share, 1)
	return eval.Estimate{Value: eval.Number(share), Low: eval.Number(max(share-math.Sqrt(below), 0)), High: eval.Number(min(share+math.Sqrt(above), 1))}
}
