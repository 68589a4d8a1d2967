package policy

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
)

// drawnOutcomes are outcomes of which anything may be known, also an empty text.
func drawnOutcomes(n int, models []Model) []datasets.Outcome {
	rng := rand.New(rand.NewPCG(uint64(n), 4))
	maybe := func(v float64) datasets.Optional[float64] {
		return datasets.Optional[float64]{Value: v, Known: rng.IntN(3) > 0}
	}
	var out []datasets.Outcome
	for i := range n {
		for _, m := range models {
			o := datasets.Outcome{
				ID: fmt.Sprintf("p%d", i), Model: m.Name, Score: maybe(rng.Float64()), Confidence: maybe(rng.Float64()), CostUSD: maybe(rng.Float64()),
				LatencyMS: maybe(1000 * rng.Float64()), TTFTMS: maybe(100 * rng.Float64()),
				InputTokens: datasets.Optional[int]{Value: rng.IntN(5), Known: rng.IntN(2) > 0}, OutputTokens: datasets.Known(rng.IntN(1 << 40)),
			}
			if rng.IntN(6) > 0 {
				o.Response = datasets.Known(strings.Repeat("é ", rng.IntN(40)))
			}
			if rng.IntN(2) > 0 {
				o.Prompt = "prompt " + o.ID
			}
			if rng.IntN(3) > 0 {
				o.Domain = fmt.Sprint("domain ", i%3)
			}
			if rng.IntN(7) == 0 {
				o.Error, o.Response = fmt.Sprint("error ", rng.IntN(3)), datasets.Optional[string]{}
			}
			if rng.IntN(50) == 0 {
				o.Response = datasets.Known(strings.Repeat("long", 1<<18))
			}
			if rng.IntN(10) > 0 {
				out = append(out, o)
			}
		}
	}
	rng.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// What is kept of an outcome, in memory or beyond, is the call that it makes.
func TestKept(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	models := three()
	outcomes := drawnOutcomes(600, models)
	for _, limit := range []int{0, 1000, nearTexts} {
		r, err := NewRecorded(models, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.texts.Limit, r.calls.Limit = limit, limit
		text, domain := map[string]string{}, map[string]string{}
		for i := range outcomes {
			o := &outcomes[i]
			if err := r.Add(o); err != nil {
				t.Fatal(err)
			}
			if text[o.ID] == "" {
				text[o.ID] = o.Prompt
			}
			if domain[o.ID] == "" {
				domain[o.ID] = o.Domain
			}
		}
		if err := r.Add(&outcomes[0]); err == nil || !strings.Contains(err.Error(), "two outcomes") {
			t.Errorf("%v", err)
		}
		for i := range outcomes {
			o := &outcomes[i]
			rung := r.rung[o.Model]
			want, err := NewCall(o, &models[rung], eval.Recorded, nil)
			if err != nil {
				t.Fatal(err)
			}
			got, err := r.Call(context.Background(), &Request{ID: o.ID}, rung)
			if err != nil {
				t.Fatal(err)
			}
			answer, err := got.Response.Read()
			if err != nil || answer != o.Response.Value || got.Response.Known != o.Response.Known || got.Response.Empty() != (answer == "") {
				t.Fatalf("limit %d: %s of %s: %d bytes, want %d: %v", limit, o.ID, o.Model, len(answer), len(o.Response.Value), err)
			}
			if got.Response = want.Response; got != want {
				t.Fatalf("got %+v, want %+v", got, want)
			}
			at, err := r.At(&Request{ID: o.ID}, true)
			if err != nil {
				t.Fatal(err)
			}
			if got, err = at.Call(context.Background(), &Request{ID: o.ID}, rung); err != nil {
				t.Fatal(err)
			}
			answer, err = got.Response.Read()
			if err != nil || answer != o.Response.Value || got.Response.Known != o.Response.Known {
				t.Fatalf("limit %d: at hand %s of %s: %d bytes, want %d: %v", limit, o.ID, o.Model, len(answer), len(o.Response.Value), err)
			}
			if got.Response = want.Response; got != want {
				t.Fatalf("at hand %+v, want %+v", got, want)
			}
		}
		requests := r.Requests()
		if requests.Len() != len(text) || !r.Asked(requests.At(0).ID) || r.Asked("nobody") {
			t.Errorf("%d requests, want %d", requests.Len(), len(text))
		}
		for i := range requests.Len() {
			q := requests.At(i)
			asked, err := q.Text.Read()
			if err != nil || asked != text[q.ID] || q.Text.Known != (asked != "") || q.Domain != domain[q.ID] || i > 0 && q.ID <= requests.At(i-1).ID {
				t.Fatalf("%+v asks %q, want %q: %v", q, asked, text[q.ID], err)
			}
		}
		more, err := r.Keep("more")
		if got, again := more.Read(); err != nil || again != nil || got != "more" {
			t.Errorf("%q, %v, %v", got, err, again)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("%v are left: %v", left, err)
	}
}

// A backend of one request says nothing of another, and that of an unknown one
// nothing.
func TestAtHandOfAnother(t *testing.T) {
	b := recorded(t, three(), row("1", "s", good, 1, 1))
	for asked, want := range map[string]bool{"1": false, "2": true} {
		at, err := AtHand(b, &Request{ID: asked}, true)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := at.Call(context.Background(), &Request{ID: "2"}, 0); err == nil || errors.Is(err, ErrUnrecorded) != want {
			t.Errorf("of %s: %v", asked, err)
		}
	}
}

// A text that cannot be read back is an error, and no answer that was not
// recorded: nothing is left out for it.
func TestLostText(t *testing.T) {
	b := recorded(t, three())
	b.texts.Limit, b.calls.Limit = 0, 0
	for _, o := range []datasets.Outcome{row("1", "s", good, 1, 1), row("1", "m", good, 2, 1), row("1", "l", good, 3, 1)} {
		if err := b.Add(&o); err != nil {
			t.Fatal(err)
		}
	}
	q := b.Requests().At(0)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	for name, p := range map[string]Policy{"cascade": Cascade{newChecks(t, DefaultChecks()), 0}, "parallel": Parallel{Dear: 1, Agreement: SameAnswer{}}} {
		if _, err := p.Serve(context.Background(), b, &q); err == nil || errors.Is(err, ErrUnrecorded) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := NewLogRecord(&q, &Served{}, b.Models()); err == nil {
		t.Error("a record of what could not be read")
	}
}

// What cannot be kept is an error, of prompts and of answers.
func TestNoRoom(t *testing.T) {
	t.Setenv("TMPDIR", "/nowhere/at/all")
	for name, o := range map[string]datasets.Outcome{
		"prompt": {ID: "1", Model: "s", Prompt: "text"}, "answer": {ID: "1", Model: "s", Response: datasets.Known("text")},
	} {
		b := recorded(t, three())
		b.texts.Limit, b.calls.Limit = 0, 0
		if err := b.Add(&o); err == nil || !strings.Contains(err.Error(), "keeping texts in a temporary file") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Memory is what the documentation says, whatever the texts.
func TestRecordedMemory(t *testing.T) {
	const n = 20_000
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	b := recorded(t, three())
	b.texts.Limit, b.calls.Limit = 0, 0
	defer b.Close()
	answer := strings.Repeat("word ", 200)
	for i := range n {
		for _, m := range b.models {
			o := row(fmt.Sprint("prompt-", i), m.Name, answer, 1, 1)
			if err := b.Add(&o); err != nil {
				t.Fatal(err)
			}
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if each := float64(after.HeapAlloc-before.HeapAlloc) / n; each > 1.3*(65+12) {
		t.Errorf("%.0f bytes a prompt", each)
	}
	runtime.KeepAlive(b)
}

// Long answers stay where they are kept, also with their request at hand, and are read
// there; a call that could not be kept is none, and not that of another request.
func TestLongAnswersStay(t *testing.T) {
	models := three()
	r, err := NewRecorded(models, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	want := map[string]string{"long": strings.Repeat("long ", mostAtHand/5+1), "short": "short"}
	for id, text := range want {
		if err := r.Add(&datasets.Outcome{ID: id, Model: models[0].Name, Response: datasets.Known(text)}); err != nil {
			t.Fatal(err)
		}
	}
	for id, text := range want {
		b, err := r.At(&Request{ID: id}, true)
		if err != nil {
			t.Fatal(err)
		}
		c, err := b.Call(context.Background(), &Request{ID: id}, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := c.Response.Read(); err != nil || got != text || (c.Response.in.kept != nil) != (id == "long") {
			t.Errorf("%s: %d bytes, in a file: %t, %v", id, len(got), c.Response.in.kept != nil, err)
		}
	}
	t.Setenv("TMPDIR", "/nowhere/at/all")
	t.Setenv("TMP", "/nowhere/at/all")
	r.calls.Limit = 0
	if err := r.Add(&datasets.Outcome{ID: "third", Model: models[1].Name, Score: datasets.Known(1.0)}); err == nil {
		t.Fatal("no error")
	}
	b, err := r.At(&Request{ID: "third"}, false)
	if err != nil {
		t.Fatal(err)
	}
	if c, err := b.Call(context.Background(), &Request{ID: "third"}, 0); !errors.Is(err, ErrUnrecorded) {
		t.Errorf("%+v, %v", c, err)
	}
}
