package policy

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// An Answer finds the final answer in a response, so that two responses can be
// compared. The zero value takes the whole text.
type Answer struct {
	pattern *regexp.Regexp
	field   string
}

// ParseAnswer reads "text", "regex:PATTERN" or "json:FIELD".
//
// A pattern's last match counts, and of it the first group, if it has one. A
// field is looked up in the response as JSON, without a code fence around it;
// where that fails it is the rest of the line behind the last "FIELD":, without
// the brackets, commas, quotes and white space at its end and the quotes and
// white space at its beginning.
func ParseAnswer(spec string) (Answer, error) {
	kind, rest, _ := strings.Cut(spec, ":")
	switch {
	case spec == "text":
		return Answer{}, nil
	case kind == "regex" && rest != "":
		pattern, err := regexp.Compile(rest)
		if err != nil {
			return Answer{}, fmt.Errorf("answer %q: %w", spec, err)
		}
		return Answer{pattern: pattern}, nil
	case kind == "json" && rest != "":
		return Answer{field: rest}, nil
	}
	return Answer{}, fmt.Errorf("answer: expected text, regex:PATTERN or json:FIELD, found %q", spec)
}

// Of returns the final answer, trimmed and lower-cased, and false where there
// is none: nothing found, or nothing left.
func (a Answer) Of(response string) (string, bool) {
	found := response
	switch {
	case a.pattern != nil:
		matches := a.pattern.FindAllStringSubmatch(response, -1)
		if matches == nil {
			return "", false
		}
		last := matches[len(matches)-1]
		found = last[min(1, len(last)-1)]
	case a.field != "":
		var ok bool
		if found, ok = a.fieldOf(response); !ok {
			return "", false
		}
	}
	found = strings.ToLower(trim(found))
	return found, found != ""
}

func (a Answer) fieldOf(response string) (string, bool) {
	var object map[string]json.RawMessage
	if json.Unmarshal([]byte(UnwrapFence(response)), &object) == nil {
		if raw, ok := object[a.field]; ok {
			return plain(raw), string(raw) != "null"
		}
	}
	mark := `"` + a.field + `":`
	i := strings.LastIndex(response, mark)
	if i < 0 {
		return "", false
	}
	line, _, _ := strings.Cut(response[i+len(mark):], "\n")
	return strings.TrimLeft(strings.TrimRight(line, "}, \t\r\"'"), " \t\"'"), true
}

// plain is a JSON value as text: a string's content, else as it is written.
func plain(raw json.RawMessage) string {
	var s string
	if raw[0] == '"' && json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}
