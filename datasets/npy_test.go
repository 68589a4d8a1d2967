package datasets

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// array is a file as numpy.save writes it, with the given description.
func array(t testing.TB, description string, numbers any) string {
	t.Helper()
	body, err := binary.Append(nil, binary.LittleEndian, numbers)
	if err != nil {
		t.Fatal(err)
	}
	header := description + strings.Repeat(" ", 63-(len(description)+10)%64) + "\n"
	head := binary.LittleEndian.AppendUint16([]byte(npyMagic+"\x01\x00"), uint16(len(header)))
	return npyOf(t, string(head)+header+string(body))
}

func npyOf(t testing.TB, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "v.npy")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func description(kind string, rows, dims int) string {
	return fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%d, %d), }", kind, rows, dims)
}

// numpy 1.24: numpy.save(f, numpy.array([[1, 2, 2], [0, 0, 0]], dtype='<f4')).
func TestNPYOfNumPy(t *testing.T) {
	const saved = "934e554d5059010076007b276465736372273a20273c6634272c2027666f727472616e5f6f72646572273a2046616c73652c20277368617065273a2028322c2033292c207d"
	head, err := hex.DecodeString(saved)
	if err != nil {
		t.Fatal(err)
	}
	content := string(head) + strings.Repeat(" ", 127-len(head)) + "\n" + "\x00\x00\x80\x3f\x00\x00\x00\x40\x00\x00\x00\x40" + strings.Repeat("\x00", 12)
	file, err := ReadVectors(npyOf(t, content), nil)
	if err != nil {
		t.Fatal(err)
	}
	got := make([]float32, 3)
	if err := file.Vector(0, got); err != nil {
		t.Fatal(err)
	}
	if want := []float32{1. / 3, 2. / 3, 2. / 3}; !slices.Equal(got, want) || !file.Zero(1) || file.Zero(0) || file.Rows != 2 || file.Len() != 2 || file.ID(0) != "1" || file.ID(1) != "2" {
		t.Errorf("%v, %+v", got, file)
	}
	if err := file.Name(setOf([]Prompt{{ID: "a"}}), "v.npy", nil); err == nil || !strings.Contains(err.Error(), "v.npy: expected a row for each of 1 prompts, in their order, found 2 rows") {
		t.Error(err)
	}
	unsorted := setOf([]Prompt{{ID: "b"}, {ID: "a"}})
	if err := file.Name(unsorted, "v.npy", nil); err != nil || file.ID(0) != "b" {
		t.Errorf("%s, %v", file.ID(0), err)
	}
	joined := ""
	if err := file.Join(unsorted, func(p *Prompt, vector int) error {
		joined += fmt.Sprint(p.ID, vector, " ")
		return nil
	}); err != nil || joined != "a1 b0 " {
		t.Errorf("%s, %v", joined, err)
	}
	file.named = nil
	if err := file.Name(setOf([]Prompt{{ID: "a"}, {ID: "b"}}), "v.npy", nil); err != nil || file.ID(0) != "a" || file.ID(1) != "b" {
		t.Errorf("%s, %s, %v", file.ID(0), file.ID(1), err)
	}
}

