package api

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/decode"
	"github.com/yuanzhen/yuanzhen/ecg/dicomwave"
	"github.com/yuanzhen/yuanzhen/ecg/measure"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/intake"
	"github.com/yuanzhen/yuanzhen/storage"
)

func (s *Server) recordingRoutes() []Route {
	return []Route{
		{Method: "POST", Path: "/api/v1/recordings", Roles: clinic, Do: s.postRecording, Body: ecg.MaxStreamBytes + 1},
		{Method: "GET", Path: "/api/v1/recordings/{id}", Roles: clinical, Do: s.getRecording},
		{Method: "GET", Path: "/api/v1/recordings/{id}/waveform.json", Roles: clinical, Do: s.waveform},
		{Method: "GET", Path: "/api/v1/recordings/{id}/analysis.json", Roles: clinical, Do: s.analysis},
		{Method: "GET", Path: "/api/v1/recordings/{id}/original", Roles: clinical, Raw: s.original},
		{Method: "GET", Path: "/api/v1/recordings/{id}/ecg.svg", Roles: clinical, Raw: s.ecgSVG},
		{Method: "GET", Path: "/api/v1/recordings/{id}/ecg.pdf", Roles: clinical, Raw: s.ecgPDF},
		{Method: "GET", Path: "/api/v1/recordings/{id}/thumbnail.svg", Roles: clinical, Raw: s.ecgThumbnail},
	}
}

// postRecording takes an ECG file as it is; "upload" names its format and
// quality while the patient is still there.
func (s *Server) postRecording(c *Call) (any, error) {
	body := bufio.NewReader(c.Body)
	if _, err := body.Peek(1); err == io.EOF {
		return nil, hub.E(hub.Invalid, "api.postRecording", "ecg.empty")
	}
	src := intake.Source{Actor: c.Actor, Via: "recording", Order: hub.OrderID(c.URL.Query().Get("order")), Name: clip(fileName(c.Header.Get("X-Filename")), 200)}
	out, existing, err := s.Intake.ECG(c.Context(), src, body)
	if tooLong := (*http.MaxBytesError)(nil); errors.As(err, &tooLong) {
		return nil, hub.Wrap(hub.TooLarge, "api.postRecording", "ecg.too_large", err)
	}
	if err != nil {
		return nil, err
	}
	row, err := s.DB.Read(c.Context()).Recording(out.Recording)
	if err != nil {
		return nil, err
	}
	view, err := recordingView(c.Read(), row, language(c.Request))
	if existing || err != nil {
		return view, err
	}
	return Status{http.StatusCreated, view}, nil
}

// fileName reads a name from a header: browsers percent-encode what is not ASCII.
func fileName(h string) string {
	if name, err := url.PathUnescape(h); err == nil {
		return name
	}
	return h
}

// RecordingView is a recording as clients see it.
type RecordingView struct {
	ID           hub.RecordingID `json:"id"`
	Format       string          `json:"format"`
	Leads        []string        `json:"leads"`
	RateHz       float64         `json:"rate_hz"`
	Samples      int             `json:"samples"`
	Start        *time.Time      `json:"start"`
	Patient      recordedPatient `json:"patient"`
	Measurements struct {
		Device json.RawMessage `json:"device"`
		Hub    json.RawMessage `json:"hub"`
		// Reader is what the latest marks set by hand say; null without any.
		Reader *readerMeasurements `json:"reader"`
	} `json:"measurements"`
	Statements json.RawMessage `json:"statements"`
	Quality    json.RawMessage `json:"quality"`
	Advice     []string        `json:"advice"` // what to do now, in the caller's language
	Notes      json.RawMessage `json:"notes"`
	Task       hub.TaskID      `json:"task"`
	// Corrects is the defective ECG that this one repeats, CorrectedBy the
	// repeat of this one; null if there is none.
	Corrects    *repeated `json:"corrects"`
	CorrectedBy *repeated `json:"corrected_by"`
}

// repeated is the other ECG of a pair and when it came.
type repeated struct {
	ID hub.RecordingID `json:"id"`
	At time.Time       `json:"at"`
}

