package remote_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/routeproof/routeproof/centroids/embedder/embeddertest"
	"github.com/routeproof/routeproof/centroids/embedder/remote"
	"github.com/routeproof/routeproof/internal/openaiapi"
	"github.com/routeproof/routeproof/internal/openaiapi/openaitest"
)

// overHTTP returns the embedder over the real client and a server on loopback.
func overHTTP(t *testing.T, server openaitest.Config, c remote.Config) (*remote.Embedder, *openaitest.Server) {
	t.Helper()
	s := openaitest.Start(t, server)
	client, err := openaiapi.New(openaiapi.Config{BaseURL: s.URL, Retries: -1})
	if err != nil {
		t.Fatal(err)
	}
	c.Model = "small"
	e, err := remote.New(t.Context(), client, c)
	if err != nil {
		t.Fatal(err)
	}
	return e, s
}

func always(kind openaitest.Kind) func(*openaitest.Request) openaitest.Fault {
	return func(*openaitest.Request) openaitest.Fault { return openaitest.Fault{Kind: kind} }
}

func TestHTTPConformance(t *testing.T) {
	for name, kind := range map[string]openaitest.Kind{"in order": openaitest.None, "reordered": openaitest.Reordered} {
		t.Run(name, func(t *testing.T) {
			e, s := overHTTP(t, openaitest.Config{Fault: always(kind), Dims: 24}, remote.Config{MaxInputs: 3, Prefix: "query: "})
			if got := e.Identity().Dims; got != 24 {
				t.Errorf("%d dims, expected 24", got)
			}
			embeddertest.Run(t, e, 0)
			if s.Count() == 0 {
				t.Error("nothing was asked")
			}
		})
	}
}

// Vectors are those of their texts, whatever order they come in.
func TestHTTPOrder(t *testing.T) {
	var texts []string
	for i := range 40 {
		texts = append(texts, fmt.Sprint("text ", i))
	}
	var want []float32
	for _, kind := range []openaitest.Kind{openaitest.None, openaitest.Reordered} {
		e, _ := overHTTP(t, openaitest.Config{Fault: always(kind)}, remote.Config{Dims: 12, RequestDims: true, MaxInputs: 16})
		got := make([]float32, 12*len(texts))
		if err := e.Embed(t.Context(), got, texts); err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		if want == nil {
			want = got
		} else if !slices.Equal(got, want) {
			t.Errorf("%s: other vectors than in order", kind)
		}
	}
}

func TestHTTPWrongReplies(t *testing.T) {
	for _, kind := range []openaitest.Kind{
		openaitest.FewerVectors, openaitest.MoreVectors, openaitest.WrongDims, openaitest.HugeNumber,
		openaitest.ZeroVector, openaitest.DuplicateIndex, openaitest.Status, openaitest.CutBody,
	} {
		e, _ := overHTTP(t, openaitest.Config{Fault: always(kind)}, remote.Config{Dims: 8})
		err := e.Embed(t.Context(), make([]float32, 24), []string{"a", "b", "c"})
		const where = `model "small", 3 of texts[0] to texts[2]: `
		if err == nil || !strings.Contains(err.Error(), where) {
			t.Errorf("%s: %v, expected an error with %s", kind, err, where)
		}
	}
	ignores := func(string, int) []float32 { return []float32{1, 2, 2} }
	for _, c := range []remote.Config{{Dims: 8}, {Dims: 8, RequestDims: true}} {
		e, _ := overHTTP(t, openaitest.Config{Embed: ignores}, c)
		err := e.Embed(t.Context(), make([]float32, 8), []string{"a"})
		if err == nil || !strings.Contains(err.Error(), "expected") || !strings.Contains(err.Error(), "of 3") && !strings.Contains(err.Error(), "found 3") {
			t.Errorf("a server that ignores dimensions, requested %v: %v, expected an error that says 3", c.RequestDims, err)
		}
	}
}
