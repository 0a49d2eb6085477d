package worklist

import (
	"strconv"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// View is a task as clients see it. Members and people stand by their code
// and login; times are RFC 3339 UTC or null.
type View struct {
	ID         hub.TaskID      `json:"id"`
	State      hub.State       `json:"state"`
	Kind       hub.TaskKind    `json:"kind"`
	Modality   string          `json:"modality"`
	Priority   int             `json:"priority"`
	Due        *time.Time      `json:"due"`
	PausedMS   int64           `json:"paused_ms"`
	Member     string          `json:"member"`
	MemberName string          `json:"member_name"`
	Centre     string          `json:"centre"`
	CentreName string          `json:"centre_name"`
	Offered    string          `json:"offered"` // the next tier, which may claim it as well
	OfferedTo  string          `json:"offered_name"`
	HandedFrom string          `json:"handed_from"` // the centre that handed it over
	HandedBy   string          `json:"handed_from_name"`
	Order      hub.OrderID     `json:"order"`
	Origin     string          `json:"origin"`
	Accession  string          `json:"accession"`
	Study      string          `json:"study"`   // Study Instance UID of the first study
	Studies    []string        `json:"studies"` // all of them
	Recording  hub.RecordingID `json:"recording"`
	Report     hub.ReportID    `json:"report"`
	Version    int             `json:"version"`
	Holder     string          `json:"holder"`
	HolderName string          `json:"holder_name"`
	Claim      int64           `json:"claim"`
	LeaseUntil *time.Time      `json:"lease_until"`
	Writer     string          `json:"writer"`
	Arrived    int             `json:"arrived"`
	Expected   int             `json:"expected"`
	Complete   bool            `json:"complete"`
	Waived     string          `json:"waived"`
	Warnings   []hub.Warning   `json:"warnings"`
	Alerts     []hub.Alert     `json:"prealert"`
	Grade      string          `json:"grade"`
	Visit      hub.Visit       `json:"visit"`
	Item       string          `json:"item"`
	ItemName   string          `json:"item_name"`
	BodyPart   string          `json:"body_part"`
	Laterality string          `json:"laterality"`
	Department string          `json:"department"`
	Doctor     string          `json:"doctor"`
	History    string          `json:"history"`
	Purpose    string          `json:"purpose"`
	Symptom    string          `json:"symptom"`
	Owed       []string        `json:"owed"`
	Thumbnail  *string         `json:"thumbnail"`
	Returned   *ReturnView     `json:"returned"` // the last return, while it is returned
	Patient    PatientView     `json:"patient"`

	TExam        *time.Time `json:"t_exam"`
	TUploadStart *time.Time `json:"t_upload_start"`
	TSubmit      *time.Time `json:"t_submit"`
	TClaim       *time.Time `json:"t_claim"`
	TFirstImage  *time.Time `json:"t_first_image"`
	TPrelim      *time.Time `json:"t_prelim"`
	TWritten     *time.Time `json:"t_written"`
	TSigned      *time.Time `json:"t_signed"`
	TDelivered   *time.Time `json:"t_delivered"`
	TAck         *time.Time `json:"t_ack"`
	TEscalated   *time.Time `json:"t_escalated"`
	CreatedAt    *time.Time `json:"created_at"`
}

// PatientView is who a task is about.
type PatientView struct {
	ID        string `json:"id"` // the member's own patient ID
	Name      string `json:"name"`
	Sex       string `json:"sex"`
	BirthDate string `json:"birth_date"`
	Age       string `json:"age"`
}

// ReturnView is why a task came back to the clinic.
type ReturnView struct {
	Reason string    `json:"reason"`
	Text   string    `json:"text"`
	At     time.Time `json:"at"`
}

// Render joins what a client needs to show a task.
func Render(tx *db.Tx, t *hub.Task) (*View, error) {
	o, err := tx.Order(t.Order)
	if err != nil {
		return nil, err
	}
	m, err := tx.Member(t.Member)
	if err != nil {
		return nil, err
	}
	v := &View{ID: t.ID, State: t.State, Kind: t.Kind, Modality: t.Modality, Priority: t.Priority, Due: at(t.Due), PausedMS: t.Paused.Milliseconds(),
		Member: m.Code, MemberName: m.Name, Order: o.ID, Origin: o.Origin, Accession: o.Accession, Studies: []string{}, Recording: t.Recording,
		Report: t.Report, Version: t.Version, Claim: t.Claim, LeaseUntil: at(t.LeaseUntil), Expected: t.Expected, Complete: t.Complete,
		Waived: t.Waived, Warnings: orEmpty(t.Warnings), Alerts: orEmpty(t.Alerts), Grade: t.Grade, Visit: o.Visit, Item: o.Item,
		ItemName: o.ItemName, BodyPart: o.BodyPart, Laterality: o.Laterality, Department: o.Department, Doctor: o.Doctor, History: o.History,
		Purpose: o.Purpose, Symptom: o.Symptom, Owed: orEmpty(o.Owed),
		Patient: PatientView{ID: o.LocalID, Name: o.PatientName, Sex: o.Sex, BirthDate: o.BirthDate,
			Age: (&hub.Patient{BirthDate: o.BirthDate, Age: o.Age}).AgeOn(tx.Now().In(china))},
		TExam: at(t.TExam), TUploadStart: at(t.TUploadStart), TSubmit: at(t.TSubmit), TClaim: at(t.TClaim), TFirstImage: at(t.TFirstImage),
		TPrelim: at(t.TPrelim), TWritten: at(t.TWritten), TSigned: at(t.TSigned), TDelivered: at(t.TDelivered), TAck: at(t.TAck), TEscalated: at(t.TEscalated), CreatedAt: at(t.CreatedAt)}
	return v, fill(tx, t, v)
}

// fill adds what other rows say: centre, people, studies, the last return.
func fill(tx *db.Tx, t *hub.Task, v *View) error {
	for _, m := range []struct {
		id         hub.MemberID
		code, name *string
	}{{t.Centre, &v.Centre, &v.CentreName}, {t.Offered, &v.Offered, &v.OfferedTo}, {t.HandedFrom, &v.HandedFrom, &v.HandedBy}} {
		if m.id == "" {
			continue
		}
		c, err := tx.Member(m.id)
		if err != nil {
			return err
		}
		*m.code, *m.name = c.Code, c.Name
	}
	if t.Holder != "" {
		a, err := tx.Account(t.Holder)
		if err != nil {
			return err
		}
		v.Holder, v.HolderName = a.Login, a.Name
	}
	if t.Writer != "" {
		a, err := tx.Account(t.Writer)
		if err != nil {
			return err
		}
		v.Writer = a.Login
	}
	if t.Study != "" {
		list, err := tx.StudiesOf(t.ID)
		if err != nil {
			return err
		}
		for _, s := range list {
			v.Studies = append(v.Studies, s.UID)
			v.Arrived += s.Instances
			if s.ID == t.Study {
				v.Study = s.UID
			}
		}
		if v.Arrived > 0 {
			thumb := "/dicom-web/studies/" + v.Study + "/thumbnail"
			v.Thumbnail = &thumb
		}
	}
	if t.Recording != "" && t.Study == "" {
		v.Arrived = 1
	}
	if t.Recording != "" {
		thumb := "/api/v1/recordings/" + string(t.Recording) + "/thumbnail.svg"
		v.Thumbnail = &thumb
	}
	if t.State != hub.Returned {
		return nil
	}
	list, err := tx.Returns(t.ID)
	if err != nil || len(list) == 0 {
		return err
	}
	last := list[len(list)-1]
	v.Returned = &ReturnView{Reason: last.Reason, Text: last.Text, At: last.ReturnedAt}
	return nil
}

func at(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// ParsePriority reads a priority 0 … 4.
func ParsePriority(s string) (int, error) {
	p, err := strconv.Atoi(s)
	if err != nil || p < 0 || p > 4 {
		return 0, hub.Field("worklist.ParsePriority", "priority", "want 0 to 4")
	}
	return p, nil
}
