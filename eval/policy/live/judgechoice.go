package live

import (
	"context"
	"encoding/json"
	"regexp"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval/policy"
)

// judgeChoice gives 1 where the letter that the response chooses, A to J, is
// the reference's, else 0: also where the response makes no clear choice. The
// first of these rules that finds something decides:
//
//  1. A response that is a JSON object with an "answer", also in a code fence,
//     is that answer.
//  2. The last statement: "answer is X", "answer: X" or "correct option is X"
//     with little else between, "X is (the) correct/right/best", or \boxed{X}.
//     If it names several letters ("answer: A or B") there is no choice.
//  3. A letter that the response begins with, set off as in "X." or "(X)",
//     and letters that are alone on a line. If they differ, or one is named
//     together with another, there is no choice.
//  4. The only letter that is mentioned. If several are there is no choice, nor
//     where something else stands in a \boxed{}.
//
// A letter may stand in brackets, quotes and Markdown marks: (B), "B", **B**.
// In lower case it counts only in brackets or marks, before ")" or alone. A and
// I are words, no choices, where another word follows ("A dog", "I think") that
// could not follow the letter. A letter that begins a line of a list of options
// (A. … and then B. …) is not chosen by that. Letters within words, numbers and
// formulas, such as A-level, C++ or P(A), are none.
//
// The same rules, without the last, find the reference's letter: "B", "(B)",
// "B) text". Without one the score is unknown.
//
// Where the final answer is found by a pattern or field it comes in lower case,
// and the rules are applied to it.
type judgeChoice struct {
	final   judgeFinal
	letters *judgeLetters
}

func (judgeChoice) Name() string { return "choice" }

func (j judgeChoice) Score(_ context.Context, prompt *datasets.Prompt, response string) (Verdict, error) {
	if judgeBlank(prompt.Reference) {
		return judgeNoReference(), nil
	}
	want, ok := j.letters.clear(judgeJSONAnswer(prompt.Reference))
	if !ok {
		return judgeUnknown("the reference is no choice: expected a letter A to J, as in (B)"), nil
	}
	text, ok := j.final.of(response)
	if !ok {
		return judgeWrong("no answer in the response"), nil
	}
	got, ok := j.letters.chosen(text)
	switch {
	case !ok:
		return judgeWrong("no clear choice in the response"), nil
	case got != want:
		return judgeWrong("expected %c, found %c", want, got), nil
	}
	return judgeRight(), nil
}

// judgeFinal finds the part of a response that choices and numbers are looked
// for in.
type judgeFinal struct {
	answer policy.Answer
	whole  bool // there is no rule for the final answer
}

func newJudgeFinal(answer policy.Answer) judgeFinal {
	return judgeFinal{answer, answer == policy.Answer{}}
}

// of returns false where there is none. The whole response keeps its case.
func (f judgeFinal) of(response string) (string, bool) {
	if f.whole {
		return judgeJSONAnswer(response), true
	}
	return f.answer.Of(response)
}

// judgeJSONAnswer returns the "answer" of a text that is a JSON object, also in
// a code fence, else what follows the last "answer": in it, if anything does: a
// string's content, anything else as it is written. Any other text is returned
// as it is.
func judgeJSONAnswer(text string) string {
	var object struct {
		Answer json.RawMessage `json:"answer"`
	}
	inner := policy.UnwrapFence(text)
	if strings.HasPrefix(inner, "{") && json.Unmarshal([]byte(inner), &object) == nil && len(object.Answer) > 0 {
		return judgePlainJSON(object.Answer)
	}
	i := strings.LastIndex(text, `"answer"`)
	if i < 0 {
		return text
	}
	value, ok := strings.CutPrefix(strings.TrimSpace(text[i+len(`"answer"`):]), ":")
	if !ok {
		return text
	}
	var answer json.RawMessage
	if json.NewDecoder(strings.NewReader(value)).Decode(&answer) == nil {
		return judgePlainJSON(answer)
	}
	line, _, _ := strings.Cut(strings.TrimSpace(value), "\n") // of an object that is broken
	return line
}

