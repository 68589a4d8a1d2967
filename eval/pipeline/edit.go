package pipeline

import (
	"bytes"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// A Key is one of the configuration's that calibration sets.
type Key string

// The keys.
const (
	KeyHybridMargin  Key = "classifiers.hybrid.embedding_margin"
	KeyMinConfidence Key = "policies.checks.min_confidence"
	KeyAgreement     Key = "policies.agreement.threshold"
)

// set changes a configuration as a file does that has the key.
func (k Key) set(c *Config, value float64) {
	switch k {
	case KeyHybridMargin:
		c.Classifiers.Hybrid.EmbeddingMargin = &value
	case KeyMinConfidence:
		c.Policies.Checks.MinConfidence = value
	case KeyAgreement:
		c.Policies.Agreement.Threshold = &value
	}
}

// editMark begins the comment above a key that was set here, by which a later
// edit knows it and puts its own in its place.
const editMark = "# routeproof calibrate: "

// An Edit sets a key of a configuration, with a comment in the line above.
type Edit struct {
	Key     Key     `json:"key"`
	Value   float64 `json:"value"`
	Comment string  `json:"comment"` // one line
}

// Apply returns the text of a configuration with the edit. All else stays as it
// is, byte for byte: comments, layout, ends of lines. A key that is not there
// comes first under the one that it belongs to. The result is read again, and
// must differ in the key alone: where it would not, or the key lies in braces,
// behind an anchor or in other ways that are not edited, that is a [ConfigError],
// and the mend is to set it by hand. So is a text that is no configuration.
func (e Edit) Apply(text []byte, name string) ([]byte, error) {
	want, err := ParseConfig(text, name)
	if err != nil {
		return nil, err
	}
	edited, err := e.edit(text)
	if err != nil {
		return nil, e.byHand(name, err.Error())
	}
	e.Key.set(&want, e.Value)
	got, err := ParseConfig(edited, name)
	switch {
	case err != nil:
		return nil, e.byHand(name, err.Error())
	case !reflect.DeepEqual(got, want):
		return nil, e.byHand(name, "more than this key would change")
	}
	return edited, nil
}

func (e Edit) byHand(name, why string) error {
	return configErrorf("%s: cannot set %s in place: %s: put it and what is above it on lines of their own, or set it by hand", name, e.Key, why)
}

// number is the value in all its digits.
func (e Edit) number() string { return strconv.FormatFloat(e.Value, 'f', -1, 64) }

func (e Edit) edit(text []byte) ([]byte, error) {
	// Lines would be counted in two ways. CRLF is fine, but for the parser, which
	// loses count of lines where comments end with it.
	plain := bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	if bytes.ContainsRune(plain, '\r') {
		return nil, fmt.Errorf("lines end with CR alone")
	}
	lines := bytes.SplitAfter(text, []byte("\n"))
	if len(lines[len(lines)-1]) == 0 {
		lines = lines[:len(lines)-1]
	}
	path := strings.Split(string(e.Key), ".")
	at, err := locate(plain, path)
	if err != nil {
		return nil, err
	}
	if len(at) == len(path) {
		return e.replace(lines, at[len(at)-1])
	}
	return e.insert(lines, path, at)
}

// place is where a key stands.
type place struct {
	line   int // from 0
	key    string
	indent string // of what is below it; empty: nothing is
}

// locate follows a path of keys as far as it is there.
func locate(text []byte, path []string) (at []place, err error) {
	file, err := parser.ParseBytes(text, 0)
	if err != nil || len(file.Docs) == 0 {
		return nil, err
	}
	node := file.Docs[0].Body
	for _, key := range path {
		children, err := block(node)
		if err != nil {
			return nil, err
		}
		found := false
		for _, child := range children {
			if child.Key.IsMergeKey() {
				return nil, fmt.Errorf("a merge key (<<) stands beside or above it")
			}
			if child.Key.GetToken().Value != key {
				continue
			}
			p := place{line: child.Key.GetToken().Position.Line - 1, key: key}
			node, found = child.Value, true
			if below, err := block(node); err == nil && len(below) > 0 {
				p.indent = strings.Repeat(" ", below[0].Key.GetToken().Position.Column-1)
			}
			at = append(at, p)
		}
		if !found {
			break
		}
	}
	return at, nil
}

// block returns the keys of a mapping with a key a line.
func block(node ast.Node) ([]*ast.MappingValueNode, error) {
	switch n := node.(type) {
	case nil, *ast.NullNode:
		return nil, nil
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, nil
	case *ast.MappingNode:
		if n.IsFlowStyle {
			return nil, fmt.Errorf("it is, or would be, in braces")
		}
		return n.Values, nil
	}
	return nil, fmt.Errorf("it is, or would be, behind an anchor, an alias or a tag")
}

// replace puts the value into its line, and the comment above.
func (e Edit) replace(lines [][]byte, p place) ([]byte, error) {
	// A number, null or nothing, and perhaps a comment, which stays.
	form := regexp.MustCompile(`^(\s*["']?` + regexp.QuoteMeta(p.key) + `["']?\s*:)([ \t]*)([^\s#&!*'"{\[|>]*)((?:[ \t]+#.*)?[ \t]*)(\r?\n?)$`)
	m := form.FindSubmatch(lines[p.line])
	if m == nil {
		return nil, fmt.Errorf("expected a number or null behind %s in line %d", p.key, p.line+1)
	}
	indent := m[1][:len(m[1])-len(bytes.TrimLeft(m[1], " \t"))]
	value := fmt.Sprintf("%s %s%s%s", m[1], e.number(), m[4], m[5])
	if len(m[2]) > 0 {
		value = fmt.Sprintf("%s%s%s%s%s", m[1], m[2], e.number(), m[4], m[5])
	}
	eol := string(m[5])
	if !strings.HasSuffix(eol, "\n") {
		eol = ending(lines) // of the last line, which has none
	}
	from := p.line
	if from > 0 && bytes.HasPrefix(bytes.TrimLeft(lines[from-1], " \t"), []byte(editMark)) {
		from--
	}
	return joined(lines[:from], []byte(string(indent)+e.comment()+eol+value), lines[p.line+1:]), nil
}

// insert puts the key, and those above it that are not there, under the last that
// is.
func (e Edit) insert(lines [][]byte, path []string, at []place) ([]byte, error) {
	eol := ending(lines)
	missing := path[len(at):]
	var b strings.Builder
	indent, line := "", len(lines)
	if len(at) > 0 {
		parent := at[len(at)-1]
		line = parent.line + 1
		form := regexp.MustCompile(`^(\s*)["']?` + regexp.QuoteMeta(parent.key) + `["']?\s*:[ \t]*(#.*)?\r?\n?$`)
		m := form.FindSubmatch(lines[parent.line])
		if m == nil {
			return nil, fmt.Errorf("expected nothing behind %s in line %d", parent.key, line)
		}
		if indent = parent.indent; indent == "" {
			indent = string(m[1]) + "  "
		}
	}
	if line > 0 && !bytes.HasSuffix(lines[line-1], []byte("\n")) {
		b.WriteString(eol) // the line before has no end
	}
	for i, key := range missing {
		if i == len(missing)-1 {
			b.WriteString(indent + e.comment() + eol + indent + key + ": " + e.number() + eol)
			break
		}
		b.WriteString(indent + key + ":" + eol)
		indent += "  "
	}
	return joined(lines[:line], []byte(b.String()), lines[line:]), nil
}

// comment is one line, whatever is in it.
func (e Edit) comment() string { return editMark + strings.Join(strings.Fields(e.Comment), " ") }

// ending is how lines end here.
func ending(lines [][]byte) string {
	if len(lines) > 0 && bytes.HasSuffix(lines[0], []byte("\r\n")) {
		return "\r\n"
	}
	return "\n"
}

func joined(before [][]byte, text []byte, after [][]byte) []byte {
	return bytes.Join([][]byte{bytes.Join(before, nil), text, bytes.Join(after, nil)}, nil)
}
