package datasets

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// good is a row that every reader of prompts takes.
func good(id string) string { return fmt.Sprintf(`{"id":%q,"prompt":"x"}`, id) }

func TestLineEnds(t *testing.T) {
	for _, c := range []struct{ name, in string }{
		{"plain", good("a") + "\n" + good("b") + "\n"},
		{"no end on the last line", good("a") + "\n" + good("b")},
		{"CRLF", good("a") + "\r\n" + good("b") + "\r\n"},
		{"blank lines", "\n \t\r\n" + good("a") + "\n\n\r\n" + good("b") + "\n\n"},
		{"byte order mark", "\ufeff" + good("a") + "\n" + good("b")},
		{"byte order mark and CRLF", "\ufeff\r\n" + good("a") + "\r\n" + good("b")},
		{"space around", "  " + good("a") + " \t\n\t" + good("b") + "  "},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, r := range []io.Reader{strings.NewReader(c.in), iotest.OneByteReader(strings.NewReader(c.in)), iotest.DataErrReader(strings.NewReader(c.in))} {
				file, err := ParsePrompts(r, "f", nil, nil)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff([]Prompt{{ID: "a", Text: "x"}, {ID: "b", Text: "x"}}, file.Prompts); diff != "" {
					t.Errorf("want −, got +:\n%s", diff)
				}
			}
		})
	}
}

// TestBadLines puts a bad line on line 3, between good ones; only it is
// reported, and the lines after it are read.
func TestBadLines(t *testing.T) {
	const object = "f:3: expected one JSON object: "
	for _, c := range []struct {
		name, line, want string
	}{
		{"array", `[{"id":"a"}]`, object + "found an array"},
		{"number", `17`, object + "found a number"},
		{"huge number", strings.Repeat("1", 4000), object + "found a number"},
		{"string", ` "id"`, object + "found a string"},
		{"null", `null`, object + "found null"},
		{"true", `true`, object + "found true or false"},
		{"words", `id,prompt`, object + "invalid character"},
		{"two objects", good("c") + good("d"), object + "found more after its end"},
		{"comma after it", good("c") + ",", object + "found more after its end"},
		{"words after it", good("c") + " # note", object + "found more after its end"},
		{"brace after it", good("c") + "}", object + "found more after its end"},
		{"cut after the brace", `{`, object + "the line ends inside it"},
		{"cut in a name", `{"id`, object + "the line ends inside it"},
		{"cut after a name", `{"id"`, object + "the line ends inside it"},
		{"cut after a colon", `{"id":`, object + "the line ends inside it"},
		{"cut in a value", `{"id":"a","prompt":"xy`, object + "the line ends inside it"},
		{"cut after a value", `{"id":"a"`, object + "the line ends inside it"},
		{"cut after a comma", `{"id":"a",`, object + "the line ends inside it"},
		{"comma before the end", `{"id":"a","prompt":"x",}`, object + "invalid character"},
		{"no comma", `{"id":"a" "prompt":"x"}`, object + "invalid character"},
		{"no colon", `{"id" "a"}`, object},
		{"ends as an array", `{"id":"c","prompt":"x"]`, object + "invalid character"},
		{"name without quotes", `{id:"a"}`, object + "invalid character"},
		{"number as name", `{1:"a"}`, object + "invalid character"},
		{"single quotes", `{'id':'a'}`, object + "invalid character"},
		{"unknown escape", `{"id":"\x41","prompt":"x"}`, object + "invalid character"},
		{"escape of a letter", `{"id":"\u00g1","prompt":"x"}`, object + "invalid character"},
		{"control character", "{\"id\":\"a\tb\",\"prompt\":\"x\"}", object + "invalid character"},
		{"zero byte", "{\"id\":\"c\",\x00\"prompt\":\"x\"}", object + "invalid character"},
		{"a field twice", `{"id":"c","prompt":"x","tier":"SIMPLE","prompt":"y"}`, object + `field "prompt" stands twice`},
		{"a field twice, escaped", `{"id":"c","prompt":"x","\u0069d":"d"}`, object + `field "id" stands twice`},
		{"an unknown field twice", `{"id":"c","prompt":"x","n":1,"n":1}`, object + `field "n" stands twice`},
		{"deep arrays", `{"id":"c","prompt":"x","n":` + strings.Repeat("[", 1<<20) + strings.Repeat("]", 1<<20) + `}`, object + "invalid character '[' exceeded max depth"},
		{"deep objects", strings.Repeat(`{"n":`, 1<<20), object + "invalid character '{' exceeded max depth"},
		{"cut in a value, CRLF", `{"id":"a","prompt":"xy` + "\r", object + "the line ends inside it"},
		{"second byte order mark", "\ufeff" + good("c"), object + "invalid character"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := good("a") + "\n\n" + c.line + "\n" + good("b") + "\n" + `{"id":"last"}`
			_, err := ParsePrompts(strings.NewReader(in), "f", nil, nil)
			got := problemsOf(t, err)
			if len(got) != 2 || !strings.HasPrefix(got[0], c.want) || got[1] != `f:5: prompt: missing: expected a string, found "id"` {
				t.Errorf("got %q, expected %q and line 5", got, c.want)
			}
		})
	}
}

