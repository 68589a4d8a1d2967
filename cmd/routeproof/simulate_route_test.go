package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/parquet-go/parquet-go"
)

// routes is what others read of the JSON of routing by score.
type routes struct {
	Version, N int
	LeftOut    int `json:"left_out"`
	Models     []struct {
		Name    string
		Quality float64
		CostUSD *float64 `json:"cost_usd"`
		Arena   *float64 `json:"arena_score"`
	}
	Oracle struct {
		Quality     float64
		StrongShare float64  `json:"strong_share"`
		OfLast      *float64 `json:"cost_of_last"`
		APGR        *float64
		CPT         map[string]*float64
	}
	CheapestCorrect struct {
		Quality float64
		OfLast  *float64 `json:"cost_of_last"`
	} `json:"cheapest_correct"`
	Undefined string
	Routers   []struct {
		Name    string
		AUC     *float64
		APGR    *float64
		APGRCI  [2]*float64 `json:"apgr_ci"`
		CPT     map[string]*float64
		CPTCI   map[string][2]*float64   `json:"cpt_ci"`
		Deciles *struct{ APGR *float64 } `json:"routellm_deciles"`
		AIQ     *float64
		Above   struct{ Value, Low, High *float64 } `json:"aiq_held_out_less_zero"`
		Hull    []struct {
			Cost, Quality float64
			LatencyMS     *float64 `json:"latency_ms"`
			Thresholds    []*float64
			Shares        []float64
		}
		All map[string]*float64 `json:"all_metrics"`
	}
	Notes []string
}

func routeJSON(t *testing.T, args ...string) routes {
	t.Helper()
	var d routes
	if err := json.Unmarshal([]byte(must(t, append([]string{"simulate", "route", "--json"}, args...)...).stdout), &d); err != nil {
		t.Fatal(err)
	}
	if d.Version != 1 {
		t.Errorf("version %d", d.Version)
	}
	return d
}

// quick is a configuration with few resamples, for tests that are not about them.
func quick(t *testing.T) string {
	t.Helper()
	writeFile(t, "quick.yaml", "bootstrap:\n  replicates: 100\n")
	return "quick.yaml"
}

func within(t *testing.T, what string, got *float64, want, off float64) {
	t.Helper()
	if got == nil || !(math.Abs(*got-want) <= off) {
		t.Errorf("%s: %v, expected %g ± %g", what, show(got), want, off)
	}
}

func show(v *float64) string {
	if v == nil {
		return "null"
	}
	return fmt.Sprint(*v)
}

// Published: RouteLLM's MMLU files give qualities 0.6809 and 0.8059, an oracle
// of 0.8587 that sends 17.78 % to the strong model; the other figures were taken
// of the same files with numpy.
func TestRouteMMLU(t *testing.T) {
	file := sharedFile(t, "outcomes/routellm_mmlu.jsonl.gz")
	t.Chdir(t.TempDir())
	d := routeJSON(t, "--outcomes", file, "--ladder", "mistralai/Mixtral-8x7B-Instruct-v0.1,gpt-4-1106-preview", "--deciles")
	if d.N != 14037 || d.LeftOut != 0 || len(d.Models) != 2 || len(d.Routers) != 3 {
		t.Fatalf("%+v", d)
	}
	within(t, "weak", &d.Models[0].Quality, .6809, 5e-5)
	within(t, "strong", &d.Models[1].Quality, .8059, 5e-5)
	within(t, "oracle", &d.Oracle.Quality, .8587, 5e-5)
	within(t, "strong share", &d.Oracle.StrongShare, .1778, 5e-5)
	within(t, "oracle's APGR", d.Oracle.APGR, 1.285, 5e-4)
	within(t, "oracle's CPT 50", d.Oracle.CPT["50"], .0625, 5e-5)
	if d.Models[0].CostUSD != nil || d.Oracle.OfLast != nil {
		t.Error("a cost, though none was recorded")
	}
	length, random := d.Routers[1], d.Routers[2]
	if length.Name != "length" || random.Name != "random" {
		t.Fatalf("%+v", d.Routers)
	}
	within(t, "length", length.APGR, .5858, 5e-5)
	within(t, "length, low", length.APGRCI[0], .568, .0015)
	within(t, "length, high", length.APGRCI[1], .605, .0015)
	for percent, i := range length.CPTCI {
		if v := length.CPT[percent]; i[0] == nil || i[1] == nil || *i[0] >= *v || *i[1] <= *v {
			t.Errorf("CPT %s: %s in %s to %s", percent, show(v), show(i[0]), show(i[1]))
		}
	}
	if lo, hi := random.APGRCI[0], random.APGRCI[1]; lo == nil || hi == nil || *lo > .5 || *hi < .5 {
		t.Errorf("random: %s to %s does not hold 0.5", show(lo), show(hi))
	}
	if length.Deciles == nil || length.Deciles.APGR == nil || *length.Deciles.APGR == *length.APGR || length.AIQ != nil {
		t.Errorf("length: deciles %+v, AIQ %s", length.Deciles, show(length.AIQ))
	}
}

