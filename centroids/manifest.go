package centroids

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
)

// FormatVersion is the highest version of the artifact format, which this package
// reads all of. Artifacts that score by centroids are of version 1, those with a
// head of version 2.
const FormatVersion = 2

func formatOf(scorer string) int {
	if scorer == ScorerCentroid {
		return 1
	}
	return 2
}

// Bounds that keep a hostile manifest from costing memory.
const (
	maxDims       = 1 << 16
	maxCanaries   = 64
	maxCanaryText = 1 << 16
)

// DefaultTolerance is how far a canary's score may drift, in cosine. It lets
// the float noise of remote models pass and nothing else.
const DefaultTolerance = 1e-3

// A Manifest is all an artifact says besides its vectors. Arrays over tiers
// and objects keyed by tier follow Tiers. Pointers are nil where a figure is
// not known.
type Manifest struct {
	Format   int      `json:"format"`
	Tiers    []string `json:"tiers"` // cheapest first
	Embedder Identity `json:"embedder"`
	Scorer   string   `json:"scorer"`

	Neighbours int `json:"neighbours,omitempty"` // asked by the scorer "nearest"

	// A text is accepted where the score of its nearest tier is at least
	// that tier's threshold and stands at least Margin above the second;
	// otherwise it goes to the Fallback tier. A threshold of -1 and a margin
	// of 0 accept everything.
	Thresholds map[string]float64 `json:"thresholds"`
	Margin     float64            `json:"margin"`
	Fallback   string             `json:"fallback"`

	// InverseTemperature is β in p = softmax(β·scores), of a logistic head in
	// softmax(β·(W·x + b)), from 0 to 500; nil where there was nothing to fit it on.
	InverseTemperature *float64      `json:"inverse_temperature"`
	Certificates       []Certificate `json:"certificates"`

	Dataset  Dataset   `json:"dataset"`
	Fitted   Fitted    `json:"fitted"`
	Measured *Measured `json:"measured"`
	Drift    *Drift    `json:"drift"`

	Canaries  []Canary `json:"canaries"`
	Tolerance float64  `json:"canary_tolerance"`

	// SHA256 covers the tensor bytes followed by the manifest's own text
	// with this field's digits, the last of the text, left out. [New] sets it.
	SHA256 string `json:"sha256"`
}

// A Certificate says that a risk is at most Alpha with probability at least
// 1-Delta, and on what that was proven.
type Certificate struct {
	Claim  string  `json:"claim"`  // what is bounded, in words
	Method string  `json:"method"` // the test behind it
	Alpha  float64 `json:"alpha"`
	Delta  float64 `json:"delta"`
	N      int     `json:"n"`      // prompts it was proven on
	Errors int     `json:"errors"` // losses seen among them
	Split  string  `json:"split"`  // SHA-256 of those prompts' ids

	// Accepts says which of the artifact's own decisions the claim is about; nil
	// where it is about something else, which new data cannot be held to here.
	Accepts *Accepts `json:"accepts,omitempty"`
}

// Accepts is a set of decisions and what counts against them.
type Accepts struct {
	Tier string  `json:"tier,omitempty"` // those for this tier; empty: for any
	Of   string  `json:"of"`             // what From is about: AcceptsMargin or AcceptsScore
	From float64 `json:"from"`
	Loss string  `json:"loss"` // LossWrong or LossUnder
}

// Values of Accepts.
const (
	AcceptsMargin = "margin" // between the two highest scores
	AcceptsScore  = "score"  // the highest
	LossWrong     = "wrong"  // the decision names another tier than the true one
	LossUnder     = "under"  // a lower one
)

// Takes tells whether a decision is among them, and whether it is a loss where
// truth is the true tier, an index like those of tiers. A text without a vector
// is not among them.
func (a Accepts) Takes(d Decision, tiers Tiers, truth int) (taken, loss bool) {
	if d.Nearest < 0 || a.Tier != "" && tiers.Name(d.Nearest) != a.Tier {
		return false, false
	}
	value := d.Margin
	if a.Of == AcceptsScore {
		value = d.Scores[d.Nearest]
	}
	return value >= a.From, d.Nearest < truth || a.Loss == LossWrong && d.Nearest != truth
}

// Dataset says what the artifact was built from.
type Dataset struct {
	SHA256     string                    `json:"sha256"` // content hash, whatever the row order
	SplitSHA   string                    `json:"split_sha256"`
	Salt       string                    `json:"salt"`
	Shares     [4]float64                `json:"shares"` // of train, tune, calibrate, test
	Prompts    int                       `json:"prompts"`
	Unlabelled int                       `json:"unlabelled"`
	Counts     map[string]map[string]int `json:"counts"` // split → tier → prompts
}

// Fitted recognises texts that the artifact was fitted on, train and tune, so
// that it is not scored on them later.
type Fitted struct {
	Texts int `json:"texts"` // distinct ones
	// Sketch holds the smallest of their 64-bit hashes, ascending, in hex. If
	// there are as many as Texts it is complete.
	Sketch []string `json:"sketch"`
}

// Measured is the accuracy of the artifact's own decisions, what it refuses sent to
// the fallback tier, on prompts that it was not fitted on.
type Measured struct {
	Split     string     `json:"split"`
	N         int        `json:"n"`
	Accuracy  float64    `json:"accuracy"`
	Interval  [2]float64 `json:"accuracy_interval_95"` // Wilson
	MacroF1   float64    `json:"macro_f1"`
	ECE       *float64   `json:"ece"`       // nil without probabilities
	Confusion [][]int    `json:"confusion"` // [truth][predicted]
}

