package datasets

import (
	"fmt"
	"io"
)

// An Answer is what an LLM classifier said of one prompt. Pointers are nil
// where a figure was not recorded.
type Answer struct {
	Text         string
	Model        string
	InputTokens  *int
	OutputTokens *int
	CostUSD      *float64
	LatencyMS    *float64
}

// Bounds of what one answer may have cost and taken; beyond lies a mistake of
// unit.
const (
	maxUSD = 1e6
	maxMS  = 1e9
)

// AnswerFile is a checked file of recorded answers.
type AnswerFile struct {
	Answers  map[string]Answer // by prompt id
	Warnings []string
}

// ReadAnswers reads the file at path. See [ParseAnswers].
func ReadAnswers(path string, each func(Problem)) (*AnswerFile, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return ParseAnswers(f, path, each)
}

// ParseAnswers reads recorded answers as JSON Lines: id and answer, the raw
// text, and optionally model, input_tokens, output_tokens, cost_usd,
// latency_ms and repeat (0 where absent). (id, repeat) is unique; where a
// prompt was asked several times its lowest repeat is kept and a warning counts
// the others. Errors are those of [ParsePrompts].
func ParseAnswers(r io.Reader, name string, each func(Problem)) (*AnswerFile, error) {
	p := &problems{file: name, each: each}
	l := newLines(r, p)
	file := &AnswerFile{Answers: map[string]Answer{}}
	type key struct {
		id     string
		repeat int
	}
	firstLine := map[key]int{}
	lowest := map[string]int{}
	others := 0
	for {
		row, more, err := l.next()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if !more {
			break
		}
		id, repeat := row.name("id"), 0
		if n := row.count("repeat"); n != nil {
			repeat = *n
		}
		named := !row.bad
		answer := Answer{
			Text:         row.requiredText("answer"),
			Model:        row.text("model"),
			InputTokens:  row.count("input_tokens"),
			OutputTokens: row.count("output_tokens"),
			CostUSD:      row.number("cost_usd", 0, maxUSD),
			LatencyMS:    row.number("latency_ms", 0, maxMS),
		}
		if first, twice := firstLine[key{id, repeat}]; named && twice {
			row.problem("id", "%s (repeat %d) stands on line %d already: expected each id and repeat once", quote(id), repeat, first)
		} else if named {
			firstLine[key{id, repeat}] = row.line
		}
		if !row.done() {
			continue
		}
		if low, seen := lowest[id]; seen {
			if others++; repeat > low {
				continue
			}
		}
		lowest[id] = repeat
		file.Answers[id] = answer
	}
	if p.total == 0 && len(file.Answers) == 0 {
		p.add(0, "", "no answers: expected a JSON object a line with id and answer")
	}
	if err := p.err(); err != nil {
		return nil, err
	}
	file.Warnings = l.warnings([]string{"id", "answer", "model", "input_tokens", "output_tokens", "cost_usd", "latency_ms", "repeat"})
	if others > 0 {
		file.Warnings = append(file.Warnings, fmt.Sprintf("%d repeated answers are not used: only the lowest repeat of each prompt is", others))
	}
	return file, nil
}
