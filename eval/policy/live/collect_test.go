package live

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/policy"
	"github.com/routeproof/routeproof/internal/openaiapi"
	"github.com/routeproof/routeproof/internal/openaiapi/openaitest"
)

// refuseSome refuses some questions for good.
func refuseSome(r *openaitest.Request) openaitest.Fault {
	if drawn(r.User, r.Model)%11 == 0 {
		return openaitest.Fault{Kind: openaitest.Status, Status: 422}
	}
	return openaitest.Fault{}
}

// atNth calls do when the nth request comes.
func atNth(n int, do func(), then func(*openaitest.Request) openaitest.Fault) func(*openaitest.Request) openaitest.Fault {
	var once sync.Once
	return func(r *openaitest.Request) openaitest.Fault {
		if r.N >= n {
			once.Do(do)
		}
		return then(r)
	}
}

// An interrupted collection begins nothing more, keeps what was under way, and
// when it has gone on ends with the rows of one that was not disturbed.
func TestInterruption(t *testing.T) {
	checks, err := policy.NewChecks(policy.DefaultChecks())
	if err != nil {
		t.Fatal(err)
	}
	for name, policies := range map[string][]policy.Policy{
		"every":            {policy.Single(0), policy.Single(1), policy.Single(2)},
		"cascade":          {policy.Cascade{Checks: checks}},
		"parallel":         {policy.Parallel{Cheap: 0, Dear: 2, Agreement: policy.SameAnswer{}, Threshold: 1}},
		"cascade, and one": {policy.Cascade{Checks: checks}, policy.Single(0)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const at, concurrency = 40, 16
			plan := Plan{Prompts: promptsOf(60), Policies: policies, Workers: 2 * concurrency}
			undisturbed := newDesk(t, openaitest.Config{Fault: refuseSome, Answer: replayAnswer})
			undisturbed.collect(undisturbed.backend(undisturbed.client(nil), drawnJudge{}), plan)
			want := untimed(rowsOf(undisturbed.replayed(drawnJudge{}, plan)))

			ctx, cancel := context.WithCancelCause(t.Context())
			gone := errors.New("gone")
			d := newDesk(t, openaitest.Config{Latency: 30 * time.Millisecond, Answer: replayAnswer, Fault: atNth(at, func() { cancel(gone) }, refuseSome)})
			done := 0
			plan.Progress = func(n, total int) {
				if done++; n != done || total != 60*len(policies) {
					t.Errorf("progress %d of %d, expected %d", n, total, done)
				}
			}
			if err := Collect(ctx, d.backend(d.client(nil), drawnJudge{}), plan); !errors.Is(err, gone) {
				t.Errorf("error %v, expected why it was interrupted", err)
			}
			first := d.server.Count()
			if first > at+concurrency+1 || done == 0 || done > first {
				t.Errorf("%d requests and %d served, interrupted at %d", first, done, at)
			}
			held := 0
			for k, calls := range d.calls() {
				kept, err := d.offline().Held(ladderRequest(d, k))
				if err != nil || !kept || len(calls) != 1 {
					t.Errorf("%s was asked %d times, is in the journal: %t, %v", k, len(calls), kept, err)
				}
				held++
			}
			d.reopen()
			if d.store.Lost() != 0 {
				t.Errorf("%d requests are lost", d.store.Lost())
			}
			plan.Progress = nil
			partly := rowsOf(d.replayed(drawnJudge{}, plan))
			if len(partly) == 0 || len(policies) == 1 && len(partly) != held {
				t.Errorf("%d rows, expected one for each of %d calls", len(partly), held)
			}

			ledger := &openaiapi.Ledger{}
			d.collect(d.backend(d.client(func(c *openaiapi.Config) { c.Ledger = ledger }), drawnJudge{}), plan)
			for k, calls := range d.calls() {
				if len(calls) != 1 {
					t.Errorf("%s was asked %d times", k, len(calls))
				}
			}
			if fresh := ledger.Fresh(); fresh.Requests != d.server.Count()-first {
				t.Errorf("the second time %d requests in the ledger, %d at the server", fresh.Requests, d.server.Count()-first)
			}
			if diff := cmp.Diff(want, untimed(rowsOf(d.replayed(drawnJudge{}, plan)))); diff != "" {
				t.Errorf("rows (-undisturbed +interrupted):\n%s", diff)
			}
		})
	}
}

