package table

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

var csvColumns = []Column{
	{Name: "id", Type: Name, Required: true}, {Name: "prompt", Type: Text}, {Name: "score", Type: Number}, {Name: "n", Type: Whole},
	{Name: "ok", Type: Boolean}, {Name: "list", Type: Numbers}, {Name: "embedding", Type: Vector},
}

// TestCSV reads each text as a whole, a byte at a time, and cut at every
// distance from the end of the reader's buffer of 64 KiB.
func TestCSV(t *testing.T) {
	row := func(id, prompt string) string {
		return fmt.Sprintf("%q | %s | – | – | – | – | –", id, prompt)
	}
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"plain", "id,prompt\na,x\nb,y\n", []string{row("a", `"x"`), row("b", `"y"`)}},
		{"last line without its end", "id,prompt\na,x", []string{row("a", `"x"`)}},
		{"last line without its end, in quotes", "id,prompt\na,\"x\"", []string{row("a", `"x"`)}},
		{"ends in a separator", "id,prompt\na,", []string{row("a", "–")}},
		{"CRLF", "id,prompt\r\na,x\r\n\"b\",\"y\"\r\n", []string{row("a", `"x"`), row("b", `"y"`)}},
		{"byte order mark", "\ufeffid,prompt\na,x\n", []string{row("a", `"x"`)}},
		{"byte order mark before quotes", "\ufeff\"id\",\"prompt\"\na,x\n", []string{row("a", `"x"`)}},
		{"semicolons", "id;prompt\na;x,y\n", []string{row("a", `"x,y"`)}},
		{"tabs", "id\tprompt\na\tx,;y\n", []string{row("a", `"x,;y"`)}},
		{"separators within names", "\"a,b,c,d\";id;prompt\n1;a;x\n", []string{row("a", `"x"`)}},
		{"spaces in the header", " id , prompt \na, x \n", []string{row("a", `" x "`)}},
		{"quoted empty and empty", "id,prompt\na,\"\"\nb,\n", []string{row("a", `""`), row("b", "–")}},
		{"quotes", "id,prompt\na,\"say \"\"hi\"\"\"\nb,\"\"\"\"\nc,\"\"\"\"\"\"\n", []string{row("a", `"say \"hi\""`), row("b", `"\""`), row("c", `"\"\""`)}},
		{"line ends in quotes", "id,prompt\na,\"1\n2\r\n3\r4\"\nb,y\n", []string{row("a", `"1\n2\r\n3\r4"`), row("b", `"y"`)}},
		{"separators in quotes", "id,prompt\na,\"x,;\ty\"\n", []string{row("a", `"x,;\ty"`)}},
		{"blank lines", "\n\r\n  \nid,prompt\n\n \t\r\na,x\n\n\n", []string{row("a", `"x"`)}},
		{"a carriage return within a text", "id,prompt\na,x\ry\nb,\rz\n", []string{row("a", `"x\ry"`), row("b", `"\rz"`)}},
		{"NUL and spaces", "id,prompt\n a ,\x00\n", []string{row(" a ", `"\x00"`)}},
		{"columns in another order", "prompt,more,id,\nx,1,a,\n", []string{row("a", `"x"`)}},
		{"several columns without a name", ",prompt,,id,\n1,x,2,a,\n", []string{row("a", `"x"`)}},
		{"a name only of quotes", "id,\"\"\na,x\n", []string{row("a", "–")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			streams := []io.Reader{strings.NewReader(c.in), iotest.OneByteReader(strings.NewReader(c.in)), iotest.DataErrReader(strings.NewReader(c.in))}
			for n := range len(c.in) { // the reader's buffer ends within the rows
				id := strings.Index(c.in, "id")
				head := id + strings.Index(c.in[id:], "\n") + 1
				streams = append(streams, strings.NewReader(c.in[:head]+strings.Repeat("\n", 1<<16-head-n)+c.in[head:]))
			}
			for i, stream := range streams {
				source, err := New(stream, "f.csv")
				if err != nil {
					t.Fatal(err)
				}
				rows, faults, _ := dump(t, source, csvColumns)
				if diff := cmp.Diff(c.want, rows); diff != "" || len(faults) > 0 {
					t.Fatalf("stream %d: faults %q; want −, got +:\n%s", i, faults, diff)
				}
			}
		})
	}
}

