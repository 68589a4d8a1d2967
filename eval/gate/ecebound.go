package gate

import (
	"math"

	"github.com/routeproof/routeproof/eval/stats"
)

// binClaims are the claims of one side in one bin.
type binClaims struct {
	gap    float64 // sum of rightness less confidence
	square float64 // of their squares
	claims float64
	chance float64 // variance of gap, were every confidence exact
}

func (b *binClaims) add(n int, gap, square float64) {
	many := float64(n)
	b.gap += many * gap
	b.square += many * square
	b.claims += many
	// confidence·(1 − confidence) is |gap|·(1 − |gap|), right or wrong.
	b.chance += many * (math.Abs(gap) - square)
}

// deviation is that of gap: of the claims or, where so few are wrong that these
// show none, of exact confidences.
func (b *binClaims) deviation() float64 {
	if b.claims == 0 {
		return 0
	}
	return math.Sqrt(math.Max(b.square-b.gap*b.gap/b.claims, b.chance))
}

// chanceGap is by how much chance lifts |gap| above that of the expected gap, at
// most: E|z| = √(2/π) deviations where nothing is expected, and next to nothing
// from three deviations on.
func (b *binClaims) chanceGap() float64 {
	s := b.deviation()
	if math.Abs(b.gap) > 3*s {
		return 0
	}
	return math.Sqrt(2/math.Pi) * s
}

// calibrationInterval is of the baseline's calibration error less the candidate's.
//
// Chance lifts the error of a side that is well calibrated, and a small rise first
// takes the place of that lift, so the difference seen is too near 0 by up to the
// lift of the better side, or of both sides' gap where that is less: |x| and |y| are
// never lifted by more than |x − y| apart. Nothing tells the two cases from each other, and a
// bootstrap lifts once more. So each end is moved by what may be missing: by the
// baseline's lift towards a worse candidate, by the candidate's towards a better
// one. What is left is a sum of gaps whose signs are held, with a normal interval
// after two more groups are added, one all worse and one all better, as in [stats.PairedLower].
func calibrationInterval(cells []cell, confidence float64) stats.Interval {
	var base, cand [calibrationBins]binClaims
	n, same := 0, true
	for _, c := range cells {
		base[c.base.bin].add(c.n, c.base.gap, c.squares.base)
		cand[c.cand.bin].add(c.n, c.cand.gap, c.squares.cand)
		n, same = n+c.n, same && c.same
	}
	if same {
		return stats.Interval{}
	}
	change, worse, better := 0.0, 0.0, 0.0
	for k := range base {
		b, c := &base[k], &cand[k]
		change += math.Abs(b.gap) - math.Abs(c.gap)
		apart := math.Abs(c.gap - b.gap)
		worse += math.Min(apart, b.chanceGap())
		better += math.Min(apart, c.chanceGap())
	}
	spread := 0.0
	for _, c := range cells {
		signs := math.Copysign(1, base[c.base.bin].gap) * math.Copysign(1, cand[c.cand.bin].gap)
		spread += float64(c.n) * (c.squares.base + c.squares.cand - 2*signs*c.squares.both)
	}
	many := float64(n)
	z := stats.NormalQuantile((1 + confidence) / 2)
	half := z * math.Sqrt(math.Max(0, spread-change*change/many)+2)
	return stats.Interval{Low: (change - worse - half) / many, High: (change + better + half) / many}
}
