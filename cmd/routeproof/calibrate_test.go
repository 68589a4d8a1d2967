package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/datasets/synth"
	"github.com/routeproof/routeproof/eval/calibrate"
)

type certifiedSetting struct {
	Thresholds []any // numbers, or never and always
	N, Errors  int
}

type certifiedTest struct {
	N           int
	Share, Risk struct{ Value, Low, High *float64 }
	Quality     *float64
	CostShare   *float64 `json:"cost_share"`
	OfOracle    *float64 `json:"of_oracle"`
}

// certified is what others read of the JSON of calibrate.
type certified struct {
	Version, Copies int
	Models          []string
	Splits          map[string]int
	Result          struct {
		Sentence  string
		Certified bool
		N, More   int
		Setting   *certifiedSetting
		Heuristic *certifiedSetting
	}
	Test    *certifiedTest
	Oracle  *certifiedTest `json:"oracle_test"`
	Dearest *certifiedTest `json:"dearest_test"`
	Notes   []string
}

func calibrateJSON(t *testing.T, args ...string) certified {
	t.Helper()
	var d certified
	if err := json.Unmarshal([]byte(must(t, append(append([]string{"calibrate"}, args...), "--json")...).stdout), &d); err != nil {
		t.Fatal(err)
	}
	if d.Version != 1 {
		t.Errorf("version %d", d.Version)
	}
	return d
}

func (d *certified) thresholds(t *testing.T) []float64 {
	t.Helper()
	if !d.Result.Certified || d.Result.Setting == nil {
		t.Fatalf("nothing is certified: %s", d.Result.Sentence)
	}
	var out []float64
	for _, v := range d.Result.Setting.Thresholds {
		number, ok := v.(float64)
		if !ok {
			t.Fatalf("an infinite threshold: %s", d.Result.Sentence)
		}
		out = append(out, number)
	}
	return out
}

var finalAnswer = regexp.MustCompile(`k\d+`)

// pairRow is a request between the first and the last model, worked out here.
func pairRow(id, group string, cheap, dear *datasets.Outcome, parallel bool) calibrate.Row {
	r := calibrate.Row{ID: id, Group: group, Score: math.NaN()}
	wrong := func(o *datasets.Outcome) bool { return !(o.Score.Known && o.Score.Value >= datasets.Right) }
	if parallel {
		if r.Wrong = wrong(cheap); cheap.Error != "" || dear.Error != "" {
			return r
		}
		a, b := finalAnswer.FindAllString(cheap.Response.Value, -1), finalAnswer.FindAllString(dear.Response.Value, -1)
		if len(a) > 0 && len(b) > 0 {
			r.Score = 0
			if a[len(a)-1] == b[len(b)-1] {
				r.Score = 1
			}
		}
		return r
	}
	if cheap.Error == "" && cheap.Confidence.Known {
		r.Score = cheap.Confidence.Value
	}
	r.Wrong = wrong(cheap) && !wrong(dear)
	return r
}

func gradedRow(id, group string, score float64, answers []datasets.Outcome) calibrate.Graded {
	g := calibrate.Graded{ID: id, Group: group, Score: score}
	for _, o := range answers {
		g.Quality = append(g.Quality, o.Score.Value) // 0 of a failed one
	}
	return g
}

