package account

import (
	"context"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// MintToken makes a bearer token with the rights of an account: "yz_" and 256
// random bits, returned this once. ttl 0 means that it does not expire.
//
// Everybody may make tokens for themselves, an administrator for technicians'
// accounts, which machines use; nobody for a doctor, since a token can act as
// one.
func (s *Service) MintToken(ctx context.Context, actor hub.Actor, id hub.AccountID, name string, ttl time.Duration) (string, error) {
	const op = "account.MintToken"
	if err := text(op, "name", name, 1, 64); err != nil {
		return "", err
	}
	if ttl < 0 {
		return "", hub.Field(op, "ttl", "negative")
	}
	secret := newSecret("yz_")
	err := s.db.Tx(ctx, func(tx *db.Tx) error {
		a, err := tx.Account(id)
		if err != nil {
			return err
		}
		if err := s.mayToken(tx, actor, a, op); err != nil {
			return err
		}
		if !a.Active {
			return hub.E(hub.Conflict, op, "account.inactive")
		}
		c := &db.Credential{Hash: secretHash(secret), Account: id, Kind: kindToken, Name: name, CreatedAt: tx.Now(), SeenAt: tx.Now()}
		if ttl > 0 {
			c.ExpiresAt = tx.Now().Add(ttl)
		}
		if err := tx.InsertCredential(c); err != nil {
			return err
		}
		return tx.Audit(actor, hub.Record{Action: "token.minted", Object: "account/" + string(id), OK: true, Reason: name, After: c.Hash})
	})
	if err != nil {
		return "", err
	}
	return secret, nil
}

// Tokens lists an account's bearer tokens, oldest first; Hash names each.
func (s *Service) Tokens(ctx context.Context, actor hub.Actor, id hub.AccountID) ([]*db.Credential, error) {
	tx := s.db.Read(ctx)
	a, err := tx.Account(id)
	if err != nil {
		return nil, err
	}
	if actor.Account != id {
		if err := s.manages(tx, actor, a.Member, hub.Admin, "account.Tokens"); err != nil {
			return nil, err
		}
	}
	return tx.Credentials(id, kindToken)
}

// RevokeToken ends the token with a hash. Its holder may, and every
// administrator of its member.
func (s *Service) RevokeToken(ctx context.Context, actor hub.Actor, hash string) error {
	const op = "account.RevokeToken"
	var id hub.AccountID
	err := s.db.Tx(ctx, func(tx *db.Tx) error {
		c, err := tx.Credential(hash)
		if err != nil {
			return err
		}
		if c.Kind != kindToken {
			return hub.E(hub.NotFound, op, "not_found")
		}
		id = c.Account
		a, err := tx.Account(id)
		if err != nil {
			return err
		}
		if actor.Account != id {
			if err := s.manages(tx, actor, a.Member, hub.Admin, op); err != nil {
				return err
			}
		}
		if err := tx.DeleteCredential(hash); err != nil {
			return err
		}
		return tx.Audit(actor, hub.Record{Action: "token.revoked", Object: "account/" + string(id), OK: true, Reason: c.Name, Before: hash})
	})
	s.cache.forget(id)
	return err
}

func (s *Service) mayToken(tx *db.Tx, actor hub.Actor, a *hub.Account, op string) error {
	if actor.Account == a.ID {
		return nil
	}
	if err := s.manages(tx, actor, a.Member, hub.Admin, op); err != nil {
		return err
	}
	if a.Role != hub.Tech && !system(actor) {
		return hub.E(hub.Forbidden, op, "token.not_for_others")
	}
	return nil
}
