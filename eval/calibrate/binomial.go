package calibrate

import (
	"fmt"
	"math"
	"slices"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/stats"
	"github.com/routeproof/routeproof/internal/wording"
)

// Acceptance finds the lowest threshold with a certified risk among accepted
// rows: of those with a score at or above it, at most level.Risk are wrong.
//
// Thresholds are the distinct scores of tune, at most 200, evenly by rank. Each
// is tested by the binomial distribution of errors among the accepted, which is
// exact. It takes O(n log n) and is an error where the level is out of its range,
// an id stands twice, or an id or group in both splits.
func Acceptance(tune, certify []Row, level Level) (Result, error) {
	return binomialOf(tune, certify, level, acceptance(""))
}

// Agreement finds the lowest similarity of two answers, the score, with a
// certified false agreement: of the requests on which the answers are at least so
// similar the cheap one is wrong, [Row.Wrong], in at most level.Risk. Pairs of
// which a side is missing or came too late have the score NaN. Where scores are
// 0 and 1 alone only 1 is tried: at 0 everything would agree. Otherwise it is as
// [Acceptance].
func Agreement(tune, certify []Row, level Level) (Result, error) {
	return binomialOf(tune, certify, level, agreement())
}

// Regret finds the lowest threshold with a certified regret: of all requests, at
// most level.Risk are accepted and wrong. Of a cascade a row is wrong where the
// cheap answer is and the dear one is right. Rows without a score are never
// accepted, but count. Otherwise it is as [Acceptance]; a row cannot stop being
// accepted as the threshold falls, so nothing hangs on where to start.
func Regret(tune, certify []Row, level Level) (Result, error) {
	return binomialOf(tune, certify, level, regret())
}

// PerTier is [Acceptance] for the rows of each tier by itself, with one promise
// for all of them: that no tier's risk is over level.Risk, so that each is tested
// at δ/len(tiers). Results are in the order of tiers. A row of no known tier is
// an error.
func PerTier(tiers []string, tune, certify []Row, level Level) ([]Result, error) {
	if err := level.Check(); err != nil {
		return nil, err
	}
	tune, kept, err := split(tune, certify, keyOfRow)
	if err != nil {
		return nil, err
	}
	for _, r := range slices.Concat(tune, certify) {
		if !slices.Contains(tiers, r.Tier) {
			return nil, fmt.Errorf("request %s: expected a tier among %q, found %s", wording.Quote(r.ID), tiers, wording.Quote(r.Tier))
		}
	}
	each := test{level.Risk, level.Delta() / float64(len(tiers))}
	results := make([]Result, len(tiers))
	for i, name := range tiers {
		of := func(rows []Row) []Row {
			return slices.DeleteFunc(slices.Clone(rows), func(r Row) bool { return r.Tier != name })
		}
		results[i] = newBinomial(of(tune), of(kept), each, acceptance(name)).result()
		results[i].LeftOut = len(of(certify)) - len(of(kept))
	}
	return results, nil
}

func binomialOf(tune, certify []Row, level Level, w words) (Result, error) {
	if err := level.Check(); err != nil {
		return Result{}, err
	}
	t, c, err := split(tune, certify, keyOfRow)
	if err != nil {
		return Result{}, err
	}
	r := newBinomial(t, c, level.test(), w).result()
	r.LeftOut = len(certify) - len(c)
	return r, nil
}

// binomial is thresholds with the errors that they let pass.
type binomial struct {
	test
	words         words
	rows          []Row // that certify
	grid          []float64
	tune, certify tally
}

func newBinomial(tune, certify []Row, at test, w words) *binomial {
	scores := make([]float64, len(tune))
	for i, r := range tune {
		scores[i] = r.Score
	}
	b := &binomial{test: at, words: w, rows: certify, grid: grid(scores)}
	if w.sameOrNot && !slices.ContainsFunc(b.grid, func(v float64) bool { return v != 0 && v != 1 }) {
		b.grid = slices.DeleteFunc(b.grid, func(v float64) bool { return v == 0 })
	}
	b.tune, b.certify = count(tune, b.grid), count(certify, b.grid)
	return b
}

// trials is how many rows the risk of setting i is a mean of.
func (b *binomial) trials(t *tally, i int) int {
	if b.words.ofAll {
		return t.n
	}
	return t.accepted[i]
}

func (b *binomial) p(t *tally, i int) float64 {
	return stats.RiskBinomial(t.wrong[i], b.trials(t, i), b.alpha)
}

func (b *binomial) risk(t *tally, i int) float64 {
	return float64(t.wrong[i]) / float64(b.trials(t, i))
}

func (b *binomial) count() int              { return len(b.grid) }
func (b *binomial) onTune(i int) float64    { return b.p(&b.tune, i) }
func (b *binomial) onCertify(i int) float64 { return b.p(&b.certify, i) }
func (b *binomial) tuneRisk(i int) float64  { return b.risk(&b.tune, i) }

func (b *binomial) result() Result {
	r := Result{
		Alpha: b.alpha, Delta: b.delta, Tier: b.words.tier, Method: "exact binomial, fixed sequence",
		N: b.certify.n, Unscored: b.certify.unscored,
	}
	if len(b.grid) > 0 {
		choose(b, &r)
	}
	if r.Certified {
		r.ids = b.idsOf(r.Setting.Place)
	}
	b.words.say(&r)
	return r
}

func (b *binomial) setting(i int) *Setting {
	c := &b.certify
	n := b.trials(c, i)
	return &Setting{
		Place: i, Thresholds: []Threshold{Threshold(b.grid[i])}, N: n, Errors: c.wrong[i],
		Risk: eval.Number(b.risk(c, i)), P: b.p(c, i), Upper: eval.Number(stats.BinomialUpper(c.wrong[i], n, 1-b.delta)),
		Share: eval.Number(float64(c.accepted[i]) / float64(c.n)), CostShare: eval.Number(math.NaN()),
	}
}

// idsOf are the requests that the risk of setting i is a mean of.
func (b *binomial) idsOf(i int) (ids []string) {
	for _, r := range b.rows {
		if b.words.ofAll || r.Score >= b.grid[i] {
			ids = append(ids, r.ID)
		}
	}
	return ids
}

// more extrapolates how many more rows would certify setting i, at the rate of
// errors and the share of rows that count on the split that certifies, or on tune
// where none of it count.
func (b *binomial) more(i int) (requests int, never bool) {
	t := &b.certify
	if b.trials(t, i) == 0 {
		t = &b.tune
	}
	needed, ok := stats.SamplesNeeded(b.risk(t, i), b.alpha, b.delta)
	if !ok {
		return 0, true
	}
	counted := b.trials(t, i)
	all := (needed*t.n + counted - 1) / counted
	return max(1, all-b.certify.n), false
}
