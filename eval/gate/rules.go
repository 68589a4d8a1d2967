package gate

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/internal/wording"
)

// Rules say what is gated and how strictly. The zero value gates the accuracy of
// every classifier of the baseline with the defaults named below.
type Rules struct {
	Classifiers []string // gated ones; empty: all of the baseline
	Slices      []Slice  // parts of the prompts whose accuracy must not fall; they only regress

	Margin    datasets.Optional[float64] // fall of a rate that is tolerated, over 0 and below 1; 0.02 (2 points)
	Alpha     datasets.Optional[float64] // chance of any false "regressed", at least 1e-6 and below ½; 0.05
	Power     datasets.Optional[float64] // at which detectable falls are told, over 0 and below 1; 0.8
	MaxErrors int                        // prompts without an answer, of a classifier on a side, that are tolerated

	// Further gates, off by default. Each needs its margin to pass, where the
	// rate or score gets worse by less.
	MacroF1      Margin
	TierRecall   Margin // of every true tier
	UnderRouting Margin
	Invalid      Margin // answers that are no tier
	ECE          Margin
	Cost         Margin // headline; the margin is a share of the baseline's at the candidate's prices
	Certificates bool   // a certificate that new data break is a regression

	Floors []Floor

	Replicates int    // of bootstraps; permutations draw at least twice as many; 0: 2,000
	Seed       uint64 // of both
}

// A Margin turns a further gate on and says what it tolerates; by default
// [Rules.Margin].
type Margin struct {
	On    bool
	Value datasets.Optional[float64]
}

// Kinds of slices.
const (
	Domain = "domain"
	Tier   = "tier"   // the true one
	Length = "length" // as the side's Source names lengths
)

// A Slice is the prompts of one domain, true tier or length. The name "*" stands
// for all there are of the kind.
type Slice struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
}

func (s Slice) String() string { return s.Kind + " " + s.Name }

// Rates that floors are about.
const (
	Accuracy     = "accuracy"      // must be at least the value
	UnderRouting = "under_routing" // must be at most the value
	InvalidRate  = "invalid"       // must be at most the value
)

// tierRecall names the gate on the accuracy of a tier's prompts that decides.
const tierRecall = "tier_recall"

// A Floor is a bound of a rate of the candidate, whatever the baseline has.
type Floor struct {
	Metric string  // Accuracy, UnderRouting or InvalidRate
	Slice  *Slice  // nil: all prompts
	Value  float64 // from 1e-9 to 1−1e-9

	Classifier string // whom it is for; empty: every gated one
}

const (
	defaultMargin     = 0.02
	defaultAlpha      = 0.05
	leastAlpha        = 1e-6
	defaultPower      = 0.8
	defaultReplicates = 2_000
	mostReplicates    = 1_000_000
)

func (r Rules) margin() float64 { return or(r.Margin, defaultMargin) }
func (r Rules) alpha() float64  { return or(r.Alpha, defaultAlpha) }
func (r Rules) power() float64  { return or(r.Power, defaultPower) }

func (r Rules) replicates() int {
	if r.Replicates == 0 {
		return defaultReplicates
	}
	return r.Replicates
}

// draws is how many a permutation takes so that its least p-value, 1 over one
// more, is well below what the first of so many claims must reach.
func (r Rules) draws(claims int) int {
	return max(2*r.replicates(), int(math.Ceil(2*float64(claims)/r.alpha())))
}

func (r Rules) marginOf(m Margin) float64 { return or(m.Value, r.margin()) }

func or(v datasets.Optional[float64], standard float64) float64 {
	if v.Known {
		return v.Value
	}
	return standard
}

