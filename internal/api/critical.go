package api

import (
	"slices"
	"strings"

	"github.com/yuanzhen/yuanzhen/internal/critical"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

var criticalMessages = messages{
	"critical.wrong_state": {"该危急值的状态已变化，当前操作不可用。请刷新查看最新状态。", "The critical value has moved on and this is no longer possible. Look at its current state."},
	"critical.no_reading":  {"该任务尚未送诊或已撤销，不能上报危急值。", "This task has not been submitted, or is cancelled: no critical value can be raised for it."},
	"critical.read_back":   {"请复述所通报的发现（选择项目或输入其内容）。危急值尚未接收，仍在提醒。", "Read back the finding you were told: choose the item or type what it says. The value is not received yet and keeps ringing."},
}

func (s *Server) criticalRoutes() []Route {
	receivers := slices.Concat(critical.Who(critical.Receive), critical.Who(critical.Phone))
	return []Route{
		{Method: "POST", Path: "/api/v1/tasks/{id}/critical", Roles: critical.Who(critical.Flag), Do: s.raiseCritical},
		{Method: "GET", Path: "/api/v1/critical-values", Roles: clinical, Do: s.criticals},
		{Method: "GET", Path: "/api/v1/critical-values/{id}", Roles: clinical, Do: s.oneCritical},
		{Method: "POST", Path: "/api/v1/critical-values/{id}/receive", Roles: receivers, Do: s.receiveCritical},
		{Method: "POST", Path: "/api/v1/critical-values/{id}/handle", Roles: critical.Who(critical.Handle), Do: s.handleCritical},
		{Method: "POST", Path: "/api/v1/critical-values/{id}/close", Roles: critical.Who(critical.Close), Do: s.closeCritical},
		{Method: "POST", Path: "/api/v1/critical-values/{id}/withdraw", Roles: critical.Who(critical.Withdraw), Do: s.withdrawCritical},
		{Method: "GET", Path: "/api/v1/critical-items", Roles: clinical, Do: s.criticalItems},
	}
}

// criticalsShown is the most critical values of one list.
const criticalsShown = 200

func (s *Server) raiseCritical(c *Call) (any, error) {
	var f critical.Finding
	if err := c.JSON(&f); err != nil {
		return nil, err
	}
	t, err := task(c.Read(), c.Actor, hub.TaskID(c.PathValue("id")))
	if err != nil {
		return nil, err
	}
	return s.Critical.Raise(c.Context(), c.Actor, t.ID, f)
}

// criticals lists what is in the caller's scope, newest first; state is a
// list of states, or "open" for what is not finished.
func (s *Server) criticals(c *Call) (any, error) {
	var states []hub.CriticalState
	for name := range strings.SplitSeq(c.URL.Query().Get("state"), ",") {
		switch state := hub.CriticalState(name); {
		case name == "":
		case name == "open":
			states = append(states, critical.Unfinished...)
		case slices.Contains(critical.States, state):
			states = append(states, state)
		default:
			return nil, hub.Field("api.criticals", "state", "want open, notified, received, handled, closed or withdrawn")
		}
	}
	var member, centre hub.MemberID
	if isClinic(c.Actor.Role) {
		member = c.Actor.Member
	} else {
		centre = c.Actor.Member
	}
	tx := c.Read()
	list, err := tx.Criticals(member, centre, states, criticalsShown)
	if err != nil {
		return nil, err
	}
	items := []*critical.View{}
	for _, cv := range list {
		v, err := s.Critical.Render(tx, cv)
		if err != nil {
			return nil, err
		}
		items = append(items, v)
	}
	return map[string]any{"items": items, "next": nil}, nil
}

// criticalInScope returns a critical value of the own clinic or centre.
func criticalInScope(tx *db.Tx, a hub.Actor, id string) (*hub.Critical, error) {
	c, err := tx.Critical(hub.CriticalID(id))
	if err != nil {
		return nil, err
	}
	if isClinic(a.Role) && c.Member == a.Member || isReading(a.Role) && c.Centre == a.Member {
		return c, nil
	}
	return nil, outside("api.critical")
}

func (s *Server) oneCritical(c *Call) (any, error) {
	tx := c.Read()
	cv, err := criticalInScope(tx, c.Actor, c.PathValue("id"))
	if err != nil {
		return nil, err
	}
	return s.Critical.Render(tx, cv)
}

// criticalBody checks scope and reads the body, where there is one, into v.
func criticalBody(c *Call, v any) (hub.CriticalID, error) {
	cv, err := criticalInScope(c.Read(), c.Actor, c.PathValue("id"))
	if err != nil {
		return "", err
	}
	if c.ContentLength != 0 {
		if err := c.JSON(v); err != nil {
			return "", err
		}
	}
	return cv.ID, nil
}

func (s *Server) receiveCritical(c *Call) (any, error) {
	var r critical.Receipt
	id, err := criticalBody(c, &r)
	if err != nil {
		return nil, err
	}
	return s.Critical.Receive(c.Context(), c.Actor, id, r)
}

func (s *Server) handleCritical(c *Call) (any, error) {
	var h critical.Handling
	id, err := criticalBody(c, &h)
	if err != nil {
		return nil, err
	}
	return s.Critical.Handle(c.Context(), c.Actor, id, h)
}

func (s *Server) closeCritical(c *Call) (any, error) {
	id, err := criticalBody(c, &struct{}{})
	if err != nil {
		return nil, err
	}
	return s.Critical.Close(c.Context(), c.Actor, id)
}

func (s *Server) withdrawCritical(c *Call) (any, error) {
	var in struct {
		Reason string `json:"reason"`
	}
	id, err := criticalBody(c, &in)
	if err != nil {
		return nil, err
	}
	return s.Critical.Withdraw(c.Context(), c.Actor, id, in.Reason)
}

// criticalItems is the list a reader chooses from: of one kind (ecg, image,
// us) or all.
func (s *Server) criticalItems(c *Call) (any, error) {
	items := critical.Items()
	if kind := c.URL.Query().Get("kind"); kind != "" {
		items = slices.DeleteFunc(items, func(it critical.Item) bool { return it.Kind != kind })
	}
	return map[string]any{"items": items}, nil
}
