package table

import (
	"errors"
	"fmt"
	"io"
	"math"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"github.com/routeproof/routeproof/internal/wording"
)

// leaf reads one column. Definition and repetition levels are those of the
// Dremel paper (Melnik et al. 2010), as the Parquet format has them.
type leaf struct {
	column  Column
	index   int    // among all leaves of the file
	defined uint32 // definition level of a value
	listed  uint32 // and of a list that has elements; 0 where the column is flat
	decode  decoder
	interns interner
	nan     int // NaN read as unknown

	pages pages
	texts []string // of the dictionary, as they were asked for
	of    *values  // that dictionary

	// levels and values taken from the page at hand
	def, rep [levelsAtOnce]uint32
	places   [levelsAtOnce]uint32 // of the values
	n        int                  // levels
	at       int                  // the next level
	value    int                  // the next value
}

const levelsAtOnce = 512

// newLeaf fits a column of a file to what is asked for, or says why it cannot.
func newLeaf(column Column, node *parquet.Column, held *int64) (*leaf, string) {
	end, repeated, depth := node, 0, 0
	for ; ; depth++ {
		if end.Repeated() {
			repeated++
		}
		if end.Leaf() {
			break
		}
		children := end.Columns()
		if len(children) != 1 {
			return nil, fmt.Sprintf("expected %s, found a nested column (%s)", column.Type, partsOf(node))
		}
		end = children[0]
	}
	isList := column.Type == Numbers || column.Type == Vector
	switch {
	case repeated > 1 || repeated == 1 && !isList || repeated == 0 && end != node || depth > 2:
		return nil, fmt.Sprintf("expected %s, found a nested column (%s)", column.Type, partsOf(node))
	case repeated == 0 && isList:
		return nil, fmt.Sprintf("expected %s, found a flat column of type %s", column.Type, end.Type())
	}
	decode, ok := decoderOf(end.Type(), column.Type.element())
	if !ok {
		return nil, fmt.Sprintf("expected %s, found type %s: cast the column", column.Type, end.Type())
	}
	l := &leaf{column: column, index: end.Index(), defined: uint32(end.MaxDefinitionLevel()), decode: decode, interns: interner{}}
	l.pages = pages{shape: shapeOf(end.Type()), maxRep: byte(end.MaxRepetitionLevel()), maxDef: byte(end.MaxDefinitionLevel()), held: held}
	if isList {
		l.listed = l.defined
		if end.Optional() {
			l.listed--
		}
	}
	return l, ""
}

func partsOf(node *parquet.Column) string {
	names := make([]string, len(node.Columns()))
	for i, child := range node.Columns() {
		names[i] = child.Name()
	}
	return wording.List(names)
}

// open turns to a row group.
func (l *leaf) open(file io.ReaderAt, size int64, meta *format.ColumnMetaData) error {
	l.of, l.texts, l.n, l.at = nil, nil, 0, 0
	return l.pages.open(file, size, meta)
}

// fill makes sure that a level is at hand.
func (l *leaf) fill() error {
	if l.at < l.n {
		return nil
	}
	p := &l.pages
	for p.left == 0 {
		if err := p.next(); err != nil {
			return err
		}
	}
	n := min(p.left, levelsAtOnce)
	if l.listed > 0 && !p.rep.fill(l.rep[:n]) || l.defined > 0 && !p.def.fill(l.def[:n]) {
		return errors.New("a page has too few levels")
	}
	p.left -= n
	present := n
	if l.defined > 0 {
		present = 0
		for _, def := range l.def[:n] {
			if def >= l.defined {
				present++
			}
		}
	}
	l.n, l.at, l.value = n, 0, 0
	return l.fillPlaces(l.places[:present])
}

func (l *leaf) fillPlaces(places []uint32) error {
	p := &l.pages
	if !p.coded {
		if p.values.n-p.place < len(places) {
			return errors.New("a page has too few values")
		}
		for i := range places {
			places[i] = uint32(p.place + i)
		}
		p.place += len(places)
		return nil
	}
	if !p.codes.fill(places) {
		return errors.New("a page has too few values")
	}
	for _, place := range places {
		if int(place) >= p.values.n {
			return fmt.Errorf("code %d is outside a dictionary of %d", place, p.values.n)
		}
	}
	return nil
}

