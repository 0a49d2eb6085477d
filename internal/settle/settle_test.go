package settle

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"image/jpeg"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/internal/backup"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/keys"
	"github.com/yuanzhen/yuanzhen/storage"
	"github.com/yuanzhen/yuanzhen/storage/disk"
)

func TestSettledSeriesIsOneObjectWithAnIndex(t *testing.T) {
	eachStore(t, func(t *testing.T, c *clinic) {
		for n := 1; n <= 5; n++ {
			c.send(ct("1.2.3.1", n), dicom.ExplicitVRLittleEndian)
			c.send(ct("1.2.3.2", n), dicom.ExplicitVRLittleEndian)
		}
		_, _, before := c.series("1.2.3.1")
		var bytesBefore [][]byte
		for _, i := range before {
			b, err := c.store.BytesAt(t.Context(), i, 0, i.Length)
			must(t, err)
			bytesBefore = append(bytesBefore, b)
		}
		_, list := c.settle("1.2.3.1")
		c.settle("1.2.3.2")
		for n, i := range list {
			if i.Object != list[0].Object || !strings.HasPrefix(i.Object, "packs/") {
				t.Errorf("instance %d lies in %s", n+1, i.Object)
			}
			b, err := c.store.BytesAt(t.Context(), i, 0, i.Length)
			must(t, err)
			if !bytes.Equal(b, bytesBefore[n]) {
				t.Errorf("instance %d has other bytes", n+1)
			}
		}
		c.sound()
		index := c.indexOf(list[0].Object)
		for n, i := range list {
			if index[n].UID != i.UID || index[n].Offset != i.Offset || index[n].Length != i.Length {
				t.Errorf("index entry %d is %+v, row %+v", n+1, index[n], i)
			}
		}
	})
}

// indexOf reads a pack as one does who has no rows.
func (c *clinic) indexOf(object string) []packLine {
	c.t.Helper()
	r, err := c.objects.Get(c.t.Context(), refOf(&hub.Instance{Object: object}).Key, 0, -1)
	must(c.t, err)
	defer r.Close()
	b, err := io.ReadAll(r)
	must(c.t, err)
	end, magic := b[len(b)-16:len(b)-8], b[len(b)-8:]
	if string(magic) != packMagic {
		c.t.Fatalf("the pack ends in %q", magic)
	}
	b = b[:len(b)-16]
	var lines []packLine
	for dec := json.NewDecoder(bytes.NewReader(b[len(b)-int(binary.BigEndian.Uint64(end)):])); dec.More(); {
		var line packLine
		must(c.t, dec.Decode(&line))
		lines = append(lines, line)
	}
	return lines
}

func TestLateInstanceIsSettledToo(t *testing.T) {
	eachStore(t, func(t *testing.T, c *clinic) {
		c.send(ct("1.2.3.2", 1), dicom.ExplicitVRLittleEndian)
		for n := 1; n <= 3; n++ {
			c.send(ct("1.2.3.1", n), dicom.ExplicitVRLittleEndian)
		}
		first, _ := c.settle("1.2.3.1")
		for n := 4; n <= 5; n++ {
			c.send(ct("1.2.3.1", n), dicom.ExplicitVRLittleEndian)
		}
		st, se, _ := c.series("1.2.3.1")
		if whole(se) || c.store.Preview(t.Context(), se, SmallSide) != nil {
			t.Error("what was kept before is given out")
		}
		m, err := c.store.Metadata(t.Context(), st, se)
		must(t, err)
		if n := lines(t, m); n != 5 || m.Tag == first.MetaTag {
			t.Errorf("%d instances under tag %s", n, m.Tag)
		}
		again, list := c.settle("1.2.3.1")
		if again.MetaCount != 5 || again.MetaTag != m.Tag || again.MetaKey == first.MetaKey {
			t.Errorf("kept %+v", again)
		}
		packs := map[string]int{}
		for _, i := range list {
			packs[i.Object]++
		}
		if len(packs) != 2 {
			t.Errorf("packs: %v", packs)
		}
		c.sound()
	})
}

