package openaiapi

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"
)

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
	err = s.write(write{sends: true, change: func(tx *bolt.Tx) (err error) {
		journal := tx.Bucket([]byte(journalBucket))
		if number, err = journal.NextSequence(); err != nil {
			return err
		}
		if err := put(journal, numberKey(number), entry); err != nil {
			return err
		}
		return tx.Bucket([]byte(openBucket)).Put(numberKey(number), []byte{})
	}})
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
