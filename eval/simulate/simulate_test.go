package simulate

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/centroids/embedder"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/datasets/synth"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/policy"
)

// made returns a backend over synthetic outcomes, some of them left out, and
// its requests with their task types.
func made(t testing.TB, n int, edit func(*synth.Config), keep func(o *datasets.Outcome) bool) (*policy.Recorded, policy.List) {
	t.Helper()
	config := synth.Default()
	if edit != nil {
		edit(&config)
	}
	g, err := synth.New(config)
	if err != nil {
		t.Fatal(err)
	}
	var models []policy.Model
	for _, m := range config.Models {
		models = append(models, policy.Model{Tier: m.Tier, Name: m.Name})
	}
	b, err := policy.NewRecorded(models, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Outcomes(n)(func(o datasets.Outcome) error {
		if keep != nil && !keep(&o) {
			return nil
		}
		return b.Add(&o)
	}); err != nil {
		t.Fatal(err)
	}
	taskType := map[string]string{}
	if err := g.Prompts(n)(func(p datasets.Prompt) error { taskType[p.ID] = p.TaskType; return nil }); err != nil {
		t.Fatal(err)
	}
	requests := listOf(b.Requests())
	for i := range requests {
		requests[i].TaskType, requests[i].Group = taskType[requests[i].ID], int32(i)
	}
	return b, requests
}

func cascade(t testing.TB, config policy.ChecksConfig, start int) policy.Cascade {
	t.Helper()
	checks, err := policy.NewChecks(config)
	if err != nil {
		t.Fatal(err)
	}
	return policy.Cascade{Checks: checks, Start: start}
}

func run(t testing.TB, p policy.Policy, b policy.Backend, requests policy.Requests) *Trace {
	t.Helper()
	trace, err := serve(context.Background(), "p", p, b, requests)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := trace.Close(); err != nil {
			t.Error(err)
		}
	})
	return trace
}

func totals(t testing.TB, trace *Trace) Totals {
	t.Helper()
	x, err := trace.Totals()
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// complete returns the requests that every model answered with a known score,
// or failed at, and with known costs where that is asked.
func complete(b policy.Backend, requests policy.List, start int, priced bool) policy.List {
	var out policy.List
	for _, q := range requests {
		ok := true
		for rung := start; rung < len(b.Models()); rung++ {
			call, err := b.Call(context.Background(), &q, rung)
			ok = ok && err == nil && (call.Score.Known || call.Err != "") && (call.CostUSD.Known() || !priced)
		}
		if ok {
			out = append(out, q)
		}
	}
	return out
}

// all reads points.
func all[T any](t testing.TB, points Points[T]) (out []T) {
	t.Helper()
	for p, err := range points.All() {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, p)
	}
	if len(out) != points.Len() {
		t.Fatalf("%d points of %d", len(out), points.Len())
	}
	return out
}

