package policy

import (
	"math"
	"strings"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/internal/spill"
)

// A Text is what a request asks or a model answers. The zero value is one that was
// not recorded.
type Text struct {
	Known bool
	value string
	from  *spill.File // of a text that is not in memory
	at    int64
	size  int
}

// NewText returns a text that is in memory.
func NewText(value string) Text { return Text{Known: true, value: value} }

// Read returns the text, from a temporary file if it is there.
func (t Text) Read() (string, error) {
	if t.from == nil || t.size == 0 {
		return t.value, nil
	}
	bytes := make([]byte, t.size)
	err := t.from.Read(bytes, t.at)
	return string(bytes), err
}

// Empty tells whether there is nothing in the text.
func (t Text) Empty() bool { return t.value == "" && t.size == 0 }

const (
	nearTexts = 64 << 20 // bytes of texts that are kept in memory
	blockText = 1 << 20  // bytes that are allocated at once
)

// texts keeps texts, the first in memory and the others in a temporary file.
type texts struct {
	limit  int // of memory
	near   int // bytes in blocks
	blocks []string
	last   strings.Builder // whose content is the last block
	far    spill.File
}

// A ref is the place of a text: in a block, or beyond memory.
type ref struct {
	at   int64 // block and byte within it; of one beyond memory −1 less its place there
	size int
}

func (t *texts) add(text string) (ref, error) {
	if t.near+len(text) > t.limit {
		at, err := t.far.Append([]byte(text))
		return ref{-1 - at, len(text)}, err
	}
	t.near += len(text)
	if t.last.Cap()-t.last.Len() < len(text) {
		t.last = strings.Builder{}
		t.last.Grow(max(blockText, len(text)))
		t.blocks = append(t.blocks, "")
	}
	k := len(t.blocks) - 1
	if k < 0 {
		return ref{}, nil // an empty text
	}
	from := t.last.Len()
	t.last.WriteString(text)
	t.blocks[k] = t.last.String()
	return ref{int64(k)<<32 | int64(from), len(text)}, nil
}

func (t *texts) get(r ref) Text {
	switch {
	case r.at < 0:
		return Text{Known: true, from: &t.far, at: -1 - r.at, size: r.size}
	case r.size == 0:
		return Text{Known: true}
	}
	from := int(r.at & math.MaxUint32)
	return NewText(t.blocks[r.at>>32][from : from+r.size])
}

// keptCall is a call, in less memory.
type keptCall struct {
	score, confidence                 float64
	costUSD, firstTokenMS, latencyMS  float64
	input, output                     int
	response                          ref
	err                               int32 // number of the error
	ofCost, ofFirstToken, ofLatencyMS eval.Origin
	known                             uint8
}

// What is known of a kept call.
const (
	isKept = 1 << iota // any outcome was recorded
	hasResponse
	hasScore
	hasConfidence
	hasInput
	hasOutput
)

const blockCalls = 256

// kept is the call that request i makes, or would make, of a rung.
func (r *Recorded) kept(i, rung int) *keptCall {
	return &r.calls[i/blockCalls][i%blockCalls*len(r.models)+rung]
}

// keep puts a call into a place that is free.
func (r *Recorded) keep(to *keptCall, c *Call) error {
	number, _ := r.errs.Add(c.Err)
	*to = keptCall{
		score: c.Score.Value, confidence: c.Confidence.Value, costUSD: c.CostUSD.Value, firstTokenMS: c.FirstTokenMS.Value, latencyMS: c.LatencyMS.Value,
		input: c.InputTokens.Value, output: c.OutputTokens.Value, err: int32(number),
		ofCost: c.CostUSD.Origin, ofFirstToken: c.FirstTokenMS.Origin, ofLatencyMS: c.LatencyMS.Origin, known: isKept,
	}
	for flag, known := range [...]bool{
		hasScore: c.Score.Known, hasConfidence: c.Confidence.Known, hasInput: c.InputTokens.Known, hasOutput: c.OutputTokens.Known,
	} {
		if known {
			to.known |= uint8(flag)
		}
	}
	if !c.Response.Known {
		return nil
	}
	to.known |= hasResponse
	text, err := c.Response.Read()
	if err == nil {
		to.response, err = r.texts.add(text)
	}
	return err
}

// call returns what was kept.
func (r *Recorded) call(k *keptCall) Call {
	c := Call{
		Err: r.errs.Name(int(k.err)), Score: optional(k, hasScore, k.score), Confidence: optional(k, hasConfidence, k.confidence),
		InputTokens: optional(k, hasInput, k.input), OutputTokens: optional(k, hasOutput, k.output),
		CostUSD: eval.Quantity{Value: k.costUSD, Origin: k.ofCost}, FirstTokenMS: eval.Quantity{Value: k.firstTokenMS, Origin: k.ofFirstToken},
		LatencyMS: eval.Quantity{Value: k.latencyMS, Origin: k.ofLatencyMS},
	}
	if k.known&hasResponse != 0 {
		c.Response = r.texts.get(k.response)
	}
	return c
}

func optional[T any](k *keptCall, flag uint8, value T) datasets.Optional[T] {
	return datasets.Optional[T]{Value: value, Known: k.known&flag != 0}
}
