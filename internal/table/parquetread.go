package table

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"

	"github.com/routeproof/routeproof/internal/wording"
)

// parquetReader reads flat columns and lists of a Parquet file page by page.
type parquetReader struct {
	file    *parquet.File
	bytes   *watched
	columns []Column
	present []bool
	leaves  []*leaf  // nil where the file has no such column, or nulls only
	names   []string // of all columns
	unknown unknowns
	faults  []Fault // of the file as a whole, not told yet
	held    int64   // bytes of the pages at hand

	group int   // row group at hand
	left  int64 // its rows that are still to be read
	row   int   // rows read
	ended bool
}

// A column is read rowsAtOnce rows ahead of the others, in which lists take up
// at most maxLists bytes. What texts take up is bounded by the pages at hand.
const (
	rowsAtOnce = 128
	maxLists   = 64 << 20
)

func (s *Source) openParquet(columns []Column) (*parquetReader, error) {
	if s.file == nil {
		if err := s.spool(); err != nil {
			return nil, err
		}
	}
	p := &parquetReader{bytes: &watched{r: s.file}}
	return p, p.open(s.size, columns)
}

// open reads the end of the file, which tells what is in it.
func (p *parquetReader) open(size int64, columns []Column) (err error) {
	defer p.bytes.guard(&err)
	p.columns, p.present, p.leaves, p.group = columns, make([]bool, len(columns)), make([]*leaf, len(columns)), -1
	if err := checkFooter(p.bytes, size); err != nil {
		return err
	}
	p.file, err = parquet.OpenFile(p.bytes, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return err
	}
	p.findColumns()
	return nil
}

func (p *parquetReader) Present() []bool   { return p.present }
func (p *parquetReader) Unknown() []string { return p.unknown.names }

func (p *parquetReader) Notes() []string {
	var notes []string
	for _, leaf := range p.leaves {
		if leaf != nil && leaf.nan > 0 {
			notes = append(notes, fmt.Sprintf("column %s: %d NaN are read as unknown", leaf.column.Name, leaf.nan))
		}
	}
	return notes
}

// findColumns matches the columns asked for with those of the schema.
func (p *parquetReader) findColumns() {
	var b Batch
	times := map[string]int{}
	for _, node := range p.file.Root().Columns() {
		name := node.Name()
		p.names = append(p.names, name)
		if times[name]++; times[name] > 1 {
			if times[name] == 2 {
				b.fault(0, "", "column %s stands twice: expected columns with names of their own", wording.Quote(name))
			}
			continue
		}
		c := slices.IndexFunc(p.columns, func(column Column) bool { return column.Name == name })
		if c < 0 {
			p.unknown.add(name)
			continue
		}
		p.present[c] = true
		leaf, problem := newLeaf(p.columns[c], node, &p.held)
		if problem != "" {
			b.fault(0, name, "%s", problem)
		}
		p.leaves[c] = leaf
	}
	missingColumns(&b, p.columns, p.present, p.names)
	p.faults = b.Faults
}

func (p *parquetReader) Read(b *Batch) (err error) {
	b.Reset(p.columns)
	if len(p.faults) > 0 {
		b.Faults, p.faults, p.ended = append(b.Faults, p.faults...), nil, true
	}
	for !p.ended && !b.Full() {
		if err := p.readSome(b); err != nil {
			p.ended = true
			reason, ok := asRefused(err)
			if !ok {
				return err
			}
			p.drop(b)
			b.fault(p.row+1, "", "%s", reason)
		}
	}
	slices.SortStableFunc(b.Faults, func(x, y Fault) int { return x.Line - y.Line }) // they came by column
	if b.Rows == 0 && p.ended {
		return io.EOF
	}
	return nil
}

// drop takes back rows that are not whole.
func (p *parquetReader) drop(b *Batch) {
	b.Faults = slices.DeleteFunc(b.Faults, func(f Fault) bool { return f.Line > p.row })
	b.Line = b.Line[:b.Rows]
	for c := range b.Cells {
		b.Cells[c].cut(b.Rows)
	}
}

// readSome reads the next rows of the row group at hand, or opens the next.
func (p *parquetReader) readSome(b *Batch) (err error) {
	defer p.bytes.guard(&err)
	if p.left == 0 {
		return p.nextGroup()
	}
	n := int(min(p.left, rowsAtOnce))
	for i := range n {
		b.Line = append(b.Line, p.row+i+1)
	}
	for c := range b.Cells {
		b.Cells[c].grow(p.columns[c].Type, n)
		if p.leaves[c] == nil {
			continue
		}
		if err := p.leaves[c].read(b, c, n, p.row); err != nil {
			return fmt.Errorf("row group %d, column %s: %w", p.group, p.columns[c].Name, err)
		}
	}
	b.Rows += n
	p.row += n
	p.left -= int64(n)
	return nil
}

func (p *parquetReader) nextGroup() error {
	groups := p.file.Metadata().RowGroups
	for _, leaf := range p.leaves {
		if leaf != nil && p.group >= 0 {
			if err := leaf.rest(); err != nil {
				return fmt.Errorf("row group %d, column %s: %w", p.group, leaf.column.Name, err)
			}
		}
	}
	if p.group++; p.group == len(groups) {
		p.ended = true
		return nil
	}
	switch p.left = groups[p.group].NumRows; {
	case p.left < 0:
		return refuse("row group %d has %d rows", p.group, p.left)
	case p.left == 0: // where its pages would be may be said as nowhere
		return nil
	}
	for _, leaf := range p.leaves {
		if leaf == nil {
			continue
		}
		if err := leaf.open(p.bytes, p.file.Size(), &groups[p.group].Columns[leaf.index].MetaData); err != nil {
			return fmt.Errorf("row group %d, column %s: %w", p.group, leaf.column.Name, err)
		}
	}
	return nil
}

// Metadata returns a value of the file's own key-value pairs.
func (p *parquetReader) Metadata(key string) string {
	value, _ := p.file.Lookup(key)
	return value
}

// watched remembers the first failure to read, as opposed to content that
// makes no sense.
type watched struct {
	r   io.ReaderAt
	err error
}

func (w *watched) ReadAt(b []byte, off int64) (int, error) {
	n, err := w.r.ReadAt(b, off)
	if err != nil && !errors.Is(err, io.EOF) && off >= 0 && w.err == nil {
		w.err = err
	}
	return n, err
}

// guard turns a panic of the library on hostile bytes, and every error that is
// no failure to read, into a refusal.
func (w *watched) guard(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("%v", r)
	}
	if *err == nil {
		return
	}
	if w.err != nil {
		*err = w.err
		return
	}
	if _, ok := asRefused(*err); !ok {
		*err = refuse("Parquet data is damaged or of a kind that is not read: %.400s", strings.ToValidUTF8((*err).Error(), "?"))
	}
}
