package table

import (
	"errors"
	"fmt"
	"io"
	"math"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
)

// leaf reads one column. Definition and repetition levels are those of the
// Dremel paper (Melnik et al. 2010), as the Parquet format has them.
type leaf struct {
	column  Column
	index   int  // among all leaves of the file
	defined byte // definition level of a value
	listed  byte // and of a list that has elements; 0 where the column is flat
	decode  decoder
	interns interner
	nan     int // NaN read as unknown

	pages  parquet.Pages
	page   parquet.Page
	values *values
	def    []byte
	rep    []byte
	at     int // level at hand
	value  int // value at hand
	n      int // levels of the page
}

// newLeaf fits a column of a file to what is asked for, or says why it cannot.
func newLeaf(column Column, node *parquet.Column) (*leaf, string) {
	end, repeated := node, byte(0)
	for {
		if end.Repeated() {
			repeated++
		}
		if end.Leaf() {
			break
		}
		children := end.Columns()
		if len(children) != 1 {
			return nil, fmt.Sprintf("expected %s, found a nested column (%s)", column.Type, shapeOf(node))
		}
		end = children[0]
	}
	isList := column.Type == Numbers || column.Type == Vector
	switch {
	case repeated > 1 || repeated == 1 && !isList || repeated == 0 && end != node:
		return nil, fmt.Sprintf("expected %s, found a nested column (%s)", column.Type, shapeOf(node))
	case repeated == 0 && isList:
		return nil, fmt.Sprintf("expected %s, found a flat column of type %s", column.Type, end.Type())
	}
	want := column.Type
	if isList {
		want = Number
	}
	decode, ok := decoderOf(end.Type(), want)
	if !ok {
		return nil, fmt.Sprintf("expected %s, found type %s: cast the column", column.Type, end.Type())
	}
	l := &leaf{column: column, index: int(end.Index()), defined: byte(end.MaxDefinitionLevel()), decode: decode, interns: interner{}}
	if isList {
		l.listed = l.defined
		if end.Optional() {
			l.listed--
		}
	}
	return l, ""
}

func shapeOf(node *parquet.Column) string {
	text := ""
	for i, child := range node.Columns() {
		if i > 0 {
			text += ", "
		}
		text += child.Name()
	}
	return text
}

// open turns to the pages of the next row group.
func (l *leaf) open(pages parquet.Pages) {
	l.release()
	l.pages, l.at, l.n = pages, 0, 0
}

func (l *leaf) release() {
	if l.page != nil {
		parquet.Release(l.page)
		l.page = nil
	}
}

// nextPage makes sure that a level is at hand.
func (l *leaf) nextPage() error {
	for l.at == l.n {
		l.release()
		page, err := l.pages.ReadPage()
		if err != nil {
			return err
		}
		l.page = page
		l.def, l.rep = page.DefinitionLevels(), page.RepetitionLevels()
		l.at, l.value, l.n = 0, 0, int(page.NumValues())
		if l.defined > 0 && len(l.def) != l.n || l.listed > 0 && len(l.rep) != l.n {
			return errors.New("a page has too few levels")
		}
		if l.values, err = newValues(page, l.values); err != nil {
			return err
		}
	}
	return nil
}

