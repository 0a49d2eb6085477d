package api

import (
	"cmp"
	"encoding/json"
	"math"
	"slices"
	"time"

	"github.com/yuanzhen/yuanzhen/ecg/statement"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// marking are the roles that measure by hand.
var marking = []hub.Role{hub.Reader, hub.Reviewer, hub.Expert}

func (s *Server) traceMarksRoutes() []Route {
	return []Route{
		{Method: "GET", Path: "/api/v1/recordings/{id}/marks", Roles: clinical, Do: s.listTraceMarks},
		{Method: "PUT", Path: "/api/v1/recordings/{id}/marks", Roles: marking, Do: s.putTraceMarks},
		{Method: "GET", Path: "/api/v1/ecg-statements", Roles: clinical, Do: s.ecgStatements},
	}
}

// ecgStatements is the vocabulary of ECG reports.
func (s *Server) ecgStatements(*Call) (any, error) {
	return map[string]any{"items": statement.All()}, nil
}

// MarksView is one reader's marks on a recording and what follows from them.
type MarksView struct {
	Boundaries   hub.MarkedBounds    `json:"boundaries"`
	Beats        []hub.MarkedBeat    `json:"beats"`
	Speed        float64             `json:"speed"`
	Gain         float64             `json:"gain"`
	Measurements *readerMeasurements `json:"measurements"`
}

// readerMeasurements follow from the boundaries a reader set; by whom and
// when belongs to the numbers.
type readerMeasurements struct {
	PR   *float64  `json:"pr_ms,omitempty"`
	QRS  *float64  `json:"qrs_ms,omitempty"`
	QT   *float64  `json:"qt_ms,omitempty"`
	QTc  *float64  `json:"qtc_ms,omitempty"` // Bazett, with the hub's RR interval
	QTcF *float64  `json:"qtcf_ms,omitempty"`
	By   string    `json:"by"`
	At   time.Time `json:"at"`
}

// mostTraceMarks is how many savings are shown of one recording, the newest.
const mostTraceMarks = 100

func (s *Server) listTraceMarks(c *Call) (any, error) {
	tx := c.Read()
	r, err := recording(tx, c.Actor, hub.RecordingID(c.PathValue("id")))
	if err != nil {
		return nil, err
	}
	list, err := tx.TraceMarks(r.ID, mostTraceMarks)
	if err != nil {
		return nil, err
	}
	out := make([]MarksView, 0, len(list))
	for _, m := range list {
		v, err := marksView(tx, r, m)
		if err != nil {
			return nil, err
		}
		out = append(out, *v)
	}
	return map[string]any{"items": out}, nil
}

// putTraceMarks keeps a reader's marks beside those before.
func (s *Server) putTraceMarks(c *Call) (any, error) {
	var in struct {
		Boundaries hub.MarkedBounds `json:"boundaries"`
		Beats      []hub.MarkedBeat `json:"beats"`
		Speed      float64          `json:"speed"`
		Gain       float64          `json:"gain"`
	}
	if err := c.JSON(&in); err != nil {
		return nil, err
	}
	var view *MarksView
	err := s.DB.Tx(c.Context(), func(tx *db.Tx) error {
		r, err := recording(tx, c.Actor, hub.RecordingID(c.PathValue("id")))
		if err != nil {
			return err
		}
		m := &hub.TraceMarks{ID: hub.NewID[hub.TraceMarksID](), Recording: r.ID, Account: c.Actor.Account, Boundaries: in.Boundaries, Beats: in.Beats,
			Speed: in.Speed, Gain: in.Gain, At: tx.Now()}
		if err := checkMarks(m, r.Samples); err != nil {
			return err
		}
		if err := tx.InsertTraceMarks(m); err != nil {
			return err
		}
		if err := tx.Audit(c.Actor, hub.Record{Action: "recording.marks", Object: "recording/" + string(r.ID), OK: true}); err != nil {
			return err
		}
		view, err = marksView(tx, r, m)
		return err
	})
	return view, err
}

// Boundaries a beat can have, in ms from its R peak.
const (
	earliestMark = -1000
	latestMark   = 1500
	maxMarked    = 5000 // beats
)

var markedClasses = []string{"dominant", "ventricular", "supraventricular", "paced", "artefact", "other"}

// checkMarks refuses boundaries out of order and beats outside the recording.
func checkMarks(m *hub.TraceMarks, samples int) error {
	const op = "api.checkMarks"
	b := m.Boundaries
	before := math.Inf(-1)
	for _, x := range []*float64{b.POn, b.POff, b.QRSOn, b.QRSOff, b.TEnd} {
		if x == nil {
			continue
		}
		if *x < earliestMark || *x > latestMark || *x < before {
			return hub.E(hub.Invalid, op, "marks.order")
		}
		before = *x
	}
	if len(m.Beats) > maxMarked {
		return hub.E(hub.Invalid, op, "marks.beats")
	}
	for _, beat := range m.Beats {
		if beat.Sample < 0 || beat.Sample >= samples || !slices.Contains(markedClasses, beat.Class) {
			return hub.E(hub.Invalid, op, "marks.beats")
		}
	}
	m.Beats = slices.Clone(m.Beats)
	if m.Beats == nil {
		m.Beats = []hub.MarkedBeat{}
	}
	slices.SortFunc(m.Beats, func(a, b hub.MarkedBeat) int { return cmp.Compare(a.Sample, b.Sample) })
	return nil
}

func marksView(tx *db.Tx, r *hub.Recorded, m *hub.TraceMarks) (*MarksView, error) {
	by, err := tx.Account(m.Account)
	if err != nil {
		return nil, err
	}
	var own struct {
		RR *float64 `json:"rr_ms"`
	}
	if err := json.Unmarshal(r.Hub, &own); err != nil {
		return nil, err
	}
	b := m.Boundaries
	v := &MarksView{Boundaries: b, Beats: m.Beats, Speed: m.Speed, Gain: m.Gain, Measurements: &readerMeasurements{By: by.Name, At: m.At}}
	out := v.Measurements
	out.PR, out.QRS, out.QT = fromTo(b.POn, b.QRSOn), fromTo(b.QRSOn, b.QRSOff), fromTo(b.QRSOn, b.TEnd)
	if out.QT != nil && own.RR != nil && *own.RR > 0 {
		rr := *own.RR / 1000
		bazett, fridericia := math.Round(*out.QT/math.Sqrt(rr)), math.Round(*out.QT/math.Cbrt(rr))
		out.QTc, out.QTcF = &bazett, &fridericia
	}
	return v, nil
}

// fromTo is the time from a to b in whole ms; nil where one is not set.
func fromTo(a, b *float64) *float64 {
	if a == nil || b == nil {
		return nil
	}
	d := math.Round(*b - *a)
	return &d
}

// readerOf is what the latest marks say, nil without any.
func readerOf(tx *db.Tx, r *hub.Recorded) (*readerMeasurements, error) {
	list, err := tx.TraceMarks(r.ID, 1)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	v, err := marksView(tx, r, list[0])
	if err != nil {
		return nil, err
	}
	return v.Measurements, nil
}

var traceMarksMessages = messages{
	"marks.order": {"标记的先后顺序不对（P 起点、P 终点、QRS 起点、QRS 终点、T 终点应依次向后）。请调整后再保存。", "The marks are out of order: P onset, P end, QRS onset, QRS end and T end must follow each other. Move them and save again."},
	"marks.beats": {"心搏标记超出记录范围或类别无效。请刷新页面后重新标记。", "A marked beat lies outside the recording or has an unknown class. Reload the page and mark again."},
}
