package logs

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/routeproof/routeproof/centroids"
)

// A traffic draws requests' scores, and the tier of the highest.
type traffic struct {
	mean float64
	mix  [4]float64
}

func (tr traffic) draw(random *rand.Rand) (score float64, tier int) {
	u := random.Float64()
	for tier = 0; tier < 3 && u >= tr.mix[tier]; tier++ {
		u -= tr.mix[tier]
	}
	return math.Round((tr.mean+.08*random.NormFloat64())*1e4) / 1e4, tier
}

// manifest is what an artifact that was calibrated on n requests says.
func (tr traffic) manifest(random *rand.Rand, n int) *centroids.Manifest {
	m := &centroids.Manifest{
		Tiers: []string{"SIMPLE", "MEDIUM", "COMPLEX", "FRONTIER"}, Tolerance: 1e-3, Thresholds: map[string]float64{},
		Drift:        &centroids.Drift{N: n, Low: -1, High: 1, Bins: make([]int, 80), Mix: map[string]int{}},
		Certificates: []centroids.Certificate{{Claim: "something holds"}},
	}
	for _, name := range m.Tiers {
		m.Thresholds[name] = -1
	}
	for range n {
		score, tier := tr.draw(random)
		m.Drift.Bins[int((score+1)*40)]++
		m.Drift.Mix[m.Tiers[tier]]++
	}
	return m
}

// log has n requests with scores by tier.
func (tr traffic) log(random *rand.Rand, n int) []byte {
	var text []byte
	for i := range n {
		score, tier := tr.draw(random)
		var scores [4]float64
		for k := range scores {
			scores[k] = score - math.Abs(float64(k-tier))*.03
		}
		text = fmt.Appendf(text, `{"request_id":%d,"msg_hash":"h%d","cost_usd":1,"escalated":false,"scores":[%g,%g,%g,%g]}`+"\n", i, i, scores[0], scores[1], scores[2], scores[3])
	}
	return text
}

func usual() traffic { return traffic{.6, [4]float64{.45, .3, .18, .07}} }

func TestDrift(t *testing.T) {
	for _, c := range []struct {
		name           string
		now            traffic
		reference, log int
		want           Status
		why            string
	}{
		{"none", usual(), 400, 5000, Holds, ""},
		{"scores fall", traffic{.52, usual().mix}, 400, 5000, Void, "scores are of another population"},
		{"scores fall a little", traffic{.56, usual().mix}, 1000, 5000, Doubtful, "scores differ"},
		{"harder", traffic{.6, [4]float64{.2, .3, .3, .2}}, 400, 5000, Void, "tiers are of another population"},
		{"few calibrate prompts", usual(), 40, 5000, Doubtful, "too few"},
		{"few requests", usual(), 400, 30, Doubtful, "too few"},
		{"no requests", usual(), 400, 0, Doubtful, "nothing can be compared"},
	} {
		random := rand.New(rand.NewPCG(5, 6))
		s := settingsOf(t)
		s.Reference = usual().manifest(random, c.reference)
		d := summed(t, tallyOf(t, s, source("log", c.now.log(random, c.log)))).Drift
		if d.Status != c.want || !strings.Contains(d.Why, c.why) || d.Certificates[0].Status != c.want {
			t.Errorf("%s: %s: %s: want %s: %s", c.name, d.Status, d.Why, c.want, c.why)
		}
		if c.log == 0 {
			continue
		}
		for what, shift := range map[string]*Shift{"score": d.Score, "mix": d.Mix} {
			var before, now int
			for _, cell := range shift.Cells {
				before, now = before+cell.Reference, now+cell.Requests
				if what == "score" && cell.Reference < cellReference/2 {
					t.Errorf("%s: the cell %s has %d of the reference", c.name, cell.Name, cell.Reference)
				}
			}
			if before != c.reference || now != c.log {
				t.Errorf("%s, %s: cells hold %d and %d, want %d and %d", c.name, what, before, now, c.reference, c.log)
			}
		}
		if n := len(d.Score.Cells); n > mostCells || n < 2 {
			t.Errorf("%s: %d cells of scores", c.name, n)
		}
	}
}

// TestNoDriftSeldomLooksLikeOne draws logs like the reference: a drift is shown in
// about driftAlpha of them at most.
func TestNoDriftSeldomLooksLikeOne(t *testing.T) {
	const rounds = 400
	random := rand.New(rand.NewPCG(7, 8))
	s := settingsOf(t)
	found := 0
	for range rounds {
		s.Reference = usual().manifest(random, 200)
		if d := summed(t, tallyOf(t, s, source("log", usual().log(random, 1000)))).Drift; d.Status != Holds {
			found++
		}
	}
	if found > 12 { // P(Bin(400, .01) > 12) < 1e-3
		t.Errorf("%d of %d logs without drift: not holds", found, rounds)
	}
}

func TestScoresBeyondTheHistogram(t *testing.T) {
	s := settingsOf(t)
	s.Reference = usual().manifest(rand.New(rand.NewPCG(1, 1)), 400)
	d := summaryOf(t, s, `{"score":-7}`, `{"score":1}`, `{"score":9}`, `{"score":0.999}`).Drift
	cells := d.Score.Cells
	if cells[0].Requests != 1 || cells[len(cells)-1].Requests != 3 || d.Mix != nil {
		t.Errorf("cells %+v, mix %v: want 1 below, 3 at the upper end, and no tiers", cells, d.Mix)
	}
}

