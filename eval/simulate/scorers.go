package simulate

import (
	"math"
	"unicode/utf8"

	"github.com/routeproof/routeproof/datasets"
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
func Lengths(requests []policy.Request) Scorer {
	s := Scorer{Name: "length"}
	for _, q := range requests {
		v := math.NaN()
		if q.Text != "" {
			v = float64(utf8.RuneCountInString(q.Text))
		}
		s.Scores = append(s.Scores, v)
	}
	return s
}

// Random scores requests by a hash of salt and id.
func Random(salt string, requests []policy.Request) Scorer {
	s := Scorer{Name: "random"}
	for _, q := range requests {
		s.Scores = append(s.Scores, datasets.Uniform(salt, q.ID))
	}
	return s
}
