package importer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/routeproof/routeproof/internal/table"
	"github.com/routeproof/routeproof/internal/wording"
)

const parquetMagic = "PAR1"

// A file is one that was looked into: it has the columns of its format.
type file struct {
	path    string
	parquet bool
	json    bool
	names   []string // columns; with JSON Lines those of the first row
	passed  []string // columns that are known to be of no use
}

// open looks into the file at path. Where it is not what the format expects,
// it notes the problem and returns nil.
func (j *job) open(path string) (*file, error) {
	head, err := j.peek(path)
	if head == nil || err != nil {
		return nil, err
	}
	f := &file{path: path, parquet: bytes.HasPrefix(head, []byte(parquetMagic)), json: isJSON(head)}
	if !f.parquet && isPickle(head, path) {
		j.problem(path, 0, "", "is a Python pickle, which can run code and is not read: convert it where you trust it (%s)", unpickle(path))
		return nil, nil
	}
	if f.names, err = namesOf(path, head); err != nil {
		return nil, j.refused(path, err)
	}
	for _, name := range f.names {
		if !utf8.ValidString(name) {
			j.problem(path, 0, "", "column %s is not valid UTF-8: save the file as UTF-8", wording.Quote(name))
			return nil, nil
		}
	}
	if reason := j.format.fits(f.names); reason != "" {
		j.problem(path, 0, "", "%s: expected %s, found %s%s", reason, j.format.Columns, foundColumns(f.names), j.looksLike(f.names))
		return nil, nil
	}
	return f, nil
}

func foundColumns(names []string) string {
	if len(names) == 0 {
		return "no columns"
	}
	return "columns " + wording.List(names)
}

// peek returns the first bytes of a file, decompressed; nil where that showed
// that it cannot be read, which is noted. Files are opened twice, so that a
// pipe will not do.
func (j *job) peek(path string) ([]byte, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		j.problem(path, 0, "", "is not a plain file: save what it holds to one first, since it is read twice")
		return nil, nil
	}
	source, err := table.Open(path)
	if err != nil {
		return nil, j.refused(path, err)
	}
	defer source.Close()
	head := make([]byte, 1<<12)
	n, err := io.ReadFull(source, head)
	if n == 0 && errors.Is(err, io.EOF) {
		j.problem(path, 0, "", "is empty: expected %s", j.format.Columns)
		return nil, nil
	}
	return head[:n], nil // whatever else is wrong comes again with the rows
}

// namesOf returns the columns of a file, with JSON Lines of its first rows.
func namesOf(path string, head []byte) ([]string, error) {
	source, err := table.Open(path)
	if err != nil {
		return nil, err
	}
	defer source.Close()
	var noTable error
	if !isJSON(head) {
		names, err := source.Names()
		if err == nil || bytes.HasPrefix(head, []byte(parquetMagic)) {
			return names, err
		}
		noTable = err
	}
	reader, err := source.Rows(nil)
	if err != nil {
		return nil, err
	}
	var b table.Batch
	if err := reader.Read(&b); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if len(reader.Unknown()) == 0 && len(b.Faults) > 0 {
		return nil, &table.Refused{Reason: b.Faults[0].Reason} // it knows better what the file is
	}
	if noTable != nil {
		return nil, noTable
	}
	return reader.Unknown(), nil
}

func isJSON(head []byte) bool {
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\ufeff")), " \t\r\n")
	return len(head) > 0 && (head[0] == '{' || head[0] == '[')
}

// looksLike says of which other layout a file with such columns is.
func (j *job) looksLike(names []string) string {
	for _, f := range formats() {
		if f.Name != j.format.Name && f.Name != "wide" && f.fits(names) == "" {
			return fmt.Sprintf(": this looks like %s (--from %s)", f.Name, f.Name)
		}
	}
	for _, other := range []struct {
		columns []string
		what    string
	}{
		{[]string{"id", "model"}, "is an outcomes file already: it needs no import"},
		{[]string{"question_id", "turns"}, "looks like MT-bench's questions: give it as --questions, beside the judgements"},
		{[]string{"eval_prompt"}, "looks like RouteLLM's list of contaminated prompts: give it as --contaminated, beside the answers"},
		{[]string{"query", "model_name", "performance"}, "looks like LLMRouter's routing data: rename columns as docs/importing.md says"},
	} {
		if len(without(other.columns, names)) == 0 {
			return ": this " + other.what
		}
	}
	return ""
}

// without returns the names that are not among the others.
func without(names, others []string) []string {
	var left []string
	for _, name := range names {
		if !slices.Contains(others, name) {
			left = append(left, name)
		}
	}
	return left
}

// isIndex tells whether a column is the row number that pandas writes.
func isIndex(name string) bool {
	return name == "" || strings.HasPrefix(name, "Unnamed: ") || strings.HasPrefix(name, "__index_level_")
}

// isPickle goes by how pickles of protocols 0 to 5 begin, and for what is
// called a pickle by being no text.
func isPickle(head []byte, path string) bool {
	if len(head) > 1 && head[0] == 0x80 && head[1] >= 2 && head[1] <= 5 {
		return true // PROTO, its number
	}
	// Protocols 0 and 1 begin with a class and its memo, or with an empty
	// container and its memo.
	if regexp.MustCompile(`^(c[\w.]+\n[\w.]+\n(p\d+\n|q\x00)|\([dl]p\d+\n|[\]})]q\x00)`).Match(head) {
		return true
	}
	name := strings.ToLower(filepath.Base(path))
	return (strings.Contains(name, ".pkl") || strings.Contains(name, ".pickle")) && !isText(head)
}

// isText tells whether the start of a file is UTF-8 without control characters.
func isText(head []byte) bool {
	for len(head) > 0 {
		r, size := utf8.DecodeRune(head)
		if r == utf8.RuneError && size == 1 {
			return !utf8.FullRune(head) // the cut went through a character
		}
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' {
			return false
		}
		head = head[size:]
	}
	return true
}

// unpickle is the command that turns a pickled table into CSV.
func unpickle(path string) string {
	in := "in.pkl"
	if regexp.MustCompile(`^[\w./ -]+$`).MatchString(path) {
		in = path
	}
	out := filepath.Join(filepath.Dir(in), stem(in)+".csv")
	return fmt.Sprintf(`python3 -c 'import pandas; pandas.read_pickle("%s").to_csv("%s", index=False)'`, in, out)
}

// stem is a file's name up to its endings.
func stem(path string) string {
	name := filepath.Base(path)
	for _, ending := range []string{".gz", ".zst", ".bz2", ".xz", ".csv", ".tsv", ".parquet", ".jsonl", ".pkl", ".pickle"} {
		if len(name) > len(ending) && strings.HasSuffix(strings.ToLower(name), ending) {
			name = name[:len(name)-len(ending)]
		}
	}
	return name
}