// The sweep gives what the policy gives, request by request, at every threshold.
func TestSweepIsThePolicy(t *testing.T) {
	for name, c := range map[string]struct {
		edit  func(*synth.Config)
		keep  func(*datasets.Outcome) bool
		start int
	}{
		"default":         {nil, nil, 0},
		"from the second": {nil, nil, 1},
		"from the last":   {nil, nil, 3},
		"many timeouts":   {func(c *synth.Config) { c.Timeouts = .3 }, nil, 0},
		"fractional":      {func(c *synth.Config) { c.Fractional = true }, nil, 0},
		"holes":           {nil, func(o *datasets.Outcome) bool { return len(o.ID)%3 > 0 || o.Model != "openai/gpt-4o-mini" }, 0},
		"no latency": {nil, func(o *datasets.Outcome) bool {
			if len(o.Prompt)%2 == 0 {
				o.LatencyMS, o.TTFTMS = datasets.Optional[float64]{}, datasets.Optional[float64]{}
			}
			return true
		}, 0},
		"no confidence": {nil, func(o *datasets.Outcome) bool {
			if len(o.Prompt)%2 == 0 {
				o.Confidence = datasets.Optional[float64]{}
			}
			return true
		}, 0},
		"ties": {nil, func(o *datasets.Outcome) bool {
			o.Confidence.Value = math.Round(4*o.Confidence.Value) / 4
			return true
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			b, requests := made(t, 120, c.edit, c.keep)
			for _, knob := range Knobs() {
				config := policy.DefaultChecks()
				if knob == KnobConfidence {
					config = policy.ChecksConfig{Phrases: policy.DefaultPhrases()}
				}
				tighter := func(a, b float64) bool { return a > b }
				if knob == KnobTimeout {
					tighter = func(a, b float64) bool { return b == 0 || a < b }
				}
				s, err := SweepCascade(context.Background(), knob, config, StartAt(c.start), b, requests)
				if err != nil {
					t.Fatal(err)
				}
				taken, priced := complete(b, requests, c.start, false), complete(b, requests, c.start, true)
				points := all(t, s.Points)
				if len(taken) != s.N || len(priced) != s.Priced || s.N+s.LeftOut != len(requests) || len(points) < 2 {
					t.Fatalf("%s: n %d, left out %d, %d points; %d of %d are complete", knob, s.N, s.LeftOut, len(points), len(taken), len(requests))
				}
				for k, p := range points {
					served := cascade(t, knob.At(config, p.Threshold), c.start)
					trace, cost := run(t, served, b, taken), run(t, served, b, priced).CostUSD
					if want := trace.Quality; math.Abs(float64(want-p.Quality)) > 1e-9 || math.Abs(float64(cost-p.CostUSD)) > 1e-9*float64(cost) {
						t.Fatalf("%s at %g: quality %g, cost %g; the policy has %g, %g", knob, p.Threshold, p.Quality, p.CostUSD, want, cost)
					}
					for rung, tier := range trace.Tiers {
						if tier.Served != p.Served[rung] {
							t.Fatalf("%s at %g: model %d serves %d, with the policy %d", knob, p.Threshold, rung, p.Served[rung], tier.Served)
						}
					}
					if trace.Tiers[c.start].Escalated != p.Escalated || trace.Exhausted != p.Exhausted {
						t.Fatalf("%s at %g: escalated %d, exhausted %d; with the policy %d, %d", knob, p.Threshold, p.Escalated, p.Exhausted, trace.Tiers[c.start].Escalated, trace.Exhausted)
					}
					if k > 0 && !(tighter(p.Threshold, points[k-1].Threshold) && p.Escalated >= points[k-1].Escalated && p.Exhausted >= points[k-1].Exhausted && !(p.CostUSD < points[k-1].CostUSD*(1-1e-12))) {
						t.Fatalf("%s: not monotone from %+v to %+v", knob, points[k-1], p)
					}
				}
				// Between two thresholds nothing changes.
				if knob == KnobConfidence && len(points) > 3 {
					middle := (points[2].Threshold + points[3].Threshold) / 2
					if got := run(t, cascade(t, knob.At(config, middle), c.start), b, taken); math.Abs(float64(got.Quality-points[3].Quality)) > 1e-9 {
						t.Errorf("between thresholds %g and %g: quality %g, expected that of the upper, %g", points[2].Threshold, points[3].Threshold, got.Quality, points[3].Quality)
					}
				}
			}
		})
	}
}

