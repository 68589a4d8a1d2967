package main

import (
	"context"
	"encoding/json"
	"io"
	"math"
	"slices"

	"github.com/spf13/cobra"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/centroids/embedder"
	"github.com/routeproof/routeproof/datasets"
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
	var withVector bool
	cmd := &cobra.Command{
		Use:   "classify --artifact FILE --in FILE|-",
		Short: "Classify prompts with an artifact, as a router would",
		Long: `Classify prompts with an artifact, as a router would. Input is JSON Lines with id
and prompt; output is JSON Lines with id, tier, scores (cosine to each tier),
probability of the tier, margin between the two best scores, and whether the
thresholds accepted it: what they do not accept goes to the fallback tier. The
artifact's canaries are verified first.`,
		Example: `  routeproof build --out centroids.safetensors
  echo '{"id": "1", "prompt": "What time is it in Lima?"}' | routeproof classify --artifact centroids.safetensors --in -`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			artifact, err := centroids.Load(path)
			if err != nil {
				return err
			}
			e, err := embedder.FromIdentity(artifact.Manifest().Embedder)
			if err != nil {
				return err
			}
			if err := artifact.Verify(cmd.Context(), e); err != nil {
				return err
			}
			var prompts []datasets.Prompt
			if err := interruptible(cmd.Context(), func() (err error) {
				prompts, err = a.readUnlabelled(in, problems)
				return err
			}); err != nil {
				return err
			}
			return a.buffered(func(w io.Writer) error {
				enc := json.NewEncoder(w)
				enc.SetEscapeHTML(false)
				for batch := range slices.Chunk(prompts, 512) {
					if err := classifyBatch(cmd.Context(), enc, artifact, e, batch, withVector); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&path, "artifact", "", "artifact to classify with (required)")
	cmd.Flags().StringVar(&in, "in", "", "prompts, JSON Lines, plain or .gz; - reads standard input (required)")
	cmd.Flags().BoolVar(&withVector, "with-vector", false, "print each text's vector too")
	addProblems(cmd, &problems)
	for _, name := range []string{"artifact", "in"} {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic("routeproof: " + err.Error())
		}
	}
	return cmd
}

// readUnlabelled reads prompts whose labels do not matter.
func (a *app) readUnlabelled(path, problems string) ([]datasets.Prompt, error) {
	log := &problemLog{path: problems}
	var file *datasets.PromptFile
	var err error
	if path == "-" {
		file, err = datasets.ParsePrompts(a.in, "standard input", nil, log.add)
	} else {
		file, err = datasets.ReadPrompts(path, nil, log.add)
	}
	if closeErr := log.close(a); err == nil {
		err = closeErr
	}
	if err != nil {
		return nil, err
	}
	return file.Prompts, nil
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
