package eval

// A Result is what a benchmark found on the test prompts. Figures that are
// undefined or unknown are NaN here and null in JSON.
type Result struct {
	Tiers  []string `json:"tiers"`
	N      int      `json:"n"`      // test prompts
	Groups int      `json:"groups"` // independent groups among them

	// Unpriced says why costs are unknown; empty where they are known. Then
	// classifiers are ranked by headline cost, else by accuracy.
	Unpriced string `json:"unpriced,omitempty"`

	Classifiers []Score       `json:"classifiers"` // best first
	Baselines   []Score       `json:"baselines"`
	Pairs       []Pair        `json:"pairs"`
	Slices      []Slice       `json:"slices"`
	Sensitivity []Sensitivity `json:"sensitivity"`
	Mistakes    []Mistakes    `json:"mistakes"` // by classifier, in the order of Classifiers
	Mixed       *Mixed        `json:"tier_mix,omitempty"`
	Warnings    []string      `json:"warnings"`
}

// A Score is what one classifier or baseline reached.
type Score struct {
	Name string `json:"name"`
	N    int    `json:"n"`

	Accuracy         Estimate  `json:"accuracy"`          // Wilson interval over groups, by their effective number
	AltAccuracy      *Estimate `json:"alt_tier_accuracy"` // alt_tier counted as right too; nil where no prompt has one
	OutOfFold        *Estimate `json:"out_of_fold_accuracy"`
	OutOfFoldKappa   *Estimate `json:"out_of_fold_quadratic_kappa"`
	OutOfFoldN       int       `json:"out_of_fold_n"`
	MacroF1          Estimate  `json:"macro_f1"`          // bootstrap intervals from here
	BalancedAccuracy Estimate  `json:"balanced_accuracy"` //
	QuadraticKappa   Estimate  `json:"quadratic_kappa"`   //
	UnderRouting     Estimate  `json:"under_routing"`     // Wilson
	OverRouting      Estimate  `json:"over_routing"`      // Wilson
	MeanTierError    Number    `json:"mean_tier_error"`

	PerTier   []TierScore `json:"per_tier"`
	Confusion Confusion   `json:"confusion"` // [truth][predicted]

	Invalid     int          `json:"invalid"` // answers that were no tier
	Errors      int          `json:"errors"`  // prompts without an answer
	Calibration *Calibration `json:"calibration"`

	Cost     Cost      `json:"cost"`
	Shuffled *Shuffled `json:"shuffled"` // nil for baselines
	Majority *Pair     `json:"majority"` // against the majority baseline; nil for baselines and where there is none

	LatencyP50 Quantity `json:"latency_p50_ms"` // of classifying
	LatencyP95 Quantity `json:"latency_p95_ms"`
}

// Cost is USD per 1,000 requests.
type Cost struct {
	N        int      `json:"n"`           // prompts the figures are about: the same for all who have a cost, 0 for others
	Classify Quantity `json:"classify"`    // the classifier's own
	Picked   Quantity `json:"picked"`      // the picked models, each asked once
	Again    Quantity `json:"asked_again"` // under-routed requests, paid again at their true tier
	Headline Estimate `json:"headline"`    // the sum of the three
	Saving   Estimate `json:"saving"`      // 1 − headline over always-dearest, as a share
	Behind   Estimate `json:"behind"`      // headline above the best classifier's; paired
	Cheapest Number   `json:"cheapest"`    // share of resamples in which no other classifier was cheaper; ties are shared
}

// Shuffled is what a classifier's own decisions reach when they are dealt to
// the prompts at random: the same bill of tiers without any skill. Accuracy
// and headline are exact expectations.
type Shuffled struct {
	Accuracy Number   `json:"accuracy"`
	Headline Number   `json:"headline"` // over the Cost.N prompts
	Skill    Estimate `json:"skill"`    // shuffled headline minus the classifier's own; paired
}

// TierScore is one tier's share in a Score.
type TierScore struct {
	Tier      string   `json:"tier"`
	Support   float64  `json:"support"`   // test prompts of this tier
	Predicted float64  `json:"predicted"` // decisions for this tier
	Precision Estimate `json:"precision"` // Wilson
	Recall    Estimate `json:"recall"`    // Wilson
	F1        Number   `json:"f1"`
}

