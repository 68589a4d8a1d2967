package live

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/centroids/embedder"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/policy"
	"github.com/routeproof/routeproof/internal/openaiapi"
)

func judgeFor(t testing.TB, spec string, deps JudgeDeps) Judge {
	t.Helper()
	j, err := ParseJudge(spec, deps)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func judgeAnswer(t testing.TB, spec string) policy.Answer {
	t.Helper()
	a, err := policy.ParseAnswer(spec)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// judgeUnscored stands for a score that is unknown.
const judgeUnscored = -1.0

// judgeExpect scores a response and compares. A free judge's verdict without a
// full score says why, and says it in one line.
func judgeExpect(t *testing.T, j Judge, prompt datasets.Prompt, response string, want float64) {
	t.Helper()
	v, err := j.Score(t.Context(), &prompt, response)
	if err != nil {
		t.Fatal(err)
	}
	got := judgeUnscored
	if v.Score.Known {
		got = v.Score.Value
	}
	if math.Abs(got-want) > 1e-9 || v.CostUSD != (eval.Quantity{Origin: eval.Recorded}) || v.Stored {
		t.Errorf("%s: response %.80q to reference %.40q: %+v, expected score %g at no cost", j.Name(), response, prompt.Reference, v, want)
	}
	if (want <= 0) != (v.Why != "") || strings.ContainsAny(v.Why, "\n\r") || len(v.Why) > 2000 || !utf8.ValidString(v.Why) {
		t.Errorf("%s: why %.300q of score %g", j.Name(), v.Why, want)
	}
}

func TestJudgeParse(t *testing.T) {
	hashing, err := embedder.NewHashing(256)
	if err != nil {
		t.Fatal(err)
	}
	deps := JudgeDeps{Embedder: hashing, LLM: JudgeLLM{Asker: judgeAsker(nil), Model: "m"}}
	for spec, name := range map[string]string{
		"exact": "exact", "choice": "choice", "number": "number", "regex": "regex", "schema": "schema",
		"regex:a:b": "regex:a:b", "similarity": "similarity:hashing-" + hashing.Identity().Model, "llm": "llm:m",
	} {
		if got := judgeFor(t, spec, deps).Name(); got != name {
			t.Errorf("%s: name %q, expected %q", spec, got, name)
		}
	}
	if j, err := ParseJudge("none", deps); j != nil || err != nil {
		t.Errorf("none: %v, %v, expected neither", j, err)
	}
	for _, c := range []struct{ spec, want string }{
		{"", `expected none, exact, choice, number, regex:PATTERN, regex, schema, similarity or llm, found ""`},
		{"exat", `found "exat" (did you mean "exact"?)`},
		{"Choice", `(did you mean "choice"?)`},
		{"exact:x", `found "exact:x"`},
		{"llm:gpt", `found "llm:gpt"`},
		{strings.Repeat("x", 1<<20), `…"`},
		{"regex:", "expected a pattern behind the colon"},
		{"regex:(", "expected a Go regular expression"},
	} {
		if j, err := ParseJudge(c.spec, deps); j != nil || err == nil || !strings.Contains(err.Error(), c.want) || len(err.Error()) > 500 {
			t.Errorf("%.20q: %v, %v, expected an error with %q", c.spec, j, err, c.want)
		}
	}
	for spec, want := range map[string]string{"similarity": "expected an embedder", "llm": "expected an endpoint"} {
		if j, err := ParseJudge(spec, JudgeDeps{}); j != nil || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s without anything: %v, %v, expected an error with %q", spec, j, err, want)
		}
	}
}

func TestJudgeExact(t *testing.T) {
	whole := judgeFor(t, "exact", JudgeDeps{})
	field := judgeFor(t, "exact", JudgeDeps{Answer: judgeAnswer(t, "json:answer")})
	pattern := judgeFor(t, "exact", JudgeDeps{Answer: judgeAnswer(t, `regex:#### (.*)`)})
	for _, c := range []struct {
		judge    Judge
		ref, in  string
		expected float64
		about    string
	}{
		{whole, "Paris", " paris\n", 1, "case and white space"},
		{whole, "  PARIS ", "Paris", 1, "also of the reference"},
		{whole, "Paris", "Paris.", 0, "punctuation counts"},
		{whole, "", "Paris", judgeUnscored, "no reference"},
		{whole, " \n", "Paris", judgeUnscored, "a blank one is none"},
		{whole, "Paris", "", 0, "an empty response"},
		{whole, "Paris", strings.Repeat("x\n", 1<<19), 0, "a long one"},
		{field, "Paris", "```json\n{\"answer\": \"Paris\"}\n```", 1, "a field in a fence"},
		{field, "Paris", "Paris", 0, "no such field"},
		{pattern, "42", "41 or\n#### 42", 1, "a pattern"},
		{pattern, "42", "42", 0, "which is not found"},
	} {
		t.Run(c.about, func(t *testing.T) {
			judgeExpect(t, c.judge, datasets.Prompt{Reference: c.ref}, c.in, c.expected)
		})
	}
}

func TestJudgeRegex(t *testing.T) {
	fixed := judgeFor(t, "regex:(?i)\\bparis\\b", JudgeDeps{})
	own := judgeFor(t, "regex", JudgeDeps{})
	for _, c := range []struct {
		judge   Judge
		ref, in string
		want    float64
	}{
		{fixed, "", "It is Paris.", 1},
		{fixed, "London", "It is Paris.", 1}, // the reference counts nothing
		{fixed, "", "Parisian", 0},
		{own, `^\d{3}$`, "123", 1},
		{own, `^\d{3}$`, "1234", 0},
		{own, "", "123", judgeUnscored},
		{own, "(", "(", judgeUnscored},
		{own, "a{1001}", "a", judgeUnscored},
		{own, "(\n" + strings.Repeat("(", 1<<20), "a", judgeUnscored},
		{own, "(a+)+$", strings.Repeat("a", 1<<20) + "b", 0}, // linear time
	} {
		judgeExpect(t, c.judge, datasets.Prompt{Reference: c.ref}, c.in, c.want)
	}
}

func TestJudgeSchema(t *testing.T) {
	j := judgeFor(t, "schema", JudgeDeps{})
	const schema = `{"type":"object","required":["city"],"properties":{"city":{"type":"string"}}}`
	deep := strings.Repeat(`{"city":`, 9000) + `"x"` + strings.Repeat(`}`, 9000)
	for _, c := range []struct {
		schema, in string
		want       float64
	}{
		{schema, `{"city":"Paris"}`, 1},
		{schema, "```json\n{\"city\":\"Paris\"}\n```\n", 1},
		{schema, `{"city":1}`, 0},
		{schema, "Paris", 0},
		{schema, "", 0},
		{schema, deep, 0},
		{schema, `{"city":"` + strings.Repeat("x", 1<<20) + `"}`, 1},
		{schema, `{"city":"x","n":1e999999999}`, 0},
		{"", `{"city":"Paris"}`, judgeUnscored},
		{`{"type":"nonsense"}`, `{}`, judgeUnscored},
		{`{"$ref":"http://localhost/x"}`, `{}`, judgeUnscored},
		{`{"$ref":"#"}`, `{}`, judgeUnscored},
	} {
		judgeExpect(t, j, datasets.Prompt{Schema: c.schema}, c.in, c.want)
	}
}

func TestJudgeSimilarity(t *testing.T) {
	hashing, err := embedder.NewHashing(256)
	if err != nil {
		t.Fatal(err)
	}
	j := judgeFor(t, "similarity", JudgeDeps{Embedder: hashing})
	judgeExpect(t, j, datasets.Prompt{}, "a cat", judgeUnscored)
	judgeExpect(t, j, datasets.Prompt{Reference: "a cat"}, "", judgeUnscored)
	for _, c := range []struct {
		ref, in   string
		low, high float64
	}{
		{"the cat sat on the mat", "the cat sat on the mat", 0.9999, 1},
		{"the cat sat on the mat", "the cat sat on a mat", 0.3, 0.999},
		{"the cat sat on the mat", strings.Repeat("x y z ", 1<<17), 0, 0.5},
	} {
		v, err := j.Score(t.Context(), &datasets.Prompt{Reference: c.ref}, c.in)
		if err != nil || !v.Score.Known || v.Score.Value < c.low || v.Score.Value > c.high || v.CostUSD.Origin != eval.Recorded || v.CostUSD.Value != 0 {
			t.Errorf("%.40q: %+v, %v, expected %g to %g", c.in, v, err, c.low, c.high)
		}
	}
}

// judgeVectors is an embedder of two dims that knows certain texts.
type judgeVectors struct {
	vectors map[string][2]float32
	err     error
}

func (judgeVectors) Identity() centroids.Identity {
	return centroids.Identity{Kind: "test", Model: "v1", Dims: 2, Preprocessing: "none"}
}

func (e judgeVectors) Knows(text string) bool { _, ok := e.vectors[text]; return ok }

func (e judgeVectors) Embed(_ context.Context, dst []float32, texts []string) error {
	for i, text := range texts {
		v := e.vectors[text]
		copy(dst[2*i:], v[:])
	}
	return e.err
}

func TestJudgeSimilarityOfVectors(t *testing.T) {
	nan := float32(math.NaN())
	e := judgeVectors{vectors: map[string][2]float32{"up": {0, 1}, "down": {0, -1}, "right": {1, 0}, "nothing": {}, "nan": {nan, 1}}}
	j := judgeFor(t, "similarity", JudgeDeps{Embedder: e})
	if j.Name() != "similarity:test-v1" {
		t.Errorf("name %q", j.Name())
	}
	for in, want := range map[string]float64{"up": 1, "nothing": judgeUnscored, "nan": judgeUnscored, "unheard of": judgeUnscored} {
		judgeExpect(t, j, datasets.Prompt{Reference: "up"}, in, want)
	}
	for _, in := range []string{"down", "right"} { // 0, and without a reason
		v, err := j.Score(t.Context(), &datasets.Prompt{Reference: "up"}, in)
		if err != nil || v.Score != datasets.Known(0.0) {
			t.Errorf("%s: %+v, %v, expected 0", in, v, err)
		}
	}
	e.err = errors.New("broken")
	if _, err := judgeFor(t, "similarity", JudgeDeps{Embedder: e}).Score(t.Context(), &datasets.Prompt{Reference: "up"}, "up"); !errors.Is(err, e.err) {
		t.Errorf("error %v, expected the embedder's", err)
	}
	e.err = &openaiapi.Error{Kind: openaiapi.Refused, Status: 500, Billed: false}
	v, err := judgeFor(t, "similarity", JudgeDeps{Embedder: e}).Score(t.Context(), &datasets.Prompt{Reference: "up"}, "up")
	if err != nil || v.Score.Known || !strings.Contains(v.Why, "HTTP 500") {
		t.Errorf("%+v, %v, expected no score where an endpoint fails once", v, err)
	}
}

func TestJudgeLine(t *testing.T) {
	for in, want := range map[string]string{
		" a\r\n\tb\x00\x1b[31mc\u202e d ": "a b [31mc d", "": "", "\xff": "\ufffd",
		strings.Repeat("é", 1<<20): strings.Repeat("é", 300) + "…",
	} {
		if got := judgeLine(in); got != want {
			t.Errorf("%.30q: %q, expected %q", in, got, want)
		}
	}
}
