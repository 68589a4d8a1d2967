// Package remote embeds texts with an OpenAI-compatible server.
//
// [New] makes the embedder of a [Config] and a client. [ConfigOf] reads the part
// of the configuration that makes the vectors back from an identity, so that an
// artifact's identity and a client are enough for the artifact's embedder.
package remote

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"unicode/utf8"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/internal/openaiapi"
	"github.com/routeproof/routeproof/internal/tokens"
	"github.com/routeproof/routeproof/internal/wording"
)

const (
	// DefaultInputs is how many texts a request holds.
	DefaultInputs        = 256
	mostInputs           = 2048 // that OpenAI takes in a request
	defaultRequestTokens = 200_000
	defaultTextTokens    = 8192
	mostTextTokens       = 1 << 20
	defaultConcurrency   = 4

	// bytesPerPoint is the most bytes, and so tokens, of a code point.
	bytesPerPoint = utf8.UTFMax
)

// A Client asks the server, once for each call or from a store. It returns one
// vector an input, in the inputs' order, and is safe for concurrent use.
type Client interface {
	Embed(ctx context.Context, r openaiapi.EmbedRequest) (*openaiapi.EmbedReply, error)
}

// Config says what is asked for. Model, Dims, RequestDims, Prefix and
// MaxTokensPerText make the vectors and are in the identity; the others only
// say how texts travel.
type Config struct {
	// Model is the name by which the server knows the model.
	Model string

	// Dims is the length of the vectors, 1 to 65,536. 0: the model's own, for
	// which New asks once with a short text.
	Dims int

	// RequestDims asks the server for Dims (`dimensions`), which must be given.
	// Some servers refuse that, others ignore it or give less: vectors of
	// another length are an error either way.
	RequestDims bool

	// Prefix is put before each text, such as "query: ". It is valid UTF-8 and
	// leaves at least 4 of MaxTokensPerText, counted in bytes, so that at least
	// a code point of every text is sent.
	Prefix string

	// MaxInputs is how many texts a request holds, at most 2,048. 0: 256.
	MaxInputs int

	// MaxTokensPerRequest is how many tokens the texts of a request have in
	// all, at least MaxTokensPerText. 0: 200,000, or MaxTokensPerText where that
	// is more. OpenAI takes 300,000; the rest is for models that count otherwise.
	MaxTokensPerRequest int

	// MaxTokensPerText is how many tokens a text has, its prefix included, at
	// most 1,048,576. 0: 8,192. Longer texts are cut: see Embedder.
	MaxTokensPerText int

	// Concurrency is how many requests are under way at a time, over all calls
	// of Embed together. 0: 4.
	Concurrency int

	// Count counts the tokens of a text. It is safe for concurrent use and never
	// counts more than the text has bytes. nil: with the vocabulary o200k_base,
	// which is OpenAI's and approximate for other models. It decides where long
	// texts are cut, and the identity says that it was o200k_base: a function
	// that counts otherwise must not make vectors to keep.
	Count func(string) (int, error)

	// Price is the model's, which the client's ledger needs where spending is
	// limited. The zero Price is unknown.
	Price openaiapi.Price
}

// check returns the configuration with its defaults filled in, and Count as it
// is, or what is wrong with it.
func (c Config) check() (Config, error) {
	for _, f := range []struct {
		name  string
		value *int
		least int
		most  int
		given int // where 0
	}{
		{"texts a request", &c.MaxInputs, 1, mostInputs, DefaultInputs},
		{"tokens a text", &c.MaxTokensPerText, bytesPerPoint, mostTextTokens, defaultTextTokens},
		{"tokens a request", &c.MaxTokensPerRequest, 1, math.MaxInt, max(defaultRequestTokens, c.MaxTokensPerText)},
		{"requests at a time", &c.Concurrency, 1, math.MaxInt, defaultConcurrency},
	} {
		if *f.value == 0 {
			*f.value = f.given
		}
		if *f.value < f.least || *f.value > f.most {
			if f.most == math.MaxInt {
				return c, fmt.Errorf("expected at least %d %s, found %d; 0 means %s", f.least, f.name, *f.value, wording.Thousands(f.given))
			}
			return c, fmt.Errorf("expected %d to %s %s, found %d; 0 means %s",
				f.least, wording.Thousands(f.most), f.name, *f.value, wording.Thousands(f.given))
		}
	}
	switch {
	case c.MaxTokensPerRequest < c.MaxTokensPerText:
		return c, fmt.Errorf("expected at least as many tokens a request as a text, found %d and %d: raise the first or lower the second",
			c.MaxTokensPerRequest, c.MaxTokensPerText)
	case !utf8.ValidString(c.Prefix):
		return c, fmt.Errorf("the prefix %s is not UTF-8", wording.Quote(c.Prefix))
	case len(c.Prefix)+bytesPerPoint > c.MaxTokensPerText:
		return c, fmt.Errorf("the prefix %s of %d bytes leaves no room for a text within %d tokens: expected at most %d bytes, or more tokens a text",
			wording.Quote(c.Prefix), len(c.Prefix), c.MaxTokensPerText, c.MaxTokensPerText-bytesPerPoint)
	case c.RequestDims && c.Dims == 0:
		return c, errors.New("dimensions are to be requested, but no number is given: give dims, or do not request them")
	}
	return c, nil
}

