package simulate

import (
	"encoding/binary"
	"math"

	"github.com/routeproof/routeproof/internal/spill"
)

// blockRequests is how many requests are looked at together.
const blockRequests = 4096

// A block is what a policy came to on some requests in a row, by request; NaN is
// unknown, as all is where the record does not say how a request would be served.
type block struct {
	score      []float64 // 0 where nobody answered
	cost       []float64 // USD
	firstToken []float64 // ms
	latency    []float64 // ms
	last       []bool    // the ladder's last model was asked
}

func newBlock(n int) block {
	return block{make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n), make([]bool, n)}
}

// first returns the block of the first n requests.
func (b *block) first(n int) block {
	return block{b.score[:n], b.cost[:n], b.firstToken[:n], b.latency[:n], b.last[:n]}
}

func (b *block) figures() [4][]float64 {
	return [...][]float64{b.score, b.cost, b.firstToken, b.latency}
}

// nearColumns is how many bytes of a trace are in memory before a temporary file is
// made.
const nearColumns = 1 << 20

// requestBytes is what a request takes in columns.
const requestBytes = 4*8 + 1

// columns are blocks, all of blockRequests requests but the last.
type columns struct {
	n     int // requests in all
	file  spill.File
	bytes []byte // of a block, to be written
}

func newColumns(n, near int) columns {
	return columns{n: n, file: spill.File{Limit: near, What: "what policies came to"}}
}

// put appends a block.
func (c *columns) put(b block) error {
	c.bytes = c.bytes[:0]
	for _, values := range b.figures() {
		for _, v := range values {
			c.bytes = binary.LittleEndian.AppendUint64(c.bytes, math.Float64bits(v))
		}
	}
	for _, last := range b.last {
		c.bytes = append(c.bytes, byte(count(last)))
	}
	_, err := c.file.Append(c.bytes)
	return err
}

// A cursor goes through the blocks of columns.
type cursor struct {
	block
	of    *columns
	from  int // the first request of the block
	room  block
	bytes []byte
}

func (c *columns) cursor() *cursor {
	n := min(c.n, blockRequests)
	return &cursor{of: c, from: -blockRequests, room: newBlock(n), bytes: make([]byte, n*requestBytes)}
}

// next goes to the next block, and tells whether there is one.
func (c *cursor) next() (bool, error) {
	c.from += blockRequests
	n := min(c.of.n-c.from, blockRequests)
	if n <= 0 {
		return false, nil
	}
	bytes := c.bytes[:n*requestBytes]
	if err := c.of.file.Read(bytes, int64(c.from)*requestBytes); err != nil {
		return false, err
	}
	c.block = c.room.first(n)
	for _, values := range c.figures() {
		for i := range values {
			values[i] = math.Float64frombits(binary.LittleEndian.Uint64(bytes[8*i:]))
		}
		bytes = bytes[8*n:]
	}
	for i := range c.last {
		c.last[i] = bytes[i] != 0
	}
	return true, nil
}

// eachBlock goes through the blocks of several traces together.
func eachBlock(traces []*Trace, use func(from int, blocks []*cursor)) error {
	cursors := make([]*cursor, len(traces))
	for k, t := range traces {
		cursors[k] = t.kept.cursor()
	}
	for {
		for _, c := range cursors {
			if more, err := c.next(); err != nil || !more {
				return err
			}
		}
		use(cursors[0].from, cursors)
	}
}

// sumsOfTrace are sums of what is known.
type sumsOfTrace struct {
	scored, priced int
	score, cost    float64
}

// add adds a block.
func (s *sumsOfTrace) add(b block) {
	addKnown(&s.scored, &s.score, b.score)
	addKnown(&s.priced, &s.cost, b.cost)
}

func addKnown(n *int, sum *float64, values []float64) {
	for _, v := range values {
		if !math.IsNaN(v) {
			*n++
			*sum += v
		}
	}
}
