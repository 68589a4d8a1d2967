package builtin

import (
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/internal/wording"
)

var tiers = []string{"SIMPLE", "MEDIUM", "COMPLEX", "FRONTIER"}

func prompts(t *testing.T) []datasets.Prompt {
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

// TestPrompts holds what README.md says of the set.
func TestPrompts(t *testing.T) {
	counts, domains, seen := map[string]int{}, map[string]bool{}, map[string]string{}
	others, alternatives := 0, 0
	set := prompts(t)
	for _, p := range set {
		counts[p.Tier]++
		domains[p.Domain] = true
		if p.Language != "en" {
			others++
		}
		if p.AltTier != "" {
			alternatives++
		}
		folded := strings.Join(strings.Fields(strings.ToLower(p.Text)), " ")
		if folded == "" {
			t.Errorf("%s is blank", p.ID)
		}
		if other, twice := seen[folded]; twice {
			t.Errorf("%s and %s have one text", other, p.ID)
		}
		seen[folded] = p.ID
		if p.Licence != "CC-BY-4.0" || p.Source != "routeproof" {
			t.Errorf("%s has licence %q and source %q", p.ID, p.Licence, p.Source)
		}
	}
	if diff := cmp.Diff(map[string]int{"SIMPLE": 52, "MEDIUM": 52, "COMPLEX": 52, "FRONTIER": 52}, counts); diff != "" {
		t.Errorf("prompts a tier: want −, got +:\n%s", diff)
	}
	if len(set) != 208 || len(domains) != 12 || others != 21 || alternatives != 23 {
		t.Errorf("%d prompts over %d domains, %d not in English, %d with a second tier; expected 208, 12, 21, 23", len(set), len(domains), others, alternatives)
	}
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
	for _, p := range prompts(t) {
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
	if right != 206 {
		t.Errorf("%d answers agree with the labels, README.md says 206", right)
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
	set := prompts(t)
	a, err := datasets.AssignSplits(set, "routeproof", datasets.DefaultShares(), Name, nil)
	if err != nil {
		t.Fatal(err)
	}
	for split, counts := range datasets.TierCounts(set, a.Splits) {
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
