package s3

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/minio/minio-go/v7"

	"github.com/yuanzhen/yuanzhen/storage"
	"github.com/yuanzhen/yuanzhen/storage/internal/chunk"
)

const (
	// pieceSize is the length of every piece of a multipart upload but the last,
	// the least that S3 allows, and what a part may take of memory.
	pieceSize = 5 << 20
	// maxPieces is S3's limit, so the longest object has 48.8 GiB.
	maxPieces = 10_000
	// writerField holds, in the object's metadata, who wrote it.
	writerField = "Writer"
)

// options marks a new object with its writer and forbids to replace another.
func options(writer string) minio.PutObjectOptions {
	opts := minio.PutObjectOptions{
		UserMetadata: map[string]string{writerField: writer},
		// The payload's hash is given, minio-go need not hash once more.
		DisableContentSha256: true,
	}
	opts.SetMatchETagExcept("*")
	return opts
}

// put stores lists one after the other under k by one request, with their
// SHA-256, which the server checks.
func (s *Store) put(ctx context.Context, k storage.Key, lists ...*chunk.List) error {
	name, err := s.name(k)
	if err != nil {
		return err
	}
	limited, cancel := s.limit(ctx)
	defer cancel()
	body := chunk.NewReader(lists...)
	sum, err := sha256Of(body)
	if err != nil {
		return err
	}
	writer := storage.NewID()
	_, err = s.core.PutObject(limited, s.bucket, name, body, body.Size(), "", sum, options(writer))
	return s.settle(ctx, k, writer, err)
}

// settle judges how the last request of an upload went. If the answer to an
// attempt got lost, the next attempt meets the object that the first one made:
// that is not a conflict.
func (s *Store) settle(ctx context.Context, k storage.Key, writer string, err error) error {
	if err == nil {
		return nil
	}
	err = classify(ctx, string(k), err)
	var e minio.ErrorResponse
	gone := errors.As(err, &e) && e.Code == minio.NoSuchUpload
	if !gone && !errors.Is(err, storage.ErrConflict) {
		return err
	}
	info, statErr := s.stat(ctx, k)
	switch {
	case statErr == nil && info.UserMetadata[writerField] == writer:
		return nil
	case statErr == nil:
		return fmt.Errorf("%s: %w", k, storage.ErrConflict)
	}
	return errors.Join(err, statErr)
}

// multipart is an upload of more than pieceSize bytes.
type multipart struct {
	store  *Store
	key    storage.Key
	name   string
	id     string
	writer string
	pieces []minio.CompletePart
}

func (s *Store) startMultipart(ctx context.Context, k storage.Key) (*multipart, error) {
	name, err := s.name(k)
	if err != nil {
		return nil, err
	}
	limited, cancel := s.limit(ctx)
	defer cancel()
	m := &multipart{store: s, key: k, name: name, writer: storage.NewID()}
	opts := minio.PutObjectOptions{UserMetadata: map[string]string{writerField: m.writer}}
	if m.id, err = s.core.NewMultipartUpload(limited, s.bucket, name, opts); err != nil {
		return nil, classify(ctx, string(k), err)
	}
	return m, nil
}

// send uploads l as the next piece.
func (m *multipart) send(ctx context.Context, l *chunk.List) error {
	number := len(m.pieces) + 1
	if number > maxPieces {
		return fmt.Errorf("%s: longer than %d pieces of %d bytes", m.key, maxPieces, pieceSize)
	}
	body := chunk.NewReader(l)
	sum, err := sha256Of(body)
	if err != nil {
		return err
	}
	limited, cancel := m.store.limit(ctx)
	defer cancel()
	piece, err := m.store.core.PutObjectPart(limited, m.store.bucket, m.name, m.id, number, body, body.Size(),
		minio.PutObjectPartOptions{Sha256Hex: sum, DisableContentSha256: true})
	if err != nil {
		return classify(ctx, fmt.Sprintf("%s, piece %d", m.key, number), err)
	}
	m.pieces = append(m.pieces, minio.CompletePart{PartNumber: number, ETag: piece.ETag})
	return nil
}

// complete makes the object out of its pieces.
func (m *multipart) complete(ctx context.Context) error {
	limited, cancel := m.store.limit(ctx)
	defer cancel()
	_, err := m.store.core.CompleteMultipartUpload(limited, m.store.bucket, m.name, m.id, m.pieces, options(m.writer))
	return m.store.settle(ctx, m.key, m.writer, err)
}

// abort gives the pieces up, also when ctx has ended.
func (m *multipart) abort(ctx context.Context) error {
	limited, cancel := m.store.limit(context.WithoutCancel(ctx))
	defer cancel()
	err := m.store.core.AbortMultipartUpload(limited, m.store.bucket, m.name, m.id)
	if err != nil && code(err) != minio.NoSuchUpload {
		return classify(limited, string(m.key), err)
	}
	return nil
}

// sha256Of reads r to its end and rewinds it. The hash is in hexadecimal.
func sha256Of(r *chunk.Reader) (string, error) {
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return "", err
	}
	_, err := r.Seek(0, io.SeekStart)
	return hex.EncodeToString(h.Sum(nil)), err
}
