package importer

import (
	"slices"
	"testing"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/internal/table"
)

func answered(o datasets.Outcome, response string, usd float64) datasets.Outcome {
	o.Response, o.CostUSD = datasets.Known(response), datasets.Known(usd)
	return o
}

// The layout of convertors/common.py of withmartian/routerbench.
func TestRouterBench(t *testing.T) {
	dir := t.TempDir()
	const header = "sample_id,prompt,eval_name,claude-v1,gpt-4,claude-v1|model_response,gpt-4|model_response,claude-v1|total_cost,gpt-4|total_cost,oracle_model_to_route_to,created\n"
	const csv = header +
		`mmlu-astronomy.val.5,"['It\'s ""red""?\nA) yes']",mmlu-astronomy,1.0,0.25,['A'],"[""it's""]",0.0001,2e-05,claude-v1,x` + "\n" +
		`mtbench.dev.1,"['One', 'Two']",mtbench,0.3,nan,"['a', 'b']",,,NaN,claude-v1,y` + "\n" +
		"plain,[Not a list],plain,,False,,[x],,0,gpt-4,z\n"
	prompt := "It's \"red\"?\nA) yes"
	list := answered(scored("mtbench.dev.1", "claude-v1", "['One', 'Two']", "mtbench", 0.3), "['a', 'b']", 0)
	list.CostUSD = datasets.Optional[float64]{}
	want := []datasets.Outcome{
		answered(scored("mmlu-astronomy.val.5", "claude-v1", prompt, "mmlu-astronomy", 1), "A", 1e-4),
		answered(scored("mmlu-astronomy.val.5", "gpt-4", prompt, "mmlu-astronomy", 0.25), "it's", 2e-5),
		list,
		answered(scored("plain", "gpt-4", "[Not a list]", "plain", 0), "[x]", 0),
	}
	for _, name := range []string{"routerbench_0shot.csv", "routerbench_0shot.csv.gz"} {
		in := load(t, "routerbench", Options{}, put(t, dir, name, csv))
		expect(t, in, want...)
		if !slices.Equal(in.report.Warnings, []string{"1 prompts are lists of several texts and stand as they were written", `columns not used: "created"`}) || in.report.Dropped[0].Count != 2 {
			t.Errorf("%+v", in.report)
		}
	}
	columns := []table.Column{{Name: "sample_id", Type: table.Text}, {Name: "prompt", Type: table.Text}, {Name: "eval_name", Type: table.Text},
		{Name: "claude-v1", Type: table.Number}, {Name: "gpt-4", Type: table.Number}, {Name: "claude-v1|model_response", Type: table.Text}, {Name: "gpt-4|model_response", Type: table.Text},
		{Name: "claude-v1|total_cost", Type: table.Number}, {Name: "gpt-4|total_cost", Type: table.Number}, {Name: "oracle_model_to_route_to", Type: table.Text}}
	rows := [][]any{
		{"mmlu-astronomy.val.5", `['It\'s "red"?\nA) yes']`, "mmlu-astronomy", 1.0, 0.25, "['A']", `["it's"]`, 1e-4, 2e-5, "claude-v1"},
		{"mtbench.dev.1", "['One', 'Two']", "mtbench", 0.3, nil, "['a', 'b']", nil, nil, nil, "claude-v1"},
		{"plain", "[Not a list]", "plain", nil, 0.0, nil, "[x]", nil, 0.0, "gpt-4"},
	}
	expect(t, load(t, "routerbench", Options{}, putParquet(t, dir, "routerbench_0shot.parquet", columns, rows)), want...)
}

