package datasets

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// columnPrompts returns n prompts of each named split, each with a text of its own.
func columnPrompts(n int, names ...string) []Prompt {
	var prompts []Prompt
	for i := range n {
		for _, name := range names {
			prompts = append(prompts, Prompt{ID: fmt.Sprintf("%s%d", name, i), Text: fmt.Sprintf("%s %d", name, i), Split: name})
		}
	}
	return prompts
}

func TestSplitColumnIsObeyed(t *testing.T) {
	prompts := columnPrompts(50, "test", "train", "calibrate", "tune")
	a := assign(t, prompts, "salt")
	for i, p := range prompts {
		if a.Splits[i].String() != p.Split {
			t.Errorf("%s is in %s", p.ID, a.Splits[i])
		}
	}
	if len(a.Warnings) > 0 {
		t.Errorf("warnings %q", a.Warnings)
	}
}

// TestMissingSplitsAreCutFromTrain holds that only train rows move, in the
// proportion of the shares of train and the missing splits.
func TestMissingSplitsAreCutFromTrain(t *testing.T) {
	for _, c := range []struct {
		names   []string
		train   Shares // how the train rows are shared out; scaled by hand
		warning string
	}{
		{[]string{"train", "tune", "test"}, Shares{2. / 3, 0, 1. / 3, 0}, "the split column names no calibrate: cut from train by hash"},
		{[]string{"train", "calibrate", "test"}, Shares{2. / 3, 1. / 3, 0, 0}, "the split column names no tune: cut from train by hash"},
		{[]string{"train", "test"}, Shares{0.5, 0.25, 0.25, 0}, "the split column names no tune or calibrate: cut from train by hash"},
		{[]string{"train"}, Shares{0.4, 0.2, 0.2, 0.2}, "the split column names no tune or calibrate or test: cut from train by hash"},
	} {
		prompts := columnPrompts(6000, c.names...)
		a := assign(t, prompts, "salt")
		if diff := cmp.Diff([]string{c.warning}, a.Warnings); diff != "" {
			t.Errorf("%s: want −, got +:\n%s", c.names, diff)
		}
		var train []Split
		for i, p := range prompts {
			if p.Split == "train" {
				train = append(train, a.Splits[i])
			} else if a.Splits[i].String() != p.Split {
				t.Fatalf("%s moved to %s", p.ID, a.Splits[i])
			}
		}
		checkShares(t, train, c.train)
		want := splitsByID(prompts, a)
		slices.Reverse(prompts)
		if !maps.Equal(want, splitsByID(prompts, assign(t, prompts, "salt"))) {
			t.Errorf("%s: the cut depends on the order of rows", c.names)
		}
	}
	// Groups stay together in the cut.
	prompts := columnPrompts(500, "train", "test")
	for i := range prompts {
		prompts[i].Group = fmt.Sprintf("%s group %d", prompts[i].Split, i/10)
	}
	a, splitOf := assign(t, prompts, "salt"), map[string]Split{}
	for i := range prompts {
		g := a.Groups.Key(i)
		if s, seen := splitOf[g]; seen && s != a.Splits[i] {
			t.Errorf("group %s is in %s and in %s", g, s, a.Splits[i])
		}
		splitOf[g] = a.Splits[i]
	}
}

func TestSplitColumnProblems(t *testing.T) {
	for _, c := range []struct {
		name    string
		prompts []Prompt
		want    []string
	}{
		{"partly filled", []Prompt{{ID: "a", Text: "1", Split: "train"}, {ID: "b", Text: "2"}, {ID: "c", Text: "3", Split: "test"}, {ID: "d", Text: "4"}}, []string{
			`f: split: prompt "b" has none, though others have: give every prompt a split, or none`,
			`f: split: prompt "d" has none, though others have: give every prompt a split, or none`}},
		{"a group in two splits", []Prompt{{ID: "a", Text: "1", Group: "g", Split: "train"}, {ID: "b", Text: "2", Group: "g", Split: "test"}, {ID: "c", Text: "3", Group: "g", Split: "train"}}, []string{
			`f: split: prompt "b" is in test, but "a", of the same group or text, is in train: give both one split`}},
		{"a text in two splits", []Prompt{{ID: "a", Text: "Hi there", Split: "train"}, {ID: "b", Text: "hi  there", Split: "tune"}}, []string{
			`f: split: prompt "b" is in tune, but "a", of the same group or text, is in train: give both one split`}},
		{"a chain in two splits", []Prompt{{ID: "a", Text: "1", Group: "g", Split: "train"}, {ID: "b", Text: "2", Group: "h", Split: "test"}, {ID: "c", Text: "1", Group: "h", Split: "train"}}, []string{
			`f: split: prompt "b" is in test, but "a", of the same group or text, is in train: give both one split`}},
		{"no train", []Prompt{{ID: "a", Text: "1", Split: "tune"}, {ID: "b", Text: "2", Split: "test"}}, []string{
			"f: split: no prompt is in train: expected some to fit on"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var told []string
			_, err := AssignSplits(setOf(c.prompts), "salt", DefaultShares(), "f", func(p Problem) { told = append(told, p.String()) })
			if diff := cmp.Diff(c.want, problemsOf(t, err)); diff != "" {
				t.Errorf("want −, got +:\n%s", diff)
			}
			if diff := cmp.Diff(c.want, told); diff != "" {
				t.Errorf("told: want −, got +:\n%s", diff)
			}
		})
	}
	// All are named to each, also past those shown.
	prompts := append(columnPrompts(100, "train"), columnPrompts(100, "")...)
	told := 0
	if _, err := AssignSplits(setOf(prompts), "salt", DefaultShares(), "f", func(Problem) { told++ }); err == nil || told != 100 {
		t.Errorf("told of %d problems, expected 100; %v", told, err)
	}
}