// pairOf finds the other half of a repeated ECG.
func (v *RecordingView) pairOf(tx *db.Tx, r *hub.Recorded) error {
	if r.Corrects != "" {
		first, err := tx.Recording(r.Corrects)
		if err != nil {
			return err
		}
		v.Corrects = &repeated{first.ID, first.CreatedAt}
	}
	second, err := tx.Correction(r.ID)
	if hub.KindOf(err) == hub.NotFound {
		return nil
	}
	if err == nil {
		v.CorrectedBy = &repeated{second.ID, second.CreatedAt}
	}
	return err
}

type recordedPatient struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Sex       string `json:"sex"`
	BirthDate string `json:"birth_date"`
}

func recordingView(tx *db.Tx, r *hub.Recorded, lang string) (*RecordingView, error) {
	p, err := tx.Patient(r.Patient)
	if err != nil {
		return nil, err
	}
	v := &RecordingView{ID: r.ID, Format: r.Format, Leads: r.Leads, RateHz: r.RateHz, Samples: r.Samples, Quality: r.Quality, Notes: r.Notes,
		Patient: recordedPatient{p.LocalID, p.Name, p.Sex, p.BirthDate}, Advice: advice(r.Quality, lang)}
	if v.Patient.ID != "" && v.Patient.ID[0] == '~' {
		v.Patient.ID = "" // made by the hub for a file that names nobody
	}
	if !r.Start.IsZero() {
		start := r.Start.In(chinaTime) // as the cart's clock showed it
		v.Start = &start
	}
	var device struct {
		Measurements json.RawMessage `json:"measurements"`
		Statements   json.RawMessage `json:"statements"`
	}
	if err := json.Unmarshal(r.Device, &device); err != nil {
		return nil, err
	}
	v.Measurements.Device, v.Measurements.Hub, v.Statements = device.Measurements, r.Hub, device.Statements
	if v.Measurements.Reader, err = readerOf(tx, r); err != nil {
		return nil, err
	}
	if err := v.pairOf(tx, r); err != nil {
		return nil, err
	}
	t, err := tx.TaskOfRecording(r.ID)
	switch {
	case err == nil:
		v.Task = t.ID
	case hub.KindOf(err) == hub.NotFound && r.Study != "":
		tasks, err := tx.TasksOfStudy(r.Study)
		if err != nil {
			return nil, err
		}
		if len(tasks) > 0 {
			v.Task = tasks[0].ID
		}
	case hub.KindOf(err) != hub.NotFound:
		return nil, err
	}
	return v, nil
}

// advice turns quality findings into sentences that say what to do.
func advice(quality json.RawMessage, lang string) []string {
	out := []string{}
	var q measure.Quality
	if json.Unmarshal(quality, &q) != nil {
		return out
	}
	for _, f := range q.Findings {
		out = append(out, f.Sentence(measure.Lang(lang)))
	}
	return out
}

func (s *Server) getRecording(c *Call) (any, error) {
	tx := c.Read()
	r, err := recording(tx, c.Actor, hub.RecordingID(c.PathValue("id")))
	if err != nil {
		return nil, err
	}
	return recordingView(tx, r, language(c.Request))
}

// decoded reads a recording's bytes back, verified, and decodes them.
func (s *Server) decoded(ctx context.Context, tx *db.Tx, r *hub.Recorded) (*ecg.Recording, error) {
	body, err := storage.Verified(ctx, s.Objects, storage.Ref{Key: storage.Key(r.Object), Offset: r.Offset, Length: r.Length}, storage.Digest(r.Digest))
	if err != nil {
		return nil, damaged("api.decoded", err)
	}
	defer body.Close()
	if r.Instance == "" {
		data, err := io.ReadAll(body)
		if err != nil {
			return nil, damaged("api.decoded", err)
		}
		return decode.Decode(data)
	}
	i, err := tx.Instance(r.Instance)
	if err != nil {
		return nil, err
	}
	ds, err := dicom.Parse(body, dicom.TransferSyntax(i.Syntax), dicom.Options{Keep: -1})
	if err != nil {
		return nil, damaged("api.decoded", err)
	}
	return dicomwave.FromDataset(ds)
}