func judgePlainJSON(value json.RawMessage) string {
	var s string
	if json.Unmarshal(value, &s) == nil {
		return s
	}
	return string(value)
}

// judgeLetters finds the letters of choices in texts.
type judgeLetters struct {
	answer    *regexp.Regexp // the word that a statement begins with
	link      *regexp.Regexp // what may stand between it and the letter
	isCorrect *regexp.Regexp // what follows a letter that is said to be right
	boxed     *regexp.Regexp
	another   *regexp.Regexp // what stands between two letters that are both named
	lineStart *regexp.Regexp
	rest      *regexp.Regexp // what may stand behind a letter that is alone on its line
}

// judgeWindow is how many bytes around a letter are looked at. It bounds the
// time.
const judgeWindow = 100

func newJudgeLetters() *judgeLetters {
	const (
		marks = "[\\s*_\"'`“”‘’(\\[{$\\\\>~]"
		words = `the|correct|best|most|likely|right|final|here|to|this|that|question|would|should|must|will|thus|therefore|` +
			`hence|clearly|probably|definitely|option|choice|letter|text|textbf|mathbf|mathrm|boxed`
		skip = `(?:` + marks + `|(?i:\b(?:` + words + `)\b))*`
		link = `(?:(?i:\b(?:is|be|was)\b)|[:=：是为→]|->|[-–—]\s)`
	)
	return &judgeLetters{
		answer:    regexp.MustCompile(`(?i)\b(?:answer|(?:correct|right|best|final|my)\s(?:option|choice|letter))\b|答案`),
		link:      regexp.MustCompile(`^` + skip + `(?:` + link + skip + `)+`),
		isCorrect: regexp.MustCompile("^[*_\"'`”’)\\]}$]*\\s+(?i:is)\\s+(?i:(?:therefore|thus|clearly|the|most|likely)\\s+)*[*_]*(?i:correct|right|best)\\b"),
		boxed:     regexp.MustCompile(`\\boxed\s*` + skip),
		another:   regexp.MustCompile("^[*_\"'`”’)\\]}$]*\\s*(?:(?i:or|and)\\b|[,/&+、和或])" + `(?:` + marks + `|(?i:\b(?:or|and|option|choice|answer)\b))*`),
		lineStart: regexp.MustCompile("^[\\s>#*_\"'`“‘(\\[{$•-]*"),
		rest:      regexp.MustCompile("^[\\s*_\"'`”’)\\]}$.:,;。]*$"),
	}
}

// A judgeLetter is a letter that stands for itself.
type judgeLetter struct {
	at     int
	letter byte // A to J
	lower  bool
	marked bool // in brackets, quotes or marks, or before a closing bracket
	word   bool // may be the article A or the pronoun I
}

// counts tells whether a letter is one of a choice wherever it stands.
func (l judgeLetter) counts() bool { return l.marked || !l.lower && !l.word }

