package datasets

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/klauspost/compress/zstd"
)

// meter is a reader that measures the live heap each time that another step of
// bytes was read through it.
type meter struct {
	r          io.Reader
	step, left int
	base, peak uint64
}

func newMeter(r io.Reader, step int) *meter { return &meter{r: r, step: step, base: live()} }

func (m *meter) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	if m.left -= n; m.left <= 0 {
		m.left = m.step
		m.peak = max(m.peak, live())
	}
	return n, err
}

// grown returns by how many MiB the live heap grew at its peak.
func (m *meter) grown() float64 {
	return (float64(max(m.peak, live())) - float64(m.base)) / (1 << 20)
}

func live() uint64 {
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return s.HeapAlloc
}

// repeated returns a reader of n times the same bytes.
func repeated(part []byte, n int) io.Reader {
	readers := make([]io.Reader, n)
	for i := range readers {
		readers[i] = bytes.NewReader(part)
	}
	return io.MultiReader(readers...)
}

func gzipped(t testing.TB, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zstandard(t testing.TB, text []byte) []byte {
	t.Helper()
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return z.EncodeAll(text, nil)
}

// around puts a long line between a good row and a bad one.
func around(long io.Reader) io.Reader {
	return io.MultiReader(strings.NewReader(good("a")+"\n"), long, strings.NewReader("\n"+`{"id":"b"}`+"\n"))
}

var aroundWant = []string{"f:2: line is longer than 8 MiB: expected one JSON object a line, each shorter", `f:3: prompt: missing: expected a string, found "id"`}

// TestLongLineInBoundedMemory reads a line of 50 MB. The buffer grows to some
// 10 MiB, which takes about 50 MiB of allocations in all.
func TestLongLineInBoundedMemory(t *testing.T) {
	mebibyte := bytes.Repeat([]byte("x"), 1<<20)
	m := newMeter(around(repeated(mebibyte, 50)), 4<<20)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := ParsePrompts(m, "f", nil, nil)
	runtime.ReadMemStats(&after)
	if diff := cmp.Diff(aroundWant, problemsOf(t, err)); diff != "" {
		t.Errorf("want −, got +:\n%s", diff)
	}
	if grown := m.grown(); grown > 30 {
		t.Errorf("the heap grew by %.0f MiB", grown)
	}
	if allocated := (after.TotalAlloc - before.TotalAlloc) >> 20; allocated > 100 {
		t.Errorf("allocated %d MiB", allocated)
	}
}

// TestGzipBombInBoundedMemory reads a line of 1 GiB out of 1 MiB: 64 gzip
// members of 16 MiB each, or a sixteenth of them under the race detector.
func TestGzipBombInBoundedMemory(t *testing.T) {
	members := 64
	if raceDetector {
		members = 4
	}
	part := gzipped(t, bytes.Repeat([]byte("x"), 16<<20))
	m := newMeter(io.MultiReader(
		bytes.NewReader(gzipped(t, []byte(good("a")+"\n"))), repeated(part, members), bytes.NewReader(gzipped(t, []byte("\n"+`{"id":"b"}`)))), 1<<17)
	_, err := ParsePrompts(m, "f", nil, nil)
	if diff := cmp.Diff(aroundWant, problemsOf(t, err)); diff != "" {
		t.Errorf("want −, got +:\n%s", diff)
	}
	if grown := m.grown(); grown > 40 {
		t.Errorf("the heap grew by %.0f MiB", grown)
	}
}

// TestLongestLine holds that a line of 8 MiB is the longest taken, its end not counted.
func TestLongestLine(t *testing.T) {
	const head, tail, longest = `{"id":"a","prompt":"`, `"}`, 8 << 20
	for extra, ok := range map[int]bool{0: true, 1: false} {
		text := strings.Repeat("x", longest-len(head)-len(tail)+extra)
		for _, around := range [][2]string{{"", ""}, {"", "\n"}, {"\ufeff", "\r\n"}} {
			file, err := ParsePrompts(strings.NewReader(around[0]+head+text+tail+around[1]), "f", nil, nil)
			if (err == nil) != ok || ok && file.Prompts[0].Text != text {
				t.Errorf("%d over the longest, %q: %.100v", extra, around, err)
			}
		}
	}
}

// TestLongNamesInBoundedMemory reads 32 rows, each with an unknown column whose
// name has 256 KiB: none of the names is kept.
func TestLongNamesInBoundedMemory(t *testing.T) {
	var rows []io.Reader
	name := strings.Repeat("x", 1<<18)
	for range 32 {
		rows = append(rows, strings.NewReader(`{"`+string(rune(0x4e00+len(rows)))), strings.NewReader(name), strings.NewReader(`":0,"id":3}`+"\n"))
	}
	m := newMeter(io.MultiReader(rows...), 1<<20)
	_, err := ParsePrompts(m, "f", nil, nil)
	var content *ContentError
	if !errors.As(err, &content) || content.Total != 64 {
		t.Errorf("got %v, expected 64 problems", err)
	}
	if grown := m.grown(); grown > 5 {
		t.Errorf("the heap grew by %.0f MiB", grown)
	}
}
