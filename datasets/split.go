package datasets

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/routeproof/routeproof/internal/wording"
)

// A Split is the use a prompt is put to.
type Split uint8

// Fit on train, choose on tune, certify on calibrate, report on test.
const (
	Train Split = iota
	Tune
	Calibrate
	Test
	numSplits
)

func splitNames() []string { return []string{"train", "tune", "calibrate", "test"} }

func (s Split) String() string { return splitNames()[s] }

// Splits returns all splits, train first.
func Splits() []Split { return []Split{Train, Tune, Calibrate, Test} }

// Shares are the parts of the prompts that each split gets, indexed by Split.
// They are positive and sum to 1.
type Shares [numSplits]float64

// DefaultShares returns 40 % train and 20 % each of the others.
func DefaultShares() Shares { return Shares{0.4, 0.2, 0.2, 0.2} }

// Check returns an error unless the shares are positive and sum to 1.
func (s Shares) Check() error {
	sum := 0.0
	for i, share := range s {
		if !(share > 0 && share < 1) {
			return fmt.Errorf("share of %s: expected over 0 and below 1, found %g", Split(i), share)
		}
		sum += share
	}
	if math.Abs(sum-1) > 1e-9 {
		return fmt.Errorf("shares of train, tune, calibrate and test: expected a sum of 1, found %g", sum)
	}
	return nil
}

// An Assignment is where each prompt went, in the order of the prompts.
type Assignment struct {
	Splits   []Split
	Groups   *Groups // by the key of their leak-free group prompts share a split
	Warnings []string
}

// AssignSplits groups prompts as [Grouper] has it and assigns each a split. See
// [Groups.Assign].
func AssignSplits(prompts *PromptSet, salt string, shares Shares, name string, each func(Problem)) (*Assignment, error) {
	groups, err := GroupPrompts(prompts)
	if err != nil {
		return nil, err
	}
	a := &Assignment{Groups: groups}
	a.Splits, a.Warnings, err = groups.Assign(salt, shares, name, each)
	if err != nil {
		return nil, err
	}
	return a, nil
}

// Assign puts each prompt into a split that is a function of salt and its
// group's key, so row order does not matter and a new row moves no other,
// unless it joins groups or changes which texts are similar.
//
// A split column is obeyed: then every prompt needs a split and an exact group
// must not straddle two, which is a [ContentError]; near-duplicates that do are
// a warning. Splits that such a column does not name at all are cut from its
// train prompts by hash, in the proportion of their shares.
func (g *Groups) Assign(salt string, shares Shares, name string, each func(Problem)) (splits []Split, warnings []string, err error) {
	if err := shares.Check(); err != nil {
		return nil, nil, err
	}
	n, named, err := g.givenSplits(name, each)
	if err != nil {
		return nil, nil, err
	}
	splits = make([]Split, len(g.Near))
	if n == 0 {
		for i := range splits {
			splits[i] = shares.At(Uniform(salt, g.Key(i)))
		}
		return splits, nil, nil
	}
	// Train keeps its share and gives the missing splits theirs.
	fromTrain := shares
	total, missing := shares[Train], []string{}
	for s := Tune; s < numSplits; s++ {
		if named[s] {
			fromTrain[s] = 0
		} else {
			total += shares[s]
			missing = append(missing, s.String())
		}
	}
	for s := range fromTrain {
		fromTrain[s] /= total
	}
	for i, split := range g.given {
		splits[i] = split.split()
		if splits[i] == Train {
			splits[i] = fromTrain.At(Uniform(salt, g.Key(i)))
		}
	}
	if len(missing) > 0 {
		warnings = append(warnings, fmt.Sprintf("the split column names no %s: cut from train by hash", strings.Join(missing, " or ")))
	}
	return splits, append(warnings, g.straddling()...), nil
}

// given is what a split column says: 0 nothing, else 1 + the split.
type given uint8

func givenOf(name string) given { return given(1 + slices.Index(splitNames(), name)) }

func (g given) split() Split { return Split(g - 1) }

// givenSplits checks a split column and counts its values.
func (g *Groups) givenSplits(name string, each func(Problem)) (n int, named [numSplits]bool, err error) {
	p := &problems{file: name, each: each}
	first := map[int32]int{} // group → first prompt
	for i, split := range g.given {
		if split == 0 {
			continue
		}
		n++
		named[split.split()] = true
		other, seen := first[g.Exact[i]]
		if !seen {
			first[g.Exact[i]] = i
		} else if g.given[other] != split {
			p.add(0, "split", "prompt %s is in %s, but %s, of the same group or text, is in %s: give both one split",
				wording.Quote(g.id(i)), split.split(), wording.Quote(g.id(other)), g.given[other].split())
		}
	}
	if n > 0 && n < len(g.given) {
		for i, split := range g.given {
			if split == 0 {
				p.add(0, "split", "prompt %s has none, though others have: give every prompt a split, or none", wording.Quote(g.id(i)))
			}
		}
	}
	if n > 0 && !named[Train] {
		p.add(0, "split", "no prompt is in train: expected some to fit on")
	}
	return n, named, p.err()
}

// straddling warns of near-duplicates that a split column puts into different
// splits. It is no error, since they were found by an estimate.
func (g *Groups) straddling() []string {
	first := map[int32]given{}
	mixed := map[int32]bool{}
	for i, split := range g.given {
		if other, seen := first[g.Near[i]]; !seen {
			first[g.Near[i]] = split
		} else if other != split {
			mixed[g.Near[i]] = true
		}
	}
	if len(mixed) == 0 {
		return nil
	}
	var ids []string
	for i, group := range g.Near {
		if mixed[group] {
			ids = append(ids, g.id(i))
		}
	}
	slices.Sort(ids)
	return []string{fmt.Sprintf("%d groups of near-duplicates straddle splits of the split column, so figures on them are too good (prompts %s)", len(mixed), wording.List(ids))}
}

// At returns the split at a place from 0 to below 1, cut at the cumulative
// shares: of a group, [Uniform] of salt and key. Shares may be 0.
func (s Shares) At(place float64) Split {
	sum := 0.0
	for split := Train; split < Test; split++ {
		if sum += s[split]; place < sum {
			return split
		}
	}
	// Rounding may leave the last sum below 1; a split without a share gets nothing.
	last := Test
	for last > Train && s[last] == 0 {
		last--
	}
	return last
}

// Fold returns a group's fold, from 0 to folds-1, independent of its split.
func Fold(salt, group string, folds int) int {
	return int(hash64(salt+"\x00fold\x00"+group) % uint64(folds))
}

// TierCounts counts prompts a split and tier; unlabelled ones stand under NONE.
type TierCounts map[string]map[string]int

// NewTierCounts returns the counts of no prompts.
func NewTierCounts() TierCounts {
	counts := TierCounts{}
	for _, s := range Splits() {
		counts[s.String()] = map[string]int{}
	}
	return counts
}

// Add counts a prompt of a tier, empty where it has none.
func (c TierCounts) Add(split Split, tier string) {
	if tier == "" {
		tier = Unlabelled
	}
	c[split.String()][tier]++
}
