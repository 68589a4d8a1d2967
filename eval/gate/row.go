package gate

import (
	"encoding/binary"
	"math"
	"strings"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/internal/names"
	"github.com/routeproof/routeproof/internal/spill"
	"github.com/routeproof/routeproof/internal/wording"
)

func quote(s string) string { return wording.Quote(s) }

// add takes in one row, or says all that is wrong with it. One whose prompt,
// classifier and true tier are known is taken in nevertheless, to be held against others.
func (b *builder) add(p *datasets.Prediction) error {
	b.line++
	if b.side.source.OutOfFold && !p.Fold.Known {
		if !b.leftOut[p.Classifier] {
			b.leftOut[strings.Clone(p.Classifier)] = true
		}
		return nil
	}
	truth, known := b.tier("tier", p.Tier)
	predicted, _ := b.tier("predicted", p.Predicted)
	if p.ID == "" {
		b.fault(b.line, "id", "expected the id of a prompt, found nothing")
	}
	if p.Classifier == "" {
		b.fault(b.line, "classifier", "expected the name of a classifier, found nothing")
	}
	if p.Repeat < 0 {
		b.fault(b.line, "repeat", "expected 0 or more, found %d", p.Repeat)
	}
	d := decision{pick: predicted}
	for _, is := range []struct {
		flag uint8
		true bool
	}{
		{invalidFlag, p.Invalid}, {failedFlag, p.Error != ""}, {confidentFlag, p.Confidence.Known}, {costFlag, p.CostUSD.Known},
	} {
		if is.true {
			d.flags |= is.flag
		}
	}
	if p.Confidence.Known {
		if d.confidence = p.Confidence.Value; !(d.confidence >= 0 && d.confidence <= 1) {
			b.fault(b.line, "confidence", "expected a number from 0 to 1, found %g", d.confidence)
		}
	}
	if p.CostUSD.Known {
		if d.cost = p.CostUSD.Value; !(d.cost >= 0 && d.cost <= math.MaxFloat32) {
			b.fault(b.line, "cost_usd", "expected a number of at least 0, found %g", d.cost)
		}
	}
	if b.checkScores(p.Scores) && len(p.Scores) > 0 {
		d.flags, d.scores = d.flags|scoredFlag, p.Scores
	}
	if !known || p.ID == "" || p.Classifier == "" || p.Repeat < 0 {
		return nil
	}
	return b.keep(p, truth, d)
}

// keep puts a row among those that are sorted.
func (b *builder) keep(p *datasets.Prediction, truth int8, d decision) error {
	tokens, length := int32(-1), ""
	if t := p.PromptTokens; t.Known && t.Value >= 0 && t.Value <= math.MaxInt32 {
		tokens = int32(t.Value)
	}
	if p.PromptRunes.Known {
		length = eval.LengthName(p.PromptRunes.Value)
	}
	number, _ := b.numbers.Add(p.Classifier)
	b.id = append(b.id[:0], p.ID...)
	r := spill.AppendKey(b.record[:0], b.id)
	r = binary.BigEndian.AppendUint64(r, uint64(b.line))
	r = append(r, byte(truth))
	r = binary.AppendUvarint(r, uint64(int(tokens)+1))
	for _, of := range []struct {
		names *names.Table
		name  string
	}{{b.side.domain, p.Domain}, {b.side.length, length}} {
		number, _ := of.names.Add(of.name)
		r = binary.AppendUvarint(r, uint64(number))
	}
	b.id = append(b.id[:0], p.Group...)
	r = appendBytes(r, b.id)
	r = binary.AppendUvarint(r, uint64(number))
	r = binary.AppendUvarint(r, uint64(p.Repeat))
	b.record = appendDecision(r, d)
	return b.rows.Add(b.record)
}

// tier returns the number of a tier, and whether there is one of the name.
func (b *builder) tier(field, name string) (number int8, known bool) {
	number, known = b.tierOf[name]
	if !known {
		b.fault(b.line, field, "expected one of %s, found %s%s", strings.Join(b.tierNames, ", "), quote(name), wording.DidYouMean(name, b.tierNames))
	}
	return number, known
}

// checkScores tells whether scores are as they should be.
func (b *builder) checkScores(scores []float64) bool {
	if len(scores) > 0 && len(scores) != len(b.tierNames) {
		b.fault(b.line, "scores", "expected %d, one a tier, found %d", len(b.tierNames), len(scores))
		return false
	}
	for i, v := range scores {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			b.fault(b.line, "scores", "expected finite numbers, found %g for %s", v, b.tierNames[i])
			return false
		}
	}
	return true
}
