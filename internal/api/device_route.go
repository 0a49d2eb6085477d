package api

import (
	"net/http"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/route"
)

// routeJobsMost is how many studies of a route are listed.
const routeJobsMost = 200

func (s *Server) routeRoutes() []Route {
	return []Route{
		{Method: "GET", Path: "/api/v1/routes", Roles: admins, Do: s.forwards},
		{Method: "POST", Path: "/api/v1/routes", Roles: admins, Do: s.addForward},
		{Method: "PUT", Path: "/api/v1/routes/{id}", Roles: admins, Do: s.changeForward},
		{Method: "DELETE", Path: "/api/v1/routes/{id}", Roles: admins, Do: s.removeForward},
		{Method: "GET", Path: "/api/v1/routes/{id}/jobs", Roles: admins, Do: s.forwardJobs},
		{Method: "POST", Path: "/api/v1/routes/{id}/retry", Roles: admins, Do: s.retryForward},
	}
}

// RouteRow is a rule that forwards, as its administrators see it, with how
// many studies are on their way.
type RouteRow struct {
	*hub.Route
	Member   string `json:"member"`    // code; empty: every institution's studies
	HasToken bool   `json:"has_token"` // which itself is never shown
	Waiting  int    `json:"waiting"`
	Failed   int    `json:"failed"`
	Done     int    `json:"done"` // in the last seven days
}

func routeRow(r *hub.Route, names map[hub.MemberID]string, counts []db.RouteCount) RouteRow {
	row := RouteRow{Route: r, Member: names[r.Member], HasToken: len(r.Token) > 0}
	for _, c := range counts {
		if c.Route != r.ID {
			continue
		}
		switch c.State {
		case hub.RouteWaiting:
			row.Waiting = c.Count
		case hub.RouteFailed:
			row.Failed = c.Count
		case hub.RouteDone:
			row.Done = c.Count
		}
	}
	return row
}

// forwards lists the rules of the caller's member; the lead hospital's
// administrators see all.
func (s *Server) forwards(c *Call) (any, error) {
	tx := c.Read()
	member, err := administered(tx, c.Actor, c.URL.Query().Get("member"))
	if err != nil {
		return nil, err
	}
	names, err := codes(tx)
	if err != nil {
		return nil, err
	}
	counts, err := tx.RouteCounts()
	if err != nil {
		return nil, err
	}
	all, err := tx.Routes()
	rows := make([]RouteRow, 0, len(all))
	for _, r := range all {
		if member == "" || r.Member == member {
			rows = append(rows, routeRow(r, names, counts))
		}
	}
	return listOf(rows), err
}

// forwardIn is a rule in a request.
type forwardIn struct {
	hub.Route
	Member string  `json:"member"`
	Token  *string `json:"token"` // nil keeps the one that is there
}

func (s *Server) addForward(c *Call) (any, error) {
	var in forwardIn
	if err := c.JSON(&in); err != nil {
		return nil, err
	}
	names := map[hub.MemberID]string{}
	if in.Member != "" {
		m, err := memberOf(c.Read(), "member", in.Member)
		if err != nil {
			return nil, err
		}
		in.Route.Member, names[m.ID] = m.ID, m.Code
	}
	token := ""
	if in.Token != nil {
		token = *in.Token
	}
	if err := s.Forwards.Create(c.Context(), c.Actor, &in.Route, token); err != nil {
		return nil, err
	}
	return made(routeRow(&in.Route, names, nil)), nil
}

func (s *Server) changeForward(c *Call) (any, error) {
	tx := c.Read()
	r, err := route.Managed(tx, c.Actor, c.PathValue("id"))
	if err != nil {
		return nil, err
	}
	var in forwardIn
	if err := c.JSON(&in); err != nil {
		return nil, err
	}
	in.Route.ID = r.ID
	if err := s.Forwards.Update(c.Context(), c.Actor, &in.Route, in.Token); err != nil {
		return nil, err
	}
	names, err := codes(tx)
	if err != nil {
		return nil, err
	}
	counts, err := c.Read().RouteCounts()
	return routeRow(&in.Route, names, counts), err
}

func (s *Server) removeForward(c *Call) (any, error) {
	return Status{Code: http.StatusNoContent}, s.Forwards.Remove(c.Context(), c.Actor, c.PathValue("id"))
}

// RouteJobRow is a copy of a study on its way along a route. Which study it is
// of, and of what kind, is not for administrators.
type RouteJobRow struct {
	*hub.RouteJob
	Instances int `json:"instances"`
}

func (s *Server) forwardJobs(c *Call) (any, error) {
	tx := c.Read()
	r, err := route.Managed(tx, c.Actor, c.PathValue("id"))
	if err != nil {
		return nil, err
	}
	state := hub.RouteState(c.URL.Query().Get("state"))
	switch state {
	case "", hub.RouteWaiting, hub.RouteFailed, hub.RouteDone:
	default:
		return nil, hub.Field("api.forwardJobs", "state", "unknown")
	}
	all, err := tx.RouteJobs(r.ID, state, routeJobsMost)
	if err != nil {
		return nil, err
	}
	rows := make([]RouteJobRow, 0, len(all))
	for _, j := range all {
		st, err := tx.Study(j.Study)
		if err != nil {
			return nil, err
		}
		rows = append(rows, RouteJobRow{j, st.Instances})
	}
	return listOf(rows), nil
}

func (s *Server) retryForward(c *Call) (any, error) {
	n, err := s.Forwards.Retry(c.Context(), c.Actor, c.PathValue("id"))
	return map[string]int64{"studies": n}, err
}
