package gate

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/eval"
)

// ProvenanceKey is the key, among those of a Parquet file of predictions, of
// their [Provenance] as JSON.
const ProvenanceKey = "routeproof.predictions"

const provenanceSchema = "routeproof.predictions/1"

// Provenance is what predictions were made from, so that sides that cannot be
// compared are not, and costs are known wherever the file lies.
type Provenance struct {
	Schema string   `json:"schema"`
	Data   string   `json:"data"` // name of the prompts
	Tiers  []string `json:"tiers"`
	Hashes Hashes   `json:"hashes"`
	Models []Price  `json:"models"` // of the tiers, in their order

	// Blessed is when and why these predictions became a baseline, and those
	// before them, the latest last.
	Blessed []Blessing `json:"blessed,omitempty"`
}

// A Price is the model of a tier, what it costs, in USD per million tokens, and
// what is paid for besides the prompt.
type Price struct {
	Model          string   `json:"model"`
	InputPerM      *float64 `json:"input_per_m"` // null where unknown
	OutputPerM     *float64 `json:"output_per_m"`
	SystemTokens   int      `json:"system_tokens"`
	ExpectedOutput float64  `json:"expected_output_tokens"`
}

// A Blessing is a deliberate move of a baseline.
type Blessing struct {
	When      time.Time `json:"when"`
	Why       string    `json:"why"`
	Candidate string    `json:"candidate"`          // name of what became the baseline
	Verdict   Outcome   `json:"verdict,omitempty"`  // of it against the baseline before; empty where there was none
	Replaced  string    `json:"replaced,omitempty"` // SHA-256 of that baseline's file
}

// NewProvenance returns what is known of predictions. Its hash of prices is that
// of the models and their prices, whatever else is paid for.
func NewProvenance(data string, tiers centroids.Tiers, hashes Hashes, costs eval.Costs) Provenance {
	p := Provenance{Schema: provenanceSchema, Data: data, Tiers: tiers.Names(), Hashes: hashes, Models: []Price{}}
	for _, m := range costs.Tiers {
		p.Models = append(p.Models, Price{m.Model, m.InputPerM, m.OutputPerM, m.SystemTokens, m.ExpectedOutput})
	}
	type price struct {
		Model         string
		Input, Output *float64
	}
	prices := make([]price, len(p.Models))
	for i, m := range p.Models {
		prices[i] = price{m.Model, m.InputPerM, m.OutputPerM}
	}
	text, err := json.Marshal(prices)
	if err != nil {
		panic("gate: prices are no JSON: " + err.Error())
	}
	sum := sha256.Sum256(text)
	p.Hashes.Prices = hex.EncodeToString(sum[:])
	return p
}

// ParseProvenance reads what Provenance.JSON wrote.
func ParseProvenance(text string) (Provenance, error) {
	var version struct{ Schema string }
	if err := json.Unmarshal([]byte(text), &version); err != nil {
		return Provenance{}, fmt.Errorf("metadata %s: %w", ProvenanceKey, err)
	}
	if version.Schema != provenanceSchema {
		return Provenance{}, fmt.Errorf("metadata %s: expected schema %q, found %q: it was written by another version of routeproof", ProvenanceKey, provenanceSchema, version.Schema)
	}
	var p Provenance
	dec := json.NewDecoder(bytes.NewReader([]byte(text)))
	dec.DisallowUnknownFields()
	err := dec.Decode(&p)
	if err == nil {
		if _, end := dec.Token(); !errors.Is(end, io.EOF) {
			err = errors.New("more than one JSON value")
		}
	}
	if err == nil {
		_, err = centroids.NewTiers(p.Tiers...)
	}
	if err == nil && len(p.Models) != len(p.Tiers) {
		err = fmt.Errorf("expected a model for each of %d tiers, found %d", len(p.Tiers), len(p.Models))
	}
	for i, m := range p.Models {
		for _, v := range []*float64{m.InputPerM, m.OutputPerM, &m.ExpectedOutput} {
			if v != nil && !(*v >= 0 && *v <= math.MaxFloat32) && err == nil {
				err = fmt.Errorf("model %d: expected prices and lengths of at least 0, found %g", i+1, *v)
			}
		}
		if m.SystemTokens < 0 && err == nil {
			err = fmt.Errorf("model %d: expected at least 0 system tokens, found %d", i+1, m.SystemTokens)
		}
	}
	if err != nil {
		return Provenance{}, fmt.Errorf("metadata %s: %w", ProvenanceKey, err)
	}
	return p, nil
}

// JSON is the text that is stored.
func (p Provenance) JSON() string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(p); err != nil {
		panic("gate: provenance is no JSON: " + err.Error())
	}
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}

// Costs returns the models as what requests are priced with.
func (p Provenance) Costs() eval.Costs {
	costs := eval.Costs{OutputScale: 1}
	for i, m := range p.Models {
		costs.Tiers = append(costs.Tiers, eval.TierModel{
			Tier: p.Tiers[i], Model: m.Model, InputPerM: m.InputPerM, OutputPerM: m.OutputPerM, SystemTokens: m.SystemTokens, ExpectedOutput: m.ExpectedOutput,
		})
	}
	return costs
}
