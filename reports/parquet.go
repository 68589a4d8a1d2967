package reports

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"slices"

	"github.com/parquet-go/parquet-go"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/gate"
	"github.com/routeproof/routeproof/eval/pipeline"
)

// rowsPerGroup bounds the writer's memory.
const rowsPerGroup = 1 << 17

// writePredictions writes up to two rows for each prompt and classifier: one by
// the classifier that is reported, and one out of fold, which has fold set.
func writePredictions(w io.Writer, run *pipeline.Run) error {
	groups := make([]string, len(run.Items))
	for i, it := range run.Items {
		groups[i] = groupName(it.Group)
	}
	byName := slices.SortedFunc(slices.Values(run.Predictions), func(a, b *eval.Predictions) int {
		return cmp.Compare(a.Classifier, b.Classifier)
	})
	parquet := datasets.Format{Container: "parquet"}
	options := datasets.WriteOptions{Metadata: map[string]string{gate.ProvenanceKey: provenance(run).JSON()}}
	return datasets.Predictions().Write(w, parquet, options, func(put func(datasets.Prediction) error) error {
		for _, p := range byName {
			for outOfFold, decisions := range []*eval.Decisions{p.Final, p.OutOfFold} {
				for i, d := range decisions.All() {
					row := predictionOf(run, p.Classifier, run.Items[i], groups[i], d)
					if outOfFold == 1 {
						row.Fold = datasets.Known(run.Items[i].Fold)
					}
					if err := put(row); err != nil {
						return err
					}
				}
			}
		}
		return nil
	})
}

// provenance says what a run's predictions were made from.
func provenance(run *pipeline.Run) gate.Provenance {
	return gate.NewProvenance(run.Data.Name, run.Tiers, gate.Hashes{Dataset: run.Data.SHA256, Label: run.Data.LabelSHA, Split: run.Data.SplitSHA}, run.Costs)
}

func predictionOf(run *pipeline.Run, classifier string, it eval.Item, group string, d eval.Decision) datasets.Prediction {
	return datasets.Prediction{
		ID: it.ID, Classifier: classifier, Tier: run.Tiers.Name(it.Tier), Predicted: run.Tiers.Name(d.Tier),
		Split: it.Split.String(), Scores: d.Scores, Confidence: datasets.OptionalOf(d.Confidence), Invalid: d.Invalid,
		Error: d.Err, Model: d.Model, InputTokens: datasets.OptionalOf(d.InputTokens), OutputTokens: datasets.OptionalOf(d.OutputTokens),
		CostUSD: datasets.OptionalOf(valueOrNil(d.CostUSD)), LatencyMS: datasets.OptionalOf(valueOrNil(d.LatencyMS)),
		Domain: it.Domain, Group: group, PromptTokens: datasets.Known(it.InputTokens), PromptRunes: datasets.Known(it.Runes),
	}
}

// groupName shortens a group's key, which may be a whole prompt.
func groupName(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:8])
}

func valueOrNil(q eval.Quantity) *float64 {
	if !q.Known() {
		return nil
	}
	return &q.Value
}

