package live

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/routeproof/routeproof/centroids/embedder"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/policy"
	"github.com/routeproof/routeproof/internal/openaiapi"
	"github.com/routeproof/routeproof/internal/openaiapi/openaitest"
)

const replaySchema = `{"type":"object","required":["n"],"properties":{"n":{"type":"integer"}}}`

// replayAnswer has what checks look for and what agreements compare: dearer
// models are right more often.
func replayAnswer(r *openaitest.Request) string {
	x := drawn("answer", r.User)
	if r.Model != "large" {
		x = drawn("answer", r.User, r.Model)
	}
	answers := []string{
		"", "No.", "I’m not sure, but it may be seven of them.", "I cannot help with that, as an AI.",
		"```json\n{\"n\": 7}\n```", `{"n": 7}`, `{"n": "seven"}`, "{\"n\": 7", `{"n": 8, "why": "a long enough reason"}`,
		"The answer is seven, which follows from the question.", "The answer is seven, as follows from the question.", "line\u2028\"quoted\",\x00;\n,'it'\t\r\n",
	}
	if x%3 == 0 {
		x = drawn(r.User) // the same of all models
	}
	return answers[x%uint64(len(answers))]
}

func replayFault(r *openaitest.Request) openaitest.Fault {
	switch x := drawn("fault", r.User, r.Model); {
	case x%13 == 0:
		return openaitest.Fault{Kind: openaitest.Status, Status: 400}
	case x%13 == 1:
		return openaitest.Fault{Kind: openaitest.CutStream, After: 1}
	case x%13 == 2:
		return openaitest.Fault{Kind: openaitest.NoChoices}
	case x%13 < 5:
		return openaitest.Fault{Kind: openaitest.SlowHeaders, Delay: 2 * replayTimeout * time.Millisecond}
	}
	return openaitest.Fault{}
}

const replayTimeout = 150 // ms

// replayPolicies are all kinds, by name.
func replayPolicies(t *testing.T) map[string]policy.Policy {
	t.Helper()
	config := policy.DefaultChecks()
	config.TimeoutMS, config.UnwrapFences = replayTimeout, true
	checks, err := policy.NewChecks(config)
	if err != nil {
		t.Fatal(err)
	}
	hashing, err := embedder.NewHashing(256)
	if err != nil {
		t.Fatal(err)
	}
	field, err := policy.ParseAnswer("json:n")
	if err != nil {
		t.Fatal(err)
	}
	decide := func(_ context.Context, q *policy.Request) (eval.Decision, error) {
		text, err := q.Text.Read()
		return eval.Decision{
			Tier: len(text) % 3, CostUSD: eval.Quantity{Value: token, Origin: eval.Computed}, LatencyMS: eval.Quantity{Value: 0.5, Origin: eval.Recorded},
		}, err
	}
	return map[string]policy.Policy{
		"single":             policy.Single(1),
		"route":              policy.Route{Decide: decide, Rungs: []int{0, 1, 2}},
		"cascade":            policy.Cascade{Checks: checks},
		"hybrid":             policy.Route{Decide: decide, Rungs: []int{0, 1, 2}, Checks: checks},
		"parallel by answer": policy.Parallel{Cheap: 0, Dear: 2, Agreement: policy.SameAnswer{Answer: field}, Threshold: 1},
		"parallel by text":   policy.Parallel{Cheap: 1, Dear: 2, Agreement: policy.SameAnswer{}, Threshold: 1},
		"parallel by cosine": policy.Parallel{Cheap: 0, Dear: 1, Agreement: policy.Cosine{Embedder: hashing}, Threshold: 0.8},
		"parallel in time":   policy.Parallel{Cheap: 0, Dear: 2, Agreement: policy.SameAnswer{}, Threshold: 1, TimeoutMS: replayTimeout},
	}
}

// noting keeps how requests are served while they are.
type noting struct {
	policy.Policy
	mu     sync.Mutex
	served map[string]policy.Served
}

