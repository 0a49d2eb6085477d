package worklist

import (
	"slices"
	"strings"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

var noTime time.Time

// Submit sends a task to its reading centre: the gate of the domain rules,
// section 2. reason answers a mismatch between the header and the order.
func (s *Service) Submit(tx *db.Tx, actor hub.Actor, t *hub.Task, reason string) error {
	if _, err := After(t.State, Submit); err != nil {
		return err
	}
	o, err := tx.Order(t.Order)
	if err != nil {
		return err
	}
	if err := s.gate(tx, t, o, reason); err != nil {
		return err
	}
	centre, err := Route(tx, t.Member, t.Kind)
	if err != nil {
		return err
	}
	list, err := tx.StudiesOf(t.ID)
	if err != nil {
		return err
	}
	for _, study := range list {
		if err := tx.RouteStudy(study.ID, centre); err != nil {
			return err
		}
	}
	now := tx.Now()
	err = Move(tx, actor, t, Submit, reason, func(t *hub.Task) {
		t.Centre, t.TSubmit = centre, now
		t.Due, t.Marks = s.Rules.Due(t, o), s.Rules.marks()
		s.settle(tx, t, now)
	})
	if err != nil {
		return err
	}
	if attended, err := tx.Attended(centre, t.Kind); err != nil || attended {
		return err
	}
	return s.offerIfAny(tx, t, causeNobody)
}

// settle decides completeness when the objects have stopped arriving, or
// keeps the settle time for later.
func (s *Service) settle(tx *db.Tx, t *hub.Task, now time.Time) {
	if t.Study == "" { // a recording is whole by itself
		t.Complete, t.SettleAt = true, noTime
		return
	}
	if !t.SettleAt.IsZero() && t.SettleAt.After(now) {
		return
	}
	t.SettleAt = noTime
	if !t.Complete {
		t.Complete = !t.LacksPixels() && (t.Expected == 0 || s.arrived(tx, t) >= t.Expected)
	}
}

func (s *Service) arrived(tx *db.Tx, t *hub.Task) int {
	n := 0
	list, _ := tx.StudiesOf(t.ID)
	for _, study := range list {
		n += study.Instances
	}
	return n
}

// gate refuses what may not be submitted yet, naming the fields.
func (s *Service) gate(tx *db.Tx, t *hub.Task, o *hub.Order, reason string) error {
	if t.Study == "" && t.Recording == "" {
		return hub.E(hub.Conflict, "worklist.Submit", "submit.no_objects")
	}
	if missing := Holding(o); len(missing) > 0 && t.Priority > 1 && o.Origin == "entered" {
		return hub.E(hub.Invalid, "worklist.Submit", "submit.fields_missing").With("fields", missing)
	}
	for i, w := range t.Warnings {
		if w.Code != "identity.mismatch" || w.Values["reason"] != "" {
			continue
		}
		if strings.TrimSpace(reason) == "" {
			return hub.E(hub.Conflict, "worklist.Submit", "submit.identity_mismatch").With("values", w.Values)
		}
		t.Warnings[i].Values["reason"] = reason
	}
	return nil
}

// Holding lists the missing fields that hold a routine submit up. Department
// and ordering doctor are owed and shown, but no reading waits for them.
func Holding(o *hub.Order) []string {
	return slices.DeleteFunc(Missing(o), func(field string) bool { return field == "department" || field == "doctor" })
}

// Missing lists the fields an order still owes.
func Missing(o *hub.Order) []string {
	var missing []string
	need := func(field, value string) {
		if strings.TrimSpace(value) == "" {
			missing = append(missing, field)
		}
	}
	need("patient_name", o.PatientName)
	need("sex", o.Sex)
	need("birth_date", o.BirthDate+o.Age)
	need("department", o.Department)
	need("doctor", o.Doctor)
	need("item", o.Item+o.ItemName)
	need("history", o.History+o.Purpose+o.Symptom)
	return missing
}
