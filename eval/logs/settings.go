package logs

import (
	"fmt"
	"hash/maphash"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/internal/wording"
)

// A Price is in USD per million tokens.
type Price struct{ InputPerM, OutputPerM float64 }

// usd returns what a call costs.
func (p Price) usd(input, output int32) float64 {
	return (float64(input)*p.InputPerM + float64(output)*p.OutputPerM) / 1e6
}

// Settings say how a log is read. Now and Tiers are needed, all else may be left
// out.
type Settings struct {
	Tiers   centroids.Tiers
	Fields  Fields
	Aliases map[string]string // a tier's name in the log, or its number as text → the tier's name
	Models  map[string]string // a model → its tier, for lines that name the one alone
	Prices  map[string]Price  // by model, for lines without a cost

	// Dearest is the price of the last tier's model, against which saving is
	// counted; nil: unknown.
	Dearest *Price

	// Now is when the log is read. Times over an hour later, or over [MaxDays] days
	// before, are not believed.
	Now time.Time

	// Since and Until bound the records that count, the later one excluded; zero:
	// they do not. With either, records without a time do not count.
	Since, Until time.Time

	// Unique counts each request id once: the first line that has it.
	Unique bool

	// Reference is the artifact that [Summary.Drift] compares with; nil: none.
	Reference *centroids.Manifest

	// Classify scores the text of a request by that artifact; nil where that cannot
	// be done here. Then logged scores are taken. It is called from one goroutine.
	Classify func(text string) (centroids.Decision, error)

	// Progress is told now and then how many bytes were read; nil: nobody is.
	Progress func(bytes int64)
}

// reader is settings made ready.
type reader struct {
	Settings
	root   *node
	tiers  map[string]int8
	models map[string]int8
	oldest int64 // believable time
	last   int64 // the latest one
	seed   maphash.Seed
}

const clockSkew = time.Hour

// Check returns an error unless the settings can be used.
func (s Settings) Check() error {
	_, err := s.ready()
	return err
}

func (s Settings) ready() (*reader, error) {
	r := &reader{Settings: s, tiers: map[string]int8{}, models: map[string]int8{}, oldest: s.Now.AddDate(0, 0, -MaxDays).Unix(), last: s.Now.Add(clockSkew).Unix(), seed: maphash.MakeSeed()}
	if s.Tiers.Len() == 0 {
		return nil, fmt.Errorf("tiers: expected some, found none")
	}
	var err error
	if r.root, err = s.Fields.tree(); err != nil {
		return nil, fmt.Errorf("fields: %w", err)
	}
	names := s.Tiers.Names()
	index := func(what, name string) (int8, error) {
		k, ok := s.Tiers.Index(name)
		if !ok {
			return 0, fmt.Errorf("%s: expected one of %s, found %s%s", what, wording.List(names), wording.Quote(name), wording.DidYouMean(name, names))
		}
		return int8(k), nil
	}
	for k, name := range names {
		r.tiers[name] = int8(k)
	}
	for _, alias := range slices.Sorted(maps.Keys(s.Aliases)) {
		k, err := index("tiers: "+wording.Quote(alias), s.Aliases[alias])
		if err != nil {
			return nil, err
		}
		if own, is := r.tiers[alias]; is && own != k {
			return nil, fmt.Errorf("tiers: %s is a tier's own name, and cannot mean %s", wording.Quote(alias), wording.Quote(s.Aliases[alias]))
		}
		r.tiers[alias] = k
	}
	for _, model := range slices.Sorted(maps.Keys(s.Models)) {
		k, err := index("models: "+wording.Quote(model), s.Models[model])
		if err != nil {
			return nil, err
		}
		r.models[model] = k
	}
	for _, model := range slices.Sorted(maps.Keys(s.Prices)) {
		if err := s.Prices[model].check(); err != nil {
			return nil, fmt.Errorf("price of %s: %w", wording.Quote(model), err)
		}
	}
	if s.Dearest != nil {
		if err := s.Dearest.check(); err != nil {
			return nil, fmt.Errorf("price of the last tier: %w", err)
		}
	}
	return r, nil
}

func (p Price) check() error {
	for _, usd := range []float64{p.InputPerM, p.OutputPerM} {
		if !(usd >= 0 && usd <= maxUSD) || math.IsInf(usd, 0) {
			return fmt.Errorf("expected 0 to %g USD per million tokens, found %g", float64(maxUSD), usd)
		}
	}
	return nil
}
