package api

import (
	"net/http"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/account"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

func (s *Server) sessionRoutes() []Route {
	return []Route{
		{Method: "POST", Path: "/api/v1/session", Public: true, Do: s.login},
		{Method: "GET", Path: "/api/v1/session", Do: s.session},
		{Method: "DELETE", Path: "/api/v1/session", Do: s.logout},
	}
}

// SessionView is who is logged in.
type SessionView struct {
	Account AccountView `json:"account"`
	CSRF    string      `json:"csrf"`
}

// AccountView is an account as its holder and colleagues see it.
type AccountView struct {
	ID     hub.AccountID `json:"id"`
	Login  string        `json:"login"`
	Name   string        `json:"name"`
	Member MemberView    `json:"member"`
	Role   hub.Role      `json:"role"`
	Roles  []hub.Role    `json:"roles"`
	Rights []hub.Right   `json:"rights"`
}

// MemberView names an institution.
type MemberView struct {
	Code string `json:"code"`
	Name string `json:"name"`
}

func (s *Server) login(c *Call) (any, error) {
	var in struct{ Login, Password, TOTP string }
	if err := c.JSON(&in); err != nil {
		return nil, err
	}
	session, err := s.Accounts.Login(c.Context(), account.Attempt{Login: in.Login, Password: in.Password, TOTP: in.TOTP, IP: c.Actor.IP,
		Client: c.Actor.Client, Request: c.Actor.RequestID})
	if hub.CodeOf(err) == account.TooOften {
		s.Metrics.LoginHeldOff()
		return nil, err
	}
	s.Metrics.Login(err == nil)
	if err != nil {
		return nil, err
	}
	http.SetCookie(c.W, &http.Cookie{Name: cookieName, Value: session.Secret, Path: "/", HttpOnly: true, Secure: s.Secure,
		SameSite: http.SameSiteStrictMode, Expires: session.Expires})
	view, err := s.accountView(c, session.Account.ID)
	return SessionView{view, session.CSRF}, err
}

func (s *Server) session(c *Call) (any, error) {
	view, err := s.accountView(c, c.Actor.Account)
	return SessionView{view, c.Cred.CSRF}, err
}

func (s *Server) logout(c *Call) (any, error) {
	http.SetCookie(c.W, &http.Cookie{Name: cookieName, Path: "/", HttpOnly: true, Secure: s.Secure, Expires: time.Unix(0, 0)})
	return nil, s.Accounts.Logout(c.Context(), c.Actor, c.Cred)
}

func (s *Server) accountView(c *Call, id hub.AccountID) (AccountView, error) {
	tx := c.Read()
	a, err := tx.Account(id)
	if err != nil {
		return AccountView{}, err
	}
	m, err := tx.Member(a.Member)
	if err != nil {
		return AccountView{}, err
	}
	rights := a.Rights
	if rights == nil {
		rights = []hub.Right{}
	}
	return AccountView{ID: a.ID, Login: a.Login, Name: a.Name, Member: MemberView{m.Code, m.Name}, Role: a.Role, Roles: []hub.Role{a.Role}, Rights: rights}, nil
}
