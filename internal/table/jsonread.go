package table

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/routeproof/routeproof/internal/jsonline"
	"github.com/routeproof/routeproof/internal/wording"
)

// jsonReader reads a JSON object a line.
type jsonReader struct {
	lines    lines
	blanks   blanks
	columns  []Column
	present  []bool
	unknown  unknowns
	interns  []interner
	told     bool // what is there where required columns are not
	ended    bool
	scan     jsonline.Scanner
	ofColumn []*jsonName
	recur    map[string]*jsonName // those, and others that may come again
	guesses  []jsonGuess          // by place in the line
	buf      []byte               // a text with escapes

	// of the row at hand
	row    int
	rare   map[string]*jsonName // too long or too many to be kept for the next row
	names  []*jsonName          // all, in order
	fields []jsonField          // those that were asked for, in order
}

// jsonName is a name that fields have.
type jsonName struct {
	text   string
	column int  // −1: was not asked for
	row    int  // the last that has it
	noted  bool // as unknown
}

// jsonField is a field that was asked for.
type jsonField struct {
	column int
	raw    []byte
}

func newJSONReader(r *bufio.Reader, columns []Column) *jsonReader {
	j := &jsonReader{lines: lines{r: r}, columns: columns, present: make([]bool, len(columns)), interns: make([]interner, len(columns)),
		ofColumn: make([]*jsonName, len(columns)), recur: map[string]*jsonName{}}
	for c, column := range columns {
		j.ofColumn[c] = &jsonName{text: column.Name, column: c}
		j.recur[column.Name] = j.ofColumn[c]
		j.interns[c] = interner{}
	}
	return j
}

func (j *jsonReader) Present() []bool        { return j.present }
func (j *jsonReader) Unknown() []string      { return j.unknown.names }
func (j *jsonReader) Notes() []string        { return nil }
func (j *jsonReader) Metadata(string) string { return "" }

func (j *jsonReader) Read(b *Batch) error {
	b.Reset(j.columns)
	for !j.ended && !b.Full() {
		line, tooLong, err := j.lines.next()
		if err != nil {
			j.ended = true
			if errors.Is(err, io.EOF) {
				break
			}
			if reason, damaged := asRefused(err); damaged {
				b.fault(j.lines.line, "", "%s", reason)
				break
			}
			return err
		}
		j.parseLine(b, line, tooLong)
	}
	if b.Rows == 0 && j.ended {
		return io.EOF
	}
	return nil
}

func (j *jsonReader) parseLine(b *Batch, line []byte, tooLong bool) {
	at := j.lines.line
	switch {
	case tooLong:
		b.fault(at, "", "line is longer than %d MiB: expected one JSON object a line, each shorter", MaxRow>>20)
		return
	case len(bytes.TrimSpace(line)) == 0:
		if problem := j.blanks.tooMany(); problem != "" {
			b.fault(at, "", "%s", problem)
			j.ended = true
		}
		return
	}
	err := j.scanLine(line)
	if err != nil && !utf8.Valid(line) {
		b.fault(at, "", "not valid UTF-8 from byte %d of the line: save the file as UTF-8", validPrefix(line)+1)
		return
	}
	first := j.blanks.other == 0
	j.blanks.other++
	if err == nil {
		b.Append(at)
		j.setRow(b)
		return
	}
	err = explain(line, err)
	if reason := j.wrongFormat(line, err); first && reason != "" {
		b.fault(0, "", "%s", reason)
		j.ended = true
		return
	}
	b.fault(at, "", "expected one JSON object: %v", err)
}

// wrongFormat says so where a file's first line shows that the file is no JSON
// Lines at all, so that there is no point in complaining about every line.
func (j *jsonReader) wrongFormat(line []byte, err error) string {
	line = bytes.TrimSpace(line)
	switch {
	case line[0] == '[':
		return "looks like one JSON array: expected one object a line (jq -c '.[]' turns one into the other)"
	case line[0] == '{' && errors.Is(err, errCut) && j.goesOn(line):
		return "looks like JSON over several lines: expected each object on one line (jq -c . turns one into the other)"
	case bytes.IndexByte([]byte("{\"-0123456789tfn"), line[0]) >= 0:
		return ""
	}
	return "does not look like JSON Lines, CSV or Parquet: expected one JSON object a line, or a CSV header"
}

// goesOn tells whether an object that does not end on its line seems to do so on
// a later one, which a line that was only cut short does not.
func (j *jsonReader) goesOn(line []byte) bool {
	if last := line[len(line)-1]; last == '{' || last == '[' {
		return true
	}
	next, _ := j.lines.r.Peek(1 << 10) // an error comes again with the next line
	next = bytes.TrimSpace(next)
	return len(next) > 0 && next[0] != '{'
}

var errCut = errors.New("the line ends inside it")

// twiceError is that of a name that stands twice in a valid object.
type twiceError struct{ name string }

func (e *twiceError) Error() string {
	return fmt.Sprintf("field %s stands twice", wording.Quote(e.name))
}

// explain finds the words for a line that was refused, the slow way.
func explain(line []byte, err error) error {
	if twice := new(twiceError); errors.As(err, &twice) {
		return err
	}
	if json.Valid(line) {
		return fmt.Errorf("found %s", kindOf(bytes.TrimSpace(line)))
	}
	dec := json.NewDecoder(bytes.NewReader(line))
	var any json.RawMessage
	err = dec.Decode(&any)
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errCut
	case err == nil:
		return errors.New("found more after its end")
	case bytes.Contains(line, []byte("NaN")), bytes.Contains(line, []byte("Infinity")):
		return fmt.Errorf("%w (JSON has no NaN or Infinity: leave the field out where it is unknown and may be, else the row)", err)
	}
	return err
}

func (j *jsonReader) setRow(b *Batch) {
	for _, name := range j.names {
		if name.column < 0 && !name.noted {
			name.noted = true
			j.unknown.add(name.text)
		}
	}
	for _, f := range j.fields {
		j.present[f.column] = true
		j.set(b, f.column, f.raw)
	}
	j.missing(b)
}

// missing notes the required columns that the row does not have. Of the first
// such row it tells what it has instead.
func (j *jsonReader) missing(b *Batch) {
	instead, faults := "", len(b.Faults)
	for c, column := range j.columns {
		if !column.Required || j.ofColumn[c].row == j.row {
			continue
		}
		names := make([]string, len(j.names))
		for i, name := range j.names {
			names[i] = name.text
		}
		if instead == "" && !j.told {
			instead = ", found " + cmp.Or(wording.List(names), "no fields")
		}
		b.fault(b.Line[b.Rows-1], column.Name, "missing: expected %s%s%s", column.Type, instead, meant(column.Name, notAskedFor(names, j.columns)))
	}
	j.told = j.told || len(b.Faults) > faults
}