// The thresholds are those of package calibrate on the splits that data split
// writes, and what they promise holds on 30,000 fresh requests.
func TestCalibrateSynthetic(t *testing.T) {
	t.Chdir(t.TempDir())
	const n, fresh = 3000, 30000
	must(t, "data", "synth", "--n", fmt.Sprint(n), "--logs", "0", "--only", "prompts,outcomes,scores", "--out", "made")
	must(t, "data", "split", "made/prompts.jsonl", "--out", "split.jsonl")
	file, err := datasets.ReadPrompts("split.jsonl", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	g, err := synth.New(synth.Default())
	if err != nil {
		t.Fatal(err)
	}
	models := len(g.Config().Models)
	answers := func(i int) (out []datasets.Outcome) {
		for m := range models {
			out = append(out, g.Outcome(i, m))
		}
		return out
	}
	set, err := datasets.PromptSetOf(file.Prompts)
	if err != nil {
		t.Fatal(err)
	}
	a, err := datasets.AssignSplits(set, "", datasets.DefaultShares(), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	var cascade, parallel splitRows[calibrate.Row]
	var route splitRows[calibrate.Graded]
	for i, p := range file.Prompts {
		o := answers(i)
		cascade.add(a.Splits[i], pairRow(p.ID, a.Groups.Key(i), &o[0], &o[models-1], false))
		parallel.add(a.Splits[i], pairRow(p.ID, a.Groups.Key(i), &o[0], &o[models-1], true))
		route.add(a.Splits[i], gradedRow(p.ID, a.Groups.Key(i), g.Latent(i).Difficulty, []datasets.Outcome{o[0], o[models-1]}))
	}
	level := calibrate.Level{Risk: .06, Confidence: .95}
	first := g.Config().Models[0].Name
	last := g.Config().Models[models-1].Name
	for _, c := range []struct {
		args []string
		want func() (calibrate.Result, error)
		risk func(i int, o []datasets.Outcome, from float64) (loss, of float64)
	}{
		{[]string{"cascade"}, func() (calibrate.Result, error) { return calibrate.Regret(cascade.tune, cascade.certify, level) }, func(_ int, o []datasets.Outcome, from float64) (loss, of float64) {
			if r := pairRow("", "", &o[0], &o[models-1], false); r.Score >= from && r.Wrong {
				return 1, 1
			}
			return 0, 1
		}},
		{[]string{"parallel", "--answer", `regex:k\d+`}, func() (calibrate.Result, error) {
			return calibrate.Agreement(parallel.tune, parallel.certify, level)
		}, func(_ int, o []datasets.Outcome, from float64) (loss, of float64) {
			switch r := pairRow("", "", &o[0], &o[models-1], true); {
			case !(r.Score >= from):
				return 0, 0
			case r.Wrong:
				return 1, 1
			}
			return 0, 1
		}},
		{[]string{"route", "--scores", "made/scores.jsonl", "--ladder", first + "," + last}, func() (calibrate.Result, error) {
			return calibrate.QualityLoss(route.tune, route.certify, level, "routeproof/bets")
		}, func(i int, o []datasets.Outcome, from float64) (loss, of float64) {
			if g.Latent(i).Difficulty < from {
				return o[models-1].Score.Value - o[0].Score.Value, 1
			}
			return 0, 1
		}},
	} {
		args := append(c.args, "--outcomes", "made/outcomes.jsonl", "--prompts", "split.jsonl", "--risk", "0.06")
		d := calibrateJSON(t, args...)
		want, err := c.want()
		if err != nil {
			t.Fatal(err)
		}
		got := d.thresholds(t)
		if !want.Certified || got[0] != float64(want.Setting.Thresholds[0]) || d.Result.N != want.N || d.Result.Setting.Errors != want.Setting.Errors || d.Result.Sentence != want.Sentence {
			t.Errorf("%s: %v, expected %v\n%s\n%s", c.args, got, want.Setting, d.Result.Sentence, want.Sentence)
		}
		// The split column is what the hash makes, so without it nothing changes.
		args[slices.Index(args, "split.jsonl")] = "made/prompts.jsonl"
		if diff := cmp.Diff(d, calibrateJSON(t, args...)); diff != "" {
			t.Errorf("%s: by a hash: %s", c.args, diff)
		}
		text := must(t, append([]string{"calibrate"}, args...)...).stdout
		for _, part := range []string{want.Sentence, fmt.Sprintf("%.6g", got[0]), "certified", "heuristic", "oracle", "always " + last} {
			if !strings.Contains(text, part) {
				t.Errorf("%s: %q is not in\n%s", c.args, part, text)
			}
		}
		if d.Test == nil || d.Test.N != d.Splits["test"] || d.Test.Share.Value == nil || d.Test.Risk.Value == nil || d.Test.CostShare == nil || d.Test.OfOracle == nil || d.Oracle.CostShare == nil {
			t.Errorf("%s: on test %+v", c.args, d.Test)
		}
		losses, of := 0.0, 0.0
		for i := n; i < n+fresh; i++ {
			loss, counts := c.risk(i, answers(i), got[0])
			losses, of = losses+loss, of+counts
		}
		if !(losses/of <= level.Risk) || losses == 0 {
			t.Errorf("%s: of %g fresh requests the risk is %.4f, over %g", c.args, of, losses/of, level.Risk)
		}
	}
}

// toys are requests of two models: the cheap one is sure of what it has right,
// which is three in four.
func toys(n int, more string) []string {
	var lines []string
	for i := range n {
		right := 1
		if i%4 == 3 {
			right = 0
		}
		lines = append(lines,
			fmt.Sprintf(`{"id":"%d","model":"a","prompt":"number %x%d please","response":"%d","score":%d,"confidence":%g%s}`, i, i*7919, i, right, right, .1+.8*float64(right)+float64(i%10)/1000, more),
			fmt.Sprintf(`{"id":"%d","model":"b","prompt":"number %x%d please","response":"1","score":1%s}`, i, i*7919, i, more))
	}
	return lines
}

func TestCalibrateOrderAndCopies(t *testing.T) {
	t.Chdir(t.TempDir())
	lines := toys(600, "")
	write := func(lines []string) { writeFile(t, "o.jsonl", strings.Join(lines, "\n")) }
	all := func() string {
		out := ""
		for _, verb := range []string{"route", "cascade", "parallel"} {
			for _, json := range []string{"--json=false", "--json"} {
				out += must(t, "calibrate", verb, "--outcomes", "o.jsonl", "--ladder", "a,b", "--risk", "0.05", json).stdout
			}
		}
		return out
	}
	write(lines)
	before, once := all(), calibrateJSON(t, "cascade", "--outcomes", "o.jsonl", "--ladder", "a,b", "--risk", "0.05")
	if once.Copies != 0 || once.Result.Setting == nil {
		t.Errorf("%+v", once)
	}
	mixed := slices.Clone(lines)
	slices.Reverse(mixed)
	write(append(mixed[333:], mixed[:333]...))
	if diff := cmp.Diff(before, all()); diff != "" {
		t.Errorf("in another order: %s", diff)
	}
	// Each prompt three times more, under ids behind the first: no more evidence.
	copies := slices.Clone(lines)
	for k := range 3 {
		for _, line := range lines {
			copies = append(copies, strings.Replace(line, `","model"`, fmt.Sprintf(`-%d","model"`, k), 1))
		}
	}
	write(copies)
	more := calibrateJSON(t, "cascade", "--outcomes", "o.jsonl", "--ladder", "a,b", "--risk", "0.05")
	if more.Copies != 3*600 {
		t.Errorf("%d copies", more.Copies)
	}
	if more.Copies = 0; cmp.Diff(once, more) != "" {
		t.Errorf("with copies: %s", cmp.Diff(once, more))
	}
}

// Groups of the prompts are one piece of evidence too, whatever their texts.
func TestCalibrateGroups(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFile(t, "o.jsonl", strings.Join(toys(600, ""), "\n"))
	var prompts strings.Builder
	for i := range 600 {
		fmt.Fprintf(&prompts, `{"id":"%d","prompt":"number %x%d please","group":"g%d"}`+"\n", i, i*7919, i, i/5)
	}
	writeFile(t, "p.jsonl", prompts.String())
	d := calibrateJSON(t, "cascade", "--outcomes", "o.jsonl", "--ladder", "a,b", "--prompts", "p.jsonl", "--splits", "0/33.33/33.33/33.34")
	if n := d.Splits["tune"] + d.Splits["calibrate"] + d.Splits["test"]; n != 120 || d.Copies != 480 || d.Splits["train"] != 0 {
		t.Errorf("%v, %d copies; expected 120 groups of five", d.Splits, d.Copies)
	}
}

func TestCalibrateNotCertifiable(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFile(t, "o.jsonl", strings.Join(toys(60, ""), "\n"))
	args := []string{"cascade", "--outcomes", "o.jsonl", "--ladder", "a,b", "--risk", "0.01"}
	d := calibrateJSON(t, args...)
	if d.Result.Certified || d.Result.More == 0 || d.Result.Setting != nil || d.Test != nil {
		t.Fatalf("%+v", d)
	}
	text := must(t, append([]string{"calibrate"}, args...)...).stdout
	for _, part := range []string{"Not certifiable with 95 % confidence", fmt.Sprintf("%d more requests beside the %d", d.Result.More, d.Result.N), "more over all splits as they are here", "certified  none"} {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in\n%s", part, text)
		}
	}
	// As many more do indeed: errors are as rare.
	more := calibrateJSON(t, append([]string{"cascade", "--outcomes", writeFile(t, "more.jsonl", strings.Join(toys(60*(d.Result.More+d.Result.N)/d.Result.N*5/4, ""), "\n"))}, args[3:]...)...)
	if !more.Result.Certified {
		t.Errorf("with more: %s", more.Result.Sentence)
	}
}

func TestCalibratePairAndPrices(t *testing.T) {
	t.Chdir(t.TempDir())
	lines := toys(600, `,"input_tokens":1000,"output_tokens":0`)
	for i := range 600 {
		lines = append(lines, fmt.Sprintf(`{"id":"%d","model":"c","response":"1","score":1,"input_tokens":1000,"output_tokens":0}`, i))
	}
	writeFile(t, "o.jsonl", strings.Join(lines, "\n"))
	writeFile(t, "prices.jsonl", `{"model":"a","input_per_m":1,"output_per_m":0}`+"\n"+`{"model":"b","input_per_m":10,"output_per_m":0}`+"\n"+`{"model":"c","input_per_m":30,"output_per_m":0}`)
	args := []string{"cascade", "--outcomes", "o.jsonl", "--ladder", "S=a,M=b,L=c", "--risk", "0.05"}
	for pair, models := range map[string][]string{"": {"a", "c"}, "a,b": {"a", "b"}, "S, M": {"a", "b"}, "M,c": nil} {
		if models == nil { // b has no confidence
			if r := call(t, "", append([]string{"calibrate"}, append(args, "--pair", pair)...)...); r.code != exitContent || !strings.Contains(r.stderr, "no request has a confidence of b") {
				t.Errorf("pair %q: exit %d: %s", pair, r.code, r.stderr)
			}
			continue
		}
		if d := calibrateJSON(t, append(args, "--pair", pair)...); !slices.Equal(d.Models, models) || d.Test.CostShare != nil || d.Test.OfOracle == nil {
			t.Errorf("pair %q: %v, on test %+v", pair, d.Models, d.Test)
		}
	}
	d := calibrateJSON(t, append(args, "--pair", "a,b", "--prices", "prices.jsonl")...)
	taken, right := *d.Test.Share.Value, *d.Oracle.Share.Value
	within(t, "a cascade's cost", d.Test.CostShare, (1+10*(1-taken))/10, 1e-9)
	within(t, "the oracle's", d.Oracle.CostShare, (right+10*(1-right))/10, 1e-9)
	within(t, "that of always b", d.Dearest.CostShare, 1, 1e-9)
	within(t, "of the oracle's saving", d.Test.OfOracle, (1-*d.Test.CostShare)/(1-*d.Oracle.CostShare), 1e-9)
	d = calibrateJSON(t, "parallel", "--outcomes", "o.jsonl", "--ladder", "a,b", "--risk", "0.05", "--prices", "prices.jsonl")
	within(t, "parallel's cost", d.Test.CostShare, 1.1, 1e-9)
}

// Predictions of a run are of its test prompts, which are split again.
func TestCalibratePredictions(t *testing.T) {
	t.Chdir(t.TempDir())
	must(t, "data", "synth", "--n", "1500", "--logs", "0", "--only", "prompts,outcomes", "--out", "made")
	writeFile(t, "quick.yaml", "bootstrap:\n  replicates: 100\n")
	must(t, "run", "--prompts", "made/prompts.jsonl", "--config", "quick.yaml", "--out", "out")
	d := calibrateJSON(t, "route", "--outcomes", "made/outcomes.jsonl", "--predictions", "out/predictions.parquet", "--classifier", "embedding", "--risk", "0.1")
	if n := d.Splits["tune"] + d.Splits["calibrate"] + d.Splits["test"] + d.Copies; n < 200 || n > 400 || d.Splits["train"] != 0 || d.Splits["calibrate"] < 60 || !strings.Contains(strings.Join(d.Notes, "\n"), "split again") {
		t.Errorf("%v, %d copies, notes %q", d.Splits, d.Copies, d.Notes)
	}
}

func TestCalibrateWrongUsage(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFile(t, "o.jsonl", strings.Join(toys(40, ""), "\n"))
	writeFile(t, "empty.jsonl", "")
	writeFile(t, "failed.jsonl", `{"id":"1","model":"a","error":"x"}`+"\n"+`{"id":"1","model":"b","error":"x"}`)
	writeFile(t, "bare.jsonl", `{"id":"1","model":"a","score":1}`+"\n"+`{"id":"1","model":"b","score":1}`)
	writeFile(t, "unscored.jsonl", `{"id":"1","model":"a","prompt":"x"}`+"\n"+`{"id":"1","model":"b","prompt":"x"}`)
	writeFile(t, "other.jsonl", `{"id":"x","score":1}`)
	writeFile(t, "nan.jsonl", `{"id":"1","score":NaN}`)
	var split strings.Builder
	for i := range 40 {
		fmt.Fprintf(&split, `{"id":"%d","prompt":"number %x%d please","split":"%s"}`+"\n", i, i*7919, i, []string{"train", "tune", "test"}[i%3])
	}
	writeFile(t, "split.jsonl", split.String())
	for _, c := range []struct {
		args string
		code int
		says string
	}{
		{"route", 2, `"outcomes" not set`},
		{"route --outcomes o.jsonl extra", 2, "unknown command"},
		{"cascade --outcomes absent.jsonl --ladder a,b", 2, "absent.jsonl"},
		{"cascade --outcomes o.jsonl", 2, "name models of this file"},
		{"cascade --outcomes o.jsonl --ladder a", 2, "expected 2 to 64 rungs"},
		{"cascade --outcomes o.jsonl --ladder a,b --risk 0", 2, "--risk: expected over 0 and below 1, found 0"},
		{"route --outcomes o.jsonl --ladder a,b --risk NaN", 2, "--risk: expected over 0 and below 1, found NaN"},
		{"parallel --outcomes o.jsonl --ladder a,b --confidence 1", 2, "--confidence: expected over 0 and below 1, found 1"},
		{"cascade --outcomes o.jsonl --ladder a,b --splits 20/20/60", 2, "--splits: expected the shares of train (perhaps 0), tune, calibrate and test"},
		{"cascade --outcomes o.jsonl --ladder a,b --splits 0/30/50/30", 2, "--splits: expected shares of train, tune, calibrate and test that sum to 100, or to 1, as in 20/20/50/10; those of \"0/30/50/30\" sum to 110"},
		{"cascade --outcomes o.jsonl --ladder a,b --splits 1/1/1/1", 2, "sum to 4"},
		{"cascade --outcomes o.jsonl --ladder a,b --splits 1/1/0/1", 2, "--splits: expected"},
		{"cascade --outcomes o.jsonl --ladder a,b --splits 1/1/Inf/1", 2, "--splits: expected"},
		{"cascade --outcomes o.jsonl --ladder a,b --pair b,a", 2, `a dearer one, found "b,a"`},
		{"cascade --outcomes o.jsonl --ladder a,b --pair a", 2, "two models or tiers with a comma between"},
		{"cascade --outcomes o.jsonl --ladder a,b --pair a,z", 2, `found "a,z"`},
		{"cascade --outcomes o.jsonl --ladder a,b --predictions p.parquet", 2, "--predictions goes with calibrate route"},
		{"route --outcomes o.jsonl --ladder a,b --router magic", 2, `expected one of length, classifier, found "magic"`},
		{"route --outcomes o.jsonl --ladder a,b --scores x --scores y", 2, "a guarantee is of one router"},
		{"route --outcomes o.jsonl --ladder a,b --scores x --router length", 2, "--router and --scores are two routers"},
		{"route --outcomes o.jsonl --ladder a,b --scores x --predictions y", 2, "--predictions and --scores are two routers"},
		{"route --outcomes o.jsonl --ladder a,b --router length --predictions y", 2, "without --predictions"},
		{"route --outcomes o.jsonl --ladder a,b --classifier rule", 2, "expected --predictions with it"},
		{"parallel --outcomes o.jsonl --ladder a,b --threshold 1", 2, "unknown flag"},
		{"parallel --outcomes o.jsonl --ladder a,b --answer nonsense", 2, "--answer"},
		{"cascade --outcomes o.jsonl --ladder a,b --prompts split.jsonl --splits 25/25/25/25", 12, "no request is in calibrate"},
		{"cascade --outcomes o.jsonl --ladder a,b --prompts split.jsonl", 12, "no request is in calibrate"},
		{"cascade --outcomes empty.jsonl --ladder a,b", 12, "no outcomes"},
		{"cascade --outcomes failed.jsonl --ladder a,b", 12, "no request has a confidence of a"},
		{"parallel --outcomes failed.jsonl --ladder a,b", 12, "no request has two answers to compare"},
		{"route --outcomes failed.jsonl --ladder a,b", 12, "no text of a request is known"},
		{"route --outcomes bare.jsonl --ladder a,b", 12, "no text of a request is known"},
		{"route --outcomes unscored.jsonl --ladder a,b --splits 0/.3/.3/.4", 12, "a known quality of every model"},
		{"route --outcomes o.jsonl --ladder a,b --scores other.jsonl", 12, "expected ids of requests in o.jsonl"},
		{"route --outcomes o.jsonl --ladder a,b --scores nan.jsonl", 12, "JSON has no NaN"},
	} {
		r := call(t, "", append([]string{"calibrate"}, strings.Fields(c.args)...)...)
		if r.code != c.code || !strings.Contains(r.stderr, c.says) || r.stdout != "" {
			t.Errorf("%s: exit %d, expected %d and %q in:\n%s%s", c.args, r.code, c.code, c.says, r.stderr, r.stdout)
		}
	}
	// A note quotes names once.
	lines := append(toys(40, ""), `{"id":"1","model":"odd \u001b[31m","score":1}`)
	if err := os.WriteFile("odd.jsonl", []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	if text := must(t, "calibrate", "cascade", "--outcomes", "odd.jsonl", "--ladder", "a,b").stdout; !strings.Contains(text, `note: models that are not on the ladder: "odd \x1b[31m"`) {
		t.Errorf("%s", text)
	}
}

// Whole responses that never agree: what may be wrong is how they are compared.
func TestCalibrateParallelNeverAgrees(t *testing.T) {
	t.Chdir(t.TempDir())
	var rows strings.Builder
	for i := range 60 {
		for _, model := range []string{"a", "b"} {
			fmt.Fprintf(&rows, `{"id":"p%d","model":%q,"prompt":"question %d","response":"%s thinks k%d","score":1}`+"\n", i, model, i, model, i)
		}
	}
	writeFile(t, "o.jsonl", rows.String())
	args := []string{"calibrate", "parallel", "--outcomes", "o.jsonl", "--ladder", "a,b", "--risk", "0.3"}
	if r := must(t, args...); !strings.Contains(r.stdout, "No two answers of tune agree: say how") {
		t.Errorf("shown is\n%s", r.stdout)
	}
	if r := must(t, append(args, "--answer", `regex:k\d+`)...); !strings.Contains(r.stdout, "Certified with") {
		t.Errorf("shown is\n%s", r.stdout)
	}
}