// ladderRequest is the question behind a pair.
func ladderRequest(d *desk, k pair) openaiapi.ChatRequest {
	rungs := ladder(nil)
	i := slices.IndexFunc(rungs, func(r Rung) bool { return r.Name == k.model })
	if i < 0 {
		d.t.Fatalf("no model %q", k.model)
	}
	return rungs[i].request(k.text)
}

func TestCancelledBefore(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	d := newDesk(t, openaitest.Config{})
	plan := Plan{Prompts: promptsOf(5), Policies: []policy.Policy{policy.Single(0)}}
	if err := Collect(ctx, d.backend(d.client(nil), nil), plan); !errors.Is(err, context.Canceled) || d.server.Count() != 0 {
		t.Errorf("error %v after %d requests", err, d.server.Count())
	}
	d.collect(d.backend(d.client(nil), nil), plan)
	visits := 0
	err := Replay(ctx, d.backend(d.offline(), nil), plan, func(*Service) error { visits++; return nil })
	if !errors.Is(err, context.Canceled) || visits != 0 {
		t.Errorf("replay: error %v after %d visits", err, visits)
	}
	stop := errors.New("enough")
	if err := Replay(t.Context(), d.backend(d.offline(), nil), plan, func(*Service) error { visits++; return stop }); !errors.Is(err, stop) || visits != 1 {
		t.Errorf("replay: error %v after %d visits", err, visits)
	}
	d.collect(d.backend(d.client(nil), nil), Plan{Prompts: promptsOf(5)})
	d.collect(d.backend(d.client(nil), nil), Plan{Policies: plan.Policies})
}

// A budget is never exceeded, whatever is under way, and a larger one goes on.
func TestBudget(t *testing.T) {
	t.Parallel()
	d := newDesk(t, openaitest.Config{Latency: 2 * time.Millisecond, Fault: refuseSome})
	plan := Plan{Prompts: promptsOf(50), Policies: []policy.Policy{policy.Single(0), policy.Single(1), policy.Single(2)}, Workers: 32}
	for _, limit := range []float64{200 * token, 800 * token, 1} {
		d.reopen()
		spent, err := d.store.Spent()
		if err != nil {
			t.Fatal(err)
		}
		before := d.server.Count()
		ledger := openaiapi.NewLedger(limit, spent.WorstUSD())
		err = Collect(t.Context(), d.backend(d.client(func(c *openaiapi.Config) { c.Ledger = ledger }), nil), plan)
		if want := limit < 1; errors.Is(err, openaiapi.ErrBudget) != want || err != nil != want {
			t.Errorf("limit $%g: error %v", limit, err)
		}
		total := d.server.Totals().CostUSD
		if got := spent.WorstUSD() + ledger.Fresh().WorstUSD(); got != total || total > limit {
			t.Errorf("limit $%g: $%g in the ledger, $%g at the server", limit, got, total)
		}
		if d.server.Count() == before {
			t.Errorf("limit $%g: nothing was asked", limit)
		}
		if rows := rowsOf(d.replayed(nil, plan)); len(rows) != d.server.Count() {
			t.Errorf("limit $%g: %d rows of %d requests", limit, len(rows), d.server.Count())
		}
	}
	if d.server.Count() != 150 {
		t.Errorf("%d requests, expected each call once", d.server.Count())
	}
	b := backendOf(t, ladder(d.client(func(c *openaiapi.Config) { c.Ledger = openaiapi.NewLedger(1, 0) })), nil)
	b.rungs[0].InputPerM = nil
	if err := Collect(t.Context(), b, Plan{Prompts: promptsOf(51)[50:], Policies: plan.Policies}); !errors.Is(err, openaiapi.ErrBudget) {
		t.Errorf("without a price: error %v", err)
	}
}