// letterAt returns the letter at text[i:], and false where there is none that
// stands for itself.
func (l *judgeLetters) letterAt(text string, i int) (judgeLetter, bool) {
	if i >= len(text) {
		return judgeLetter{}, false
	}
	letter := text[i] &^ 0x20
	if letter < 'A' || letter > 'J' || text[i] < 'A' {
		return judgeLetter{}, false
	}
	before, size := utf8.DecodeLastRuneInString(text[:i])
	after, _ := utf8.DecodeRuneInString(text[i+1:])
	quoted := (before == '\'' || before == '‘') && (after == '\'' || after == '’')
	if !quoted && (size > 0 && judgeGlues(before, "-+&/\\.'’^=<>#@°") || i+1 < len(text) && judgeGlues(after, "+&/'’^=<>#@%°")) {
		return judgeLetter{}, false
	}
	next, _ := utf8.DecodeRuneInString(text[min(len(text), i+2):])
	switch {
	case (after == '-' || after == '(') && !unicode.IsSpace(next), after == '.' && judgeGlues(next, ""):
		return judgeLetter{}, false // A-level, C(x), B.C.
	case before == '(' && i > 1 && judgeGlues(rune(text[i-2]), ""):
		return judgeLetter{}, false // P(A)
	case (after == '_') != (before == '_'):
		return judgeLetter{}, false // A_1
	}
	found := judgeLetter{at: i, letter: letter, lower: text[i] != letter}
	found.marked = quoted || after == ')' || size > 0 && strings.ContainsRune("([{\"'“‘`*_$", before) && strings.ContainsRune(")]}\"'”’`*_$", after)
	found.word = !found.marked && (letter == 'A' || letter == 'I') && judgeWordFollows(letter, text[i+1:]) && !judgeNamed(text[:i])
	return found, true
}

// judgeGlues tells whether a character makes a letter beside it part of
// something else: letters of alphabets with case, digits, and those in others.
func judgeGlues(r rune, others string) bool {
	return unicode.IsUpper(r) || unicode.IsLower(r) || unicode.IsDigit(r) || strings.ContainsRune(others, r)
}

// judgeNamed tells whether a text ends in a word that says that a letter follows.
func judgeNamed(text string) bool {
	text = strings.TrimRight(text[max(0, len(text)-judgeWindow):], " :\"'*_")
	for _, word := range []string{"option", "choice", "letter", "answer"} {
		if start := len(text) - len(word); start >= 0 && strings.EqualFold(text[start:], word) {
			before, size := utf8.DecodeLastRuneInString(text[:start])
			return size == 0 || !judgeGlues(before, "")
		}
	}
	return false
}

