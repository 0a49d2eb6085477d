package db

import (
	"time"

	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// orderMore are an order's fields that no query asks for, kept together.
type orderMore struct {
	IDReason  string `json:"id_reason,omitempty"`
	Symptom   string `json:"symptom,omitempty"`
	Onset     string `json:"onset,omitempty"`
	BP        string `json:"bp,omitempty"`
	Pacemaker bool   `json:"pacemaker,omitempty"`
	Drugs     string `json:"drugs,omitempty"`
	Pregnancy string `json:"pregnancy,omitempty"`
}

// orderRow is an order as stored; who it is about is in the patient's row.
type orderRow struct {
	hub.Order
	More orderMore
}

var orders = newTable[orderRow]("exam_order", 1, func(o *orderRow) []column {
	return []column{{"id", &o.ID}, {"member", &o.Member}, {"accession", &o.Accession}, {"origin", &o.Origin}, {"patient", &o.Patient},
		{"visit", &o.Visit}, {"department", &o.Department}, {"doctor", &o.Doctor}, {"doctor_id", &o.DoctorID}, {"kind", &o.Kind},
		{"item", &o.Item}, {"item_name", &o.ItemName}, {"modality", &o.Modality}, {"body_part", &o.BodyPart}, {"laterality", &o.Laterality},
		{"method", &o.Method}, {"history", &o.History}, {"purpose", &o.Purpose}, {"more", js{&o.More}}, {"consent_at", msec{&o.ConsentAt}},
		{"priority", &o.Priority}, {"owed", js{&o.Owed}}, {"created_at", msec{&o.CreatedAt}}, {"cancelled", flag{&o.Cancelled}}}
})

func toRow(o *hub.Order) *orderRow {
	return &orderRow{Order: *o, More: orderMore{o.IDReason, o.Symptom, o.Onset, o.BP, o.Pacemaker, o.Drugs, o.Pregnancy}}
}

// order fills in what the row keeps elsewhere: the free-form fields and the
// patient's name, sex and birth date (not the sealed ones).
func (tx *Tx) order(r *orderRow, err error) (*hub.Order, error) {
	if err != nil {
		return nil, err
	}
	o := &r.Order
	o.IDReason, o.Symptom, o.Onset, o.BP = r.More.IDReason, r.More.Symptom, r.More.Onset, r.More.BP
	o.Pacemaker, o.Drugs, o.Pregnancy = r.More.Pacemaker, r.More.Drugs, r.More.Pregnancy
	p, err := tx.Patient(o.Patient)
	if err != nil {
		return nil, err
	}
	o.PatientName, o.Sex, o.BirthDate, o.Age, o.IDType, o.LocalID = p.Name, p.Sex, p.BirthDate, p.Age, p.IDType, p.LocalID
	return o, nil
}

// InsertOrder stores a new order; its patient is stored already.
func (tx *Tx) InsertOrder(o *hub.Order) error { return orders.insert(tx, toRow(o)) }

// UpdateOrder writes an order back.
func (tx *Tx) UpdateOrder(o *hub.Order) error { _, err := orders.update(tx, toRow(o), ""); return err }

// Order returns the order with an id.
func (tx *Tx) Order(id hub.OrderID) (*hub.Order, error) {
	return tx.order(orders.one(tx, "db.Order", "WHERE id = $1", string(id)))
}

// OrdersByAccession returns a member's orders under an accession number that
// are not cancelled, entered ones first, then the newest.
func (tx *Tx) OrdersByAccession(member hub.MemberID, accession string) ([]*hub.Order, error) {
	return tx.orders("WHERE member = $1 AND accession = $2 AND cancelled = 0 ORDER BY CASE origin WHEN 'entered' THEN 0 ELSE 1 END, created_at DESC", string(member), accession)
}

// OrdersOfPatient returns a patient's orders, newest first.
func (tx *Tx) OrdersOfPatient(id hub.PatientID) ([]*hub.Order, error) {
	return tx.orders("WHERE patient = $1 ORDER BY created_at DESC", string(id))
}

// OrdersSince returns a member's entered orders made since a time, newest
// first, at most limit.
func (tx *Tx) OrdersSince(member hub.MemberID, since time.Time, limit int) ([]*hub.Order, error) {
	return tx.orders("WHERE member = $1 AND origin = 'entered' AND created_at >= $2 ORDER BY created_at DESC LIMIT 0+$3", string(member), millis(since), limit)
}

func (tx *Tx) orders(rest string, args ...any) ([]*hub.Order, error) {
	rows, err := orders.all(tx, rest, args...)
	if err != nil {
		return nil, err
	}
	out := make([]*hub.Order, 0, len(rows))
	for _, r := range rows {
		o, err := tx.order(r, nil)
		if err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, nil
}