func lines(t *testing.T, m *Metadata) int {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(m.Data))
	must(t, err)
	b, err := io.ReadAll(z)
	must(t, err)
	return bytes.Count(b, []byte("\n"))
}

// spoiled is a store whose disk has changed a byte of each object of a kind.
type spoiled struct {
	storage.Objects
	kind string
}

func (s spoiled) Get(ctx context.Context, k storage.Key, off, n int64) (io.ReadCloser, error) {
	body, err := s.Objects.Get(ctx, k, off, n)
	if err != nil || !strings.HasPrefix(string(k), s.kind) {
		return body, err
	}
	defer body.Close()
	b, err := io.ReadAll(body)
	b[len(b)/2] ^= 0x10
	return io.NopCloser(bytes.NewReader(b)), err
}

func TestChangedByteOfWhatIsKeptIsNotGivenOut(t *testing.T) {
	eachStore(t, func(t *testing.T, c *clinic) {
		for n := 1; n <= 3; n++ {
			c.send(ct("1.2.3.1", n), dicom.ExplicitVRLittleEndian)
		}
		c.settle("1.2.3.1")
		st, se, _ := c.series("1.2.3.1")
		ill := New(c.store.DB, spoiled{c.objects, metaKind + "/"}, silent{}, c.store.Log, 0)
		if ill.Preview(t.Context(), se, LargeSide) != nil {
			t.Error("a changed picture is given out")
		}
		m, err := ill.Metadata(t.Context(), st, se)
		must(t, err)
		if lines(t, m) != 3 || m.Tag != se.MetaTag {
			t.Errorf("metadata of %d instances under tag %s, kept was %s", lines(t, m), m.Tag, se.MetaTag)
		}
		due, err := c.store.DB.Read(t.Context()).Unsettled(time.Now().Add(time.Hour), "", 10)
		must(t, err)
		if len(due) != 1 {
			t.Fatalf("%d series are to be settled again", len(due))
		}
		again, _ := c.settle("1.2.3.1")
		if again.MetaKey == se.MetaKey || c.store.Preview(t.Context(), again, LargeSide) == nil {
			t.Errorf("kept again: %+v", again)
		}
		must(t, c.store.DB.Tx(t.Context(), func(tx *db.Tx) error { return tx.DoubtSeries(se) })) // of an object that is gone
		if _, now, _ := c.series("1.2.3.1"); !whole(now) {
			t.Error("what is kept now is doubted for what was kept before")
		}
	})
}

func TestPicturesAreKeptInTwoSizes(t *testing.T) {
	eachStore(t, func(t *testing.T, c *clinic) {
		for n := 1; n <= 3; n++ {
			c.send(ct("1.2.3.1", n), dicom.ExplicitVRLittleEndian)
		}
		se, _ := c.settle("1.2.3.1")
		for side, want := range map[int]int{SmallSide: 128, LargeSide: 256} { // the image has 256: nothing is blown up
			img, err := jpeg.Decode(bytes.NewReader(c.store.Preview(t.Context(), se, side)))
			must(t, err)
			if b := img.Bounds(); b.Dx() != want || b.Dy() != want {
				t.Errorf("preview of %d is %v", side, b)
			}
		}
	})
}

