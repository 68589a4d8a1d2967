package policy

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
)

func newChecks(t testing.TB, config ChecksConfig) *Checks {
	t.Helper()
	c, err := NewChecks(config)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func schema(t testing.TB, text string) *Schema {
	t.Helper()
	s, err := ParseSchema(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func answered(text string) Call { return Call{Response: NewText(text)} }

func ms(v float64) eval.Quantity { return eval.Quantity{Value: v, Origin: eval.Recorded} }

func TestCheck(t *testing.T) {
	long := "a text that is long enough for every check"
	object := schema(t, `{"type":"object","required":["answer"],"properties":{"answer":{"type":"integer"}}}`)
	late := answered(long)
	late.LatencyMS = ms(1001)
	sure := answered(long)
	sure.Confidence = datasets.Known(0.7)
	for _, c := range []struct {
		name   string
		config ChecksConfig
		task   string
		call   Call
		want   string
	}{
		{"all off", ChecksConfig{}, "extraction", answered(""), ""},
		{"taken", DefaultChecks(), "", answered(long), ""},
		{"an error, whatever the rest", DefaultChecks(), "", Call{Err: "500", Response: NewText("x")}, "error"},
		{"too late", ChecksConfig{TimeoutMS: 1000}, "", late, "timeout"},
		{"late without a limit", ChecksConfig{}, "", late, ""},
		{"in time", ChecksConfig{TimeoutMS: 1001}, "", late, ""},
		{"an unknown latency is not late", ChecksConfig{TimeoutMS: 1}, "", answered(long), ""},
		{"19 characters", DefaultChecks(), "", answered(strings.Repeat("é", 19)), "too_short"},
		{"20 characters", DefaultChecks(), "", answered(strings.Repeat("é", 20)), ""},
		{"white space does not count", DefaultChecks(), "", answered(" \n\t\u00a0\x1f" + strings.Repeat("x", 19) + "\u2003\r\n"), "too_short"},
		{"empty", DefaultChecks(), "", answered(""), "too_short"},
		{"a phrase", DefaultChecks(), "", answered("Well, I'm not sure that this is right."), "uncertain"},
		{"in capitals", DefaultChecks(), "", answered("SORRY, I CANNOT HELP WITH THAT."), "uncertain"},
		{"with a typographic apostrophe", DefaultChecks(), "", answered("Honestly, I don’t know the answer."), "uncertain"},
		{"across words of others", DefaultChecks(), "", answered("hi cannot be parted from the rest"), "uncertain"},
		{"cut off", DefaultChecks(), "", answered("this text ends in: i don't kno"), ""},
		{"own phrases", ChecksConfig{Phrases: []string{"ICH WEIẞ NICHT", "не знаю"}}, "", answered("Das WEISS ich; aber ich weiß nicht alles."), "uncertain"},
		{"in another alphabet", ChecksConfig{Phrases: []string{"не знаю"}}, "", answered("Я этого НЕ ЗНАЮ."), "uncertain"},
		{"an empty phrase is none", ChecksConfig{Phrases: []string{""}}, "", answered(long), ""},
		{"no JSON where it is required", DefaultChecks(), "extraction", answered(long), "bad_json"},
		{"nor in a general task", DefaultChecks(), "general", answered(long), ""},
		{"JSON", DefaultChecks(), "classification", answered(`{"answer": [1, 2, 3], "more": null}`), ""},
		{"cut off JSON", DefaultChecks(), "structured_output", answered(`{"answer": [1, 2, 3], "more": nul`), "bad_json"},
		{"NaN is no JSON", DefaultChecks(), "structured_output", answered(`{"answer": NaN, "x": "long enough"}`), "bad_json"},
		{"fences are no JSON", DefaultChecks(), "extraction", answered("```json\n{\"answer\": \"long enough\"}\n```"), "bad_json"},
		{"unless they are unwrapped", ChecksConfig{JSON: true, UnwrapFences: true}, "extraction", answered("```json\n{\"answer\": \"long enough\"}\n```"), ""},
		{"text around fences stays", ChecksConfig{JSON: true, UnwrapFences: true}, "extraction", answered("Here:\n```json\n{}\n```"), "bad_json"},
		{"JSON check off", ChecksConfig{}, "extraction", answered("no"), ""},
		{"pattern", ChecksConfig{Pattern: `\d`}, "", answered("none"), "regex"},
		{"pattern found", ChecksConfig{Pattern: `\d`}, "", answered("a 1"), ""},
		{"schema", ChecksConfig{Schema: object}, "", answered(`{"answer": "1"}`), "schema"},
		{"schema of what is no JSON", ChecksConfig{Schema: object}, "", answered(`answer: 1`), "schema"},
		{"schema satisfied", ChecksConfig{Schema: object, UnwrapFences: true}, "", answered("```\n{\"answer\": 1}\n```"), ""},
		{"confidence", ChecksConfig{MinConfidence: .71}, "", sure, "low_confidence"},
		{"confidence enough", ChecksConfig{MinConfidence: .7}, "", sure, ""},
		{"unknown confidence", ChecksConfig{MinConfidence: .1}, "", answered(long), "low_confidence"},
		{"all at once", ChecksConfig{MinChars: 20, Phrases: DefaultPhrases(), JSON: true, Pattern: `\d`, Schema: object, MinConfidence: .5}, "extraction", answered("I cannot."),
			"too_short+uncertain+bad_json+regex+schema+low_confidence"},
	} {
		got, err := newChecks(t, c.config).Check(&Request{TaskType: c.task}, &c.call)
		if err != nil || got.String() != c.want {
			t.Errorf("%s: %q, %v; expected %q", c.name, got, err, c.want)
		}
	}
}

func TestRequestsBringSchemas(t *testing.T) {
	call := answered(`{"answer": 3, "padding": "so that it is long"}`)
	off := DefaultChecks()
	off.OwnSchemas = false
	if got, err := newChecks(t, off).Check(&Request{Schema: schema(t, `{"required":["other"]}`)}, &call); err != nil || got != 0 {
		t.Errorf("turned off: %q, %v", got, err)
	}
	for text, want := range map[string]string{`{"required":["answer"]}`: "", `{"required":["other"]}`: "schema"} {
		got, err := newChecks(t, DefaultChecks()).Check(&Request{Schema: schema(t, text)}, &call)
		if err != nil || got.String() != want {
			t.Errorf("%s: %q, %v", text, got, err)
		}
	}
}

// A text that was not recorded is unknown, and matters only where it is read.
func TestCheckWithoutText(t *testing.T) {
	if _, err := newChecks(t, DefaultChecks()).Check(&Request{}, &Call{}); !errors.Is(err, ErrUnrecorded) {
		t.Errorf("error is %v, expected ErrUnrecorded", err)
	}
	for _, config := range []ChecksConfig{{}, {JSON: true}, {MinConfidence: .5}, {TimeoutMS: 1}} {
		if _, err := newChecks(t, config).Check(&Request{}, &Call{}); err != nil {
			t.Errorf("%+v: %v", config, err)
		}
	}
}

func TestNewChecksRefuses(t *testing.T) {
	for want, config := range map[string]ChecksConfig{
		"timeout":    {TimeoutMS: -1},
		"shortest":   {MinChars: -1},
		"confidence": {MinConfidence: 1.5},
		"pattern":    {Pattern: "("},
	} {
		if _, err := NewChecks(config); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", config, err)
		}
	}
}

func TestSchemasOpenNothing(t *testing.T) {
	for _, text := range []string{`{"$ref":"file:///etc/passwd"}`, `{"$ref":"http://localhost/x"}`, `{"$ref":"other.json"}`, `{"$schema":"http://localhost/x"}`, `{`, `{"type":3}`} {
		if _, err := ParseSchema(text); err == nil {
			t.Errorf("%s is taken", text)
		}
	}
	for _, text := range []string{`{"minimum":1e999999999}`, `{"$ref":"#"}`, `{"allOf":[{"$ref":"#/allOf/0"}]}`, `{"$dynamicRef":"#x"}`, `{"$ref":"#x"}`, `{"$ref":"#/none"}`, doubling(26),
		`{"properties":{"a":{"$id":"http://x/sub","$ref":"#/$defs/b","$defs":{"b":{"type":"string"}}}},"$defs":{"b":{"type":"string"}}}`} {
		if _, err := ParseSchema(text); err == nil {
			t.Errorf("%.60s is taken", text)
		}
	}
	if s := schema(t, `{"minimum":0}`); s.Satisfied(`1e999999999`) || s.Satisfied(`[`) || !s.Satisfied(`1e9`) {
		t.Error("a number that cannot be computed with")
	}
	if s := schema(t, doubling(8)); !s.Satisfied(`"x"`) || s.Satisfied(`1`) {
		t.Error("a schema that refers to its parts often")
	}
	if s := schema(t, `{"$defs":{"a":{"type":"string"}},"items":{"$ref":"#/$defs/a"}}`); s.Satisfied(`[1]`) || !s.Satisfied(`["x"]`) {
		t.Error("a schema that refers to itself")
	}
}

// doubling is a schema of 2^n parts.
func doubling(n int) string {
	var b strings.Builder
	fmt.Fprintf(&b, `{"$ref":"#/$defs/d%d","$defs":{"d0":{"type":"string"}`, n)
	for i := 1; i <= n; i++ {
		fmt.Fprintf(&b, `,"d%d":{"allOf":[{"$ref":"#/$defs/d%d"},{"$ref":"#/$defs/d%d"}]}`, i, i-1, i-1)
	}
	return b.String() + "}}"
}

func FuzzSchema(f *testing.F) {
	f.Add(`{"type":"object","required":["a"]}`, `{"a":1}`)
	f.Add(doubling(3), `"x"`)
	f.Add(`{"multipleOf":0.01,"maximum":1e3}`, `1e400`)
	f.Fuzz(func(t *testing.T, text, answer string) {
		if s, err := ParseSchema(text); err == nil {
			s.Satisfied(answer)
		}
	})
}

func TestAnswer(t *testing.T) {
	for _, c := range []struct {
		spec, response, want string
		none                 bool
	}{
		{"text", "  Yes \n", "yes", false},
		{"text", " \n", "", true},
		{"regex:answer: (\\w+)", "Answer: no. answer: A\nanswer: B", "b", false},
		{"regex:\\d+", "from 12 to 34.", "34", false},
		{"regex:\\d+", "none", "", true},
		{"json:answer", `{"answer": "Paris "}`, "paris", false},
		{"json:answer", `{"answer": 18}`, "18", false},
		{"json:answer", `{"answer": [1, 2]}`, "[1, 2]", false},
		{"json:answer", `{"answer": null}`, "", true},
		{"json:answer", `{"answer": ""}`, "", true},
		{"json:answer", "```json\n{\"reasoning\": \"x\",\n \"answer\": \"18\"\n}\n```", "18", false},
		{"json:answer", "text {\"answer\": \"A\"} then\n \"answer\": \"B\" },\nmore", "b", false},
		{"json:answer", `{"reasoning": "he said "no"", "answer": "[(3, 'x')]"}`, "[(3, 'x')]", false},
		{"json:answer", `{"reasoning": "cut off`, "", true},
		{"json:answer", `{"other": 1}`, "", true},
	} {
		a, err := ParseAnswer(c.spec)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := a.Of(c.response); got != c.want || ok == c.none {
			t.Errorf("%s of %q: %q, %t; expected %q, %t", c.spec, c.response, got, ok, c.want, !c.none)
		}
	}
	for _, spec := range []string{"", "json", "json:", "regex:", "regex:(", "exact", "text:x"} {
		if _, err := ParseAnswer(spec); err == nil {
			t.Errorf("%q is taken", spec)
		}
	}
}

// recorded returns a backend of three models over JSON-like rows.
func recorded(t testing.TB, models []Model, outcomes ...datasets.Outcome) *Recorded {
	t.Helper()
	b, err := NewRecorded(models, func(text string) (int, error) { return len(strings.Fields(text)), nil })
	if err != nil {
		t.Fatal(err)
	}
	for i := range outcomes {
		if err := b.Add(&outcomes[i]); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func three() []Model {
	return []Model{{Tier: "S", Name: "s"}, {Tier: "M", Name: "m"}, {Tier: "L", Name: "l"}}
}

// row is an outcome with a cost of usd and a latency of 100 times that.
func row(id, model, response string, usd, score float64) datasets.Outcome {
	o := datasets.Outcome{
		ID: id, Model: model, Prompt: "prompt of " + id, Response: datasets.Known(response), Score: datasets.Known(score),
		CostUSD: datasets.Known(usd), LatencyMS: datasets.Known(100 * usd), TTFTMS: datasets.Known(10 * usd),
	}
	if response == "error" {
		o.Error, o.Response, o.Score = "timeout", datasets.Optional[string]{}, datasets.Optional[float64]{}
	}
	return o
}

const good = "an answer that is long enough"

func TestCascade(t *testing.T) {
	for _, c := range []struct {
		name           string
		answers        [3]string // of s, m, l
		start          int
		rung           int
		exhausted      bool
		usd, first, ms float64
		reasons        string
	}{
		{"the first is taken", [3]string{good, good, good}, 0, 0, false, 1, 100, 100, ""},
		{"the second is", [3]string{"no", good, good}, 0, 1, false, 3, 300, 300, "too_short "},
		{"the last is seen as it comes", [3]string{"no", "no", good}, 0, 2, false, 7, 340, 700, "too_short too_short "},
		{"none is: the last is given", [3]string{"no", "no", "no"}, 0, 2, true, 7, 340, 700, "too_short too_short too_short "},
		{"the last failed: the last there was, once that is known", [3]string{"no", "never", "error"}, 0, 1, true, 7, 700, 700, "too_short too_short error "},
		{"all failed", [3]string{"error", "error", "error"}, 0, -1, true, 7, -1, 700, "error error error "},
		{"from the second on", [3]string{good, good, good}, 1, 1, false, 2, 200, 200, ""},
		{"from the last", [3]string{good, good, "no"}, 2, 2, true, 4, 40, 400, "too_short "},
	} {
		b := recorded(t, three(), row("1", "s", c.answers[0], 1, 0), row("1", "m", c.answers[1], 2, .5), row("1", "l", c.answers[2], 4, 1))
		q := b.Requests().At(0)
		s, err := Cascade{newChecks(t, DefaultChecks()), c.start}.Serve(context.Background(), b, &q)
		if err != nil {
			t.Fatal(err)
		}
		reasons := ""
		for _, a := range s.Attempts {
			if a.Reasons != 0 {
				reasons += a.Reasons.String() + " "
			}
		}
		first := -1.0
		if s.FirstTokenMS.Known() {
			first = s.FirstTokenMS.Value
		}
		if s.Rung != c.rung || s.Exhausted != c.exhausted || s.CostUSD.Value != c.usd || first != c.first || s.LatencyMS.Value != c.ms || reasons != c.reasons {
			t.Errorf("%s: model %d, exhausted %t, %g USD, first %g, %g ms, %q", c.name, s.Rung, s.Exhausted, s.CostUSD.Value, first, s.LatencyMS.Value, reasons)
		}
		if score := s.Score(); !score.Known || score.Value != []float64{0, 0, .5, 1}[c.rung+1] {
			t.Errorf("%s: score %+v", c.name, score)
		}
		if s.Escalated != (len(s.Attempts) > 1) {
			t.Errorf("%s: escalated %t", c.name, s.Escalated)
		}
	}
}

// Without a look at answers the first that there is comes as it comes.
func TestCascadeOfErrorsAlone(t *testing.T) {
	b := recorded(t, three(), row("1", "s", "error", 1, 0), row("1", "m", "no", 2, .5), row("1", "l", good, 4, 1))
	s, err := Cascade{newChecks(t, ChecksConfig{TimeoutMS: 50}), 0}.Serve(context.Background(), b, first(b))
	if err != nil {
		t.Fatal(err)
	}
	// s fails after 100 ms, m and l take 200 and 400: both come too late, and are waited for 50 ms.
	if s.Rung != -1 || !s.Exhausted || s.LatencyMS.Value != 200 || s.CostUSD.Value != 7 {
		t.Errorf("%+v", s)
	}
	s, err = Cascade{newChecks(t, ChecksConfig{}), 0}.Serve(context.Background(), b, first(b))
	if err != nil || s.Rung != 1 || s.FirstTokenMS.Value != 120 || s.LatencyMS.Value != 300 {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestHoles(t *testing.T) {
	b := recorded(t, three(), row("1", "s", "no", 1, 0), row("1", "l", good, 4, 1))
	q := first(b)
	_, err := Cascade{newChecks(t, DefaultChecks()), 0}.Serve(context.Background(), b, q)
	if !errors.Is(err, ErrUnrecorded) || !strings.Contains(err.Error(), `"m" to "1"`) {
		t.Errorf("a hole on the way: %v", err)
	}
	if s, err := (Cascade{newChecks(t, DefaultChecks()), 2}).Serve(context.Background(), b, q); err != nil || s.Rung != 2 {
		t.Errorf("a hole that is not on the way: %+v, %v", s, err)
	}
	o := row("1", "s", "no", 1, 0)
	if err := b.Add(&o); err == nil {
		t.Error("a second outcome of one model is taken")
	}
	o = row("1", "other", "no", 1, 0)
	if err := b.Add(&o); err != nil || b.Others()["other"] != 1 {
		t.Errorf("%v, %v", err, b.Others())
	}
	if _, err := NewRecorded([]Model{{Name: "a"}, {Name: "a"}}, nil); err == nil {
		t.Error("a model stands twice")
	}
}

func decidedBy(of map[string]eval.Decision) func(id string) (eval.Decision, bool) {
	return func(id string) (eval.Decision, bool) { d, ok := of[id]; return d, ok }
}

func TestRoute(t *testing.T) {
	b := recorded(t, three(), row("1", "s", "no", 1, 0), row("1", "m", "never", 2, .5), row("1", "l", good, 4, 1))
	q := first(b)
	decide := Decided(decidedBy(map[string]eval.Decision{"1": {Tier: 1, CostUSD: ms(0.5), LatencyMS: ms(10)}}))
	s, err := Route{Decide: decide, Rungs: []int{0, 1, 2}}.Serve(context.Background(), b, q)
	if err != nil || s.Rung != 1 || s.CostUSD.Value != 2.5 || s.LatencyMS.Value != 210 || s.FirstTokenMS.Value != 30 || s.Decision.Tier != 1 {
		t.Errorf("route: %+v, %v", s, err)
	}
	s, err = Route{Decide: decide, Rungs: []int{0, 1, 2}, Checks: newChecks(t, DefaultChecks())}.Serve(context.Background(), b, q)
	if err != nil || s.Rung != 2 || s.Start != 1 || s.CostUSD.Value != 6.5 || s.LatencyMS.Value != 610 || len(s.Attempts) != 2 {
		t.Errorf("hybrid: %+v, %v", s, err)
	}
	if _, err = (Route{Decide: Decided(decidedBy(nil)), Rungs: []int{0}}).Serve(context.Background(), b, q); !errors.Is(err, ErrUnrecorded) {
		t.Errorf("no decision: %v", err)
	}
}

func TestRungsOf(t *testing.T) {
	tiers := []string{"A", "B", "C", "D"}
	for _, c := range []struct {
		models string
		want   []int
	}{
		{"ABCD", []int{0, 1, 2, 3}}, {"AC", []int{0, 1, 1, 1}}, {"BD", []int{0, 0, 1, 1}}, {"B", []int{0, 0, 0, 0}}, {"BA", nil}, {"AX", nil},
	} {
		var models []Model
		for _, tier := range c.models {
			models = append(models, Model{Tier: string(tier)})
		}
		got, err := RungsOf(tiers, models)
		if !cmp.Equal(got, c.want) || (err == nil) != (c.want != nil) {
			t.Errorf("%s: %v, %v", c.models, got, err)
		}
	}
}

func TestParallel(t *testing.T) {
	same := SameAnswer{}
	for _, c := range []struct {
		name        string
		cheap, dear string
		timeout     float64
		rung        int
		agreed      bool
		latency     float64
	}{
		{"agree", "Yes", "yes ", 0, 0, true, 400},
		{"differ", "yes", "no", 0, 2, false, 400},
		{"no answer in one", "", "yes", 0, 2, false, 400},
		{"cheap fails", "error", "yes", 0, 2, false, 400},
		{"dear fails", "yes", "error", 0, 0, false, 400},
		{"both fail", "error", "error", 0, -1, false, 400},
		{"dear is late", "yes", "yes", 300, 0, false, 300},
		{"both are late", "yes", "yes", 50, -1, false, 50},
	} {
		b := recorded(t, three(), row("1", "s", c.cheap, 1, 0), row("1", "l", c.dear, 4, 1))
		s, err := Parallel{Cheap: 0, Dear: 2, Agreement: same, Threshold: 1, TimeoutMS: c.timeout}.Serve(context.Background(), b, first(b))
		if err != nil || s.Rung != c.rung || s.Agreed != c.agreed || s.CostUSD.Value != 5 || s.LatencyMS.Value != c.latency || s.Exhausted != (c.rung < 0) {
			t.Errorf("%s: %+v, %v", c.name, s, err)
		}
	}
}

// A cheap side that was not recorded disagrees; without the dear one's answer
// nothing can be said.
func TestParallelMissing(t *testing.T) {
	b := recorded(t, three(), row("1", "l", good, 4, 1), row("2", "s", good, 1, 1))
	p := Parallel{Cheap: 0, Dear: 2, Agreement: SameAnswer{}, Threshold: 1}
	s, err := p.Serve(context.Background(), b, &Request{ID: "1"})
	if err != nil || s.Rung != 2 || s.Agreed || s.CostUSD.Known() || !s.Escalated {
		t.Errorf("%+v, %v", s, err)
	}
	if _, err := p.Serve(context.Background(), b, &Request{ID: "2"}); !errors.Is(err, ErrUnrecorded) {
		t.Errorf("%v", err)
	}
}

// Recorded figures come first, then those computed from tokens, else none.
func TestFigures(t *testing.T) {
	price, speed := 2.0, 50.0
	models := []Model{{Name: "priced", InputPerM: &price, OutputPerM: &price, TTFTMS: &speed, TokensPerS: &speed, SystemTokens: 3}, {Name: "unpriced"}}
	outcome := func(model string) datasets.Outcome {
		return datasets.Outcome{ID: "1", Model: model, Prompt: "two words", Response: datasets.Known("of five words in all")}
	}
	full := outcome("priced")
	full.ID, full.CostUSD, full.LatencyMS, full.TTFTMS = "2", datasets.Known(1.0), datasets.Known(2.0), datasets.Known(1.5)
	tokens := outcome("priced")
	tokens.ID, tokens.InputTokens, tokens.OutputTokens = "3", datasets.Known(100), datasets.Known(200)
	failed := outcome("priced")
	failed.ID, failed.Error = "4", "500"
	b := recorded(t, models, outcome("priced"), outcome("unpriced"), full, tokens, failed)
	for _, c := range []struct {
		id              string
		rung            int
		usd, first, all string
	}{
		{"1", 0, "2e-05 computed", "50 computed", "150 computed"}, // 2+3 and 5 tokens at 2 USD per million, 50 ms + 5/50 s
		{"1", 1, "0 unknown", "0 unknown", "0 unknown"},
		{"2", 0, "1 recorded", "1.5 recorded", "2 recorded"},
		{"3", 0, "0.0006 computed", "50 computed", "4050 computed"},
		{"4", 0, "0 unknown", "0 unknown", "0 unknown"},
	} {
		call, err := b.Call(context.Background(), &Request{ID: c.id}, c.rung)
		if err != nil {
			t.Fatal(err)
		}
		show := func(q eval.Quantity) string { return fmt.Sprint(q.Value, " ", q.Origin) }
		if show(call.CostUSD) != c.usd || show(call.FirstTokenMS) != c.first || show(call.LatencyMS) != c.all {
			t.Errorf("%s of model %d: %s, %s, %s", c.id, c.rung, show(call.CostUSD), show(call.FirstTokenMS), show(call.LatencyMS))
		}
	}
}

func TestMadeUpFigures(t *testing.T) {
	b, err := NewRecorded(three(), nil)
	if err != nil {
		t.Fatal(err)
	}
	b.MadeUp = true
	o := row("1", "s", good, 1, 1)
	if err := b.Add(&o); err != nil {
		t.Fatal(err)
	}
	call, err := b.Call(context.Background(), &Request{ID: "1"}, 0)
	if err != nil || call.CostUSD.Origin != eval.Assumed || call.LatencyMS.Origin != eval.Assumed || call.FirstTokenMS.Origin != eval.Assumed {
		t.Errorf("%+v, %v", call, err)
	}
}

func TestLogRecord(t *testing.T) {
	b := recorded(t, three(), row("1", "s", "no", .123456789123, 0), row("1", "m", good, .2, .5), row("1", "l", good, 4, 1))
	q := first(b)
	q.Domain = "support"
	s, err := Cascade{newChecks(t, DefaultChecks()), 0}.Serve(context.Background(), b, q)
	if err != nil {
		t.Fatal(err)
	}
	l, err := NewLogRecord(q, &s, b.Models())
	if err != nil {
		t.Fatal(err)
	}
	// printf %s 'prompt of 1' | sha256sum | cut -c1-12
	if l.MessageHash != "5acab0d9f666" || l.Feature != "support" || l.Tier != "M" || l.StartTier != "S" || l.Model != "m" || !l.Escalated || *l.CostUSD != .32345679 || *l.LatencyMS != 32 || l.Time != nil || l.InputTokens != nil {
		t.Errorf("%+v, hash %s, %g USD, %d ms", l, l.MessageHash, *l.CostUSD, *l.LatencyMS)
	}
	failed := recorded(t, three(), row("1", "s", "error", 1, 0), row("1", "m", "error", 1, 0), row("1", "l", "error", 1, 0))
	if s, err = (Cascade{newChecks(t, DefaultChecks()), 0}).Serve(context.Background(), failed, q); err != nil {
		t.Fatal(err)
	}
	if l, err = NewLogRecord(q, &s, failed.Models()); err != nil || l.Tier != "" || l.Model != "" {
		t.Errorf("nobody answered: %+v", l)
	}
}

func FuzzPhrases(f *testing.F) {
	f.Add("I’M NOT SURE", "i'm not sure")
	f.Add("Ich WEIẞ", "weiß")
	f.Add("\xff\xfe", "\xff")
	f.Fuzz(func(t *testing.T, text, phrase string) {
		if !utf8.ValidString(text) || !utf8.ValidString(phrase) {
			return // readers let none through
		}
		got := newPhrases([]string{phrase}).in(text)
		fold := func(s string) string {
			return strings.Map(lower, s)
		}
		if want := phrase != "" && strings.Contains(fold(text), fold(phrase)); got != want {
			t.Errorf("%q in %q: %t, expected %t", phrase, text, got, want)
		}
	})
}

func FuzzAnswer(f *testing.F) {
	for _, spec := range []string{"text", "regex:a(b?)", "json:answer"} {
		f.Add(spec, "```json\n{\"answer\": 1}\n```")
	}
	f.Fuzz(func(t *testing.T, spec, response string) {
		a, err := ParseAnswer(spec)
		if err != nil {
			return
		}
		if got, ok := a.Of(response); ok != (got != "") || got != strings.ToLower(got) {
			t.Errorf("%q of %q: %q, %t", spec, response, got, ok)
		}
	})
}

// first is a backend's first request.
func first(b *Recorded) *Request {
	q := b.Requests().At(0)
	return &q
}

// Equal texts have one schema, an empty text has none, and what cannot be compiled is an
// error each time.
func TestSchemas(t *testing.T) {
	var s Schemas
	a, err := s.Parse(`{"type": "object"}`)
	b, other := s.Parse(`{"type": "object"}`)
	if err != nil || other != nil || a == nil || a != b {
		t.Errorf("%p and %p: %v, %v", a, b, err, other)
	}
	if c, err := s.Parse(`{"type": "array"}`); err != nil || c == a {
		t.Errorf("another: %p, %v", c, err)
	}
	if none, err := s.Parse(""); none != nil || err != nil {
		t.Errorf("empty: %p, %v", none, err)
	}
	for range 2 {
		if _, err := s.Parse("{"); err == nil {
			t.Error("no error")
		}
	}
}
