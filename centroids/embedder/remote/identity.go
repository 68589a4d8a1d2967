package remote

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/internal/tokens"
	"github.com/routeproof/routeproof/internal/wording"
)

// Kind is the identity's kind of [Embedder].
const Kind = "openai"

// The parts of the canonical preprocessing, in their order.
const (
	prefixPart     = "prefix="
	tokensPart     = ";max-tokens="
	dimensionsPart = "/" + tokens.Encoding + ";dimensions="
	lastPart       = ";l2"
)

// identity returns what makes the vectors; c has its defaults filled in. The
// preprocessing is described at [ConfigOf].
func (c Config) identity() centroids.Identity {
	dimensions := "no"
	if c.RequestDims {
		dimensions = "yes"
	}
	return centroids.Identity{
		Kind:  Kind,
		Model: c.Model,
		Dims:  c.Dims,
		Preprocessing: prefixPart + strconv.QuoteToASCII(c.Prefix) +
			tokensPart + strconv.Itoa(c.MaxTokensPerText) + dimensionsPart + dimensions + lastPart,
	}
}

// ConfigOf returns the configuration that an [Embedder]'s identity tells, for
// [New] to make the same embedder again: Model, Dims, RequestDims, Prefix and
// MaxTokensPerText. The preprocessing has the form
//
//	prefix="query: ";max-tokens=8192/o200k_base;dimensions=no;l2
//
// of the prefix as a Go string literal in ASCII, the tokens to which longer
// texts are cut and the vocabulary that counts them, whether the dimensions are
// requested (yes or no), and the division by the norm. Every configuration has
// one such form, and any other is refused.
//
// The server's address is not in it: it is a place, not a function, and changes
// where the vectors do not. That the same model stands behind its name at
// another address, or still does at the same, is what an artifact's canaries
// are for.
//
// The errors wrap [centroids.ErrEmbedder].
func ConfigOf(id centroids.Identity) (Config, error) {
	if id.Kind != Kind {
		return Config{}, fmt.Errorf("%w: kind: expected %q, found %s", centroids.ErrEmbedder, Kind, wording.Quote(id.Kind))
	}
	if id.Digest != "" {
		return Config{}, fmt.Errorf("%w: digest: expected none for kind %q, found %s", centroids.ErrEmbedder, Kind, wording.Quote(id.Digest))
	}
	if err := id.Valid(); err != nil {
		return Config{}, fmt.Errorf("%w: %w", centroids.ErrEmbedder, err)
	}
	c, ok := parse(id.Preprocessing)
	c.Model, c.Dims = id.Model, id.Dims
	checked, err := c.check()
	if ok && err != nil {
		return Config{}, fmt.Errorf("%w: preprocessing: %w", centroids.ErrEmbedder, err)
	}
	// What reads well but is written otherwise, such as +8192, shows here.
	if !ok || checked.identity() != id {
		return Config{}, fmt.Errorf("%w: preprocessing: expected the form %s, found %s: it is of another version, or edited",
			centroids.ErrEmbedder, `prefix="…";max-tokens=…/`+tokens.Encoding+`;dimensions=yes or no;l2`, strconv.Quote(id.Preprocessing))
	}
	return c, nil
}

// parse reads a preprocessing, leniently.
func parse(s string) (Config, bool) {
	s, ok := strings.CutPrefix(s, prefixPart)
	quoted, err := strconv.QuotedPrefix(s)
	if !ok || err != nil {
		return Config{}, false
	}
	prefix, err := strconv.Unquote(quoted)
	if err != nil {
		return Config{}, false
	}
	s, _ = strings.CutPrefix(s[len(quoted):], tokensPart)
	limit, s, _ := strings.Cut(s, dimensionsPart)
	n, err := strconv.Atoi(limit)
	return Config{Prefix: prefix, MaxTokensPerText: n, RequestDims: s == "yes"+lastPart}, err == nil
}
