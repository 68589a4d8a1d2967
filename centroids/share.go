package centroids

import (
	"runtime"
	"sync"
)

// share does something for 0 to n-1, in as many runs as there are processors, at
// once, but for none of fewer than least.
func share(n, least int, do func(from, to int)) {
	workers := min(runtime.GOMAXPROCS(0), n/least)
	if workers < 2 {
		do(0, n)
		return
	}
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() { do(w*n/workers, (w+1)*n/workers) })
	}
	wg.Wait()
}