func TestStopAfter(t *testing.T) {
	t.Parallel()
	refuse := openaitest.Fault{Kind: openaitest.Status, Status: 400}
	for name, c := range map[string]struct {
		fails    func(n int) bool // of requests
		after    int
		requests int // that are sent, of 30
	}{
		"all fail":         {func(int) bool { return true }, 4, 4},
		"from the tenth":   {func(n int) bool { return n >= 10 }, 4, 14},
		"never give up":    {func(int) bool { return true }, 0, 30},
		"successes amid":   {func(n int) bool { return n%4 != 3 }, 4, 30},
		"at the first":     {func(n int) bool { return n == 7 }, 1, 8},
		"fewer than it is": {func(n int) bool { return n >= 27 }, 4, 30},
	} {
		d := newDesk(t, openaitest.Config{Fault: func(r *openaitest.Request) openaitest.Fault {
			if c.fails(r.N) {
				return refuse
			}
			return openaitest.Fault{}
		}})
		plan := Plan{Prompts: promptsOf(30), Policies: []policy.Policy{policy.Single(0)}, StopAfter: c.after}
		err := Collect(t.Context(), d.backend(d.client(nil), nil), plan)
		var stopped *StoppedError
		switch want := c.requests < 30; {
		case errors.As(err, &stopped) != want, err != nil != want, d.server.Count() != c.requests:
			t.Errorf("%s: error %v after %d requests, expected %d", name, err, d.server.Count(), c.requests)
		case want && (stopped.Failed != c.after || !strings.Contains(err.Error(), "HTTP 400") || !strings.HasPrefix(err.Error(), fmt.Sprint(c.after))):
			t.Errorf("%s: error %v", name, err)
		}
		// What failed before does not count, and all 30 are there in the end.
		plan.StopAfter = 31 - c.requests
		if err := Collect(t.Context(), d.backend(d.client(nil), nil), plan); err != nil || d.server.Count() != 30 || len(d.replayed(nil, plan)) != 30 {
			t.Errorf("%s: going on: error %v after %d requests", name, err, d.server.Count())
		}
	}
	d := newDesk(t, openaitest.Config{Fault: func(*openaitest.Request) openaitest.Fault { return refuse }})
	plan := Plan{Prompts: promptsOf(100), Policies: []policy.Policy{policy.Single(0)}, StopAfter: 5, Workers: 32}
	var stopped *StoppedError
	if err := Collect(t.Context(), d.backend(d.client(nil), nil), plan); !errors.As(err, &stopped) || d.server.Count() > 5+32 {
		t.Errorf("many at a time: error %v after %d requests", err, d.server.Count())
	}
}

// A judge's score and name stand in the row, what judging costs beside it.
func TestJudgedRows(t *testing.T) {
	t.Parallel()
	d := newDesk(t, openaitest.Config{Answer: func(r *openaitest.Request) string {
		switch {
		case r.Model != "judge":
			return "an answer"
		case strings.Contains(r.User, "№3 "):
			return "no idea"
		}
		return `{"score": 7, "why": "fine"}`
	}, Fault: func(r *openaitest.Request) openaitest.Fault {
		switch {
		case r.Model == "middle" && strings.Contains(r.User, "№1 "):
			return openaitest.Fault{Kind: openaitest.Status, Status: 400}
		case r.Model == "judge" && strings.Contains(r.User, "№2 "):
			return openaitest.Fault{Kind: openaitest.CutBody}
		}
		return openaitest.Fault{}
	}})
	judge := func(c *openaiapi.Client) Judge { return judgeOf(t, JudgeLLM{Asker: c, Model: "judge"}) }
	client := d.client(nil)
	plan := Plan{Prompts: promptsOf(5), Policies: []policy.Policy{policy.Single(1)}, Workers: 3}
	d.collect(d.backend(client, judge(client)), plan)
	answers, judging := 0.0, 0.0
	for i, s := range d.replayed(judge(d.offline()), plan) {
		r := s.Records[0]
		answers += r.Outcome.CostUSD.Value
		judging += r.Judged.Value
		score, name, why := datasets.Known(0.7), "llm:judge", "fine"
		switch i {
		case 1:
			score, name, why = datasets.Optional[float64]{}, "", ""
		case 2:
			score, name, why = datasets.Optional[float64]{}, "", "asking the judge: cut (HTTP 200)"
		case 3:
			score, name, why = datasets.Optional[float64]{}, "", "no score"
		}
		if r.Outcome.Score != score || r.Outcome.Judge != name || !strings.Contains(r.Why, why) || s.Served.Score() != score && i != 1 {
			t.Errorf("row %d: %+v", i, r)
		}
		if known := i != 1 && i != 2; r.Judged.Known() != known || known && r.Judged.Value == 0 || s.Served.CostUSD.Value != r.Outcome.CostUSD.Value {
			t.Errorf("row %d: judging costs %+v of %+v", i, r.Judged, s.Served.CostUSD)
		}
	}
	billed := map[bool]float64{} // by whether the judge is
	for k, calls := range d.calls() {
		if k.model != "judge" || calls[0].CostTold {
			billed[k.model == "judge"] += sumOf(calls)
		}
	}
	if answers != billed[false] || judging != billed[true] || judging == 0 {
		t.Errorf("rows cost $%g and judging $%g, the server bills %v", answers, judging, billed)
	}
}