// read sets the column's last n cells, which are the rows after row.
func (l *leaf) read(b *Batch, c, n, row int) error {
	for done := 0; done < n; {
		if err := l.fill(); err != nil {
			if errors.Is(err, io.EOF) {
				return fmt.Errorf("ends after %d rows", row+done)
			}
			return err
		}
		i := len(b.Cells[c].Known) - n + done
		if l.listed > 0 {
			if err := l.readList(b, c, i, row+done+1); err != nil {
				return err
			}
			done++
			continue
		}
		some := min(n-done, l.n-l.at)
		l.readFlat(b, c, i, some, row+done+1)
		done += some
	}
	return nil
}

// rest holds that nothing is left of the row group.
func (l *leaf) rest() error {
	if err := l.fill(); !errors.Is(err, io.EOF) {
		return errors.Join(errors.New("has more rows than its row group"), err)
	}
	return nil
}

// take steps over a level and returns the place of its value, or −1 for null.
func (l *leaf) take() int {
	l.at++
	if l.defined > 0 && l.def[l.at-1] < l.defined {
		return -1
	}
	l.value++
	return int(l.places[l.value-1])
}

// readFlat sets n cells from the i-th on, whose levels are at hand.
func (l *leaf) readFlat(b *Batch, c, i, n, line int) {
	cells := &b.Cells[c]
	switch t := l.column.Type; {
	case t.isText():
		l.readTexts(b, cells.Known[i:i+n], cells.Text[i:i+n], line)
	case t == Boolean:
		l.readBools(b, cells.Known[i:i+n], cells.Bool[i:i+n], line)
	default:
		l.readNumbers(b, cells.Known[i:i+n], cells.Number[i:i+n], line)
	}
	b.bytes += 8 * n
}

func (l *leaf) null(b *Batch, line int) {
	if l.column.Required {
		b.fault(line, l.column.Name, "expected %s, found null", l.column.Type)
	}
}

// readNaN takes NaN for unknown, as pandas means it.
func (l *leaf) readNaN(b *Batch, line int) {
	if l.column.Required {
		b.fault(line, l.column.Name, "expected %s, found NaN", l.column.Type)
		return
	}
	l.nan++
}

func (l *leaf) readTexts(b *Batch, known []bool, texts []string, line int) {
	for i := range texts {
		k := l.take()
		if k < 0 {
			l.null(b, line+i)
			continue
		}
		text, problem := l.text(k)
		if problem != "" {
			b.fault(line+i, l.column.Name, "%s", problem)
			continue
		}
		known[i], texts[i] = true, text
		b.bytes += len(text)
	}
}

func (l *leaf) readBools(b *Batch, known, bools []bool, line int) {
	for i := range bools {
		k := l.take()
		if k < 0 {
			l.null(b, line+i)
			continue
		}
		v := l.decode.number(l.pages.values, k)
		if math.IsNaN(v) {
			l.readNaN(b, line+i)
			continue
		}
		if v != 0 && v != 1 {
			b.fault(line+i, l.column.Name, "expected true or false, found %g", v)
			continue
		}
		known[i], bools[i] = true, v == 1
	}
}

func (l *leaf) readNumbers(b *Batch, known []bool, numbers []float64, line int) {
	number, values, t := l.decode.number, l.pages.values, l.column.Type
	for i := range numbers {
		k := l.take()
		if k < 0 {
			l.null(b, line+i)
			continue
		}
		v := number(values, k)
		if v-v != 0 { // NaN or infinite
			if math.IsNaN(v) {
				l.readNaN(b, line+i)
			} else {
				b.fault(line+i, l.column.Name, "expected %s, found %g", t, v)
			}
			continue
		}
		if problem := wholeFault(v, t); problem != "" {
			b.fault(line+i, l.column.Name, "%s", problem)
			continue
		}
		known[i], numbers[i] = true, v
	}
}

// text returns a value as text. Those of a dictionary are made once, so that a
// small file cannot make many copies of a long one.
func (l *leaf) text(k int) (s, problem string) {
	if !l.pages.coded {
		return l.makeText(k)
	}
	if l.of != l.pages.values {
		l.of, l.texts = l.pages.values, make([]string, l.pages.values.n)
	}
	if l.texts[k] == "" {
		l.texts[k], problem = l.makeText(k)
	}
	return l.texts[k], problem
}

func (l *leaf) makeText(k int) (s, problem string) {
	if l.decode.digits != nil {
		return l.decode.digits(l.pages.values, k), ""
	}
	raw := l.decode.bytes(l.pages.values, k)
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
