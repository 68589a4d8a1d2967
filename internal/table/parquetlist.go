package table

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
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
		if l.plainElements(b) {
			continue
		}
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

// plainElements takes what is at hand of a vector that is stored as one, which is
// nearly all of them, and tells whether it was: without nulls, and finite.
func (l *leaf) plainElements(b *Batch) bool {
	p := &l.pages
	if l.column.Type != Vector || p.coded || !l.floats {
		return false
	}
	end := l.at + 1
	for end < l.n && l.rep[end] != 0 {
		end++
	}
	for _, def := range l.def[l.at:end] {
		if def != l.defined {
			return false
		}
	}
	n, from := end-l.at, l.from+l.value
	stored := p.values.data[4*from : 4*(from+n)]
	before := len(b.vectors)
	b.vectors = slices.Grow(b.vectors, n)[:before+n]
	finite := true
	for i, out := 0, b.vectors[before:]; i < len(out); i++ {
		word := binary.LittleEndian.Uint32(stored[4*i:])
		out[i] = math.Float32frombits(word)
		finite = finite && word<<1 < 0xff<<24
	}
	if !finite {
		b.vectors = b.vectors[:before]
		return false
	}
	l.at, l.value = end, l.value+n
	return true
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
