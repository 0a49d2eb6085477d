package api

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"strings"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/pdfecg"
	photo "github.com/yuanzhen/yuanzhen/ecg/picture"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/storage"
)

// pictured answers with the picture that a recording is, true to the file:
// inside an SVG, or as the PDF it came as. It reports false for recordings that
// have to be drawn, and for a picture of the other kind.
func (s *Server) pictured(c *Call, rec *ecg.Recording, kind string) (bool, error) {
	svg := kind == svgType && strings.HasPrefix(rec.Picture, "image/")
	if !svg && (kind != pdfecg.MediaType || rec.Picture != kind) {
		return false, nil
	}
	r, err := recording(c.Read(), c.Actor, hub.RecordingID(c.PathValue("id")))
	if err != nil {
		return true, err
	}
	body, err := storage.Verified(c.Context(), s.Objects, storage.Ref{Key: storage.Key(r.Object), Offset: r.Offset, Length: r.Length}, storage.Digest(r.Digest))
	if err != nil {
		return true, damaged("api.pictured", err)
	}
	defer body.Close()
	data, err := io.ReadAll(body)
	if err != nil {
		return true, damaged("api.pictured", err)
	}
	page := bytes.NewBuffer(data)
	if svg {
		width, height, err := photo.Size(data)
		if err != nil {
			return true, err
		}
		page = new(bytes.Buffer)
		fmt.Fprintf(page, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d"><image width="%d" height="%d" href="data:%s;base64,%s"/></svg>`,
			width, height, width, height, rec.Picture, base64.StdEncoding.EncodeToString(data))
	}
	return true, drawn(c, kind, page, nil)
}
