package simulate

import (
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/policy"
)

// swept sweeps a suite, with so many bytes of moves and of points in memory.
func swept(s *Suite, knob Knob, moves, points int) (*Sweep, error) {
	return sweepCascade(context.Background(), knob, policy.ChecksConfig{}, StartAt(0), s.Backend, s.Requests, moves, points)
}

// A sweep is the same from temporary files, in any order of its requests and on any
// number of processors, and nothing is left of it.
func TestSweepFromFiles(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	s := countedSuite(t, 3000)
	shuffled := *s
	other := listOf(s.Requests)
	shuffled.Requests = other
	rand.New(rand.NewPCG(1, 1)).Shuffle(len(other), func(i, j int) {
		other[i], other[j] = other[j], other[i]
	})
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, knob := range Knobs() {
		var want string
		for i, c := range []struct {
			of            *Suite
			moves, points int
			processors    int
		}{{s, nearMoves, nearPoints, 2}, {s, 0, 0, 1}, {s, 5000, 1000, 3}, {&shuffled, 10_000, 300, 2}, {&shuffled, nearMoves, nearPoints, 1}} {
			runtime.GOMAXPROCS(c.processors)
			sweep, err := swept(c.of, knob, c.moves, c.points)
			if err != nil {
				t.Fatal(err)
			}
			text, err := json.Marshal(sweep)
			if err != nil {
				t.Fatal(err)
			}
			if i == 0 {
				want = string(text)
			}
			if string(text) != want {
				t.Errorf("%s, case %d: %s, want %s", knob, i, text, want)
			}
			for k, x := range all(t, sweep.Points) {
				at, err := sweep.Points.At(k)
				if err != nil || at.Threshold != x.Threshold || !slices.Equal(at.Served, x.Served) {
					t.Errorf("%s: point %d is %+v, by itself %+v: %v", knob, k, x, at, err)
				}
			}
			if err := sweep.Close(); err != nil {
				t.Error(err)
			}
			if _, err := sweep.Points.At(0); err == nil {
				t.Error("a point that was given up is read")
			}
			if _, err := json.Marshal(sweep); err == nil {
				t.Error("points that were given up are written")
			}
		}
		if n := len(want); n < 300 {
			t.Errorf("%s: %s", knob, want)
		}
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("%v are left: %v", left, err)
	}
}

// leaning agrees as two answers' lengths are alike.
type leaning struct{ policy.Agreement }

func (leaning) Similarity(_ context.Context, cheap, dear string) (float64, eval.Quantity, error) {
	return 1 - math.Abs(float64(len(cheap)-len(dear)))/256, eval.Quantity{}, nil
}

// spread is counted with answers of many lengths, of the last model only for some.
type spread struct{ counted }

func (s spread) Call(ctx context.Context, q *policy.Request, rung int) (policy.Call, error) {
	call, err := s.counted.Call(ctx, q, rung)
	call.Response = policy.NewText(strings.Repeat("a", int(q.Group)*(31+17*rung)%211))
	if rung == 2 && q.Group%8 > 0 {
		err = policy.ErrUnrecorded
	}
	return call, err
}

// Pairs are the same from temporary files, over several blocks and backwards, and
// nothing is left of them. One without prompts has no points.
func TestPairsFromFiles(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	s := countedSuite(t, blockRequests+700)
	b := spread{s.Backend.(counted)}
	backwards := listOf(s.Requests)
	slices.Reverse(backwards)
	var want string
	for i, c := range []struct {
		requests      policy.Requests
		moves, points int
	}{{s.Requests, nearMoves, nearPoints}, {s.Requests, 0, 0}, {s.Requests, 10_000, 2000}, {backwards, 3000, 100}} {
		pairs, err := sweepPairs(context.Background(), leaning{}, 0, b, c.requests, c.moves, c.points)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(pairs)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			want = string(text)
			checkPairs(t, pairs, b, c.requests)
		}
		if string(text) != want {
			t.Errorf("case %d: %s, want %s", i, text, want)
		}
		if err := ClosePairs(pairs); err != nil {
			t.Error(err)
		}
		if _, err := pairs[0].At(.5); err == nil {
			t.Error("a point that was given up is read")
		}
	}
	none, err := SweepPairs(context.Background(), leaning{}, 0, b, policy.List{})
	if err != nil || len(none) != 3 {
		t.Fatalf("%v, %v", none, err)
	}
	if x, err := none[0].At(.5); err != nil || x.AgreeRate.Defined() || none[0].Points.Len() > 0 {
		t.Errorf("%+v, %v", x, err)
	}
	if text, err := json.Marshal([]any{none[0].Points, none[0].Points.None()}); string(text) != "[null,[]]" {
		t.Errorf("%s, %v", text, err)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("%v are left: %v", left, err)
	}
}

