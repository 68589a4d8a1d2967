package calibrate

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"github.com/routeproof/routeproof/internal/wording"
)

// words is what a kind of risk is called.
type words struct {
	tier      string // of PerTier
	unit      string // of risks, in hundredths
	ofAll     bool   // the risk is a mean over all requests, not over the accepted
	sameOrNot bool   // scores of 0 and 1 are no and yes
	claim     string // with %s for the risk
	rule      string // with %s for the thresholds
	seen      string // what Errors counts
	share     string // what Share is of all requests
}

func acceptance(tier string) words {
	w := words{
		tier: tier, unit: "%",
		claim: "at most %s of what is accepted is wrong", rule: "accepted: a score of at least %s",
		seen: "wrong", share: "accepted",
	}
	if tier != "" {
		w.claim = "at most %s of what is accepted as " + strings.ReplaceAll(tier, "%", "%%") + " is wrong"
	}
	return w
}

func agreement() words {
	return words{
		unit: "%", sameOrNot: true,
		claim: "where two answers agree, the cheap one is wrong in at most %s", rule: "they agree: a similarity of at least %s",
		seen: "wrong", share: "agree",
	}
}

func regret() words {
	return words{
		unit: "%", ofAll: true,
		claim: "on at most %s of all requests a cheap answer is accepted that is wrong where the dear one is right", rule: "accepted: a score of at least %s",
		seen: "regretted", share: "accepted",
	}
}

func quality() words {
	return words{
		unit: "points", ofAll: true,
		claim: "mean quality is at most %s below that of the dearest model alone", rule: "scores from which each dearer model is asked: %s",
		seen: "lose quality", share: "kept from the dearest model",
	}
}

// say fills in claim and sentence.
func (w words) say(r *Result) {
	// What is promised is not rounded, but for the last digits of a float64.
	claim := fmt.Sprintf(w.claim, fmt.Sprintf("%.12g %s", 100*r.Alpha, w.unit))
	sure := fmt.Sprintf("with %.7g %% confidence", 100*(1-r.Delta))
	r.Claim = claim
	if r.Certified {
		s := r.Setting
		r.Claim += " (" + fmt.Sprintf(w.rule, thresholds(s.Thresholds)) + ")"
		r.Sentence = fmt.Sprintf("Certified %s: %s. Seen: %s in the mean of %s, %s of which %s; %s: %s of all.",
			sure, r.Claim, hundredths(float64(s.Risk), w.unit), wording.Plural(s.N, "request"), wording.Thousands(s.Errors), w.seen, w.share, hundredths(float64(s.Share), "%"))
		return
	}
	r.Sentence = fmt.Sprintf("Not certifiable %s: %s. %s", sure, claim, w.why(r))
}

// why says what stands against a certificate.
func (w words) why(r *Result) string {
	if r.First == nil {
		return "Tune offers no setting to try: no request of it has a score that could be accepted."
	}
	f := r.First
	rule := fmt.Sprintf(w.rule, thresholds(f.Thresholds))
	seen := fmt.Sprintf("Of the likeliest setting (%s) the risk seen is %s, on %s: at that", rule, hundredths(float64(f.Risk), w.unit), wording.Plural(f.N, "request"))
	if f.N == 0 {
		seen = fmt.Sprintf("The likeliest setting (%s) has no request to be tested on: at the risk that it has on tune", rule)
	}
	if r.Never {
		return seen + " no number of requests would do."
	}
	return fmt.Sprintf("%s it could be with %s beside the %s that there are.", seen, wording.Plural(r.More, "more request"), wording.Thousands(r.N))
}

// hundredths writes what was seen to three digits.
func hundredths(share float64, unit string) string {
	if math.IsNaN(share) {
		return "unknown"
	}
	return fmt.Sprintf("%.3g %s", 100*share, unit)
}

// A Threshold is a score from which on something holds: never where it is +Inf,
// always where it is −Inf.
type Threshold float64

// String writes six digits.
func (t Threshold) String() string {
	switch {
	case math.IsInf(float64(t), 1):
		return "never"
	case math.IsInf(float64(t), -1):
		return "always"
	}
	return fmt.Sprintf("%.6g", float64(t))
}

// MarshalJSON writes a number with all its digits, or "never" or "always".
func (t Threshold) MarshalJSON() ([]byte, error) {
	if math.IsInf(float64(t), 0) {
		return json.Marshal(t.String())
	}
	return json.Marshal(float64(t))
}

// thresholds writes them with all their digits: a claim is about these.
func thresholds(values []Threshold) string {
	texts := make([]string, len(values))
	for i, v := range values {
		if texts[i] = v.String(); !math.IsInf(float64(v), 0) {
			texts[i] = fmt.Sprint(float64(v))
		}
	}
	return strings.Join(texts, ", ")
}
