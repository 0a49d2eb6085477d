// Package account says who somebody is and who may manage whom: passwords,
// second factors, sessions, bearer tokens, the first administrator, and the
// members, accounts, devices, agreements and rosters of an alliance.
//
// A login name with its secrets comes in, a hub.Actor goes out; every change
// is one transaction with its audit record. What an actor may do with tasks
// and reports is not decided here. Secrets are stored as hashes or sealed,
// never logged, and shown once.
package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"strings"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// Sealer keeps TOTP secrets from readers of the database; *keys.Ring is one.
type Sealer interface {
	Seal(plain []byte) []byte
	Unseal(sealed []byte) ([]byte, error)
}

// Limits are the numbers of the rules (domain rules, section 11).
type Limits struct {
	Failures    int           // wrong secrets in a row before an account is locked
	Lock        time.Duration // how long it then stays locked
	Session     time.Duration // life of a session, used or not
	Idle        time.Duration // a session unused for so long is over
	MinPassword int           // characters
	Invitation  time.Duration // life of a set-up or password link
	Tries       int           // logins of one address at once, and in Window
	Window      time.Duration // in which they come back
}

// DefaultLimits are those of the rules.
var DefaultLimits = Limits{
	Failures: 5, Lock: 30 * time.Minute, Session: 12 * time.Hour, Idle: 15 * time.Minute,
	MinPassword: 10, Invitation: 24 * time.Hour, Tries: 60, Window: time.Minute,
}

// Service is the door of the hub. It is safe for concurrent use.
type Service struct {
	db     *db.DB
	keys   Sealer
	log    *slog.Logger
	limits Limits
	hash   Params
	slots  chan struct{} // one a password hash in progress: each takes 64 MiB
	cache  *cache

	turnstile *turnstile
}

// maxHashing bounds the password hashes computed at the same time.
const maxHashing = 2

// New makes a Service. cost is DefaultParams outside tests.
func New(d *db.DB, keys Sealer, log *slog.Logger, limits Limits, cost Params) *Service {
	return &Service{db: d, keys: keys, log: log, limits: limits, hash: cost,
		slots: make(chan struct{}, maxHashing), cache: newCache(), turnstile: newTurnstile(limits.Tries, limits.Window)}
}

// Limits are the numbers in force.
func (s *Service) Limits() Limits { return s.limits }

// The kinds of credential.
const (
	kindSession = "session"
	kindToken   = "token"
	kindSetup   = "setup" // a link that sets a password, once
)

// newSecret returns 256 random bits with a prefix that tells, in a leaked
// file, what they open.
func newSecret(prefix string) string {
	var b [32]byte
	rand.Read(b[:]) // never fails: crypto/rand
	return prefix + base64.RawURLEncoding.EncodeToString(b[:])
}

// secretHash is what is stored of a secret. It needs no salt and no slowness:
// nobody guesses 256 bits.
func secretHash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// normalLogin is the form in which login names are stored and compared.
func normalLogin(login string) string { return strings.ToLower(strings.TrimSpace(login)) }

// digest is the hash of a noun for the before and after of an audit record.
// Secrets are no part of a noun's JSON.
func digest(noun any) string {
	b, err := json.Marshal(noun)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// lockAccount reads an account and keeps others from changing it until the
// transaction ends.
func lockAccount(tx *db.Tx, id hub.AccountID) (*hub.Account, error) {
	a, err := tx.Account(id)
	if err != nil {
		return nil, err
	}
	return tx.AccountByLogin(a.Login) // locks; a login name never changes
}

// endCredentials deletes an account's credentials of one kind but the one with
// hash keep.
func endCredentials(tx *db.Tx, id hub.AccountID, kind, keep string) error {
	list, err := tx.Credentials(id, kind)
	if err != nil {
		return err
	}
	for _, c := range list {
		if c.Hash == keep {
			continue
		}
		if err := tx.DeleteCredential(c.Hash); err != nil {
			return err
		}
	}
	return nil
}

// hold waits for one of the slots for hashing and returns what frees it.
func (s *Service) hold(ctx context.Context) (release func(), err error) {
	select {
	case s.slots <- struct{}{}:
		return func() { <-s.slots }, nil
	case <-ctx.Done():
		return nil, hub.Wrap(hub.Busy, "account.hold", "busy", ctx.Err())
	}
}
