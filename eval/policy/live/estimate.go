package live

import (
	"cmp"
	"errors"
	"slices"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval/policy"
	"github.com/routeproof/routeproof/internal/openaiapi"
)

// A Range is which rungs are asked for a prompt: at least, as is to be expected
// of its true tier, and at most.
type Range struct{ Least, Expected, Most []int }

// Costs are in USD; Unpriced names the models whose price is not known, which
// are not in them.
type Costs struct {
	Calls    [3]int // at least, expected, at most; those in the store left out
	USD      [3]float64
	Held     int // calls whose answer is in the store
	Unpriced []string
}

// holder is an asker that knows what it holds.
type holder interface {
	Held(r openaiapi.ChatRequest) (bool, error)
}

// Estimate says what serving prompts will cost. rungs says which models are
// asked for a prompt, output how many tokens an answer to it is expected to
// have. Low is half of that from the fewest models, high as many as the models
// may give from the most, or twice the expected where they have no limit; of
// each prompt low is at most what is expected, and high at least.
func Estimate(b *Backend, prompts []datasets.Prompt, rungs func(*datasets.Prompt) Range, output func(*datasets.Prompt) float64) (Costs, error) {
	if b.count == nil {
		return Costs{}, errors.New("estimating costs: the tokens of prompts cannot be counted")
	}
	e := estimate{backend: b, unpriced: map[string]bool{}}
	for i := range prompts {
		if err := e.add(&prompts[i], rungs(&prompts[i]), output(&prompts[i])); err != nil {
			return e.costs, err
		}
	}
	return e.costs, nil
}

type estimate struct {
	backend  *Backend
	costs    Costs
	unpriced map[string]bool
}

func (e *estimate) add(p *datasets.Prompt, r Range, output float64) error {
	input, err := e.backend.count(p.Text)
	if err != nil {
		return err
	}
	held := map[int]bool{}
	for _, rung := range slices.Concat(r.Least, r.Expected, r.Most) {
		if _, known := held[rung]; known {
			continue
		}
		in, err := e.backend.held(p.Text, rung)
		if err != nil {
			return err
		}
		if held[rung] = in; in {
			e.costs.Held++
		}
	}
	var calls [3]int
	var usd [3]float64
	for k, asked := range [][]int{r.Least, r.Expected, r.Most} {
		for _, rung := range asked {
			if held[rung] {
				continue
			}
			calls[k]++
			m := &e.backend.models[rung]
			if m.InputPerM == nil || m.OutputPerM == nil {
				if !e.unpriced[m.Name] {
					e.unpriced[m.Name] = true
					e.costs.Unpriced = append(e.costs.Unpriced, m.Name)
				}
				continue
			}
			usd[k] += (float64(input+m.SystemTokens)**m.InputPerM + answerTokens(k, output, m)**m.OutputPerM) / 1e6
		}
	}
	ordered(&calls)
	ordered(&usd)
	for k := range usd {
		e.costs.Calls[k] += calls[k]
		e.costs.USD[k] += usd[k]
	}
	return nil
}

// ordered lowers the least and raises the most to what is expected: a rung may
// be dearer than those above it, or the only one that is not held.
func ordered[T cmp.Ordered](of *[3]T) {
	of[0], of[2] = min(of[0], of[1]), max(of[1], of[2])
}

func answerTokens(k int, expected float64, m *policy.Model) float64 {
	most := float64(m.MaxTokens)
	tokens := expected
	switch {
	case k == 0:
		tokens /= 2
	case k == 2 && most > 0:
		return most
	case k == 2:
		tokens *= 2
	}
	if most > 0 {
		tokens = min(tokens, most)
	}
	return tokens
}

func (b *Backend) held(text string, rung int) (bool, error) {
	r := &b.rungs[rung]
	h, ok := r.Asker.(holder)
	if !ok {
		return false, nil
	}
	return h.Held(r.request(text))
}
