package gate

import (
	"math"
	"strings"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/internal/wording"
)

func quote(s string) string { return wording.Quote(s) }

// add takes in one row, or says all that is wrong with it.
func (b *builder) add(p *datasets.Prediction) {
	b.line++
	if b.side.source.OutOfFold && !p.Fold.Known {
		if !b.leftOut[p.Classifier] {
			b.leftOut[strings.Clone(p.Classifier)] = true
		}
		return
	}
	before := b.total
	truth := b.tier("tier", p.Tier)
	r := rowOf{
		line: b.line, repeat: p.Repeat, predicted: b.tier("predicted", p.Predicted), invalid: p.Invalid, failed: p.Error != "",
		confidence: math.NaN(), cost: math.NaN(), scores: -1,
	}
	if p.ID == "" {
		b.fault(b.line, "id", "expected the id of a prompt, found nothing")
	}
	if p.Classifier == "" {
		b.fault(b.line, "classifier", "expected the name of a classifier, found nothing")
	}
	if p.Repeat < 0 {
		b.fault(b.line, "repeat", "expected 0 or more, found %d", p.Repeat)
	}
	if p.Confidence.Known {
		if r.confidence = p.Confidence.Value; !(r.confidence >= 0 && r.confidence <= 1) {
			b.fault(b.line, "confidence", "expected a number from 0 to 1, found %g", r.confidence)
		}
	}
	if p.CostUSD.Known {
		if r.cost = p.CostUSD.Value; !(r.cost >= 0 && r.cost <= math.MaxFloat32) {
			b.fault(b.line, "cost_usd", "expected a number of at least 0, found %g", r.cost)
		}
	}
	if len(p.Scores) > 0 {
		r.scores = b.addScores(p.Scores)
	}
	prompt := b.prompt(p, truth)
	if b.total > before {
		return
	}
	r.prompt = prompt
	r.classifier = b.classifier(p.Classifier)
	b.rows = append(b.rows, r)
}

func (b *builder) tier(field, name string) int8 {
	k, ok := b.tierOf[name]
	if !ok {
		b.fault(b.line, field, "expected one of %s, found %s%s", strings.Join(b.tierNames, ", "), quote(name), wording.DidYouMean(name, b.tierNames))
	}
	return k
}

func (b *builder) addScores(scores []float64) int {
	if len(scores) != len(b.tierNames) {
		b.fault(b.line, "scores", "expected %d, one a tier, found %d", len(b.tierNames), len(scores))
		return -1
	}
	for i, v := range scores {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			b.fault(b.line, "scores", "expected finite numbers, found %g for %s", v, b.tierNames[i])
			return -1
		}
	}
	b.scores = append(b.scores, scores...)
	return len(b.scores) - len(scores)
}

// prompt returns the place of a row's prompt. Rows of one prompt must agree on
// what it is.
func (b *builder) prompt(p *datasets.Prediction, truth int8) int32 {
	s := b.side
	if _, known := b.tierOf[p.Tier]; !known {
		return 0 // the row is refused already
	}
	// Mostly rows come in the order of the prompts, classifier by classifier.
	at, seen := b.next, int(b.next) < len(s.ids) && s.ids[b.next] == p.ID
	if !seen {
		at, seen = b.place[p.ID]
	}
	b.next = at + 1
	if !seen {
		at = int32(len(s.ids))
		id := strings.Clone(p.ID) // else a reader's buffer lives on
		b.place[id] = at
		s.ids, s.truth = append(s.ids, id), append(s.truth, truth)
		s.domain, s.group = append(s.domain, strings.Clone(p.Domain)), append(s.group, strings.Clone(p.Group))
		b.first = append(b.first, b.line)
		b.next = 0
		return at
	}
	same := func(field, was, is string) {
		if was != is {
			b.fault(b.line, field, "%s has %s here and %s in row %d: expected the same in all rows of a prompt", quote(p.ID), quote(is), quote(was), b.first[at])
		}
	}
	same("tier", b.tierNames[s.truth[at]], p.Tier)
	same("domain", s.domain[at], p.Domain)
	same("group", s.group[at], p.Group)
	return at
}

func (b *builder) classifier(name string) int32 {
	k, ok := b.classOf[name]
	if !ok {
		k = int32(len(b.names))
		name = strings.Clone(name)
		b.classOf[name] = k
		b.names = append(b.names, name)
	}
	return k
}
