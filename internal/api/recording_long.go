package api

import (
	"context"
	"errors"
	"io"
	"math"
	"net/url"
	"strconv"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/decode"
	"github.com/yuanzhen/yuanzhen/ecg/dicomwave"
	"github.com/yuanzhen/yuanzhen/ecg/measure"
	"github.com/yuanzhen/yuanzhen/ecg/pyramid"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/intake"
	"github.com/yuanzhen/yuanzhen/storage"
)

// A long recording is shown in parts: as many seconds when none are named, and
// the most at once.
const (
	partSeconds     = 60.0
	mostPartSeconds = 600.0
)

func (s *Server) longRoutes() []Route {
	return []Route{
		{Method: "GET", Path: "/api/v1/recordings/{id}/overview.json", Roles: clinical, Do: s.overview},
		{Method: "GET", Path: "/api/v1/recordings/{id}/trend.json", Roles: clinical, Do: s.trend},
		{Method: "GET", Path: "/api/v1/recordings/{id}/beats.json", Roles: clinical, Do: s.beatsOf},
	}
}

// stored reads bytes of the object store from any place.
type stored struct {
	ctx     context.Context
	objects storage.Objects
	key     storage.Key
	base    int64
	size    int64
}

// ReadAt implements io.ReaderAt.
func (o stored) ReadAt(p []byte, at int64) (int, error) {
	if at >= o.size {
		return 0, io.EOF
	}
	short := at+int64(len(p)) > o.size
	if short {
		p = p[:o.size-at]
	}
	r, err := o.objects.Get(o.ctx, o.key, o.base+at, int64(len(p)))
	if err != nil {
		return 0, err
	}
	defer r.Close()
	n, err := io.ReadFull(r, p)
	if err == nil && short {
		err = io.EOF
	}
	return n, err
}

// isLong reports whether a recording is kept to be read in parts.
func isLong(tx *db.Tx, r *hub.Recorded) (*hub.Overview, bool, error) {
	o, err := tx.Overview(r.ID)
	if hub.KindOf(err) == hub.NotFound {
		return nil, false, nil
	}
	return o, err == nil, err
}

// damaged tells bytes that are not those stored, which no repeating mends, from
// a store that does not serve now.
func damaged(op string, err error) error {
	fault, _ := errors.AsType[*ecg.FormatError](err) // what was read at intake is not read now
	switch {
	case errors.Is(err, storage.ErrUnavailable):
	case errors.Is(err, storage.ErrCorrupt), errors.Is(err, storage.ErrNotFound), errors.Is(err, pyramid.ErrDamaged), fault != nil:
		return hub.Wrap(hub.Internal, op, "ecg.damaged", err)
	}
	return hub.Wrap(hub.Busy, op, "store.unavailable", err)
}

// kept is where the parts of a long recording lie, checked by the block.
type kept struct {
	recording io.ReaderAt
	pyramid   io.ReaderAt
}

func (s *Server) openKept(ctx context.Context, r *hub.Recorded, o *hub.Overview) (*kept, error) {
	size := o.Length - o.Trend
	overview := stored{ctx, s.Objects, storage.Key(o.Object), o.Offset, size}
	sums, err := intake.ReadSums(overview)
	if err != nil {
		return nil, err
	}
	size -= sums.Size()
	return &kept{
		recording: intake.Checked(stored{ctx, s.Objects, storage.Key(r.Object), r.Offset, r.Length}, r.Length, sums.Recording),
		pyramid:   intake.Checked(io.NewSectionReader(overview, sums.Size(), size), size, sums.Pyramid),
	}, nil
}

// stream reads the head of a long recording.
func (s *Server) stream(ctx context.Context, r *hub.Recorded, at io.ReaderAt) (ecg.Stream, error) {
	if r.Instance == "" {
		return decode.Stream(at, r.Length)
	}
	i, err := s.DB.Read(ctx).Instance(r.Instance)
	if err != nil {
		return nil, err
	}
	return dicomwave.OpenDataset(at, r.Length, dicom.TransferSyntax(i.Syntax))
}

// part reads the seconds [from, to) of a long recording; its samples count
// from sample first of the whole.
func (s *Server) part(ctx context.Context, r *hub.Recorded, o *hub.Overview, from, to float64) (rec *ecg.Recording, first int, err error) {
	k, err := s.openKept(ctx, r, o)
	if err != nil {
		return nil, 0, damaged("api.part", err)
	}
	stream, err := s.stream(ctx, r, k.recording)
	if err != nil {
		return nil, 0, damaged("api.part", err)
	}
	from = min(max(from, 0), ecg.Length(stream))
	to = min(to, from+mostPartSeconds)
	first = int(math.Round(from * r.RateHz))
	rec, err = ecg.Window(stream, first, int(math.Round(to*r.RateHz)))
	if err != nil {
		return nil, 0, damaged("api.part", err)
	}
	return rec, first, nil
}

// span reads "from" and "to" in seconds from an address; to is from plus usual
// when it is not named.
func span(q url.Values, usual float64) (from, to float64, err error) {
	read := func(name string, otherwise float64) float64 {
		text := q.Get(name)
		if text == "" {
			return otherwise
		}
		v, wrong := strconv.ParseFloat(text, 64)
		if wrong != nil || math.IsNaN(v) || v < 0 || v > 1e9 {
			err = hub.E(hub.Invalid, "api.span", "ecg.span").With("name", name)
		}
		return v
	}
	from = read("from", 0)
	to = read("to", from+usual)
	if err == nil && to < from {
		err = hub.E(hub.Invalid, "api.span", "ecg.span").With("name", "to")
	}
	return from, to, err
}

