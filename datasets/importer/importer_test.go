package importer

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/routeproof/routeproof/datasets"
)

func TestFormats(t *testing.T) {
	names := map[string]bool{}
	for _, f := range Formats() {
		if f.Name == "" || f.Summary == "" || f.Files == "" || f.Columns == "" || names[f.Name] {
			t.Errorf("%+v", f)
		}
		names[f.Name] = true
	}
	doc, err := os.ReadFile("../../docs/importing.md")
	if err != nil {
		t.Fatal(err)
	}
	for name := range names {
		if !strings.Contains(string(doc), "--from "+name+" ") {
			t.Errorf("docs/importing.md has no command for %s", name)
		}
	}
}

func TestUsage(t *testing.T) {
	path := put(t, t.TempDir(), "a.csv", "prompt,m\nx,True\n")
	misuse(t, load(t, "routerbnch", Options{}, path), `"routerbnch"`, `did you mean "routerbench"`, "routellm-mmlu", "wide")
	misuse(t, load(t, "routerbench", Options{}), "no file")
	misuse(t, load(t, "routerbench", Options{Contaminated: path}, path), "takes no contaminated")
	misuse(t, load(t, "routellm-mmlu", Options{Questions: path}, path), "takes no questions")
	misuse(t, load(t, "routellm-mmlu", Options{Models: []string{"m"}}, path), "takes no models")
	misuse(t, load(t, "routellm-gsm8k", Options{}, path, path), "found 2 files")
	misuse(t, load(t, "routellm-mt-bench", Options{Contaminated: path}, path), "--questions")
	misuse(t, load(t, "wide", Options{}, path), "--models")
	misuse(t, load(t, "wide", Options{Models: []string{"prompt"}}, path), `"prompt"`)
	misuse(t, load(t, "wide", Options{Models: []string{"m", "m"}}, path), "different")
	misuse(t, load(t, "routellm-mmlu", Options{}, t.TempDir()), "no CSV or Parquet file")
}

func TestMissingFile(t *testing.T) {
	for _, f := range Formats() {
		o := Options{}
		if f.Name == "wide" {
			o.Models = []string{"m"}
		}
		if in := load(t, f.Name, o, "/nowhere/mmlu_x.csv"); !errors.Is(in.err, os.ErrNotExist) {
			t.Errorf("%s: %v", f.Name, in.err)
		}
	}
	path := put(t, t.TempDir(), "mmlu_a.csv", "prompt,m\nx,True\n")
	if in := load(t, "routellm-mmlu", Options{Contaminated: "/nowhere"}, path); !errors.Is(in.err, os.ErrNotExist) {
		t.Error(in.err)
	}
}

// An error of the caller ends the import.
func TestVisitError(t *testing.T) {
	path := put(t, t.TempDir(), "mmlu_a.csv", "prompt,m\nx,True\ny,True\n")
	stop, n := errors.New("stop"), 0
	_, err := Import("routellm-mmlu", []string{path}, Options{}, nil, func(*datasets.Outcome) error { n++; return stop })
	if !errors.Is(err, stop) || n != 1 {
		t.Errorf("%v after %d", err, n)
	}
}

// Layouts given as another one are recognised.
func TestOtherLayouts(t *testing.T) {
	dir := t.TempDir()
	files := map[string]string{
		"routellm-mmlu":     put(t, dir, "mmlu_a.csv", "prompt,m,n\nx,True,False\n"),
		"routellm-gsm8k":    put(t, dir, "gsm8k_responses.csv", "prompt,m,n,m_response,n_response\nx,True,False,a,b\n"),
		"routellm-mt-bench": put(t, dir, "judgements.jsonl", `{"question_id":81,"model":"m","judge":["gpt-4","single-v1"],"score":9,"turn":1}`),
		"routerbench":       put(t, dir, "routerbench.csv", "sample_id,prompt,eval_name,m,m|model_response,m|total_cost\na,x,e,1.0,y,0.1\n"),
	}
	for given, path := range files {
		for format := range files {
			if in := load(t, format, Options{}, path); given == format {
				expectNoError(t, in)
			} else {
				refusal(t, in, "expected "+columnsOf(t, format), "found columns", "looks like "+given)
			}
		}
	}
	for content, words := range map[string]string{
		`{"id":"a","model":"m","score":1}`:                        "is an outcomes file already",
		`{"question_id":81,"category":"writing","turns":["a"]}`:   "--questions",
		`{"train_prompt":"a","eval_prompt":"b"}`:                  "--contaminated",
		`{"query":"a","model_name":"m","performance":1,"cost":0}`: "docs/importing.md",
	} {
		refusal(t, load(t, "routerbench", Options{}, put(t, dir, "x.jsonl", content)), words)
	}
	refusal(t, load(t, "routerbench", Options{}, put(t, dir, "x.jsonl", `{"sample_id":"a","prompt":"x","eval_name":"e","m":1,"m|total_cost":1}`)), "JSON Lines", "CSV or Parquet")
	refusal(t, load(t, "routerbench", Options{}, put(t, dir, "x.jsonl", `[{"sample_id":"a"}]`)), "JSON array")
}

func expectNoError(t *testing.T, in imported) {
	t.Helper()
	if in.err != nil {
		t.Error(in.err)
	}
}

func columnsOf(t *testing.T, format string) string {
	t.Helper()
	f, err := find(format)
	if err != nil {
		t.Fatal(err)
	}
	return f.Columns
}