// A pointer into a thousand fragments costs a thousand reads to make again.
func TestFrameOffsetsAreKept(t *testing.T) {
	eachStore(t, func(t *testing.T, c *clinic) {
		d := ct("1.2.3.1", 1)
		d.SetInts(dicom.NumberOfFrames, 20)
		var frames [][]byte
		for n := range 20 {
			frames = append(frames, append([]byte{0xFF, 0xD8, 0xFF, 0xE0}, bytes.Repeat([]byte{byte(n)}, 96+2*n)...))
		}
		d.SetFrames(dicom.PixelData, frames)
		c.send(d, dicom.JPEGBaseline8Bit)
		se, list := c.settle("1.2.3.1")
		if se.FramesSize == 0 || se.SmallSize != 0 {
			t.Fatalf("kept %+v", se)
		}
		fresh := New(c.store.DB, c.objects, silent{}, c.store.Log, 0)
		kept := fresh.keptFrames(t.Context(), list[0])
		if kept == nil || kept.Count() != 20 || kept.Syntax != dicom.JPEGBaseline8Bit || kept.Native() {
			t.Fatalf("kept frames %+v", kept)
		}
		for n, want := range frames {
			b, err := fresh.FrameBytes(t.Context(), list[0], kept, n)
			must(t, err)
			if !slices.Equal(b, want) {
				t.Errorf("frame %d differs", n+1)
			}
		}
	})
}

func TestTurnLeavesSeriesThatGrowAlone(t *testing.T) {
	eachStore(t, func(t *testing.T, c *clinic) {
		c.send(ct("1.2.3.1", 1), dicom.ExplicitVRLittleEndian)
		must(t, c.store.Turn(t.Context()))
		st, se, _ := c.series("1.2.3.1")
		if se.MetaKey != "" {
			t.Fatal("a series was settled within its quiet time")
		}
		age := func(d time.Duration) {
			must(t, c.store.DB.Tx(t.Context(), func(tx *db.Tx) error {
				st.LastAt = time.Now().Add(-d)
				return tx.UpdateStudy(st)
			}))
		}
		age(leastQuiet + time.Second)
		c.store.Busy = func() bool { return true }
		must(t, c.store.Turn(t.Context()))
		if _, se, _ := c.series("1.2.3.1"); se.MetaKey != "" {
			t.Fatal("a series was settled while others came in")
		}
		c.store.Busy = func() bool { return false }
		must(t, c.store.Turn(t.Context()))
		if _, se, _ := c.series("1.2.3.1"); !whole(se) {
			t.Fatal("a quiet series was not settled")
		}
		left, err := c.store.DB.Read(t.Context()).Unsettled(time.Now(), "", 10)
		must(t, err)
		if len(left) != 0 {
			t.Errorf("%d series wait for ever", len(left))
		}
	})
}

func TestBackupTakesPacksAlong(t *testing.T) {
	eachStore(t, func(t *testing.T, c *clinic) {
		for n := 1; n <= 3; n++ {
			c.send(ct("1.2.3.1", n), dicom.ExplicitVRLittleEndian)
		}
		_, list := c.settle("1.2.3.1")
		copied, dir := filepath.Join(t.TempDir(), "copy"), t.TempDir()
		_, err := backup.Write(t.Context(), backup.Options{DB: c.store.DB, Objects: c.objects, Data: c.dir, Keys: true}, copied)
		must(t, err)
		must(t, backup.RestoreKeys(copied, dir))
		ring, err := keys.Open(dir)
		must(t, err)
		d, err := db.Open(t.Context(), "sqlite:"+filepath.Join(dir, "hub.db"))
		must(t, err)
		defer d.Close()
		o, err := disk.Open(dir)
		must(t, err)
		defer o.Close()
		_, err = backup.Restore(t.Context(), backup.Options{DB: d, Objects: o}, ring, copied)
		must(t, err)
		f, err := backup.Verify(t.Context(), d, o, ring)
		must(t, err)
		if !f.OK() {
			t.Errorf("faults: %q", f.Faults)
		}
		now, err := d.Read(t.Context()).InstancesOf(list[0].Series)
		must(t, err)
		if len(now) != 3 || now[0].Object != list[0].Object {
			t.Errorf("restored: %d instances, first in %s", len(now), now[0].Object)
		}
		due, err := d.Read(t.Context()).Unsettled(time.Now(), "", 10)
		must(t, err)
		if len(due) != 1 {
			t.Errorf("%d series are settled again after a restore", len(due))
		}
	})
}
