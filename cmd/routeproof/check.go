package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/spf13/cobra"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval/gate"
	"github.com/routeproof/routeproof/eval/pipeline"
	"github.com/routeproof/routeproof/internal/wording"
	"github.com/routeproof/routeproof/reports"
)

// gateFlags are the flags of check.
type gateFlags struct {
	baseline, candidate string
	config, problems    string
	artifact, prompts   string
	words, vectors      string
	out, summary        string
	inconclusive, why   string
	annotations, bless  bool
	asJSON              bool
	flips               int
}

func (a *app) checkVerb() *cobra.Command {
	f := &gateFlags{}
	cmd := &cobra.Command{
		Use:   "check --baseline DIR|FILE --candidate DIR|FILE",
		Short: "Decide, with known error rates, whether classifiers got worse",
		Long: `Hold a candidate's predictions against a baseline's, on the same prompts, and decide:
pass (shown not to be worse by the margin), regressed (shown to be worse), inconclusive
(neither), invalid (they cannot be compared: other prompts, labels or splits, missing
ids, bad rows). Exit codes: 0 pass, 10 regressed, 11 inconclusive, 12 invalid.

A side is the folder of a run, or a file of predictions; where some of these are out of
fold, as those of a run are, they are compared alone, so that every labelled prompt
counts. What is gated, and how strictly, stands under gate: in the configuration. The
chance that an unchanged candidate is said to have regressed is at most gate.alpha, 5 %,
however many classifiers and slices are gated.

--bless makes the candidate the baseline: the file of --baseline, whose name ends in
.parquet, is written with the candidate's predictions, when and why. Nothing else ever
moves a baseline.

With --artifact and --prompts the certificates of an artifact are tried on prompts that
it was not fitted on. --out writes check.json, check.md and junit.xml into a folder,
--summary appends the Markdown to a file, as $GITHUB_STEP_SUMMARY is.`,
		Example: `  routeproof run --out before
  routeproof check --baseline baseline.parquet --candidate before --bless --why "first baseline"
  routeproof check --baseline baseline.parquet --candidate before`,
		Args: takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check(cmd); err != nil {
				return err
			}
			return a.check(cmd, f)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.baseline, "baseline", "", "folder of a run, or file of predictions, to hold the candidate against (required)")
	flags.StringVar(&f.candidate, "candidate", "", "folder of a run, or file of predictions (required)")
	flags.StringVar(&f.config, "config", "", "configuration with the rules, under gate: (default: built-in)")
	flags.StringVar(&f.inconclusive, "inconclusive", "", "what inconclusive comes to: fail (exit 11) or warn (exit 0) (default: the configuration's)")
	flags.StringVar(&f.artifact, "artifact", "", "artifact whose certificates are tried on --prompts")
	flags.StringVar(&f.prompts, "prompts", "", "labelled prompts for --artifact")
	addWords(cmd, &f.words)
	flags.StringVar(&f.vectors, "vectors", "", "vectors of --prompts, for an --artifact of such")
	flags.StringVar(&f.out, "out", "", "folder to write check.json, check.md and junit.xml into, made if need be")
	flags.StringVar(&f.summary, "summary", "", "file to append the verdict to, as Markdown")
	flags.BoolVar(&f.annotations, "annotations", false, "print GitHub annotations before the verdict")
	flags.IntVar(&f.flips, "flips", 10, "prompts that changed to show for each classifier, each way")
	flags.BoolVar(&f.bless, "bless", false, "make the candidate the baseline")
	flags.StringVar(&f.why, "why", "", "why the baseline moves, for whoever reads it later")
	flags.BoolVar(&f.asJSON, "json", false, "print the verdict as JSON")
	addProblems(cmd, &f.problems)
	for _, name := range []string{"baseline", "candidate"} {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic("routeproof: " + err.Error())
		}
	}
	return cmd
}

