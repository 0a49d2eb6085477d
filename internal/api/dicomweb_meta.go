package api

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/web"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/storage"
)

// The metadata of a series is built once from its instances' headers and kept
// as one compressed object: one DICOM JSON object a line, by instance number.
const (
	metaKind  = "meta"
	metaKeep  = 4 << 10         // longer values are bulk data
	metaReads = 4               // headers read at the same time
	metaQuiet = 5 * time.Second // a series that grew so lately is not kept yet
)

// bulkMark stands for the services' address, which only a request knows. No
// text of a data set can contain it: its quotes would be escaped.
const bulkMark = `"BulkDataURI":"hub:/`

// instanceLine writes the metadata of one instance.
func (d *dicomweb) instanceLine(ctx context.Context, w io.Writer, st *db.StudyRow, se *hub.Series, i *hub.Instance) error {
	ds, err := d.header(ctx, i, metaKeep)
	if err != nil {
		return err
	}
	ds.SetText(dicom.AvailableTransferSyntaxUID, i.Syntax)
	at := "hub:/studies/" + st.UID + "/series/" + se.UID + "/instances/" + i.UID + "/bulkdata/"
	return ds.JSON(w, dicom.JSONOptions{BulkURI: func(path string, _ *dicom.Element) string { return at + path }})
}

func (d *dicomweb) instanceMetadata(c *Call) error {
	f, err := d.instance(c)
	if err != nil {
		return err
	}
	return d.answerMetadata(c, &f.Study, hex.EncodeToString(f.Instance.SHA256[:min(16, len(f.Instance.SHA256))]), func(out *metaWriter) error {
		var b bytes.Buffer
		if err := d.instanceLine(c.Context(), &b, &f.Study, &f.Series, &f.Instance); err != nil {
			return err
		}
		return out.line(b.Bytes())
	})
}

func (d *dicomweb) seriesMetadata(c *Call) error {
	st, se, err := d.series(c)
	if err != nil {
		return err
	}
	return d.answerMetadata(c, st, metaTag(se.ID, se.Instances), func(out *metaWriter) error { return d.copySeries(c, out, st, se) })
}

func (d *dicomweb) studyMetadata(c *Call) error {
	st, err := d.study(c)
	if err != nil {
		return err
	}
	series, err := c.Read().SeriesOf(st.ID)
	if err != nil {
		return err
	}
	return d.answerMetadata(c, st, string(st.ID)+"-"+strconv.Itoa(st.Instances), func(out *metaWriter) error {
		for _, se := range series {
			if err := d.copySeries(c, out, st, se); err != nil {
				return err
			}
		}
		return nil
	})
}

// answerMetadata answers with the lines that write gives, compressed if the
// caller takes that, or 304.
func (d *dicomweb) answerMetadata(c *Call, st *db.StudyRow, tag string, write func(*metaWriter) error) error {
	if _, err := choose(c, web.Offer{Type: web.JSON, Default: true}, web.Offer{Type: web.PlainJSON, Default: true}); err != nil {
		return err
	}
	if err := d.view(c, st); err != nil {
		return err
	}
	h := c.W.Header()
	etag := `W/"` + tag + `"`
	h.Set("ETag", etag)
	h.Set("Cache-Control", "private, no-cache")
	h.Add("Vary", "Accept-Encoding")
	if strings.Contains(c.Header.Get("If-None-Match"), etag) {
		c.W.WriteHeader(http.StatusNotModified)
		return nil
	}
	h.Set("Content-Type", web.JSON)
	out := &metaWriter{c: c, mark: []byte(bulkMark), address: []byte(`"BulkDataURI":"` + base(c) + "/")}
	if err := write(out); err != nil {
		if !out.began {
			h.Del("ETag")
			h.Del("Content-Encoding")
			return err
		}
		if c.Context().Err() == nil {
			d.Log.Error("dicomweb: metadata broke off", "study", st.ID, "error", err)
		}
		panic(http.ErrAbortHandler)
	}
	return out.close()
}

// metaWriter joins lines to an array with the address filled in.
type metaWriter struct {
	c             *Call
	mark, address []byte
	began         bool
	w             *bufio.Writer
	zip           *gzip.Writer
}

func (m *metaWriter) begin() {
	if m.began {
		return
	}
	m.began = true
	m.w = bufio.NewWriterSize(m.c.W, 64<<10)
	if strings.Contains(m.c.Header.Get("Accept-Encoding"), "gzip") {
		m.c.W.Header().Set("Content-Encoding", "gzip")
		m.zip, _ = gzip.NewWriterLevel(m.c.W, gzip.BestSpeed) // the level is one
		m.w.Reset(m.zip)
	}
	m.c.W.WriteHeader(http.StatusOK)
	m.w.WriteByte('[')
}

func (m *metaWriter) line(b []byte) error {
	if !m.began {
		m.begin()
	} else {
		m.w.WriteByte(',')
	}
	for {
		i := bytes.Index(b, m.mark)
		if i < 0 {
			break
		}
		m.w.Write(b[:i])
		m.w.Write(m.address)
		b = b[i+len(m.mark):]
	}
	_, err := m.w.Write(b)
	return err
}

