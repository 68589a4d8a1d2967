package builtin

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/internal/wording"
)

var tiers = []string{"SIMPLE", "MEDIUM", "COMPLEX", "FRONTIER"}

func set(t *testing.T) []datasets.Prompt {
	t.Helper()
	file, err := Prompts(tiers)
	if err != nil {
		t.Fatal(err)
	}
	if len(file.Warnings) > 0 {
		t.Errorf("warnings %q", file.Warnings)
	}
	return file.Prompts
}

// TestPrompts holds what docs/dataset.md says of the set.
func TestPrompts(t *testing.T) {
	counts, domains, seen := map[string]int{}, map[string]map[string]int{}, map[string]string{}
	others, alternatives, fewest, most := 0, 0, math.MaxInt, 0
	all := set(t)
	for _, p := range all {
		counts[p.Tier]++
		if domains[p.Domain] == nil {
			domains[p.Domain] = map[string]int{}
		}
		domains[p.Domain][p.Tier]++
		if p.Language != "en" {
			others++
		} else {
			fewest = min(fewest, len(strings.Fields(p.Text)))
		}
		most = max(most, len(strings.Fields(p.Text)))
		if p.AltTier != "" {
			alternatives++
			if a, b := slices.Index(tiers, p.Tier), slices.Index(tiers, p.AltTier); max(a-b, b-a) != 1 {
				t.Errorf("%s is %s or %s: only neighbours are both defensible", p.ID, p.Tier, p.AltTier)
			}
		}
		folded := strings.Join(strings.Fields(strings.ToLower(p.Text)), " ")
		if folded == "" {
			t.Errorf("%s is blank", p.ID)
		}
		if other, twice := seen[folded]; twice {
			t.Errorf("%s and %s have one text", other, p.ID)
		}
		seen[folded] = p.ID
		if p.Licence != "CC-BY-4.0" || p.Source != "routeproof" || p.Group == "" || p.Language == "" || p.TaskType == "" {
			t.Errorf("%s has licence %q, source %q, group %q, language %q and task type %q", p.ID, p.Licence, p.Source, p.Group, p.Language, p.TaskType)
		}
	}
	if diff := cmp.Diff(map[string]int{"SIMPLE": 300, "MEDIUM": 300, "COMPLEX": 300, "FRONTIER": 300}, counts); diff != "" {
		t.Errorf("prompts a tier: want −, got +:\n%s", diff)
	}
	for domain, of := range domains {
		for _, tier := range tiers {
			if of[tier] < 14 || of[tier] > 22 {
				t.Errorf("%s has %d prompts of %s", domain, of[tier], tier)
			}
		}
	}
	if len(domains) != 16 || others != 127 || alternatives != 28 || fewest != 2 || most != 546 {
		t.Errorf("%d domains, %d prompts not in English, %d with a second tier, %d to %d words; expected 16, 127, 28, 2 to 546", len(domains), others, alternatives, fewest, most)
	}
	kept, err := datasets.PromptSetOf(all)
	if err != nil {
		t.Fatal(err)
	}
	if groups, err := datasets.GroupPrompts(kept); err != nil || groups.Len() != len(all) {
		t.Errorf("%d groups of %d prompts (%v): some are near-duplicates", groups.Len(), len(all), err)
	}
}

// reading is a row of readings.jsonl.
type reading struct {
	ID         string
	Writer     string
	Reader1    string `json:"reader_1"`
	Reader2    string `json:"reader_2"`
	WriterAlt  string `json:"writer_alt"`
	Reader1Alt string `json:"reader_1_alt"`
	Reader2Alt string `json:"reader_2_alt"`
	Misleads   *bool
}

