package datasets

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// writeTemp writes a file in a folder of the test's own and returns its path.
func writeTemp(t testing.TB, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestOpenGoesByContent(t *testing.T) {
	text := good("a") + "\n" + good("b") + "\n"
	half := len(good("a")) - 3
	var bare bytes.Buffer // as gzip -9 -n of another name writes it
	z, err := gzip.NewWriterLevel(&bare, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	z.Name, z.Comment = "other.txt", "a note"
	if _, err := io.WriteString(z, text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		content []byte
	}{
		{"plain.jsonl", []byte(text)},
		{"plain.gz", []byte(text)},
		{"packed.jsonl.gz", gzipped(t, []byte(text))},
		{"packed.jsonl", gzipped(t, []byte(text))},
		{"packed.parquet", gzipped(t, []byte(text))},
		{"named.gz", bare.Bytes()},
		{"two members.gz", append(gzipped(t, []byte(text[:half])), gzipped(t, []byte(text[half:]))...)},
		{"packed.jsonl.zst", zstandard(t, []byte(text))},

		{"empty member.gz", append(gzipped(t, nil), gzipped(t, []byte(text))...)},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := writeTemp(t, c.name, c.content)
			f, err := Open(path)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(f)
			if err != nil || string(got) != text {
				t.Errorf("read %q, %v", got, err)
			}
			if err := f.Close(); err != nil {
				t.Error(err)
			}
			if err := f.Close(); err == nil {
				t.Error("the file was still open after Close")
			}
			file, err := ReadPrompts(path, nil, nil)
			if err != nil || len(file.Prompts) != 2 {
				t.Errorf("prompts %v, %v", file, err)
			}
		})
	}
}

