package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/logs"
	"github.com/routeproof/routeproof/internal/wording"
)

func (a *app) logsSampleVerb() *cobra.Command {
	f := &logFlags{}
	var settings logs.DrawSettings
	var threshold float64
	var out, draws, texts, problems string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "sample FILE... --out PROMPTS --draws FILE",
		Short: "Draw the requests to label next",
		Long: `Draw the requests of a log that are worth labelling: those that were escalated, whose
scores are near a threshold or nearly equal, or have become much more frequent than at
calibration (thresholds and calibration are those of --artifact, or --threshold), and
others; a quarter of each at random, and more of the others where there are not as many. Each draw has a weight, the number of requests that it
stands for, so that figures of the labelled sample are unbiased for the whole log:
logs estimate makes them.

--out is a file of prompts without labels, each text once: fill in the column tier. The
texts are those of the log (prompt), or of --texts, prompts among which they are found
by the logged msg_hash, the first hex digits of a text's SHA-256, 12 or another number;
labels that these have stay. --draws has each draw with its weight, where it stands, and the tier that
the router chose. Files are read twice.`,
		Example: `  routeproof data synth --n 500 --logs 20000 --only logs,prompts --out made
  routeproof logs sample made/logs.jsonl --n 40 --texts made/prompts.jsonl --out to-label.jsonl --draws draws.jsonl`,
		Args: takes(1, -1),
		RunE: func(cmd *cobra.Command, files []string) error {
			ctx := cmd.Context()
			if cmd.Flags().Changed("threshold") {
				settings.Threshold = &threshold
			}
			if err := settings.Check(); err != nil {
				return fmt.Errorf("%w: %w", errUsage, err)
			}
			if err := checkRereadable(files...); err != nil {
				return err
			}
			outputs := []string{draws}
			if out != "" {
				outputs = append(outputs, out)
			}
			if texts != "" && out == "" {
				return fmt.Errorf("%w: --texts are for --out: give that too", errUsage)
			}
			if err := checkOverwrite(append(files, f.config, f.prices, f.artifact, f.words, texts), append(outputs, problems)...); err != nil {
				return err
			}
			for _, path := range outputs {
				if _, err := datasets.FormatOf(path); err != nil {
					return fmt.Errorf("%w: %w", errUsage, err)
				}
			}
			for i, path := range outputs {
				if err := checkFile([]string{"--draws", "--out"}[i], path); err != nil {
					return err
				}
			}
			if err := interruptible(ctx, func() error { return f.read(ctx, files, func(datasets.Problem) {}) }); err != nil {
				return err
			}
			if f.artifact != "" && settings.Threshold != nil {
				return fmt.Errorf("%w: --threshold and --artifact both say what is near: give one of them", errUsage)
			}
			drawn, err := a.draw(cmd, f, files, settings)
			if err != nil {
				return err
			}
			if texts != "" {
				if err := a.findTexts(cmd, f, drawn, texts); err != nil {
					return err
				}
			}
			if out != "" && len(drawn.Prompts) == 0 {
				return &logError{exitContent, "no draw has a text: log the prompt (or say with --field where it stands), give a file that has them by msg_hash with --texts, or leave --out away"}
			}
			if err := writeDraws(drawn, f.configed.TierNames(), out, draws); err != nil {
				return err
			}
			if asJSON {
				return a.writeJSON(struct {
					Strata   []logs.Stratum `json:"strata"`
					Prompts  int            `json:"prompts"`
					Textless int            `json:"textless"`
					Unrouted int            `json:"unrouted"`
				}{drawn.Strata, len(drawn.Prompts), drawn.Textless, drawn.Unrouted})
			}
			return a.buffered(func(w io.Writer) error { return printDraws(w, drawn, out, draws) })
		},
	}
	f.add(cmd)
	cmd.Flags().IntVar(&settings.N, "n", 200, "requests to draw")
	cmd.Flags().Uint64Var(&settings.Seed, "seed", 1, "another seed draws other requests")
	cmd.Flags().Float64Var(&settings.Near, "near", 0.02, "how far from a threshold a score, or from the margin the lead of the highest, is near it")
	cmd.Flags().Float64Var(&threshold, "threshold", 0, "threshold of the score, without an artifact")
	cmd.Flags().StringVar(&out, "out", "", "file of prompts to write, for labelling: .jsonl, .csv or .parquet, perhaps with .gz or .zst behind")
	cmd.Flags().StringVar(&draws, "draws", "", "file of draws to write (required)")
	cmd.Flags().StringVar(&texts, "texts", "", "prompts among which texts are found by msg_hash")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the strata as JSON")
	addProblems(cmd, &problems)
	required(cmd, "draws")
	return cmd
}