func (m *metaWriter) close() error {
	m.begin()
	m.w.WriteByte(']')
	m.w.Flush() // a caller that hung up is no fault
	if m.zip != nil {
		m.zip.Close()
	}
	return nil
}

// copySeries writes the metadata of a series, from the kept object or built
// from the headers.
func (d *dicomweb) copySeries(c *Call, out *metaWriter, st *db.StudyRow, se *hub.Series) error {
	data, err := d.metadata(c, st, se)
	if err != nil {
		return err
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("metadata of series %s: %w", se.ID, err)
	}
	lines := bufio.NewReaderSize(z, 64<<10)
	for {
		b, err := lines.ReadBytes('\n')
		if err == io.EOF && len(b) == 0 {
			return nil
		}
		if err != nil {
			return fmt.Errorf("metadata of series %s: %w", se.ID, err)
		}
		if err := out.line(b[:len(b)-1]); err != nil {
			return err
		}
	}
}

// metadata returns the compressed metadata of a series: what was built lately,
// the kept object, or a new one. One series is built at a time, so that many
// viewers opening one study build it once.
func (d *dicomweb) metadata(c *Call, st *db.StudyRow, se *hub.Series) ([]byte, error) {
	if data := d.keptMetadata(c.Context(), se); data != nil {
		return data, nil
	}
	select {
	case d.building <- struct{}{}:
	case <-c.Context().Done():
		return nil, c.Context().Err()
	}
	defer func() { <-d.building }()
	now, err := c.Read().SeriesByUID(st.ID, se.UID)
	if err != nil {
		return nil, err
	}
	if data := d.keptMetadata(c.Context(), now); data != nil {
		return data, nil
	}
	return d.buildMetadata(c, st, now)
}

func metaTag(se hub.SeriesID, count int) string { return string(se) + "-" + strconv.Itoa(count) }

// keptMetadata returns what there is of a series with all its instances, nil
// if there is nothing: it can be built again.
func (d *dicomweb) keptMetadata(ctx context.Context, se *hub.Series) []byte {
	tag := metaTag(se.ID, se.Instances)
	if data, ok := d.built.get(tag); ok {
		return data
	}
	if se.MetaKey == "" || se.MetaCount != se.Instances {
		return nil
	}
	data, err := d.readMetadata(ctx, storage.Key(se.MetaKey))
	if err != nil {
		d.Log.Warn("dicomweb: kept metadata cannot be read", "series", se.ID, "error", err)
		return nil
	}
	d.built.put(tag, data, int64(len(data)))
	return data
}

func (d *dicomweb) readMetadata(ctx context.Context, key storage.Key) ([]byte, error) {
	r, err := d.Objects.Get(ctx, key, 0, -1)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

// buildMetadata builds the metadata of a series and keeps it once the series
// is quiet.
func (d *dicomweb) buildMetadata(c *Call, st *db.StudyRow, se *hub.Series) ([]byte, error) {
	list, err := c.Read().InstancesOf(se.ID)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := d.writeMetadata(c.Context(), &b, st, se, list); err != nil {
		return nil, err
	}
	d.built.put(metaTag(se.ID, len(list)), b.Bytes(), int64(b.Len()))
	if time.Since(st.LastAt) > metaQuiet {
		if err := d.keepMetadata(c.Context(), se, b.Bytes(), len(list)); err != nil {
			d.Log.Warn("dicomweb: metadata not kept", "series", se.ID, "error", err)
		}
	}
	return b.Bytes(), nil
}

// writeMetadata writes a line for each instance, compressed. Headers are read
// a few at a time.
func (d *dicomweb) writeMetadata(ctx context.Context, w io.Writer, st *db.StudyRow, se *hub.Series, list []*hub.Instance) error {
	z := gzip.NewWriter(w)
	for len(list) > 0 {
		some := list[:min(metaReads, len(list))]
		list = list[len(some):]
		lines := make([]bytes.Buffer, len(some))
		errs := make([]error, len(some))
		var wg sync.WaitGroup
		for n, i := range some {
			wg.Go(func() { errs[n] = d.instanceLine(ctx, &lines[n], st, se, i) })
		}
		wg.Wait()
		for n := range some {
			if errs[n] != nil {
				return errs[n]
			}
			lines[n].WriteByte('\n')
			if _, err := z.Write(lines[n].Bytes()); err != nil {
				return err
			}
		}
	}
	return z.Close()
}

// keepMetadata stores the metadata of a series: the object first, then the
// row; an older object becomes a tombstone.
func (d *dicomweb) keepMetadata(ctx context.Context, se *hub.Series, data []byte, count int) error {
	key := storage.NewKey(metaKind)
	w, err := d.Objects.Create(ctx, key)
	if err != nil {
		return err
	}
	defer w.Abort()
	if _, err := w.Write(data); err != nil {
		return err
	}
	if _, err := w.Commit(); err != nil {
		return err
	}
	return d.DB.Tx(ctx, func(tx *db.Tx) error {
		if se.MetaKey != "" {
			if err := tx.Tombstone(se.MetaKey); err != nil {
				return err
			}
		}
		return tx.SeriesMeta(se.ID, string(key), count)
	})
}
