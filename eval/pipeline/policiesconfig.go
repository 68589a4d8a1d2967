package pipeline

import (
	"fmt"
	"slices"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/centroids/embedder/remote"
	"github.com/routeproof/routeproof/eval/policy"
)

// PoliciesConfig says how requests are served in simulations.
type PoliciesConfig struct {
	Checks    ChecksConfig    `yaml:"checks" json:"checks"`
	Agreement AgreementConfig `yaml:"agreement" json:"agreement"`
}

// ChecksConfig says when a cascade does not take an answer.
type ChecksConfig struct {
	MinChars      int      `yaml:"min_chars" json:"min_chars"`
	Phrases       []string `yaml:"phrases" json:"phrases"`
	RequireJSON   bool     `yaml:"require_json" json:"require_json"`
	UnwrapFences  bool     `yaml:"unwrap_fences" json:"unwrap_fences"`
	OwnSchemas    bool     `yaml:"own_schemas" json:"own_schemas"`
	Pattern       string   `yaml:"pattern" json:"pattern"`
	MinConfidence float64  `yaml:"min_confidence" json:"min_confidence"`
	TimeoutMS     float64  `yaml:"timeout_ms" json:"timeout_ms"`
}

// Policy returns the checks as the policies have them.
func (c ChecksConfig) Policy() policy.ChecksConfig {
	return policy.ChecksConfig{
		TimeoutMS: c.TimeoutMS, MinChars: c.MinChars, Phrases: c.Phrases, JSON: c.RequireJSON,
		UnwrapFences: c.UnwrapFences, OwnSchemas: c.OwnSchemas, Pattern: c.Pattern, MinConfidence: c.MinConfidence,
	}
}

// Ways in which two answers agree.
const (
	ByAnswer = "answer" // the same final answer
	ByCosine = "cosine" // of the responses' vectors
)

// AgreementConfig says when two answers agree.
type AgreementConfig struct {
	By        string   `yaml:"by" json:"by"`
	Answer    string   `yaml:"answer" json:"answer"`
	Threshold *float64 `yaml:"threshold" json:"threshold"` // nil: 1, or .92 of a cosine
}

// SimilarityFrom returns the similarity from which two answers agree.
func (c AgreementConfig) SimilarityFrom() float64 {
	switch {
	case c.Threshold != nil:
		return *c.Threshold
	case c.By == ByCosine:
		return 0.92
	}
	return 1
}

func (c PoliciesConfig) check() error {
	if _, err := policy.NewChecks(c.Checks.Policy()); err != nil {
		return fmt.Errorf("checks: %w", err)
	}
	if !slices.Contains([]string{ByAnswer, ByCosine}, c.Agreement.By) {
		return fmt.Errorf("agreement, by: expected %s or %s, found %q", ByAnswer, ByCosine, c.Agreement.By)
	}
	if _, err := policy.ParseAnswer(c.Agreement.Answer); err != nil {
		return fmt.Errorf("agreement: %w", err)
	}
	if t := c.Agreement.SimilarityFrom(); !(t >= -1 && t <= 1) {
		return fmt.Errorf("agreement, threshold: expected -1 to 1, found %g", t)
	}
	return nil
}

// NewAgreement returns the agreement of a configuration. Embedders of recorded
// vectors know no responses.
func NewAgreement(c AgreementConfig, e centroids.Embedder) (policy.Agreement, error) {
	if c.By == ByCosine {
		if _, recorded := e.(centroids.Lookup); recorded {
			return nil, configErrorf("policies, agreement, by: a cosine needs an embedder that can embed responses, which recorded vectors cannot: take %s", ByAnswer)
		}
		return policy.Cosine{Embedder: e, Remote: e.Identity().Kind == remote.Kind}, nil
	}
	answer, err := policy.ParseAnswer(c.Answer)
	return policy.SameAnswer{Answer: answer}, err
}
