package calibrate

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/eval"
)

// A Result is the most permissive setting that could be certified, or why none
// could.
type Result struct {
	Claim    string  `json:"claim"`  // in words, with the setting where there is one
	Method   string  `json:"method"` // how it was tested
	Tier     string  `json:"tier,omitempty"`
	Alpha    float64 `json:"alpha"`
	Delta    float64 `json:"delta"` // of several tiers, that of each
	Sentence string  `json:"sentence"`

	Certified bool     `json:"certified"`
	Setting   *Setting `json:"setting"` // the cheapest that is certified; nil where none is

	// Heuristic is the most permissive setting whose risk on tune is at most
	// Alpha, as tuning without a certificate takes it. It guarantees nothing, and
	// is nil where there is none.
	Heuristic *Setting `json:"heuristic"`

	N        int `json:"n"`        // requests of the split that certifies, one a group
	LeftOut  int `json:"left_out"` // other requests of it, for which one of their group stands
	Unscored int `json:"unscored"` // of N, those without a score

	Settings int      `json:"settings"` // that tune offered
	Tested   int      `json:"tested"`   // in turn, First among them
	First    *Setting `json:"first"`    // that tune takes to be the likeliest to pass; nil without settings

	// More says how many more requests, one a group, would do where nothing was
	// certified, if First's risk stays what it was on the split that certifies: an
	// extrapolation, not a promise. Never says that at that risk no number would, or
	// none up to some millions.
	More  int  `json:"more"`
	Never bool `json:"never"`

	ids []string // of the requests it was proven on, sorted
}

// A Setting is a rule for what is accepted, and what it came to on the split
// that certifies.
type Setting struct {
	Place int `json:"place"` // among the settings, from 0, the strictest

	// Thresholds holds one: accepted is what has a score at or above it. Of
	// QualityLoss there is one for each model but the first, from which scores a
	// request goes to that model or a dearer one. Infinite ones
	// are words in JSON.
	Thresholds []Threshold `json:"thresholds"`

	N      int         `json:"n"`      // requests that the risk is a mean of
	Errors int         `json:"errors"` // of these, with a loss above 0
	Risk   eval.Number `json:"risk"`   // mean loss; NaN with N = 0
	P      float64     `json:"p"`      // of the hypothesis that the true risk is over Alpha
	Upper  eval.Number `json:"upper"`  // bound of the true risk at the confidence 1−Delta, of this setting taken by itself

	Share     eval.Number   `json:"share"`            // accepted, or kept from the dearest model, of all requests
	Shares    []eval.Number `json:"shares,omitempty"` // that go to each model, of QualityLoss
	CostShare eval.Number   `json:"cost_share"`       // cost over that of the dearest model alone, of QualityLoss; NaN elsewhere and where unknown
}

// Certificate returns what an artifact holds of a certified result; false
// where nothing was certified. Its split is the SHA-256, in hex, of the ids of
// the N requests it was proven on, sorted, each behind its length in bytes as an
// unsigned varint.
func (r *Result) Certificate() (centroids.Certificate, bool) {
	if !r.Certified {
		return centroids.Certificate{}, false
	}
	return centroids.Certificate{
		Claim: r.Claim, Method: r.Method, Alpha: r.Alpha, Delta: r.Delta,
		N: r.Setting.N, Errors: r.Setting.Errors, Split: hashOf(r.ids),
	}, true
}

func hashOf(ids []string) string {
	var buf []byte
	for _, id := range slices.Sorted(slices.Values(ids)) {
		buf = binary.AppendUvarint(buf, uint64(len(id)))
		buf = append(buf, id...)
	}
	sum := sha256.Sum256(buf)
	return hex.EncodeToString(sum[:])
}
