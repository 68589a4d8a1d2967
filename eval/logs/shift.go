package logs

import (
	"fmt"
	"math"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/eval/stats"
)

// A Shift is a distribution before and now.
type Shift struct {
	Cells []Cell  `json:"cells"`
	PSI   float64 `json:"psi"`
	Null  float64 `json:"psi_null_95"` // which it exceeds in 5 % of cases without a shift
	P     float64 `json:"p"`           // of a chi-square test of both being one distribution, by permutations where counts are few
	KS    float64 `json:"ks"`          // the largest distance of the distribution functions over cells; 0 where cells have no order
	KSP   float64 `json:"ks_p"`        // of it; 1 where cells have no order
	TV    float64 `json:"total_variation"`
}

// shown tells whether a difference is, at half of driftAlpha, as scores and tiers are
// two chances.
func (s *Shift) shown() bool { return s.P < driftAlpha/2 }

// A Cell is a tier, or a range of scores.
type Cell struct {
	Name      string `json:"cell"`
	Reference int    `json:"reference"`
	Requests  int    `json:"requests"`
}

// Each cell of scores has at least so many of the reference, and there are at most
// so many. A reference of fewer than two such cells is cut in two wherever it can be.
const (
	cellReference = 25
	mostCells     = 10
)

// cellsOf puts the bins of scores, the one below and the one above included, into
// cells of about equal numbers of the reference: a bin's cell.
func cellsOf(ref *centroids.Drift) []int {
	n := len(ref.Bins)
	cells := min(max(ref.N/cellReference, 2), mostCells)
	least := cellReference
	if ref.N < 2*cellReference {
		least = 1
	}
	out := make([]int, n+2)
	cell, seen, since := 0, 0, 0
	for i := range out {
		out[i] = cell
		if i == 0 || i > n {
			continue
		}
		seen, since = seen+ref.Bins[i-1], since+ref.Bins[i-1]
		if since >= least && seen*cells >= (cell+1)*ref.N && seen < ref.N {
			cell, since = cell+1, 0
		}
	}
	if cell > 0 && since < least { // the last is too small to stand alone
		for i, of := range out {
			out[i] = min(of, cell-1)
		}
	}
	return out
}

// shiftOfScores compares in these cells; nil where one side is empty.
func shiftOfScores(ref *centroids.Drift, bins []int) *Shift {
	of := cellsOf(ref)
	out := make([]Cell, of[len(of)-1]+1)
	width := (ref.High - ref.Low) / float64(len(ref.Bins))
	from := math.Inf(-1)
	for i, n := range bins {
		c := &out[of[i]]
		c.Requests += n
		if i > 0 && i <= len(ref.Bins) {
			c.Reference += ref.Bins[i-1]
		}
		switch {
		case i == len(bins)-1:
			c.Name = rangeName(from, math.Inf(1))
		case of[i+1] != of[i]:
			to := ref.Low + width*float64(i)
			c.Name = rangeName(from, to)
			from = to
		}
	}
	return shiftOf(out, true)
}

func rangeName(from, to float64) string {
	switch {
	case math.IsInf(from, -1) && math.IsInf(to, 1):
		return "any"
	case math.IsInf(from, -1):
		return fmt.Sprintf("under %.6g", to)
	case math.IsInf(to, 1):
		return fmt.Sprintf("%.6g or more", from)
	}
	return fmt.Sprintf("%.6g to %.6g", from, to)
}

func shiftOfTiers(ref *centroids.Drift, tiers centroids.Tiers, mix []int) *Shift {
	cells := make([]Cell, tiers.Len())
	for k, name := range tiers.Names() {
		cells[k] = Cell{name, ref.Mix[name], mix[k]}
	}
	return shiftOf(cells, false)
}

// permutations of the test where numbers are small.
const (
	permutations = 1999
	driftSeed    = 1
)

func shiftOf(cells []Cell, ordered bool) *Shift {
	before, now := make([]int, len(cells)), make([]int, len(cells))
	var n, m, used int
	for i, c := range cells {
		before[i], now[i] = c.Reference, c.Requests
		n, m = n+c.Reference, m+c.Requests
		if c.Reference+c.Requests > 0 {
			used++
		}
	}
	if n == 0 || m == 0 {
		return nil
	}
	s := &Shift{Cells: cells, KSP: 1, PSI: stats.PSI(before, now), TV: stats.TotalVariation(before, now)}
	s.Null = stats.PSINull(n, m, used, confidence)
	if stats.CochranRule(before, now) {
		_, _, s.P = stats.Homogeneity(before, now)
	} else {
		s.P = stats.HomogeneityPermutation(before, now, permutations, driftSeed)
	}
	if ordered {
		s.KS, s.KSP = stats.KolmogorovSmirnov(before, now)
	}
	return s
}
