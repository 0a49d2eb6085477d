package api

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/reassign"
)

var inboxMessages = messages{
	"quarantine.resolved": {"该文件已处理过，请刷新列表。", "This file was dealt with already; reload the list."},
	"reassign.open":       {"该检查已有一个待确认的更正申请。请先由对方确认或拒绝。", "A re-assignment of this exam waits for the other side already. It has to be confirmed or refused first."},
	"reassign.decided":    {"该更正申请已有结论，请刷新。", "This re-assignment has been decided; reload."},
	"reassign.same_side":  {"更正须由另一方（申请单位或诊断中心）的第二人确认。", "A second person of the other side, clinic or centre, has to decide."},
}

// assigning are the roles that may decide on a re-assignment; a dispatcher, who
// hears of it first when a clinic calls, may ask for one as well.
var (
	assigning = []hub.Role{hub.Tech, hub.Clinician, hub.Reader, hub.Reviewer}
	asking    = slices.Concat(assigning, []hub.Role{hub.Dispatcher})
)

func (s *Server) inboxRoutes() []Route {
	return []Route{
		{Method: "GET", Path: "/api/v1/inbox", Roles: clinic, Do: s.inbox},
		{Method: "POST", Path: "/api/v1/inbox/{task}/match", Roles: clinic, Do: s.match},
		{Method: "GET", Path: "/api/v1/quarantine", Roles: clinic, Do: s.quarantine},
		{Method: "GET", Path: "/api/v1/quarantine/{id}/original", Roles: []hub.Role{hub.Tech}, Raw: s.quarantineOriginal},
		{Method: "POST", Path: "/api/v1/quarantine/{id}/resolve", Roles: []hub.Role{hub.Tech}, Do: s.resolveQuarantine},
		{Method: "POST", Path: "/api/v1/quarantine/{id}/retry", Roles: []hub.Role{hub.Tech}, Do: s.retryQuarantine},
		{Method: "POST", Path: "/api/v1/tasks/{id}/reassign", Roles: asking, Do: s.askReassign},
		{Method: "GET", Path: "/api/v1/reassignments", Roles: clinical, Do: s.reassignments},
		{Method: "POST", Path: "/api/v1/reassignments/{id}/confirm", Roles: assigning, Do: s.confirmReassign},
		{Method: "POST", Path: "/api/v1/reassignments/{id}/refuse", Roles: assigning, Do: s.refuseReassign},
	}
}

func (s *Server) inbox(c *Call) (any, error) {
	items, err := s.Reassign.Inbox(c.Context(), c.Actor.Member)
	return map[string]any{"items": items}, err
}

func (s *Server) match(c *Call) (any, error) {
	var in struct {
		Order hub.OrderID `json:"order"`
	}
	if err := c.JSON(&in); err != nil {
		return nil, err
	}
	id := hub.TaskID(c.PathValue("task"))
	if _, err := task(c.Read(), c.Actor, id); err != nil {
		return nil, err
	}
	return s.Reassign.Match(c.Context(), c.Actor, id, in.Order)
}

// QuarantineView is something that could not be taken in, with the sentence
// that says what to do about it.
type QuarantineView struct {
	*hub.Quarantined
	Size   int64  `json:"size"` // of the file, with its header
	Detail string `json:"detail"`
}

func quarantineView(q *hub.Quarantined, lang string) QuarantineView {
	return QuarantineView{q, int64(len(q.Head)) + q.Length, sentence(lang, q.Code, map[string]any{"reason": q.Reason})}
}

func (s *Server) quarantine(c *Call) (any, error) {
	list, err := s.Uploads.Quarantine(c.Context(), c.Actor.Member)
	items := []QuarantineView{}
	for _, q := range list {
		items = append(items, quarantineView(q, language(c.Request)))
	}
	return map[string]any{"items": items}, err
}

func (s *Server) quarantineOriginal(c *Call) error {
	q, body, err := s.Uploads.Original(c.Context(), c.Actor, hub.QuarantineID(c.PathValue("id")))
	if err != nil {
		return err
	}
	defer body.Close()
	c.W.Header().Set("Content-Type", "application/octet-stream")
	c.W.Header().Set("Content-Disposition", `attachment; filename="`+string(q.ID)+`"`)
	if _, err := io.Copy(c.W, body); err != nil {
		s.Log.Error("quarantine: broke off", "quarantine", q.ID, "error", err)
		panic(http.ErrAbortHandler) // the client must not take half for the whole
	}
	return nil
}

func (s *Server) resolveQuarantine(c *Call) (any, error) {
	var in struct {
		Reason string `json:"reason"`
	}
	if err := c.JSON(&in); err != nil {
		return nil, err
	}
	q, err := s.Uploads.Resolve(c.Context(), c.Actor, hub.QuarantineID(c.PathValue("id")), in.Reason)
	if err != nil {
		return nil, err
	}
	return quarantineView(q, language(c.Request)), nil
}

func (s *Server) retryQuarantine(c *Call) (any, error) {
	v, err := s.Uploads.Retry(c.Context(), c.Actor, hub.QuarantineID(c.PathValue("id")))
	if err != nil {
		return nil, err
	}
	return verdictView(c.Read(), v, language(c.Request))
}

