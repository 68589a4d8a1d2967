package gate

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/routeproof/routeproof/internal/spill"
)

// check is a comparison under way.
type check struct {
	base, cand *Side
	names      [2]string // of base and cand, in messages
	gates      bool      // it decides, else it informs
	rules      Rules
	costs      *Costs // nil where unknown, and then
	unpriced   string // says why

	seen     *survey // nil where there is nothing to compare
	matches  []*match
	flips    *spill.Sorter // of all classifiers; nil where there is nothing to compare
	slices   []Slice
	sliced   sliced
	draws    int // of permutations
	faults   []Fault
	warnings []string
}

// A namedSide is a side under the name that messages have for it.
type namedSide struct {
	what string
	*Side
}

func (c *check) sides() []namedSide {
	return []namedSide{{c.names[0], c.base}, {c.names[1], c.cand}}
}

func (c *check) fault(classifier string, ids []string, format string, args ...any) {
	c.faults = append(c.faults, Fault{Classifier: classifier, IDs: ids, Why: fmt.Sprintf(format, args...)})
}

func (c *check) warn(format string, args ...any) {
	c.warnings = append(c.warnings, fmt.Sprintf(format, args...))
}

// join matches the sides, of which the classifiers of the given names matter, and finds
// everything that makes the verdict invalid as a whole.
func (c *check) join(ctx context.Context, names []string) error {
	for _, side := range c.sides() {
		if side.Side == nil || side.n == 0 {
			c.fault("", nil, "%s has no predictions", side.what)
		}
	}
	if len(c.faults) > 0 {
		return nil
	}
	if !slices.Equal(c.base.source.Tiers.Names(), c.cand.source.Tiers.Names()) {
		c.fault("", nil, "the tiers differ: %s in %s, %s in %s", strings.Join(c.base.source.Tiers.Names(), ", "), c.names[0], strings.Join(c.cand.source.Tiers.Names(), ", "), c.names[1])
		return nil
	}
	if c.base.source.OutOfFold != c.cand.source.OutOfFold {
		with, without := c.names[0], c.names[1]
		if c.cand.source.OutOfFold {
			with, without = without, with
		}
		c.fault("", nil, "the predictions of the %s are out of fold, those of the %s are not, and may be about prompts that were fitted on: give the folder of a run, or predictions that have a fold", with, without)
	}
	c.hashes()
	c.flips = newFlipStore(c.near())
	if err := c.look(ctx, names); err != nil {
		return err
	}
	c.tellSurvey()
	c.findSlices()
	c.slice()
	c.pricesKnown()
	if !c.gates {
		return nil
	}
	for _, r := range c.cand.source.Certificates {
		if why := r.fault(); why != "" {
			c.fault("", nil, "certificate %s: %s", quote(r.Certificate.Claim), why)
		}
	}
	return nil
}

// hashes refuses sides that were made from different things. Prices are not
// among them: what they change is told apart.
func (c *check) hashes() {
	b, d := c.base.source.Hashes, c.cand.source.Hashes
	for _, h := range []struct{ what, base, cand string }{
		{"data sets", b.Dataset, d.Dataset}, {"labels", b.Label, d.Label}, {"splits", b.Split, d.Split},
	} {
		switch {
		case h.base == h.cand:
		case h.base == "" || h.cand == "":
			c.warn("The hash of the %s is known of one side only: that both had the same is told from ids and tiers alone.", h.what)
		default:
			mend := "run both on the same"
			if c.gates {
				mend += ", or move the baseline"
			}
			c.fault("", nil, "the %s differ by hash, %s in %s and %s in %s: %s", h.what, quote(h.base), c.names[0], quote(h.cand), c.names[1], mend)
		}
	}
}

// each visits the prompts of both sides, by id, with what some classifiers decided, by side
// and number; nil: all. One that a side lacks is nil there. What it is given is good
// during the visit.
func (c *check) each(ctx context.Context, wanted [2][]bool, visit func(base, cand *prompt) error) error {
	left, right := c.base.cursor(wanted[0]), c.cand.cursor(wanted[1])
	base, err := left.next()
	if err != nil {
		return err
	}
	cand, err := right.next()
	for n := 0; err == nil && (base != nil || cand != nil); n++ {
		if n%4096 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		order := 0
		switch {
		case cand == nil:
			order = -1
		case base == nil:
			order = 1
		default:
			order = bytes.Compare(base.id, cand.id)
		}
		b, d := base, cand
		if order < 0 {
			d = nil
		}
		if order > 0 {
			b = nil
		}
		if err = visit(b, d); err == nil && order <= 0 {
			base, err = left.next()
		}
		if err == nil && order >= 0 {
			cand, err = right.next()
		}
	}
	return err
}