// check refuses flags that do not go together, before any work.
func (f *gateFlags) check(cmd *cobra.Command) error {
	if cmd.Flags().Changed("inconclusive") {
		if err := oneOf("inconclusive", f.inconclusive, []string{pipeline.InconclusiveFails, pipeline.InconclusiveWarns}); err != nil {
			return err
		}
	}
	switch {
	case f.bless && filepath.Ext(f.baseline) != ".parquet":
		return fmt.Errorf("%w: --bless writes the file of --baseline: expected a name that ends in .parquet, found %q", errUsage, f.baseline)
	case f.bless && f.why == "":
		return fmt.Errorf("%w: --bless moves the baseline: say why with --why", errUsage)
	case f.why != "" && !f.bless:
		return fmt.Errorf("%w: --why goes with --bless", errUsage)
	case (f.artifact == "") != (f.prompts == ""):
		return fmt.Errorf("%w: --artifact and --prompts go together: an artifact is tried on labelled prompts", errUsage)
	case f.artifact == "" && (f.words != "" || f.vectors != ""):
		return fmt.Errorf("%w: --word-vectors and --vectors go with --artifact", errUsage)
	case f.asJSON && f.annotations:
		return fmt.Errorf("%w: --json and --annotations both print to standard output: take one, and --out for check.json", errUsage)
	case f.flips < 0:
		return fmt.Errorf("%w: --flips: expected 0 or more, found %d", errUsage, f.flips)
	}
	inputs := append(sideFiles(f.candidate), f.config, f.artifact, f.prompts, f.words, f.vectors)
	if !f.bless {
		inputs = append(inputs, sideFiles(f.baseline)...)
	}
	outputs := []string{f.problems}
	if f.bless {
		outputs = append(outputs, f.baseline)
	}
	if f.out != "" {
		outputs = append(outputs, filesIn(f.out, checkJSON, checkMarkdown, checkJUnit)...)
	}
	if f.summary != "" {
		outputs = append(outputs, f.summary)
	}
	if err := checkOverwrite(inputs, outputs...); err != nil {
		return err
	}
	if f.bless {
		if err := checkFile("--baseline", f.baseline); err != nil {
			return err
		}
	}
	return checkReport(f.out, f.summary)
}

// verdictError is a verdict that is not passed.
type verdictError struct{ verdict *gate.Verdict }

func (e *verdictError) Error() string { return "the verdict is " + string(e.verdict.Outcome) }

func (e *verdictError) exitCode() int {
	switch e.verdict.Outcome {
	case gate.Regressed:
		return exitRegressed
	case gate.Inconclusive:
		return exitUncertain
	}
	return exitContent // invalid
}

// check reads both sides, decides, and writes what was asked for.
func (a *app) check(cmd *cobra.Command, f *gateFlags) error {
	log, err := a.problemLog(cmd)
	if err != nil {
		return err
	}
	var c *comparison
	err = interruptible(cmd.Context(), func() (err error) {
		c, err = a.readCheck(cmd.Context(), f, log)
		return err
	})
	if err = log.finish(err); err != nil {
		return err
	}
	verdict, err := c.decide(cmd.Context())
	if err = errors.Join(err, c.base.Close(), c.cand.Close()); err != nil {
		return errors.Join(err, verdict.Close())
	}
	if err := errors.Join(a.writeCheck(f, c, verdict), verdict.Close()); err != nil {
		return err
	}
	if f.bless {
		return a.bless(f, c, verdict)
	}
	switch {
	case verdict.Outcome == gate.Pass, verdict.Outcome == gate.Inconclusive && !c.options.InconclusiveFails:
		return nil
	}
	return &verdictError{verdict}
}

// comparison is what a check is made of.
type comparison struct {
	rules      gate.Rules
	base, cand *gate.Side
	from, to   *sideInfo // nil where a side could not be read
	faults     []gate.Fault
	options    reports.GateOptions
}

