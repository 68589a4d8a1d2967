package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/routeproof/routeproof/eval"
)

// document is what others read of the JSON of a simulation.
type document struct {
	Version int
	Tiers   []struct {
		Model     string
		Served    int
		Escalated int
		Rate      *float64 `json:"escalation_rate"`
		Reasons   map[string]int
	}
	Totals struct {
		N         int
		Quality   *float64
		CostUSD   *float64 `json:"cost_usd"`
		TotalUSD  *float64 `json:"total_usd"`
		P50       *float64 `json:"latency_p50_ms"`
		P95       *float64 `json:"latency_p95_ms"`
		Exhausted int
	}
	Pairs []struct {
		Cheap, Dear string
		N           int
		Points      []struct {
			Threshold *float64
			AgreeRate float64 `json:"agree_rate"`
			Quality   float64
			CostUSD   *float64 `json:"cost_usd"`
			False     *float64 `json:"false_agreement"`
		}
	}
	Signals []struct {
		Model, Check string
		N, Wrong     int
		Fired        int
		FiredWrong   int `json:"fired_wrong"`
	}
	Ablation []struct {
		Check          string
		Alone, Without struct {
			N, Escalated, Exhausted int
			Quality                 *float64
		}
	}
	Sweep *struct {
		N      int
		Points []struct{ Threshold, Quality float64 }
	}
	Comparison struct {
		N    int
		Axis string
		Rows []struct {
			Policy        string
			Quality, Cost struct{ Value, Low, High *float64 }
			Saving        struct{ Value, Low, High *float64 }
			Frontier      bool
		}
	}
	Notes []string
}

func simulateJSON(t *testing.T, args ...string) document {
	t.Helper()
	var d document
	if err := json.Unmarshal([]byte(must(t, append([]string{"simulate"}, append(args, "--json")...)...).stdout), &d); err != nil {
		t.Fatal(err)
	}
	if d.Version != 1 {
		t.Errorf("version %d", d.Version)
	}
	return d
}

func (d document) row(t *testing.T, policy string) (quality, cost float64) {
	t.Helper()
	for _, r := range d.Comparison.Rows {
		if r.Policy == policy {
			if r.Cost.Value == nil {
				return *r.Quality.Value, math.NaN()
			}
			return *r.Quality.Value, *r.Cost.Value
		}
	}
	t.Fatalf("no row of %s", policy)
	return 0, 0
}

const zeroEvalLadder = "Meta-Llama-3.1-8B-Instruct,gpt-4o-mini-2024-07-18,gpt-4o-2024-08-06"

// The accuracies are those of the data's README; the agreement figures there
// are about 82 % with 1.7 % wrong, and 30 % with 7 %.
func TestSimulateZeroEval(t *testing.T) {
	for _, c := range []struct {
		file              string
		n                 int
		accuracy          [3]float64
		agree, wrong, off float64
	}{
		{"zeroeval_gsm", 1319, [3]float64{84.00, 94.24, 96.21}, 82, 1.7, .1},
		{"zeroeval_crux", 800, [3]float64{39.88, 75.88, 87.00}, 30, 7, 1},
	} {
		file := sharedFile(t, "outcomes/"+c.file+".jsonl.gz")
		t.Chdir(t.TempDir())
		d := simulateJSON(t, "parallel", "--outcomes", file, "--ladder", zeroEvalLadder, "--answer", "json:answer")
		for k, model := range strings.Split(zeroEvalLadder, ",") {
			if quality, _ := d.row(t, model); math.Abs(100*quality-c.accuracy[k]) > .005 {
				t.Errorf("%s, %s: accuracy %.2f, expected %.2f", c.file, model, 100*quality, c.accuracy[k])
			}
		}
		if len(d.Pairs) != 3 || d.Pairs[1].Cheap != "Meta-Llama-3.1-8B-Instruct" || d.Pairs[1].Dear != "gpt-4o-2024-08-06" || d.Pairs[1].N != c.n {
			t.Fatalf("%s: pairs %+v", c.file, d.Pairs)
		}
		point := d.Pairs[1].Points[1]
		if *point.Threshold != 1 || math.Abs(100*point.AgreeRate-c.agree) > .5 || math.Abs(100**point.False-c.wrong) > c.off || point.CostUSD != nil {
			t.Errorf("%s: agree %.2f %%, of these wrong %.2f %%; expected about %g and %g", c.file, 100*point.AgreeRate, 100**point.False, c.agree, c.wrong)
		}
	}
}

