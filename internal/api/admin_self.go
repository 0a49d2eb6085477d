package api

import (
	"github.com/yuanzhen/yuanzhen/internal/account"
)

// selfRoutes are what people do about their own account, and the two one-time
// links with which somebody gets in first.
func (s *Server) selfRoutes() []Route {
	return []Route{
		{Method: "POST", Path: "/api/v1/setup", Public: true, Do: s.setup},
		{Method: "POST", Path: "/api/v1/password", Public: true, Do: s.redeem},
		{Method: "POST", Path: "/api/v1/session/password", Do: s.changePassword},
		{Method: "POST", Path: "/api/v1/session/totp", Do: s.enrolTOTP},
		{Method: "POST", Path: "/api/v1/session/totp/confirm", Do: s.confirmTOTP},
	}
}

// setup makes the lead hospital and its administrator with the link that
// `hub serve` prints as long as there is none.
func (s *Server) setup(c *Call) (any, error) {
	var in struct {
		Secret     string `json:"secret"`
		MemberCode string `json:"member_code"`
		MemberName string `json:"member_name"`
		Login      string `json:"login"`
		Name       string `json:"name"`
		Password   string `json:"password"`
	}
	if err := c.JSON(&in); err != nil {
		return nil, err
	}
	if in.Name == "" {
		in.Name = in.Login
	}
	admin, err := s.Accounts.CompleteSetup(c.Context(), account.Setup{Secret: in.Secret, MemberCode: in.MemberCode, MemberName: in.MemberName,
		Login: in.Login, Name: in.Name, Password: in.Password, IP: c.Actor.IP, Client: c.Actor.Client, Request: c.Actor.RequestID})
	if err != nil {
		return nil, err
	}
	view, err := s.accountView(c, admin.ID)
	return made(view), err
}

// redeem sets the password of an account with the link of its invitation.
func (s *Server) redeem(c *Call) (any, error) {
	var in struct {
		Secret   string `json:"secret"`
		Password string `json:"password"`
	}
	if err := c.JSON(&in); err != nil {
		return nil, err
	}
	return nil, s.Accounts.Redeem(c.Context(), c.Actor, in.Secret, in.Password)
}

func (s *Server) changePassword(c *Call) (any, error) {
	var in struct {
		Old string `json:"old"`
		New string `json:"new"`
	}
	if err := c.JSON(&in); err != nil {
		return nil, err
	}
	return nil, s.Accounts.ChangePassword(c.Context(), c.Actor, c.Cred, in.Old, in.New)
}

func (s *Server) enrolTOTP(c *Call) (any, error) {
	return s.Accounts.EnrolTOTP(c.Context(), c.Actor)
}

func (s *Server) confirmTOTP(c *Call) (any, error) {
	var in struct {
		Ticket string `json:"ticket"`
		TOTP   string `json:"totp"`
	}
	if err := c.JSON(&in); err != nil {
		return nil, err
	}
	return nil, s.Accounts.ConfirmTOTP(c.Context(), c.Actor, in.Ticket, in.TOTP)
}
