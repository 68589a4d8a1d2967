package logs

// interned finds the numbers of few names fast. The zero value has none.
type interned struct {
	recent [64]struct { // by a hash that few names share
		name string
		k    int32
	}
	all map[string]int32
	n   int
}

func place(name []byte) int {
	n := len(name)
	return (n*7 ^ int(name[0]) ^ int(name[n/2])<<1 ^ int(name[n-1])<<2) % 64
}

// of returns the number of a name of at least a byte, and whether it has one.
func (t *interned) of(name []byte) (int32, bool) {
	r := &t.recent[place(name)]
	if r.name == string(name) {
		return r.k, true
	}
	k, ok := t.all[string(name)]
	if ok {
		r.name, r.k = string(name), k
	}
	return k, ok
}

// put gives a name a number.
func (t *interned) put(name []byte, k int32) {
	if t.all == nil {
		t.all = map[string]int32{}
	}
	t.all[string(name)] = k
	t.n++
}
