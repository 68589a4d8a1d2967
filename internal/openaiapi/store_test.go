package openaiapi

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/routeproof/routeproof/internal/openaiapi/openaitest"
)

// What a process was handed out is in the store though it was killed, and no more
// is asked again than was under way.
func TestKill(t *testing.T) {
	t.Parallel()
	const url, path = "ROUTEPROOF_TEST_KILL_URL", "ROUTEPROOF_TEST_KILL_PATH"
	const questions, concurrency, callers = 2000, 8, 16
	question := func(i int) ChatRequest {
		return ChatRequest{Model: "m", User: fmt.Sprint("question ", i), MaxTokens: 9, Stream: i%2 == 0, Price: price()}
	}
	ask := func(ctx context.Context, c *Client, n int, answered func(int, string)) {
		next := make(chan int)
		var wg sync.WaitGroup
		for range callers {
			wg.Go(func() {
				for i := range next {
					r, err := c.Chat(ctx, question(i))
					if err != nil {
						t.Errorf("question %d: %v", i, err)
						continue
					}
					answered(i, r.Text)
				}
			})
		}
		for i := range n {
			next <- i
		}
		close(next)
		wg.Wait()
	}
	if os.Getenv(url) != "" { // the process that is killed
		store, err := OpenStore(os.Getenv(path))
		if err != nil {
			t.Fatal(err)
		}
		c := newClient(t, os.Getenv(url), func(c *Config) { c.Store, c.Concurrency = store, concurrency })
		var mu sync.Mutex
		ask(t.Context(), c, questions, func(i int, text string) {
			mu.Lock()
			defer mu.Unlock()
			fmt.Printf("answered\t%d\t%s\n", i, text)
		})
		return
	}

	s := openaitest.Start(t, openaitest.Config{Latency: 3 * time.Millisecond, CostPerToken: token})
	file := filepath.Join(t.TempDir(), "journal.db")
	handedOut := map[int]string{}
	lost, asked := 0, 0
	for round := range 4 {
		child := exec.Command(os.Args[0], "-test.run=^TestKill$")
		child.Env = append(os.Environ(), url+"="+s.URL, path+"="+file)
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		var complaints bytes.Buffer
		child.Stderr = &complaints
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewReader(out)
		fresh := 0
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				break // what is cut was not handed out whole
			}
			var i int
			fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
			if _, err := fmt.Sscan(fields[1:][0], &i); len(fields) != 3 || fields[0] != "answered" || err != nil {
				t.Fatalf("the process said %q, %s", line, &complaints)
			}
			if text, before := handedOut[i]; before && text != fields[2] {
				t.Errorf("question %d had the answer %q, then %q", i, text, fields[2])
			} else if !before {
				fresh++
			}
			handedOut[i] = fields[2]
			if fresh == 20+7*round {
				if err := child.Process.Kill(); err != nil {
					t.Fatal(err)
				}
				fresh++ // once
			}
		}
		if err := child.Wait(); err == nil {
			t.Fatal("it was not killed")
		}

		store, err := OpenStore(file)
		if err != nil {
			t.Fatal(err)
		}
		// A slot is free again while its answer is written, so under way, next or being
		// written can be what all callers are at.
		if store.Lost() > callers {
			t.Errorf("%d lost, though only %d ask", store.Lost(), callers)
		}
		lost += store.Lost()
		offline := newClient(t, s.URL, func(c *Config) { c.Store, c.Offline = store, true })
		for i, text := range handedOut {
			if r, err := offline.Chat(t.Context(), question(i)); err != nil || r.Text != text {
				t.Errorf("question %d had the answer %q, and now %+v, %v", i, text, r, err)
			}
		}
		entries, ends := 0, map[string]int{}
		if err := store.Journal(func(e Entry) error {
			entries++
			ends[e.End]++
			return nil
		}); err != nil {
			t.Error(err)
		}
		if ends[Lost] != lost || ends[Answered]+ends[Lost] != entries || entries < s.Count() {
			t.Errorf("journal has %v, %d lost, the server had %d requests", ends, lost, s.Count())
		}
		spent, err := store.Spent()
		if err != nil || spent.Unknown != lost || spent.WorstUSD() < s.Totals().CostUSD || spent.Answers != ends[Answered] {
			t.Errorf("spent %+v, %v; the server has %+v", spent, err, s.Totals())
		}
		asked = entries
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}
	t.Logf("%d requests in 4 processes, %d answers handed out, %d lost", asked, len(handedOut), lost)

	again := 0
	for _, e := range s.Entries() {
		if e.Request.Seen > 0 {
			again++
		}
	}
	if again > lost {
		t.Errorf("%d were asked again, %d were lost", again, lost)
	}
}

