package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/centroids/embedder"
	"github.com/routeproof/routeproof/centroids/embedder/remote"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval/pipeline"
)

// embedderFlags say what turns prompts into vectors.
type embedderFlags struct {
	words          string               // file of word vectors
	vectors, model string               // file of recorded vectors, and what made them
	live           bool                 // endpoints may be asked: what they embed is chosen later
	file           *datasets.VectorFile // that was read, until close
}

func (f *embedderFlags) add(cmd *cobra.Command) {
	addWords(cmd, &f.words)
	cmd.Flags().StringVar(&f.vectors, "vectors", "", "vectors of the prompts, made elsewhere: JSON Lines, CSV or Parquet with id and embedding, or .npy with a row for each prompt")
	cmd.Flags().StringVar(&f.model, "vectors-model", "", "what made the --vectors, where their file does not say it")
}

func addWords(cmd *cobra.Command, path *string) {
	cmd.Flags().StringVar(path, "word-vectors", "", "word vectors to embed with, text format of word2vec or GloVe, plain, .gz or .zst")
}

// check refuses what does not go together.
func (f *embedderFlags) check() error {
	switch {
	case f.words != "" && f.vectors != "":
		return fmt.Errorf("%w: --word-vectors and --vectors are two sources of vectors: give one of them", errUsage)
	case f.model != "" && f.vectors == "":
		return fmt.Errorf("%w: --vectors-model says what made the --vectors: give them too", errUsage)
	}
	return nil
}

// readVectors reads the recorded vectors, if there are any.
func (f *embedderFlags) readVectors(each func(datasets.Problem)) (*datasets.VectorFile, error) {
	if f.vectors == "" {
		return nil, nil
	}
	var err error
	f.file, err = datasets.ReadVectors(f.vectors, each)
	return f.file, err
}

// close lets go of the vectors that were read, if any.
func (f *embedderFlags) close() error { return f.file.Close() }

// recorded joins prompts, those that are wanted, with their vectors. artifact is
// what they will be held against, or nil.
func (f *embedderFlags) recorded(file *datasets.VectorFile, prompts *datasets.PromptSet, wanted func(*datasets.Prompt) bool, artifact *centroids.Artifact, each func(datasets.Problem)) (*embedder.Recorded, error) {
	id, err := f.identityFor(file, artifact, each)
	if err != nil {
		return nil, err
	}
	return embedder.NewRecorded(id, prompts, wanted, file, f.vectors, each)
}

// identityFor returns what made the vectors. artifact is what they will be held
// against, or nil.
func (f *embedderFlags) identityFor(file *datasets.VectorFile, artifact *centroids.Artifact, each func(datasets.Problem)) (centroids.Identity, error) {
	id, err := f.identity(file, each)
	if err != nil || artifact == nil {
		return id, err
	}
	want := artifact.Manifest().Embedder
	if err := want.Check(id); err != nil {
		return id, fmt.Errorf("%s: %w: expected vectors of kind %q, model %q and %d dims, as others cannot be compared with the artifact's", f.vectors, err, want.Kind, want.Model, want.Dims)
	}
	return id, nil
}

// identity returns what made the vectors, by their file or by the flag.
func (f *embedderFlags) identity(file *datasets.VectorFile, each func(datasets.Problem)) (centroids.Identity, error) {
	id, known, err := embedder.IdentityOf(file, f.vectors, each)
	switch {
	case err != nil:
		return id, err
	case known && isOwn(id):
		return id, f.refuseOwn(id, each)
	case !known && f.model == "":
		return id, fmt.Errorf("%w: %s does not say what made its vectors: name the model with --vectors-model", errUsage, f.vectors)
	case !known:
		id = centroids.Identity{Kind: embedder.KindRecorded, Model: f.model, Dims: file.Dims}
		if err := id.Valid(); err != nil {
			return id, fmt.Errorf("%w: --vectors-model: %w", errUsage, err)
		}
	case f.model != "" && f.model != id.Model:
		return id, fmt.Errorf("%w: --vectors-model is %q, but %s says that %q made its vectors: leave the flag out, or give the vectors that you mean", errUsage, f.model, f.vectors, id.Model)
	}
	return id, nil
}

func isOwn(id centroids.Identity) bool {
	own, _ := embedder.IsOwn(id)
	return own
}

