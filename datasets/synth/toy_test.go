package synth

import (
	"math"
	"testing"
)

// newGenerator returns the generator of the default configuration with edits.
func newGenerator(tb testing.TB, edit func(*Config)) *Generator {
	tb.Helper()
	c := Default()
	c.Seed = 1
	if edit != nil {
		edit(&c)
	}
	g, err := New(c)
	if err != nil {
		tb.Fatal(err)
	}
	return g
}

// A tally counts how often something happened.
type tally struct{ hits, n int }

func (c *tally) add(hit bool) {
	if c.n++; hit {
		c.hits++
	}
}

// check compares with a probability, within four standard errors of a binomial
// share. Counts must be of independent draws.
func (c *tally) check(t *testing.T, what string, p float64) {
	t.Helper()
	got := float64(c.hits) / float64(c.n)
	if bound := 4*math.Sqrt(p*(1-p)/float64(c.n)) + 1e-12; c.n == 0 || math.Abs(got-p) > bound {
		t.Errorf("%s: %.4f of %d, expected %.4f ± %.4f", what, got, c.n, p, bound)
	}
}

// alone takes out near-duplicates, so that prompts are independent.
func alone(c *Config) { c.NearDuplicates = 0 }
