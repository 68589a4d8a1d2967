package datasets

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
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
	if want := []float32{1. / 3, 2. / 3, 2. / 3}; !slices.Equal(got, want) || !file.Zero(1) || file.Zero(0) || file.Rows != 2 || !slices.Equal(file.IDs, []string{"1", "2"}) {
		t.Errorf("%v, %+v", got, file)
	}
	if err := file.Name([]Prompt{{ID: "a"}}, "v.npy", nil); err == nil || !strings.Contains(err.Error(), "v.npy: expected a row for each of 1 prompts, in their order, found 2 rows") {
		t.Error(err)
	}
	if err := file.Name([]Prompt{{ID: "a"}, {ID: "b"}}, "v.npy", nil); err != nil || !slices.Equal(file.IDs, []string{"a", "b"}) {
		t.Errorf("%v, %v", file.IDs, err)
	}
}

// All numbers come back, whatever the buffers and processors.
func TestNPYReads(t *testing.T) {
	const rows, dims = 3001, 97
	wide, narrow := make([]float64, rows*dims), make([]float32, rows*dims)
	for i := range wide {
		wide[i] = math.Sqrt(float64(i)) - 200
		narrow[i] = float32(wide[i])
	}
	for kind, path := range map[string]string{"<f4": array(t, description("<f4", rows, dims), narrow), "<f8": array(t, description("<f8", rows, dims), wide)} {
		for _, room := range []int{dims, 100*dims + 3, 2500 * dims, 4000 * dims} {
			for _, processors := range []int{1, 3} {
				before := runtime.GOMAXPROCS(processors)
				n, err := OpenNPY(path)
				if err != nil {
					t.Fatal(err)
				}
				var got []float32
				for buffer := make([]float32, room); ; {
					some, err := n.Read(buffer)
					if errors.Is(err, io.EOF) {
						break
					}
					if err != nil {
						t.Fatal(err)
					}
					got = append(got, buffer[:some*dims]...)
				}
				runtime.GOMAXPROCS(before)
				if !slices.Equal(got, narrow) {
					t.Errorf("%s, room for %d, %d processors: other numbers", kind, room, processors)
				}
				if err := n.Close(); err != nil {
					t.Error(err)
				}
			}
		}
	}
	n, err := OpenNPY(array(t, description("<f4", 1, 2), []float32{1, 2}))
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	if _, err := n.Read(make([]float32, 1)); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("without room for a row: %v", err)
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
		if err == nil && (file.Rows != len(file.IDs) || file.Dims < 1 || len(content) < file.Rows) {
			t.Errorf("%d rows of %d, %d ids, of %d bytes", file.Rows, file.Dims, len(file.IDs), len(content))
		}
	})
}
