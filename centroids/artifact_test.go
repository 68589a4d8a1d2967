package centroids_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/routeproof/routeproof/centroids"
)

func encode(t testing.TB, a *centroids.Artifact) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := a.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func read(b []byte) (*centroids.Artifact, error) {
	return centroids.Read(bytes.NewReader(b), int64(len(b)))
}

func TestRoundTrip(t *testing.T) {
	a := toyArtifact(t, toyEmbedder{dims: 16})
	b := encode(t, a)
	again, err := read(b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(a.Manifest(), again.Manifest()); diff != "" {
		t.Error(diff)
	}
	for k := range a.Tiers().Len() {
		if diff := cmp.Diff(a.Vector(k), again.Vector(k)); diff != "" {
			t.Errorf("tier %d: %s", k, diff)
		}
	}
	if !bytes.Equal(b, encode(t, again)) {
		t.Error("writing what was read gives other bytes")
	}
}

func TestSaveAndLoad(t *testing.T) {
	a := toyArtifact(t, toyEmbedder{dims: 16})
	folder := t.TempDir()
	path := filepath.Join(folder, "c.safetensors")
	for range 2 { // the second replaces the first
		if err := a.Save(path); err != nil {
			t.Fatal(err)
		}
	}
	again, err := centroids.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if again.Manifest().SHA256 != a.Manifest().SHA256 {
		t.Error("loaded artifact differs from the saved one")
	}
	sidecar, err := os.ReadFile(filepath.Join(folder, "c.json"))
	if err != nil {
		t.Fatal(err)
	}
	var m centroids.Manifest
	if err := json.Unmarshal(sidecar, &m); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(a.Manifest(), m); diff != "" {
		t.Errorf("sidecar: %s", diff)
	}
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 2 {
		t.Errorf("folder holds %v (%v), expected two files", entries, err)
	}
	if err := a.Save(filepath.Join(folder, "c.json")); err == nil {
		t.Error("saving over the readable copy: expected an error")
	}
	if _, err := centroids.Load(folder); !errors.Is(err, syscall.EISDIR) {
		t.Errorf("loading a folder: %v, expected EISDIR", err)
	}
	if _, err := centroids.Load(filepath.Join(folder, "c.json")); !errors.Is(err, centroids.ErrFormat) || !strings.Contains(err.Error(), ".safetensors file beside it") {
		t.Errorf("loading the readable copy: %v, expected ErrFormat and a hint", err)
	}
	missing := filepath.Join(folder, "missing", "c.safetensors")
	if err := a.Save(missing); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), missing) {
		t.Errorf("saving into no folder: %v, expected ErrNotExist naming %s", err, missing)
	}
	if err := os.Mkdir(filepath.Join(folder, "taken.safetensors"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := a.Save(filepath.Join(folder, "taken.safetensors")); err == nil {
		t.Error("saving over a folder: expected an error")
	}
	if entries, _ := os.ReadDir(folder); len(entries) != 3 {
		t.Errorf("folder holds %v after failed saves, expected three entries", entries)
	}
}

// The file was written when format 1 was made. It must load for ever.
func TestVersion1Loads(t *testing.T) {
	a, err := centroids.Load(filepath.Join("testdata", "v1.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Verify(context.Background(), toyEmbedder{dims: 8}); err != nil {
		t.Error(err)
	}
	// Read by Python 3.11: struct.unpack("<Q"), json.loads of the header,
	if got, want := a.Manifest().SHA256, v1Checksum; got != want {
		t.Errorf("checksum %s, expected %s", got, want)
	}
	if got := a.Vector(2)[5]; math.Abs(float64(got)-v1Complex5) > 1e-9 {
		t.Errorf("COMPLEX[5] = %.9g, expected %.9g", got, v1Complex5)
	}
}

// header returns the JSON header of an encoded artifact, its padding included.
func header(b []byte) (text string, data []byte) {
	n := binary.LittleEndian.Uint64(b)
	return string(b[8 : 8+n]), b[8+n:]
}

func join(header string, data []byte) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), data...)
}

