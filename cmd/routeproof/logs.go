package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval/logs"
	"github.com/routeproof/routeproof/eval/pipeline"
	"github.com/routeproof/routeproof/internal/wording"
	"github.com/routeproof/routeproof/reports"
)

// logFlags say how a log is read.
type logFlags struct {
	config, prices  string
	artifact, words string
	fields          []string
	since, until    string
	now             string
	unique          bool

	loaded   *centroids.Artifact
	settings logs.Settings
	configed pipeline.Config
}

func (f *logFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.config, "config", "", "configuration with tiers, prices and logs: (default: built-in)")
	flags.StringVar(&f.prices, "prices", "", "prices of models, for requests whose cost is not logged")
	flags.StringVar(&f.artifact, "artifact", "", "artifact that the router runs, to compare requests with its calibrate prompts")
	addWords(cmd, &f.words)
	flags.StringArrayVar(&f.fields, "field", nil, "where a field stands in the log, as ts=time or cost_usd=usage.cost; may be given several times")
	flags.StringVar(&f.since, "since", "", "count requests from this day or time on, as 2026-01-31 or 2026-01-31T12:00:00Z")
	flags.StringVar(&f.until, "until", "", "count requests before this day or time")
	flags.StringVar(&f.now, "now", "", "when the log is read: times over an hour later, or over 1,500 days before, are not believed (default: the clock's time)")
	flags.BoolVar(&f.unique, "unique", false, "count each request_id once, by its first line (default: the configuration's)")
}

// read makes settings of the flags, before the log is opened.
func (f *logFlags) read(ctx context.Context, files []string, each func(datasets.Problem)) (err error) {
	if f.words != "" && f.artifact == "" {
		return fmt.Errorf("%w: --word-vectors goes with --artifact", errUsage)
	}
	for _, path := range files {
		if path == "-" {
			continue
		}
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		if info.IsDir() {
			return fmt.Errorf("%w: %s is a folder: give the files in it", errUsage, path)
		}
	}
	if f.configed, err = readConfig(f.config); err != nil {
		return err
	}
	if err := f.mapFields(); err != nil {
		return err
	}
	if f.settings, err = f.configed.LogSettings(); err != nil {
		return err
	}
	s := &f.settings
	s.Unique = s.Unique || f.unique
	for _, t := range []struct {
		flag, text string
		to         *time.Time
	}{{"since", f.since, &s.Since}, {"until", f.until, &s.Until}, {"now", f.now, &s.Now}} {
		if t.text == "" {
			continue
		}
		if *t.to, err = flagTime(t.flag, t.text); err != nil {
			return err
		}
	}
	if !s.Since.IsZero() && !s.Until.IsZero() && !s.Since.Before(s.Until) {
		return fmt.Errorf("%w: --since %s is not before --until %s", errUsage, f.since, f.until)
	}
	if err := s.Check(); err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	if f.prices != "" {
		if _, err := datasets.Prices().ScanFile(f.prices, each, func(p *datasets.Price) error {
			s.Prices[p.Model] = logs.Price{InputPerM: p.InputPerM, OutputPerM: p.OutputPerM}
			return nil
		}); err != nil {
			return err
		}
		if price, ok := s.Prices[f.configed.Tiers[len(f.configed.Tiers)-1].Model]; ok {
			s.Dearest = &price
		}
	}
	return f.readArtifact(ctx)
}

// mapFields adds --field to the configuration's fields.
func (f *logFlags) mapFields() error {
	fields := map[string]string{}
	for name, place := range f.configed.Logs.Fields {
		fields[name] = place
	}
	for _, text := range f.fields {
		name, place, ok := strings.Cut(text, "=")
		if !ok {
			return fmt.Errorf("%w: --field: expected a field and where it stands, as ts=time, found %q", errUsage, text)
		}
		fields[strings.TrimSpace(name)] = strings.TrimSpace(place)
	}
	f.configed.Logs.Fields = fields
	return nil
}

func flagTime(flag, text string) (time.Time, error) {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%w: --%s: expected a day or time as 2026-01-31 or 2026-01-31T12:00:00Z, found %q", errUsage, flag, text)
}

