// Package s3 keeps objects in a bucket of any S3 server: MinIO, Ceph, a cloud.
//
// An object of Create is one object, by one PUT up to 5 MiB and by multipart
// beyond. Small parts of Append wait in memory until Sync puts them together
// into one object: a request costs a round trip, whatever its size. Nothing is
// ever overwritten: every write carries If-None-Match: *.
package s3

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/yuanzhen/yuanzhen/storage"
	"github.com/yuanzhen/yuanzhen/storage/internal/chunk"
)

const (
	// DefaultTimeout is how long a request and its repetitions may take.
	DefaultTimeout = 30 * time.Second
	// maxRetries is how often one request is tried; the pauses in between grow
	// to a second, so a gateway that restarts goes unnoticed.
	maxRetries = 5
	dialTime   = 5 * time.Second
	// maxIdleConns is how many connections are kept for the next request.
	maxIdleConns = 64
	// staleAfter is when an unfinished multipart upload has lost its writer.
	staleAfter = 24 * time.Hour
)

// Config says where the bucket is and who we are there.
type Config struct {
	// Endpoint is host:port, or a URL whose scheme then stands for Secure.
	Endpoint string
	// Region is us-east-1 if empty.
	Region string
	// Bucket is addressed in path style and made if it is missing.
	Bucket string
	// Prefix is put before every key, with a slash in between; it may be empty.
	Prefix               string
	AccessKey, SecretKey string
	// Secure is for TLS.
	Secure bool
	// Timeout of one request with its repetitions, and of a download that has
	// stalled; DefaultTimeout if zero.
	Timeout time.Duration
}

// Store is a bucket, or what lies below a prefix of it. It implements
// storage.Objects.
type Store struct {
	core    *minio.Core
	tr      *http.Transport
	bucket  string
	prefix  string // "" or ending in a slash
	timeout time.Duration
	chunks  chunk.Pool
	closed  atomic.Bool
}

var _ storage.Objects = (*Store)(nil)

// Open connects, makes the bucket if it is missing and gives up multipart
// uploads that were left unfinished for a day.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	host, secure, err := endpoint(cfg)
	if err != nil {
		return nil, err
	}
	s := &Store{bucket: cfg.Bucket, timeout: cfg.Timeout, prefix: strings.Trim(cfg.Prefix, "/")}
	if s.prefix != "" {
		s.prefix += "/"
	}
	if s.timeout <= 0 {
		s.timeout = DefaultTimeout
	}
	if cfg.Region == "" {
		cfg.Region = "us-east-1"
	}
	if s.tr, err = minio.DefaultTransport(secure); err != nil {
		return nil, fmt.Errorf("object store %s: %w", host, err)
	}
	s.tr.DialContext = (&net.Dialer{Timeout: dialTime}).DialContext
	s.tr.ResponseHeaderTimeout = s.timeout
	s.tr.MaxIdleConnsPerHost = maxIdleConns
	s.core, err = minio.NewCore(host, &minio.Options{
		Creds:        credentials.NewStaticV4(cfg.AccessKey, cfg.SecretKey, ""),
		Secure:       secure,
		Region:       cfg.Region,
		BucketLookup: minio.BucketLookupPath,
		Transport:    s.tr,
		MaxRetries:   maxRetries,
	})
	if err != nil {
		return nil, fmt.Errorf("object store %s: %w", host, err)
	}
	if err := s.prepare(ctx, cfg.Region); err != nil {
		s.tr.CloseIdleConnections()
		return nil, err
	}
	return s, nil
}

func endpoint(cfg Config) (host string, secure bool, err error) {
	if !strings.Contains(cfg.Endpoint, "://") {
		return cfg.Endpoint, cfg.Secure, nil
	}
	u, err := url.Parse(cfg.Endpoint)
	if err != nil {
		return "", false, fmt.Errorf("object store endpoint: %w", err)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" {
		return "", false, fmt.Errorf("object store endpoint %s: not http(s)://host[:port]", u.Redacted())
	}
	return u.Host, u.Scheme == "https", nil
}