func TestRouterBenchFaults(t *testing.T) {
	dir := t.TempDir()
	const header = "sample_id,prompt,eval_name,m,m|model_response,m|total_cost\n"
	for rows, words := range map[string]string{
		"a,x,e,1.5,y,0\n":           `:2: m: expected a score from 0 to 1, found "1.5"`,
		"a,x,e,-0.1,y,0\n":          `:2: m: expected a score from 0 to 1, found "-0.1"`,
		"a,x,e,good,y,0\n":          `:2: m: expected a score from 0 to 1, found "good"`,
		"a,x,e,inf,y,0\n":           `:2: m: expected a score from 0 to 1, found "inf"`,
		"a,x,e,1,y,-1\n":            `:2: m|total_cost: expected a cost from 0 to 1000000 USD, found "-1"`,
		"a,x,e,1,y,True\n":          `:2: m|total_cost: expected a cost`,
		"a,x,e,1,y,0\na,x,e,1,y,0":  `:3: sample_id: "a" stands on line 2 already`,
		",x,e,1,y,0\n":              ":2: sample_id: expected a string, found an empty cell",
		"a,,e,1,y,0\n":              ":2: prompt: expected a string, found an empty cell",
		"a,\"x\ny\",e,1,y,0\na,x\n": ":4: expected 6 cells",
	} {
		refusal(t, load(t, "routerbench", Options{}, put(t, dir, "r.csv", header+rows)), words)
	}
	refusal(t, load(t, "routerbench", Options{}, put(t, dir, "r.csv", header+"a,x,e,1,y,0\na,x,e,2,y,-1\n")), // of one row, too
		`:3: sample_id: "a" stands on line 2 already`, `:3: m: expected a score from 0 to 1, found "2"`, `:3: m|total_cost: expected a cost from 0 to 1000000 USD, found "-1"`)
	a, b := put(t, dir, "a.csv", header+"a,x,e,1,y,0\n"), put(t, dir, "b.csv", header+"b,x,e,1,y,0\na,x,e,1,y,0\n")
	refusal(t, load(t, "routerbench", Options{}, a, b), b+`:3: sample_id: "a" stands on line 2 of `+a)
	refusal(t, load(t, "routerbench", Options{}, put(t, dir, "c.csv", "sample_id,prompt,eval_name,m|model_response\na,x,e,y\n")), `no column "m" with the scores`)
	refusal(t, load(t, "routerbench", Options{}, put(t, dir, "c.csv", "sample_id,prompt,eval_name,m\na,x,e,1\n")), "no columns MODEL|model_response")
	columns := []table.Column{{Name: "sample_id", Type: table.Text}, {Name: "prompt", Type: table.Text}, {Name: "eval_name", Type: table.Text}, {Name: "m", Type: table.Number}, {Name: "m|total_cost", Type: table.Number}}
	refusal(t, load(t, "routerbench", Options{}, putParquet(t, dir, "r.parquet", columns, [][]any{{"a", "x", "e", 1.0, 0.0}, {"b", "x", "e", 7.0, -2.0}})),
		":2: m: expected a score from 0 to 1, found 7", ":2: m|total_cost: expected a cost from 0 to 1000000 USD, found -2")
}

// A table without answers, with the routers that RouterBench evaluated on one
// that has them.
func TestRouterBenchModels(t *testing.T) {
	dir := t.TempDir()
	in := load(t, "routerbench", Options{}, put(t, dir, "a.csv", "sample_id,prompt,eval_name,m,m|total_cost\n7,x,e,1,0.5\n"))
	want := scored("7", "m", "x", "e", 1)
	want.CostUSD = datasets.Known(0.5)
	expect(t, in, want)
	in = load(t, "routerbench", Options{}, put(t, dir, "a.csv", "sample_id,prompt,eval_name,m,m|model_response,knn|k:5,knn|k:5|total_cost\n7,x,e,1,y,m,0.5\n"))
	want = scored("7", "m", "x", "e", 1)
	want.Response = datasets.Known("y")
	expect(t, in, want)
	if !slices.Equal(in.report.Warnings, []string{`columns not used: "knn|k:5", "knn|k:5|total_cost"`}) {
		t.Errorf("%+v", in.report)
	}
}

