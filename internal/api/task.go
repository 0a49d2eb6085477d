package api

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/worklist"
)

// action is one line of POST /api/v1/tasks/{id}/ACTION.
type action struct {
	name  string
	roles []hub.Role
	do    func(c *Call, id hub.TaskID, p worklist.Params) (any, error)
}

func (s *Server) actions() []action {
	event := func(e worklist.Event) func(*Call, hub.TaskID, worklist.Params) (any, error) {
		return func(c *Call, id hub.TaskID, p worklist.Params) (any, error) {
			return s.Work.Do(c.Context(), c.Actor, id, e, p)
		}
	}
	return append(s.reportActions(), []action{
		{"claim", []hub.Role{hub.Reader}, s.claim},
		{"release", []hub.Role{hub.Reader, hub.Reviewer}, event(worklist.Release)},
		{"renew", []hub.Role{hub.Reader, hub.Reviewer}, func(c *Call, id hub.TaskID, p worklist.Params) (any, error) {
			return s.Work.Renew(c.Context(), c.Actor, id, p.Claim)
		}},
		{"return", []hub.Role{hub.Reader, hub.QC}, event(worklist.Return)},
		{"resubmit", []hub.Role{hub.Tech}, event(worklist.Resubmit)},
		{"transfer", []hub.Role{hub.Reader, hub.Dispatcher}, event(worklist.Transfer)},
		{"escalate", []hub.Role{hub.Reader, hub.Dispatcher}, event(worklist.Escalate)},
		{"cancel", []hub.Role{hub.Tech, hub.Clinician, hub.Dispatcher}, event(worklist.Cancel)},
		{"acknowledge", clinic, event(worklist.Acknowledge)},
		{"priority", []hub.Role{hub.Dispatcher, hub.Reader, hub.Tech, hub.Clinician}, func(c *Call, id hub.TaskID, p worklist.Params) (any, error) {
			return s.Work.SetPriority(c.Context(), c.Actor, id, p)
		}},
		{"waive", []hub.Role{hub.Reader, hub.Reviewer}, func(c *Call, id hub.TaskID, p worklist.Params) (any, error) {
			return s.Work.Waive(c.Context(), c.Actor, id, p)
		}},
		{"opened", []hub.Role{hub.Reader, hub.Reviewer}, func(c *Call, id hub.TaskID, p worklist.Params) (any, error) {
			if c.Actor.Role == hub.Reviewer {
				return s.Reports.Opened(c.Context(), c.Actor, id)
			}
			return s.Work.FirstImage(c.Context(), c.Actor, id)
		}},
		{"submit", []hub.Role{hub.Tech, hub.Clinician, hub.Reader, hub.Reviewer}, s.submit},
	}...)
}

func (s *Server) taskRoutes() []Route {
	routes := []Route{
		{Method: "GET", Path: "/api/v1/tasks", Roles: clinical, Do: s.tasks},
		{Method: "GET", Path: "/api/v1/tasks/{id}", Roles: clinical, Do: s.oneTask},
		{Method: "GET", Path: "/api/v1/tasks/{id}/tiers", Roles: []hub.Role{hub.Reader, hub.Dispatcher}, Do: s.tiers},
	}
	for _, a := range s.actions() {
		routes = append(routes, Route{Method: "POST", Path: "/api/v1/tasks/{id}/" + a.name, Roles: a.roles, Do: s.act(a)})
	}
	return routes
}

// act reads an action's parameters, checks scope and runs it.
func (s *Server) act(a action) func(*Call) (any, error) {
	return func(c *Call) (any, error) {
		var p worklist.Params
		if c.ContentLength != 0 {
			if err := c.JSON(&p); err != nil {
				return nil, err
			}
		}
		id := hub.TaskID(c.PathValue("id"))
		t, err := c.Read().Task(id)
		if err == nil && !seesTask(c.Actor, t) && !(a.name == "escalate" && follows(c.Actor, t)) { // which may be repeated
			err = outside("api.act")
		}
		if err != nil {
			return nil, err
		}
		return a.do(c, id, p)
	}
}

func (s *Server) claim(c *Call, id hub.TaskID, p worklist.Params) (any, error) {
	v, err := s.Work.Do(c.Context(), c.Actor, id, worklist.Claim, p)
	s.Metrics.Claim(err == nil)
	return v, err
}

