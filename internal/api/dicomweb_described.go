package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/web"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// Bounds of objects that come as metadata with bulk data beside.
const (
	maxDescribed = 32 << 20 // bytes of all metadata of one request
	maxBulk      = 16 << 30 // bytes of all bulk data of one request, on disk
	maxBulkParts = 100_000
)

// described is a request of metadata and bulk data (PS3.18 section 10.5.1): the
// metadata waits in memory, the bulk data on disk, until both are complete.
type described struct {
	st       *storing
	metadata int // bytes so far
	objects  []*dicom.Dataset
	spool    *os.File
	size     int64
	bulk     map[string][]bulkPart // by Content-Location
	places   []partName            // of the keys of bulk, in the order they came
	parts    int
}

// partName is a Content-Location and the path in it.
type partName struct{ uri, path string }

// bulkPart is where one part lies in the spool.
type bulkPart struct {
	off, length int64
	kind        web.Media
}

// addDescribed takes in a body of metadata and bulk data.
func (st *storing) addDescribed(ctx context.Context, body io.Reader, boundary string) error {
	parts, err := web.NewReader(body, boundary)
	if err != nil {
		return err
	}
	spool, err := os.CreateTemp(st.in.Spool, "stow-*")
	if err != nil {
		return hub.Wrap(hub.Busy, "api.store", "store.unavailable", err)
	}
	defer os.Remove(spool.Name())
	defer spool.Close()
	d := &described{st: st, spool: spool, bulk: map[string][]bulkPart{}}
	for {
		part, err := parts.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if err := d.take(part); err != nil {
			return err
		}
	}
	for i, ds := range d.objects {
		if err := d.store(ctx, ds); err != nil {
			return err
		}
		d.objects[i] = nil // with what was read into it
	}
	return nil
}

// take reads one part: metadata, or what belongs to it.
func (d *described) take(part *web.Part) error {
	kind, err := web.ParseMedia(part.ContentType)
	switch {
	case err != nil && part.ContentType != "":
		return hub.Wrap(hub.Unsupported, "api.store", "dicomweb.media_type", err)
	case kind.Type == web.JSON || kind.Type == web.PlainJSON && part.Location == "":
		return d.metadataJSON(part)
	case kind.Type == web.XML:
		return d.metadataXML(part)
	}
	if d.parts++; d.parts > maxBulkParts {
		return hub.E(hub.TooLarge, "api.store", "dicomweb.too_large")
	}
	n, err := io.Copy(d.spool, io.LimitReader(part, maxBulk-d.size+1))
	if err != nil {
		if _, ok := errors.AsType[*os.PathError](err); ok {
			return hub.Wrap(hub.Busy, "api.store", "store.unavailable", err)
		}
		return err
	}
	at := d.size
	if d.size += n; d.size > maxBulk {
		return hub.E(hub.TooLarge, "api.store", "dicomweb.too_large")
	}
	if d.bulk[part.Location] == nil {
		d.places = append(d.places, partName{part.Location, location(part.Location)})
	}
	d.bulk[part.Location] = append(d.bulk[part.Location], bulkPart{at, n, kind})
	return nil
}

func (d *described) read(part *web.Part) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(part, int64(maxDescribed-d.metadata)+1))
	if err != nil {
		return nil, err
	}
	if d.metadata += len(data); d.metadata > maxDescribed {
		return nil, hub.E(hub.TooLarge, "api.store", "dicomweb.too_large")
	}
	return data, nil
}

// metadataJSON reads one object, or an array of them.
func (d *described) metadataJSON(part *web.Part) error {
	data, err := d.read(part)
	if err != nil {
		return err
	}
	list := []json.RawMessage{data}
	if data = bytes.TrimSpace(data); len(data) > 0 && data[0] == '[' {
		if err := json.Unmarshal(data, &list); err != nil {
			return badMetadata(err)
		}
	}
	for _, object := range list {
		if err := d.object(object); err != nil {
			return err
		}
	}
	return nil
}

func (d *described) metadataXML(part *web.Part) error {
	data, err := d.read(part)
	if err != nil {
		return err
	}
	object, err := web.JSONFromXML(bytes.NewReader(data))
	if err != nil {
		return badMetadata(err)
	}
	return d.object(object)
}

func (d *described) object(object []byte) error {
	ds, err := dicom.ParseJSON(bytes.NewReader(object))
	if err != nil {
		return badMetadata(err)
	}
	d.objects = append(d.objects, ds)
	return d.st.more()
}

func badMetadata(err error) error {
	return hub.Wrap(hub.Invalid, "api.store", "dicomweb.multipart", err).With("reason", err.Error())
}

// errBulk is an attribute whose bulk data is not in the request, or not of use.
type errBulk struct {
	tag    dicom.Tag
	reason string
}

func (e *errBulk) Error() string { return e.tag.String() + ": " + e.reason }

// store joins an object with its bulk data and takes it in. An error means
// that the request cannot go on; a fault of the object is noted.
func (d *described) store(ctx context.Context, ds *dicom.Dataset) error {
	f, err := d.file(ds)
	if err != nil {
		fault, _ := errors.AsType[*errBulk](err)
		if fault == nil {
			return err
		}
		d.st.failed = append(d.st.failed, failedObject{class: ds.Text(dicom.SOPClassUID), uid: ds.Text(dicom.SOPInstanceUID), reason: reasonUnreadable, attribute: fault.tag})
		return nil
	}
	r, w := io.Pipe()
	go func() { w.CloseWithError(f.write(w)) }()
	err = d.st.add(ctx, r)
	r.Close() // an intake that gave up leaves the writer waiting otherwise
	return err
}
