package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/datasets/describe"
)

// interruptible does something that cannot be stopped, such as waiting for
// input, and leaves it behind once ctx is done.
func interruptible(ctx context.Context, do func() error) error {
	done := make(chan error, 1)
	go func() { done <- do() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// awaited is interruptible for what has a value.
func awaited[T any](ctx context.Context, get func() (T, error)) (T, error) {
	var value T
	err := interruptible(ctx, func() (err error) {
		value, err = get()
		return err
	})
	if err != nil {
		var none T
		return none, err
	}
	return value, nil
}

// scan reads the rows of a file, of a device or of standard input (-) once,
// until ctx is done.
func scan[T any](ctx context.Context, a *app, kind datasets.Kind[T], path string, each func(datasets.Problem), visit func(*T) error) (datasets.Summary, error) {
	step := func(row *T) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return visit(row)
	}
	return awaited(ctx, func() (datasets.Summary, error) {
		if path == "-" {
			return kind.Scan(a.in, standardInput, each, step)
		}
		return kind.ScanFile(path, each, step)
	})
}

// checkRereadable refuses what cannot be read more than once.
func checkRereadable(paths ...string) error {
	for _, path := range paths {
		if path == "-" {
			return fmt.Errorf("%w: standard input cannot be read more than once: give a file", errUsage)
		}
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() && !info.IsDir() {
			return fmt.Errorf("%w: %s cannot be read more than once: give a file", errUsage, path)
		}
	}
	return nil
}

// grouped finds which prompts must share a split, in two passes. Doubts about
// labels are among the warnings.
func grouped(scan describe.Scan) (datasets.Summary, *datasets.Groups, error) {
	grouper := datasets.NewGrouper()
	defer grouper.Close()
	var labels datasets.Labels
	defer labels.Close()
	summary, err := scan(func(p *datasets.Prompt) error { grouper.Count(p); return labels.Add(p) })
	if err != nil {
		return summary, nil, err
	}
	warnings, err := labels.Warnings()
	if err = errors.Join(err, labels.Close()); err != nil { // its memory is wanted for groups
		return summary, nil, err
	}
	summary.Warnings = append(summary.Warnings, warnings...)
	if _, err := scan(func(p *datasets.Prompt) error { grouper.Group(p); return nil }); err != nil {
		return summary, nil, err
	}
	groups, err := grouper.Groups()
	return summary, groups, err
}
