package s3

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/storage"
	"github.com/yuanzhen/yuanzhen/storage/storagetest"
)

const bucket = "yuanzhen-test"

// server is where a real S3 server listens. scripts/s3-ceph.sh starts one.
func server(t testing.TB) Config {
	t.Helper()
	cfg := Config{
		Endpoint:  os.Getenv("YUANZHEN_TEST_S3_ENDPOINT"),
		Region:    os.Getenv("AWS_REGION"),
		Bucket:    bucket,
		AccessKey: os.Getenv("AWS_ACCESS_KEY_ID"),
		SecretKey: os.Getenv("AWS_SECRET_ACCESS_KEY"),
	}
	if cfg.Endpoint == "" {
		t.Skip("no S3 server here (set YUANZHEN_TEST_S3_ENDPOINT, or see scripts/s3-ceph.sh): S3 checks skipped")
	}
	return cfg
}

// open opens a store that nobody else uses.
func open(t testing.TB, cfg Config) *Store {
	t.Helper()
	if cfg.Prefix == "" {
		cfg.Prefix = storage.NewID()
	}
	s, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestS3KeepsTheContract(t *testing.T) {
	t.Parallel()
	cfg := server(t)
	storagetest.Run(t, func(t *testing.T) storage.Objects { return open(t, cfg) })
}

func TestS3KeepsItsBytesOverRestarts(t *testing.T) {
	t.Parallel()
	cfg := server(t)
	storagetest.Reopened(t, func(t *testing.T) func() storage.Objects {
		cfg := cfg
		cfg.Prefix = storage.NewID()
		return func() storage.Objects { return open(t, cfg) }
	})
}

func TestBucketIsMadeWhenMissing(t *testing.T) {
	t.Parallel()
	cfg := server(t)
	cfg.Bucket = "made-" + storage.NewID()
	s := open(t, cfg)
	storagetest.PutObject(t, s, storage.NewKey("test"), []byte("x"))
	check(t, s.Close())
	open(t, cfg)
}

func TestPartsOfOneGroupAreOneRequest(t *testing.T) {
	t.Parallel()
	line := newLine(t, server(t))
	s := open(t, line.config())
	var parts []storage.Part
	for i := range 10 {
		parts = append(parts, storagetest.PutPart(t, s, storagetest.Bytes(uint64(i), 525_000)))
	}
	before := line.requests.Load()
	check(t, s.Sync(t.Context(), parts))
	if n := line.requests.Load() - before; n != 1 {
		t.Errorf("a group of ten took %d requests", n)
	}
	for i, p := range parts {
		storagetest.WantPart(t, s, p.Ref(), storagetest.Bytes(uint64(i), 525_000))
	}
}

func TestLostAnswerIsNoConflict(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int{"one request": 1000, "multipart": 6 << 20} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			line := newLine(t, server(t))
			s := open(t, line.config())
			k, want := storage.NewKey("test"), storagetest.Bytes(1, size)
			w, err := s.Create(t.Context(), k)
			check(t, err)
			_, err = w.Write(want)
			check(t, err)
			line.loseCommit.Store(true)
			_, err = w.Commit()
			check(t, err)
			if line.loseCommit.Load() {
				t.Fatal("no answer got lost")
			}
			if n, err := s.Size(t.Context(), k); err != nil || n != int64(size) {
				t.Fatalf("size %d, error %v", n, err)
			}
		})
	}
}

func TestOutageIsUnavailableAndThenOver(t *testing.T) {
	t.Parallel()
	line := newLine(t, server(t))
	s := open(t, line.config())
	k := storage.NewKey("test")
	storagetest.PutObject(t, s, k, []byte("before"))
	part := storagetest.PutPart(t, s, []byte("in memory"))

	line.dead.Store(true)
	s.timeout = 300 * time.Millisecond
	for what, err := range map[string]error{
		"Sync":   s.Sync(t.Context(), []storage.Part{part}),
		"Create": put(t, s),
		"Get":    second(s.Get(t.Context(), k, 0, -1)),
		"Size":   second(s.Size(t.Context(), k)),
		"List":   s.List(t.Context(), "", func(storage.Key, int64, time.Time) error { return nil }),
	} {
		if !errors.Is(err, storage.ErrUnavailable) {
			t.Errorf("%s during the outage: %v", what, err)
		}
	}

	line.dead.Store(false)
	s.timeout = DefaultTimeout
	check(t, s.Sync(t.Context(), []storage.Part{part}))
	storagetest.WantPart(t, s, part.Ref(), []byte("in memory"))
}

