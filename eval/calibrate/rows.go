package calibrate

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/routeproof/routeproof/internal/wording"
)

// A Row is a request whose answer is accepted where its score is high enough.
type Row struct {
	ID    string
	Group string  // requests of a group are one piece of evidence; empty: its own
	Tier  string  // that was decided on; of PerTier alone
	Score float64 // the higher, the more acceptable; NaN: none, never accepted
	Wrong bool    // what must not be accepted
}

func keyOfRow(r *Row) (id, group string) { return r.ID, r.Group }

// split returns one row a group of the tune split and of the one that certifies,
// by id. An id that stands twice is an error, and so is an id or a group that
// stands in both.
func split[T any](tune, certify []T, key func(*T) (id, group string)) (t, c []T, err error) {
	inTune := map[string]bool{}
	for i := range tune {
		id, group := key(&tune[i])
		if inTune["id "+id] {
			return nil, nil, fmt.Errorf("request %s stands twice in tune", wording.Quote(id))
		}
		inTune["id "+id] = true
		if group != "" {
			inTune["group "+group] = true
		}
	}
	seen := map[string]bool{}
	for i := range certify {
		id, group := key(&certify[i])
		switch {
		case seen[id]:
			return nil, nil, fmt.Errorf("request %s stands twice among those that certify", wording.Quote(id))
		case inTune["id "+id]:
			return nil, nil, fmt.Errorf("request %s is in tune and among those that certify: what settings are chosen on cannot certify them", wording.Quote(id))
		case group != "" && inTune["group "+group]:
			return nil, nil, fmt.Errorf("group %s, of request %s, is in tune and among those that certify: give a group one split", wording.Quote(group), wording.Quote(id))
		}
		seen[id] = true
	}
	return onePerGroup(tune, key), onePerGroup(certify, key), nil
}

// onePerGroup returns the row of the least id of each group, by id.
func onePerGroup[T any](rows []T, key func(*T) (id, group string)) []T {
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(a, b T) int {
		x, _ := key(&a)
		y, _ := key(&b)
		return cmp.Compare(x, y)
	})
	seen := map[string]bool{}
	return slices.DeleteFunc(rows, func(r T) bool {
		_, group := key(&r)
		if group == "" {
			return false
		}
		again := seen[group]
		seen[group] = true
		return again
	})
}

// mostSettings is how many thresholds are tried. All that pass are tested one by
// one, and neighbours among more would hardly differ.
const mostSettings = 200

// grid returns thresholds from strict to permissive: the distinct scores,
// highest first. Of more than mostSettings only those are kept at or above which
// for some k there are, for the first time, k/mostSettings of the rows. NaN is
// no score; −0 is 0.
func grid(scores []float64) []float64 {
	sorted := slices.DeleteFunc(slices.Clone(scores), math.IsNaN)
	slices.SortFunc(sorted, func(a, b float64) int { return cmp.Compare(b, a) })
	var distinct, even []float64
	next := 1
	for i, s := range sorted {
		if i+1 < len(sorted) && sorted[i+1] == s {
			continue
		}
		distinct = append(distinct, s+0)
		if (i+1)*mostSettings >= next*len(sorted) {
			even = append(even, s+0)
			next = (i+1)*mostSettings/len(sorted) + 1
		}
	}
	if len(distinct) <= mostSettings {
		return distinct
	}
	return even
}

// tally is what each setting of a grid makes of some rows.
type tally struct {
	accepted []int // rows with a score at or above the threshold
	wrong    []int // of these
	n        int   // rows
	unscored int   // of these
}

// count goes through the rows once, highest scores first.
func count(rows []Row, grid []float64) tally {
	t := tally{accepted: make([]int, len(grid)), wrong: make([]int, len(grid)), n: len(rows)}
	scored := slices.DeleteFunc(slices.Clone(rows), func(r Row) bool { return math.IsNaN(r.Score) })
	t.unscored = t.n - len(scored)
	slices.SortFunc(scored, func(a, b Row) int { return cmp.Compare(b.Score, a.Score) })
	next, wrong := 0, 0
	for i, threshold := range grid {
		for ; next < len(scored) && scored[next].Score >= threshold; next++ {
			if scored[next].Wrong {
				wrong++
			}
		}
		t.accepted[i], t.wrong[i] = next, wrong
	}
	return t
}
