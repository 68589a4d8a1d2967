package openaiapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// Store keeps answers and failures by the key of their request, and a journal
// of all requests that were sent, in one file. A request stands in the journal
// before it is sent, and its answer in the file before it is handed out, so
// that a crash loses neither an answer nor the knowledge that something was
// asked. Nothing is sent without room in the file for answers, which are kept
// therefore where the disk fills up meanwhile. It holds no prompts, no headers and no keys of servers.
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
	sends  bool // a request is sent once it is done
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
	spareKey     = "spare"
	mostSpare    = 4 << 20 // bytes that are made free for what is under way, when less than half are
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
			s.apply(s.sendable(s.gather(w)))
			continue
		case <-s.quit:
		}
		select {
		case w := <-s.writes:
			s.apply(s.sendable(s.gather(w)))
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

// sendable refuses those changes of a batch that requests would be sent after,
// where there is no room for their answers, and returns the others.
func (s *Store) sendable(batch []write) []write {
	if !slices.ContainsFunc(batch, func(w write) bool { return w.sends }) {
		return batch
	}
	err := s.makeRoom()
	if err == nil {
		return batch
	}
	return slices.DeleteFunc(batch, func(w write) bool {
		if w.sends {
			w.done <- err
		}
		return w.sends
	})
}

// makeRoom has the file own blocks of the disk that are free for answers, by
// writing something and deleting it. Where a file system writes no block twice,
// that promises nothing.
func (s *Store) makeRoom() error {
	if s.db.Stats().FreeAlloc >= mostSpare/2 {
		return nil
	}
	return guarded(func() error {
		if err := s.db.Update(func(tx *bolt.Tx) error {
			return tx.Bucket([]byte(metaBucket)).Put([]byte(spareKey), make([]byte, mostSpare))
		}); err != nil {
			return err
		}
		return s.db.Update(func(tx *bolt.Tx) error { return tx.Bucket([]byte(metaBucket)).Delete([]byte(spareKey)) })
	})
}

func (s *Store) apply(batch []write) {
	if len(batch) == 0 {
		return
	}
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
func (s *Store) update(change func(*bolt.Tx) error) error { return s.write(write{change: change}) }

func (s *Store) write(w write) error {
	w.done = make(chan error, 1)
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
