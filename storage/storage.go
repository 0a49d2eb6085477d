// Package storage is the step that keeps bytes: what arrived goes in once, is
// made durable, and is read back exactly or not at all.
//
// Objects is the port; disk and s3 are its backends, storagetest its contract
// as a test. Two ways lead in. Create writes one object under a key that the
// caller fixed beforehand in a row. Append takes in one instance whose size
// nobody knows yet, and Sync makes a whole group of them durable for the price
// of one flush or one request; where each lies is told afterwards by its Ref.
//
// The package knows no alliance, no study and no row, and never changes a byte
// that it has once called durable.
package storage

import (
	"context"
	"errors"
	"io"
	"time"
)

// What can be wrong with an object. Backends wrap these with the key.
var (
	// ErrNotFound: there is no object under this key.
	ErrNotFound = errors.New("object not found")
	// ErrConflict: the key is taken, or the object is still being written.
	ErrConflict = errors.New("object exists or is in use")
	// ErrCorrupt: the bytes are not those that were stored.
	ErrCorrupt = errors.New("object is corrupt")
	// ErrUnavailable: nothing is wrong with the request, the store cannot serve
	// it now (server away, disk full). Trying again later may succeed.
	ErrUnavailable = errors.New("object store unavailable")
	// ErrClosed: the store was closed.
	ErrClosed = errors.New("object store is closed")
)

// Ref says where the bytes of one part lie: Length bytes from Offset in the
// object under Key.
type Ref struct {
	Key            Key
	Offset, Length int64
}

// Objects is what a hub needs of an object store. Keys are made by the hub.
// Implementations are safe for concurrent use and pass storagetest.Run.
type Objects interface {
	// Create opens a new object under k. The size need not be known. Nothing is
	// visible under k before Commit. If there is an object already, Create or
	// at the latest Commit returns ErrConflict and that object stays as it is.
	// ctx covers the writer's whole life.
	Create(ctx context.Context, k Key) (Writer, error)
	// Get returns bytes [off, off+n) under k, all from off if n < 0;
	// ErrNotFound if there is no such object. What lies beyond the end is left
	// out, so such a reader just ends early. A negative off is an error.
	Get(ctx context.Context, k Key, off, n int64) (io.ReadCloser, error)
	// Size returns the length in bytes of the object under k, or ErrNotFound.
	Size(ctx context.Context, k Key) (int64, error)
	// Delete removes the object under k, or returns ErrNotFound; ErrConflict if
	// parts that are not yet durable lie in it. A caller writes its tombstone
	// row first, and leaves objects alone that were changed lately (List tells
	// when): rows that refer to them may not be committed yet.
	Delete(ctx context.Context, k Key) error
	// List calls fn with key, size and time of last change of every object whose
	// key starts with prefix, in no particular order. An error of fn ends the
	// list and is returned. Objects that come or go meanwhile may be missed.
	List(ctx context.Context, prefix string, fn func(Key, int64, time.Time) error) error
	// Append opens a part for one instance of unknown size. ctx covers the
	// part's life up to Done.
	Append(ctx context.Context) (Part, error)
	// Sync makes the given finished parts durable together. After an error none
	// of them may be relied upon; each is then given to Sync again or
	// discarded. Parts that are durable already are left alone.
	Sync(ctx context.Context, parts []Part) error
	// Close ends the store. Parts that were not synced are lost.
	Close() error
}

// Writer hashes while writing. After Commit the bytes are durable; after Abort,
// an error or a cancelled ctx, nothing of them remains. A Writer is used by one
// goroutine.
type Writer interface {
	io.Writer
	// Commit makes the object durable and visible.
	Commit() (Digest, error)
	// Abort throws the bytes away. After Commit it does nothing, so that it can
	// be deferred.
	Abort() error
}

// Part is one instance on its way in. A Part is used by one goroutine at a time.
type Part interface {
	io.Writer
	// Done says that no more bytes come. The part can then be synced.
	Done() error
	// Ref is where the bytes lie, valid after Sync.
	Ref() Ref
	// Sum is the digest of all bytes written, valid after Done.
	Sum() Digest
	// Size is the number of bytes written.
	Size() int64
	// Discard gives the part up and frees what it holds. After Sync it does
	// nothing, so that it can be deferred.
	Discard()
}
