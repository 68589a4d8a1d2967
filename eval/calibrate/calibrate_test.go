package calibrate

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/routeproof/routeproof/eval/stats"
)

// rowsOf makes n rows of one score, of which wrong are wrong.
func rowsOf(prefix string, n, wrong int, score float64) []Row {
	rows := make([]Row, n)
	for i := range rows {
		rows[i] = Row{ID: fmt.Sprintf("%s%g-%04d", prefix, score, i), Score: score, Wrong: i < wrong}
	}
	return rows
}

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

// Of α = δ = .1: .9²² = .0985 is the least that 22 without an error reach.
func TestAcceptanceByHand(t *testing.T) {
	tune := slices.Concat(rowsOf("t", 30, 0, 0.9), rowsOf("t", 30, 10, 0.5)) // .9³⁰ = .04; 10 of 60 are too many
	level := Level{0.1, 0.9}
	r, err := Acceptance(tune, slices.Concat(rowsOf("c", 25, 0, 0.9), rowsOf("c", 20, 5, 0.5)), level)
	r = must(t, r, err)
	s := r.Setting
	if !r.Certified || s.Place != 0 || s.Thresholds[0] != 0.9 || s.N != 25 || s.Errors != 0 || s.Risk != 0 || r.Tested != 2 || r.Settings != 2 || r.N != 45 {
		t.Fatalf("%+v %+v", r, s)
	}
	if !near(s.P, math.Pow(0.9, 25)) || !near(float64(s.Upper), 1-math.Pow(0.1, 1.0/25)) || !near(float64(s.Share), 25.0/45) || r.Heuristic.Place != 0 {
		t.Errorf("%+v", s)
	}
	want := "Certified with 90 % confidence: at most 10 % of what is accepted is wrong (accepted: a score of at least 0.9). " +
		"Seen: 0 % in the mean of 25 requests, 0 of which wrong; accepted: 55.6 % of all."
	if r.Sentence != want {
		t.Errorf("%q", r.Sentence)
	}

	// .9²⁰ = .12: 22 would do, half of 44.
	r, err = Acceptance(tune, slices.Concat(rowsOf("c", 20, 0, 0.9), rowsOf("c", 20, 5, 0.5)), level)
	r = must(t, r, err)
	if r.Certified || r.Setting != nil || r.Tested != 1 || r.More != 4 || r.Never || r.First.N != 20 {
		t.Errorf("%+v", r)
	}
	want = "Not certifiable with 90 % confidence: at most 10 % of what is accepted is wrong. Of the likeliest setting (accepted: a score of at least 0.9) " +
		"the risk seen is 0 %, on 20 requests: at that it could be with 4 more requests beside the 40 that there are."
	if r.Sentence != want {
		t.Errorf("%q", r.Sentence)
	}

	r, err = Acceptance(tune, rowsOf("c", 20, 2, 0.9), level)
	r = must(t, r, err)
	if r.Certified || !r.Never || r.More != 0 || !strings.HasSuffix(r.Sentence, "the risk seen is 10 %, on 20 requests: at that no number of requests would do.") {
		t.Errorf("%+v", r)
	}
	if _, ok := r.Certificate(); ok {
		t.Error("a certificate of nothing")
	}
}