// readCheck reads the configuration, then the sides. Rows that are bad make the
// verdict invalid, and are no error here.
func (a *app) readCheck(ctx context.Context, f *gateFlags, log *problemLog) (*comparison, error) {
	config, err := readConfig(f.config)
	if err != nil {
		return nil, err
	}
	c := &comparison{options: reports.GateOptions{Baseline: f.baseline, Candidate: f.candidate, Flips: f.flips}}
	if f.flips == 0 {
		c.options.Flips = -1 // none, where 0 would be the default
	}
	if c.rules, err = config.Rules(); err != nil {
		return nil, err
	}
	if f.inconclusive == "" {
		f.inconclusive = config.Gate.Inconclusive
	}
	if c.rules.Certificates && f.artifact == "" {
		return nil, fmt.Errorf("%w: the configuration gates certificates (gate.certificates): give the artifact whose these are with --artifact, and --prompts to try them on", errUsage)
	}
	c.options.InconclusiveFails = f.inconclusive == pipeline.InconclusiveFails
	var retests []gate.Retest
	if f.artifact != "" {
		if retests, err = a.retests(ctx, f, config, log); err != nil {
			return nil, err
		}
	}
	for _, r := range retests {
		if c.rules.Certificates && r.Untested != "" {
			c.faults = append(c.faults, gate.Fault{Why: fmt.Sprintf("certificates are gated, and one cannot be tried: %s: %s", r.Certificate.Claim, r.Untested)})
		}
	}
	if c.rules.Certificates && len(retests) == 0 {
		c.faults = append(c.faults, gate.Fault{Why: "certificates are gated, and " + f.artifact + " has none: certify it with calibrate classifier, or set gate.certificates to false"})
	}
	first := false // no baseline is there yet
	if _, missing := os.Stat(f.baseline); f.bless && errors.Is(missing, os.ErrNotExist) {
		first = true
	}
	var base, cand error
	var wait sync.WaitGroup
	wait.Go(func() {
		if !first {
			c.base, c.from, base = a.readSide(f.baseline, sideOptions{config: config, each: log.add})
		}
	})
	c.cand, c.to, cand = a.readSide(f.candidate, sideOptions{config: config, certificates: retests, each: log.add})
	wait.Wait()
	if err := errors.Join(c.unread("baseline", base), c.unread("candidate", cand)); err != nil {
		return nil, errors.Join(err, c.base.Close(), c.cand.Close())
	}
	return c, nil
}

// unread makes faults of a side's bad rows, and returns other errors.
func (c *comparison) unread(what string, err error) error {
	var content *datasets.ContentError
	if !errors.As(err, &content) {
		return err
	}
	for _, p := range content.First {
		c.faults = append(c.faults, gate.Fault{Why: fmt.Sprintf("the %s cannot be read: %s", what, p)})
	}
	if more := content.Total - len(content.First); more > 0 {
		c.faults = append(c.faults, gate.Fault{Why: fmt.Sprintf("the %s cannot be read: %s more", what, wording.Plural(more, "problem"))})
	}
	return nil
}

// decide is the verdict; nil where there is no baseline yet.
func (c *comparison) decide(ctx context.Context) (*gate.Verdict, error) {
	switch {
	case len(c.faults) > 0:
		return gate.Invalidated(c.faults...), nil
	case c.base == nil:
		return nil, nil
	}
	return gate.Decide(ctx, c.base, c.cand, c.rules, costsOf(c.from, c.to))
}

// Files of a check's folder.
const (
	checkJSON     = reports.CheckFile
	checkMarkdown = "check.md"
	checkJUnit    = "junit.xml"
)

// writeCheck writes files and prints the verdict; nothing without one.
func (a *app) writeCheck(f *gateFlags, c *comparison, v *gate.Verdict) error {
	if v == nil {
		return nil
	}
	if f.out != "" {
		if err := os.MkdirAll(f.out, 0o755); err != nil {
			return err
		}
		for name, write := range map[string]func(io.Writer) error{
			checkJSON:     func(w io.Writer) error { return reports.WriteGate(w, v) },
			checkMarkdown: func(w io.Writer) error { return reports.GateMarkdown(w, v, c.options) },
			checkJUnit:    func(w io.Writer) error { return reports.GateJUnit(w, v, c.options) },
		} {
			if err := datasets.WriteFile(filepath.Join(f.out, name), write); err != nil {
				return err
			}
		}
	}
	if f.summary != "" {
		if err := appendFile(f.summary, func(w io.Writer) error { return reports.GateMarkdown(w, v, c.options) }); err != nil {
			return err
		}
	}
	return a.buffered(func(w io.Writer) error {
		if f.annotations {
			if err := reports.GateAnnotations(w, v, c.options); err != nil {
				return err
			}
		}
		if f.asJSON {
			return reports.WriteGate(controlEscaper{w}, v)
		}
		return reports.GateText(w, v, c.options)
	})
}

func appendFile(path string, write func(io.Writer) error) error {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	return errors.Join(write(file), file.Close())
}