func TestCallerWhoGivesUpIsNotToldOfAnOutage(t *testing.T) {
	t.Parallel()
	line := newLine(t, server(t))
	s := open(t, line.config())
	part := storagetest.PutPart(t, s, []byte("in memory"))
	defer part.Discard()
	line.dead.Store(true)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := s.Sync(ctx, []storage.Part{part})
	if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, storage.ErrUnavailable) {
		t.Fatalf("got %v", err)
	}
}

func TestAbortedUploadLeavesNoPieces(t *testing.T) {
	t.Parallel()
	s := open(t, server(t))
	w, err := s.Create(t.Context(), storage.NewKey("test"))
	check(t, err)
	_, err = w.Write(storagetest.Bytes(1, 11<<20))
	check(t, err)
	if n := unfinished(t, s); n != 1 {
		t.Fatalf("%d uploads are under way, want 1", n)
	}
	check(t, w.Abort())
	if n := unfinished(t, s); n != 0 {
		t.Fatalf("%d uploads are left", n)
	}
}

func TestWrongSecretSaysSo(t *testing.T) {
	t.Parallel()
	cfg := server(t)
	cfg.SecretKey = "wrong"
	_, err := Open(t.Context(), cfg)
	if err == nil || errors.Is(err, storage.ErrUnavailable) || !strings.Contains(err.Error(), "403") {
		t.Fatalf("got %v", err)
	}
}

func unfinished(t *testing.T, s *Store) int {
	t.Helper()
	n := 0
	for u := range s.core.ListIncompleteUploads(t.Context(), s.bucket, s.prefix, true) {
		check(t, u.Err)
		n++
	}
	return n
}

func put(t *testing.T, s *Store) error {
	w, err := s.Create(t.Context(), storage.NewKey("test"))
	check(t, err)
	_, err = w.Commit()
	return err
}

func second[T any](_ T, err error) error { return err }

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// line is a bad network in front of the server.
type line struct {
	cfg        Config
	proxy      *httputil.ReverseProxy
	requests   atomic.Int64
	dead       atomic.Bool // requests get no answer
	loseCommit atomic.Bool // the next request that ends an object is done, its answer lost
}

func newLine(t *testing.T, cfg Config) *line {
	t.Helper()
	target, err := url.Parse(cfg.Endpoint)
	check(t, err)
	l := &line{cfg: cfg}
	l.proxy = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host // it is signed
		},
		ErrorLog: log.New(io.Discard, "", 0), // of clients that gave up
	}
	stop := make(chan struct{})
	front := newServer(t, func(w http.ResponseWriter, r *http.Request) { l.serve(w, r, stop) })
	t.Cleanup(func() { close(stop) }) // before the server waits for its handlers
	l.cfg.Endpoint = front
	return l
}

func (l *line) config() Config { return l.cfg }

func (l *line) serve(w http.ResponseWriter, r *http.Request, stop <-chan struct{}) {
	l.requests.Add(1)
	if l.dead.Load() {
		select {
		case <-r.Context().Done():
		case <-stop:
		}
		return
	}
	ends := r.Header.Get("If-None-Match") == "*"
	if ends && l.loseCommit.CompareAndSwap(true, false) {
		l.proxy.ServeHTTP(nowhere{http.Header{}}, r)
		panic(http.ErrAbortHandler)
	}
	l.proxy.ServeHTTP(w, r)
}

// nowhere takes an answer that the client never gets.
type nowhere struct{ header http.Header }

func (n nowhere) Header() http.Header         { return n.header }
func (n nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (n nowhere) WriteHeader(int)             {}