const routerBenchLadder = "mistralai/mistral-7b-chat,WizardLM/WizardLM-13B-V1.2,mistralai/mixtral-8x7b-chat,meta/code-llama-instruct-34b-chat," +
	"zero-one-ai/Yi-34B-Chat,claude-instant-v1,meta/llama-2-70b-chat,gpt-3.5-turbo-1106,claude-v1,claude-v2,gpt-4-1106-preview"

func TestRouteRouterBench(t *testing.T) {
	file := sharedFile(t, "outcomes/routerbench.jsonl.gz")
	t.Chdir(t.TempDir())
	d := routeJSON(t, "--outcomes", file, "--ladder", routerBenchLadder, "--config", quick(t))
	within(t, "cheapest correct", &d.CheapestCorrect.Quality, .976, 5e-4)
	within(t, "its cost", d.CheapestCorrect.OfLast, .042, 5e-4)
	// A router by chance has thresholds that fit its own requests, and no others.
	if above := d.Routers[2].Above; above.Low == nil || *above.Low > 0 {
		t.Errorf("random is %s above the zero router, from %s", show(above.Value), show(above.Low))
	}
	if !strings.Contains(d.Undefined, "the ladder has 11") || d.Routers[1].APGR != nil || d.Routers[1].AIQ == nil {
		t.Errorf("undefined %q, %+v", d.Undefined, d.Routers[1])
	}
}

// The better model is the cheaper one.
func TestRouteRouterArena(t *testing.T) {
	file := sharedFile(t, "outcomes/routerarena.jsonl.gz")
	t.Chdir(t.TempDir())
	d := routeJSON(t, "--outcomes", file, "--ladder", "gemini-2.0-flash-001,claude-3-haiku-20240307", "--config", quick(t))
	if d.N != 809 || d.Undefined == "" || d.Oracle.APGR != nil || d.Oracle.CPT["50"] != nil || d.Routers[0].APGR != nil {
		t.Errorf("%+v", d)
	}
	// The hull is the better model alone: AIQ is its quality over the range of
	// cost from its own, whatever the score.
	last := *d.Models[1].CostUSD
	for _, r := range d.Routers {
		if r.Name == "random" {
			continue
		}
		within(t, r.Name, r.AIQ, d.Models[0].Quality*(last-*d.Models[0].CostUSD)/last, .001)
	}
	d = routeJSON(t, "--outcomes", file, "--ladder", "claude-3-haiku-20240307,gemini-2.0-flash-001", "--all-metrics", "--config", quick(t))
	// compute_arena_score of RouterArena's own llm_evaluation/run.py, run once.
	within(t, "claude-3-haiku", d.Models[0].Arena, 0.5331971778177967, 1e-9)
	within(t, "gemini-2.0-flash", d.Models[1].Arena, 0.697292501353509, 1e-9)
	for _, r := range d.Routers {
		within(t, r.Name+"'s saving", r.All["cost_save"], 0, 1e-9) // on the better model, which is the cheaper
		if r.All["ibc_halfway"] != nil || r.All["arena_score"] == nil || *r.All["arena_score"] < *d.Models[1].Arena-1e-9 {
			t.Errorf("%s: %v", r.Name, r.All)
		}
	}
	if !strings.Contains(strings.Join(d.Notes, "\n"), "the ladder is not by cost") || d.Oracle.APGR == nil {
		t.Errorf("%+v", d)
	}
}

