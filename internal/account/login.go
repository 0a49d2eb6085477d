package account

import (
	"context"
	"math"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// Attempt is somebody trying to log in.
type Attempt struct {
	Login, Password, TOTP string
	IP, Client, Request   string // for the audit record
}

// Session is a login that succeeded. Secret goes into the cookie, CSRF into
// the header of writes; only Secret's hash is stored.
type Session struct {
	Account *hub.Account
	Secret  string
	CSRF    string
	Expires time.Time
}

// Login checks name, password and, where the account has one, the second
// factor, and opens a session. What happened is audited in the transaction
// that counts it.
//
// Refusals are Unauthorized: login.wrong (also for an unknown or inactive
// account, after the same time), login.totp_required, login.totp_wrong, and
// account.locked with the detail until. An address that tries too often gets
// Busy TooOften and is not looked at.
func (s *Service) Login(ctx context.Context, try Attempt) (*Session, error) {
	if wait, ok := s.turnstile.enter(try.IP); !ok {
		return nil, tooOften(wait)
	}
	release, err := s.hold(ctx)
	if err != nil {
		return nil, err
	}
	defer release() // after the count: of parallel guesses few see the count before theirs
	login := normalLogin(try.Login)
	seen, err := s.db.Read(ctx).AccountByLogin(login)
	if hub.KindOf(err) == hub.NotFound {
		seen = &hub.Account{} // takes as long as a known one
	} else if err != nil {
		return nil, err
	}
	right := s.matches(seen.PasswordHash, try.Password)
	var session *Session
	var refusal error
	err = s.db.Tx(ctx, func(tx *db.Tx) (err error) {
		session, refusal, err = s.decide(tx, login, try, seen, right)
		return err
	})
	if err != nil {
		return nil, err
	}
	return session, refusal
}

// decide counts an attempt and opens the session. A refusal is its second
// result, because the transaction that counts it has to commit.
func (s *Service) decide(tx *db.Tx, login string, try Attempt, seen *hub.Account, right bool) (*Session, error, error) {
	const op = "account.Login"
	actor := hub.Actor{IP: try.IP, Client: try.Client, RequestID: try.Request}
	wrong := hub.E(hub.Unauthorized, op, "login.wrong")
	a, err := tx.AccountByLogin(login)
	if hub.KindOf(err) == hub.NotFound {
		// What was typed is not kept: it may be a password in the wrong field.
		return nil, wrong, tx.Audit(actor, hub.Record{Action: "login.failed", Object: "account/", Reason: "unknown"})
	}
	if err != nil {
		return nil, nil, err
	}
	actor.Account, actor.Member, actor.Role = a.ID, a.Member, a.Role
	object := "account/" + string(a.ID)
	if locked := s.lockedNow(tx, a, op); locked != nil {
		return nil, locked, tx.Audit(actor, hub.Record{Action: "login.locked", Object: object})
	}
	if !a.Active {
		return nil, wrong, tx.Audit(actor, hub.Record{Action: "login.failed", Object: object, Reason: "inactive"})
	}
	if !right || a.PasswordHash != seen.PasswordHash {
		return nil, wrong, s.countFailure(tx, actor, a, "login.failed")
	}
	if refusal, err := s.secondFactor(tx, actor, a, try.TOTP); refusal != nil || err != nil {
		return nil, refusal, err
	}
	session, err := s.openSession(tx, actor, a)
	return session, nil, err
}

// secondFactor checks the TOTP code of an account that has a secret and notes
// its step, so that it works once.
func (s *Service) secondFactor(tx *db.Tx, actor hub.Actor, a *hub.Account, code string) (refusal, err error) {
	const op = "account.Login"
	if a.TOTPSecret == "" {
		return nil, nil
	}
	if code == "" {
		return hub.E(hub.Unauthorized, op, "login.totp_required"), nil
	}
	secret, last, err := s.unpackTOTP(a.TOTPSecret)
	if err != nil {
		return nil, hub.Wrap(hub.Internal, op, "internal", err)
	}
	step, ok := totpMatch(secret, code, tx.Now(), last)
	if !ok {
		return hub.E(hub.Unauthorized, op, "login.totp_wrong"), s.countFailure(tx, actor, a, "login.failed")
	}
	a.TOTPSecret = s.packTOTP(secret, step)
	return nil, nil
}

func (s *Service) openSession(tx *db.Tx, actor hub.Actor, a *hub.Account) (*Session, error) {
	a.Failures, a.LockedUntil = 0, time.Time{}
	if err := tx.UpdateAccount(a); err != nil {
		return nil, err
	}
	if err := s.sweep(tx, a.ID); err != nil {
		return nil, err
	}
	out := &Session{Account: a, Secret: newSecret("ys_"), CSRF: newSecret(""), Expires: tx.Now().Add(s.limits.Session)}
	err := tx.InsertCredential(&db.Credential{Hash: secretHash(out.Secret), Account: a.ID, Kind: kindSession, CSRF: out.CSRF,
		CreatedAt: tx.Now(), SeenAt: tx.Now(), ExpiresAt: out.Expires})
	if err != nil {
		return nil, err
	}
	return out, tx.Audit(actor, hub.Record{Action: "login.ok", Object: "account/" + string(a.ID), OK: true})
}

// sweep deletes the account's sessions that are over.
func (s *Service) sweep(tx *db.Tx, id hub.AccountID) error {
	list, err := tx.Credentials(id, kindSession)
	if err != nil {
		return err
	}
	for _, c := range list {
		if !s.over(c, tx.Now()) {
			continue
		}
		if err := tx.DeleteCredential(c.Hash); err != nil {
			return err
		}
	}
	return nil
}

// lockedNow returns the refusal of a locked account, nil if it is open.
func (s *Service) lockedNow(tx *db.Tx, a *hub.Account, op string) error {
	if !a.LockedUntil.After(tx.Now()) {
		return nil
	}
	return hub.E(hub.Unauthorized, op, "account.locked").With("until", a.LockedUntil).With("minutes", int(math.Ceil(a.LockedUntil.Sub(tx.Now()).Minutes())))
}

// countFailure counts one wrong secret and locks the account at the limit.
func (s *Service) countFailure(tx *db.Tx, actor hub.Actor, a *hub.Account, action string) error {
	a.Failures++
	object := "account/" + string(a.ID)
	if err := tx.Audit(actor, hub.Record{Action: action, Object: object, Reason: "secret"}); err != nil {
		return err
	}
	if a.Failures >= s.limits.Failures {
		a.Failures, a.LockedUntil = 0, tx.Now().Add(s.limits.Lock)
		s.log.Warn("account locked", "account", a.ID, "until", a.LockedUntil)
		if err := tx.Audit(actor, hub.Record{Action: "login.locked", Object: object, Reason: "failures"}); err != nil {
			return err
		}
	}
	return tx.UpdateAccount(a)
}
