package datasets

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/routeproof/routeproof/internal/wording"
)

// An Answer is what an LLM classifier said of one prompt.
type Answer struct {
	Text         string
	Model        string
	InputTokens  Optional[int]
	OutputTokens Optional[int]
	CostUSD      Optional[float64]
	LatencyMS    Optional[float64]
	Logprobs     string // JSON, as the server gave it
}

// A RecordedAnswer is an answer in a file. ID and Repeat name it.
type RecordedAnswer struct {
	ID     string
	Repeat int // 0 where a prompt was asked once
	Answer
}

// Answers is the kind of file that holds recorded answers of an LLM
// classifier: columns id and answer, the raw text, and optionally model,
// input_tokens, output_tokens, cost_usd, latency_ms, logprobs and repeat. (id,
// repeat) is unique.
func Answers() Kind[RecordedAnswer] {
	return Kind[RecordedAnswer]{
		noun: "answers", needs: "id and answer",
		fields: []field[RecordedAnswer]{
			nameField("id", "the id of a prompt", func(a *RecordedAnswer) *string { return &a.ID }),
			requiredText("answer", func(a *RecordedAnswer) *string { return &a.Text }),
			repeatField(func(a *RecordedAnswer) *int { return &a.Repeat }),
			repeatedText("model", func(a *RecordedAnswer) *string { return &a.Model }),
			count("input_tokens", func(a *RecordedAnswer) *Optional[int] { return &a.InputTokens }),
			count("output_tokens", func(a *RecordedAnswer) *Optional[int] { return &a.OutputTokens }),
			number("cost_usd", 0, maxUSD, func(a *RecordedAnswer) *Optional[float64] { return &a.CostUSD }),
			number("latency_ms", 0, maxMS, func(a *RecordedAnswer) *Optional[float64] { return &a.LatencyMS }),
			jsonField("logprobs", func(a *RecordedAnswer) *string { return &a.Logprobs }),
		},
		keys: []string{"id", "repeat"},
		key: func(a *RecordedAnswer, key []byte) []byte {
			return binary.AppendVarint(appendName(key, a.ID), int64(a.Repeat))
		},
		clash: func(a *RecordedAnswer, first string) string {
			return fmt.Sprintf("%s (repeat %d) stands %s already: expected each id and repeat once", wording.Quote(a.ID), a.Repeat, first)
		},
	}
}

// AnswerFile is a checked file of recorded answers.
type AnswerFile struct {
	Summary
	Answers map[string]Answer // by prompt id
}

// ReadAnswers reads the file at path. See [ParseAnswers].
func ReadAnswers(path string, each func(Problem)) (*AnswerFile, error) {
	return collectAnswers(func(visit func(*RecordedAnswer) error) (Summary, error) {
		return Answers().ScanFile(path, each, visit)
	})
}

// ParseAnswers reads all [Answers] of a stream; [Kind.Scan] has the formats and
// errors. Where a prompt was asked several times its lowest repeat is kept and
// a warning counts the others.
func ParseAnswers(r io.Reader, name string, each func(Problem)) (*AnswerFile, error) {
	return collectAnswers(func(visit func(*RecordedAnswer) error) (Summary, error) {
		return Answers().Scan(r, name, each, visit)
	})
}

func collectAnswers(scan func(func(*RecordedAnswer) error) (Summary, error)) (*AnswerFile, error) {
	file := &AnswerFile{Answers: map[string]Answer{}}
	lowest := map[string]int{}
	var err error
	file.Summary, err = scan(func(a *RecordedAnswer) error {
		if low, seen := lowest[a.ID]; !seen || a.Repeat < low {
			lowest[a.ID] = a.Repeat
			file.Answers[a.ID] = a.Answer
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if others := file.Rows - len(file.Answers); others > 0 {
		file.Warnings = append(file.Warnings, fmt.Sprintf("%d repeated answers are not used: only the lowest repeat of each prompt is", others))
	}
	return file, nil
}