// Embedder embeds texts with a model behind an OpenAI-compatible server. It is
// safe for concurrent use. What becomes of a text:
//
//  1. A text of white space only is not sent and has no vector (all zeros).
//  2. Each byte that is not UTF-8 becomes U+FFFD, as JSON cannot hold it. The
//     first 8 × MaxTokensPerText code points are kept: a token of a usual text
//     has fewer, so the limit of tokens is met first.
//  3. The prefix is put before it. Where the two have more than
//     MaxTokensPerText tokens, code points at the text's end go until it has at
//     most these, and rarely under 31/32 of them: cut.go says where exactly.
//     Where no more than white space is left of it, rule 1 holds.
//  4. The server's vector is divided by its Euclidean norm, summed in float64,
//     and rounded to float32.
//
// The result does not depend on the size of batches and on concurrency, except
// for the noise that a server may have. Equal texts of a call are sent once.
//
// Another number of vectors than was asked for, another length, an element that
// is NaN or infinite and a vector of zeros are errors. After an error no more
// requests of the call are sent.
type Embedder struct {
	client   Client
	config   Config
	identity centroids.Identity
	slots    chan struct{} // one element a request under way
}

// New returns the embedder of a configuration. Where config.Dims is 0 it asks
// the server for a vector, and ctx and the client's errors matter.
func New(ctx context.Context, client Client, config Config) (*Embedder, error) {
	config, err := config.check()
	if err != nil {
		return nil, fmt.Errorf("remote embedder: %w", err)
	}
	own := config.Dims == 0
	if own {
		config.Dims = 1 // until it is known, for what else is wrong to be found before anything is paid for
	}
	if err := config.identity().Valid(); err != nil {
		return nil, fmt.Errorf("remote embedder: %w", err)
	}
	if config.Count == nil {
		counter, err := tokens.NewCounter()
		if err != nil {
			return nil, fmt.Errorf("remote embedder: %w", err)
		}
		config.Count = counter.Count
	}
	e := &Embedder{client: client, config: config, slots: make(chan struct{}, config.Concurrency)}
	if own {
		reply, err := e.ask(ctx, []string{"How long is a vector?"})
		if err != nil {
			return nil, fmt.Errorf("remote embedder: asking model %s for the length of its vectors: %w", wording.Quote(config.Model), err)
		}
		e.config.Dims = len(reply.Vectors[0])
		if err := e.config.identity().Valid(); err != nil {
			return nil, fmt.Errorf("remote embedder: the length of the vectors of model %s: %w", wording.Quote(config.Model), err)
		}
	}
	e.identity = e.config.identity()
	return e, nil
}

// Identity implements [centroids.Embedder]. See [ConfigOf] for its form.
func (e *Embedder) Identity() centroids.Identity { return e.identity }

// Embed implements [centroids.Embedder].
func (e *Embedder) Embed(ctx context.Context, dst []float32, texts []string) error {
	dims := e.config.Dims
	if len(dst) != len(texts)*dims {
		return fmt.Errorf("remote embedder: expected room for %d texts × %d dims, found %d", len(texts), dims, len(dst))
	}
	var (
		todo batch // of every text that is sent, once
		at   = make(map[string]int, len(texts))
		like = make([]int, len(texts)) // the text with the same vector; -1: none
	)
	for i, text := range texts {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("remote embedder: %w", err)
		}
		like[i] = -1
		input, err := e.input(text)
		if err != nil {
			return fmt.Errorf("remote embedder: %s: %w", batch{nil, []int{i}}, err)
		}
		if input == "" {
			continue
		}
		first, known := at[input]
		if !known {
			first, at[input] = i, i
			todo.inputs, todo.texts = append(todo.inputs, input), append(todo.texts, i)
		}
		like[i] = first
	}
	if err := e.send(ctx, dst, todo); err != nil {
		return err
	}
	for i, first := range like {
		to := dst[i*dims : (i+1)*dims]
		switch first {
		case -1:
			clear(to)
		case i:
		default:
			copy(to, dst[first*dims:(first+1)*dims])
		}
	}
	return nil
}

