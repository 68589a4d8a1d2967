package simulate

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"runtime"
	"testing"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/policy"
)

// counted is a backend that makes its answers up, from the request's group.
type counted []policy.Model

func (c counted) Models() []policy.Model { return c }

func (c counted) Call(_ context.Context, q *policy.Request, rung int) (policy.Call, error) {
	at := int(q.Group) + rung
	ms := func(v int) eval.Quantity { return eval.Quantity{Value: float64(v), Origin: eval.Recorded} }
	call := policy.Call{
		Score: datasets.Known(float64(at%7%3) / 2), Confidence: datasets.Known(float64(at*31%100) / 100), Response: policy.NewText([]string{"yes", "no"}[at%3%2]),
		CostUSD: ms((1 + rung) * (1 + at%5)), FirstTokenMS: ms(at % 11), LatencyMS: ms(at % 101),
	}
	switch {
	case at%501 == 0:
		return policy.Call{}, policy.ErrUnrecorded
	case at%97 == 0:
		call = policy.Call{Err: "failed", LatencyMS: call.LatencyMS}
	case at%53 == 0:
		call.CostUSD = eval.Quantity{}
	case at%89 == 0:
		call.LatencyMS = eval.Quantity{}
	}
	return call, nil
}

func countedSuite(t testing.TB, n int) *Suite {
	s := &Suite{Backend: counted{{Tier: "S", Name: "s"}, {Tier: "M", Name: "m"}, {Tier: "L", Name: "l"}}, Agreement: policy.SameAnswer{}, Threshold: 1}
	s.Checks = cascade(t, policy.ChecksConfig{MinConfidence: .3}, 0).Checks
	requests := make(policy.List, n)
	for i := range requests {
		requests[i].Group = int32(i - i%2) // groups of two
	}
	s.Requests = requests
	return s
}

// What policies come to is the same from a temporary file, over several blocks, the
// last of which is not full.
func TestCompareFromFiles(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	s := countedSuite(t, 2*blockRequests+301)
	var want []byte
	for _, near := range []int{nearColumns, 0} {
		traces, err := s.run(context.Background(), near)
		if err != nil {
			t.Fatal(err)
		}
		c, err := compare(traces.Singles, traces.Policies, Options{Replicates: samplesRead + 3, Seed: 1}, near)
		if err != nil {
			t.Fatal(err)
		}
		got, err := json.Marshal([]any{c, totals(t, traces.Cascade), traces.Cascade.Summaries()})
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = got
		}
		if !bytes.Equal(want, got) {
			t.Errorf("in memory:\n%s\nfrom files:\n%s", want, got)
		}
		if err := traces.Close(); err != nil {
			t.Error(err)
		}
		if _, err := compare(traces.Singles, traces.Policies, Options{}, near); err == nil {
			t.Error("traces that were given up are compared")
		}
		if _, err := traces.Cascade.Totals(); err == nil {
			t.Error("a trace that was given up is summed up")
		}
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("%v are left: %v", left, err)
	}
}

// What cannot be kept is an error.
func TestNoRoomForTraces(t *testing.T) {
	s := countedSuite(t, 100)
	traces, err := s.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer traces.Close()
	t.Setenv("TMPDIR", "/nowhere/at/all")
	if _, err := s.run(context.Background(), 0); err == nil {
		t.Error("traces are kept nowhere")
	}
	if _, err := compare(traces.Singles, traces.Policies, Options{}, 0); err == nil {
		t.Error("sums are kept nowhere")
	}
}

// Memory that policies take does not grow with their requests. What each of seven came
// to on each of these would be 22 MiB.
func TestTracesInBoundedMemory(t *testing.T) {
	s := countedSuite(t, 100_000)
	before := live()
	traces, err := s.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if grown := live() - before; grown > 12*nearColumns {
		t.Errorf("seven policies take %.1f MiB", float64(grown)/(1<<20))
	}
	if err := traces.Close(); err != nil {
		t.Error(err)
	}
	runtime.KeepAlive(s)
}

func live() int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}
