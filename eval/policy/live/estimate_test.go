package live

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/internal/openaiapi"
	"github.com/routeproof/routeproof/internal/openaiapi/openaitest"
)

// holding is an asker that says what it holds, by model and text.
type holding struct {
	judgeAsker
	held func(r openaiapi.ChatRequest) (bool, error)
}

func (h holding) Held(r openaiapi.ChatRequest) (bool, error) { return h.held(r) }

func heldOf(pairs ...pair) holding {
	return holding{held: func(r openaiapi.ChatRequest) (bool, error) {
		for _, p := range pairs {
			if p == (pair{r.User, r.Model}) {
				return true, nil
			}
		}
		return false, nil
	}}
}

func always(r Range) func(*datasets.Prompt) Range { return func(*datasets.Prompt) Range { return r } }

// Two prompts of 3 and 4 tokens. Prices are 1, 2 and 4 USD per million tokens of
// input and twice that of output; answers have 10 tokens, or up to 16 from the
// first model, 8 from the second and any number from the third, which has a
// system prompt of 5 tokens.
func TestEstimate(t *testing.T) {
	prompts := []datasets.Prompt{{ID: "a", Text: "one two three"}, {ID: "b", Text: "one two three four"}}
	all := Range{[]int{0, 1, 2}, []int{0, 1, 2}, []int{0, 1, 2}}
	climb := Range{[]int{0}, []int{0, 1}, []int{0, 1, 2}}
	none := func(*Rung) {}
	for name, c := range map[string]struct {
		held   []pair
		change func(*Rung)
		rungs  Range
		want   Costs
	}{
		// Of the first prompt 3+5·2, 3+10·2, 3+16·2; 2·3+5·4, 2·3+8·4, 2·3+8·4;
		// 4·8+5·8, 4·8+10·8, 4·8+20·8. Of the second 1, 2 and 4 more.
		"all":   {nil, none, all, Costs{Calls: [3]int{6, 6, 6}, USD: [3]float64{229e-6, 353e-6, 537e-6}}},
		"climb": {nil, none, climb, Costs{Calls: [3]int{2, 4, 6}, USD: [3]float64{27e-6, 125e-6, 537e-6}}},
		"held": {[]pair{{"one two three", "large"}, {"one two three four", "small"}}, none, climb,
			Costs{Calls: [3]int{1, 3, 4}, Held: 2, USD: [3]float64{13e-6, 101e-6, 309e-6}}},
		"all held": {[]pair{
			{"one two three", "small"}, {"one two three", "middle"}, {"one two three", "large"},
			{"one two three four", "small"}, {"one two three four", "middle"}, {"one two three four", "large"},
		}, none, climb, Costs{Held: 6}},
		// Of a route the least, the expected and the most are different models.
		"held elsewhere": {[]pair{{"one two three", "small"}, {"one two three four", "middle"}}, none, Range{[]int{0}, []int{1}, []int{2}},
			Costs{Calls: [3]int{0, 1, 2}, Held: 2, USD: [3]float64{0, 38e-6, 388e-6}}},
		"dearer below": {nil, none, Range{[]int{1}, []int{2}, []int{0}}, Costs{Calls: [3]int{2, 2, 2}, USD: [3]float64{54e-6, 228e-6, 228e-6}}},
		"unpriced": {nil, func(r *Rung) {
			if r.Name != "small" {
				r.OutputPerM = nil
			}
		}, all, Costs{Calls: [3]int{6, 6, 6}, USD: [3]float64{27e-6, 47e-6, 71e-6}, Unpriced: []string{"middle", "large"}}},
		"unpriced, held": {[]pair{{"one two three", "small"}, {"one two three four", "small"}}, func(r *Rung) {
			if r.Name == "small" {
				r.InputPerM = nil
			}
		}, Range{[]int{0}, []int{0}, []int{0}}, Costs{Held: 2}},
		"free": {nil, func(r *Rung) { r.InputPerM, r.OutputPerM = new(0.0), new(0.0) }, climb, Costs{Calls: [3]int{2, 4, 6}}},
	} {
		rungs := ladder(heldOf(c.held...))
		for i := range rungs {
			r := &rungs[i]
			r.MaxTokens, r.SystemTokens = []int{16, 8, 0}[i], []int{0, 0, 5}[i]
			r.InputPerM, r.OutputPerM = new(float64(int(1)<<i)), new(float64(int(2)<<i))
			c.change(r)
		}
		got, err := Estimate(backendOf(t, rungs, nil), prompts, always(c.rungs), func(*datasets.Prompt) float64 { return 10 })
		if diff := cmp.Diff(c.want, got, cmpopts.EquateApprox(1e-12, 0)); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
}

// Low is at most what is expected, and high at least, whatever is asked, held,
// priced and bounded.
func TestEstimateIsOrdered(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 5))
	some := func() (rungs []int) {
		for i := range 3 {
			if random.IntN(2) == 0 {
				rungs = append(rungs, i)
			}
		}
		return rungs
	}
	for range 500 {
		rungs := ladder(holding{held: func(openaiapi.ChatRequest) (bool, error) { return random.IntN(3) == 0, nil }})
		for i := range rungs {
			rungs[i].MaxTokens = random.IntN(20)
			rungs[i].InputPerM, rungs[i].OutputPerM = new(random.Float64()), new(random.Float64())
			if random.IntN(4) == 0 {
				rungs[i].InputPerM = nil
			}
		}
		c, err := Estimate(backendOf(t, rungs, nil), promptsOf(3), func(*datasets.Prompt) Range { return Range{some(), some(), some()} },
			func(*datasets.Prompt) float64 { return 10 * random.Float64() })
		if err != nil || c.USD[0] > c.USD[1] || c.USD[1] > c.USD[2] || c.Calls[0] > c.Calls[1] || c.Calls[1] > c.Calls[2] || c.USD[0] < 0 || math.IsNaN(c.USD[2]) {
			t.Fatalf("%+v, %v", c, err)
		}
	}
}

