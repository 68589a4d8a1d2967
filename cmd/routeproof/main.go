// Command routeproof evaluates and calibrates LLM routers offline: from
// labelled prompts and recorded answers it builds a router's artifact, benchmarks
// classifiers, and reports what they cost and how often they are right.
//
// Each verb stands in a file of its own and is thin: flags in, one call into
// the packages, output. Results go to standard output, everything else to
// standard error.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
)

// garbagePercent is how much may be allocated before garbage is collected, beside what
// was in use then. What is in use of large files is numbers, which collecting passes
// over, so half of Go's own 100 saves memory at little cost in time.
const garbagePercent = 50

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbagePercent)
	}
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		cancel()
		<-signals // whoever asks twice does not want to wait
		os.Exit(exitInterrupted)
	}()
	app := &app{in: os.Stdin, out: os.Stdout, err: os.Stderr}
	os.Exit(app.run(ctx, os.Args[1:]))
}
