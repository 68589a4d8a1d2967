package synth

import (
	"strings"
	"unicode/utf8"

	"github.com/routeproof/routeproof/datasets"
)

// The classifier's prompt: its own tokens, and how many code points of the
// request it shows.
const (
	classifierTokens = 150
	classifierShows  = 800
)

// Answer returns what the classifier says of prompt i.
func (g *Generator) Answer(i int) datasets.RecordedAnswer {
	l := g.Latent(i)
	r := newRandom(g.config.Seed, streamAnswer, i, 0)
	c := &g.config.Classifier
	named := g.confuse(&r, l.Tier, c.Accuracy)
	text := ""
	if r.uniform() < c.Invalid {
		text = g.invalidAnswer(&r, named)
	} else {
		text = validAnswer(&r, g.config.Models[named].Tier)
	}
	shown := min(utf8.RuneCountInString(g.text(i, &l)), classifierShows)
	in, out := classifierTokens+(shown+3)/4, inputTokens(text)
	_, latency := g.times(&r, c.Speed, out)
	return datasets.RecordedAnswer{ID: idOf(i), Answer: datasets.Answer{
		Text: text, Model: c.Model,
		InputTokens: datasets.Known(in), OutputTokens: datasets.Known(out),
		CostUSD:   datasets.Known((float64(in)*c.InputPerM + float64(out)*c.OutputPerM) / 1e6),
		LatencyMS: datasets.Known(rounded(latency, 100)),
	}}
}

// confuse draws the tier that a classifier of a given accuracy names. See
// [Generator.confusion].
func (g *Generator) confuse(r *random, truth int, accuracy float64) int {
	u, v := r.uniform(), r.uniform()
	if u < accuracy {
		return truth
	}
	p := g.confusion(truth, 0)
	for t := range p {
		if v -= p[t]; v < 0 {
			return t
		}
	}
	if truth == len(p)-1 { // only rounding leads here
		return truth - 1
	}
	return len(p) - 1
}

// validAnswer is a tier's name with what models put around it.
func validAnswer(r *random, tier string) string {
	switch u := r.uniform(); {
	case u < .7:
		return tier
	case u < .8:
		return strings.ToLower(tier)
	case u < .9:
		return tier + "."
	case u < .95:
		return " " + tier + "\n"
	}
	return "**" + tier + "**"
}

// invalidAnswer names no tier, or more than one.
func (g *Generator) invalidAnswer(r *random, named int) string {
	tier := g.config.Models[named].Tier
	switch r.below(4) {
	case 0:
		return ""
	case 1:
		return "It depends on what is meant."
	case 2:
		return "I would call this request " + tier + ", but it could be handled elsewhere."
	}
	other := g.config.Models[(named+1)%len(g.config.Models)].Tier
	return tier + " or " + other
}
