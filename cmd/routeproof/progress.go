package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/routeproof/routeproof/eval/pipeline"
)

// quietFor is how long a run is silent where there is no terminal.
const quietFor = 10 * time.Second

// observer shows progress on standard error: a bar on a terminal, else a line
// every ten seconds.
func (a *app) observer() pipeline.Observer {
	if isTerminal(a.err) {
		bar := progressbar.NewOptions(0, progressbar.OptionSetWriter(a.err), progressbar.OptionClearOnFinish(),
			progressbar.OptionSetWidth(30), progressbar.OptionSetPredictTime(false))
		return func(step string, done, total int) {
			bar.Describe(fmt.Sprintf("%-10s", step))
			bar.ChangeMax(total)
			_ = bar.Set(done) // a bar that cannot be drawn stops nothing
		}
	}
	last := time.Now()
	return func(step string, done, total int) {
		if time.Since(last) >= quietFor {
			last = time.Now()
			fmt.Fprintf(a.err, "routeproof: step %d of %d: %s\n", done+1, total, step)
		}
	}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