func (s *Store) prepare(ctx context.Context, region string) error {
	limited, cancel := s.limit(ctx)
	defer cancel()
	what := "bucket " + s.bucket
	there, err := s.core.BucketExists(limited, s.bucket)
	if err != nil {
		return classify(ctx, what, err)
	}
	if !there {
		err := s.core.MakeBucket(limited, s.bucket, minio.MakeBucketOptions{Region: region})
		if err != nil && code(err) != minio.BucketAlreadyOwnedByYou {
			return classify(ctx, what, err)
		}
	}
	for u := range s.core.ListIncompleteUploads(limited, s.bucket, s.prefix, true) {
		if code(u.Err) == minio.AccessDenied {
			break // a key may be allowed to write without seeing uploads of others
		}
		if u.Err != nil {
			return classify(ctx, what, u.Err)
		}
		if time.Since(u.Initiated) < staleAfter {
			continue
		}
		if err := s.core.AbortMultipartUpload(limited, s.bucket, u.Key, u.UploadID); err != nil &&
			code(err) != minio.NoSuchUpload {
			return classify(ctx, what, err)
		}
	}
	return nil
}

// name is the object's name in the bucket.
func (s *Store) name(k storage.Key) (string, error) {
	if err := k.Validate(); err != nil {
		return "", err
	}
	return s.prefix + string(k), nil
}

// limit bounds one request, repetitions included.
func (s *Store) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, s.timeout)
}

// Size implements storage.Objects.
func (s *Store) Size(ctx context.Context, k storage.Key) (int64, error) {
	info, err := s.stat(ctx, k)
	return info.Size, err
}

func (s *Store) stat(ctx context.Context, k storage.Key) (minio.ObjectInfo, error) {
	name, err := s.name(k)
	if err != nil {
		return minio.ObjectInfo{}, err
	}
	limited, cancel := s.limit(ctx)
	defer cancel()
	info, err := s.core.StatObject(limited, s.bucket, name, minio.StatObjectOptions{})
	if err != nil {
		return minio.ObjectInfo{}, classify(ctx, string(k), err)
	}
	return info, nil
}

// Delete implements storage.Objects. S3 itself does not say whether there was
// an object, so this asks first.
func (s *Store) Delete(ctx context.Context, k storage.Key) error {
	if _, err := s.stat(ctx, k); err != nil {
		return err
	}
	limited, cancel := s.limit(ctx)
	defer cancel()
	if err := s.core.RemoveObject(limited, s.bucket, s.prefix+string(k), minio.RemoveObjectOptions{}); err != nil {
		return classify(ctx, string(k), err)
	}
	return nil
}

// List implements storage.Objects, in the order of the keys. Objects that the
// hub did not make are left out.
func (s *Store) List(ctx context.Context, prefix string, fn func(storage.Key, int64, time.Time) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	listCtx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watch := time.AfterFunc(s.timeout, func() { cancel(errStalled) })
	defer watch.Stop()
	objects := s.core.ListObjectsIter(listCtx, s.bucket, minio.ListObjectsOptions{Prefix: s.prefix + prefix, Recursive: true})
	for o := range objects {
		watch.Stop() // the caller may take its time
		if o.Err != nil {
			return classify(ctx, fmt.Sprintf("list of %q", prefix), o.Err)
		}
		k := storage.Key(strings.TrimPrefix(o.Key, s.prefix))
		if k.Validate() == nil {
			if err := fn(k, o.Size, o.LastModified); err != nil {
				return err
			}
		}
		watch.Reset(s.timeout)
	}
	if err := context.Cause(listCtx); err != nil {
		return classify(ctx, fmt.Sprintf("list of %q", prefix), err)
	}
	return nil
}

// Close implements storage.Objects. Requests that run are not interrupted.
func (s *Store) Close() error {
	s.closed.Store(true)
	s.tr.CloseIdleConnections()
	return nil
}

// code is the S3 error code of err, "" if it is none.
func code(err error) string {
	var e minio.ErrorResponse
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// classify turns what a request failed with into what a caller can act upon.
// ctx is the caller's own: if that has ended, the server is not to blame.
func classify(ctx context.Context, what string, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", what, context.Cause(ctx))
	}
	var e minio.ErrorResponse
	if !errors.As(err, &e) { // no answer: refused, timed out, cut off
		return fmt.Errorf("%s: %w: %w", what, storage.ErrUnavailable, err)
	}
	switch {
	case e.Code == minio.NoSuchKey:
		return fmt.Errorf("%s: %w", what, storage.ErrNotFound)
	case e.StatusCode == http.StatusPreconditionFailed, e.Code == minio.PreconditionFailed:
		return fmt.Errorf("%s: %w", what, storage.ErrConflict)
	case e.StatusCode >= 500, e.StatusCode == http.StatusTooManyRequests, e.StatusCode == http.StatusRequestTimeout:
		return fmt.Errorf("%s: %w: %s (HTTP %d)", what, storage.ErrUnavailable, e.Code, e.StatusCode)
	}
	return fmt.Errorf("%s: %s (HTTP %d): %w", what, e.Code, e.StatusCode, err)
}