func TestCSVCells(t *testing.T) {
	for _, c := range []struct{ column, cell, want string }{
		{"score", "0.5", "0.5"}, {"score", " 1 ", "1"}, {"score", "\t-2e-3\t", "-0.002"}, {"score", "1e5", "100000"}, {"score", "1E5", "100000"}, {"score", "+1", "1"}, {"score", ".5", "0.5"}, {"score", "5.", "5"},
		{"score", "", "–"}, {"score", `""`, "–"}, {"score", "-0", "-0"}, {"score", "5e-324", "5e-324"}, {"score", `"0.5"`, "0.5"},
		{"score", "NaN", `2 score: expected a number, found "NaN"`}, {"score", "inf", `2 score: expected a number, found "inf"`}, {"score", "1e999", "2 score: expected a number within ±1.8e+308, found 1e999"},
		{"score", "x", `2 score: expected a number, found "x"`}, {"score", `"0,5"`, `2 score: expected a number, found "0,5"`}, {"score", " ", `2 score: expected a number, found ""`},
		{"score", "0x10", `2 score: expected a number, found "0x10"`}, {"score", "0x1p4", `2 score: expected a number, found "0x1p4"`}, {"score", "infinity", `2 score: expected a number, found "infinity"`}, {"score", "1_000", `2 score: expected a number, found "1_000"`},
		{"n", "12", "12"}, {"n", "1e3", "1000"}, {"n", "12.0", "12"}, {"n", "12.5", "2 n: expected a whole number, found 12.5"}, {"n", "9007199254740993e3", "2 n: expected a whole number within ±9007199254740991, found 9007199254740993e3"},
		{"n", "9007199254740991", "9.007199254740991e+15"}, {"n", "-9007199254740991", "-9.007199254740991e+15"}, {"n", "9007199254740992", "2 n: expected a whole number within ±9007199254740991, found 9007199254740992"},
		{"n", "9007199254740993", "2 n: expected a whole number within ±9007199254740991, found 9007199254740993"}, {"n", "-9007199254740991.9", "2 n: expected a whole number within ±9007199254740991, found -9007199254740991.9"},
		{"ok", "true", "true"}, {"ok", "TRUE", "true"}, {"ok", "False", "false"}, {"ok", "1", "true"}, {"ok", "0", "false"}, {"ok", " true ", "true"}, {"ok", "yes", `2 ok: expected true or false, found "yes"`},
		{"list", `"[1, 2.5,-3e2]"`, "[1 2.5 -300]"}, {"list", "[]", "[]"}, {"list", "[1]", "[1]"}, {"list", ` "[1]"`, `2: a quote stands in a text without quotes: put the text in quotes and write "" for each of its own`},
		{"list", `"[1,null]"`, "2 list: element 2: expected a number, found null"}, {"list", `"[1,""x""]"`, "2 list: element 2: expected a number, found a string"},
		{"list", "1", `2 list: expected a list of numbers written as [0.1, 0.2], found "1"`}, {"list", `"[1,NaN]"`, `2 list: expected a list of numbers written as [0.1, 0.2], found "[1,NaN]"`},
		{"list", " ", `2 list: expected a list of numbers written as [0.1, 0.2], found ""`}, {"list", `"[1]]"`, `2 list: expected a list of numbers written as [0.1, 0.2], found "[1]]"`},
		{"embedding", `"[0.1,1e38]"`, "[0.1 1e+38]"}, {"embedding", "[1e39]", "2 embedding: element 1: expected a number within ±3.4e+38, found 1e39"},
		{"id", "", "2 id: expected a string, found an empty cell"}, {"id", `""`, `""`}, {"id", "007", `"007"`},
		{"prompt", `x"y`, `2: a quote stands in a text without quotes: put the text in quotes and write "" for each of its own`},
		{"prompt", `"x"y`, `2: text stands behind a closing quote: write a quote inside a text as ""`}, {"prompt", "\"x\"\ry", "2: a carriage return stands behind a closing quote"},
		{"prompt", "\xff", "2: not valid UTF-8: save the file as UTF-8"},
		{"prompt", "x,y", "2: expected 2 cells as in the header, found 3 (is a text with a separator not in quotes?)"},
		{"prompt", `"x`, "2: a quote that is opened in this record is not closed"},
	} {
		k := 0
		for i, column := range csvColumns {
			if column.Name == c.column {
				k = i
			}
		}
		column := csvColumns[k]
		rows, faults, _ := dumpText(t, c.column+",other\n"+c.cell+",\n", "f.csv", []Column{column})
		got := strings.Join(append(faults, rows...), "\n")
		if len(faults) > 0 {
			got = strings.Join(faults, "\n")
		}
		if got != c.want {
			t.Errorf("%s %q: got %s, expected %s", c.column, c.cell, got, c.want)
		}
	}
}