func TestOpenShortFiles(t *testing.T) {
	for _, content := range []string{"", "{", "{}", "{}\n", "\x1f", "PAR", "PAR1", "\x28\xb5\x2f"} {
		f, err := Open(writeTemp(t, "f", []byte(content)))
		if err != nil {
			t.Errorf("%q: %v", content, err)
			continue
		}
		if got, err := io.ReadAll(f); err != nil || string(got) != content {
			t.Errorf("%q: read %q, %v", content, got, err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, c := range []struct{ content, want string }{
		{"PK\x03\x04", "is a zip archive: expected JSON Lines, CSV or Parquet, plain, .gz or .zst (unzip it first)"},
		{"\x1f\x8b", "gzip header is damaged: unexpected EOF"},
		{"\x1f\x8b\x07\x00\x00\x00\x00\x00\x00\xff", "gzip header is damaged: gzip: invalid header"},
	} {
		path := writeTemp(t, "f.jsonl", []byte(c.content))
		_, err := Open(path)
		if diff := cmp.Diff([]string{path + ": " + c.want}, problemsOf(t, err)); diff != "" {
			t.Errorf("want −, got +:\n%s", diff)
		}
		if _, err := ReadAnswers(path, nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("ReadAnswers: %v", err)
		}
	}
}

func TestOpenWithoutFile(t *testing.T) {
	folder := t.TempDir()
	missing := filepath.Join(folder, "none.jsonl")
	readers := map[string]func(string) error{
		"Open":        func(p string) error { _, err := Open(p); return err },
		"ReadPrompts": func(p string) error { _, err := ReadPrompts(p, nil, nil); return err },
		"ReadAnswers": func(p string) error { _, err := ReadAnswers(p, nil); return err },
	}
	for name, read := range readers {
		var content *ContentError
		if err := read(missing); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), missing) {
			t.Errorf("%s of a missing file: %v", name, err)
		}
		if err := read(folder); !errors.Is(err, syscall.EISDIR) || errors.As(err, &content) {
			t.Errorf("%s of a folder: %v", name, err)
		}
	}
}

// someGzip returns prompts and their gzip bytes, about 1 KB that hardly compress.
func someGzip(t testing.TB) ([]Prompt, []byte) {
	random := rand.New(rand.NewPCG(1, 2))
	var text strings.Builder
	var prompts []Prompt
	for i := range 40 {
		p := Prompt{ID: fmt.Sprint(i), Text: fmt.Sprintf("%x%x", random.Uint64(), random.Uint64())}
		prompts = append(prompts, p)
		fmt.Fprintf(&text, "{\"id\":%q,\"prompt\":%q}\n", p.ID, p.Text)
	}
	return prompts, gzipped(t, []byte(text.String()))
}

func parseBytes(b []byte) (*PromptFile, error) {
	return ParsePrompts(bytes.NewReader(b), "f", nil, nil)
}

func TestTruncatedGzip(t *testing.T) {
	_, packed := someGzip(t)
	cuts := []int{1, 2, 3, 9, len(packed) - 9, len(packed) - 8, len(packed) - 7, len(packed) - 1}
	for n := 0; n < len(packed); n += 10 {
		cuts = append(cuts, n)
	}
	for _, n := range cuts {
		_, err := parseBytes(packed[:n])
		var content *ContentError
		if !errors.As(err, &content) {
			t.Errorf("cut after %d of %d bytes: %v", n, len(packed), err)
		} else if n >= 18 && !strings.Contains(err.Error(), "compressed data is damaged or cut short (unexpected EOF): fetch the file again") {
			t.Errorf("cut after %d bytes: the reason is missing in %v", n, err)
		}
	}
}

// TestDamagedGzip changes one byte at a time. Six bytes of the header (time,
// level, system) and the last bits of the data mean nothing; every other
// change is found.
func TestDamagedGzip(t *testing.T) {
	prompts, packed := someGzip(t)
	unseen := 0
	for i := range packed {
		damaged := bytes.Clone(packed)
		damaged[i] ^= 0x81
		file, err := parseBytes(damaged)
		var content *ContentError
		switch {
		case err == nil:
			unseen++
			if diff := cmp.Diff(prompts, file.Prompts); diff != "" {
				t.Errorf("byte %d: damage was not seen:\n%s", i, diff)
			}
		case !errors.As(err, &content):
			t.Errorf("byte %d: %v", i, err)
		}
	}
	if unseen > 7 {
		t.Errorf("%d changes were not seen", unseen)
	}
	if _, err := parseBytes(append(bytes.Clone(packed), "garbage after it"...)); err == nil || !strings.Contains(err.Error(), "compressed data is damaged") {
		t.Errorf("garbage after the end: %v", err)
	}
}

func TestWriteFile(t *testing.T) {
	big := strings.Repeat("0123456789abcdef", 1<<14) // over the buffer
	for _, c := range []struct {
		name, old, text string
	}{
		{"new", "", "text\n"}, {"replaced", "old and longer\n", "new\n"}, {"big", "old", big}, {"nothing", "old", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "f * [x].json")
			if c.old != "" {
				if err := os.WriteFile(path, []byte(c.old), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := WriteFile(path, func(w io.Writer) error { _, err := io.WriteString(w, c.text); return err }); err != nil {
				t.Fatal(err)
			}
			checkFolder(t, path, c.text)
			if info, err := os.Stat(path); err != nil || info.Mode() != 0o644 {
				t.Errorf("mode %v, %v", info.Mode(), err)
			}
		})
	}
}

// TestWriteFileThroughLinks holds that a link to a file stays one, and that a link
// to nothing becomes the file.
func TestWriteFileThroughLinks(t *testing.T) {
	folder := t.TempDir()
	at := func(name string) string { return filepath.Join(folder, name) }
	if err := errors.Join(os.Mkdir(at("other"), 0o755), os.WriteFile(at("other/f"), []byte("old"), 0o600),
		os.Symlink("other/f", at("near")), os.Symlink(at("near"), at("far")), os.Symlink("nothing", at("dangling"))); err != nil {
		t.Fatal(err)
	}
	put := func(text string) func(io.Writer) error {
		return func(w io.Writer) error { _, err := io.WriteString(w, text); return err }
	}
	if err := WriteFile(at("far"), put("new")); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(at("other/f")); err != nil || string(text) != "new" {
		t.Errorf("%q, %v", text, err)
	}
	for _, name := range []string{"near", "far"} {
		if info, err := os.Lstat(at(name)); err != nil || info.Mode()&fs.ModeSymlink == 0 {
			t.Errorf("%s is no link any more: %v", name, err)
		}
	}
	if err := WriteFile(at("dangling"), put("new")); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(at("dangling")); err != nil || string(text) != "new" {
		t.Errorf("%q, %v", text, err)
	}
}

// TestWriteFileFails holds that a failure leaves what was there, and nothing else.
func TestWriteFileFails(t *testing.T) {
	broken := errors.New("no more")
	for _, old := range []string{"", "what was there"} {
		for _, written := range []string{"", "some", strings.Repeat("x", 1<<18)} {
			path := filepath.Join(t.TempDir(), "f.json")
			if old != "" {
				if err := os.WriteFile(path, []byte(old), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			err := WriteFile(path, func(w io.Writer) error {
				if _, err := io.WriteString(w, written); err != nil {
					return err
				}
				return broken
			})
			if !errors.Is(err, broken) || err.Error() != broken.Error() {
				t.Errorf("error is %v", err)
			}
			checkFolder(t, path, old)
		}
	}
	err := WriteFile(filepath.Join(t.TempDir(), "none", "f"), func(io.Writer) error { t.Error("wrote into no folder"); return nil })
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("in a missing folder: %v", err)
	}
	folder := filepath.Join(t.TempDir(), "folder")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(folder, func(io.Writer) error { return nil }); err == nil || strings.Contains(err.Error(), "already closed") {
		t.Errorf("over a folder: %v", err)
	}
	if entries, err := os.ReadDir(filepath.Dir(folder)); err != nil || len(entries) != 1 {
		t.Errorf("over a folder: left %v, %v", entries, err)
	}
}

// TestWriteFileShowsNothingEarly reads the old content while the new is written.
func TestWriteFileShowsNothingEarly(t *testing.T) {
	path := writeTemp(t, "f", []byte("old"))
	err := WriteFile(path, func(w io.Writer) error {
		if _, err := io.WriteString(w, strings.Repeat("x", 1<<20)); err != nil {
			return err
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != "old" {
			t.Errorf("half way the file holds %d bytes, %v", len(got), err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	checkFolder(t, path, strings.Repeat("x", 1<<20))
}

// checkFolder holds that a folder has the file at path with a text, or no file
// where the text is empty and there is none, and nothing else.
func checkFolder(t *testing.T, path, text string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != filepath.Base(path) {
			t.Errorf("left over: %s", e.Name())
		}
	}
	got, err := os.ReadFile(path)
	if string(got) != text || (err != nil && (text != "" || !errors.Is(err, fs.ErrNotExist))) {
		t.Errorf("the file holds %d bytes, %v; expected %d", len(got), err, len(text))
	}
}

// Reading what is cut short, wherever, is refused and not taken for the end.
func TestOpenCutShort(t *testing.T) {
	text := []byte(strings.Repeat("some text, and more of it\n", 20))
	for ending, packed := range map[string][]byte{".gz": gzipped(t, text), ".zst": zstandard(t, text)} {
		for cut := 4; cut < len(packed); cut++ {
			path := writeTemp(t, "cut"+ending, packed[:cut])
			f, err := Open(path)
			if err == nil {
				_, err = io.ReadAll(f)
				err = errors.Join(err, f.Close())
			}
			var content *ContentError
			if !errors.As(err, &content) || content.File != path {
				t.Fatalf("%s cut to %d of %d bytes: error is %v, expected a ContentError", ending, cut, len(packed), err)
			}
		}
	}
}
