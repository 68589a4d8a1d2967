package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/datasets/synth"
)

func (a *app) dataSynthVerb() *cobra.Command {
	var out, format, parameters string
	var n, logs int
	var seed uint64
	var only []string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "synth --n N --out FOLDER",
		Short: "Make up prompts, outcomes, answers and logs whose truth is known",
		Long: `Make up a data set of any size: prompts with tiers, the outcomes of a model for each
tier, the recorded answers of an LLM classifier, prices, each prompt's difficulty as
scores, and a router's request log. truth.json has the parameters and what is true
of the population: accuracies, the best accuracy that the words allow, the rates of
failed checks. Words mean nothing; everything is plainly synthetic.

The same seed and parameters give the same rows, and the first rows of a larger set
are those of a smaller one. Requests of the log repeat the first 20,000 prompts, or
all if there are fewer: then the log of another --n is another one. The documentation
of package datasets/synth has the model. --parameters takes a truth.json, or a JSON
file in the form of its "parameters"; what it leaves out keeps its default, and a list
in it replaces the whole list.

A set that stands in the folder already is replaced as a whole, once all of the new
one is written: of the files that its truth.json lists, those that the new one does not
have are removed. Files that are not listed there are never replaced. With --json the
files and their numbers of rows are printed as JSON.`,
		Example: `  routeproof data synth --n 500 --out made
  routeproof run --prompts made/prompts.jsonl --llm-answers made/answers.jsonl --out made/out`,
		Args: takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			only = trimmed(only)
			if err := checkSynth(n, logs, format, only); err != nil {
				return err
			}
			if !cmd.Flags().Changed("logs") {
				logs = n
			}
			set := synthSet{folder: out, format: format, n: n, logs: logs, only: only}
			if err := checkOverwrite([]string{parameters}, filesIn(out, set.names()...)...); err != nil {
				return err
			}
			if err := checkFolder("--out", out); err != nil {
				return err
			}
			if err := set.checkOwn(); err != nil {
				return err
			}
			config, err := awaited(cmd.Context(), func() (synth.Config, error) { return readSynth(parameters, n) })
			if err != nil {
				return err
			}
			if cmd.Flags().Changed("seed") {
				config.Seed = seed
			}
			if set.g, err = synth.New(config); err != nil {
				return fmt.Errorf("%w: %w", errUsage, err)
			}
			files, err := set.write(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return a.writeJSON(struct {
					Files []synthFile `json:"files"`
				}{files})
			}
			return a.buffered(func(w io.Writer) error {
				for _, f := range files {
					fmt.Fprintln(w, printable(f.File))
				}
				return nil
			})
		},
	}
	cmd.Flags().IntVar(&n, "n", 1000, "number of prompts")
	cmd.Flags().IntVar(&logs, "logs", 0, "number of log records (default: one a prompt)")
	cmd.Flags().StringVar(&out, "out", "", "folder to write, made if need be (required)")
	cmd.Flags().StringVar(&format, "format", "jsonl", "how files are written: jsonl, csv or parquet, perhaps with .gz or .zst behind; the log is always JSON Lines")
	cmd.Flags().Uint64Var(&seed, "seed", 0, "another seed makes a fresh sample (default 0, or that of --parameters)")
	cmd.Flags().StringSliceVar(&only, "only", synthParts(), "what to write")
	cmd.Flags().StringVar(&parameters, "parameters", "", "JSON file of parameters (default: the built-in ones)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print files and numbers of rows as JSON")
	required(cmd, "out")
	return cmd
}

func checkSynth(n, logs int, format string, only []string) error {
	const most = 1 << 31
	if n < 1 || n >= most {
		return fmt.Errorf("%w: --n: expected 1 to %d prompts, found %d", errUsage, most-1, n)
	}
	if logs < 0 || logs >= most {
		return fmt.Errorf("%w: --logs: expected 0 to %d log records, found %d", errUsage, most-1, logs)
	}
	if _, err := datasets.FormatOf("x." + format); err != nil {
		return fmt.Errorf("%w: --format: expected jsonl, csv or parquet, perhaps with .gz or .zst behind, found %q", errUsage, format)
	}
	for _, part := range only {
		if err := oneOf("only", part, synthParts()); err != nil {
			return err
		}
	}
	return nil
}

// readSynth reads parameters over the defaults. The log of fewer prompts than
// usual repeats those, so that all its messages are among them.
func readSynth(path string, n int) (synth.Config, error) {
	config := synth.Default()
	config.Logs.Messages = min(config.Logs.Messages, n)
	if path == "" {
		return config, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return config, err
	}
	defer f.Close()
	if config, err = synth.ReadConfig(f, config); err != nil {
		return config, fmt.Errorf("%w: %s: %w", errUsage, path, err)
	}
	return config, nil
}