func (n *noting) Serve(ctx context.Context, b policy.Backend, q *policy.Request) (policy.Served, error) {
	s, err := n.Policy.Serve(ctx, b, q)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.served[q.ID] = s
	return s, err
}

// What was served live is served likewise from the journal, from a file of what
// that policy alone asked, and from a file of what all models answered: the same
// calls, reasons, decisions, costs, latencies and scores.
func TestReplayIsLive(t *testing.T) {
	prompts := promptsOf(56)
	for i := range prompts {
		if i%8 == 3 {
			prompts[i].Schema = replaySchema
		}
	}
	for name, config := range map[string]openaitest.Config{"cost told": {}, "tokens told": {NoCost: true}, "nothing told": {NoUsage: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config.Answer, config.Fault = replayAnswer, replayFault
			d := newDesk(t, config)
			b := d.backend(d.client(nil), drawnJudge{})
			policies := replayPolicies(t)
			live := map[string]*noting{}
			alone := map[string][]datasets.Outcome{}
			replayed := map[string][]*Service{}
			for name, p := range policies {
				live[name] = &noting{Policy: p, served: map[string]policy.Served{}}
				d.collect(b, Plan{Prompts: prompts, Policies: []policy.Policy{live[name]}, Workers: 32})
				replayed[name] = d.replayed(drawnJudge{}, Plan{Prompts: prompts, Policies: []policy.Policy{p}})
				alone[name] = rowsOf(replayed[name])
			}
			every := Plan{Prompts: prompts, Policies: Every(b.Models()), Workers: 32}
			d.collect(b, every)
			all := rowsOf(d.replayed(drawnJudge{}, every))
			for k, calls := range d.calls() {
				if len(calls) != 1 {
					t.Errorf("%s was asked %d times", k, len(calls))
				}
			}
			checkVariety(t, replayed)
			for _, ending := range []string{"jsonl", "csv.gz", "parquet"} {
				ofAll := recordedFrom(t, b, "all."+ending, all)
				for name, p := range policies {
					ofAlone := recordedFrom(t, b, "alone."+ending, alone[name])
					for _, s := range replayed[name] {
						wantServed(t, name+" live", *s.Served, live[name].served[s.Prompt.ID], nil)
						for from, backend := range map[string]policy.Backend{"all " + ending: ofAll, "alone " + ending: ofAlone} {
							got, err := p.Serve(t.Context(), backend, &s.Request)
							wantServed(t, fmt.Sprintf("%s from %s", name, from), *s.Served, got, err)
						}
					}
				}
			}
		})
	}
}

func wantServed(t *testing.T, what string, want, got policy.Served, err error) {
	t.Helper()
	want, got = inMemory(t, want), inMemory(t, got)
	if err != nil || !reflect.DeepEqual(want, got) {
		t.Errorf("%s: %v (-want +got):\n%s", what, err, cmp.Diff(want, got))
	}
	if want.Score() != got.Score() {
		t.Errorf("%s: score %v, expected %v", what, got.Score(), want.Score())
	}
}

// recordedFrom writes rows to a file and reads them into a backend.
func recordedFrom(t *testing.T, b *Backend, name string, rows []datasets.Outcome) *policy.Recorded {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	writeRows(t, path, rows)
	r, err := policy.NewRecorded(b.Models(), countWords)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := datasets.Outcomes().ScanFile(path, nil, r.Add); err != nil {
		t.Fatal(err)
	}
	return r
}

