package logs

import (
	"bytes"
	"hash/maphash"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/routeproof/routeproof/internal/jsonline"
)

// doubt notes that a field's value cannot be used.
func (p *parser) doubt(f field, why reason, raw []byte) {
	for i := range p.pending {
		if p.pending[i].field == f {
			return // one is enough
		}
	}
	p.pending = append(p.pending, pending{f, why, raw})
}

// set takes a field's value. null is as good as absent.
func (p *parser) set(f field, kind jsonline.Kind, raw []byte) {
	if kind == jsonline.Null {
		return
	}
	r := p.r
	switch f {
	case fieldTime:
		p.setTime(kind, raw)
	case fieldID:
		if kind != jsonline.String && kind != jsonline.Number {
			p.doubt(f, wrongType, raw)
		} else if string(raw) != `""` {
			r.id, r.known = maphash.Bytes(p.seed, raw), r.known|hasID
		}
	case fieldFeature:
		r.feature = p.name(f, kind, raw, &p.feats, &p.b.features)
	case fieldModel:
		r.model = p.name(f, kind, raw, &p.models, &p.b.names)
	case fieldTier:
		r.tier = p.tier(f, kind, raw)
	case fieldStart:
		r.start = p.tier(f, kind, raw)
	case fieldInput:
		p.whole(f, kind, raw, &r.input, hasInput)
	case fieldOutput:
		p.whole(f, kind, raw, &r.output, hasOutput)
	case fieldCost:
		p.money(f, kind, raw, &r.cost, hasCost)
	case fieldClassifier:
		p.money(f, kind, raw, &r.classifier, hasClassifier)
	case fieldLatency:
		if v, ok := p.number(f, kind, raw, 0, maxLatency); ok {
			r.latency, r.known = v, r.known|hasLatency
		}
	case fieldEscalated:
		switch kind {
		case jsonline.True, jsonline.False:
			r.escalated, r.known = kind == jsonline.True, r.known|hasEscalated
		default:
			p.doubt(f, wrongType, raw)
		}
	case fieldScore:
		if v, ok := p.number(f, kind, raw, -maxScore, maxScore); ok && r.known&hasScore == 0 {
			r.score, r.known = v, r.known|hasScore
		}
	case fieldScores:
		p.scores(kind, raw)
	case fieldHash:
		if p.place(f, kind, raw, &r.hash) && p.Reference != nil {
			r.what = maphash.Bytes(p.seed, raw) | 1
		}
	case fieldPrompt:
		if !p.place(f, kind, raw, &r.prompt) {
			break
		}
		if r.known |= hasPrompt; r.what == 0 && p.Reference != nil {
			r.what = maphash.Bytes(p.seed, raw) | 1
		}
	}
}

// Values above these are no request's.
const (
	maxTokens  = 1e9
	maxLatency = 1e10 // ms, four months
	maxScore   = 1e9
)

// number reads a number within bounds.
func (p *parser) number(f field, kind jsonline.Kind, raw []byte, low, high float64) (float64, bool) {
	if kind != jsonline.Number {
		p.doubt(f, wrongType, raw)
		return 0, false
	}
	v, ok := parsed(raw)
	switch {
	case ok && v < low && low == 0:
		p.doubt(f, negative, raw)
	case !ok || v > high || v < low:
		p.doubt(f, tooLarge, raw)
	default:
		return v, true
	}
	return 0, false
}

// parsed reads a number. Most are whole and short.
func parsed(raw []byte) (float64, bool) {
	if len(raw) > 15 {
		return jsonline.ParseFloat(raw)
	}
	var n int64
	for _, c := range raw {
		if c < '0' || c > '9' {
			return jsonline.ParseFloat(raw)
		}
		n = 10*n + int64(c-'0')
	}
	return float64(n), true
}

func (p *parser) whole(f field, kind jsonline.Kind, raw []byte, to *int32, bit known) {
	v, ok := p.number(f, kind, raw, 0, maxTokens)
	if ok && v != math.Trunc(v) {
		p.doubt(f, notWhole, raw)
	} else if ok {
		*to, p.r.known = int32(v), p.r.known|bit
	}
}

func (p *parser) money(f field, kind jsonline.Kind, raw []byte, to *pico, bit known) {
	if v, ok := p.number(f, kind, raw, 0, maxUSD); ok {
		*to, p.r.known = picoOf(v), p.r.known|bit
	}
}

// place notes where a string stands.
func (p *parser) place(f field, kind jsonline.Kind, raw []byte, to *span) bool {
	if kind != jsonline.String {
		p.doubt(f, wrongType, raw)
		return false
	}
	from := cap(p.b.data) - cap(raw) // raw is a part of data
	*to = span{int32(from), int32(from + len(raw))}
	return true
}

// name returns the place of a name among those of the block. An empty one is
// unknown.
func (p *parser) name(f field, kind jsonline.Kind, raw []byte, index *interned, names *[]string) int32 {
	if kind != jsonline.String {
		p.doubt(f, wrongType, raw)
		return noName
	}
	text := raw[1 : len(raw)-1]
	if len(text) == 0 {
		return noName
	}
	if k, ok := index.of(text); ok {
		return k
	}
	p.text = jsonline.AppendString(p.text[:0], raw)
	k := int32(len(*names))
	*names = append(*names, string(shortened(p.text)))
	index.put(text, k)
	return k
}