// Check says all that is wrong with the rules, each with its mend; nil where
// nothing is. What only data show, such as a name that no prompt has, makes a
// verdict invalid instead.
func (r Rules) Check() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf("gate rules: "+format, args...)) }
	between := func(name string, v datasets.Optional[float64], high float64, mend string) {
		if v.Known && !(v.Value > 0 && v.Value < high) {
			fault("%s: expected over 0 and below %g, found %g: %s", name, high, v.Value, mend)
		}
	}
	const ofMargin = "0.02 tolerates 2 points; without any tolerance no data could ever pass"
	between("margin", r.Margin, 1, ofMargin)
	between("alpha", r.Alpha, 0.5, "0.05 lets one in twenty unchanged candidates fail")
	if v := r.Alpha; v.Known && v.Value > 0 && v.Value < leastAlpha {
		fault("alpha: expected at least %g, found %g: a permutation draws 2 over it for each claim", leastAlpha, v.Value)
	}
	between("power", r.Power, 1, "0.8 is usual")
	for _, g := range r.further() {
		between(g.name+" margin", g.margin.Value, 1, ofMargin)
		if !g.margin.On && g.margin.Value.Known {
			fault("%s: it has a margin but is off: turn it on, or take the margin out", g.name)
		}
	}
	if r.MaxErrors < 0 {
		fault("max_errors: expected 0 or more, found %d", r.MaxErrors)
	}
	if r.Replicates != 0 && (r.Replicates < 1000 || r.Replicates > mostReplicates) {
		fault("replicates: expected 1,000 to %s, or 0 for %s, found %d", wording.Thousands(mostReplicates), wording.Thousands(defaultReplicates), r.Replicates)
	}
	for i, name := range r.Classifiers {
		if name == "" {
			fault("classifiers: name %d is empty: take it out", i+1)
		} else if slices.Contains(r.Classifiers[:i], name) {
			fault("classifiers: %s stands twice: take one out", wording.Quote(name))
		}
	}
	for i, s := range r.Slices {
		if why := s.fault(); why != "" {
			fault("slice %d: %s", i+1, why)
		} else if slices.Contains(r.Slices[:i], s) {
			fault("slice %d: %s stands twice: take one out", i+1, s)
		}
	}
	for i, f := range r.Floors {
		metrics := []string{Accuracy, UnderRouting, InvalidRate}
		if !slices.Contains(metrics, f.Metric) {
			fault("floor %d: metric: expected one of %s, found %s%s", i+1, strings.Join(metrics, ", "), wording.Quote(f.Metric), wording.DidYouMean(f.Metric, metrics))
		}
		if f.Slice != nil {
			if why := f.Slice.fault(); why != "" {
				fault("floor %d: slice: %s", i+1, why)
			}
		}
		if !(f.Value > 0 && f.Value < 1) {
			fault("floor %d: value: expected over 0 and below 1, found %g: write shares, 0.88 for 88 %%", i+1, f.Value)
		} else if !isShare(f.Value) {
			fault("floor %d: value: expected 1e-9 to 1 - 1e-9, found %v: no number of prompts would show it", i+1, f.Value)
		}
	}
	return errors.Join(faults...)
}

// isShare tells whether a share is so far from 0 and 1 that 1 less it is too, which
// bounds and tests of it need.
func isShare(v float64) bool { return v >= 1e-9 && v <= 1-1e-9 }

func (s Slice) fault() string {
	kinds := []string{Domain, Tier, Length}
	if !slices.Contains(kinds, s.Kind) {
		return fmt.Sprintf("kind: expected one of %s, found %s%s", strings.Join(kinds, ", "), wording.Quote(s.Kind), wording.DidYouMean(s.Kind, kinds))
	}
	if s.Name == "" {
		return fmt.Sprintf("name: expected a %s, or * for each, found nothing", s.Kind)
	}
	return ""
}

type namedMargin struct {
	name   string
	margin Margin
}

// further are the further gates, in the order in which they are told.
func (r Rules) further() []namedMargin {
	return []namedMargin{
		{"macro_f1", r.MacroF1}, {"tier_recall", r.TierRecall}, {"under_routing", r.UnderRouting},
		{"invalid", r.Invalid}, {"ece", r.ECE}, {"cost", r.Cost},
	}
}