// Calibration compares confidence with correctness, on one prompt a group: the
// first by order of items that has a confidence.
type Calibration struct {
	N        int              `json:"n"`
	Mean     Number           `json:"mean_confidence"`
	Accuracy Estimate         `json:"accuracy"` // Wilson
	ECE      Number           `json:"ece"`
	Null     Estimate         `json:"null_ece"` // ECE that perfect confidence would show here
	Bins     []ReliabilityBin `json:"bins"`     // at most 15 of nearly equal size, least sure first
	Brier    *Brier           `json:"brier"`    // nil where no tier's probability is stated
	Risk     RiskCoverage     `json:"risk_coverage"`
}

// A ReliabilityBin is the prompts of neighbouring confidences.
type ReliabilityBin struct {
	N        int      `json:"n"`
	Least    Number   `json:"least_confidence"`
	Greatest Number   `json:"greatest_confidence"`
	Mean     Number   `json:"mean_confidence"`
	Accuracy Estimate `json:"accuracy"` // Wilson
}

// Brier is the mean of Σ_k (p_k − y_k)², where y is 1 for the true tier and 0
// for others: 0 for certainty of the truth, 2 for certainty of another tier.
type Brier struct {
	N         int      `json:"n"`         // prompts with probabilities, of those of the calibration
	Score     Estimate `json:"score"`     // bootstrap
	Reference Number   `json:"reference"` // of always stating the tier mix of train; NaN without train
	Gain      Estimate `json:"gain"`      // Reference minus Score; paired bootstrap
}

// RiskCoverage is what it buys to trust only decisions above a confidence.
type RiskCoverage struct {
	AURC    Estimate `json:"aurc"`    // area under the curve, in [0, 1], less is better; bootstrap
	Random  Number   `json:"random"`  // its expectation for a confidence at random: the share that is wrong
	Perfect Number   `json:"perfect"` // of a confidence that is higher for all right decisions than for wrong ones
	P       float64  `json:"p"`       // of an AURC as low by chance, one-sided; see stats.AURCTest

	// Curve has a point for each distinct confidence, the most confident first;
	// of more than 500, the first at or above each 500th of the prompts.
	Curve []RiskPoint `json:"curve"`
}

// A RiskPoint is a confidence that decisions must reach to be trusted.
type RiskPoint struct {
	Confidence Number `json:"confidence"`
	Coverage   Number `json:"coverage"` // share of prompts that reach it
	Risk       Number `json:"risk"`     // share of these that is wrong
}

// A Pair compares two classifiers on the same prompts.
type Pair struct {
	A     string  `json:"a"`
	B     string  `json:"b"`
	OnlyA int     `json:"only_a"`     // groups of prompts of which A got more right
	OnlyB int     `json:"only_b"`     // groups of prompts of which B got more right
	P     float64 `json:"p"`          // two-sided sign-flip test over groups: of single prompts, exact McNemar
	HolmP float64 `json:"holm_p"`     // adjusted over all pairs
	Diff  Number  `json:"difference"` // accuracy of A minus that of B
}

// A Slice is a part of the test prompts.
type Slice struct {
	Kind     string     `json:"kind"` // domain or length
	Name     string     `json:"name"`
	N        int        `json:"n"`
	Accuracy []Estimate `json:"accuracy"` // by classifier, in the order of Result.Classifiers
	Under    []Estimate `json:"under_routing"`
}

// Sensitivity is the headline cost under another guess of answer lengths.
type Sensitivity struct {
	Scale    float64  `json:"scale"` // of the expected output tokens
	Headline []Number `json:"headline"`
	Dearest  Number   `json:"always_dearest"`
	Best     string   `json:"best"`
}

// Mistakes are a classifier's worst: the farthest from the true tier first,
// too low before too high, then the most confident.
type Mistakes struct {
	Classifier string    `json:"classifier"`
	Total      int       `json:"total"`
	Worst      []Mistake `json:"worst"`
}

// A Mistake is one wrong decision.
type Mistake struct {
	ID        string    `json:"id"`
	Prompt    string    `json:"prompt"` // its start
	Domain    string    `json:"domain"`
	Truth     string    `json:"truth"`
	Predicted string    `json:"predicted"`
	Scores    []float64 `json:"scores"`
	Others    []string  `json:"others"` // decisions of all classifiers, in the order of Result.Classifiers
}