func writeRows(t *testing.T, path string, rows []datasets.Outcome) {
	t.Helper()
	if err := datasets.Outcomes().WriteFile(path, datasets.WriteOptions{}, func(put func(datasets.Outcome) error) error {
		for _, o := range rows {
			if err := put(o); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// checkVariety expects all that policies can do to have come about.
func checkVariety(t *testing.T, all map[string][]*Service) {
	t.Helper()
	found := map[string]int{}
	for name, services := range all {
		for _, s := range services {
			for what, is := range map[string]bool{
				"escalated": s.Served.Escalated, "exhausted": s.Served.Exhausted, "agreed": s.Served.Agreed, "unanswered": s.Served.Rung < 0,
				"cost unknown": !s.Served.CostUSD.Known(), "unscored": !s.Served.Score().Known,
			} {
				if is {
					found[what]++
				}
			}
			for _, a := range s.Served.Attempts {
				for _, r := range policy.AllReasons() {
					if a.Reasons.Has(r) {
						found[r.String()]++
					}
				}
			}
			if strings.HasPrefix(name, "parallel") && s.Served.Agreed {
				found[name]++
			}
		}
	}
	for _, what := range []string{
		"escalated", "exhausted", "agreed", "unanswered", "cost unknown", "unscored", "error", "timeout", "too_short", "uncertain", "bad_json", "schema",
		"parallel by answer", "parallel by text", "parallel by cosine",
	} {
		if found[what] == 0 {
			t.Errorf("nothing is %s: %v", what, found)
		}
	}
}

// What a server says and no file of outcomes holds is unknown, and text behind
// the finish reason came last.
func TestOutcomesCanBeRead(t *testing.T) {
	for name, c := range map[string]struct {
		reply openaiapi.ChatReply
		err   error
		want  datasets.Outcome
	}{
		"beyond": {
			openaiapi.ChatReply{Text: "a", Usage: openaiapi.Usage{InputTokens: new(math.MaxInt32), OutputTokens: new(mostTokens + 1), CostUSD: new(1.1e6)}, Latency: time.Second},
			nil, datasets.Outcome{Response: datasets.Known("a"), LatencyMS: datasets.Known(1000.0)},
		},
		"within": {
			openaiapi.ChatReply{Text: "", Usage: openaiapi.Usage{InputTokens: new(mostTokens), OutputTokens: new(0), CostUSD: new(1e6)}, Latency: 1500 * time.Microsecond, FirstToken: time.Millisecond},
			nil, datasets.Outcome{
				Response: datasets.Known(""), InputTokens: datasets.Known(mostTokens), OutputTokens: datasets.Known(0), CostUSD: datasets.Known(1e6),
				LatencyMS: datasets.Known(1.5), TTFTMS: datasets.Known(1.0),
			},
		},
		"late text": {
			openaiapi.ChatReply{Text: "a", Latency: time.Millisecond, FirstToken: 2 * time.Millisecond},
			nil, datasets.Outcome{Response: datasets.Known("a"), LatencyMS: datasets.Known(2.0), TTFTMS: datasets.Known(2.0)},
		},
		"failed beyond": {
			err:  &openaiapi.Error{Kind: openaiapi.Cut, Billed: true, Usage: openaiapi.Usage{CostUSD: new(math.MaxFloat64)}},
			want: datasets.Outcome{Error: "cut"},
		},
	} {
		b := backendOf(t, ladder(judgeReply(c.reply, c.err)), nil)
		c.want.ID, c.want.Model, c.want.Prompt = "p", "small", "q"
		rec, err := b.ask(t.Context(), &datasets.Prompt{ID: "p", Text: "q"}, 0)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "o.jsonl")
		writeRows(t, path, []datasets.Outcome{rec.Outcome})
		if _, err := datasets.Outcomes().ScanFile(path, nil, func(got *datasets.Outcome) error {
			if diff := cmp.Diff(c.want, *got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
			return nil
		}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// inMemory is what was served with texts that can be compared, wherever they are kept.
func inMemory(t *testing.T, s policy.Served) policy.Served {
	t.Helper()
	s.Attempts = slices.Clone(s.Attempts)
	for i := range s.Attempts {
		c := &s.Attempts[i].Call
		text, err := c.Response.Read()
		if err != nil {
			t.Fatal(err)
		}
		if c.Response.Known {
			c.Response = policy.NewText(text)
		}
	}
	return s
}
