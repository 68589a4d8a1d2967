package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/internal/openaiapi"
	"github.com/routeproof/routeproof/internal/openaiapi/openaitest"
)

// collectDocument is what tests read of the JSON of collect.
type collectDocument struct {
	Prompts, Services, Complete, Lost int

	Models []struct {
		Model                string
		Calls, Failed        int
		CostUSD              *float64 `json:"cost_usd"`
		MeanScore            *float64 `json:"mean_score"`
		CostUnknown          int      `json:"cost_unknown"`
		InputTokens, Service int
	}
	Requests *struct {
		Served, Escalated, Agreed, Unanswered, Undecided, Scored int

		CostUSD     *float64 `json:"cost_usd"`
		ClassifyUSD *float64 `json:"classification_usd"`
		MeanScore   *float64 `json:"mean_score"`
	}
	Failures, Unscored []failure
	Sent, Stored, All  openaiapi.Spend
}

func collectJSON(t *testing.T, text string) collectDocument {
	t.Helper()
	var d collectDocument
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// start starts the program as a process of its own.
func start(t *testing.T, args ...string) (cmd *exec.Cmd, stderr *bytes.Buffer) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd, stderr = exec.Command(self, args...), &bytes.Buffer{}
	cmd.Env = append(os.Environ(), asProgram+"=1")
	cmd.Stderr = stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // where the test failed before it ended
	return cmd, stderr
}

// awaitCount waits until a server has had so many requests.
func awaitCount(t *testing.T, s *openaitest.Server, n int) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); s.Count() < n; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d requests after a minute, expected %d", s.Count(), n)
		}
	}
}

