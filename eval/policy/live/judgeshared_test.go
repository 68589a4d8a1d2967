//go:build !race

package live

import (
	"errors"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/routeproof/routeproof/datasets"
)

// Judges agree with the scores that others recorded of real responses. The
// files have no references: a model's response is judged by what other models
// wrote that were right, where that is a bare letter or number.
func TestJudgeShared(t *testing.T) {
	for _, c := range []struct {
		file, spec string
		bare       *regexp.Regexp // a response that can be a reference
		least      float64        // agreement
	}{
		{"routerbench.jsonl.gz", "choice", regexp.MustCompile(`^[A-J]$`), 0.999},
		{"zeroeval_gsm.jsonl.gz", "number", regexp.MustCompile(`^[0-9]+$`), 0.99},
	} {
		t.Run(c.spec, func(t *testing.T) {
			j := judgeFor(t, c.spec, JudgeDeps{})
			judged, agree := 0, 0
			for _, answers := range judgeSharedOutcomes(t, c.file) {
				for i := range answers {
					reference := judgeOthersRight(answers, i, c.bare)
					if reference == "" {
						continue
					}
					v, err := j.Score(t.Context(), &datasets.Prompt{Reference: reference}, answers[i].Response.Value)
					if err != nil || !v.Score.Known {
						t.Fatalf("%+v, %v", v, err)
					}
					judged++
					if v.Score == answers[i].Score {
						agree++
					}
				}
			}
			rate := float64(agree) / float64(judged)
			t.Logf("%s: %d of %d agree: %.3f %%", c.file, agree, judged, 100*rate)
			if !(rate >= c.least) || judged < 20_000 {
				t.Errorf("agreement %g over %d, expected at least %g over 20,000", rate, judged, c.least)
			}
		})
	}
}

// judgeSharedOutcomes reads real outcomes, which are not part of the project,
// by prompt.
func judgeSharedOutcomes(t *testing.T, name string) map[string][]datasets.Outcome {
	t.Helper()
	all := map[string][]datasets.Outcome{}
	path := filepath.Join("../../../../shared/data/outcomes", name)
	_, err := datasets.Outcomes().ScanFile(path, nil, func(o *datasets.Outcome) error {
		if o.Response.Known && o.Score.Known {
			all[o.ID] = append(all[o.ID], *o)
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("no real data: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// judgeOthersRight returns what the others that were right answered most, ties
// by the first; empty where none was.
func judgeOthersRight(answers []datasets.Outcome, but int, bare *regexp.Regexp) string {
	count := map[string]int{}
	best := ""
	for i, o := range answers {
		text := strings.TrimSpace(judgeJSONAnswer(o.Response.Value))
		if i == but || o.Score.Value != 1 || !bare.MatchString(text) {
			continue
		}
		if count[text]++; best == "" || count[text] > count[best] {
			best = text
		}
	}
	return best
}
