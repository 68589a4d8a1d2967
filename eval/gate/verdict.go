package gate

import (
	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/eval"
)

// Version of the verdict's JSON. It rises where a field changes its meaning.
const Version = 1

// An Outcome is what a gate, a classifier or a whole check comes to.
type Outcome string

// The outcomes, best first. That of many is the worst among them.
const (
	Pass         Outcome = "pass"         // shown not to have got worse by the margin
	Inconclusive Outcome = "inconclusive" // neither shown
	Regressed    Outcome = "regressed"    // shown to have got worse
	Invalid      Outcome = "invalid"      // the sides cannot be compared
)

func (o Outcome) severity() int {
	switch o {
	case Pass:
		return 0
	case Inconclusive:
		return 1
	case Regressed:
		return 2
	}
	return 3
}

func worst(a, b Outcome) Outcome {
	if b.severity() > a.severity() {
		return b
	}
	return a
}

// A Verdict is what came of a check. Figures that are undefined or unknown are
// NaN here and null in JSON.
type Verdict struct {
	Version int     `json:"version"`
	Outcome Outcome `json:"verdict"`
	Why     string  `json:"why"`

	Margin eval.Number `json:"margin"` // of accuracy, a share
	Alpha  eval.Number `json:"alpha"`
	Power  eval.Number `json:"power"`
	Claims int         `json:"claims"` // p-values of "got worse" that were adjusted together

	// What the verdict was made from.
	Baseline   Hashes `json:"baseline_hashes"`
	Candidate  Hashes `json:"candidate_hashes"`
	Replicates int    `json:"replicates"` // of bootstraps
	Seed       uint64 `json:"seed"`

	Faults       []Fault           `json:"faults"` // why the verdict is invalid
	Classifiers  []Classifier      `json:"classifiers"`
	Certificates []CertificateTest `json:"certificates"`
	Warnings     []string          `json:"warnings"`
}

// A Fault is why sides cannot be compared.
type Fault struct {
	Classifier string   `json:"classifier,omitempty"` // empty: it is about all
	Why        string   `json:"why"`
	IDs        []string `json:"ids,omitempty"` // all prompts that it is about, sorted
}

// A Classifier is what came of one classifier. Its outcome is the worst of its
// gates, of which those that do not decide count only where they regressed.
type Classifier struct {
	Name    string  `json:"classifier"`
	Outcome Outcome `json:"verdict"`
	Why     string  `json:"why"`

	N         int  `json:"n"`         // prompts
	Groups    int  `json:"groups"`    // independent ones among them
	Repeats   int  `json:"repeats"`   // of each prompt, the fewer of the two sides
	Identical bool `json:"identical"` // all predictions are the same
	Improved  bool `json:"improved"`  // more often right, shown

	BaselineErrors  int `json:"baseline_errors"` // prompts without an answer
	CandidateErrors int `json:"candidate_errors"`

	Gates []Gate `json:"gates"` // accuracy first, then slices, further gates, floors
	Cost  *Cost  `json:"cost"`  // nil where costs are unknown
	Flips Flips  `json:"flips"`
}

