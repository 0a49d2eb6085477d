package storage_test

import (
	"bytes"
	"errors"
	"hash/crc32"
	"io"
	"testing"

	"github.com/yuanzhen/yuanzhen/storage"
	"github.com/yuanzhen/yuanzhen/storage/disk"
)

func TestChangedPartNeverReachesItsLength(t *testing.T) {
	t.Parallel()
	o, err := disk.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	data := bytes.Repeat([]byte("0123456789"), 20_000)
	w, err := o.Create(t.Context(), "parts/one")
	if err == nil {
		_, err = w.Write(data)
	}
	if err == nil {
		_, err = w.Commit()
	}
	if err != nil {
		t.Fatal(err)
	}
	part := data[5:150_000]
	sum := crc32.Checksum(part, crc32.MakeTable(crc32.Castagnoli))
	for _, c := range []struct {
		ref  storage.Ref
		sum  uint32
		good bool
	}{
		{storage.Ref{Key: "parts/one", Offset: 5, Length: int64(len(part))}, sum, true},
		{storage.Ref{Key: "parts/one", Offset: 5, Length: int64(len(part))}, sum + 1, false},
		{storage.Ref{Key: "parts/one", Offset: 6, Length: int64(len(part))}, sum, false},
		{storage.Ref{Key: "parts/one", Offset: 5, Length: int64(len(data))}, sum, false},
	} {
		r, err := storage.Checked(t.Context(), o, c.ref, c.sum)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		r.Close()
		if c.good && (err != nil || !bytes.Equal(got, part)) {
			t.Errorf("%+v: %d bytes, %v", c.ref, len(got), err)
		}
		if !c.good && (!errors.Is(err, storage.ErrCorrupt) || int64(len(got)) >= c.ref.Length) {
			t.Errorf("%+v: %d bytes, %v", c.ref, len(got), err)
		}
	}
}
