package api

import (
	"io"
	"math"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/yuanzhen/yuanzhen/dicom"
)

// describedFile is one object ready to be written as a file: its long values
// are in the spool and pass from there, they are never in memory.
type describedFile struct {
	ds     *dicom.Dataset
	syntax dicom.TransferSyntax
	bulk   bulkData
}

// file finds the bulk data of an object and how it is encoded. The error is an
// *errBulk, or of the spool.
func (d *described) file(ds *dicom.Dataset) (*describedFile, error) {
	f := &describedFile{ds: ds, syntax: dicom.ExplicitVRLittleEndian, bulk: bulkData{spool: d.spool}}
	return f, d.place(f, ds, true)
}

// place tells the bulk values of a data set where they lie.
func (d *described) place(f *describedFile, ds *dicom.Dataset, outermost bool) error {
	for i := range ds.Elements {
		e := &ds.Elements[i]
		for _, item := range e.Items {
			if err := d.place(f, item, false); err != nil {
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
		if outermost && e.Tag == dicom.PixelData {
			ts, err := d.syntaxOf(ds, parts[0])
			if err != nil {
				return err
			}
			f.syntax = ts
		}
		if outermost && e.Tag == dicom.PixelData && f.syntax.Encapsulated() {
			f.bulk.frame(e, parts)
			continue
		}
		if e.Offset, e.Length = f.bulk.add(parts...); e.Length >= math.MaxUint32-1 {
			return &errBulk{e.Tag, "its bulk data is more than a value can hold"}
		}
	}
	return nil
}

// write writes the file.
func (f *describedFile) write(w io.Writer) error {
	meta := dicom.FileMeta{SOPClassUID: f.ds.Text(dicom.SOPClassUID), SOPInstanceUID: f.ds.Text(dicom.SOPInstanceUID), Syntax: f.syntax}
	if _, err := dicom.WriteMeta(w, meta); err != nil {
		return err
	}
	return dicom.WriteFrom(w, f.ds, f.syntax, &f.bulk, nil)
}

// bulkData is the bulk values of one object, each joined of its parts, one
// behind the other.
type bulkData struct {
	spool io.ReaderAt
	parts []bulkPart
	ends  []int64 // where each part ends, counted over all of them
}

// add takes in a value and returns where it lies.
func (b *bulkData) add(parts ...bulkPart) (offset, length int64) {
	if len(b.ends) > 0 {
		offset = b.ends[len(b.ends)-1]
	}
	for _, p := range parts {
		length += p.length
		b.parts, b.ends = append(b.parts, p), append(b.ends, offset+length)
	}
	return offset, length
}

// frame makes each part a fragment of encapsulated pixel data (PS3.5 section
// A.4).
func (b *bulkData) frame(e *dicom.Element, parts []bulkPart) {
	e.Bulk, e.VR, e.Length = false, dicom.OB, -1
	e.Fragments = make([]dicom.Fragment, len(parts))
	for i, p := range parts {
		e.Fragments[i].Offset, e.Fragments[i].Length = b.add(p)
	}
}

// ReadAt implements io.ReaderAt.
func (b *bulkData) ReadAt(p []byte, off int64) (n int, err error) {
	i, _ := slices.BinarySearch(b.ends, off+1) // the first part that ends behind off
	for ; n < len(p) && i < len(b.parts); i++ {
		part := b.parts[i]
		within := off + int64(n) - (b.ends[i] - part.length)
		some := p[n:min(int64(len(p)), int64(n)+part.length-within)]
		k, err := b.spool.ReadAt(some, part.off+within)
		if n += k; k < len(some) {
			return n, err
		}
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
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
