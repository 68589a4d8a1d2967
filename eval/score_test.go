package eval

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval/stats"
)

// Values from numpy 1.24.2, with x = minstd(7, 2n), conf = [a % (grid+1) / grid
// for a in x[:n]], right = [b % 100 < 70 for b in x[n:]], and the equal-mass
// bins of docs/methods.md:
//
//	o = np.argsort(conf, kind='stable'); c, r = conf[o], right[o]; start = 0
//	for k in range(1, 16):
//	    end = max(start, -(-k*n//15))
//	    while 0 < end < n and c[end] == c[end-1]: end += 1
//	    if end > start: ece += (end-start)/n*abs(r[start:end].mean()-c[start:end].mean())
//	    start = end
func TestCalibrationError(t *testing.T) {
	for _, c := range []struct {
		n, grid uint64
		want    float64
	}{
		{200, 1000000, 0.32961295999999995},
		{200, 20, 0.31250000000000006}, // many ties
		{37, 10, 0.2783783783783784},
		{10, 7, 0.18571428571428567}, // fewer prompts than bins
	} {
		x := minstd(7, int(2*c.n))
		truth := make([]int, c.n+3) // and three without a confidence
		p := predicted("it", truth)
		for i := range c.n {
			edit(p.Final, int(i), func(d *Decision) { d.Confidence = new(float64(x[i]%(c.grid+1)) / float64(c.grid)) })
			if x[c.n+i]%100 >= 70 {
				edit(p.Final, int(i), func(d *Decision) { d.Tier = 1 })
			}
		}
		got := evaluate(t, 2, costsOf(2), testItems(truth), p).Classifiers[0].Calibration
		if got == nil || got.N != int(c.n) || !near(got.ECE, c.want) {
			t.Errorf("n=%d grid=%d: %+v, want ECE %v", c.n, c.grid, got, c.want)
			continue
		}
		if !(got.Null.Low < got.Null.Value && got.Null.Value < got.Null.High) {
			t.Errorf("n=%d grid=%d: null ECE %+v is not within its interval", c.n, c.grid, got.Null)
		}
	}
}

func TestNoConfidenceNoCalibration(t *testing.T) {
	r := evaluate(t, 2, costsOf(2), testItems([]int{0, 1}), predicted("it", []int{0, 1}))
	if c := r.Classifiers[0].Calibration; c != nil {
		t.Errorf("calibration %+v, want none", c)
	}
}

