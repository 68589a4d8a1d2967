package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func (a *app) classifyVerb() *cobra.Command {
	var path, in, problems string
	var flags embedderFlags
	var asked artifactLive
	var withVector bool
	cmd := &cobra.Command{
		Use:   "classify --artifact FILE {--in FILE|- | --vectors FILE}",
		Short: "Classify prompts with an artifact, as a router would",
		Long: `Classify prompts with an artifact, as a router would. Input has the columns id
and prompt: JSON Lines, CSV or Parquet, plain, .gz or .zst. Output is JSON Lines with
id, tier, scores (by the artifact's scorer: cosines, probabilities or shares),
probability of the tier, margin between the two best scores, and whether the thresholds accepted it: what they do not accept
goes to the fallback tier. The artifact's canaries are verified first.

An artifact of word vectors needs their file (--word-vectors), one of a remote model
asks its endpoint (--live). With --vectors the
prompts' vectors are taken from a file, and only those canaries are verified that
are among the prompts. With --vectors and no --in the vectors of the file are
classified as they stand, and no canary can be verified.

Input is read twice, checked first, so memory does not grow with it but by what
tells ids apart; with --in and --vectors, or --live, the prompts are held.`,
		Example: `  routeproof build --out centroids.safetensors
  echo '{"id": "1", "prompt": "What time is it in Lima?"}' | routeproof classify --artifact centroids.safetensors --in -`,
		Args: takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if in == "" && flags.vectors == "" {
				return fmt.Errorf("%w: expected --in FILE, the prompts, or --vectors FILE, vectors to classify as they stand", errUsage)
			}
			if err := flags.check(); err != nil {
				return err
			}
			if err := asked.check(cmd); err != nil {
				return err
			}
			if err := checkOverwrite([]string{path, in, flags.words, flags.vectors, asked.config}, problems, asked.spend.journal); err != nil {
				return err
			}
			log, err := a.problemLog(cmd)
			if err != nil {
				return err
			}
			j := &classifying{app: a, ctx: cmd.Context(), log: log, flags: &flags, asked: &asked, in: in, withVector: withVector}
			return j.classify(path)
		},
	}
	cmd.Flags().StringVar(&path, "artifact", "", "artifact to classify with (required)")
	cmd.Flags().StringVar(&in, "in", "", "prompts, JSON Lines, CSV or Parquet, plain, .gz or .zst; - reads standard input")
	cmd.Flags().BoolVar(&withVector, "with-vector", false, "print each text's vector too")
	flags.add(cmd)
	asked.add(cmd)
	addProblems(cmd, &problems)
	if err := cmd.MarkFlagRequired("artifact"); err != nil {
		panic("routeproof: " + err.Error())
	}
	return cmd
}
