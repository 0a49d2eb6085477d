package account

import (
	"context"
	"strings"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// setupSetting holds the hash of the one-time secret for the first
// administrator and when it ends; setupTaken is written first, so that of two
// who use the link at once one waits for the other.
const (
	setupSetting = "setup"
	setupTaken   = "setup_taken"
)

// SetupLink returns a fresh one-time secret with which the first administrator
// is made, or "" if the hub has an active one. It ends the link before.
func (s *Service) SetupLink(ctx context.Context) (string, error) {
	secret := newSecret("yi_")
	needed := false
	err := s.db.Tx(ctx, func(tx *db.Tx) error {
		n, err := activeAdmins(tx)
		needed = n == 0
		if err != nil || !needed {
			return err
		}
		return tx.SetSetting(setupSetting, secretHash(secret)+" "+tx.Now().Add(s.limits.Invitation).Format(time.RFC3339))
	})
	if err != nil || !needed {
		return "", err
	}
	return secret, nil
}

func activeAdmins(tx *db.Tx) (int, error) {
	accounts, err := tx.Accounts("")
	n := 0
	for _, a := range accounts {
		if a.Role == hub.Admin && a.Active {
			n++
		}
	}
	return n, err
}

// Setup is what the first administrator fills in.
type Setup struct {
	Secret                string // from SetupLink
	MemberCode            string // of the lead hospital
	MemberName            string
	Login, Name, Password string
	IP, Client, Request   string // for the audit record
}

// CompleteSetup uses the link: it makes the lead hospital, if its code is new,
// and its administrator, in one transaction. A used, replaced or old link is
// Unauthorized.
func (s *Service) CompleteSetup(ctx context.Context, in Setup) (*hub.Account, error) {
	const op = "account.CompleteSetup"
	if err := setupOpen(s.db.Read(ctx), in.Secret, op); err != nil {
		return nil, err
	}
	hash, err := s.newHash(ctx, op, in.Login, in.Password)
	if err != nil {
		return nil, err
	}
	actor := hub.System
	actor.IP, actor.Client, actor.RequestID = in.IP, in.Client, in.Request
	var admin *hub.Account
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		if err := useSetupLink(tx, in.Secret, op); err != nil {
			return err
		}
		m, err := tx.MemberByCode(in.MemberCode)
		if hub.KindOf(err) == hub.NotFound {
			m = &hub.Member{Code: in.MemberCode, Name: in.MemberName}
			err = s.createMember(tx, actor, m, op)
		}
		if err != nil {
			return err
		}
		admin = &hub.Account{Member: m.ID, Login: in.Login, Name: in.Name, Role: hub.Admin, PasswordHash: hash}
		return s.createAccount(tx, actor, admin, op)
	})
	if err != nil {
		return nil, conflict(op, err)
	}
	s.log.Info("first administrator made", "account", admin.ID, "member", admin.Member)
	return admin, nil
}

// useSetupLink ends the link, so that it makes one administrator.
func useSetupLink(tx *db.Tx, secret, op string) error {
	if err := tx.SetSetting(setupTaken, tx.Now().Format(time.RFC3339Nano)); err != nil {
		return err
	}
	if err := setupOpen(tx, secret, op); err != nil {
		return err
	}
	return tx.SetSetting(setupSetting, "")
}

// setupOpen refuses a secret that is not the last link's, too old, or no
// longer needed because there is an administrator.
func setupOpen(tx *db.Tx, secret, op string) error {
	stored, err := tx.Setting(setupSetting)
	if err != nil {
		return err
	}
	admins, err := activeAdmins(tx)
	if err != nil {
		return err
	}
	hash, until, _ := strings.Cut(stored, " ")
	end, err := time.Parse(time.RFC3339, until)
	if err != nil || hash != secretHash(secret) || tx.Now().After(end) || admins > 0 {
		return hub.E(hub.Unauthorized, op, "setup.link_over")
	}
	return nil
}

// ResetPassword takes the password of an account away, ends its sessions, and
// returns a one-time secret for a link with which its holder sets a new one:
// nobody else ever knows it. An administrator does this for clinical accounts,
// a security administrator for administrative ones and never for itself. It
// is also the invitation of an account made without a password.
func (s *Service) ResetPassword(ctx context.Context, actor hub.Actor, id hub.AccountID) (string, error) {
	const op = "account.ResetPassword"
	a, err := s.db.Read(ctx).Account(id)
	if err != nil {
		return "", err
	}
	role := hub.Admin
	if administrative(a.Role) {
		role = hub.SecAdmin
	}
	if actor.Account == id {
		return "", hub.E(hub.Forbidden, op, "account.own")
	}
	secret := newSecret("yi_")
	err = s.change(ctx, actor, id, role, "password.reset", "", func(tx *db.Tx, a *hub.Account) error {
		a.PasswordHash = ""
		for _, kind := range []string{kindSession, kindSetup} {
			if err := endCredentials(tx, id, kind, ""); err != nil {
				return err
			}
		}
		return tx.InsertCredential(&db.Credential{Hash: secretHash(secret), Account: id, Kind: kindSetup,
			CreatedAt: tx.Now(), SeenAt: tx.Now(), ExpiresAt: tx.Now().Add(s.limits.Invitation)})
	})
	if err != nil {
		return "", err
	}
	return secret, nil
}

// Redeem sets the password of the account that a link of ResetPassword is for
// and ends the link; actor carries only where the request came from. A used or
// old link is Unauthorized.
func (s *Service) Redeem(ctx context.Context, from hub.Actor, secret, password string) error {
	const op = "account.Redeem"
	over := hub.E(hub.Unauthorized, op, "setup.link_over")
	hash := secretHash(secret)
	invited := func(tx *db.Tx) (*hub.Account, error) {
		c, err := tx.Credential(hash)
		if err != nil {
			return nil, unknownAs(over, err)
		}
		if c.Kind != kindSetup || s.over(c, tx.Now()) {
			return nil, over
		}
		return tx.Account(c.Account)
	}
	a, err := invited(s.db.Read(ctx))
	if err != nil {
		return err
	}
	fresh, err := s.newHash(ctx, op, a.Login, password)
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, func(tx *db.Tx) error {
		a, err := lockAccount(tx, a.ID)
		if err != nil {
			return err
		}
		if _, err := invited(tx); err != nil { // again, now that nobody else uses it
			return err
		}
		a.PasswordHash = fresh
		if err := tx.UpdateAccount(a); err != nil {
			return err
		}
		if err := tx.DeleteCredential(hash); err != nil {
			return err
		}
		from.Account, from.Member, from.Role = a.ID, a.Member, a.Role
		return tx.Audit(from, hub.Record{Action: "password.changed", Object: "account/" + string(a.ID), OK: true, Reason: "link"})
	})
}
