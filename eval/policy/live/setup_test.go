package live

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval/policy"
	"github.com/routeproof/routeproof/internal/openaiapi"
	"github.com/routeproof/routeproof/internal/openaiapi/openaitest"
)

// token is what a token costs at a server of these tests, in USD: sums of it are
// exact.
const token = 1.0 / (1 << 20)

// A desk is a server with a journal of what it was asked.
type desk struct {
	t      testing.TB
	server *openaitest.Server
	path   string
	store  *openaiapi.Store
}

func newDesk(t testing.TB, config openaitest.Config) *desk {
	t.Helper()
	config.CostPerToken = token
	d := &desk{t: t, server: openaitest.Start(t, config), path: filepath.Join(t.TempDir(), "journal.db")}
	d.reopen()
	t.Cleanup(func() {
		if err := d.store.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// reopen is what another command does with the journal.
func (d *desk) reopen() {
	d.t.Helper()
	err := d.store.Close()
	if err == nil {
		d.store, err = openaiapi.OpenStore(d.path)
	}
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) client(configure func(*openaiapi.Config)) *openaiapi.Client {
	d.t.Helper()
	config := openaiapi.Config{
		BaseURL: d.server.URL, Store: d.store, RetryWait: 2 * time.Millisecond, Retries: 2, Concurrency: 16, Timeout: 20 * time.Second,
	}
	if configure != nil {
		configure(&config)
	}
	c, err := openaiapi.New(config)
	if err != nil {
		d.t.Fatal(err)
	}
	return c
}

func (d *desk) offline() *openaiapi.Client {
	return d.client(func(c *openaiapi.Config) { c.Offline = true })
}

// ladder has three models; the second is not streamed, and the third has a
// system prompt.
func ladder(asker Asker) []Rung {
	perM := token * 1e6
	rungs := make([]Rung, 3)
	for i, name := range []string{"small", "middle", "large"} {
		rungs[i] = Rung{Asker: asker, Stream: i != 1, Model: policy.Model{
			Tier: strings.ToUpper(name), Name: name, MaxTokens: 40, InputPerM: &perM, OutputPerM: &perM,
			TTFTMS: new(float64(100 * (i + 1))), TokensPerS: new(50.0),
		}}
	}
	rungs[2].SystemPrompt, rungs[2].SystemTokens, rungs[2].Temperature = "Think hard.", 2, new(0.0)
	return rungs
}

func backendOf(t testing.TB, rungs []Rung, judge Judge) *Backend {
	t.Helper()
	b, err := NewBackend(rungs, judge, countWords)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (d *desk) backend(client *openaiapi.Client, judge Judge) *Backend {
	d.t.Helper()
	return backendOf(d.t, ladder(client), judge)
}

func countWords(text string) (int, error) { return len(strings.Fields(text)), nil }

func promptsOf(n int) []datasets.Prompt {
	prompts := make([]datasets.Prompt, n)
	for i := range prompts {
		prompts[i] = datasets.Prompt{
			ID: fmt.Sprintf("p%d", i), Text: fmt.Sprintf("What is №%d of\n%d?", i, n), Domain: "numbers", TaskType: datasets.TaskTypes()[i%4],
		}
	}
	return prompts
}

// replayed returns the services of a replay from the journal.
func (d *desk) replayed(judge Judge, p Plan) []*Service {
	d.t.Helper()
	var services []*Service
	if err := Replay(d.t.Context(), d.backend(d.offline(), judge), p, func(s *Service) error {
		services = append(services, s)
		return nil
	}); err != nil {
		d.t.Fatal(err)
	}
	return services
}

// rowsOf are the outcomes of services.
func rowsOf(services []*Service) []datasets.Outcome {
	var rows []datasets.Outcome
	for _, s := range services {
		for _, r := range s.Records {
			rows = append(rows, r.Outcome)
		}
	}
	return rows
}

// collect serves a plan as a command does.
func (d *desk) collect(b *Backend, p Plan) {
	d.t.Helper()
	if err := Collect(d.t.Context(), b, p); err != nil {
		d.t.Fatal(err)
	}
}

// pair names a call: a prompt's text and a model.
type pair struct{ text, model string }

func (p pair) String() string { return fmt.Sprintf("%q to %s", p.text, p.model) }

// calls are the requests that came, by pair, in order of arrival.
func (d *desk) calls() map[pair][]openaitest.Entry {
	all := map[pair][]openaitest.Entry{}
	for _, e := range d.server.Entries() {
		k := pair{e.Request.User, e.Request.Model}
		all[k] = append(all[k], e)
	}
	return all
}

func sumOf(entries []openaitest.Entry) float64 {
	sum := 0.0
	for _, e := range entries {
		sum += e.CostUSD
	}
	return sum
}

// drawn is a hash of texts.
func drawn(texts ...string) uint64 {
	h := fnv.New64a()
	for _, text := range texts {
		_, _ = h.Write([]byte(text + "\x00"))
	}
	return h.Sum64()
}

// untimed are rows without what the clock says, by prompt and model.
func untimed(rows []datasets.Outcome) []datasets.Outcome {
	rows = slices.Clone(rows)
	for i := range rows {
		rows[i].LatencyMS, rows[i].TTFTMS = datasets.Optional[float64]{}, datasets.Optional[float64]{}
	}
	slices.SortFunc(rows, func(a, b datasets.Outcome) int { return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Model, b.Model)) })
	return rows
}

// drawnJudge gives scores by a hash, and none to some answers.
type drawnJudge struct{}

func (drawnJudge) Name() string { return "drawn" }

func (drawnJudge) Score(_ context.Context, p *datasets.Prompt, response string) (Verdict, error) {
	x := drawn("judge", p.ID, response)
	if x%7 == 0 {
		return judgeUnknown("nothing to judge by"), nil
	}
	return Verdict{Score: datasets.Known(float64(x%5) / 4), CostUSD: judgeFree()}, nil
}
