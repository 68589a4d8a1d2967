package openaiapi

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// Store keeps answers and failures by the key of their request, and a journal
// of all requests that were sent, in one file. A request stands in the journal
// before it is sent, and its answer in the file before it is handed out, so
// that a crash loses neither an answer nor the knowledge that something was
// asked. It holds no prompts, no headers and no keys of servers.
//
// A nil Store keeps nothing.
type Store struct {
	db     *bolt.DB
	lost   int
	writes chan write

	closing sync.Once
	quit    chan struct{} // closed when nothing more is to come
	ended   chan struct{} // closed when nothing more is written
	err     error         // of closing
}

// write is a change that waits for the next transaction.
type write struct {
	change func(*bolt.Tx) error
	done   chan error
}

// Buckets of the file.
const (
	metaBucket    = "meta"
	heldBucket    = "answers" // key → held
	journalBucket = "journal" // number → Entry
	openBucket    = "open"    // number → nothing: sent, and not known to have ended
)

const (
	storeVersion = "1"
	versionKey   = "version"
	lockWait     = time.Second
	mostAtOnce   = 1000 // changes a transaction
)

// ErrStore is the error of a file that is not a store of this version, is
// damaged, or is in use.
var ErrStore = errors.New("not usable as a journal of answers")

var (
	errClosed  = errors.New("the journal of answers is closed")
	errDamaged = errors.New("it is damaged")
)

// OpenStore opens the store at path, or makes it. Requests that were under way
// when its last user died become [Lost].
func OpenStore(path string) (*Store, error) {
	s := &Store{writes: make(chan write, mostAtOnce), quit: make(chan struct{}), ended: make(chan struct{})}
	err := guarded(func() (err error) {
		if s.db, err = bolt.Open(path, 0o600, &bolt.Options{Timeout: lockWait}); err != nil {
			return err
		}
		return s.db.Update(s.prepare)
	})
	if err == nil {
		go s.commit()
		return s, nil
	}
	if s.db != nil {
		err = errors.Join(err, s.db.Close())
	}
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return nil, fmt.Errorf("%w: %s is in use by another process: wait for it, or name another file", ErrStore, path)
	case errors.Is(err, os.ErrPermission), errors.Is(err, os.ErrNotExist):
		return nil, err
	}
	return nil, fmt.Errorf("%w: %s: %w: name another file", ErrStore, path, err)
}

// guarded turns what bbolt panics with over a damaged file into errDamaged, also
// where it reads behind the end of the file.
func guarded(do func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		switch p := recover().(type) {
		case nil:
		case runtime.Error: // of no use to whoever reads it
			err = errDamaged
		default:
			err = fmt.Errorf("%w: %v", errDamaged, p)
		}
	}()
	return do()
}

// prepare makes what is missing and settles what was left open.
func (s *Store) prepare(tx *bolt.Tx) error {
	if info, err := os.Stat(s.db.Path()); err != nil {
		return err
	} else if info.Size() < tx.Size() {
		return fmt.Errorf("expected %d bytes, found %d: its end is missing", tx.Size(), info.Size())
	}
	if first, _ := tx.Cursor().First(); first != nil && tx.Bucket([]byte(metaBucket)) == nil {
		return errors.New("it is a database of another program")
	}
	for _, name := range []string{metaBucket, heldBucket, journalBucket, openBucket} {
		if _, err := tx.CreateBucketIfNotExists([]byte(name)); err != nil {
			return err
		}
	}
	meta := tx.Bucket([]byte(metaBucket))
	switch v := meta.Get([]byte(versionKey)); {
	case v == nil:
		if err := meta.Put([]byte(versionKey), []byte(storeVersion)); err != nil {
			return err
		}
	case string(v) != storeVersion:
		return fmt.Errorf("expected version %s, found %q: use the routeproof that wrote it", storeVersion, v)
	}
	open, journal := tx.Bucket([]byte(openBucket)), tx.Bucket([]byte(journalBucket))
	var numbers [][]byte
	if err := open.ForEach(func(number, _ []byte) error {
		numbers = append(numbers, append([]byte(nil), number...))
		return nil
	}); err != nil {
		return err
	}
	for _, number := range numbers {
		if err := change(journal, number, func(e *Entry) { e.End, e.Billed = Lost, true }); err != nil {
			return err
		}
		if err := open.Delete(number); err != nil {
			return err
		}
	}
	s.lost = len(numbers)
	return nil
}

// Lost returns how many requests were under way, or about to be, when the last
// user of the file died: they may have been billed.
func (s *Store) Lost() int {
	if s == nil {
		return 0
	}
	return s.lost
}

// Close waits for what is being written. Requests must have ended: the answers
// of those under way are lost.
func (s *Store) Close() error {
	if s == nil {
		return nil
	}
	s.closing.Do(func() {
		close(s.quit)
		<-s.ended
		s.err = s.db.Close()
	})
	return s.err
}