// A Gate is what came of one rule for one classifier.
type Gate struct {
	Name    string  `json:"gate"` // accuracy, macro_f1, tier_recall, under_routing, invalid, ece, cost, or floor and a metric
	Slice   *Slice  `json:"slice,omitempty"`
	Outcome Outcome `json:"verdict"`
	Decides bool    `json:"decides"` // inconclusive counts; else only regressed does
	Why     string  `json:"why"`

	N      int `json:"n"`
	Groups int `json:"groups"`

	Baseline  eval.Number `json:"baseline"` // the mean over prompts
	Candidate eval.Number `json:"candidate"`

	// Change is candidate minus baseline, the mean over groups or, where groups differ
	// in size and that leaves a worse change open, over prompts. Bound is the worst
	// change that is left open at 1−α, on the side that is worse: below Change
	// where more is better, else above. Of floors it is the bound of the rate
	// itself, on the side that the floor is on.
	Change eval.Number `json:"change"`
	Bound  eval.Number `json:"bound"`
	Margin eval.Number `json:"margin"` // of floors the floor
	Method string      `json:"method"`

	Worse  int `json:"worse"`  // groups that changed for the worse, of rates
	Better int `json:"better"` // and for the better

	P         eval.Number `json:"p"`      // chance of so much harm where there is none
	HolmP     eval.Number `json:"holm_p"` // adjusted over all claims of the verdict
	BetterP   eval.Number `json:"improved_p"`
	BetterHP  eval.Number `json:"improved_holm_p"`
	Improved  bool        `json:"improved"`
	Identical bool        `json:"identical"` // nothing that the gate looks at changed

	// Untestable says that not even all changed groups changing for the worse would
	// reach α over the number of claims, at which the first claim must stand.
	Untestable bool        `json:"untestable"`
	Detectable eval.Number `json:"detectable"` // least change for the worse that is found at Verdict.Power; NaN where none is
	Needed     eval.Number `json:"needed"`     // groups at which a fall of Margin would be

	moreIsBetter bool
	unknown      string  // why there are no figures, with the mend
	passes       bool    // the bound lies within the margin
	fell         bool    // the figure itself got worse, over groups and over prompts; of rates
	changed      int     // groups, of rates
	psi          float64 // mean square change of a group, of rates
	weight       float64 // how many mean groups the added ones of the bound are each; 0: one
}

// A Flip is a prompt that is right on one side and wrong on the other. Regressions
// come first, the farthest from the true tier first, too low before too high, then
// those whose wrong answer had the most confidence (the margin of scores where
// there is none), then by id.
type Flip struct {
	ID        string `json:"id"`
	Domain    string `json:"domain,omitempty"`
	Truth     string `json:"truth"`
	Regressed bool   `json:"regressed"` // right before, wrong now; of repeats, right less often

	Baseline  Answer `json:"baseline"`
	Candidate Answer `json:"candidate"`
}

// An Answer is one side of a flip. Of repeats it is the first of the commonest.
type Answer struct {
	Tier       string        `json:"tier"`
	Right      eval.Number   `json:"right"`      // share of repeats
	Confidence eval.Number   `json:"confidence"` // NaN where unknown
	Margin     eval.Number   `json:"margin"`     // highest score less the second; NaN where there are no scores
	Scores     []eval.Number `json:"scores,omitempty"`
}

// A Retest is a certificate of the candidate's artifact and how its promise
// fares on the new data.
type Retest struct {
	Certificate centroids.Certificate
	N           int    // requests that the risk is a mean of, such as the accepted
	Errors      int    // losses among them
	Untested    string // why it could not be tested; then N and Errors do not count
}

// Fates of certificates on new data.
const (
	Holds    = "holds"     // shown again: P(Bin(n, α) ≤ errors) ≤ δ
	Broken   = "broken"    // the risk is shown to be over α: P(Bin(n, α) ≥ errors) ≤ δ
	NotShown = "not shown" // neither, which is common on less data than it was proven on
)

// A CertificateTest is what became of a certificate.
type CertificateTest struct {
	Claim  string      `json:"claim"`
	Alpha  float64     `json:"alpha"`
	Delta  float64     `json:"delta"`
	N      int         `json:"n"`
	Errors int         `json:"errors"`
	Fate   string      `json:"fate"`
	P      eval.Number `json:"p"`        // of a risk over Alpha
	Breaks eval.Number `json:"p_broken"` // of a risk of at most Alpha
	Why    string      `json:"why"`
}

// Invalidated is the verdict over sides that could not even be read.
func Invalidated(faults ...Fault) *Verdict {
	return &Verdict{
		Version: Version, Outcome: Invalid, Why: whyInvalid(faults), Faults: append([]Fault{}, faults...),
		Margin: nan(), Alpha: nan(), Power: nan(),
		Classifiers: []Classifier{}, Certificates: []CertificateTest{}, Warnings: []string{},
	}
}
