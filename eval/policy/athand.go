package policy

import (
	"context"
	"fmt"
)

// A Store is a backend that looks calls up, and can have those of one request at
// hand for as many policies as are to serve it.
type Store interface {
	Backend
	// At returns a backend for one request; texts says that it has the texts of
	// answers in memory too, unless they are long. It is safe for concurrent use once
	// nothing is added.
	At(request *Request, texts bool) (Backend, error)
}

// AtHand returns a backend for one request: that of a [Store], or else the same.
func AtHand(b Backend, request *Request, texts bool) (Backend, error) {
	if s, ok := b.(Store); ok {
		return s.At(request, texts)
	}
	return b, nil
}

// atHand is the calls of one request.
type atHand struct {
	from  *Recorded
	id    string
	calls []Call // by rung
	has   []bool
}

// Models implements [Backend].
func (a *atHand) Models() []Model { return a.from.models }

// Call implements [Backend].
func (a *atHand) Call(_ context.Context, request *Request, rung int) (Call, error) {
	switch {
	case request.ID != a.id:
		return Call{}, fmt.Errorf("policy: asked for %q where %q is at hand", request.ID, a.id)
	case !a.has[rung]:
		return Call{}, fmt.Errorf("%w: an answer of model %q to %q", ErrUnrecorded, a.from.models[rung].Name, request.ID)
	}
	return a.calls[rung], nil
}

// At implements [Store].
func (r *Recorded) At(request *Request, texts bool) (Backend, error) {
	a := &atHand{from: r, id: request.ID, calls: make([]Call, len(r.models)), has: make([]bool, len(r.models))}
	i, ok := r.ids.Find(request.ID)
	if !ok {
		return a, nil
	}
	room, _ := r.rooms.Get().(*[]byte)
	if room == nil {
		room = new([]byte)
	}
	defer r.rooms.Put(room)
	if err := r.readCalls(a, r.last[i], room); err != nil {
		return nil, err
	}
	if !texts {
		return a, nil
	}
	return a, a.readTexts(room)
}

// readCalls reads the calls of a request, of which this is the last. Most files have
// a request's outcomes together: as many calls as it can have are read at once.
func (r *Recorded) readCalls(a *atHand, last int64, room *[]byte) error {
	var k keptCall
	var bytes []byte
	begin := last // of what is in bytes: the calls behind it
	for end := last; last > 0; last = k.before {
		if last <= begin {
			end, begin = last, max(0, last-int64(len(r.models)))
			bytes = roomFor(room, int(end-begin)*callBytes)
			if err := r.calls.Read(bytes, begin*callBytes); err != nil {
				return err
			}
		}
		k.read(bytes[(last-1-begin)*callBytes:])
		a.calls[k.rung], a.has[k.rung] = r.call(&k), true
	}
	return nil
}

// mostAtHand is up to how many bytes of texts a request has in memory: longer ones stay
// where they are, to be read when they are looked at.
const mostAtHand = 64 << 10

// readTexts puts the texts of answers into memory, at once where little lies between
// them.
func (a *atHand) readTexts(room *[]byte) error {
	from, to, size := int64(-1), int64(0), 0
	for i := range a.calls {
		if t := &a.calls[i].Response; t.size > 0 {
			if from < 0 || t.at < from {
				from = t.at
			}
			to = max(to, t.at+int64(t.size))
			size += int(t.size)
		}
	}
	if size == 0 || size > mostAtHand {
		return nil
	}
	const between = 1 << 12
	if to-from > int64(size)+between {
		return a.readEach()
	}
	bytes := roomFor(room, int(to-from))
	if err := a.from.texts.Read(bytes, from); err != nil {
		return err
	}
	in := &texts{memory: string(bytes)}
	for i := range a.calls {
		if t := &a.calls[i].Response; t.size > 0 {
			t.in, t.at = in, t.at-from
		}
	}
	return nil
}

// readEach puts one text after the other into memory.
func (a *atHand) readEach() error {
	for i := range a.calls {
		t := &a.calls[i].Response
		text, err := t.Read()
		if err != nil {
			return err
		}
		if t.Known {
			*t = NewText(text)
		}
	}
	return nil
}

// roomFor returns n bytes that are used again.
func roomFor(room *[]byte, n int) []byte {
	if cap(*room) < n {
		*room = make([]byte, n+n/2)
	}
	return (*room)[:n]
}
