package critical

import (
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/worklist"
)

// View is a critical value as clients see it: members by code, people by
// name, times RFC 3339 UTC or null.
type View struct {
	ID          hub.CriticalID       `json:"id"`
	Task        hub.TaskID           `json:"task"`
	Member      string               `json:"member"`
	MemberName  string               `json:"member_name"`
	MemberPhone string               `json:"member_phone"` // duty desk of the clinic
	Centre      string               `json:"centre"`
	State       hub.CriticalState    `json:"state"`
	Items       []string             `json:"items"`
	ItemNames   []string             `json:"item_names"`
	Text        string               `json:"text"`
	Kind        hub.TaskKind         `json:"kind"`
	Exam        string               `json:"exam"`
	Patient     worklist.PatientView `json:"patient"`
	FoundBy     string               `json:"found_by"`
	FoundAt     *time.Time           `json:"found_at"`
	NotifiedAt  *time.Time           `json:"notified_at"`
	ReceivedBy  string               `json:"received_by"`
	ReceivedAt  *time.Time           `json:"received_at"`
	ReadBack    string               `json:"read_back"`
	Phone       string               `json:"phone"`
	HandledBy   string               `json:"handled_by"`
	HandledAt   *time.Time           `json:"handled_at"`
	Outcome     string               `json:"outcome"`
	Handling    string               `json:"handling"`
	ClosedAt    *time.Time           `json:"closed_at"`
	Reason      string               `json:"reason"`
	Step        int                  `json:"step"` // escalation steps done
	Limits      LimitsView           `json:"limits"`

	of      *worklist.View
	patient hub.PatientID
	member  hub.MemberID
	centre  hub.MemberID
}

// LimitsView is until when each step is to be done.
type LimitsView struct {
	Notify  time.Time `json:"notify"`
	Receive time.Time `json:"receive"`
	Handle  time.Time `json:"handle"`
}

// Render joins what a client needs to show a critical value.
func (s *Service) Render(tx *db.Tx, c *hub.Critical) (*View, error) {
	t, err := tx.Task(c.Task)
	if err != nil {
		return nil, err
	}
	of, err := worklist.Render(tx, t)
	if err != nil {
		return nil, err
	}
	o, err := tx.Order(t.Order)
	if err != nil {
		return nil, err
	}
	clinic, err := tx.Member(c.Member)
	if err != nil {
		return nil, err
	}
	finder, err := tx.Account(c.FoundBy)
	if err != nil {
		return nil, err
	}
	v := &View{ID: c.ID, Task: c.Task, Member: clinic.Code, MemberName: clinic.Name, MemberPhone: clinic.Phone, Centre: of.Centre, State: c.State,
		Items: c.Items, ItemNames: []string{}, Text: c.Text, Kind: t.Kind, Exam: of.ItemName, Patient: of.Patient, FoundBy: finder.Name,
		FoundAt: at(c.FoundAt), NotifiedAt: at(c.NotifiedAt), ReceivedBy: c.ReceivedBy, ReceivedAt: at(c.ReceivedAt), ReadBack: c.ReadBack,
		Phone: c.Phone, HandledBy: c.HandledBy, HandledAt: at(c.HandledAt), Outcome: c.Outcome, Handling: c.Handling, ClosedAt: at(c.ClosedAt),
		Reason: c.Reason, Step: c.Step,
		Limits: LimitsView{c.FoundAt.Add(s.Rules.CriticalNotify), c.FoundAt.Add(s.Rules.CriticalReceive), c.FoundAt.Add(s.Rules.CriticalHandle)},
		of:     of, patient: o.Patient, member: c.Member, centre: c.Centre}
	if v.Items == nil {
		v.Items = []string{}
	}
	for _, code := range c.Items {
		it, _ := Find(code)
		v.ItemNames = append(v.ItemNames, it.Name)
	}
	return v, nil
}

func at(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
