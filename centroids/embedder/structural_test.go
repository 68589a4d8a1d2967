package embedder_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/centroids/embedder"
	"github.com/routeproof/routeproof/centroids/embedder/embeddertest"
	"github.com/routeproof/routeproof/datasets/builtin"
)

func embedOne(t testing.TB, e centroids.Embedder, text string) []float32 {
	t.Helper()
	v := make([]float32, e.Identity().Dims)
	if err := e.Embed(context.Background(), v, []string{text}); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestStructuralConforms(t *testing.T) {
	embeddertest.Run(t, embedder.NewStructural(), 0)
	embeddertest.Run(t, embedder.WithStructure(newHashing(t, 64)), 0)
}

// The vectors come from testdata/structural.py, an implementation of the doc
// comment that shares lexicons and scales with this one, and nothing else.
func TestStructuralEqualsPython(t *testing.T) {
	raw, err := os.ReadFile("testdata/structural.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Text   string
		Vector []float64
	}
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 15 {
		t.Fatalf("found %d cases, expected at least 15", len(cases))
	}
	e := embedder.NewStructural()
	for _, c := range cases {
		got := embedOne(t, e, c.Text)
		if len(got) != len(c.Vector) {
			t.Fatalf("expected %d dims, found %d", len(c.Vector), len(got))
		}
		for d, v := range got {
			if math.Abs(float64(v)-c.Vector[d]) > 1e-7 {
				t.Errorf("text %q, element %d: %g, expected %g", c.Text, d, v, c.Vector[d])
			}
		}
	}
}

// The scales of version 1 are those of the built-in set: on it no feature is
// constant, and each is about centred.
func TestStructuralScalesAreThoseOfTheBuiltinSet(t *testing.T) {
	file, err := builtin.Prompts(nil)
	if err != nil {
		t.Fatal(err)
	}
	e := embedder.NewStructural()
	dims := e.Identity().Dims
	sums, squares := make([]float64, dims), make([]float64, dims)
	for _, p := range file.Prompts {
		for d, v := range embedOne(t, e, p.Text) {
			sums[d] += float64(v)
			squares[d] += float64(v) * float64(v)
		}
	}
	n := float64(len(file.Prompts))
	for d := range sums {
		// Cutting at 3 and the norm of some √61 move mean and deviation.
		mean, deviation := sums[d]/n*math.Sqrt(float64(dims)), math.Sqrt(squares[d]/n*float64(dims))
		if math.Abs(mean) > 0.35 || deviation < 0.5 || deviation > 1.5 {
			t.Errorf("feature %d has mean %.2f and deviation %.2f, expected about 0 and 1", d+1, mean, deviation)
		}
	}
}

func TestStructuralSeesTheStart(t *testing.T) {
	e := embedder.NewStructural()
	long := strings.Repeat("é", 70_000)
	if !slices.Equal(embedOne(t, e, long), embedOne(t, e, string([]rune(long)[:65536]))) {
		t.Error("text beyond 65,536 code points changes the vector")
	}
}

func TestJoinedIsItsParts(t *testing.T) {
	first, structure := newHashing(t, 64), embedder.NewStructural()
	e := embedder.WithStructure(first)
	text := "Which of these is cheaper?"
	got, a, b := embedOne(t, e, text), embedOne(t, first, text), embedOne(t, structure, text)
	for d, v := range slices.Concat(a, b) {
		if want := float64(v) * math.Sqrt(0.5); math.Abs(float64(got[d])-want) > 1e-7 {
			t.Fatalf("element %d: %g, expected %g", d, got[d], want)
		}
	}
	words, err := embedder.ParseStatic(strings.NewReader("cheaper 1 0\n"), "words")
	if err != nil {
		t.Fatal(err)
	}
	e = embedder.WithStructure(words)
	if got := embedOne(t, e, "nothing of it"); !slices.Equal(got[2:], embedOne(t, structure, "nothing of it")) {
		t.Errorf("without a first part the structure is %v, expected it undivided", got)
	}
}

func TestFromIdentityOfStructure(t *testing.T) {
	for _, e := range []centroids.Embedder{embedder.NewStructural(), embedder.WithStructure(newHashing(t, 64))} {
		again, err := embedder.FromIdentity(e.Identity())
		if err != nil {
			t.Fatal(err)
		}
		if again.Identity() != e.Identity() || !slices.Equal(embedOne(t, again, "a?"), embedOne(t, e, "a?")) {
			t.Errorf("identity %+v became %+v", e.Identity(), again.Identity())
		}
		for name, change := range map[string]func(*centroids.Identity){
			"model": func(id *centroids.Identity) { id.Model = "structural-0" },
			"dims":  func(id *centroids.Identity) { id.Dims -= 50 },
			"word":  func(id *centroids.Identity) { id.Kind = "static+structural" },
		} {
			changed := e.Identity()
			change(&changed)
			if _, err := embedder.FromIdentity(changed); err == nil {
				t.Errorf("changed %s: expected an error", name)
			}
		}
	}
}

// The error of an identity with structure is about that identity, not about its
// first part.
func TestFromIdentityOfStructureSaysWhatIsMissing(t *testing.T) {
	words := smallStatic(t)
	recorded := centroids.Identity{Kind: embedder.KindRecorded, Model: "m", Dims: 8}
	remote := centroids.Identity{Kind: "openai", Model: "m", Dims: 8}
	joined := func(id centroids.Identity) centroids.Identity {
		return embedder.WithStructure(named{words, id}).Identity()
	}
	for _, c := range []struct {
		id   centroids.Identity
		says []string
	}{
		{words.Identity(), []string{`kind "static", 3 dims:`, "of 3 dims", "in Go with NewStatic(path)"}},
		{joined(words.Identity()), []string{`kind "static+structural", 64 dims:`, "of 3 dims", words.Identity().Digest, "--word-vectors", "in Go with WithStructure(NewStatic(path))"}},
		{joined(recorded), []string{`kind "recorded+structural", model "m+structural-1", 69 dims:`, "in Go with WithStructure(NewRecorded)"}},
		{joined(remote), []string{`kind "openai+structural", model "m+structural-1", 69 dims:`, "WithStructure(remote.New)"}},
	} {
		_, err := embedder.FromIdentity(c.id)
		if !errors.Is(err, embedder.ErrNotAlone) {
			t.Errorf("%s: %v, expected ErrNotAlone", c.id.Kind, err)
			continue
		}
		for _, words := range c.says {
			if !strings.Contains(err.Error(), words) {
				t.Errorf("%s: %v, expected it to say %s", c.id.Kind, err, words)
			}
		}
	}
}

// named is an embedder under another identity.
type named struct {
	centroids.Embedder
	id centroids.Identity
}

func (n named) Identity() centroids.Identity { return n.id }

func FuzzStructural(f *testing.F) {
	f.Add("Prove it.\n\n- a\n1) b\xff?")
	f.Add("\u3000.")
	e := embedder.NewStructural()
	f.Fuzz(func(t *testing.T, text string) {
		v := embedOne(t, e, text)
		var square float64
		for _, x := range v {
			square += float64(x) * float64(x)
		}
		if blank := strings.TrimSpace(text) == ""; blank != (square == 0) || !blank && math.Abs(square-1) > 1e-4 {
			t.Errorf("%q has squared norm %g", text, square)
		}
	})
}

func BenchmarkStructural(b *testing.B) {
	e := embedder.NewStructural()
	text := strings.Repeat("Summarise the following e-mail thread for my manager, who has a minute. ", 6)
	texts := make([]string, 512)
	for i := range texts {
		texts[i] = text
	}
	dst := make([]float32, len(texts)*e.Identity().Dims)
	b.SetBytes(int64(len(text) * len(texts)))
	b.ReportAllocs()
	for b.Loop() {
		if err := e.Embed(context.Background(), dst, texts); err != nil {
			b.Fatal(err)
		}
	}
}
