package live

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/internal/openaiapi"
	"github.com/routeproof/routeproof/internal/openaiapi/openaitest"
)

// chatFaults are the kinds of fault that fit a chat.
func chatFaults() []openaitest.Kind {
	return slices.DeleteFunc(openaitest.Kinds(), func(k openaitest.Kind) bool {
		return slices.Contains([]openaitest.Kind{
			openaitest.FewerVectors, openaitest.MoreVectors, openaitest.WrongDims, openaitest.HugeNumber,
			openaitest.ZeroVector, openaitest.Base64, openaitest.Reordered, openaitest.DuplicateIndex,
		}, k)
	})
}

// drawnFault is what goes wrong with a request, by its model, text and how often
// it came: the same in whatever order they come.
func drawnFault(seed uint64, slow time.Duration) func(*openaitest.Request) openaitest.Fault {
	kinds := chatFaults()
	return func(r *openaitest.Request) openaitest.Fault {
		if x := drawn(r.Model, r.User); x%12 == seed && r.Seen < 4 { // more than are sent for one question
			return openaitest.Fault{Status: []int{408, 429, 500, 503}[x/12%4], Kind: openaitest.Status}
		}
		random := rand.New(rand.NewPCG(seed, drawn(r.Model, r.User, fmt.Sprint(r.Seen))))
		if random.Float64() < 0.5 {
			return openaitest.Fault{}
		}
		pick := func(of ...int) int { return of[random.IntN(len(of))] }
		f := openaitest.Fault{Kind: kinds[random.IntN(len(kinds))], After: random.IntN(4), Delay: time.Duration(pick(1, 1, int(slow)))}
		switch f.Kind {
		case openaitest.Hang:
			if f.Delay < slow {
				return openaitest.Fault{} // each takes the test's time
			}
		case openaitest.Status:
			f.Status = pick(400, 408, 413, 422, 429, 500, 503)
		case openaitest.HTML:
			f.Status = pick(0, 403, 502)
		case openaitest.ErrorIn200, openaitest.ErrorMidStream:
			f.Status = pick(0, 400, 429)
		}
		if random.IntN(3) == 0 {
			f.RetryAfter = "0.003"
		}
		return f
	}
}

// passing matches the errors of calls that are asked again: nothing was billed,
// and they may pass.
var passing = regexp.MustCompile(`^refused \(HTTP (408|429|5\d\d)\)`)

// Whatever goes wrong on the wire, every call comes to one row, what a row says
// of its cost is what the server bills, and nothing that may be billed is asked
// twice.
func TestFaults(t *testing.T) {
	for seed := range uint64(2) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			const timeout = 500 * time.Millisecond // that what does not hang keeps on a busy machine
			d := newDesk(t, openaitest.Config{Fault: drawnFault(seed, 2*timeout)})
			plan := Plan{Prompts: promptsOf(80), Workers: 32}
			online := func(ledger *openaiapi.Ledger) *Backend {
				return d.backend(d.client(func(c *openaiapi.Config) { c.Timeout, c.Ledger = timeout, ledger }), nil)
			}
			ledger := &openaiapi.Ledger{}
			b := online(ledger)
			plan.Policies = Every(b.Models())
			d.collect(b, plan)
			rows := checkBooks(t, d, plan)
			checkLedger(t, ledger, rows, d.calls())
			if spent, err := d.store.Spent(); err != nil || spent != ledger.Fresh() {
				t.Errorf("the journal has %+v, %v, the ledger %+v", spent, err, ledger.Fresh())
			}

			again := map[pair]bool{}
			for _, row := range rows {
				again[pair{row.Prompt, row.Model}] = passing.MatchString(row.Error) && row.CostUSD.Known
			}
			before := d.calls()
			d.reopen()
			d.collect(online(&openaiapi.Ledger{}), plan)
			asked := 0
			for k, calls := range d.calls() {
				more := len(calls) - len(before[k])
				if again[k] != (more > 0) {
					t.Errorf("%s was asked %d times more, expected that: %t", k, more, again[k])
				}
				asked += more
			}
			if asked == 0 || asked > len(rows)/3 {
				t.Errorf("%d of %d were asked again, expected a few", asked, len(rows))
			}
			checkBooks(t, d, plan)
		})
	}
}

// checkBooks replays a plan and holds its rows against the server's books.
func checkBooks(t *testing.T, d *desk, plan Plan) []datasets.Outcome {
	t.Helper()
	rows := rowsOf(d.replayed(nil, plan))
	calls := d.calls()
	seen := map[pair]int{}
	kinds := map[string]int{}
	for _, row := range rows {
		k := pair{row.Prompt, row.Model}
		seen[k]++
		entries := calls[k]
		if len(entries) == 0 {
			t.Fatalf("%s did not reach the server: %+v", k, row)
		}
		last := entries[len(entries)-1]
		if (row.Error == "") != row.Response.Known || (row.Error == "") != (row.FinishReason != "") {
			t.Errorf("%s: expected an answer or an error, found %+v", k, row)
		}
		if row.Error == "" && (!row.CostUSD.Known || !row.LatencyMS.Known || !last.CostTold) {
			t.Errorf("%s: an answer that costs and takes nothing: %+v, the server's %+v", k, row, last)
		}
		if row.CostUSD.Known && row.CostUSD.Value != sumOf(entries) {
			t.Errorf("%s: the row has a cost of %g, the server bills %g, last for %+v: %s", k, row.CostUSD.Value, sumOf(entries), last, row.Error)
		}
		kind, _, _ := strings.Cut(row.Error, ":")
		kinds[kind]++
	}
	if len(rows) != 3*len(plan.Prompts) || len(seen) != len(rows) {
		t.Errorf("%d rows of %d calls, expected one of each", len(rows), len(seen))
	}
	t.Logf("rows by error: %v", kinds)
	return rows
}

// checkLedger expects the ledger to hold all that is billed, as a figure or as
// unknown.
func checkLedger(t *testing.T, ledger *openaiapi.Ledger, rows []datasets.Outcome, calls map[pair][]openaitest.Entry) {
	t.Helper()
	total, known, unknownUSD := 0.0, 0.0, 0.0
	unknown, requests := 0, 0
	for _, entries := range calls {
		total += sumOf(entries)
		requests += len(entries)
		for _, e := range entries[:len(entries)-1] {
			if e.Fault == openaitest.ErrorIn200 {
				unknown++ // an answer may have begun, though it is asked again
			}
		}
	}
	for _, row := range rows {
		known += row.CostUSD.Value
		if !row.CostUSD.Known {
			if !strings.HasPrefix(row.Error, "refused") { // else it is that of an attempt before
				unknown++
			}
			unknownUSD += sumOf(calls[pair{row.Prompt, row.Model}])
		}
	}
	spent := ledger.Fresh()
	if spent.Requests != requests || spent.BilledUSD != known || spent.ComputedUSD != 0 || spent.Unknown != unknown {
		t.Errorf("the ledger has %+v, expected %d requests, $%g billed and %d unknown", spent, requests, known, unknown)
	}
	if spent.BilledUSD+unknownUSD != total || spent.WorstUSD() < total {
		t.Errorf("the server bills $%g, the ledger has $%g and at most $%g, of which $%g are unknown", total, spent.BilledUSD, spent.WorstUSD(), unknownUSD)
	}
	if unknownUSD == 0 || known == 0 {
		t.Errorf("$%g known, $%g unknown: expected both", known, unknownUSD)
	}
}