// fixedJudge says the same of everything.
type fixedJudge struct {
	verdict Verdict
	err     error
}

func (fixedJudge) Name() string { return "fixed" }

func (j fixedJudge) Score(context.Context, *datasets.Prompt, string) (Verdict, error) {
	return j.verdict, j.err
}

// A judge that cannot judge anything ends the work, and the answers stay. Answers
// that wait for their judge are rows without a score, and no decisions.
func TestJudgeEndsTheWork(t *testing.T) {
	t.Parallel()
	d := newDesk(t, openaitest.Config{})
	plan := Plan{Prompts: promptsOf(20), Policies: []policy.Policy{policy.Single(0)}}
	broken := errors.New("out of order")
	err := Collect(t.Context(), d.backend(d.client(nil), fixedJudge{err: broken}), plan)
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "judge fixed") || d.server.Count() != 1 {
		t.Errorf("error %v after %d requests", err, d.server.Count())
	}
	for i, s := range d.replayed(fixedJudge{err: fmt.Errorf("no: %w", openaiapi.ErrNotHeld)}, plan) {
		if s.Served != nil || len(s.Records) != 1-min(i, 1) {
			t.Fatalf("service %d: %+v", i, s)
		}
		if i == 0 && (!s.Records[0].Outcome.Response.Known || s.Records[0].Outcome.Score.Known || s.Records[0].Outcome.Judge != "") {
			t.Errorf("row %+v", s.Records[0])
		}
	}
	d.collect(d.backend(d.client(nil), fixedJudge{verdict: Verdict{Score: datasets.Known(0.5), CostUSD: judgeFree()}}), plan)
	if d.server.Count() != 20 {
		t.Errorf("%d requests, expected 20", d.server.Count())
	}
}

