package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/datasets/synth"
)

// synthetic is the content of truth.json.
type synthetic struct {
	Note       string       `json:"note"`
	Files      []string     `json:"files"`
	Prompts    int          `json:"prompts"`
	Logs       int          `json:"logs"`
	Parameters synth.Config `json:"parameters"`
	Truth      synth.Truth  `json:"truth"`
}

func (a *app) dataSynthVerb() *cobra.Command {
	var out, format, parameters string
	var n, logs int
	var seed uint64
	var only []string
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
of package datasets/synth has the model. --parameters takes a JSON file in the form
of truth.json's "parameters"; what it leaves out keeps its default, and a list in it
replaces the whole list.`,
		Example: `  routeproof data synth --n 500 --out made
  routeproof run --prompts made/prompts.jsonl --llm-answers made/answers.jsonl --out made/out`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkSynth(n, logs, format, only); err != nil {
				return err
			}
			config, err := readSynth(parameters, n)
			if err != nil {
				return err
			}
			if cmd.Flags().Changed("seed") {
				config.Seed = seed
			}
			g, err := synth.New(config)
			if err != nil {
				return fmt.Errorf("%w: %w", errUsage, err)
			}
			if !cmd.Flags().Changed("logs") {
				logs = n
			}
			if err := os.MkdirAll(out, 0o755); err != nil {
				return err
			}
			return a.writeSynth(cmd, g, synthFiles{out, format, n, logs, only})
		},
	}
	cmd.Flags().IntVar(&n, "n", 1000, "number of prompts")
	cmd.Flags().IntVar(&logs, "logs", 0, "number of log records (default: one a prompt)")
	cmd.Flags().StringVar(&out, "out", "", "folder to write, made if need be (required)")
	cmd.Flags().StringVar(&format, "format", "jsonl", "how files are written: jsonl, csv or parquet, perhaps with .gz or .zst behind; the log is always JSON Lines")
	cmd.Flags().Uint64Var(&seed, "seed", 0, "another seed makes a fresh sample (default 0, or that of --parameters)")
	cmd.Flags().StringSliceVar(&only, "only", synthParts(), "what to write")
	cmd.Flags().StringVar(&parameters, "parameters", "", "JSON file of parameters (default: the built-in ones)")
	required(cmd, "out")
	return cmd
}

func synthParts() []string {
	return []string{"prompts", "outcomes", "answers", "prices", "scores", "logs"}
}

func checkSynth(n, logs int, format string, only []string) error {
	const most = 1 << 31
	if n < 1 || n >= most || logs < 0 || logs >= most {
		return fmt.Errorf("%w: --n and --logs: expected 1 and 0 to %d, found %d and %d", errUsage, most-1, n, logs)
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

// synthFiles says what data synth writes.
type synthFiles struct {
	folder, format string
	n, logs        int
	only           []string
}

func (f synthFiles) path(name string) string { return filepath.Join(f.folder, name+"."+f.format) }

func (a *app) writeSynth(cmd *cobra.Command, g *synth.Generator, f synthFiles) error {
	ctx := cmd.Context()
	// Row by row the writer is asked whether the work was interrupted.
	parts := map[string]func(path string) error{
		"prompts": func(path string) error {
			return datasets.Prompts(nil).WriteFile(path, datasets.WriteOptions{}, until(ctx.Err, g.Prompts(f.n)))
		},
		"outcomes": func(path string) error {
			return datasets.Outcomes().WriteFile(path, datasets.WriteOptions{}, until(ctx.Err, g.Outcomes(f.n)))
		},
		"answers": func(path string) error {
			return datasets.Answers().WriteFile(path, datasets.WriteOptions{}, until(ctx.Err, g.Answers(f.n)))
		},
		"prices": func(path string) error {
			return datasets.Prices().WriteFile(path, datasets.WriteOptions{}, g.Prices())
		},
		"scores": func(path string) error {
			return datasets.Scores().WriteFile(path, datasets.WriteOptions{}, until(ctx.Err, g.Difficulties(f.n)))
		},
	}
	var written, names []string
	for _, part := range synthParts() {
		if !slices.Contains(f.only, part) {
			continue
		}
		path := f.path(part)
		var err error
		if part == "logs" {
			path = filepath.Join(f.folder, "logs.jsonl")
			err = datasets.WriteFile(path, func(w io.Writer) error { return g.WriteLogs(stopping{w, ctx.Err}, f.logs) })
		} else {
			err = parts[part](path)
		}
		if err != nil {
			return err
		}
		written, names = append(written, path), append(names, filepath.Base(path))
	}
	path := filepath.Join(f.folder, "truth.json")
	if err := datasets.WriteFile(path, func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(synthetic{"made up by routeproof data synth", names, f.n, f.logs, g.Config(), g.Truth()})
	}); err != nil {
		return err
	}
	return a.buffered(func(w io.Writer) error {
		_, err := fmt.Fprintln(w, strings.Join(append(written, path), "\n"))
		return err
	})
}

// until ends rows with the error of done.
func until[T any](done func() error, rows func(func(T) error) error) func(func(T) error) error {
	return func(put func(T) error) error {
		return rows(func(row T) error { return errors.Join(done(), put(row)) })
	}
}

// stopping is a writer that fails once done has an error.
type stopping struct {
	io.Writer
	done func() error
}

func (s stopping) Write(b []byte) (int, error) {
	if err := s.done(); err != nil {
		return 0, err
	}
	return s.Writer.Write(b)
}