func answerOf(t testing.TB, spec string) policy.Answer {
	t.Helper()
	a, err := policy.ParseAnswer(spec)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// Every point of a pair is what the parallel policy gives at its threshold.
func TestPairsAreThePolicy(t *testing.T) {
	hashing, err := embedder.NewHashing(64)
	if err != nil {
		t.Fatal(err)
	}
	price := 0.02
	for name, agreement := range map[string]policy.Agreement{
		"answers": policy.SameAnswer{Answer: answerOf(t, `regex:k\d+`)},
		"cosine":  policy.Cosine{Embedder: hashing, PerM: &price, Count: func(text string) (int, error) { return len(text), nil }},
	} {
		t.Run(name, func(t *testing.T) {
			b, requests := made(t, 60, func(c *synth.Config) { c.Timeouts = .1 }, func(o *datasets.Outcome) bool { return o.ID != "synth-7" || o.Model != "openai/gpt-4o-mini" })
			pairs, err := SweepPairs(context.Background(), agreement, 8000, b, requests)
			if err != nil {
				t.Fatal(err)
			}
			if len(pairs) != 6 || pairs[0].Cheap != b.Models()[0].Name || pairs[0].Dear != b.Models()[1].Name || pairs[0].LeftOut != 0 || pairs[0].Missing != 1 || pairs[5].Missing != 0 {
				t.Fatalf("%d pairs, the first %s and %s", len(pairs), pairs[0].Cheap, pairs[0].Dear)
			}
			for _, pair := range pairs {
				points := all(t, pair.Points)
				for k, point := range points {
					p := policy.Parallel{
						Cheap: rungOf(b.Models(), pair.Cheap), Dear: rungOf(b.Models(), pair.Dear), Agreement: agreement,
						Threshold: float64(point.Threshold), TimeoutMS: 8000,
					}
					trace := run(t, p, b, requests)
					x := totals(t, trace)
					if x.N != pair.N || trace.Agreed != point.Agreed || math.Abs(float64(x.Quality-point.Quality)) > 1e-9 {
						t.Fatalf("%s, %s at %g: n %d, agreed %d, quality %g; the policy has %d, %d, %g", pair.Cheap, pair.Dear, point.Threshold,
							pair.N, point.Agreed, point.Quality, x.N, trace.Agreed, x.Quality)
					}
					if x.Priced != pair.Priced || math.Abs(float64(x.CostUSD-point.CostUSD)) > 1e-12 || x.P95 != pair.Latency95 {
						t.Fatalf("cost %g over %d, p95 %g; the policy has %g over %d, %g", point.CostUSD, pair.Priced, pair.Latency95, x.CostUSD, x.Priced, x.P95)
					}
					if k > 0 && !(point.Threshold < points[k-1].Threshold && point.Agreed > points[k-1].Agreed) {
						t.Fatalf("not monotone: %+v after %+v", point, points[k-1])
					}
				}
			}
		})
	}
}

// Counts and figures do not depend on the number of processors.
func TestProcessorsDoNotMatter(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	b, requests := made(t, 1000, nil, nil)
	var first *Trace
	for _, procs := range []int{1, 2, 5} {
		runtime.GOMAXPROCS(procs)
		trace := run(t, cascade(t, policy.DefaultChecks(), 0), b, requests)
		if first == nil {
			first = trace
		}
		same := cmp.Comparer(func(a, b eval.Number) bool { return a == b || a != a && b != b })
		if diff := cmp.Diff(totals(t, first), totals(t, trace), same); diff != "" {
			t.Errorf("totals differ: %s", diff)
		}
		if diff := cmp.Diff(first.Summaries(), trace.Summaries(), same); diff != "" {
			t.Errorf("tiers differ: %s", diff)
		}
	}
}

// What a cascade does to synthetic answers is what synth says is true of them.
func TestCascadeAgainstTruth(t *testing.T) {
	const n = 20000
	config := synth.Default()
	config.Timeouts = 0
	b, requests := made(t, n, func(c *synth.Config) { *c = config }, nil)
	g, err := synth.New(config)
	if err != nil {
		t.Fatal(err)
	}
	truth := g.Truth()
	near := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 5*math.Sqrt(want*(1-want)/n) {
			t.Errorf("%s: %.4f, expected %.4f", what, got, want)
		}
	}
	trace := run(t, cascade(t, policy.DefaultChecks(), 0), b, requests)
	refused := truth.Accuracy[0]*truth.Checks.Any.Right + (1-truth.Accuracy[0])*truth.Checks.Any.Wrong
	near("escalation rate of the first model", float64(trace.Summaries()[0].Rate), refused)
	for rung := range b.Models() {
		x := totals(t, run(t, policy.Single(rung), b, requests))
		near("accuracy of model", float64(x.Quality), truth.Accuracy[rung])
	}
	signals, err := Signals(context.Background(), cascade(t, policy.DefaultChecks(), 0).Checks, b, requests)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range signals {
		if s.Model != b.Models()[0].Name || s.Check != policy.TooShort.String() {
			continue
		}
		right := s.N - s.Wrong
		near("short wrong answers", float64(s.FiredWrong)/float64(s.Wrong), truth.Checks.TooShort.Wrong)
		near("short right answers", float64(s.Fired-s.FiredWrong)/float64(right), truth.Checks.TooShort.Right)
		if s.Verdict() != "fires on wrong answers" {
			t.Errorf("verdict %q", s.Verdict())
		}
	}
	pairs, err := SweepPairs(context.Background(), policy.SameAnswer{Answer: answerOf(t, `regex:k\d+`)}, 0, b, requests)
	if err != nil {
		t.Fatal(err)
	}
	near("both wrong", float64(pairs[0].BothWrong), 1-truth.Accuracy[0]-truth.Accuracy[1]+truth.BothRight[0][1])
}

