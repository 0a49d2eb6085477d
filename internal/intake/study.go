package intake

import (
	"strings"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/pinyin"
	"github.com/yuanzhen/yuanzhen/internal/recognition"
	"github.com/yuanzhen/yuanzhen/internal/worklist"
)

// tellEvery is how often screens hear of a study that is arriving.
const tellEvery = time.Second

// studyOf finds the study an object belongs to, or makes it with its patient
// and the task that will read it.
func (s *session) studyOf(tx *db.Tx, a *arrival) (*known, error) {
	member, o := a.src.Actor.Member, a.object
	key := studyKey(member, o.study.UID)
	if k, ok := s.in.known[key]; ok {
		return k, nil
	}
	k := &known{series: map[string]hub.SeriesID{}}
	row, err := tx.StudyByUID(member, o.study.UID)
	switch hub.KindOf(err) {
	case hub.NotFound:
		err = s.openStudy(tx, a, k)
	default:
		if err == nil {
			k.study = row
			err = s.currentTask(tx, k)
		}
	}
	if err != nil {
		return nil, err
	}
	s.in.known[key] = k
	s.made = append(s.made, key)
	return k, nil
}

// imported is the origin of an order that another institution has read.
const imported = "imported"

// taskOf returns the task that reads a study now: a match or a re-assignment
// may have given it to another since the committer last looked. It is nil for a
// study that was read elsewhere.
func (s *session) taskOf(tx *db.Tx, k *known) (*hub.Task, error) {
	if k.task == "" {
		return nil, nil
	}
	t, err := tx.Task(k.task)
	if err != nil || t.State != hub.Cancelled && t.State != hub.Void {
		return t, err
	}
	if err := s.currentTask(tx, k); err != nil {
		return nil, err
	}
	return tx.Task(k.task)
}

func (s *session) currentTask(tx *db.Tx, k *known) error {
	tasks, err := tx.TasksOfStudy(k.study.ID)
	if err == nil && len(tasks) > 0 {
		k.task = tasks[0].ID
	}
	return err
}

// openStudy makes a study's row and opens or joins the task that reads it.
func (s *session) openStudy(tx *db.Tx, a *arrival, k *known) error {
	o := a.object
	order, err := s.in.orderFor(tx, a.src, o.study.Accession)
	if err != nil {
		return err
	}
	p := o.patient
	if p.LocalID == "" {
		p.LocalID = "~" + o.study.UID // no identity is its own patient, never everybody's
	}
	patient, err := s.in.patientFor(tx, a.src.Actor.Member, &p)
	if err != nil {
		return err
	}
	now := tx.Now()
	k.study = &db.StudyRow{Study: o.study, NameKey: nameKey(o.study.PatientName), NameFuzzy: pinyin.Key(o.study.PatientName)}
	k.study.ID, k.study.Member, k.study.Patient, k.study.CreatedAt, k.study.LastAt = hub.NewID[hub.StudyID](), a.src.Actor.Member, patient.ID, now, now
	if order != nil {
		k.study.Patient = order.Patient
	}
	if a.src.Via == "cstore" {
		k.study.Caller = a.src.Actor.Name
	}
	if o.series.Modality != "" {
		k.study.Modalities = []string{o.series.Modality}
	}
	if err := tx.InsertStudy(k.study); err != nil {
		return err
	}
	if order == nil {
		if order, err = s.in.draftOrder(tx, a, patient); err != nil {
			return err
		}
	}
	if order.Origin == imported {
		return recognition.Attach(tx, order, k.study.ID, "")
	}
	t, err := s.in.openTask(tx, a, order, k.study.ID)
	if err != nil {
		return err
	}
	k.task, k.told = t.ID, time.Time{}
	return nil
}

