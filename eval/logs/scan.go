package logs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
)

// A Source is a file, or a stream that is one. Open returns its decompressed
// bytes.
type Source struct {
	Name string
	Open func() (io.ReadCloser, error)
}

// Sizes of blocks and lines, in bytes, and the most goroutines that parse them.
const (
	blockSize  = 256 << 10
	maxLine    = 8 << 20
	maxWorkers = 8
)

// scan reads the sources and hands over their blocks, parsed, in order. Lines
// are parsed on up to maxWorkers processors; memory is bounded by that many blocks
// and three, each of blockSize or one line, with a record for each line. What cannot be read of a source ends that source, as the
// last block's unread; only an error of Open or visit, or the context's, ends all.
func (r *reader) scan(ctx context.Context, sources []Source, visit func(*block) error) error {
	workers := min(runtime.GOMAXPROCS(0), maxWorkers)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var (
		free    = make(chan *block, workers+3)
		work    = make(chan *block)
		ordered = make(chan *block, cap(free))
	)
	for range cap(free) {
		free <- new(block)
	}
	for range workers {
		go func() {
			p := newParser(r)
			for b := range work {
				p.parse(b)
				close(b.parsed)
			}
		}()
	}
	go func() {
		defer close(ordered)
		defer close(work)
		c := cutter{ctx: ctx, free: free, work: work, ordered: ordered, progress: r.Progress}
		for _, source := range sources {
			if err := c.cut(source); err != nil {
				cancel(err)
				return
			}
		}
	}()
	for b := range ordered {
		<-b.parsed
		if err := visit(b); err != nil {
			cancel(err)
			break
		}
		if cap(b.data) > 4*blockSize {
			b.data = make([]byte, 0, blockSize) // a long line's memory is not kept
		}
		free <- b
	}
	for b := range ordered {
		<-b.parsed // until the cutter has stopped
	}
	return context.Cause(ctx)
}

// A cutter cuts sources into blocks.
type cutter struct {
	ctx           context.Context
	free          <-chan *block
	work, ordered chan<- *block
	progress      func(int64)
	read          int64
	rest          []byte // of the last block, behind its last line end
}

// next returns an empty block.
func (c *cutter) next(file string, first int) (*block, error) {
	select {
	case b := <-c.free:
		if cap(b.data) == 0 {
			b.data = make([]byte, 0, blockSize)
		}
		b.reset(file, first)
		return b, nil
	case <-c.ctx.Done():
		return nil, context.Cause(c.ctx)
	}
}

// send hands a block on.
func (c *cutter) send(b *block) error {
	select {
	case c.work <- b:
	case <-c.ctx.Done():
		return context.Cause(c.ctx)
	}
	c.ordered <- b // has room for all there are
	return nil
}

// cut cuts a source.
func (c *cutter) cut(source Source) (err error) {
	in, err := source.Open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	c.rest = c.rest[:0]
	line := 1
	for ended := false; !ended; {
		b, err := c.next(source.Name, line)
		if err != nil {
			return err
		}
		b.data = append(b.data, c.rest...)
		c.rest = c.rest[:0]
		if ended, err = c.fill(b, in); err != nil {
			return err
		}
		if line == 1 {
			b.data = bytes.TrimPrefix(b.data, []byte("\ufeff"))
		}
		line += bytes.Count(b.data, []byte("\n"))
		if err := c.send(b); err != nil {
			return err
		}
	}
	return nil
}

// fill reads until the block is full and ends with a line, or the source ends. A
// line over maxLine is read to its end, and only its beginning kept.
func (c *cutter) fill(b *block, in io.Reader) (ended bool, err error) {
	for {
		if len(b.data) == cap(b.data) {
			if cut := bytes.LastIndexByte(b.data, '\n') + 1; cut > 0 {
				c.rest = append(c.rest, b.data[cut:]...)
				b.data = b.data[:cut]
				return false, nil
			}
			if len(b.data) > maxLine {
				b.long = true
				return c.skip(b, in)
			}
			b.data = append(make([]byte, 0, min(2*cap(b.data), maxLine+blockSize)), b.data...)
		}
		n, err := in.Read(b.data[len(b.data):cap(b.data)])
		b.data = b.data[:len(b.data)+n]
		c.tell(n)
		if err != nil {
			return true, c.unread(b, err)
		}
		if err := c.ctx.Err(); err != nil {
			return true, context.Cause(c.ctx)
		}
	}
}

// skip reads past the end of the line that the block holds the beginning of.
func (c *cutter) skip(b *block, in io.Reader) (ended bool, err error) {
	buf := make([]byte, 1<<16)
	for {
		n, err := in.Read(buf)
		c.tell(n)
		if end := bytes.IndexByte(buf[:n], '\n'); end >= 0 {
			c.rest = append(c.rest, buf[end+1:n]...)
			b.data = append(b.data, '\n')
			if err != nil {
				b.data = append(b.data, c.rest...) // the last lines
				c.rest = c.rest[:0]
				return true, c.unread(b, err)
			}
			return false, nil
		}
		if err != nil {
			return true, c.unread(b, err)
		}
		if err := c.ctx.Err(); err != nil {
			return true, context.Cause(c.ctx)
		}
	}
}

// unread notes why a source ends where that is not its end.
func (c *cutter) unread(b *block, err error) error {
	if !errors.Is(err, io.EOF) {
		b.unread = fmt.Errorf("the rest could not be read: %w", err)
	}
	return nil
}

func (c *cutter) tell(n int) {
	c.read += int64(n)
	if c.progress != nil && n > 0 {
		c.progress(c.read)
	}
}
