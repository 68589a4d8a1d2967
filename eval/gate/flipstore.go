package gate

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"math"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/internal/spill"
)

// Flips are the prompts of one classifier that flipped, in the order that [Flip]
// says. Those of a whole verdict or comparison are kept together, the first 8 MiB in
// memory and the others in a temporary file, until it is closed. The zero value is none.
type Flips struct {
	Worse, Better int // how many regressed, and how many others there are

	store *spill.Sorter // of all classifiers
	of    uint32        // the classifier in it
}

// NewFlips returns flips in the given order, those that regressed first.
func NewFlips(flips ...Flip) (Flips, error) {
	f := Flips{store: newFlipStore(nearBytes)}
	for i, flip := range flips {
		if err := f.add(flip, binary.BigEndian.AppendUint64(nil, uint64(i))); err != nil {
			return Flips{}, errors.Join(err, f.store.Close())
		}
	}
	f.store.Sorted() // so that reading changes nothing
	return f, nil
}

func newFlipStore(near int) *spill.Sorter { return &spill.Sorter{Limit: near, What: "flips"} }

// Len returns how many there are.
func (f Flips) Len() int { return f.Worse + f.Better }

// add adds a flip, which comes where key says among those of its classifier and way.
func (f *Flips) add(flip Flip, key []byte) error {
	r := binary.BigEndian.AppendUint32(nil, f.of)
	if flip.Regressed {
		f.Worse++
		r = append(r, 0)
	} else {
		f.Better++
		r = append(r, 1)
	}
	r = append(append(r, byte(len(key))), key...)
	r = spill.AppendKey(r, []byte(flip.ID))
	for _, text := range []string{flip.Domain, flip.Truth} {
		r = appendBytes(r, []byte(text))
	}
	for _, a := range []Answer{flip.Baseline, flip.Candidate} {
		r = appendBytes(r, []byte(a.Tier))
		r = appendFloat(appendFloat(appendFloat(r, float64(a.Right)), float64(a.Confidence)), float64(a.Margin))
		r = binary.AppendUvarint(r, uint64(len(a.Scores)))
		for _, v := range a.Scores {
			r = appendFloat(r, float64(v))
		}
	}
	return f.store.Add(r)
}

// readFlip reads what add wrote.
func readFlip(record []byte) (flip Flip) {
	flip.Regressed = record[4] == 0
	id, rest := spill.CutKey(nil, record[6+record[5]:])
	r := reading(rest)
	flip.ID, flip.Domain, flip.Truth = string(id), string(r.bytes()), string(r.bytes())
	for _, a := range []*Answer{&flip.Baseline, &flip.Candidate} {
		a.Tier = string(r.bytes())
		a.Right, a.Confidence, a.Margin = eval.Number(r.float()), eval.Number(r.float()), eval.Number(r.float())
		for range r.uint() {
			a.Scores = append(a.Scores, eval.Number(r.float()))
		}
	}
	return flip
}

// flipKey orders flips of one way: the farthest from the true tier first, too low before too high, then
// by how sure the wrong answer was, which is NaN where that is unknown.
func flipKey(room []byte, distance int, sure float64) []byte {
	far := max(distance, -distance)
	room = append(room, byte(math.MaxUint8-far), byte(distance+math.MaxInt8))
	if math.IsNaN(sure) {
		return binary.BigEndian.AppendUint64(room, math.MaxUint64)
	}
	from := len(room)
	room = spill.AppendNumber(room, sure)
	for i := range room[from:] {
		room[from+i] = ^room[from+i]
	}
	return room
}

var errNoFlips = errors.New("flips were given up: the verdict or comparison is closed")

// All visits them, in time that grows with all flips of the verdict or comparison. What
// cannot be read is an error, the last thing that is visited.
func (f Flips) All() iter.Seq2[Flip, error] {
	return func(yield func(Flip, error) bool) {
		if f.Len() == 0 {
			return
		}
		left := f.Len()
		for records := f.store.Sorted(); left > 0; {
			record, err := records.Next()
			if errors.Is(err, io.EOF) {
				err = errNoFlips
			}
			if err != nil {
				yield(Flip{}, err)
				return
			}
			if binary.BigEndian.Uint32(record) != f.of {
				continue
			}
			left--
			if !yield(readFlip(record), nil) {
				return
			}
		}
	}
}

// MarshalJSON writes all of them.
func (f Flips) MarshalJSON() ([]byte, error) {
	all := make([]Flip, 0, f.Len())
	for flip, err := range f.All() {
		if err != nil {
			return nil, err
		}
		all = append(all, flip)
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false) // whoever asks for it does that
	err := enc.Encode(all)
	return out.Bytes(), err
}

// UnmarshalJSON reads what MarshalJSON writes.
func (f *Flips) UnmarshalJSON(text []byte) error {
	var all []Flip
	if err := json.Unmarshal(text, &all); err != nil {
		return err
	}
	made, err := NewFlips(all...)
	if err == nil {
		*f = made
	}
	return err
}

// eachFlip visits the flips of several classifiers, one after the other, in one go
// where they come in the order in which they are kept together.
func eachFlip(n int, of func(i int) Flips, visit func(i int, f Flip) error) error {
	var last Flips // whose flips records are behind
	var records *spill.Sorted
	for i := range n {
		f := of(i)
		if f.Len() == 0 {
			continue
		}
		if f.store != last.store || f.of < last.of {
			records = f.store.Sorted()
		}
		last = f
		for left := f.Len(); left > 0; {
			record, err := records.Next()
			if errors.Is(err, io.EOF) {
				err = errNoFlips
			}
			if err != nil {
				return err
			}
			if binary.BigEndian.Uint32(record) != f.of {
				continue
			}
			left--
			if err := visit(i, readFlip(record)); err != nil {
				return err
			}
		}
	}
	return nil
}

// closeFlips gives up those of several classifiers.
func closeFlips(n int, of func(i int) Flips) error {
	var err error
	for i := range n {
		if store := of(i).store; store != nil {
			err = errors.Join(err, store.Close())
		}
	}
	return err
}

// EachFlip visits the flips of all classifiers, given by number.
func (v *Verdict) EachFlip(visit func(classifier int, f Flip) error) error {
	return eachFlip(len(v.Classifiers), func(i int) Flips { return v.Classifiers[i].Flips }, visit)
}

// Close removes the temporary file of flips, if there is one. These cannot be read
// any more. A nil verdict may be closed.
func (v *Verdict) Close() error {
	if v == nil {
		return nil
	}
	return closeFlips(len(v.Classifiers), func(i int) Flips { return v.Classifiers[i].Flips })
}

// EachFlip visits the flips of all classifiers, given by number.
func (c *Comparison) EachFlip(visit func(classifier int, f Flip) error) error {
	return eachFlip(len(c.Classifiers), func(i int) Flips { return c.Classifiers[i].Flips }, visit)
}

// Close removes the temporary file of flips, if there is one. These cannot be read
// any more. A nil comparison may be closed.
func (c *Comparison) Close() error {
	if c == nil {
		return nil
	}
	return closeFlips(len(c.Classifiers), func(i int) Flips { return c.Classifiers[i].Flips })
}
