package reports

import (
	"bytes"
	"io"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/logs"
)

func readBack[T any](t *testing.T, write func(io.Writer, *logs.Summary) error, s *logs.Summary) []T {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b, s); err != nil {
		t.Fatal(err)
	}
	rows, err := parquet.Read[T](bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func valueOf(v *float64) eval.Number {
	if v == nil {
		return eval.Number(math.NaN())
	}
	return eval.Number(*v)
}

func same(a, b eval.Number) bool { return a == b || !a.Defined() && !b.Defined() }

// Tables hold what the summary does; a sum of nothing that is known is null.
func TestLogsParquet(t *testing.T) {
	m := usualLog()
	for i := range 40 {
		f := usualFields(i * 40)
		f["request_id"], f["feature"], f["cost_usd"] = nil, "free", nil
		m.lines = append(m.lines, requestLine(f))
	}
	s := m.log(t).Summary
	spend := func(requests, unknown int64, usd *float64) logs.Spend {
		if (usd == nil) != (unknown == requests) {
			t.Errorf("the cost of %d requests, of which %d are of unknown cost, is %v", requests, unknown, usd)
		}
		return logs.Spend{Requests: int(requests), Unknown: int(unknown), USD: valueOf(usd)}
	}

	var days []logs.DaySpend
	for _, r := range readBack[featureDayRow](t, writeFeatureDays, s) {
		days = append(days, logs.DaySpend{Feature: r.Feature, Day: time.Unix(int64(r.Day)*86400, 0).UTC().Format(time.DateOnly), Complete: r.Complete, Spend: spend(r.Requests, r.Unknown, r.USD)})
	}
	var want []logs.DaySpend
	for _, f := range s.Features {
		want = append(want, f.Days...)
	}
	if diff := cmp.Diff(want, days, cmp.Comparer(same)); diff != "" || len(days) < 80 {
		t.Errorf("%d days: %s", len(days), diff)
	}

	features := readBack[featureRow](t, writeLogFeatures, s)
	if len(features) != len(s.Features) {
		t.Fatalf("%d features", len(features))
	}
	for i, r := range features {
		f := s.Features[i]
		unknown := f.Unknown == f.Requests
		if r.Feature != f.Name || !cmp.Equal(spend(r.Requests, r.Unknown, r.USD), f.Spend, cmp.Comparer(same)) || !same(valueOf(r.FirstTier), f.FirstTier.Value) || r.Mark != string(f.Mark) ||
			!same(valueOf(r.Most), f.Escalation.Most) || r.EscalationN != int64(f.Escalation.N) || r.Judgement != string(f.Escalation.Judgement) || len(r.Tiers) != 4 || r.Tiers[3] != int64(f.Tiers[3]) {
			t.Errorf("feature %d: %+v, expected %+v", i, r, f)
		}
		if unknown && (r.PerDay != nil || r.Share != nil || r.DearestUSD != nil || r.LastUSD != nil || r.Per1000 != nil) {
			t.Errorf("feature %d: what is unknown has a value: %+v", i, r)
		}
		if !unknown && (!same(valueOf(r.PerDay), f.PerDay) || !same(valueOf(r.Share), f.Share) || !same(valueOf(r.DearestUSD), f.DearestDay.USD) || *r.LastUSD != f.Trend.LastUSD || !same(valueOf(r.WeeklyHigh), f.Trend.Weekly.High)) {
			t.Errorf("feature %d: %+v, expected %+v", i, r, f)
		}
	}

	tiers := readBack[tierRow](t, writeLogTiers, s)
	if len(tiers) != len(s.Tiers) {
		t.Fatalf("%d tiers", len(tiers))
	}
	for i, r := range tiers {
		k := s.Tiers[i]
		if r.Tier != k.Name || !cmp.Equal(spend(r.Requests, r.Unknown, r.USD), k.Spend, cmp.Comparer(same)) || !same(valueOf(r.ShareLow), k.Share.Low) || !same(valueOf(r.P95), k.Latency.P95) || r.LatencyN != int64(k.Latency.N) ||
			!same(valueOf(r.InputTokens), k.InputTokens) || !same(valueOf(r.Per1000), k.Per1000()) || !same(valueOf(r.EscalationHigh), k.Escalation.High) {
			t.Errorf("tier %d: %+v, expected %+v", i, r, k)
		}
	}
	if rows := readBack[featureDayRow](t, writeFeatureDays, madeLog{}.log(t).Summary); len(rows) != 0 {
		t.Errorf("an empty log has %d days", len(rows))
	}
}
