package account

import (
	"context"
	"sync"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

const (
	cacheFor = 5 * time.Second // how late another node's logout may take effect here
	cacheMax = 8192            // credentials; a full cache starts over
	seenStep = time.Minute     // how exactly the last use of a credential is kept

	maxSecret = 128 // bytes of a cookie or token that are worth hashing
)

// Authenticate returns who a session's secret or a bearer token stands for,
// with the credential (its CSRF value, its kind), and notes its use. A secret
// that is unknown, over, idle too long or of an inactive account is
// Unauthorized. IP, client and request id of the Actor are the caller's to fill.
func (s *Service) Authenticate(ctx context.Context, secret string) (hub.Actor, *db.Credential, error) {
	const op = "account.Authenticate"
	if secret == "" || len(secret) > maxSecret {
		return hub.Actor{}, nil, hub.E(hub.Unauthorized, op, "session.missing")
	}
	hash := secretHash(secret)
	who, ok, forgets := s.cache.get(hash)
	if ok {
		return who.actor, &who.credential, nil
	}
	tx := s.db.Read(ctx)
	c, err := tx.Credential(hash)
	if err != nil {
		return hub.Actor{}, nil, unknownAs(hub.E(hub.Unauthorized, op, "session.missing"), err)
	}
	if c.Kind == kindSetup {
		return hub.Actor{}, nil, hub.E(hub.Unauthorized, op, "session.missing")
	}
	if s.over(c, tx.Now()) {
		return hub.Actor{}, nil, hub.E(hub.Unauthorized, op, "session.expired")
	}
	a, err := tx.Account(c.Account)
	if err != nil {
		return hub.Actor{}, nil, err
	}
	if !a.Active {
		return hub.Actor{}, nil, hub.E(hub.Unauthorized, op, "session.expired")
	}
	if now := tx.Now(); now.Sub(c.SeenAt) >= seenStep {
		if err := s.db.Tx(ctx, func(tx *db.Tx) error { return tx.SeenCredential(hash) }); err != nil {
			return hub.Actor{}, nil, err
		}
		c.SeenAt = now
	}
	who = known{actor: hub.Actor{Account: a.ID, Member: a.Member, Role: a.Role, Name: a.Name, Rights: a.Rights, Submits: a.AutoSubmit}, credential: *c}
	s.cache.put(hash, who, forgets)
	return who.actor, c, nil
}

// unknownAs returns instead for a NotFound and err for every other fault.
func unknownAs(instead, err error) error {
	if hub.KindOf(err) == hub.NotFound {
		return instead
	}
	return err
}

// over reports whether a credential no longer counts.
func (s *Service) over(c *db.Credential, now time.Time) bool {
	if !c.ExpiresAt.IsZero() && !now.Before(c.ExpiresAt) {
		return true
	}
	return c.Kind == kindSession && now.Sub(c.SeenAt) >= s.limits.Idle
}

// Logout ends a session.
func (s *Service) Logout(ctx context.Context, actor hub.Actor, session *db.Credential) error {
	err := s.db.Tx(ctx, func(tx *db.Tx) error {
		if err := tx.DeleteCredential(session.Hash); err != nil {
			return err
		}
		return tx.Audit(actor, hub.Record{Action: "logout", Object: "account/" + string(session.Account), OK: true})
	})
	s.cache.forget(session.Account)
	return err
}

// known is a credential that was checked a moment ago.
type known struct {
	actor      hub.Actor
	credential db.Credential
	until      time.Time
}

// cache saves the database a look at the credential at every request.
type cache struct {
	mu      sync.Mutex // guards both
	byHash  map[string]known
	forgets int // calls of forget so far
}

func newCache() *cache { return &cache{byHash: map[string]known{}} }

// get also returns the count of forgets, for put.
func (c *cache) get(hash string) (known, bool, int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	who, ok := c.byHash[hash]
	now := time.Now()
	if !ok || now.After(who.until) {
		return known{}, false, c.forgets
	}
	if end := who.credential.ExpiresAt; !end.IsZero() && now.After(end) {
		return known{}, false, c.forgets
	}
	return who, true, c.forgets
}

// put keeps what was found out since get, unless something was forgotten
// meanwhile: a check that began before a logout must not outlive it.
func (c *cache) put(hash string, who known, forgets int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if forgets != c.forgets {
		return
	}
	if len(c.byHash) >= cacheMax {
		clear(c.byHash)
	}
	who.until = time.Now().Add(cacheFor)
	c.byHash[hash] = who
}

// forget drops what is known of an account, after its credentials or rights
// changed.
func (c *cache) forget(id hub.AccountID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forgets++
	for hash, who := range c.byHash {
		if who.credential.Account == id {
			delete(c.byHash, hash)
		}
	}
}
