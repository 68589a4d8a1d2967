package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/datasets/builtin"
	"github.com/routeproof/routeproof/eval/pipeline"
	"github.com/routeproof/routeproof/eval/policy/live"
	"github.com/routeproof/routeproof/internal/openaiapi"
	"github.com/routeproof/routeproof/internal/wording"
)

// collectFlags are the flags of collect.
type collectFlags struct {
	prompts, config, problems string
	out, log                  string
	mode, tiers               string
	classifier, artifact      string
	judge                     string
	limit, stopAfter          int
	asJSON                    bool
	spend                     spendFlags
}

func (a *app) collectVerb() *cobra.Command {
	f := &collectFlags{}
	cmd := &cobra.Command{
		Use:   "collect",
		Short: "Ask live models, and record what they answer",
		Long: `Ask the models of the configuration's tiers about prompts, over an OpenAI-compatible
endpoint, and record their answers as outcomes: text, tokens, cost as billed, time to
the first token, latency, finish reason, error, and the score that a judge gives.

Modes are all (every tier answers every prompt), routed (the tier that a classifier
names), cascade, hybrid (a cascade from that tier) and parallel; checks and agreement
are those of the configuration. The policies are those of simulate, so what is
recorded here gives the same decisions, costs and qualities there.

Nothing is sent before the expected cost has been shown and allowed, by --yes or by
--budget. Every answer is in the journal before it counts: after an interruption, a
crash or an exhausted budget (exit code 13) the same command goes on from there, and
no question is asked twice. What failed stands in the outcomes with its error. Where
nothing was billed and it may pass, the same command asks again; the rest, which may
be billed again, with --retry-errors only.

The key of an endpoint stands in the environment variable that the configuration
names, by default OPENROUTER_API_KEY, and is never written anywhere.`,
		Example: `  # what it would cost to have every tier answer ten prompts of the built-in set
  routeproof collect --limit 10

  # ask whom a configuration names, and stop before two dollars can have been spent
  routeproof collect --config routeproof.yaml --prompts prompts.jsonl --limit 10 --judge exact --budget 2 --out outcomes.jsonl`,
		Args: takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.collect(cmd, f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.prompts, "prompts", "", "prompts to ask, JSON Lines, CSV or Parquet, plain, .gz or .zst (default: the built-in set)")
	flags.StringVar(&f.config, "config", "", "configuration, see routeproof init (default: built-in)")
	flags.StringVar(&f.out, "out", "outcomes.jsonl", "outcomes to write, in the format that the name says")
	flags.StringVar(&f.log, "log", "", "write what a router would log of each request to this file, JSON Lines")
	flags.StringVar(&f.mode, "mode", "all", "how prompts are served: "+strings.Join(collectModes(), ", "))
	flags.StringVar(&f.tiers, "tiers", "", "only these tiers, with commas between (default: all)")
	flags.StringVar(&f.classifier, "classifier", pipeline.RuleName, "who names the tier in modes routed and hybrid: rule, embedding (with --artifact) or llm")
	flags.StringVar(&f.artifact, "artifact", "", "artifact of the embedding classifier")
	flags.StringVar(&f.judge, "judge", "", "who scores answers: none, exact, choice, number, regex:PATTERN, regex, schema, similarity, llm (default: the configuration's)")
	flags.IntVar(&f.limit, "limit", 0, "only the first so many prompts; 0: all")
	flags.IntVar(&f.stopAfter, "stop-after", stopAfter, "stop when so many requests failed one after the other; 0: never")
	flags.BoolVar(&f.asJSON, "json", false, "print the result as JSON")
	f.spend.add(cmd)
	addProblems(cmd, &f.problems)
	return cmd
}

// stopAfter is how many requests may fail one after the other.
const stopAfter = 20

func collectModes() []string { return []string{"all", "routed", "cascade", "hybrid", "parallel"} }

func (f *collectFlags) check(cmd *cobra.Command) error {
	if err := oneOf("mode", f.mode, collectModes()); err != nil {
		return err
	}
	if err := oneOf("classifier", f.classifier, []string{pipeline.RuleName, pipeline.EmbeddingName, pipeline.LLMName}); err != nil {
		return err
	}
	routed := f.mode == "routed" || f.mode == "hybrid"
	switch {
	case cmd.Flags().Changed("classifier") && !routed:
		return fmt.Errorf("%w: --classifier goes with the modes routed and hybrid", errUsage)
	case (f.artifact != "") != (routed && f.classifier == pipeline.EmbeddingName):
		return fmt.Errorf("%w: --artifact goes with --classifier embedding, and that with it", errUsage)
	case f.limit < 0 || f.stopAfter < 0:
		return fmt.Errorf("%w: --limit and --stop-after: expected 0 or more", errUsage)
	}
	if _, err := datasets.FormatOf(f.out); err != nil {
		return err
	}
	if err := f.spend.check(cmd); err != nil {
		return err
	}
	written := []string{f.out}
	if f.log != "" {
		written = append(written, f.log)
	}
	if err := checkOverwrite([]string{f.prompts, f.config, f.artifact}, append(written, f.problems, f.spend.journal)...); err != nil {
		return err
	}
	for i, path := range written { // before anything is paid for
		if err := checkFile([]string{"--out", "--log"}[i], path); err != nil {
			return err
		}
		if err := checkWritable(path); err != nil {
			return err
		}
	}
	return nil
}

// collect estimates, asks, and writes what was answered.
func (a *app) collect(cmd *cobra.Command, f *collectFlags) (err error) {
	if err := f.check(cmd); err != nil {
		return err
	}
	log, err := a.problemLog(cmd)
	if err != nil {
		return err
	}
	var config pipeline.Config
	var prompts []datasets.Prompt
	err = interruptible(cmd.Context(), func() (err error) {
		if config, err = readConfig(f.config); err == nil {
			prompts, err = f.read(config, log)
		}
		return err
	})
	if err := log.finish(err); err != nil {
		return err
	}
	a.noteUnjudged(cmp.Or(f.judge, config.Judge.By), prompts)
	s, err := f.spend.openSession(config, f.config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	s.keyless = f.spend.estimates()
	ctx := cmd.Context()
	planned, err := f.plan(ctx, s, prompts)
	if err != nil {
		return err
	}
	if err := a.consent(s, planned.costs...); err != nil {
		return err
	}
	asked := planned.ask(ctx, a)
	defer func() { a.say("%s", s.spendLine()) }()
	if !s.partial(asked) {
		return asked
	}
	// Whatever is there is written, also where it is not all.
	result, err := a.writeCollected(context.WithoutCancel(ctx), f, s, prompts)
	if err != nil {
		return errors.Join(asked, err)
	}
	if f.asJSON {
		err = a.writeJSON(result)
	} else {
		err = a.buffered(func(w io.Writer) error { return result.print(w) })
	}
	if err == nil && asked == nil && result.failed() == result.calls() {
		err = errors.New("no call was answered")
	}
	return errors.Join(err, asked)
}

// partial tells whether outcomes are written of a collection that ended with an
// error, or none: where others than the first call failed alike, only if there is
// an answer.
func (s *session) partial(asked error) bool {
	var stopped *live.StoppedError
	switch {
	case asked == nil, errors.Is(asked, openaiapi.ErrBudget), errors.As(asked, &stopped):
		return true
	case errors.Is(asked, context.Canceled):
		return false
	}
	return openaiapi.AsError(asked) != nil && s.ledger.Fresh().Answers+s.ledger.Stored().Answers > 0
}

// noteUnjudged says before anything is paid what the judge will give no score to.
func (a *app) noteUnjudged(judge string, prompts []datasets.Prompt) {
	if n, why := unjudged(judge, prompts); n > 0 && judge != "none" {
		a.say("warning: %d of %s have %s: judge %s gives their answers no score", n, wording.Plural(len(prompts), "prompt"), why, judge)
	}
}

// unjudged is to how many prompts' answers a judge gives no score, and why.
func unjudged(judge string, prompts []datasets.Prompt) (n int, why string) {
	lacks := func(p *datasets.Prompt) bool { return p.Reference == "" }
	why = "no reference"
	switch judge {
	case "exact", "choice", "number", "regex", "similarity":
	case "schema":
		lacks, why = func(p *datasets.Prompt) bool { return p.Schema == "" }, "no schema"
	case "none":
		return len(prompts), "it scores none"
	default:
		return 0, ""
	}
	for i := range prompts {
		if lacks(&prompts[i]) {
			n++
		}
	}
	return n, why
}

// read reads the prompts, with or without labels.
func (f *collectFlags) read(config pipeline.Config, log *problemLog) (prompts []datasets.Prompt, err error) {
	if f.prompts == "" {
		file, err := builtin.Prompts(config.TierNames())
		if err != nil {
			return nil, fmt.Errorf("%w: the built-in set has the default tiers, the configuration has others: give your own prompts with --prompts", errUsage)
		}
		prompts = file.Prompts
	} else {
		file, err := datasets.ReadPrompts(f.prompts, config.TierNames(), log.add)
		if err != nil {
			return nil, err
		}
		prompts = file.Prompts
	}
	if f.limit > 0 && f.limit < len(prompts) {
		prompts = prompts[:f.limit]
	}
	var wrong []datasets.Problem
	for i := range prompts {
		if _, err := live.RequestOf(&prompts[i]); err != nil {
			wrong = append(wrong, datasets.Problem{File: filepath.Base(f.prompts), Field: "schema", Reason: err.Error()})
			log.add(wrong[len(wrong)-1])
		}
	}
	if wrong != nil {
		return nil, &datasets.ContentError{File: f.prompts, Total: len(wrong), First: wrong[:min(len(wrong), datasets.ShownProblems)]}
	}
	return prompts, nil
}

// tierNames are the tiers that are asked; nil: all.
func (f *collectFlags) tierNames() []string {
	if f.tiers == "" {
		return nil
	}
	names := strings.Split(f.tiers, ",")
	for i := range names {
		names[i] = strings.TrimSpace(names[i])
	}
	slices.Sort(names)
	return slices.Compact(names)
}