// judgeWordFollows tells whether what follows A or I on the same line is a word
// that makes a word of it.
func judgeWordFollows(letter byte, rest string) bool {
	word := strings.TrimLeft(rest, " \t\u00a0")
	if len(word) == len(rest) {
		return false
	}
	end := strings.IndexFunc(word, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	if end < 0 {
		end = len(word)
	}
	switch strings.ToLower(word[:min(end, 10)]) {
	case "":
		return strings.HasPrefix(word, `"`) || strings.HasPrefix(word, "*")
	case "is", "because":
		return false
	case "as", "and", "or", "but", "was", "since", "due", "given", "which":
		return letter == 'I'
	}
	return true
}

// chosen returns the letter that a text chooses, by all rules.
func (l *judgeLetters) chosen(text string) (byte, bool) {
	letter, decided := l.decided(text)
	if decided || strings.Contains(text, `\boxed`) { // in the box is something else
		return letter, letter != 0
	}
	return l.only(text)
}

// clear returns the letter that a text chooses by more than mentioning it.
func (l *judgeLetters) clear(text string) (byte, bool) {
	letter, _ := l.decided(text)
	return letter, letter != 0
}

// decided returns the letter of the first rule that finds something, and 0 if
// that is no clear choice.
func (l *judgeLetters) decided(text string) (letter byte, decided bool) {
	lines := l.lines(text)
	if letter, ok := l.stated(text, lines); ok {
		return letter, true
	}
	for _, line := range lines {
		if line.listed || !line.alone && !(line.first && line.setOff) {
			continue
		}
		if decided && line.letter != letter || l.namesAnother(text, line.at+1) {
			return 0, true
		}
		letter, decided = line.letter, true
	}
	return letter, decided
}

// A judgeLettered is a line that begins with a letter.
type judgeLettered struct {
	judgeLetter
	first  bool // there is nothing before it
	alone  bool // there is nothing behind it
	setOff bool // a bracket, point, colon or comma is behind it
	listed bool // it is one of a list of options
}

func (l *judgeLetters) lines(text string) []judgeLettered {
	var lines []judgeLettered
	blank := true // all lines before
	for at := 0; at < len(text); {
		end := at + 1 + strings.IndexByte(text[at:], '\n')
		if end == at {
			end = len(text)
		}
		line := text[at:end]
		start := at + l.lineStart.FindStringIndex(line[:min(len(line), judgeWindow)])[1]
		if found, ok := l.letterAt(text[:end], start); ok {
			behind := text[start+1 : end]
			x := judgeLettered{judgeLetter: found, first: blank}
			x.alone = len(behind) < judgeWindow && l.rest.MatchString(behind)
			x.setOff = behind != "" && strings.IndexByte(").:,]}\"'*_`$", behind[0]) >= 0 && (!found.lower || found.marked || strings.IndexByte(").:", behind[0]) >= 0)
			if x.alone || x.setOff {
				lines = append(lines, x)
			}
		}
		blank = blank && judgeBlank(line)
		at = end
	}
	for i := range lines {
		lines[i].listed = !lines[i].alone &&
			(i > 0 && lines[i-1].letter+1 == lines[i].letter || i+1 < len(lines) && lines[i+1].letter == lines[i].letter+1)
	}
	return lines
}

// stated returns the letter of the last statement, 0 if it names several, and
// false where there is none.
func (l *judgeLetters) stated(text string, lines []judgeLettered) (letter byte, ok bool) {
	last := -1
	consider := func(at int) {
		found, is := l.letterAt(text, at)
		if !is || at <= last || found.word || l.isListed(lines, at) || found.lower && !found.marked && !l.endsThere(text, at) {
			return
		}
		last, letter, ok = at, found.letter, true
		if l.namesAnother(text, at+1) {
			letter = 0
		}
	}
	for _, word := range l.answer.FindAllStringIndex(text, -1) {
		window := text[word[1]:min(len(text), word[1]+judgeWindow)]
		if m := l.link.FindStringIndex(window); m != nil {
			consider(word[1] + m[1])
		}
	}
	for _, box := range l.boxed.FindAllStringIndex(text, -1) {
		consider(box[1])
	}
	l.each(text, func(found judgeLetter) {
		window := text[found.at+1 : min(len(text), found.at+1+judgeWindow)]
		if found.counts() && l.isCorrect.MatchString(window) {
			consider(found.at)
		}
	})
	return letter, ok
}

func (l *judgeLetters) isListed(lines []judgeLettered, at int) bool {
	i := sort.Search(len(lines), func(i int) bool { return lines[i].at >= at })
	return i < len(lines) && lines[i].at == at && lines[i].listed
}

// endsThere tells whether nothing but punctuation follows on the line.
func (l *judgeLetters) endsThere(text string, at int) bool {
	line, _, _ := strings.Cut(text[at+1:min(len(text), at+1+judgeWindow)], "\n")
	return l.rest.MatchString(line)
}

// namesAnother tells whether a second letter is named in one breath with the
// one before text[end:].
func (l *judgeLetters) namesAnother(text string, end int) bool {
	m := l.another.FindStringIndex(text[end:min(len(text), end+judgeWindow)])
	if m == nil {
		return false
	}
	second, ok := l.letterAt(text, end+m[1])
	return ok && second.counts()
}

// only returns the letter that is mentioned where no other one is.
func (l *judgeLetters) only(text string) (letter byte, ok bool) {
	several := false
	l.each(text, func(found judgeLetter) {
		if found.counts() {
			several = several || ok && found.letter != letter
			letter, ok = found.letter, true
		}
	})
	if several {
		return 0, false
	}
	return letter, ok
}

// each visits the letters of a text in order.
func (l *judgeLetters) each(text string, visit func(judgeLetter)) {
	for i := range len(text) {
		if found, ok := l.letterAt(text, i); ok {
			visit(found)
		}
	}
}
