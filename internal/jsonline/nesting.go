package jsonline

// nesting is a stack of which objects and arrays are open, a bit each.
type nesting struct {
	depth int
	bits  uint64   // the innermost 64 at most; lowest the innermost, 1 for an object
	outer []uint64 // full words before that
}

func (n *nesting) push(object bool) {
	if n.depth > 0 && n.depth%64 == 0 {
		n.outer = append(n.outer, n.bits)
	}
	n.depth++
	n.bits <<= 1
	if object {
		n.bits |= 1
	}
}

func (n *nesting) pop() {
	n.depth--
	n.bits >>= 1
	if n.depth > 0 && n.depth%64 == 0 {
		last := len(n.outer) - 1
		n.bits, n.outer = n.outer[last], n.outer[:last]
	}
}

// closer returns the byte that closes the innermost.
func (n *nesting) closer() byte {
	if n.bits&1 != 0 {
		return '}'
	}
	return ']'
}

// expected names what may follow an element of the innermost.
func (n *nesting) expected() string {
	if n.closer() == '}' {
		return "a comma or }"
	}
	return "a comma or ]"
}
