package table

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzJSONLine reads a line behind one with the same fields, and holds that what
// comes of it is what encoding/json has.
func FuzzJSONLine(f *testing.F) {
	const before = `{"id":"a","text":"x","number":1,"other":{"a":[]}}`
	for _, line := range []string{
		before, `{"id":"b","text":"x\n\ud83d\ude00","number":-1.5e3,"other":null}`, `{"id":"b","number":2,"text":"y"}`, `{}`, ` { "id" : "b" , "text" : "y" } `,
		`{"id":"b","text":"x","number":1,"other":1,"other":2}`, `{"id":"b","te\u0078t":"x","number":0.1}`, `{"id":"b","id":"b"}`, "{\"id\":\"\xff\"}", `{"id":"b"`, `[]`,
		`{"id":"b","text":"\ud83d","number":1e999}`, `{"id":"b","` + strings.Repeat("k", 99) + `":1,"` + strings.Repeat("k", 99) + `":1}`,
	} {
		f.Add([]byte(line))
	}
	columns := []Column{{Name: "id", Type: Text}, {Name: "text", Type: Text, Repeats: true}, {Name: "number", Type: Number}}
	f.Fuzz(func(t *testing.T, line []byte) {
		if bytes.ContainsRune(line, '\n') || len(bytes.TrimSpace(line)) == 0 {
			return
		}
		source, err := New(strings.NewReader(before+"\n"+string(line)), "f.jsonl")
		if err != nil {
			t.Fatal(err)
		}
		reader, err := source.Rows(columns)
		if err != nil {
			t.Fatal(err)
		}
		var b Batch
		if err := reader.Read(&b); err != nil {
			t.Fatal(err)
		}
		fields, good := fieldsOf(line)
		if good != (b.Rows == 2) {
			t.Fatalf("%d rows, faults %v", b.Rows, b.Faults)
		}
		if !good || len(b.Faults) > 0 { // values of other types
			return
		}
		for c, column := range columns {
			known := b.Cells[c].Known[1]
			switch v := fields[column.Name].(type) {
			case nil:
				if known {
					t.Errorf("%s: found a value, expected none", column.Name)
				}
			case string:
				if !known || b.Cells[c].Text[1] != v {
					t.Errorf("%s: found %q, expected %q", column.Name, b.Cells[c].Text[1], v)
				}
			case float64:
				if !known || b.Cells[c].Number[1] != v {
					t.Errorf("%s: found %g, expected %g", column.Name, b.Cells[c].Number[1], v)
				}
			}
		}
	})
}

// fieldsOf reads an object whose names differ.
func fieldsOf(line []byte) (fields map[string]any, good bool) {
	if !utf8.Valid(line) || !json.Valid(line) || json.Unmarshal(line, &map[string]json.RawMessage{}) != nil || string(bytes.TrimSpace(line)) == "null" {
		return nil, false
	}
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.UseNumber() // the others' may be out of range
	if _, err := dec.Token(); err != nil {
		return nil, false
	}
	fields = map[string]any{}
	for dec.More() {
		name, _ := dec.Token()
		var v any
		if err := dec.Decode(&v); err != nil {
			return nil, false
		}
		if _, twice := fields[name.(string)]; twice {
			return nil, false
		}
		if n, is := v.(json.Number); is {
			v, _ = n.Float64()
		}
		fields[name.(string)] = v
	}
	return fields, true
}
