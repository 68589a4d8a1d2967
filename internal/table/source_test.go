package table

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
)

var errDisk = errors.New("the disk is gone")

// flaky reads until a place, and fails from there on.
type flaky struct {
	b  []byte
	at int
}

func (f flaky) ReadAt(b []byte, off int64) (int, error) {
	if end := int(off) + len(b); end > f.at {
		return 0, errDisk
	}
	return copy(b, f.b[off:]), nil
}

// TestFailingDisk fails to read at every tenth byte. That is never said to be
// damage.
func TestFailingDisk(t *testing.T) {
	text := []byte(strings.Repeat(`{"id":"a","score":1}`+"\n", 30))
	csv := []byte("id,score\n" + strings.Repeat("\"a\n\",1\n", 30))
	parquet := ours(t, 30)
	for name, content := range map[string][]byte{
		"jsonl": text, "csv": csv, "jsonl.gz": gzipOf(text), "csv.zst": zstdOf(csv), "jsonl.zst": zstdOf(text), "parquet": parquet, "parquet.gz": gzipOf(parquet), "parquet.zst": zstdOf(parquet),
	} {
		for at := 0; at < len(content); at += 10 * step {
			source, err := New(io.MultiReader(bytes.NewReader(content[:at]), iotest.ErrReader(errDisk)), "f")
			if err == nil {
				err = readThrough(source)
			}
			if !errors.Is(err, errDisk) {
				t.Errorf("%s, byte %d: %v", name, at, err)
			}
		}
	}
	for at := 0; at < len(parquet); at += step { // read back to front
		p := &parquetReader{bytes: &watched{r: flaky{parquet, at}}}
		err := p.open(int64(len(parquet)), pyarrowColumns)
		for b := new(Batch); err == nil; {
			if err = p.Read(b); len(b.Faults) > 0 {
				t.Fatalf("byte %d: faults %v", at, b.Faults)
			}
		}
		if !errors.Is(err, errDisk) {
			t.Errorf("byte %d: %v", at, err)
		}
	}
}