func TestInvalidUTF8(t *testing.T) {
	for _, c := range []struct {
		name, line string
		at         int // byte of the line, from 1
	}{
		{"first byte", "\xff", 1},
		{"in a string", "{\"id\":\"\x80\"}", 8},
		{"after a character of three bytes", "{\"id\":\"…\xe2\x80\"}", 11},
		{"surrogate as bytes", "{\"id\":\"\xed\xa0\x80\"}", 8},
		{"overlong", "{\"id\":\"\xc0\xaf\"}", 8},
		{"past the last code point", "{\"id\":\"\xf4\x90\x80\x80\"}", 8},
		{"after a real U+FFFD", "{\"id\":\"\ufffd\xff\"}", 11},
		{"in a name", "{\"\xe9\":1}", 3},
		{"UTF-16", "\xff\xfe{\x00", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ParsePrompts(strings.NewReader(good("a")+"\n"+c.line+"\n"+good("b")), "f", nil, nil)
			want := []string{fmt.Sprintf("f:2: not valid UTF-8 from byte %d of the line: save the file as UTF-8", c.at)}
			if diff := cmp.Diff(want, problemsOf(t, err)); diff != "" {
				t.Errorf("want −, got +:\n%s", diff)
			}
		})
	}
}

func TestSurrogates(t *testing.T) {
	for _, c := range []struct {
		in, want string // JSON, text
		bad      string // the escape that is half a character
	}{
		{in: `\ud83d\ude00`, want: "😀"},
		{in: `\uD83D\uDE00\ud83d\ude00`, want: "😀😀"},
		{in: "\ufffd", want: "\ufffd"},
		{in: `\ufffd`, want: "\ufffd"},
		{in: `\uFFFD\uFffd`, want: "\ufffd\ufffd"},
		{in: `\\ud83d`, want: `\ud83d`},
		{in: `\\\\ud83d \\ufffd \ufffd`, want: `\\ud83d \ufffd ` + "\ufffd"},
		{in: `\ud7ff\ue000`, want: "\ud7ff\ue000"},
		{in: `\u0000`, want: "\x00"},
		{in: `\"\ud83d\ude00\"`, want: `"😀"`},
		{in: `\ud83d`, bad: `\ud83d`},
		{in: `\ude00`, bad: `\ude00`},
		{in: `\uDE00\uD83D`, bad: `\uDE00`},
		{in: `\ud83dx\ude00`, bad: `\ud83d`},
		{in: `\ud83d\ud83d\ude00`, bad: `\ud83d`},
		{in: `\ud83d\ude00\ude01`, bad: `\ude01`},
		{in: `\ud83d\n`, bad: `\ud83d`},
		{in: `\ud83d\\ude00`, bad: `\ud83d`},
		{in: `\ud83d\u0041`, bad: `\ud83d`},
		{in: "\ufffd\\udfff", bad: `\udfff`},
		{in: `\\ufffd \udfff`, bad: `\udfff`},
		{in: `\\\udfff`, bad: `\udfff`},
	} {
		file, err := ParsePrompts(strings.NewReader(`{"id":"a","prompt":"`+c.in+`"}`), "f", nil, nil)
		if c.bad == "" {
			if err != nil || file.Prompts[0].Text != c.want {
				t.Errorf("%s: got %v, %v; expected %q", c.in, file, err, c.want)
			}
			continue
		}
		want := []string{"f:1: prompt: expected whole characters, found " + c.bad + ", half of a surrogate pair: write both halves or the character itself"}
		if diff := cmp.Diff(want, problemsOf(t, err)); diff != "" {
			t.Errorf("%s: want −, got +:\n%s", c.in, diff)
		}
	}
}

