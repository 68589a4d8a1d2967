package pipeline

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/routeproof/routeproof/internal/wording"
)

// TierMix is the share of each tier in the traffic that figures are weighted
// for; empty: they are not.
type TierMix map[string]float64

// ParseTierMix reads SIMPLE=.6,MEDIUM=.25,… and says what is wrong with it.
func ParseTierMix(text string) (TierMix, error) {
	mix := TierMix{}
	for field := range strings.SplitSeq(text, ",") {
		name, share, ok := strings.Cut(strings.TrimSpace(field), "=")
		if !ok {
			return nil, fmt.Errorf("expected TIER=SHARE with commas between, as in SIMPLE=.6,FRONTIER=.4, found %q", field)
		}
		if _, twice := mix[name]; twice {
			return nil, fmt.Errorf("tier %q stands there twice", name)
		}
		v, err := strconv.ParseFloat(share, 64)
		if err != nil {
			return nil, fmt.Errorf("tier %s: expected a share from 0 to 1, found %q", name, share)
		}
		mix[name] = v
	}
	return mix, nil
}

// Check holds the mix to the tiers: shares from 0 to 1 that sum to 1, but for
// 0.001; tiers that are not named have none.
func (m TierMix) Check(tiers []string) error {
	if len(m) == 0 {
		return nil
	}
	sum := 0.0
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if !slices.Contains(tiers, name) {
			return fmt.Errorf("%q is no tier: expected some of %s%s", name, strings.Join(tiers, ", "), wording.DidYouMean(name, tiers))
		}
		if share := m[name]; !(share >= 0 && share <= 1) {
			return fmt.Errorf("tier %s: expected a share from 0 to 1, found %g", name, share)
		}
		sum += m[name]
	}
	if math.Abs(sum-1) > 0.001+1e-9 {
		return fmt.Errorf("expected shares that sum to 1, these sum to %.6g", sum)
	}
	return nil
}

// shares are by tier and sum to 1; nil without a mix.
func (m TierMix) shares(tiers []string) []float64 {
	if len(m) == 0 {
		return nil
	}
	out, sum := make([]float64, len(tiers)), 0.0
	for k, name := range tiers {
		out[k] = m[name]
		sum += m[name]
	}
	for k := range out {
		out[k] /= sum
	}
	return out
}