// draw reads the log twice.
func (a *app) draw(cmd *cobra.Command, f *logFlags, files []string, settings logs.DrawSettings) (*logs.Draws, error) {
	ctx := cmd.Context()
	tally, err := a.tally(ctx, f, files)
	if err != nil {
		return nil, err
	}
	summary := tally.Summary(f.configed.LogAssumptions())
	if len(summary.Reading.Unread) > 0 {
		u := summary.Reading.Unread[0]
		return nil, &logError{exitContent, fmt.Sprintf("%s: %s: a sample of a part would not stand for the log", u.File, u.Reason)}
	}
	if summary.Whole.Requests == 0 {
		return nil, &logError{exitContent, "no requests: " + noRequests(summary)}
	}
	sources, err := a.sources(files)
	if err != nil {
		return nil, err
	}
	return awaited(ctx, func() (*logs.Draws, error) { return tally.Draw(ctx, sources, summary.Drift, settings) })
}

// findTexts looks for texts among prompts.
func (a *app) findTexts(cmd *cobra.Command, f *logFlags, drawn *logs.Draws, texts string) error {
	log, err := a.problemLog(cmd)
	if err != nil {
		return err
	}
	return log.finish(interruptible(cmd.Context(), func() error {
		return drawn.FindTexts(func(visit func(*datasets.Prompt) error) error {
			_, err := datasets.Prompts(f.configed.TierNames()).ScanFile(texts, log.add, visit)
			return err
		})
	}))
}

