// Package upload is a way in for browsers and slow lines: resumable uploads
// (tus 1.0) whose offset is a row and whose bytes are objects of their own, so
// that any node continues what another began. A complete upload is judged by
// what it is (a DICOM file, an ECG, a CD as a ZIP archive) and handed to
// intake, which alone makes instances and recordings. A declaration (batch)
// says beforehand what will come, and becomes its receipt.
//
// The bytes of an upload are kept twice only until it is judged: each piece is
// an object made with Create, which can be deleted by itself. Parts made with
// Append share a segment with others and could not.
package upload

import (
	"context"
	"log/slog"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/intake"
	"github.com/yuanzhen/yuanzhen/internal/worklist"
	"github.com/yuanzhen/yuanzhen/storage"
)

// MaxSize bounds one upload, in bytes.
const MaxSize = 4 << 30

const (
	nameMost    = 400 // bytes of a file name with its folders
	sendersMost = 128 // uploads that are being received at one time on a node
)

// Service receives uploads. It is safe for concurrent use.
type Service struct {
	DB      *db.DB
	Objects storage.Objects
	Intake  *intake.Intake
	Work    *worklist.Service
	Log     *slog.Logger

	senders chan struct{} // one element an upload that is being received
}

// New returns a Service. Run sweeps; without it uploads that were complete
// when a node died stay unjudged.
func New(in *intake.Intake, work *worklist.Service) *Service {
	return &Service{DB: in.DB, Objects: in.Objects, Intake: in, Work: work, Log: in.Log, senders: make(chan struct{}, sendersMost)}
}

// Wanted is what a sender says of a new upload.
type Wanted struct {
	Size     int64
	Filename string // with folders; in a batch, the declared path
	Order    hub.OrderID
	Batch    hub.BatchID
}

// Create opens an upload. An empty one is judged at once.
//
// Errors: TooLarge above MaxSize; Invalid for a file its batch does not
// declare; NotFound for another member's order or batch.
func (s *Service) Create(ctx context.Context, actor hub.Actor, w Wanted) (*db.Upload, error) {
	const op = "upload.Create"
	if w.Size > MaxSize {
		return nil, hub.E(hub.TooLarge, op, "upload.too_large").With("most", int64(MaxSize))
	}
	if err := checkName(op, w.Filename); err != nil {
		return nil, err
	}
	u := &db.Upload{ID: hub.NewID[hub.UploadID](), Member: actor.Member, Account: actor.Account, Size: w.Size, Filename: w.Filename, Order: w.Order, Batch: w.Batch, State: "open"}
	err := s.DB.Tx(ctx, func(tx *db.Tx) error {
		if err := belongs(tx, actor, w); err != nil {
			return err
		}
		u.CreatedAt, u.TouchedAt = tx.Now(), tx.Now()
		return tx.InsertUpload(u)
	})
	if err != nil || u.Size > 0 {
		return u, err
	}
	return u, s.judge(ctx, actor, u)
}

func checkName(op, name string) error {
	if len(name) > nameMost || !utf8.ValidString(name) || strings.ContainsRune(name, 0) {
		return hub.Field(op, "filename", "want at most 400 bytes of UTF-8")
	}
	return nil
}

// belongs checks that order and batch are the sender's own and that the batch
// declares the file.
func belongs(tx *db.Tx, actor hub.Actor, w Wanted) error {
	const op = "upload.Create"
	if w.Order != "" {
		o, err := tx.Order(w.Order)
		if err != nil {
			return err
		}
		if o.Member != actor.Member {
			return hub.E(hub.NotFound, op, "not_found")
		}
	}
	if w.Batch == "" {
		return nil
	}
	if err := ownBatch(tx, actor, w.Batch); err != nil {
		return err
	}
	f, err := tx.BatchFile(w.Batch, w.Filename)
	switch {
	case hub.KindOf(err) == hub.NotFound:
		return hub.Field(op, "filename", "the batch does not declare this file")
	case err == nil && f.Size != w.Size:
		return hub.Field(op, "size", "differs from the declared one; declare the file anew")
	}
	return err
}

// Get returns an upload of the actor's member.
func (s *Service) Get(ctx context.Context, actor hub.Actor, id hub.UploadID) (*db.Upload, error) {
	u, err := s.DB.Read(ctx).Upload(id)
	if err == nil && u.Member != actor.Member {
		err = hub.E(hub.NotFound, "upload.Get", "not_found")
	}
	return u, err
}

// Expires is when an upload that nobody continues is swept.
func (s *Service) Expires(u *db.Upload) time.Time { return u.TouchedAt.Add(s.Work.Rules.UploadKeep) }

// Remove ends an upload: what it holds of an unjudged one is forgotten.
func (s *Service) Remove(ctx context.Context, actor hub.Actor, id hub.UploadID) error {
	if _, err := s.Get(ctx, actor, id); err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(tx *db.Tx) error {
		if err := tx.DropUploadParts(id); err != nil {
			return err
		}
		if err := tx.DeleteUpload(id); err != nil {
			return err
		}
		return tx.Audit(actor, hub.Record{Action: "upload.remove", Object: "upload/" + string(id), OK: true})
	})
}
