package logs

import "math"

// pico is an amount of money in 1e-12 USD, of at most [maxUSD].
type pico int64

const (
	perUSD = 1_000_000_000_000
	maxUSD = 1e6 // for one request
)

func picoOf(usd float64) pico { return pico(math.Round(usd * perUSD)) }

// A sum adds amounts without rounding, so that it is the same in any order. It
// holds up to 9e18 USD.
type sum struct {
	whole int64 // USD
	rest  pico  // below 1 USD
}

func (s *sum) add(p pico) {
	s.rest += p
	if s.rest >= perUSD {
		s.whole += int64(s.rest / perUSD)
		s.rest %= perUSD
	}
}

func (s *sum) merge(o sum) {
	s.whole += o.whole
	s.add(o.rest)
}

func (s sum) usd() float64 { return float64(s.whole) + float64(s.rest)/perUSD }
