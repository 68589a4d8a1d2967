package names

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unsafe"
)

// A table numbers names as a map does, however long they are.
func TestTable(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var table Table
	if _, ok := table.Find("x"); ok || table.Len() != 0 || len(table.Order()) != 0 {
		t.Error("the zero value is not empty")
	}
	want := map[string]int{}
	for range 30_000 {
		name := strings.Repeat("ab", rng.IntN(8)) + fmt.Sprint(rng.IntN(20_000))
		switch rng.IntN(1000) {
		case 0:
			name = strings.Repeat("long", 1000) + fmt.Sprint(rng.IntN(10))
		case 1:
			name = ""
		}
		bytes := append([]byte(name), 0)
		number, added := table.Add(unsafe.String(&bytes[0], len(name)))
		clear(bytes) // the caller's
		known, seen := want[name]
		if added == seen || seen && number != known || !seen && number != len(want) {
			t.Fatalf("%q: %d, %t, want %d, %t", name, number, added, known, !seen)
		}
		want[name] = number
	}
	if table.Len() != len(want) {
		t.Errorf("%d names, want %d", table.Len(), len(want))
	}
	sorted := make([]string, 0, len(want))
	for name, number := range want {
		if got, ok := table.Find(name); !ok || got != number || table.Name(number) != name {
			t.Fatalf("%q is %d, %t, and %d is %q", name, got, ok, number, table.Name(number))
		}
		sorted = append(sorted, name)
	}
	slices.Sort(sorted)
	for i, number := range table.Order() {
		if table.Name(int(number)) != sorted[i] {
			t.Fatalf("%d. is %q, want %q", i, table.Name(int(number)), sorted[i])
		}
	}
	if _, ok := table.Find("never"); ok {
		t.Error("never was found")
	}
}

// Memory is what the documentation says.
func TestMemory(t *testing.T) {
	const n = 200_000
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var table Table
	for i := range n {
		table.Add(fmt.Sprintf("prompt-%05d", i))
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if each := float64(after.HeapAlloc-before.HeapAlloc) / n; each > 12+24 {
		t.Errorf("%.1f bytes a name", each)
	}
	runtime.KeepAlive(&table)
}

func BenchmarkAdd(b *testing.B) {
	all := make([]string, 100_000)
	for i := range all {
		all[i] = fmt.Sprintf("prompt-%06d", i)
	}
	b.ReportAllocs()
	for b.Loop() {
		var table Table
		for _, name := range all {
			table.Add(name)
		}
	}
}
