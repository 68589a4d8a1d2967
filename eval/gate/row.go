package gate

import (
	"encoding/binary"
	"math"
	"strings"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/internal/wording"
)

func quote(s string) string { return wording.Quote(s) }

// add takes in one row, or says all that is wrong with it.
func (b *builder) add(p *datasets.Prediction) error {
	b.line++
	if b.side.source.OutOfFold && !p.Fold.Known {
		if !b.leftOut[p.Classifier] {
			b.leftOut[strings.Clone(p.Classifier)] = true
		}
		return nil
	}
	before := b.total
	truth, predicted := b.tier("tier", p.Tier), b.tier("predicted", p.Predicted)
	if p.ID == "" {
		b.fault(b.line, "id", "expected the id of a prompt, found nothing")
	}
	if p.Classifier == "" {
		b.fault(b.line, "classifier", "expected the name of a classifier, found nothing")
	}
	if p.Repeat < 0 {
		b.fault(b.line, "repeat", "expected 0 or more, found %d", p.Repeat)
	}
	confidence, cost := math.NaN(), math.NaN()
	if p.Confidence.Known {
		if confidence = p.Confidence.Value; !(confidence >= 0 && confidence <= 1) {
			b.fault(b.line, "confidence", "expected a number from 0 to 1, found %g", confidence)
		}
	}
	if p.CostUSD.Known {
		if cost = p.CostUSD.Value; !(cost >= 0 && cost <= math.MaxFloat32) {
			b.fault(b.line, "cost_usd", "expected a number of at least 0, found %g", cost)
		}
	}
	b.checkScores(p.Scores)
	prompt := b.prompt(p, truth)
	if b.total > before {
		return nil
	}
	var flags byte
	if p.Invalid {
		flags |= invalidFlag
	}
	if p.Error != "" {
		flags |= failedFlag
	}
	if len(p.Scores) > 0 {
		flags |= scoredFlag
	}
	r := b.record[:0]
	r = binary.LittleEndian.AppendUint32(r, uint32(prompt))
	r = binary.LittleEndian.AppendUint64(r, uint64(p.Repeat))
	r = binary.LittleEndian.AppendUint64(r, uint64(b.line))
	r = append(r, byte(predicted), flags)
	r = appendFloat(appendFloat(r, confidence), cost)
	for k := range b.tierNames {
		score := 0.0
		if k < len(p.Scores) {
			score = p.Scores[k]
		}
		r = appendFloat(r, score)
	}
	t := b.classifier(p.Classifier)
	t.scored = t.scored || len(p.Scores) > 0
	return b.keep(t, r)
}

func appendFloat(to []byte, v float64) []byte {
	return binary.LittleEndian.AppendUint64(to, math.Float64bits(v))
}

func (b *builder) tier(field, name string) int8 {
	k, ok := b.tierOf[name]
	if !ok {
		b.fault(b.line, field, "expected one of %s, found %s%s", strings.Join(b.tierNames, ", "), quote(name), wording.DidYouMean(name, b.tierNames))
	}
	return k
}

func (b *builder) checkScores(scores []float64) {
	if len(scores) > 0 && len(scores) != len(b.tierNames) {
		b.fault(b.line, "scores", "expected %d, one a tier, found %d", len(b.tierNames), len(scores))
		return
	}
	for i, v := range scores {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			b.fault(b.line, "scores", "expected finite numbers, found %g for %s", v, b.tierNames[i])
			return
		}
	}
}

// prompt returns the number of a row's prompt. Rows of one prompt must agree on
// what it is.
func (b *builder) prompt(p *datasets.Prediction, truth int8) int {
	s := b.side
	if _, known := b.tierOf[p.Tier]; !known {
		return 0 // the row is refused already
	}
	// Mostly rows come in the order of the prompts, classifier by classifier.
	at, added := b.next, false
	if at >= b.prompts.Len() || b.prompts.Name(at) != p.ID {
		at, added = b.prompts.Add(p.ID)
	}
	b.next = at + 1
	if added {
		b.next = 0
		b.first = append(b.first, b.line)
		s.truth, s.tokens = append(s.truth, truth), append(s.tokens, -1)
		s.domain.add(p.Domain)
		s.group.add(p.Group)
		s.length.add("")
	}
	same := func(field, was, is string) {
		if was != is {
			b.fault(b.line, field, "%s has %s here and %s in row %d: expected the same in all rows of a prompt", quote(p.ID), quote(is), quote(was), b.first[at])
		}
	}
	same("tier", b.tierNames[s.truth[at]], p.Tier)
	same("domain", s.domain.name(at), p.Domain)
	same("group", s.group.name(at), p.Group)
	if tokens := p.PromptTokens; s.tokens[at] < 0 && tokens.Known && tokens.Value >= 0 && tokens.Value <= math.MaxInt32 {
		s.tokens[at] = int32(tokens.Value)
	}
	if s.length.of[at] == 0 && p.PromptRunes.Known {
		s.length.set(at, eval.LengthName(p.PromptRunes.Value))
	}
	return at
}

func (b *builder) classifier(name string) *taken {
	k, added := b.classifiers.Add(name)
	if added {
		b.taken = append(b.taken, taken{})
	}
	return &b.taken[k]
}
