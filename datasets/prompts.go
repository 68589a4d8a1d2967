package datasets

import (
	"fmt"
	"io"
	"slices"
	"strings"
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

func promptFields() []string {
	return []string{"id", "prompt", "tier", "alt_tier", "domain", "language", "group", "split", "task_type", "reference", "schema", "source", "licence"}
}

// TaskTypes returns the task types a prompt may have.
func TaskTypes() []string {
	return []string{"general", "extraction", "classification", "structured_output"}
}

// PromptFile is a checked file of prompts.
type PromptFile struct {
	Prompts  []Prompt // in file order
	Warnings []string // what a reader of the results should know
}

// ReadPrompts reads the file at path. See [ParsePrompts].
func ReadPrompts(path string, tiers []string, each func(Problem)) (*PromptFile, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return ParsePrompts(f, path, tiers, each)
}

// ParsePrompts reads prompts as JSON Lines: a JSON object a line with id and
// prompt, and optionally tier, alt_tier, domain, language, group, split,
// task_type, reference, schema, source, licence. Labels must be among tiers; if
// that is nil labels, splits and task types are not looked at. NONE, null and
// no tier mean unlabelled; split "dev" is read as tune. A byte order mark, CRLF
// and blank lines are fine. The same text with two tiers is a warning.
//
// Either every row is good, or the error is a [ContentError]; each is told of
// every problem, unless it is nil. A file without rows is one too. name stands
// for the file in messages. Memory is that of the rows.
func ParsePrompts(r io.Reader, name string, tiers []string, each func(Problem)) (*PromptFile, error) {
	p := &problems{file: name, each: each}
	l := newLines(r, p)
	file := &PromptFile{}
	firstLine := map[string]int{}
	empty := 0
	for {
		row, more, err := l.next()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if !more {
			break
		}
		prompt := parsePrompt(row, tiers)
		if prompt.ID != "" {
			if first, twice := firstLine[prompt.ID]; twice {
				row.problem("id", "%s stands on line %d already: expected each id once", quote(prompt.ID), first)
			} else {
				firstLine[prompt.ID] = row.line
			}
		}
		if row.done() {
			file.Prompts = append(file.Prompts, prompt)
			if strings.TrimSpace(prompt.Text) == "" {
				empty++
			}
		}
	}
	if p.total == 0 && len(file.Prompts) == 0 {
		p.add(0, "", "no prompts: expected a JSON object a line with id, prompt and tier")
	}
	if err := p.err(); err != nil {
		return nil, err
	}
	file.Warnings = l.warnings(promptFields())
	if empty > 0 {
		file.Warnings = append(file.Warnings, fmt.Sprintf("%d prompts are blank", empty))
	}
	file.Warnings = append(file.Warnings, conflicts(file.Prompts)...)
	return file, nil
}

// conflicts warns of texts that got more than one tier. Texts are equal where
// [GroupKeys] says so; blank ones have nothing to be equal in. What it says
// does not depend on the order of rows.
func conflicts(prompts []Prompt) []string {
	tiers := map[uint64]string{} // of each text's first prompt
	differ := map[uint64]bool{}
	labelled := func(yield func(uint64, Prompt) bool) {
		for _, p := range prompts {
			if p.Tier != "" && strings.TrimSpace(p.Text) != "" && !yield(hash64(foldText(p.Text)), p) {
				return
			}
		}
	}
	for text, p := range labelled {
		if tier, seen := tiers[text]; !seen {
			tiers[text] = p.Tier
		} else if tier != p.Tier {
			differ[text] = true
		}
	}
	if len(differ) == 0 {
		return nil
	}
	var ids []string
	for text, p := range labelled {
		if differ[text] {
			ids = append(ids, p.ID)
		}
	}
	slices.Sort(ids)
	return []string{fmt.Sprintf("texts with more than one tier: %d (prompts %s)", len(differ), list(ids))}
}

// list names some, and counts the others.
func list(names []string) string {
	const shown = 10
	quoted := make([]string, min(len(names), shown))
	for i := range quoted {
		quoted[i] = quote(names[i])
	}
	text := strings.Join(quoted, ", ")
	if more := len(names) - len(quoted); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

func parsePrompt(r *row, tiers []string) Prompt {
	p := Prompt{
		ID:        r.name("id"),
		Text:      r.requiredText("prompt"),
		Tier:      r.text("tier"),
		AltTier:   r.text("alt_tier"),
		Domain:    r.text("domain"),
		Language:  r.text("language"),
		Group:     r.text("group"),
		Split:     r.text("split"),
		TaskType:  r.text("task_type"),
		Reference: r.text("reference"),
		Source:    r.text("source"),
		Licence:   r.text("licence"),
	}
	if raw, ok := r.values["schema"]; ok && len(raw) > 0 && raw[0] == '{' {
		p.Schema = string(raw)
		delete(r.values, "schema")
	} else {
		p.Schema = r.text("schema")
	}
	if p.Tier == Unlabelled {
		p.Tier = ""
	}
	if tiers == nil {
		return p
	}
	r.oneOf("tier", p.Tier, tiers)
	r.oneOf("alt_tier", p.AltTier, tiers)
	if p.AltTier != "" && p.AltTier == p.Tier {
		r.problem("alt_tier", "is the tier itself: expected another one or none")
	}
	r.oneOf("task_type", p.TaskType, TaskTypes())
	if p.Split == "dev" {
		p.Split = Tune.String()
	}
	r.oneOf("split", p.Split, splitNames())
	return p
}

// oneOf checks a value that may be empty.
func (r *row) oneOf(field, value string, allowed []string) {
	if value == "" || slices.Contains(allowed, value) {
		return
	}
	r.problem(field, "expected one of %s, found %s%s", strings.Join(allowed, ", "), quote(value), didYouMean(value, allowed))
}