// What fails in one call is that call's; what would fail in all ends the work.
func TestFailedCalls(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		cost eval.Quantity // of the call; Computed where prices make it
		in   datasets.Optional[int]
		out  datasets.Optional[int]
		ends bool
	}{
		"refused": {&openaiapi.Error{Kind: openaiapi.Refused, Status: 400}, judgeFree(), datasets.Optional[int]{}, datasets.Optional[int]{}, false},
		"wrapped": {fmt.Errorf("w: %w", &openaiapi.Error{Kind: openaiapi.Refused, Status: 400}), judgeFree(), datasets.Optional[int]{}, datasets.Optional[int]{}, false},
		"cut":     {&openaiapi.Error{Kind: openaiapi.Cut, Billed: true}, eval.Quantity{}, datasets.Optional[int]{}, datasets.Optional[int]{}, false},
		"cut, input told": {&openaiapi.Error{Kind: openaiapi.Cut, Billed: true, Usage: openaiapi.Usage{InputTokens: new(9)}},
			eval.Quantity{}, datasets.Known(9), datasets.Optional[int]{}, false},
		"cut, tokens told": {&openaiapi.Error{Kind: openaiapi.Cut, Billed: true, Usage: openaiapi.Usage{InputTokens: new(9), OutputTokens: new(3)}},
			eval.Quantity{Value: 12 * token, Origin: eval.Computed}, datasets.Known(9), datasets.Known(3), false},
		"no choices": {&openaiapi.Error{Kind: openaiapi.NotAnAnswer, Billed: true, Usage: openaiapi.Usage{InputTokens: new(9), OutputTokens: new(3), CostUSD: new(0.5)}},
			eval.Quantity{Value: 0.5, Origin: eval.Recorded}, datasets.Known(9), datasets.Known(3), false},
		"billed nothing": {&openaiapi.Error{Kind: openaiapi.Cut, Billed: true, Usage: openaiapi.Usage{CostUSD: new(0.0)}}, judgeFree(), datasets.Optional[int]{}, datasets.Optional[int]{}, false},
		"refused key":    {&openaiapi.Error{Kind: openaiapi.Refused, Status: 401}, eval.Quantity{}, datasets.Optional[int]{}, datasets.Optional[int]{}, true},
		"no credit":      {&openaiapi.Error{Kind: openaiapi.Refused, Status: 402}, eval.Quantity{}, datasets.Optional[int]{}, datasets.Optional[int]{}, true},
		"no connection":  {&openaiapi.Error{Kind: openaiapi.Unreachable}, eval.Quantity{}, datasets.Optional[int]{}, datasets.Optional[int]{}, true},
		"over budget":    {openaiapi.ErrBudget, eval.Quantity{}, datasets.Optional[int]{}, datasets.Optional[int]{}, true},
		"store":          {openaiapi.ErrStore, eval.Quantity{}, datasets.Optional[int]{}, datasets.Optional[int]{}, true},
	} {
		b := backendOf(t, ladder(judgeReply(openaiapi.ChatReply{}, c.err)), fixedJudge{err: errors.New("a failed call is judged")})
		plan := Plan{Prompts: promptsOf(1), Policies: []policy.Policy{policy.Single(0)}}
		if c.ends {
			err := Collect(t.Context(), b, plan)
			if !errors.Is(err, c.err) || !strings.Contains(err.Error(), "model small: ") {
				t.Errorf("%s: error %v", name, err)
			}
			continue
		}
		if err := Replay(t.Context(), b, plan, func(s *Service) error {
			call, row := s.Served.Attempts[0].Call, s.Records[0].Outcome
			if call.CostUSD != c.cost || call.InputTokens != c.in || call.OutputTokens != c.out || row.CostUSD.Known != (c.cost.Origin == eval.Recorded) || row.InputTokens != c.in || row.OutputTokens != c.out {
				t.Errorf("%s: call %+v, row %+v", name, call, row)
			}
			if row.Error == "" || row.Error != call.Err || row.Response.Known || row.LatencyMS.Known || call.LatencyMS.Known() || call.FirstTokenMS.Known() || row.Score.Known {
				t.Errorf("%s: row %+v, call %+v", name, row, call)
			}
			if s.Served.Rung != -1 || s.Served.Score() != datasets.Known(0.0) {
				t.Errorf("%s: served %+v", name, s.Served)
			}
			return nil
		}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What the server does not tell is counted, the system prompt's tokens included.
func TestCounted(t *testing.T) {
	b := backendOf(t, ladder(judgeReply(openaiapi.ChatReply{Text: "one two three", Latency: time.Second}, nil)), nil)
	prompts := []datasets.Prompt{{ID: "p", Text: "four words of prompt", Domain: "d"}}
	if err := Replay(t.Context(), b, Plan{Prompts: prompts, Policies: []policy.Policy{policy.Single(2)}}, func(s *Service) error {
		call, row := s.Served.Attempts[0].Call, s.Records[0].Outcome
		if call.InputTokens != datasets.Known(4+2) || call.OutputTokens != datasets.Known(3) || s.Served.CostUSD != (eval.Quantity{Value: 9 * token, Origin: eval.Computed}) {
			t.Errorf("call %+v", call)
		}
		want := datasets.Outcome{ID: "p", Model: "large", Prompt: "four words of prompt", Domain: "d", Response: datasets.Known("one two three"), LatencyMS: datasets.Known(1000.0)}
		if diff := cmp.Diff(want, row); diff != "" {
			t.Errorf("row (-want +got):\n%s", diff)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// Where one side of a parallel policy was not asked yet, nothing is decided.
func TestParallelPartlyAsked(t *testing.T) {
	t.Parallel()
	p := policy.Parallel{Cheap: 0, Dear: 2, Agreement: policy.SameAnswer{}, Threshold: 1}
	plan := Plan{Prompts: promptsOf(1), Policies: []policy.Policy{p}}
	for name, asked := range map[string][]int{"neither": nil, "cheap": {0}, "dear": {2}, "both": {0, 2}} {
		d := newDesk(t, openaitest.Config{})
		var singles []policy.Policy
		for _, rung := range asked {
			singles = append(singles, policy.Single(rung))
		}
		d.collect(d.backend(d.client(nil), nil), Plan{Prompts: plan.Prompts, Policies: singles})
		s := d.replayed(nil, plan)[0]
		var rungs []int
		for _, r := range s.Records {
			rungs = append(rungs, r.Rung)
		}
		if (s.Served != nil) != (len(asked) == 2) || !slices.Equal(rungs, asked) {
			t.Errorf("%s: served %+v, records of %v", name, s.Served, rungs)
		}
	}
}

// failingEmbedder is an embedder behind an endpoint.
type failingEmbedder struct {
	centroids.Embedder
	err func(text string) error
}

func (failingEmbedder) Identity() centroids.Identity {
	return centroids.Identity{Kind: "test", Model: "m", Dims: 2, Preprocessing: "none"}
}

func (e failingEmbedder) Embed(_ context.Context, dst []float32, texts []string) error {
	dst[0], dst[2] = 1, 1
	return e.err(texts[0])
}

// What decides on answers and fails for one request leaves that undecided, with
// its answers as rows; what would fail for all of them ends the work.
func TestUndecided(t *testing.T) {
	t.Parallel()
	refused := &openaiapi.Error{Kind: openaiapi.Refused, Status: 400, Message: "too long"}
	serve := func(t *testing.T, err func(text string) error, stopAfter int) ([]*Service, error) {
		d := newDesk(t, openaitest.Config{Answer: func(r *openaitest.Request) string { return r.User }})
		plan := Plan{Prompts: promptsOf(12), StopAfter: stopAfter, Policies: []policy.Policy{
			policy.Parallel{Cheap: 0, Dear: 2, Agreement: policy.Cosine{Embedder: failingEmbedder{err: err}}, Threshold: 0.5},
		}}
		if err := Collect(t.Context(), d.backend(d.client(nil), nil), plan); err != nil {
			return nil, err
		}
		return d.replayed(nil, plan), nil
	}
	for name, c := range map[string]struct {
		err       error // of the fourth prompt
		undecided bool
	}{
		"fine": {nil, false}, "refused": {fmt.Errorf("remote embedder: %w", refused), true},
		"not held": {fmt.Errorf("remote embedder: %w", openaiapi.ErrNotHeld), true},
	} {
		services, err := serve(t, func(text string) error {
			if strings.Contains(text, "№3 ") {
				return c.err
			}
			return nil
		}, 2)
		if err != nil || len(services) != 12 {
			t.Fatalf("%s: %v", name, err)
		}
		for i, s := range services {
			if (s.Served == nil) != (i == 3 && c.undecided) || len(s.Records) != 2 {
				t.Errorf("%s: service %d is %+v", name, i, s)
			}
		}
	}
	var stopped *StoppedError
	if _, err := serve(t, func(string) error { return refused }, 3); !errors.As(err, &stopped) || stopped.Failed != 3 || !strings.Contains(err.Error(), "too long") {
		t.Errorf("all refused: error %v", err)
	}
	n := 0
	if _, err := serve(t, func(string) error {
		if n++; n%3 == 0 {
			return nil
		}
		return refused
	}, 3); err != nil {
		t.Errorf("two of three refused: error %v", err)
	}
	if _, err := serve(t, func(string) error { return refused }, 0); err != nil {
		t.Errorf("all refused, and never given up: error %v", err)
	}
	stored := *refused
	stored.Stored = true
	if _, err := serve(t, func(string) error { return &stored }, 3); err != nil {
		t.Errorf("all refused before: error %v", err)
	}
	fatal := &openaiapi.Error{Kind: openaiapi.Refused, Status: 401}
	if _, err := serve(t, func(string) error { return fatal }, 0); !errors.Is(err, fatal) {
		t.Errorf("key refused: error %v", err)
	}
	plan := Plan{Prompts: promptsOf(3), Policies: []policy.Policy{policy.Route{Decide: policy.Decided(func(string) (d eval.Decision, ok bool) { return d, false }), Rungs: []int{0}}}}
	d := newDesk(t, openaitest.Config{})
	d.collect(d.backend(d.client(nil), nil), plan)
	if s := d.replayed(nil, plan); d.server.Count() != 0 || s[0].Served != nil {
		t.Errorf("without a decision: %d requests, %+v", d.server.Count(), s[0])
	}
}

func TestRequestOf(t *testing.T) {
	q, err := RequestOf(&datasets.Prompt{ID: "p", Text: "x", Domain: "d", TaskType: "extraction", Schema: replaySchema})
	text, unread := q.Text.Read()
	if err != nil || unread != nil || q.ID != "p" || text != "x" || q.Domain != "d" || q.TaskType != "extraction" || !q.Schema.Satisfied(`{"n": 1}`) || q.Schema.Satisfied(`{}`) {
		t.Errorf("%+v, %v", q, err)
	}
	bad := datasets.Prompt{ID: "p", Schema: `{"type": 5}`}
	if _, err := RequestOf(&bad); err == nil || !strings.Contains(err.Error(), `"p"`) {
		t.Errorf("error %v, expected one that names the prompt", err)
	}
	d := newDesk(t, openaitest.Config{})
	plan := Plan{Prompts: []datasets.Prompt{bad}, Policies: []policy.Policy{policy.Single(0)}}
	if err := Collect(t.Context(), d.backend(d.client(nil), nil), plan); err == nil || d.server.Count() != 0 {
		t.Errorf("error %v after %d requests", err, d.server.Count())
	}
}

// Each model is asked as its rung says.
func TestSent(t *testing.T) {
	var mu sync.Mutex
	sent := map[string]*openaitest.Request{}
	d := newDesk(t, openaitest.Config{Fault: func(r *openaitest.Request) openaitest.Fault {
		mu.Lock()
		defer mu.Unlock()
		sent[r.Model] = r
		return openaitest.Fault{}
	}})
	b := d.backend(d.client(nil), nil)
	d.collect(b, Plan{Prompts: promptsOf(1), Policies: Every(b.Models()), Workers: 3})
	for model, want := range map[string]struct {
		system      string
		stream      bool
		temperature any
	}{"small": {"", true, nil}, "middle": {"", false, nil}, "large": {"Think hard.", true, 0.0}} {
		r := sent[model]
		if r.System != want.system || r.Stream != want.stream || r.Body["temperature"] != want.temperature || r.MaxTokens != 40 || r.User != "What is №0 of\n1?" {
			t.Errorf("%s was sent %s", model, r.Raw)
		}
	}
	rungs := ladder(nil)
	rungs[2].Name = "small"
	if b, err := NewBackend(rungs, nil, nil); b != nil || err == nil || !strings.Contains(err.Error(), `"small" stands twice`) {
		t.Errorf("a model twice: %v, %v", b, err)
	}
}

// The confidence of an answer is the geometric mean of its tokens' probabilities.
func TestConfidence(t *testing.T) {
	d := newDesk(t, openaitest.Config{})
	rungs := ladder(d.client(nil))
	rungs[0].Logprobs = true
	b := backendOf(t, rungs, nil)
	plan := Plan{Prompts: promptsOf(5), Policies: Every(b.Models()), Workers: 4}
	d.collect(b, plan)
	rungs = ladder(d.offline())
	rungs[0].Logprobs = true
	if err := Replay(t.Context(), backendOf(t, rungs, nil), plan, func(s *Service) error {
		for _, r := range s.Records {
			c := r.Outcome.Confidence
			if c.Known != (r.Rung == 0) || c.Known && !(c.Value > 0 && c.Value < 1) {
				t.Errorf("%s of %s: confidence %+v", r.Outcome.Model, r.Outcome.ID, c)
			}
			if !c.Known {
				continue
			}
			reply, err := d.offline().Chat(t.Context(), rungs[0].request(s.Prompt.Text))
			if err != nil {
				return err
			}
			if want := math.Exp(*reply.MeanLogprob); c.Value != want {
				t.Errorf("confidence %g, want %g", c.Value, want)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}
