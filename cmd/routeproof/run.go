package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/routeproof/routeproof/eval/pipeline"
	"github.com/routeproof/routeproof/internal/wording"
	"github.com/routeproof/routeproof/reports"
)

func (a *app) runVerb() *cobra.Command {
	var input inputFlags
	var out string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "run",
		Short: "The main job: fit the embedding classifier, benchmark classifiers, write report and artifact",
		Long: `The main job: split the prompts, choose and fit the embedding classifier (tier
centroids, a logistic model or the nearest prompts), benchmark every classifier on
the test split, and write report, plots, tables and artifact into a folder.

Prompts have the columns id, prompt and tier (NONE or absent: unlabelled); optional
are alt_tier, domain, language, group, split, task_type. Recorded LLM answers have
id and answer. Files are JSON Lines, CSV or Parquet, plain, .gz or .zst.

The embedder is the configuration's, or the mean of the words' vectors in a file
(--word-vectors), or whatever made the vectors of these prompts that you bring
(--vectors). Embedders of the last kind know these prompts only, so the artifact
then carries the texts of eight of them to be verified by.

All files but run.json are a function of the input: two runs give the same bytes.`,
		Example: `  # on the built-in set, without network or key
  routeproof run --out out

  # on your own prompts, with answers recorded from an LLM classifier
  routeproof run --prompts prompts.jsonl --llm-answers answers.jsonl --out out`,
		Args: takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			started := time.Now()
			files := reports.RunFiles()
			if input.live.on {
				files = append(files, liveAnswersFile, liveOutcomesFile)
			}
			if err := input.checkFlags(cmd, filesIn(out, files...)...); err != nil {
				return err
			}
			if err := checkFolder("--out", out); err != nil {
				return err
			}
			run, asked, err := a.execute(cmd, &input, pipeline.Execute)
			defer func() { err = errors.Join(err, run.Close()) }()
			if err != nil {
				return err
			}
			if err := reports.Write(out, run, a.environment(started)); err != nil {
				return err
			}
			if asked != nil {
				if err := asked.write(out); err != nil {
					return err
				}
			}
			artifact := filepath.Join(out, reports.ArtifactFile)
			a.noteCanaries(artifact, &input, run)
			if asJSON {
				return a.writeResult(run)
			}
			return a.buffered(func(w io.Writer) error {
				if err := reports.Summary(w, run); err != nil {
					return err
				}
				_, err := fmt.Fprintf(w, "\nreport   %s\nartifact %s\n", printable(filepath.Join(out, reports.ReportFile)), printable(artifact))
				return err
			})
		},
	}
	input.add(cmd)
	input.addNested(cmd)
	input.live.addPolicies(cmd)
	cmd.Flags().StringVar(&out, "out", "out", "folder to write, made if need be")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the result as JSON")
	return cmd
}

// job is the main job, [pipeline.Execute], or a part of it.
type job func(context.Context, pipeline.Config, pipeline.Input, pipeline.Observer) (*pipeline.Run, error)

// execute reads the input and does a job. What was asked live for it is nil if
// nothing was.
func (a *app) execute(cmd *cobra.Command, input *inputFlags, do job) (run *pipeline.Run, asked *liveInput, err error) {
	log, err := a.problemLog(cmd)
	if err != nil {
		return nil, nil, err
	}
	var config pipeline.Config
	var in pipeline.Input
	if err := interruptible(cmd.Context(), func() (err error) {
		config, in, err = input.read(log)
		return err
	}); err != nil {
		return nil, nil, log.finish(err)
	}
	defer func() { err = errors.Join(err, input.embedder.close(), in.Prompts.Close()) }()
	in.Problem = log.add
	if err := input.checkAgreement(config, &in); err != nil {
		return nil, nil, log.finish(err)
	}
	if input.live.on {
		s, failed := input.live.spend.openSession(config, input.config)
		if failed != nil {
			return nil, nil, log.finish(failed)
		}
		defer func() { err = errors.Join(err, s.close()) }()
		if asked, err = a.goLive(cmd.Context(), s, &in, input); err != nil {
			return nil, nil, log.finish(err)
		}
	}
	waited := func() {}
	if asked != nil {
		waited = a.waiting(cmd.Context())
	}
	observe, stop := a.observer()
	run, err = do(cmd.Context(), config, in, observe)
	stop()
	waited()
	if asked != nil {
		a.say("%s", asked.session.spendLine())
	}
	return run, asked, log.finish(err)
}

// writeResult prints the result as JSON.
func (a *app) writeResult(run *pipeline.Run) error {
	return a.buffered(func(w io.Writer) error { return reports.WriteResult(controlEscaper{w}, run) })
}

// noteCanaries says that an artifact of recorded vectors holds prompts.
func (a *app) noteCanaries(path string, input *inputFlags, run *pipeline.Run) {
	if input.embedder.vectors == "" {
		return
	}
	n := len(run.Artifact.Manifest().Canaries)
	a.say("note: %s and its readable copy hold the texts of %s, by which a router verifies its embedder: show them only to those who may read the prompts",
		path, wording.Plural(n, "train prompt"))
}
