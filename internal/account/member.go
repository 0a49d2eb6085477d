package account

import (
	"context"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// Leads reports whether a member is the lead hospital, whose administrators
// and auditors see the whole alliance.
func Leads(tx *db.Tx, member hub.MemberID) (bool, error) {
	lead, err := tx.Setting(leadSetting)
	return hub.MemberID(lead) == member && lead != "", err
}

// UpdateMember writes name, level and phone of the member with in's code. Its
// own administrators may, and those of the lead hospital.
func (s *Service) UpdateMember(ctx context.Context, actor hub.Actor, in *hub.Member) error {
	const op = "account.UpdateMember"
	return s.db.Tx(ctx, func(tx *db.Tx) error {
		m, err := tx.MemberByCode(in.Code)
		if err != nil {
			return err
		}
		if err := s.manages(tx, actor, m.ID, hub.Admin, op); err != nil {
			return err
		}
		before := digest(m)
		m.Name, m.Level, m.Phone = in.Name, in.Level, in.Phone
		if err := checkMember(op, m); err != nil {
			return err
		}
		if err := tx.UpdateMember(m); err != nil {
			return err
		}
		*in = *m
		return tx.Audit(actor, hub.Record{Action: "member.changed", Object: "member/" + string(m.ID), OK: true, Before: before, After: digest(m)})
	})
}

// EndDuty takes a line off the roster: one that has begun ends now, one that
// has not is removed.
func (s *Service) EndDuty(ctx context.Context, actor hub.Actor, d hub.Duty) error {
	const op = "account.EndDuty"
	return s.db.Tx(ctx, func(tx *db.Tx) error {
		a, err := tx.Account(d.Account)
		if err != nil {
			return err
		}
		if err := s.managesRoster(tx, actor, a.Member, op); err != nil {
			return err
		}
		d.From, d.To = d.From.Truncate(time.Millisecond), tx.Now()
		known, err := onRoster(tx, a.Member, &d)
		if err != nil {
			return err
		}
		if !known {
			return hub.E(hub.NotFound, op, "not_found")
		}
		end := tx.UpdateDuty
		if d.From.After(d.To) {
			end = tx.DeleteDuty
		}
		if err := end(&d); err != nil {
			return err
		}
		return tx.Audit(actor, hub.Record{Action: "duty.ended", Object: "account/" + string(d.Account), OK: true, After: digest(d)})
	})
}