// loadOverview returns a long recording in scope and where its overview lies.
func (s *Server) loadOverview(c *Call) (*hub.Recorded, *hub.Overview, error) {
	tx := c.Read()
	r, err := recording(tx, c.Actor, hub.RecordingID(c.PathValue("id")))
	if err != nil {
		return nil, nil, err
	}
	o, long, err := isLong(tx, r)
	if err == nil && !long {
		err = hub.E(hub.Conflict, "api.loadOverview", "ecg.not_long")
	}
	return r, o, err
}

// defaultSpans is how many spans a picture of the overview has; maxSpans the
// most.
const (
	defaultSpans = 1000
	maxSpans     = 8000
)

// overview gives lowest and highest value over spans of a stretch of a long
// recording, or its samples where there are fewer than two a span.
func (s *Server) overview(c *Call) (any, error) {
	r, o, err := s.loadOverview(c)
	if err != nil {
		return nil, err
	}
	from, to, err := span(c.URL.Query(), float64(r.Samples)/r.RateHz)
	if err != nil {
		return nil, err
	}
	spans := defaultSpans
	if text := c.URL.Query().Get("spans"); text != "" {
		if spans, err = strconv.Atoi(text); err != nil || spans < 1 || spans > maxSpans {
			return nil, hub.E(hub.Invalid, "api.overview", "ecg.span").With("name", "spans")
		}
	}
	k, err := s.openKept(c.Context(), r, o)
	if err != nil {
		return nil, damaged("api.overview", err)
	}
	drawn, err := pyramid.Open(k.pyramid)
	if err != nil {
		return nil, damaged("api.overview", err)
	}
	got, err := drawn.Range(int(from*r.RateHz), int(math.Ceil(to*r.RateHz)), spans)
	if err != nil {
		return nil, damaged("api.overview", err)
	}
	if got == nil {
		rec, first, err := s.part(c.Context(), r, o, from, to)
		if err != nil {
			return nil, err
		}
		g := waveOf(rec.Leads, rec.RateHz, "uV", "")
		return overviewView{From: float64(first) / r.RateHz, Step: 1 / r.RateHz, Leads: g.Leads, Samples: g.Samples}, nil
	}
	v := overviewView{From: float64(got.From) / r.RateHz, Step: float64(got.Factor) / r.RateHz, Leads: drawn.Leads}
	for i := range got.Low {
		v.Low, v.High = append(v.Low, got.Low[i]), append(v.High, got.High[i])
	}
	return v, nil
}

// overviewView is a stretch of a recording: From and Step in seconds, values
// in µV as [lead][span], null without one; either lowest and highest value or
// the samples themselves.
type overviewView struct {
	From    float64   `json:"from"`
	Step    float64   `json:"step"`
	Leads   []string  `json:"leads"`
	Low     []samples `json:"low,omitempty"`
	High    []samples `json:"high,omitempty"`
	Samples []samples `json:"samples,omitempty"`
}

// readTrend reads what is kept of a long recording's beats.
func (s *Server) readTrend(c *Call) (*hub.Recorded, *intake.LongTrend, error) {
	r, o, err := s.loadOverview(c)
	if err != nil {
		return nil, nil, err
	}
	body, err := s.Objects.Get(c.Context(), storage.Key(o.Object), o.Offset+o.Length-o.Trend, o.Trend)
	if err != nil {
		return nil, nil, damaged("api.readTrend", err)
	}
	defer body.Close()
	packed, err := io.ReadAll(body)
	if err != nil {
		return nil, nil, damaged("api.readTrend", err)
	}
	t, err := intake.ReadTrend(packed)
	if err != nil {
		return nil, nil, damaged("api.readTrend", err)
	}
	return r, t, nil
}

// trend gives heart rate by the minute, RR histogram and events.
func (s *Server) trend(c *Call) (any, error) {
	_, t, err := s.readTrend(c)
	if err != nil {
		return nil, err
	}
	return t.Trend, nil
}

// beatsOf gives the beats of a stretch.
func (s *Server) beatsOf(c *Call) (any, error) {
	r, t, err := s.readTrend(c)
	if err != nil {
		return nil, err
	}
	from, to, err := span(c.URL.Query(), partSeconds)
	if err != nil {
		return nil, err
	}
	out, at := []measure.Beat{}, 0
	for i, gap := range t.Marks.Gaps {
		at += gap
		if float64(at) >= to*r.RateHz {
			break
		}
		if float64(at) < from*r.RateHz {
			continue
		}
		b := measure.Beat{Sample: at, Class: measure.Dominant}
		if i > 0 {
			b.RRms = math.Round(float64(gap) / r.RateHz * 1000)
		}
		if class, other := t.Marks.Other[i]; other {
			b.Class = class
		}
		out = append(out, b)
	}
	return map[string]any{"beats": out}, nil
}

var longMessages = messages{
	"ecg.damaged":  {"这份心电记录的存储数据已损坏，无法可靠显示，因此不予显示；请联系管理员从备份恢复，或请采集单位重新上传原始文件。", "The stored data of this ECG are damaged and are not shown, because they could be wrong. Ask the administrator to restore them from the backup, or the clinic to upload the original file again."},
	"ecg.span":     {"时间范围“{name}”有误，请刷新页面后重试。", "The stretch of time is wrong ({name}); reload the page and try again."},
	"ecg.not_long": {"这不是长程心电记录，请使用普通心电页面查看。", "This is no long-term ECG; open it on the ordinary ECG page."},
}