// Every cell has 25 of a reference of 50 or more, also where a few scores lie behind
// many.
func TestCellsHoldEnough(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 25))
	all := [][]int{{5, 120, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2}, {24, 0, 26, 1}, {3, 4}, {0, 300, 0}}
	for range 200 {
		bins := make([]int, 2+rng.IntN(30))
		for i := range bins {
			bins[i] = rng.IntN(60) * rng.IntN(2)
		}
		all = append(all, bins)
	}
	for _, bins := range all {
		ref := &centroids.Drift{Bins: bins}
		for _, k := range bins {
			ref.N += k
		}
		of := cellsOf(ref)
		counts := make([]int, of[len(of)-1]+1)
		for i, k := range bins {
			counts[of[i+1]] += k
		}
		if len(counts) > mostCells || len(counts) > 1 && ref.N >= 50 && slices.Min(counts) < cellReference {
			t.Errorf("%v: cells of %v", bins, counts)
		}
	}
}

func TestDriftByTexts(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 10))
	s := settingsOf(t)
	s.Reference = usual().manifest(random, 400)
	var own []centroids.Decision
	var rows []string
	for i := range 3000 {
		score, tier := usual().draw(random)
		d := centroids.Decision{Nearest: tier, Scores: make([]float64, 4)}
		for k := range d.Scores {
			d.Scores[k] = score - .1
		}
		d.Scores[tier] = score
		own = append(own, d)
		rows = append(rows, fmt.Sprintf(`{"prompt":"%d","scores":[%g,%g,%g,%g]}`, i, d.Scores[0], d.Scores[1], d.Scores[2], d.Scores[3]))
	}
	calls := 0
	s.Classify = func(text string) (centroids.Decision, error) {
		calls++
		var i int
		_, err := fmt.Sscan(text, &i)
		return own[i], err
	}
	d := summaryOf(t, s, rows...).Drift
	if d.Of != DriftTexts || d.Status != Holds || d.Requests != 3000 || d.Checked != 3000 || d.Differing != 0 || calls != 3000 {
		t.Errorf("%+v after %d calls: want all compared, none differing", d, calls)
	}
	for i := range own {
		own[i].Nearest = 3 - own[i].Nearest
		own[i].Scores[own[i].Nearest] = .6
	}
	if d := summaryOf(t, s, rows...).Drift; d.Status != Void || d.Differing != 3000 || !strings.Contains(d.Why, "runs another one") {
		t.Errorf("%+v: want void, as the scores are another artifact's", d)
	}
	s.Classify = func(string) (centroids.Decision, error) { return centroids.Decision{Nearest: -1}, nil }
	if d := summaryOf(t, s, rows...).Drift; d.Of != DriftScores || d.Requests != 3000 {
		t.Errorf("texts without vectors: %+v", d)
	}
	// A few texts among scored requests change nothing, nor does one that differs.
	s.Classify = func(string) (centroids.Decision, error) {
		return centroids.Decision{Nearest: 3, Scores: []float64{0, 0, 0, .9}}, nil
	}
	few := rows[:1]
	for _, row := range rows[1:] {
		_, scores, _ := strings.Cut(row, ",")
		few = append(few, "{"+scores)
	}
	if d := summaryOf(t, s, few...).Drift; d.Of != DriftScores || d.Requests != 3000 || d.Status != Holds || d.Checked != 1 || d.Differing != 1 {
		t.Errorf("one text: %+v", d)
	}
	if d := summaryOf(t, s, `{"prompt":"1"}`, `{"prompt":"2"}`).Drift; d.Of != DriftTexts || d.Requests != 2 || d.Status != Doubtful {
		t.Errorf("texts alone: %+v", d)
	}
	s.Classify = func(string) (centroids.Decision, error) { return centroids.Decision{}, errTest }
	if _, err := Scan(t.Context(), []Source{source("log", lines(rows...))}, s); err == nil {
		t.Error("an embedder that fails is no error")
	}
}

// TestRepeatedMessagesCountOnce repeats few messages often: what would look like a
// drift by requests does not by messages.
func TestRepeatedMessagesCountOnce(t *testing.T) {
	random := rand.New(rand.NewPCG(17, 18))
	s := settingsOf(t)
	found := 0
	for range 100 {
		s.Reference = usual().manifest(random, 400)
		var text []byte
		messages := strings.Split(strings.TrimSpace(string(usual().log(random, 600))), "\n")
		for i := range 6000 {
			m := messages[int(random.Float64()*random.Float64()*600)] // the first ones more often
			text = fmt.Appendf(text, "%s\n", strings.Replace(m, `"request_id":`, fmt.Sprintf(`"request_id":%d,"n":`, i), 1))
		}
		d := summed(t, tallyOf(t, s, source("log", text))).Drift
		if d.Requests > 600 {
			t.Fatalf("%d messages of 600", d.Requests)
		}
		if d.Status != Holds {
			found++
		}
	}
	if found > 5 {
		t.Errorf("%d of 100 logs without drift: not holds", found)
	}
}

var errTest = fmt.Errorf("cannot embed")

// TestTextsAreARandomSample checks that of many texts those that are embedded are
// spread evenly.
func TestTextsAreARandomSample(t *testing.T) {
	var list texts
	for i := range uint64(5 * maxTexts) {
		if p := mix64(i); list.wants(p) {
			list.put(text{priority: p, bin: int16(i * 10 / (5 * maxTexts))})
		}
	}
	var tenths [10]int
	for _, x := range list {
		tenths[x.bin]++
	}
	for i, n := range tenths {
		if math.Abs(float64(n)-maxTexts/10) > 4*math.Sqrt(maxTexts/10) {
			t.Errorf("tenth %d of the log: %d of %d", i, n, maxTexts)
		}
	}
}
