package table

import (
	"slices"
	"strings"
	"testing"
)

// TestPadding has zeros behind gzip, which gzip -d passes over, and what it
// does not.
func TestPadding(t *testing.T) {
	row := `{"id":"a"}` + "\n"
	packed := string(gzipOf([]byte(row)))
	zeros := strings.Repeat("\x00", 10_000)
	const damaged = "compressed data is damaged or cut short (gzip: invalid header): fetch the file again"
	for _, c := range []struct {
		in   string
		rows int
		want string
	}{
		{packed + "\x00", 1, ""}, {packed + zeros, 1, ""}, {packed + packed + zeros, 2, ""},
		{packed + zeros + "x", 1, "2: " + damaged}, {packed + "garbage, and more of it", 1, "2: " + damaged},
	} {
		rows, faults, _ := dumpText(t, c.in, "f", []Column{{Name: "id", Type: Name}})
		if len(rows) != c.rows || strings.Join(faults, "\n") != c.want {
			t.Errorf("%d bytes: rows %q, faults %q, expected %q", len(c.in), rows, faults, c.want)
		}
	}
}

// TestSkippedFrames begins with frames that zstd passes over: pzstd begins with
// one, and the magic number may be any of sixteen (RFC 8878, section 3.1.2).
func TestSkippedFrames(t *testing.T) {
	packed := string(zstdOf([]byte(`{"id":"a"}` + "\n")))
	for first := byte(0x50); first < 0x60; first++ {
		frame := string(first) + "\x2a\x4d\x18\x04\x00\x00\x00\x12\x34\x56\x78"
		rows, faults, _ := dumpText(t, frame+packed+frame+packed, "f", []Column{{Name: "id", Type: Name}})
		if !slices.Equal(rows, []string{`"a"`, `"a"`}) || len(faults) > 0 {
			t.Errorf("%x: rows %q, faults %q", first, rows, faults)
		}
	}
}

// TestSoundButNotRead names what the file is instead of calling it damaged. The
// heads of bzip2, xz and lz4 are those of their programs' files.
func TestSoundButNotRead(t *testing.T) {
	const expected = ": expected JSON Lines, CSV or Parquet, plain, .gz or .zst "
	row := []byte(`{"id":"a"}` + "\n")
	wide := "i\x00d\x00,\x00x\x00\n\x00a\x00,\x00b\x00\n\x00"
	const utf16 = "is UTF-16: save it as UTF-8"
	for _, c := range []struct{ in, want string }{
		{"BZh91AY&SY\x00\x01,", "is bzip2" + expected + "(bunzip2 it first)"},
		{"\xfd7zXZ\x00\x00\x04", "is xz" + expected + "(unxz it first)"},
		{"\x04\x22\x4d\x18\x64\x40", "is lz4" + expected + "(unlz4 it first)"},
		{"PK\x03\x04abc", "is a zip archive" + expected + "(unzip it first)"},
		{string(gzipOf(zstdOf(row))), "is compressed twice, zstd within gzip: undo gzip first"},
		{string(zstdOf(gzipOf(row))), "is compressed twice, gzip within zstd: undo zstd first"},
		{string(gzipOf([]byte("BZh91AY&SY"))), "is compressed twice, bzip2 within gzip: undo gzip first"},
		{"\xff\xfe" + wide, utf16}, {wide, utf16}, {"\x00" + wide, utf16}, {string(gzipOf([]byte("\xff\xfe" + wide))), utf16}, {string(gzipOf([]byte(wide))), utf16},
		{"BZh,x\n1,2\n", ""}, {"\x00\x00\x00\x00,", ""},
	} {
		for _, name := range []string{"f.csv", "f.jsonl", "f.parquet"} {
			rows, faults, _ := dumpText(t, c.in, name, []Column{{Name: "id", Type: Name}})
			if c.want != "" && (len(rows) > 0 || !slices.Equal(faults, []string{c.want})) {
				t.Errorf("%.12q: rows %q, faults %q, expected %q", c.in, rows, faults, c.want)
			}
			if c.want == "" && strings.Contains(strings.Join(faults, ""), "is ") && !strings.Contains(strings.Join(faults, ""), "its name") {
				t.Errorf("%.12q is taken for something else: %q", c.in, faults)
			}
		}
	}
}

// TestNamedParquet says once that a file is not what its name says, and only
// where something is wrong with it.
func TestNamedParquet(t *testing.T) {
	const hint = " (its name ends in .parquet, but it does not begin with PAR1 as Parquet does)"
	columns := []Column{{Name: "id", Type: Name, Required: true}}
	for _, name := range []string{"f.parquet", "F.Parquet.gz"} {
		for _, c := range []struct {
			in   string
			want []string
		}{
			{"some words\n", []string{"0: does not look like JSON Lines, CSV or Parquet: expected one JSON object a line, or a CSV header" + hint}},
			{"7\n8\n", []string{"1: expected one JSON object: found a number" + hint, "2: expected one JSON object: found a number"}},
			{"key,x\n1,2\n", []string{`0 id: no such column: found "key", "x"` + hint}},
			{`{"id":"a"}`, nil},
			{"id,x\n1,2\n", nil},
		} {
			if _, faults, _ := dumpText(t, c.in, name, columns); !slices.Equal(faults, c.want) {
				t.Errorf("%s, %.12q: %q, expected %q", name, c.in, faults, c.want)
			}
		}
	}
}