// filled makes a store with answers and returns its bytes.
func filled(t *testing.T) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "journal.db")
	store, err := OpenStore(path)
	if err != nil {
		t.Fatal(err)
	}
	s := openaitest.Start(t, openaitest.Config{})
	c := newClient(t, s.URL, func(c *Config) { c.Store = store })
	for i := range 40 {
		if _, err := c.Chat(t.Context(), ChatRequest{Model: "m", User: fmt.Sprint(i, strings.Repeat(" long", 100))}); err != nil {
			t.Fatal(err)
		}
	}
	var used int64 // bytes: behind them is room to grow
	if err := store.view(func(tx *bolt.Tx) error { used = tx.Size(); return nil }); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw[:used]
}

// Whatever stands in the file, there is an error and no panic.
func TestDamagedStore(t *testing.T) {
	good := filled(t)
	noise := func(n int) []byte {
		b := make([]byte, n)
		random := rand.NewChaCha8([32]byte{1})
		_, _ = random.Read(b)
		return b
	}
	database := func(change func(*bolt.Tx) error) []byte {
		path := filepath.Join(t.TempDir(), "other.db")
		db, err := bolt.Open(path, 0o600, nil)
		if err == nil {
			err = errors.Join(db.Update(change), db.Close())
		}
		if err != nil {
			t.Fatal(err)
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	overwritten := bytes.Clone(good)
	copy(overwritten[2*os.Getpagesize():], noise(len(good)-2*os.Getpagesize()))
	for name, c := range map[string]struct {
		content []byte
		message string
	}{
		"whole":         {good, ""},
		"text":          {[]byte("prompt,answer\n"), ""},
		"noise":         {noise(100_000), ""},
		"zeros":         {make([]byte, 100_000), ""},
		"one page":      {good[:os.Getpagesize()], ""},
		"half":          {good[:len(good)/2], ""},
		"a page less":   {good[:len(good)-os.Getpagesize()], ""},
		"pages of junk": {overwritten, ""},
		"newer": {database(func(tx *bolt.Tx) error {
			b, err := tx.CreateBucket([]byte(metaBucket))
			if err != nil {
				return err
			}
			return b.Put([]byte(versionKey), []byte("2"))
		}), `expected version 1, found "2"`},
		"another program's": {database(func(tx *bolt.Tx) error {
			_, err := tx.CreateBucket([]byte("settings"))
			return err
		}), "another program"},
	} {
		path := filepath.Join(t.TempDir(), "journal.db")
		if err := os.WriteFile(path, c.content, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := OpenStore(path)
		if name == "whole" {
			if err != nil || s.Close() != nil {
				t.Errorf("%s: got %v", name, err)
			}
			continue
		}
		if !errors.Is(err, ErrStore) || !strings.Contains(err.Error(), c.message) || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "in use") {
			t.Errorf("%s: got %v", name, err)
		}
		if after, err := os.ReadFile(path); name == "another program's" && (err != nil || !bytes.Equal(after, c.content)) {
			t.Errorf("%s: the file was changed, %v", name, err)
		}
	}

	for _, path := range []string{t.TempDir(), filepath.Join(t.TempDir(), "no", "such", "folder")} {
		if _, err := OpenStore(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("got %v", err)
		}
	}
}

func TestStoreInUse(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal.db")
	first := openStore(t, path)
	begun := time.Now()
	_, err := OpenStore(path)
	if !errors.Is(err, ErrStore) || !strings.Contains(err.Error(), path+" is in use by another process") || time.Since(begun) > 5*time.Second {
		t.Errorf("got %v after %v", err, time.Since(begun))
	}
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	if err := first.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
	if s, err := OpenStore(path); err != nil || s.Close() != nil {
		t.Error(err)
	}
	// After it was closed nothing is sent, and nothing panics.
	s := openaitest.Start(t, openaitest.Config{})
	c := newClient(t, s.URL, func(c *Config) { c.Store = first })
	if _, err := c.Chat(t.Context(), ChatRequest{Model: "m", User: "hi"}); !errors.Is(err, errClosed) || s.Count() != 0 {
		t.Errorf("closed: %v after %d requests", err, s.Count())
	}
	if _, err := first.begin(Entry{}, key{}); !errors.Is(err, errClosed) {
		t.Errorf("closed: %v", err)
	}
	if _, err := first.Spent(); !errors.Is(err, errClosed) {
		t.Errorf("closed: %v", err)
	}
	var none *Store
	if spent, err := none.Spent(); err != nil || spent != (Spend{}) || none.Lost() != 0 || none.Close() != nil {
		t.Errorf("none: %+v, %v", spent, err)
	}
}

// Many write, read, and read the journal at a time, while it is closed.
func TestStoreAtOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal.db")
	s, err := OpenStore(path)
	if err != nil {
		t.Fatal(err)
	}
	const workers, each = 16, 60
	kept := make([]map[key]bool, workers)
	var wg sync.WaitGroup
	for w := range workers {
		kept[w] = map[key]bool{}
		wg.Go(func() {
			for i := range each {
				k := key{byte(w), byte(i), byte(i >> 8)}
				number, err := s.begin(Entry{Model: "m", Attempt: 1}, k)
				if err == nil {
					err = s.answered(number, k, &ChatReply{Text: fmt.Sprint(w, i)}, time.Now(), Usage{CostUSD: pointer(token)}, Price{})
				}
				if err == nil {
					kept[w][k] = true
					var h *held
					if h, err = s.get(k); err == nil && h == nil {
						t.Errorf("%v is not there", k)
					}
				}
				if err == nil && i%20 == 0 {
					_, err = s.Spent()
				}
				if err != nil && !errors.Is(err, errClosed) {
					t.Error(err)
				}
				if w == 0 && i == each-10 {
					if err := s.Close(); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	s = openStore(t, path)
	n := 0
	for w := range workers {
		for k := range maps.Keys(kept[w]) {
			n++
			if h, err := s.get(k); err != nil || h == nil {
				t.Errorf("%v was written and is gone: %v", k, err)
			}
		}
	}
	spent, err := s.Spent()
	if err != nil || spent.BilledUSD < float64(n)*token || spent.Unknown != s.Lost() || spent.Requests != spent.Answers+s.Lost() || n < workers*each/4 {
		t.Errorf("%d kept, spent %+v, %d lost, %v", n, spent, s.Lost(), err)
	}
}

// What is under way is kept in pages that the file has, so an answer also is where
// the disk fills up.
func TestAnswersHaveRoom(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	s := openStore(t, path)
	used := func() (bytes int64) {
		t.Helper()
		if err := s.view(func(tx *bolt.Tx) error { bytes = tx.Size(); return nil }); err != nil {
			t.Fatal(err)
		}
		return bytes
	}
	const rounds, atOnce = 40, 8
	text := strings.Repeat("An answer. ", 8<<10) // 90 kB
	for round := range rounds {
		var numbers [atOnce]uint64
		for i := range numbers {
			n, err := s.begin(Entry{Model: "m"}, key{byte(round), byte(i)})
			if err != nil {
				t.Fatal(err)
			}
			numbers[i] = n
		}
		before := used()
		for i, n := range numbers {
			if err := s.answered(n, key{byte(round), byte(i)}, text, time.Now(), Usage{}, Price{}); err != nil {
				t.Fatal(err)
			}
		}
		if after := used(); after > before {
			t.Fatalf("round %d: %d bytes more for answers", round, after-before)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openStore(t, path)
	for round := range rounds {
		if h, err := s.get(key{byte(round), atOnce - 1}); err != nil || h == nil || len(h.Answer) != len(text)+2 {
			t.Fatalf("round %d: %v, %v", round, h, err)
		}
	}
}

// Where the file cannot grow, nothing is sent any more, and all that was sent
// before is kept.
func TestNothingIsSentWithoutRoom(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	s := openStore(t, path)
	if n, err := s.begin(Entry{}, key{}); err != nil || s.withdraw(n) != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	s.db.MaxSize = int(info.Size())
	text := strings.Repeat("An answer. ", 8<<10)
	kept := 0
	for {
		n, err := s.begin(Entry{Model: "m"}, key{byte(kept)})
		if err != nil {
			if !errors.Is(err, berrors.ErrMaxSizeReached) || !strings.Contains(err.Error(), "writing the journal of answers") {
				t.Error(err)
			}
			break
		}
		if err := s.answered(n, key{byte(kept)}, text, time.Now(), Usage{}, Price{}); err != nil {
			t.Fatalf("after %d: %v", kept, err)
		}
		kept++
	}
	spent, err := s.Spent()
	if err != nil || kept < 10 || kept > mostSpare/len(text) || spent.Requests != kept || spent.Answers != kept {
		t.Errorf("%d kept, %+v, %v", kept, spent, err)
	}
}

// A change that fails takes no other with it.
func TestChangeFails(t *testing.T) {
	s := newStore(t)
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			err := s.update(func(tx *bolt.Tx) error {
				if i%50 == 7 {
					return errors.New("no")
				}
				return put(tx.Bucket([]byte(heldBucket)), []byte{byte(i), 1}, i)
			})
			if (err != nil) != (i%50 == 7) {
				t.Errorf("%d: %v", i, err)
			}
		})
	}
	wg.Wait()
}

func TestJournalInParts(t *testing.T) {
	s := newStore(t)
	var wg sync.WaitGroup
	for range 2500 {
		wg.Go(func() {
			if _, err := s.begin(Entry{Model: "m"}, key{}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	n := 0
	if err := s.Journal(func(Entry) error { n++; return nil }); err != nil || n != 2500 {
		t.Errorf("%d entries, %v", n, err)
	}
	if err := s.Journal(func(Entry) error { return io.EOF }); err != io.EOF {
		t.Errorf("got %v", err)
	}
}

func TestVectorsJSON(t *testing.T) {
	for _, text := range []string{`["AAAA"]`, `["?"]`, `[1]`, `{}`} {
		var v vectors
		if err := json.Unmarshal([]byte(text), &v); err == nil {
			t.Errorf("%s: got %v", text, v)
		}
	}
}