// The vectors of an array are read where they are: what cannot be read any more is
// an error.
func TestNPYStaysInItsFile(t *testing.T) {
	const rows, dims = 501, 33
	for kind, path := range arrays(t, rows, dims) {
		file, err := ReadVectors(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if file.kept.Len() != 0 {
			t.Errorf("%s: %d bytes were copied", kind, file.kept.Len())
		}
		got, want := make([]float32, dims), make([]float32, dims)
		for i := range rows {
			Unit(want, numbersOf(rows * dims)[i*dims:(i+1)*dims])
			if err := file.Vector(i, got); err != nil || !slices.Equal(got, want) {
				t.Fatalf("%s: vector %d is %v, expected %v (%v)", kind, i, got, want, err)
			}
		}
		if err := os.Truncate(path, 1000); err != nil {
			t.Fatal(err)
		}
		var content *ContentError
		if err := file.Vector(rows-1, got); !errors.As(err, &content) {
			t.Errorf("%s, cut: %v", kind, err)
		}
		if err := file.Close(); err == nil || !strings.Contains(err.Error(), "was changed") {
			t.Errorf("%s: a file that was cut is closed: %v", kind, err)
		}
		if err := file.Close(); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		if err := file.Vector(0, got); err == nil {
			t.Errorf("%s: a vector of a closed file", kind)
		}
	}
}

// All numbers come back, whatever the pieces and the order in which they are read.
func TestNPYReads(t *testing.T) {
	const rows, dims = 3001, 97
	for kind, path := range arrays(t, rows, dims) {
		want := numbersOf(rows * dims)
		n, err := OpenNPY(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, size := range []int{1, 100, 2500, rows} {
			got := make([]float32, len(want))
			var wg sync.WaitGroup
			errs := make([]error, rows)
			for first := 0; first < rows; first += size {
				wg.Go(func() { errs[first] = n.ReadRows(got[first*dims:min(first+size, rows)*dims], first) })
			}
			wg.Wait()
			if err := errors.Join(errs...); err != nil || !slices.Equal(got, want) {
				t.Errorf("%s, %d rows at once: other numbers, or %v", kind, size, err)
			}
		}
		for _, wrong := range []struct{ numbers, first int }{{dims, rows}, {2 * dims, rows - 1}, {dims, -1}, {dims - 1, 0}, {dims, math.MaxInt}} {
			func() {
				defer func() {
					if recover() == nil {
						t.Errorf("%s, %d numbers from row %d on: expected a panic", kind, wrong.numbers, wrong.first)
					}
				}()
				_ = n.ReadRows(make([]float32, wrong.numbers), wrong.first)
			}()
		}
		if err := n.Close(); err != nil {
			t.Error(err)
		}
		if err := n.ReadRows(make([]float32, dims), 0); !errors.Is(err, os.ErrClosed) {
			t.Errorf("%s, after Close: %v", kind, err)
		}
	}
}

// numbersOf are numbers that need all bits.
func numbersOf(n int) []float32 {
	numbers := make([]float32, n)
	for i := range numbers {
		numbers[i] = float32(math.Sqrt(float64(i)) - 200)
	}
	return numbers
}

// arrays are the same numbers in files of each type.
func arrays(t testing.TB, rows, dims int) map[string]string {
	narrow := numbersOf(rows * dims)
	wide := make([]float64, len(narrow))
	for i := range wide {
		wide[i] = math.Sqrt(float64(i)) - 200
	}
	return map[string]string{"<f4": array(t, description("<f4", rows, dims), narrow), "<f8": array(t, description("<f8", rows, dims), wide)}
}

// What a machine of either order makes of the bytes of a file are the same numbers.
func TestLittleEndian(t *testing.T) {
	want := append(numbersOf(1000), 0, float32(math.Inf(-1)), math.Float32frombits(1), math.Float32frombits(0x7fc12345))
	stored, err := binary.Append(nil, binary.LittleEndian, want)
	if err != nil {
		t.Fatal(err)
	}
	decoded := make([]float32, len(want))
	copy(bytesOf(decoded), stored)
	same := func() bool {
		return slices.EqualFunc(decoded, want, func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) })
	}
	if littleEndian != same() {
		t.Errorf("without decoding the numbers are the same: %t, on a little-endian machine: %t", same(), littleEndian)
	}
	if fromLittleEndian(decoded); !same() {
		t.Error("decoding gives other numbers")
	}
	if len(bytesOf(nil)) != 0 {
		t.Error("bytes of nothing")
	}
}

