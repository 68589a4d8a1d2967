package datasets

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"math"

	"github.com/routeproof/routeproof/internal/spill"
)

// ContentHash names a set of prompts: equal for the same rows in any order,
// different where any field of any row differs. It is the SHA-256 of the
// sorted SHA-256 hashes of the rows, whose fields are hashed with their
// lengths. O(n log n).
func ContentHash(prompts []Prompt) string {
	h := newRowHashes(math.MaxInt)
	var failed error
	for i := range prompts {
		failed = errors.Join(failed, h.content(&prompts[i]))
	}
	sum, err := h.sum()
	if err = errors.Join(failed, err); err != nil {
		panic(err) // all is in memory
	}
	return sum
}

// ContentHash is that of the prompts.
func (s *PromptSet) ContentHash() (string, error) {
	return s.hash(func(h *rowHashes, _ int, p *Prompt) error { return h.content(p) })
}

// LabelHash is like ContentHash over ids and tiers only.
func (s *PromptSet) LabelHash() (string, error) {
	return s.hash(func(h *rowHashes, _ int, p *Prompt) error { return h.add(p.ID, p.Tier) })
}

// SplitHash is like ContentHash over ids and assigned splits only.
func (s *PromptSet) SplitHash(splits []Split) (string, error) {
	return s.hash(func(h *rowHashes, i int, p *Prompt) error { return h.add(p.ID, splits[i].String()) })
}

func (s *PromptSet) hash(add func(h *rowHashes, i int, p *Prompt) error) (string, error) {
	h := newRowHashes(sortedBytes)
	defer h.rows.Close()
	if err := s.EachInPlace(func(i int, p *Prompt) error { return add(h, i, p) }); err != nil {
		return "", err
	}
	return h.sum()
}

// rowHashes are the hashes of rows.
type rowHashes struct {
	rows spill.Sorter
	buf  []byte
}

// newRowHashes returns those of no rows, so many bytes of which are in memory.
func newRowHashes(limit int) *rowHashes {
	return &rowHashes{rows: spill.Sorter{Limit: limit, What: "hashes of rows"}}
}

func (h *rowHashes) content(p *Prompt) error {
	return h.add(p.ID, p.Text, p.Tier, p.AltTier, p.Domain, p.Language, p.Group, p.Split,
		p.TaskType, p.Reference, p.Schema, p.Source, p.Licence)
}

func (h *rowHashes) add(fields ...string) error {
	h.buf = h.buf[:0]
	for _, f := range fields {
		h.buf = appendName(h.buf, f)
	}
	sum := sha256.Sum256(h.buf)
	return h.rows.Add(sum[:])
}

// sum hashes the hashes in their order.
func (h *rowHashes) sum() (string, error) {
	all := sha256.New()
	for row, err := range h.rows.All() {
		if err != nil {
			return "", err
		}
		all.Write(row)
	}
	return hex.EncodeToString(all.Sum(nil)), nil
}
