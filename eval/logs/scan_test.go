package logs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/routeproof/routeproof/eval"
)

func TestLinesOfEveryKind(t *testing.T) {
	s := settingsOf(t)
	s.Aliases = map[string]string{"small": "SIMPLE", "4": "FRONTIER"}
	s.Models = map[string]string{"mini": "SIMPLE"}
	s.Fields = Fields{"cost_usd": "usage.cost", "request_id": "trace", "latency_ms": "ms"}
	summary := summaryOf(t, s,
		`{"ts":1767225600,"feature":"a","tier":"SIMPLE","usage":{"cost":0.5},"ms":10,"escalated":false}`,
		`  {"ts":1767225600123,"feature":"a","tier":"simple","usage.cost":0.25}  `+"\r",
		`{"ts":"2026-01-01T00:00:00Z","feature":"a","tier":"small"}`,
		`{"ts":"2026-01-01 00:00:00","feature":"\u0061","tier":4,"usage":{"cost":1e-12,"other":[1,{"cost":7}]}}`,
		`{"ts":1767225600123456,"model":"mini"}`,
		`{"ts":1767225600123456789.5,"tier":null,"usage":{"cost":null}}`,
		``,
		`   `,
		`not json`,
		`[1]`,
		`{"tier":"SIMPLE"`,
		`{"tier":"SIMPLE","tier":"MEDIUM"}`,
		`{"tier":"SIMPLE",}`,
		`{"tier":"SIMPLE","ts":NaN}`,
		`{"usage":{"cost":-0.1},"ms":"12","ts":-5}`,
		`{"usage":{"cost":2e6},"ms":1e300,"ts":"yesterday","tier":"PREMIUM"}`,
		`{"usage":7,"ts":1893456000,"input_tokens":1.5,"escalated":"yes","feature":3,"scores":[1,2]}`,
		`{"input_tokens":12,"output_tokens":30.0,"scores":{"SIMPLE":1}}`,
	)
	r := summary.Reading
	if r.Lines != 18 || r.Blank != 2 || r.Bad != 6 || r.Records != 10 {
		t.Errorf("lines %d, blank %d, bad %d, records %d: want 18, 2, 6, 10", r.Lines, r.Blank, r.Bad, r.Records)
	}
	if got := summary.Whole; float64(got.USD) != .75+1e-12 || got.Unknown != 7 {
		t.Errorf("cost %v, unknown of %d: want 0.750000000001 and 7", got.USD, got.Unknown)
	}
	if f := summary.Features[0]; f.Name != "a" || f.Requests != 4 {
		t.Errorf("feature %q with %d requests: want a with 4", f.Name, f.Requests)
	}
	var tiers []int
	for _, tier := range summary.Tiers {
		tiers = append(tiers, tier.Requests)
	}
	if !slices.Equal(tiers, []int{4, 0, 0, 1}) {
		t.Errorf("tiers %v: want 4 of SIMPLE and 1 of FRONTIER", tiers)
	}
	if d := summary.Whole.Days; len(d) != 1 || d[0].Day != "2026-01-01" || d[0].Requests != 6 {
		t.Errorf("days %v: want 6 requests on 2026-01-01", d)
	}
	found := map[string]int{}
	for _, f := range r.Faults {
		for _, e := range f.Examples {
			found[fmt.Sprintf("%d %s %s", e.Line, f.Field, e.Found)]++
		}
	}
	for _, want := range []string{
		`9  "not json"`, `10  "[1]"`, `11  "{\"tier\":\"SIMPLE\""`, `12  "{\"tier\":\"SIMPLE\",\"tier\":\"MEDIUM\"}"`,
		`15 cost_usd "-0.1"`, `15 latency_ms "\"12\""`, `15 ts "-5"`, `16 cost_usd "2e6"`, `16 latency_ms "1e300"`, `16 ts "\"yesterday\""`, `16 tier "\"PREMIUM\""`,
		`17 ts "1893456000"`, `17 input_tokens "1.5"`, `17 escalated "\"yes\""`, `17 feature "3"`, `17 scores "[1,2]"`, `18 scores "{\"SIMPLE\":1}"`,
	} {
		if found[want] != 1 {
			t.Errorf("no fault %s among %v", want, found)
		}
	}
	if n := len(found); n != 19 {
		t.Errorf("%d examples, want 19: %v", n, found)
	}
}

