package neardup

const (
	lanes     = 128
	bandLanes = 4
	bands     = lanes / bandLanes
	// similarLanes is how many lanes must agree: a similarity of at least 0.6.
	similarLanes = (lanes*6 + 9) / 10
	// minShingles is below how many rare shingles a text is too short to tell.
	minShingles = 8

	// A text is mostly common if fewer than one in mostlyCommon of its shingles
	// are rare.
	mostlyCommon = 10

	// Texts of up to maxWords words are compared word by word too.
	maxWords = 24
	// minShared is how many words two such texts must share, minSharedWide
	// where a word may be a single wide character.
	minShared     = 5
	minSharedWide = 10
)

// sketch is what is kept of a text.
type sketch struct {
	solid  uint64 // hash of all words as if they were one
	rank   int32  // of the text
	lanes  [lanes]uint8
	words  [maxWords]uint16
	nwords uint8 // 0 where there are too few or too many
	shared uint8 // how many words it must share
	banded bool  // the lanes are filled
	common bool  // most of the text is common
}

// fill sets k, which is zero, to the sketch of a text of this rank with so many
// shingles, of which these are rare.
func (k *sketch) fill(s *scratch, rank int32, all int, rare []uint64) {
	k.common = all >= minShingles && len(rare) < all/mostlyCommon
	k.rank, k.solid = rank, s.solid
	if k.shared = minShared; s.wide {
		k.shared = minSharedWide
	}
	if s.nwords >= int(k.shared) && s.nwords <= maxWords {
		k.nwords = uint8(copy(k.words[:], s.words[:s.nwords]))
	}
	if len(rare) >= minShingles {
		k.minHash(rare)
		k.banded = true
	}
}

// minHash fills the lanes: the similarity sketch of S. Dahlgaard, M. Knudsen
// and M. Thorup, "Fast Similarity Sketching" (FOCS 2017). In each round each
// shingle goes to a random lane, which keeps the least hash of the first round
// that reached it; in the last rounds, seldom needed, all shingles go to one
// lane after the other. Two sets agree in a lane with a probability of their
// Jaccard similarity, and the expected time is O(len(set) + lanes·log lanes).
func (k *sketch) minHash(set []uint64) {
	var least [lanes]uint64 // round<<48 and 48 bits of a hash
	for i := range least {
		least[i] = ^uint64(0)
	}
	empty := lanes
	for round := uint64(0); empty > 0; round++ {
		for _, shingle := range set {
			hash := fmix(shingle + round*golden)
			lane := hash % lanes
			if round >= lanes {
				lane = round - lanes
			}
			value := round<<48 | hash>>16
			if value < least[lane] {
				if least[lane] == ^uint64(0) {
					empty--
				}
				least[lane] = value
			}
		}
	}
	for i, value := range least {
		k.lanes[i] = uint8(value)
	}
}

// bandKey returns a hash of the lanes of a band.
func (k *sketch) bandKey(band int) uint64 {
	key := uint64(0)
	for _, lane := range k.lanes[band*bandLanes:][:bandLanes] {
		key = key<<8 | uint64(lane)
	}
	return fmix(key)
}

// similar reports whether the estimated similarity reaches the threshold.
func (k *sketch) similar(o *sketch) bool {
	const part = lanes / 4
	need := similarLanes
	for i := 0; i < lanes; i += part {
		if need > lanes-i {
			return false
		}
		a, b := k.lanes[i:][:part], o.lanes[i:][:part]
		for j := range a {
			if a[j] == b[j] {
				need--
			}
		}
	}
	return need <= 0
}

// wordKeys calls each with a hash of the text's words and of its words with
// each one left out, where enough are left. Two texts that are one word apart
// have such a key in common.
func (k *sketch) wordKeys(each func(key uint64)) {
	words := k.words[:k.nwords]
	if len(words) == 0 {
		return
	}
	var heads [maxWords + 1]uint64 // polynomial hashes of the first i words
	for i, w := range words {
		heads[i+1] = heads[i]*golden + uint64(w) + 1
	}
	each(fmix(heads[len(words)]))
	if len(words) <= int(k.shared) {
		return
	}
	tail, weight := uint64(0), uint64(1) // of the words behind the one left out
	for i := len(words) - 1; i >= 0; i-- {
		each(fmix(heads[i]*weight + tail))
		tail += (uint64(words[i]) + 1) * weight
		weight *= golden
	}
}

// oneWordApart reports whether one word replaced, put in or left out makes
// the texts the same.
func (k *sketch) oneWordApart(o *sketch) bool {
	a, b := k.words[:k.nwords], o.words[:o.nwords]
	if len(a) > len(b) {
		a, b = b, a
	}
	head, tail := 0, 0
	for head < len(a) && a[head] == b[head] {
		head++
	}
	for tail < len(a)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	return head+tail >= len(b)-1
}