// TestCSVFaults counts lines by hand.
func TestCSVFaults(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"header only", "id,prompt\n", nil},
		{"empty", "", nil},
		{"blank", "\n\n \n", nil},
		{"no header", "a,x\nb,y\n", []string{`0 id: no such column: found "a", "x"`}},
		{"a required column misspelt", "ID,prompt\na,x\nb,y\n", []string{`0 id: no such column: found "ID", "prompt": rename "ID" to "id"`}},
		{"a name twice", "id,prompt,prompt\na,x,y\n", []string{`1: column "prompt" stands twice in the header`}},
		{"an unknown name twice", "id,z,z\na,x,y\n", []string{`1: column "z" stands twice in the header`}},
		{"a header that is not closed", "id,\"prompt\na,x\n", []string{"1: a quote that is opened in this record is not closed"}},
		{"a header with a fault", "id,p\"rompt\na,x\n", []string{`1: a quote stands in a text without quotes: put the text in quotes and write "" for each of its own`}},
		{"after records over several lines", "id,score\n\n\"1\n2\n3\",0\n\"b\r\n\r\n\",x\nc,y\n", []string{`6 score: expected a number, found "x"`, `9 score: expected a number, found "y"`}},
		{"faults of a row come in the order of the columns", "prompt,ok,n,score,id\nx,u,v,w,\n", []string{
			`2 ok: expected true or false, found "u"`, `2 n: expected a whole number, found "v"`, `2 score: expected a number, found "w"`,
			`2 id: expected a string, found an empty cell`}},
		{"cells too few, and the rows after", "id,score\na\nb,1\nc,2,3\nd,x\n", []string{
			"2: expected 2 cells as in the header, found 1 (is a text with a separator not in quotes?)", "4: expected 2 cells as in the header, found 3 (is a text with a separator not in quotes?)", `5 score: expected a number, found "x"`}},
		{"a quote that is never closed", "id,prompt\na,\"x\nb,y\nc,z\n", []string{"2: a quote that is opened in this record is not closed"}},
	} {
		_, faults, _ := dumpText(t, c.in, "f.csv", csvColumns)
		if diff := cmp.Diff(c.want, faults); diff != "" {
			t.Errorf("%s: want −, got +:\n%s", c.name, diff)
		}
	}
}

// zeros reads as one byte over and over.
type endless byte

func (e endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(e)
	}
	return len(b), nil
}

