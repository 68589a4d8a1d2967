package remote

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/routeproof/routeproof/centroids"
)

func TestIdentity(t *testing.T) {
	for _, c := range []struct {
		config Config
		want   string
		back   Config
	}{
		{
			Config{Model: "small", Dims: 8},
			`prefix="";max-tokens=8192/o200k_base;dimensions=no;l2`,
			Config{Model: "small", Dims: 8, MaxTokensPerText: 8192},
		},
		{
			Config{Model: "small", Dims: 8, RequestDims: true, Prefix: "query: ", MaxTokensPerText: 512, MaxInputs: 3, MaxTokensPerRequest: 600, Concurrency: 9, Count: words},
			`prefix="query: ";max-tokens=512/o200k_base;dimensions=yes;l2`,
			Config{Model: "small", Dims: 8, RequestDims: true, Prefix: "query: ", MaxTokensPerText: 512},
		},
		{
			Config{Model: "ä/b:c", Dims: 8, Prefix: "Fragé\u200b\";max-tokens=1\n\x00", MaxTokensPerText: 1 << 20},
			`prefix="Frag\u00e9\u200b\";max-tokens=1\n\x00";max-tokens=1048576/o200k_base;dimensions=no;l2`,
			Config{Model: "ä/b:c", Dims: 8, Prefix: "Fragé\u200b\";max-tokens=1\n\x00", MaxTokensPerText: 1 << 20},
		},
	} {
		id := newEmbedder(t, &fake{dims: 8}, c.config).Identity()
		want := centroids.Identity{Kind: "openai", Model: c.config.Model, Dims: 8, Preprocessing: c.want}
		if d := cmp.Diff(want, id); d != "" {
			t.Errorf("identity (-expected +found):\n%s", d)
		}
		back, err := ConfigOf(id)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(c.back, back, cmpopts.EquateEmpty()); d != "" {
			t.Errorf("configuration (-expected +found):\n%s", d)
		}
		if err := id.Check(newEmbedder(t, &fake{dims: 8}, back).Identity()); err != nil {
			t.Error(err)
		}
	}
}

func TestConfigOfRefuses(t *testing.T) {
	good := centroids.Identity{Kind: Kind, Model: "small", Dims: 8, Preprocessing: `prefix="a";max-tokens=512/o200k_base;dimensions=no;l2`}
	if _, err := ConfigOf(good); err != nil {
		t.Fatal(err)
	}
	for _, change := range []func(*centroids.Identity){
		func(id *centroids.Identity) { id.Kind = "hashing" },
		func(id *centroids.Identity) { id.Model = "" },
		func(id *centroids.Identity) { id.Dims = 0 },
		func(id *centroids.Identity) { id.Digest = "00" },
		func(id *centroids.Identity) { id.Preprocessing = "" },
		func(id *centroids.Identity) { id.Preprocessing += "\n" },
	} {
		id := good
		change(&id)
		if _, err := ConfigOf(id); !errors.Is(err, centroids.ErrEmbedder) {
			t.Errorf("%+v: %v, expected ErrEmbedder", id, err)
		}
	}
	for _, c := range [][2]string{
		{`"a"`, `'a'`}, {`"a"`, "`a`"}, {`"a"`, `a`}, {`"a"`, `"\x61"`}, {`"a"`, `"é"`}, {`"a"`, `"\xff"`}, {`"a"`, `"a`}, {`"a"`, `"a""b"`},
		{"512", "+512"}, {"512", "0512"}, {"512", "0"}, {"512", "3"}, {"512", "-512"}, {"512", "1048577"}, {"512", ""}, {"512", "99999999999999999999"}, {"512", "4"},
		{"no", "yes "}, {"no", "No"}, {"no", ""}, {";l2", ""}, {";l2", ";l2;"}, {"o200k_base", "cl100k_base"}, {"prefix=", " prefix="},
		{";max", ";;max"}, {";dimensions=no", ""}, {`"a"`, `"` + strings.Repeat("a", 509) + `"`},
	} {
		id := good
		id.Preprocessing = strings.Replace(good.Preprocessing, c[0], c[1], 1)
		if c, err := ConfigOf(id); !errors.Is(err, centroids.ErrEmbedder) {
			t.Errorf("%s: %v, expected ErrEmbedder; read as %+v", id.Preprocessing, err, c)
		}
	}
}

// FuzzConfigOf holds that a preprocessing that is read is the one that the
// configuration gives.
func FuzzConfigOf(f *testing.F) {
	f.Add(`prefix="query: ";max-tokens=8192/o200k_base;dimensions=yes;l2`, 8)
	f.Add(`prefix="\"";max-tokens=+5/o200k_base;dimensions=no;l2`, 1)
	f.Fuzz(func(t *testing.T, preprocessing string, dims int) {
		id := centroids.Identity{Kind: Kind, Model: "small", Dims: dims, Preprocessing: preprocessing}
		c, err := ConfigOf(id)
		if err != nil {
			if !errors.Is(err, centroids.ErrEmbedder) {
				t.Errorf("%v, expected ErrEmbedder", err)
			}
			return
		}
		c.Count = words // the vocabulary takes time to load
		e, err := New(t.Context(), &fake{}, c)
		if err != nil {
			t.Fatalf("New of %+v: %v", c, err)
		}
		if err := id.Check(e.Identity()); err != nil {
			t.Error(err)
		}
	})
}

// FuzzPrefix holds that every prefix that New takes comes back.
func FuzzPrefix(f *testing.F) {
	f.Add("query: ", 512, true)
	f.Add("\u2028\U0001f600\x7f\\\"", 64, false)
	f.Fuzz(func(t *testing.T, prefix string, limit int, request bool) {
		c := Config{Model: "small", Dims: 8, RequestDims: request, Prefix: prefix, MaxTokensPerText: limit, Count: words}
		e, err := New(t.Context(), &fake{}, c)
		if err != nil {
			if utf8.ValidString(prefix) && limit > len(prefix)+4 && limit <= 1<<20 {
				t.Errorf("refused: %v", err)
			}
			return
		}
		if err := e.Identity().Valid(); err != nil {
			t.Error(err)
		}
		back, err := ConfigOf(e.Identity())
		if limit == 0 {
			limit = 8192
		}
		if err != nil || back.Prefix != prefix || back.MaxTokensPerText != limit || back.RequestDims != request {
			t.Errorf("%+v, %v; expected prefix %q, %d tokens, %v", back, err, prefix, limit, request)
		}
	})
}
