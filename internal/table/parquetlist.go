package table

import (
	"errors"
	"fmt"
	"io"
	"math"
)

// readList reads levels up to the start of the next row.
func (l *leaf) readList(b *Batch, c, i, line int) error {
	if l.rep[l.at] != 0 {
		return errors.New("a row starts inside a list")
	}
	from := b.stored(l.column.Type)
	present, problem := false, ""
	for first := true; ; first = false {
		if err := l.fill(); err != nil {
			if errors.Is(err, io.EOF) && !first {
				break
			}
			return err
		}
		if !first && l.rep[l.at] == 0 {
			break
		}
		present = present || l.def[l.at]+1 >= l.listed
		if what := l.elements(b); what != "" {
			problem = what
		}
		switch {
		case 8*(b.stored(l.column.Type)-from) > MaxRow:
			return fmt.Errorf("row %d: list is longer than %d MiB", line, MaxRow>>20)
		case 8*len(b.lists)+4*len(b.vectors) > maxLists:
			return fmt.Errorf("rows to %d: lists are longer than %d MiB together", line, maxLists>>20)
		}
	}
	switch {
	case problem != "":
		b.unstore(l.column.Type, from)
		b.fault(line, l.column.Name, "expected %s: %s", l.column.Type, problem)
	case !present && l.column.Required:
		b.fault(line, l.column.Name, "expected %s, found null", l.column.Type)
	case present:
		b.setList(c, i, from)
	}
	return nil
}

// elements takes what is at hand of a list, and says what is wrong with it.
func (l *leaf) elements(b *Batch) (problem string) {
	number, values, vector := l.decode.number, l.pages.values, l.column.Type == Vector
	for next := true; next; next = l.at < l.n && l.rep[l.at] != 0 {
		def := l.def[l.at]
		k := l.take()
		if k < 0 {
			if def >= l.listed {
				problem = "an element is null"
			}
			continue
		}
		v := number(values, k)
		switch {
		case v-v != 0: // NaN or infinite
			problem = fmt.Sprintf("an element is %g", v)
		case !vector:
			b.lists = append(b.lists, v)
		case math.Abs(v) > math.MaxFloat32:
			problem = fmt.Sprintf("expected numbers within ±%.2g, found %g", math.MaxFloat32, v)
		default:
			b.vectors = append(b.vectors, float32(v))
		}
	}
	return problem
}
