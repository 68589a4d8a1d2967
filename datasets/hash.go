package datasets

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
)

// ContentHash names a set of prompts: equal for the same rows in any order,
// different where any field of any row differs. It is the SHA-256 of the
// sorted SHA-256 hashes of the rows, whose fields are hashed with their
// lengths. O(n log n).
func ContentHash(prompts []Prompt) string {
	return hashRows(len(prompts), func(i int) []string {
		p := prompts[i]
		return []string{p.ID, p.Text, p.Tier, p.AltTier, p.Domain, p.Language, p.Group, p.Split,
			p.TaskType, p.Reference, p.Schema, p.Source, p.Licence}
	})
}

// LabelHash is like ContentHash over ids and tiers only.
func LabelHash(prompts []Prompt) string {
	return hashRows(len(prompts), func(i int) []string { return []string{prompts[i].ID, prompts[i].Tier} })
}

// SplitHash is like ContentHash over ids and assigned splits only.
func SplitHash(prompts []Prompt, splits []Split) string {
	return hashRows(len(prompts), func(i int) []string { return []string{prompts[i].ID, splits[i].String()} })
}

func hashRows(n int, fields func(int) []string) string {
	rows := make([][sha256.Size]byte, n)
	var buf []byte
	for i := range rows {
		buf = buf[:0]
		for _, f := range fields(i) {
			buf = binary.AppendUvarint(buf, uint64(len(f)))
			buf = append(buf, f...)
		}
		rows[i] = sha256.Sum256(buf)
	}
	slices.SortFunc(rows, func(a, b [sha256.Size]byte) int { return bytes.Compare(a[:], b[:]) })
	h := sha256.New()
	for _, r := range rows {
		h.Write(r[:])
	}
	return hex.EncodeToString(h.Sum(nil))
}
