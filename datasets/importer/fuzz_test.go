package importer

import (
	"errors"
	"testing"

	"github.com/routeproof/routeproof/datasets"
)

// fuzz feeds a format files of any content; load holds what must be true.
func fuzz(f *testing.F, format, name string, o Options, seeds ...string) {
	for _, seed := range append(seeds, "", "\n", "[", "{}", "\x80\x04.", "\x1f\x8b", "PAR1", "\ufeff") {
		f.Add([]byte(seed))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		in := load(t, format, o, put(t, t.TempDir(), name, string(data)))
		var content *datasets.ContentError
		if in.err != nil && !errors.As(in.err, &content) {
			t.Fatalf("%s: error is %v, expected one of content", dir, in.err)
		}
	})
}

func FuzzMMLU(f *testing.F) {
	list := put(f, f.TempDir(), "list.jsonl", `{"eval_prompt":"x"}`)
	fuzz(f, "routellm-mmlu", "mmlu_a.csv", Options{Contaminated: list}, mmluCSV, "prompt;m\nx;1\ny;nan\n", ",prompt,m\n0,\"x\r\ny\",\n", "prompt,m\n,maybe\n")
}

func FuzzGSM8K(f *testing.F) {
	fuzz(f, "routellm-gsm8k", "gsm8k.csv", Options{}, "prompt,m,m_response\nx,True,\"a\nb\"\ny,,\n", "prompt\tm\tm_response\nx\t0\t\"\"\n")
}

func FuzzMTBench(f *testing.F) {
	o := Options{Questions: put(f, f.TempDir(), "question.jsonl", questions)}
	fuzz(f, "routellm-mt-bench", "j.jsonl", o, judgements, "question_id,model,turn,score\n81,m,1,9\n")
}

func FuzzMTBenchQuestions(f *testing.F) {
	path := put(f, f.TempDir(), "j.jsonl", judgements)
	for _, seed := range []string{questions, `{"question_id":81,"turns":["a","b"]}`, `{"question_id":81,"turns":"[]"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		load(t, "routellm-mt-bench", Options{Questions: put(t, t.TempDir(), "q.jsonl", string(data))}, path)
	})
}

func FuzzRouterBench(f *testing.F) {
	fuzz(f, "routerbench", "r.csv", Options{}, "sample_id,prompt,eval_name,m,m|model_response,m|total_cost\na,['x'],e,1.0,['y'],0.1\nb,\"['p', 'q']\",e,,,\n",
		"sample_id,prompt,eval_name,m,m|total_cost,oracle_model_to_route_to\na,x,e,0.3,NaN,m\n")
}

func FuzzWide(f *testing.F) {
	fuzz(f, "wide", "own.csv", Options{Models: []string{"m", "n"}}, "id,prompt,m,n\na,x,1,0.5\nb,y,,true\n", "m,n,m_response,n_cost_usd\n1,0,yes,0.1\n")
}

// FuzzUnwrap holds that a list which was unwrapped can be written again.
func FuzzUnwrap(f *testing.F) {
	for _, seed := range []string{`['a']`, `["it's"]`, `['\x00\u200b\\']`, `['a', 'b']`, `['`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		text, n := unwrap(s)
		if n != 1 && text != s {
			t.Fatalf("%q became %q", s, text)
		}
		if n == 1 && len(text) > len(s)-4 {
			t.Fatalf("%q became the longer %q", s, text)
		}
	})
}
