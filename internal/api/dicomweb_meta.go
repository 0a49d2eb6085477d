package api

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzip"

	"github.com/yuanzhen/yuanzhen/dicom/web"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/settle"
)

func (d *dicomweb) instanceMetadata(c *Call) error {
	f, err := d.instance(c)
	if err != nil {
		return err
	}
	return d.answerMetadata(c, &f.Study, hex.EncodeToString(f.Instance.Digest[:min(16, len(f.Instance.Digest))]), func(out *metaWriter) error {
		var b bytes.Buffer
		if err := d.Settled.Line(c.Context(), &b, &f.Study, &f.Series, &f.Instance); err != nil {
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
	tag, err := d.Settled.Tag(c.Context(), st, se)
	if err != nil {
		return err
	}
	return d.answerMetadata(c, st, tag, func(out *metaWriter) error { return d.copySeries(c, out, st, se) })
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
	tags := sha256.New()
	for _, se := range series {
		tag, err := d.Settled.Tag(c.Context(), st, se)
		if err != nil {
			return err
		}
		io.WriteString(tags, tag)
	}
	return d.answerMetadata(c, st, hex.EncodeToString(tags.Sum(nil)[:16]), func(out *metaWriter) error {
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
	offer, err := choose(c, modelOffers()...)
	if err != nil {
		return err
	}
	if offer.Type == web.XML {
		tag += "-xml"
	}
	if err := d.view(c, st); err != nil {
		return err
	}
	h := c.W.Header()
	etag := `W/"` + tag + `"`
	h.Set("ETag", etag)
	h.Set("Cache-Control", "private, no-cache")
	h.Add("Vary", "Accept-Encoding")
	if notModified(c, etag) {
		return nil
	}
	out := &metaWriter{c: c, xml: offer.Type == web.XML, mark: []byte(settle.BulkMark), address: []byte(`"BulkDataURI":"` + base(c) + "/")}
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
	xml           bool
	began         bool
	parts         *web.Writer // of XML
	w             *bufio.Writer
	zip           *gzip.Writer
}

func (m *metaWriter) begin() {
	if m.began {
		return
	}
	m.began = true
	m.w = bufio.NewWriterSize(m.c.W, 64<<10)
	if takesGzip(m.c.Header) {
		m.c.W.Header().Set("Content-Encoding", "gzip")
		m.zip, _ = gzip.NewWriterLevel(m.c.W, gzip.BestSpeed) // the level is one
		m.w.Reset(m.zip)
	}
	if m.xml {
		m.parts = web.NewWriter(m.w)
		m.c.W.Header().Set("Content-Type", m.parts.ContentType(web.XML, ""))
		m.c.W.WriteHeader(http.StatusOK)
		return
	}
	m.c.W.Header().Set("Content-Type", web.JSON)
	m.c.W.WriteHeader(http.StatusOK)
	m.w.WriteByte('[')
}

// takesGzip reads Accept-Encoding (RFC 9110 section 12.5.3).
func takesGzip(h http.Header) bool {
	for coding := range strings.SplitSeq(strings.Join(h.Values("Accept-Encoding"), ","), ",") {
		name, weight, weighed := strings.Cut(coding, ";")
		if name = strings.TrimSpace(name); !strings.EqualFold(name, "gzip") && name != "*" {
			continue
		}
		q, err := strconv.ParseFloat(strings.TrimPrefix(strings.TrimSpace(weight), "q="), 64)
		return !weighed || err == nil && q > 0
	}
	return false
}

func (m *metaWriter) line(b []byte) error {
	if m.xml {
		m.begin()
		data, err := web.AppendXML(nil, bytes.ReplaceAll(b, m.mark, m.address))
		if err == nil {
			err = m.parts.Part(int64(len(data)), web.Header{Name: "Content-Type", Value: web.XML})
		}
		if err == nil {
			_, err = m.w.Write(data)
		}
		return err
	}
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
	if m.xml {
		m.parts.Close()
	} else {
		m.w.WriteByte(']')
	}
	m.w.Flush() // a caller that hung up is no fault
	if m.zip != nil {
		m.zip.Close()
	}
	return nil
}

// copySeries writes the metadata of a series, from the kept object or built
// from the headers.
func (d *dicomweb) copySeries(c *Call, out *metaWriter, st *db.StudyRow, se *hub.Series) error {
	m, err := d.Settled.Metadata(c.Context(), st, se)
	if err != nil {
		return err
	}
	z, err := gzip.NewReader(bytes.NewReader(m.Data))
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