// Drift is what new traffic is compared with: how the calibrate split looked.
type Drift struct {
	Split string         `json:"split"`
	N     int            `json:"n"` // prompts that have a vector
	Low   float64        `json:"low"`
	High  float64        `json:"high"`
	Bins  []int          `json:"bins"` // counts of the top score in equal bins over [Low, High]
	Mix   map[string]int `json:"mix"`  // nearest tier → prompts
}

// A Canary is a text and its cosine to each tier's centroid, in tier order,
// whatever the scorer: what it looks for is a change of the embedder.
type Canary struct {
	Text   string    `json:"text"`
	Scores []float64 `json:"scores"`
}

// parseManifest decodes the text strictly: an unknown field may change what
// the others mean, so it is an error.
func parseManifest(text string) (Manifest, error) {
	var version struct {
		Format *int `json:"format"`
	}
	if err := json.Unmarshal([]byte(text), &version); err != nil {
		return Manifest{}, fmt.Errorf("%w: %w", ErrManifest, err)
	}
	switch {
	case version.Format == nil || *version.Format < 1:
		return Manifest{}, fmt.Errorf("%w: format: expected a version from 1 to %d", ErrManifest, FormatVersion)
	case *version.Format > FormatVersion:
		return Manifest{}, fmt.Errorf("%w: this program reads up to %d, found %d: update it", ErrVersion, FormatVersion, *version.Format)
	}
	var m Manifest
	dec := json.NewDecoder(bytes.NewReader([]byte(text)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&m); err != nil {
		return Manifest{}, fmt.Errorf("%w: %w", ErrManifest, err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return Manifest{}, fmt.Errorf("%w: more than one JSON value", ErrManifest)
	}
	return m, nil
}

// check holds a manifest to its own rules.
func (m *Manifest) check() (Tiers, error) {
	fail := func(format string, args ...any) (Tiers, error) {
		return Tiers{}, fmt.Errorf("%w: %s", ErrManifest, fmt.Sprintf(format, args...))
	}
	tiers, err := NewTiers(m.Tiers...)
	if err != nil {
		return fail("%v", err)
	}
	switch {
	case m.Scorer != ScorerCentroid && m.Scorer != ScorerLogistic && m.Scorer != ScorerNearest:
		return fail("scorer: expected %q, %q or %q, found %q", ScorerCentroid, ScorerLogistic, ScorerNearest, m.Scorer)
	case m.Format != formatOf(m.Scorer):
		return fail("format: expected %d with scorer %q, found %d", formatOf(m.Scorer), m.Scorer, m.Format)
	case m.Scorer != ScorerNearest && m.Neighbours != 0:
		return fail("neighbours: expected none with scorer %q, found %d", m.Scorer, m.Neighbours)
	case !(m.Margin >= 0 && m.Margin <= 2):
		return fail("margin: expected 0 to 2, found %g", m.Margin)
	case !(m.Tolerance > 0 && m.Tolerance <= 2):
		return fail("canary_tolerance: expected over 0 and up to 2, found %g", m.Tolerance)
	case len(m.Canaries) == 0 || len(m.Canaries) > maxCanaries:
		return fail("canaries: expected 1 to %d, found %d", maxCanaries, len(m.Canaries))
	}
	if err := m.Embedder.Valid(); err != nil {
		return fail("embedder: %v", err)
	}
	// What people will see on a terminal must not control it.
	shown := []string{m.Dataset.SHA256, m.Dataset.SplitSHA, m.Dataset.Salt}
	if m.Measured != nil {
		shown = append(shown, m.Measured.Split)
	}
	for _, s := range shown {
		if !printable(s) {
			return fail("%q has a character that cannot be printed", s)
		}
	}
	if _, ok := tiers.Index(m.Fallback); !ok {
		return fail("fallback: expected one of %q, found %q", m.Tiers, m.Fallback)
	}
	if beta := m.InverseTemperature; beta != nil && !(*beta >= 0 && *beta <= 500) {
		return fail("inverse_temperature: expected 0 to 500, found %g", *beta)
	}
	if len(m.Thresholds) != tiers.Len() {
		return fail("thresholds: expected one for each of %q, found %d", m.Tiers, len(m.Thresholds))
	}
	for _, name := range slices.Sorted(maps.Keys(m.Thresholds)) {
		if _, ok := tiers.Index(name); !ok || math.IsNaN(m.Thresholds[name]) {
			return fail("thresholds: %q is not one of %q", name, m.Tiers)
		}
	}
	for i, c := range m.Certificates {
		a := c.Accepts
		if a == nil {
			continue
		}
		_, ok := tiers.Index(a.Tier)
		if !(ok || a.Tier == "") || a.Of != AcceptsMargin && a.Of != AcceptsScore || a.Loss != LossWrong && a.Loss != LossUnder || math.IsNaN(a.From) {
			return fail("certificates: number %d accepts %+v: expected a tier of %q or none, %s or %s, and %s or %s", i+1, *a, m.Tiers, AcceptsMargin, AcceptsScore, LossWrong, LossUnder)
		}
	}
	for i, c := range m.Canaries {
		if len(c.Text) > maxCanaryText {
			return fail("canaries: number %d has %d bytes, at most %d are allowed", i+1, len(c.Text), maxCanaryText)
		}
		if len(c.Scores) != tiers.Len() {
			return fail("canaries: number %d has %d scores for %d tiers", i+1, len(c.Scores), tiers.Len())
		}
		for _, s := range c.Scores {
			if !(s >= -1 && s <= 1) {
				return fail("canaries: number %d has score %g outside -1 to 1", i+1, s)
			}
		}
	}
	return tiers, nil
}

// AcceptAll returns thresholds that accept every text.
func AcceptAll(tiers Tiers) map[string]float64 {
	m := make(map[string]float64, tiers.Len())
	for _, name := range tiers.names {
		m[name] = -1
	}
	return m
}
