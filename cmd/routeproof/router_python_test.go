package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/centroids/embedder"
	"github.com/routeproof/routeproof/datasets"
)

// routerPython returns a command that runs a Python script in folder, which can
// import docs/examples/router.py and the embedders' definitions. Where the package
// safetensors is not installed, the stand-in of testdata takes its place: the
// router is then tested, but not that the package reads the files.
func routerPython(t *testing.T, folder, script string) *exec.Cmd {
	t.Helper()
	var python string
	for _, p := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(p, "-c", "import numpy").Run() == nil {
			python = p
			break
		}
	}
	if python == "" {
		t.Skip("there is no python3 with numpy here")
	}
	modules := []string{"docs/examples", "cmd/routeproof/testdata/router", "centroids/embedder/testdata"}
	if exec.Command(python, "-c", "import safetensors.numpy").Run() != nil {
		t.Log("the package safetensors is not installed: a stand-in reads the files")
		modules = append(modules, "cmd/routeproof/testdata/router/standin")
	}
	for i, m := range modules {
		modules[i] = filepath.Join(repository, m)
		for _, pattern := range []string{"*.py", "*/*.py"} {
			for _, file := range glob(t, filepath.Join(modules[i], pattern)) {
				readFile(t, file) // tells go test to run again when it changes
			}
		}
	}
	cmd := exec.Command(python, script)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1", "PYTHONPATH="+strings.Join(modules, string(os.PathListSeparator)))
	return cmd
}

// repository is the folder of go.mod; tests change the working directory.
var repository = func() string {
	folder, err := filepath.Abs("../..")
	if err != nil {
		panic(err)
	}
	return folder
}()

