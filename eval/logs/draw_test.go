package logs

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/datasets/synth"
)

// madeLog is a log with scores whose requests' true tiers are known by their hash.
func madeLog(t testing.TB, n int) (text []byte, truth map[string]int, right float64, hashes []string) {
	config := synth.Default()
	config.Logs.Messages, config.Logs.Scores = 3000, true
	g, err := synth.New(config)
	if err != nil {
		t.Fatal(err)
	}
	truth = map[string]int{}
	for i := range n {
		text = g.AppendLog(text, i)
		q, l := g.Request(i), g.Log(i)
		truth[l.MessageHash] = q.Tier
		hashes = append(hashes, l.MessageHash)
		if q.Start == q.Tier {
			right += 1 / float64(n)
		}
	}
	return text, truth, right, hashes
}

func drawn(t testing.TB, tally *Tally, text []byte, s DrawSettings) *Draws {
	t.Helper()
	d, err := tally.Draw(t.Context(), []Source{source("log", text)}, summed(t, tally).Drift, s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestDrawsStandForTheLog holds weights to the strata, and estimates of many draws
// to the truth: unbiased, and 95 % of the intervals hold it.
func TestDrawsStandForTheLog(t *testing.T) {
	const n, rounds = 3000, 300
	text, truth, right, hashes := madeLog(t, n)
	settings := settingsOf(t)
	settings.Reference = usual().manifest(rand.New(rand.NewPCG(1, 2)), 400)
	tally := tallyOf(t, settings, source("log", text))
	label := func(id string) (int, bool) { k, ok := truth[id]; return k, ok }
	var mean float64
	held, heldMix := 0, [4]int{}
	var mix [4]float64
	for i := range n {
		mix[truth[hashes[i]]] += 1. / n
	}
	for seed := range uint64(rounds) {
		d := drawn(t, tally, text, DrawSettings{N: 120, Seed: seed, Near: .03})
		weights := map[string]float64{}
		for _, row := range d.Rows {
			weights[row.Stratum] += row.Weight
		}
		total, of := 0, 0
		for _, s := range d.Strata {
			total, of = total+s.Requests, of+s.Drawn
			if math.Abs(weights[s.Name]-float64(s.Requests)) > 1e-6 {
				t.Fatalf("weights of %s sum to %v, want %d", s.Name, weights[s.Name], s.Requests)
			}
			if (s.Requests == 0) != (s.Name == Drifted) {
				t.Fatalf("stratum %+v", s)
			}
		}
		if total != n || of != 120 || len(d.Rows) != 120 {
			t.Fatalf("%d requests and %d draws, want %d and 120", total, of, n)
		}
		e := Estimate(d.Rows, settings.Tiers, label)
		mean += float64(e.Accuracy.Value) / rounds
		if float64(e.Accuracy.Low) <= right && right <= float64(e.Accuracy.High) {
			held++
		}
		for k, m := range e.Mix {
			if float64(m.Share.Low) <= mix[k] && mix[k] <= float64(m.Share.High) {
				heldMix[k]++
			}
		}
		if e.Labelled != 120 || math.Abs(e.Requests-n) > 1e-6 {
			t.Fatalf("%+v", e)
		}
	}
	// A draw's standard error is about .04, that of the mean of 300 .0023.
	if math.Abs(mean-right) > .009 {
		t.Errorf("mean of the estimates %v, truth %v", mean, right)
	}
	if share := float64(held) / rounds; share < .93 {
		t.Errorf("%v of the intervals hold the truth", share)
	}
	for k, n := range heldMix {
		if share := float64(n) / rounds; share < .93 {
			t.Errorf("%v of the intervals of the share of tier %d hold the truth", share, k)
		}
	}
}

// TestEstimateCoversRareTiers draws from strata of which one has nearly all of the
// requests, and the tier hardly any.
func TestEstimateCoversRareTiers(t *testing.T) {
	const rounds = 2000
	tiers := tiersOf(t)
	random := rand.New(rand.NewPCG(15, 16))
	for _, c := range []struct {
		sizes []float64
		drawn []int
		rates []float64
	}{
		{[]float64{3000, 5000, 92000}, []int{67, 67, 66}, []float64{.2, .1, .015}},
		{[]float64{3000, 5000, 92000}, []int{67, 67, 66}, []float64{0, 0, .03}},
		{[]float64{10000, 90000}, []int{100, 100}, []float64{.2, .025}},
		{[]float64{5000, 95000}, []int{8, 8}, []float64{.5, .5}},
	} {
		var total, truth float64
		for h, size := range c.sizes {
			total += size
			truth += size * c.rates[h]
		}
		truth /= total
		held := 0
		for range rounds {
			var draws []datasets.Draw
			labels := map[string]int{}
			for h, n := range c.drawn {
				for range n {
					id := fmt.Sprint(len(draws))
					draws = append(draws, datasets.Draw{ID: id, Stratum: fmt.Sprint(h), Weight: c.sizes[h] / float64(n)})
					if random.Float64() < c.rates[h] {
						labels[id] = 3
					} else {
						labels[id] = 0
					}
				}
			}
			s := Estimate(draws, tiers, func(id string) (int, bool) { return labels[id], true }).Mix[3].Share
			if float64(s.Low) <= truth && truth <= float64(s.High) {
				held++
			}
		}
		if share := float64(held) / rounds; share < .935 {
			t.Errorf("%v of the intervals hold %v of %+v", share, truth, c)
		}
	}
}

func TestDrawIsReproducible(t *testing.T) {
	text, _, _, _ := madeLog(t, 2000)
	settings := settingsOf(t)
	tally := tallyOf(t, settings, source("log", text))
	a, b := drawn(t, tally, text, DrawSettings{N: 50, Seed: 1}), drawn(t, tally, text, DrawSettings{N: 50, Seed: 1})
	if d := cmp.Diff(a, b); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(a.Rows, drawn(t, tally, text, DrawSettings{N: 50, Seed: 2}).Rows); d == "" {
		t.Error("another seed draws the same")
	}
	whole := drawn(t, tally, text, DrawSettings{N: 2000, Seed: 1})
	for i, row := range whole.Rows {
		if row.Weight != 1 || row.Line.Value != i+1 {
			t.Fatalf("where all is drawn: %+v at %d", row, i)
		}
	}
}

// TestWhatIsDrawn looks at single requests.
func TestWhatIsDrawn(t *testing.T) {
	settings := settingsOf(t)
	threshold := .5
	var rows []string
	add := func(n int, format string, args ...any) {
		for i := range n {
			rows = append(rows, fmt.Sprintf(`{"request_id":"%d-%d",`, len(rows), i)+fmt.Sprintf(format, args...)+"}")
		}
	}
	add(4, `"prompt":"What is \u00fc?","feature":"bot","tier":"SIMPLE","escalated":false,"score":0.9`)
	add(3, `"prompt":"Near","tier":"MEDIUM","escalated":false,"score":0.51`)
	add(2, `"prompt":"Up","tier":"MEDIUM","start_tier":"SIMPLE","escalated":true,"score":0.51`)
	add(1, `"msg_hash":"abc","score":0.1`)
	add(1, `"prompt":"%s"`, strings.Repeat("long ", 1<<16))
	text := lines(rows...)
	tally := tallyOf(t, settings, source("log", text))
	d := drawn(t, tally, text, DrawSettings{N: 8, Seed: 1, Near: .02, Threshold: &threshold})
	want := []Stratum{{Escalated, 2, 2}, {Near, 3, 3}, {Drifted, 0, 0}, {Rest, 6, 3}}
	if diff := cmp.Diff(want, d.Strata); diff != "" {
		t.Error(diff)
	}
	d = drawn(t, tally, text, DrawSettings{N: 20, Seed: 1, Near: .02, Threshold: &threshold})
	wantPrompts := []datasets.Prompt{
		// printf 'What is ü?' | sha256sum, and so on
		{ID: "531f29296e46", Text: "What is ü?", Domain: "bot", Source: "log:1"},
		{ID: "", Text: "Near", Source: "log:5"},
		{ID: "", Text: "Up", Source: "log:8"},
	}
	for i := range wantPrompts {
		if i < len(d.Prompts) && wantPrompts[i].ID == "" {
			wantPrompts[i].ID = d.Prompts[i].ID
		}
	}
	if diff := cmp.Diff(wantPrompts, d.Prompts); diff != "" {
		t.Error(diff)
	}
	var routed []string
	for _, row := range d.Rows {
		routed = append(routed, row.Routed)
	}
	if got := strings.Join(routed, " "); got != "SIMPLE SIMPLE SIMPLE SIMPLE MEDIUM MEDIUM MEDIUM SIMPLE SIMPLE  " || d.Textless != 2 || d.Rows[9].ID != "abc" || d.Rows[10].ID != "log:11" {
		t.Errorf("routed %q, %d without text, ids %s and %s", got, d.Textless, d.Rows[9].ID, d.Rows[10].ID)
	}
	for _, s := range []DrawSettings{{N: 7}, {N: MaxDraws + 1}, {N: 10, Near: -1}, {N: 10, Near: math.NaN()}} {
		if _, err := tally.Draw(t.Context(), nil, nil, s); err == nil {
			t.Errorf("%+v is no error", s)
		}
	}
}

func TestDriftedScoresAreDrawn(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	settings := settingsOf(t)
	settings.Reference = usual().manifest(random, 400)
	text := traffic{.5, usual().mix}.log(random, 4000)
	d := drawn(t, tallyOf(t, settings, source("log", text)), text, DrawSettings{N: 40, Seed: 1})
	if d.Strata[2].Requests < 1000 || d.Strata[2].Drawn < 10 {
		t.Errorf("strata %+v: want many drifted", d.Strata)
	}
}

func TestEstimateByHand(t *testing.T) {
	tiers := tiersOf(t)
	draws := []datasets.Draw{
		{ID: "a", Stratum: "x", Weight: 10, Routed: "SIMPLE"}, {ID: "b", Stratum: "x", Weight: 10, Routed: "MEDIUM"},
		{ID: "c", Stratum: "y", Weight: 90, Routed: "MEDIUM"}, {ID: "d", Stratum: "y", Weight: 90, Routed: "FRONTIER"},
		{ID: "e", Stratum: "z", Weight: 7, Routed: "SIMPLE"}, // no label
		{ID: "f", Stratum: "y", Weight: 90},                  // no tier
	}
	truth := map[string]int{"a": 0, "b": 0, "c": 2, "d": 3, "f": 1}
	e := Estimate(draws, tiers, func(id string) (int, bool) { k, ok := truth[id]; return k, ok })
	// x has 20 requests, half of them right and half too high; y 270, half right and half too low.
	near := func(what string, got, want float64) {
		if math.Abs(got-want) > 1e-12 {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	near("right", float64(e.Accuracy.Value), .5)
	near("under", float64(e.Under.Value), 135./290)
	near("over", float64(e.Over.Value), 10./290)
	near("simple", float64(e.Mix[0].Share.Value), 20./290)
	near("medium", float64(e.Mix[1].Share.Value), 90./290) // f, whose first tier is unknown, tells its true one
	near("frontier", float64(e.Mix[3].Share.Value), 90./290)
	near("unlabelled", e.Unlabelled, 7)
	if e.Labelled != 5 || e.Routed != 4 || e.Draws != 6 || !(e.Accuracy.Low < .2 && e.Accuracy.High > .8) {
		t.Errorf("%+v", e)
	}
	half := Estimate([]datasets.Draw{draws[0], {ID: "f", Stratum: "y", Weight: 30}}, tiers, func(string) (int, bool) { return 0, true })
	if half.Unrouted != 30 || half.Accuracy.Value != 1 || half.Mix[0].Share.Value != 1 || half.Routed != 1 {
		t.Errorf("a stratum whose first tiers are unknown: %+v", half)
	}
	none := Estimate(draws[:1], tiers, func(string) (int, bool) { return 0, false })
	if none.Accuracy.Value.Defined() || none.Unlabelled != 10 {
		t.Errorf("%+v", none)
	}
	all := Estimate([]datasets.Draw{{ID: "a", Stratum: "x", Weight: 1, Routed: "SIMPLE"}}, tiers, func(string) (int, bool) { return 0, true })
	if all.Accuracy.Low != 1 || all.Accuracy.High != 1 {
		t.Errorf("a log that is labelled as a whole is certain: %+v", all.Accuracy)
	}
}

func TestAllot(t *testing.T) {
	for _, c := range []struct {
		n           int
		sizes, want []int
	}{
		{8, []int{100, 100, 100, 100}, []int{2, 2, 2, 2}},
		{10, []int{100, 100, 100, 100}, []int{3, 3, 2, 2}},
		{20, []int{1, 0, 100, 100}, []int{1, 0, 10, 9}},
		{20, []int{1, 2, 3, 4}, []int{1, 2, 3, 4}},
		{0, []int{1}, []int{0}},
	} {
		if diff := cmp.Diff(c.want, allot(c.n, c.sizes)); diff != "" {
			t.Errorf("%d of %v: %s", c.n, c.sizes, diff)
		}
	}
}
