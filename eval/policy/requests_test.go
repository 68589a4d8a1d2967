package policy

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/routeproof/routeproof/datasets"
)

// Requests are by id, whatever the order of outcomes; what is said of one later stands
// beside what its outcomes say, but a text does not replace another.
func TestRecordedRequests(t *testing.T) {
	b := recorded(t, three())
	for _, o := range []datasets.Outcome{
		{ID: "c", Model: "s", Domain: "law", Prompt: "which court"}, {ID: "a", Model: "s"}, {ID: "b", Model: "m", Domain: "code"}, {ID: "c", Model: "m", Domain: "tax"},
	} {
		if err := b.Add(&o); err != nil {
			t.Fatal(err)
		}
	}
	q := b.Requests()
	q.TaskType = "general"
	schema, err := ParseSchema(`{"type": "object"}`)
	if err != nil {
		t.Fatal(err)
	}
	for i, id := range []string{"a", "b", "c"} {
		if at, ok := q.Find(id); !ok || at != i || q.At(i).ID != id {
			t.Errorf("%s is at %d, %t", id, at, ok)
		}
	}
	if at, ok := q.Find("bb"); ok {
		t.Errorf("bb is at %d", at)
	}
	for i, text := range []string{"is it raining", "", "another"} {
		if err := q.Describe(i, text, [3]string{"", "maths"}[i], [3]string{"", "chat"}[i], [3]*Schema{schema}[i]); err != nil {
			t.Fatal(err)
		}
	}
	q.Groups[2] = 7
	for i, want := range []Request{
		{ID: "a", TaskType: "general", Schema: schema}, {ID: "b", Domain: "maths", TaskType: "chat"}, {ID: "c", Domain: "law", TaskType: "general", Group: 7},
	} {
		got := q.At(i)
		text, err := got.Text.Read()
		if want := [3]string{"is it raining", "", "which court"}[i]; err != nil || text != want || got.Text.Known != (want != "") {
			t.Errorf("%s asks %q: %v", got.ID, text, err)
		}
		if got.Text = (Text{}); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
}

// Requests beside more than one text are counted, once each, whoever says the other;
// without a text none is another.
func TestRecordedMixed(t *testing.T) {
	b := recorded(t, three())
	for _, o := range []datasets.Outcome{
		{ID: "same", Model: "s", Prompt: "one"}, {ID: "same", Model: "m", Prompt: "one"}, {ID: "none", Model: "s"}, {ID: "none", Model: "m", Prompt: "one"},
		{ID: "two", Model: "s", Prompt: "one"}, {ID: "two", Model: "m", Prompt: "two"}, {ID: "two", Model: "l", Prompt: "three"}, {ID: "later", Model: "s", Prompt: "one"},
		{ID: "off", Model: "elsewhere", Prompt: "two"}, {ID: "off", Model: "s", Prompt: "one"}, {ID: "back", Model: "s", Prompt: "one"}, {ID: "back", Model: "m", Prompt: "two"}, {ID: "back", Model: "l", Prompt: "one"},
	} {
		if err := b.Add(&o); err != nil {
			t.Fatal(err)
		}
	}
	if n := b.Mixed(); n != 2 {
		t.Errorf("%d mixed, expected 2", n)
	}
	for id, text := range map[string]string{"same": "one", "later": "two", "none": "", "unknown": "two"} {
		if err := b.Ask(id, text); err != nil {
			t.Fatal(err)
		}
	}
	if n := b.Mixed(); n != 3 {
		t.Errorf("%d mixed, expected 3", n)
	}
}

// What a request takes is what the documentation says, however much it asks.
func TestRequestsInBoundedMemory(t *testing.T) {
	const n = 50_000
	b := recorded(t, three())
	b.texts.Limit, b.calls.Limit = 0, 0
	before := heldBytes()
	for i := range n {
		o := datasets.Outcome{ID: fmt.Sprintf("prompt-%06d", i), Model: "s", Domain: "law", Prompt: "a question of some length"}
		if err := b.Add(&o); err != nil {
			t.Fatal(err)
		}
	}
	q := b.Requests()
	if each := (heldBytes() - before - 1<<19) / n; each > 75 {
		t.Errorf("%d bytes a request", each)
	}
	runtime.KeepAlive(q)
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}

func heldBytes() int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}