// readArtifact loads the artifact; where its embedder needs no endpoint, texts
// of the log are classified by it.
func (f *logFlags) readArtifact(ctx context.Context) error {
	if f.artifact == "" {
		return nil
	}
	artifact, err := centroids.Load(f.artifact)
	if err != nil {
		return fmt.Errorf("%s: %w", f.artifact, err)
	}
	m := artifact.Manifest()
	if names := f.settings.Tiers.Names(); strings.Join(names, "\x00") != strings.Join(m.Tiers, "\x00") {
		return fmt.Errorf("%w: %s is of the tiers %s, the configuration has %s", errUsage, f.artifact, wording.List(m.Tiers), wording.List(names))
	}
	f.loaded, f.settings.Reference = artifact, &m
	e, err := new(artifactLive).local(ctx, artifact, f.words)
	if err != nil || e == nil {
		return err
	}
	vector := make([]float32, e.Identity().Dims)
	f.settings.Classify = func(text string) (centroids.Decision, error) {
		if err := e.Embed(ctx, vector, []string{text}); err != nil {
			return centroids.Decision{}, err
		}
		return artifact.Decide(vector), nil
	}
	return nil
}

const standardInput = "standard input" // where it is called by a name

// sources are the files of a log. Standard input is one of them once.
func (a *app) sources(files []string) ([]logs.Source, error) {
	var out []logs.Source
	stdin := 0
	for _, path := range files {
		open := func() (io.ReadCloser, error) { return datasets.Open(path) }
		name := path
		if path == "-" {
			stdin++
			name = standardInput
			open = func() (io.ReadCloser, error) { return datasets.OpenStream(a.in, name) }
		}
		out = append(out, logs.Source{Name: name, Open: open})
	}
	if stdin > 1 {
		return nil, fmt.Errorf("%w: standard input (-) is given twice", errUsage)
	}
	return out, nil
}

// reportsFlags are the flags of logs itself.
type reportsFlags struct {
	logFlags
	rules        []string
	inconclusive string
	out, summary string
	asJSON       bool
}

func (a *app) logsVerb() *cobra.Command {
	f := &reportsFlags{}
	cmd := &cobra.Command{
		Use:   "logs FILE|-...",
		Short: "Key metrics, drift and budgets out of a router's request log",
		Long: `Read a router's request log and say what is spent on what, how requests fall on tiers,
how many escalate, how long they take, what routing saves, and whether traffic still
looks as it did when the artifact was calibrated. A log is JSON Lines, plain, .gz or
.zst, one request a line, in files that are given in order of time, or on standard
input (-). Fields are ts, feature, tier, model, input_tokens, output_tokens, cost_usd,
latency_ms and escalated, and further request_id, msg_hash, start_tier,
classifier_cost_usd, score, scores and prompt; each may be missing. --field, or logs:
in the configuration, says where they stand in yours.

What cannot be read is counted and shown by example, and stops nothing: a bad value is
unknown, a bad line is left out. Memory does not grow with the log.

--fail-if states what must not be, such as 'cost_per_day.support_bot > 40' or
'latency_p95.SIMPLE > 2000'; docs/logs.md lists the metrics. Exit codes: 10 where one
is, 11 where too much is unknown to tell, 12 where the log has no such thing, or
cannot be read to its end.

--out writes logs.md, plots, logs.json and Parquet tables into a folder.`,
		Example: `  routeproof data synth --n 500 --logs 20000 --only logs --out made
  routeproof logs made/logs.jsonl --fail-if 'cost_per_day.support_bot > 1000'`,
		Args: takes(1, -1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.logs(cmd, f, args) },
	}
	f.add(cmd)
	flags := cmd.Flags()
	flags.StringArrayVar(&f.rules, "fail-if", nil, "condition that must not hold, as 'cost_per_day.support_bot > 40'; may be given several times")
	flags.StringVar(&f.inconclusive, "inconclusive", "", "what an inconclusive condition comes to: fail (exit 11) or warn (exit 0) (default: the configuration's)")
	flags.StringVar(&f.out, "out", "", "folder to write the report into, made if need be")
	flags.StringVar(&f.summary, "summary", "", "file to append the report to, as Markdown")
	flags.BoolVar(&f.asJSON, "json", false, "print the figures as JSON")
	a.addVerbs(cmd, a.logsSampleVerb(), a.logsEstimateVerb())
	return cmd
}

