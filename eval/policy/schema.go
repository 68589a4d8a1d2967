package policy

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// A Schema is a JSON schema that answers must satisfy.
type Schema struct{ compiled *jsonschema.Schema }

// Bounds of what validating may cost. Schemas come with prompts, answers from
// anybody.
const (
	maxSchemaNodes = 10_000 // with what it refers to put in its place
	maxExponent    = 400    // of a number, in digits of its value
)

// ParseSchema compiles a JSON schema, of draft 2020-12 if it names none. It may
// refer to its own parts by "#/…", not in circles, and never to files or the
// network.
func ParseSchema(text string) (*Schema, error) {
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		return nil, err
	}
	if !moderate(doc) {
		return nil, fmt.Errorf("schema has a number of more than %d digits", maxExponent)
	}
	left := maxSchemaNodes
	if err := expand(doc, doc, 0, &left); err != nil {
		return nil, err
	}
	const name = "schema.json"
	c := jsonschema.NewCompiler()
	c.UseLoader(noLoader{})
	if err := c.AddResource(name, doc); err != nil {
		return nil, err
	}
	compiled, err := c.Compile(name)
	if err != nil {
		return nil, err
	}
	return &Schema{compiled}, nil
}

// Schemas are those of prompts, of which many have the same: each is compiled once. The
// zero value has none.
type Schemas struct{ of map[string]*Schema }

// Parse returns what [ParseSchema] does; nil of an empty text.
func (s *Schemas) Parse(text string) (*Schema, error) {
	if known, ok := s.of[text]; ok || text == "" {
		return known, nil
	}
	schema, err := ParseSchema(text)
	if err != nil {
		return nil, err
	}
	if s.of == nil {
		s.of = map[string]*Schema{}
	}
	s.of[strings.Clone(text)] = schema
	return schema, nil
}

// expand counts the nodes of a schema where each reference stands for what it
// refers to. That bounds the time to validate, which references can make
// exponential, or endless.
func expand(root, node any, depth int, left *int) error {
	if *left--; *left < 0 {
		return fmt.Errorf("schema has more than %d parts, or refers to itself in a circle", maxSchemaNodes)
	}
	switch node := node.(type) {
	case []any:
		for _, v := range node {
			if err := expand(root, v, depth+1, left); err != nil {
				return err
			}
		}
	case map[string]any:
		for key, v := range node {
			if _, ok := v.(string); ok && key == "$id" && depth > 0 {
				return errors.New("schema has a $id below its top: expected references to its own parts alone, as in #/$defs/name")
			}
			if strings.HasPrefix(key, "$dynamic") || strings.HasPrefix(key, "$recursive") {
				return fmt.Errorf("schema has %s: expected references by $ref", key)
			}
			if ref, ok := v.(string); ok && key == "$ref" {
				target, err := resolve(root, ref)
				if err != nil {
					return err
				}
				v = target
			}
			if err := expand(root, v, depth+1, left); err != nil {
				return err
			}
		}
	}
	return nil
}

// resolve returns what a reference within the schema refers to.
func resolve(root any, ref string) (any, error) {
	unknown := fmt.Errorf("schema refers to %q: expected a part of itself, as in #/$defs/name", ref)
	path, ok := strings.CutPrefix(ref, "#")
	if !ok || path != "" && path[0] != '/' {
		return nil, unknown
	}
	node := root
	for _, part := range strings.Split(path, "/")[1:] {
		part = strings.NewReplacer("~1", "/", "~0", "~").Replace(part)
		switch at := node.(type) {
		case map[string]any:
			if node, ok = at[part]; !ok {
				return nil, unknown
			}
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i < 0 || i >= len(at) {
				return nil, unknown
			}
			node = at[i]
		default:
			return nil, unknown
		}
	}
	return node, nil
}

// moderate tells whether all numbers can be computed with: the library makes
// exact fractions of them, whatever their exponent.
func moderate(node any) bool {
	switch node := node.(type) {
	case json.Number:
		_, exponent, _ := strings.Cut(strings.ToLower(node.String()), "e")
		e, err := strconv.Atoi(exponent)
		return len(node) <= maxExponent && (exponent == "" || err == nil && e >= -maxExponent && e <= maxExponent)
	case []any:
		for _, v := range node {
			if !moderate(v) {
				return false
			}
		}
	case map[string]any:
		for _, v := range node {
			if !moderate(v) {
				return false
			}
		}
	}
	return true
}

// Satisfied tells whether a text is JSON that satisfies the schema. Numbers of
// more than 400 digits satisfy none.
func (s *Schema) Satisfied(text string) bool {
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	return err == nil && moderate(doc) && s.compiled.Validate(doc) == nil
}

// noLoader keeps schemas from opening anything.
type noLoader struct{}

func (noLoader) Load(url string) (any, error) {
	return nil, errors.New("a schema may refer to itself only, not to " + url)
}