// TestBruteForce adds up a log of random lines by hand.
func TestBruteForce(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	s := settingsOf(t)
	s.Dearest = &Price{15, 75}
	tiers := s.Tiers.Names()
	var rows []string
	var all, dearest int64 // 1e-12 USD
	byFeature, byDay := map[string]int64{}, map[string]int64{}
	latencies := map[string][]float64{}
	for range 40_000 { // some 6 MiB, so that lines straddle blocks
		feature := fmt.Sprintf("f%d", random.IntN(7))
		tier := tiers[random.IntN(4)]
		at := time.Date(2026, 1, 1+random.IntN(9), random.IntN(24), 0, random.IntN(3600), 0, time.UTC)
		cost := random.Int64N(1e9) * 10000 // up to 10 USD, in 1e-8
		latency := math.Round(math.Exp(5+2*random.NormFloat64())*1000) / 1000
		in, out := random.Int64N(5000), random.Int64N(3000)
		rows = append(rows, fmt.Sprintf(`{"ts":%d,"feature":"%s","tier":"%s","cost_usd":%.8f,"latency_ms":%g,"input_tokens":%d,"output_tokens":%d,"pad":"%s"}`,
			at.Unix(), feature, tier, float64(cost)/1e12, latency, in, out, strings.Repeat("x", random.IntN(40))))
		all += cost
		dearest += in*15e6 + out*75e6
		byFeature[feature] += cost
		byDay[at.Format(time.DateOnly)+feature] += cost
		latencies[tier] = append(latencies[tier], latency)
	}
	text := lines(rows...)
	summary := summed(t, tallyOf(t, s, source("log", text)))
	usd := func(pico int64) float64 { return float64(pico/perUSD) + float64(pico%perUSD)/perUSD }
	if float64(summary.Whole.USD) != usd(all) || summary.Saving.DearestUSD != usd(dearest) || summary.Saving.USD != usd(all) {
		t.Errorf("cost %v and %v: want %v and %v", summary.Whole.USD, summary.Saving.DearestUSD, usd(all), usd(dearest))
	}
	for _, f := range summary.Features {
		if float64(f.USD) != usd(byFeature[f.Name]) {
			t.Errorf("%s: %v, want %v", f.Name, f.USD, usd(byFeature[f.Name]))
		}
		for _, d := range f.Days {
			if float64(d.USD) != usd(byDay[d.Day+f.Name]) {
				t.Errorf("%s on %s: %v, want %v", f.Name, d.Day, d.USD, usd(byDay[d.Day+f.Name]))
			}
		}
		if len(f.Days) != 9 {
			t.Errorf("%s: %d days, want 9", f.Name, len(f.Days))
		}
	}
	for _, tier := range summary.Tiers {
		sorted := slices.Sorted(slices.Values(latencies[tier.Name]))
		for _, q := range []struct{ p, got float64 }{{.5, float64(tier.Latency.P50)}, {.95, float64(tier.Latency.P95)}, {.99, float64(tier.Latency.P99)}} {
			exact := sorted[int(q.p*float64(len(sorted)-1))]
			if math.Abs(q.got-exact) > SketchAccuracy*exact*(1+1e-9) {
				t.Errorf("%s p%g: %v, exactly %v", tier.Name, 100*q.p, q.got, exact)
			}
		}
	}
	t.Run("parts and processors", func(t *testing.T) {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
		if d := diff(summary, summed(t, tallyOf(t, s, source("log", text)))); d != "" {
			t.Errorf("on one processor:\n%s", d)
		}
		cut := len(lines(rows[:12345]...))
		merged := tallyOf(t, s, source("log", text[:cut]))
		if err := merged.Merge(tallyOf(t, s, source("log", text[cut:]))); err != nil {
			t.Fatal(err)
		}
		if d := diff(summary, summed(t, merged)); d != "" {
			t.Errorf("merged:\n%s", d)
		}
		two := summed(t, tallyOf(t, s, source("log", text[:cut]), source("log", text[cut:])))
		if d := diff(summary, two); d != "" {
			t.Errorf("as two files:\n%s", d)
		}
	})
}

// longLine is a log of a line that does not end, between two that do.
type longLine struct {
	left  int64
	parts []string
}

func (l *longLine) Read(b []byte) (int, error) {
	if len(l.parts) == 3 || l.left == 0 && len(l.parts) > 0 {
		n := copy(b, l.parts[0])
		if l.parts[0] = l.parts[0][n:]; l.parts[0] == "" {
			l.parts = l.parts[1:]
		}
		return n, nil
	}
	if l.left == 0 {
		return 0, io.EOF
	}
	n := int(min(int64(len(b)), l.left))
	for i := range b[:n] {
		b[i] = 'x'
	}
	l.left -= int64(n)
	return n, nil
}