// The start skips settings that are too strict to pass, whether they accept too
// few or are wrong more often than those behind.
func TestStart(t *testing.T) {
	for _, c := range []struct {
		name string
		tune []Row
		want int
	}{
		{"too few at first", slices.Concat(rowsOf("t", 5, 0, 0.9), rowsOf("t", 95, 0, 0.5), rowsOf("t", 50, 30, 0.1)), 1},
		{"overconfident", slices.Concat(rowsOf("t", 60, 6, 0.9), rowsOf("t", 200, 0, 0.5), rowsOf("t", 9, 9, 0.1)), 1},
		{"all beyond float64", slices.Concat(rowsOf("t", 10000, 0, 0.9), rowsOf("t", 10000, 0, 0.5)), 0},
	} {
		b := newBinomial(c.tune, nil, test{0.1, 0.1}, acceptance(""))
		if got := startOf(b); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
	// A regret only grows along the settings.
	b := newBinomial(slices.Concat(rowsOf("t", 5, 0, 0.9), rowsOf("t", 95, 0, 0.5), rowsOf("t", 50, 30, 0.1)), nil, test{0.1, 0.1}, regret())
	if got := startOf(b); got != 0 {
		t.Errorf("a regret starts at %d", got)
	}
}

// 2 of 60 are accepted and wrong, whoever else is not accepted:
// P(Bin(60, .1) ≤ 2) = .053.
func TestRegretByHand(t *testing.T) {
	tune := slices.Concat(rowsOf("t", 10, 0, 3), rowsOf("t", 50, 2, 2))
	unscored := rowsOf("c", 20, 20, 1)
	for i := range unscored {
		unscored[i].Score = math.NaN()
	}
	r, err := Regret(tune, slices.Concat(rowsOf("c", 10, 0, 3), rowsOf("c", 30, 2, 2), unscored), Level{0.1, 0.9})
	r = must(t, r, err)
	want := (math.Pow(0.9, 60) + 60*0.1*math.Pow(0.9, 59) + 1770*0.01*math.Pow(0.9, 58))
	if !r.Certified || r.Setting.Place != 1 || r.Setting.N != 60 || r.Setting.Errors != 2 || !near(r.Setting.P, want) || r.Unscored != 20 || !near(float64(r.Setting.Share), 2.0/3) {
		t.Errorf("%+v %+v", r, r.Setting)
	}
}

func TestAgreementOfSameOrNot(t *testing.T) {
	tune := slices.Concat(rowsOf("t", 60, 1, 1), rowsOf("t", 60, 0, 0))
	certify := slices.Concat(rowsOf("c", 60, 1, 1), rowsOf("c", 60, 0, 0))
	r, err := Agreement(tune, certify, Level{0.1, 0.9})
	r = must(t, r, err)
	if r.Settings != 1 || !r.Certified || r.Setting.Thresholds[0] != 1 || r.Setting.N != 60 || r.Setting.Errors != 1 {
		t.Errorf("%+v", r)
	}
	// Nothing agrees on tune.
	r, err = Agreement(rowsOf("t", 60, 0, 0), certify, Level{0.1, 0.9})
	if r = must(t, r, err); r.Settings != 0 || r.Certified {
		t.Errorf("%+v", r)
	}
	// Similarities are thresholds like others.
	r, err = Agreement(slices.Concat(tune, rowsOf("t", 9, 0, 0.5)), certify, Level{0.1, 0.9})
	if r = must(t, r, err); r.Settings != 3 || r.Setting.Thresholds[0] != 0 {
		t.Errorf("%+v", r)
	}
}

func TestPerTier(t *testing.T) {
	of := func(tier string, rows []Row) []Row {
		for i := range rows {
			rows[i].Tier = tier
			rows[i].ID = tier + rows[i].ID
		}
		return rows
	}
	tune := slices.Concat(of("A", rowsOf("t", 40, 0, 1)), of("B", rowsOf("t", 40, 0, 1)))
	certify := slices.Concat(of("A", rowsOf("c", 29, 0, 1)), of("B", rowsOf("c", 28, 0, 1)))
	tiers := []string{"A", "B", "C"}
	results, err := PerTier(tiers, tune, certify, Level{0.1, 0.86}) // .9²⁹ = .0471 > .14/3 = .0467 > .9³⁰
	if err != nil {
		t.Fatal(err)
	}
	if a := results[0]; a.Certified || a.More != 1 || a.Tier != "A" || !near(a.Delta, 0.14/3) {
		t.Errorf("%+v", a)
	}
	if b := results[1]; b.More != 2 {
		t.Errorf("%+v", b)
	}
	if c := results[2]; c.Certified || c.First != nil || c.N != 0 || c.Heuristic != nil {
		t.Errorf("%+v", c)
	}
	results, err = PerTier(tiers, tune, certify, Level{0.1, 0.85}) // .05
	if err != nil {
		t.Fatal(err)
	}
	if a, b := results[0], results[1]; !a.Certified || b.Certified || !strings.HasPrefix(a.Claim, "at most 10 % of what is accepted as A is wrong (") {
		t.Errorf("%+v %+v", a, b)
	}
	if _, err := PerTier(tiers[:1], tune, certify, Level{0.1, 0.9}); err == nil || !strings.Contains(err.Error(), `found "B"`) {
		t.Error(err)
	}
}

func TestEdges(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	level := Level{0.1, 0.9}
	for _, c := range []struct {
		name          string
		tune, certify []Row
		settings      int
		certified     bool
		share         float64
		never         bool
	}{
		{"nothing", nil, nil, 0, false, 0, false},
		{"no tune", nil, rowsOf("c", 50, 0, 1), 0, false, 0, false},
		{"no scores on tune", rowsOf("t", 50, 0, nan), rowsOf("c", 50, 0, 1), 0, false, 0, false},
		{"nothing to certify on", rowsOf("t", 50, 0, 1), nil, 1, false, 0, false},
		{"no scores to certify on", rowsOf("t", 50, 0, 1), rowsOf("c", 50, 0, nan), 1, false, 0, false},
		{"equal scores", rowsOf("t", 50, 0, 1), rowsOf("c", 50, 0, 1), 1, true, 1, false},
		{"all wrong", rowsOf("t", 50, 50, 1), rowsOf("c", 50, 50, 1), 1, false, 0, true},
		{"infinite", slices.Concat(rowsOf("t", 50, 0, inf), rowsOf("t", 50, 0, -inf)), slices.Concat(rowsOf("c", 25, 0, inf), rowsOf("c", 25, 0, 0), rowsOf("c", 50, 0, -inf)), 2, true, 1, false},
		{"over the highest", rowsOf("t", 50, 0, 1), rowsOf("c", 50, 0, inf), 1, true, 1, false},
		{"below the lowest", rowsOf("t", 50, 0, 1), slices.Concat(rowsOf("c", 50, 0, 1), rowsOf("c", 50, 0, 0.5)), 1, true, 0.5, false},
		{"negative zero", slices.Concat(rowsOf("t", 50, 0, 0), rowsOf("t", 50, 0, math.Copysign(0, -1))), rowsOf("c", 50, 0, math.Copysign(0, -1)), 1, true, 1, false},
	} {
		for name, certify := range map[string]func(tune, certify []Row, level Level) (Result, error){"acceptance": Acceptance, "regret": Regret} {
			r, err := certify(c.tune, c.certify, level)
			r = must(t, r, err)
			if r.Settings != c.settings || r.N != len(c.certify) {
				t.Errorf("%s, %s: %+v", c.name, name, r)
			}
			if name == "regret" && c.name == "no scores to certify on" {
				continue // nothing is accepted, so nothing is regretted
			}
			if r.Certified != c.certified || r.Certified && float64(r.Setting.Share) != c.share || r.Never != c.never || !c.certified && !c.never && c.settings > 0 && r.More < 1 {
				t.Errorf("%s, %s: %+v %+v", c.name, name, r, r.Setting)
			}
		}
	}
}

func TestFaults(t *testing.T) {
	one, two := Row{ID: "a", Group: "g"}, Row{ID: "b", Group: "g"}
	for _, c := range []struct {
		want          string
		tune, certify []Row
		level         Level
	}{
		{"risk:", nil, nil, Level{0, 0.9}},
		{"risk:", nil, nil, Level{1, 0.9}},
		{"risk:", nil, nil, Level{math.NaN(), 0.9}},
		{"confidence:", nil, nil, Level{0.1, 1}},
		{"confidence:", nil, nil, Level{0.1, 0}},
		{"confidence: expected 1e-9 to 1 - 1e-9, found 1e-13", nil, nil, Level{0.1, 1e-13}},
		{"confidence: expected 1e-9 to 1 - 1e-9, found 0.9999999999", nil, nil, Level{0.1, 1 - 1e-10}},
		{"risk: expected 1e-9 to 1 - 1e-9, found 1e-17", nil, nil, Level{1e-17, 0.9}},
		{`"a" stands twice in tune`, []Row{one, one}, nil, Level{0.1, 0.9}},
		{`"a" stands twice among`, nil, []Row{one, one}, Level{0.1, 0.9}},
		{`"a" is in tune and`, []Row{{ID: "a"}}, []Row{{ID: "a"}}, Level{0.1, 0.9}},
		{`group "g", of request "b"`, []Row{one}, []Row{two}, Level{0.1, 0.9}},
	} {
		if _, err := Acceptance(c.tune, c.certify, c.level); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("expected %q, found %v", c.want, err)
		}
		if _, err := PerTier([]string{""}, c.tune, c.certify, c.level); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("expected %q, found %v", c.want, err)
		}
	}
	if r, err := Acceptance([]Row{one}, []Row{{ID: "g"}}, Level{0.1, 0.9}); err != nil {
		t.Errorf("an id is not a group: %v %v", r, err)
	}
}

