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
// was recorded of each. All processors look it up.
func eachAtHand(ctx context.Context, backend policy.Backend, requests []policy.Request, use func(i int, b policy.Backend) error) error {
	backends := make([]policy.Backend, min(atHand, len(requests)))
	workers := min(runtime.GOMAXPROCS(0), len(backends))
	errs := make([]error, workers)
	for from := 0; from < len(requests); from += atHand {
		part := requests[from:min(from+atHand, len(requests))]
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
			if err := use(from+i, backends[i]); err != nil {
				return err
			}
		}
	}
	return nil
}
