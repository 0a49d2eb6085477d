package order

import (
	"github.com/yuanzhen/yuanzhen/internal/audit"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// Import checks and stores an order for an exam that another institution has
// read already, with its patient. There is no task. An accession number that
// was imported before is a Conflict.
func (s *Service) Import(tx *db.Tx, actor hub.Actor, o *hub.Order) error {
	if err := normalise(o); err != nil {
		return err
	}
	o.ID, o.Member, o.Origin, o.CreatedAt, o.DoctorID, o.Owed = hub.NewID[hub.OrderID](), actor.Member, "imported", tx.Now(), actor.Account, nil
	if err := s.item(tx, o); err != nil {
		return err
	}
	if err := s.patient(tx, actor, o); err != nil {
		return err
	}
	if o.Accession == "" {
		number, err := accession(tx, actor.Member)
		if err != nil {
			return err
		}
		o.Accession = number
	}
	used, err := tx.OrdersByAccession(actor.Member, o.Accession)
	if err != nil {
		return err
	}
	for _, other := range used {
		if other.Origin == "imported" {
			return hub.E(hub.Conflict, "order.Import", "result.exists")
		}
	}
	if err := tx.InsertOrder(o); err != nil {
		return err
	}
	return tx.Audit(actor, hub.Record{Action: "order.import", Object: "order/" + string(o.ID), Patient: audit.Pseudonym(o.Patient), OK: true})
}
