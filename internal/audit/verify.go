package audit

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/storage"
)

// Archive is where lodged heads are read; storage.Objects is one.
type Archive interface {
	Get(ctx context.Context, k storage.Key, off, n int64) (io.ReadCloser, error)
	List(ctx context.Context, prefix string, fn func(storage.Key, int64, time.Time) error) error
}

// Broken is the first place where the chain does not hold.
type Broken struct {
	Seq    int64  `json:"seq"` // number in the chain
	ID     string `json:"id"`  // the record's id, "" when it is missing
	Reason string `json:"reason"`
}

// Report is what Verify found.
type Report struct {
	Records int64   `json:"records"` // good ones, from the first on
	Head    db.Head `json:"head"`    // the last of them
	Signed  int     `json:"signed"`  // signed heads that were compared
	Broken  *Broken `json:"broken,omitempty"`
}

// OK reports whether the whole chain holds.
func (r *Report) OK() bool { return r.Broken == nil }

const (
	page        = 2000    // records read at a time
	maxHeadSize = 4 << 10 // bytes of a lodged head
)

// Verify recomputes the chain record by record and compares it with every
// signed head, of the table and of the object store (nil: only the table). A
// changed, removed or inserted record, a cut tail and a rebuilt chain are
// named in the Report; an error means that it could not be finished.
func Verify(ctx context.Context, d *db.DB, keys Verifier, store Archive) (*Report, error) {
	heads, err := collect(ctx, d, keys, store)
	if err != nil {
		return nil, err
	}
	r := &Report{Signed: heads.count}
	if err := r.walk(ctx, d, heads); err != nil {
		return nil, err
	}
	if r.OK() && heads.last > r.Head.Seq {
		r.Broken = &Broken{Seq: r.Head.Seq + 1, Reason: fmt.Sprintf("record is missing: the hub signed record %d and the chain ends at %d", heads.last, r.Head.Seq)}
	}
	if r.OK() {
		r.Broken = heads.forged
	}
	return r, nil
}

// walk recomputes records in order until the first that is broken.
func (r *Report) walk(ctx context.Context, d *db.DB, heads *signedHeads) error {
	good := int64(0) // last record that a signed head vouches for
	for {
		records, err := d.Read(ctx).AuditAfter(r.Head.Seq, page)
		if err != nil {
			return fmt.Errorf("audit records after %d: %w", r.Head.Seq, err)
		}
		for i := range records {
			if r.Broken = r.follows(&records[i]); r.Broken != nil {
				return nil
			}
			for _, signed := range heads.bySeq[records[i].Seq] {
				if signed != records[i].Hash {
					r.Broken = &Broken{Seq: records[i].Seq, ID: records[i].ID,
						Reason: fmt.Sprintf("the hub signed another hash for this record: one of %d to %d was rewritten and the chain computed anew", good+1, records[i].Seq)}
					return nil
				}
				good = records[i].Seq
			}
			r.Records, r.Head = r.Records+1, db.Head{Seq: records[i].Seq, Hash: records[i].Hash}
		}
		if len(records) < page {
			return nil
		}
	}
}

// follows says what is wrong with the record after the present head.
func (r *Report) follows(rec *hub.Record) *Broken {
	switch {
	case rec.Seq != r.Head.Seq+1:
		return &Broken{Seq: r.Head.Seq + 1, Reason: fmt.Sprintf("record is missing: the next one is %d", rec.Seq)}
	case rec.PrevHash != r.Head.Hash:
		return &Broken{Seq: rec.Seq, ID: rec.ID, Reason: "does not follow its predecessor: this record or the one before was changed"}
	case db.RecordHash(*rec) != rec.Hash:
		return &Broken{Seq: rec.Seq, ID: rec.ID, Reason: "content does not fit its hash: the record was changed"}
	}
	return nil
}

// signedHeads are the heads whose signatures fit.
type signedHeads struct {
	bySeq  map[int64][]string
	last   int64
	count  int
	forged *Broken // the first whose signature does not fit
}

func (s *signedHeads) has(h db.Head) bool {
	for _, hash := range s.bySeq[h.Seq] {
		if hash == h.Hash {
			return true
		}
	}
	return false
}

// add takes a head whose signature fits, and notes one whose does not.
func (s *signedHeads) add(keys Verifier, h db.SignedHead, where string) {
	if err := genuine(keys, h); err != nil {
		s.forge(h.Seq, fmt.Sprintf("signed head %d in the %s: %v", h.Seq, where, err))
		return
	}
	s.count++
	s.last = max(s.last, h.Seq)
	if !s.has(h.Head) {
		s.bySeq[h.Seq] = append(s.bySeq[h.Seq], h.Hash)
	}
}

func (s *signedHeads) forge(seq int64, reason string) {
	if s.forged == nil || seq < s.forged.Seq {
		s.forged = &Broken{Seq: seq, Reason: reason}
	}
}

// collect reads the heads of the table, then those of the object store that
// the table lacks: only these need reading, since a key names number and hash.
func collect(ctx context.Context, d *db.DB, keys Verifier, store Archive) (*signedHeads, error) {
	s := &signedHeads{bySeq: map[int64][]string{}}
	rows, err := d.Read(ctx).SignedHeads()
	if err != nil {
		return nil, fmt.Errorf("signed heads: %w", err)
	}
	for _, h := range rows {
		s.add(keys, h, "table")
	}
	if store == nil {
		return s, nil
	}
	var unknown []storage.Key
	err = store.List(ctx, headPrefix, func(k storage.Key, _ int64, _ time.Time) error {
		h, ok := parseHeadKey(k)
		switch {
		case !ok:
			s.forge(0, fmt.Sprintf("object %s is no head of this hub", k))
		case !s.has(h):
			unknown = append(unknown, k)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list of lodged heads: %w", err)
	}
	for _, k := range unknown {
		if err := s.read(ctx, keys, store, k); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// read takes a lodged head up when its object says what its key says.
func (s *signedHeads) read(ctx context.Context, keys Verifier, store Archive, k storage.Key) error {
	body, err := store.Get(ctx, k, 0, maxHeadSize)
	if err != nil {
		return fmt.Errorf("lodged head: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(body, maxHeadSize))
	body.Close()
	if err != nil {
		return fmt.Errorf("lodged head %s: %w", k, err)
	}
	named, _ := parseHeadKey(k)
	h, err := decode(text)
	switch {
	case err != nil:
		s.forge(named.Seq, fmt.Sprintf("object %s: %v", k, err))
	case h.Head != named:
		s.forge(named.Seq, fmt.Sprintf("object %s holds another head than its name says", k))
	default:
		s.add(keys, h, "object store")
	}
	return nil
}
