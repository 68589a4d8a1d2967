package table

import (
	"io"
	"strings"
	"testing"
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
