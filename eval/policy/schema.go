package policy

import (
	"errors"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// A Schema is a JSON schema that answers must satisfy.
type Schema struct{ compiled *jsonschema.Schema }

// ParseSchema compiles a JSON schema, of draft 2020-12 if it names none. It may
// refer to itself and to the drafts, never to files or the network.
func ParseSchema(text string) (*Schema, error) {
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
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

// Satisfied tells whether a text is JSON that satisfies the schema.
func (s *Schema) Satisfied(text string) bool {
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	return err == nil && s.compiled.Validate(doc) == nil
}

// noLoader keeps schemas from opening anything.
type noLoader struct{}

func (noLoader) Load(url string) (any, error) {
	return nil, errors.New("a schema may refer to itself only, not to " + url)
}
