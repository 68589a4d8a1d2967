package main

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/routeproof/routeproof/eval/pipeline"
	"github.com/routeproof/routeproof/internal/openaiapi"
	"github.com/routeproof/routeproof/internal/openaiapi/openaitest"
)

// liveTiers are the tiers of liveYAML: model-simple serves SIMPLE, and so on.
var liveTiers = []string{"SIMPLE", "MEDIUM", "COMPLEX", "FRONTIER"}

// livePrices of a model are such that the server bills just that.
const livePrices = "input_per_m: 1, output_per_m: 1"

// liveYAML writes a configuration that asks a server: endpoint holds more of the
// endpoint's keys, more is what comes behind the tiers.
func liveYAML(t *testing.T, name, url, endpoint, more string) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "endpoints: [{name: local, base_url: %q, retries: 0, concurrency: 8%s}]\ntiers:\n", url, endpoint)
	for _, tier := range liveTiers {
		fmt.Fprintf(&b, "  - {name: %s, model: model-%s, %s, max_tokens: 30, expected_output_tokens: 6, temperature: 0}\n", tier, strings.ToLower(tier), livePrices)
	}
	return writeFile(t, name, b.String()+more)
}

// Parts of configurations.
const (
	liveLLM   = "classifiers: {llm: {model: router, " + livePrices + "}}\n"
	liveEmbed = "embedder: {kind: openai, model: embed, max_inputs: 16, input_per_m: 1}\n"
	liveQuick = "bootstrap: {replicates: 100}\n"
)

