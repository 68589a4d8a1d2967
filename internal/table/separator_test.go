package table

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSeparators(t *testing.T) {
	for _, c := range []struct {
		name, in string
		columns  []string // known
		want     []string
	}{
		{"commas in quotes", "\"a,b,c,d\";e\n1;2\n", nil, []string{"a,b,c,d", "e"}},
		{"quotes in quotes", "\"a\"\",\"\",,\";e\n1;2\n", nil, []string{`a",",,`, "e"}},
		{"line ends in quotes", "\"a\n,,,,\n\";e\n1;2\n", nil, []string{"a\n,,,,", "e"}},
		{"more commas, but known columns", "a,b,c,d;id\n1;2\n", []string{"id"}, []string{"a,b,c,d", "id"}},
		{"known columns in quotes", "a,b,c,d;\"id\"\r\n1;2\n", []string{"id"}, []string{"a,b,c,d", "id"}},
		{"a known column that ends the file", "a,b,c,d;id", []string{"id"}, []string{"a,b,c,d", "id"}},
		{"as many of each", "a,b;c\n1,2\n", nil, []string{"a", "b;c"}},
		{"none", "a\n1\n", nil, []string{"a"}},
		{"sep=;", "sep=;\na,b,c;id\n1;2\n", nil, []string{"a,b,c", "id"}},
		{"sep=, against known columns", "\ufeffSEP=,\r\na,b;id\r\n1;2\r\n", []string{"id"}, []string{"a", "b;id"}},
		{"sep=|", "sep=|\na|id\n1|2\n", nil, []string{"a", "id"}},
		{"sep=; and nothing else", "sep=;", nil, nil},
		{"not at the start", "a,b\nsep=;\n", nil, []string{"a", "b"}},
		{"a name of that kind", "sep=;;\n1;2;3\n", nil, []string{"sep=", "", ""}},
	} {
		var columns []Column
		for _, name := range c.columns {
			columns = append(columns, Column{Name: name, Type: Name})
		}
		source, err := New(strings.NewReader(c.in), "f.csv")
		if err != nil {
			t.Fatal(err)
		}
		reader, err := source.Rows(columns)
		if err != nil {
			t.Fatal(err)
		}
		var b Batch
		_ = reader.Read(&b) // at the end there may be no rows
		var got []string
		for _, name := range c.want {
			if slices.Contains(reader.Unknown(), name) || slices.Contains(c.columns, name) {
				got = append(got, name)
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: not asked for %q; want −, got +:\n%s", c.name, reader.Unknown(), diff)
		}
	}
}

// TestSeparatorOfAWideHeader looks no further than 32 KiB, which end within
// quotes.
func TestSeparatorOfAWideHeader(t *testing.T) {
	var header strings.Builder
	for i := range 4000 {
		fmt.Fprintf(&header, `"column,%d";`, i)
	}
	rows, faults, _ := dumpText(t, header.String()+"id\n"+strings.Repeat(";", 4000)+"a\n", "f.csv", []Column{{Name: "id", Type: Name}})
	if !slices.Equal(rows, []string{`"a"`}) || len(faults) > 0 {
		t.Errorf("rows %q, faults %.200q", rows, faults)
	}
}

// TestStatedSeparator counts the line with it.
func TestStatedSeparator(t *testing.T) {
	columns := []Column{{Name: "id", Type: Name, Required: true}, {Name: "score", Type: Number}}
	rows, faults, _ := dumpText(t, "sep=;\r\nid;score\r\na,;0.5\r\nb;x\r\n", "f", columns)
	if !slices.Equal(rows, []string{`"a," | 0.5`, `"b" | –`}) || !slices.Equal(faults, []string{`4 score: expected a number, found "x"`}) {
		t.Errorf("rows %q, faults %q", rows, faults)
	}
}

// TestOneSeparator asks a file for its names first: its rows are cut like them,
// whatever columns are asked for.
func TestOneSeparator(t *testing.T) {
	source, err := New(strings.NewReader("a,b,c;id\n1,2,3;4\n"), "f.csv")
	if err != nil {
		t.Fatal(err)
	}
	names, err := source.Names()
	if err != nil || !slices.Equal(names, []string{"a", "b", "c;id"}) {
		t.Fatalf("%q, %v", names, err)
	}
	_, faults, _ := dump(t, source, []Column{{Name: "id", Type: Name, Required: true}})
	if !slices.Equal(faults, []string{`0 id: no such column: found "a", "b", "c;id"`}) {
		t.Errorf("%q", faults)
	}
}

// TestBracketedHeader takes a header of names in brackets for one, and JSON for
// JSON, whatever its name.
func TestBracketedHeader(t *testing.T) {
	columns := []Column{{Name: "[id]", Type: Name, Required: true}}
	for in, want := range map[string]string{
		"[id],[prompt]\na,x\n": `"a"`,
		"[{\"id\":1}]":         "0: looks like one JSON array: expected one object a line (jq -c '.[]' turns one into the other)",
		"[\n  {\"id\":1}]":     "0: looks like one JSON array: expected one object a line (jq -c '.[]' turns one into the other)",
		"{\"[id]\":\"b\"}":     `"b"`,
	} {
		rows, faults, _ := dumpText(t, in, "f.csv", columns)
		if got := strings.Join(append(rows, faults...), "\n"); got != want {
			t.Errorf("%q: %s, expected %s", in, got, want)
		}
	}
}
