package describe

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/routeproof/routeproof/datasets"
)

// scanOf hands out prompts that are in memory.
func scanOf(prompts ...datasets.Prompt) Scan {
	return func(visit func(*datasets.Prompt) error) (datasets.Summary, error) {
		for i := range prompts {
			p := prompts[i]
			if err := visit(&p); err != nil {
				return datasets.Summary{}, err
			}
		}
		return datasets.Summary{Rows: len(prompts)}, nil
	}
}

const (
	question = "How do I reset the password of my account when the mail never comes?"
	typo     = "How do I reset the pasword of my account when the mail never comes?"
	unlike   = "Name three rivers that flow into the Black Sea, from west to east."
)

func TestPrompts(t *testing.T) {
	long := strings.Repeat("é", shownRunes+1)
	got, err := Prompts(scanOf(
		datasets.Prompt{ID: "a", Text: question, Tier: "SIMPLE", Domain: "support", Language: "en", Split: "train", TaskType: "general"},
		datasets.Prompt{ID: "b", Text: "  " + strings.ToUpper(question), Tier: "SIMPLE", AltTier: "MEDIUM", Domain: "support", Split: "train"},
		datasets.Prompt{ID: "c", Text: typo, Tier: "MEDIUM", Domain: "support", Split: "train"},
		datasets.Prompt{ID: "d", Text: unlike, Tier: "MEDIUM", Domain: "geography", Language: "en", Split: "test", Group: "g"},
		datasets.Prompt{ID: "e", Text: long, Split: "test", Group: "g"},
		datasets.Prompt{ID: "f", Text: "", Split: "test"},
	), []string{"SIMPLE", "MEDIUM", "COMPLEX"})
	if err != nil {
		t.Fatal(err)
	}
	want := &Description{
		Prompts: 6, Labelled: 4, AltTiers: 1,
		Tiers:     []Count{{"SIMPLE", 2}, {"MEDIUM", 2}, {"COMPLEX", 0}},
		Splits:    []Count{{"test", 3}, {"train", 3}},
		Domains:   []Count{{"support", 3}, {"", 2}, {"geography", 1}},
		Languages: []Count{{"", 4}, {"en", 2}},
		Scripts:   []Count{{"Latin", 5}, {"none", 1}},
		TaskTypes: []Count{{"", 5}, {"general", 1}},
		Runes:     Quantiles{Min: 0, P5: 0, Median: 67, P95: 121, Max: 121, Mean: 392. / 6},
		Words:     Quantiles{Min: 0, P5: 0, Median: 13, P95: 13, Max: 13, Mean: 53. / 6},
		Texts: Texts{Groups: 3, Repeated: 2, NearRepeated: 3, Largest: 3, Examples: []Group{
			{N: 3, Few: []Member{{"a", question}, {"c", typo}}},
		}},
	}
	lengths, words := 0, 0
	for _, text := range []string{question, "  " + question, typo, unlike, long} {
		lengths += len([]rune(text))
		words += len(strings.Fields(text))
	}
	want.Runes.Mean, want.Words.Mean = float64(lengths)/6, float64(words)/6
	want.Runes.Median = len([]rune(typo)) // the third of six: behind "" and unlike
	want.Words.Median, want.Words.P95, want.Words.Max = len(strings.Fields(unlike)), len(strings.Fields(question)), len(strings.Fields(question))
	got.Warnings = nil
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want −, got +:\n%s", diff)
	}
}

// Only the largest groups are shown, and of each a few texts that differ,
// shortened.
func TestExamples(t *testing.T) {
	var prompts []datasets.Prompt
	random := rand.New(rand.NewPCG(1, 0))
	for g := range shownGroups + 3 {
		words := make([]string, 60)
		for i := range words {
			words[i] = fmt.Sprintf("w%x", random.Uint32())
		}
		for copy := range g + 2 { // group g has g + 2 members
			words[copy] = fmt.Sprintf("x%x", random.Uint32())
			prompts = append(prompts, datasets.Prompt{ID: fmt.Sprintf("%d-%d", g, copy), Text: strings.Join(words, " ")})
		}
	}
	d, err := Prompts(scanOf(prompts...), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Texts.Examples) != shownGroups {
		t.Fatalf("%d groups are shown, expected %d", len(d.Texts.Examples), shownGroups)
	}
	for i, example := range d.Texts.Examples {
		g := shownGroups + 2 - i // the largest first
		if example.N != g+2 || len(example.Few) != shownMembers || example.Few[0].ID != fmt.Sprintf("%d-0", g) {
			t.Errorf("example %d: %+v, expected group %d", i, example, g)
		}
		for _, m := range example.Few {
			if runes := []rune(m.Text); len(runes) != shownRunes+1 || runes[shownRunes] != '…' {
				t.Errorf("example %d: a text of %d code points", i, len(runes))
			}
		}
	}
}