// What a collection leaves in the journal costs nothing more, and what is
// expected is what it costs.
func TestEstimateOfJournal(t *testing.T) {
	t.Parallel()
	d := newDesk(t, openaitest.Config{Fault: refuseSome, Answer: func(*openaitest.Request) string { return "one two three four five" }})
	b := d.backend(d.client(nil), nil)
	plan := Plan{Prompts: promptsOf(20), Policies: Every(b.Models()), Workers: 8}
	all := Range{[]int{0, 1, 2}, []int{0, 1, 2}, []int{0, 1, 2}}
	five := func(*datasets.Prompt) float64 { return 5 }
	before, err := Estimate(b, plan.Prompts, always(all), five)
	if err != nil || before.Calls != [3]int{60, 60, 60} || before.Held != 0 {
		t.Errorf("before: %+v, %v", before, err)
	}
	d.collect(b, plan)
	refused := 0
	for _, e := range d.server.Entries() {
		if !e.Billed {
			refused++
		}
	}
	answered := float64(60-refused) / 60
	if spent := d.server.Totals().CostUSD; math.Abs(spent/before.USD[1]/answered-1) > 0.02 || spent > before.USD[2] || refused == 0 {
		t.Errorf("spent $%g with %d refused, expected of all: %+v", spent, refused, before)
	}
	after, err := Estimate(b, plan.Prompts, always(all), five)
	if diff := cmp.Diff(Costs{Held: 60}, after); diff != "" || err != nil {
		t.Errorf("after: %v (-want +got):\n%s", err, diff)
	}
	retried, err := Estimate(d.backend(d.client(func(c *openaiapi.Config) { c.RetryFailures = true }), nil), plan.Prompts, always(all), five)
	if err != nil || retried.Calls != [3]int{refused, refused, refused} || retried.Held != 60-refused {
		t.Errorf("with failures asked again: %+v, %v", retried, err)
	}
}

func TestEstimateFails(t *testing.T) {
	broken := errors.New("broken")
	one := always(Range{[]int{0}, []int{0}, []int{0}})
	ten := func(*datasets.Prompt) float64 { return 10 }
	b := backendOf(t, ladder(holding{held: func(openaiapi.ChatRequest) (bool, error) { return false, broken }}), nil)
	if _, err := Estimate(b, promptsOf(1), one, ten); !errors.Is(err, broken) {
		t.Errorf("a journal that cannot be read: %v", err)
	}
	b, err := NewBackend(ladder(heldOf()), nil, func(string) (int, error) { return 0, broken })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Estimate(b, promptsOf(1), one, ten); !errors.Is(err, broken) {
		t.Errorf("tokens that cannot be counted: %v", err)
	}
	if b, err = NewBackend(ladder(heldOf()), nil, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := Estimate(b, promptsOf(1), one, ten); err == nil || !strings.Contains(err.Error(), "counted") {
		t.Errorf("nothing to count with: %v", err)
	}
	// An asker that does not know what it holds is asked for everything.
	c, err := Estimate(backendOf(t, ladder(judgeAsker(func(context.Context, openaiapi.ChatRequest) (*openaiapi.ChatReply, error) { return nil, broken })), nil), promptsOf(2), one, ten)
	if err != nil || c.Calls != [3]int{2, 2, 2} || c.Held != 0 {
		t.Errorf("%+v, %v", c, err)
	}
}