// classifierRow is a row of classifiers.parquet: a classifier or a baseline.
// Undefined figures are null. Costs are USD per 1,000 requests.
type classifierRow struct {
	Name             string   `parquet:"name"`
	Baseline         bool     `parquet:"baseline"`
	Rank             *int32   `parquet:"rank,optional"` // 1 is the best; null for baselines
	N                int32    `parquet:"n"`
	Accuracy         *float64 `parquet:"accuracy,optional"`
	AccuracyLow      *float64 `parquet:"accuracy_low,optional"`
	AccuracyHigh     *float64 `parquet:"accuracy_high,optional"`
	OutOfFold        *float64 `parquet:"out_of_fold_accuracy,optional"`
	MacroF1          *float64 `parquet:"macro_f1,optional"`
	MacroF1Low       *float64 `parquet:"macro_f1_low,optional"`
	MacroF1High      *float64 `parquet:"macro_f1_high,optional"`
	BalancedAccuracy *float64 `parquet:"balanced_accuracy,optional"`
	QuadraticKappa   *float64 `parquet:"quadratic_kappa,optional"`
	UnderRouting     *float64 `parquet:"under_routing,optional"`
	OverRouting      *float64 `parquet:"over_routing,optional"`
	MeanTierError    *float64 `parquet:"mean_tier_error,optional"`
	ECE              *float64 `parquet:"ece,optional"`
	Invalid          int32    `parquet:"invalid"`
	Errors           int32    `parquet:"errors"`
	ClassifyCost     *float64 `parquet:"classify_usd_per_1000,optional"`
	PickedCost       *float64 `parquet:"picked_usd_per_1000,optional"`
	Headline         *float64 `parquet:"headline_usd_per_1000,optional"`
	HeadlineLow      *float64 `parquet:"headline_low,optional"`
	HeadlineHigh     *float64 `parquet:"headline_high,optional"`
	Saving           *float64 `parquet:"saving,optional"`
	LatencyP50       *float64 `parquet:"latency_p50_ms,optional"`
	LatencyP95       *float64 `parquet:"latency_p95_ms,optional"`
}

func writeClassifiers(w io.Writer, run *pipeline.Run) error {
	pw := newParquetWriter[classifierRow](w)
	var rows []classifierRow
	for i, s := range run.Result.Classifiers {
		row := classifierOf(s)
		rank := int32(i + 1)
		row.Rank = &rank
		rows = append(rows, row)
	}
	for _, s := range run.Result.Baselines {
		row := classifierOf(s)
		row.Baseline = true
		rows = append(rows, row)
	}
	if _, err := pw.Write(rows); err != nil {
		return err
	}
	return pw.Close()
}

func classifierOf(s eval.Score) classifierRow {
	row := classifierRow{
		Name: s.Name, N: int32(s.N),
		Accuracy: defined(s.Accuracy.Value), AccuracyLow: defined(s.Accuracy.Low), AccuracyHigh: defined(s.Accuracy.High),
		MacroF1: defined(s.MacroF1.Value), MacroF1Low: defined(s.MacroF1.Low), MacroF1High: defined(s.MacroF1.High),
		BalancedAccuracy: defined(s.BalancedAccuracy.Value), QuadraticKappa: defined(s.QuadraticKappa.Value),
		UnderRouting: defined(s.UnderRouting.Value), OverRouting: defined(s.OverRouting.Value), MeanTierError: defined(s.MeanTierError),
		Invalid: int32(s.Invalid), Errors: int32(s.Errors),
		ClassifyCost: valueOrNil(s.Cost.Classify), PickedCost: valueOrNil(s.Cost.Picked),
		Headline: defined(s.Cost.Headline.Value), HeadlineLow: defined(s.Cost.Headline.Low), HeadlineHigh: defined(s.Cost.Headline.High),
		Saving: defined(s.Cost.Saving.Value), LatencyP50: valueOrNil(s.LatencyP50), LatencyP95: valueOrNil(s.LatencyP95),
	}
	if s.OutOfFold != nil {
		row.OutOfFold = defined(s.OutOfFold.Value)
	}
	if s.Calibration != nil {
		row.ECE = defined(s.Calibration.ECE)
	}
	return row
}

func defined(n eval.Number) *float64 {
	if !n.Defined() {
		return nil
	}
	v := float64(n)
	return &v
}

// newParquetWriter sets what keeps files small and their bytes independent of
// the library's version string.
func newParquetWriter[T any](w io.Writer) *parquet.GenericWriter[T] {
	return parquet.NewGenericWriter[T](w,
		parquet.Compression(&parquet.Zstd),
		parquet.MaxRowsPerRowGroup(rowsPerGroup),
		parquet.CreatedBy("routeproof", "1", "0"))
}