// livePrompts writes n prompts, in turns of each tier and, four by four, of each
// split. Their words are their own.
func livePrompts(t *testing.T, name string, n int) string {
	t.Helper()
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"id":"p%04d","prompt":%q,"tier":%q,"split":%q,"domain":"d%d","reference":"ref %d"}`+"\n",
			i, livePrompt(i), liveTiers[i%4], []string{"train", "tune", "calibrate", "test"}[i/4%4], i%3, i)
	}
	return writeFile(t, name, b.String())
}

// livePrompt is the text of a prompt: such as the rule knows, and such as it does
// not.
func livePrompt(i int) string {
	words := make([]string, 6)
	for k := range words {
		words[k] = fmt.Sprintf("w%d", 7919*(i+1)*(k+3)%99991)
	}
	return []string{"what is ", "tell me of ", "describe ", "explain in depth "}[i%4] + strings.Join(words, " ")
}

// liveAnswer is what the server's models say. The router names tiers, and is
// sometimes wrong or names none; the others agree on some prompts, and give too
// short an answer to others.
func liveAnswer(r *openaitest.Request) string {
	h := liveHash(r.User)
	switch {
	case r.Model == "router":
		_, message, _ := strings.Cut(r.User, "Request:\n")
		message, _, _ = strings.Cut(message, "\n\nWord:")
		return liveTier(message)
	case r.Model == "judge":
		return fmt.Sprintf(`{"score": %d, "why": "so it is"}`, h%11)
	case h%3 == 0:
		return "an answer on which all of them agree"
	case r.Model != "model-frontier" && h%7 < 3:
		return "no"
	}
	return fmt.Sprintf("the answer of %s to number %d", r.Model, h%1000)
}

// liveTier is what the router says of a message: mostly the tier.
func liveTier(message string) string {
	h := liveHash(message)
	switch h % 10 {
	case 0:
		return "perhaps"
	case 1:
		return liveTiers[h/10%4]
	}
	first, _, _ := strings.Cut(message, " ")
	return map[string]string{"what": "SIMPLE", "tell": "MEDIUM", "describe": "COMPLEX", "explain": "FRONTIER"}[first]
}

func liveHash(text string) uint32 {
	h := fnv.New32a()
	h.Write([]byte(text))
	return h.Sum32()
}

// sent fails the test where requests were sent that should not have been.
func sent(t *testing.T, s *openaitest.Server, want int, when string) {
	t.Helper()
	if n := s.Count(); n != want {
		t.Errorf("%s: the server has %d requests, expected %d", when, n, want)
	}
}

// jsonRows reads JSON Lines.
func jsonRows(t *testing.T, path string, without ...string) []map[string]any {
	t.Helper()
	var rows []map[string]any
	for line := range strings.Lines(readFile(t, path)) {
		var row map[string]any
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		for _, key := range without {
			delete(row, key)
		}
		rows = append(rows, row)
	}
	return rows
}

// liveKey is a key such as providers give.
const liveKey = "sk-or-v1-4f2d9c71e0b83a56d17f44c09e2ab8d3"

// liveSecret is the value of a secret header.
const liveSecret = "team-secret-0123456789"

// liveResult is what tests read of the JSON of a run.
type liveResult struct {
	Result struct {
		Classifiers []map[string]any
	}
	LLM *struct {
		Live     bool
		Recorded int
		Steady   *struct{ Times, Prompts, Same int }
	}
	Policies map[string]any
	Warnings []string
}

func liveResultOf(t *testing.T, text string) liveResult {
	t.Helper()
	var r liveResult
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// figuresOf returns what a run says of a classifier.
func figuresOf(t *testing.T, r liveResult, name string) map[string]any {
	t.Helper()
	for _, c := range r.Result.Classifiers {
		if c["name"] == name {
			return c
		}
	}
	t.Fatalf("no classifier %s", name)
	return nil
}

// The LLM classifier and the tiers' models are asked once; from then on the
// journal, and the files that were written, say the same.
func TestRunLive(t *testing.T) {
	t.Chdir(t.TempDir())
	const n = 64
	fault := func(r *openaitest.Request) openaitest.Fault {
		if r.Model == "router" && liveHash(r.User)%9 == 0 {
			return openaitest.Fault{Kind: openaitest.Status, Status: 400}
		}
		return openaitest.Fault{}
	}
	server := openaitest.Start(t, openaitest.Config{Answer: liveAnswer, Fault: fault})
	// The margin is fixed: what a failed call cost is known live and not in a file of
	// answers, and with so few prompts tune can tell the cheapest in one case alone.
	more := strings.Replace(liveLLM, "llm: {model: router", "hybrid: {embedding_margin: 0.05}, llm: {model: router, repeats: 2", 1)
	config := liveYAML(t, "c.yaml", server.URL, "", more+liveQuick)
	livePrompts(t, "p.jsonl", n)
	args := strings.Fields("run --prompts p.jsonl --config " + config + " --json ")
	asked := append(args, strings.Fields("--live --live-policies --judge regex:agree|frontier")...)

	r := call(t, "", asked...)
	for _, want := range []string{"classifications: 128 requests", "answers: 64 requests", "together, about $", "allow it with --yes"} {
		if r.code != exitUsage || !strings.Contains(r.stderr, want) {
			t.Errorf("not allowed: exit %d, expected %q in %s", r.code, want, r.stderr)
		}
	}
	sent(t, server, 0, "not allowed")
	if _, err := os.Stat("out"); err == nil {
		t.Error("a run that was not allowed left a folder")
	}
	first := liveResultOf(t, must(t, append(asked, "--yes", "--out", "first")...).stdout)
	sent(t, server, 2*n+n, "first run")
	if l := first.LLM; l == nil || !l.Live || l.Steady == nil || l.Steady.Times != 2 || l.Steady.Prompts == 0 || l.Steady.Same != l.Steady.Prompts {
		t.Errorf("llm: %+v", first.LLM)
	}
	report := readFile(t, "first/report.md")
	for _, want := range []string{"**The LLM was asked**: router at endpoint local", "Asked 2 times, it named the same tier each time for", "live answers"} {
		if !strings.Contains(report, want) {
			t.Errorf("the report does not say %q", want)
		}
	}
	if rows := jsonRows(t, "first/outcomes.jsonl"); len(rows) != n {
		t.Errorf("%d outcomes, expected %d", len(rows), n)
	}

	second := must(t, append(asked, "--out", "second")...)
	sent(t, server, 3*n, "second run")
	if !strings.Contains(second.stderr, "every answer is in routeproof-journal.db already: nothing is sent") {
		t.Errorf("second run: %s", second.stderr)
	}
	if diff := cmp.Diff(steady(t, "first"), steady(t, "second")); diff != "" {
		t.Errorf("the second run differs: %.2000s", diff)
	}
	b := liveResultOf(t, must(t, append([]string{"bench"}, asked[1:len(asked)-3]...)...).stdout)
	if sent(t, server, 3*n, "bench"); b.LLM == nil || !b.LLM.Live {
		t.Errorf("bench: %+v", b.LLM)
	}

	recorded := liveResultOf(t, must(t, append(args, strings.Fields("--llm-answers first/llm_answers.jsonl --outcomes first/outcomes.jsonl --out third")...)...).stdout)
	for _, name := range []string{"llm", "rule+llm", "rule+embedding+llm", "embedding"} {
		if diff := cmp.Diff(figuresOf(t, first, name), figuresOf(t, recorded, name)); diff != "" {
			t.Errorf("%s (-live +recorded): %.2000s", name, diff)
		}
	}
	for _, key := range []string{"outcomes", "note"} {
		delete(first.Policies, key)
		delete(recorded.Policies, key)
	}
	if diff := cmp.Diff(first.Policies, recorded.Policies); diff != "" {
		t.Errorf("policies (-live +recorded): %.2000s", diff)
	}
	if recorded.LLM == nil || recorded.LLM.Live || !strings.Contains(readFile(t, "third/report.md"), "**The LLM's answers are recorded**, not live") {
		t.Errorf("from files: %+v", recorded.LLM)
	}
}

// What --live cannot do, and what does not go with it, is said.
func TestRunLiveWrong(t *testing.T) {
	t.Chdir(t.TempDir())
	server := openaitest.Start(t, openaitest.Config{Answer: liveAnswer, Key: liveKey})
	liveYAML(t, "c.yaml", server.URL, ", key_env: LIVE_TEST_KEY", liveLLM+liveQuick)
	writeFile(t, "unpriced.yaml", strings.Replace(readFile(t, "c.yaml"), "model: router, "+livePrices, "model: router", 1))
	livePrompts(t, "p.jsonl", 32)
	writeFile(t, "answers.jsonl", `{"id":"p0000","answer":"SIMPLE"}`)
	writeFile(t, "o.jsonl", "")
	for _, c := range []struct {
		args string
		code int
		says string
	}{
		{"run --yes", 2, "--yes goes with --live"},
		{"run --budget 1", 2, "--budget goes with --live"},
		{"bench --journal j.db", 2, "--journal goes with --live"},
		{"run --live-policies", 2, "--live-policies goes with --live"},
		{"run --live --judge exact", 2, "--judge goes with --live-policies"},
		{"run --live --live-policies --outcomes o.jsonl", 2, "--live-policies and --outcomes are two sources"},
		{"build --live --yes", 2, `the embedder is not of kind "openai"`},
		{"run --live --live-policies --judge exact --yes", 2, "environment variable LIVE_TEST_KEY, which is empty"},
		{"run --live --live-policies --yes", 2, "judge none gives no answer a score (it scores none), so nothing would be simulated of what is paid for"},
		{"run --live --live-policies --judge schema --yes", 2, "judge schema gives no answer a score (no schema), so nothing would be simulated of what is paid for"},
	} {
		r := call(t, "", append(strings.Fields(c.args), "--prompts", "p.jsonl", "--config", "c.yaml")...)
		if r.code != c.code || !strings.Contains(r.stderr, c.says) {
			t.Errorf("%s: exit %d, expected %d and %q in:\n%s", c.args, r.code, c.code, c.says, r.stderr)
		}
	}
	// Without the key, recorded answers stand in.
	for _, c := range []struct{ args, says string }{
		{"--llm-answers answers.jsonl", "which is empty): its recorded answers are used"},
		{"", "which is empty): it is left out"},
	} {
		r := must(t, append([]string{"run", "--live", "--prompts", "p.jsonl", "--config", "c.yaml"}, strings.Fields(c.args)...)...)
		want := "--live: the LLM classifier was not asked (no key: endpoint local takes it from the environment variable LIVE_TEST_KEY, " + c.says
		if !strings.Contains(r.stderr, want) || !strings.Contains(readFile(t, "out/report.md"), strings.ReplaceAll(want, "_", `\_`)) && !strings.Contains(readFile(t, "out/report.md"), want) {
			t.Errorf("expected %q in\n%s\nand in the report", want, r.stderr)
		}
	}
	if _, err := os.Stat("out/llm_answers.jsonl"); err == nil {
		t.Error("answers were written though none was asked for")
	}
	sent(t, server, 0, "without the key")
	t.Setenv("LIVE_TEST_KEY", liveKey+"x")
	if r := call(t, "", strings.Fields("run --live --yes --prompts p.jsonl --config c.yaml --out refused")...); r.code != exitFailed || !strings.Contains(r.stderr, "HTTP 401") {
		t.Errorf("a wrong key: exit %d: %s", r.code, r.stderr)
	}
	if _, err := os.Stat("refused"); err == nil {
		t.Error("a run whose key was refused left a folder")
	}
	t.Setenv("LIVE_TEST_KEY", liveKey)
	if r := call(t, "", strings.Fields("bench --live --budget 1 --prompts p.jsonl --config unpriced.yaml")...); r.code != exitUsage || !strings.Contains(r.stderr, `has none of "router"`) {
		t.Errorf("a budget without prices: exit %d: %s", r.code, r.stderr)
	}
	before := server.Totals()
	r := call(t, "", strings.Fields("run --live --budget 0.001 --prompts p.jsonl --config c.yaml --out broke")...)
	if billed := server.Totals().CostUSD - before.CostUSD; r.code != exitBudget || !strings.Contains(r.stderr, "over budget") || !strings.Contains(r.stderr, "sent ") || billed > .001 {
		t.Errorf("a small budget: exit %d, $%g billed: %s", r.code, billed, r.stderr)
	}
}

// A classifier that only fails is said and stopped, now and out of the journal.
func TestRunLiveFails(t *testing.T) {
	t.Chdir(t.TempDir())
	server := openaitest.Start(t, openaitest.Config{Fault: func(*openaitest.Request) openaitest.Fault {
		return openaitest.Fault{Kind: openaitest.Status, Status: 400, Body: `{"error":{"message":"no logprobs here"}}`}
	}})
	args := strings.Fields("run --live --yes --prompts " + livePrompts(t, "p.jsonl", 64) + " --config " + liveYAML(t, "c.yaml", server.URL, "", liveLLM+liveQuick))
	for _, most := range []int{20 + 16, 20 + 2*16} {
		r := call(t, "", args...)
		if r.code != exitFailed || server.Count() > most ||
			!strings.Contains(r.stderr, "warning: the LLM classifier failed for a prompt, which goes to the fallback tier: refused (HTTP 400): no logprobs here\n") ||
			!strings.Contains(r.stderr, "failed 20 times one after the other") {
			t.Errorf("exit %d after %d requests: %s", r.code, server.Count(), r.stderr)
		}
	}
	if _, err := os.Stat("out"); err == nil {
		t.Error("a run that failed left a folder")
	}
}

// No key and no secret header is written anywhere, even where the server echoes
// them in answers and errors.
func TestSecretsAreNotWritten(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("LIVE_TEST_KEY", liveKey)
	t.Setenv("LIVE_TEST_TEAM", liveSecret)
	echo := func(r *openaitest.Request) string {
		return r.Header.Get("Authorization") + " and " + r.Header.Get("X-Team")
	}
	server := openaitest.Start(t, openaitest.Config{
		Key: liveKey, Headers: map[string]string{"X-Team": liveSecret},
		Answer: func(r *openaitest.Request) string { return "you sent " + echo(r) + " x" + liveKey + "x" + liveSecret },
		Fault: func(r *openaitest.Request) openaitest.Fault {
			body := fmt.Sprintf(`{"error":{"message":"wrong %s","code":400}}`, strings.ReplaceAll(echo(r), "r", `\u0072`))
			switch f := (openaitest.Fault{Status: 400, Body: body}); liveHash(r.Model+r.User) % 6 {
			case 0:
				f.Kind = openaitest.Status
				return f
			case 1:
				f.Kind = openaitest.ErrorIn200
				return f
			case 2:
				f.Kind, f.Body = openaitest.HTML, "<title>"+echo(r)+"</title>"+echo(r)
				return f
			case 3:
				return openaitest.Fault{Kind: openaitest.BadJSON, After: 3}
			}
			return openaitest.Fault{}
		},
	})
	config := liveYAML(t, "c.yaml", server.URL, ", key_env: LIVE_TEST_KEY, headers: {X-Team: $LIVE_TEST_TEAM}",
		liveLLM+"judge: {llm: {model: judge, "+livePrices+"}}\n"+liveQuick)
	livePrompts(t, "p.jsonl", 32)
	var said strings.Builder
	for _, args := range []string{
		"collect --stop-after 0 --yes --judge llm --log all.log",
		"collect --stop-after 0 --yes --json --mode hybrid --classifier llm --out o.csv",
		"collect --stop-after 0 --yes --retry-errors --out o.parquet",
		"collect --stop-after 0 --yes --mode parallel",
		"run --live --live-policies --judge exact --yes",
		"bench --live --yes --json",
	} {
		r := must(t, append(strings.Fields(args), "--prompts", "p.jsonl", "--config", config)...)
		said.WriteString(r.stdout + r.stderr)
	}
	for _, wrong := range []string{liveKey[:39] + "0", ""} {
		t.Setenv("LIVE_TEST_KEY", wrong)
		r := call(t, "", "collect", "--yes", "--prompts", "p.jsonl", "--config", config, "--journal", "other.db")
		said.WriteString(r.stdout + r.stderr)
	}
	files, answers := 0, 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		content := readFile(t, path)
		answers += strings.Count(content, "[secret]")
		for _, secret := range []string{liveKey, liveSecret, liveKey[9:], liveKey[:30]} {
			if strings.Contains(content, secret) {
				t.Errorf("%s holds %s", path, secret)
			}
		}
		return nil
	})
	if err != nil || files < 20 || answers < 50 {
		t.Errorf("%d files, %d secrets taken out (%v)", files, answers, err)
	}
	for _, secret := range []string{liveKey, liveSecret} {
		if strings.Contains(said.String(), secret) {
			t.Errorf("it prints %s", secret)
		}
	}
}

// An artifact of a server's embeddings works while the server embeds as it did,
// and no longer, whatever the journal holds.
func TestEmbeddingsLive(t *testing.T) {
	t.Chdir(t.TempDir())
	const n = 64
	turned := false // no request is under way when it changes
	server := openaitest.Start(t, openaitest.Config{
		Answer: liveAnswer,
		Embed: func(text string, dims int) []float32 {
			v := make([]float32, dims)
			for word := range strings.FieldsSeq(text) {
				v[liveHash(word)%uint32(dims)]++
			}
			if turned {
				v[0], v[1] = v[1]+3, v[0]
			}
			if v[0] == 0 {
				v[0] = .1
			}
			return v
		},
		Dims: 24,
		Fault: func(r *openaitest.Request) openaitest.Fault {
			if canaries := len(r.Inputs) == 8 && r.Inputs[0] == "hello, why"; r.Seen == 0 && (canaries || len(r.Inputs) == 1 && strings.HasPrefix(r.Inputs[0], "How long")) {
				return openaitest.Fault{Kind: openaitest.Status, Status: 503}
			}
			return openaitest.Fault{}
		},
	})
	config := liveYAML(t, "c.yaml", server.URL, "", liveEmbed+liveQuick)
	writeFile(t, "unpriced.yaml", strings.Replace(readFile(t, config), ", input_per_m: 1}", "}", 1))
	livePrompts(t, "p.jsonl", n)
	args := strings.Fields("--prompts p.jsonl --config " + config)
	with := func(verb string, more ...string) []string {
		return append(append(strings.Fields(verb), args...), more...)
	}
	ask := func(verb string, sends bool, code int, says string, more ...string) result {
		t.Helper()
		before := server.Count()
		r := call(t, "", append(strings.Fields(verb), more...)...)
		if r.code != code || !strings.Contains(r.stderr, says) || sends != (server.Count() > before) {
			t.Errorf("%s: exit %d, %d requests, expected %d and %q in:\n%s", verb, r.code, server.Count()-before, code, says, r.stderr)
		}
		return r
	}

	// What failed and may pass is asked again, by whoever allows it.
	const scored = "collect --journal s.db --out s.jsonl --tiers SIMPLE --limit 5 --judge similarity"
	ask(scored+" --yes", true, 1, "HTTP 503", args...)
	ask(scored, false, 2, "allow it with --yes", args...)
	ask(scored+" --yes", true, 0, "", args...)
	for _, row := range jsonRows(t, "s.jsonl") {
		if row["judge"] != "similarity:openai-embed" || row["score"] == nil {
			t.Errorf("by similarity: %v", row)
		}
	}
	asked := server.Count()

	ask("run", false, 2, "add --live", args...)
	ask("run --live", false, 2, "embeddings: 6 requests, about $0.00", args...)
	ask("build --live", false, 2, "allow it with --yes", args...)
	ask("build --live --budget 1", false, 2, "has none of \"embed\"", "--prompts", "p.jsonl", "--config", "unpriced.yaml")
	ask("build --live --yes --out b.safetensors", true, 1, "HTTP 503", args...)
	ask("build --live --out b.safetensors", false, 2, "allow it with --yes", args...) // what is missing, too
	ask("build --live --yes --out b.safetensors", true, 0, "sent 1 request, ", args...)
	for _, e := range server.Entries()[asked:] {
		if e.Request.Model != "embed" {
			t.Errorf("build asked model %s", e.Request.Model)
		}
	}
	first := must(t, with("run --live --yes --out first", "--llm-answers", writeFile(t, "answers.jsonl", `{"id":"p0000","answer":"SIMPLE"}`))...)
	if !strings.Contains(first.stdout, "embedding") || readFile(t, "b.safetensors") != readFile(t, "first/centroids.safetensors") {
		t.Error("run and build do not write the same artifact")
	}
	ask("run --live --out second", false, 0, "already: nothing is sent", args...)
	if diff := cmp.Diff(steady(t, "first"), steady(t, "second")); diff != "" {
		t.Errorf("the second run differs: %.1000s", diff)
	}

	const artifact = "first/centroids.safetensors"
	classify := "classify --in p.jsonl --artifact " + artifact
	ask(classify, false, 2, "add --live, with --config for an endpoint of your own")
	ask(classify+" --config c.yaml --live", false, 2, "embeddings: 1 request, about $0.00100\n")
	ask(classify+" --config c.yaml --live", false, 2, "allow it with --yes, or with --budget")
	ask(classify+" --config c.yaml --live --journal other.db", false, 2, "embeddings: 5 requests, about $0.00") // the prompts are counted
	ask(classify+" --config unpriced.yaml --live --budget 1", false, 2, `has none of "embed"`)
	ask("inspect --verify "+artifact, false, 2, "add --live")
	ask("inspect --verify --live --config c.yaml "+artifact, false, 2, "embeddings: 1 request, about $0.00100\n")
	ask("inspect --verify --live --config c.yaml "+artifact, false, 2, "allow it with --yes")
	ask("inspect --verify --live --config c.yaml "+artifact, false, 2, "asked at local ("+server.URL+"), models")
	ask("bench --artifact "+artifact, false, 2, "add --live", args...)
	classified := ask(classify+" --config c.yaml --live --yes", true, 0, "sent 1 request, $0.00").stdout
	if got := strings.Count(classified, `"accepted":true`); got != n {
		t.Errorf("%d accepted, expected %d", got, n)
	}
	if again := ask(classify+" --config c.yaml --live --yes", true, 0, "").stdout; again != classified { // the canaries
		t.Error("classified differently the second time")
	}
	ask("inspect --verify --live --yes --config c.yaml "+artifact, true, 0, "sent 1 request, $0.00")
	ask("bench --live --artifact "+artifact, false, 2, "embeddings: 1 request, about", args...)
	ask("bench --live --yes --artifact "+artifact, true, 0, "", args...)
	routed := "collect --mode routed --classifier embedding --out o.jsonl --artifact " + artifact
	ask(routed+" --yes --log o.log", true, 0, "", args...)
	for i, row := range jsonRows(t, "o.log") {
		if tier := jsonLines(t, classified)[i]["tier"]; row["tier"] != tier || row["latency_ms"] != nil || row["cost_usd"].(float64) <= 0 {
			t.Errorf("%d: routed %v, classified %v", i, row, tier)
		}
	}
	ask(routed, false, 0, "already: nothing is sent", args...)

	turned = true // the same name, another model: the journal holds what the old one said
	ask(classify+" --config c.yaml --live --yes", true, 12, "canary")
	ask("inspect --verify --live --yes --config c.yaml "+artifact, true, 12, "canary")
	ask("bench --live --yes --artifact "+artifact, true, 12, "canary", args...)
	more := writeFile(t, "more.jsonl", readFile(t, "p.jsonl")+`{"id":"x","prompt":"how far is the moon","tier":"SIMPLE","split":"test"}`+"\n")
	ask(routed+" --yes --config c.yaml --prompts "+more, true, 12, "canary")
	turned = false
	ask(classify+" --config c.yaml --live --yes", true, 0, "")
}

// The tiers' answers are not embedded at an endpoint behind consent to something
// else.
func TestRunLiveCosine(t *testing.T) {
	t.Chdir(t.TempDir())
	server := openaitest.Start(t, openaitest.Config{Answer: liveAnswer})
	livePrompts(t, "p.jsonl", 64)
	plain := liveYAML(t, "plain.yaml", server.URL, "", liveEmbed+liveQuick)
	liveYAML(t, "c.yaml", server.URL, "", liveEmbed+liveQuick+"policies: {agreement: {by: cosine}}\n")
	must(t, "collect", "--yes", "--prompts", "p.jsonl", "--config", plain, "--judge", "regex:.", "--out", "o.jsonl")
	must(t, "run", "--live", "--yes", "--prompts", "p.jsonl", "--config", plain, "--outcomes", "o.jsonl")
	before := server.Count()
	must(t, "run", "--live", "--prompts", "p.jsonl", "--config", plain, "--outcomes", "o.jsonl")
	for _, args := range []string{"run --outcomes o.jsonl", "run --yes --outcomes o.jsonl", "bench --yes --outcomes o.jsonl", "run --yes --live-policies"} {
		r := call(t, "", append(strings.Fields(args), "--live", "--prompts", "p.jsonl", "--config", "c.yaml")...)
		if r.code != exitUsage || !strings.Contains(r.stderr, "set by: answer") {
			t.Errorf("%s: exit %d: %s", args, r.code, r.stderr)
		}
	}
	sent(t, server, before, "agreement by cosine")
	must(t, "run", "--live", "--prompts", "p.jsonl", "--config", "c.yaml") // without outcomes there is no agreement
}

// One Ctrl-C waits for what classify and inspect asked, which is paid for, and an
// artifact that is none is found before anybody waits for prompts.
func TestClassifyLiveInterrupted(t *testing.T) {
	t.Chdir(t.TempDir())
	var slow atomic.Bool
	begun := make(chan bool, 8)
	server := openaitest.Start(t, openaitest.Config{Embed: func(text string, dims int) []float32 {
		if slow.CompareAndSwap(true, false) {
			begun <- true
			time.Sleep(200 * time.Millisecond)
		}
		v := make([]float32, dims)
		for i := range v {
			v[i] = float32(liveHash(fmt.Sprint(i, text))%1000) - 499.5
		}
		return v
	}})
	livePrompts(t, "p.jsonl", 32)
	config := liveYAML(t, "c.yaml", server.URL, "", liveEmbed+liveQuick)
	must(t, "build", "--live", "--yes", "--prompts", "p.jsonl", "--config", config, "--out", "a.safetensors", "--journal", "build.db")
	for i, args := range []string{"classify --in p.jsonl --artifact a.safetensors", "inspect --verify a.safetensors"} {
		server.Reset()
		journal := fmt.Sprintf("%d.db", i)
		ctx, cancel := context.WithCancel(t.Context())
		slow.Store(true)
		go func() { <-begun; cancel() }()
		r := callContext(ctx, t, nil, append(strings.Fields(args), "--live", "--yes", "--config", config, "--journal", journal)...)
		if r.code != exitInterrupted || !strings.Contains(r.stderr, "waiting for the requests under way") || !strings.Contains(r.stderr, "sent 1 request, $0.00") {
			t.Errorf("%s: exit %d: %s", args, r.code, r.stderr)
		}
		store := copyOf(t, journal)
		if spent, err := store.Spent(); err != nil || spent.Answers != 1 || store.Lost() != 0 || server.Count() != 1 {
			t.Errorf("%s: of %d requests the journal has %+v, %d lost (%v)", args, server.Count(), spent, store.Lost(), err)
		}
	}
	nobody, w := io.Pipe()
	defer w.Close()
	if r := callContext(t.Context(), t, nobody, "classify", "--live", "--yes", "--in", "-", "--artifact", config); r.code != exitContent {
		t.Errorf("no artifact: exit %d: %s", r.code, r.stderr)
	}
}

func TestBound(t *testing.T) {
	for _, c := range []struct {
		spend openaiapi.Spend
		want  string
	}{
		{openaiapi.Spend{Unknown: 2, AtMostUSD: 3}, "at most $3.00"},
		{openaiapi.Spend{Unknown: 2, Unbounded: 2}, "and there is no price to bound it"},
		{openaiapi.Spend{Unknown: 3, Unbounded: 2, AtMostUSD: 3}, "at most $3.00 for 1, and there is no price to bound the other 2"},
	} {
		if got := bound(c.spend); got != c.want {
			t.Errorf("%+v: %s, expected %s", c.spend, got, c.want)
		}
	}
}

// Who was allowed nothing sends nothing, whatever it asks later.
func TestAllowed(t *testing.T) {
	t.Chdir(t.TempDir())
	s, err := (&spendFlags{journal: "j.db"}).openSession(pipeline.DefaultConfig(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	some := []cost{{}, {calls: [3]int{0, 0, 1}}}
	if a := s.allowed(some[:1]); !a.offline || a.ledger != s.ledger || s.allowed(some) != s {
		t.Errorf("%+v", a)
	}
}