// docs/examples/router.py decides as classify does, with all scorers, and refuses
// what it must.
func TestPythonRouter(t *testing.T) {
	skipOtherProcesses(t)
	folder := t.TempDir()
	drive := routerPython(t, folder, filepath.Join(repository, "cmd/routeproof/testdata/router/drive.py"))
	t.Chdir(folder)
	texts := routerTexts(t)

	var cases []routerCase
	for _, c := range []struct{ structure, scorer string }{
		{"none", "centroid"}, {"beside", "logistic"}, {"none", "nearest"}, {"alone", "nearest"},
	} {
		name := c.structure + "-" + c.scorer
		writeFile(t, name+".yaml", fmt.Sprintf("embedder: {dims: 128}\nbootstrap: {replicates: 100}\n"+
			"classifiers: {embedding: {structure: %s, scorer: %s}}\n", c.structure, c.scorer))
		must(t, "build", "--config", name+".yaml", "--out", name+".safetensors")
		cases = append(cases, routerCase{path: name + ".safetensors"}, routerCase{path: pickyArtifact(t, name), rejects: true})
	}
	must(t, "calibrate", "classifier", "--config", "beside-logistic.yaml", "--prompts", "prompts.jsonl", "--loss", "under", "--risk", "0.2", "--out", "certified.safetensors")
	cases = append(cases, routerCase{path: "certified.safetensors", rejects: true})
	for _, path := range tiedArtifacts(t) {
		cases = append(cases, routerCase{path: path, tied: true})
	}

	refusals := routerRefusals(t)
	paths := make([]string, len(cases))
	for i, c := range cases {
		paths[i] = c.path
	}
	input, err := json.Marshal(map[string]any{"texts": texts, "classify": paths, "refuse": refusals})
	if err != nil {
		t.Fatal(err)
	}
	var said, errs bytes.Buffer
	drive.Stdin, drive.Stdout, drive.Stderr = bytes.NewReader(input), &said, &errs
	if err := drive.Run(); err != nil {
		t.Fatalf("%v\n%s", err, errs.String())
	}
	var got struct {
		Decisions [][]classified
		Tensors   [][]string
		Refusals  []string
	}
	if err := json.Unmarshal(said.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	for i, c := range cases {
		c.compare(t, got.Decisions[i])
		checkTensors(t, c.path, got.Tensors[i])
	}
	for i, r := range refusals {
		if !strings.Contains(got.Refusals[i], r.says) || (r.says == "") != (got.Refusals[i] == "") {
			t.Errorf("%s with embedder %q: expected an error with %q, found %q", r.Artifact, r.Change, r.says, got.Refusals[i])
		}
	}
}

// routerTexts writes prompts.jsonl, the built-in set, and texts.jsonl, some of it
// and what prompts can look like besides, and returns the latter's texts.
func routerTexts(t *testing.T) (texts []string) {
	t.Helper()
	must(t, "init", ".")
	file, err := datasets.ReadPrompts("prompts.jsonl", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(file.Prompts); i += 6 {
		texts = append(texts, file.Prompts[i].Text)
	}
	texts = append(texts, "", " \t\n\u3000", "?", "量子计算机为什么需要纠错码？", "नमस्ते दुनिया", "Почему небо голубое?", "مرحبا", "\U0001f600",
		"İSTANBUL ΣΊΣΥΦΟΣ straße", "alpha beta gamma", "one more text", strings.Repeat("Which of these is right? ", 200))
	if err := datasets.Prompts(nil).WriteFile("texts.jsonl", datasets.WriteOptions{}, func(put func(datasets.Prompt) error) error {
		for i, text := range texts {
			if err := put(datasets.Prompt{ID: fmt.Sprint(i), Text: text}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return texts
}

// classifyTexts is what classify makes of texts.jsonl.
func classifyTexts(t *testing.T, path string) (rows []classified) {
	t.Helper()
	for line := range strings.Lines(must(t, "classify", "--artifact", path, "--in", "texts.jsonl").stdout) {
		var c classified
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, c)
	}
	return rows
}

// routerCase is an artifact on which Python and Go must agree.
type routerCase struct {
	path    string
	rejects bool // some texts, by thresholds
	tied    bool // scores are equal and the rule for that decides
}

func (c routerCase) compare(t *testing.T, got []classified) {
	t.Helper()
	want, m := classifyTexts(t, c.path), artifactOf(t, c.path).Manifest()
	if len(got) != len(want) {
		t.Fatalf("%s: %d decisions, expected %d", c.path, len(got), len(want))
	}
	worst, accepted, rejected := 0.0, 0, 0
	differ := func(a, b *float64) bool {
		if a == nil || b == nil {
			return a != b
		}
		d := math.Abs(*a - *b)
		worst = max(worst, d)
		return !(d <= 1e-5)
	}
	for i, w := range want {
		g := got[i]
		// A certified threshold is a score that was seen: rounding may decide on that text.
		wrong := g.Accepted != w.Accepted && !c.atThreshold(m, w) || len(g.Scores) != len(w.Scores) || (g.Scores == nil) != (w.Scores == nil) || differ(g.Margin, w.Margin)
		for tier, s := range w.Scores {
			s2, ok := g.Scores[tier]
			wrong = wrong || !ok || differ(&s, &s2)
		}
		if g.Tier == w.Tier {
			wrong = wrong || differ(g.Probability, w.Probability)
		} else if g.Accepted == w.Accepted {
			wrong = wrong || c.tied || w.Margin == nil || *w.Margin > 1e-6
		}
		if wrong {
			t.Errorf("%s, text %d: Python %s, expected %s", c.path, i, asJSON(t, g), asJSON(t, w))
		}
		if w.Scores != nil && w.Accepted {
			accepted++
		} else if w.Scores != nil {
			rejected++
		}
	}
	if accepted == 0 || (rejected > 0) != c.rejects {
		t.Errorf("%s accepts %d texts and rejects %d", c.path, accepted, rejected)
	}
	t.Logf("%-26s %d texts, %d accepted: largest difference %.1e", c.path, len(want), accepted, worst)
}

// atThreshold tells whether a decision is within rounding of being accepted or not.
func (c routerCase) atThreshold(m centroids.Manifest, d classified) bool {
	if d.Margin == nil {
		return false
	}
	best, nearest := math.Inf(-1), ""
	for _, tier := range m.Tiers {
		if d.Scores[tier] > best {
			best, nearest = d.Scores[tier], tier
		}
	}
	return !c.tied && (math.Abs(*d.Margin-m.Margin) < 1e-12 || math.Abs(best-m.Thresholds[nearest]) < 1e-12)
}

func asJSON(t *testing.T, value any) string {
	t.Helper()
	b, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// checkTensors holds an artifact's tensors to docs/formats.md: the tiers, and in
// format 2 others with a dot in their names.
func checkTensors(t *testing.T, path string, names []string) {
	t.Helper()
	m := artifactOf(t, path).Manifest()
	tiers := slices.Clone(m.Tiers)
	slices.Sort(tiers)
	others := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !strings.Contains(name, ".") })
	if m.Format == 1 && !slices.Equal(names, tiers) || m.Format == 2 && (len(others) != 2 || len(names) != len(tiers)+2) {
		t.Errorf("%s: format %d with tensors %q", path, m.Format, names)
	}
}

func artifactOf(t *testing.T, path string) *centroids.Artifact {
	t.Helper()
	a, err := centroids.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// saveWith writes the artifact with its manifest edited.
func saveWith(t *testing.T, a *centroids.Artifact, path string, edit func(*centroids.Manifest)) string {
	t.Helper()
	m := a.Manifest()
	edit(&m)
	a, err := a.WithManifest(m)
	if err == nil {
		err = a.Save(path)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// pickyArtifact is the artifact with thresholds at the middle of each tier's
// scores, a margin, another fallback tier and no temperature.
func pickyArtifact(t *testing.T, name string) string {
	t.Helper()
	scores := map[string][]float64{}
	for _, c := range classifyTexts(t, name+".safetensors") {
		if c.Scores != nil {
			scores[c.Tier] = append(scores[c.Tier], c.Scores[c.Tier])
		}
	}
	return saveWith(t, artifactOf(t, name+".safetensors"), name+"-picky.safetensors", func(m *centroids.Manifest) {
		for tier, s := range scores {
			slices.Sort(s)
			// Between two scores, so that no rounding decides.
			m.Thresholds[tier] = (s[len(s)/3] + s[len(s)/3+1]) / 2
		}
		m.Margin, m.Fallback, m.InverseTemperature = 0.0123, "FRONTIER", nil
	})
}

// tiedArtifacts have equal centroids, weights and examples, and examples that are
// opposite.
func tiedArtifacts(t *testing.T) (paths []string) {
	t.Helper()
	e, err := embedder.NewHashing(67) // not a multiple of what processors add at once
	if err != nil {
		t.Fatal(err)
	}
	embed := func(text string, sign float32) []float32 {
		v := make([]float32, 67)
		if err := e.Embed(context.Background(), v, []string{text}); err != nil {
			t.Fatal(err)
		}
		for i := range v {
			v[i] *= sign
		}
		return v
	}
	a, b := embed("alpha beta gamma", 1), embed("one more text", 1)
	vectors := [][]float32{a, b, b, b}
	canaries, err := centroids.MakeCanaries(context.Background(), e, vectors, nil)
	if err != nil {
		t.Fatal(err)
	}
	// Each example many times, of all tiers, so that it matters which are taken.
	many, opposite := &centroids.Nearest{Neighbours: 5}, &centroids.Nearest{Neighbours: 3}
	for i := range 101 {
		many.Vectors = slices.Concat(many.Vectors, [][]float32{b, a, b}[i%3])
		many.Tiers = append(many.Tiers, []int{3, 1, 2, 3, 0}[i%5])
		opposite.Vectors = slices.Concat(opposite.Vectors, embed("one more text", -1))
		opposite.Tiers = append(opposite.Tiers, 1+i%3)
	}
	// Of three neighbours one or two have a negative cosine.
	mixed := &centroids.Nearest{Vectors: slices.Concat(b, embed("one more text", -1), a), Tiers: []int{1, 2, 3}, Neighbours: 3}
	beta := 7.5
	for name, head := range map[string]centroids.Head{
		"tied-centroid": {},
		"tied-logistic": {Logistic: &centroids.Logistic{Weight: slices.Concat(a, b, b, b), Bias: make([]float32, 4)}},
		"tied-nearest":  {Nearest: many},
		"opposite":      {Nearest: opposite},
		"mixed":         {Nearest: mixed},
	} {
		tiers := centroids.DefaultTiers()
		made, err := centroids.NewScored(centroids.Manifest{
			Tiers: tiers.Names(), Embedder: e.Identity(), Thresholds: centroids.AcceptAll(tiers), Fallback: "COMPLEX",
			InverseTemperature: &beta, Canaries: canaries, Tolerance: centroids.DefaultTolerance,
		}, vectors, head)
		if err == nil {
			err = made.Save(name + ".safetensors")
		}
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, name+".safetensors")
	}
	slices.Sort(paths)
	return paths
}

// refusal is an artifact, perhaps with a changed embedder, that the router must
// refuse with words.
type refusal struct {
	Artifact string `json:"artifact"`
	Change   string `json:"change"`
	says     string // empty: it is taken
}

func routerRefusals(t *testing.T) (list []refusal) {
	t.Helper()
	for change, says := range map[string]string{
		"identity": "ValueError: embedder: expected {'kind': 'hashing', 'model': 'signed-ngrams-1'",
		"prefix":   "ValueError: canary", "zeros": "ValueError: canary",
		"length": "expected vectors of norm 1", "nan": "expected vectors of norm 1", "dims": "shape of the vectors: expected (8, 128), found (8, 127)",
		"unverified": "RuntimeError: verify an embedder first",
	} {
		list = append(list, refusal{"none-centroid.safetensors", change, says})
	}
	for _, name := range []string{"none-centroid", "beside-logistic", "none-nearest"} {
		good := readFile(t, name+".safetensors")
		for i, at := range []int{len(good) - 1, len(good) - 1001, len(good) - 2002} {
			flipped := []byte(good)
			flipped[at] ^= 1
			list = append(list, refusal{writeFile(t, fmt.Sprintf("%s-flipped%d.safetensors", name, i), string(flipped)), "", "ValueError: sha256: expected"})
		}
		for i, edit := range []struct{ old, new, says string }{
			{`\"margin\":0,`, `\"margin\":1,`, "ValueError: sha256: expected"},
			{`\"drift\"`, `\"drifd\"`, "not all are known here"},
			{`{\"format\":`, `{\"format\":3`, "not all are known here"}, // 31 or 32
			{`\"scorer\":\"`, `\"scorer\":\"un`, "not all are known here"},
			{`"SIMPLE":{`, `"SIMPLY":{`, "ValueError: tensors: expected"},
			{`__metadata__`, `__metabata__`, "Error"},
			{`\"sha256\":\"`, `\"sha256\":\"0`, "ValueError: sha256: expected"},
		} {
			list = append(list, refusal{editHeader(t, good, fmt.Sprintf("%s-%d.safetensors", name, i), edit.old, edit.new), "", edit.says})
		}
		// The names of two tensors swapped: the data is as it was.
		swapped := editHeader(t, good, "swapped.safetensors", `"SIMPLE":{`, `"SWAPPED":{`)
		swapped = editHeader(t, readFile(t, swapped), "swapped.safetensors", `"MEDIUM":{`, `"SIMPLE":{`)
		swapped = editHeader(t, readFile(t, swapped), name+"-swapped.safetensors", `"SWAPPED":{`, `"MEDIUM":{`)
		list = append(list, refusal{swapped, "", "ValueError: sha256: expected"},
			refusal{writeFile(t, name+"-half.safetensors", good[:len(good)/2]), "", "Error"})
	}
	list = append(list, refusal{"absent.safetensors", "", "FileNotFoundError"})
	for i, f := range forgeries() {
		path := f.write(t, fmt.Sprintf("forged-%d.safetensors", i))
		if _, err := centroids.Load(path); err == nil || errors.Is(err, centroids.ErrChecksum) || errors.Is(err, centroids.ErrFormat) {
			t.Errorf("%s with %s: %v, expected it to be refused for what it says", f.of, f.new, err)
		}
		list = append(list, refusal{path, "", f.says})
	}
	return list
}

// forgery is an artifact with something changed and a checksum that is right.
type forgery struct {
	of       string  // the artifact
	old, new string  // in the manifest
	tensor   string  // or of a tensor, the first element
	value    float32 // becomes this
	says     string  // the router
}

func forgeries() []forgery {
	const centroid, logistic, nearest = "none-centroid", "beside-logistic", "none-nearest"
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	manifest := func(of, old, replacement, says string) forgery {
		return forgery{of: of, old: old, new: replacement, says: "ValueError: " + says}
	}
	tensor := func(of, name string, value float32, says string) forgery {
		return forgery{of: of, tensor: name, value: value, says: "ValueError: " + says}
	}
	const weights, examples = "weights and biases beyond ±1e6: expected [], found [", "tiers of examples that are not of 0 to 3: expected [], found ["
	const beta, threshold, canaryScores = `"inverse_temperature":[^,]+`, `"SIMPLE":-1`, `"scores":\[[^,]+`
	return []forgery{
		tensor(logistic, "linear.weight", nan, weights+"nan]"),
		tensor(logistic, "linear.weight", -1.1e6, weights+"-1100000.0]"),
		tensor(logistic, "linear.bias", inf, weights+"inf]"),
		tensor(nearest, "examples.tiers", 0.5, examples+"0.5]"),
		tensor(nearest, "examples.tiers", 7, examples+"7.0]"),
		tensor(nearest, "examples.tiers", -1, examples+"-1.0]"),
		tensor(nearest, "examples.tiers", nan, examples+"nan]"),
		tensor(nearest, "examples.vectors", nan, "the examples: expected vectors of norm 1"),
		tensor(centroid, "SIMPLE", nan, "the centroids: expected vectors of norm 1"),
		manifest(nearest, `"neighbours":15`, `"neighbours":-3`, "neighbours: expected 1 to "),
		manifest(nearest, `"neighbours":15`, `"neighbours":100000`, "neighbours: expected 1 to "),
		manifest(nearest, `"neighbours":15`, `"neighbours":2.5`, "neighbours: expected 1 to "),
		manifest(logistic, `"scorer":"logistic",`, `"scorer":"logistic","neighbours":15,`, "neighbours: expected 0, found 15"),
		manifest(centroid, beta, `"inverse_temperature":-1`, "inverse_temperature: expected 0 to 500, found -1"),
		manifest(centroid, beta, `"inverse_temperature":1e999`, "inverse_temperature: expected 0 to 500, found inf"),
		manifest(centroid, beta, `"inverse_temperature":"1"`, "inverse_temperature: expected 0 to 500, found '1'"),
		manifest(centroid, `"margin":0`, `"margin":-5`, "margin: expected 0 to 2, found -5"),
		manifest(centroid, `"margin":0`, `"margin":false`, "margin: expected 0 to 2, found False"),
		manifest(centroid, `"canary_tolerance":0.001`, `"canary_tolerance":1e9`, "canary_tolerance: expected 0 to 2, found 1000000000.0"),
		manifest(centroid, `"canary_tolerance":0.001`, `"canary_tolerance":0`, "canary_tolerance: expected more than 0"),
		manifest(centroid, threshold, `"SIMPLE":NaN`, "the manifest: expected JSON, found NaN"),
		manifest(centroid, threshold, `"SIMPLE":-1e999`, "threshold of SIMPLE: expected -inf to inf, found -inf"),
		manifest(centroid, threshold, `"SIMPLE":null`, "threshold of SIMPLE: expected -inf to inf, found None"),
		manifest(centroid, threshold, `"CHEAP":-1`, "tiers of the thresholds: expected "),
		manifest(centroid, threshold, `"SIMPLE":-1,"SIMPLE":1`, "names in an object of the manifest: expected "),
		manifest(centroid, `"fallback":"MEDIUM"`, `"fallback":"CHEAP"`, "fallback: expected one of ['SIMPLE', 'MEDIUM', 'COMPLEX', 'FRONTIER'], found 'CHEAP'"),
		manifest(centroid, `"canaries":.*,"canary_tolerance"`, `"canaries":[],"canary_tolerance"`, "number of canaries: expected 1 to 64, found 0"),
		manifest(centroid, `"text":"hello`, `"test":"hello`, "canary 1: expected a text with scores, found "),
		manifest(centroid, canaryScores, `"scores":[1.5`, "scores of canary 1: expected -1 to 1, found 1.5"),
		manifest(centroid, canaryScores, `"scores":[0,0`, "number of scores of canary 1: expected 4, found 5"),
	}
}

// write writes the artifact to a file.
func (f forgery) write(t *testing.T, path string) string {
	t.Helper()
	good := []byte(readFile(t, f.of+".safetensors"))
	size := binary.LittleEndian.Uint64(good)
	var header map[string]json.RawMessage
	var metadata map[string]string
	if err := errors.Join(json.Unmarshal(good[8:8+size], &header), json.Unmarshal(header["__metadata__"], &metadata)); err != nil {
		t.Fatal(err)
	}
	data, text := good[8+size:], metadata["routeproof"]
	if f.tensor != "" {
		var at struct {
			Offsets [2]int `json:"data_offsets"`
		}
		if err := json.Unmarshal(header[f.tensor], &at); err != nil {
			t.Fatal(err)
		}
		binary.LittleEndian.PutUint32(data[at.Offsets[0]:], math.Float32bits(f.value))
	} else {
		found := regexp.MustCompile(f.old).FindStringIndex(text)
		if found == nil {
			t.Fatalf("%s: no %s in the manifest", f.of, f.old)
		}
		text = text[:found[0]] + f.new + text[found[1]:]
	}
	text = text[:len(text)-len(`"}`)-2*sha256.Size]
	sum := sha256.Sum256([]byte(string(data) + text + `"}`))
	metadata["routeproof"] = text + hex.EncodeToString(sum[:]) + `"}`
	encoded := strings.Replace(string(good[8:8+size]), string(header["__metadata__"]), asJSON(t, metadata), 1)
	encoded = strings.TrimRight(encoded, " ")
	encoded += strings.Repeat(" ", -len(encoded)&7) // data begins at a multiple of eight
	return writeFile(t, path, string(binary.LittleEndian.AppendUint64(nil, uint64(len(encoded))))+encoded+string(data))
}

// editHeader writes a safetensors file with the first old in its header replaced.
func editHeader(t *testing.T, good, path, old, replacement string) string {
	t.Helper()
	size := 0
	for i := range 8 {
		size |= int(good[i]) << (8 * i)
	}
	header := good[8 : 8+size]
	if !strings.Contains(header, old) {
		t.Fatalf("%s: no %s in the header", path, old)
	}
	header = strings.Replace(header, old, replacement, 1)
	var prefix [8]byte
	for i := range prefix {
		prefix[i] = byte(len(header) >> (8 * i))
	}
	return writeFile(t, path, string(prefix[:])+header+good[8+size:])
}

// The commands and the Python of docs/router.md work one behind the other, and
// what reload refuses leaves the old artifact in service.
func TestRouterPage(t *testing.T) {
	skipOtherProcesses(t)
	folder := t.TempDir()
	cmd := routerPython(t, folder, "page.py")
	page := readFile(t, "../../docs/router.md")
	t.Chdir(folder)
	blocks := func(language string) (all []string) {
		for _, b := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(page, -1) {
			all = append(all, b[1])
		}
		return all
	}
	commands, code := blocks("sh"), blocks("python")
	if len(commands) != 1 || len(code) != 4 {
		t.Fatalf("%d commands and %d pieces of Python", len(commands), len(code))
	}
	vectors, _ := hashedVectors(t)
	writeVectors(t, "vectors.jsonl", vectors, nil)
	if out, err := asShell(t, folder, commands[0]).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	a := artifactOf(t, "centroids.safetensors")
	saveWith(t, a, "tiers.safetensors", func(m *centroids.Manifest) {
		m.Tiers, m.Fallback = []string{"A", "B", "C", "D"}, "B"
		m.Thresholds = map[string]float64{"A": -1, "B": -1, "C": -1, "D": -1}
	})
	saveWith(t, a, "model.safetensors", func(m *centroids.Manifest) { m.Embedder.Model = "new-model" })
	saveWith(t, a, "canary.safetensors", func(m *centroids.Manifest) { m.Canaries[3].Scores[2] += 0.002 })
	saveWith(t, a, "new.safetensors", func(m *centroids.Manifest) { m.Thresholds["SIMPLE"], m.Fallback = 1, "FRONTIER" })
	writeFile(t, "half.safetensors", readFile(t, "new.safetensors")[:5000])
	must(t, "build", "--out", "own.safetensors")
	writeFile(t, "both.yaml", "classifiers: {embedding: {structure: beside, scorer: centroid}}\n")
	must(t, "build", "--config", "both.yaml", "--out", "both.safetensors")
	writeFile(t, "ngrams.yaml", "classifiers: {embedding: {structure: none, scorer: centroid}}\n")
	must(t, "build", "--config", "ngrams.yaml", "--out", "ngrams.safetensors")
	writeFile(t, "structural.txt", readFile(t, filepath.Join(repository, "centroids/embedder/structural.txt")))

	writeFile(t, "my_model.py", "import embedders\n\n\ndef encode(texts):\n    return 2 * embedders.of({'kind': 'hashing', 'dims': 64})(texts) + [[0.001 * (not text)] for text in texts]\n")
	writeFile(t, "page.py", strings.Join(code, "\n\n")+`

from safetensors.numpy import load_file

assert sorted(name for name in load_file("centroids.safetensors") if "." not in name) == sorted(router.tiers)
assert route("") == MODELS["MEDIUM"] and route("What time is it in Lima?") in MODELS.values()
old = router
for path, says in ("tiers", "map them"), ("model", "embedder: expected"), ("canary", "canary 4 of 8, tier COMPLEX: expected"), ("half", ""):
    try:
        reload(path + ".safetensors")
    except Exception as e:
        assert says in str(e), (path, e)
    else:
        raise AssertionError(path + " was taken")
    assert router is old
reload("new.safetensors")
assert router is not old and route("") == MODELS["FRONTIER"]

Router.load("own.safetensors").verify(looks, STRUCTURAL)
for path, embed in ("ngrams", ngrams), ("both", both):
    own = Router.load(path + ".safetensors")
    own.verify(embed, own.manifest["embedder"])
    assert own.classify(["", "What time is it in Lima?"])[0]["scores"] is None
`)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