// read appends the column's cells of the next n rows to the batch.
func (l *leaf) read(b *Batch, c, n, row int) error {
	for i := range n {
		if err := l.nextPage(); err != nil {
			if errors.Is(err, io.EOF) {
				return fmt.Errorf("ends after %d rows", row+i)
			}
			return err
		}
		b.Cells[c].grow(l.column.Type)
		var err error
		if l.listed > 0 {
			err = l.readList(b, c, row+i+1)
		} else {
			err = l.readValue(b, c, row+i+1)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// take steps over a level and returns the place of its value, or −1 for null.
func (l *leaf) take() int {
	at := l.at
	l.at++
	if l.defined > 0 && l.def[at] < l.defined {
		return -1
	}
	l.value++
	return l.value - 1
}

func (l *leaf) readValue(b *Batch, c, line int) error {
	k := l.take()
	if k < 0 {
		if l.column.Required {
			b.fault(line, l.column.Name, "expected %s, found null", l.column.Type)
		}
		return nil
	}
	if k >= l.values.n {
		return errors.New("a page has too few values")
	}
	cells := &b.Cells[c]
	i := len(cells.Known) - 1
	switch t := l.column.Type; {
	case t.isText():
		text, problem := l.text(k)
		if problem != "" {
			b.fault(line, l.column.Name, "%s", problem)
			return nil
		}
		cells.Text[i] = text
		b.bytes += len(text)
	case t == Boolean:
		v := l.decode.number(l.values, k)
		if v != 0 && v != 1 {
			b.fault(line, l.column.Name, "expected true or false, found %g", v)
			return nil
		}
		cells.Bool[i] = v == 1
	default:
		v := l.decode.number(l.values, k)
		if math.IsNaN(v) {
			l.nan++
			return nil
		}
		problem := wholeFault(v, t)
		if math.IsInf(v, 0) {
			problem = fmt.Sprintf("expected %s, found %g", t, v)
		}
		if problem != "" {
			b.fault(line, l.column.Name, "%s", problem)
			return nil
		}
		cells.Number[i] = v
	}
	cells.Known[i] = true
	b.bytes += 8
	return nil
}

func (l *leaf) text(k int) (s, problem string) {
	if l.decode.digits != nil {
		return l.decode.digits(l.values, k), ""
	}
	raw := l.decode.bytes(l.values, k)
	switch {
	case len(raw) > MaxRow:
		return "", fmt.Sprintf("text is longer than %d MiB", MaxRow>>20)
	case !utf8.Valid(raw):
		return "", "not valid UTF-8"
	case l.column.Repeats:
		return l.interns.text(raw), ""
	}
	return string(raw), ""
}

// readList reads levels up to the start of the next row.
func (l *leaf) readList(b *Batch, c, line int) error {
	if l.rep[l.at] != 0 {
		return errors.New("a row starts inside a list")
	}
	cells := &b.Cells[c]
	i := len(cells.Known) - 1
	numbers, vectors := len(b.lists), len(b.vectors)
	present, problem := false, ""
	for first := true; ; first = false {
		if err := l.nextPage(); err != nil {
			if errors.Is(err, io.EOF) && !first {
				break
			}
			return err
		}
		if !first && l.rep[l.at] == 0 {
			break
		}
		def := l.def[l.at]
		present = present || def+1 >= l.listed
		k := l.take()
		switch {
		case k < 0 && def >= l.listed:
			problem = "an element is null"
		case k >= l.values.n:
			return errors.New("a page has too few values")
		case k >= 0:
			if what := l.append(b, l.decode.number(l.values, k)); what != "" {
				problem = what
			}
			if 8*(len(b.lists)-numbers)+4*(len(b.vectors)-vectors) > MaxRow {
				return fmt.Errorf("row %d: list is longer than %d MiB", line, MaxRow>>20)
			}
		}
	}
	switch {
	case problem != "":
		b.fault(line, l.column.Name, "expected %s: %s", l.column.Type, problem)
	case !present && l.column.Required:
		b.fault(line, l.column.Name, "expected %s, found null", l.column.Type)
	case present && l.column.Type == Vector:
		cells.Known[i], cells.Vector[i] = true, b.vectors[vectors:len(b.vectors):len(b.vectors)]
	case present:
		cells.Known[i], cells.List[i] = true, b.lists[numbers:len(b.lists):len(b.lists)]
	}
	b.bytes += 8*(len(b.lists)-numbers) + 4*(len(b.vectors)-vectors)
	return nil
}

func (l *leaf) append(b *Batch, v float64) (problem string) {
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return fmt.Sprintf("an element is %g", v)
	case l.column.Type == Vector && math.Abs(v) > math.MaxFloat32:
		return fmt.Sprintf("expected numbers within ±%.2g, found %g", math.MaxFloat32, v)
	case l.column.Type == Vector:
		b.vectors = append(b.vectors, float32(v))
	default:
		b.lists = append(b.lists, v)
	}
	return ""
}
