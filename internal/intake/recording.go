package intake

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/decode"
	"github.com/yuanzhen/yuanzhen/ecg/dicomwave"
	"github.com/yuanzhen/yuanzhen/ecg/measure"
	"github.com/yuanzhen/yuanzhen/ecg/picture"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/recognition"
	"github.com/yuanzhen/yuanzhen/internal/worklist"
)

// holterFrom is the length from which an ECG is read as a long-term one.
const holterFrom = time.Hour

// trace is a decoded and measured ECG; rec of a long one has no samples.
type trace struct {
	rec     *ecg.Recording
	samples int // of each lead
	result  measure.Result
	quality measure.Quality // result's, and what shows beside the patient's other ECGs

	overview *hub.Overview // of a long one
}

// long says whether it is read as a long-term ECG.
func (w *trace) long() bool {
	return w.rec.RateHz > 0 && float64(w.samples)/w.rec.RateHz > holterFrom.Seconds()
}

// file is an ECG file that is no DICOM object.
type file struct {
	name string
}

// analyse measures rec.
func analyse(rec *ecg.Recording) *trace {
	if rec.Picture != "" {
		return &trace{rec: rec} // nothing to measure, and no bad signal either
	}
	return &trace{rec: rec, samples: rec.Samples(), result: measure.Analyse(rec)}
}

// readWave decodes the waveform of a DICOM ECG. An object whose waveform
// cannot be read is still stored and shown as what it is; the reader sees why.
// The only errors are those of keeping the overview of a long one.
func (in *Intake) readWave(ctx context.Context, a *arrival) error {
	var fault error
	if a.copy != nil {
		wave, err := in.longWave(ctx, a)
		if wave != nil || err != nil {
			a.wave = wave
			return err
		}
		fault = dicomwave.Fill(a.ds, a.copy)
	}
	if fault == nil {
		var rec *ecg.Recording
		if rec, fault = dicomwave.FromDataset(a.ds); fault == nil {
			a.wave = analyse(rec)
			return nil
		}
	}
	in.Log.Warn("intake: waveform", "via", a.src.Via, "error", fault)
	return nil
}

// Recording takes in an ECG file as it is, format found by content. The same
// bytes again return the recording that is there, with existing true. A DICOM
// object goes the way of all DICOM objects and comes back with its recording.
//
// Errors: Unsupported for an unknown format; Invalid, with the quarantine's
// id, for a file that cannot be read; Busy when the store does not serve now.
func (in *Intake) Recording(ctx context.Context, src Source, data []byte) (out *Outcome, existing bool, err error) {
	format := decode.Detect(data)
	if format == ecg.FormatDICOM {
		return in.waveform(ctx, src, bytes.NewReader(data))
	}
	if format == ecg.FormatUnknown {
		return nil, false, hub.E(hub.Unsupported, "intake.Recording", "ecg.unknown_format")
	}
	rec, err := decode.Decode(data)
	if errors.Is(err, ecg.ErrUnknownFormat) {
		return nil, false, hub.Wrap(hub.Unsupported, "intake.Recording", "ecg.unknown_format", err)
	}
	if errors.Is(err, picture.ErrHEIC) {
		return nil, false, hub.Wrap(hub.Unsupported, "intake.Recording", "ecg.heic", err)
	}
	if err == nil {
		err = doubtful(rec)
	}
	if err != nil {
		return nil, false, in.Quarantine(ctx, src, data, "ecg.unreadable", err)
	}
	part, err := in.Objects.Append(ctx)
	if err != nil {
		return nil, false, unavailable(err)
	}
	defer part.Discard()
	if _, err := part.Write(data); err != nil {
		return nil, false, unavailable(err)
	}
	if err := part.Done(); err != nil {
		return nil, false, unavailable(err)
	}
	out, err = in.arrive(ctx, &arrival{src: src, part: part, wave: analyse(rec), file: &file{name: src.Name}})
	if err != nil {
		return nil, false, err
	}
	return out, out.Result == Duplicate, nil
}

// waveform takes in a DICOM object that has to be an ECG.
func (in *Intake) waveform(ctx context.Context, src Source, r io.Reader) (out *Outcome, existing bool, err error) {
	if out, err = in.File(ctx, src, r); err != nil {
		return nil, false, err
	}
	if out.Recording == "" {
		return nil, false, hub.E(hub.Invalid, "intake.waveform", "ecg.no_waveform").With("task", out.Task)
	}
	return out, out.Result == Duplicate, nil
}

// doubtful refuses what could be read and still may be no ECG: EDF is the
// format of sleep laboratories, whose voltages look like bad ECGs.
func doubtful(rec *ecg.Recording) error {
	for _, n := range rec.Notes {
		if n.Code == ecg.NoteUnlabelled {
			return &ecg.FormatError{Format: rec.Format, Offset: -1, Field: "label", Reason: n.Text, Err: ecg.ErrNoSignal}
		}
	}
	return nil
}

