package main

import (
	"strings"
	"testing"
)

// What the README quotes of the report stands in the golden report, and its
// table names every verb.
func TestReadme(t *testing.T) {
	readme := readFile(t, "../../README.md")
	report := readFile(t, "testdata/report.md")
	quoted := 0
	for _, line := range strings.Split(readme, "\n") {
		if text, ok := strings.CutPrefix(line, "> "); ok {
			quoted++
			if !strings.Contains(report, text) {
				t.Errorf("README quotes what the report does not say: %s", text)
			}
		}
	}
	if quoted == 0 {
		t.Error("README quotes nothing of the report")
	}
	for _, verb := range (&app{}).root().Commands() {
		if name := verb.Name(); name != "help" && name != "completion" && !strings.Contains(readme, "| `"+name+"` |") {
			t.Errorf("README does not name the verb %s", name)
		}
	}
	for _, command := range []string{"make run", "make test"} {
		if !strings.Contains(readme, command) {
			t.Errorf("README lacks %s", command)
		}
	}
}