// wanted reads what a re-assignment is to lead to: {"order"} or the fields of
// an order that name the right patient.
func wanted(c *Call) (reassign.Wanted, error) {
	var given json.RawMessage
	if err := c.JSON(&given); err != nil {
		return reassign.Wanted{}, err
	}
	var in struct {
		hub.Order
		Target hub.OrderID `json:"order"`
		Reason string      `json:"reason"`
	}
	if err := json.Unmarshal(given, &in); err != nil {
		return reassign.Wanted{}, hub.Wrap(hub.Invalid, "api.wanted", "request.json", err)
	}
	w := reassign.Wanted{Order: in.Target, Reason: in.Reason}
	if in.PatientName != "" || in.IDNumber != "" || in.LocalID != "" {
		w.Patient = &in.Order
	}
	return w, nil
}

// ReassignmentView is a request with where it stands.
type ReassignmentView struct {
	ID          string      `json:"id"`
	State       string      `json:"state"` // asked, confirmed, refused
	Task        hub.TaskID  `json:"task"`
	From        hub.OrderID `json:"from_order"`
	To          hub.OrderID `json:"to_order"` // "" until the clinic names it
	Reason      string      `json:"reason"`
	AskedBy     string      `json:"asked_by"`
	AskedByName string      `json:"asked_by_name"`
	AskedAt     time.Time   `json:"asked_at"`
	Mine        bool        `json:"mine"` // the caller's side has to decide
	DecidedBy   string      `json:"decided_by"`
	DecidedAt   *time.Time  `json:"decided_at"`
	NewTask     hub.TaskID  `json:"new_task"`
}

func reassignmentView(tx *db.Tx, actor hub.Actor, r *db.Reassignment) (*ReassignmentView, error) {
	v := &ReassignmentView{ID: r.ID, State: "asked", Task: r.Task, From: r.From, To: r.To, Reason: r.Reason, AskedAt: r.AskedAt, DecidedAt: nonZero(r.ConfirmedAt), NewTask: r.NewTask}
	asker, err := tx.Account(r.AskedBy)
	if err != nil {
		return nil, err
	}
	v.AskedBy, v.AskedByName = asker.Login, asker.Name
	if r.ConfirmedBy == "" {
		v.Mine = isClinic(asker.Role) != isClinic(actor.Role) && slices.Contains(assigning, actor.Role)
		return v, nil
	}
	by, err := tx.Account(r.ConfirmedBy)
	if err != nil {
		return nil, err
	}
	v.DecidedBy, v.State = by.Login, "confirmed"
	if r.Refused {
		v.State = "refused"
	}
	return v, nil
}

func (s *Server) askReassign(c *Call) (any, error) {
	w, err := wanted(c)
	if err != nil {
		return nil, err
	}
	id := hub.TaskID(c.PathValue("id"))
	if _, err := task(c.Read(), c.Actor, id); err != nil {
		return nil, err
	}
	r, err := s.Reassign.Ask(c.Context(), c.Actor, id, w)
	if err != nil {
		return nil, err
	}
	v, err := reassignmentView(c.Read(), c.Actor, r)
	return Status{http.StatusCreated, v}, err
}

func (s *Server) reassignments(c *Call) (any, error) {
	tx := c.Read()
	list, err := tx.Reassignments(c.Actor.Member, c.URL.Query().Get("open") != "")
	if err != nil {
		return nil, err
	}
	items := []*ReassignmentView{}
	for _, r := range list {
		if _, err := task(tx, c.Actor, r.Task); hub.KindOf(err) == hub.NotFound {
			continue
		} else if err != nil {
			return nil, err
		}
		v, err := reassignmentView(tx, c.Actor, r)
		if err != nil {
			return nil, err
		}
		items = append(items, v)
	}
	return map[string]any{"items": items}, nil
}

// reassignment checks that a request is about a task in the caller's scope.
func reassignment(c *Call) (string, error) {
	tx := c.Read()
	r, err := tx.Reassignment(c.PathValue("id"))
	if err != nil {
		return "", err
	}
	_, err = task(tx, c.Actor, r.Task)
	return r.ID, err
}

func (s *Server) confirmReassign(c *Call) (any, error) {
	id, err := reassignment(c)
	if err != nil {
		return nil, err
	}
	var w reassign.Wanted
	if c.ContentLength != 0 {
		if w, err = wanted(c); err != nil {
			return nil, err
		}
	}
	r, err := s.Reassign.Confirm(c.Context(), c.Actor, id, w)
	if err != nil {
		return nil, err
	}
	return reassignmentView(c.Read(), c.Actor, r)
}

func (s *Server) refuseReassign(c *Call) (any, error) {
	id, err := reassignment(c)
	if err != nil {
		return nil, err
	}
	var in struct {
		Reason string `json:"reason"`
	}
	if err := c.JSON(&in); err != nil {
		return nil, err
	}
	r, err := s.Reassign.Refuse(c.Context(), c.Actor, id, in.Reason)
	if err != nil {
		return nil, err
	}
	return reassignmentView(c.Read(), c.Actor, r)
}