// commit puts all changes that wait into one transaction after the other.
func (s *Store) commit() {
	defer close(s.ended)
	for {
		select {
		case w := <-s.writes:
			s.apply(s.gather(w))
			continue
		case <-s.quit:
		}
		select {
		case w := <-s.writes:
			s.apply(s.gather(w))
		default:
			return
		}
	}
}

// gather returns a change and those that wait behind it.
func (s *Store) gather(first write) []write {
	batch := append(make([]write, 0, 16), first)
	for len(batch) < mostAtOnce {
		select {
		case w := <-s.writes:
			batch = append(batch, w)
		default:
			return batch
		}
	}
	return batch
}

func (s *Store) apply(batch []write) {
	err := guarded(func() error {
		return s.db.Update(func(tx *bolt.Tx) error {
			for _, w := range batch {
				if err := w.change(tx); err != nil {
					return err
				}
			}
			return nil
		})
	})
	if err != nil && len(batch) > 1 { // which of them is to blame?
		for i := range batch {
			s.apply(batch[i : i+1])
		}
		return
	}
	for _, w := range batch {
		w.done <- err
	}
}

// update returns when a change is safe on the disk.
func (s *Store) update(change func(*bolt.Tx) error) error {
	w := write{change, make(chan error, 1)}
	select {
	case s.writes <- w:
	case <-s.ended:
		return errClosed
	}
	var err error
	select {
	case err = <-w.done:
	case <-s.ended:
		select {
		case err = <-w.done:
		default:
			err = errClosed
		}
	}
	switch {
	case err == nil, errors.Is(err, errClosed):
		return err
	case errors.Is(err, errDamaged):
		return fmt.Errorf("%w: %w", ErrStore, err)
	}
	return fmt.Errorf("writing the journal of answers: %w", err)
}

// held is what stands under a key: an answer, or why there is none.
type held struct {
	Failure *Error          `json:"failure,omitempty"`
	Answer  json.RawMessage `json:"answer,omitempty"`
}

func (h *held) decode(reply any) error {
	if err := json.Unmarshal(h.Answer, reply); err != nil {
		return fmt.Errorf("%w: an answer in it: %w", ErrStore, err)
	}
	return nil
}

// get returns what stands under a key, or nil.
func (s *Store) get(k key) (h *held, err error) {
	err = s.view(func(tx *bolt.Tx) error {
		raw := tx.Bucket([]byte(heldBucket)).Get(k[:])
		if raw == nil {
			return nil
		}
		h = &held{}
		if err := json.Unmarshal(raw, h); err != nil {
			return fmt.Errorf("%w: an answer in it: %w", ErrStore, err)
		}
		return nil
	})
	return h, err
}

func (s *Store) view(do func(*bolt.Tx) error) error {
	err := guarded(func() error { return s.db.View(do) })
	switch {
	case errors.Is(err, berrors.ErrDatabaseNotOpen):
		return errClosed
	case errors.Is(err, errDamaged):
		return fmt.Errorf("%w: %w", ErrStore, err)
	}
	return err
}

// How a request ended.
const (
	Answered = "answered"
	Failed   = "failed"
	Lost     = "lost" // the process died before that was known
)

// An Entry of the journal is a request that was sent.
type Entry struct {
	At       int64    `json:"at"` // Unix time in milliseconds when it was sent; noted, where it was lost
	Key      string   `json:"key"`
	Model    string   `json:"model"`
	Attempt  int      `json:"attempt"`
	End      string   `json:"end"` // empty: under way
	Failure  string   `json:"failure,omitempty"`
	Usage    Usage    `json:"usage"`
	Computed *float64 `json:"computed_usd,omitempty"` // from tokens and prices, where no cost was billed
	WorstUSD *float64 `json:"worst_usd,omitempty"`    // the most it can have cost
	Billed   bool     `json:"billed"`                 // something was, or may have been
}

// begin notes that a request is about to be sent and returns its number.
func (s *Store) begin(entry Entry, k key) (number uint64, err error) {
	if s == nil {
		return 0, nil
	}
	entry.Key, entry.At = fmt.Sprintf("%x", k), time.Now().UnixMilli()
	err = s.update(func(tx *bolt.Tx) (err error) {
		journal := tx.Bucket([]byte(journalBucket))
		if number, err = journal.NextSequence(); err != nil {
			return err
		}
		if err := put(journal, numberKey(number), entry); err != nil {
			return err
		}
		return tx.Bucket([]byte(openBucket)).Put(numberKey(number), []byte{})
	})
	return number, err
}

// withdraw takes the entry of a request out that was not sent.
func (s *Store) withdraw(number uint64) error {
	if s == nil {
		return nil
	}
	return s.update(func(tx *bolt.Tx) error {
		if err := tx.Bucket([]byte(journalBucket)).Delete(numberKey(number)); err != nil {
			return err
		}
		return tx.Bucket([]byte(openBucket)).Delete(numberKey(number))
	})
}

