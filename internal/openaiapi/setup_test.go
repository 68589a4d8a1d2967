package openaiapi

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/routeproof/routeproof/internal/openaiapi/openaitest"
)

const (
	token   = 1.0 / (1 << 20) // USD: sums of it are exact
	testKey = "sk-test-0123456789abcdef/+"
)

// price is what a token costs at a server of these tests.
func price() Price {
	perM := token * 1e6
	return Price{&perM, &perM}
}

func newClient(t testing.TB, url string, configure ...func(*Config)) *Client {
	t.Helper()
	config := Config{BaseURL: url, Key: testKey, RetryWait: time.Millisecond, Retries: 2, Timeout: 20 * time.Second}
	for _, f := range configure {
		f(&config)
	}
	c, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func newStore(t testing.TB) *Store {
	t.Helper()
	return openStore(t, filepath.Join(t.TempDir(), "journal.db"))
}

func openStore(t testing.TB, path string) *Store {
	t.Helper()
	s, err := OpenStore(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func always(f openaitest.Fault) func(*openaitest.Request) openaitest.Fault {
	return func(*openaitest.Request) openaitest.Fault { return f }
}

// A scripted server answers every request with the same bytes.
type scripted struct {
	*httptest.Server
	count atomic.Int32
	body  atomic.Value // of the last request: map[string]any
}

func script(t testing.TB, status int, contentType, body string) *scripted {
	s := &scripted{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.count.Add(1)
		raw, _ := io.ReadAll(r.Body)
		var sent map[string]any
		if err := json.Unmarshal(raw, &sent); err != nil {
			t.Errorf("%v in %s", err, raw)
		}
		s.body.Store(sent)
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	return s
}

func pointer[T any](v T) *T { return &v }
