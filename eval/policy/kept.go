package policy

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/internal/spill"
)

// A Text is what a request asks or a model answers. The zero value is one that was
// not recorded.
type Text struct {
	Known bool
	size  uint32
	at    int64
	in    *texts
}

// texts are where texts are: in memory, or kept.
type texts struct {
	memory string
	kept   *spill.File // nil: those in memory
}

// NewText returns a text that is in memory.
func NewText(value string) Text {
	return Text{Known: true, size: uint32(len(value)), in: &texts{memory: value}}
}

// Read returns the text, from where it is kept.
func (t Text) Read() (string, error) {
	switch {
	case t.size == 0:
		return "", nil
	case t.in.kept == nil:
		return t.in.memory[t.at:][:t.size], nil
	}
	bytes := make([]byte, t.size)
	err := t.in.kept.Read(bytes, t.at)
	return string(bytes), err
}

// Empty tells whether there is nothing in the text.
func (t Text) Empty() bool { return t.size == 0 }

// Bytes that are kept in memory, before a temporary file is.
const (
	nearTexts = 8 << 20
	nearCalls = 4 << 20
)

// A ref is the place of a text that is kept.
type ref struct {
	at   int64
	size uint32
}

func (r *Recorded) text(at ref) Text {
	return Text{Known: true, size: at.size, at: at.at, in: r.in}
}

// Keep keeps a text as it keeps those of outcomes.
func (r *Recorded) Keep(text string) (Text, error) {
	if len(text) > math.MaxUint32 {
		return Text{}, fmt.Errorf("a text of %d bytes: expected up to %d", len(text), math.MaxUint32)
	}
	at, err := r.texts.Append([]byte(text))
	return r.text(ref{at, uint32(len(text))}), err
}

// keptCall is a call as it is kept.
type keptCall struct {
	before                            int64 // number of the request's call that was kept before, from 1; 0: none
	rung                              int32
	err                               int32 // number of the error
	score, confidence                 float64
	costUSD, firstTokenMS, latencyMS  float64
	input, output                     int64
	response                          ref
	ofCost, ofFirstToken, ofLatencyMS eval.Origin
	known                             uint8
}

// What is known of a kept call.
const (
	hasResponse = 1 << iota
	hasScore
	hasConfidence
	hasInput
	hasOutput
)

// callBytes is what a kept call takes.
const callBytes = 88

// append appends the call in callBytes.
func (k *keptCall) append(b []byte) []byte {
	le := binary.LittleEndian
	for _, v := range [...]int64{k.before, k.input, k.output, k.response.at} {
		b = le.AppendUint64(b, uint64(v))
	}
	for _, v := range [...]float64{k.score, k.confidence, k.costUSD, k.firstTokenMS, k.latencyMS} {
		b = le.AppendUint64(b, math.Float64bits(v))
	}
	for _, v := range [...]uint32{k.response.size, uint32(k.rung), uint32(k.err)} {
		b = le.AppendUint32(b, v)
	}
	return append(b, byte(k.ofCost), byte(k.ofFirstToken), byte(k.ofLatencyMS), k.known)
}

// read reads what append wrote.
func (k *keptCall) read(b []byte) {
	le := binary.LittleEndian
	b = b[:callBytes]
	whole := func(i int) int64 { return int64(le.Uint64(b[8*i:])) }
	k.before, k.input, k.output, k.response.at = whole(0), whole(1), whole(2), whole(3)
	float := func(i int) float64 { return math.Float64frombits(le.Uint64(b[8*i:])) }
	k.score, k.confidence, k.costUSD, k.firstTokenMS, k.latencyMS = float(4), float(5), float(6), float(7), float(8)
	k.response.size, k.rung, k.err = le.Uint32(b[72:]), int32(le.Uint32(b[76:])), int32(le.Uint32(b[80:]))
	k.ofCost, k.ofFirstToken, k.ofLatencyMS, k.known = eval.Origin(b[84]), eval.Origin(b[85]), eval.Origin(b[86]), b[87]
}

// keep keeps a call of request i.
func (r *Recorded) keep(i, rung int, c *Call) error {
	number, _ := r.errs.Add(c.Err)
	k := keptCall{
		before: r.last[i], rung: int32(rung), err: int32(number),
		score: c.Score.Value, confidence: c.Confidence.Value, costUSD: c.CostUSD.Value, firstTokenMS: c.FirstTokenMS.Value, latencyMS: c.LatencyMS.Value,
		input: int64(c.InputTokens.Value), output: int64(c.OutputTokens.Value),
		ofCost: c.CostUSD.Origin, ofFirstToken: c.FirstTokenMS.Origin, ofLatencyMS: c.LatencyMS.Origin,
	}
	for flag, known := range [...]bool{
		hasResponse: c.Response.Known, hasScore: c.Score.Known, hasConfidence: c.Confidence.Known, hasInput: c.InputTokens.Known, hasOutput: c.OutputTokens.Known,
	} {
		if known {
			k.known |= uint8(flag)
		}
	}
	if c.Response.Known {
		text, err := c.Response.Read()
		if err != nil {
			return err
		}
		kept, err := r.Keep(text)
		if err != nil {
			return err
		}
		k.response = ref{kept.at, kept.size}
	}
	at, err := r.calls.Append(k.append(make([]byte, 0, callBytes)))
	if err == nil {
		r.last[i] = at/callBytes + 1
	}
	return err
}

// call returns what was kept.
func (r *Recorded) call(k *keptCall) Call {
	c := Call{
		Err: r.errs.Name(int(k.err)), Score: optional(k, hasScore, k.score), Confidence: optional(k, hasConfidence, k.confidence),
		InputTokens: optional(k, hasInput, int(k.input)), OutputTokens: optional(k, hasOutput, int(k.output)),
		CostUSD: eval.Quantity{Value: k.costUSD, Origin: k.ofCost}, FirstTokenMS: eval.Quantity{Value: k.firstTokenMS, Origin: k.ofFirstToken},
		LatencyMS: eval.Quantity{Value: k.latencyMS, Origin: k.ofLatencyMS},
	}
	if k.known&hasResponse != 0 {
		c.Response = r.text(k.response)
	}
	return c
}

func optional[T any](k *keptCall, flag uint8, value T) datasets.Optional[T] {
	return datasets.Optional[T]{Value: value, Known: k.known&flag != 0}
}