// The values are those of numpy.quantile(…, method="inverted_cdf") of numpy
// 1.24 for 0, 0.05, 0.5, 0.95 and 1.
func TestQuantiles(t *testing.T) {
	for _, c := range []struct {
		lengths []int
		want    Quantiles
	}{
		{[]int{7}, Quantiles{7, 7, 7, 7, 7, 7}},
		{[]int{3, 1}, Quantiles{1, 1, 1, 3, 3, 2}},
		{[]int{5, 4, 3, 2, 1}, Quantiles{1, 1, 3, 5, 5, 3}},
		{sequence(20), Quantiles{0, 0, 9, 18, 19, 9.5}},
		{sequence(21), Quantiles{0, 1, 10, 19, 20, 10}},
		{sequence(101), Quantiles{0, 5, 50, 95, 100, 50}},
	} {
		counted := lengths{}
		for _, length := range c.lengths {
			counted[length]++
		}
		if got := counted.quantiles(); got != c.want {
			t.Errorf("%v: %+v, expected %+v", c.lengths, got, c.want)
		}
	}
}

func sequence(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = n - 1 - i
	}
	return out
}

func TestAgainst(t *testing.T) {
	other := scanOf(
		datasets.Prompt{ID: "1", Text: unlike, Group: "same name"},
		datasets.Prompt{ID: "2", Text: question},
		datasets.Prompt{ID: "3", Text: question + " "},
		datasets.Prompt{ID: "4", Text: ""},
	)
	file := scanOf(
		datasets.Prompt{ID: "new", Text: "Prove that there is no largest prime number.", Group: "same name"},
		datasets.Prompt{ID: "equal", Text: strings.ToUpper(question)},
		datasets.Prompt{ID: "near", Text: typo},
		datasets.Prompt{ID: "empty", Text: " "},
		datasets.Prompt{ID: "near again", Text: typo},
	)
	got, err := Against(file, other)
	if err != nil {
		t.Fatal(err)
	}
	want := &Overlap{Equal: 2, Near: 2, Pairs: []Pair{{"equal", "2", true}, {"near", "2", false}, {"empty", "4", true}, {"near again", "2", false}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want −, got +:\n%s", diff)
	}
	if o, err := Against(scanOf(datasets.Prompt{ID: "x", Text: unlike}), scanOf(datasets.Prompt{ID: "y", Text: question})); err != nil || o.Equal+o.Near+len(o.Pairs) > 0 {
		t.Errorf("files without overlap: %+v, %v", o, err)
	}
}

// Like the public benchmark with 119 of 500 test questions in its train file.
func TestAgainstCountsRepeats(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 0))
	question := func(id string) datasets.Prompt {
		words := make([]string, 12)
		for i := range words {
			words[i] = fmt.Sprintf("w%d", random.IntN(5000))
		}
		return datasets.Prompt{ID: id, Text: strings.Join(words, " ")}
	}
	var train, test []datasets.Prompt
	for i := range 3000 {
		train = append(train, question(fmt.Sprint("train ", i)))
	}
	for i := range 500 {
		p := question(fmt.Sprint("test ", i))
		if i < 119 {
			p.Text = train[7*i].Text
		}
		test = append(test, p)
	}
	o, err := Against(scanOf(test...), scanOf(train...))
	if err != nil {
		t.Fatal(err)
	}
	if o.Equal != 119 || o.Near != 0 {
		t.Errorf("%d equal, %d near; expected 119, 0", o.Equal, o.Near)
	}
	for i, p := range o.Pairs {
		if p.ID != fmt.Sprint("test ", i) || p.OtherID != fmt.Sprint("train ", 7*i) {
			t.Errorf("pair %d: %+v", i, p)
		}
	}
}