// submit means two things, by who does it: the clinic sends a study to its
// centre, the reader sends a report for review.
func (s *Server) submit(c *Call, id hub.TaskID, p worklist.Params) (any, error) {
	if !isClinic(c.Actor.Role) {
		return s.Reports.Submit(c.Context(), c.Actor, id, p.Claim)
	}
	return s.Work.Do(c.Context(), c.Actor, id, worklist.Submit, p)
}

func (s *Server) oneTask(c *Call) (any, error) {
	tx := c.Read()
	t, err := tx.Task(hub.TaskID(c.PathValue("id")))
	if err == nil && !follows(c.Actor, t) {
		err = outside("api.oneTask")
	}
	if err != nil {
		return nil, err
	}
	return worklist.Render(tx, t)
}

// Tier is a centre that a task can be handed over to.
type Tier struct {
	Code string `json:"code"`
	Name string `json:"name"`
}

// tiers lists who gets a task when it is handed up, the usual one first.
func (s *Server) tiers(c *Call) (any, error) {
	tx := c.Read()
	t, err := task(tx, c.Actor, hub.TaskID(c.PathValue("id")))
	if err != nil {
		return nil, err
	}
	list, err := worklist.Tiers(tx, t)
	if err != nil {
		return nil, err
	}
	items := make([]Tier, 0, len(list))
	for _, m := range list {
		items = append(items, Tier{m.Code, m.Name})
	}
	return map[string]any{"items": items}, nil
}

// listMost is the most tasks of one page.
const listMost = 200

// tasks lists what is in the caller's scope, in queue order.
func (s *Server) tasks(c *Call) (any, error) {
	q := c.URL.Query()
	tx := c.Read()
	f, err := taskFilter(tx, c.Actor, q)
	if err != nil {
		return nil, err
	}
	f.Limit++
	list, err := tx.Tasks(f)
	if err != nil {
		return nil, err
	}
	var next *string
	if len(list) == f.Limit {
		list = list[:f.Limit-1]
		cursor := encodeCursor(db.CursorOf(list[len(list)-1]))
		next = &cursor
	}
	items := make([]*worklist.View, 0, len(list))
	for _, t := range list {
		v, err := worklist.Render(tx, t)
		if err != nil {
			return nil, err
		}
		items = append(items, v)
	}
	return map[string]any{"items": items, "next": next}, nil
}

func taskFilter(tx *db.Tx, a hub.Actor, q url.Values) (db.TaskFilter, error) {
	f := db.TaskFilter{Limit: 100, Kind: hub.TaskKind(q.Get("kind")), Order: hub.OrderID(q.Get("order")), Accession: q.Get("accession")}
	if isClinic(a.Role) {
		f.Member = a.Member
	} else {
		f.Centre = a.Member
	}
	for name := range strings.SplitSeq(q.Get("state"), ",") {
		if name != "" {
			f.States = append(f.States, hub.State(name))
		}
	}
	if text := q.Get("priority"); text != "" {
		p, err := worklist.ParsePriority(text)
		if err != nil {
			return f, err
		}
		f.Priority = &p
	}
	if study := q.Get("study"); strings.Contains(study, ".") {
		f.StudyUID = study
	} else {
		f.Study = hub.StudyID(study)
	}
	if code := q.Get("member"); code != "" {
		m, err := tx.MemberByCode(code)
		if err != nil || f.Member != "" && m.ID != f.Member {
			return f, outside("api.tasks")
		}
		f.Member = m.ID
	}
	if q.Get("mine") != "" {
		f.Holder = a.Account
	}
	if text := q.Get("since"); text != "" {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return f, hub.Field("api.tasks", "since", "not_a_time")
		}
		f.Since = at
	}
	if text := q.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return f, hub.Field("api.tasks", "limit", "want a number from 1")
		}
		f.Limit = min(n, listMost)
	}
	if text := q.Get("cursor"); text != "" {
		cursor, err := decodeCursor(text)
		if err != nil {
			return f, hub.Field("api.tasks", "cursor", "not one of ours")
		}
		f.After = &cursor
	}
	return f, nil
}

func encodeCursor(c db.TaskCursor) string {
	b, _ := json.Marshal(c)
	return base64.RawURLEncoding.EncodeToString(b)
}

func decodeCursor(s string) (c db.TaskCursor, err error) {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return c, err
	}
	return c, json.Unmarshal(b, &c)
}
