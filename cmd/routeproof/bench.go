package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/routeproof/routeproof/eval/pipeline"
	"github.com/routeproof/routeproof/reports"
)

func (a *app) benchVerb() *cobra.Command {
	var input inputFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Benchmark classifiers on labelled prompts, on the terminal",
		Long: `Benchmark classifiers on labelled prompts and print the figures; no file is
written. Without --artifact the embedding classifier is chosen and fitted on the
prompts' own train and tune splits, as run does. With it that artifact is scored: on its own test split where the
prompts are those it was built from, else on all of them. An artifact of word
vectors needs their file (--word-vectors), one of vectors made elsewhere those of
these prompts (--vectors).`,
		Example: `  # all classifiers on the built-in set
  routeproof bench

  # an artifact on prompts it has not seen
  routeproof bench --artifact centroids.safetensors --prompts others.jsonl`,
		Args: takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if err := input.checkFlags(cmd); err != nil {
				return err
			}
			if input.nested && input.artifact != "" {
				return fmt.Errorf("%w: --nested repeats how an artifact comes about, which cannot be done with --artifact: leave one of them out", errUsage)
			}
			run, _, err := a.execute(cmd, &input, pipeline.Execute)
			defer func() { err = errors.Join(err, run.Close()) }()
			if err != nil {
				return err
			}
			if asJSON {
				return a.writeResult(run)
			}
			return a.buffered(func(w io.Writer) error { return reports.Summary(w, run) })
		},
	}
	input.add(cmd)
	input.addNested(cmd)
	cmd.Flags().StringVar(&input.artifact, "artifact", "", "artifact to score (default: build one)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the result as JSON")
	return cmd
}