// refuseOwn is the error of vectors that are said to be made by an embedder of
// this program's: which those are it says itself, and only it can tell whether
// there is one of that model and those dims.
func (f *embedderFlags) refuseOwn(id centroids.Identity, each func(datasets.Problem)) error {
	mend := "leave --vectors out and set embedder: in the configuration"
	if _, words := embedder.IsOwn(id); words {
		mend = "give the file of word vectors with --word-vectors instead"
	}
	p := datasets.Problem{File: f.vectors, Reason: fmt.Sprintf("metadata %s: expected the identity of an embedder elsewhere, such as kind %q, found kind %q, which this program makes itself: %s",
		embedder.IdentityKey, embedder.KindRecorded, id.Kind, mend)}
	each(p)
	return &datasets.ContentError{File: f.vectors, Total: 1, First: []datasets.Problem{p}}
}

// vectorWarnings says what a reader of the results should know of a file of
// vectors.
func vectorWarnings(file *datasets.VectorFile, prompts *datasets.PromptSet) ([]string, error) {
	var warnings []string
	for _, w := range file.Warnings {
		warnings = append(warnings, "vectors: "+w)
	}
	used, zero := 0, 0
	err := file.Join(prompts, func(p *datasets.Prompt, vector int) error {
		if vector >= 0 {
			used++
			if file.Zero(vector) && strings.TrimSpace(p.Text) != "" {
				zero++
			}
		}
		return nil
	})
	if n := file.Len() - used; n > 0 {
		warnings = append(warnings, fmt.Sprintf("vectors that belong to no prompt: %d of %d", n, file.Len()))
	}
	if zero > 0 {
		warnings = append(warnings, fmt.Sprintf("vectors that are all zeros though the prompt is not blank: %d of %d; such prompts go to the fallback tier", zero, file.Len()))
	}
	return warnings, err
}

// artifactEmbedder returns the embedder of an artifact where no vectors are
// recorded. words is the file of word vectors, or empty.
func artifactEmbedder(id centroids.Identity, words string) (centroids.Embedder, error) {
	own, needsWords := embedder.IsOwn(id)
	if words == "" {
		e, err := embedder.FromIdentity(id)
		if err != nil && (!own || needsWords) { // then a flag is missing
			err = fmt.Errorf("%w: %w", errUsage, err)
		}
		return e, err
	}
	if !needsWords {
		return nil, fmt.Errorf("%w: --word-vectors goes with an artifact of kind %q, this one is of kind %q: leave the flag out", errUsage, embedder.KindStatic, id.Kind)
	}
	static, err := embedder.NewStatic(words)
	if err != nil {
		return nil, err
	}
	var e centroids.Embedder = static
	if _, joined := embedder.WithoutStructure(id); joined {
		e = embedder.WithStructure(static)
	}
	if err := id.Check(e.Identity()); err != nil {
		return nil, fmt.Errorf("%s: %w: expected the word vectors whose decompressed bytes have the SHA-256 %s", words, err, id.Digest)
	}
	return e, nil
}

// choose sets the embedder of an input whose prompts and artifact are read:
// recorded vectors, or that of the artifact, or that of the configuration.
func (f *embedderFlags) choose(config pipeline.Config, in *pipeline.Input, file *datasets.VectorFile, each func(datasets.Problem)) (err error) {
	if file != nil {
		if err := file.Name(in.Prompts, f.vectors, each); err != nil {
			return err
		}
		recorded, err := f.recorded(file, in.Prompts, isLabelled, in.Artifact, each)
		if err != nil {
			return err
		}
		in.Embedder = recorded
		warnings, err := vectorWarnings(file, in.Prompts)
		in.Warnings = append(in.Warnings, warnings...)
		return err
	}
	if f.live && (in.Artifact == nil && config.Embedder.Kind == remote.Kind || in.Artifact != nil && in.Artifact.Manifest().Embedder.Kind == remote.Kind) {
		return nil
	}
	if in.Artifact == nil {
		in.Embedder, err = pipeline.NewEmbedder(config.Embedder)
		return err
	}
	id, words := in.Artifact.Manifest().Embedder, f.words
	if _, needsWords := embedder.IsOwn(id); words == "" && needsWords {
		words = config.Embedder.Path
	}
	in.Embedder, err = artifactEmbedder(id, words)
	return err
}

// isLabelled tells whether a prompt has a tier: only those are embedded.
func isLabelled(p *datasets.Prompt) bool { return p.Tier != "" }