// orderFor finds the order objects belong to: the one the sender names, or
// the one under the accession number; nil if there is none.
func (in *Intake) orderFor(tx *db.Tx, src Source, accession string) (*hub.Order, error) {
	if src.Order != "" {
		o, err := tx.Order(src.Order)
		if err == nil && o.Member != src.Actor.Member {
			err = hub.E(hub.NotFound, "intake.orderFor", "not_found")
		}
		return o, err
	}
	if accession == "" {
		return nil, nil
	}
	orders, err := tx.OrdersByAccession(src.Actor.Member, accession)
	if err != nil || len(orders) == 0 {
		return nil, err
	}
	return orders[0], nil
}

// patientFor finds the member's patient by local id or makes it; blanks of
// the row are filled from p, nothing is overwritten.
func (in *Intake) patientFor(tx *db.Tx, member hub.MemberID, p *hub.Patient) (*db.PatientRow, error) {
	row, err := tx.PatientByLocalID(member, p.LocalID)
	if err == nil {
		changed := false
		for _, f := range []struct {
			have *string
			new  string
		}{{&row.Name, p.Name}, {&row.Sex, p.Sex}, {&row.BirthDate, p.BirthDate}, {&row.Age, p.Age}} {
			if *f.have == "" && f.new != "" {
				*f.have, changed = f.new, true
			}
		}
		if changed {
			err = tx.UpdatePatient(row)
		}
		return row, err
	}
	if hub.KindOf(err) != hub.NotFound {
		return nil, err
	}
	row = &db.PatientRow{Patient: *p, CreatedAt: tx.Now()}
	row.ID, row.Member = hub.NewID[hub.PatientID](), member
	if _, _, ok := hub.ResidentID(p.LocalID); ok { // some clinics use the resident ID number as patient ID
		row.IDType, row.IDHash, row.IDSealed = "01", in.Sealer.IndexHash(p.LocalID), in.Sealer.Seal([]byte(p.LocalID))
	}
	return row, tx.InsertPatient(row)
}

// draftOrder makes the order that objects without one stand for, from header,
// device and clinic.
func (in *Intake) draftOrder(tx *db.Tx, a *arrival, patient *db.PatientRow) (*hub.Order, error) {
	o := a.object
	order := &hub.Order{ID: hub.NewID[hub.OrderID](), Member: a.src.Actor.Member, Accession: o.study.Accession, Origin: "draft", Patient: patient.ID,
		Visit: hub.Outpatient, Kind: hub.Image, Modality: o.series.Modality, BodyPart: o.bodyPart, Laterality: o.series.Laterality,
		ItemName: o.exam, Priority: 3, CreatedAt: tx.Now()}
	if o.ecg || o.series.Modality == "ECG" {
		order.Kind, order.Modality = hub.ECG, "ECG"
		if a.wave != nil && a.wave.long() {
			order.Kind = hub.Holter
		}
	}
	if order.Accession == "" {
		order.Accession = "D" + strings.ToUpper(string(order.ID))[:14]
	}
	if item, err := recognition.ItemOf(tx, order); err != nil {
		return nil, err
	} else if item != nil {
		order.Item = item.Code
		order.ItemName = firstText(order.ItemName, item.Name)
	}
	return order, tx.InsertOrder(order)
}