// A file that is cut while it is read is refused, not taken for a shorter one.
func TestNPYCut(t *testing.T) {
	const rows, dims = 1000, 97
	for kind, path := range arrays(t, rows, dims) {
		var told []Problem
		visited := 0
		_, err := ScanVectors(path, func(p Problem) { told = append(told, p) }, func(*Vector) error {
			visited++
			return os.Truncate(path, 100_000)
		})
		var refused *ContentError
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), path+": ends before row 1000 of 1000") || len(told) != 1 {
			t.Errorf("%s: %v, told %v", kind, err, told)
		}
		if visited == 0 || visited == rows {
			t.Errorf("%s: %d rows were visited", kind, visited)
		}
	}
}

func TestNPYRefuses(t *testing.T) {
	six := []float32{1, 2, 3, 4, 5, 6}
	for want, path := range map[string]string{
		"expected numbers of type '<f4' or '<f8', found \"<f2\"": array(t, description("<f2", 2, 3), six),
		"found \"|O\"":          array(t, description("|O", 2, 3), six),
		"fortran_order: False":  array(t, "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }", six),
		"found shape (6,)":      array(t, "{'descr': '<f4', 'fortran_order': False, 'shape': (6,), }", six),
		"found shape (1, 2, 3)": array(t, "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, 3), }", six),
		"found shape (0, 3)":    array(t, description("<f4", 0, 3), six),
		"at least one row of 1 to 65536 numbers, found shape (1, 70000)": array(t, description("<f4", 1, 70000), six),
		"expected 164 bytes, as its shape (3, 3) says, found 152":        array(t, description("<f4", 3, 3), six),
		"expected 144 bytes, as its shape (2, 2) says, found 152":        array(t, description("<f4", 2, 2), six),
		"version 1 to 3 of the format, found 9":                          npyOf(t, npyMagic+"\x09\x00\x00\x00"),
		"expected a header of up to 65536 bytes, found 4294967295":       npyOf(t, npyMagic+"\x02\x00\xff\xff\xff\xff"),
		"ends within its header":                                         npyOf(t, npyMagic+"\x01\x00\x76\x00{"),
		"another beginning":                                              npyOf(t, npyMagic),
		":2: expected finite numbers, number 3 is NaN":                   array(t, description("<f4", 2, 3), []float32{1, 2, 3, 4, 5, float32(math.NaN())}),
		"2 problems": array(t, description("<f8", 2, 1), []float64{math.Inf(1), 1e300}),
	} {
		var told []Problem
		_, err := ReadVectors(path, func(p Problem) { told = append(told, p) })
		var refused *ContentError
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), want) || len(told) != refused.Total {
			t.Errorf("%v, told %v: expected %q", err, told, want)
		}
	}
}

func FuzzNPY(f *testing.F) {
	good, err := os.ReadFile(array(f, description("<f4", 2, 3), []float32{1, 2, 3, 4, 5, 6}))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:90])
	f.Add([]byte(npyMagic + "\x03\x00\x10\x00\x00\x00{'shape': (9, 9)"))
	f.Fuzz(func(t *testing.T, content []byte) {
		file, err := ReadVectors(npyOf(t, string(content)), nil)
		if err == nil && (file.Rows != file.Len() || file.Dims < 1 || len(content) < file.Rows) {
			t.Errorf("%d rows of %d, %d ids, of %d bytes", file.Rows, file.Dims, len(file.IDs), len(content))
		}
	})
}

// Vectors of a file that is written anew while they are read are an error.
func TestNPYChanged(t *testing.T) {
	for _, change := range []bool{false, true} {
		path := array(t, description("<f4", 2, 3), []float32{1, 2, 3, 4, 5, 6})
		if err := os.Chtimes(path, time.Time{}, time.Unix(1, 0)); err != nil {
			t.Fatal(err)
		}
		n, err := OpenNPY(path)
		if err != nil {
			t.Fatal(err)
		}
		if change {
			if err := os.Chtimes(path, time.Time{}, time.Unix(2, 0)); err != nil {
				t.Fatal(err)
			}
		}
		if err := n.Close(); change != (err != nil && strings.Contains(err.Error(), "was changed while it was read")) {
			t.Errorf("changed: %t: %v", change, err)
		}
	}
}