func TestTampering(t *testing.T) {
	a := toyArtifact(t, toyEmbedder{dims: 16})
	good := encode(t, a)
	text, data := header(good)
	edit := func(old, new string) []byte {
		if !strings.Contains(text, old) {
			t.Fatalf("header has no %q", old)
		}
		return join(strings.Replace(text, old, new, 1), data)
	}
	flip := func(at int) []byte {
		b := bytes.Clone(good)
		b[at] ^= 1
		return b
	}
	swapped := strings.NewReplacer(`"SIMPLE":{"dtype"`, `"MEDIUM":{"dtype"`, `"MEDIUM":{"dtype"`, `"SIMPLE":{"dtype"`).Replace(text)
	for _, c := range []struct {
		name string
		file []byte
		want error
	}{
		{"vector bit", flip(len(good) - 1), centroids.ErrChecksum},
		{"first vector bit", flip(len(good) - len(data)), centroids.ErrChecksum},
		{"threshold", edit(`\"SIMPLE\":-1`, `\"SIMPLE\":-2`), centroids.ErrChecksum},
		{"salt", edit(`salt <&>`, `salt <&!`), centroids.ErrChecksum},
		{"hash digit", edit(`\"sha256\":\"`+a.Manifest().SHA256[:4], `\"sha256\":\"zzzz`), centroids.ErrChecksum},
		{"names swapped", join(swapped, data), centroids.ErrTiers},
		{"name changed", edit(`"COMPLEX":{"dtype"`, `"COMPLEXX":{"dtype"`), centroids.ErrTiers},
		{"threshold twice", reseal(t, good, `\"thresholds\":{`, `\"thresholds\":{\"SIMPLE\":0.9},\"thresholds\":{`), centroids.ErrManifest},
		{"key in other case", reseal(t, good, `\"margin\"`, `\"Margin\"`), centroids.ErrManifest},
		{"terminal escape", reseal(t, good, `\"model\":\"hash\"`, `\"model\":\"\\u001b[31m\"`), centroids.ErrManifest},
		{"newer version", edit(`\"format\":1`, `\"format\":3`), centroids.ErrVersion},
		{"no version", edit(`\"format\":1`, `\"former\":1`), centroids.ErrManifest},
		{"unknown field", edit(`\"scorer\"`, `\"scorex\"`), centroids.ErrManifest},
		{"no manifest", edit(`"routeproof":`, `"otherproof":`), centroids.ErrFormat},
		{"shape", edit(`"shape":[16]`, `"shape":[4,4]`), centroids.ErrDims},
		{"dims", edit(`\"dims\":16`, `\"dims\":17`), centroids.ErrChecksum},
		{"dtype", edit(`"dtype":"F32"`, `"dtype":"F16"`), centroids.ErrFormat},
		{"cut", good[:len(good)-1], centroids.ErrFormat},
		{"longer", append(bytes.Clone(good), 0), centroids.ErrFormat},
		{"empty", nil, centroids.ErrFormat},
	} {
		if _, err := read(c.file); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, expected %v", c.name, err, c.want)
		}
	}
}

// reseal edits the header and gives it the right checksum, as an attacker would.
func reseal(t *testing.T, file []byte, old, new string) []byte {
	t.Helper()
	text, data := header(file)
	text = strings.TrimRight(strings.Replace(text, old, new, 1), " ")
	var entries struct {
		Metadata struct{ Routeproof string } `json:"__metadata__"`
	}
	if err := json.Unmarshal([]byte(text), &entries); err != nil {
		t.Fatal(err)
	}
	manifest := entries.Metadata.Routeproof
	head := manifest[:len(manifest)-len(`"}`)-64]
	sum := sha256.Sum256(append(bytes.Clone(data), head+`"}`...))
	return join(strings.Replace(text, manifest[len(head):len(head)+64], hex.EncodeToString(sum[:]), 1), data)
}

