package datasets

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/routeproof/routeproof/internal/wording"
)

// Unlabelled is the tier of a prompt that has none, in files. In [Prompt] it
// is the empty string.
const Unlabelled = "NONE"

// A Prompt is one request with its label. ID is never empty.
type Prompt struct {
	ID        string
	Text      string
	Tier      string // empty: unlabelled
	AltTier   string // a second defensible tier
	Domain    string
	Language  string
	Group     string // prompts of a group stay in one split
	Split     string // train, tune, calibrate, test, or empty: not yet assigned
	TaskType  string // general, extraction, classification or structured_output
	Reference string
	Schema    string // a JSON schema as text
	Source    string
	Licence   string
}

// TaskTypes returns the task types a prompt may have.
func TaskTypes() []string {
	return []string{"general", "extraction", "classification", "structured_output"}
}

// Prompts is the kind of file that holds prompts: columns id and prompt, and
// optionally tier, alt_tier, domain, language, group, split, task_type,
// reference, schema (a JSON object), source, licence. Labels must be among
// tiers; if that is nil labels, splits and task types may be any. NONE, null and
// no tier mean unlabelled; split "dev" is read as tune.
func Prompts(tiers []string) Kind[Prompt] {
	k := Kind[Prompt]{
		noun: "prompts", needs: "id, prompt and tier",
		fields: []field[Prompt]{
			nameField("id", "a name of its own for each prompt", func(p *Prompt) *string { return &p.ID }),
			requiredText("prompt", func(p *Prompt) *string { return &p.Text }),
			repeatedText("tier", func(p *Prompt) *string { return &p.Tier }),
			repeatedText("alt_tier", func(p *Prompt) *string { return &p.AltTier }),
			repeatedText("domain", func(p *Prompt) *string { return &p.Domain }),
			repeatedText("language", func(p *Prompt) *string { return &p.Language }),
			repeatedText("group", func(p *Prompt) *string { return &p.Group }),
			repeatedText("split", func(p *Prompt) *string { return &p.Split }),
			repeatedText("task_type", func(p *Prompt) *string { return &p.TaskType }),
			textField("reference", func(p *Prompt) *string { return &p.Reference }),
			jsonField("schema", func(p *Prompt) *string { return &p.Schema }),
			repeatedText("source", func(p *Prompt) *string { return &p.Source }),
			repeatedText("licence", func(p *Prompt) *string { return &p.Licence }),
		},
		keys:  []string{"id"},
		key:   func(p *Prompt, key []byte) []byte { return appendName(key, p.ID) },
		clash: func(p *Prompt, first string) string { return clashOfIDs(p.ID, first) },
	}
	if tiers == nil {
		k.needs = "id and prompt"
	}
	k.check = func(p *Prompt, c *checker) { checkPrompt(p, tiers, c) }
	return k
}

func clashOfIDs(id string, first string) string {
	return fmt.Sprintf("%s stands %s already: expected each id once", wording.Quote(id), first)
}

func checkPrompt(p *Prompt, tiers []string, c *checker) {
	if p.Tier == Unlabelled {
		p.Tier = ""
	}
	if p.Split == "dev" {
		p.Split = Tune.String()
	}
	checkSchema(p.Schema, c)
	if tiers == nil {
		return
	}
	c.oneOf("tier", p.Tier, tiers)
	c.oneOf("alt_tier", p.AltTier, tiers)
	if p.AltTier != "" && p.AltTier == p.Tier {
		c.problem("alt_tier", "is the tier itself: expected another one or none")
	}
	c.oneOf("task_type", p.TaskType, TaskTypes())
	c.oneOf("split", p.Split, splitNames())
}

// checkSchema takes a JSON object or nothing.
func checkSchema(schema string, c *checker) {
	text := strings.TrimSpace(schema)
	switch {
	case schema == "", strings.HasPrefix(text, "{") && json.Valid([]byte(text)):
	case strings.HasPrefix(text, "[") && json.Valid([]byte(text)):
		c.problem("schema", "expected a JSON object, found an array")
	default:
		c.problem("schema", "expected a JSON object, found %s", wording.Quote(schema))
	}
}

// PromptFile is a checked file of prompts.
type PromptFile struct {
	Summary
	Prompts []Prompt // in file order
}

// ReadPrompts reads the file at path. See [ParsePrompts].
func ReadPrompts(path string, tiers []string, each func(Problem)) (*PromptFile, error) {
	return collectPrompts(func(visit func(*Prompt) error) (Summary, error) {
		return Prompts(tiers).ScanFile(path, each, visit)
	})
}

// ParsePrompts reads all [Prompts] of a stream; [Kind.Scan] has the formats and
// errors. The same text with two tiers is a warning.
func ParsePrompts(r io.Reader, name string, tiers []string, each func(Problem)) (*PromptFile, error) {
	return collectPrompts(func(visit func(*Prompt) error) (Summary, error) {
		return Prompts(tiers).Scan(r, name, each, visit)
	})
}

func collectPrompts(scan func(func(*Prompt) error) (Summary, error)) (*PromptFile, error) {
	file := &PromptFile{}
	var err error
	file.Summary, err = withDoubts(scan, func(p *Prompt) error {
		file.Prompts = append(file.Prompts, *p)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return file, nil
}

// withDoubts scans prompts, and puts what is doubtful of their labels among the warnings.
func withDoubts(scan func(func(*Prompt) error) (Summary, error), visit func(*Prompt) error) (Summary, error) {
	var labels Labels
	defer labels.Close()
	summary, err := scan(func(p *Prompt) error {
		if err := labels.Add(p); err != nil {
			return err
		}
		return visit(p)
	})
	if err != nil {
		return summary, err
	}
	doubts, err := labels.Warnings()
	summary.Warnings = append(summary.Warnings, doubts...)
	return summary, err
}
