package datasets

import "github.com/routeproof/routeproof/internal/table"

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

// nameField binds a text that every row has and that is not empty.
func nameField[T any](name, of string, at func(*T) *string) field[T] {
	f := requiredText(name, at)
	f.Type = table.Name
	load := f.load
	f.load = func(row *T, cells *table.Cells, i int, c *checker) {
		if load(row, cells, i, c); *at(row) == "" {
			c.problem(name, "is empty: expected %s", of)
		}
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

// number binds a number from low to high.
func number[T any](name string, low, high float64, at func(*T) *Optional[float64]) field[T] {
	return field[T]{
		Column: table.Column{Name: name, Type: table.Number},
		load: func(row *T, cells *table.Cells, i int, c *checker) {
			if v := cells.Number[i]; v < low || v > high {
				c.problem(name, "expected %g to %g, found %g", low, high, v)
			} else {
				*at(row) = Known(v)
			}
		},
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
		load: func(row *T, cells *table.Cells, i int, c *checker) {
			if *at(row) = cells.Number[i]; *at(row) < low || *at(row) > high {
				c.problem(name, "expected %g to %g, found %g", low, high, *at(row))
			}
		},
		store: func(row *T, b *table.Batch, c int) { b.SetNumber(c, *at(row)) },
	}
}

// count binds a whole number of at least 0.
func count[T any](name string, at func(*T) *Optional[int]) field[T] {
	return field[T]{
		Column: table.Column{Name: name, Type: table.Whole},
		load: func(row *T, cells *table.Cells, i int, c *checker) {
			if v := cells.Number[i]; v < 0 || v > maxCount {
				c.problem(name, "expected 0 to %d, found %.15g", maxCount, v)
			} else {
				*at(row) = Known(int(v))
			}
		},
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
		load: func(row *T, cells *table.Cells, i int, c *checker) {
			if v := cells.Number[i]; v < 0 || v > maxCount {
				c.problem("repeat", "expected 0 to %d, found %.15g", maxCount, v)
			} else {
				*at(row) = int(v)
			}
		},
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
