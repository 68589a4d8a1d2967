package gate

import "github.com/routeproof/routeproof/eval"

// ComparisonVersion is that of a comparison's JSON. It rises where a field changes
// its meaning.
const ComparisonVersion = 1

// A Comparison sets two sides, A and B, beside each other. It informs and decides
// nothing: see [Decide] for that. Figures that are undefined or unknown are NaN
// here and null in JSON.
type Comparison struct {
	Version int `json:"version"`

	A Compared `json:"a"`
	B Compared `json:"b"`
	N int      `json:"n"` // prompts that both have, with the same true tier

	Replicates int    `json:"replicates"` // of bootstraps
	Seed       uint64 `json:"seed"`

	// Faults are why the sides do not match. What is compared is compared over the
	// prompts that do.
	Faults   []Fault  `json:"faults"`
	Warnings []string `json:"warnings"`

	Classifiers []ClassifierChange `json:"classifiers"` // that both sides have, by name
}

// Compared is what one side of a comparison is.
type Compared struct {
	Name    string   `json:"name"`    // of the file or folder
	Prompts int      `json:"prompts"` // that have predictions
	Hashes  Hashes   `json:"hashes"`
	Only    []string `json:"only"` // classifiers that the other side lacks, by name
}

// A ClassifierChange is what one classifier does on either side, over the prompts
// that both sides have of it with the same true tier.
type ClassifierChange struct {
	Name   string `json:"classifier"`
	N      int    `json:"n"`      // prompts
	Groups int    `json:"groups"` // independent ones among them

	Identical bool `json:"identical"` // all predictions are the same
	ErrorsA   int  `json:"errors_a"`  // prompts without an answer, whose prediction is the fallback
	ErrorsB   int  `json:"errors_b"`

	// OnlyA and OnlyB are the groups of which A, or B, got more right, and P the
	// two-sided exact McNemar test on them; of repeats the sign-flip permutation of
	// means. HolmP is adjusted over all classifiers of the comparison.
	OnlyA int         `json:"only_a"`
	OnlyB int         `json:"only_b"`
	P     eval.Number `json:"p"`
	HolmP eval.Number `json:"holm_p"`

	Measures []Measure `json:"measures"` // in a fixed order; those that are unknown are left out
	Slices   []Measure `json:"slices"`   // accuracy by domain, then true tier, then length

	// Cost splits the headline cost's change; nil where it is unknown. A is its
	// baseline and B its candidate, as in Flips.
	Cost     *Cost  `json:"cost"`
	Unpriced string `json:"unpriced,omitempty"` // why Cost is nil

	Flips Flips `json:"flips"`
}

// Further measures of a comparison, beside Accuracy, UnderRouting and InvalidRate.
const (
	MacroF1          = "macro_f1" // over the true tiers
	QuadraticKappa   = "quadratic_kappa"
	BalancedAccuracy = "balanced_accuracy"
	OverRouting      = "over_routing"
	MeanTierError    = "mean_tier_error" // in tiers
	ECE              = "ece"             // over bins of both sides' confidences together
	HeadlineCost     = "headline_cost"   // USD per 1,000 requests, under-routed ones paid again, classifying included
)

// A Measure is a figure of both sides. Difference is B − A, with its paired 95 %
// percentile bootstrap interval: groups are drawn with replacement, those of both
// sides together. That of the calibration error is normal and widened by what chance
// adds to the error of a calibrated side. Intervals are NaN under 30 groups, and not
// adjusted for their number.
type Measure struct {
	Name         string        `json:"measure"`
	Slice        *Slice        `json:"slice,omitempty"`
	MoreIsBetter bool          `json:"more_is_better"`
	N            int           `json:"n"`      // prompts
	Groups       int           `json:"groups"` // that are drawn
	A            eval.Number   `json:"a"`
	B            eval.Number   `json:"b"`
	Difference   eval.Estimate `json:"difference"`

	// Changed is how many groups differ between the sides in what is measured.
	// Shown tells whether the interval excludes 0, and at least six groups changed:
	// not even five of five changes one way are significant at 5 % (2·2⁻⁵ = 0.06),
	// where a percentile interval may exclude 0 from four on.
	Changed int  `json:"changed"`
	Shown   bool `json:"shown"`
}
