package centroids_test

import (
	"errors"
	"math"
	"testing"

	"github.com/routeproof/routeproof/centroids"
)

func TestAcceptsTakes(t *testing.T) {
	near := func(tier int, scores ...float64) centroids.Decision {
		return centroids.Decision{Nearest: tier, Scores: scores, Margin: 0.25}
	}
	for name, c := range map[string]struct {
		a           centroids.Accepts
		d           centroids.Decision
		truth       int
		taken, loss bool
	}{
		"margin reached":      {centroids.Accepts{Of: "margin", From: 0.25, Loss: "wrong"}, near(1, 0, 0.5), 1, true, false},
		"margin missed":       {centroids.Accepts{Of: "margin", From: 0.26, Loss: "wrong"}, near(1, 0, 0.5), 1, false, false},
		"score reached":       {centroids.Accepts{Of: "score", From: 0.5, Loss: "wrong"}, near(1, 0, 0.5), 0, true, true},
		"score missed":        {centroids.Accepts{Of: "score", From: 0.6, Loss: "wrong"}, near(1, 0, 0.5), 1, false, false},
		"too high is no loss": {centroids.Accepts{Of: "margin", Loss: "under"}, near(1, 0, 0.5), 0, true, false},
		"too low is one":      {centroids.Accepts{Of: "margin", Loss: "under"}, near(0, 0, 0.5), 1, true, true},
		"its tier":            {centroids.Accepts{Tier: "MEDIUM", Of: "margin", Loss: "wrong"}, near(1, 0, 0.5), 1, true, false},
		"another tier":        {centroids.Accepts{Tier: "MEDIUM", Of: "margin", Loss: "wrong"}, near(0, 0.5, 0), 0, false, false},
		"no vector":           {centroids.Accepts{Of: "margin", From: -1, Loss: "wrong"}, centroids.Decision{Nearest: -1, Margin: math.NaN()}, 0, false, false},
	} {
		if taken, loss := c.a.Takes(c.d, centroids.DefaultTiers(), c.truth); taken != c.taken || taken && loss != c.loss {
			t.Errorf("%s: taken %t, loss %t, expected %t and %t", name, taken, loss, c.taken, c.loss)
		}
	}
}

func TestAcceptsInTheManifest(t *testing.T) {
	plain := toyArtifact(t, toyEmbedder{dims: 16})
	for name, c := range map[string]struct {
		a    centroids.Accepts
		want error
	}{
		"good":         {centroids.Accepts{Tier: "MEDIUM", Of: centroids.AcceptsScore, From: 0.5, Loss: centroids.LossUnder}, nil},
		"any tier":     {centroids.Accepts{Of: centroids.AcceptsMargin, Loss: centroids.LossWrong}, nil},
		"no such tier": {centroids.Accepts{Tier: "HUGE", Of: centroids.AcceptsMargin, Loss: centroids.LossWrong}, centroids.ErrManifest},
		"no such loss": {centroids.Accepts{Of: centroids.AcceptsMargin, Loss: "over"}, centroids.ErrManifest},
		"of nothing":   {centroids.Accepts{Loss: centroids.LossWrong}, centroids.ErrManifest},
	} {
		m := plain.Manifest()
		m.Certificates = []centroids.Certificate{{Claim: "c", Method: "m", Alpha: 0.1, Delta: 0.05, N: 10, Accepts: &c.a}}
		a, err := plain.WithManifest(m)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, expected %v", name, err, c.want)
		}
		if err == nil {
			again, err := read(encode(t, a))
			if err != nil || *again.Manifest().Certificates[0].Accepts != c.a {
				t.Errorf("%s: %v, %+v", name, err, again)
			}
		}
	}
}