func TestLineOfAGibibyte(t *testing.T) {
	size := int64(1 << 30)
	if raceDetector {
		size >>= 4
	}
	good := `{"cost_usd":1}` + "\n"
	long := &longLine{left: size, parts: []string{good, "\n" + good, ""}}
	long.parts = []string{good, "\n" + good + good, "\n"}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	tally := tallyOf(t, settingsOf(t), Source{"log", func() (io.ReadCloser, error) { return io.NopCloser(long), nil }})
	runtime.ReadMemStats(&after)
	summary := summed(t, tally)
	if r := summary.Reading; r.Records != 3 || r.Bad != 1 || r.Lines != 5 || r.Blank != 1 {
		t.Errorf("records %d, bad %d, lines %d, blank %d: want 3, 1, 5, 1", r.Records, r.Bad, r.Lines, r.Blank)
	}
	if f := summary.Reading.Faults; len(f) != 1 || f[0].Reason != tooLong.words() || f[0].Examples[0].Line != 2 {
		t.Errorf("faults %+v: want one of the second line", f)
	}
	if mebibytes := (after.TotalAlloc - before.TotalAlloc) >> 20; mebibytes > 64 {
		t.Errorf("allocated %d MiB", mebibytes)
	}
}

func TestSourceThatFails(t *testing.T) {
	broken := errors.New("disk on fire")
	cut := Source{"b", func() (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(strings.NewReader("{\"cost_usd\":1}\n{\"cost"), failing{broken})), nil
	}}
	good := source("c", lines(`{"cost_usd":2}`))
	summary := summed(t, tallyOf(t, settingsOf(t), cut, good))
	if u := summary.Reading.Unread; len(u) != 1 || u[0].File != "b" || !strings.Contains(u[0].Reason, "disk on fire") {
		t.Errorf("unread %+v: want b", u)
	}
	if summary.Whole.USD != 3 || summary.Reading.Bad != 1 {
		t.Errorf("cost %v, bad %d: want 3 and the line that was cut", summary.Whole.USD, summary.Reading.Bad)
	}
	missing := Source{"d", func() (io.ReadCloser, error) { return nil, broken }}
	if _, err := Scan(context.Background(), []Source{good, missing}, settingsOf(t)); !errors.Is(err, broken) {
		t.Errorf("error %v, want that of opening", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Scan(ctx, []Source{good}, settingsOf(t)); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that of the context", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestRepeatedLines(t *testing.T) {
	s := summaryOf(t, settingsOf(t),
		`{"request_id":"1","cost_usd":1}`,
		`{"request_id":"1","cost_usd":1}`, // sent twice
		`{"request_id":"1","cost_usd":2}`, // another call of the same request
		`{"request_id":2,"cost_usd":4}`,
		`{"cost_usd":8}`,
		`{"cost_usd":8} `, // perhaps sent twice
		`{"request_id":"","cost_usd":16}`,
	)
	r := s.Reading
	if r.Repeated != 1 || r.Clashing != 1 || r.Alike != 1 || r.AlikeUSD != 8 || s.Whole.USD != 39 || r.Records != 6 {
		t.Errorf("%+v and %v USD: want one repeated, one clashing, one alike of 8 USD, and 39 USD in all", r, s.Whole.USD)
	}
}

// TestRecentKeys compares with a map, over more keys than a generation has.
func TestRecentKeys(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	var s recent
	seen := map[uint64]int{}
	for i := range 3 * Window {
		key := mix64(uint64(i))
		if i%3 == 0 && i > 0 { // one that may have been met
			key = mix64(uint64(random.IntN(i)))
		}
		last, met := seen[key]
		if got := s.add(key); got && !met || !got && met && i-last <= Window {
			t.Fatalf("key %d: found %v, met %v, %d keys ago", i, got, met, i-last)
		}
		seen[key] = i
	}
	if bytes := 8 * (cap(s.young) + cap(s.old)); bytes > 33<<20 {
		t.Errorf("takes %d MiB", bytes>>20)
	}
}

func TestTimeBounds(t *testing.T) {
	s := settingsOf(t)
	s.Since, s.Until = time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC), time.Date(2026, 1, 3, 0, 0, 0, 0, time.UTC)
	summary := summaryOf(t, s,
		`{"ts":"2026-01-01T23:59:59Z","cost_usd":1}`,
		`{"ts":"2026-01-02T00:00:00Z","cost_usd":2}`,
		`{"ts":"2026-01-02T23:59:59Z","cost_usd":4}`,
		`{"ts":"2026-01-03T00:00:00Z","cost_usd":8}`,
		`{"cost_usd":16}`,
	)
	if summary.Whole.USD != 6 || summary.Reading.Outside != 3 {
		t.Errorf("cost %v, outside %d: want 6 and 3", summary.Whole.USD, summary.Reading.Outside)
	}
}

