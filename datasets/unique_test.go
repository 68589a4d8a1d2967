package datasets

import (
	"fmt"
	"runtime"
	"testing"
)

// TestFirsts notes keys that are like each other, in tables that grow.
func TestFirsts(t *testing.T) {
	const n, far = 50_000, 1<<lineBits - 1 - 50_000
	f := newFirsts()
	for i := range n {
		key := appendName(appendName(nil, fmt.Sprint(i/100)), fmt.Sprint(i%100))
		if first := f.add(key, far+i); first != 0 {
			t.Fatalf("key %q was seen on line %d", key, first)
		}
		other := appendName(appendName(nil, fmt.Sprint(i/200)), fmt.Sprint(i/2%100))
		if first := f.add(other, 7); first != far+i/2/100*100+i/2%100 {
			t.Fatalf("key %q, the %dth: was seen on line %d", other, i/2, first)
		}
	}
	if f.add(nil, 1) != 0 || f.add(nil, 2) != 1 || f.add([]byte{0}, 3) != 0 {
		t.Error("the empty key is taken for another, or is not found")
	}
}

// TestFirstsAreSmall holds that a million keys take some 25 bytes each.
func TestFirstsAreSmall(t *testing.T) {
	f, before := newFirsts(), live()
	for i := range 1_000_000 {
		f.add(fmt.Appendf(nil, "prompt-%d", i), i+1)
	}
	if each := (live() - before) / 1_000_000; each > 32 {
		t.Errorf("a key takes %d bytes", each)
	}
	runtime.KeepAlive(f)
}

func BenchmarkFirsts(b *testing.B) {
	const n = 1_000_000
	b.ReportAllocs()
	for b.Loop() {
		f, key := newFirsts(), []byte(nil)
		for i := range n {
			key = fmt.Appendf(key[:0], "prompt-%d", i)
			if f.add(key, i+1) != 0 {
				b.Fatal(i)
			}
		}
	}
}
