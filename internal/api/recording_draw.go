package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/draw"
	"github.com/yuanzhen/yuanzhen/ecg/pdfecg"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// Trace reads a recording's samples back, verified; of a long one the first
// part, which is not read whole for it.
func (s *Server) Trace(ctx context.Context, r *hub.Recorded) (*ecg.Recording, error) {
	tx := s.DB.Read(ctx)
	o, long, err := isLong(tx, r)
	if err != nil {
		return nil, err
	}
	if long { // a report shows its first seconds
		rec, _, err := s.part(ctx, r, o, 0, partSeconds)
		return rec, err
	}
	return s.decoded(ctx, tx, r)
}

// drawOptions reads how to draw from an address: layout, speed (mm/s), gain
// (mm/mV), chest_gain, start (s), rhythm, cabrera, together, high_pass,
// low_pass, notch (Hz).
func drawOptions(q url.Values, lang string) (draw.Options, error) {
	// An unescaped "+" of the layout's name arrives as a space.
	o := draw.Options{Layout: draw.Layout(strings.ReplaceAll(q.Get("layout"), " ", "+")), RhythmLead: q.Get("rhythm"), English: lang == "en"}
	for name, at := range map[string]*float64{"speed": &o.MMPerSecond, "gain": &o.MMPerMV, "chest_gain": &o.ChestMMPerMV, "start": &o.StartSecond,
		"high_pass": &o.Filter.HighPassHz, "low_pass": &o.Filter.LowPassHz, "notch": &o.Filter.NotchHz} {
		text := q.Get(name)
		if text == "" {
			continue
		}
		v, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return o, hub.Field("api.drawOptions", name, "want a number")
		}
		*at = v
	}
	for name, at := range map[string]*bool{"cabrera": &o.Cabrera, "together": &o.Together} {
		text := q.Get(name)
		if text == "" {
			continue
		}
		v, err := strconv.ParseBool(text)
		if err != nil {
			return o, hub.Field("api.drawOptions", name, "want true or false")
		}
		*at = v
	}
	return o, nil
}

// traceHeader is who was recorded, when and where, and what was measured.
func traceHeader(tx *db.Tx, r *hub.Recorded) ([]string, error) {
	p, err := tx.Patient(r.Patient)
	if err != nil {
		return nil, err
	}
	m, err := tx.Member(r.Member)
	if err != nil {
		return nil, err
	}
	at := r.Start
	if at.IsZero() {
		at = r.CreatedAt
	}
	who := []string{p.Name, map[string]string{"M": "男", "F": "女"}[p.Sex], p.AgeOn(at)}
	if !strings.HasPrefix(p.LocalID, "~") {
		who = append(who, "编号 "+p.LocalID)
	}
	line := spaced(append(who, m.Name, chinaMinute(nonZero(r.Start))))
	var hubs map[string]any
	if err := json.Unmarshal(r.Hub, &hubs); err != nil {
		return []string{line}, nil // an old form: the drawing does without
	}
	var numbers []string
	for _, want := range []struct{ key, name, unit string }{{"hr_bpm", "心率", "次/分"}, {"pr_ms", "PR", "ms"}, {"qrs_ms", "QRS", "ms"},
		{"qt_ms", "QT", "ms"}, {"qtc_ms", "QTc", "ms"}, {"qrs_axis_deg", "电轴", "°"}} {
		if v, ok := hubs[want.key].(float64); ok {
			numbers = append(numbers, want.name+" "+strconv.FormatFloat(v, 'f', 0, 64)+" "+want.unit)
		}
	}
	return []string{line, spaced(numbers)}, nil
}

func spaced(parts []string) string {
	var given []string
	for _, p := range parts {
		if strings.TrimSpace(p) != "" {
			given = append(given, p)
		}
	}
	return strings.Join(given, "　")
}

// chinaMinute shows a time as people in the clinic read it.
func chinaMinute(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.In(time.FixedZone("CST", 8*3600)).Format("2006-01-02 15:04")
}

// drawing prepares a request for a page with an ECG.
func (s *Server) drawing(c *Call) (*ecg.Recording, draw.Options, error) {
	o, err := drawOptions(c.URL.Query(), language(c.Request))
	if err != nil {
		return nil, o, err
	}
	row, rec, first, err := s.window(c)
	if err != nil {
		return nil, o, err
	}
	if first > 0 { // the drawing's start counts from the recording's
		o.StartSecond = max(0, o.StartSecond-float64(first)/row.RateHz)
	}
	o.Header, err = traceHeader(c.Read(), row)
	return rec, o, err
}

// drawn answers a finished drawing; options the drawing refuses are the
// caller's.
func drawn(c *Call, kind string, page *bytes.Buffer, err error) error {
	if errors.Is(err, draw.ErrOptions) {
		return hub.Field("api.drawn", "options", "the drawing refuses it").With("refusal", strings.TrimPrefix(err.Error(), draw.ErrOptions.Error()+": "))
	}
	if err != nil {
		return err
	}
	h := c.W.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Length", strconv.Itoa(page.Len()))
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	_, err = page.WriteTo(c.W)
	if err != nil {
		panic(http.ErrAbortHandler) // the caller is gone
	}
	return nil
}

const svgType = "image/svg+xml; charset=utf-8"

// ecgSVG draws a recording at true scale, with the patient's line.
func (s *Server) ecgSVG(c *Call) error {
	rec, o, err := s.drawing(c)
	if err != nil {
		return err
	}
	if done, err := s.pictured(c, rec, svgType); done {
		return err
	}
	var page bytes.Buffer
	err = draw.SVG(&page, rec, o)
	return drawn(c, svgType, &page, err)
}

// ecgPDF draws a recording on a page to print.
func (s *Server) ecgPDF(c *Call) error {
	rec, o, err := s.drawing(c)
	if err != nil {
		return err
	}
	if done, err := s.pictured(c, rec, pdfecg.MediaType); done {
		return err
	}
	var page bytes.Buffer
	err = s.Reports.TracePDF(&page, rec, o, o.Header)
	return drawn(c, "application/pdf", &page, err)
}

// ecgThumbnail draws a recording small, without the patient; it never changes.
func (s *Server) ecgThumbnail(c *Call) error {
	_, rec, _, err := s.window(c)
	if err != nil {
		return err
	}
	var page bytes.Buffer
	err = draw.Thumbnail(&page, rec)
	c.W.Header().Set("Cache-Control", "private, max-age=86400")
	return drawn(c, svgType, &page, err)
}