// takeRecording writes the rows of an ECG file.
func (s *session) takeRecording(tx *db.Tx, a *arrival) error {
	member, sum, ref := a.src.Actor.Member, a.part.Sum(), a.part.Ref()
	old, err := tx.RecordingByDigest(member, sum[:])
	if err == nil {
		a.out = Outcome{Result: Duplicate, Recording: old.ID}
		if t, err := tx.TaskOfRecording(old.ID); err == nil {
			a.out.Task = t.ID
		}
		return nil
	}
	if hub.KindOf(err) != hub.NotFound {
		return err
	}
	order, err := s.in.orderFor(tx, a.src, "")
	if err != nil {
		return err
	}
	row := a.wave.row(a.file.name)
	row.Member, row.Object, row.Offset, row.Length, row.Digest, row.CreatedAt = member, string(ref.Key), ref.Offset, ref.Length, sum[:], tx.Now()
	if order == nil {
		if order, err = s.in.draftForTrace(tx, a, row.ID); err != nil {
			return err
		}
	}
	row.Patient = order.Patient
	if err := a.wave.beside(tx, row); err != nil {
		return err
	}
	if err := tx.InsertRecording(row); err != nil {
		return err
	}
	if err := a.wave.insertOverview(tx, row.ID); err != nil {
		return err
	}
	if order.Origin == imported {
		a.out = Outcome{Result: Stored, Recording: row.ID}
		return recognition.Attach(tx, order, "", row.ID)
	}
	t, err := s.in.traceTask(tx, a, order, row.ID)
	if err != nil {
		return err
	}
	a.out = Outcome{Result: Stored, Recording: row.ID, Task: t.ID}
	return s.in.queueTrace(tx, a, t, order)
}

// recordInstance makes the recording of a DICOM ECG that has just been indexed.
func (s *session) recordInstance(tx *db.Tx, a *arrival, k *known, i *hub.Instance) error {
	row := a.wave.row(a.src.Name)
	row.Member, row.Patient, row.Study, row.Instance = i.Member, k.study.Patient, k.study.ID, i.ID
	row.Head, row.Object, row.Offset, row.Length, row.Digest, row.CreatedAt = a.headOf(), i.Object, i.Offset, i.Length, i.Digest, tx.Now()
	if again, err := tx.RecordingByDigest(i.Member, i.Digest); err == nil {
		a.out.Recording = again.ID
		return nil
	}
	if err := a.wave.beside(tx, row); err != nil {
		return err
	}
	if err := tx.InsertRecording(row); err != nil {
		return err
	}
	if err := a.wave.insertOverview(tx, row.ID); err != nil {
		return err
	}
	a.out.Recording = row.ID
	t, err := s.taskOf(tx, k)
	if err != nil || t == nil {
		return err
	}
	order, err := tx.Order(t.Order)
	if err != nil {
		return err
	}
	err = worklist.Touch(tx, a.src.Actor, t, "task.arrived", "", func(t *hub.Task) {
		if t.Recording == "" {
			t.Recording = row.ID
		}
	})
	if err != nil {
		return err
	}
	// Counted now: submitting decides completeness by what has arrived.
	return s.in.queueTrace(tx, a, t, order)
}

// sameTrace names the recording of a DICOM ECG that is here already. If that
// came over the network, this may be the first file of it: its head replaces
// the hub's own.
func (s *session) sameTrace(tx *db.Tx, a *arrival, old *hub.Instance) error {
	if a.wave == nil {
		return nil
	}
	row, err := tx.RecordingOfInstance(old.ID)
	if hub.KindOf(err) == hub.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	a.out.Recording = row.ID
	if a.head == nil || bytes.Equal(row.Head, a.head) || !bytes.Equal(row.Head, headFor(old.Class, old.UID, dicom.TransferSyntax(old.Syntax))) {
		return nil
	}
	row.Head = a.head
	return tx.UpdateRecording(row)
}

// insertOverview says where the overview of a long one lies.
func (w *trace) insertOverview(tx *db.Tx, id hub.RecordingID) error {
	if w.overview == nil {
		return nil
	}
	w.overview.Recording = id
	return tx.InsertOverview(w.overview)
}

// row is what the index keeps of a trace.
func (w *trace) row(name string) *hub.Recorded {
	leads := make([]string, len(w.rec.Leads))
	for i, l := range w.rec.Leads {
		leads[i] = l.Name
	}
	device, _ := json.Marshal(map[string]any{"measurements": orNone(w.rec.DeviceMeasurements), "statements": w.rec.Statements, "device": w.rec.Device, "filters": w.rec.Filters})
	numbers, _ := json.Marshal(w.result.Measurements)
	notes, _ := json.Marshal(w.rec.Notes)
	return &hub.Recorded{ID: hub.NewID[hub.RecordingID](), Format: string(w.rec.Format), Leads: leads, RateHz: w.rec.RateHz, Samples: w.samples,
		Start: w.start(), Device: device, Hub: numbers, Notes: notes, Name: name}
}

// start is when the recording began. A time without a zone is the cart's own,
// and the carts stand in China.
func (w *trace) start() time.Time {
	t := w.rec.Start
	for _, n := range w.rec.Notes {
		if n.Code == ecg.NoteLocalTime && !t.IsZero() {
			return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), chinaTime).UTC()
		}
	}
	return t
}

