package calibrate

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/classify"
	"github.com/routeproof/routeproof/internal/wording"
)

// A Staged is a request with what each part of the three-stage hybrid decides on
// it by itself: the rule where a pattern is sure, else the embedding where its
// margin is at least that of the setting, else the LLM.
type Staged struct {
	Item                 eval.Item
	Rule, Embedding, LLM eval.Decision
}

// Ruled tells whether the rule decides, so that nothing else is asked.
func (s *Staged) Ruled() bool { return s.Rule.Err == "" && classify.RuleIsSure(s.Rule) }

// Margin is that of the embedding; NaN where it has none, or no answer, or its
// artifact refuses the decision, so that the LLM is asked whatever the setting.
func (s *Staged) Margin() float64 {
	if m, ok := s.Embedding.Margin(); ok && s.Embedding.Err == "" && !s.Embedding.Refused {
		return m
	}
	return math.NaN()
}

// Regret is the request as [Regret] takes it: accepted where the embedding
// decides, and wrong where that spoils what the LLM has right. Wrong is another
// tier than the request's or, with under, a lower one. An LLM that gave no answer
// is taken to have been right, which counts against the embedding.
func (s *Staged) Regret(under bool) Row {
	wrong := func(tier int) bool { return tier < s.Item.Tier || !under && tier != s.Item.Tier }
	return Row{
		ID: s.Item.ID, Group: s.Item.Group, Score: s.Margin(),
		Wrong: wrong(s.Embedding.Tier) && (s.LLM.Err != "" || !wrong(s.LLM.Tier)),
	}
}

// priced tells whether every cost is known that some setting may incur.
func (s *Staged) priced() bool {
	return s.Rule.CostUSD.Known() && (s.Ruled() || s.Embedding.CostUSD.Known() && s.LLM.CostUSD.Known())
}

// A StageShare is a stage's part in what a hybrid does.
type StageShare struct {
	Decided eval.Number `json:"decided"`  // of all requests
	PaidUSD eval.Number `json:"paid_usd"` // for classifying, USD per 1,000 requests
}

// A HybridPoint is what the three-stage hybrid comes to at a margin.
type HybridPoint struct {
	Margin    Threshold   `json:"margin"` // from which the embedding decides; never: +Inf
	Rule      StageShare  `json:"rule"`
	Embedding StageShare  `json:"embedding"`
	LLM       StageShare  `json:"llm"`
	Headline  eval.Number `json:"headline"` // USD per 1,000 requests: classifying, the picked models, under-routed requests again
}

// A HybridCurve is what the three-stage hybrid comes to at every margin.
type HybridCurve struct {
	N        int // requests whose costs are known at every margin, over which all figures are
	Unpriced int // others, left out

	points []HybridPoint // by falling margin: +Inf, then each that tells two requests apart, then 0
	cost   []int64       // of each point, in whole numbers of some unit, against the first
	square []float64     // of each point, the sum of squared differences from the first, USD² a request
}

// SweepHybrid serves requests by the three-stage hybrid at every margin in
// O(n log n) for n requests. Costs of a stage are those of the stages that were
// asked. Requests of which a cost is not known that some margin would incur are
// left out of all figures; where they are more than 1−leastPriced of all, or none
// are left, that is an error, and so are tiers without prices. It takes some 90 bytes a
// request.
func SweepHybrid(rows iter.Seq[Staged], costs eval.Costs, leastPriced float64) (*HybridCurve, error) {
	if err := costs.Known(); err != nil {
		return nil, err
	}
	n := 0
	var known []stagedCost
	for s := range rows {
		n++
		if s.priced() {
			known = append(known, costOf(&s, costs))
		}
	}
	if n == 0 {
		return nil, errors.New("there are no prompts")
	}
	if len(known) == 0 || float64(len(known)) < leastPriced*float64(n) {
		return nil, fmt.Errorf("what it costs to classify is known for %d of %s, under %g %%", len(known), wording.Plural(n, "prompt"), 100*leastPriced)
	}
	// Falling, and behind all what no margin decides, as NaN is less than any number. Of
	// equal margins by id, so that rounding is the same in any order.
	slices.SortFunc(known, func(a, b stagedCost) int {
		return cmp.Or(cmp.Compare(b.margin, a.margin), cmp.Compare(a.id, b.id))
	})
	c := &HybridCurve{N: len(known), Unpriced: n - len(known)}
	return c, c.sweep(known)
}

// stagedCost is what a request costs by each part, in USD.
type stagedCost struct {
	id                           string
	ruled                        bool
	margin                       float64 // from which the embedding decides; NaN: from none
	rule, embedding, llm         float64 // classifying
	byRule, byEmbedding, byModel float64 // serving, where this part decides
}

func costOf(s *Staged, costs eval.Costs) stagedCost {
	served := func(d *eval.Decision) float64 { return costs.Served(d.Tier, s.Item.Tier, s.Item.InputTokens) }
	c := stagedCost{
		id: s.Item.ID, ruled: s.Ruled(), margin: s.Margin(),
		rule: s.Rule.CostUSD.Value, embedding: s.Embedding.CostUSD.Value, llm: s.LLM.CostUSD.Value,
		byRule: served(&s.Rule), byEmbedding: served(&s.Embedding), byModel: served(&s.LLM),
	}
	if c.ruled {
		c.margin = math.NaN()
	}
	return c
}