// A hybrid is swept from where its classifier starts each request, and pays for
// it.
func TestSweepOfAHybrid(t *testing.T) {
	b, requests := made(t, 80, func(c *synth.Config) { c.Timeouts = 0 }, nil)
	decisions := map[string]eval.Decision{}
	for i, q := range requests {
		decisions[q.ID] = eval.Decision{Tier: i % 4, CostUSD: eval.Quantity{Value: .001 * float64(i), Origin: eval.Recorded}}
	}
	delete(decisions, requests[5].ID)
	decide, rungs := policy.Decided(func(id string) (eval.Decision, bool) { d, ok := decisions[id]; return d, ok }), []int{0, 1, 2, 3}
	s, err := SweepCascade(context.Background(), KnobConfidence, policy.ChecksConfig{}, StartBy(decide, rungs), b, requests)
	if err != nil {
		t.Fatal(err)
	}
	if s.N != 79 || s.LeftOut != 1 {
		t.Errorf("n %d, left out %d", s.N, s.LeftOut)
	}
	for _, p := range all(t, s.Points) {
		checks, err := policy.NewChecks(policy.ChecksConfig{MinConfidence: p.Threshold})
		if err != nil {
			t.Fatal(err)
		}
		want := run(t, policy.Route{Decide: decide, Rungs: rungs, Checks: checks}, b, requests)
		if math.Abs(float64(want.Quality-p.Quality)) > 1e-9 || math.Abs(float64(want.CostUSD-p.CostUSD)) > 1e-9 || want.Exhausted != p.Exhausted {
			t.Fatalf("at %g: %+v; the policy has %+v", p.Threshold, p, want)
		}
	}
}

// At 0 the check is off, also where confidences of 0 are known.
func TestSweepFromZero(t *testing.T) {
	b, requests := made(t, 3, func(c *synth.Config) { c.Timeouts = 0 }, func(o *datasets.Outcome) bool {
		if o.Confidence.Value = 0; o.ID == "synth-1" {
			o.Confidence.Known = false
		}
		return true
	})
	s, err := SweepCascade(context.Background(), KnobConfidence, policy.ChecksConfig{}, StartAt(0), b, requests)
	if err != nil {
		t.Fatal(err)
	}
	if points := all(t, s.Points); len(points) != 2 || points[0].Escalated != 0 || points[1].Threshold != 1 || points[1].Exhausted != 3 {
		t.Errorf("%+v", points)
	}
}

