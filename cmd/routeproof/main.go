// Command routeproof evaluates and calibrates LLM routers offline: from
// labelled prompts and recorded answers it builds tier centroids, benchmarks
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
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	app := &app{in: os.Stdin, out: os.Stdout, err: os.Stderr}
	code := app.run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}
