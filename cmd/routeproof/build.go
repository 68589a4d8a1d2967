package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval/pipeline"
)

func (a *app) buildVerb() *cobra.Command {
	var input inputFlags
	var out string
	unused := []string{"llm-answers", "outcomes", "tier-mix"} // which run uses: one command line may do for both
	cmd := &cobra.Command{
		Use:   "build",
		Short: "Build only the artifact",
		Long: `Build the artifact that a router loads, with its accuracy on the test
split inside. A readable copy of everything but the vectors is written beside it,
with the ending .json. The bytes are those that run writes. Built with --vectors
it carries the texts of eight train prompts, to be verified by.`,
		Example: `  # from the built-in set
  routeproof build --out centroids.safetensors

  # from your own prompts
  routeproof build --prompts prompts.jsonl --out centroids.safetensors`,
		Args: takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !strings.HasSuffix(out, centroids.Extension) {
				return fmt.Errorf("%w: --out %s: expected a name that ends in %s", errUsage, out, centroids.Extension)
			}
			if err := input.checkFlags(cmd, out, strings.TrimSuffix(out, centroids.Extension)+".json"); err != nil {
				return err
			}
			if err := checkFile("--out", out); err != nil {
				return err
			}
			run, _, err := a.execute(cmd, &input, build)
			if err != nil {
				return err
			}
			for _, name := range unused {
				if flag := cmd.Flags().Lookup(name); flag.Changed {
					a.say("warning: --%s adds nothing to an artifact, and only its form was looked at: run uses it", name)
				}
			}
			if err := run.Artifact.Save(out); err != nil {
				return err
			}
			for _, warning := range run.Warnings {
				a.say("warning: %s", warning)
			}
			a.noteCanaries(out, &input, run)
			return a.buffered(func(w io.Writer) error { return printManifest(w, out, run.Artifact.Manifest(), false) })
		},
	}
	input.add(cmd)
	cmd.Flags().StringVar(&out, "out", "centroids.safetensors", "file to write")
	hide(cmd, unused...)
	input.artifactOnly = true
	return cmd
}

// build is the part of the main job that the artifact comes of. Outcomes add
// nothing to it, but rows of theirs that cannot be read are told all the same.
func build(ctx context.Context, config pipeline.Config, in pipeline.Input, observe pipeline.Observer) (*pipeline.Run, error) {
	if o := in.Outcomes; o != nil && !o.MadeUp {
		if err := o.Scan(func(*datasets.Outcome) error { return ctx.Err() }); err != nil {
			return nil, err
		}
	}
	return pipeline.Build(ctx, config, in, observe)
}
