package datasets

import (
	"crypto/sha256"
	"encoding/binary"
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
	Groups   []string // key of the leak-free group; equal keys share a split
	Warnings []string
}

// AssignSplits puts each prompt into a split. Prompts with the same group, or
// with the same text but for case and white space, form one group; the split
// is a function of salt and the group's key, so row order does not matter and
// a new row moves no other, unless it joins groups.
//
// A split column is obeyed: then every prompt needs a split and a group must
// not straddle two, which is a [ContentError]. Splits that such a column does
// not name at all are cut from its train prompts by hash, in the proportion of
// their shares.
func AssignSplits(prompts []Prompt, salt string, shares Shares, name string, each func(Problem)) (*Assignment, error) {
	if err := shares.Check(); err != nil {
		return nil, err
	}
	a := &Assignment{Splits: make([]Split, len(prompts)), Groups: GroupKeys(prompts)}
	given, named, err := givenSplits(prompts, a.Groups, name, each)
	if err != nil {
		return nil, err
	}
	if given == 0 {
		for i, g := range a.Groups {
			a.Splits[i] = cut(salt, g, shares)
		}
		return a, nil
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
	for i, p := range prompts {
		split := Split(slices.Index(splitNames(), p.Split))
		if split == Train {
			split = cut(salt, a.Groups[i], fromTrain)
		}
		a.Splits[i] = split
	}
	if len(missing) > 0 {
		a.Warnings = append(a.Warnings, fmt.Sprintf("the split column names no %s: cut from train by hash", strings.Join(missing, " or ")))
	}
	return a, nil
}

// givenSplits checks a split column and counts its values.
func givenSplits(prompts []Prompt, groups []string, name string, each func(Problem)) (given int, named [numSplits]bool, err error) {
	p := &problems{file: name, each: each}
	splitOf := map[string]int{} // group → first prompt
	for i, prompt := range prompts {
		if prompt.Split == "" {
			continue
		}
		given++
		named[slices.Index(splitNames(), prompt.Split)] = true
		first, seen := splitOf[groups[i]]
		if !seen {
			splitOf[groups[i]] = i
		} else if other := prompts[first]; other.Split != prompt.Split {
			p.add(0, "split", "prompt %s is in %s, but %s, of the same group or text, is in %s: give both one split",
				wording.Quote(prompt.ID), prompt.Split, wording.Quote(other.ID), other.Split)
		}
	}
	if given > 0 && given < len(prompts) {
		for _, prompt := range prompts {
			if prompt.Split == "" {
				p.add(0, "split", "prompt %s has none, though others have: give every prompt a split, or none", wording.Quote(prompt.ID))
			}
		}
	}
	if given > 0 && !named[Train] {
		p.add(0, "split", "no prompt is in train: expected some to fit on")
	}
	return given, named, p.err()
}

// cut returns the split of a group: SHA-256 of salt, a zero byte and the key,
// its first 64 bits as a fraction of 2^64, cut at the cumulative shares.
func cut(salt, group string, shares Shares) Split {
	u := float64(hash64(salt+"\x00"+group)>>11) / (1 << 53)
	sum := 0.0
	for s := Train; s < Test; s++ {
		if sum += shares[s]; u < sum {
			return s
		}
	}
	// Rounding may leave the last sum below 1; a split without a share gets nothing.
	last := Test
	for last > Train && shares[last] == 0 {
		last--
	}
	return last
}

// Fold returns a group's fold, from 0 to folds-1, independent of its split.
func Fold(salt, group string, folds int) int {
	return int(hash64(salt+"\x00fold\x00"+group) % uint64(folds))
}

func hash64(s string) uint64 {
	sum := sha256.Sum256([]byte(s))
	return binary.BigEndian.Uint64(sum[:8])
}

// GroupKeys returns a key for each prompt; prompts that must share a split
// have equal keys. Groups and texts (lower-cased, white space folded) are
// joined where a prompt has both. The key is the smallest group name of those
// joined, else the text. It takes O(n log n) steps.
func GroupKeys(prompts []Prompt) []string {
	parent := map[string]string{}
	find := func(k string) string {
		root := k
		for p, ok := parent[root]; ok; p, ok = parent[root] {
			root = p
		}
		for k != root {
			k, parent[k] = parent[k], root
		}
		return root
	}
	own := make([]string, len(prompts))
	for i, p := range prompts {
		own[i] = "text " + foldText(p.Text)
		if p.Group == "" {
			continue
		}
		// "group …" sorts before "text …", so the smaller root is a group.
		a, b := find("group "+p.Group), find(own[i])
		if a != b {
			parent[max(a, b)] = min(a, b)
		}
	}
	for i := range own {
		own[i] = find(own[i])
	}
	return own
}

func foldText(s string) string { return strings.Join(strings.Fields(strings.ToLower(s)), " ") }

// TierCounts counts prompts a split and tier; unlabelled ones stand under NONE.
func TierCounts(prompts []Prompt, splits []Split) map[string]map[string]int {
	counts := map[string]map[string]int{}
	for _, s := range Splits() {
		counts[s.String()] = map[string]int{}
	}
	for i, p := range prompts {
		tier := p.Tier
		if tier == "" {
			tier = Unlabelled
		}
		counts[splits[i].String()][tier]++
	}
	return counts
}
