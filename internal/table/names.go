package table

import (
	"fmt"
	"slices"
	"strings"

	"github.com/routeproof/routeproof/internal/wording"
)

// interner returns one string for equal short ones, so that a column whose
// values recur costs no memory a row.
type interner map[string]string

const (
	maxInterned    = 4096
	longestRecurer = 64
)

func (n interner) text(b []byte) string {
	if len(b) > longestRecurer {
		return string(b)
	}
	if s, ok := n[string(b)]; ok {
		return s
	}
	s := string(b)
	if len(n) < maxInterned {
		n[s] = s
	}
	return s
}

// unknowns notes names, each once.
type unknowns struct {
	names []string
	seen  map[string]bool
}

func (u *unknowns) add(name string) {
	if len(u.names) == MaxUnknown {
		return
	}
	name = wording.Shorten(name)
	if u.seen == nil {
		u.seen = map[string]bool{}
	}
	if !u.seen[name] {
		u.seen[name] = true
		u.names = append(u.names, name)
	}
}

// missingColumns notes the required columns that a file does not have, once
// for the file.
func missingColumns(b *Batch, columns []Column, present []bool, names []string) bool {
	missing, others := false, notAskedFor(names, columns)
	for k, column := range columns {
		if column.Required && !present[k] {
			missing = true
			b.fault(0, column.Name, "no such column: found %s%s", wording.List(names), meant(column.Name, others))
		}
	}
	return missing
}

func notAskedFor(names []string, columns []Column) []string {
	asked := map[string]bool{}
	for _, column := range columns {
		asked[column.Name] = true
	}
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return asked[name] })
}

// meant ends the sentence about a missing column with the one of the others
// that may be it, if any.
func meant(column string, others []string) string {
	for _, name := range others {
		if strings.EqualFold(name, column) {
			return fmt.Sprintf(": rename %q to %q", name, column)
		}
	}
	return wording.DidYouMean(column, others)
}