// copyOf opens a copy of a journal, which leaves the journal as it is.
func copyOf(t *testing.T, journal string) *openaiapi.Store {
	t.Helper()
	raw, err := os.ReadFile(journal)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "copy.db")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := openaiapi.OpenStore(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// heldBy returns which of n prompts the journal has the answer of model-simple
// to.
func heldBy(t *testing.T, s *openaiapi.Store, url string, n int) map[string]bool {
	t.Helper()
	c, err := openaiapi.New(openaiapi.Config{BaseURL: url, Store: s, Offline: true})
	if err != nil {
		t.Fatal(err)
	}
	held := map[string]bool{}
	for i := range n {
		in, err := c.Held(openaiapi.ChatRequest{
			Model: "model-simple", User: livePrompt(i), MaxTokens: 30, Temperature: new(0.0), Stream: true, Version: "serve-1",
		})
		if err != nil {
			t.Fatal(err)
		}
		if in {
			held[livePrompt(i)] = true
		}
	}
	return held
}

// asked counts the requests for each prompt.
func asked(s *openaitest.Server) map[string]int {
	n := map[string]int{}
	for _, e := range s.Entries() {
		n[e.Request.User]++
	}
	return n
}

// Whatever a kill -9 leaves, no answer that the journal held is asked for again,
// the outcomes are those of a command that nobody disturbed, and what was under
// way counts at its most.
func TestCollectKilled(t *testing.T) {
	t.Chdir(t.TempDir())
	const n, inFlight = 2000, 16
	server := openaitest.Start(t, openaitest.Config{Answer: liveAnswer, Latency: 2 * time.Millisecond})
	config := liveYAML(t, "c.yaml", server.URL, "", "")
	prompts := livePrompts(t, "p.jsonl", n)
	args := []string{"collect", "--config", config, "--prompts", prompts, "--tiers", "SIMPLE", "--judge", "regex:answer", "--budget", "1"}
	calm := collectJSON(t, must(t, append(args, "--json", "--journal", "calm.db", "--out", "calm.jsonl")...).stdout)
	if calm.Sent.Requests != n || calm.Lost != 0 {
		t.Fatalf("undisturbed: %+v", calm)
	}
	server.Reset()

	var helds []map[string]bool
	var counts []map[string]int
	said, lost := "", 0
	for _, at := range []int{100, 600, 1100, 1700} {
		cmd, stderr := start(t, args...)
		awaitCount(t, server, at)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // it was killed
		said += stderr.String()
		time.Sleep(50 * time.Millisecond) // what was sent arrives
		store := copyOf(t, "routeproof-journal.db")
		if store.Lost() == 0 || store.Lost() > inFlight {
			t.Errorf("killed at %d: %d requests under way, expected 1 to %d", at, store.Lost(), inFlight)
		}
		lost += store.Lost()
		helds, counts = append(helds, heldBy(t, store, server.URL, n)), append(counts, asked(server))
		if _, err := os.Stat("outcomes.jsonl"); err == nil {
			t.Error("a command that was killed left outcomes")
		}
	}
	r := must(t, append(args, "--json")...)
	said += r.stderr
	end := collectJSON(t, r.stdout)

	final := asked(server)
	for k, held := range helds {
		for text := range held {
			if final[text] != counts[k][text] {
				t.Errorf("%q was answered before kill %d, and asked %d more times", text, k+1, final[text]-counts[k][text])
			}
		}
	}
	again := 0
	for text, times := range final {
		if again += times - 1; times > 1+len(helds) {
			t.Errorf("%q was asked %d times", text, times)
		}
	}
	if again > lost || len(final) != n {
		t.Errorf("%d of %d prompts asked, %d again, expected at most the %d that were lost", len(final), n, again, lost)
	}
	t.Logf("%d kills: %d requests sent for %d prompts, %d asked again, %d lost; answers held at each kill %d, %d, %d, %d",
		len(helds), server.Count(), n, again, lost, len(helds[0]), len(helds[1]), len(helds[2]), len(helds[3]))
	if diff := cmp.Diff(jsonRows(t, "calm.jsonl", "latency_ms", "ttft_ms"), jsonRows(t, "outcomes.jsonl", "latency_ms", "ttft_ms")); diff != "" {
		t.Errorf("outcomes differ: %.2000s", diff)
	}

	told := 0
	for _, m := range regexp.MustCompile(`(\d+) requests? w\w+ under way when the last command died: what they cost is not known, and is counted at its most`).FindAllStringSubmatch(said, -1) {
		k, err := strconv.Atoi(m[1])
		if err != nil {
			t.Fatal(err)
		}
		told += k
	}
	if told != lost || end.All.Unknown != lost || !(end.All.AtMostUSD > 0) || end.Lost == 0 {
		t.Errorf("%d requests were lost; said %d, in the journal %d of at most $%g, last %d", lost, told, end.All.Unknown, end.All.AtMostUSD, end.Lost)
	}
	if billed := server.Totals().CostUSD; billed > end.All.WorstUSD()+1e-9 || billed < end.All.KnownUSD()-1e-9 {
		t.Errorf("the server billed $%g, the journal says $%g to $%g", billed, end.All.KnownUSD(), end.All.WorstUSD())
	}
	// One more prompt has no room in a budget unless the lost ones have.
	more := writeFile(t, "more.jsonl", `{"id":"one more","prompt":"how far is the moon"}`)
	last := server.Count()
	for _, c := range []struct {
		budget float64
		code   int
		sent   int
	}{{end.All.KnownUSD() + end.All.AtMostUSD/2, exitBudget, 0}, {end.All.WorstUSD() + .001, exitOK, 1}} {
		r := call(t, "", "collect", "--config", config, "--prompts", more, "--tiers", "SIMPLE", "--budget", fmt.Sprint(c.budget), "--out", "more.csv")
		if r.code != c.code {
			t.Errorf("budget %g: exit %d, expected %d: %s", c.budget, r.code, c.code, r.stderr)
		}
		sent(t, server, last+c.sent, fmt.Sprintf("budget %g", c.budget))
	}

	// The other formats hold the same rows.
	want := outcomesOf(t, "outcomes.jsonl")[:50]
	for _, name := range []string{"o.csv", "o.parquet", "o.jsonl.gz"} {
		must(t, append(args, "--limit", "50", "--out", name)...)
		if diff := cmp.Diff(want, outcomesOf(t, name)); diff != "" {
			t.Errorf("%s: %.2000s", name, diff)
		}
	}
}

func outcomesOf(t *testing.T, path string) []datasets.Outcome {
	t.Helper()
	var rows []datasets.Outcome
	if _, err := datasets.Outcomes().ScanFile(path, nil, func(o *datasets.Outcome) error {
		rows = append(rows, *o)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return rows
}

// One Ctrl-C waits for what is under way, and the same command goes on.
func TestCollectInterrupted(t *testing.T) {
	t.Chdir(t.TempDir())
	const n = 60
	server := openaitest.Start(t, openaitest.Config{Latency: 100 * time.Millisecond})
	args := []string{"collect", "--config", liveYAML(t, "c.yaml", server.URL, "", ""), "--prompts", livePrompts(t, "p.jsonl", n), "--tiers", "MEDIUM", "--yes"}
	cmd, stderr := start(t, args...)
	awaitCount(t, server, 20)
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // its code is looked at
	if code := cmd.ProcessState.ExitCode(); code != exitInterrupted {
		t.Errorf("exit %d, expected %d", code, exitInterrupted)
	}
	before := server.Count()
	for _, want := range []string{"waiting for the requests under way", fmt.Sprintf("sent %d requests", before), "run the same command again"} {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, stderr)
		}
	}
	store := copyOf(t, defaultJournal)
	if spent, err := store.Spent(); err != nil || spent.Answers != before || store.Lost() != 0 || before == n {
		t.Errorf("of %d requests the journal has %d answers, %d lost (%v)", before, spent.Answers, store.Lost(), err)
	}
	must(t, args...)
	sent(t, server, n, "resumed")
	if rows := jsonRows(t, "outcomes.jsonl"); len(rows) != n {
		t.Errorf("%d rows", len(rows))
	}
}

// Nothing is sent before it is allowed, whatever would be asked.
func TestCollectConsent(t *testing.T) {
	t.Chdir(t.TempDir())
	server := openaitest.Start(t, openaitest.Config{Answer: liveAnswer})
	plain := liveYAML(t, "plain.yaml", server.URL, "", liveLLM+"judge: {llm: {model: judge, "+livePrices+"}}\n")
	liveYAML(t, "embed.yaml", server.URL, "", liveEmbed+"policies: {agreement: {by: cosine}}\n"+liveQuick)
	unpriced := readFile(t, plain)
	writeFile(t, "unpriced.yaml", strings.Replace(unpriced, "model: model-simple, "+livePrices, "model: model-simple", 1))
	writeFile(t, "unpriced-llm.yaml", strings.Replace(unpriced, "model: router, "+livePrices, "model: router", 1))
	writeFile(t, "unpriced-judge.yaml", strings.Replace(unpriced, "model: judge, "+livePrices, "model: judge", 1))
	writeFile(t, "unpriced-embed.yaml", strings.Replace(readFile(t, "embed.yaml"), "max_inputs: 16, input_per_m: 1", "max_inputs: 16", 1))
	writeFile(t, "endless.yaml", strings.ReplaceAll(unpriced, "max_tokens: 30", "max_tokens: 0"))
	livePrompts(t, "p.jsonl", 16)
	must(t, "build", "--live", "--yes", "--config", "embed.yaml", "--prompts", "p.jsonl", "--out", "remote.safetensors", "--journal", "build.db")
	server.Reset()

	refuse := func(args, says string) {
		t.Helper()
		before := server.Count()
		r := call(t, "", strings.Fields("collect --prompts p.jsonl "+args)...)
		if r.code != exitUsage || !strings.Contains(r.stderr, says) || r.stdout != "" {
			t.Errorf("%s: exit %d, expected %d and %q in:\n%s", args, r.code, exitUsage, says, r.stderr)
		}
		sent(t, server, before, args)
		if _, err := os.Stat("outcomes.jsonl"); err == nil {
			t.Errorf("%s: outcomes were written", args)
		}
	}
	for _, mode := range []string{"all", "routed", "cascade", "hybrid", "parallel", "hybrid --classifier llm", "routed --classifier llm"} {
		refuse("--config plain.yaml --mode "+mode, "allow it with --yes, or with --budget")
	}
	refuse("--config plain.yaml", "answers: 64 requests, about $0.00")
	refuse("--config plain.yaml", "(low $0.00")
	refuse("--config plain.yaml --judge llm", "judgements: 64 requests, about")
	refuse("--config plain.yaml --mode cascade", "answers: 40 requests expected (16 to 64)")
	refuse("--config plain.yaml --mode routed --classifier llm", "classifications: 16 requests")
	refuse("--config embed.yaml --judge similarity", "embeddings of answers and references: 64 requests")
	refuse("--config embed.yaml --mode parallel", "embeddings of answers: 16 requests")
	for _, args := range []string{"--judge similarity", "--mode parallel"} { // for the dims
		refuse("--config embed.yaml "+args, "embeddings: 1 request, about $0.0000100\n")
	}
	refuse("--config embed.yaml --mode routed --classifier embedding --artifact remote.safetensors", "embeddings: 17 requests, about $0.00133\n")
	// A budget that could not be kept.
	refuse("--config unpriced.yaml", `cost unknown: no price of "model-simple"`)
	refuse("--config unpriced.yaml --budget 1", `--budget needs the prices of all models, and has none of "model-simple": set input_per_m`)
	refuse("--config unpriced-llm.yaml --mode routed --classifier llm --budget 1", `has none of "router"`)
	refuse("--config unpriced-judge.yaml --judge llm --budget 1", `has none of "judge"`)
	refuse("--config unpriced-embed.yaml --judge similarity --budget 1", `has none of "embed"`)
	refuse("--config unpriced-embed.yaml --mode parallel --budget 1", `has none of "embed"`)
	refuse("--config unpriced-embed.yaml --mode hybrid --classifier embedding --artifact remote.safetensors --budget 1", `has none of "embed"`)
	refuse("--config endless.yaml --budget 1", "set max_tokens")

	// Answers that are there do not allow what else is asked about them.
	must(t, "collect", "--prompts", "p.jsonl", "--config", "plain.yaml", "--yes", "--out", "o.jsonl")
	sent(t, server, 64, "all")
	refuse("--config plain.yaml --judge llm", "judgements: 64 requests")
	refuse("--config unpriced-judge.yaml --judge llm --budget 1", `has none of "judge"`)
	refuse("--config embed.yaml --judge similarity", "embeddings of answers and references: 64 requests")
	refuse("--config embed.yaml --mode parallel", "embeddings of answers: 16 requests")
	refuse("--config plain.yaml --mode hybrid --classifier llm", "classifications: 16 requests")
	for _, c := range []struct {
		args string
		sent int
	}{
		{"--config plain.yaml --judge llm", 64},
		{"--config embed.yaml --judge similarity", 65}, // one asks for the dims
		{"--config embed.yaml --mode parallel", 16},
		{"--config plain.yaml --mode hybrid --classifier llm", 16},
		{"--config plain.yaml --mode cascade", 0},
		{"--config plain.yaml --mode routed", 0},
		{"--config embed.yaml --mode hybrid --classifier embedding --artifact remote.safetensors", 17},
	} {
		before := server.Count()
		must(t, strings.Fields("collect --prompts p.jsonl --out o.jsonl --yes "+c.args)...)
		if n := server.Count() - before; n > c.sent || c.sent > 0 && n == 0 {
			t.Errorf("%s: %d requests, expected at most %d", c.args, n, c.sent)
		}
		// Now nothing is left to be asked, nor to be allowed.
		before = server.Count()
		r := must(t, strings.Fields("collect --prompts p.jsonl --out o.jsonl "+c.args)...)
		if !strings.Contains(r.stderr, "already: nothing is sent") || !strings.Contains(r.stderr, "sent 0 requests, $0 spent; ") {
			t.Errorf("%s once more: %s", c.args, r.stderr)
		}
		sent(t, server, before, c.args+" once more")
	}
	// Where decisions are held and answers are not, the canaries are asked for.
	routed := " --mode hybrid --classifier embedding --artifact remote.safetensors"
	for _, name := range []string{"embed.yaml", "unpriced-embed.yaml"} {
		writeFile(t, "longer-"+name, strings.ReplaceAll(readFile(t, name), "max_tokens: 30", "max_tokens: 31"))
	}
	refuse("--config longer-embed.yaml"+routed, "embeddings: 1 request, about $0.00100\n")
	refuse("--config longer-unpriced-embed.yaml --budget 1"+routed, `has none of "embed"`)
}

// What it would cost is said without a key and leaves no journal; so does what
// the journal holds.
func TestCollectEstimates(t *testing.T) {
	t.Chdir(t.TempDir())
	temporary := filepath.Join(t.TempDir(), "tmp")
	if err := os.Mkdir(temporary, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", temporary)
	server := openaitest.Start(t, openaitest.Config{Answer: liveAnswer, Key: "made-up-key"})
	liveYAML(t, "c.yaml", server.URL, ", key_env: FAR_KEY, headers: {X-Team: $TEAM_TOKEN}", "")
	livePrompts(t, "p.jsonl", 4)
	args := strings.Fields("collect --prompts p.jsonl --config c.yaml")

	r := call(t, "", args...)
	for _, says := range []string{"answers: 16 requests, about $0.00", "endpoint local takes it from the environment variable FAR_KEY, which is empty: nothing can be asked there\n", "allow it with --yes"} {
		if r.code != exitUsage || !strings.Contains(r.stderr, says) {
			t.Errorf("exit %d, expected %d and %q in:\n%s", r.code, exitUsage, says, r.stderr)
		}
	}
	if entries, err := os.ReadDir("."); err != nil || len(entries) != 2 {
		t.Errorf("left %v (%v)", entries, err)
	}
	if entries, err := os.ReadDir(temporary); err != nil || len(entries) != 0 {
		t.Errorf("left %v (%v)", entries, err)
	}
	for _, with := range []string{"--yes", "--budget=1"} {
		if r := call(t, "", append(args, with)...); r.code != exitUsage || !strings.Contains(r.stderr, "FAR_KEY, which is empty") || strings.Contains(r.stderr, "about") {
			t.Errorf("%s: exit %d: %s", with, r.code, r.stderr)
		}
	}
	sent(t, server, 0, "nobody has a key")

	t.Setenv("FAR_KEY", "made-up-key")
	t.Setenv("TEAM_TOKEN", "made-up-token")
	must(t, append(args, "--yes")...)
	sent(t, server, 16, "all")
	want := readFile(t, "outcomes.jsonl")
	t.Setenv("FAR_KEY", "")
	t.Setenv("TEAM_TOKEN", "")
	if r := must(t, args...); !strings.Contains(r.stderr, "already: nothing is sent") || readFile(t, "outcomes.jsonl") != want {
		t.Errorf("other outcomes, and %s", r.stderr)
	}
	sent(t, server, 16, "out of the journal")
}

// A judge's answer that is no score is not asked for again, what failed and may
// pass is, and what judging cost is said.
func TestCollectJudging(t *testing.T) {
	t.Chdir(t.TempDir())
	const n = 8
	var down atomic.Bool
	server := openaitest.Start(t, openaitest.Config{
		Answer: func(r *openaitest.Request) string {
			if r.Model == "judge" && strings.Contains(r.User, "ref 3\n") {
				return "it is hard to say"
			}
			return liveAnswer(r)
		},
		Fault: func(r *openaitest.Request) openaitest.Fault {
			if r.Model == "judge" && down.Load() && strings.Contains(r.User, "ref 5\n") {
				return openaitest.Fault{Kind: openaitest.Status, Status: 503}
			}
			return openaitest.Fault{}
		},
	})
	livePrompts(t, "p.jsonl", n)
	args := strings.Fields("collect --json --tiers SIMPLE --judge llm --prompts p.jsonl --config " + liveYAML(t, "c.yaml", server.URL, "", "judge: {llm: {model: judge, "+livePrices+"}}\n"))
	type judged struct {
		Judged, Now struct {
			Answers int
			USD     float64 `json:"cost_usd"`
			Unknown int     `json:"cost_unknown"`
		}
	}
	judgedOf := func(text string) (d judged) {
		t.Helper()
		if err := json.Unmarshal([]byte(strings.Replace(text, `"judged_now"`, `"now"`, 1)), &d); err != nil {
			t.Fatal(err)
		}
		return d
	}
	down.Store(true)
	must(t, append(args, "--yes")...)
	if r := call(t, "", args...); r.code != exitUsage || !strings.Contains(r.stderr, "judgements: 1 request, ") {
		t.Errorf("what failed and may pass: exit %d: %s", r.code, r.stderr)
	}
	down.Store(false)
	first := judgedOf(must(t, append(args, "--yes")...).stdout)
	r := call(t, "", args...)
	if r.code != exitOK || !strings.Contains(r.stderr, "already: nothing is sent") {
		t.Fatalf("an answer that is no score: exit %d: %s", r.code, r.stderr)
	}
	again := judgedOf(r.stdout)
	billed := 0.0
	for _, e := range server.Entries() {
		if e.Request.Model == "judge" {
			billed += e.CostUSD
		}
	}
	if math.Abs(again.Judged.USD-billed) > 1e-12 || again.Judged.Answers != n || again.Judged.Unknown != 0 || again.Now.Answers != 0 ||
		first.Judged != again.Judged || first.Now.Answers != 1 || !(first.Now.USD > 0) || first.Now.USD > billed/2 {
		t.Errorf("the server billed $%g: first %+v, again %+v", billed, first, again)
	}
	text := must(t, slices.DeleteFunc(args, func(s string) bool { return s == "--json" })...).stdout
	if want := "judging cost " + dollars(billed) + " for 8 answers, of which now $0 for 0 answers\n"; !strings.Contains(text, want) {
		t.Errorf("expected %q in\n%s", want, text)
	}
}

// The table has the costs that policies have, also where tokens are counted here.
func TestCollectCounted(t *testing.T) {
	t.Chdir(t.TempDir())
	server := openaitest.Start(t, openaitest.Config{Answer: liveAnswer, NoUsage: true})
	d := collectJSON(t, must(t, "collect", "--yes", "--json", "--mode", "cascade", "--prompts", livePrompts(t, "p.jsonl", 16), "--config", liveYAML(t, "c.yaml", server.URL, "", "")).stdout)
	sum := 0.0
	for _, m := range d.Models {
		if m.Calls > 0 && (m.CostUSD == nil || m.CostUnknown > 0) {
			t.Errorf("%+v", m)
		} else if m.Calls > 0 {
			sum += *m.CostUSD
		}
	}
	if d.Requests.CostUSD == nil || math.Abs(sum-*d.Requests.CostUSD) > 1e-12 || sum == 0 {
		t.Errorf("models cost $%g, the policy %+v", sum, d.Requests)
	}
}

// What this command paid is not said to be paid before.
func TestCollectTwice(t *testing.T) {
	t.Chdir(t.TempDir())
	server := openaitest.Start(t, openaitest.Config{})
	var b strings.Builder
	for i := range 200 {
		fmt.Fprintf(&b, `{"id":"%d","prompt":"how far is the moon"}`+"\n", i)
	}
	r := must(t, "collect", "--yes", "--tiers", "SIMPLE", "--prompts", writeFile(t, "p.jsonl", b.String()), "--config", liveYAML(t, "c.yaml", server.URL, "", ""))
	if !regexp.MustCompile(`sent 1 request, \$\S+ spent; \d+ answers came out of the journal and cost nothing again, `).MatchString(r.stderr) {
		t.Errorf("it says %s", r.stderr)
	}
}

// A budget is not promised over a journal whose spending has no end.
func TestCollectUnbounded(t *testing.T) {
	t.Chdir(t.TempDir())
	server := openaitest.Start(t, openaitest.Config{NoCost: true, Fault: func(r *openaitest.Request) openaitest.Fault {
		if r.Model == "model-medium" {
			return openaitest.Fault{Kind: openaitest.CutStream, After: 1}
		}
		return openaitest.Fault{}
	}})
	config := liveYAML(t, "c.yaml", server.URL, "", "")
	writeFile(t, "unpriced.yaml", strings.ReplaceAll(readFile(t, config), livePrices+", ", ""))
	writeFile(t, "p.jsonl", `{"id":"1","prompt":"how far is the moon"}`+"\n"+`{"id":"2","prompt":"how far is the moon"}`+"\n")
	r := must(t, "collect", "--yes", "--prompts", "p.jsonl", "--tiers", "SIMPLE,MEDIUM", "--config", "unpriced.yaml")
	if !strings.Contains(r.stderr, "is unknown, and there is no price to bound it") || !strings.Contains(r.stdout, "whose cost is not known, and there is no price to bound it\n") {
		t.Errorf("it says %s%s", r.stderr, r.stdout)
	}
	before := server.Count()
	args := []string{"collect", "--budget", "1", "--prompts", "p.jsonl", "--tiers", "FRONTIER", "--config", config}
	if r := call(t, "", args...); r.code != exitUsage || !strings.Contains(r.stderr, "take another --journal, or go on with --yes and no --budget") {
		t.Errorf("exit %d: %s", r.code, r.stderr)
	}
	sent(t, server, before, "a budget over a journal without bounds")
	must(t, append(args, "--journal", "other.db")...)
}

// A budget is kept by what the server bills, all commands together.
func TestCollectBudget(t *testing.T) {
	t.Chdir(t.TempDir())
	const n, budget = 100, 0.0012
	server := openaitest.Start(t, openaitest.Config{Answer: liveAnswer, Latency: time.Millisecond})
	livePrompts(t, "p.jsonl", n)
	args := strings.Fields("collect --json --tiers COMPLEX --prompts p.jsonl --config " + liveYAML(t, "c.yaml", server.URL, "", ""))
	rows, complete := 0, 0
	for i := range 3 {
		r := call(t, "", append(args, "--budget", fmt.Sprint(budget))...)
		if r.code != exitBudget || !strings.Contains(r.stderr, "over budget: of $0.0012 are left $") || !strings.Contains(r.stderr, "less than is expected") {
			t.Errorf("time %d: exit %d: %s", i+1, r.code, r.stderr)
		}
		d := collectJSON(t, r.stdout)
		if rows = len(jsonRows(t, "outcomes.jsonl")); rows != d.Complete || rows == 0 || rows >= n || rows < complete {
			t.Errorf("time %d: %d rows of %d complete", i+1, rows, d.Complete)
		}
		complete = d.Complete
	}
	if billed := server.Totals().CostUSD; billed > budget || billed < budget*.8 {
		t.Errorf("the server billed $%g, expected up to $%g", billed, budget)
	}
	d := collectJSON(t, must(t, append(args, "--budget", "1")...).stdout)
	if d.Complete != n || d.Failures == nil || len(jsonRows(t, "outcomes.jsonl")) != n {
		t.Errorf("with a larger one: %+v", d)
	}
	sent(t, server, n, "in the end")
	if math.Abs(server.Totals().CostUSD-d.All.BilledUSD) > 1e-12 {
		t.Errorf("the server billed $%g, the journal says $%g", server.Totals().CostUSD, d.All.BilledUSD)
	}
}

// What modes do live is what simulate says of the answers of all models.
func TestCollectModes(t *testing.T) {
	t.Chdir(t.TempDir())
	const n = 64
	server := openaitest.Start(t, openaitest.Config{
		Answer: liveAnswer,
		Fault: func(r *openaitest.Request) openaitest.Fault {
			switch h := liveHash(r.Model + r.User); {
			case !r.Stream:
			case h%11 == 0:
				return openaitest.Fault{Kind: openaitest.Status, Status: 400}
			case h%13 == 0:
				return openaitest.Fault{Kind: openaitest.CutStream, After: 2}
			}
			return openaitest.Fault{}
		},
	})
	config := liveYAML(t, "c.yaml", server.URL, "", liveLLM+liveQuick)
	livePrompts(t, "p.jsonl", n)
	must(t, "build", "--config", config, "--prompts", "p.jsonl", "--out", "a.safetensors")
	collect := func(args string) collectDocument {
		t.Helper()
		return collectJSON(t, must(t, strings.Fields("collect --yes --json --judge regex:agree|frontier --prompts p.jsonl --config "+config+" "+args)...).stdout)
	}
	all := collect("--log all.log --out all.jsonl")
	if all.Requests != nil || all.Services != 4*n || len(jsonRows(t, "all.jsonl")) != 4*n || len(jsonRows(t, "all.log")) != 4*n {
		t.Errorf("mode all: %+v", all)
	}
	logs := jsonRows(t, "all.log", "ts")
	before := server.Count()
	if r := must(t, "collect", "--prompts", "p.jsonl", "--config", config, "--out", "again.jsonl"); !strings.Contains(r.stderr, "nothing is sent") {
		t.Errorf("failures that are not asked again are to be allowed again: %s", r.stderr)
	}

	for _, mode := range []string{"cascade", "hybrid"} {
		d := collect("--mode " + mode + " --log live.log --out live.jsonl")
		s := simulateJSON(t, mode, "--outcomes", "all.jsonl", "--prompts", "p.jsonl", "--config", config, "--log", "simulated.log")
		checkLiveLog(t, "live.log")
		if diff := cmp.Diff(jsonRows(t, "simulated.log", "ts"), jsonRows(t, "live.log", "ts")); diff != "" {
			t.Errorf("%s (-simulated +live): %.3000s", mode, diff)
		}
		escalated := 0
		for _, tier := range s.Tiers {
			escalated += tier.Escalated
		}
		if d.Requests.Escalated == 0 || d.Requests.Served != n || s.Totals.N != n || escalated == 0 {
			t.Errorf("%s: served %d live, %d simulated", mode, d.Requests.Served, s.Totals.N)
		}
		if !same(d.Requests.MeanScore, s.Totals.Quality) {
			t.Errorf("%s: mean score %v, simulated %v", mode, *d.Requests.MeanScore, *s.Totals.Quality)
		}
		// Fewer calls than all were made, and each of them as in mode all.
		if diff := cmp.Diff(withIDs(t, "all.jsonl", "live.jsonl"), jsonRows(t, "live.jsonl")); diff != "" {
			t.Errorf("%s: %.2000s", mode, diff)
		}
	}

	d := collect("--mode parallel --log live.log --out live.jsonl")
	s := simulateJSON(t, "parallel", "--outcomes", "all.jsonl", "--prompts", "p.jsonl", "--config", config)
	for _, p := range s.Pairs {
		if p.Cheap != "model-simple" || p.Dear != "model-complex" {
			continue
		}
		i := 0
		for i < len(p.Points)-1 && (p.Points[i].Threshold == nil || *p.Points[i].Threshold != 1) {
			i++
		}
		if agreed := math.Round(p.Points[i].AgreeRate * float64(p.N)); p.N != n || int(agreed) != d.Requests.Agreed || agreed == 0 {
			t.Errorf("parallel: %d of %d agreed, simulated %g of %d", d.Requests.Agreed, d.Requests.Served, agreed, p.N)
		}
		if math.Abs(p.Points[i].Quality-*d.Requests.MeanScore) > 1e-12 {
			t.Errorf("parallel: mean score %g, simulated %g", *d.Requests.MeanScore, p.Points[i].Quality)
		}
	}
	checkLiveLog(t, "live.log")
	sent(t, server, before, "modes over the answers of all")

	// Routed by each classifier: the log is that of the tier's model alone.
	c, err := readConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	rule, err := c.NewRule()
	if err != nil {
		t.Fatal(err)
	}
	classified := jsonLines(t, must(t, "classify", "--artifact", "a.safetensors", "--in", "p.jsonl").stdout)
	tiers := map[string][]string{}
	for i := range n {
		decided, err := rule.Classify(t.Context(), []eval.Request{{ID: "x", Text: livePrompt(i)}})
		if err != nil {
			t.Fatal(err)
		}
		tiers["rule"] = append(tiers["rule"], liveTiers[decided[0].Tier])
		tiers["embedding"] = append(tiers["embedding"], classified[i]["tier"].(string))
		tier := liveTier(livePrompt(i))
		if !slices.Contains(liveTiers, tier) {
			tier = liveTiers[c.FallbackTier()]
		}
		tiers["llm"] = append(tiers["llm"], tier)
	}
	for _, x := range []struct{ name, flags string }{
		{"rule", ""}, {"embedding", "--artifact a.safetensors"}, {"llm", ""},
	} {
		before := server.Count()
		d := collect("--mode routed --classifier " + x.name + " " + x.flags + " --log live.log --out live.jsonl")
		if x.name == "llm" {
			before += n
			if d.Requests.ClassifyUSD == nil || *d.Requests.ClassifyUSD <= 0 || d.Requests.Undecided == 0 || d.Requests.Undecided > n/4 {
				t.Errorf("the LLM classifier: %+v", d.Requests)
			}
		}
		sent(t, server, before, "routed by "+x.name)
		for i, row := range jsonRows(t, "live.log", "ts") {
			want := logs[4*i+slices.Index(liveTiers, tiers[x.name][i])]
			if x.name == "llm" { // its cost and time are in the line
				want, row = without(want, "cost_usd", "latency_ms"), without(row, "cost_usd", "latency_ms")
			}
			if diff := cmp.Diff(want, row); diff != "" {
				t.Errorf("routed by %s, %d (-alone +routed): %s", x.name, i, diff)
			}
		}
	}
	h := collect("--mode hybrid --classifier llm")
	if h.Requests.Served != n || h.Requests.Escalated == 0 {
		t.Errorf("hybrid by llm: %+v", h.Requests)
	}
}

func same(a, b *float64) bool { return a != nil && b != nil && math.Abs(*a-*b) < 1e-12 }

func without(row map[string]any, keys ...string) map[string]any {
	out := maps.Clone(row)
	for _, k := range keys {
		delete(out, k)
	}
	return out
}

// withIDs returns those rows of one file of outcomes that another has, too.
func withIDs(t *testing.T, all, some string) []map[string]any {
	t.Helper()
	in := map[string]bool{}
	for _, row := range jsonRows(t, some) {
		in[fmt.Sprint(row["id"], row["model"])] = true
	}
	var rows []map[string]any
	for _, row := range jsonRows(t, all) {
		if in[fmt.Sprint(row["id"], row["model"])] {
			rows = append(rows, row)
		}
	}
	return rows
}

func jsonLines(t *testing.T, text string) []map[string]any {
	t.Helper()
	return jsonRows(t, writeFile(t, filepath.Join(t.TempDir(), "lines"), text))
}

// checkLiveLog holds a log to the fields that routers write, in their order.
func checkLiveLog(t *testing.T, path string) {
	t.Helper()
	known := 0
	fields := []string{"ts", "feature", "msg_hash", "tier", "start_tier", "model", "input_tokens", "output_tokens", "cost_usd", "latency_ms", "escalated"}
	for line := range strings.Lines(readFile(t, path)) {
		var keys []string
		dec := json.NewDecoder(strings.NewReader(line))
		for at := 0; ; at++ {
			token, err := dec.Token()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if at > 0 && at%2 == 1 && token != json.Delim('}') {
				keys = append(keys, token.(string))
			}
		}
		if diff := cmp.Diff(fields, keys); diff != "" {
			t.Fatalf("%s: fields %s", line, diff)
		}
		if !regexp.MustCompile(`^\{"ts":1[0-9]{9},"feature":"d[012]","msg_hash":"[0-9a-f]{12}",`).MatchString(line) {
			t.Fatalf("a line begins %.80s", line)
		}
		if regexp.MustCompile(`"tier":"[A-Z]+","start_tier":"[A-Z]+","model":"model-\w+","input_tokens":[1-9]\d*,"output_tokens":[1-9]\d*,"cost_usd":0\.00\d+,"latency_ms":\d+,`).MatchString(line) {
			known++
		}
	}
	if known == 0 {
		t.Errorf("%s: no line has all figures", path)
	}
}

// What a server does wrong stands in the outcomes, one row a call; where nothing
// else comes it is given up.
func TestCollectFaults(t *testing.T) {
	t.Chdir(t.TempDir())
	const n = 120
	kinds := openaitest.Kinds()
	fault := func(r *openaitest.Request) openaitest.Fault {
		f := openaitest.Fault{After: 1, Delay: time.Millisecond}
		if h := liveHash(r.Model + "/" + r.User); h%3 == 0 {
			f.Kind = kinds[h/3%uint32(len(kinds))]
			f.Status = []int{0, 400, 429, 500, 503}[h/7%5]
			if f.Kind == openaitest.Hang { // its own test is elsewhere
				f.Kind = openaitest.ResetBeforeHeaders
			}
		}
		return f
	}
	server := openaitest.Start(t, openaitest.Config{Answer: liveAnswer, Fault: fault})
	livePrompts(t, "p.jsonl", n)
	config := liveYAML(t, "c.yaml", server.URL, "", "")
	args := strings.Fields("collect --yes --stop-after 0 --prompts p.jsonl --tiers SIMPLE,FRONTIER --judge regex:. --config " + config)
	r := must(t, append(args, "--json")...)
	d := collectJSON(t, r.stdout)
	rows := jsonRows(t, "outcomes.jsonl")
	failed := 0
	seen := map[string]bool{}
	for _, row := range rows {
		key := fmt.Sprint(row["id"], " ", row["model"])
		if seen[key] {
			t.Errorf("%s has two rows", key)
		}
		seen[key] = true
		if row["error"] != nil {
			failed++
			if row["response"] != nil || row["score"] != nil {
				t.Errorf("%s failed, and has an answer or a score", key)
			}
		} else if row["response"] == nil || row["score"] == nil {
			t.Errorf("%s has neither an answer nor an error", key)
		}
	}
	listed := 0
	for _, f := range d.Failures {
		listed += f.Calls
	}
	if len(rows) != 2*n || failed < 20 || failed != listed || failed != d.Models[0].Failed+d.Models[1].Failed {
		t.Errorf("%d rows, %d failed, %d listed: %+v", len(rows), failed, listed, d)
	}
	totals := server.Totals()
	if d.Sent.KnownUSD() > totals.CostUSD+1e-9 || totals.CostUSD > d.Sent.WorstUSD()+1e-9 {
		t.Errorf("the server billed $%g, the journal says $%g to $%g", totals.CostUSD, d.Sent.KnownUSD(), d.Sent.WorstUSD())
	}
	if text := must(t, args...).stdout; !strings.Contains(text, " failed: ") || !strings.Contains(text, "--retry-errors") {
		t.Errorf("it prints\n%s", text)
	}
	// What was or may have been billed is asked again only if that is allowed.
	before := asked(server)
	must(t, append(args, "--retry-errors")...)
	after, again := asked(server), 0
	for text, n := range after {
		again += n - before[text]
	}
	if again == 0 || again > failed {
		t.Errorf("%d asked again with --retry-errors, %d failed", again, failed)
	}

	down := openaitest.Start(t, openaitest.Config{Fault: func(*openaitest.Request) openaitest.Fault {
		return openaitest.Fault{Kind: openaitest.Status, Status: 400}
	}})
	config = liveYAML(t, "down.yaml", down.URL, "", "")
	for _, c := range []struct {
		args string
		says string
		most int
	}{
		{"--limit 5 --tiers SIMPLE", "no call was answered", 5},
		{"--tiers MEDIUM", "20 calls failed one after the other, the last with: refused (HTTP 400)", 20 + 16},
		{"--tiers COMPLEX --stop-after 3", "3 calls failed one after the other", 3 + 16},
		{"--tiers FRONTIER --stop-after 0", "no call was answered", n},
	} {
		before := down.Count()
		r := call(t, "", append(strings.Fields("collect --yes --prompts p.jsonl --config "+config), strings.Fields(c.args)...)...)
		if n := down.Count() - before; r.code != exitFailed || !strings.Contains(r.stderr, c.says) || n > c.most {
			t.Errorf("%s: exit %d after %d requests: %s", c.args, r.code, n, r.stderr)
		}
	}
}

// What is wrong with flags and configuration is said before anything is sent,
// and how to mend it.
func TestCollectWrong(t *testing.T) {
	t.Chdir(t.TempDir())
	server := openaitest.Start(t, openaitest.Config{Key: liveKey})
	good := readFile(t, liveYAML(t, "c.yaml", server.URL, ", key_env: LIVE_TEST_KEY, headers: {X-Team: $LIVE_TEST_TEAM}", ""))
	livePrompts(t, "p.jsonl", 8)
	writeFile(t, "schema.jsonl", `{"id":"1","prompt":"x","schema":"{\"type\": 3}"}`)
	for name, change := range map[string][2]string{
		"password": {"http://", "http://user:" + liveSecret + "@"},
		"query":    {"/v1\"", "/v1?key=" + liveSecret + "\""},
		"keyed":    {"LIVE_TEST_KEY", liveKey},
		"header":   {"X-Team: $LIVE_TEST_TEAM", "Authorization: Bearer " + liveKey},
		"nowhere":  {"{name: MEDIUM, ", "{name: MEDIUM, endpoint: locale, "},
		"nothing":  {server.URL, "127.0.0.1"},
		"none":     {"endpoints: [", "endpoints: [] # ["},
		"twice":    {"model-medium", "model-simple"},
		"full":     {"/v1\"", "/v1/chat/completions\""},
		"nameless": {"model: model-medium, ", "model: '', "},
		"judge":    {"tiers:", "judge: {by: exakt}\ntiers:"},
	} {
		writeFile(t, name+".yaml", strings.Replace(good, change[0], change[1], 1))
	}
	var said strings.Builder
	try := func(args string, code int, says string) {
		t.Helper()
		r := call(t, "", strings.Fields("collect --prompts p.jsonl --yes "+args)...)
		if r.code != code || !strings.Contains(r.stderr, says) {
			t.Errorf("%s: exit %d, expected %d and %q in:\n%s", args, r.code, code, says, r.stderr)
		}
		said.WriteString(r.stderr + r.stdout)
	}
	// Without the key, or a secret header.
	try("--config c.yaml", exitUsage, "environment variable LIVE_TEST_KEY, which is empty")
	t.Setenv("LIVE_TEST_KEY", liveKey)
	try("--config c.yaml", exitUsage, "header X-Team from the environment variable LIVE_TEST_TEAM, which is empty")
	t.Setenv("LIVE_TEST_TEAM", liveSecret)
	for _, c := range []struct{ args, says string }{
		{"--config password.yaml", "base_url: expected no user, password or query in it: keys belong in the environment, see key_env"},
		{"--config query.yaml", "keys belong in the environment"},
		{"--config keyed.yaml", "key_env: expected the name of an environment variable, in capitals, not the key itself"},
		{"--config header.yaml", "headers, Authorization: expected the name of an environment variable behind a $"},
		{"--config nowhere.yaml", `expected one of local, found "locale" (did you mean "local"?)`},
		{"--config nothing.yaml", "base_url: expected one such as https://"},
		{"--config none.yaml", "endpoints: expected at least one"},
		{"--config twice.yaml", `model "model-simple" stands twice`},
		{"--config full.yaml", "expected it without /chat/completions"},
		{"--config nameless.yaml", "tiers, MEDIUM: expected the model that serves it"},
		{"--config judge.yaml", `configuration, judge, by: judge: expected none, exact`},
		{"--config c.yaml --judge exakt", `--judge: judge: expected none, exact, choice, number, regex:PATTERN, regex, schema, similarity or llm, found "exakt" (did you mean "exact"?)`},
		{"--config c.yaml --judge regex:(", "expected a Go regular expression"},
		{"--config c.yaml --judge llm", "expected a model to ask"},
		{"--config c.yaml --tiers SIMPEL", `"SIMPEL" is no tier: expected some of "SIMPLE", "MEDIUM", "COMPLEX", "FRONTIER" (did you mean "SIMPLE"?)`},
		{"--config c.yaml --tiers SIMPLE,,", `"" is no tier`},
		{"--config c.yaml --mode cascde", "--mode: expected one of all, routed, cascade, hybrid, parallel"},
		{"--config c.yaml --mode parallel --tiers SIMPLE", "mode parallel needs two tiers"},
		{"--config c.yaml --classifier llm", "--classifier goes with the modes routed and hybrid"},
		{"--config c.yaml --mode routed --classifier oracle", "--classifier: expected one of rule, embedding, llm"},
		{"--config c.yaml --mode routed --classifier embedding", "--artifact goes with --classifier embedding"},
		{"--config c.yaml --mode routed --artifact c.yaml", "--artifact goes with --classifier embedding"},
		{"--config c.yaml --limit -1", "expected 0 or more"},
		{"--config c.yaml --budget -1", "--budget: expected 0 or more USD"},
		{"--config c.yaml --budget NaN", "--budget: expected 0 or more USD"},
		{"--config c.yaml --out o.txt", "expected one that ends in .jsonl, .csv or .parquet"},
		{"--config c.yaml --out absent/o.jsonl", "absent/o.jsonl"},
		{"--config c.yaml --log absent/log", "absent/log"},
		{"--config c.yaml --out p.jsonl", "to be read and to be written"},
		{"--config c.yaml --log outcomes.jsonl", "written twice"},
		{"--config c.yaml --journal p.jsonl", "to be read and to be written"},
		{"--config c.yaml --journal password.yaml", "not usable as a journal of answers"},
		{"--config c.yaml --journal absent/j.db", "absent"},
	} {
		try(c.args, exitUsage, c.says)
	}
	try("--config c.yaml --prompts schema.jsonl", exitContent, "schema of prompt")
	sent(t, server, 0, "wrong")
	if _, err := os.Stat("outcomes.jsonl"); err == nil {
		t.Error("outcomes were written")
	}
	// A key that is refused, and a model that is not there: of no prompt's answer.
	t.Setenv("LIVE_TEST_KEY", liveKey+"x")
	try("--config c.yaml", exitFailed, "refused (HTTP 401): the key is not known")
	if r := call(t, "", "collect", "--prompts", "p.jsonl", "--config", "c.yaml"); r.code != exitUsage || !strings.Contains(r.stderr, "answers: 32 requests, about") {
		t.Errorf("after a key was refused: %s", r.stderr)
	}
	if _, err := os.Stat("outcomes.jsonl"); err == nil {
		t.Error("outcomes were written")
	}
	for _, secret := range []string{liveKey, liveSecret} {
		if strings.Contains(said.String(), secret) {
			t.Errorf("a message holds the secret %s", secret)
		}
	}
}

// Where the server goes away amid the work, what it answered is written.
func TestCollectServerGone(t *testing.T) {
	t.Chdir(t.TempDir())
	server := openaitest.Start(t, openaitest.Config{Fault: func(r *openaitest.Request) openaitest.Fault {
		if r.N < 30 {
			return openaitest.Fault{}
		}
		return openaitest.Fault{Kind: openaitest.Status, Status: 402}
	}})
	livePrompts(t, "p.jsonl", 60)
	r := call(t, "", "collect", "--yes", "--tiers", "SIMPLE", "--prompts", "p.jsonl", "--config", liveYAML(t, "c.yaml", server.URL, "", ""))
	if n := len(jsonRows(t, "outcomes.jsonl")); r.code != exitFailed || !strings.Contains(r.stderr, "HTTP 402") || n != 30 {
		t.Errorf("exit %d, %d rows: %s", r.code, n, r.stderr)
	}
	if text := r.stdout; !strings.Contains(text, "30 of 60 complete") {
		t.Errorf("it prints\n%s", text)
	}
}