// bill is what requests cost, in USD, and by how many they are decided.
type bill struct {
	rule, embedding, llm, served float64
	byRule, byEmbedding, byLLM   int
}

func (c *HybridCurve) sweep(rows []stagedCost) error {
	var b bill
	deltas := make([]float64, len(rows)) // of the embedding's decision against asking the LLM
	for i := range rows {
		s := &rows[i]
		b.rule += s.rule
		if s.ruled {
			b.byRule++
			b.served += s.byRule
			continue
		}
		b.byLLM++
		b.embedding += s.embedding
		b.llm += s.llm
		b.served += s.byModel
		deltas[i] = s.byEmbedding - s.byModel - s.llm
	}
	exact, err := whole(deltas)
	if err != nil {
		return err
	}
	c.cost, c.square = []int64{0}, []float64{0} // against always asking the LLM
	c.points = []HybridPoint{b.at(math.Inf(1), c.N)}
	for next := 0; next < len(rows) && !math.IsNaN(rows[next].margin); {
		margin, cost, square := rows[next].margin, c.cost[len(c.cost)-1], c.square[len(c.square)-1]
		for ; next < len(rows) && rows[next].margin == margin; next++ {
			s := &rows[next]
			b.byLLM, b.byEmbedding = b.byLLM-1, b.byEmbedding+1
			b.llm -= s.llm
			b.served += s.byEmbedding - s.byModel
			cost += exact[next]
			square += float64(deltas[next] * deltas[next])
		}
		c.points, c.cost, c.square = append(c.points, b.at(margin, c.N)), append(c.cost, cost), append(c.square, square)
	}
	// At 0 as at the lowest margin, or as at any where there is none.
	if last := c.points[len(c.points)-1]; last.Margin > 0 {
		last.Margin = 0
		c.points, c.cost, c.square = append(c.points, last), append(c.cost, c.cost[len(c.cost)-1]), append(c.square, c.square[len(c.square)-1])
	}
	return nil
}

func (b *bill) at(margin float64, n int) HybridPoint {
	if b.byLLM == 0 {
		b.llm = 0 // not what rounding left of it
	}
	share := func(decided int, paid float64) StageShare {
		return StageShare{eval.Number(float64(decided) / float64(n)), eval.Number(perThousand * paid / float64(n))}
	}
	return HybridPoint{
		Margin: Threshold(margin), Rule: share(b.byRule, b.rule), Embedding: share(b.byEmbedding, b.embedding), LLM: share(b.byLLM, b.llm),
		Headline: eval.Number(perThousand * (b.rule + b.embedding + b.llm + b.served) / float64(n)),
	}
}

// perThousand turns USD per request into USD per 1,000.
const perThousand = 1000

// Points are the settings that differ, by falling margin: +Inf, where the
// embedding never decides, each margin of a request, and 0.
func (c *HybridCurve) Points() []HybridPoint { return slices.Clone(c.points) }

// Least is the point that costs least, of equal ones that of the lowest margin,
// which asks the LLM least often.
func (c *HybridCurve) Least() HybridPoint { return c.LeastFrom(0) }

// LeastClearly is [HybridCurve.Least] where that saves more than one standard
// error against the cheaper of the two that need no margin, always asking the LLM
// and never where the embedding has a margin; else it is that one, of equally
// cheap ones the latter. What is gained by less was mostly found by trying many
// margins, and is lost on other requests.
func (c *HybridCurve) LeastClearly() HybridPoint {
	least, plain, last := c.least(0), 0, len(c.points)-1
	if c.cost[last] <= c.cost[0] {
		plain = last
	}
	// Requests differ between the two points where their margin is between them.
	saved := float64(c.points[plain].Headline-c.points[least].Headline) / perThousand
	// One request shows no spread.
	square := math.Abs(c.square[plain]-c.square[least]) / float64(c.N)
	if variance := max(0, square-saved*saved); c.N > 1 && saved > math.Sqrt(variance/float64(c.N-1)) {
		return c.points[least]
	}
	return c.points[plain]
}

// LeastFrom is the point that costs least among those of a margin or more,
// likewise. Where none of these margins is that of a request it is +Inf's.
func (c *HybridCurve) LeastFrom(margin float64) HybridPoint { return c.points[c.least(margin)] }

func (c *HybridCurve) least(from float64) int {
	least := 0
	for i, p := range c.points {
		if float64(p.Margin) >= from && c.cost[i] <= c.cost[least] {
			least = i
		}
	}
	return least
}

// At is what a margin, at least 0, comes to, in O(log n).
func (c *HybridCurve) At(margin float64) HybridPoint {
	// The last point of a margin not below it.
	i, found := slices.BinarySearchFunc(c.points, margin, func(p HybridPoint, m float64) int { return cmp.Compare(m, float64(p.Margin)) })
	if !found {
		i--
	}
	p := c.points[max(i, 0)]
	p.Margin = Threshold(margin)
	return p
}
