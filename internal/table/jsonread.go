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

	"github.com/routeproof/routeproof/internal/wording"
)

// jsonReader reads a JSON object a line.
type jsonReader struct {
	lines   lines
	blanks  blanks
	columns []Column
	index   map[string]int
	present []bool
	unknown unknowns
	interns []interner
	told    bool // what is there where required columns are not
	ended   bool

	// of the row at hand
	seen  []bool
	names []string        // all of its names, in order
	extra map[string]bool // its names that were not asked for
}

func newJSONReader(r *bufio.Reader, columns []Column) *jsonReader {
	j := &jsonReader{lines: lines{r: r}, columns: columns, index: map[string]int{}, present: make([]bool, len(columns)),
		seen: make([]bool, len(columns)), extra: map[string]bool{}, interns: make([]interner, len(columns))}
	for c, column := range columns {
		j.index[column.Name] = c
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
	case !utf8.Valid(line):
		b.fault(at, "", "not valid UTF-8 from byte %d of the line: save the file as UTF-8", validPrefix(line)+1)
		return
	}
	first := j.blanks.other == 0
	j.blanks.other++
	if err := j.checkLine(line); err != nil {
		if reason := j.wrongFormat(line, err); first && reason != "" {
			b.fault(0, "", "%s", reason)
			j.ended = true
			return
		}
		b.fault(at, "", "expected one JSON object: %v", err)
		return
	}
	b.Append(at)
	j.parseRow(b, line)
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

// checkLine returns an error unless the line is one JSON object whose fields
// have different names. It leaves them in names.
func (j *jsonReader) checkLine(line []byte) error {
	if !json.Valid(line) {
		return explainInvalid(line)
	}
	if line = bytes.TrimSpace(line); line[0] != '{' {
		return fmt.Errorf("found %s", kindOf(line))
	}
	clear(j.seen)
	clear(j.extra)
	j.names = j.names[:0]
	for name := range members(line) {
		if c, known := j.index[string(name)]; known {
			if j.seen[c] {
				return fmt.Errorf("field %s stands twice", wording.Quote(string(name)))
			}
			j.seen[c] = true
			j.names = append(j.names, j.columns[c].Name)
			continue
		}
		s := string(name)
		if j.extra[s] {
			return fmt.Errorf("field %s stands twice", wording.Quote(s))
		}
		j.extra[s] = true
		j.names = append(j.names, s)
	}
	return nil
}

var errCut = errors.New("the line ends inside it")

// explainInvalid finds the words for a line that is no valid JSON, the slow way.
func explainInvalid(line []byte) error {
	dec := json.NewDecoder(bytes.NewReader(line))
	var any json.RawMessage
	err := dec.Decode(&any)
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

func (j *jsonReader) parseRow(b *Batch, line []byte) {
	line = bytes.TrimSpace(line)
	for name, raw := range members(line) {
		c, known := j.index[string(name)]
		if !known {
			j.unknown.add(string(name))
			continue
		}
		j.present[c] = true
		j.set(b, c, raw)
	}
	j.missing(b)
}

// missing notes the required columns that the row does not have. Of the first
// such row it tells what it has instead.
func (j *jsonReader) missing(b *Batch) {
	instead, faults := "", len(b.Faults)
	for c, column := range j.columns {
		if !column.Required || j.seen[c] {
			continue
		}
		if instead == "" && !j.told {
			instead = ", found " + cmp.Or(wording.List(j.names), "no fields")
		}
		b.fault(b.Line[b.Rows-1], column.Name, "missing: expected %s%s%s", column.Type, instead, meant(column.Name, notAskedFor(j.names, j.columns)))
	}
	j.told = j.told || len(b.Faults) > faults
}

// set puts a value into the last row.
func (j *jsonReader) set(b *Batch, c int, raw []byte) {
	column, line := j.columns[c], b.Line[b.Rows-1]
	if string(raw) == "null" {
		if column.Required {
			b.fault(line, column.Name, "expected %s, found null", column.Type)
		}
		return
	}
	switch t := column.Type; {
	case t == JSON && (raw[0] == '{' || raw[0] == '['):
		b.SetText(c, string(raw))
	case t.isText():
		if raw[0] != '"' {
			b.fault(line, column.Name, "expected %s, found %s", t, kindOf(raw))
		} else if s, problem := unquote(raw, j.interns[c], column.Repeats); problem != "" {
			b.fault(line, column.Name, "%s", problem)
		} else {
			b.SetText(c, s)
		}
	case t == Boolean:
		if v := string(raw); v != "true" && v != "false" {
			b.fault(line, column.Name, "expected %s, found %s", t, kindOf(raw))
		} else {
			b.SetBool(c, v == "true")
		}
	case t == Number || t == Whole:
		if v, problem := parseNumber(raw, t); problem != "" {
			b.fault(line, column.Name, "%s", problem)
		} else {
			b.SetNumber(c, v)
		}
	default:
		if problem := b.setJSONList(c, t, raw); problem != "" {
			b.fault(line, column.Name, "%s", problem)
		}
	}
}

// unquote decodes a valid JSON string; it refuses half characters.
func unquote(raw []byte, recurring interner, repeats bool) (s, problem string) {
	inner := raw[1 : len(raw)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		if repeats {
			return recurring.text(inner), ""
		}
		return string(inner), ""
	}
	if escape := halfSurrogate(raw); escape != "" {
		return "", "expected whole characters, found " + escape + ", half of a surrogate pair: write both halves or the character itself"
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		return "", err.Error()
	}
	return s, ""
}

// parseNumber reads a JSON value that should be a number.
func parseNumber(raw []byte, t Type) (v float64, problem string) {
	if found := kindOf(raw); found != "a number" {
		return 0, fmt.Sprintf("expected %s, found %s", t.element(), found)
	}
	return parseDigits(string(raw), t)
}

// setJSONList reads a JSON array of numbers into the last row.
func (b *Batch) setJSONList(c int, t Type, raw []byte) (problem string) {
	if raw[0] != '[' {
		return fmt.Sprintf("expected %s, found %s", t, kindOf(raw))
	}
	from, n := b.stored(t), 0
	for item := range elements(raw) {
		v, problem := parseNumber(item, t)
		if problem != "" {
			b.unstore(t, from)
			return fmt.Sprintf("element %d: %s", n+1, problem)
		}
		if n++; t == Vector {
			b.vectors = append(b.vectors, float32(v))
		} else {
			b.lists = append(b.lists, v)
		}
	}
	b.setList(c, b.Rows-1, from)
	return ""
}
