package centroids

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// manifestKey is the metadata entry that holds the manifest.
const manifestKey = "routeproof"

// An Artifact is a set of tier centroids and what belongs to them. It is
// immutable and safe for concurrent use. The zero value is not usable: make
// one with [New] or [Load].
type Artifact struct {
	manifest   Manifest
	text       string // the manifest as stored
	tiers      Tiers
	fallback   int
	thresholds []float64 // by tier
	vectors    [][]float32
	head       Head
}

// New is [NewScored] without a head.
func New(manifest Manifest, vectors [][]float32) (*Artifact, error) {
	return NewScored(manifest, vectors, Head{})
}

// NewScored checks manifest, vectors, one unit vector a tier in the order of
// manifest.Tiers, and head, and returns their artifact. Format, Scorer,
// Neighbours and SHA256 of the manifest are set here.
func NewScored(manifest Manifest, vectors [][]float32, head Head) (*Artifact, error) {
	manifest.Scorer = head.scorer()
	manifest.Format = formatOf(manifest.Scorer)
	manifest.Neighbours = 0
	if head.Nearest != nil {
		manifest.Neighbours = head.Nearest.Neighbours
	}
	if manifest.Certificates == nil {
		manifest.Certificates = []Certificate{}
	}
	manifest.SHA256 = ""
	blank, err := canonicalJSON(manifest)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrManifest, err)
	}
	manifest.SHA256 = digest(vectors, head.tensors(manifest.Embedder.Dims), blank)
	text, err := canonicalJSON(manifest)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrManifest, err)
	}
	// Decoding the text again keeps the artifact apart from the caller's
	// maps, and makes it what a reader of the file would get.
	return assemble(string(text), vectors, head)
}

// assemble is the one way into an Artifact: everything that holds for it is
// checked here, for files and for new ones alike.
func assemble(text string, vectors [][]float32, head Head) (*Artifact, error) {
	manifest, err := parseManifest(text)
	if err != nil {
		return nil, err
	}
	before, ok := strings.CutSuffix(text, `"sha256":"`+manifest.SHA256+`"}`)
	if !ok || len(manifest.SHA256) != 2*sha256.Size {
		return nil, fmt.Errorf("%w: expected it to end in a sha256 field of %d digits", ErrManifest, 2*sha256.Size)
	}
	blank := before + `"sha256":""}`
	if got := digest(vectors, head.tensors(manifest.Embedder.Dims), []byte(blank)); got != manifest.SHA256 {
		return nil, fmt.Errorf("%w: expected %s, found %s", ErrChecksum, manifest.SHA256, got)
	}
	// A second key of a name, or one in other case, would be read differently
	// by other readers of the same text.
	if canonical, err := canonicalJSON(manifest); err != nil || string(canonical) != text {
		return nil, fmt.Errorf("%w: it is not in canonical form", ErrManifest)
	}
	tiers, err := manifest.check()
	if err != nil {
		return nil, err
	}
	if len(vectors) != tiers.Len() {
		return nil, fmt.Errorf("%w: expected %d vectors, found %d", ErrTiers, tiers.Len(), len(vectors))
	}
	if err := head.check(tiers, manifest.Embedder.Dims); err != nil {
		return nil, err
	}
	a := &Artifact{manifest: manifest, text: text, tiers: tiers, vectors: make([][]float32, len(vectors)), head: head.clone()}
	a.fallback, _ = tiers.Index(manifest.Fallback)
	for k, v := range vectors {
		if len(v) != manifest.Embedder.Dims {
			return nil, fmt.Errorf("%w: tier %s: expected %d, found %d", ErrDims, tiers.Name(k), manifest.Embedder.Dims, len(v))
		}
		if n := norm(v); !(math.Abs(n-1) <= unitTolerance) {
			return nil, fmt.Errorf("%w: tier %s has norm %g", ErrVector, tiers.Name(k), n)
		}
		a.vectors[k] = slices.Clone(v)
		a.thresholds = append(a.thresholds, manifest.Thresholds[tiers.Name(k)])
	}
	return a, nil
}

