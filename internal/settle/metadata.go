package settle

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"sync"

	"github.com/klauspost/compress/gzip"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

const (
	// MetaKeep is the longest value that stands in metadata; longer ones are
	// bulk data.
	MetaKeep  = 4 << 10
	metaReads = 4 // headers read at the same time
)

// BulkMark stands in metadata for the services' address, which only a request
// knows. No text of a data set can contain it: its quotes would be escaped.
const BulkMark = `"BulkDataURI":"hub:/`

// Metadata is the DICOM JSON of a series (PS3.18 annex F): one object a line,
// by instance number, compressed by gzip. Addresses are BulkMark.
type Metadata struct {
	Data []byte
	Tag  string // changes with the content
}

// Line writes the metadata of one instance.
func (s *Store) Line(ctx context.Context, w io.Writer, st *db.StudyRow, se *hub.Series, i *hub.Instance) error {
	ds, err := s.Header(ctx, i, MetaKeep)
	if err != nil {
		return err
	}
	return writeLine(w, ds, st, se, i)
}

func writeLine(w io.Writer, ds *dicom.Dataset, st *db.StudyRow, se *hub.Series, i *hub.Instance) error {
	ds.SetText(dicom.AvailableTransferSyntaxUID, i.Syntax)
	for n := range ds.Elements {
		e := &ds.Elements[n]
		e.Bulk = e.Bulk || len(e.Raw) > inlineMost && opaque(e.VR)
	}
	at := "hub:/studies/" + st.UID + "/series/" + se.UID + "/instances/" + i.UID + "/bulkdata/"
	return ds.JSON(w, dicom.JSONOptions{BulkURI: func(path string, _ *dicom.Element) string { return at + path }})
}

// inlineMost is the longest value of bytes, such as a colour table, that stands
// in metadata itself; clients expect an address for others.
const inlineMost = 256

// opaque says that a value of a VR is bytes, not text or numbers.
func opaque(vr dicom.VR) bool {
	switch vr {
	case dicom.OB, dicom.OW, dicom.OF, dicom.OD, dicom.OL, dicom.OV, dicom.UN:
		return true
	}
	return false
}

// Tag is the Tag of a series' metadata: that of the row, or of what is built.
func (s *Store) Tag(ctx context.Context, st *db.StudyRow, se *hub.Series) (string, error) {
	if whole(se) {
		return se.MetaTag, nil
	}
	m, err := s.Metadata(ctx, st, se)
	if err != nil {
		return "", err
	}
	return m.Tag, nil
}

// Metadata returns the metadata of a series: what was built lately, what is
// kept, or built now. Few series are built at a time, so that many viewers
// opening one study build it once.
func (s *Store) Metadata(ctx context.Context, st *db.StudyRow, se *hub.Series) (*Metadata, error) {
	if m := s.keptMetadata(ctx, se); m != nil {
		return m, nil
	}
	select {
	case s.building <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-s.building }()
	now, err := s.DB.Read(ctx).Series(se.ID)
	if err != nil {
		return nil, err
	}
	if m := s.keptMetadata(ctx, now); m != nil {
		return m, nil
	}
	list, err := s.DB.Read(ctx).InstancesOf(se.ID)
	if err != nil {
		return nil, err
	}
	m, _, err := s.build(ctx, st, se, list)
	return m, err
}

// whole says that what is kept of a series covers all its instances.
func whole(se *hub.Series) bool {
	return se.MetaKey != "" && se.MetaTag != "" && se.MetaCount == se.Instances
}

func countTag(se hub.SeriesID, count int) string { return string(se) + "-" + strconv.Itoa(count) }

// keptMetadata returns what there is of a series with all its instances, nil
// if there is nothing: it can be built again.
func (s *Store) keptMetadata(ctx context.Context, se *hub.Series) *Metadata {
	if m, ok := s.built.Get(countTag(se.ID, se.Instances)); ok {
		return m
	}
	if !whole(se) {
		return nil
	}
	data, err := s.piece(ctx, se, metadataPiece)
	if err != nil {
		s.Log.Warn("kept metadata cannot be read", "series", se.ID, "error", err)
		return nil
	}
	m := &Metadata{Data: data, Tag: se.MetaTag}
	s.built.Put(countTag(se.ID, se.Instances), m, int64(len(data)))
	return m
}

// build makes the metadata of a series, and on the way the frame index of its
// instances. Headers are read a few at a time.
func (s *Store) build(ctx context.Context, st *db.StudyRow, se *hub.Series, list []*hub.Instance) (*Metadata, []*Frames, error) {
	var b bytes.Buffer
	z, hash := gzip.NewWriter(&b), sha256.New()
	out := io.MultiWriter(z, hash)
	frames := make([]*Frames, len(list))
	for first := 0; first < len(list); first += metaReads {
		some := list[first:min(first+metaReads, len(list))]
		lines := make([]bytes.Buffer, len(some))
		errs := make([]error, len(some))
		var wg sync.WaitGroup
		for n, i := range some {
			wg.Go(func() {
				ds, err := s.Header(ctx, i, MetaKeep)
				if err == nil {
					frames[first+n] = s.indexed(i, ds)
					err = writeLine(&lines[n], ds, st, se, i)
				}
				errs[n] = err
			})
		}
		wg.Wait()
		for n := range some {
			if errs[n] != nil {
				return nil, nil, fmt.Errorf("metadata of series %s: %w", se.ID, errs[n])
			}
			lines[n].WriteByte('\n')
			out.Write(lines[n].Bytes()) // to memory
		}
	}
	if err := z.Close(); err != nil {
		return nil, nil, err
	}
	m := &Metadata{Data: b.Bytes(), Tag: hex.EncodeToString(hash.Sum(nil)[:16])}
	s.built.Put(countTag(se.ID, len(list)), m, int64(b.Len()))
	return m, frames, nil
}
