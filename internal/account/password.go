package account

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// Params is what a password hash costs (argon2id, RFC 9106).
type Params struct {
	MemoryKiB uint32
	Passes    uint32
	Lanes     uint8
}

// DefaultParams takes about 0.1 s on two cores and 64 MiB.
var DefaultParams = Params{MemoryKiB: 64 << 10, Passes: 2, Lanes: 2}

const (
	saltSize    = 16
	hashSize    = 32
	maxPassword = 128 // bytes; longer ones only cost time

	// Bounds for parameters read back from a row.
	maxMemoryKiB = 1 << 20
	maxPasses    = 16
)

// encode hashes a password into a PHC string:
// $argon2id$v=19$m=65536,t=2,p=2$SALT$HASH.
func (p Params) encode(password string) string {
	salt := make([]byte, saltSize)
	rand.Read(salt) // never fails: crypto/rand
	hash := argon2.IDKey([]byte(password), salt, p.Passes, p.MemoryKiB, p.Lanes, hashSize)
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.MemoryKiB, p.Passes, p.Lanes,
		b64.EncodeToString(salt), b64.EncodeToString(hash))
}

// parsePHC reads what encode wrote, also with other parameters.
func parsePHC(encoded string) (p Params, salt, hash []byte, err error) {
	parts := strings.Split(encoded, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return p, nil, nil, errors.New("password hash: not argon2id in PHC form")
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.MemoryKiB, &p.Passes, &p.Lanes); err != nil {
		return p, nil, nil, errors.New("password hash: parameters are not m, t, p")
	}
	if p.MemoryKiB > maxMemoryKiB || p.Passes == 0 || p.Passes > maxPasses || p.Lanes == 0 {
		return p, nil, nil, errors.New("password hash: parameters out of range")
	}
	salt, errSalt := base64.RawStdEncoding.DecodeString(parts[4])
	hash, errHash := base64.RawStdEncoding.DecodeString(parts[5])
	if errSalt != nil || errHash != nil || len(salt) < 8 || len(hash) != hashSize {
		return p, nil, nil, errors.New("password hash: salt or hash is damaged")
	}
	return p, salt, hash, nil
}

// matches compares a password with a PHC string. Without one ("" for an
// unknown login or an account that has no password) it spends the same time
// and says no. The caller holds a slot.
func (s *Service) matches(encoded, password string) bool {
	if len(password) > maxPassword {
		return false
	}
	p, salt, want, err := parsePHC(encoded)
	if err != nil {
		s.hash.encode(password)
		return false
	}
	got := argon2.IDKey([]byte(password), salt, p.Passes, p.MemoryKiB, p.Lanes, hashSize)
	return subtle.ConstantTimeCompare(got, want) == 1
}

// newHash checks a new password against the rules and hashes it.
func (s *Service) newHash(ctx context.Context, op, login, password string) (string, error) {
	if why := s.tooWeak(login, password); why != "" {
		return "", hub.Field(op, "password", why).With("least", s.limits.MinPassword).With("most", maxPassword)
	}
	release, err := s.hold(ctx)
	if err != nil {
		return "", err
	}
	defer release()
	return s.hash.encode(password), nil
}

// tooWeak says which rule a password breaks: long enough, three of four
// classes of characters, not containing the login name.
func (s *Service) tooWeak(login, password string) string {
	switch {
	case !utf8.ValidString(password):
		return "not_text"
	case utf8.RuneCountInString(password) < s.limits.MinPassword:
		return "too_short"
	case len(password) > maxPassword:
		return "too_long"
	case classes(password) < 3:
		return "too_simple"
	case strings.Contains(strings.ToLower(password), normalLogin(login)):
		return "contains_login"
	}
	return ""
}

// classes counts how many of small letters, capital letters, digits and other
// characters occur.
func classes(password string) int {
	var lower, upper, digit, other int
	for _, r := range password {
		switch {
		case unicode.IsLower(r):
			lower = 1
		case unicode.IsUpper(r):
			upper = 1
		case unicode.IsDigit(r):
			digit = 1
		default:
			other = 1
		}
	}
	return lower + upper + digit + other
}

// ChangePassword sets a new password for the actor's own account and ends its
// other sessions; current is the session that stays. A wrong old password
// counts as a failed login. It returns Invalid with the field, or
// Unauthorized.
func (s *Service) ChangePassword(ctx context.Context, actor hub.Actor, current *db.Credential, old, new string) error {
	const op = "account.ChangePassword"
	a, err := s.db.Read(ctx).Account(actor.Account)
	if err != nil {
		return err
	}
	if old == new {
		return hub.Field(op, "password", "same_as_old")
	}
	right, err := s.checkPassword(ctx, a, old)
	if err != nil {
		return err
	}
	fresh := ""
	if right {
		if fresh, err = s.newHash(ctx, op, a.Login, new); err != nil {
			return err
		}
	}
	var refusal error
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		refusal = nil
		row, err := lockAccount(tx, a.ID)
		if err != nil {
			return err
		}
		if refusal = s.lockedNow(tx, row, op); refusal != nil {
			return nil
		}
		if !right || row.PasswordHash != a.PasswordHash {
			refusal = hub.E(hub.Unauthorized, op, "login.wrong")
			return s.countFailure(tx, actor, row, "password.failed")
		}
		row.PasswordHash, row.Failures = fresh, 0
		if err := tx.UpdateAccount(row); err != nil {
			return err
		}
		if err := endCredentials(tx, a.ID, kindSession, current.Hash); err != nil {
			return err
		}
		return tx.Audit(actor, hub.Record{Action: "password.changed", Object: "account/" + string(a.ID), OK: true})
	})
	s.cache.forget(a.ID)
	if err != nil {
		return err
	}
	return refusal
}

// checkPassword compares an account's password with a slot held.
func (s *Service) checkPassword(ctx context.Context, a *hub.Account, password string) (bool, error) {
	release, err := s.hold(ctx)
	if err != nil {
		return false, err
	}
	defer release()
	return s.matches(a.PasswordHash, password), nil
}
