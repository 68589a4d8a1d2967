package pipeline

import (
	"fmt"
	"time"

	"github.com/routeproof/routeproof/eval/logs"
)

// LogsConfig says how a router's request log is read, and what must not be in it.
type LogsConfig struct {
	Fields          map[string]string `yaml:"fields"`
	Tiers           map[string]string `yaml:"tiers"`
	Unique          bool              `yaml:"unique"`
	ClassifierUSD   *float64          `yaml:"classifier_cost_usd"`
	SupportFeatures []string          `yaml:"support_features"`
	FirstTierShare  float64           `yaml:"first_tier_share"`
	MaxUnknown      float64           `yaml:"max_unknown"`
	FailIf          []string          `yaml:"fail_if"`
	Inconclusive    string            `yaml:"inconclusive"`
}

func (l LogsConfig) check(c *Config) error {
	if l.ClassifierUSD != nil && !(*l.ClassifierUSD >= 0 && *l.ClassifierUSD <= 1e6) {
		return fmt.Errorf("classifier_cost_usd: expected 0 or more, or null where it is unknown, found %g", *l.ClassifierUSD)
	}
	if !(l.FirstTierShare >= 0 && l.FirstTierShare <= 1) || !(l.MaxUnknown >= 0 && l.MaxUnknown <= 1) {
		return fmt.Errorf("first_tier_share and max_unknown: expected 0 to 1, found %g and %g", l.FirstTierShare, l.MaxUnknown)
	}
	if err := checkInconclusive(l.Inconclusive); err != nil {
		return err
	}
	if _, err := c.LogRules(); err != nil {
		return fmt.Errorf("fail_if: %w", err)
	}
	settings, err := c.LogSettings()
	if err != nil {
		return err
	}
	return settings.Check()
}

// LogSettings returns how a log is read, but for what a command adds: an
// artifact, bounds of time, further prices. A model that serves two tiers does
// not tell the tier.
func (c Config) LogSettings() (logs.Settings, error) {
	tiers, err := c.tierList()
	if err != nil {
		return logs.Settings{}, err
	}
	s := logs.Settings{Unique: c.Logs.Unique, Tiers: tiers, Fields: c.Logs.Fields, Aliases: c.Logs.Tiers, Models: map[string]string{}, Prices: map[string]logs.Price{}, Now: time.Now()}
	serves := map[string]int{}
	for _, t := range c.Tiers {
		serves[t.Model]++
	}
	for i, t := range c.Tiers {
		if t.Model == "" {
			continue
		}
		if serves[t.Model] == 1 {
			s.Models[t.Model] = t.Name
		}
		if t.InputPerM != nil && t.OutputPerM != nil {
			price := logs.Price{InputPerM: *t.InputPerM, OutputPerM: *t.OutputPerM}
			s.Prices[t.Model] = price
			if i == len(c.Tiers)-1 {
				s.Dearest = &price
			}
		}
	}
	return s, nil
}

// LogAssumptions returns what a log does not tell.
func (c Config) LogAssumptions() logs.Assumptions {
	return logs.Assumptions{
		ClassifierUSD: c.Logs.ClassifierUSD, FixedUSDPerDay: c.FixedCost,
		FirstTierShare: c.Logs.FirstTierShare, SupportFeatures: c.Logs.SupportFeatures,
	}
}

// LogRules returns the conditions that must not hold, with further ones behind.
func (c Config) LogRules(more ...string) ([]logs.Rule, error) {
	var out []logs.Rule
	for _, text := range append(append([]string{}, c.Logs.FailIf...), more...) {
		r, err := logs.ParseRule(text, c.TierNames())
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}