// openTask joins the study to its order's task while nobody reads that yet,
// or opens a new one.
func (in *Intake) openTask(tx *db.Tx, a *arrival, o *hub.Order, study hub.StudyID) (*hub.Task, error) {
	tasks, err := tx.TasksOfOrder(o.ID)
	if err != nil {
		return nil, err
	}
	warnings := doubts(a.object, o)
	exam := examTime(a.object)
	settle := tx.Now().Add(in.Work.Rules.Settle)
	if len(tasks) > 0 && joinable(tasks[0].State) {
		t := tasks[0]
		if err := tx.JoinStudy(t.ID, study); err != nil {
			return nil, err
		}
		change := func(t *hub.Task) {
			if t.Study == "" {
				t.Study, t.TUploadStart = study, tx.Now()
			}
			if t.TExam.IsZero() {
				t.TExam = exam
			}
			t.Warnings = append(t.Warnings, warnings...)
			t.Complete = false
			t.SettleAt = settle
			t.AutoSubmit = t.AutoSubmit || a.src.Actor.Submits
		}
		if t.State == hub.Draft {
			return t, worklist.Move(tx, a.src.Actor, t, worklist.Upload, "", change)
		}
		return t, worklist.Touch(tx, a.src.Actor, t, "task.arrived", "", change)
	}
	t, err := worklist.Open(tx, a.src.Actor, o, hub.Uploading, func(t *hub.Task) {
		t.TExam, t.Warnings = exam, warnings
		t.AutoSubmit, t.SettleAt, t.Study = a.src.Actor.Submits, settle, study
		if a.object.series.Modality != "" && t.Modality == "" {
			t.Modality = a.object.series.Modality
		}
	})
	if err != nil {
		return nil, err
	}
	return t, tx.JoinStudy(t.ID, study)
}

func joinable(s hub.State) bool {
	return s == hub.Draft || s == hub.Uploading || s == hub.Queued || s == hub.Returned
}

// doubts compares who the header says the object is of with the order.
func doubts(o *object, order *hub.Order) []hub.Warning {
	var out []hub.Warning
	if o.repaired != "" {
		out = append(out, hub.Warning{Code: "text.repaired", Values: map[string]string{"charset": o.repaired}})
	}
	if order.Origin != "entered" {
		return out
	}
	p := o.patient
	switch {
	case p.LocalID == "" && p.Name == "":
		return append(out, hub.Warning{Code: "identity.absent"})
	case p.LocalID != "" && p.LocalID == order.LocalID,
		p.Name == order.PatientName && p.Sex == order.Sex && p.BirthDate == order.BirthDate:
		return out
	case p.LocalID == "" && isLatin(p.Name) && !isLatin(order.PatientName):
		return append(out, hub.Warning{Code: "identity.pinyin_only"})
	}
	return append(out, hub.Warning{Code: "identity.mismatch", Values: map[string]string{"header_name": p.Name, "order_name": order.PatientName}})
}

func isLatin(s string) bool {
	for _, r := range s {
		if r > 0x24F {
			return false
		}
	}
	return true
}

// examTime is when the device says the exam was, as stated in China's time.
func examTime(o *object) time.Time {
	text := o.study.Date + o.study.Time
	for _, form := range []string{"20060102150405", "20060102150405.999999", "200601021504", "20060102"} {
		if t, err := time.ParseInLocation(form, text, chinaTime); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

var chinaTime = time.FixedZone("CST", 8*3600)

// tell lets screens know that a study grows, at most once a second, and keeps
// it from settling meanwhile.
func (s *session) tell(tx *db.Tx, k *known) error {
	now := tx.Now()
	if now.Sub(k.told) < tellEvery || k.task == "" {
		return nil
	}
	first := k.told.IsZero()
	k.told = now
	if err := tx.ExtendSettle(k.study.ID, now.Add(s.in.Work.Rules.Settle)); err != nil {
		return err
	}
	t, err := s.taskOf(tx, k)
	if err != nil {
		return err
	}
	switch t.State {
	case hub.Issued, hub.Delivered, hub.Acknowledged:
		return s.afterSigning(tx, t)
	}
	if first && t.State == hub.Uploading {
		return nil // the task's own event has just said so
	}
	return worklist.Emit(tx, "task.arrived", t)
}

// afterSigning marks a report whose study has grown since it was signed.
func (s *session) afterSigning(tx *db.Tx, t *hub.Task) error {
	for _, w := range t.Warnings {
		if w.Code == "objects.after_signing" {
			return nil
		}
	}
	return worklist.Touch(tx, hub.System, t, "task.arrived", "objects after signing", func(t *hub.Task) {
		t.Warnings = append(t.Warnings, hub.Warning{Code: "objects.after_signing"})
	})
}
