package table

import (
	"errors"
	"fmt"
	"io"

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
	floats  bool // values are of 4 bytes, little-endian
	doubles bool // of 8
	interns interner
	nan     int // NaN read as unknown

	pages pages
	texts []madeText // of the dictionary, as they were asked for
	of    *values    // that dictionary

	// levels and values taken from the page at hand
	def, rep [levelsAtOnce]uint32
	places   [levelsAtOnce]uint32 // of the values, where they are codes
	from     int                  // the place of the first value, where they are not
	none     bool                 // all levels are null, and not in def
	mixed    bool                 // levels are in def; else there is a value of each, or of none
	n        int                  // levels
	at       int                  // the next level
	value    int                  // the next value
}

const levelsAtOnce = 512

// newLeaf fits a column of a file to what is asked for, or says why it cannot.
// A column of nulls, which has no other type, needs no leaf.
func newLeaf(column Column, node *parquet.Column, held *int64) (*leaf, string) {
	if node.Leaf() && isNull(node.Type()) {
		if column.Required {
			return nil, fmt.Sprintf("expected %s, found a column of nulls", column.Type)
		}
		return nil, ""
	}
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
	l.floats = end.Type().Kind() == parquet.Float && annotation(end.Type()) == nil
	l.doubles = end.Type().Kind() == parquet.Double && annotation(end.Type()) == nil
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
	if l.listed > 0 && !p.rep.fill(l.rep[:n]) {
		return errLevels
	}
	present, err := l.fillDefined(n)
	if err != nil {
		return err
	}
	p.left -= n
	l.n, l.at, l.value = n, 0, 0
	if !p.coded {
		if p.values.n-p.place < present {
			return errors.New("a page has too few values")
		}
		l.from = p.place
		p.place += present
		return nil
	}
	return l.fillPlaces(l.places[:present])
}

var errLevels = errors.New("a page has too few levels")

// fillDefined takes the next n definition levels, and says of how many there is a
// value.
func (l *leaf) fillDefined(n int) (present int, err error) {
	l.none, l.mixed = false, false
	if l.defined == 0 {
		return n, nil
	}
	p := &l.pages
	if l.listed == 0 {
		if def, ok := p.def.same(n); ok { // as of most columns
			if l.none = def < l.defined; l.none {
				return 0, nil
			}
			return n, nil
		}
	}
	if !p.def.fill(l.def[:n]) {
		return 0, errLevels
	}
	for _, def := range l.def[:n] {
		if def >= l.defined {
			present++
		}
	}
	l.mixed = true
	return present, nil
}

func (l *leaf) fillPlaces(places []uint32) error {
	p := &l.pages
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
	if l.none || l.mixed && l.def[l.at-1] < l.defined {
		return -1
	}
	l.value++
	if !l.pages.coded {
		return l.from + l.value - 1
	}
	return int(l.places[l.value-1])
}
