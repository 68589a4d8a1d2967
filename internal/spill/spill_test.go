package spill

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// What was appended is read back, whole and in parts, in memory and beyond it.
func TestReadBack(t *testing.T) {
	for _, limit := range []int{0, 1, 1000, 3 << 20, 1 << 30} {
		rng := rand.New(rand.NewPCG(1, uint64(limit)))
		f := File{Limit: limit, What: "texts"}
		type part struct {
			at    int64
			bytes []byte
		}
		var parts []part
		total := int64(0)
		for range 300 {
			n := rng.IntN(200)
			if rng.IntN(20) == 0 {
				n = rng.IntN(2 * bufferBytes)
			}
			p := make([]byte, n)
			for i := range p {
				p[i] = byte(rng.Uint32())
			}
			at, err := f.Append(p)
			if err != nil || at != total {
				t.Fatalf("limit %d: at %d, want %d: %v", limit, at, total, err)
			}
			parts, total = append(parts, part{at, bytes.Clone(p)}), total+int64(n)
			clear(p) // the caller's
		}
		if f.Len() != total || f.held > limit || (f.far == nil) != (total <= int64(limit)) {
			t.Fatalf("limit %d: %d bytes, %d of them near, want %d", limit, f.Len(), f.held, total)
		}
		var wg sync.WaitGroup
		for w := range 4 {
			wg.Go(func() {
				for i := range parts {
					p := parts[(i*7+w)%len(parts)]
					from := len(p.bytes) * w / 8
					got := make([]byte, len(p.bytes)-from)
					if err := f.Read(got, p.at+int64(from)); err != nil || !bytes.Equal(got, p.bytes[from:]) {
						t.Errorf("limit %d: at %d: %v", limit, p.at, err)
						return
					}
				}
			})
		}
		wg.Wait()
		if err := f.Read(make([]byte, 1), total); err == nil {
			t.Error("read beyond the end")
		}
		for range 2 {
			if err := f.Close(); err != nil || f.Len() != 0 {
				t.Errorf("%d bytes after Close: %v", f.Len(), err)
			}
		}
	}
}

// Nothing is left of a temporary file; without a place for one, memory still holds
// its part, and whoever appends more is told each time.
func TestTemporary(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	t.Setenv("TMP", folder)
	f := File{Limit: 4, What: "texts"}
	if _, err := f.Append([]byte("within more")); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("%v are left: %v", left, err)
	}
	missing := filepath.Join(folder, "missing")
	t.Setenv("TMPDIR", missing)
	t.Setenv("TMP", missing)
	f = File{Limit: 2 << 20, What: "texts"}
	if _, err := f.Append([]byte("near")); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := f.Append(make([]byte, 3<<20)); err == nil || !strings.Contains(err.Error(), "keeping texts in a temporary file") {
			t.Errorf("%v", err)
		}
	}
	got := make([]byte, 4)
	if err := f.Read(got, 0); err != nil || string(got) != "near" {
		t.Errorf("%q, %v", got, err)
	}
}

// Exactly what the limit allows is in memory, and a file that is there has no name
// in its folder, where the system allows that.
func TestEdge(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	f := File{Limit: 10, What: "texts"}
	for i, far := range []bool{false, true} {
		if _, err := f.Append(make([]byte, 10)); err != nil || (f.far != nil) != far {
			t.Errorf("%d bytes: far %t, %v", 10*(i+1), f.far != nil, err)
		}
	}
	if left, err := os.ReadDir(folder); runtime.GOOS == "linux" && (err != nil || len(left) > 0) {
		t.Errorf("%v is seen: %v", left, err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

// After a write that failed nothing is appended, and what was not written is not
// there.
func TestFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no device that is always full: %v", err)
	}
	f := File{What: "texts", far: full}
	before := int64(0)
	for {
		if _, err = f.Append(make([]byte, 1000)); err != nil {
			break
		}
		before = f.Len()
	}
	if !errors.Is(err, syscall.ENOSPC) || f.Len() != before {
		t.Errorf("%d bytes, %d before: %v", f.Len(), before, err)
	}
	full.Close()
	if f.far, err = os.CreateTemp(t.TempDir(), ""); err != nil {
		t.Fatal(err)
	}
	defer f.far.Close()
	if _, err := f.Append(nil); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("after the error: %v", err)
	}
	if err := f.Read(make([]byte, 1), before); err == nil {
		t.Error("read what was not appended")
	}
}

func BenchmarkAppend(b *testing.B) {
	p := make([]byte, 500)
	b.SetBytes(int64(len(p)))
	f := File{Limit: 1 << 20}
	defer f.Close()
	for b.Loop() {
		if _, err := f.Append(p); err != nil {
			b.Fatal(err)
		}
		if f.Len() > 1<<28 {
			f.Close()
		}
	}
}

func BenchmarkRead(b *testing.B) {
	const n = 100_000
	p := make([]byte, 500)
	f := File{}
	defer f.Close()
	for range n {
		if _, err := f.Append(p); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(len(p)))
	i := int64(0)
	for b.Loop() {
		if err := f.Read(p, i%n*500); err != nil {
			b.Fatal(err)
		}
		i += 7919
	}
}
