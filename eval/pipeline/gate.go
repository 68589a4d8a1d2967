package pipeline

import (
	"fmt"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval/gate"
	"github.com/routeproof/routeproof/internal/wording"
)

// GateConfig says what check holds a candidate to. Margins of further gates are
// nil where these are off.
type GateConfig struct {
	Classifiers  []string      `yaml:"classifiers"`
	Slices       []SliceConfig `yaml:"slices"`
	Margin       float64       `yaml:"margin"`
	Alpha        float64       `yaml:"alpha"`
	Power        float64       `yaml:"power"`
	MaxErrors    int           `yaml:"max_errors"`
	Inconclusive string        `yaml:"inconclusive"`

	MacroF1      *float64 `yaml:"macro_f1"`
	TierRecall   *float64 `yaml:"tier_recall"`
	UnderRouting *float64 `yaml:"under_routing"`
	Invalid      *float64 `yaml:"invalid"`
	ECE          *float64 `yaml:"ece"`
	Cost         *float64 `yaml:"cost"`
	Certificates bool     `yaml:"certificates"`

	Floors     []FloorConfig `yaml:"floors"`
	Replicates int           `yaml:"replicates"`
}

// SliceConfig names prompts by one of its keys.
type SliceConfig struct {
	Domain string `yaml:"domain"`
	Tier   string `yaml:"tier"`
	Length string `yaml:"length"`
}

// FloorConfig is a bound of a rate, whatever the baseline has.
type FloorConfig struct {
	Metric      string  `yaml:"metric"`
	Value       float64 `yaml:"value"`
	Classifier  string  `yaml:"classifier"`
	SliceConfig `yaml:",inline"`
}

// What an inconclusive check comes to.
const (
	InconclusiveFails = "fail"
	InconclusiveWarns = "warn"
)

func checkInconclusive(way string) error {
	if way == InconclusiveFails || way == InconclusiveWarns {
		return nil
	}
	return fmt.Errorf("inconclusive: expected %s or %s, found %q%s", InconclusiveFails, InconclusiveWarns, way, wording.DidYouMean(way, []string{InconclusiveFails, InconclusiveWarns}))
}

// Rules returns what the configuration says as rules of the gate, whose
// resampling has the configuration's seed.
func (c Config) Rules() (gate.Rules, error) {
	y := c.Gate
	if err := checkInconclusive(y.Inconclusive); err != nil {
		return gate.Rules{}, err
	}
	on := func(v *float64) gate.Margin { return gate.Margin{On: v != nil, Value: datasets.OptionalOf(v)} }
	r := gate.Rules{
		Classifiers: y.Classifiers, Margin: datasets.Known(y.Margin), Alpha: datasets.Known(y.Alpha), Power: datasets.Known(y.Power), MaxErrors: y.MaxErrors,
		MacroF1: on(y.MacroF1), TierRecall: on(y.TierRecall), UnderRouting: on(y.UnderRouting), Invalid: on(y.Invalid), ECE: on(y.ECE), Cost: on(y.Cost),
		Certificates: y.Certificates, Replicates: y.Replicates, Seed: c.Bootstrap.Seed,
	}
	for i, s := range y.Slices {
		slice, err := s.slice()
		if err != nil {
			return r, fmt.Errorf("slices, number %d: %w", i+1, err)
		}
		r.Slices = append(r.Slices, slice)
	}
	for i, f := range y.Floors {
		floor := gate.Floor{Metric: f.Metric, Value: f.Value, Classifier: f.Classifier}
		if f.SliceConfig != (SliceConfig{}) {
			slice, err := f.slice()
			if err != nil {
				return r, fmt.Errorf("floors, number %d: %w", i+1, err)
			}
			floor.Slice = &slice
		}
		r.Floors = append(r.Floors, floor)
	}
	return r, r.Check()
}

func (s SliceConfig) slice() (gate.Slice, error) {
	var found []gate.Slice
	for _, x := range []gate.Slice{{Kind: gate.Domain, Name: s.Domain}, {Kind: gate.Tier, Name: s.Tier}, {Kind: gate.Length, Name: s.Length}} {
		if x.Name != "" {
			found = append(found, x)
		}
	}
	if len(found) != 1 {
		return gate.Slice{}, fmt.Errorf("expected one of domain, tier and length, found %d of them", len(found))
	}
	return found[0], nil
}
