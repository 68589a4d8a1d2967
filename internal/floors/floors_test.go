// Package floors holds the test that packages import downwards only.
package floors

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/routeproof/routeproof"

// Outside modules.
const (
	gonum       = "gonum.org/v1/gonum"
	parquet     = "github.com/parquet-go/parquet-go"
	text        = "golang.org/x/text"
	zstd        = "github.com/klauspost/compress"
	tokenizer   = "github.com/tiktoken-go/tokenizer"
	yaml        = "github.com/goccy/go-yaml"
	cobra       = "github.com/spf13/cobra"
	pflag       = "github.com/spf13/pflag"
	jsonschema  = "github.com/santhosh-tekuri/jsonschema/v6"
	progressbar = "github.com/schollz/progressbar/v3"
	goOpenAI    = "github.com/sashabaranov/go-openai"
	bbolt       = "go.etcd.io/bbolt"
	sketches    = "github.com/DataDog/sketches-go"
)

type floor struct {
	level   int
	outside []string
}

// floors is docs/architecture.md as data: a package imports packages of lower
// levels, the standard library, and the modules named here.
func floors() map[string]floor {
	return map[string]floor{
		"centroids":                       {0, []string{gonum}},
		"internal/wording":                {-2, nil},
		"internal/jsonline":               {-2, nil},
		"internal/longjson":               {-2, nil},
		"internal/names":                  {-2, nil},
		"internal/spill":                  {-2, nil},
		"internal/dot":                    {-1, nil},
		"internal/neardup":                {-1, []string{text}},
		"internal/table":                  {-1, []string{parquet, zstd}},
		"datasets":                        {0, nil},
		"eval/stats":                      {0, []string{gonum}},
		"internal/tokens":                 {0, []string{tokenizer}},
		"internal/svgplot":                {0, nil},
		"internal/openaiapi":              {0, []string{goOpenAI, bbolt}},
		"internal/openaiapi/openaitest":   {0, nil},
		"centroids/embedder":              {1, nil},
		"centroids/embedder/remote":       {1, nil},
		"centroids/embedder/embeddertest": {1, nil},
		"datasets/builtin":                {1, nil},
		"datasets/importer":               {1, nil},
		"datasets/synth":                  {1, nil},
		"datasets/describe":               {1, nil},
		"eval":                            {1, nil},
		"eval/curve":                      {1, nil},
		"eval/classify":                   {2, nil},
		"eval/classify/llm":               {2, nil},
		"eval/policy":                     {2, []string{jsonschema}},
		"eval/calibrate":                  {3, nil},
		"eval/logs":                       {3, []string{sketches}},
		"eval/policy/live":                {3, nil},
		"eval/simulate":                   {3, nil},
		"eval/gate":                       {4, nil},
		"eval/pipeline":                   {5, []string{yaml}},
		"reports":                         {6, []string{parquet}},
		"cmd/routeproof":                  {7, []string{cobra, pflag, progressbar}},
		"docs/benchmarks/ours":            {7, nil},
		"internal/floors":                 {7, nil},
	}
}

type listed struct {
	ImportPath string
	Imports    []string
	Deps       []string
	Standard   bool
}

// noteSources opens every source file. A cached result is used while the files
// that a test opened are unchanged, and what go list reads is not among these.
func noteSources(t *testing.T) {
	t.Helper()
	if err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		return f.Close()
	}); err != nil {
		t.Fatal(err)
	}
}

func list(t *testing.T, args ...string) []listed {
	t.Helper()
	noteSources(t)
	out, err := exec.Command("go", append([]string{"list", "-json=ImportPath,Imports,Deps,Standard"}, args...)...).Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []listed
	dec := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func standard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}

func TestImportsPointDown(t *testing.T) {
	known := floors()
	seen := 0
	for _, p := range list(t, module+"/...") {
		name := strings.TrimPrefix(p.ImportPath, module+"/")
		own, ok := known[name]
		if !ok {
			t.Errorf("package %s has no floor: add it here and to docs/architecture.md", name)
			continue
		}
		seen++
		for _, path := range p.Imports {
			if inside, isOurs := strings.CutPrefix(path, module+"/"); isOurs {
				if other, ok := known[inside]; !ok || other.level >= own.level {
					t.Errorf("%s (floor %d) imports %s (floor %d)", name, own.level, inside, other.level)
				}
			} else if !standard(path) && !slices.ContainsFunc(own.outside, func(m string) bool {
				return path == m || strings.HasPrefix(path, m+"/")
			}) {
				t.Errorf("%s imports %s, which is not among its modules", name, path)
			}
		}
	}
	if seen != len(known) {
		t.Errorf("found %d packages, expected %d: remove floors of packages that are gone", seen, len(known))
	}
}

// Routers import centroids: it must bring gonum and the kernel of products along, and nothing else.
func TestCentroidsBringsGonumAndProductsOnly(t *testing.T) {
	for _, p := range list(t, module+"/centroids") {
		for _, path := range p.Deps {
			if !standard(path) && path != module+"/internal/dot" && path != gonum && !strings.HasPrefix(path, gonum+"/") {
				t.Errorf("centroids depends on %s", path)
			}
		}
	}
}
