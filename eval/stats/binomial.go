package stats

import (
	"math"
	"math/rand/v2"
)

// rejectionMean is the smallest mean n·min(p, 1−p) at which the rejection
// method's constants hold; below it inversion is also the faster.
const rejectionMean = 10

// binomial draws exactly from Bin(n, p) for one p and any n. It works on the
// rarer of the two outcomes and mirrors the count back.
type binomial struct {
	mirrored bool
	p        float64 // of the rarer outcome, in [0, ½]
	odds     float64 // p/(1−p)
	sd       float64 // √(p(1−p)), of one trial
	logQ     float64 // ln(1−p)
}

// newBinomial prepares a sampler for 0 ≤ p ≤ 1.
func newBinomial(p float64) binomial {
	mirrored := p > 0.5
	if mirrored {
		p = 1 - p
	}
	return binomial{mirrored: mirrored, p: p, odds: p / (1 - p), sd: math.Sqrt(p * (1 - p)), logQ: math.Log1p(-p)}
}

// draw returns one value of Bin(n, p), n ≥ 0, in expected O(1).
func (d *binomial) draw(src *rand.PCG, n int) int {
	k := 0
	switch mean := float64(n) * d.p; {
	case mean >= rejectionMean:
		k = d.reject(src, n)
	case mean > 0:
		k = d.invert(src, n)
	}
	if d.mirrored {
		return n - k
	}
	return k
}

// invert walks up the distribution function until it passes a uniform. The
// walk past n that rounding of the last terms could cause starts over.
func (d *binomial) invert(src *rand.PCG, n int) int {
	first := math.Exp(float64(n) * d.logQ) // P(0) ≥ 4⁻¹⁰ here
	scale := float64(n+1) * d.odds
	for {
		u, mass := uniform(src), first
		for k := 0; k <= n; k++ {
			if u < mass {
				return k
			}
			u -= mass
			mass *= scale/float64(k+1) - d.odds
		}
	}
}

// reject is algorithm BTRS of Hörmann (1993), "The generation of binomial
// random variates", J. Statist. Comput. Simul. 46:101–110: transformed
// rejection with a squeeze that accepts most draws without looking at the mass.
func (d *binomial) reject(src *rand.PCG, n int) int {
	nf := float64(n)
	sd := d.sd * math.Sqrt(nf)
	b := 1.15 + 2.53*sd
	a := -0.0873 + 0.0248*b + 0.01*d.p
	center := nf*d.p + 0.5
	for {
		v := uniform(src)
		u := uniform(src) - 0.5
		us := 0.5 - math.Abs(u)
		x := (2*a/us+b)*u + center // −Inf at us = 0, refused below
		if us >= 0.07 && (0.92-v)*b >= 4.2 {
			return int(x) // here 0 ≤ x < n+1
		}
		k := math.Floor(x)
		if k < 0 || k > nf {
			continue
		}
		alpha := (2.83 + 5.1/b) * sd
		if d.underMass(nf, k, v*alpha/(a/(us*us)+b)) {
			return int(k)
		}
	}
}

// underMass reports whether v ≤ P(k)/P(mode). It takes the cheapest way that
// decides: the product of the ratios of neighbours near the mode, the bounds
// of logRatioBounds further out, and the logarithm itself for the rest.
func (d *binomial) underMass(n, k, v float64) bool {
	mode := math.Floor((n + 1) * d.p)
	distance := math.Abs(k - mode)
	if distance <= 15 { // (2⁶³)¹⁵ is still a float64
		rise, fall := 1.0, 1.0
		for i := min(k, mode) + 1; i <= max(k, mode); i++ {
			rise *= (n - i + 1) * d.odds
			fall *= i
		}
		if k > mode {
			return v*fall <= rise
		}
		return v*rise <= fall
	}
	logV := math.Log(v)
	if variance := n * d.sd * d.sd; distance < variance/2-1 {
		low, high := logRatioBounds(distance, variance)
		if logV <= low {
			return true
		}
		if logV > high {
			return false
		}
	}
	return logV <= d.logRatio(n, k, mode)
}

// logRatioBounds encloses ln(P(k)/P(mode)) for |k−mode| = distance below half
// the variance less 1. Source: Kachitvichyanukul and Schmeiser (1988), "Binomial
// random variate generation", Commun. ACM 31:216–222, step 5.2.
func logRatioBounds(distance, variance float64) (low, high float64) {
	rho := distance / variance * ((distance*(distance/3+0.625)+1.0/6)/variance + 0.5)
	normal := -distance * distance / (2 * variance)
	return normal - rho, normal + rho
}

// logRatio returns ln(P(k)/P(mode)), in Hörmann's form, which stays accurate
// for large n because the factorials enter only by their Stirling errors.
func (d *binomial) logRatio(n, k, mode float64) float64 {
	return (mode+0.5)*math.Log((mode+1)/(d.odds*(n-mode+1))) +
		(n+1)*math.Log((n-mode+1)/(n-k+1)) +
		(k+0.5)*math.Log(d.odds*(n-k+1)/(k+1)) +
		stirlingError(mode+1) + stirlingError(n-mode+1) -
		stirlingError(k+1) - stirlingError(n-k+1)
}
