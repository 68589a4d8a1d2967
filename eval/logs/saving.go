package logs

import "github.com/routeproof/routeproof/eval"

// Saving is what routing saved against asking the last tier's model for
// everything. It assumes that this model reads and writes as many tokens as the
// one that answered, over the requests whose cost and tokens are known.
type Saving struct {
	Requests      int         `json:"requests"`
	USD           float64     `json:"usd"`            // what they cost
	ClassifierUSD eval.Number `json:"classifier_usd"` // what classifying them cost, or is assumed to
	ClassifierIs  eval.Origin `json:"classifier_is"`
	DearestUSD    float64     `json:"dearest_usd"` // what they would have cost at the last tier
	Gross         eval.Number `json:"gross"`       // share saved before the classifier's cost
	Net           eval.Number `json:"net"`         // behind it

	// BreakEven is the daily number of requests from which the saving exceeds the
	// fixed cost of the router; null where nothing is saved or nothing is fixed.
	BreakEven eval.Number `json:"break_even_requests_per_day"`
}

// saving returns nil where no request can be compared. Where the cost of
// classifying is neither logged nor assumed it is unknown, and so is Net.
func (t *Tally) saving(a Assumptions, s *Summary) *Saving {
	d := &t.dearest
	if d.requests == 0 {
		return nil
	}
	out := &Saving{Requests: d.requests, USD: d.actual.usd(), DearestUSD: d.all.usd()}
	// Of those compared, as many are taken to have their fee logged as of all.
	logged := float64(t.fees.requests) / float64(t.all.requests)
	if t.fees.requests > 0 {
		out.ClassifierUSD = eval.Number(t.fees.usd.usd() / float64(t.fees.requests) * float64(d.requests) * logged)
		out.ClassifierIs = eval.Recorded
	}
	if logged < 1 {
		if a.ClassifierUSD == nil {
			s.Warnings = append(s.Warnings, "what classifying costs is neither logged (classifier_cost_usd) nor configured: the net saving is unknown")
			out.ClassifierIs, out.ClassifierUSD = eval.Unknown, undefinedNumber()
		} else {
			out.ClassifierUSD += eval.Number(*a.ClassifierUSD * float64(d.requests) * (1 - logged))
			out.ClassifierIs = eval.Assumed
		}
	}
	net := out.DearestUSD - out.USD - float64(out.ClassifierUSD)
	out.Gross = quotient(out.DearestUSD-out.USD, out.DearestUSD)
	out.Net, out.BreakEven = undefinedNumber(), undefinedNumber()
	if out.ClassifierIs != eval.Unknown {
		out.Net = quotient(net, out.DearestUSD)
		if a.FixedUSDPerDay > 0 && net > 0 {
			out.BreakEven = eval.Number(a.FixedUSDPerDay / (net / float64(d.requests)))
		}
	}
	return out
}
