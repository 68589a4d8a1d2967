package logs

import "github.com/routeproof/routeproof/internal/jsonline"

// A known bit says that a value of a record is known.
type known uint16

const (
	hasTime known = 1 << iota
	hasID
	hasInput
	hasOutput
	hasCost
	hasClassifier
	hasLatency
	hasEscalated
	hasScore
	hasMargin
	hasPrompt
	isInferred // start is that of the highest score
)

// A record is what a line says of its request. Tiers are indices, unknown below
// 0; other values hold only where they are known.
type record struct {
	line  int    // in its file, from 1
	whole uint64 // hash of the line
	id    uint64 // hash of the request's id
	what  uint64 // hash of the message: of msg_hash, else of the text; 0: unknown

	time              int64 // Unix seconds
	cost, classifier  pico
	latency           float64 // ms
	score, margin     float64 // the highest score, and its lead on the second
	input, output     int32   // tokens
	feature, model    int32   // among the block's names; noName: unknown
	tier, start, best int8    // that answered; that was chosen first; of the highest score
	escalated         bool
	known             known

	hash, prompt span // raw JSON, in the block
}

func (r *record) has(k known) bool { return r.known&k == k }

// A span is a part of a block; empty: there is none.
type span struct{ from, to int32 }

const (
	noName = -1
	noTier = -1
)

// maxName is how many bytes of a name are kept.
const maxName = 200

// A block is a part of a file, cut at line ends, and what was found in it.
type block struct {
	data  []byte
	file  string
	first int // number of its first line

	records         []record
	features, names []string // features and models, in order of appearance
	faults          faults
	lines, blank    int
	unread          error // why the rest of the file behind it could not be read
	long            bool  // the first line is longer than maxLine, and cut

	parsed chan struct{}
}

func (b *block) reset(file string, first int) {
	*b = block{
		data: b.data[:0], file: file, first: first,
		records: b.records[:0], features: b.features[:0], names: b.names[:0],
		parsed: make(chan struct{}),
	}
}

// text returns the bytes of a span.
func (b *block) text(s span) []byte { return b.data[s.from:s.to] }

// textOf decodes a string of a block.
func textOf(b *block, s span) []byte {
	if s.to == s.from {
		return nil
	}
	return jsonline.AppendString(nil, b.text(s))
}
