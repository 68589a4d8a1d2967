package stats

import (
	"encoding/json"
	"flag"
	"math"
	"math/rand/v2"
	"os"
	"testing"
)

var certificates = flag.String("certificates", "", "file in which TestCertificatesForPython leaves its values")

// TestCertificatesForPython writes what the functions behind certificates make
// of random arguments, as JSON Lines, for docs/checks/certificates.py to
// compute anew.
func TestCertificatesForPython(t *testing.T) {
	if *certificates == "" {
		t.Skip("needs -certificates FILE")
	}
	f, err := os.Create(*certificates)
	if err != nil {
		t.Fatal(err)
	}
	encoder := json.NewEncoder(f)
	say := func(function string, value any, arguments ...any) {
		if err := encoder.Encode(map[string]any{"function": function, "arguments": arguments, "value": value}); err != nil {
			t.Fatal(err)
		}
	}
	rng := rand.New(rand.NewPCG(31, 1))
	between := func(low, high float64) float64 { return low * math.Pow(high/low, rng.Float64()) }
	for range 300 {
		n, alpha := int(between(1, 2e6)), between(1e-4, 0.9)
		spread := math.Sqrt(float64(n)*alpha*(1-alpha)) * 8
		errors := min(n, max(0, int(float64(n)*alpha+spread*(rng.Float64()-0.7))))
		confidence := 1 - between(1e-4, 0.6)
		say("RiskBinomial", RiskBinomial(errors, n, alpha), errors, n, alpha)
		say("BinomialUpper", BinomialUpper(errors, n, confidence), errors, n, confidence)

		delta := between(1e-3, 0.5)
		say("LeastErrorFree", LeastErrorFree(alpha, delta), alpha, delta)
		if rate := alpha * rng.Float64(); rate < 0.95*alpha {
			size, _ := SamplesNeeded(rate, alpha, delta)
			say("SamplesNeeded", size, rate, alpha, delta)
		}

		// Losses as written with two digits, whose mean is about alpha or less.
		losses, signed := make([]float64, 1+rng.IntN(400)), make([]float64, 1+rng.IntN(400))
		mean := alpha * 2 * rng.Float64()
		for i := range losses {
			losses[i] = math.Round(100*min(1, mean*2*rng.Float64())) / 100
		}
		for i := range signed {
			signed[i] = math.Round(100*(2*rng.Float64()-1)*rng.Float64()) / 100
		}
		say("RiskHoeffdingBentkus", RiskHoeffdingBentkus(losses, alpha), losses, alpha)
		say("RiskBetting", RiskBetting(losses, alpha, delta), losses, alpha, delta)
		level := alpha - 0.3*rng.Float64()
		say("RiskBetting", RiskBetting(signed, level, delta), signed, level, delta)

		p, totals, accepted := make([]float64, 1+rng.IntN(12)), []float64{}, []int{}
		for i := range p {
			p[i] = math.Round(100*rng.Float64()*rng.Float64()) / 100
			totals, accepted = append(totals, float64(rng.IntN(5))/2), append(accepted, rng.IntN(40))
			if i > 0 {
				totals[i], accepted[i] = totals[i]+totals[i-1], accepted[i]+accepted[i-1]
			}
		}
		starts := rng.Perm(len(p))[:1+rng.IntN(len(p))]
		some := func(indices []int) []int { return append([]int{}, indices...) } // [], not null
		say("CertifyFixedSequence", some(CertifyFixedSequence(len(p), func(i int) float64 { return p[i] }, delta, starts...)), p, delta, starts)
		say("CertifyBonferroni", some(CertifyBonferroni(p, delta)), p, delta)
		say("CertifyHolm", some(CertifyHolm(p, delta)), p, delta)
		say("LearnedStart", LearnedStart(accepted, alpha, delta), accepted, alpha, delta)
		say("ConformalThreshold", ConformalThreshold(totals, 30, alpha), totals, 30, alpha)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