func TestMoreFeaturesAndDaysThanAreKept(t *testing.T) {
	var rows []string
	for i := range MaxFeatures + 10 {
		rows = append(rows, fmt.Sprintf(`{"feature":"f%d","cost_usd":1,"model":"m%d"}`, i, i))
	}
	now := settingsOf(t).Now.Unix()
	for i := range MaxDays + 10 {
		rows = append(rows, fmt.Sprintf(`{"feature":"f0","cost_usd":1,"ts":%d}`, now-int64(i)*secondsPerDay))
	}
	rows = append(rows, `{"feature":"`+strings.Repeat("é", 1<<20)+`","cost_usd":1}`)
	s := settingsOf(t)
	tally := tallyOf(t, s, source("log", lines(rows...)))
	summary := summed(t, tally)
	if len(summary.Features) != MaxFeatures+1 || len(summary.Models) != MaxModels+2 || len(summary.Whole.Days) != MaxDays+1 || summary.Reading.Timeless != 9+MaxFeatures+11 {
		t.Errorf("%d features, %d models, %d days, %d timeless", len(summary.Features), len(summary.Models), len(summary.Whole.Days), summary.Reading.Timeless)
	}
	for _, f := range summary.Features {
		if f.Name == OtherFeatures && f.USD != 11 {
			t.Errorf("others cost %v, want 11", f.USD)
		}
	}
	if want := eval.Number(len(rows)); summary.Whole.USD != want {
		t.Errorf("cost %v, want %v", summary.Whole.USD, want)
	}
}

func TestSettings(t *testing.T) {
	for _, c := range []struct {
		change func(*Settings)
		want   string
	}{
		{func(s *Settings) { s.Tiers = Settings{}.Tiers }, "tiers: expected some"},
		{func(s *Settings) { s.Fields = Fields{"time": "ts"} }, `found "time"`},
		{func(s *Settings) { s.Fields = Fields{"ts": "feature"} }, `feature: stands where ts stands, at "feature"`},
		{func(s *Settings) { s.Fields = Fields{"ts": "a..b"} }, `ts: expected a name, or up to 8 with dots between, found "a..b"`},
		{func(s *Settings) { s.Aliases = map[string]string{"x": "SIMPEL"} }, `did you mean "SIMPLE"`},
		{func(s *Settings) { s.Aliases = map[string]string{"SIMPLE": "MEDIUM"} }, "is a tier's own name"},
		{func(s *Settings) { s.Models = map[string]string{"m": "X"} }, `models: "m": expected one of`},
		{func(s *Settings) { s.Prices = map[string]Price{"m": {-1, 2}} }, `price of "m"`},
		{func(s *Settings) { s.Dearest = &Price{math.NaN(), 2} }, "price of the last tier"},
	} {
		s := settingsOf(t)
		c.change(&s)
		if err := s.Check(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %s", err, c.want)
		}
	}
	s := settingsOf(t)
	s.Fields = Fields{"feature": "", "ts": "feature"}
	if err := s.Check(); err != nil {
		t.Errorf("a field that is not read leaves its name to another: %v", err)
	}
}

func FuzzScan(f *testing.F) {
	f.Add([]byte(`{"ts":1767225600,"feature":"a","tier":"SIMPLE","cost_usd":0.5,"scores":{"SIMPLE":1,"MEDIUM":0,"COMPLEX":0,"FRONTIER":0}}` + "\n\n{}"))
	f.Add([]byte("\ufeff{\"scores\":[1,2,3,4],\"request_id\":7,\"escalated\":true}\n{\"ts\":1e400}\n{\"scores\":[[]]}\n{\"scores\":[1,]}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		s := settingsOf(t)
		s.Fields = Fields{"latency_ms": "a.b", "prompt": "a.c"}
		tally := tallyOf(t, s, source("log", text))
		summary := summed(t, tally)
		r := summary.Reading
		if r.Records+r.Bad+r.Blank+r.Repeated != r.Lines {
			t.Errorf("%+v does not add up", r)
		}
		want := strings.Count(string(text), "\n")
		if n := len(text); n > 0 && text[n-1] != '\n' {
			want++
		}
		if r.Lines != want && string(text) != "\ufeff" {
			t.Errorf("%d lines, want %d", r.Lines, want)
		}
		if whole := summary.Whole; whole.USD < 0 || whole.USD.Defined() != (whole.Requests == 0 || whole.Unknown < whole.Requests) {
			t.Errorf("cost %v", whole.USD)
		}
	})
}
