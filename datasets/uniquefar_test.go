package datasets

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestFirstsSpill finds each key that stands twice, within a run at once and between
// runs at the end, with the line where it stood first.
func TestFirstsSpill(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	const n, run = 20_000, 3000
	rng := rand.New(rand.NewPCG(5, 5))
	f, first, want, got := newFirsts(), map[int]int{}, map[int]int{}, map[int]int{}
	for line := 1; line <= n; line++ {
		key := rng.IntN(30_000)
		if before, seen := first[key]; seen {
			want[line] = before
		} else {
			first[key] = line
		}
		if before := f.add(fmt.Append(nil, key), line); before > 0 {
			got[line] = before
		}
		if f.n >= run {
			if err := f.spill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	at, last := len(got), 0
	err := f.late(func(line, before int) bool {
		if got[line] != 0 || line < last {
			t.Errorf("line %d after line %d, told of before: %d", line, last, got[line])
		}
		got[line], last = before, line
		return true
	})
	if err != nil || at == 0 || len(got) == at {
		t.Fatalf("%v; %d told at once, %d in all", err, at, len(got))
	}
	for line, before := range got {
		// Within a later run the first of the run is named.
		if key := want[line]; key == 0 || before < key {
			t.Errorf("line %d: %d, expected %d or later", line, before, key)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d lines told of, expected %d", len(got), len(want))
	}
	f.close()
	if left, err := filepath.Glob(filepath.Join(os.Getenv("TMPDIR"), "*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestFirstsStop ends where it is told to.
func TestFirstsStop(t *testing.T) {
	f := newFirsts()
	for run := range 3 {
		for i := range 10 {
			f.add(fmt.Append(nil, i), 10*run+i+1)
		}
		if err := f.spill(); err != nil {
			t.Fatal(err)
		}
	}
	defer f.close()
	var lines []int
	if err := f.late(func(line, _ int) bool { lines = append(lines, line); return len(lines) < 3 }); err != nil || !slices.Equal(lines, []int{11, 12, 13}) {
		t.Errorf("%v, %v", lines, err)
	}
}

// manyScores are rows of scores, of which one near the end has the id of the third.
type manyScores struct {
	row, rows int
	rest      []byte
}

func (m *manyScores) Read(b []byte) (int, error) {
	for len(m.rest) < len(b) && m.row < m.rows {
		if m.row++; m.row == m.rows-5 {
			m.rest = append(m.rest, `{"id":"3","score":0}`+"\n"...)
			continue
		}
		m.rest = fmt.Appendf(m.rest, `{"id":"%d","score":0}`+"\n", m.row)
	}
	n := copy(b, m.rest)
	m.rest = m.rest[:copy(m.rest, m.rest[n:])]
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

func TestManyRowsMustDiffer(t *testing.T) {
	if raceDetector {
		t.Skip("takes minutes with the race detector")
	}
	const rows = mostFirsts + 10
	visited := 0
	_, err := Scores().Scan(&manyScores{rows: rows}, "s.jsonl", nil, func(*Score) error { visited++; return nil })
	var refused *ContentError
	want := fmt.Sprintf("s.jsonl:%d: id: this id stands on line 3 already: expected each once", rows-5)
	if !errors.As(err, &refused) || err.Error() != want || visited != rows {
		t.Errorf("%v (%d rows visited), expected %s", err, visited, want)
	}
}