func TestWilsonIntervals(t *testing.T) {
	s := evaluate(t, 2, costsOf(2), testItems(digits("0000011111")), predicted("it", digits("0000100111"))).Classifiers[0]
	estimate := func(k, n int) Estimate {
		i := stats.Wilson(k, n, 0.95)
		return Estimate{Number(float64(k) / float64(n)), Number(i.Low), Number(i.High)}
	}
	// By hand: seven right, two too low, one too high.
	want := []Estimate{estimate(7, 10), estimate(2, 10), estimate(1, 10), estimate(4, 6), estimate(3, 4), estimate(4, 5), estimate(3, 5)}
	got := []Estimate{s.Accuracy, s.UnderRouting, s.OverRouting, s.PerTier[0].Precision, s.PerTier[1].Precision, s.PerTier[0].Recall, s.PerTier[1].Recall}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Only a second tier that a prompt has counts as right.
func TestAltTier(t *testing.T) {
	items := testItems(digits("0011"))
	tiers := digits("0101")
	if s := evaluate(t, 2, costsOf(2), items, predicted("it", tiers)).Classifiers[0]; s.AltAccuracy != nil {
		t.Errorf("accuracy %v by a second tier that no prompt has", s.AltAccuracy)
	}
	items[1].AltTier, items[3].AltTier = 1, 0
	r := evaluate(t, 2, costsOf(2), items, predicted("it", tiers))
	if s := r.Classifiers[0]; s.AltAccuracy == nil || s.AltAccuracy.Value != 0.75 || s.Accuracy.Value != 0.5 {
		t.Errorf("accuracy %v and %v, want 0.5 and, with second tiers, 0.75", s.Accuracy, s.AltAccuracy)
	}
	// Half of the first two chances, all of the others: (½ + 1 + ½ + 1)/4.
	if s := baseline(t, r, "random"); s.AltAccuracy == nil || s.AltAccuracy.Value != 0.75 {
		t.Errorf("random: accuracy %v with second tiers, want 0.75", s.AltAccuracy)
	}
}

// Out-of-fold accuracy counts items of all splits.
func TestOutOfFoldAccuracy(t *testing.T) {
	items := testItems(digits("0101"))
	items[0].Split, items[1].Split = datasets.Train, datasets.Tune
	p := predicted("it", digits("1001"))
	p.OutOfFold = DecisionsOf(decided(digits("0001"))...)
	s := evaluate(t, 2, costsOf(2), items, p).Classifiers[0]
	if s.OutOfFold == nil || s.OutOfFold.Value != 0.75 || s.OutOfFoldN != 4 || s.N != 2 || s.Accuracy.Value != 1 {
		t.Errorf("out of fold %v of %d, test %v of %d, want 0.75 of 4 and 1 of 2", s.OutOfFold, s.OutOfFoldN, s.Accuracy.Value, s.N)
	}
}

func TestLatencyPercentiles(t *testing.T) {
	series := func(n int) []Decision {
		out := make([]Decision, n)
		for i := range out {
			out[i].LatencyMS = Quantity{float64(n - i), Recorded} // n, …, 1
		}
		return out
	}
	oneAssumed, oneUnknown := series(3), series(3)
	oneAssumed[1].LatencyMS.Origin = Assumed
	oneUnknown[1].LatencyMS = Quantity{}
	for _, c := range []struct {
		name      string
		decisions []Decision
		p50, p95  Quantity
	}{
		{"none", nil, Quantity{}, Quantity{}},
		{"one", series(1), Quantity{1, Recorded}, Quantity{1, Recorded}},
		{"two", series(2), Quantity{1, Recorded}, Quantity{2, Recorded}},
		{"nearest rank", series(20), Quantity{10, Recorded}, Quantity{19, Recorded}},
		{"between ranks", series(21), Quantity{11, Recorded}, Quantity{20, Recorded}},
		{"weakest origin", oneAssumed, Quantity{2, Assumed}, Quantity{3, Assumed}},
		{"a third unknown", oneUnknown, Quantity{}, Quantity{}}, // 3 and 1 are known
		{"a quarter unknown", append(series(4)[:3:3], Decision{}), Quantity{3, Recorded}, Quantity{4, Recorded}},
	} {
		b := &bench{Options: Options{LeastPriced: 0.7}, test: splitIndex(testItems(make([]int, len(c.decisions))), datasets.Test)}
		one := &contender{predictions: &Predictions{Final: DecisionsOf(c.decisions...)}}
		if got := b.latency(one, 0.5); got != c.p50 {
			t.Errorf("%s: p50 %v, want %v", c.name, got, c.p50)
		}
		if got := b.latency(one, 0.95); got != c.p95 {
			t.Errorf("%s: p95 %v, want %v", c.name, got, c.p95)
		}
	}
}

func TestFailuresAreCounted(t *testing.T) {
	p := predicted("it", digits("00000"))
	for i := range 2 {
		edit(p.Final, i, func(d *Decision) { d.Err = "timeout" })
	}
	edit(p.Final, 4, func(d *Decision) { d.Invalid = true })
	s := evaluate(t, 2, costsOf(2), testItems(digits("00011")), p).Classifiers[0]
	if s.Errors != 2 || s.Invalid != 1 || s.N != 5 || s.Accuracy.Value != 0.6 {
		t.Errorf("%d errors, %d invalid, accuracy %v of %d, want 2, 1, 0.6 of 5", s.Errors, s.Invalid, s.Accuracy.Value, s.N)
	}
}

// Only the test split is scored, in whatever order it stands.
func TestOtherSplitsAreNotScored(t *testing.T) {
	items := testItems(digits("01012301"))
	tiers := digits("01102200")
	want := evaluate(t, 4, costsOf(4), items, predicted("it", tiers)).Classifiers[0]
	for _, s := range []datasets.Split{datasets.Tune, datasets.Calibrate} {
		other := testItems(digits("333"))
		for i := range other {
			other[i].Split = s
		}
		got := evaluate(t, 4, costsOf(4), slices.Concat(other, items), predicted("it", slices.Concat(digits("000"), tiers))).Classifiers[0]
		if diff := cmp.Diff(want, got, cmp.Comparer(sameNumber)); diff != "" {
			t.Errorf("with %s items (-without +with):\n%s", s, diff)
		}
	}
}

func sameNumber(a, b Number) bool { return a == b || a != a && b != b }