// TestCSVInBoundedMemory reads what never ends, or has many parts. A record
// takes up to 8 MiB, which append makes some 50 MiB of.
func TestCSVInBoundedMemory(t *testing.T) {
	size := int64(1 << 26)
	if raceDetector {
		size = 1 << 24
	}
	text := func(s string) io.Reader { return strings.NewReader(s) }
	stream := func(b byte) io.Reader { return io.LimitReader(endless(b), size) }
	var wide bytes.Buffer
	for i := range 100_000 {
		fmt.Fprintf(&wide, "c%d,", i)
	}
	for _, c := range []struct {
		name string
		in   io.Reader
		want string
		rows int
	}{
		{"a quote never closed", io.MultiReader(text("id,prompt\na,\""), stream('x')), "2: record is longer than 8 MiB: is a quote not closed?", 0},
		{"a long cell without quotes", io.MultiReader(text("id,prompt\na,"), stream('x'), text("\nb,y\n")), "2: record is longer than 8 MiB", 1},
		{"many cells", io.MultiReader(text("id,prompt\na,"), stream(','), text("\nb,y\n")), "2: record has over 131072 cells", 1},
		{"many cells in the header", io.MultiReader(text("id,prompt,"), stream(','), text("\nb,y\n")), "1: record has over 131072 cells", 0},
		{"quotes only", io.MultiReader(text("id,prompt\na,"), stream('"')), "2: record is longer than 8 MiB", 0},
		{"blank lines", io.MultiReader(text("id,prompt\n"), stream('\n'), text("b,y\n")), "1048578: over 1048576 lines are blank, and over 64 for each that is not: the rest was not read (grep . takes blank lines out)", 0},
		{"carriage returns", io.MultiReader(text("id,prompt\na,"), stream('\r'), text("\nb,y\n")), "2: record is longer than 8 MiB", 1},
		{"100,000 columns", text(wide.String() + "id\n" + strings.Repeat(",", 100_000) + "a\n"), "", 1},
	} {
		var rows, faults []string
		mebibytes := allocated(func() {
			source, err := New(c.in, "f.csv")
			if err != nil {
				t.Fatal(err)
			}
			rows, faults, _ = dump(t, source, csvColumns[:2])
		})
		if strings.Join(faults, "\n") != c.want || len(rows) != c.rows {
			t.Errorf("%s: %d rows, faults %q; expected %q", c.name, len(rows), faults, c.want)
		}
		if mebibytes > 100 {
			t.Errorf("%s: allocated %.0f MiB", c.name, mebibytes)
		}
	}
}

// TestPandasCSV reads what pandas 1.5.3 made of
//
//	pandas.DataFrame({"id": ["a", "b", "c"], "prompt": ['say "hi",\nplease\r\n', "", None], "score": [0.1, float("nan"), 1e-300],
//	    "n": [1, None, 3], "ok": [True, False, None]}).to_csv(…)
//
// with the arguments that each case names.
func TestPandasCSV(t *testing.T) {
	columns := csvColumns[:5]
	for _, c := range []struct{ name, in string }{
		{"", ",id,prompt,score,n,ok\n0,a,\"say \"\"hi\"\",\nplease\r\n\",0.1,1.0,True\n1,b,,,,False\n2,c,,1e-300,3.0,\n"},
		{"index=False, quoting=csv.QUOTE_NONNUMERIC", "\"id\",\"prompt\",\"score\",\"n\",\"ok\"\n\"a\",\"say \"\"hi\"\",\nplease\r\n\",0.1,1.0,True\n\"b\",\"\",\"\",\"\",False\n\"c\",\"\",1e-300,3.0,\"\"\n"},
		{"sep=';', encoding='utf-8-sig', lineterminator='\\r\\n'", "\ufeff;id;prompt;score;n;ok\r\n0;a;\"say \"\"hi\"\",\nplease\r\n\";0.1;1.0;True\r\n1;b;;;;False\r\n2;c;;1e-300;3.0;\r\n"},
	} {
		rows, faults, _ := dumpText(t, c.in, "f.csv", columns)
		want := []string{`"a" | "say \"hi\",\nplease\r\n" | 0.1 | 1 | true`, `"b" | – | – | – | false`, `"c" | – | 1e-300 | 3 | –`}
		for i := range rows {
			rows[i] = strings.Replace(rows[i], `| "" |`, "| – |", 1) // pandas writes both alike
		}
		if diff := cmp.Diff(want, rows); diff != "" || len(faults) > 0 {
			t.Errorf("%s: faults %q; want −, got +:\n%s", c.name, faults, diff)
		}
	}
}
