package spill

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
)

// drawn are records of all lengths, many of which begin alike or are equal, and some of
// which are longer than a buffer.
func drawn(rng *rand.Rand, n int) [][]byte {
	prefix := strings.Repeat("p", rng.IntN(12))
	out := make([][]byte, n)
	for i := range out {
		switch rng.IntN(20) {
		case 0:
			out[i] = nil
		case 1:
			out[i] = []byte(prefix)
		case 2:
			out[i] = bytes.Repeat([]byte{byte(rng.IntN(3))}, rng.IntN(9000))
		default:
			out[i] = fmt.Appendf(nil, "%s%d", prefix, rng.IntN(n))
		}
	}
	return out
}

func readAll(t *testing.T, s *Sorter) [][]byte {
	t.Helper()
	var out [][]byte
	for records := s.Sorted(); ; {
		r, err := records.Next()
		if errors.Is(err, io.EOF) {
			if _, err := records.Next(); !errors.Is(err, io.EOF) {
				t.Errorf("after the end: %v", err)
			}
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, bytes.Clone(r))
	}
}

// Records come as sorting in memory would have them, however few of them are there,
// twice, and nothing is left.
func TestSorter(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	for seed := range uint64(40) {
		rng := rand.New(rand.NewPCG(seed, 3))
		records := drawn(rng, rng.IntN(2000))
		s := Sorter{Limit: 1 << rng.IntN(22), What: "records"}
		for i, r := range records {
			own := bytes.Clone(r)
			if err := s.Add(own); err != nil {
				t.Fatal(err)
			}
			clear(own)
			if held := len(s.bytes) + len(s.in)*placeBytes; held > s.Limit && len(s.in) > 1 {
				t.Fatalf("%d bytes are held, of %d", held, s.Limit)
			}
			if i == len(records)/2 { // reading does not end adding
				readAll(t, &s)
			}
		}
		slices.SortFunc(records, bytes.Compare)
		for range 2 {
			if got := readAll(t, &s); !slices.EqualFunc(got, records, bytes.Equal) {
				t.Fatalf("seed %d: %d records of %d, or another order", seed, len(got), len(records))
			}
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if got := readAll(t, &s); len(got) > 0 {
			t.Errorf("%d records of a closed sorter", len(got))
		}
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("%v are left: %v", left, err)
	}
}

// What cannot be kept, and what cannot be read back, is an error.
func TestSorterFails(t *testing.T) {
	s := Sorter{What: "records"}
	for _, r := range []string{"b", "a", "c"} {
		if err := s.Add([]byte(r)); err != nil {
			t.Fatal(err)
		}
	}
	records := s.Sorted()
	if _, err := records.Next(); err != nil {
		t.Fatal(err)
	}
	unread := s.Sorted()
	s.Close()
	if _, err := unread.Next(); err == nil || !strings.Contains(err.Error(), "reading records back") {
		t.Errorf("%v", err)
	}
	t.Setenv("TMPDIR", "/nowhere/at/all")
	t.Setenv("TMP", "/nowhere/at/all")
	if err := s.Add([]byte("a")); err != nil {
		t.Errorf("one record: %v", err)
	}
	if err := s.Add([]byte("b")); err == nil || !strings.Contains(err.Error(), "keeping records in a temporary file") {
		t.Errorf("%v", err)
	}
}

// A temporary file that ends early is an error, and not the end of the records.
func TestSorterCutShort(t *testing.T) {
	s := Sorter{Limit: 4000, What: "records"}
	defer s.Close()
	for i := range 200_000 {
		if err := s.Add(fmt.Appendf(nil, "%08d", i*7919%200_000)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.file.far.Truncate(s.file.size / 2); err != nil {
		t.Skipf("the file cannot be cut: %v", err)
	}
	for records := s.Sorted(); ; {
		if _, err := records.Next(); err != nil {
			if errors.Is(err, io.EOF) {
				t.Errorf("%v", err)
			}
			return
		}
	}
}

// Records behind their lengths are read back whole, also those beyond a buffer; of a
// part that ends within one, that is told.
func TestFrames(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	records := drawn(rng, 500)
	f := File{Limit: 30_000, What: "records"}
	defer f.Close()
	half := int64(0)
	for i, r := range records {
		if i == 250 {
			half = f.Len()
		}
		if err := f.AppendFrame(r); err != nil {
			t.Fatal(err)
		}
	}
	for _, from := range []int{0, 250} {
		at := int64(0)
		if from > 0 {
			at = half
		}
		frames := f.Frames(at, f.Len(), 1<<12)
		for i, want := range records[from:] {
			if got, err := frames.Next(); err != nil || !bytes.Equal(got, want) {
				t.Fatalf("%d: %d bytes, want %d: %v", i, len(got), len(want), err)
			}
		}
		if _, err := frames.Next(); err != io.EOF {
			t.Errorf("after the last: %v", err)
		}
	}
	var cut File
	if err := cut.AppendFrame([]byte("whole")); err != nil {
		t.Fatal(err)
	}
	if _, err := cut.Frames(0, cut.Len()-1, 1<<12).Next(); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("cut: %v", err)
	}
}

// Keys sort as their strings do, whatever follows, and come back.
func FuzzKey(f *testing.F) {
	f.Add("a", "a\x00", "x", "")
	f.Add("", "\x00", "\xff", "\x00")
	f.Add("a\x00\x00b", "a\x00b", "", "\x00\x00")
	f.Fuzz(func(t *testing.T, a, b, behindA, behindB string) {
		x := append(AppendKey(nil, []byte(a)), behindA...)
		y := append(AppendKey(nil, []byte(b)), behindB...)
		if a != b && bytes.Compare(x, y) != strings.Compare(a, b) {
			t.Errorf("%q and %q sort as %q and %q", a, b, x, y)
		}
		s, rest := CutKey([]byte("room"), x)
		if string(s) != "room"+a || string(rest) != behindA {
			t.Errorf("%q and %q became %q and %q", a, behindA, s, rest)
		}
	})
}

// Numbers sort as records, whatever follows, and come back to the bit.
func FuzzNumber(f *testing.F) {
	values := []float64{math.Inf(-1), -math.MaxFloat64, -1.5, -1, -math.SmallestNonzeroFloat64, math.Copysign(0, -1), 0, math.SmallestNonzeroFloat64, 1, 1.5, math.MaxFloat64, math.Inf(1)}
	for _, a := range values {
		for _, b := range values {
			f.Add(a, b, "b", "")
		}
	}
	f.Fuzz(func(t *testing.T, a, b float64, behindA, behindB string) {
		if math.IsNaN(a) || math.IsNaN(b) {
			return
		}
		x, y := append(AppendNumber(nil, a), behindA...), append(AppendNumber(nil, b), behindB...)
		if a != b && bytes.Compare(x, y) != cmp.Compare(a, b) {
			t.Errorf("%g and %g sort as %x and %x", a, b, x, y)
		}
		if got := Number(x); math.Float64bits(got) != math.Float64bits(a) {
			t.Errorf("%g became %g", a, got)
		}
	})
}

func BenchmarkSorter(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	var records [][]byte
	for range 200_000 {
		records = append(records, fmt.Appendf(nil, "prompt-%06d and some sixty bytes more that say what was decided", rng.IntN(200_000)))
	}
	b.SetBytes(int64(len(records) * len(records[0])))
	b.ReportAllocs()
	for b.Loop() {
		s := Sorter{Limit: 4 << 20, What: "records"}
		for _, r := range records {
			if err := s.Add(r); err != nil {
				b.Fatal(err)
			}
		}
		for sorted := s.Sorted(); ; {
			if _, err := sorted.Next(); err != nil {
				break
			}
		}
		s.Close()
	}
}