// Of a group only the row of the least id counts.
func TestOneRowAGroup(t *testing.T) {
	certify := rowsOf("c", 30, 0, 1)
	for i := range certify {
		certify[i].Group = fmt.Sprint(i)
	}
	again := slices.Clone(certify)
	for i := range again {
		again[i].ID, again[i].Wrong = "d"+again[i].ID, true
	}
	r, err := Acceptance(rowsOf("t", 50, 0, 1), slices.Concat(again, certify), Level{0.1, 0.9})
	if r = must(t, r, err); !r.Certified || r.N != 30 || r.LeftOut != 30 || r.Setting.Errors != 0 {
		t.Errorf("%+v", r)
	}
	if m := Measure(slices.Concat(again, certify), 1); m.N != 30 || m.Wrong != 0 {
		t.Errorf("%+v", m)
	}
}

func TestCertificate(t *testing.T) {
	certify := slices.Concat(rowsOf("c", 2, 0, 0.5), rowsOf("c", 44, 0, 1))
	for i := range certify {
		certify[i].ID = string(rune('a'+i%26)) + string(rune('a'+i/26))
	}
	r, err := Acceptance(rowsOf("t", 50, 0, 1), certify, Level{0.1, 0.95})
	r = must(t, r, err)
	c, ok := r.Certificate()
	if !ok || c.Alpha != 0.1 || c.Delta != 0.05 || c.N != 44 || c.Errors != 0 || c.Claim != r.Claim || c.Method != "exact binomial, fixed sequence" {
		t.Errorf("%+v", c)
	}
	if c.Split != hashOf(r.ids) || len(r.ids) != 44 || slices.Contains(r.ids, "aa") || len(c.Split) != 64 {
		t.Errorf("%v", r.ids)
	}
	// printf '\1a\2bc' | sha256sum
	if got := hashOf([]string{"bc", "a"}); got != "ea1cc672b17a5c99d273503a298965ef39b3616dfc46fb44022907c44f4e34fa" {
		t.Errorf("%s", got)
	}
}