// answered keeps an answer and ends the entry of its request.
func (s *Store) answered(number uint64, k key, reply any, at time.Time, u Usage, p Price) error {
	if s == nil {
		return nil
	}
	raw, err := json.Marshal(reply)
	if err != nil {
		return err
	}
	return s.update(func(tx *bolt.Tx) error {
		if err := put(tx.Bucket([]byte(heldBucket)), k[:], held{Answer: raw}); err != nil {
			return err
		}
		return end(tx, number, func(e *Entry) {
			e.End, e.Billed, e.At = Answered, true, at.UnixMilli()
			e.account(u, p)
		})
	})
}

// failed ends the entry of a request that failed.
func (s *Store) failed(number uint64, k key, failure *Error, p Price, keep bool) error {
	if s == nil {
		return nil
	}
	return s.update(func(tx *bolt.Tx) error {
		if keep {
			if err := put(tx.Bucket([]byte(heldBucket)), k[:], held{Failure: failure}); err != nil {
				return err
			}
		}
		return end(tx, number, func(e *Entry) {
			e.End, e.Failure, e.Billed, e.At = Failed, failure.Error(), failure.Billed, failure.At
			e.account(failure.Usage, p)
		})
	})
}

func (e *Entry) account(u Usage, p Price) {
	e.Usage = u
	if u.CostUSD == nil {
		if usd, ok := p.Of(u.InputTokens, u.OutputTokens); ok {
			e.Computed = &usd
		}
	}
}

// keepFailure replaces why a question has no answer.
func (s *Store) keepFailure(k key, failure *Error) error {
	if s == nil {
		return nil
	}
	return s.update(func(tx *bolt.Tx) error {
		return put(tx.Bucket([]byte(heldBucket)), k[:], held{Failure: failure})
	})
}

func end(tx *bolt.Tx, number uint64, do func(*Entry)) error {
	if err := change(tx.Bucket([]byte(journalBucket)), numberKey(number), do); err != nil {
		return err
	}
	return tx.Bucket([]byte(openBucket)).Delete(numberKey(number))
}

func change(journal *bolt.Bucket, number []byte, do func(*Entry)) error {
	var e Entry
	if err := json.Unmarshal(journal.Get(number), &e); err != nil {
		return err
	}
	do(&e)
	return put(journal, number, e)
}

func put(b *bolt.Bucket, k []byte, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return b.Put(k, raw)
}

func numberKey(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// Journal visits all requests that were ever sent, in order.
func (s *Store) Journal(visit func(Entry) error) error {
	if s == nil {
		return nil
	}
	const most = 1000 // entries at a time: who visits holds nobody up
	var entries []Entry
	for next := numberKey(0); ; entries = entries[:0] {
		if err := s.view(func(tx *bolt.Tx) error {
			c := tx.Bucket([]byte(journalBucket)).Cursor()
			for number, raw := c.Seek(next); number != nil && len(entries) < most; number, raw = c.Next() {
				var e Entry
				if err := json.Unmarshal(raw, &e); err != nil {
					return fmt.Errorf("%w: an entry in it: %w", ErrStore, err)
				}
				entries = append(entries, e)
				next = append(bytes.Clone(number), 0) // the least that is more
			}
			return nil
		}); err != nil || len(entries) == 0 {
			return err
		}
		for _, e := range entries {
			if err := visit(e); err != nil {
				return err
			}
		}
	}
}

// Spent adds up the journal.
func (s *Store) Spent() (Spend, error) {
	var sum Spend
	err := s.Journal(func(e Entry) error {
		if e.Usage.CostUSD == nil && e.Computed != nil {
			sum.ComputedUSD += *e.Computed
			e.Billed = false // it is accounted for
		}
		sum.add(e.Usage, Price{}, e.WorstUSD, e.End == Answered, e.Billed)
		return nil
	})
	return sum, err
}

// vectors are written as base64 of float32, little-endian: a third of the size
// of numbers as text.
type vectors [][]float32

// MarshalJSON implements [json.Marshaler].
func (v vectors) MarshalJSON() ([]byte, error) {
	texts := make([]string, len(v))
	for i, row := range v {
		raw := make([]byte, 0, 4*len(row))
		for _, x := range row {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
		}
		texts[i] = base64.StdEncoding.EncodeToString(raw)
	}
	return json.Marshal(texts)
}

// UnmarshalJSON implements [json.Unmarshaler].
func (v *vectors) UnmarshalJSON(b []byte) error {
	var texts []string
	if err := json.Unmarshal(b, &texts); err != nil {
		return err
	}
	*v = make(vectors, len(texts))
	for i, text := range texts {
		row, err := floats(text)
		if err != nil {
			return err
		}
		(*v)[i] = row
	}
	return nil
}

// floats reads float32 numbers, little-endian, in base64.
func floats(text string) ([]float32, error) {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(raw)%4 != 0 {
		return nil, errors.New("expected float32 numbers in base64")
	}
	row := make([]float32, len(raw)/4)
	for i := range row {
		row[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return row, nil
}
