package synth

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/routeproof/routeproof/datasets"
)

// derive runs a deriver over lines of JSON.
func derive(t *testing.T, l datasets.Ladder, lines ...string) (*Derived, error) {
	t.Helper()
	d, err := NewDeriver(l)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := datasets.Outcomes().Scan(strings.NewReader(strings.Join(lines, "\n")), "outcomes", nil, d.Add); err != nil {
		t.Fatal(err)
	}
	return d.Derived()
}

func toyLadder() datasets.Ladder {
	return datasets.Ladder{{Tier: "T1", Model: "s"}, {Tier: "T2", Model: "m"}, {Tier: "T3", Model: "l"}}
}

// toyOutcomes has each way to end once or more.
func toyOutcomes() []string {
	return strings.Split(`{"id":"first","model":"s","prompt":"a","domain":"d","score":0.5}
{"id":"first","model":"m","score":0}
{"id":"second","model":"s","prompt":"b","score":0.49}
{"id":"second","model":"m","prompt":"b","score":1,"domain":"d"}
{"id":"second","model":"l","prompt":"b","domain":"e","score":0}
{"id":"third","model":"s","prompt":"c","error":"timeout","score":0}
{"id":"third","model":"m","correct":false}
{"id":"third","model":"l","score":1}
{"id":"none","model":"s","prompt":"d","score":0}
{"id":"none","model":"m","score":0}
{"id":"none","model":"l","score":0.1}
{"id":"none","model":"other","score":1}
{"id":"hole below","model":"m","prompt":"e","score":1}
{"id":"hole between","model":"s","prompt":"f","score":0}
{"id":"hole between","model":"l","prompt":"f","score":1}
{"id":"hole at the end","model":"s","prompt":"g","score":0}
{"id":"hole at the end","model":"m","prompt":"g","score":0}
{"id":"hole above","model":"s","prompt":"h","score":1}
{"id":"failed","model":"s","prompt":"i","error":"timeout"}
{"id":"failed","model":"m","score":1}
{"id":"no score","model":"s","prompt":"j","response":"x"}
{"id":"no text","model":"s","score":1}
{"id":"off the ladder","model":"other","prompt":"k","score":1}
{"id":"two texts","model":"s","prompt":"l","score":1}
{"id":"two texts","model":"m","prompt":"L","score":1}`, "\n")
}

func TestDerive(t *testing.T) {
	got, err := derive(t, toyLadder(), toyOutcomes()...)
	if err != nil {
		t.Fatal(err)
	}
	prompts := []datasets.Prompt{
		{ID: "first", Text: "a", Tier: "T1", Domain: "d"}, {ID: "second", Text: "b", Tier: "T2"}, {ID: "third", Text: "c", Tier: "T3"},
		{ID: "none", Text: "d", Tier: "NONE"}, {ID: "hole above", Text: "h", Tier: "T1"},
	}
	if diff := cmp.Diff(prompts, promptsOf(t, got)); diff != "" {
		t.Errorf("want −, got +:\n%s", diff)
	}
	want := &Derived{
		Prompts: 5, PerTier: []int{2, 1, 1}, None: 1,
		LeftOut: LeftOut{TextDiffers: 1, NoText: 1, NoOutcome: 4, Failed: 1, NoScore: 1},
		Warnings: []string{
			`prompts left out because their rows have different texts: 1 ("two texts")`,
			`prompts whose rows have different domains, which is left empty: 1 ("second")`,
		},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Derived{})); diff != "" {
		t.Errorf("want −, got +:\n%s", diff)
	}
	if n := got.Prompts + leftOut(got); n != 13 {
		t.Errorf("%d prompts kept and left out, expected 13", n)
	}
}

// TestDeriveInAnyOrder shuffles rows: only the order of prompts may follow.
func TestDeriveInAnyOrder(t *testing.T) {
	sorted := func(d *Derived) map[string]datasets.Prompt {
		byID := map[string]datasets.Prompt{}
		for _, p := range promptsOf(t, d) {
			byID[p.ID] = p
		}
		return byID
	}
	want, err := derive(t, toyLadder(), toyOutcomes()...)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		lines := toyOutcomes()
		rng.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
		got, err := derive(t, toyLadder(), lines...)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(sorted(want), sorted(got)); diff != "" || got.LeftOut != want.LeftOut || !cmp.Equal(got.Warnings, want.Warnings) {
			t.Fatalf("want −, got +:\n%s%+v %q", diff, got.LeftOut, got.Warnings)
		}
	}
}

func TestDeriveUnknownModel(t *testing.T) {
	_, err := derive(t, datasets.Ladder{{Tier: "T1", Model: "s"}, {Tier: "T2", Model: "mistral-7b"}}, `{"id":"1","model":"s","prompt":"a","score":1}`, `{"id":"1","model":"mistralai/mistral-7b-chat","score":1}`)
	const want = `ladder model without outcomes: "mistral-7b" (did you mean "mistralai/mistral-7b-chat"?); the outcomes are of "mistralai/mistral-7b-chat", "s"`
	if !errors.Is(err, ErrModel) || err.Error() != want {
		t.Errorf("%v, expected %s", err, want)
	}
}

func TestDeriveTwice(t *testing.T) {
	d, err := NewDeriver(toyLadder())
	if err != nil {
		t.Fatal(err)
	}
	o := &datasets.Outcome{ID: "1", Model: "s"}
	if err := d.Add(o); err != nil {
		t.Fatal(err)
	}
	if err := d.Add(o); err == nil {
		t.Error("no error of a second outcome of one model")
	}
	if _, err := NewDeriver(datasets.Ladder{{Tier: "T1", Model: "a"}}); err == nil {
		t.Error("no error of a ladder with one rung")
	}
}

