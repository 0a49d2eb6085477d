package upload

import (
	"errors"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/storage"
)

// A row may be written between the mark and the deletion: an object that
// arrived with others is given up when the last of them has moved away.
func TestSweepKeepsWhatARowNamesMeanwhile(t *testing.T) {
	t.Parallel()
	c := newClinic(t)
	put := func() storage.Key {
		key := storage.NewKey("parts")
		w, err := c.Objects.Create(t.Context(), key)
		must(t, err)
		_, err = w.Write([]byte("bytes"))
		must(t, err)
		_, err = w.Commit()
		must(t, err)
		return key
	}
	named, free := put(), put()
	must(t, c.DB.Tx(t.Context(), func(tx *db.Tx) error {
		long := tx.Now().Add(-time.Hour)
		return errors.Join(tx.TombstoneAt(string(named), long), tx.TombstoneAt(string(free), long), tx.InsertQuarantined(&hub.Quarantined{
			ID: "q", Member: "clinic1", Code: "dicom.other_bytes", Object: string(named), Length: 5, Digest: []byte("01234567890123456789012345678901"), CreatedAt: tx.Now()}))
	}))
	must(t, c.Turn(t.Context()))
	if _, err := c.Objects.Size(t.Context(), named); err != nil {
		t.Errorf("the object that a row names: %v", err)
	}
	if _, err := c.Objects.Size(t.Context(), free); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("the object that no row names: %v", err)
	}
	left, err := c.DB.Read(t.Context()).Tombstones(time.Now(), 10)
	must(t, err)
	if len(left) != 0 {
		t.Errorf("marks are left: %q", left)
	}
}
