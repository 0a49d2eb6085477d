package s3

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/storage"
)

func newServer(t *testing.T, handle http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(handle)
	t.Cleanup(s.Close)
	return s.URL
}

func TestEndpointIsAddressOrURL(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		endpoint string
		secure   bool
		host     string
		tls, ok  bool
	}{
		{"10.0.0.1:9000", false, "10.0.0.1:9000", false, true},
		{"s3.example.cn", true, "s3.example.cn", true, true},
		{"http://10.0.0.1:9000", true, "10.0.0.1:9000", false, true},
		{"https://s3.example.cn/", false, "s3.example.cn", true, true},
		{"ftp://s3.example.cn", false, "", false, false},
		{"https://s3.example.cn/bucket", false, "", false, false},
	} {
		host, tls, err := endpoint(Config{Endpoint: c.endpoint, Secure: c.secure})
		if host != c.host || tls != c.tls || (err == nil) != c.ok {
			t.Errorf("%s: %q, TLS %t, error %v", c.endpoint, host, tls, err)
		}
	}
}

func TestServerThatIsAwayIsUnavailable(t *testing.T) {
	t.Parallel()
	cfg := Config{Endpoint: "127.0.0.1:1", Bucket: bucket, AccessKey: "a", SecretKey: "s", Timeout: 300 * time.Millisecond}
	if _, err := Open(t.Context(), cfg); !errors.Is(err, storage.ErrUnavailable) {
		t.Fatalf("got %v", err)
	}
}

func TestOverloadedServerIsUnavailable(t *testing.T) {
	t.Parallel()
	url := newServer(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	cfg := Config{Endpoint: url, Bucket: bucket, AccessKey: "a", SecretKey: "s", Timeout: 200 * time.Millisecond}
	if _, err := Open(t.Context(), cfg); !errors.Is(err, storage.ErrUnavailable) {
		t.Fatalf("got %v", err)
	}
}

// A download whose bytes stop coming must not hold its reader for ever.
func TestStalledDownloadIsUnavailable(t *testing.T) {
	t.Parallel()
	stop := make(chan struct{})
	url := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.URL.Path, "/test/") {
			io.WriteString(w, "<ListMultipartUploadsResult/>") // the bucket is there, and empty
			return
		}
		w.Header().Set("Content-Length", "1000")
		w.Header().Set("Last-Modified", time.Now().UTC().Format(http.TimeFormat))
		w.Write([]byte("some"))
		w.(http.Flusher).Flush()
		<-stop
	})
	t.Cleanup(func() { close(stop) })
	cfg := Config{Endpoint: url, Bucket: bucket, AccessKey: "a", SecretKey: "s", Timeout: 200 * time.Millisecond}
	s := open(t, cfg)
	r, err := s.Get(t.Context(), storage.NewKey("test"), 0, -1)
	check(t, err)
	defer r.Close()
	b := make([]byte, 1000)
	n, err := r.Read(b)
	for err == nil {
		var more int
		more, err = r.Read(b[n:])
		n += more
	}
	if n != 4 || !errors.Is(err, storage.ErrUnavailable) {
		t.Fatalf("%d bytes, then %v", n, err)
	}
}
