package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/spf13/cobra"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval/pipeline"
)

// classified is a line of classify's output. Fields are null for a text
// without a vector.
type classified struct {
	ID          string             `json:"id"`
	Tier        string             `json:"tier"`
	Scores      map[string]float64 `json:"scores"`
	Probability *float64           `json:"probability"` // of tier
	Margin      *float64           `json:"margin"`
	Accepted    bool               `json:"accepted"`
	Vector      []float32          `json:"vector,omitempty"`
}

func (a *app) classifyVerb() *cobra.Command {
	var path, in, problems string
	var flags embedderFlags
	var asked artifactLive
	var withVector bool
	cmd := &cobra.Command{
		Use:   "classify --artifact FILE --in FILE|-",
		Short: "Classify prompts with an artifact, as a router would",
		Long: `Classify prompts with an artifact, as a router would. Input has the columns id
and prompt: JSON Lines, CSV or Parquet, plain, .gz or .zst. Output is JSON Lines with
id, tier, scores (by the artifact's scorer: cosines, probabilities or shares),
probability of the tier, margin between the two best scores, and whether the thresholds accepted it: what they do not accept
goes to the fallback tier. The artifact's canaries are verified first.

An artifact of word vectors needs their file (--word-vectors), one of a remote model
asks its endpoint (--live). With --vectors the
prompts' vectors are taken from a file, and only those canaries are verified that
are among the prompts.`,
		Example: `  routeproof build --out centroids.safetensors
  echo '{"id": "1", "prompt": "What time is it in Lima?"}' | routeproof classify --artifact centroids.safetensors --in -`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
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
			ctx := cmd.Context()
			var artifact *centroids.Artifact
			var e centroids.Embedder
			err = interruptible(ctx, func() (err error) { // before waiting for input
				if artifact, err = centroids.Load(path); err == nil && flags.vectors == "" {
					e, err = asked.local(ctx, artifact, flags.words)
				}
				return err
			})
			if err != nil {
				return log.finish(err)
			}
			var s *session
			if e == nil && flags.vectors == "" {
				if s, err = asked.open(ctx); err != nil {
					return log.finish(err)
				}
				defer func() { err = errors.Join(err, s.store.Close()) }()
			}
			var prompts []datasets.Prompt
			err = interruptible(ctx, func() (err error) {
				e, prompts, err = a.readClassify(ctx, artifact, e, &flags, in, log)
				return err
			})
			if err := log.finish(err); err != nil {
				return err
			}
			if s != nil {
				texts := make([]string, len(prompts))
				for i := range prompts {
					texts[i] = prompts[i].Text
				}
				if e, err = a.embedLive(ctx, s, artifact, texts); err != nil {
					return err
				}
			}
			return a.buffered(func(w io.Writer) error {
				enc := newEncoder(w)
				for batch := range slices.Chunk(prompts, 512) {
					if err := classifyBatch(ctx, enc, artifact, e, batch, withVector); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&path, "artifact", "", "artifact to classify with (required)")
	cmd.Flags().StringVar(&in, "in", "", "prompts, JSON Lines, CSV or Parquet, plain, .gz or .zst; - reads standard input (required)")
	cmd.Flags().BoolVar(&withVector, "with-vector", false, "print each text's vector too")
	flags.add(cmd)
	asked.add(cmd)
	addProblems(cmd, &problems)
	for _, name := range []string{"artifact", "in"} {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic("routeproof: " + err.Error())
		}
	}
	return cmd
}

// readClassify reads the prompts, whose labels do not matter, and returns the
// artifact's embedder for them: e, or that of recorded vectors where there are
// some, verified as far as that can be done.
func (a *app) readClassify(ctx context.Context, artifact *centroids.Artifact, e centroids.Embedder, flags *embedderFlags, in string, log *problemLog) (_ centroids.Embedder, prompts []datasets.Prompt, err error) {
	prompts, err = a.readUnlabelled(in, log)
	vectors, vectorsErr := flags.readVectors(log.add)
	if err = errors.Join(err, vectorsErr); err == nil && vectors != nil {
		e, err = a.recordedOf(ctx, artifact, flags, vectors, prompts, log)
	}
	return e, prompts, err
}

func (a *app) readUnlabelled(path string, log *problemLog) ([]datasets.Prompt, error) {
	var file *datasets.PromptFile
	var err error
	if path == "-" {
		file, err = datasets.ParsePrompts(a.in, "standard input", nil, log.add)
	} else {
		file, err = datasets.ReadPrompts(path, nil, log.add)
	}
	if err != nil {
		return nil, err
	}
	return file.Prompts, nil
}

// recordedOf returns the embedder of recorded vectors for an artifact, and says
// what of it could not be verified.
func (a *app) recordedOf(ctx context.Context, artifact *centroids.Artifact, flags *embedderFlags, vectors *datasets.VectorFile, prompts []datasets.Prompt, log *problemLog) (centroids.Embedder, error) {
	e, err := flags.recorded(vectors, prompts, artifact, log.add)
	if err != nil {
		return nil, err
	}
	n, err := artifact.VerifyKnown(ctx, e)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flags.vectors, err)
	}
	warnings := vectorWarnings(vectors, prompts)
	if all := len(artifact.Manifest().Canaries); n < all {
		warnings = append(warnings, pipeline.UnverifiedCanaries(all-n, all))
	}
	for _, w := range warnings {
		a.say("warning: %s", w)
	}
	return e, nil
}

func classifyBatch(ctx context.Context, enc *json.Encoder, artifact *centroids.Artifact, e centroids.Embedder, batch []datasets.Prompt, withVector bool) error {
	texts := make([]string, len(batch))
	for i, p := range batch {
		texts[i] = p.Text
	}
	dims := e.Identity().Dims
	vectors := make([]float32, len(texts)*dims)
	if err := e.Embed(ctx, vectors, texts); err != nil {
		return err
	}
	tiers := artifact.Tiers()
	for i := range batch {
		vector := vectors[i*dims : (i+1)*dims]
		d := artifact.Decide(vector)
		line := classified{ID: batch[i].ID, Tier: tiers.Name(d.Tier), Accepted: d.Accepted}
		if d.Scores != nil {
			line.Scores = map[string]float64{}
			for k, s := range d.Scores {
				line.Scores[tiers.Name(k)] = s
			}
		}
		if d.Probabilities != nil {
			line.Probability = &d.Probabilities[d.Tier]
		}
		if !math.IsNaN(d.Margin) {
			line.Margin = &d.Margin
		}
		if withVector {
			line.Vector = vector
		}
		if err := enc.Encode(line); err != nil {
			return err
		}
	}
	return nil
}