// A checksum proves nothing about a file that was made to deceive: manifests
// with right checksums but wrong content are refused too.
func TestManifestRules(t *testing.T) {
	nan := math.NaN()
	tooHot := 501.0
	for _, c := range []struct {
		name   string
		change func(*centroids.Manifest)
		want   error
	}{
		{"tiers", func(m *centroids.Manifest) { m.Tiers = []string{"a", "a"} }, centroids.ErrManifest},
		{"threshold missing", func(m *centroids.Manifest) { delete(m.Thresholds, "SIMPLE") }, centroids.ErrManifest},
		{"threshold of no tier", func(m *centroids.Manifest) { delete(m.Thresholds, "SIMPLE"); m.Thresholds["x"] = 0 }, centroids.ErrManifest},
		{"threshold NaN", func(m *centroids.Manifest) { m.Thresholds["SIMPLE"] = nan }, centroids.ErrManifest},
		{"margin", func(m *centroids.Manifest) { m.Margin = -0.1 }, centroids.ErrManifest},
		{"fallback", func(m *centroids.Manifest) { m.Fallback = "x" }, centroids.ErrManifest},
		{"temperature", func(m *centroids.Manifest) { m.InverseTemperature = &tooHot }, centroids.ErrManifest},
		{"embedder", func(m *centroids.Manifest) { m.Embedder.Kind = "" }, centroids.ErrManifest},
		{"no canaries", func(m *centroids.Manifest) { m.Canaries = nil }, centroids.ErrManifest},
		{"canary scores", func(m *centroids.Manifest) { m.Canaries[0].Scores = []float64{0} }, centroids.ErrManifest},
		{"many canaries", func(m *centroids.Manifest) { m.Canaries = slices.Repeat(m.Canaries, 9) }, centroids.ErrManifest},
		{"long canary", func(m *centroids.Manifest) { m.Canaries[0].Text = strings.Repeat("x", 1<<16+1) }, centroids.ErrManifest},
		{"huge dims", func(m *centroids.Manifest) { m.Embedder.Dims = 1<<16 + 1 }, centroids.ErrManifest},
		{"escape in the salt", func(m *centroids.Manifest) { m.Dataset.Salt = "\x1b[31m" }, centroids.ErrManifest},
		{"canary score", func(m *centroids.Manifest) { m.Canaries[0].Scores[0] = 1.5 }, centroids.ErrManifest},
		{"tolerance", func(m *centroids.Manifest) { m.Tolerance = 0 }, centroids.ErrManifest},
		{"dims", func(m *centroids.Manifest) { m.Embedder.Dims = 15 }, centroids.ErrDims},
		{"fewer tiers", func(m *centroids.Manifest) {
			m.Tiers = m.Tiers[:3]
			delete(m.Thresholds, "FRONTIER")
			for i := range m.Canaries {
				m.Canaries[i].Scores = m.Canaries[i].Scores[:3]
			}
		}, centroids.ErrTiers},
	} {
		m := toyArtifact(t, toyEmbedder{dims: 16}).Manifest()
		c.change(&m)
		if _, err := toyArtifact(t, toyEmbedder{dims: 16}).WithManifest(m); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, expected %v", c.name, err, c.want)
		}
	}
	m := planeArtifact(t, nil).Manifest()
	for _, v := range [][]float32{{0, 0}, {2, 0}, {float32(nan), 0}, {float32(math.Inf(1)), 0}} {
		if _, err := centroids.New(m, [][]float32{v, {0, 1}}); !errors.Is(err, centroids.ErrVector) {
			t.Errorf("vector %v: %v, expected ErrVector", v, err)
		}
	}
}

func TestHostileHeaders(t *testing.T) {
	tensor := func(name, shape string, from, to int) string {
		return fmt.Sprintf(`%q:{"dtype":"F32","shape":%s,"data_offsets":[%d,%d]}`, name, shape, from, to)
	}
	data := make([]byte, 8)
	for name, file := range map[string][]byte{
		"length beyond the file":  binary.LittleEndian.AppendUint64(nil, 1<<20),
		"length of all ones":      binary.LittleEndian.AppendUint64(nil, math.MaxUint64),
		"length just negative":    binary.LittleEndian.AppendUint64(nil, 1<<63),
		"not JSON":                join("hello wo", data),
		"array":                   join("[1,2,3] ", data),
		"invalid UTF-8":           join("{\"a\xff\":1}", data),
		"two values":              join(`{} {}`, nil),
		"unclosed":                join(`{"a":`, nil),
		"overlap":                 join("{"+tensor("a", "[1]", 0, 4)+","+tensor("b", "[1]", 2, 6)+"}", data),
		"gap":                     join("{"+tensor("a", "[1]", 0, 4)+","+tensor("b", "[1]", 8, 12)+"}", data),
		"out of range":            join("{"+tensor("a", "[1000]", 0, 4000)+"}", data),
		"negative":                join("{"+tensor("a", "[1]", -4, 0)+"}", data),
		"backwards":               join("{"+tensor("a", "[1]", 4, 0)+"}", data),
		"shape and range differ":  join("{"+tensor("a", "[3]", 0, 8)+"}", data),
		"product overflows":       join("{"+tensor("a", "[65536,65536,65536,65536]", 0, 8)+"}", data),
		"huge dimension":          join("{"+tensor("a", "[4611686018427387904]", 0, 8)+"}", data),
		"negative dimension":      join("{"+tensor("a", "[-1,-2]", 0, 8)+"}", data),
		"zero dimension":          join("{"+tensor("a", "[0]", 0, 0)+"}", nil),
		"many dimensions":         join("{"+tensor("a", "[1,1,1,1,1,1,1,1,1]", 0, 4)+"}", data[:4]),
		"duplicate tensor":        join("{"+tensor("a", "[1]", 0, 4)+","+tensor("a", "[1]", 4, 8)+"}", data),
		"duplicate metadata":      join(`{"__metadata__":{},"__metadata__":{}}`, nil),
		"duplicate metadata key":  join(`{"__metadata__":{"routeproof":"1","routeproof":"2"}}`, nil),
		"metadata not strings":    join(`{"__metadata__":{"routeproof":{}}}`, nil),
		"fraction":                join(`{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}`, data[:4]),
		"fields missing":          join(`{"a":{}}`, nil),
		"null":                    join(`{"a":null}`, nil),
		"data without a tensor":   join(`{}`, data),
		"deep":                    join(`{"a":`+strings.Repeat("[", 100_000)+`}`, nil),
		"manifest that is not":    join(`{"__metadata__":{"routeproof":"[]"}}`, nil),
		"manifest of many values": join(`{"__metadata__":{"routeproof":"{\"format\":1}{}"}}`, nil),
	} {
		a, err := read(file)
		if err == nil || a != nil {
			t.Errorf("%s: expected an error", name)
		}
	}
}

