package main

import (
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/routeproof/routeproof/eval/pipeline"
	"github.com/routeproof/routeproof/reports"
)

func (a *app) runVerb() *cobra.Command {
	var input inputFlags
	var out string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "run",
		Short: "The main job: build centroids, benchmark classifiers, write report and artifact",
		Long: `The main job: split the prompts, build tier centroids, benchmark every classifier
on the test split, and write report, plots, tables and artifact into a folder.

Prompts are JSON Lines with id, prompt and tier (NONE or absent: unlabelled);
optional are alt_tier, domain, language, group, split, task_type. Recorded LLM
answers are JSON Lines with id and answer.

The embedder is the configuration's, or the mean of the words' vectors in a file
(--word-vectors), or whatever made the vectors of these prompts that you bring
(--vectors). Embedders of the last kind know these prompts only, so the artifact
then carries the texts of eight of them to be verified by.

All files but run.json are a function of the input: two runs give the same bytes.`,
		Example: `  # on the built-in set, without network or key
  routeproof run --out out

  # on your own prompts, with answers recorded from an LLM classifier
  routeproof run --prompts prompts.jsonl --llm-answers answers.jsonl --out out`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			started := time.Now()
			if err := input.checkFlags(out); err != nil {
				return err
			}
			run, err := a.execute(cmd, &input)
			if err != nil {
				return err
			}
			if err := reports.Write(out, run, a.environment(started)); err != nil {
				return err
			}
			if asJSON {
				return a.buffered(func(w io.Writer) error { return reports.WriteResult(w, run) })
			}
			return a.buffered(func(w io.Writer) error {
				if err := reports.Summary(w, run); err != nil {
					return err
				}
				_, err := fmt.Fprintf(w, "\nreport   %s\nartifact %s\n", filepath.Join(out, reports.ReportFile), filepath.Join(out, reports.ArtifactFile))
				return err
			})
		},
	}
	input.add(cmd)
	cmd.Flags().StringVar(&out, "out", "out", "folder to write, made if need be")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the result as JSON")
	return cmd
}

// execute reads the input and does the main job.
func (a *app) execute(cmd *cobra.Command, input *inputFlags) (*pipeline.Run, error) {
	var config pipeline.Config
	var in pipeline.Input
	err := interruptible(cmd.Context(), func() (err error) {
		config, in, err = input.read(a)
		return err
	})
	if err != nil {
		return nil, err
	}
	log := &problemLog{path: input.problems}
	in.Problem = log.add
	observe, stop := a.observer()
	run, err := pipeline.Execute(cmd.Context(), config, in, observe)
	stop()
	if closeErr := log.close(a); err == nil {
		err = closeErr
	}
	return run, err
}
