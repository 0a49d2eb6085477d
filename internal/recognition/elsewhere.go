package recognition

import (
	"context"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/yuanzhen/yuanzhen/internal/audit"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/worklist"
)

// Elsewhere is a result another institution made and signed itself (domain
// rules, section 2: reported elsewhere), as it is kept.
type Elsewhere struct {
	Institution string    `json:"institution"`
	ItemName    string    `json:"item_name"`
	Findings    string    `json:"findings"`
	Impression  string    `json:"impression"`
	SignedBy    string    `json:"signed_by"`
	SignedAt    time.Time `json:"signed_at,omitzero"`
	StudyUID    string    `json:"study_uid,omitempty"`

	Order hub.OrderID `json:"order,omitempty"` // the imported order: objects that come under it belong to the result
}

// Import is a finished result with the order it answers.
type Import struct {
	hub.Order
	Institution string    `json:"institution"`
	Findings    string    `json:"findings"`
	Impression  string    `json:"impression"`
	SignedBy    string    `json:"signed_by"`
	SignedAt    time.Time `json:"signed_at"`
	StudyUID    string    `json:"study_uid"`
	ExamAt      time.Time `json:"exam_at"`
	Grade       string    `json:"grade"`
}

// Imported is what the sender hears.
type Imported struct {
	Report hub.ReportID `json:"report"`
	Order  hub.OrderID  `json:"order"`
}

// reportMost bounds, in characters, each text of an imported report.
const reportMost = 20000

// Import keeps a finished result: no task, but a prior of the patient and a
// candidate for recognition. Its study, when it has one, is in the hub
// already; a task that its arrival opened is cancelled.
func (s *Service) Import(ctx context.Context, actor hub.Actor, in Import) (*Imported, error) {
	var out *Imported
	err := s.DB.Tx(ctx, func(tx *db.Tx) error {
		if err := in.check(tx.Now()); err != nil {
			return err
		}
		o := in.Order
		if err := s.Orders.Import(tx, actor, &o); err != nil {
			return err
		}
		item, err := ItemOf(tx, &o)
		if err != nil {
			return err
		}
		told := Elsewhere{Institution: in.Institution, ItemName: o.ItemName, Findings: in.Findings, Impression: in.Impression, SignedBy: in.SignedBy,
			SignedAt: in.SignedAt, StudyUID: in.StudyUID, Order: o.ID}
		if item != nil {
			o.Item = item.Code
			told.ItemName = item.Name
		}
		text, err := json.Marshal(told)
		if err != nil {
			return err
		}
		p, err := tx.Patient(o.Patient)
		if err != nil {
			return err
		}
		r := &db.Result{Report: hub.NewID[hub.ReportID](), Member: actor.Member, Patient: o.Patient, IDHash: p.IDHash, Item: o.Item, Kind: o.Kind,
			ExamAt: in.ExamAt.UTC(), Grade: in.Grade, Imported: string(text)}
		if in.StudyUID != "" {
			if r.Study, err = s.adopt(tx, actor, in.StudyUID, p); err != nil {
				return err
			}
		}
		out = &Imported{Report: r.Report, Order: o.ID}
		if err := tx.PutResult(r); err != nil {
			return err
		}
		return tx.Audit(actor, hub.Record{Action: "result.import", Object: "report/" + string(r.Report), Patient: audit.Pseudonym(p.ID), OK: true})
	})
	return out, err
}

func (in *Import) check(now time.Time) error {
	const op = "recognition.Import"
	for _, f := range []struct {
		name string
		text *string
	}{{"institution", &in.Institution}, {"impression", &in.Impression}, {"signed_by", &in.SignedBy}} {
		if *f.text = strings.TrimSpace(*f.text); *f.text == "" {
			return hub.Field(op, f.name, "is empty")
		}
	}
	for name, text := range map[string]string{"institution": in.Institution, "findings": in.Findings, "impression": in.Impression, "signed_by": in.SignedBy} {
		if utf8.RuneCountInString(text) > reportMost {
			return hub.Field(op, name, "too long")
		}
	}
	if in.ExamAt.IsZero() || in.ExamAt.After(now.Add(time.Hour)) {
		return hub.Field(op, "exam_at", "want the time of the exam, RFC 3339, not in the future")
	}
	if _, known := grades[in.Grade]; in.Grade != "" && !known {
		return hub.Field(op, "grade", "want A, B, C, reject, or ok, fair, poor")
	}
	return nil
}

// adopt finds the study of an imported result and takes it off the worklist.
func (s *Service) adopt(tx *db.Tx, actor hub.Actor, uid string, p *db.PatientRow) (hub.StudyID, error) {
	const op = "recognition.Import"
	study, err := tx.StudyByUID(actor.Member, uid)
	if hub.KindOf(err) == hub.NotFound {
		return "", hub.Field(op, "study_uid", "this study is not in the hub yet; send its images first")
	}
	if err != nil {
		return "", err
	}
	if study.Patient != p.ID {
		return "", hub.Field(op, "study_uid", "this study belongs to another patient; give the patient ID its images have")
	}
	tasks, err := tx.TasksOfStudy(study.ID)
	if err != nil {
		return "", err
	}
	for _, t := range tasks {
		switch t.State {
		case hub.Cancelled, hub.Void:
			continue
		case hub.Draft, hub.Uploading, hub.Queued, hub.Returned:
		default:
			return "", hub.E(hub.Conflict, op, "result.being_read").With("state", t.State)
		}
		if err := worklist.Move(tx, actor, t, worklist.Cancel, "imported", func(t *hub.Task) { t.SettleAt = time.Time{} }); err != nil {
			return "", err
		}
		o, err := tx.Order(t.Order)
		if err != nil {
			return "", err
		}
		o.Cancelled = true
		if err := tx.UpdateOrder(o); err != nil {
			return "", err
		}
	}
	return study.ID, nil
}

// Attach gives an imported result the study or recording that came for its
// order: it was read elsewhere, so no task is opened. A result that has objects
// keeps its first.
func Attach(tx *db.Tx, o *hub.Order, study hub.StudyID, recording hub.RecordingID) error {
	list, err := tx.ResultsOfPatients([]hub.PatientID{o.Patient}, "")
	if err != nil {
		return err
	}
	for _, r := range list {
		var told Elsewhere
		if r.Imported == "" || json.Unmarshal([]byte(r.Imported), &told) != nil || told.Order != o.ID || r.Study != "" || r.Recording != "" {
			continue
		}
		r.Study, r.Recording = study, recording
		return tx.PutResult(r)
	}
	return nil
}

// Show returns one result as a candidate shows it, its eligibility left out,
// and the patient it is about.
func Show(tx *db.Tx, id hub.ReportID) (*Candidate, hub.MemberID, hub.PatientID, error) {
	r, err := tx.Result(id)
	if err != nil {
		return nil, "", "", err
	}
	item, err := ItemOf(tx, &hub.Order{Item: r.Item, Kind: r.Kind})
	if err != nil {
		return nil, "", "", err
	}
	c, err := describe(tx, r, item)
	return &c, r.Member, r.Patient, err
}