// readThrough returns the error that ends the reading, if it is not its end.
func readThrough(source *Source) error {
	defer source.Close()
	reader, err := source.Rows([]Column{{Name: "id", Type: Name}, {Name: "score", Type: Number}})
	for b := new(Batch); err == nil; {
		err = reader.Read(b)
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// TestDamagedZstd cuts a file anywhere and changes any byte. The checksum at
// its end leaves no change of the content unseen.
func TestDamagedZstd(t *testing.T) {
	columns := []Column{{Name: "id", Type: Name}}
	var text strings.Builder
	for i := range 200 {
		fmt.Fprintf(&text, "{\"id\":\"%x\"}\n", i*i*i)
	}
	packed := zstdOf([]byte(text.String()))
	sound, _, _ := dumpText(t, string(packed), "f", columns)
	if len(sound) != 200 {
		t.Fatal(len(sound))
	}
	for i := 0; i < len(packed); i += step {
		if _, faults, _ := dumpText(t, string(packed[:i]), "f", columns); len(faults) == 0 && i > 0 {
			t.Errorf("cut after %d of %d bytes: no fault", i, len(packed))
		}
		for _, mask := range []byte{0x01, 0x10, 0xff} {
			damaged := bytes.Clone(packed)
			damaged[i] ^= mask
			rows, faults, _ := dumpText(t, string(damaged), "f", columns)
			if len(faults) == 0 && !slices.Equal(rows, sound) {
				t.Errorf("byte %d ^ %x: damage was not seen", i, mask)
			}
		}
	}
}

// TestZstdWindow opens files that ask for a large window: up to 128 MiB is
// granted, more is refused.
func TestZstdWindow(t *testing.T) {
	frame := func(window byte) string { // RFC 8878: no content size, a window of 2^(10+window/8), an empty last block
		return zstdMagic + string([]byte{0, window, 1, 0, 0})
	}
	for window, want := range map[byte]string{10 << 3: "", 17 << 3: "", 18 << 3: "1: is zstd with a window of over 128 MiB: compress it again with --long=27 or less", 31 << 3: "1: is zstd with a window of over 128 MiB: compress it again with --long=27 or less"} {
		var faults []string
		mebibytes := allocated(func() { _, faults, _ = dumpText(t, frame(window), "f", csvColumns) })
		if strings.Join(faults, "\n") != want || mebibytes > 140 {
			t.Errorf("window 2^%d: %q, allocated %.0f MiB", 10+window>>3, faults, mebibytes)
		}
	}
}

// TestZstdBomb reads a line of 256 MiB out of some 20 KiB.
func TestZstdBomb(t *testing.T) {
	var packed bytes.Buffer
	z, err := zstd.NewWriter(&packed)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []io.Reader{strings.NewReader(`{"id":"a"}` + "\n" + `{"id":"`), io.LimitReader(endless('x'), 1<<28), strings.NewReader("\"}\n{\"id\":\"b\"}\n")} {
		if _, err := io.Copy(z, part); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	var rows, faults []string
	mebibytes := allocated(func() { rows, faults, _ = dumpText(t, packed.String(), "f", []Column{{Name: "id", Type: Name}}) })
	if diff := cmp.Diff([]string{"2: line is longer than 8 MiB: expected one JSON object a line, each shorter"}, faults); diff != "" || len(rows) != 2 {
		t.Errorf("rows %q; want −, got +:\n%s", rows, diff)
	}
	if packed.Len() > 1<<16 || mebibytes > 100 {
		t.Errorf("%d bytes; allocated %.0f MiB", packed.Len(), mebibytes)
	}
}

func TestNames(t *testing.T) {
	parquet := string(ours(t, 3))
	names := []string{"id", "flag", "score", "small", "tokens", "short", "embedding", "scores"}
	for _, c := range []struct {
		name, in string
		want     []string
		refused  string
	}{
		{"CSV", "\ufeff\n id ,\"a,b\"\n1,2\n", []string{"id", "a,b"}, ""},
		{"CSV of a header", "id;x", []string{"id", "x"}, ""},
		{"CSV.gz", string(gzipOf([]byte("id,x\n1,2\n"))), []string{"id", "x"}, ""},
		{"Parquet", parquet, names, ""},
		{"Parquet.zst", string(zstdOf([]byte(parquet))), names, ""},
		{"JSON Lines", `{"id":"a"}`, nil, "expected CSV with a header, or Parquet"},
		{"nothing", "", nil, "expected CSV with a header, or Parquet"},
		{"blank", "\n,", []string{"", ""}, ""},
		{"an open quote", "id,\"x\n1,2\n", nil, "in the CSV header: a quote that is opened in this record is not closed"},
		{"a long header", "id," + strings.Repeat("x", 1<<15) + "\n1,2\n", nil, "expected a CSV header of at most 32 KiB"},
	} {
		source, err := New(strings.NewReader(c.in), "f")
		if err != nil {
			t.Fatal(err)
		}
		got, err := source.Names()
		if c.refused != "" {
			if reason := refusal(t, err); reason != c.refused {
				t.Errorf("%s: %q, expected %q", c.name, reason, c.refused)
			}
			continue
		}
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v; want −, got +:\n%s", c.name, err, diff)
		}
		// The rows are still to be had.
		if rows, _, _ := dump(t, source, []Column{{Name: "id", Type: Name}}); strings.Contains(c.in, "1") && len(rows) == 0 {
			t.Errorf("%s: no rows after the names", c.name)
		}
		if err := source.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestSpoolGoesAway looks for what a compressed Parquet file leaves behind.
func TestSpoolGoesAway(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, gzipOf(ours(t, 3)), 0o600); err != nil {
		t.Fatal(err)
	}
	if rows, faults, _ := dumpFile(t, path, pyarrowColumns); len(rows) != 3 {
		t.Errorf("%d rows, %q", len(rows), faults)
	}
	if entries, err := os.ReadDir(folder); err != nil || len(entries) > 0 {
		t.Errorf("left %v, %v", entries, err)
	}
}