func TestRouteInputs(t *testing.T) {
	t.Chdir(t.TempDir())
	var outcomes, scores []string
	for i := range 4 {
		for k, model := range []string{"a", "b"} {
			outcomes = append(outcomes, fmt.Sprintf(`{"id":"%d","model":"%s","prompt":"x%d","score":%d,"cost_usd":%d}`, i, model, i, min(1, k+i/2), k))
		}
		scores = append(scores, fmt.Sprintf(`{"id":"%d","score":%d}`, i, -i))
	}
	write := func(name string, lines ...string) {
		if err := os.WriteFile(name, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("o.jsonl", outcomes...)
	write("mine.jsonl", scores...)
	write("some.jsonl", scores[:3]...)
	write("last.jsonl", scores[3])
	write("random.jsonl", scores...)
	write("oracle.jsonl", scores...)
	write("constant.jsonl", `{"id":"0","score":2}`, `{"id":"1","score":2}`, `{"id":"2","score":2}`, `{"id":"3","score":2}`)
	write("others.jsonl", `{"id":"z","score":1}`)
	write("bad.jsonl", `{"id":"0","score":"high"}`)
	write("textless.jsonl", `{"id":"0","model":"a","score":0}`, `{"id":"0","model":"b","score":1}`)
	write("blind.jsonl", `{"id":"0","model":"a","response":"x"}`, `{"id":"0","model":"b","score":1}`)
	write("free.jsonl", `{"id":"0","model":"a","prompt":"x","score":0,"cost_usd":0}`, `{"id":"0","model":"b","prompt":"x","score":1,"cost_usd":0}`)
	write("three.jsonl", `{"id":"0","model":"a","score":0}`, `{"id":"0","model":"b","score":1}`, `{"id":"0","model":"c","score":1}`)
	for _, c := range []struct {
		args string
		code int
		says string
	}{
		{"--outcomes o.jsonl --ladder a,b --scores mine.jsonl", 0, "mine"},
		{"--outcomes o.jsonl --ladder a,b --scores some.jsonl", 0, "3 requests (1 left out"},
		{"--outcomes o.jsonl --ladder a,b --scores some.jsonl", 0, "some.jsonl has scores of 3 of 4 requests"},
		{"--outcomes o.jsonl --ladder a,b --scores random.jsonl", 2, `two routers are called "random"`},
		{"--outcomes o.jsonl --ladder a,b --scores others.jsonl", 12, `such as "0", found others, such as "z"`},
		{"--outcomes o.jsonl --ladder a,b --scores bad.jsonl", 12, "bad.jsonl"},
		{"--outcomes o.jsonl --ladder a,b --scores absent.jsonl", 2, "absent.jsonl"},
		{"--outcomes o.jsonl --ladder b,a", 0, "no APGR and no CPT: the strong model is not better"},
		{"--outcomes o.jsonl --ladder a,b --scores constant.jsonl", 0, "constant has one score for all requests"},
		{"--outcomes three.jsonl --ladder a,b,c --deciles", 0, "--deciles is about two models"},
		{"--outcomes o.jsonl --ladder a,b --scores constant.jsonl --deciles", 0, "two deciles of the scores are equal"},
		{"--outcomes o.jsonl --ladder a,b --scores=", 2, "expected the name of a file"},
		{"--outcomes o.jsonl --ladder a", 2, "expected 2 to 64 rungs"},
		{"--outcomes textless.jsonl --ladder a,b", 0, "no router by length: the text of 1 of 1 requests is not known"},
		{"--outcomes blind.jsonl --ladder a,b", 12, "no request has a score of every router"},
		{"--outcomes free.jsonl --ladder a,b --json", 0, `"cost_of_last": null`},
		{"--outcomes o.jsonl --ladder a,b --curves o.jsonl", 2, "ends in .parquet"},
		{"--outcomes o.jsonl --ladder a,b --scores oracle.jsonl", 2, "oracle, zero router and the classifier are taken"},
		{"--outcomes o.jsonl", 2, "of the configuration's tiers: name models of this file"},
		{"--outcomes o.jsonl --ladder a,b --curves p.parquet --problems ./p.parquet", 2, "written twice"},
		{"--outcomes o.jsonl --ladder a,b --classifier mine", 2, "expected --predictions with it"},
		{"--outcomes o.jsonl --ladder a,b --scores some.jsonl --scores last.jsonl", 12, "to be of the same requests"},
		{"--outcomes free.jsonl --ladder a,b", 0, "no AIQ: nothing costs anything"},
		{"--outcomes three.jsonl --ladder a,b,c --curves c.parquet", 2, "thresholds are found by cost, which is not known"},
		{"--outcomes three.jsonl --ladder a,b,c --plots p", 0, "curves.svg is not drawn: costs are not known"},
		{"--outcomes three.jsonl --ladder a,b,c --plots p", 0, "share.svg is not drawn: it is about two models"},
		{"--outcomes o.jsonl --ladder a,b --plots p --curves p/curves.svg", 2, "ends in .parquet"},
		{"--outcomes o.jsonl --ladder a,b --plots o.jsonl", 2, "--plots: expected a folder"},
		{"--outcomes o.jsonl --ladder a,b --all-metrics", 0, "arena score"},
		{"--outcomes free.jsonl --ladder a,b --all-metrics", 0, "arena score"},
		{"--outcomes three.jsonl --ladder a,b,c --all-metrics", 0, "no costs and no AIQ"},
		{"--outcomes o.jsonl --ladder a,b --problems o.jsonl", 2, "o.jsonl"},
		{"--outcomes o.jsonl --ladder a,b --scores mine.jsonl --problems mine.jsonl", 2, "mine.jsonl"},
	} {
		r := call(t, "", append([]string{"simulate", "route"}, strings.Fields(c.args)...)...)
		if r.code != c.code || !strings.Contains(r.stdout+r.stderr, c.says) {
			t.Errorf("%s: code %d, expected %d and %q\n%s%s", c.args, r.code, c.code, c.says, r.stdout, r.stderr)
		}
	}
	// Requests 0 and 1 need the second model, and mine sends them first: the gap
	// is recovered by half at a share of 1/4, wholly from 1/2 on.
	d := routeJSON(t, "--outcomes", "o.jsonl", "--ladder", "a,b", "--scores", "mine.jsonl")
	within(t, "mine", d.Routers[0].APGR, .75, 1e-12)
	within(t, "CPT 50", d.Routers[0].CPT["50"], .25, 1e-12)

	must(t, "simulate", "route", "--outcomes", "o.jsonl", "--ladder", "a,b", "--scores", "mine.jsonl", "--curves", "c.parquet")
	type row struct {
		Router      string   `parquet:"router"`
		Threshold   *float64 `parquet:"threshold"`
		StrongShare float64  `parquet:"strong_share"`
		Quality     float64  `parquet:"quality"`
		CostUSD     *float64 `parquet:"cost_usd"`
	}
	rows, err := parquet.ReadFile[row]("c.parquet")
	if err != nil {
		t.Fatal(err)
	}
	at := func(v float64) *float64 { return &v }
	want := []row{{"mine", nil, 0, .5, at(0)}, {"mine", at(0), .25, .75, at(.25)}, {"mine", at(-1), .5, 1, at(.5)}, {"mine", at(-2), .75, 1, at(.75)}, {"mine", at(-3), 1, 1, at(1)}}
	if diff := cmp.Diff(want, rows[:5]); diff != "" {
		t.Error(diff)
	}
}

// Three models by hand: request i needs the i-th model, and the scores tell them
// apart.
func TestRouteThreeModels(t *testing.T) {
	t.Chdir(t.TempDir())
	var outcomes, scores []string
	for i := range 6 {
		for k, model := range []string{"a", "b", "c"} {
			right := 0
			if k >= i/2 {
				right = 1
			}
			outcomes = append(outcomes, fmt.Sprintf(`{"id":"%d","model":"%s","prompt":"x%d","score":%d,"cost_usd":%d,"latency_ms":%d}`, i, model, i, right, 1+k*k, 100*(k+1)))
		}
		scores = append(scores, fmt.Sprintf(`{"id":"%d","score":%d}`, i, i/2))
	}
	for name, lines := range map[string][]string{"o.jsonl": outcomes, "mine.jsonl": scores} {
		if err := os.WriteFile(name, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d := routeJSON(t, "--outcomes", "o.jsonl", "--ladder", "a,b,c", "--scores", "mine.jsonl", "--curves", "c.parquet", "--plots", "plots", "--all-metrics")
	mine := d.Routers[0]
	at := func(v float64) *float64 { return &v }
	type setting struct {
		Cost, Quality float64
		LatencyMS     *float64
		Thresholds    []*float64
		Shares        []float64
	}
	var got []setting
	for _, x := range mine.Hull {
		got = append(got, setting(x))
	}
	want := []setting{
		{1, 1. / 3, at(100), []*float64{nil, nil}, []float64{1, 0, 0}},
		{5. / 3, 2. / 3, at(500. / 3), []*float64{at(1), nil}, []float64{1. / 3, 2. / 3, 0}},
		{8. / 3, 1, at(200), []*float64{at(1), at(2)}, []float64{1. / 3, 1. / 3, 1. / 3}},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateApprox(0, 1e-12)); diff != "" {
		t.Error(diff)
	}
	within(t, "CostSave", mine.All["cost_save"], 1-8./3/5, 1e-12)
	within(t, "PerfGain", mine.All["perf_gain"], 0, 1e-12)

	type row struct {
		Router      string    `parquet:"router"`
		Threshold   *float64  `parquet:"threshold"`
		StrongShare *float64  `parquet:"strong_share"`
		Thresholds  []float64 `parquet:"thresholds,list"`
		Shares      []float64 `parquet:"shares,list"`
		Quality     float64   `parquet:"quality"`
		CostUSD     *float64  `parquet:"cost_usd"`
		LatencyMS   *float64  `parquet:"latency_ms"`
	}
	rows, err := parquet.ReadFile[row]("c.parquet")
	if err != nil {
		t.Fatal(err)
	}
	never := math.Inf(1)
	if diff := cmp.Diff([]row{
		{"mine", nil, nil, []float64{never, never}, []float64{1, 0, 0}, 1. / 3, at(1), at(100)},
		{"mine", nil, nil, []float64{1, never}, []float64{1. / 3, 2. / 3, 0}, 2. / 3, at(5. / 3), at(500. / 3)},
		{"mine", nil, nil, []float64{1, 2}, []float64{1. / 3, 1. / 3, 1. / 3}, 1, at(8. / 3), at(200)},
	}, rows[:3], cmpopts.EquateApprox(0, 1e-12)); diff != "" {
		t.Error(diff)
	}
	svg, err := os.ReadFile("plots/curves.svg")
	if err != nil || !strings.Contains(string(svg), ">mine</text>") {
		t.Errorf("curves.svg: %v, %.200s", err, svg)
	}
	if _, err := os.Stat("plots/share.svg"); err == nil {
		t.Error("share.svg is drawn of three models")
	}
}