// TestDeriveSharedData finds the labels of derived_routerbench in the outcomes
// they were made of. The ladder is the only one of four models, of all 7,920
// orders, that gives them; it was found by trying all (Python's itertools).
func TestDeriveSharedData(t *testing.T) {
	const ladder = "T1=mistralai/mistral-7b-chat,T2=mistralai/mixtral-8x7b-chat,T3=gpt-3.5-turbo-1106,T4=gpt-4-1106-preview"
	folder := filepath.Join("..", "..", "..", "shared", "data")
	outcomes, labels := filepath.Join(folder, "outcomes", "routerbench.jsonl.gz"), filepath.Join(folder, "prompts", "derived_routerbench.jsonl.gz")
	for _, path := range []string{outcomes, labels} {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			t.Skipf("shared data is absent: %s", path)
		} else if err != nil {
			t.Fatal(err)
		}
	}
	l, err := datasets.ParseLadder(ladder)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Derive(l, func(visit func(*datasets.Outcome) error) (datasets.Summary, error) {
		return datasets.Outcomes().ScanFile(outcomes, nil, visit)
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{1841, 746, 194, 178}, got.PerTier); diff != "" || got.None != 191 || got.LeftOut != (LeftOut{}) || got.Warnings != nil {
		t.Errorf("tiers %v, none %d, left out %+v, warnings %q", got.PerTier, got.None, got.LeftOut, got.Warnings)
	}
	want, err := datasets.ReadPrompts(labels, l.Tiers(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Close()
	labelled := promptsOf(t, got)
	for i := range labelled {
		if labelled[i].Tier == datasets.Unlabelled {
			labelled[i].Tier = ""
		}
	}
	if diff := cmp.Diff(want.Prompts, labelled); diff != "" {
		t.Errorf("want −, got +:\n%s", diff)
	}

	path := filepath.Join(t.TempDir(), "derived.parquet")
	if err := datasets.Prompts(nil).WriteFile(path, datasets.WriteOptions{}, got.Put); err != nil {
		t.Fatal(err)
	}
	back, err := datasets.ReadPrompts(path, l.Tiers(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if datasets.ContentHash(back.Prompts) != datasets.ContentHash(want.Prompts) {
		t.Error("prompts read back differ")
	}
}

// Texts in a temporary file give the same prompts, and what cannot be kept or read
// back is an error.
func TestDeriveBeyondMemory(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	want, err := derive(t, toyLadder(), toyOutcomes()...)
	if err != nil {
		t.Fatal(err)
	}
	near := func() *Deriver {
		d, err := NewDeriver(toyLadder())
		if err != nil {
			t.Fatal(err)
		}
		d.texts.Limit = 1
		return d
	}
	d := near()
	if _, err := datasets.Outcomes().Scan(strings.NewReader(strings.Join(toyOutcomes(), "\n")), "outcomes", nil, d.Add); err != nil {
		t.Fatal(err)
	}
	got, err := d.Derived()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(promptsOf(t, want), promptsOf(t, got)); diff != "" || got.LeftOut != want.LeftOut {
		t.Errorf("want −, got +:\n%s%+v", diff, got.LeftOut)
	}
	if err := got.Close(); err != nil {
		t.Fatal(err)
	}
	if err := got.Put(func(datasets.Prompt) error { return nil }); err == nil {
		t.Error("texts were given up, and no error")
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("%v are left: %v", left, err)
	}
	t.Setenv("TMPDIR", folder+"/none")
	if err := near().Add(&datasets.Outcome{ID: "1", Model: "s", Prompt: "some text"}); err == nil {
		t.Error("there is no place for texts, and no error")
	}
}

func promptsOf(t *testing.T, d *Derived) (prompts []datasets.Prompt) {
	t.Helper()
	if err := d.Put(func(p datasets.Prompt) error { prompts = append(prompts, p); return nil }); err != nil {
		t.Fatal(err)
	}
	return prompts
}

func leftOut(d *Derived) int {
	l := d.LeftOut
	return l.TextDiffers + l.NoText + l.NoOutcome + l.Failed + l.NoScore
}

// A ladder that recorded costs contradict is told, with the costs that are
// known.
func TestDeriveCosts(t *testing.T) {
	const told = `the recorded mean costs contradict the ladder, which is to be cheapest first: `
	for _, c := range []struct{ costs, want string }{
		{`1 2 4`, ""},
		{`1 1 1`, ""},
		{`0.1 0.1 0.1`, ""},
		{`- - -`, ""},
		{`- 4 -`, ""},
		{`1 4 2`, told + `"s" $1 over 2 answers, "m" $4 over 2 answers, "l" $2 over 2 answers`},
		{`4 - 2`, told + `"s" $4 over 2 answers, "l" $2 over 2 answers`},
		{`4 2 4`, told + `"s" $4 over 2 answers, "m" $2 over 2 answers, "l" $4 over 2 answers`},
	} {
		var lines []string
		for _, id := range []string{"1", "2"} {
			for i, usd := range strings.Fields(c.costs) {
				line := `{"id":"` + id + `","prompt":"x","score":1,"model":"` + toyLadder()[i].Model + `"`
				if usd != "-" {
					line += `,"cost_usd":` + usd
				}
				lines = append(lines, line+"}")
			}
		}
		got, err := derive(t, toyLadder(), lines...)
		if err != nil {
			t.Fatal(err)
		}
		if warnings := strings.Join(got.Warnings, "\n"); warnings != c.want {
			t.Errorf("%s: %s, expected %s", c.costs, warnings, c.want)
		}
	}
}
