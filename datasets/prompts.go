package datasets

import (
	"fmt"
	"io"
	"slices"
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
// reference, schema, source, licence. Labels must be among tiers; if that is
// nil labels, splits and task types are not looked at. NONE, null and no tier
// mean unlabelled; split "dev" is read as tune.
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
		name:  func(p *Prompt) []string { return []string{p.ID} },
		clash: func(p *Prompt, first int) string { return clashOfIDs(p.ID, first) },
	}
	k.check = func(p *Prompt, c *checker) { checkPrompt(p, tiers, c) }
	return k
}

func clashOfIDs(id string, first int) string {
	return fmt.Sprintf("%s stands on line %d already: expected each id once", wording.Quote(id), first)
}

func checkPrompt(p *Prompt, tiers []string, c *checker) {
	if p.Tier == Unlabelled {
		p.Tier = ""
	}
	if tiers == nil {
		return
	}
	c.oneOf("tier", p.Tier, tiers)
	c.oneOf("alt_tier", p.AltTier, tiers)
	if p.AltTier != "" && p.AltTier == p.Tier {
		c.problem("alt_tier", "is the tier itself: expected another one or none")
	}
	c.oneOf("task_type", p.TaskType, TaskTypes())
	if p.Split == "dev" {
		p.Split = Tune.String()
	}
	c.oneOf("split", p.Split, splitNames())
	if strings.HasPrefix(p.Schema, "[") {
		c.problem("schema", "expected a JSON object, found an array")
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
	labels := Labels{}
	var err error
	file.Summary, err = scan(func(p *Prompt) error {
		file.Prompts = append(file.Prompts, *p)
		labels.Add(p)
		return nil
	})
	if err != nil {
		return nil, err
	}
	file.Warnings = append(file.Warnings, labels.Warnings()...)
	return file, nil
}

// Labels looks for prompts whose labels are doubtful. The zero value is ready.
type Labels struct {
	blank  int
	first  map[[16]byte]label    // of each labelled text
	differ map[[16]byte][]string // ids of texts with more than one tier
}

type label struct{ tier, id string }

// Add takes in a prompt.
func (l *Labels) Add(p *Prompt) {
	if strings.TrimSpace(p.Text) == "" {
		l.blank++
		return
	}
	if p.Tier == "" {
		return
	}
	if l.first == nil {
		l.first, l.differ = map[[16]byte]label{}, map[[16]byte][]string{}
	}
	text := textHash(p.Text)
	first, seen := l.first[text]
	switch {
	case !seen:
		l.first[text] = label{p.Tier, p.ID}
	case first.tier != p.Tier && l.differ[text] == nil:
		l.differ[text] = []string{first.id, p.ID}
	case l.differ[text] != nil:
		l.differ[text] = append(l.differ[text], p.ID)
	}
}

// Warnings tells of blank texts, and of texts that got more than one tier.
// Texts are equal where they are but for case and white space; blank ones have
// nothing to be equal in.
func (l *Labels) Warnings() []string {
	var warnings []string
	if l.blank > 0 {
		warnings = append(warnings, fmt.Sprintf("%d prompts are blank", l.blank))
	}
	var ids []string
	for _, of := range l.differ {
		ids = append(ids, of...)
	}
	if len(ids) > 0 {
		slices.Sort(ids)
		warnings = append(warnings, fmt.Sprintf("texts with more than one tier: %d (prompts %s)", len(l.differ), wording.List(ids)))
	}
	return warnings
}