// Lists as Python 3 writes them: repr([…]).
func TestUnwrap(t *testing.T) {
	for _, c := range []struct {
		list, text string
		n          int
	}{
		{`['a']`, "a", 1}, {`["it's"]`, "it's", 1}, {`['']`, "", 1}, {`['a\nb\t\\n\r']`, "a\nb\t\\n\r", 1}, {`['it\'s "x"']`, `it's "x"`, 1},
		{`['\x00\u200b\U000e0001é']`, "\x00\u200b\U000e0001é", 1}, {`['a]', '[b']`, "", 2}, {`['a', "b", 'c']`, "", 3},
		{``, "", 0}, {`[]`, "", 0}, {`a`, "", 0}, {`['a'`, "", 0}, {`['a`, "", 0}, {`['a']]`, "", 0}, {`['a'] `, "", 0}, {` ['a']`, "", 0}, {`['a',]`, "", 0}, {`['a','b']`, "", 0},
		{`['a', ]`, "", 0}, {`['a', 1]`, "", 0}, {`[a]`, "", 0}, {`["a" 'b']`, "", 0}, {`['\q']`, "", 0}, {`['\x1']`, "", 0}, {`['\x+1']`, "", 0}, {`['\ud800']`, "", 0},
		{`['\U00110000']`, "", 0}, {`['\Uffffffff']`, "", 0}, {`['\']`, "", 0}, {`['\`, "", 0}, {"['a\nb']", "", 0}, {`[b'a']`, "", 0}, {`['a'b]`, "", 0},
	} {
		if c.n != 1 {
			c.text = c.list
		}
		if text, n := unwrap(c.list); text != c.text || n != c.n {
			t.Errorf("%q: %q, %d, expected %q, %d", c.list, text, n, c.text, c.n)
		}
	}
}

func TestWide(t *testing.T) {
	dir := t.TempDir()
	o := Options{Models: []string{"big", "small"}}
	in := load(t, "wide", o, put(t, dir, "mine.csv", "id;prompt;domain;small;big;note\na;x;d;0,5;1\n"))
	refusal(t, in, "expected 6 cells")
	in = load(t, "wide", o, put(t, dir, "mine.csv", "id,prompt,domain,small,big,note,big_response,big_cost_usd\na,x,d,0.5,1,n,yes,0.1\nb,y,,True,,n,,\n"))
	expect(t, in, answered(scored("a", "big", "x", "d", 1), "yes", 0.1), scored("a", "small", "x", "d", 0.5), scored("b", "small", "y", "", 1))
	if !slices.Equal(in.report.Warnings, []string{`columns not used: "note"`}) {
		t.Errorf("%+v", in.report)
	}
	expect(t, load(t, "wide", o, put(t, dir, "mine.v2.csv.gz", "small,big\n0,1\n1,1\n")),
		scored("mine.v2/0", "big", "", "", 1), scored("mine.v2/0", "small", "", "", 0), scored("mine.v2/1", "big", "", "", 1), scored("mine.v2/1", "small", "", "", 1))
	columns := []table.Column{{Name: "id", Type: table.Whole}, {Name: "big", Type: table.Boolean}, {Name: "small", Type: table.Number}}
	expect(t, load(t, "wide", o, putParquet(t, dir, "mine.parquet", columns, [][]any{{7.0, true, 0.25}, {8.0, false, nil}})),
		scored("7", "big", "", "", 1), scored("7", "small", "", "", 0.25), scored("8", "big", "", "", 0))
	refusal(t, load(t, "wide", o, put(t, dir, "mine.csv", "id,big,smal\na,1,1\n")), `small: no such column: found "id", "big", "smal" (did you mean "smal"?)`)
	refusal(t, load(t, "wide", o, put(t, dir, "mine.csv", "id,big,small\na,1,2\n")), `:2: small: expected a score from 0 to 1, found "2"`)
}