// Neither the risk nor the threshold of a claim is rounded.
func TestClaimIsExact(t *testing.T) {
	r, err := Acceptance(rowsOf("t", 50, 0, 0.123456789), rowsOf("c", 50, 0, 0.123456789), Level{0.07123, 0.9})
	if r = must(t, r, err); r.Claim != "at most 7.123 % of what is accepted is wrong (accepted: a score of at least 0.123456789)" {
		t.Errorf("%s", r.Claim)
	}
}

func TestMeasure(t *testing.T) {
	m := Measure(slices.Concat(rowsOf("c", 40, 4, 1), rowsOf("d", 40, 30, 0.5), rowsOf("e", 20, 20, math.NaN())), 0.9)
	if m.N != 100 || m.Accepted != 40 || m.Wrong != 4 || m.Unscored != 20 || m.Coverage.Value != 0.4 || m.Risk.Value != 0.1 || m.Regret.Value != 0.04 {
		t.Errorf("%+v", m)
	}
	// scipy.stats.binomtest(4, 40).proportion_ci(): .027925, .236636.
	if math.Abs(float64(m.Risk.Low)-0.027925) > 1e-6 || math.Abs(float64(m.Risk.High)-0.236636) > 1e-5 {
		t.Errorf("%+v", m.Risk)
	}
	if w := stats.Wilson(40, 100, 0.95); float64(m.Coverage.Low) != w.Low || float64(m.Coverage.High) != w.High {
		t.Errorf("%+v", m.Coverage)
	}
	m = Measure(nil, 1)
	if !math.IsNaN(float64(m.Risk.Value)) || !math.IsNaN(float64(m.Coverage.Low)) || m.N != 0 {
		t.Errorf("%+v", m)
	}
}

func TestLevelDelta(t *testing.T) {
	for _, c := range [][2]float64{{0.95, 0.05}, {0.9, 0.1}, {0.99, 0.01}, {0.999, 0.001}, {0.8, 0.2}} {
		if got := (Level{0.1, c[0]}).Delta(); got != c[1] {
			t.Errorf("%v: %v", c[0], got)
		}
	}
}

func TestGrid(t *testing.T) {
	scores := []float64{3, math.NaN(), 1, 2, 3, math.Inf(-1)}
	if got := grid(scores); !slices.Equal(got, []float64{3, 2, 1, math.Inf(-1)}) {
		t.Errorf("%v", got)
	}
	// 1,000 distinct scores: every fifth. 300 more that are equal stand for the
	// thresholds that fall among them.
	scores = nil
	for i := range 1000 {
		scores = append(scores, float64(-i-1))
	}
	got := grid(scores)
	if len(got) != mostSettings || got[0] != -5 || got[1] != -10 || got[199] != -1000 {
		t.Errorf("%d: %v", len(got), got)
	}
	for range 300 {
		scores = append(scores, -0.5)
	}
	// 301 of 1,300 score over −1.5: the first is at rank 300, which passes the marks up to 46·6.5 = 299; the next mark is 305.5.
	if got = grid(scores); got[0] != -0.5 || got[1] != -6 || got[len(got)-1] != -1000 || len(got) != 155 {
		t.Errorf("%d: %v", len(got), got[:3])
	}
	if grid(nil) != nil {
		t.Error("thresholds of nothing")
	}
}

// What is undefined is null, so that every result can be written.
func TestResultsAsJSON(t *testing.T) {
	r, err := Acceptance(rowsOf("t", 50, 0, math.Inf(1)), nil, Level{0.1, 0.9})
	r = must(t, r, err)
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`"thresholds":["never"],"n":0,"errors":0,"risk":null,"p":1,"upper":1,"share":null,"cost_share":null`, `"setting":null`, `"left_out":0`} {
		if !strings.Contains(string(text), part) {
			t.Errorf("%s is not in %s", part, text)
		}
	}
	if _, err := json.Marshal(Measure(nil, 0)); err != nil {
		t.Error(err)
	}
}
