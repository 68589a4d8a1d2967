package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"

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

// classifyAtOnce is how many prompts are embedded and decided together.
const classifyAtOnce = 512

// classifying is a classify under way.
type classifying struct {
	*app
	ctx        context.Context
	log        *problemLog
	flags      *embedderFlags
	asked      *artifactLive
	in         string // of prompts; empty: the vectors are the input
	withVector bool

	artifact *centroids.Artifact
	enc      *json.Encoder
}

// classify does it, with the artifact at path.
func (c *classifying) classify(path string) error {
	var e centroids.Embedder
	if err := interruptible(c.ctx, func() (err error) { // before waiting for input
		if c.artifact, err = centroids.Load(path); err == nil && c.flags.vectors == "" {
			e, err = c.asked.local(c.ctx, c.artifact, c.flags.words)
		}
		return err
	}); err != nil {
		return c.log.finish(err)
	}
	switch {
	case c.in == "":
		return c.vectors()
	case e == nil:
		return c.held()
	}
	return c.prompts(e)
}

// prompts classifies prompts as they are read, some at a time.
func (c *classifying) prompts(e centroids.Embedder) (err error) {
	scan, done, err := c.twice()
	if err != nil {
		return c.log.finish(err)
	}
	defer func() { err = errors.Join(err, done()) }()
	read := func(kind datasets.Kind[datasets.Prompt], visit func(*datasets.Prompt) error) error {
		return scan(kind, func(p *datasets.Prompt) error { return errors.Join(c.ctx.Err(), visit(p)) })
	}
	kind := datasets.Prompts(nil)
	if err := c.log.finish(read(kind, func(*datasets.Prompt) error { return nil })); err != nil {
		return err
	}
	return c.print(func() error {
		var batch []datasets.Prompt
		err := read(kind.Again(), func(p *datasets.Prompt) error {
			if batch = append(batch, *p); len(batch) < classifyAtOnce {
				return nil
			}
			err := c.batch(e, batch)
			batch = batch[:0]
			return err
		})
		if err != nil {
			return err
		}
		return c.batch(e, batch)
	})
}

// twice returns a scan of the prompts that can be made as often as need be, and
// never waits. What can be read but once is kept in a temporary file until done.
func (c *classifying) twice() (scan func(datasets.Kind[datasets.Prompt], func(*datasets.Prompt) error) error, done func() error, err error) {
	name := standardInput
	if c.in != "-" {
		name = c.in
		info, err := os.Stat(c.in)
		if err != nil {
			return nil, nil, err
		}
		if info.Mode().IsRegular() || info.IsDir() {
			return func(kind datasets.Kind[datasets.Prompt], visit func(*datasets.Prompt) error) error {
				_, err := kind.ScanFile(c.in, c.log.add, visit)
				return err
			}, func() error { return nil }, nil
		}
	}
	kept, err := os.CreateTemp("", "routeproof-classify-*")
	if err != nil {
		return nil, nil, fmt.Errorf("%s is kept in a temporary file to be read twice: %w", name, err)
	}
	done = func() error { return errors.Join(kept.Close(), os.Remove(kept.Name())) }
	if err := interruptible(c.ctx, func() error { return c.keep(kept) }); err != nil {
		return nil, nil, errors.Join(err, done())
	}
	return func(kind datasets.Kind[datasets.Prompt], visit func(*datasets.Prompt) error) error {
		if _, err := kept.Seek(0, io.SeekStart); err != nil {
			return err
		}
		_, err := kind.Scan(kept, name, c.log.add, visit)
		return err
	}, done, nil
}

// keep copies the prompts, from standard input or a pipe.
func (c *classifying) keep(to io.Writer) error {
	from := c.app.in
	if c.in != "-" {
		f, err := os.Open(c.in) // waits for a writer
		if err != nil {
			return err
		}
		defer f.Close()
		from = f
	}
	_, err := io.Copy(to, from)
	return err
}

// vectors classifies the vectors of a file as they are read, some at a time.
func (c *classifying) vectors() error {
	if err := checkRereadable(c.flags.vectors); err != nil {
		return c.log.finish(err)
	}
	file := datasets.NewVectorFile()
	read := func(each func(datasets.Problem), visit func(*datasets.Vector) error) (datasets.Summary, error) {
		return datasets.ScanVectors(c.flags.vectors, each, func(v *datasets.Vector) error { return errors.Join(c.ctx.Err(), visit(v)) })
	}
	summary, err := read(c.log.add, func(v *datasets.Vector) error {
		file.Dims = len(v.Values)
		return nil
	})
	if err == nil {
		file.Summary = summary
		_, err = c.flags.identityFor(file, c.artifact, c.log.add)
	}
	if err := c.log.finish(err); err != nil {
		return err
	}
	n := len(c.artifact.Manifest().Canaries)
	for _, w := range append(slices.Clone(summary.Warnings), pipeline.UnverifiedCanaries(n, n)) {
		c.say("warning: %s", w)
	}
	return c.print(func() error {
		var ids []string
		vectors := make([]float32, 0, classifyAtOnce*file.Dims)
		_, err := read(nil, func(v *datasets.Vector) error {
			if len(v.Values) != file.Dims {
				return fmt.Errorf("%s changed while it was read", c.flags.vectors)
			}
			ids = append(ids, v.ID)
			vectors = vectors[:len(ids)*file.Dims]
			datasets.Unit(vectors[len(vectors)-file.Dims:], v.Values)
			if len(ids) < classifyAtOnce {
				return nil
			}
			err := c.decide(ids, vectors)
			ids, vectors = ids[:0], vectors[:0]
			return err
		})
		if err != nil {
			return err
		}
		return c.decide(ids, vectors)
	})
}