// A batch is what is sent, and of which text of the call each is.
type batch struct {
	inputs []string
	texts  []int // ascending
}

// String says where in Embed's texts the batch comes from.
func (b batch) String() string {
	first, last := b.texts[0], b.texts[len(b.texts)-1]
	if first == last {
		return fmt.Sprintf("texts[%d]", first)
	}
	return fmt.Sprintf("%d of texts[%d] to texts[%d]", len(b.texts), first, last)
}

// send embeds all of todo, in batches, and writes each vector in its text's
// place in dst. The first error is returned, and ends the context of the others.
func (e *Embedder) send(parent context.Context, dst []float32, todo batch) error {
	ctx, fail := context.WithCancelCause(parent)
	defer fail(nil)
	var wg sync.WaitGroup
	for len(todo.inputs) > 0 && ctx.Err() == nil {
		n, err := e.fill(todo.inputs)
		if err != nil {
			fail(fmt.Errorf("remote embedder: %s: %w", batch{nil, todo.texts[:1]}, err))
			break
		}
		next := batch{todo.inputs[:n], todo.texts[:n]}
		todo = batch{todo.inputs[n:], todo.texts[n:]}
		select {
		case <-ctx.Done():
		case e.slots <- struct{}{}:
			wg.Go(func() {
				defer func() { <-e.slots }()
				if err := e.embed(ctx, dst, next); err != nil {
					fail(fmt.Errorf("remote embedder: model %s, %s: %w", wording.Quote(e.config.Model), next, err))
				}
			})
		}
	}
	wg.Wait()
	if err := parent.Err(); err != nil {
		return fmt.Errorf("remote embedder: %w", err)
	}
	return context.Cause(ctx)
}

// fill returns how many of the inputs, from the first on, make a request: at
// least one.
func (e *Embedder) fill(inputs []string) (int, error) {
	sum := 0
	for i, input := range inputs {
		if i == e.config.MaxInputs {
			return i, nil
		}
		// Where a request of such inputs is within the limit even if every byte
		// is a token, that is as good as counting.
		n := len(input)
		if n > e.config.MaxTokensPerRequest/e.config.MaxInputs {
			var err error
			if n, err = e.count(input); err != nil {
				return 0, err
			}
		}
		if sum += n; sum > e.config.MaxTokensPerRequest && i > 0 {
			return i, nil
		}
	}
	return len(inputs), nil
}

// embed writes the vectors of a batch to dst.
func (e *Embedder) embed(ctx context.Context, dst []float32, b batch) error {
	reply, err := e.ask(ctx, b.inputs)
	if err != nil {
		return err
	}
	dims := e.config.Dims
	for k, v := range reply.Vectors {
		i := b.texts[k]
		if err := e.normalise(dst[i*dims:(i+1)*dims], v); err != nil {
			return fmt.Errorf("the vector of texts[%d], sent as %s: %w", i, wording.Quote(b.inputs[k]), err)
		}
	}
	return nil
}

// ask returns the server's reply with one vector an input.
func (e *Embedder) ask(ctx context.Context, inputs []string) (*openaiapi.EmbedReply, error) {
	r := openaiapi.EmbedRequest{Model: e.config.Model, Inputs: inputs, Price: e.config.Price}
	if e.config.RequestDims {
		r.Dims = e.config.Dims
	}
	reply, err := e.client.Embed(ctx, r)
	if err != nil {
		return nil, err
	}
	if len(reply.Vectors) != len(inputs) {
		return nil, fmt.Errorf("expected %d vectors, one a text, found %d: the server may take fewer texts a request", len(inputs), len(reply.Vectors))
	}
	return reply, nil
}

// normalise writes v, divided by its norm, to dst.
func (e *Embedder) normalise(dst, v []float32) error {
	if len(v) != len(dst) {
		if e.config.RequestDims {
			return fmt.Errorf("expected %d numbers, as requested, found %d: the server limits or ignores the dimensions requested; set dims to %d, or do not request them",
				len(dst), len(v), len(v))
		}
		return fmt.Errorf("expected %d numbers, found %d: set dims to %d, or request dimensions from a server that can shorten vectors",
			len(dst), len(v), len(v))
	}
	var square float64
	for d, x := range v {
		if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
			return fmt.Errorf("expected finite numbers, found %g as element %d", x, d)
		}
		square += float64(float64(x) * float64(x)) // no fused multiply-add: the same everywhere
	}
	if square == 0 { // no float32 is so small that its square is 0
		return errors.New("expected a direction, found all zeros, though the text is not blank")
	}
	norm := math.Sqrt(square)
	for d, x := range v {
		dst[d] = float32(float64(x) / norm)
	}
	return nil
}
