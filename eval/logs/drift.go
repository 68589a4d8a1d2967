package logs

import (
	"fmt"

	"github.com/routeproof/routeproof/centroids"
)

// Bounds of the population stability index, by convention (Siddiqi 2006, "Credit
// Risk Scorecards"): below the first nothing to speak of, from the second on
// another population.
const (
	SmallPSI = 0.10
	LargePSI = 0.25
)

// driftAlpha is the level at which a difference counts as shown, over the scores
// and the tier mix together.
const driftAlpha = 0.01

// Of texts, at most maxTexts are embedded to be compared, and they are compared
// instead of logged scores if they are at least leastTexts, or all there is.
// Scores are not this artifact's where most of at least leastChecked differ.
const (
	maxTexts     = 20_000
	leastTexts   = 1000
	leastChecked = 20
)

// A Drift sets the requests of a log beside the calibrate prompts of an artifact.
// Requests of one message count once, where the log has msg_hash or texts: tests
// suppose that what they compare is independent.
type Drift struct {
	Status    Status `json:"status"`
	Why       string `json:"why"`
	Of        string `json:"of"`        // DriftScores or DriftTexts
	Reference int    `json:"reference"` // calibrate prompts
	Requests  int    `json:"requests"`  // compared
	Messages  bool   `json:"messages"`  // these are different messages, each counted once

	Score *Shift `json:"score"` // the highest score; nil: not comparable
	Mix   *Shift `json:"mix"`   // the tier of the highest score

	// Differing counts, of Checked requests with texts and logged scores, those whose
	// logged best tier or score is not what the artifact gives for the text.
	Checked   int `json:"checked"`
	Differing int `json:"differing"`

	Certificates []CertificateStatus `json:"certificates"`
}

// What is compared.
const (
	DriftScores = "logged scores"
	DriftTexts  = "texts, embedded again"
)

// Status says whether traffic still looks like the data of a certificate.
type Status string

// Statuses. None of them is about answers: whether accepted requests are still
// right, only labels tell (see [Draw]).
const (
	Holds    Status = "holds"    // nothing found that speaks against it
	Doubtful Status = "doubtful" // requests differ, or too few are known to tell
	Void     Status = "void"     // requests are clearly of another kind, or scores are not this artifact's
)

// A CertificateStatus is what has become of a certificate.
type CertificateStatus struct {
	Claim  string `json:"claim"`
	Status Status `json:"status"`
}

// result compares with the reference. Texts say more than logged scores, which
// may be of another artifact.
func (d *driftTally) result(m *centroids.Manifest) *Drift {
	out := &Drift{Of: DriftScores, Reference: d.ref.N, Requests: d.n, Messages: d.distinct, Certificates: []CertificateStatus{}}
	bins, mix := d.bins, d.mix
	own, embedded := make([]int, len(d.bins)), 0
	ownMix := make([]int, len(d.mix))
	for _, t := range d.texts {
		if t.checked {
			out.Checked++
		}
		if t.differs {
			out.Differing++
		}
		if t.tier != noTier {
			own[t.bin]++
			ownMix[t.tier]++
			embedded++
		}
	}
	if len(d.texts) > 0 && (d.n == 0 || embedded >= min(leastTexts, d.n)) {
		bins, mix, out.Of, out.Requests = own, ownMix, DriftTexts, embedded
	}
	out.Score = shiftOfScores(d.ref, bins)
	out.Mix = shiftOfTiers(d.ref, d.tiers, mix)
	out.Status, out.Why = out.judge()
	for _, c := range m.Certificates {
		out.Certificates = append(out.Certificates, CertificateStatus{c.Claim, out.Status})
	}
	return out
}

// judge says what the shifts mean for a guarantee that supposes there is none.
func (d *Drift) judge() (Status, string) {
	if d.Checked >= leastChecked && 2*d.Differing > d.Checked {
		return Void, fmt.Sprintf("of %d requests with text and scores, %d are logged with other scores than the artifact gives: the router runs another one", d.Checked, d.Differing)
	}
	status, why := Holds, "neither scores nor tiers differ from those of calibration by more than a little"
	known := 0
	for _, s := range []struct {
		what  string
		shift *Shift
	}{{"scores", d.Score}, {"tiers", d.Mix}} {
		if s.shift == nil {
			continue
		}
		known++
		shown := s.shift.shown()
		switch {
		case shown && s.shift.PSI >= LargePSI:
			return Void, fmt.Sprintf("%s are of another population than those of calibration: PSI %.2f, from %.2f on", s.what, s.shift.PSI, LargePSI)
		case shown && s.shift.PSI >= SmallPSI:
			status, why = Doubtful, fmt.Sprintf("%s differ from those of calibration: PSI %.2f, from %.2f on", s.what, s.shift.PSI, SmallPSI)
		case s.shift.Null > SmallPSI && status == Holds:
			status, why = Doubtful, fmt.Sprintf("too few requests or calibrate prompts to tell a drift of %s: PSI reaches %.2f by chance", s.what, s.shift.Null)
		}
	}
	if known == 0 {
		return Doubtful, "the log has neither scores nor texts that can be embedded here, so that nothing can be compared"
	}
	return status, why
}
