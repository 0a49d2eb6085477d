package settle

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/storage"
)

// A pack is one object with the data sets of a settled series one behind the
// other, an index of them as JSON lines, and 16 bytes: the length of the index
// (big endian) and packMagic. Rows name each data set as a range of it; the
// index is for who has the object and no rows.
const (
	packKind  = "packs"
	partKind  = "parts/" // how keys of objects begin in which instances arrive
	packMagic = "YZPACK01"
	// packMost is where a pack is full: a series that is longer has several. An
	// instance that is longer alone is a pack of its own.
	packMost = 1 << 30
	// lateRows is how long an object that no row names is left alone: the row
	// of an instance that arrived with the packed ones may still be on its way.
	// The sweep asks again.
	lateRows = time.Hour
)

// packLine is the index entry of one instance.
type packLine struct {
	UID    string `json:"uid"`
	Class  string `json:"class"`
	Syntax string `json:"syntax"`
	Offset int64  `json:"offset"`
	Length int64  `json:"length"`
	Digest string `json:"blake3"`
}

// pack joins those instances of a series that are not in a pack yet. The bytes
// are read back and compared with their hashes on the way.
func (s *Store) pack(ctx context.Context, list []*hub.Instance) error {
	var loose []*hub.Instance
	var size int64
	for n, i := range list {
		if !strings.HasPrefix(i.Object, packKind+"/") {
			loose = append(loose, i)
			size += i.Length
		}
		full := size > 0 && n+1 < len(list) && size+list[n+1].Length > packMost
		if !full && n+1 < len(list) {
			continue
		}
		if err := s.packSome(ctx, loose); err != nil {
			return err
		}
		loose, size = nil, 0
	}
	return nil
}

func (s *Store) packSome(ctx context.Context, list []*hub.Instance) error {
	if len(list) < 2 { // one object it is already
		return nil
	}
	key := storage.NewKey(packKind)
	if err := s.announce(ctx, key); err != nil {
		return err
	}
	offsets, size, err := s.writePack(ctx, key, list)
	if err != nil {
		return err
	}
	s.switching.Lock() // of two series that leave one object the last must see that it is the last
	defer s.switching.Unlock()
	err = s.DB.Tx(ctx, func(tx *db.Tx) error { return moveAll(tx, key, list, offsets) })
	if err == nil {
		s.Count.Packed(len(list), size)
	}
	return err
}

// moveAll switches the rows of a pack's instances at once and gives up the
// objects that nothing lies in any more.
func moveAll(tx *db.Tx, key storage.Key, list []*hub.Instance, offsets []int64) error {
	left := map[string]bool{}
	for n, i := range list {
		moved, err := tx.MoveInstance(i, string(key), offsets[n])
		if err != nil {
			return err
		}
		if !moved {
			return fmt.Errorf("instance %s was moved meanwhile", i.ID)
		}
		left[i.Object] = true
	}
	for object := range left {
		if !strings.HasPrefix(object, partKind) { // a segment of a local disk, or an object of its own kind
			continue
		}
		named, err := tx.NamedPart(object)
		if err != nil {
			return err
		}
		if named {
			continue
		}
		if err := tx.TombstoneAt(object, tx.Now().Add(lateRows)); err != nil {
			return err
		}
	}
	return lift(tx, key)
}

// writePack writes the object and returns where each data set begins.
func (s *Store) writePack(ctx context.Context, key storage.Key, list []*hub.Instance) (offsets []int64, size int64, err error) {
	w, err := s.Objects.Create(ctx, key)
	if err != nil {
		return nil, 0, err
	}
	defer w.Abort() // nothing after Commit
	var index bytes.Buffer
	lines := json.NewEncoder(&index)
	for _, i := range list {
		if err := s.copyInto(ctx, w, i); err != nil {
			return nil, 0, fmt.Errorf("instance %s: %w", i.ID, err)
		}
		line := packLine{UID: i.UID, Class: i.Class, Syntax: i.Syntax, Offset: size, Length: i.Length, Digest: hex.EncodeToString(i.Digest)}
		if err := lines.Encode(line); err != nil {
			return nil, 0, err
		}
		offsets = append(offsets, size)
		size += i.Length
	}
	end := binary.BigEndian.AppendUint64(nil, uint64(index.Len()))
	for _, b := range [][]byte{index.Bytes(), append(end, packMagic...)} {
		if _, err := w.Write(b); err != nil {
			return nil, 0, err
		}
	}
	_, err = w.Commit()
	return offsets, size, err
}

func (s *Store) copyInto(ctx context.Context, w io.Writer, i *hub.Instance) error {
	if len(i.Digest) != len(storage.Digest{}) {
		return fmt.Errorf("its digest has %d bytes: %w", len(i.Digest), storage.ErrCorrupt)
	}
	r, err := storage.Verified(ctx, s.Objects, refOf(i), storage.Digest(i.Digest))
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = io.Copy(w, r)
	return err
}
