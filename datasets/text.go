package datasets

import (
	"crypto/sha256"
	"encoding/binary"
	"unicode"
	"unicode/utf8"
)

// appendFolded appends a text lower-cased, each run of white space as one
// space, without those at the ends. Texts are equal where that is.
func appendFolded(dst []byte, text string) []byte {
	start, space := len(dst), false
	for i := 0; i < len(text); {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(text[i:])
		}
		i += size
		if unicode.IsSpace(r) {
			space = true
			continue
		}
		if space && len(dst) > start {
			dst = append(dst, ' ')
		}
		space = false
		switch {
		case 'A' <= r && r <= 'Z':
			dst = append(dst, byte(r)+'a'-'A')
		case r < utf8.RuneSelf:
			dst = append(dst, byte(r))
		default:
			dst = utf8.AppendRune(dst, unicode.ToLower(r))
		}
	}
	return dst
}

// textHash names a folded text.
func textHash(text string) [16]byte {
	sum := sha256.Sum256(appendFolded(make([]byte, 0, len(text)), text))
	return [16]byte(sum[:16])
}

// hash64 is the first 64 bits of SHA-256.
func hash64(s string) uint64 {
	sum := sha256.Sum256([]byte(s))
	return binary.BigEndian.Uint64(sum[:8])
}

// Uniform turns a salt and a key into a number from 0 to below 1: the first 53
// bits of SHA-256 of salt, a zero byte and the key.
func Uniform(salt, key string) float64 {
	return float64(hash64(salt+"\x00"+key)>>11) / (1 << 53)
}