// What is no table at all is refused in words.
func TestRefusedFiles(t *testing.T) {
	dir := t.TempDir()
	const name = "mmlu_a.csv"
	for _, c := range []struct{ name, content, words string }{
		{name, "", "is empty"},
		{name + ".gz", "", "is empty"},
		{name, "\n\n", "expected a CSV header"},
		{name, "\ufeffprompt,m\r\n", "no rows"},
		{name, "PK\x03\x04....", "zip archive"},
		{name, "\x1f\x8b\x08\x00garbage", "damaged"},
		{name, "PAR1 but no more", "Parquet"},
		{"mmlu_a.txt", "once upon a time\n", "does not look like JSON Lines, CSV or Parquet"},
		{name, "prompt,m,m\nx,True,True\n", "stands twice"},
		{name, "prompt,m\nx\n", "expected 2 cells"},
		{name, "prompt,m\n\"x,True\n", "not closed"},
		{name, "prompt,m\n,True\n", "found an empty cell"},
		{name, "prompt,\xff\nx,True\n", "not valid UTF-8"},
		{name, "prompt,m\n\xff,True\n", "not valid UTF-8"},
		{"anatomy.csv", "prompt,m\nx,True\n", "mmlu_anatomy.csv"},
		{"mmlu_.csv", "prompt,m\nx,True\n", "domain"},
	} {
		refusal(t, load(t, "routellm-mmlu", Options{}, put(t, dir, c.name, c.content)), c.words, c.name)
	}
}

func TestPipe(t *testing.T) {
	refusal(t, load(t, "routerbench", Options{}, os.DevNull), "is not a plain file")
}

func TestPickles(t *testing.T) {
	dir := t.TempDir()
	for _, head := range []string{
		"\x80\x02cpandas.core.frame\nDataFrame\nq\x00)\x81q\x01", "\x80\x03cpandas.core.frame\nDataFrame\n",
		"\x80\x04\x95\x00\x00\x00\x00\x00\x00\x00\x00\x8c\x11pandas.core.frame,", "\x80\x05\x95,,,\n,",
		"ccopy_reg\n_reconstructor\np0\n(cpandas.core.frame,\n", "ccopy_reg\n_reconstructor\nq\x00", "(dp0\nS'a'\np1\n,", "}q\x00(X\x01,", "(lp0\nI1\na.",
	} {
		for _, name := range []string{"routerbench_0shot.pkl", "routerbench.csv", "x.pkl.gz"} {
			for _, format := range []string{"routerbench", "routellm-mt-bench"} {
				refusal(t, load(t, format, Options{}, put(t, dir, name, head)), "is a Python pickle", "read_pickle", "to_csv", "index=False")
			}
		}
	}
	path := put(t, dir, "routerbench_0shot.pkl", "BZh91AY&SY\x00,\n")
	refusal(t, load(t, "routerbench", Options{}, path), "is a Python pickle", `read_pickle("`+path+`").to_csv("`+filepath.Join(dir, "routerbench_0shot.csv")+`"`)
	refusal(t, load(t, "routerbench", Options{}, put(t, dir, "o'clock.pkl", "\x80\x04.")), `read_pickle("in.pkl").to_csv("in.csv"`)
	// So is a table of one column, which begins as old pickles do.
	expectNoError(t, load(t, "wide", Options{Models: []string{"claude"}}, put(t, dir, "own.csv", "claude\n1\n0\n")))
	// What is CSV by its content is read, whatever its name.
	expectNoError(t, load(t, "routerbench", Options{}, put(t, dir, "a.pkl", "sample_id,prompt,eval_name,m,m|total_cost\na,x,e,1.0,0.1\n")))
}

// All bad rows of all files are told.
func TestAllProblemsAreTold(t *testing.T) {
	dir := t.TempDir()
	a := put(t, dir, "mmlu_a.csv", "prompt,m,n\nx,maybe,0.5\ny,True,2\nz,True\n")
	b := put(t, dir, "mmlu_b.csv", "prompt,m,n\n\"x\ny\",,\nz,yes,-1\n")
	in := load(t, "routellm-mmlu", Options{}, a, b)
	refusal(t, in, "6 problems", "and 1 more")
	want := []datasets.Problem{
		{File: a, Line: 2, Field: "m", Reason: `expected True or False, found "maybe"`},
		{File: a, Line: 2, Field: "n", Reason: `expected True or False, found "0.5"`},
		{File: a, Line: 3, Field: "n", Reason: `expected True or False, found "2"`},
		{File: a, Line: 4, Reason: "expected 3 cells as in the header, found 2 (is a text with a separator not in quotes?)"},
		{File: b, Line: 4, Field: "m", Reason: `expected True or False, found "yes"`},
		{File: b, Line: 4, Field: "n", Reason: `expected True or False, found "-1"`},
	}
	if !slices.Equal(in.told, want) {
		t.Errorf("told of\n%v\nexpected\n%v", in.told, want)
	}
}

func TestProblemsAreBounded(t *testing.T) {
	path := put(t, t.TempDir(), "mmlu_a.csv", "prompt,m\n"+strings.Repeat("x,?\n", maxProblems+10))
	in := load(t, "routellm-mmlu", Options{}, path)
	refusal(t, in, "100,001 problems")
	if last := in.told[len(in.told)-1].Reason; !strings.Contains(last, "more than 100000") {
		t.Error(last)
	}
}
