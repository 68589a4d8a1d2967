// Package embeddertest is the conformance test of embedders: whoever writes one
// calls [Run] from a test.
package embeddertest

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"testing"

	"github.com/routeproof/routeproof/centroids"
)

// Texts are what every embedder must cope with, and what one that only knows
// certain texts must know to pass.
func Texts() []string {
	return []string{
		"What time is it?", "", "hello hello hello", " \n\t ", "SELECT name FROM users WHERE id = 7;",
		"Erkläre mir bitte, warum der Himmel blau ist.", "你好", "\u0000\ufffd", "a\xffb",
		"Summarise the meeting notes below.\n\n- budget\n- hiring\n- launch date",
	}
}

// Run holds e to the contract of [centroids.Embedder]. tolerance is the
// largest difference of an element between two calls: 0 for local embedders.
func Run(t *testing.T, e centroids.Embedder, tolerance float64) {
	t.Helper()
	ctx := context.Background()
	id := e.Identity()
	if id.Kind == "" || id.Model == "" || id.Dims < 1 {
		t.Fatalf("Identity() = %+v: kind, model and dims must be set", id)
	}
	if err := id.Check(e.Identity()); err != nil {
		t.Fatalf("Identity() changes between calls: %v", err)
	}
	in := Texts()
	whole := embed(ctx, t, e, in)

	t.Run("unit norm or zero", func(t *testing.T) {
		vectors := 0
		for i, text := range in {
			var square float64
			for _, v := range row(whole, i, id.Dims) {
				square += float64(v) * float64(v)
			}
			if square != 0 && !(math.Abs(math.Sqrt(square)-1) <= 1e-4) {
				t.Errorf("text %q: norm %g, expected 1 or 0", text, math.Sqrt(square))
			}
			if square != 0 {
				vectors++
			}
			if text == "" && square != 0 {
				t.Error("the empty text has a vector, expected zeros")
			}
		}
		if vectors == 0 {
			t.Error("no text has a vector")
		}
	})
	t.Run("batch does not matter", func(t *testing.T) {
		for i, text := range in {
			alone := embed(ctx, t, e, []string{text})
			same(t, text, row(whole, i, id.Dims), alone, tolerance)
		}
		backward := slices.Clone(in)
		slices.Reverse(backward)
		reversed := embed(ctx, t, e, backward)
		for i, text := range in {
			same(t, text, row(whole, i, id.Dims), row(reversed, len(in)-1-i, id.Dims), tolerance)
		}
	})
	t.Run("concurrent use", func(t *testing.T) {
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				dst := make([]float32, len(in)*id.Dims)
				if err := e.Embed(ctx, dst, in); err != nil {
					t.Errorf("Embed: %v", err)
					return
				}
				for i, text := range in {
					same(t, text, row(whole, i, id.Dims), row(dst, i, id.Dims), tolerance)
				}
			})
		}
		wg.Wait()
	})
	t.Run("no texts", func(t *testing.T) {
		if err := e.Embed(ctx, nil, nil); err != nil {
			t.Errorf("Embed of no texts: %v", err)
		}
	})
	t.Run("wrong room", func(t *testing.T) {
		if err := e.Embed(ctx, make([]float32, id.Dims+1), in[:1]); err == nil {
			t.Error("Embed into a slice of the wrong length: expected an error")
		}
	})
	t.Run("cancelled", func(t *testing.T) {
		cancelled, cancel := context.WithCancel(ctx)
		cancel()
		if err := e.Embed(cancelled, make([]float32, id.Dims), in[:1]); !errors.Is(err, context.Canceled) {
			t.Errorf("Embed after cancelling: %v, expected context.Canceled", err)
		}
	})
}

func embed(ctx context.Context, t *testing.T, e centroids.Embedder, in []string) []float32 {
	t.Helper()
	dst := make([]float32, len(in)*e.Identity().Dims)
	for i := range dst {
		dst[i] = 7 // an element left unwritten shows
	}
	if err := e.Embed(ctx, dst, in); err != nil {
		t.Fatalf("Embed: %v", err)
	}
	return dst
}

func row(m []float32, i, dims int) []float32 { return m[i*dims : (i+1)*dims] }

func same(t *testing.T, text string, want, got []float32, tolerance float64) {
	t.Helper()
	for d := range want {
		if !(math.Abs(float64(want[d])-float64(got[d])) <= tolerance) {
			t.Errorf("text %q, element %d: %g and %g", text, d, want[d], got[d])
			return
		}
	}
}
