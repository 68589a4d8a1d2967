package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/routeproof/routeproof/datasets"
)

// TestChecksAgainstPython compares why each response of public files would not
// be taken with what docs/checks/cascade.py says, Python 3.11, of
//
//	python3 docs/checks/cascade.py FILE each TASK_TYPE | sha256sum
func TestChecksAgainstPython(t *testing.T) {
	for _, c := range []struct {
		file, task string
		rows       int
		sha256     string
	}{
		{"zeroeval_crux", "general", 15200, "518416289a277bc1c84d719c438991df508a54ff7dcc3b94c22bb6be355f7f34"},
		{"zeroeval_crux", "structured_output", 15200, "18652d379b36eafef336803988348a805ae6ba64c0f2392e0816c2cb4180e17e"},
		{"zeroeval_gsm", "general", 22423, "b17b699f78f464cbfc4cfcca07ad6d059ea7358ff4d47b55dcfe490b592f7910"},
		{"zeroeval_gsm", "structured_output", 22423, "9f62238110ab7255f2b661244563970b983c72bad96c59734cdd8ba5445472f0"},
		{"routerbench", "general", 34650, "3e63060f04128f4a7133b0f316034226b1ee1abb731e31e9665e50068c1ef0b6"},
		{"routerbench", "structured_output", 34650, "c5250420292440ce6907d117f54fa85e240b5fe3a2943a7826ef3ed74fbf2511"},
	} {
		t.Run(c.file+" "+c.task, func(t *testing.T) {
			path := filepath.Join("..", "..", "..", "shared", "data", "outcomes", c.file+".jsonl.gz")
			if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
				t.Skipf("shared data is absent: %s", path)
			}
			checks, request := newChecks(t, DefaultChecks()), &Request{TaskType: c.task}
			var lines []string
			if _, err := datasets.Outcomes().ScanFile(path, nil, func(o *datasets.Outcome) error {
				call := Call{Err: o.Error}
				if o.Response.Known {
					call.Response = NewText(o.Response.Value)
				}
				reasons, err := checks.Check(request, &call)
				verdict := "taken"
				if reasons != 0 {
					verdict = reasons.First().String()
				}
				lines = append(lines, fmt.Sprintf("%s\t%s\t%s\n", o.ID, o.Model, verdict))
				return err
			}); err != nil {
				t.Fatal(err)
			}
			slices.Sort(lines)
			hash := sha256.New()
			for _, line := range lines {
				hash.Write([]byte(line))
			}
			if sum := hex.EncodeToString(hash.Sum(nil)); len(lines) != c.rows || sum != c.sha256 {
				t.Errorf("%d responses, SHA-256 %s; expected %d, %s", len(lines), sum, c.rows, c.sha256)
			}
		})
	}
}
