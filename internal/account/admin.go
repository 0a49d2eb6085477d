package account

import (
	"context"
	"errors"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// CreateMember adds an institution to the alliance and sets its id. The first
// one is the lead hospital. Only the lead hospital's administrators may; a
// code in use is a Conflict.
func (s *Service) CreateMember(ctx context.Context, actor hub.Actor, m *hub.Member) error {
	const op = "account.CreateMember"
	err := s.db.Tx(ctx, func(tx *db.Tx) error {
		if err := s.managesAlliance(tx, actor, op); err != nil {
			return err
		}
		return s.createMember(tx, actor, m, op)
	})
	return conflict(op, err)
}

func (s *Service) createMember(tx *db.Tx, actor hub.Actor, m *hub.Member, op string) error {
	if err := checkMember(op, m); err != nil {
		return err
	}
	_, err := tx.MemberByCode(m.Code)
	if err := free(op, "code", err); err != nil {
		return err
	}
	m.ID = hub.NewID[hub.MemberID]()
	if err := tx.InsertMember(m); err != nil {
		return err
	}
	lead, err := tx.Setting(leadSetting)
	if err != nil {
		return err
	}
	if lead == "" {
		if err := tx.SetSetting(leadSetting, string(m.ID)); err != nil {
			return err
		}
	}
	return tx.Audit(actor, hub.Record{Action: "member.created", Object: "member/" + string(m.ID), OK: true, After: digest(m)})
}

// CreateAccount adds an account to a member and sets its id. Without a
// password nobody can log in until ResetPassword invites its holder; machines
// need none. Readers get the right to send preliminary reports. A login name
// in use is a Conflict.
func (s *Service) CreateAccount(ctx context.Context, actor hub.Actor, a *hub.Account, password string) error {
	const op = "account.CreateAccount"
	a.PasswordHash = ""
	if password != "" {
		hash, err := s.newHash(ctx, op, a.Login, password)
		if err != nil {
			return err
		}
		a.PasswordHash = hash
	}
	if a.Role == hub.Reader && !a.Can(hub.SignPreliminary, "") {
		a.Rights = append(a.Rights, hub.SignPreliminary)
	}
	err := s.db.Tx(ctx, func(tx *db.Tx) error {
		if err := s.manages(tx, actor, a.Member, hub.Admin, op); err != nil {
			return err
		}
		return s.createAccount(tx, actor, a, op)
	})
	return conflict(op, err)
}

func (s *Service) createAccount(tx *db.Tx, actor hub.Actor, a *hub.Account, op string) error {
	a.Login = normalLogin(a.Login)
	if err := checkAccount(op, a); err != nil {
		return err
	}
	if _, err := tx.Member(a.Member); err != nil {
		return unknownAs(hub.Field(op, "member", "unknown"), err)
	}
	_, err := tx.AccountByLogin(a.Login)
	if err := free(op, "login", err); err != nil {
		return err
	}
	a.ID, a.Active, a.TOTPSecret, a.Failures, a.LockedUntil = hub.NewID[hub.AccountID](), true, "", 0, time.Time{}
	if err := tx.InsertAccount(a); err != nil {
		return err
	}
	return tx.Audit(actor, hub.Record{Action: "account.created", Object: "account/" + string(a.ID), OK: true, After: digest(a)})
}

// UpdateAccount writes name, role, rights, title, certificate, phone, skills
// and auto-submit of an account. Administrative roles are not changed into
// others or made from them: that takes another account.
func (s *Service) UpdateAccount(ctx context.Context, actor hub.Actor, in *hub.Account) error {
	const op = "account.UpdateAccount"
	return s.change(ctx, actor, in.ID, hub.Admin, "account.changed", "", func(_ *db.Tx, a *hub.Account) error {
		if a.Role != in.Role && (administrative(a.Role) || administrative(in.Role)) {
			return hub.Field(op, "role", "administrative")
		}
		a.Name, a.Role, a.Rights, a.Title, a.Certificate = in.Name, in.Role, in.Rights, in.Title, in.Certificate
		a.Phone, a.Skills, a.AutoSubmit = in.Phone, in.Skills, in.AutoSubmit
		return checkAccount(op, a)
	})
}

// SetActive ends or restores an account. Ending takes its sessions and tokens
// away; nobody ends their own, nor the last administrator.
func (s *Service) SetActive(ctx context.Context, actor hub.Actor, id hub.AccountID, active bool, reason string) error {
	const op = "account.SetActive"
	action := "account.activated"
	if !active {
		action = "account.deactivated"
	}
	return s.change(ctx, actor, id, hub.Admin, action, reason, func(tx *db.Tx, a *hub.Account) error {
		was := a.Active
		a.Active = active
		if active {
			return nil
		}
		if actor.Account == id {
			return hub.E(hub.Forbidden, op, "account.own")
		}
		n, err := activeAdmins(tx)
		if err != nil {
			return err
		}
		if was && a.Role == hub.Admin && n == 1 {
			return hub.E(hub.Conflict, op, "account.last_admin")
		}
		for _, kind := range []string{kindSession, kindToken, kindSetup} {
			if err := endCredentials(tx, id, kind, ""); err != nil {
				return err
			}
		}
		return nil
	})
}

// Unlock opens an account that wrong passwords locked; only a security
// administrator may.
func (s *Service) Unlock(ctx context.Context, actor hub.Actor, id hub.AccountID, reason string) error {
	return s.change(ctx, actor, id, hub.SecAdmin, "account.unlocked", reason, func(_ *db.Tx, a *hub.Account) error {
		a.Failures, a.LockedUntil = 0, time.Time{}
		return nil
	})
}

// change lets fn change one account on behalf of somebody in role who manages
// its member, with an audit record of before and after.
func (s *Service) change(ctx context.Context, actor hub.Actor, id hub.AccountID, role hub.Role, action, reason string,
	fn func(*db.Tx, *hub.Account) error) error {
	const op = "account.change"
	err := s.db.Tx(ctx, func(tx *db.Tx) error {
		a, err := lockAccount(tx, id)
		if err != nil {
			return err
		}
		if err := s.manages(tx, actor, a.Member, role, op); err != nil {
			return err
		}
		before := digest(a)
		if err := fn(tx, a); err != nil {
			return err
		}
		if err := tx.UpdateAccount(a); err != nil {
			return err
		}
		return tx.Audit(actor, hub.Record{Action: action, Object: "account/" + string(id), OK: true, Reason: reason, Before: before, After: digest(a)})
	})
	s.cache.forget(id)
	return err
}

// free turns the result of looking for a taken name into a fault: nil if there
// was NotFound, a Conflict that names the field if there is one.
func free(op, field string, found error) error {
	switch {
	case found == nil:
		return hub.E(hub.Conflict, op, "field.taken").With("field", field)
	case hub.KindOf(found) == hub.NotFound:
		return nil
	}
	return found
}

// conflict tells when two nodes stored the same name at once: PostgreSQL's
// unique_violation.
func conflict(op string, err error) error {
	var state interface{ SQLState() string }
	if errors.As(err, &state) && state.SQLState() == "23505" {
		return hub.Wrap(hub.Conflict, op, "field.taken", err)
	}
	return err
}
