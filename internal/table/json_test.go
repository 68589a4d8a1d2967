package table

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"
)

// TestBadListsTakeNoRoom reads a thousand lists that go wrong at their end.
// Kept until the batch ends they would take some 800 MB.
func TestBadListsTakeNoRoom(t *testing.T) {
	line := `{"list":[` + strings.Repeat("1,", 100_000) + "null]}\n"
	var lines []io.Reader
	for range 1000 {
		lines = append(lines, strings.NewReader(line))
	}
	var faults []string
	mebibytes := allocated(func() {
		source, err := New(io.MultiReader(lines...), "f")
		if err != nil {
			t.Fatal(err)
		}
		_, faults, _ = dump(t, source, []Column{{Name: "list", Type: Numbers}})
	})
	if len(faults) != 1000 || faults[999] != "1000 list: element 100001: expected a number, found null" || mebibytes > 100 {
		t.Errorf("%d faults, %.100q, allocated %.0f MiB", len(faults), faults, mebibytes)
	}
}

// TestBlankLines reads 512 MiB of blank lines out of some 50 KB, alone and with
// rows and bad rows between, which would take half a minute, and sparse files
// that are no bombs.
func TestBlankLines(t *testing.T) {
	if raceDetector {
		t.Skip("takes long under the race detector")
	}
	const mebibyte = 1 << 20
	blank := zstdOf(bytes.Repeat([]byte("\n"), 16*mebibyte))
	for _, c := range []struct{ name, head, row string }{{"f.csv", "id,x\n", "1,2\n"}, {"f.csv", "id,x\n", "1\n"}, {"f.jsonl", "", `{"id":"a"}` + "\n"}, {"f.jsonl", "", "7\n"}, {"f.csv", "", ""}, {"f.jsonl", "", ""}} {
		bomb := zstdOf([]byte(c.head))
		for range 32 {
			bomb = append(append(bomb, blank...), zstdOf([]byte(c.row))...)
		}
		began := time.Now()
		_, faults, _ := dumpText(t, string(bomb), c.name, []Column{{Name: "id", Type: Name}})
		if n := len(faults); n == 0 || !strings.Contains(faults[n-1], "over 1048576 lines are blank") {
			t.Errorf("%s, row %q: %q", c.name, c.row, faults)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%s, row %q: took %v", c.name, c.row, took)
		}
		sparse := c.head + strings.Repeat("\n", mebibyte-10) + strings.Repeat(c.row+strings.Repeat("\n", 60), 10_000)
		if _, faults, _ := dumpText(t, sparse, c.name, []Column{{Name: "id", Type: Name}}); c.row != "" && strings.Contains(strings.Join(faults, "\n"), "blank") {
			t.Errorf("%s, row %q: a sparse file is refused: %q", c.name, c.row, faults)
		}
	}
}
