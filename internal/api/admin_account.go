package api

import (
	"time"

	"github.com/yuanzhen/yuanzhen/internal/account"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

func (s *Server) accountRoutes() []Route {
	return []Route{
		{Method: "GET", Path: "/api/v1/accounts", Roles: managing, Do: s.accounts},
		{Method: "POST", Path: "/api/v1/accounts", Roles: admins, Do: s.addAccount},
		{Method: "GET", Path: "/api/v1/accounts/{login}", Roles: managing, Do: s.oneAccount},
		{Method: "PATCH", Path: "/api/v1/accounts/{login}", Roles: admins, Do: s.changeAccount},
		{Method: "POST", Path: "/api/v1/accounts/{login}/activate", Roles: admins, Do: s.setActive(true)},
		{Method: "POST", Path: "/api/v1/accounts/{login}/deactivate", Roles: admins, Do: s.setActive(false)},
		{Method: "POST", Path: "/api/v1/accounts/{login}/reset-password", Roles: managing, Do: s.resetPassword},
		{Method: "POST", Path: "/api/v1/accounts/{login}/unlock", Roles: secadmins, Do: s.unlock},
		{Method: "POST", Path: "/api/v1/accounts/{login}/remove-totp", Roles: secadmins, Do: s.removeTOTP},
		{Method: "GET", Path: "/api/v1/accounts/{login}/tokens", Do: s.tokens},
		{Method: "POST", Path: "/api/v1/accounts/{login}/tokens", Do: s.mintToken},
		{Method: "DELETE", Path: "/api/v1/accounts/{login}/tokens/{id}", Do: s.revokeToken},
	}
}

// AccountRow is an account as those see it who manage it.
type AccountRow struct {
	*hub.Account
	Member      string `json:"member"` // code
	HasPassword bool   `json:"has_password"`
	HasTOTP     bool   `json:"has_totp"`
	Locked      bool   `json:"locked"`
}

func accountRow(tx *db.Tx, a *hub.Account, code string) AccountRow {
	if a.Rights == nil {
		a.Rights = []hub.Right{}
	}
	if a.Skills == nil {
		a.Skills = []string{}
	}
	return AccountRow{Account: a, Member: code, HasPassword: a.PasswordHash != "", HasTOTP: a.TOTPSecret != "", Locked: a.LockedUntil.After(tx.Now())}
}

// known returns the account with a login name: the caller's own, or one of a
// member that an administrative caller sees.
func known(tx *db.Tx, c *Call) (*hub.Account, error) {
	a, err := tx.AccountByLogin(c.PathValue("login"))
	if err != nil || a.ID == c.Actor.Account {
		return a, err
	}
	leads, err := account.Leads(tx, c.Actor.Member)
	if err != nil {
		return nil, err
	}
	manages := c.Actor.Role == hub.Admin || c.Actor.Role == hub.SecAdmin
	if !manages || !leads && a.Member != c.Actor.Member {
		return nil, outside("api.known")
	}
	return a, nil
}

func (s *Server) accounts(c *Call) (any, error) {
	tx := c.Read()
	member, err := administered(tx, c.Actor, c.URL.Query().Get("member"))
	if err != nil {
		return nil, err
	}
	names, err := codes(tx)
	if err != nil {
		return nil, err
	}
	all, err := tx.Accounts(member)
	rows := make([]AccountRow, 0, len(all))
	for _, a := range all {
		rows = append(rows, accountRow(tx, a, names[a.Member]))
	}
	return listOf(rows), err
}

func (s *Server) oneAccount(c *Call) (any, error) {
	a, err := known(c.Read(), c)
	if err != nil {
		return nil, err
	}
	return s.row(c, a.ID)
}

// row reads an account back after a change.
func (s *Server) row(c *Call, id hub.AccountID) (any, error) {
	tx := c.Read()
	a, err := tx.Account(id)
	if err != nil {
		return nil, err
	}
	m, err := tx.Member(a.Member)
	if err != nil {
		return nil, err
	}
	return accountRow(tx, a, m.Code), nil
}

func (s *Server) addAccount(c *Call) (any, error) {
	var in struct {
		hub.Account
		Member   string `json:"member"`
		Password string `json:"password"`
	}
	if err := c.JSON(&in); err != nil {
		return nil, err
	}
	tx := c.Read()
	m, err := memberOf(tx, "member", in.Member)
	if err != nil {
		return nil, err
	}
	if _, err := administered(tx, c.Actor, m.Code); err != nil {
		return nil, err
	}
	in.Account.Member = m.ID
	if err := s.Accounts.CreateAccount(c.Context(), c.Actor, &in.Account, in.Password); err != nil {
		return nil, err
	}
	row, err := s.row(c, in.Account.ID)
	return made(row), err
}

// changeAccount lays the given fields over the account as it is.
func (s *Server) changeAccount(c *Call) (any, error) {
	a, err := known(c.Read(), c)
	if err != nil {
		return nil, err
	}
	in := struct {
		hub.Account
		Member any `json:"member"` // an account stays where it is
	}{Account: *a}
	if err := c.JSON(&in); err != nil {
		return nil, err
	}
	in.Account.ID = a.ID
	if err := s.Accounts.UpdateAccount(c.Context(), c.Actor, &in.Account); err != nil {
		return nil, err
	}
	return s.row(c, a.ID)
}

// reasoned reads the reason of an administrative act; it may be left out.
func reasoned(c *Call) (*hub.Account, string, error) {
	var in struct {
		Reason string `json:"reason"`
	}
	if c.ContentLength != 0 {
		if err := c.JSON(&in); err != nil {
			return nil, "", err
		}
	}
	a, err := known(c.Read(), c)
	return a, in.Reason, err
}

func (s *Server) setActive(active bool) func(*Call) (any, error) {
	return func(c *Call) (any, error) {
		a, reason, err := reasoned(c)
		if err != nil {
			return nil, err
		}
		if err := s.Accounts.SetActive(c.Context(), c.Actor, a.ID, active, reason); err != nil {
			return nil, err
		}
		return s.row(c, a.ID)
	}
}

// resetPassword answers the page that sets a new password, once: its holder
// gets it from the administrator.
func (s *Server) resetPassword(c *Call) (any, error) {
	a, err := known(c.Read(), c)
	if err != nil {
		return nil, err
	}
	secret, err := s.Accounts.ResetPassword(c.Context(), c.Actor, a.ID)
	if err != nil {
		return nil, err
	}
	return map[string]any{"secret": secret, "page": "/password#" + secret, "valid_hours": int(s.Accounts.Limits().Invitation / time.Hour)}, nil
}

func (s *Server) unlock(c *Call) (any, error) {
	a, reason, err := reasoned(c)
	if err != nil {
		return nil, err
	}
	if err := s.Accounts.Unlock(c.Context(), c.Actor, a.ID, reason); err != nil {
		return nil, err
	}
	return s.row(c, a.ID)
}

func (s *Server) removeTOTP(c *Call) (any, error) {
	a, reason, err := reasoned(c)
	if err != nil {
		return nil, err
	}
	if err := s.Accounts.RemoveTOTP(c.Context(), c.Actor, a.ID, reason); err != nil {
		return nil, err
	}
	return s.row(c, a.ID)
}

// TokenView is a bearer token without its secret; its id ends it.
type TokenView struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"created_at"`
	SeenAt    time.Time `json:"seen_at"`
	ExpiresAt time.Time `json:"expires_at,omitzero"`
}

func (s *Server) tokens(c *Call) (any, error) {
	a, err := known(c.Read(), c)
	if err != nil {
		return nil, err
	}
	all, err := s.Accounts.Tokens(c.Context(), c.Actor, a.ID)
	views := make([]TokenView, 0, len(all))
	for _, t := range all {
		views = append(views, TokenView{t.Hash, t.Name, t.CreatedAt, t.SeenAt, t.ExpiresAt})
	}
	return listOf(views), err
}

// maxTokenDays bounds a token's life where one is asked for.
const maxTokenDays = 3650

func (s *Server) mintToken(c *Call) (any, error) {
	var in struct {
		Name string `json:"name"`
		Days int    `json:"days"` // 0: does not expire
	}
	if err := c.JSON(&in); err != nil {
		return nil, err
	}
	if in.Days < 0 || in.Days > maxTokenDays {
		return nil, hub.Field("api.mintToken", "days", "out_of_range")
	}
	a, err := known(c.Read(), c)
	if err != nil {
		return nil, err
	}
	secret, err := s.Accounts.MintToken(c.Context(), c.Actor, a.ID, in.Name, time.Duration(in.Days)*24*time.Hour)
	if err != nil {
		return nil, err
	}
	return made(map[string]string{"token": secret}), nil
}

func (s *Server) revokeToken(c *Call) (any, error) {
	tx := c.Read()
	a, err := known(tx, c)
	if err != nil {
		return nil, err
	}
	t, err := tx.Credential(c.PathValue("id"))
	if err != nil {
		return nil, err
	}
	if t.Account != a.ID {
		return nil, outside("api.revokeToken")
	}
	return nil, s.Accounts.RevokeToken(c.Context(), c.Actor, t.Hash)
}