// What the usual triggers tell of real answers.
func TestSignalsOfRealAnswers(t *testing.T) {
	file := sharedFile(t, "outcomes/routerbench.jsonl.gz")
	t.Chdir(t.TempDir())
	d := simulateJSON(t, "cascade", "--outcomes", file, "--ladder", "mistralai/mixtral-8x7b-chat,gpt-4-1106-preview")
	for _, s := range d.Signals {
		if s.Check == "too_short" && float64(s.Fired)/float64(s.N) < .8 {
			t.Errorf("%s: %d of %d are too short; expected most, as they are letters", s.Model, s.Fired, s.N)
		}
	}
	// Nearly all are escalated, and the last model's letters pass no better.
	if d.Totals.Exhausted < d.Totals.N/2 || *d.Tiers[0].Rate < .8 {
		t.Errorf("%+v", d.Totals)
	}
	// Without the check for length the cascade is the cheap model.
	d = simulateJSON(t, "cascade", "--outcomes", file, "--ladder", "mistralai/mixtral-8x7b-chat,gpt-4-1106-preview", "--min-chars", "0", "--phrases", "none")
	quality, cost := d.row(t, "cascade")
	if math.Abs(quality-.741) > .0005 || math.Abs(cost-2.48e-4) > 5e-7 || *d.Tiers[0].Rate != 0 {
		t.Errorf("quality %g at %g", quality, cost)
	}
	if quality, cost = d.row(t, "gpt-4-1106-preview"); math.Abs(quality-.879) > .0005 || math.Abs(cost-5.02e-3) > 5e-6 {
		t.Errorf("gpt-4: quality %g at %g", quality, cost)
	}
	for _, r := range d.Comparison.Rows {
		if d.Comparison.N > 1 && (r.Saving.Low == nil || *r.Saving.Low > *r.Saving.Value || *r.Saving.Value > *r.Saving.High) {
			t.Errorf("%s: saving %v", r.Policy, r.Saving)
		}
	}
}

