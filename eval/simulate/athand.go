package simulate

import (
	"context"
	"errors"
	"runtime"
	"sync"

	"github.com/routeproof/routeproof/eval/policy"
)

// atHand is how many requests are looked up together.
const atHand = 256

// eachAtHand calls for the requests, in order, with a backend that has at hand what
// was recorded of each. All processors look it up. A request is good during its call.
func eachAtHand(ctx context.Context, backend policy.Backend, requests policy.Requests, use func(q *policy.Request, b policy.Backend) error) error {
	room := make([]policy.Request, min(atHand, requests.Len()))
	backends := make([]policy.Backend, len(room))
	workers := min(runtime.GOMAXPROCS(0), len(backends))
	errs := make([]error, workers)
	for from := 0; from < requests.Len(); from += atHand {
		part := inRoom(room, requests, from)
		var wg sync.WaitGroup
		for w := range workers {
			wg.Go(func() {
				for i := w; i < len(part) && errs[w] == nil; i += workers {
					backends[i], errs[w] = policy.AtHand(backend, &part[i], true)
				}
			})
		}
		wg.Wait()
		if err := errors.Join(append(errs, ctx.Err())...); err != nil {
			return err
		}
		for i := range part {
			if err := use(&part[i], backends[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// inRoom returns the requests from a place on, up to as many as there is room for.
func inRoom(room []policy.Request, requests policy.Requests, from int) []policy.Request {
	part := room[:min(len(room), requests.Len()-from)]
	for i := range part {
		part[i] = requests.At(from + i)
	}
	return part
}