// TestReadFailure holds that a failing disk is no fault of the content.
func TestReadFailure(t *testing.T) {
	broken := errors.New("the disk is gone")
	for _, c := range []struct {
		name string
		read func(io.Reader) error
	}{
		{"prompts", func(r io.Reader) error { _, err := ParsePrompts(r, "f.jsonl", nil, nil); return err }},
		{"answers", func(r io.Reader) error { _, err := ParseAnswers(r, "f.jsonl", nil); return err }},
	} {
		err := c.read(io.MultiReader(strings.NewReader(`{"id":3}`+"\n"), iotest.ErrReader(broken)))
		var content *ContentError
		if !errors.Is(err, broken) || errors.As(err, &content) || !strings.HasPrefix(err.Error(), "f.jsonl: ") {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if _, err := ParsePrompts(iotest.ErrReader(broken), "f", nil, nil); !errors.Is(err, broken) {
		t.Errorf("at the first byte: %v", err)
	}
}

// A file that is something else is said to be so once, not line by line.
func TestWrongFormats(t *testing.T) {
	for _, c := range []struct{ name, file, want string }{
		{"array", `[{"id":"a"},` + "\n" + `{"id":"b"}]`, "looks like one JSON array"},
		{"pretty", "{\n  \"id\": \"a\"\n}\n", "looks like JSON over several lines"},
		{"pretty, from the first field on", "{ \"id\": \"a\",\n  \"prompt\": \"x\" }\n{ \"id\": \"b\",\n  \"prompt\": \"x\" }\n", "expected each object on one line (jq -c . turns"},
		{"pretty, with commas ahead", "{ \"id\": \"a\"\n, \"prompt\": \"x\" }\n", "looks like JSON over several lines"},
		{"one object of rows", "{\"rows\": [\n" + good("a") + "\n]}\n", "looks like JSON over several lines"},
		{"prose", "hello\nworld\n", "does not look like JSON Lines"},
		{"UTF-16", "\xff\xfe{\x00", "is UTF-16"},
		{"zip", "PK\x03\x04abc", "is a zip archive"},
	} {
		_, err := ParsePrompts(strings.NewReader(c.file), "f", nil, nil)
		var content *ContentError
		if !errors.As(err, &content) || !strings.Contains(err.Error(), c.want) || content.Total > 1 {
			t.Errorf("%s: %v, expected one that %s", c.name, err, c.want)
		}
	}
	for _, cut := range []string{`{"id":"a",` + "\n" + good("b") + "\n{}", `{"id":"a"`} {
		_, err := ParsePrompts(strings.NewReader(cut), "f", nil, nil)
		if got := problemsOf(t, err); got[0] != "f:1: expected one JSON object: the line ends inside it" || len(got) != 1+2*strings.Count(cut, "{}") {
			t.Errorf("%q: %q", cut, got)
		}
	}
	// One bad line of a file that is JSON Lines does not hide the others.
	_, err := ParsePrompts(strings.NewReader("7\n{}\n8\n"), "f", nil, nil)
	var content *ContentError
	if !errors.As(err, &content) || content.Total != 4 {
		t.Errorf("%v, expected 4 problems", err)
	}
}

// A small file with a great many bad rows does not fill the disk.
func TestProblemsAreBounded(t *testing.T) {
	told := 0
	_, err := ParsePrompts(strings.NewReader(strings.Repeat("1\n", 3*maxProblems)), "f", nil, func(Problem) { told++ })
	var content *ContentError
	if !errors.As(err, &content) || content.Total != maxProblems+1 || told != content.Total {
		t.Errorf("%d problems, %d told, expected %d", content.Total, told, maxProblems+1)
	}
}
