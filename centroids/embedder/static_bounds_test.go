package embedder

import (
	"strings"
	"testing"
)

// The bounds themselves take gigabytes to reach.
func TestParseStaticBounds(t *testing.T) {
	for _, c := range []struct {
		rows   int
		kept   int64
		reason string
	}{
		{3, 30, ""}, // 2 letters, 12 letters, and 8 for each two elements
		{2, 30, "v.txt:3: more than 2 rows"},
		{3, 29, "v.txt:3: vectors and words of more than 0 MiB"},
	} {
		p := &vectorParser{name: "v.txt", maxRows: c.rows, maxKept: c.kept, index: map[string]int32{}}
		_, err := p.parse(strings.NewReader("of 1 2\nof 3 4\nzzzzzzzzzzzz 5 6\n"))
		if c.reason == "" && err != nil || c.reason != "" && (err == nil || !strings.HasPrefix(err.Error(), c.reason)) {
			t.Errorf("%d rows, %d bytes: %v, expected %q", c.rows, c.kept, err, c.reason)
		}
	}
}
