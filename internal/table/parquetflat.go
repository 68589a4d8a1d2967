package table

import (
	"encoding/binary"
	"fmt"
	"math"
	"unicode/utf8"
)

// madeText is a value of a dictionary as text, or why it is none.
type madeText struct{ text, problem string }

// readFlat sets n cells from the i-th on, whose levels are at hand.
func (l *leaf) readFlat(b *Batch, c, i, n, line int) {
	cells := &b.Cells[c]
	b.bytes += 8 * n
	if l.none && !l.column.Required {
		l.at += n
		return
	}
	switch t := l.column.Type; {
	case t.isText():
		l.readTexts(b, cells.Known[i:i+n], cells.Text[i:i+n], line)
	case t == Boolean:
		l.readBools(b, cells.Known[i:i+n], cells.Bool[i:i+n], line)
	default:
		l.readNumbers(b, cells.Known[i:i+n], cells.Number[i:i+n], line)
	}
}

func (l *leaf) null(b *Batch, line int) {
	if l.column.Required {
		b.fault(line, l.column.Name, "expected %s, found null", l.column.Type)
	}
}

// readNaN takes NaN for unknown, as pandas means it.
func (l *leaf) readNaN(b *Batch, line int) {
	if l.column.Required {
		b.fault(line, l.column.Name, "expected %s, found NaN", l.column.Type)
		return
	}
	l.nan++
}

func (l *leaf) readTexts(b *Batch, known []bool, texts []string, line int) {
	for i := range texts {
		k := l.take()
		if k < 0 {
			l.null(b, line+i)
			continue
		}
		text, problem := l.text(k)
		if problem != "" {
			b.fault(line+i, l.column.Name, "%s", problem)
			continue
		}
		known[i], texts[i] = true, text
		b.bytes += len(text)
	}
}

func (l *leaf) readBools(b *Batch, known, bools []bool, line int) {
	for i := range bools {
		k := l.take()
		if k < 0 {
			l.null(b, line+i)
			continue
		}
		v := l.decode.number(l.pages.values, k)
		if math.IsNaN(v) {
			l.readNaN(b, line+i)
			continue
		}
		if v != 0 && v != 1 {
			b.fault(line+i, l.column.Name, "expected true or false, found %g", v)
			continue
		}
		known[i], bools[i] = true, v == 1
	}
}

func (l *leaf) readNumbers(b *Batch, known []bool, numbers []float64, line int) {
	number, values, t := l.decode.number, l.pages.values, l.column.Type
	for i := l.plainNumbers(known, numbers); i < len(numbers); i++ {
		k := l.take()
		if k < 0 {
			l.null(b, line+i)
			continue
		}
		v := number(values, k)
		if v-v != 0 { // NaN or infinite
			if math.IsNaN(v) {
				l.readNaN(b, line+i)
			} else {
				b.fault(line+i, l.column.Name, "expected %s, found %g", t, v)
			}
			continue
		}
		if t == Whole && !isWhole(v) {
			b.fault(line+i, l.column.Name, "%s", notWhole(v, fmt.Sprint(v)))
			continue
		}
		known[i], numbers[i] = true, v
	}
}

// plainNumbers takes numbers that are stored as they are, which most are, and
// returns how many: up to the first that is not finite.
func (l *leaf) plainNumbers(known []bool, numbers []float64) int {
	if !l.doubles || l.none || l.mixed || l.pages.coded || l.column.Type != Number {
		return 0
	}
	n := len(numbers)
	stored := l.pages.values.data[8*(l.from+l.value):][:8*n]
	known = known[:n]
	for i := range n {
		v := math.Float64frombits(binary.LittleEndian.Uint64(stored[8*i:]))
		if v-v != 0 {
			n = i
			break
		}
		known[i], numbers[i] = true, v
	}
	l.at, l.value = l.at+n, l.value+n
	return n
}

// text returns a value as text. Those of a dictionary are made once, good or
// bad, so that a small file cannot make many copies of a long one, nor have it
// looked through time and again.
func (l *leaf) text(k int) (s, problem string) {
	if !l.pages.coded {
		return l.makeText(k)
	}
	if l.of != l.pages.values {
		l.of, l.texts = l.pages.values, make([]madeText, l.pages.values.n)
	}
	made := &l.texts[k]
	if *made == (madeText{}) {
		made.text, made.problem = l.makeText(k)
	}
	return made.text, made.problem
}

func (l *leaf) makeText(k int) (s, problem string) {
	if l.decode.digits != nil {
		return l.decode.digits(l.pages.values, k), ""
	}
	raw := l.decode.bytes(l.pages.values, k)
	switch {
	case len(raw) > MaxRow:
		return "", fmt.Sprintf("text is longer than %d MiB", MaxRow>>20)
	case !utf8.Valid(raw):
		return "", "not valid UTF-8"
	case l.column.Repeats:
		return l.interns.text(raw), ""
	}
	return string(raw), ""
}
