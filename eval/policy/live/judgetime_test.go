//go:build !race

package live

import (
	"strings"
	"testing"
	"time"

	"github.com/routeproof/routeproof/datasets"
)

// judgeHostile are texts of 256 KiB that are slow where something is done again
// and again.
func judgeHostile() []string {
	var texts []string
	for _, part := range []string{
		"answer ", "answer: ", "answer is the the the the the the the ", "correct option ", "B ", "A a ", "option A a ", "A)\n", "A\n", "B is the the ", `\boxed{`, `\boxed \boxed{A} `,
		"{", `{"answer":`, `"answer": `, `{"answer":{"a":`, "1", "1,234,", "1/2/", "1 1/", `\frac{1}{`, `\frac{1}{2}`, "####", "#### 1\n", "-", "$", "$-1", "1-", "10^", "1 2 ", "1.1", "1e1",
		"_{1", "^{-", "x1", "`", "\n", " ", "(", "```\n", "答案", "\xff",
	} {
		texts = append(texts, strings.Repeat(part, (1<<18)/len(part)))
	}
	return texts
}

func TestJudgeTime(t *testing.T) {
	for spec, reference := range map[string]string{"choice": "B", "number": "1"} {
		j := judgeFor(t, spec, JudgeDeps{})
		for _, text := range judgeHostile() {
			begin := time.Now()
			if _, err := j.Score(t.Context(), &datasets.Prompt{Reference: reference}, text); err != nil {
				t.Error(err)
			}
			if _, err := j.Score(t.Context(), &datasets.Prompt{Reference: text}, text); err != nil {
				t.Error(err)
			}
			if took := time.Since(begin); took > 10*time.Second { // most take 0.1 s, quadratic time minutes
				t.Errorf("%s: %.20q takes %v", spec, text, took)
			}
		}
	}
}