// window returns a recording in scope with its samples, of a long one those of
// the stretch named by from and to, which begins at sample first.
func (s *Server) window(c *Call) (r *hub.Recorded, rec *ecg.Recording, first int, err error) {
	tx := c.Read()
	if r, err = recording(tx, c.Actor, hub.RecordingID(c.PathValue("id"))); err != nil {
		return nil, nil, 0, err
	}
	o, long, err := isLong(tx, r)
	if err != nil {
		return nil, nil, 0, err
	}
	if !long {
		rec, err = s.decoded(c.Context(), tx, r)
		return r, rec, 0, err
	}
	from, to, err := span(c.URL.Query(), partSeconds)
	if err != nil {
		return nil, nil, 0, err
	}
	rec, first, err = s.part(c.Context(), r, o, from, to)
	return r, rec, first, err
}

// samples are the µV values of one lead; a gap is null.
type samples []float32

// MarshalJSON writes whole numbers where the value is one.
func (v samples) MarshalJSON() ([]byte, error) {
	b := make([]byte, 0, 7*len(v)+2)
	b = append(b, '[')
	for i, x := range v {
		if i > 0 {
			b = append(b, ',')
		}
		if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
			b = append(b, "null"...)
			continue
		}
		b = strconv.AppendFloat(b, float64(x), 'f', -1, 32)
	}
	return append(b, ']'), nil
}

type waveGroup struct {
	Kind    string    `json:"kind,omitempty"`
	Leads   []string  `json:"leads"`
	RateHz  float64   `json:"rate_hz"`
	Unit    string    `json:"unit"`
	Samples []samples `json:"samples"` // [lead][sample]
}

func waveOf(leads []ecg.Lead, rate float64, unit, kind string) waveGroup {
	g := waveGroup{Kind: kind, RateHz: rate, Unit: unit, Leads: []string{}, Samples: []samples{}}
	for _, l := range leads {
		g.Leads, g.Samples = append(g.Leads, l.Name), append(g.Samples, l.Samples)
	}
	return g
}

func (s *Server) waveform(c *Call) (any, error) {
	row, rec, first, err := s.window(c)
	if err != nil {
		return nil, err
	}
	groups := []waveGroup{}
	for _, g := range rec.Groups {
		groups = append(groups, waveOf(g.Leads, g.RateHz, g.Unit, g.Kind))
	}
	return struct {
		waveGroup
		Start  *time.Time  `json:"start"`
		First  int         `json:"first"` // sample of the recording at which samples begin
		Total  int         `json:"total"` // samples of the recording
		Groups []waveGroup `json:"groups"`
	}{waveOf(rec.Leads, rec.RateHz, "uV", ""), nonZero(row.Start), first, row.Samples, groups}, nil
}

func nonZero(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.In(chinaTime)
	return &t
}

// chinaTime is the zone in which clinics read times.
var chinaTime = time.FixedZone("CST", 8*3600)

// analysis gives beats, rhythm, median beat and quality, for marks on the drawing.
func (s *Server) analysis(c *Call) (any, error) {
	_, rec, _, err := s.window(c)
	if err != nil {
		return nil, err
	}
	return measure.Analyse(rec), nil
}

// original gives the file as it was received, bit for bit. An object that came
// over the network had no file: its data set gets a header of the hub's.
func (s *Server) original(c *Call) error {
	tx := c.Read()
	r, err := recording(tx, c.Actor, hub.RecordingID(c.PathValue("id")))
	if err != nil {
		return err
	}
	body, err := storage.Verified(c.Context(), s.Objects, storage.Ref{Key: storage.Key(r.Object), Offset: r.Offset, Length: r.Length}, storage.Digest(r.Digest))
	if err != nil {
		return hub.Wrap(hub.Busy, "api.original", "store.unavailable", err)
	}
	defer body.Close()
	err = s.DB.Tx(c.Context(), func(tx *db.Tx) error {
		return tx.Audit(c.Actor, hub.Record{Action: "original.download", Object: "recording/" + string(r.ID), OK: true})
	})
	if err != nil {
		return err
	}
	c.W.Header().Set("Content-Disposition", `attachment; filename="`+string(r.ID)+`"`)
	c.W.Header().Set("Content-Type", "application/octet-stream")
	if r.Instance != "" {
		c.W.Header().Set("Content-Type", "application/dicom")
	}
	c.W.Header().Set("Content-Length", strconv.FormatInt(int64(len(r.Head))+r.Length, 10))
	if _, err := io.Copy(c.W, io.MultiReader(bytes.NewReader(r.Head), body)); err != nil {
		s.Log.Error("original: broke off", "recording", r.ID, "error", err)
		panic(http.ErrAbortHandler) // the client must not take half for the whole
	}
	return nil
}