// digest hashes the tensor bytes followed by the manifest without its hash.
func digest(vectors [][]float32, others []tensor, blank []byte) string {
	h := sha256.New()
	for _, v := range vectors {
		h.Write(appendData(nil, []tensor{{data: v}}))
	}
	for _, t := range others {
		h.Write(appendData(nil, []tensor{t}))
	}
	h.Write(blank)
	return hex.EncodeToString(h.Sum(nil))
}

// Manifest returns what the artifact says of itself. The caller may change
// the copy.
func (a *Artifact) Manifest() Manifest {
	m, err := parseManifest(a.text)
	if err != nil {
		panic("centroids: manifest of a checked artifact does not parse: " + err.Error())
	}
	return m
}

// Tiers returns the tiers, cheapest first.
func (a *Artifact) Tiers() Tiers { return a.tiers }

// Vector returns a copy of a tier's centroid, shape [D], unit norm.
func (a *Artifact) Vector(tier int) []float32 { return slices.Clone(a.vectors[tier]) }

// Head returns a copy of what scores vectors otherwise than by centroids; the
// zero value where nothing does.
func (a *Artifact) Head() Head { return a.head.clone() }

// WithManifest returns an artifact with the same vectors, the same head and
// another manifest.
func (a *Artifact) WithManifest(m Manifest) (*Artifact, error) {
	return NewScored(m, a.vectors, a.head)
}

// WriteTo writes the artifact in the safetensors format. The bytes depend on
// the artifact alone.
func (a *Artifact) WriteTo(w io.Writer) (int64, error) {
	tensors := make([]tensor, len(a.vectors))
	for k, v := range a.vectors {
		tensors[k] = tensor{name: a.tiers.Name(k), shape: []int{len(v)}, data: v}
	}
	tensors = append(tensors, a.head.tensors(a.manifest.Embedder.Dims)...)
	encoded, err := encodeSafetensors(map[string]string{manifestKey: a.text}, tensors)
	if err != nil {
		return 0, err
	}
	n, err := w.Write(encoded)
	return int64(n), err
}

// WriteManifest writes the manifest indented, for people and for diffs.
func (a *Artifact) WriteManifest(w io.Writer) error {
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(a.text), "", "  "); err != nil {
		return err
	}
	b.WriteByte('\n')
	_, err := w.Write(b.Bytes())
	return err
}

// Read reads an artifact of the given size. It fails closed: see the errors of
// this package. Memory is a small multiple of size.
func Read(r io.ReaderAt, size int64) (*Artifact, error) {
	metadata, tensors, err := decodeSafetensors(r, size)
	if err != nil {
		return nil, err
	}
	text, ok := metadata[manifestKey]
	if !ok {
		return nil, fmt.Errorf("%w: %s has no entry %q", ErrFormat, metadataKey, manifestKey)
	}
	manifest, err := parseManifest(text)
	if err != nil {
		return nil, err
	}
	// The checksum covers the data but not the header's names, so the names
	// must stand where the manifest's order puts them.
	of := tensors[:min(len(manifest.Tiers), len(tensors))]
	vectors := make([][]float32, len(of))
	for i, t := range of {
		if t.name != manifest.Tiers[i] {
			return nil, fmt.Errorf("%w: expected %q in that order, found %q at place %d", ErrTiers, manifest.Tiers, t.name, i+1)
		}
		if len(t.shape) != 1 {
			return nil, fmt.Errorf("%w: tier %s: expected shape [%d], found %v", ErrDims, t.name, manifest.Embedder.Dims, t.shape)
		}
		vectors[i] = t.data
	}
	head, err := readHead(manifest, tensors[len(of):])
	if err != nil {
		return nil, err
	}
	return assemble(text, vectors, head)
}
