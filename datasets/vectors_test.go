package datasets

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

// TestVectorsKindHasNoState scans files of different length with one kind, in
// turn and at once.
func TestVectorsKindHasNoState(t *testing.T) {
	kind := Vectors()
	file := func(dims int) string {
		row := "[" + strings.Repeat("1,", dims-1) + "1]"
		var b strings.Builder
		for i := range 100 {
			fmt.Fprintf(&b, "{\"id\":\"%d\",\"embedding\":%s}\n", i, row)
		}
		return b.String()
	}
	var scans sync.WaitGroup
	for dims := 1; dims <= 8; dims++ {
		scans.Go(func() {
			for range 2 {
				if _, err := kind.Scan(strings.NewReader(file(dims)), "f", nil, ignore[Vector]); err != nil {
					t.Errorf("%d dims: %v", dims, err)
				}
			}
		})
	}
	scans.Wait()
	_, err := kind.Scan(strings.NewReader(`{"id":"a","embedding":[]}`+"\n"+`{"id":"b","embedding":[1]}`+"\n"+`{"id":"c","embedding":[1,2]}`), "f", nil, ignore[Vector])
	want := "f: 2 problems:\n  f:1: embedding: expected 1 to 65536 numbers, found 0\n  f:3: embedding: expected 1 numbers as in the rows before, found 2"
	if err == nil || err.Error() != want {
		t.Errorf("%v, expected %s", err, want)
	}
}
