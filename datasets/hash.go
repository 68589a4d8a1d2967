package datasets

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"slices"
)

// ContentHash names a set of prompts: equal for the same rows in any order,
// different where any field of any row differs. It is the SHA-256 of the
// sorted SHA-256 hashes of the rows, whose fields are hashed with their
// lengths. O(n log n).
func ContentHash(prompts []Prompt) string {
	h := newRowHashes(len(prompts))
	for i := range prompts {
		h.content(&prompts[i])
	}
	return h.sum()
}

// ContentHash is that of the prompts.
func (s *PromptSet) ContentHash() (string, error) {
	h := newRowHashes(s.Len())
	err := s.Each(func(_ int, p *Prompt) error { h.content(p); return nil })
	return h.sum(), err
}

// LabelHash is like ContentHash over ids and tiers only.
func (s *PromptSet) LabelHash() (string, error) {
	h := newRowHashes(s.Len())
	err := s.Each(func(_ int, p *Prompt) error { h.add(p.ID, p.Tier); return nil })
	return h.sum(), err
}

// SplitHash is like ContentHash over ids and assigned splits only.
func (s *PromptSet) SplitHash(splits []Split) string {
	h := newRowHashes(s.Len())
	for i := range s.rows {
		h.add(s.rows[i].id, splits[i].String())
	}
	return h.sum()
}

// rowHashes are the hashes of rows.
type rowHashes struct {
	rows [][sha256.Size]byte
	buf  []byte
}

// newRowHashes returns room for the hashes of n rows.
func newRowHashes(n int) *rowHashes {
	return &rowHashes{rows: make([][sha256.Size]byte, 0, n)}
}

func (h *rowHashes) content(p *Prompt) {
	h.add(p.ID, p.Text, p.Tier, p.AltTier, p.Domain, p.Language, p.Group, p.Split,
		p.TaskType, p.Reference, p.Schema, p.Source, p.Licence)
}

func (h *rowHashes) add(fields ...string) {
	h.buf = h.buf[:0]
	for _, f := range fields {
		h.buf = appendName(h.buf, f)
	}
	h.rows = append(h.rows, sha256.Sum256(h.buf))
}

// sum sorts the rows.
func (h *rowHashes) sum() string {
	slices.SortFunc(h.rows, func(a, b [sha256.Size]byte) int { return bytes.Compare(a[:], b[:]) })
	all := sha256.New()
	for _, r := range h.rows {
		all.Write(r[:])
	}
	return hex.EncodeToString(all.Sum(nil))
}
