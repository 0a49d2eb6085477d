package recognition

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// Counter counts what is shown and decided, for metrics.
type Counter interface {
	Candidates(n int)
	Decided(decision, reason string, savedYuan float64)
}

// Importer stores an order for an exam that was read elsewhere.
type Importer interface {
	Import(tx *db.Tx, actor hub.Actor, o *hub.Order) error
}

// Service answers look-ups and keeps decisions.
type Service struct {
	DB     *db.DB
	Hash   func(idNumber string) string // keyed hash an ID number is looked up by
	Orders Importer
	Count  Counter
}

// Wanted is the exam a look-up is about: a person and an item.
type Wanted struct {
	Order    hub.OrderID `json:"order"` // instead of the rest: an order of the own institution
	IDNumber string      `json:"id_number"`
	LocalID  string      `json:"patient_id"`
	Item     string      `json:"item"`
}

// Lookup lists the results that exist, and notes who asked.
func (s *Service) Lookup(ctx context.Context, actor hub.Actor, w Wanted) ([]Candidate, error) {
	read := s.DB.Read(ctx)
	q, err := s.query(read, actor, w)
	if err != nil {
		return nil, err
	}
	list, err := Candidates(read, q)
	if err != nil {
		return nil, err
	}
	s.Count.Candidates(len(list))
	return list, s.DB.Tx(ctx, func(tx *db.Tx) error {
		r := hub.Record{Action: "recognition.query", Object: "item/" + q.Item, OK: true, Reason: fmt.Sprintf("%d results", len(list))}
		if len(list) > 0 {
			r.Patient = string(list[0].patient)
		}
		return tx.Audit(actor, r)
	})
}

// query finds out who is meant.
func (s *Service) query(tx *db.Tx, actor hub.Actor, w Wanted) (Query, error) {
	const op = "recognition.Lookup"
	q := Query{Receiver: actor.Member, IDHash: s.Hash(w.IDNumber), Item: strings.TrimSpace(w.Item)}
	var p *db.PatientRow
	var err error
	switch {
	case w.Order != "":
		o, err := tx.Order(w.Order)
		if err != nil {
			return q, err
		}
		if o.Member != actor.Member {
			return q, hub.E(hub.NotFound, op, "not_found")
		}
		item, err := ItemOf(tx, o)
		if err != nil {
			return q, err
		}
		if item != nil {
			q.Item = item.Code
		}
		if p, err = tx.Patient(o.Patient); err != nil {
			return q, err
		}
	case w.LocalID != "":
		p, err = tx.PatientByLocalID(actor.Member, w.LocalID)
		if err != nil && hub.KindOf(err) != hub.NotFound {
			return q, err
		}
	case q.IDHash == "":
		return q, hub.Field(op, "id_number", "is empty")
	}
	if q.Item == "" && w.Order == "" {
		return q, hub.Field(op, "item", "choose the exam")
	}
	if p == nil {
		return q, nil
	}
	if q.IDHash == "" {
		q.IDHash = p.IDHash
	}
	if p.IDHash == "" || p.IDHash == q.IDHash { // a local id that belongs to somebody else finds nobody
		q.Patients, err = samePerson(tx, p)
	}
	return q, err
}

// eligible returns what an order has to be decided against.
func (s *Service) eligible(tx *db.Tx, actor hub.Actor, o *hub.Order) ([]Candidate, *hub.CatalogueItem, error) {
	wanted := *o
	wanted.Item = strings.TrimSpace(o.Item)
	item, err := ItemOf(tx, &wanted)
	if err != nil || item == nil || o.IDNumber == "" && o.LocalID == "" {
		return nil, nil, err
	}
	q, err := s.query(tx, actor, Wanted{IDNumber: o.IDNumber, LocalID: o.LocalID, Item: item.Code})
	if err != nil {
		return nil, nil, err
	}
	list, err := Candidates(tx, q)
	return slices.DeleteFunc(list, func(c Candidate) bool { return !c.Eligible }), item, err
}
