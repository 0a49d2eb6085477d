package api

import (
	"net/http"
	"slices"

	"github.com/yuanzhen/yuanzhen/internal/account"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

var adminMessages = messages{
	"restore.not_empty": {"数据库不是空的，备份只能恢复到空库。", "The database is in use; a backup is put into an empty one."},
}

var (
	admins    = []hub.Role{hub.Admin}
	secadmins = []hub.Role{hub.SecAdmin}
	rostering = []hub.Role{hub.Admin, hub.Dispatcher}
	overview  = []hub.Role{hub.Regulator, hub.Admin}
)

func (s *Server) adminRoutes() []Route {
	return slices.Concat(s.selfRoutes(), s.accountRoutes(), s.deviceRoutes(), []Route{
		{Method: "GET", Path: "/api/v1/members", Do: s.members},
		{Method: "POST", Path: "/api/v1/members", Roles: admins, Do: s.addMember},
		{Method: "PATCH", Path: "/api/v1/members/{code}", Roles: admins, Do: s.changeMember},
		{Method: "GET", Path: "/api/v1/agreements", Roles: admins, Do: s.agreements},
		{Method: "POST", Path: "/api/v1/agreements", Roles: admins, Do: s.addAgreement},
		{Method: "POST", Path: "/api/v1/agreements/{id}/end", Roles: admins, Do: s.endAgreement},
		{Method: "GET", Path: "/api/v1/roster", Roles: append(slices.Clone(reading), hub.Admin), Do: s.roster},
		{Method: "POST", Path: "/api/v1/roster", Roles: rostering, Do: s.putDuty},
		{Method: "DELETE", Path: "/api/v1/roster", Roles: rostering, Do: s.endDuty},
		{Method: "GET", Path: "/api/v1/readers", Roles: reading, Do: s.readers},
		{Method: "GET", Path: "/api/v1/catalogue", Roles: admins, Do: s.catalogue},
		{Method: "PUT", Path: "/api/v1/catalogue/{code}", Roles: admins, Do: s.putItem},
		{Method: "GET", Path: "/api/v1/marks", Roles: admins, Do: s.marks},
		{Method: "POST", Path: "/api/v1/marks", Roles: admins, Do: s.putMark},
		{Method: "GET", Path: "/api/v1/alliance/templates", Roles: admins, Do: s.allianceTemplates},
		{Method: "POST", Path: "/api/v1/alliance/templates", Roles: admins, Do: s.addAllianceTemplate},
		{Method: "DELETE", Path: "/api/v1/alliance/templates/{id}", Roles: admins, Do: s.removeAllianceTemplate},
		{Method: "GET", Path: "/api/v1/audit", Roles: []hub.Role{hub.Auditor}, Do: s.auditRecords},
		{Method: "GET", Path: "/api/v1/stats/summary", Roles: overview, Do: s.summary},
	})
}

// listOf is a whole list: {"items":[…]}, never null.
func listOf[T any](items []T) map[string]any {
	if items == nil {
		items = []T{}
	}
	return map[string]any{"items": items}
}

// made is the answer to a creation.
func made(v any) Status { return Status{http.StatusCreated, v} }

// administered returns the members whose things an administrative caller
// sees: "" is every member, for the lead hospital. A code asked for that is
// not among them is NotFound.
func administered(tx *db.Tx, a hub.Actor, code string) (hub.MemberID, error) {
	leads, err := account.Leads(tx, a.Member)
	if err != nil {
		return "", err
	}
	if code == "" {
		if leads {
			return "", nil
		}
		return a.Member, nil
	}
	m, err := tx.MemberByCode(code)
	if err != nil {
		return "", err
	}
	if !leads && m.ID != a.Member {
		return "", outside("api.administered")
	}
	return m.ID, nil
}

// codes are the members' codes by id.
func codes(tx *db.Tx) (map[hub.MemberID]string, error) {
	members, err := tx.Members()
	out := make(map[hub.MemberID]string, len(members))
	for _, m := range members {
		out[m.ID] = m.Code
	}
	return out, err
}

// memberOf returns the member with a code that a body names.
func memberOf(tx *db.Tx, field, code string) (*hub.Member, error) {
	m, err := tx.MemberByCode(code)
	if hub.KindOf(err) == hub.NotFound {
		return nil, hub.Field("api.memberOf", field, "unknown")
	}
	return m, err
}

func (s *Server) members(c *Call) (any, error) {
	members, err := c.Read().Members()
	return listOf(members), err
}

func (s *Server) addMember(c *Call) (any, error) {
	var m hub.Member
	if err := c.JSON(&m); err != nil {
		return nil, err
	}
	if err := s.Accounts.CreateMember(c.Context(), c.Actor, &m); err != nil {
		return nil, err
	}
	return made(m), nil
}

// changeMember lays the given fields over the member as it is.
func (s *Server) changeMember(c *Call) (any, error) {
	m, err := c.Read().MemberByCode(c.PathValue("code"))
	if err != nil {
		return nil, err
	}
	in := *m
	if err := c.JSON(&in); err != nil {
		return nil, err
	}
	in.Code = m.Code
	if err := s.Accounts.UpdateMember(c.Context(), c.Actor, &in); err != nil {
		return nil, err
	}
	return in, nil
}
