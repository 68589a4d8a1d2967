package stats

import "math"

// McNemar returns the two-sided exact p-value of McNemar's test for paired
// right/wrong answers, of which b pairs changed one way and c the other:
//
//	min(1, 2·P(Bin(d, ½) ≤ min(b, c))),  d = b + c.
//
// It is 1 when d = 0, since no pair tells the two apart. Values below the
// smallest float64 are 0. The relative error is below 1e-11 for d up to 1e6;
// the cost is O(√d). It panics on negative counts. Source: McNemar (1947),
// Psychometrika 12:153–157, in its exact binomial form.
func McNemar(b, c int) float64 {
	checkDiscordant(b, c)
	if b == c {
		return 1
	}
	return math.Min(1, 2*fairLowerTail(min(b, c), b+c))
}

// McNemarOneSided returns P(Bin(d, ½) ≥ b) with d = b + c: small when b, the
// number of pairs that changed for the worse, is larger than chance explains.
// It is 1 when d = 0. Accuracy, cost and panics are McNemar's.
func McNemarOneSided(b, c int) float64 {
	checkDiscordant(b, c)
	d := b + c
	if b == 0 {
		return 1
	}
	if c <= d/2 {
		return fairLowerTail(c, d) // by symmetry, P(X ≥ b) = P(X ≤ c)
	}
	return 1 - fairLowerTail(b-1, d) // at least ½, so nothing cancels
}

func checkDiscordant(b, c int) {
	if b < 0 || c < 0 {
		panic("stats: negative count")
	}
}

// fairLowerTail returns P(Bin(d, ½) ≤ k) for 0 ≤ k ≤ d/2 and d ≥ 1. It adds
// the terms downwards from k, where each is the one above times j/(d−j+1) ≤ 1,
// until the rest cannot matter. A difference of log-gammas would lose nine
// digits at d = 1e6; the first term is therefore Loader's.
func fairLowerTail(k, d int) float64 {
	term, sum := 1.0, 1.0
	for j := k; j > 0 && term > 1e-18*sum; j-- {
		term *= float64(j) / float64(d-j+1)
		sum += term
	}
	return fairMass(k, d) * sum
}

// fairMass returns P(Bin(d, ½) = k) by the saddle-point expansion of Loader
// (2000), "Fast and accurate computation of binomial probabilities". With
// t = (d−2k)/d the deviance of the two halves is d/2·(ln(1−t²) + 2t·artanh t),
// a form in which a small t cancels nothing.
func fairMass(k, d int) float64 {
	if k == 0 || k == d {
		return math.Exp2(-float64(d))
	}
	df, kf, rest := float64(d), float64(k), float64(d-k)
	t := float64(d-2*k) / df
	deviance := df / 2 * (math.Log1p(-t*t) + 2*t*math.Atanh(t))
	logMass := stirlingError(df) - stirlingError(kf) - stirlingError(rest) - deviance
	return math.Exp(logMass) * math.Sqrt(df/(2*math.Pi*kf*rest))
}

// stirlingError returns ln x! − ln(√(2πx)·(x/e)ˣ) for a whole x ≥ 1, to about
// 1e-15: Stirling's series from 8 upwards, the recurrence
// δ(x) = δ(x+1) + (x+½)·ln(1+1/x) − 1 below.
func stirlingError(x float64) float64 {
	shift := 0.0
	for ; x < 8; x++ {
		shift += (x+0.5)*math.Log1p(1/x) - 1
	}
	y := 1 / (x * x)
	series := 1.0/12 - y*(1.0/360-y*(1.0/1260-y*(1.0/1680-y*(1.0/1188-y*(691.0/360360-y/156)))))
	return shift + series/x
}
