package pipeline_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/routeproof/routeproof/eval/pipeline"
)

const mark = "# routeproof calibrate: "

func TestEdit(t *testing.T) {
	e := pipeline.Edit{Key: pipeline.KeyHybridMargin, Value: 0.0125, Comment: "certified,\n at most 5 %"}
	const said = mark + "certified, at most 5 %\n"
	for name, c := range map[string]struct{ text, want string }{
		"nothing there":   {"", "classifiers:\n  hybrid:\n    " + said + "    embedding_margin: 0.0125\n"},
		"comments alone":  {"# mine", "# mine\nclassifiers:\n  hybrid:\n    " + said + "    embedding_margin: 0.0125\n"},
		"no end of line":  {"fallback: MEDIUM", "fallback: MEDIUM\nclassifiers:\n  hybrid:\n    " + said + "    embedding_margin: 0.0125\n"},
		"a number":        {"classifiers:\n  hybrid:\n    embedding_margin:   0.05  # a guess\n# end\n", "classifiers:\n  hybrid:\n    " + said + "    embedding_margin:   0.0125  # a guess\n# end\n"},
		"null":            {"classifiers:\n  hybrid:\n    embedding_margin: null\n", "classifiers:\n  hybrid:\n    " + said + "    embedding_margin: 0.0125\n"},
		"no value":        {"classifiers:\n  hybrid:\n    embedding_margin:", "classifiers:\n  hybrid:\n    " + said + "    embedding_margin: 0.0125"},
		"quoted keys":     {"\"classifiers\":\n  'hybrid':\n    \"embedding_margin\" : 1\n", "\"classifiers\":\n  'hybrid':\n    " + said + "    \"embedding_margin\" : 0.0125\n"},
		"a parent":        {"classifiers: # ours\n\n    # of the LLM\n    llm:\n        repeats: 2\nfallback: MEDIUM\n", "classifiers: # ours\n    hybrid:\n      " + said + "      embedding_margin: 0.0125\n\n    # of the LLM\n    llm:\n        repeats: 2\nfallback: MEDIUM\n"},
		"an empty parent": {"classifiers:\nfallback: MEDIUM\n", "classifiers:\n  hybrid:\n    " + said + "    embedding_margin: 0.0125\nfallback: MEDIUM\n"},
		"an old comment":  {"classifiers:\n  hybrid:\n    # mine\n    " + mark + "heuristic\n    embedding_margin: 1\n", "classifiers:\n  hybrid:\n    # mine\n    " + said + "    embedding_margin: 0.0125\n"},
		"CRLF":            {"classifiers:\r\n  hybrid:\r\n    embedding_margin: 1\r\nfallback: MEDIUM\r\n", "classifiers:\r\n  hybrid:\r\n    " + strings.ReplaceAll(said, "\n", "\r\n") + "    embedding_margin: 0.0125\r\nfallback: MEDIUM\r\n"},
		"CRLF, inserted":  {"fallback: MEDIUM\r\n", "fallback: MEDIUM\r\nclassifiers:\r\n  hybrid:\r\n    " + strings.ReplaceAll(said, "\n", "\r\n") + "    embedding_margin: 0.0125\r\n"},
		"words elsewhere": {"classifiers:\n  llm:\n    prompt: |-\n      hybrid:\n      embedding_margin: 1\n      {message}\n", "classifiers:\n  hybrid:\n    " + said + "    embedding_margin: 0.0125\n  llm:\n    prompt: |-\n      hybrid:\n      embedding_margin: 1\n      {message}\n"},
	} {
		got, err := e.Apply([]byte(c.text), "mine.yaml")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(c.want, string(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		config, err := pipeline.ParseConfig(got, "edited")
		if err != nil || config.Classifiers.Hybrid.EmbeddingMargin == nil || *config.Classifiers.Hybrid.EmbeddingMargin != 0.0125 {
			t.Errorf("%s: read back %v, %v", name, config.Classifiers.Hybrid, err)
		}
		if again, err := e.Apply(got, "mine.yaml"); err != nil || string(again) != string(got) {
			t.Errorf("%s: a second time it becomes\n%s\n%v", name, again, err)
		}
		other := pipeline.Edit{Key: e.Key, Value: 0.5, Comment: "heuristic"}
		if again, err := other.Apply(got, "mine.yaml"); err != nil || strings.Count(string(again), mark) != 1 {
			t.Errorf("%s: another edit makes it\n%s\n%v", name, again, err)
		}
	}
}

// Every key, in the commented file that init writes: two lines change.
func TestEditOfTheDefaults(t *testing.T) {
	for _, key := range []pipeline.Key{pipeline.KeyHybridMargin, pipeline.KeyMinConfidence, pipeline.KeyAgreement} {
		before := string(pipeline.DefaultYAML())
		got, err := pipeline.Edit{Key: key, Value: 0.75, Comment: "x"}.Apply([]byte(before), "default.yaml")
		if err != nil {
			t.Fatalf("%s: %v", key, err)
		}
		a, b := strings.Split(before, "\n"), strings.Split(string(got), "\n")
		if len(b) != len(a)+1 {
			t.Errorf("%s: %d lines became %d", key, len(a), len(b))
		}
		same := map[string]bool{}
		for _, line := range a {
			same[line] = true
		}
		var changed []string
		for _, line := range b {
			if !same[line] {
				changed = append(changed, strings.TrimSpace(line))
			}
		}
		_, last, _ := strings.Cut(string(key)[strings.LastIndex(string(key), "."):], ".")
		if diff := cmp.Diff([]string{mark + "x", last + ": 0.75"}, changed); diff != "" {
			t.Errorf("%s: %s", key, diff)
		}
	}
}

func TestEditRefuses(t *testing.T) {
	e := pipeline.Edit{Key: pipeline.KeyHybridMargin, Value: 0.0125, Comment: "certified"}
	for name, c := range map[string]struct{ text, says string }{
		"braces":              {"classifiers: {hybrid: {embedding_margin: 1}}\n", "in braces"},
		"braces above":        {"classifiers: {llm: {repeats: 2}}\n", "in braces"},
		"the value in braces": {"classifiers:\n  hybrid: {embedding_margin: 1}\n", "in braces"},
		"empty braces":        {"classifiers:\n  hybrid: {}\n", "in braces"},
		"an anchor":           {"classifiers:\n  hybrid: &h\n    embedding_margin: 1\n", "behind an anchor"},
		"an anchored value":   {"classifiers:\n  hybrid:\n    embedding_margin: &m 1\n", "expected a number or null behind embedding_margin in line 3"},
		"a value below":       {"classifiers:\n  hybrid:\n    embedding_margin:\n      1\n", "set it by hand"},
		"no configuration":    {"classifiers:\n  hybrod:\n    x: 1\n", `unknown key "hybrod"`},
		"no YAML":             {"classifiers: [", "mine.yaml"},
		"two documents":       {"fallback: MEDIUM\n---\nfallback: MEDIUM\n", "expected one YAML document"},
		"ends of lines":       {"fallback: MEDIUM\rclassifiers:\r  hybrid:\r    embedding_margin: 1\r", "set it by hand"},
		"after the end":       {"fallback: MEDIUM\n...\n", "set it by hand"},
	} {
		got, err := e.Apply([]byte(c.text), "mine.yaml")
		var config *pipeline.ConfigError
		if !errors.As(err, &config) || !strings.Contains(err.Error(), c.says) || got != nil {
			t.Errorf("%s: %v, expected %q; %s", name, err, c.says, got)
		}
	}
	// Out of the key's range.
	if _, err := (pipeline.Edit{Key: e.Key, Value: 3}).Apply(nil, "mine.yaml"); err == nil {
		t.Error("a margin of 3 is taken")
	}
}

// Whatever the text: an edit that is made can be made again and changes nothing.
func FuzzEdit(f *testing.F) {
	for _, text := range []string{"", "classifiers:\n  hybrid:\n    embedding_margin: 1\n", "classifiers: {hybrid: {embedding_margin: 1}}", "\r", "\r\n#\r\nclassifiers:\r\n hybrid:\r\n",
		"? classifiers\n: hybrid:\n    embedding_margin: 0\n", "classifiers:\n  <<: {}\n  hybrid: !!map\n"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e := pipeline.Edit{Key: pipeline.KeyHybridMargin, Value: 0.25, Comment: "x"}
		got, err := e.Apply([]byte(text), "f")
		if err != nil {
			return
		}
		if again, err := e.Apply(got, "f"); err != nil || string(again) != string(got) {
			t.Fatalf("%q, then %q, then %q, %v", text, got, again, err)
		}
	})
}
