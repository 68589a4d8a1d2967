package simulate

import (
	"context"
	"errors"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/policy"
)

// A Scorer is a router that gives every request a number; the higher, the more
// difficult.
type Scorer struct {
	Name   string
	Scores []float64 // by request; NaN: none
}

// Lengths scores requests by the number of characters (Unicode code points) of
// the text; NaN without one.
func Lengths(requests policy.Requests) (Scorer, error) {
	s := Scorer{Name: "length", Scores: make([]float64, requests.Len())}
	for i := range s.Scores {
		text, err := requests.At(i).Text.Read()
		if err != nil {
			return Scorer{}, err
		}
		s.Scores[i] = math.NaN()
		if text != "" {
			s.Scores[i] = float64(utf8.RuneCountInString(text))
		}
	}
	return s, nil
}

// Random scores requests by a hash of salt and id.
func Random(salt string, requests policy.Requests) Scorer {
	s := Scorer{Name: "random", Scores: make([]float64, requests.Len())}
	for i := range s.Scores {
		s.Scores[i] = datasets.Uniform(salt, requests.At(i).ID)
	}
	return s
}

// TrendsOf has a classifier decide on requests and scores them by that, see
// [Trends].
func TrendsOf(ctx context.Context, d NamedDecider, requests policy.Requests) (Scorer, error) {
	decisions, known := make([]eval.Decision, requests.Len()), make([]bool, requests.Len())
	for i := range decisions {
		request := requests.At(i)
		decision, err := d.Decide(ctx, &request)
		if err != nil && !errors.Is(err, policy.ErrUnrecorded) {
			return Scorer{}, err
		}
		decisions[i], known[i] = decision, err == nil
	}
	return Trends(d.Name, decisions, known), nil
}

// leastTrends is the share of decisions that must follow from their scores for
// the trend of these to be taken.
const leastTrends = 0.95

// Trends scores requests by a classifier's decisions, in their order; known tells
// which there are. The score is Σ(k − mean of k)·s_k over the scores s of tiers
// k, which rises as the dearer tiers' do: of probabilities it is the mean tier, but
// for a constant. A decision without scores has none of either, 0. Where under
// 95 % of the decisions name the tier of their highest score, as those of rules
// and of hybrids do not, the tiers that they name are the scores.
func Trends(name string, decisions []eval.Decision, known []bool) Scorer {
	s := Scorer{Name: name, Scores: make([]float64, len(decisions))}
	all, following := 0, 0
	for i, d := range decisions {
		all += count(known[i])
		following += count(known[i] && d.Tier < len(d.Scores) && d.Scores[d.Tier] == slices.Max(d.Scores))
	}
	largest := 1.0 // beyond what can be added up, scores are taken as shares of it
	for _, d := range decisions {
		for _, v := range d.Scores {
			largest = max(largest, math.Abs(v)/1e300)
		}
	}
	byTrend := following > 0 && float64(following) >= leastTrends*float64(all)
	for i, d := range decisions {
		switch {
		case !known[i]:
			s.Scores[i] = math.NaN()
		case !byTrend:
			s.Scores[i] = float64(d.Tier)
		default:
			middle := float64(len(d.Scores)-1) / 2
			for k, v := range d.Scores {
				s.Scores[i] += (float64(k) - middle) * (v / largest)
			}
		}
	}
	return s
}