func TestOutcomes(t *testing.T) {
	known := func(v float64) datasets.Optional[float64] { return datasets.Known(v) }
	rows := []datasets.Outcome{
		{ID: "1", Model: "b", Prompt: "one", Domain: "x", Score: known(1), CostUSD: known(0.25), Response: datasets.Known("")},
		{ID: "2", Model: "b", Prompt: "two", Domain: "y", Score: known(0), CostUSD: known(0.5), Response: datasets.Known("no")},
		{ID: "1", Model: "a", Score: known(0.5)},
		{ID: "3", Model: "a", Error: "timeout"},
		{ID: "2", Model: "a", Prompt: "another text"},
		{ID: "3", Model: "c", Prompt: "three"},
	}
	got, err := Outcomes(func(visit func(*datasets.Outcome) error) (datasets.Summary, error) {
		for i := range rows {
			if err := visit(&rows[i]); err != nil {
				return datasets.Summary{}, err
			}
		}
		return datasets.Summary{Rows: len(rows), Warnings: []string{"first"}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	half, usd := 0.5, 0.75
	want := &Matrix{
		Rows: 6, Prompts: 3, Holes: 3,
		Models: []Model{
			{Name: "a", Rows: 3, Scores: 1, Mean: &half, Errors: 1},
			{Name: "b", Rows: 2, Missing: 1, Scores: 2, Mean: &half, Costs: 2, USD: &usd, Responses: 2},
			{Name: "c", Rows: 1, Missing: 2},
		},
		Domains:  []Count{{"", 1}, {"x", 1}, {"y", 1}},
		Warnings: []string{"first", "ids beside more than one prompt text: 1; answers to different prompts are compared there"},
	}
	for i := range got.Models {
		got.Models[i].sum, got.Models[i].usd = 0, 0
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(Model{})); diff != "" {
		t.Errorf("want −, got +:\n%s", diff)
	}
}

func TestScriptOf(t *testing.T) {
	for text, want := range map[string]string{
		"":                    "none",
		"12 + 3 = ?":          "none",
		"Wie geht's, Łukasz?": "Latin",
		"как дела":            "Cyrillic",
		"你好吗":                 "Han",
		"今日は天気がいい":            "Kana",
		"日本 の hello":          "Latin",
		"안녕하세요":               "Hangul",
		"كيف حالك":            "Arabic",
		"आप कैसे हैं":         "Devanagari",
		"τι κάνεις":           "Greek",
		"สวัสดีครับ":          "Thai",
		"ᎣᏏᏲ":                 "Other",
		"ab жз":               "Latin", // a tie
		strings.Repeat("a", 4096) + "жзжз" + strings.Repeat("ж", 9000): "Latin",
	} {
		if got := scriptOf(text); got != want {
			t.Errorf("%.20q: %s, expected %s", text, got, want)
		}
	}
}

func TestFileThatChanges(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p.jsonl")
	row := func(i int) string { return fmt.Sprintf("{\"id\":\"%d\",\"prompt\":\"p\"}\n", i) }
	for name, change := range map[string]string{"grows": row(1) + row(2) + row(3), "shrinks": row(1), "says something else": row(1) + `{"id":"2","prompt":"q"}`} {
		if err := os.WriteFile(path, []byte(row(1)+row(2)), 0o600); err != nil {
			t.Fatal(err)
		}
		scan, passes := File(context.Background(), path, nil, nil), 0
		_, err := Prompts(func(visit func(*datasets.Prompt) error) (datasets.Summary, error) {
			if passes++; passes == 2 {
				if err := os.WriteFile(path, []byte(change), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			return scan(visit)
		}, nil)
		if !errors.Is(err, ErrChanged) {
			t.Errorf("%s: error is %v, expected ErrChanged", name, err)
		}
	}
}

func TestFileStopsWhenDone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p.jsonl")
	if err := os.WriteFile(path, []byte(`{"id":"1","prompt":"p"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Prompts(File(ctx, path, nil, nil), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, expected context.Canceled", err)
	}
}
