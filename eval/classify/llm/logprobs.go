package llm

import (
	"math"
	"strings"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/internal/openaiapi"
)

// TierScores turns the log-probabilities of an answer into one score a tier,
// which sum to 1; nil where they say nothing of any tier.
//
// The answer is followed until it can be one tier only, mostly its first token.
// At each token on the way, what else could have stood there gives its
// probability to the tier that the answer would then name, or be the beginning
// of, without regard to case and to white space, punctuation and symbols around
// it. A beginning of several tiers gives each of them an equal part; what begins
// none is left out, so a score is a probability among the answers that name a
// tier.
func TierScores(tokens []openaiapi.Token, tiers centroids.Tiers) []float64 {
	const most = 64 // tokens: a name has fewer
	tokens = tokens[:min(len(tokens), most)]
	scores := make([]float64, tiers.Len())
	said, reached := "", 1.0 // the answer so far, and how likely that was
	for i, t := range tokens {
		own := 0.0
		seen := map[string]bool{} // the token stands among its own alternatives
		for _, a := range append([]openaiapi.Alternative{{Text: t.Text, Logprob: t.Logprob}}, t.Top...) {
			p, ok := probability(a.Logprob)
			switch {
			case !ok || seen[a.Text]:
				continue
			case a.Text == t.Text:
				own = p
			default:
				begin(said+a.Text, tiers).give(scores, reached*p)
			}
			seen[a.Text] = true
		}
		said, reached = said+t.Text, reached*own
		if b := begin(said, tiers); b.decided || i == len(tokens)-1 {
			b.give(scores, reached)
			break
		}
	}
	sum := 0.0
	for _, s := range scores {
		sum += s
	}
	if !(sum > 0) {
		return nil
	}
	for k := range scores {
		scores[k] /= sum
	}
	return scores
}

// probability returns that of a log-probability, and false where it is none.
func probability(logprob float64) (float64, bool) {
	const rounding = 1e-3 // above the 0 of what is certain
	return math.Exp(logprob), logprob <= rounding
}

// beginning is what the beginning of an answer says of the tier.
type beginning struct {
	named   []int // the tier that it names, else those that it may come to name
	decided bool  // the rest of the answer does not matter
}

func begin(text string, tiers centroids.Tiers) beginning {
	var open []int
	for k, name := range tiers.Names() {
		if begins(strings.ToUpper(text), strings.ToUpper(name)) {
			open = append(open, k)
		}
	}
	if k, ok := ParseTier(text, tiers); ok {
		return beginning{[]int{k}, len(open) == 0 && !blank(text)}
	}
	return beginning{open, len(open) < 2 && !blank(text)}
}

// begins tells whether an answer that begins with text may name a tier that text
// does not name yet: its end, from anywhere in the blank that it begins with, is
// the beginning of the name.
func begins(text, name string) bool {
	for i, r := range text {
		if len(text)-i < len(name) && strings.HasPrefix(name, text[i:]) {
			return true
		}
		if !blank(string(r)) {
			break
		}
	}
	return false
}

// give gives each tier that is named an equal part of a probability.
func (b beginning) give(scores []float64, p float64) {
	for _, k := range b.named {
		scores[k] += p / float64(len(b.named))
	}
}