// Copies of a request are no evidence: intervals and tests are those of one.
func TestCopiesAreNoEvidence(t *testing.T) {
	b, requests := made(t, 200, nil, nil)
	for i := range requests {
		requests[i].Group = int32(i)
	}
	var copies policy.List
	for range 10 {
		copies = append(copies, requests...)
	}
	checks := cascade(t, policy.DefaultChecks(), 0).Checks
	signals := func(requests policy.List) []Signal {
		s, err := Signals(context.Background(), checks, b, requests)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for i, s := range signals(requests) {
		many := signals(copies)[i]
		if many.P != s.P || many.Precision != s.Precision && s.Fired > 0 || many.Fired != 10*s.Fired {
			t.Fatalf("%+v, with copies %+v", s, many)
		}
	}
	one, ten := run(t, cascade(t, policy.DefaultChecks(), 0), b, requests), run(t, cascade(t, policy.DefaultChecks(), 0), b, copies)
	if a, z := one.Summaries()[0], ten.Summaries()[0]; a.Interval != z.Interval || z.Escalated != 10*a.Escalated {
		t.Errorf("%+v, with copies %+v", a, z)
	}
	agreement := policy.SameAnswer{Answer: answerOf(t, `regex:k\d+`)}
	pairs := func(requests policy.List) Pair {
		p, err := SweepPairs(context.Background(), agreement, 0, b, requests)
		if err != nil {
			t.Fatal(err)
		}
		return p[0]
	}
	p, q := pairs(requests), pairs(copies)
	if a, z := all(t, p.Points)[1], all(t, q.Points)[1]; a.FalseCI != z.FalseCI || a.AgreeCI != z.AgreeCI || p.Dependence != q.Dependence {
		t.Errorf("%+v, with copies %+v", a, z)
	}
}

// A call that failed at an unknown cost counts in the quality of who made it.
func TestFailedCallsCount(t *testing.T) {
	scores, costs := constant(1000, 1), constant(1000, 1)
	for i := range 40 {
		scores[i], costs[i] = 0, math.NaN()
	}
	c, err := Compare([]*Trace{traceOf("a", constant(1000, 1), constant(1000, 1)), traceOf("b", scores, costs)}, nil, Options{Replicates: 100})
	if err != nil {
		t.Fatal(err)
	}
	if b := c.Rows[1]; c.N != 1000 || c.Priced != 960 || c.Axis != AxisUSD || math.Abs(float64(b.Quality.Value)-.96) > 1e-12 || b.Cost.Value != 1 {
		t.Errorf("%+v", c)
	}
	// No resample changes a quality of 1; it is still not certain.
	if q := c.Rows[0].Quality; q.Value != 1 || q.Low > .997 || q.High != 1 {
		t.Errorf("quality %+v", q)
	}
}

// Latencies of all policies are over the same requests.
func TestCompareTimes(t *testing.T) {
	a, b := constant(10, math.NaN()), constant(10, math.NaN())
	for i := range a {
		a[i] = float64(1000 * i)
	}
	b[2], b[3] = 7, 9
	c, err := Compare([]*Trace{timedTrace("a", constant(10, 1), constant(10, 1), a), timedTrace("b", constant(10, 1), constant(10, 1), b)}, nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if c.Timed != 2 || c.Rows[0].P95 != 3000 || c.Rows[1].P50 != 7 {
		t.Errorf("%+v", c)
	}
}

// traceOf is a trace of given figures.
func traceOf(name string, score, cost []float64) *Trace {
	return timedTrace(name, score, cost, constant(len(score), math.NaN()))
}

func timedTrace(name string, score, cost, latency []float64) *Trace {
	return keptTrace(name, block{score, cost, constant(len(score), math.NaN()), latency, make([]bool, len(score))})
}

// keptTrace is a trace of less than a block.
func keptTrace(name string, b block) *Trace {
	t := &Trace{Policy: name, Models: make([]policy.Model, 2), kept: newColumns(len(b.score), nearColumns)}
	requests := make(policy.List, len(b.score))
	for i := range requests {
		requests[i].Group = int32(i)
	}
	t.Requests = requests
	if err := t.kept.put(b); err != nil {
		panic(err)
	}
	return t
}

func constant(n int, v float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = v
	}
	return out
}

func TestCompareByHand(t *testing.T) {
	ten := func(name string, score, cost []float64) *Trace {
		return traceOf(name, slices.Repeat(score, 10), slices.Repeat(cost, 10))
	}
	cheap := ten("cheap", []float64{1, 0, 0, 1}, constant(4, 1))
	dear := ten("dear", []float64{1, 1, 1, 0}, constant(4, 5))
	mixed := ten("policy", []float64{1, 1, 0, 1}, []float64{1, 6, 1, 1})
	dominated := ten("bad", []float64{0, 1, 0, 0}, constant(4, 6))
	c, err := Compare([]*Trace{cheap, dear}, []*Trace{mixed, dominated}, Options{Replicates: 500, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if c.N != 40 || c.LeftOut != 0 || c.Axis != AxisUSD || c.Reference != "dear" || len(c.Rows) != 5 {
		t.Fatalf("%+v", c)
	}
	type figures struct{ quality, cost, gain, saving, better, cheaper float64 }
	nan := math.NaN()
	for i, want := range []figures{
		{.5, 1, -.25, .8, 0, 0},
		{.75, 5, 0, 0, 0, 0},
		// A mix of both at 2.25 is right for .5 + .25·1.25/4; one of .75 costs 5.
		{.75, 2.25, 0, .55, .25 - .25*1.25/4, .55},
		{.25, 6, -.5, -.2, -.5, -5},
		// The oracle takes cheap where it is right: 1, 5, 5, 1.
		{1, 3, .25, .4, .5 - .25*2/4, nan},
	} {
		r := c.Rows[i]
		got := figures{float64(r.Quality.Value), float64(r.Cost.Value), float64(r.Gain.Value), float64(r.Saving.Value), float64(r.BetterThanMix.Value), float64(r.CheaperThanMix.Value)}
		if !cmp.Equal(want, got, cmp.AllowUnexported(figures{}), cmp.Comparer(func(a, b float64) bool { return a != a && b != b || math.Abs(a-b) < 1e-12 })) {
			t.Errorf("%s: %+v, expected %+v", r.Policy, got, want)
		}
		if r.Frontier != (i == 0 || i == 2) {
			t.Errorf("%s: on the frontier %t", r.Policy, r.Frontier)
		}
		if r.Oracle != (i == 4) || r.Single != (i < 2) {
			t.Errorf("%s: oracle %t, single %t", r.Policy, r.Oracle, r.Single)
		}
		if !(r.Quality.Low <= r.Quality.Value && r.Quality.Value <= r.Quality.High && r.Saving.Low <= r.Saving.Value && r.Saving.Value <= r.Saving.High) {
			t.Errorf("%s: intervals %+v, %+v", r.Policy, r.Quality, r.Saving)
		}
	}
	if g := c.Rows[1].Gain; g.Low != 0 || g.High != 0 {
		t.Errorf("the reference differs from itself: %+v", g)
	}
}

// Where costs are not known, cost is the share that reaches the last model.
func TestCompareWithoutCosts(t *testing.T) {
	unknown := func() []float64 { return constant(2, math.NaN()) }
	cheap := traceOf("cheap", []float64{1, 0}, unknown())
	dear := keptTrace("dear", block{[]float64{1, 1}, unknown(), unknown(), unknown(), []bool{true, true}})
	half := keptTrace("half", block{[]float64{1, 1}, unknown(), unknown(), unknown(), []bool{false, true}})
	c, err := Compare([]*Trace{cheap, dear}, []*Trace{half}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if c.Rows[2].Saving.Value.Defined() {
		t.Errorf("a share of calls saves %v", c.Rows[2].Saving)
	}
	if c.Axis != AxisLast || c.Rows[0].Cost.Value != 0 || c.Rows[1].Cost.Value != 1 || c.Rows[2].Cost.Value != .5 || c.Rows[3].Cost.Value != .5 {
		t.Errorf("%+v", c)
	}
}

// One price that is unknown leaves its request out, many leave costs out.
func TestCompareWithSomeCosts(t *testing.T) {
	costs := constant(100, 1)
	costs[3] = math.NaN()
	scores := constant(100, 1)
	scores[9] = math.NaN()
	c, err := Compare([]*Trace{traceOf("a", constant(100, 1), costs), traceOf("b", scores, constant(100, 2))}, nil, Options{})
	if err != nil || c.N != 99 || c.LeftOut != 1 || c.Priced != 98 || c.Axis != AxisUSD {
		t.Errorf("%+v, %v", c, err)
	}
	for i := range 10 {
		costs[i] = math.NaN()
	}
	c, err = Compare([]*Trace{traceOf("a", constant(100, 1), costs), traceOf("b", scores, constant(100, 2))}, nil, Options{})
	if err != nil || c.N != 99 || c.Priced != 90 || c.Axis != AxisLast {
		t.Errorf("%+v, %v", c, err)
	}
	if _, err = Compare([]*Trace{traceOf("a", constant(3, math.NaN()), constant(3, 1))}, nil, Options{}); !errors.Is(err, ErrNothing) {
		t.Errorf("without scores: %v", err)
	}
}

// The paired interval of the difference covers the true one.
func TestCompareCovers(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 0))
	const trials, n = 300, 200
	covered := 0
	for trial := range trials {
		cheap, dear := make([]float64, n), make([]float64, n)
		for i := range n {
			u, v := rng.Float64(), rng.Float64()
			cheap[i], dear[i] = float64(count(u < .7)), float64(count(u < .7 && v < .95 || v < .3))
		}
		c, err := Compare([]*Trace{traceOf("cheap", cheap, constant(n, 1)), traceOf("dear", dear, constant(n, 2))}, nil, Options{Replicates: 400, Seed: uint64(trial)})
		if err != nil {
			t.Fatal(err)
		}
		truth := .7 - (.7*.95 + .3*.3)
		if g := c.Rows[0].Gain; float64(g.Low) <= truth && truth <= float64(g.High) {
			covered++
		}
	}
	// 95 % less four standard errors.
	if covered < 270 {
		t.Errorf("%d of %d intervals cover the difference", covered, trials)
	}
}

func TestOneRequestAndOneModel(t *testing.T) {
	b, requests := made(t, 1, func(c *synth.Config) { c.Timeouts = 0 }, nil)
	trace := run(t, cascade(t, policy.DefaultChecks(), 3), b, requests)
	if x := totals(t, trace); x.N != 1 || x.Scored != 1 {
		t.Errorf("%+v", x)
	}
	single := run(t, policy.Single(3), b, requests)
	c, err := Compare([]*Trace{single}, []*Trace{trace}, Options{Replicates: 100})
	if err != nil {
		t.Fatal(err)
	}
	// Wilson's of 1 of 1, by hand: 1/(1 + 1.959964²).
	if r := c.Rows[0]; math.Abs(float64(r.Quality.Low)-1/(1+1.959964*1.959964)) > 1e-6 || r.Quality.High != 1 || r.Gain.Low.Defined() || r.BetterThanMix.Value != 0 {
		t.Errorf("one request: %+v", r)
	}
}

// Resamples of a few groups repeat what happened to them, so there are none: a
// difference of two requests has no interval of width 0.
func TestCompareOfFewGroups(t *testing.T) {
	for n, want := range map[int]bool{2: false, fewestGroups - 1: false, fewestGroups: true} {
		c, err := Compare([]*Trace{traceOf("a", constant(n, 0), constant(n, 1)), traceOf("b", constant(n, 1), constant(n, 2))}, nil, Options{Replicates: 50})
		if err != nil {
			t.Fatal(err)
		}
		r := c.Rows[0]
		if r.Gain.Low.Defined() != want || r.Saving.Low.Defined() != want || !r.Quality.High.Defined() || r.Gain.Value != -1 {
			t.Errorf("%d requests: %+v", n, r)
		}
	}
}

func TestEmbeddersOfNoText(t *testing.T) {
	hashing, err := embedder.NewHashing(64)
	if err != nil {
		t.Fatal(err)
	}
	var _ centroids.Embedder = hashing
	c := policy.Cosine{Embedder: hashing}
	if s, _, err := c.Similarity(context.Background(), "", "text"); err != nil || !math.IsNaN(s) {
		t.Errorf("%g, %v", s, err)
	}
	if s, cost, err := c.Similarity(context.Background(), "same text", "same text"); err != nil || s != 1 || cost.Value != 0 || !cost.Known() {
		t.Errorf("%g, %v, %v", s, cost, err)
	}
}

// serve serves all requests by a policy.
func serve(ctx context.Context, name string, p policy.Policy, backend policy.Backend, requests policy.Requests) (*Trace, error) {
	r := runner{policies: []named{{name, p}}, texts: true, keep: true, near: nearColumns}
	traces, err := r.run(ctx, backend, requests)
	if err != nil {
		return nil, err
	}
	return traces[0], nil
}

// listOf are the requests in memory, to be changed.
func listOf(requests policy.Requests) policy.List {
	out := make(policy.List, requests.Len())
	return inRoom(out, requests, 0)
}