// logs reads, decides and shows.
func (a *app) logs(cmd *cobra.Command, f *reportsFlags, files []string) error {
	ctx := cmd.Context()
	if f.inconclusive != "" {
		if err := oneOf("inconclusive", f.inconclusive, []string{pipeline.InconclusiveFails, pipeline.InconclusiveWarns}); err != nil {
			return err
		}
	}
	var outputs []string
	if f.out != "" {
		outputs = filesIn(f.out, reports.LogFiles()...)
	}
	if f.summary != "" {
		outputs = append(outputs, f.summary)
	}
	if err := checkOverwrite(append(files, f.config, f.prices, f.artifact, f.words), outputs...); err != nil {
		return err
	}
	if err := checkReport(f.out, f.summary); err != nil {
		return err
	}
	if err := interruptible(ctx, func() error { return f.read(ctx, files, func(datasets.Problem) {}) }); err != nil {
		return err
	}
	rules, err := f.configed.LogRules(f.rules...)
	if err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	tally, err := a.tally(ctx, &f.logFlags, files)
	if err != nil {
		return err
	}
	summary := tally.Summary(f.configed.LogAssumptions())
	names := slices.Clone(files)
	for i, name := range names {
		if name == "-" {
			names[i] = standardInput
		}
	}
	log := &reports.Log{Summary: summary, Sources: names, SupportShare: f.configed.Logs.FirstTierShare, InconclusiveFails: f.inconclusiveFails()}
	for _, r := range rules {
		log.Rules = append(log.Rules, r.Decide(summary, f.configed.Logs.MaxUnknown))
	}
	if err := a.writeLog(f, log); err != nil {
		return err
	}
	return logVerdict(log)
}

// inconclusiveFails tells what an inconclusive condition comes to.
func (f *reportsFlags) inconclusiveFails() bool {
	return cmp.Or(f.inconclusive, f.configed.Logs.Inconclusive) == pipeline.InconclusiveFails
}

// tally reads the log, with progress.
func (a *app) tally(ctx context.Context, f *logFlags, files []string) (*logs.Tally, error) {
	sources, err := a.sources(files)
	if err != nil {
		return nil, err
	}
	show, stop := a.progress(func(step string, done, _ int) string {
		return fmt.Sprintf("%s: %s MiB", step, wording.Thousands(done))
	})
	defer stop()
	settings := f.settings
	last := -1
	settings.Progress = func(bytes int64) {
		if mebibytes := int(bytes >> 20); mebibytes != last {
			last = mebibytes
			show("read", mebibytes, -1)
		}
	}
	return awaited(ctx, func() (*logs.Tally, error) { return logs.Scan(ctx, sources, settings) })
}

func (a *app) writeLog(f *reportsFlags, log *reports.Log) error {
	if f.out != "" {
		if err := reports.WriteLog(f.out, log); err != nil {
			return err
		}
	}
	if f.summary != "" {
		if err := appendFile(f.summary, func(w io.Writer) error { return reports.LogMarkdown(w, log) }); err != nil {
			return err
		}
	}
	return a.buffered(func(w io.Writer) error {
		if f.asJSON {
			return reports.WriteLogJSON(controlEscaper{w}, log)
		}
		return reports.LogText(w, log)
	})
}

// logError is a log that cannot be used, or a rule that it breaks.
type logError struct {
	code int
	why  string
}

func (e *logError) Error() string { return e.why }

// logVerdict is the worst that came of a log: what it breaks, before what cannot
// be decided on it, before what is inconclusive.
func logVerdict(log *reports.Log) error {
	s := log.Summary
	count := map[logs.Outcome]int{}
	for _, d := range log.Rules {
		count[d.Outcome]++
	}
	switch {
	case count[logs.Broken] > 0:
		return &logError{exitRegressed, fmt.Sprintf("%s of --fail-if or logs.fail_if: what must not be, is", wording.Plural(count[logs.Broken], "condition"))}
	case len(s.Reading.Unread) > 0:
		u := s.Reading.Unread[0]
		return &logError{exitContent, fmt.Sprintf("%s: %s", u.File, u.Reason)}
	case s.Whole.Requests == 0:
		return &logError{exitContent, "no requests: " + noRequests(s)}
	case count[logs.Invalid] > 0:
		return &logError{exitContent, fmt.Sprintf("%s cannot be decided on this log", wording.Plural(count[logs.Invalid], "condition"))}
	case count[logs.Inconclusive] > 0 && log.InconclusiveFails:
		return &logError{exitUncertain, fmt.Sprintf("too much is unknown to decide %s", wording.Plural(count[logs.Inconclusive], "condition"))}
	}
	return nil
}

// noRequests says why there are none.
func noRequests(s *logs.Summary) string {
	switch r := s.Reading; {
	case r.Lines == r.Blank:
		return "the log is empty"
	case r.Outside > 0:
		return fmt.Sprintf("%s lie outside --since and --until, or have no time", wording.Plural(r.Outside, "record"))
	default:
		return fmt.Sprintf("expected JSON objects, one a line, and none of %s is one", wording.Plural(r.Lines, "line"))
	}
}