func TestSimulateSynthetic(t *testing.T) {
	t.Chdir(t.TempDir())
	must(t, "data", "synth", "--n", "400", "--out", "made")
	base := []string{"--outcomes", "made/outcomes.jsonl", "--prompts", "made/prompts.jsonl"}
	d := simulateJSON(t, append([]string{"cascade", "--sweep", "confidence"}, base...)...)
	served := 0
	for i, tier := range d.Tiers {
		served += tier.Served
		refused := 0
		for _, n := range tier.Reasons {
			refused += n
		}
		if i < 3 && refused != tier.Escalated || i == 3 && (tier.Escalated != 0 || refused != d.Totals.Exhausted) {
			t.Errorf("tier %d: %+v, exhausted %d", i, tier, d.Totals.Exhausted)
		}
	}
	if d.Totals.N != 400 || served != 400 || d.Totals.CostUSD == nil || *d.Totals.P50 > *d.Totals.P95 || d.Tiers[0].Reasons["bad_json"] == 0 {
		t.Errorf("served %d, %+v", served, d.Totals)
	}
	if d.Sweep == nil || len(d.Sweep.Points) < 100 {
		t.Errorf("sweep %v", d.Sweep)
	}
	// Points that are written one by one stand as all else does.
	for _, args := range [][]string{{"cascade", "--sweep", "confidence"}, {"parallel", "--answer", `regex:k\d+`}} {
		var indented bytes.Buffer
		text := must(t, slices.Concat([]string{"simulate"}, args, base, []string{"--json"})...).stdout
		if err := json.Indent(&indented, []byte(text), "", "  "); err != nil || indented.String() != text || strings.Contains(text, `"points": []`) {
			t.Errorf("%v: %v:\n%s", args, err, text)
		}
	}
	checkAblation(t, d)
	checkLog(t, d, base)
	hybrid := simulateJSON(t, append([]string{"hybrid"}, base...)...)
	if hybrid.Tiers[1].Served+hybrid.Tiers[2].Served < 100 {
		t.Errorf("the rule starts nothing above the first tier: %+v", hybrid.Tiers)
	}
	// The same by predictions.
	must(t, "run", "--prompts", "made/prompts.jsonl", "--llm-answers", "made/answers.jsonl", "--out", "out")
	again := simulateJSON(t, append([]string{"hybrid", "--predictions", "out/predictions.parquet", "--classifier", "rule"}, base...)...)
	if n := again.Totals.N; n < 40 || n > 160 || again.Comparison.N > n || !strings.Contains(strings.Join(again.Notes, "\n"), "the classifier was fitted on others") {
		t.Errorf("by predictions: %d requests, notes %q; expected the test prompts", n, again.Notes)
	}
	n := again.Totals.N
	for verb, want := range map[string]string{
		"hybrid": fmt.Sprintf("left out: %d, %d of them without a test prediction of classifier rule and 0 since not recorded", 400-n, 400-n),
		"route":  fmt.Sprintf("(%d left out: %d without a test prediction of classifier rule; of others ", 400-n, 400-n),
	} {
		args := base
		if verb == "route" {
			args = []string{"--outcomes", "made/outcomes.jsonl", "--prompts", "made/prompts.jsonl"}
		}
		text := must(t, append([]string{"simulate", verb, "--predictions", "out/predictions.parquet", "--classifier", "rule"}, args...)...).stdout
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	llm := simulateJSON(t, append([]string{"hybrid", "--predictions", "out/predictions.parquet", "--classifier", "llm"}, base...)...)
	if *llm.Totals.Quality <= *d.Totals.Quality { // of a test split, so a rough check
		t.Errorf("a hybrid by the LLM has quality %g, a cascade %g", *llm.Totals.Quality, *d.Totals.Quality)
	}
	// The same bytes again.
	args := append([]string{"simulate", "parallel", "--agree", "cosine", "--json"}, base...)
	first := must(t, args...).stdout
	if again := must(t, args...).stdout; again != first {
		t.Error("two runs differ")
	}
	text := must(t, append([]string{"simulate", "parallel", "--answer", `regex:k\d+`}, base...)...).stdout
	for _, want := range []string{"agree from", "if independent", "All policies on the same", "oracle", "hybrid by rule"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
}

// Each check by itself escalates what fails it, and the others what is left.
func checkAblation(t *testing.T, d document) {
	t.Helper()
	names := []string{}
	for _, a := range d.Ablation {
		names = append(names, a.Check)
		first := d.Tiers[0]
		if a.Alone.N != 400 || a.Alone.Escalated < first.Reasons[a.Check] || a.Alone.Escalated > first.Escalated ||
			a.Without.Escalated > first.Escalated || a.Without.Escalated < first.Escalated-a.Alone.Escalated || a.Alone.Quality == nil {
			t.Errorf("%+v; the cascade escalates %d, %v", a, first.Escalated, first.Reasons)
		}
	}
	if want := "too_short uncertain bad_json schema"; strings.Join(names, " ") != want {
		t.Errorf("ablation of %q, expected %q", names, want)
	}
}

// The log says of each request what the totals say of all.
func checkLog(t *testing.T, d document, base []string) {
	t.Helper()
	must(t, append([]string{"simulate", "cascade", "--log", "log.jsonl"}, base...)...)
	served, usd := map[string]int{}, 0.0
	for line := range strings.Lines(readFile(t, "log.jsonl")) {
		var r struct {
			TS      *int64   `json:"ts"`
			Feature string   `json:"feature"`
			Hash    string   `json:"msg_hash"`
			Model   string   `json:"model"`
			CostUSD *float64 `json:"cost_usd"`
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil || r.TS != nil || r.Feature == "" || len(r.Hash) != 12 {
			t.Fatalf("%s: %v", line, err)
		}
		served[r.Model]++
		if r.CostUSD != nil {
			usd += *r.CostUSD
		}
	}
	for _, tier := range d.Tiers {
		if served[tier.Model] != tier.Served {
			t.Errorf("%s serves %d in the log, %d in all", tier.Model, served[tier.Model], tier.Served)
		}
	}
	if total := *d.Totals.TotalUSD; math.Abs(usd-total) > 1e-6 {
		t.Errorf("the log costs %g, the totals say %g", usd, total)
	}
}

// The task type decides whether an answer must be JSON.
func TestSimulateTaskType(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFile(t, "o.jsonl", `{"id":"1","model":"a","response":"a long enough answer, is it not?","score":1}`+"\n"+`{"id":"1","model":"b","response":"{\"answer\": \"long enough\"}","score":0}`)
	base := []string{"cascade", "--outcomes", "o.jsonl", "--ladder", "a,b"}
	if d := simulateJSON(t, base...); d.Tiers[0].Served != 1 {
		t.Errorf("general: %+v", d.Tiers)
	}
	if d := simulateJSON(t, append(base, "--task-type", "extraction")...); d.Tiers[1].Served != 1 || d.Tiers[0].Reasons["bad_json"] != 1 {
		t.Errorf("extraction: %+v", d.Tiers)
	}
	if d := simulateJSON(t, append(base, "--task-type", "extraction", "--require-json=false")...); d.Tiers[0].Served != 1 {
		t.Errorf("not required: %+v", d.Tiers)
	}
	if r := call(t, "", append([]string{"simulate"}, append(base, "--task-type", "poem")...)...); r.code != exitUsage {
		t.Errorf("exit %d: %s", r.code, r.stderr)
	}
}

func TestSimulateExitCodes(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFile(t, "o.jsonl", `{"id":"1","model":"a","prompt":"x","response":"a long enough answer, is it not?","score":1,"cost_usd":1}`+"\n"+
		`{"id":"1","model":"b","response":"another long enough answer here","score":0,"cost_usd":1}`+"\n"+`{"id":"2","model":"a","response":"short","score":0}`)
	writeFile(t, "textless.jsonl", `{"id":"1","model":"a","score":1}`+"\n"+`{"id":"1","model":"b","score":0}`)
	writeFile(t, "scoreless.jsonl", `{"id":"1","model":"a","response":"x"}`+"\n"+`{"id":"1","model":"b","response":"y"}`)
	writeFile(t, "bad.jsonl", `{"id":"1","model":"a","score":7}`)
	writeFile(t, "schema.json", `{"type": 3}`)
	answer := `"response":"a long enough answer, is it not?"`
	writeFile(t, "dear.jsonl", `{"id":"1","model":"a","score":1,"cost_usd":2,`+answer+"}\n"+`{"id":"1","model":"b","score":1,"cost_usd":1,`+answer+"}")
	writeFile(t, "wrong.jsonl", `{"id":"1","model":"a","score":0,`+answer+"}\n"+`{"id":"1","model":"b","score":0,`+answer+"}")
	writeFile(t, "circle.jsonl", `{"id":"1","prompt":"x","schema":{"$ref":"#"}}`)
	writeFile(t, "least.jsonl", `{"id":"1","prompt":"x","schema":{"minimum":0}}`)
	writeFile(t, "fraction.jsonl", `{"id":"1","model":"a","score":1,"response":"1e9999999999                "}`+"\n"+`{"id":"1","model":"b","score":1,"response":"1000000000000000000000000"}`)
	for _, c := range []struct {
		args string
		code int
		says string
	}{
		{"", 0, "cascade"},
		{"cascade", 2, "outcomes"},
		{"cascade --outcomes o.jsonl --ladder a,b", 0, "1 request, "},
		{"cascade --outcomes o.jsonl --ladder a,b", 0, "left out since not recorded: 1"},
		{"cascade --outcomes o.jsonl", 2, `no answers of model "openai/gpt-4o-mini"`},
		{"cascade --outcomes o.jsonl --ladder a", 2, "expected 2 to 8 rungs"},
		{"cascade --outcomes o.jsonl --ladder a,c", 2, `no answers of model "c"`},
		{"cascade --outcomes o.jsonl --ladder a,b --start c", 2, "--start: expected one of a, b"},
		{"cascade --outcomes o.jsonl --ladder a,b --start b", 0, "cascade from b"},
		{"cascade --outcomes o.jsonl --ladder a,b --sweep length", 2, "--sweep: expected one of confidence, min_chars"},
		{"cascade --outcomes o.jsonl --ladder a,b --sweep min_chars", 0, "thresholds of min_chars"},
		{"cascade --outcomes o.jsonl --ladder a,b --min-confidence 2", 2, "expected 0 to 1"},
		{"cascade --outcomes o.jsonl --ladder a,b --pattern (", 2, "pattern"},
		{"cascade --outcomes o.jsonl --ladder a,b --schema schema.json", 2, "schema.json"},
		{"cascade --outcomes o.jsonl --ladder a,b --schema none.json", 2, "none.json"},
		{"cascade --outcomes o.jsonl --ladder a,b --phrases none.txt", 2, "none.txt"},
		{"cascade --outcomes absent.jsonl --ladder a,b", 2, "absent.jsonl"},
		{"cascade --outcomes bad.jsonl --ladder a,b", 12, "expected 0 to 1, found 7"},
		{"cascade --outcomes textless.jsonl --ladder a,b", 12, "can be served"},
		{"cascade --outcomes textless.jsonl --ladder a,b --min-chars 0 --phrases none", 0, "quality 1.0000"},
		{"cascade --outcomes scoreless.jsonl --ladder a,b", 12, "known quality"},
		{"parallel --outcomes textless.jsonl --ladder a,b", 12, "no pair"},
		{"parallel --outcomes o.jsonl --ladder a,b --answer json", 2, "--answer"},
		{"parallel --outcomes o.jsonl --ladder a,b --threshold NaN", 2, "--threshold"},
		{"parallel --outcomes o.jsonl --ladder a,b --threshold 5", 2, "--threshold"},
		{"parallel --outcomes o.jsonl --ladder a,b --embedding-price -5", 2, "--embedding-price"},
		{"cascade --outcomes o.jsonl --ladder a,b --timeout-ms 5", 0, "no latency is known"},
		{"cascade --outcomes o.jsonl --ladder a,b --min-confidence .5", 0, "no confidence was recorded"},
		{"cascade --outcomes o.jsonl --ladder a,b --sweep confidence", 12, "confidence: no answer has one, so there is nothing to sweep"},
		{"cascade --outcomes o.jsonl --ladder a,b --sweep timeout_ms", 0, "no latency is known"},
		{"cascade --outcomes wrong.jsonl --ladder a,b --min-chars 0 --phrases none", 0, "0.0 % [0.0, 79.3]  no check fired"},
		{"cascade --outcomes dear.jsonl --ladder a,b", 0, "the ladder is not by cost"},
		{"cascade --outcomes o.jsonl --ladder a,b --prompts circle.jsonl", 12, "in a circle"},
		{"cascade --outcomes fraction.jsonl --ladder a,b --min-chars 0 --prompts least.jsonl", 0, "schema 1"},
		{"cascade --outcomes fraction.jsonl --ladder a,b --prompts least.jsonl --own-schemas=false", 0, "served"},
		{"parallel --outcomes o.jsonl --ladder a,b --agree always", 2, "--agree"},
		{"parallel --outcomes o.jsonl --ladder a,b --agree cosine", 0, "agree from"},
		{"hybrid --outcomes o.jsonl --ladder a,b", 2, "SIMPLE=gpt-4o-mini"},
		{"hybrid --outcomes o.jsonl --ladder SIMPLE=a,COMPLEX=b", 0, "classifier rule"},
		{"hybrid --outcomes o.jsonl --ladder COMPLEX=a,SIMPLE=b", 2, "another order"},
		{"hybrid --outcomes o.jsonl --ladder SIMPLE=a,COMPLEX=b --predictions o.jsonl", 12, "predicted"},
		{"cascade --outcomes o.jsonl --ladder a,b --problems o.jsonl", 2, "to be read and to be written"},
	} {
		r := call(t, "", append([]string{"simulate"}, strings.Fields(c.args)...)...)
		said := r.stderr
		if c.code == 0 {
			said = r.stdout
		}
		if r.code != c.code || !strings.Contains(said, c.says) {
			t.Errorf("%s: exit %d, expected %d and %q in:\n%s\n%s", c.args, r.code, c.code, c.says, r.stdout, r.stderr)
		}
	}
}

// Answers to different prompts are compared where two recordings are joined by ids that
// mean other prompts: that is said wherever decisions are made by them.
func TestSimulateTellsMixedTexts(t *testing.T) {
	t.Chdir(t.TempDir())
	var rows strings.Builder
	for i := range 60 {
		fmt.Fprintf(&rows, `{"id":"p%d","model":"a","prompt":"a asks %d","score":%d,"response":"an answer of some length","confidence":0.5}`+"\n", i, i, i%2)
		fmt.Fprintf(&rows, `{"id":"p%d","model":"b","prompt":"b asks %d","score":1,"response":"an answer of some length","confidence":0.5}`+"\n", i, i)
	}
	writeFile(t, "mixed.jsonl", rows.String())
	for _, verb := range []string{"simulate route", "simulate cascade", "simulate parallel", "calibrate cascade"} {
		got := call(t, "", append(strings.Fields(verb), "--outcomes", "mixed.jsonl", "--ladder", "a,b")...)
		if text := got.stdout + got.stderr; !strings.Contains(text, "ids beside more than one prompt text: 60; answers to different prompts are compared there") {
			t.Errorf("%s does not tell:\n%s", verb, text)
		}
	}
}

func TestShownOfMuch(t *testing.T) {
	for _, c := range []struct {
		format string
		number float64
		want   string
	}{
		{"%.1f %%", 12.34, "12.3 %"}, {"%.1f %%", -1e302, "-1e+302 %"}, {"$%.4f", 1e300, "$1e+300"}, {"$%.4f", 1e6, "$1000000.0000"}, {"%.4f", math.NaN(), "—"},
	} {
		if got := shown(c.format, eval.Number(c.number)); got != c.want {
			t.Errorf("%g as %s: %s, expected %s", c.number, c.format, got, c.want)
		}
	}
	e := eval.Estimate{Value: 1e300, Low: -1e300, High: 2}
	if got, want := ranged("%.1f %%", e, 100), "1e+302 % [-1e+302 %, 200.0 %]"; got != want {
		t.Errorf("%s, expected %s", got, want)
	}
}