// held classifies prompts that are all read before: those with recorded vectors,
// and those that an endpoint embeds, so that what this costs is known before.
func (c *classifying) held() (err error) {
	var s *session
	if c.flags.vectors == "" {
		if s, err = c.asked.open(c.ctx); err != nil {
			return c.log.finish(err)
		}
		defer func() { err = errors.Join(err, s.close()) }()
	}
	var prompts *datasets.PromptSet
	var e centroids.Embedder
	defer func() { err = errors.Join(err, c.flags.close()) }()
	err = interruptible(c.ctx, func() (err error) {
		prompts, err = c.readUnlabelled(c.in, c.log)
		file, vectorsErr := c.flags.readVectors(c.log.add)
		if err = errors.Join(err, vectorsErr); err == nil && file != nil {
			err = file.Name(prompts, c.flags.vectors, c.log.add)
		}
		if err == nil && file != nil {
			e, err = c.recordedOf(c.ctx, c.artifact, c.flags, file, prompts, c.log)
		}
		if err != nil {
			err = errors.Join(err, prompts.Close())
		}
		return err
	})
	if err := c.log.finish(err); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, prompts.Close()) }()
	if s != nil {
		texts := make([]string, 0, prompts.Len())
		if err := prompts.Each(func(_ int, p *datasets.Prompt) error { texts = append(texts, p.Text); return nil }); err != nil {
			return err
		}
		if e, err = c.embedLive(c.ctx, s, c.artifact, texts); err != nil {
			return err
		}
	}
	return c.print(func() error {
		batch := make([]datasets.Prompt, 0, classifyAtOnce)
		return prompts.Each(func(i int, p *datasets.Prompt) error {
			if batch = append(batch, *p); len(batch) < classifyAtOnce && i+1 < prompts.Len() {
				return nil
			}
			err := c.batch(e, batch)
			batch = batch[:0]
			return err
		})
	})
}

func (a *app) readUnlabelled(path string, log *problemLog) (*datasets.PromptSet, error) {
	if path == "-" {
		return datasets.ParsePromptSet(a.in, standardInput, nil, log.add)
	}
	return datasets.ReadPromptSet(path, nil, log.add)
}

// recordedOf returns the embedder of recorded vectors for an artifact, and says
// what of it could not be verified.
func (a *app) recordedOf(ctx context.Context, artifact *centroids.Artifact, flags *embedderFlags, vectors *datasets.VectorFile, prompts *datasets.PromptSet, log *problemLog) (centroids.Embedder, error) {
	every := func(*datasets.Prompt) bool { return true }
	e, err := flags.recorded(vectors, prompts, every, artifact, log.add)
	if err != nil {
		return nil, err
	}
	n, err := artifact.VerifyKnown(ctx, e)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flags.vectors, err)
	}
	warnings, err := vectorWarnings(vectors, prompts)
	if err != nil {
		return nil, err
	}
	if all := len(artifact.Manifest().Canaries); n < all {
		warnings = append(warnings, pipeline.UnverifiedCanaries(all-n, all))
	}
	for _, w := range warnings {
		a.say("warning: %s", w)
	}
	return e, nil
}

// print has lines written to standard output.
func (c *classifying) print(lines func() error) error {
	return c.buffered(func(w io.Writer) error {
		c.enc = newEncoder(w)
		return lines()
	})
}

// batch embeds prompts and prints what is decided of them.
func (c *classifying) batch(e centroids.Embedder, batch []datasets.Prompt) error {
	ids, texts := make([]string, len(batch)), make([]string, len(batch))
	for i, p := range batch {
		ids[i], texts[i] = p.ID, p.Text
	}
	vectors := make([]float32, len(texts)*e.Identity().Dims)
	if err := e.Embed(c.ctx, vectors, texts); err != nil {
		return err
	}
	return c.decide(ids, vectors)
}

// decide prints what the artifact says of vectors.
func (c *classifying) decide(ids []string, vectors []float32) error {
	tiers, dims := c.artifact.Tiers(), c.artifact.Manifest().Embedder.Dims
	for i, d := range c.artifact.DecideAll(vectors) {
		line := classified{ID: ids[i], Tier: tiers.Name(d.Tier), Accepted: d.Accepted}
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
		if c.withVector {
			line.Vector = vectors[i*dims : (i+1)*dims]
		}
		if err := c.enc.Encode(line); err != nil {
			return err
		}
	}
	return nil
}
