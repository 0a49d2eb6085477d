package api

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path"
	"strconv"
	"strings"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/web"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// Bounds of objects that come as metadata with bulk data beside.
const (
	maxDescribed  = 32 << 20 // bytes of all metadata of one request
	maxBulk       = 16 << 30 // bytes of all bulk data of one request, on disk
	maxBulkParts  = 100_000
	maxNestedBulk = 64 << 20 // of all values inside sequences of one object, in memory
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
	nested   int64 // bytes inside sequences of the object that is joined
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

// describedFile is one object ready to be written as a file.
type describedFile struct {
	d      *described
	ds     *dicom.Dataset
	syntax dicom.TransferSyntax
	bulk   map[dicom.Tag][]bulkPart
}

// file finds the bulk data of an object and how it is encoded.
func (d *described) file(ds *dicom.Dataset) (*describedFile, error) {
	d.nested = 0
	f := &describedFile{d: d, ds: ds, syntax: dicom.ExplicitVRLittleEndian, bulk: map[dicom.Tag][]bulkPart{}}
	for i := range ds.Elements {
		e := &ds.Elements[i]
		for _, item := range e.Items {
			if err := d.fill(item); err != nil {
				return nil, err
			}
		}
		if !e.Bulk {
			continue
		}
		parts := d.find(e.URI)
		if len(parts) == 0 {
			return nil, &errBulk{e.Tag, "its bulk data is not in the request"}
		}
		f.bulk[e.Tag] = parts
		if e.Tag == dicom.PixelData {
			ts, err := d.syntaxOf(ds, parts[0])
			if err != nil {
				return nil, err
			}
			f.syntax = ts
		}
	}
	return f, nil
}

// find returns the parts of a BulkDataURI: by Content-Location, relative or
// not, or frame by frame below it. None, if several relative ones could be
// meant: pixels of another object are worse than none.
func (d *described) find(uri string) []bulkPart {
	if parts := d.bulk[uri]; len(parts) > 0 {
		return parts
	}
	want := location(uri)
	var like []string
	for _, have := range d.places {
		if have.path == want {
			return d.bulk[have.uri]
		}
		if strings.HasSuffix(have.path, "/"+want) || strings.HasSuffix(want, "/"+have.path) {
			like = append(like, have.uri)
		}
	}
	switch len(like) {
	case 0:
	case 1:
		return d.bulk[like[0]]
	default:
		return nil
	}
	var frames []bulkPart
	for n := 1; ; n++ {
		one := d.bulk[strings.TrimSuffix(uri, "/")+"/frames/"+strconv.Itoa(n)]
		if len(one) == 0 {
			return frames
		}
		frames = append(frames, one...)
	}
}

// location is the path of an address without what says where it starts.
func location(s string) string {
	if u, err := url.Parse(s); err == nil && u.Opaque == "" {
		return strings.TrimPrefix(path.Clean("/"+u.Path), "/")
	}
	return s
}

// fill puts bulk data inside of sequences in its place.
func (d *described) fill(ds *dicom.Dataset) error {
	for i := range ds.Elements {
		e := &ds.Elements[i]
		for _, item := range e.Items {
			if err := d.fill(item); err != nil {
				return err
			}
		}
		if !e.Bulk {
			continue
		}
		parts := d.find(e.URI)
		if len(parts) == 0 {
			return &errBulk{e.Tag, "its bulk data is not in the request"}
		}
		if d.nested += total(parts); d.nested > maxNestedBulk {
			return &errBulk{e.Tag, "its bulk data is too large"}
		}
		raw, err := io.ReadAll(d.reader(parts))
		if err != nil {
			return err
		}
		e.Bulk, e.Raw, e.Length = false, raw, int64(len(raw))
	}
	return nil
}

func total(parts []bulkPart) (n int64) {
	for _, p := range parts {
		n += p.length
	}
	return n
}

func (d *described) reader(parts []bulkPart) io.Reader {
	var all []io.Reader
	for _, p := range parts {
		all = append(all, io.NewSectionReader(d.spool, p.off, p.length))
	}
	return io.MultiReader(all...)
}

// write writes the file; long values pass through, they are never in memory.
func (f *describedFile) write(w io.Writer) error {
	class, uid := f.ds.Text(dicom.SOPClassUID), f.ds.Text(dicom.SOPInstanceUID)
	if _, err := dicom.WriteMeta(w, dicom.FileMeta{SOPClassUID: class, SOPInstanceUID: uid, Syntax: f.syntax}); err != nil {
		return err
	}
	from := 0
	for i := range f.ds.Elements {
		parts := f.bulk[f.ds.Elements[i].Tag]
		if parts == nil {
			continue
		}
		if err := f.short(w, f.ds.Elements[from:i]); err != nil {
			return err
		}
		if err := f.long(w, &f.ds.Elements[i], parts); err != nil {
			return err
		}
		from = i + 1
	}
	return f.short(w, f.ds.Elements[from:])
}

// short writes elements whose values are in memory.
func (f *describedFile) short(w io.Writer, elements []dicom.Element) error {
	some := *f.ds
	some.Elements = elements
	return dicom.Write(w, &some, dicom.ExplicitVRLittleEndian)
}

// long writes an element whose value is in the spool: as one run of bytes, or,
// encapsulated, with each part as a fragment (PS3.5 sections 7.1.2 and A.4).
func (f *describedFile) long(w io.Writer, e *dicom.Element, parts []bulkPart) error {
	vr := e.VR
	if vr != dicom.OB && vr != dicom.OW && vr != dicom.OF && vr != dicom.OD && vr != dicom.OL && vr != dicom.OV && vr != dicom.UT && vr != dicom.UC && vr != dicom.UR {
		vr = dicom.UN // the VRs with a long length field
	}
	head := func(vr dicom.VR, length uint32) []byte {
		b := binary.LittleEndian.AppendUint16(nil, e.Tag.Group())
		b = binary.LittleEndian.AppendUint16(b, e.Tag.Element())
		return binary.LittleEndian.AppendUint32(append(b, vr[0], vr[1], 0, 0), length)
	}
	const undefined = 0xFFFFFFFF
	if e.Tag == dicom.PixelData && f.syntax.Encapsulated() {
		b := append(head(dicom.OB, undefined), 0xFE, 0xFF, 0x00, 0xE0, 0, 0, 0, 0) // an empty offset table
		if _, err := w.Write(b); err != nil {
			return err
		}
		for _, p := range parts {
			b := binary.LittleEndian.AppendUint32([]byte{0xFE, 0xFF, 0x00, 0xE0}, uint32(p.length+p.length&1))
			if err := f.padded(w, b, []bulkPart{p}); err != nil {
				return err
			}
		}
		_, err := w.Write([]byte{0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0})
		return err
	}
	n := total(parts)
	return f.padded(w, head(vr, uint32(n+n&1)), parts)
}

func (f *describedFile) padded(w io.Writer, head []byte, parts []bulkPart) error {
	n := total(parts)
	if n+n&1 >= 0xFFFFFFFF {
		return fmt.Errorf("bulk data of %d bytes: more than a value can hold", n)
	}
	if _, err := w.Write(head); err != nil {
		return err
	}
	if _, err := io.Copy(w, f.d.reader(parts)); err != nil {
		return err
	}
	_, err := w.Write(make([]byte, n&1))
	return err
}
