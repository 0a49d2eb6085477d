package account

import (
	"context"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// CreateDevice registers a modality or cart of a member and sets its id; an AE
// title in use is a Conflict.
func (s *Service) CreateDevice(ctx context.Context, actor hub.Actor, d *hub.Device) error {
	const op = "account.CreateDevice"
	err := s.db.Tx(ctx, func(tx *db.Tx) error {
		if err := s.manages(tx, actor, d.Member, hub.Admin, op); err != nil {
			return err
		}
		if err := checkDevice(op, d); err != nil {
			return err
		}
		if _, err := tx.Member(d.Member); err != nil {
			return unknownAs(hub.Field(op, "member", "unknown"), err)
		}
		_, err := tx.DeviceByAE(d.AETitle)
		if err := free(op, "ae_title", err); err != nil {
			return err
		}
		d.ID, d.Active, d.CreatedAt = hub.NewID[hub.DeviceID](), true, tx.Now()
		if d.Services == nil {
			d.Services = []hub.Service{} // a list in JSON too
		}
		if err := tx.InsertDevice(d); err != nil {
			return err
		}
		if err := tx.ForgetStranger(d.AETitle); err != nil {
			return err
		}
		return tx.Audit(actor, hub.Record{Action: "device.created", Object: "device/" + string(d.ID), OK: true, After: digest(d)})
	})
	return conflict(op, err)
}

// UpdateDevice writes all of the device with an AE title but its member and
// what it sent.
func (s *Service) UpdateDevice(ctx context.Context, actor hub.Actor, in *hub.Device) error {
	const op = "account.UpdateDevice"
	return s.db.Tx(ctx, func(tx *db.Tx) error {
		d, err := tx.DeviceByAE(in.AETitle)
		if err != nil {
			return err
		}
		if err := s.manages(tx, actor, d.Member, hub.Admin, op); err != nil {
			return err
		}
		before := digest(d)
		d.Name, d.Address, d.Kind, d.AutoSubmit, d.Active = in.Name, in.Address, in.Kind, in.AutoSubmit, in.Active
		d.Port, d.TLS, d.Charset, d.Services, d.Certificate, d.SilentHours = in.Port, in.TLS, in.Charset, in.Services, in.Certificate, in.SilentHours
		if err := checkDevice(op, d); err != nil {
			return err
		}
		if err := tx.UpdateDevice(d); err != nil {
			return err
		}
		if err := tx.ForgetStranger(d.AETitle); err != nil {
			return err
		}
		return tx.Audit(actor, hub.Record{Action: "device.changed", Object: "device/" + string(d.ID), OK: true, Before: before, After: digest(d)})
	})
}

// CreateAgreement lets a centre read for a source and sets the agreement's id;
// a zero From is now. Only the lead hospital's administrators may.
func (s *Service) CreateAgreement(ctx context.Context, actor hub.Actor, a *hub.Agreement) error {
	const op = "account.CreateAgreement"
	return s.db.Tx(ctx, func(tx *db.Tx) error {
		if err := s.managesAlliance(tx, actor, op); err != nil {
			return err
		}
		if a.From.IsZero() {
			a.From = tx.Now()
		}
		if err := checkAgreement(op, a); err != nil {
			return err
		}
		for field, id := range map[string]hub.MemberID{"source": a.Source, "centre": a.Centre} {
			if _, err := tx.Member(id); err != nil {
				return unknownAs(hub.Field(op, field, "unknown"), err)
			}
		}
		a.ID = hub.NewID[string]()
		if err := tx.InsertAgreement(a); err != nil {
			return err
		}
		return tx.Audit(actor, hub.Record{Action: "agreement.created", Object: "agreement/" + a.ID, OK: true, After: digest(a)})
	})
}

// EndAgreement lets an agreement of a source end now; tasks already routed by
// it stay where they are.
func (s *Service) EndAgreement(ctx context.Context, actor hub.Actor, source hub.MemberID, id, reason string) error {
	const op = "account.EndAgreement"
	return s.db.Tx(ctx, func(tx *db.Tx) error {
		if err := s.managesAlliance(tx, actor, op); err != nil {
			return err
		}
		list, err := tx.Agreements(source)
		if err != nil {
			return err
		}
		for _, a := range list {
			if a.ID != id {
				continue
			}
			before := digest(a)
			a.To = tx.Now()
			if err := tx.UpdateAgreement(a); err != nil {
				return err
			}
			return tx.Audit(actor, hub.Record{Action: "agreement.ended", Object: "agreement/" + id, OK: true, Reason: reason, Before: before, After: digest(a)})
		}
		return hub.E(hub.NotFound, op, "not_found")
	})
}

// PutDuty puts an account on the roster, or sets another end for the line with
// the same account, kind and start; a zero From is now. Administrators and
// dispatchers of its member may.
func (s *Service) PutDuty(ctx context.Context, actor hub.Actor, d *hub.Duty) error {
	const op = "account.PutDuty"
	return s.db.Tx(ctx, func(tx *db.Tx) error {
		a, err := tx.Account(d.Account)
		if err != nil {
			return err
		}
		if err := s.managesRoster(tx, actor, a.Member, op); err != nil {
			return err
		}
		if d.From.IsZero() {
			d.From = tx.Now()
		}
		d.From = d.From.Truncate(time.Millisecond) // as rows keep it
		if err := checkDuty(op, d, a); err != nil {
			return err
		}
		known, err := onRoster(tx, a.Member, d)
		if err != nil {
			return err
		}
		write := tx.InsertDuty
		if known {
			write = tx.UpdateDuty
		}
		if err := write(d); err != nil {
			return err
		}
		return tx.Audit(actor, hub.Record{Action: "duty.changed", Object: "account/" + string(d.Account), OK: true, After: digest(d)})
	})
}

func (s *Service) managesRoster(tx *db.Tx, actor hub.Actor, member hub.MemberID, op string) error {
	if actor.Role == hub.Dispatcher && actor.Member == member {
		return nil
	}
	return s.manages(tx, actor, member, hub.Admin, op)
}

func onRoster(tx *db.Tx, member hub.MemberID, d *hub.Duty) (bool, error) {
	lines, err := tx.Roster(member, time.Time{})
	for _, have := range lines {
		if have.Account == d.Account && have.Kind == d.Kind && have.From.Equal(d.From) {
			return true, nil
		}
	}
	return false, err
}
