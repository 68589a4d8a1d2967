package datasets

import (
	"fmt"
	"strings"

	"github.com/routeproof/routeproof/internal/table"
)

// Bounds of what one request may have cost and taken; beyond lies a mistake,
// of unit most likely.
const (
	maxUSD   = 1e6
	maxMS    = 1e9
	maxCount = 1_000_000_000
)

// textField binds a text that is empty where it is absent.
func textField[T any](name string, at func(*T) *string) field[T] {
	return field[T]{
		Column: table.Column{Name: name, Type: table.Text},
		load:   func(row *T, c *table.Cells, i int, _ *checker) { *at(row) = c.Text[i] },
		store: func(row *T, b *table.Batch, c int) {
			if s := *at(row); s != "" {
				b.SetText(c, s)
			}
		},
	}
}

// repeatedText is a textField whose values recur.
func repeatedText[T any](name string, at func(*T) *string) field[T] {
	f := textField(name, at)
	f.Repeats = true
	return f
}

// jsonField is a textField that also takes a JSON object or array.
func jsonField[T any](name string, at func(*T) *string) field[T] {
	f := textField(name, at)
	f.Type = table.JSON
	return f
}

// requiredText binds a text that every row has; it may be empty.
func requiredText[T any](name string, at func(*T) *string) field[T] {
	f := textField(name, at)
	f.Required = true
	f.store = func(row *T, b *table.Batch, c int) { b.SetText(c, *at(row)) }
	return f
}

// nameField binds a text that every row has and that is more than white space.
func nameField[T any](name, of string, at func(*T) *string) field[T] {
	f := requiredText(name, at)
	f.Type = table.Name
	f.fault = func(c *table.Cells, from int) (int, string) {
		for i := from; i < len(c.Text); i++ {
			switch s := c.Text[i]; {
			case !c.Known[i]:
			case s == "":
				return i, "is empty: expected " + of
			case '!' <= s[0] && s[0] <= '~': // most names begin so
			case strings.TrimSpace(s) == "":
				return i, "holds nothing but white space: expected " + of
			}
		}
		return -1, ""
	}
	return f
}

// recurringName is a nameField whose values recur.
func recurringName[T any](name, of string, at func(*T) *string) field[T] {
	f := nameField(name, of, at)
	f.Repeats = true
	return f
}

// optionalText binds a text that may be absent as well as empty.
func optionalText[T any](name string, at func(*T) *Optional[string]) field[T] {
	return field[T]{
		Column: table.Column{Name: name, Type: table.Text},
		load:   func(row *T, c *table.Cells, i int, _ *checker) { *at(row) = Known(c.Text[i]) },
		store: func(row *T, b *table.Batch, c int) {
			if v := *at(row); v.Known {
				b.SetText(c, v.Value)
			}
		},
	}
}

// within finds numbers that are not from low to high.
func within(low, high float64) func(*table.Cells, int) (int, string) {
	return func(c *table.Cells, from int) (int, string) {
		for i := from; i < len(c.Number); i++ {
			if v := c.Number[i]; (v < low || v > high) && c.Known[i] {
				return i, fmt.Sprintf("expected %g to %g, found %g", low, high, v)
			}
		}
		return -1, ""
	}
}

func countFault(c *table.Cells, from int) (int, string) {
	for i := from; i < len(c.Number); i++ {
		if v := c.Number[i]; (v < 0 || v > maxCount) && c.Known[i] {
			return i, fmt.Sprintf("expected 0 to %d, found %.15g", maxCount, v)
		}
	}
	return -1, ""
}

// number binds a number from low to high.
func number[T any](name string, low, high float64, at func(*T) *Optional[float64]) field[T] {
	return field[T]{
		Column: table.Column{Name: name, Type: table.Number},
		fault:  within(low, high),
		load:   func(row *T, c *table.Cells, i int, _ *checker) { *at(row) = Known(c.Number[i]) },
		store: func(row *T, b *table.Batch, c int) {
			if v := *at(row); v.Known {
				b.SetNumber(c, v.Value)
			}
		},
	}
}

// requiredNumber binds a number from low to high that every row has.
func requiredNumber[T any](name string, low, high float64, at func(*T) *float64) field[T] {
	return field[T]{
		Column: table.Column{Name: name, Type: table.Number, Required: true},
		fault:  within(low, high),
		load:   func(row *T, c *table.Cells, i int, _ *checker) { *at(row) = c.Number[i] },
		store:  func(row *T, b *table.Batch, c int) { b.SetNumber(c, *at(row)) },
	}
}

// count binds a whole number of at least 0.
func count[T any](name string, at func(*T) *Optional[int]) field[T] {
	return field[T]{
		Column: table.Column{Name: name, Type: table.Whole},
		fault:  countFault,
		load:   func(row *T, c *table.Cells, i int, _ *checker) { *at(row) = Known(int(c.Number[i])) },
		store: func(row *T, b *table.Batch, c int) {
			if v := *at(row); v.Known {
				b.SetNumber(c, float64(v.Value))
			}
		},
	}
}

// repeatField binds the number of a repetition, 0 where it is absent.
func repeatField[T any](at func(*T) *int) field[T] {
	return field[T]{
		Column: table.Column{Name: "repeat", Type: table.Whole},
		fault:  countFault,
		load:   func(row *T, c *table.Cells, i int, _ *checker) { *at(row) = int(c.Number[i]) },
		store: func(row *T, b *table.Batch, c int) {
			if v := *at(row); v != 0 {
				b.SetNumber(c, float64(v))
			}
		},
	}
}

// flag binds true or false; absent is false.
func flag[T any](name string, at func(*T) *bool) field[T] {
	return field[T]{
		Column: table.Column{Name: name, Type: table.Boolean},
		load:   func(row *T, c *table.Cells, i int, _ *checker) { *at(row) = c.Bool[i] },
		store:  func(row *T, b *table.Batch, c int) { b.SetBool(c, *at(row)) },
	}
}
