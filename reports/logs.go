package reports

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/routeproof/routeproof/eval/logs"
)

// Log is what was made of a router's request log.
type Log struct {
	Summary *logs.Summary
	Rules   []logs.Decided
	Sources []string // names of the files, as given

	// SupportShare is the share of the cheapest tier that support and Q&A features
	// are held to (see [logs.Assumptions.FirstTierShare]).
	SupportShare float64

	// InconclusiveFails tells that an inconclusive rule fails the build.
	InconclusiveFails bool
}

// Files of a log's folder, beside its plots.
const (
	LogFile         = "logs.md"
	LogJSONFile     = "logs.json"
	LogFeaturesFile = "log_features.parquet"
	LogTiersFile    = "log_tiers.parquet"
	FeatureDaysFile = "feature_days.parquet"
)

const logSchema = "routeproof.logs/" // and the summary's version

// Most that is told of a log, besides mostListed.
const (
	logTerminalFeatures = 20
	logDays             = 14  // the last ones, of each feature
	logRuleText         = 120 // code points of a rule
	logRuleWhy          = 300
)

// LogText writes a log's summary for a terminal, what decides first. Text from
// outside is cut and escaped, as in [GateText].
func LogText(w io.Writer, l *Log) error {
	page := new(terminalPage)
	tellLog(page, l, nil, logRoom{features: logTerminalFeatures, rules: mostGates})
	_, err := io.WriteString(w, page.String())
	return err
}

// LogMarkdown writes a log's summary for a GitHub step summary: what LogText tells
// and more, without plots. It is at most 1 MiB long: if need be fewer features are
// shown, and it says so.
func LogMarkdown(w io.Writer, l *Log) error {
	_, err := io.WriteString(w, logMarkdown(l, nil))
	return err
}

func logMarkdown(l *Log, plots []plot) string {
	n := len(l.Summary.Features)
	room := logRoom{features: n, perDay: n, rules: mostGates}
	for {
		page := new(markdownPage)
		tellLog(page, l, plots, room)
		if page.Len() <= summaryLimit || !room.shrink() {
			return page.String()
		}
	}
}

// logRoom is how much of a log is told.
type logRoom struct {
	features int // in tables, the dearest first
	perDay   int // features in the table of days
	rules    int // the worst first
	cut      bool
}

// shrink halves what can be spared most, or returns false where nothing can.
func (r *logRoom) shrink() bool {
	switch {
	case r.perDay > 0:
		r.perDay /= 2
	case r.features > 1:
		r.features /= 2
	case r.rules > 1:
		r.rules /= 2
	default:
		return false
	}
	r.cut = true
	return true
}

// WriteLogJSON writes logs.json: the whole summary, but for the days of features,
// and what came of the rules. It is a function of these alone; figures that are
// undefined or unknown are null.
func WriteLogJSON(w io.Writer, l *Log) error {
	return writeJSON(w, struct {
		Schema string `json:"schema"`
		*logs.Summary
		Rules []logs.Decided `json:"rules"`
	}{fmt.Sprint(logSchema, l.Summary.Version), l.Summary, append([]logs.Decided{}, l.Rules...)})
}

// WriteLog writes a log's folder, which is made if need be, under the promises of
// [Write].
func WriteLog(folder string, l *Log) error {
	plots := logPlots(l)
	files, err := render([]rendered{
		{LogFeaturesFile, func(w io.Writer) error { return writeLogFeatures(w, l.Summary) }},
		{LogTiersFile, func(w io.Writer) error { return writeLogTiers(w, l.Summary) }},
		{FeatureDaysFile, func(w io.Writer) error { return writeFeatureDays(w, l.Summary) }},
		{LogJSONFile, func(w io.Writer) error { return WriteLogJSON(w, l) }},
		{LogFile, func(w io.Writer) error { _, err := io.WriteString(w, logMarkdown(l, plots)); return err }},
	}, plots)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(folder, plotsFolder), 0o755); err != nil {
		return err
	}
	return writeFiles(folder, files, allLogPlots())
}

func allLogPlots() []string {
	return []string{plotLogCost, plotLogDays, plotLogTiers, plotLogLatency, plotLogScores}
}

// LogFiles are the files in a log's folder that WriteLog may write, replace or
// remove.
func LogFiles() []string {
	return append(allLogPlots(), LogFile, LogJSONFile, LogFeaturesFile, LogTiersFile, FeatureDaysFile)
}