// TestReadings holds that the labels are settled from the readings as
// docs/dataset.md says, and the agreement that it quotes.
func TestReadings(t *testing.T) {
	text, err := os.ReadFile("readings.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	card, err := os.ReadFile("../../docs/dataset.md")
	if err != nil {
		t.Fatal(err)
	}
	readings := map[string]reading{}
	for line := range strings.Lines(string(text)) {
		var r reading
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		readings[r.ID] = r
	}
	var writer, first, second, quick []string
	answers, err := Answers()
	if err != nil {
		t.Fatal(err)
	}
	differ := 0
	for _, p := range set(t) {
		r, ok := readings[p.ID]
		if !ok {
			t.Fatalf("no readings of %s", p.ID)
		}
		labels, alternatives := []string{r.Writer, r.Reader1, r.Reader2}, []string{r.WriterAlt, r.Reader1Alt, r.Reader2Alt}
		votes := map[string]int{}
		for _, label := range labels {
			votes[label]++
		}
		if votes[p.Tier] < 2 {
			t.Errorf("%s is %s, read as %v", p.ID, p.Tier, labels)
		}
		// A second tier is one that a reader chose, or two thought defensible.
		named := map[string]int{}
		for i, label := range labels {
			if label != p.Tier {
				named[label] += 2
			} else if alternatives[i] != "" {
				named[alternatives[i]]++
			}
		}
		if enough := named[p.AltTier] >= 2; p.AltTier != "" && !enough {
			t.Errorf("%s has the second tier %s, read as %v, %v", p.ID, p.AltTier, labels, alternatives)
		}
		if len(votes) > 1 {
			differ++
			if p.AltTier == "" {
				t.Errorf("%s is read as %v and has no second tier", p.ID, labels)
			}
		}
		writer, first, second = append(writer, r.Writer), append(first, r.Reader1), append(second, r.Reader2)
		quick = append(quick, answers.Answers[p.ID].Text)
		delete(readings, p.ID)
	}
	for id := range readings {
		t.Errorf("readings of %s, which is no prompt", id)
	}
	rows := []string{
		agreement("writer and first reader", writer, first), agreement("writer and second reader", writer, second),
		agreement("first and second reader", first, second), agreement("recorded LLM classifier and writer", quick, writer),
	}
	for _, row := range append(rows, fmt.Sprintf("%d prompts", differ)) {
		if !strings.Contains(string(card), row) {
			t.Errorf("docs/dataset.md does not say %q", row)
		}
	}
}

// agreement is a row of the data card: share, Cohen's kappa, and that with
// quadratic weights.
func agreement(who string, a, b []string) string {
	cm := eval.NewConfusion(len(tiers))
	for i := range a {
		cm[slices.Index(tiers, a[i])][slices.Index(tiers, b[i])]++
	}
	chance := 0.0
	for k := range tiers {
		chance += cm.Support(k) / cm.Total() * cm.Predicted(k) / cm.Total()
	}
	return fmt.Sprintf("| %s | %.1f %% | %.3f | %.3f |", who, 100*cm.Accuracy(), (cm.Accuracy()-chance)/(1-chance), cm.QuadraticKappa())
}

func TestAnswers(t *testing.T) {
	file, err := Answers()
	if err != nil {
		t.Fatal(err)
	}
	if len(file.Warnings) > 0 {
		t.Errorf("warnings %q", file.Warnings)
	}
	right := 0
	unanswered := maps.Clone(file.Answers)
	for _, p := range set(t) {
		answer, ok := file.Answers[p.ID]
		if !ok {
			t.Errorf("no answer to %s", p.ID)
		}
		if answer.Text == p.Tier {
			right++
		}
		delete(unanswered, p.ID)
	}
	for id := range unanswered {
		t.Errorf("answer to %s, which is no prompt", id)
	}
	for id, answer := range file.Answers {
		if want := (datasets.Answer{Text: answer.Text}); answer != want {
			t.Errorf("%s has figures that were not recorded: %+v", id, answer)
		}
		if wording.Suggest(answer.Text, tiers) != answer.Text {
			t.Errorf("%s has answer %q, expected a tier", id, answer.Text)
		}
	}
	if right != 1143 {
		t.Errorf("%d answers agree with the labels, expected 1,143", right)
	}
}

// TestOtherTiers holds that the set is refused where the tiers are others.
func TestOtherTiers(t *testing.T) {
	if _, err := Prompts([]string{"LOW", "HIGH"}); err == nil || !strings.Contains(err.Error(), "expected one of LOW, HIGH") {
		t.Errorf("error is %v", err)
	}
}

// TestSplits holds that every split has at least five prompts a tier, with the
// default shares and salt: fewer would be a warning in every first report.
func TestSplits(t *testing.T) {
	all := set(t)
	kept, err := datasets.PromptSetOf(all)
	if err != nil {
		t.Fatal(err)
	}
	a, err := datasets.AssignSplits(kept, "routeproof", datasets.DefaultShares(), Name, nil)
	if err != nil {
		t.Fatal(err)
	}
	of := datasets.NewTierCounts()
	for i, p := range all {
		of.Add(a.Splits[i], p.Tier)
	}
	for split, counts := range of {
		for _, tier := range tiers {
			if counts[tier] < 5 {
				t.Errorf("%s has %d prompts of %s", split, counts[tier], tier)
			}
		}
	}
}

// TestRawIsACopy holds that a caller cannot change the set.
func TestRawIsACopy(t *testing.T) {
	p, a := Raw()
	clear(p)
	clear(a)
	if again, _ := Raw(); again[0] != '{' {
		t.Error("the set changed")
	}
	if _, err := Answers(); err != nil {
		t.Error(err)
	}
}