// defects are what the technician should do about while the patient is there.
func (w *trace) defects() []hub.Warning {
	var out []hub.Warning
	if w.rec.Picture != "" {
		out = append(out, hub.Warning{Code: string(ecg.NotePicture), Values: map[string]string{
			"zh": "仅为图片，未作任何测量；如有原始数据请上传原始文件。", "en": "A picture only: nothing was measured. Send the original file if there is one."}})
	}
	for _, f := range w.quality.Findings {
		if f.Grade != measure.OK {
			out = append(out, hub.Warning{Code: string(f.Code), Values: map[string]string{"leads": strings.Join(f.Leads, "、"),
				"zh": f.Sentence(measure.Chinese), "en": f.Sentence(measure.English)}})
		}
	}
	return out
}

func orNone(m map[string]float64) map[string]float64 {
	if m == nil {
		return map[string]float64{}
	}
	return m
}

// draftForTrace makes the order that an ECG file without one stands for.
func (in *Intake) draftForTrace(tx *db.Tx, a *arrival, id hub.RecordingID) (*hub.Order, error) {
	p := a.wave.rec.Patient
	patient := &hub.Patient{LocalID: p.ID, Name: p.Name, Sex: p.Sex, BirthDate: p.BirthDate, Age: p.Age}
	if patient.LocalID == "" {
		patient.LocalID = "~" + string(id)
	}
	row, err := in.patientFor(tx, a.src.Actor.Member, patient)
	if err != nil {
		return nil, err
	}
	o := &hub.Order{ID: hub.NewID[hub.OrderID](), Member: a.src.Actor.Member, Origin: "draft", Patient: row.ID, Visit: hub.Outpatient, Kind: hub.ECG,
		Modality: "ECG", Priority: 3, CreatedAt: tx.Now()}
	if a.wave.long() {
		o.Kind = hub.Holter
	}
	o.Accession = "D" + strings.ToUpper(string(o.ID))[:14]
	if item, err := recognition.ItemOf(tx, o); err != nil {
		return nil, err
	} else if item != nil {
		o.Item, o.ItemName = item.Code, item.Name
	}
	return o, tx.InsertOrder(o)
}

// traceTask opens the task that reads an ECG file, or takes the order's task
// that waits for it.
func (in *Intake) traceTask(tx *db.Tx, a *arrival, o *hub.Order, id hub.RecordingID) (*hub.Task, error) {
	tasks, err := tx.TasksOfOrder(o.ID)
	if err != nil {
		return nil, err
	}
	warnings := traceDoubts(a.wave.rec.Patient, o)
	change := func(t *hub.Task) {
		t.Recording, t.TExam, t.TUploadStart = id, a.wave.start(), tx.Now()
		t.AutoSubmit = a.src.Actor.Submits
		t.Warnings = append(t.Warnings, warnings...)
	}
	if len(tasks) > 0 && joinable(tasks[0].State) && o.Kind != hub.Image {
		t := tasks[0]
		if t.State == hub.Draft {
			return t, worklist.Move(tx, a.src.Actor, t, worklist.Upload, "", change)
		}
		return t, worklist.Touch(tx, a.src.Actor, t, "task.arrived", "", change)
	}
	t, err := worklist.Open(tx, a.src.Actor, o, hub.Uploading, func(t *hub.Task) {
		change(t)
		if o.Kind == hub.Image {
			t.Kind, t.Modality = hub.ECG, "ECG"
		}
	})
	return t, err
}

// traceDoubts compares who the file says the ECG is of with the order.
func traceDoubts(p ecg.Patient, o *hub.Order) []hub.Warning {
	return doubts(&object{patient: hub.Patient{LocalID: p.ID, Name: p.Name, Sex: p.Sex, BirthDate: p.BirthDate}}, o)
}

// queueTrace raises an ECG's priority by its alerts and, from a trusted
// sender, queues it at once: it is whole by itself.
func (in *Intake) queueTrace(tx *db.Tx, a *arrival, t *hub.Task, o *hub.Order) error {
	alerts := in.alerts(a.wave, o)
	for _, alert := range alerts {
		in.Count.Alerted(alert.Item)
	}
	err := worklist.Touch(tx, hub.System, t, "task.measured", "", func(t *hub.Task) {
		t.Alerts = append(t.Alerts, alerts...)
		t.Grade = string(a.wave.quality.Grade)
		t.Warnings = append(t.Warnings, a.wave.defects()...)
		if len(t.Alerts) > 0 {
			in.Work.Rules.Raise(t, o, 1, tx.Now())
		}
	})
	if err != nil || !a.src.Actor.Submits || t.State != hub.Uploading {
		return err
	}
	for _, w := range t.Warnings {
		if w.Code == "identity.mismatch" {
			return nil // a person has to answer first
		}
	}
	if _, err := worklist.Route(tx, t.Member, t.Kind); err != nil {
		return nil // no agreement: it waits in the inbox
	}
	if t.Study != "" {
		t.SettleAt = time.Time{}
	}
	return in.Work.Submit(tx, a.src.Actor, t, "")
}
