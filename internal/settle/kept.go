package settle

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/storage"
)

// What is kept of a series is one object, its pieces one behind the other, each
// with its CRC-32C (big endian) behind it: a changed byte is told before any
// of a piece is given out.
const (
	metadataPiece = iota
	framesPiece
	smallPiece
	largePiece
	pieceCount
)

const (
	metaKind = "meta"
	// mourning is how long an object that is about to be written outlives a
	// writer who dies. It is far longer than writing may take.
	mourning = 24 * time.Hour
	// seriesTime bounds the work on one series.
	seriesTime = time.Hour
)

func lengths(se *hub.Series) [pieceCount]int64 {
	return [pieceCount]int64{se.MetaSize, se.FramesSize, se.SmallSize, se.LargeSize}
}

// piece reads one piece of what is kept of a series.
func (s *Store) piece(ctx context.Context, se *hub.Series, which int) ([]byte, error) {
	var off int64
	all := lengths(se)
	for _, n := range all[:which] {
		off += n
	}
	r, err := s.Objects.Get(ctx, storage.Key(se.MetaKey), off, all[which])
	if err != nil {
		return nil, err
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	data, ok := unsealed(b)
	if !ok || int64(len(b)) != all[which] {
		return nil, fmt.Errorf("%s, piece %d: %w", se.MetaKey, which, errors.Join(storage.ErrCorrupt, s.doubt(ctx, se)))
	}
	return data, nil
}

// doubt lets a series be settled again.
func (s *Store) doubt(ctx context.Context, se *hub.Series) error {
	return s.DB.Tx(ctx, func(tx *db.Tx) error { return tx.DoubtSeries(se) })
}

// sealed is a piece with its checksum; nothing stays nothing.
func sealed(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return binary.BigEndian.AppendUint32(slices.Clip(b), checksum(b))
}

// unsealed takes a piece apart and checks it.
func unsealed(b []byte) (data []byte, ok bool) {
	n := len(b) - 4
	if n < 0 {
		return nil, len(b) == 0
	}
	return b[:n:n], binary.BigEndian.Uint32(b[n:]) == checksum(b[:n])
}

func checksum(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

// framesLine tells where the frames of one encapsulated multi-frame instance
// lie: offset and length of each range, frame by frame.
type framesLine struct {
	Instance hub.InstanceID       `json:"instance"`
	Syntax   dicom.TransferSyntax `json:"syntax"`
	Frames   [][]int64            `json:"frames"`
}

// packFrames writes the frame indexes that cost most to make again.
func packFrames(list []*hub.Instance, frames []*Frames) ([]byte, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	lines := json.NewEncoder(z)
	some := false
	for n, f := range frames {
		if f.Native() || f.Wrong != "" || f.Count() < 2 {
			continue
		}
		some = true
		line := framesLine{Instance: list[n].ID, Syntax: f.Syntax, Frames: make([][]int64, f.Count())}
		for k := range line.Frames {
			for _, r := range f.Ranges(k) {
				line.Frames[k] = append(line.Frames[k], r.Offset, r.Length)
			}
		}
		if err := lines.Encode(line); err != nil {
			return nil, err
		}
	}
	if !some {
		return nil, nil
	}
	err := z.Close()
	return b.Bytes(), err
}

// keptFrames returns the index of an instance that is kept with its series,
// nil if there is none, and remembers those of its neighbours.
func (s *Store) keptFrames(ctx context.Context, i *hub.Instance) *Frames {
	se, err := s.DB.Read(ctx).Series(i.Series)
	if err != nil || se.MetaKey == "" || se.FramesSize == 0 {
		return nil
	}
	data, err := s.piece(ctx, se, framesPiece)
	if err == nil {
		err = s.unpackFrames(data)
	}
	if err != nil {
		s.Log.Warn("kept frame offsets cannot be read", "series", se.ID, "error", err)
	}
	f, _ := s.framed.Get(i.ID)
	return f
}

func (s *Store) unpackFrames(data []byte) error {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return err
	}
	for lines := json.NewDecoder(z); ; {
		var line framesLine
		if err := lines.Decode(&line); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		ranges := make([][]dicom.Range, len(line.Frames))
		for k, f := range line.Frames {
			for ; len(f) >= 2; f = f[2:] {
				ranges[k] = append(ranges[k], dicom.Range{Offset: f[0], Length: f[1]})
			}
		}
		s.remember(line.Instance, &Frames{Frames: dicom.EncapsulatedFrames(ranges), Syntax: line.Syntax})
	}
}

// keep writes what viewers ask of a series, and names it in its row. It
// reports false when instances came meanwhile.
func (s *Store) keep(ctx context.Context, st *db.StudyRow, se *hub.Series, list []*hub.Instance) (bool, error) {
	m, frames, err := s.build(ctx, st, se, list)
	if err != nil {
		return false, err
	}
	index, err := packFrames(list, frames)
	if err != nil {
		return false, err
	}
	small, large, err := s.previews(ctx, Middle(list))
	if err != nil {
		return false, err
	}
	key := storage.NewKey(metaKind)
	if err := s.announce(ctx, key); err != nil {
		return false, err
	}
	pieces := [pieceCount][]byte{sealed(m.Data), sealed(index), sealed(small), sealed(large)}
	if err := s.write(ctx, key, pieces[:]...); err != nil {
		return false, err
	}
	kept := *se
	kept.MetaKey, kept.MetaCount, kept.MetaTag = string(key), len(list), m.Tag
	for which, size := range []*int64{&kept.MetaSize, &kept.FramesSize, &kept.SmallSize, &kept.LargeSize} {
		*size = int64(len(pieces[which]))
	}
	done := false
	err = s.DB.Tx(ctx, func(tx *db.Tx) error {
		done = false
		before, err := tx.Series(se.ID)
		if err != nil {
			return err
		}
		if done, err = tx.KeepSeries(&kept); err != nil || !done {
			return err // the object goes with its tombstone
		}
		if err := lift(tx, key); err != nil || before.MetaKey == "" {
			return err
		}
		return tx.Tombstone(before.MetaKey)
	})
	return done && err == nil, err
}

// announce fixes a key in a row before anything is written under it: should
// this process die, the object is swept away.
func (s *Store) announce(ctx context.Context, key storage.Key) error {
	return s.DB.Tx(ctx, func(tx *db.Tx) error { return tx.TombstoneAt(string(key), tx.Now().Add(mourning)) })
}

// lift says that a row names the object now.
func lift(tx *db.Tx, key storage.Key) error {
	still, err := tx.LiftTombstone(string(key))
	if err == nil && !still {
		err = fmt.Errorf("%s was given up meanwhile", key)
	}
	return err
}

func (s *Store) write(ctx context.Context, key storage.Key, pieces ...[]byte) error {
	w, err := s.Objects.Create(ctx, key)
	if err != nil {
		return err
	}
	defer w.Abort() // nothing after Commit
	for _, b := range pieces {
		if _, err := w.Write(b); err != nil {
			return err
		}
	}
	_, err = w.Commit()
	return err
}
