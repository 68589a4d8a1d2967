package dot

import (
	"syscall"
	"testing"
	"unsafe"
)

// fenced returns n numbers, before and behind which memory cannot be read: behind
// at the end of the last page, else at the start of the first.
func fenced(t *testing.T, n int, behind bool) []float32 {
	t.Helper()
	page := syscall.Getpagesize()
	memory, err := syscall.Mmap(-1, 0, 3*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Munmap(memory); err != nil {
			t.Error(err)
		}
	})
	for _, at := range []int{0, 2 * page} {
		if err := syscall.Mprotect(memory[at:at+page], syscall.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	at := page
	if behind {
		at = 2*page - 4*n
	}
	return unsafe.Slice((*float32)(unsafe.Pointer(&memory[at])), n)
}

// A read outside of the slices ends the test's process.
func TestNothingIsReadOutside(t *testing.T) {
	const longest = 40
	for _, behind := range []bool{false, true} {
		var whole [6][]float32
		for r := range whole {
			whole[r] = fenced(t, longest, behind)
		}
		for n := range longest + 1 {
			var rows [6][]float32
			for r, v := range whole {
				if rows[r] = v[:n]; behind {
					rows[r] = v[longest-n:]
				}
			}
			check(t, rows[0], rows[1:])
		}
	}
}
