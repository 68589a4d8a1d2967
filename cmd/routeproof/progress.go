package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/routeproof/routeproof/eval/pipeline"
	"github.com/routeproof/routeproof/internal/openaiapi"
	"github.com/routeproof/routeproof/internal/wording"
)

// quietFor is how long a run is silent where there is no terminal.
const quietFor = 10 * time.Second

// observer shows progress on standard error: a bar on a terminal, else a line
// every ten seconds. stop takes the bar away before anything else is printed.
func (a *app) observer() (observe pipeline.Observer, stop func()) {
	return a.progress(func(step string, done, total int) string {
		return fmt.Sprintf("step %d of %d: %s", done+1, total, step)
	})
}

// progress shows progress with lines made by line where there is no terminal.
func (a *app) progress(line func(step string, done, total int) string) (observe pipeline.Observer, stop func()) {
	if isTerminal(a.err) {
		var bar *progressbar.ProgressBar
		stop = func() {
			if bar != nil {
				_ = bar.Clear()
			}
		}
		return func(step string, done, total int) {
			if bar == nil {
				bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(a.err), progressbar.OptionClearOnFinish(),
					progressbar.OptionSetWidth(30), progressbar.OptionSetPredictTime(false))
			}
			bar.Describe(fmt.Sprintf("%-10s", step))
			_ = bar.Set(done) // a bar that cannot be drawn stops nothing
		}, stop
	}
	last := time.Now()
	return func(step string, done, total int) {
		if time.Since(last) >= quietFor {
			last = time.Now()
			fmt.Fprintf(a.err, "routeproof: %s\n", line(step, done, total))
		}
	}, func() {}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// answering shows, in the same way, how much is answered and what it cost so far.
func (a *app) answering(ledger *openaiapi.Ledger) (show func(done, total int), stop func()) {
	observe, stop := a.progress(func(spent string, done, total int) string {
		return fmt.Sprintf("%s of %s answered, %s", wording.Thousands(done), wording.Thousands(total), spent)
	})
	return func(done, total int) { observe(dollars(ledger.Fresh().KnownUSD())+" spent", done, total) }, stop
}
