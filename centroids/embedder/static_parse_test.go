package embedder_test

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/routeproof/routeproof/centroids/embedder"
	"github.com/routeproof/routeproof/datasets"
)

func parseStatic(text string) (*embedder.Static, error) {
	return embedder.ParseStatic(strings.NewReader(text), "v.txt")
}

func checkContent(t testing.TB, err error) *datasets.ContentError {
	t.Helper()
	var content *datasets.ContentError
	if !errors.As(err, &content) || content.Total != 1 || len(content.First) != 1 {
		t.Fatalf("error is %v, expected a ContentError with one problem", err)
	}
	return content
}

// Every spelling of the same rows gives the same vectors; the digest is that of
// the bytes.
func TestParseStaticSpellings(t *testing.T) {
	texts := []string{"of", "in", "of in", "IN it of"}
	plain, err := parseStatic("of 1 2\nin 3 -4\nit 5 6\n")
	if err != nil {
		t.Fatal(err)
	}
	want := embedAll(t, plain, texts...)
	for name, text := range map[string]string{
		"header":           "3 2\nof 1 2\nin 3 -4\nit 5 6\n",
		"header, tab, end": " 3\t2 \nof 1 2\nin 3 -4\nit 5 6\n",
		"trailing spaces":  "3 2\nof 1 2 \nin 3 -4 \t\nit 5 6 \n",
		"tabs":             "of\t1\t2\nin\t3\t-4\nit\t5\t6\n",
		"runs of spaces":   "  of  1   2\nin 3  -4\nit 5 \t 6\n",
		"CRLF":             "3 2\r\nof 1 2\r\nin 3 -4\r\nit 5 6\r\n",
		"byte order mark":  "\ufeff3 2\nof 1 2\nin 3 -4\nit 5 6\n",
		"mark, no header":  "\ufeffof 1 2\nin 3 -4\nit 5 6\n",
		"no last end":      "of 1 2\nin 3 -4\nit 5 6",
		"blank end":        "3 2\nof 1 2\nin 3 -4\nit 5 6\n\n \t\n\r\n",
		"numbers":          "of +1.0 .2e1\nin 3e+0 -4.\nit 50e-1 006\n",
	} {
		e, err := parseStatic(text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := embedAll(t, e, texts...); !slices.Equal(want, got) {
			t.Errorf("%s: %v, expected %v", name, got, want)
		}
		if e.Identity().Digest == plain.Identity().Digest {
			t.Errorf("%s: other bytes have the same digest", name)
		}
	}
}

// Rows that no text can match take their place in the order.
func TestParseStaticRanks(t *testing.T) {
	want, err := parseStatic("of 1 0\nxx 9 9\nin 0 1\nyy 9 9\n")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		text  string
		words embedder.Vocabulary
	}{
		"repeated":    {"of 1 0\nof 7 7\nin 0 1\nof 8 8\n", embedder.Vocabulary{Rows: 4, Words: 2, Repeated: 2}},
		"unmatched":   {"of 1 0\n, 7 7\nin 0 1\nNew_York 8 8\n", embedder.Vocabulary{Rows: 4, Words: 2, Unmatched: 2}},
		"spaces":      {"of 1 0\n. . . 7 7\nin 0 1\nat name@x.org 8 8\n", embedder.Vocabulary{Rows: 4, Words: 2, Unmatched: 2}},
		"odd spaces":  {"of 1 0\n\u00a0 7 7\nin 0 1\n\u2028x 8 8\n", embedder.Vocabulary{Rows: 4, Words: 2, Unmatched: 2}},
		"not UTF-8":   {"of 1 0\n\xff 7 7\nin 0 1\na\xc3 8 8\n", embedder.Vocabulary{Rows: 4, Words: 2, Invalid: 2}},
		"apostrophes": {"of 1 0\ndon't 7 7\nin 0 1\nn't 8 8\n", embedder.Vocabulary{Rows: 4, Words: 2, Unmatched: 2}},
	} {
		e, err := parseStatic(c.text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := embedAll(t, e, "in of"); !slices.Equal(got, embedAll(t, want, "in of")) {
			t.Errorf("%s: vector %v", name, got)
		}
		if e.Vocabulary() != c.words {
			t.Errorf("%s: vocabulary %+v, expected %+v", name, e.Vocabulary(), c.words)
		}
	}
}

func TestParseStaticRefuses(t *testing.T) {
	binary := "2 2\nof \x00\x00\x80\x3f\x00\x00\x00\x40in \x00\x00\x80\x3f\n\x00\x00\x40"
	for name, c := range map[string]struct {
		text   string
		line   int
		reason string
	}{
		"empty":                {"", 0, "found an empty file"},
		"blank":                {"\n \n", 0, "found an empty file"},
		"mark only":            {"\ufeff", 0, "found an empty file"},
		"header only":          {"2 3\n", 1, "the header says 2 rows, found 0"},
		"fewer rows":           {"3 1\nof 1\nin 2\n", 1, "the header says 3 rows, found 2"},
		"more rows":            {"1 1\nof 1\nin 2\n", 3, "after the 1 rows that the header says, found more"},
		"no rows":              {"0 1\n", 1, "1 to 16777216 rows, found \"0\""},
		"too many rows":        {"16777217 1\nof 1\n", 1, "1 to 16777216 rows"},
		"absurd rows":          {"99999999999999999999 1\nof 1\n", 1, "1 to 16777216 rows"},
		"no dims":              {"1 0\nof\n", 1, "1 to 65536 dims, found \"0\""},
		"too many dims":        {"1 65537\nof 1\n", 1, "1 to 65536 dims"},
		"word alone":           {"of\n", 1, "a word and 1 to 65536 numbers, found 0"},
		"wide first line":      {"of" + strings.Repeat(" 1", 65537), 1, "1 to 65536 numbers, found 65537"},
		"short of the header":  {"2 3\nof 1 2\nin 1 2 3\n", 2, "a word and 3 numbers (as the header says), found 3 fields"},
		"short row":            {"of 1 2 3\nin 1 2 3\nit 1 2\n", 3, "a word and 3 numbers (as many as on line 1), found 3 fields"},
		"long row":             {"of 1 2\nin 1 2 3\n", 2, "a word and 2 numbers (as many as on line 1), found more"},
		"longer than header":   {"1 2\nof 1 2 3\n", 2, "2 numbers (as the header says), found more"},
		"no word":              {"of 1 2\n1 2\n", 2, "found 2 fields"},
		"number alone":         {"of 1 2\n 5\n", 2, "found 1 fields"},
		"not a number":         {"of 1 2\nin 1 2x\n", 2, "number 2 of 2: expected a finite decimal number that fits float32, found \"2x\""},
		"first line":           {"of 1 x 3\n", 1, "number 2 of 3"},
		"NaN":                  {"of 1 2\nin nan 2\n", 2, "number 1 of 2"},
		"infinite":             {"of 1 2\nin 1 -Inf\n", 2, "number 2 of 2"},
		"over float32":         {"of 1 2\nin 1 4e38\n", 2, "number 2 of 2"},
		"hexadecimal":          {"of 1 2\nin 1 0x1p-2\n", 2, "number 2 of 2"},
		"underscores":          {"of 1 2\nin 1 1_0\n", 2, "number 2 of 2"},
		"decimal comma":        {"of 1 2\nin 1 0,5\n", 2, "number 2 of 2"},
		"bad, word unmatched":  {"of 1 2\n, 1 x\n", 2, "number 2 of 2"},
		"blank in between":     {"of 1 2\n\nin 1 2\n", 2, "found a blank line"},
		"blank first":          {"\nof 1 2\n", 1, "found a blank line"},
		"no matchable word":    {"\u2581of 1\n##in 2\n", 0, "none of the 2 words is a run of letters"},
		"binary":               {binary, 0, "save_word2vec_format(out)"},
		"binary, long line":    {"2 300\nof " + strings.Repeat("\x00\x01\x80\x3f", 1<<19), 0, "binary=True"},
		"binary, cut":          {binary[:12], 0, "binary=True"},
		"long line":            {"of 1 2\n" + strings.Repeat("x", 1<<20) + "\n", 2, "found 1 fields"},
		"too long a line":      {"of 1 2\n" + strings.Repeat("x", 1<<20+1) + "\n", 2, "longer than 1 MiB"},
		"far too long a line":  {"of 1 2\n" + strings.Repeat("x", 3<<20), 2, "longer than 1 MiB"},
		"not word vectors":     {`{"id": "1", "prompt": "hello"}` + "\n", 1, "number 3 of 3"},
		"control after line 2": {"2 1\nof 1\nin \x01\n", 3, "number 1 of 1"},
	} {
		_, err := parseStatic(c.text)
		if err == nil {
			t.Errorf("%s: expected an error", name)
			continue
		}
		got := checkContent(t, err).First[0]
		if got.File != "v.txt" || got.Line != c.line || !strings.Contains(got.Reason, c.reason) {
			t.Errorf("%s: %v, expected line %d: %s", name, err, c.line, c.reason)
		}
	}
}

func TestParseStaticFailingReader(t *testing.T) {
	broken := errors.New("disk on fire")
	_, err := embedder.ParseStatic(iotest.ErrReader(broken), "v.txt")
	var content *datasets.ContentError
	if !errors.Is(err, broken) || errors.As(err, &content) || !strings.Contains(err.Error(), "v.txt") {
		t.Errorf("error is %v, expected the reader's, with the name", err)
	}
	text := "of 1 2\nin 3 4\n"
	if _, err := embedder.ParseStatic(iotest.OneByteReader(strings.NewReader(text)), "v.txt"); err != nil {
		t.Errorf("a byte at a time: %v", err)
	}
}

func TestParseStaticLyingHeaderAllocatesLittle(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := parseStatic("16777216 65536\nof 1 2\n"); err == nil {
		t.Error("expected an error")
	}
	runtime.ReadMemStats(&after)
	if mib := float64(after.TotalAlloc-before.TotalAlloc) / (1 << 20); mib > 4 {
		t.Errorf("a lying header made it allocate %.1f MiB", mib)
	}
}

func FuzzParseStatic(f *testing.F) {
	for _, text := range []string{
		"", "2 2\nof 1 2\nin 3 4\n", "of 1 2\nin 3 4", "\ufeffof 1e-45 -0\r\n\r\n", "2 1\nof 1\nof 2\n", "1 1\nof nan\n",
		". . . 1 2\nof 1 2\n", "\xff 1\nof 2\n", "2 2\nof \x00\x00\x80\x3f\x00\x00\x00\x40", "of 3e38 3e38\nin -3e38 3e38\n", "1 1\n5 5\n",
	} {
		f.Add([]byte(text), "of in the, OF")
	}
	f.Fuzz(func(t *testing.T, data []byte, text string) {
		e, err := embedder.ParseStatic(bytes.NewReader(data), "f")
		if err != nil {
			if p := checkContent(t, err).First[0]; p.Line > bytes.Count(data, []byte("\n"))+1 {
				t.Errorf("%v: a line beyond the end", err)
			}
			return
		}
		v := e.Vocabulary()
		if v.Words < 1 || v.Rows != v.Words+v.Repeated+v.Unmatched+v.Invalid || v.Rows > bytes.Count(data, []byte("\n"))+1 {
			t.Errorf("vocabulary %+v", v)
		}
		var square float64
		for _, x := range embedAll(t, e, text) {
			square += float64(x) * float64(x)
		}
		if square != 0 && !(square > 0.999 && square < 1.001) {
			t.Errorf("text %q: squared norm %g", text, square)
		}
		again, err := embedder.ParseStatic(bytes.NewReader(append(bytes.Clone(data), '\n')), "f")
		if err != nil {
			t.Fatalf("with a line end more: %v", err)
		}
		if a, b := embedAll(t, e, text, string(data)), embedAll(t, again, text, string(data)); !slices.Equal(a, b) {
			t.Errorf("with a line end more: %v, expected %v", b, a)
		}
	})
}

// syntheticVectors is text like GloVe's.
func syntheticVectors(rows, dims int) []byte {
	var b bytes.Buffer
	for r := range rows {
		fmt.Fprintf(&b, "w%d", r)
		for d := range dims {
			fmt.Fprintf(&b, " %.6f", float64((r*31+d*17)%1000)/500-1)
		}
		b.WriteByte('\n')
	}
	return b.Bytes()
}

func BenchmarkParseStatic(b *testing.B) {
	data := syntheticVectors(2000, 300)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := embedder.ParseStatic(bytes.NewReader(data), "b"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkStatic(b *testing.B) {
	e, err := embedder.ParseStatic(bytes.NewReader(syntheticVectors(2000, 300)), "b")
	if err != nil {
		b.Fatal(err)
	}
	texts := make([]string, 512)
	size := 0
	for i := range texts {
		for w := range 70 {
			texts[i] += fmt.Sprintf("W%d, ", (i*w)%3000)
		}
		size += len(texts[i])
	}
	b.SetBytes(int64(size))
	for b.Loop() {
		embedAll(b, e, texts...)
	}
}
