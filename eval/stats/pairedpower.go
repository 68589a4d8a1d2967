package stats

import "math"

// exactTestLoss is how much larger an effect the exact one-sided McNemar test
// needs than the normal approximation to it says: it is discrete, so that its
// true level lies below the nominal one.
const exactTestLoss = 1.05

// MinimumDetectable returns the fall of a proportion, from 0 to 1, that the exact
// one-sided McNemar test at the level alpha finds with probability power among n
// pairs of which the share psi changes one way or the other:
//
//	1.05 (Φ⁻¹(1−alpha) + Φ⁻¹(power)) √(psi/n).
//
// It is an approximation, good to about a twentieth; [McNemarPower] is exact.
// It is NaN with n = 0 or psi = 0, where nothing is known of how pairs change.
// It panics on a negative n, unless 0 ≤ psi ≤ 1, 0 < alpha < 1 and 0 < power < 1.
// Source: Connor (1987), Biometrics 43:207–211, first term, times the correction.
func MinimumDetectable(n int, psi, alpha, power float64) float64 {
	if n < 0 {
		panic("stats: negative count")
	}
	z := detectionZ(psi, alpha, power)
	if n == 0 || psi == 0 {
		return math.NaN()
	}
	return z * math.Sqrt(psi/float64(n))
}

// PairsNeeded returns the least n at which [MinimumDetectable] is at most effect;
// NaN with psi = 0. It is whole unless it is NaN, and a float64 because a small
// effect may need more than an int holds. It panics as MinimumDetectable does, and
// unless effect > 0.
func PairsNeeded(effect, psi, alpha, power float64) float64 {
	if !(effect > 0) {
		panic("stats: effect not over 0")
	}
	z := detectionZ(psi, alpha, power)
	if psi == 0 {
		return math.NaN()
	}
	return math.Ceil(psi * (z / effect) * (z / effect))
}

func detectionZ(psi, alpha, power float64) float64 {
	if !(psi >= 0 && psi <= 1) {
		panic("stats: share outside [0,1]")
	}
	checkDelta(alpha)
	if !(power > 0 && power < 1) {
		panic("stats: power outside (0,1)")
	}
	return exactTestLoss * (NormalQuantile(1-alpha) + NormalQuantile(power))
}

// McNemarPower returns the exact probability that McNemarOneSided is at most
// alpha for n independent pairs, each of which changes for the worse with
// probability (psi+drop)/2 and for the better with (psi−drop)/2:
//
//	Σ_d P(Bin(n, psi) = d) · P(Bin(d, (1 + drop/psi)/2) ≥ b_d),
//
// where b_d is the least b with P(Bin(d, ½) ≥ b) ≤ alpha. At drop = 0 it is the
// true level of the test, at most alpha. It takes O(n√n) and panics on a negative
// n, unless −psi ≤ drop ≤ psi ≤ 1, and unless 0 < alpha < 1.
func McNemarPower(n int, psi, drop, alpha float64) float64 {
	if n < 0 {
		panic("stats: negative count")
	}
	if !(psi >= 0 && psi <= 1) {
		panic("stats: share outside [0,1]")
	}
	if !(math.Abs(drop) <= psi) {
		panic("stats: drop over the share of changed pairs")
	}
	checkDelta(alpha)
	power, critical := 0.0, 0
	for d := 1; d <= n && psi > 0; d++ {
		// A pair more raises the critical value by at most 1.
		for critical <= d && McNemarOneSided(critical, d-critical) > alpha {
			critical++
		}
		mass := massAt(d, n, psi)
		if critical > d || mass < 1e-18 {
			continue
		}
		power += mass * (1 - tailUpTo(critical-1, d, (1+drop/psi)/2))
	}
	return power
}

// massAt is binomialMass for 0 < p ≤ 1.
func massAt(k, n int, p float64) float64 {
	if p == 1 {
		if k == n {
			return 1
		}
		return 0
	}
	return binomialMass(k, n, p)
}

// tailUpTo is binomialAtMost for 0 ≤ p ≤ 1 and k < n.
func tailUpTo(k, n int, p float64) float64 {
	switch p {
	case 0:
		return 1
	case 1:
		return 0
	}
	return binomialAtMost(k, n, p)
}
