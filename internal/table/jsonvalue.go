package table

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/routeproof/routeproof/internal/jsonline"
)

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
		if found := kindOf(raw); found == "a number" && t != JSON {
			b.fault(line, column.Name, "expected %s, found %s: put it in quotes", t, found)
		} else if raw[0] != '"' {
			b.fault(line, column.Name, "expected %s, found %s", t, found)
		} else if s, problem := j.text(c, raw); problem != "" {
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

// text decodes a valid JSON string; it refuses half characters.
func (j *jsonReader) text(c int, raw []byte) (s, problem string) {
	inner := raw[1 : len(raw)-1]
	if bytes.IndexByte(inner, '\\') >= 0 {
		j.buf = jsonline.AppendString(j.buf[:0], raw)
		if inner = j.buf; bytes.Contains(inner, replacement) {
			if escape := halfSurrogate(raw); escape != "" {
				return "", "expected whole characters, found " + escape + ", half of a surrogate pair: write both halves or the character itself"
			}
		}
	}
	if j.columns[c].Repeats {
		return j.interns[c].text(inner), ""
	}
	return string(inner), ""
}

// replacement is what half of a surrogate pair is decoded as.
var replacement = []byte(string(utf8.RuneError))

// parseNumber reads a JSON value that should be a number.
func parseNumber(raw []byte, t Type) (v float64, problem string) {
	if found := kindOf(raw); found != "a number" {
		return 0, fmt.Sprintf("expected %s, found %s", t.element(), found)
	}
	if t != Vector {
		if v, ok := jsonline.ParseFloat(raw); ok && (t != Whole || isWhole(v)) {
			return v, ""
		}
	}
	return parseDigits(raw, t)
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