// shortened cuts a long name after a whole character.
func shortened(name []byte) []byte {
	if len(name) <= maxName {
		return name
	}
	name = name[:maxName]
	for len(name) > 0 && !utf8.Valid(name) {
		name = name[:len(name)-1]
	}
	return append(name, "…"...)
}

// maxSpellings bounds what is remembered of tiers' spellings.
const maxSpellings = 1000

// tier reads a tier's name, in any case, or a number that an alias knows. An
// empty name is unknown.
func (p *parser) tier(f field, kind jsonline.Kind, raw []byte) int8 {
	text := raw
	switch {
	case kind == jsonline.String && bytes.IndexByte(raw, '\\') < 0:
		text = raw[1 : len(raw)-1]
	case kind == jsonline.String:
		p.text = jsonline.AppendString(p.text[:0], raw)
		text = p.text
	case kind != jsonline.Number:
		p.doubt(f, wrongType, raw)
		return noTier
	}
	if len(text) == 0 {
		return noTier
	}
	k := p.spelling(text)
	if k == noTier {
		p.doubt(f, unknownTier, raw)
	}
	return k
}

// spelling finds a tier by its name or an alias, in any case, with or without
// space around it.
func (p *parser) spelling(text []byte) int8 {
	if len(text) == 0 {
		return noTier
	}
	if k, ok := p.tiers.of(text); ok {
		return int8(k)
	}
	k := int8(noTier)
	name := strings.TrimSpace(string(text[:min(len(text), maxName)]))
	for i, own := range p.Tiers.Names() {
		if strings.EqualFold(own, name) {
			k = int8(i)
		}
	}
	if p.tiers.n < maxSpellings && len(text) <= maxName {
		p.tiers.put(text, int32(k))
	}
	return k
}

// scores reads the scores of all tiers, by name or in the tiers' order, and
// leaves the highest, the cheaper tier's on a tie, and its lead.
func (p *parser) scores(kind jsonline.Kind, raw []byte) {
	best, first, second, n := int8(noTier), math.Inf(-1), math.Inf(-1), 0
	var met uint
	take := func(k int8, v float64) {
		if met&(1<<k) == 0 {
			n++
		}
		met |= 1 << k
		if v > first || v == first && k < best {
			best, first, second = k, v, first
		} else {
			second = max(second, v)
		}
	}
	before := len(p.pending)
	switch kind {
	case jsonline.Object:
		s := &p.scan[maxPath]
		s.Reset(raw)
		for s.Next() {
			k := p.spelling(s.Name())
			if k == noTier {
				p.doubt(fieldScores, unknownTier, raw)
				break
			}
			if v, ok := p.number(fieldScores, s.Kind(), s.Raw(), -maxScore, maxScore); ok {
				take(k, v)
			}
		}
	case jsonline.Array:
		inner, k := bytes.TrimSpace(raw[1:len(raw)-1]), int8(0)
		for part := range bytes.SplitSeq(inner, []byte(",")) {
			part = bytes.TrimSpace(part)
			if int(k) == p.Tiers.Len() || len(part) == 0 || part[0] != '-' && (part[0] < '0' || part[0] > '9') {
				p.doubt(fieldScores, wrongType, raw)
				break
			}
			if v, ok := p.number(fieldScores, jsonline.Number, part, -maxScore, maxScore); ok {
				take(k, v)
			}
			k++
		}
	default:
		p.doubt(fieldScores, wrongType, raw)
	}
	switch {
	case len(p.pending) > before: // said already
	case n != p.Tiers.Len():
		p.doubt(fieldScores, wrongType, raw)
	default:
		p.r.best, p.r.score, p.r.margin = best, first, first-second
		p.r.known |= hasScore | hasMargin
	}
}

// setTime reads Unix time in seconds, milliseconds, microseconds or nanoseconds,
// told apart by size, or a date and time, in UTC where it has no zone.
func (p *parser) setTime(kind jsonline.Kind, raw []byte) {
	var t int64
	text := raw
	if kind == jsonline.String {
		p.text = jsonline.AppendString(p.text[:0], raw)
		text = p.text
	}
	at, isDate := time.Time{}, false
	v, isNumber := 0., false
	switch {
	case kind != jsonline.String && kind != jsonline.Number:
		p.doubt(fieldTime, wrongType, raw)
		return
	case isDigits(text):
		v, isNumber = parsed(text)
	case kind == jsonline.Number:
		v, isNumber = jsonline.ParseFloat(raw)
	default:
		at, isDate = dateTime(string(text))
	}
	switch {
	case isDate:
		t = at.Unix()
	case isNumber:
		t = seconds(v)
	default:
		p.doubt(fieldTime, badTime, raw)
		return
	}
	switch {
	case t < p.oldest:
		p.doubt(fieldTime, tooEarly, raw)
	case t > p.last:
		p.doubt(fieldTime, inFuture, raw)
	default:
		p.r.time, p.r.known = t, p.r.known|hasTime
	}
}

// seconds tells the unit of Unix time by its size.
func seconds(v float64) int64 {
	for _, unit := range []float64{1e9, 1e6, 1e3} {
		if math.Abs(v) >= 1e8*unit {
			v /= unit
			break
		}
	}
	return int64(math.Floor(min(max(v, -1e15), 1e15)))
}

func isDigits(text []byte) bool {
	for _, c := range text {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(text) > 0 && len(text) < 20
}

func dateTime(text string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05Z0700"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
