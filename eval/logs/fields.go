package logs

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/routeproof/routeproof/internal/wording"
)

// A field is what a record says of its request.
type field uint8

const (
	fieldTime field = iota
	fieldID
	fieldFeature
	fieldHash
	fieldTier
	fieldStart
	fieldModel
	fieldInput
	fieldOutput
	fieldCost
	fieldClassifier
	fieldLatency
	fieldEscalated
	fieldScore
	fieldScores
	fieldPrompt
	numFields

	noField = numFields // of a fault: the whole line
)

// fieldNames are the names of the fields, which are also where they stand
// unless [Fields] says otherwise.
func fieldNames() [numFields]string {
	return [numFields]string{
		fieldTime: "ts", fieldID: "request_id", fieldFeature: "feature", fieldHash: "msg_hash", fieldTier: "tier", fieldStart: "start_tier",
		fieldModel: "model", fieldInput: "input_tokens", fieldOutput: "output_tokens", fieldCost: "cost_usd", fieldClassifier: "classifier_cost_usd",
		fieldLatency: "latency_ms", fieldEscalated: "escalated", fieldScore: "score", fieldScores: "scores", fieldPrompt: "prompt",
	}
}

func (f field) String() string {
	if f == noField {
		return ""
	}
	return fieldNames()[f]
}

// holds says what a field is expected to hold.
func (f field) holds() string {
	switch f {
	case fieldTime:
		return "a number, or text with a date and time"
	case fieldID, fieldTier, fieldStart:
		return "text or a number"
	case fieldFeature, fieldHash, fieldModel, fieldPrompt:
		return "text"
	case fieldEscalated:
		return "true or false"
	case fieldScores:
		return "an object with a number for each tier, or a list of as many numbers as tiers"
	}
	return "a number"
}

// Fields says under which name a field stands in a log, where that is not its
// own. A name may be a path into objects, as usage.cost; a field of that very
// name, dots and all, is found as well. An empty name: the field is not read.
type Fields map[string]string

// Check returns an error unless the fields are known and no two of them stand
// in one place.
func (f Fields) Check() error {
	_, err := f.tree()
	return err
}

// A node is a name within a log's objects: a field, further names, or both.
type node struct {
	field field // noField: none
	below map[string]*node
}

// maxPath is how many names a path has at most.
const maxPath = 8

// tree returns where the fields stand.
func (f Fields) tree() (*node, error) {
	names := fieldNames()
	for _, name := range slices.Sorted(maps.Keys(f)) {
		if !slices.Contains(names[:], name) {
			return nil, fmt.Errorf("expected fields of %s, found %s%s", strings.Join(names[:], ", "), wording.Quote(name), wording.DidYouMean(name, names[:]))
		}
	}
	root := &node{field: noField, below: map[string]*node{}}
	for i, name := range names {
		place, mapped := f[name]
		if !mapped {
			place = name
		}
		if place == "" {
			continue
		}
		steps := strings.Split(place, ".")
		if len(steps) > maxPath || slices.Contains(steps, "") {
			return nil, fmt.Errorf("%s: expected a name, or up to %d with dots between, found %s", name, maxPath, wording.Quote(place))
		}
		paths := [][]string{steps}
		if len(steps) > 1 {
			paths = append(paths, []string{place})
		}
		for _, path := range paths {
			if err := root.put(path, field(i)); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return root, nil
}

func (n *node) put(path []string, f field) error {
	at := n
	for _, name := range path {
		next := at.below[name]
		if next == nil {
			next = &node{field: noField, below: map[string]*node{}}
			at.below[name] = next
		}
		at = next
	}
	if at.field != noField {
		return fmt.Errorf("stands where %s stands, at %s: give one of them another name", at.field, wording.Quote(strings.Join(path, ".")))
	}
	at.field = f
	return nil
}