// A header may claim any size: what is allocated follows from the file's.
func TestHostileSizesAllocateLittle(t *testing.T) {
	files := [][]byte{
		binary.LittleEndian.AppendUint64(nil, 16<<20),
		join(`{"a":{"dtype":"F32","shape":[500000000],"data_offsets":[0,2000000000]}}`, nil),
	}
	for i, file := range files {
		got := testing.Benchmark(func(b *testing.B) {
			for b.Loop() {
				if _, err := read(file); err == nil {
					b.Fatal("expected an error")
				}
			}
		}).AllocedBytesPerOp()
		if got > 1<<16 {
			t.Errorf("file %d: %d bytes allocated", i, got)
		}
	}
}

func TestEveryCutIsRefused(t *testing.T) {
	good := encode(t, toyArtifact(t, toyEmbedder{dims: 16}))
	for n := range good {
		if _, err := read(good[:n]); err == nil {
			t.Fatalf("the first %d of %d bytes load", n, len(good))
		}
	}
}

func TestVerify(t *testing.T) {
	ctx := context.Background()
	e := toyEmbedder{dims: 16}
	a := toyArtifact(t, e)
	if err := a.Verify(ctx, e); err != nil {
		t.Errorf("the artifact's own embedder: %v", err)
	}
	for name, c := range map[string]struct {
		e    centroids.Embedder
		want error
	}{
		"prefix":  {toyEmbedder{dims: 16, prefix: "query: "}, centroids.ErrCanary},
		"pooling": {toyEmbedder{dims: 16, half: true}, centroids.ErrCanary},
		"dims":    {toyEmbedder{dims: 17}, centroids.ErrEmbedder},
		"norm":    {brokenEmbedder{e, 1.01, nil}, centroids.ErrVector},
	} {
		if err := a.Verify(ctx, c.e); !errors.Is(err, c.want) {
			t.Errorf("changed %s: %v, expected %v", name, err, c.want)
		}
	}
	// Drift within the tolerance passes, beyond it not.
	m := a.Manifest()
	m.Canaries[3].Scores[2] += 0.9e-3
	near, err := a.WithManifest(m)
	if err != nil {
		t.Fatal(err)
	}
	if err := near.Verify(ctx, e); err != nil {
		t.Errorf("drift of 0.0009: %v", err)
	}
	m.Canaries[3].Scores[2] += 0.2e-3
	far, err := a.WithManifest(m)
	if err != nil {
		t.Fatal(err)
	}
	if err := far.Verify(ctx, e); !errors.Is(err, centroids.ErrCanary) || !strings.Contains(err.Error(), "canary 4 of 8, tier COMPLEX") {
		t.Errorf("drift of 0.0011: %v, expected ErrCanary naming canary 4 and COMPLEX", err)
	}
}

func TestArtifactIsImmutable(t *testing.T) {
	a := toyArtifact(t, toyEmbedder{dims: 16})
	before := encode(t, a)
	a.Vector(0)[0] = 9
	m := a.Manifest()
	m.Thresholds["SIMPLE"] = 1
	m.Canaries[0].Scores[0] = 1
	*m.InverseTemperature = 0
	if !bytes.Equal(before, encode(t, a)) || a.Manifest().Thresholds["SIMPLE"] != -1 || *a.Manifest().InverseTemperature != 12.5 {
		t.Error("changing what an artifact returned changed the artifact")
	}
}

func FuzzRead(f *testing.F) {
	good := encode(f, toyArtifact(f, toyEmbedder{dims: 4}))
	f.Add(good)
	for _, head := range toyHeads(f) {
		f.Add(encode(f, headed(f, toyEmbedder{dims: 4}, head)))
	}
	text, data := header(good)
	f.Add(join(strings.TrimRight(text, " "), data))
	f.Add(join(`{"__metadata__":{"routeproof":"{}"}}`, nil))
	f.Add(join(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, make([]byte, 4)))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := read(b)
		if err != nil {
			return
		}
		again, err := read(encode(t, a))
		if err != nil {
			t.Fatalf("what was read cannot be written and read: %v", err)
		}
		if again.Manifest().SHA256 != a.Manifest().SHA256 {
			t.Fatal("round trip changed the artifact")
		}
	})
}
