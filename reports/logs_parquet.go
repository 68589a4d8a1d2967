package reports

import (
	"fmt"
	"io"
	"time"

	"github.com/routeproof/routeproof/eval/logs"
)

// featureDayRow is a feature on a day with requests.
type featureDayRow struct {
	Feature  string   `parquet:"feature,dict"`
	Day      int32    `parquet:"day,date"`
	Complete bool     `parquet:"complete"`
	Requests int64    `parquet:"requests"`
	Unknown  int64    `parquet:"unknown_cost"`
	USD      *float64 `parquet:"usd,optional"` // of those whose cost is known; null where none is
}

func writeFeatureDays(w io.Writer, s *logs.Summary) error {
	pw := newParquetWriter[featureDayRow](w)
	for i := range s.Features {
		rows := make([]featureDayRow, 0, len(s.Features[i].Days))
		for _, d := range s.Features[i].Days {
			day, err := dayNumber(d.Day)
			if err != nil {
				return err
			}
			rows = append(rows, featureDayRow{s.Features[i].Name, day, d.Complete, int64(d.Requests), int64(d.Unknown), defined(d.USD)})
		}
		if _, err := pw.Write(rows); err != nil {
			return err
		}
	}
	return pw.Close()
}

// dayNumber counts days from 1970-01-01.
func dayNumber(day string) (int32, error) {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return 0, fmt.Errorf("day of a feature: %w", err)
	}
	return int32(t.Unix() / 86400), nil
}

// featureRow is a feature, the dearest first. Its shares of tiers follow from
// tier_requests, which are in the order of log_tiers.parquet.
type featureRow struct {
	Feature       string   `parquet:"feature"`
	Unnamed       bool     `parquet:"unnamed"` // feature is a label of ours
	Requests      int64    `parquet:"requests"`
	Unknown       int64    `parquet:"unknown_cost"`
	USD           *float64 `parquet:"usd,optional"` // of those whose cost is known; null where none is
	Share         *float64 `parquet:"share_of_usd,optional"`
	PerDay        *float64 `parquet:"usd_per_day,optional"`
	Per1000       *float64 `parquet:"usd_per_1000,optional"`
	DearestDay    *int32   `parquet:"dearest_day,optional,date"`
	DearestUSD    *float64 `parquet:"dearest_day_usd,optional"`
	LastUSD       *float64 `parquet:"last_7_days_usd,optional"`
	BeforeUSD     *float64 `parquet:"7_days_before_usd,optional"`
	Weekly        *float64 `parquet:"weekly_change,optional"`
	WeeklyLow     *float64 `parquet:"weekly_change_low,optional"`
	WeeklyHigh    *float64 `parquet:"weekly_change_high,optional"`
	Tiers         []int64  `parquet:"tier_requests,list"`
	FirstTier     *float64 `parquet:"first_tier_share,optional"`
	FirstTierLow  *float64 `parquet:"first_tier_share_low,optional"`
	FirstTierHigh *float64 `parquet:"first_tier_share_high,optional"`
	Mark          string   `parquet:"first_tier_mark,dict"`
	escalationColumns
}

// escalationColumns are bounds and estimate of how often requests were escalated.
type escalationColumns struct {
	Least          *float64 `parquet:"escalation_least,optional"`
	Most           *float64 `parquet:"escalation_most,optional"`
	EscalationLow  *float64 `parquet:"escalation_low,optional"`
	EscalationHigh *float64 `parquet:"escalation_high,optional"`
	EscalationN    int64    `parquet:"escalation_n"`
	Judgement      string   `parquet:"escalation_judgement,dict"`
}

func escalationOf(e logs.Escalation) escalationColumns {
	return escalationColumns{
		Least: defined(e.Least), Most: defined(e.Most), EscalationLow: defined(e.Low), EscalationHigh: defined(e.High), EscalationN: int64(e.N), Judgement: string(e.Judgement),
	}
}

func writeLogFeatures(w io.Writer, s *logs.Summary) error {
	pw := newParquetWriter[featureRow](w)
	rows := make([]featureRow, len(s.Features))
	for i := range s.Features {
		var err error
		if rows[i], err = featureRowOf(&s.Features[i]); err != nil {
			return err
		}
	}
	if _, err := pw.Write(rows); err != nil {
		return err
	}
	return pw.Close()
}

func featureRowOf(f *logs.Feature) (featureRow, error) {
	row := featureRow{
		Feature: f.Name, Unnamed: f.Unnamed, Requests: int64(f.Requests), Unknown: int64(f.Unknown), USD: defined(f.USD), Per1000: defined(f.Per1000()),
		FirstTier: defined(f.FirstTier.Value), FirstTierLow: defined(f.FirstTier.Low), FirstTierHigh: defined(f.FirstTier.High),
		Mark:              string(f.Mark),
		escalationColumns: escalationOf(f.Escalation),
	}
	for _, n := range f.Tiers {
		row.Tiers = append(row.Tiers, int64(n))
	}
	row.Share, row.PerDay = defined(f.Share), defined(f.PerDay)
	if d := f.DearestDay; d != nil {
		day, err := dayNumber(d.Day)
		if err != nil {
			return row, err
		}
		row.DearestDay, row.DearestUSD = &day, defined(d.USD)
	}
	if t := f.Trend; t != nil && f.USD.Defined() {
		row.LastUSD, row.BeforeUSD = &t.LastUSD, &t.BeforeUSD
		row.Weekly, row.WeeklyLow, row.WeeklyHigh = defined(t.Weekly.Value), defined(t.Weekly.Low), defined(t.Weekly.High)
	}
	return row, nil
}

// tierRow is a tier, the cheapest first.
type tierRow struct {
	Tier         string   `parquet:"tier"`
	Requests     int64    `parquet:"requests"`
	Unknown      int64    `parquet:"unknown_cost"`
	USD          *float64 `parquet:"usd,optional"` // of those whose cost is known; null where none is
	Share        *float64 `parquet:"share,optional"`
	ShareLow     *float64 `parquet:"share_low,optional"`
	ShareHigh    *float64 `parquet:"share_high,optional"`
	Per1000      *float64 `parquet:"usd_per_1000,optional"`
	InputTokens  *float64 `parquet:"mean_input_tokens,optional"`
	OutputTokens *float64 `parquet:"mean_output_tokens,optional"`
	LatencyN     int64    `parquet:"latency_n"`
	P50          *float64 `parquet:"latency_p50_ms,optional"`
	P95          *float64 `parquet:"latency_p95_ms,optional"`
	P99          *float64 `parquet:"latency_p99_ms,optional"`
	escalationColumns
}

func writeLogTiers(w io.Writer, s *logs.Summary) error {
	pw := newParquetWriter[tierRow](w)
	var rows []tierRow
	for i := range s.Tiers {
		k := &s.Tiers[i]
		share, latency := k.Share, k.Latency
		rows = append(rows, tierRow{
			Tier: k.Name, Requests: int64(k.Requests), Unknown: int64(k.Unknown), USD: defined(k.USD), Share: defined(share.Value), ShareLow: defined(share.Low), ShareHigh: defined(share.High),
			Per1000: defined(k.Per1000()), InputTokens: defined(k.InputTokens), OutputTokens: defined(k.OutputTokens),
			LatencyN: int64(latency.N), P50: defined(latency.P50), P95: defined(latency.P95), P99: defined(latency.P99),
			escalationColumns: escalationOf(k.Escalation),
		})
	}
	if _, err := pw.Write(rows); err != nil {
		return err
	}
	return pw.Close()
}