// checkPairs holds pairs to what is counted prompt by prompt.
func checkPairs(t *testing.T, pairs []Pair, b policy.Backend, requests policy.Requests) {
	t.Helper()
	for k, sides := range [][2]int{{0, 1}, {0, 2}, {1, 2}} {
		pair := pairs[k]
		points := all(t, pair.Points)
		if pair.N < 300 || len(points) < 10 {
			t.Fatalf("%d prompts, %d points", pair.N, len(points))
		}
		for _, point := range points {
			p := policy.Parallel{Cheap: sides[0], Dear: sides[1], Agreement: leaning{}, Threshold: float64(point.Threshold)}
			trace := run(t, p, b, requests)
			if x := totals(t, trace); x.N != pair.N || trace.Agreed != point.Agreed || x.Quality != point.Quality || x.P50 != pair.Latency50 || x.P95 != pair.Latency95 || x.Timed != pair.Timed {
				t.Fatalf("%+v of %+v; the policy has %+v, %d agree", point, pair, x, trace.Agreed)
			}
			if at, err := pair.At(float64(point.Threshold)); err != nil || at.Agreed != point.Agreed {
				t.Fatalf("at %g: %+v, %v", point.Threshold, at, err)
			}
		}
	}
}

// What cannot be kept is an error.
func TestNoRoomForSweeps(t *testing.T) {
	s := countedSuite(t, 100)
	t.Setenv("TMPDIR", "/nowhere/at/all")
	for name, near := range map[string][2]int{"moves": {0, nearPoints}, "points": {nearMoves, 0}} {
		if _, err := swept(s, KnobConfidence, near[0], near[1]); err == nil {
			t.Errorf("%s are kept nowhere", name)
		}
		if _, err := sweepPairs(context.Background(), leaning{}, 0, s.Backend, s.Requests, near[0], near[1]); err == nil {
			t.Errorf("%s of pairs are kept nowhere", name)
		}
	}
	if sweep, err := swept(s, KnobConfidence, nearMoves, nearPoints); err != nil {
		t.Error(err)
	} else if err := sweep.Close(); err != nil {
		t.Error(err)
	}
}

// An answer that came at once makes no threshold of −0.
func TestSweepHasNoMinusZero(t *testing.T) {
	b := signed(countedSuite(t, 0).Backend.(counted))
	s, err := swept(&Suite{Backend: b, Requests: policy.List{{ID: "a"}, {ID: "b", Group: 1}}}, KnobConfidence, nearMoves, nearPoints)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := json.Marshal(s.Points); err != nil || s.Points.Len() != 2 {
		t.Errorf("confidences of 0 and −0 give %s, %v", text, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if text, err := json.Marshal([]float64{KnobTimeout.threshold(0), KnobTimeout.threshold(-1.5), KnobConfidence.threshold(.5)}); string(text) != "[0,1.5,0.5]" {
		t.Errorf("%s, %v", text, err)
	}
}

// signed has a confidence of 0, or −0 where the group is odd.
type signed []policy.Model

func (s signed) Models() []policy.Model { return s }

func (s signed) Call(_ context.Context, q *policy.Request, _ int) (policy.Call, error) {
	zero := math.Copysign(0, 1-2*float64(q.Group%2))
	return policy.Call{Response: policy.NewText("yes"), Score: datasets.Known(1.0), Confidence: datasets.Known(zero)}, nil
}

// watched is counted with confidences that nearly all differ. It looks at memory now
// and then.
type watched struct {
	counted
	calls, most *int
	mutex       *sync.Mutex
}

func (w watched) Call(ctx context.Context, q *policy.Request, rung int) (policy.Call, error) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if *w.calls++; *w.calls%50_000 == 0 {
		*w.most = max(*w.most, live())
	}
	call, err := w.counted.Call(ctx, q, rung)
	call.Confidence = datasets.Known(float64(*w.calls*7919%1_000_003) / 1_000_003)
	return call, err
}

// Memory that a sweep takes grows neither with its requests nor with its thresholds.
// The points alone would take 9 MiB, and sides of pairs 12.
func TestSweepInBoundedMemory(t *testing.T) {
	s := countedSuite(t, 50_000)
	w := watched{s.Backend.(counted), new(int), new(int), new(sync.Mutex)}
	s.Backend = w
	before := live()
	sweep, err := swept(s, KnobConfidence, 1<<16, 1<<16)
	if err != nil {
		t.Fatal(err)
	}
	defer sweep.Close()
	*w.most = max(*w.most, live())
	if grown := *w.most - before; sweep.Points.Len() < 100_000 || grown > 2<<20 {
		t.Errorf("%d points take %.1f MiB", sweep.Points.Len(), float64(grown)/(1<<20))
	}
	*w.most = 0
	pairs, err := sweepPairs(context.Background(), policy.SameAnswer{}, 0, s.Backend, s.Requests, 1<<16, 1<<16)
	if err != nil {
		t.Fatal(err)
	}
	defer ClosePairs(pairs)
	*w.most = max(*w.most, live())
	if grown := *w.most - before; *w.most == 0 || grown > 3<<20 {
		t.Errorf("pairs take %.1f MiB", float64(grown)/(1<<20))
	}
	runtime.KeepAlive(s)
}