func writeDraws(d *logs.Draws, tiers []string, prompts, draws string) error {
	if prompts != "" {
		if err := datasets.Prompts(tiers).WriteFile(prompts, datasets.WriteOptions{}, func(put func(datasets.Prompt) error) error {
			for _, p := range d.Prompts {
				if err := put(p); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return datasets.Draws().WriteFile(draws, datasets.WriteOptions{}, func(put func(datasets.Draw) error) error {
		for _, row := range d.Rows {
			if err := put(row); err != nil {
				return err
			}
		}
		return nil
	})
}

func printDraws(w io.Writer, d *logs.Draws, prompts, draws string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "stratum\trequests\tdrawn\t")
	for _, s := range d.Strata {
		fmt.Fprintf(t, "%s\t%s\t%s\t\n", s.Name, wording.Thousands(s.Requests), wording.Thousands(s.Drawn))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "\n%s: %s\n", printable(draws), wording.Plural(len(d.Rows), "draw"))
	if prompts != "" {
		fmt.Fprintf(w, "%s: %s to label\n", printable(prompts), wording.Plural(len(d.Prompts), "prompt"))
	}
	if d.Unrouted > 0 {
		fmt.Fprintf(w, "%s of which the log does not tell the tier that was chosen first (start_tier, or scores): they tell what requests are truly of which tier, and nothing of the router's accuracy\n", wording.Plural(d.Unrouted, "draw"))
	}
	if d.Textless > 0 {
		fmt.Fprintf(w, "%s without a text in the log, or with one of over 256 KiB: find it by the id, which is the logged msg_hash, or file and line\n", wording.Plural(d.Textless, "draw"))
	}
	return nil
}

func (a *app) logsEstimateVerb() *cobra.Command {
	var draws, prompts, config, problems string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "estimate --draws FILE --prompts FILE",
		Short: "Estimate the router's accuracy on all of a log from a labelled sample",
		Long: `Weigh the labelled prompts of logs sample by the requests that they stand for, and
estimate for the whole log how often the router's first choice was the right tier, too
low or too high, and what share of requests is truly of each tier, each with a 95 %
interval. Draws without a label, or of which the log does not tell the first choice, are
taken to be like the others of their stratum.`,
		Example: `  routeproof data synth --n 500 --logs 20000 --only logs,prompts --out made
  routeproof logs sample made/logs.jsonl --n 40 --texts made/prompts.jsonl --out labelled.jsonl --draws draws.jsonl
  routeproof logs estimate --draws draws.jsonl --prompts labelled.jsonl`,
		Args: takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, err := a.problemLog(cmd)
			if err != nil {
				return err
			}
			if err := checkOverwrite([]string{draws, prompts, config}, problems); err != nil {
				return err
			}
			estimated, err := awaited(cmd.Context(), func() (*logs.Estimated, error) { return estimate(config, draws, prompts, log.add) })
			if err = log.finish(err); err != nil {
				return err
			}
			if estimated.Labelled == 0 {
				return &logError{exitContent, fmt.Sprintf("no draw of %s has a label in %s: fill in the column tier", draws, prompts)}
			}
			if asJSON {
				return a.writeJSON(estimated)
			}
			return a.buffered(func(w io.Writer) error { return printEstimated(w, estimated) })
		},
	}
	cmd.Flags().StringVar(&draws, "draws", "", "draws, as logs sample writes them (required)")
	cmd.Flags().StringVar(&prompts, "prompts", "", "their prompts with tiers (required)")
	cmd.Flags().StringVar(&config, "config", "", "configuration with the tiers (default: built-in)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the estimates as JSON")
	addProblems(cmd, &problems)
	required(cmd, "draws", "prompts")
	return cmd
}

func estimate(config, draws, prompts string, each func(datasets.Problem)) (*logs.Estimated, error) {
	c, err := readConfig(config)
	if err != nil {
		return nil, err
	}
	tiers, err := centroids.NewTiers(c.TierNames()...)
	if err != nil {
		return nil, err
	}
	labels := map[string]int{}
	if _, err := datasets.Prompts(c.TierNames()).ScanFile(prompts, each, func(p *datasets.Prompt) error {
		if k, ok := tiers.Index(p.Tier); ok {
			labels[p.ID] = k
		}
		return nil
	}); err != nil {
		return nil, err
	}
	var rows []datasets.Draw
	if _, err := datasets.Draws().ScanFile(draws, each, func(d *datasets.Draw) error {
		rows = append(rows, *d)
		return nil
	}); err != nil {
		return nil, err
	}
	return logs.Estimate(rows, tiers, func(id string) (int, bool) { k, ok := labels[id]; return k, ok }), nil
}

func printEstimated(w io.Writer, e *logs.Estimated) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(name string, s eval.Estimate) {
		if !s.Value.Defined() {
			fmt.Fprintf(t, "%s\tunknown\n", name)
			return
		}
		fmt.Fprintf(t, "%s\t%.1f %%\t[%.1f, %.1f]\n", name, 100*float64(s.Value), 100*float64(s.Low), 100*float64(s.High))
	}
	fmt.Fprintf(w, "%s labelled, of %s that stand for %s requests\n\n", wording.Plural(e.Labelled, "draw"), wording.Thousands(e.Draws), wording.Thousands(int(e.Requests+.5)))
	line("right tier", e.Accuracy)
	line("too low", e.Under)
	line("too high", e.Over)
	for _, m := range e.Mix {
		line("truly "+printable(m.Tier), m.Share)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if e.Unlabelled > 0 {
		fmt.Fprintf(w, "\nnothing is said of %s requests, in whose strata no draw is labelled\n", wording.Thousands(int(e.Unlabelled+.5)))
	}
	if e.Unrouted > 0 {
		fmt.Fprintf(w, "\nright, too low and too high are not of %s requests, in whose strata the log does not tell what the router chose first: log start_tier or scores\n", wording.Thousands(int(e.Unrouted+.5)))
	}
	return nil
}
