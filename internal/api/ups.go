package api

import (
	"encoding/json"
	"io"
	"math/big"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/web"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/worklist"
)

// The unified procedure steps of PS3.4 Annex CC: UPS-RS (PS3.18 section 11)
// shows each task as a workitem, so that a standard client can take up readings.
const (
	upsPush     = "1.2.840.10008.5.1.4.34.6.1"
	upsGlobal   = "1.2.840.10008.5.1.4.34.5"   // UPS Global Subscription SOP Instance
	upsFiltered = "1.2.840.10008.5.1.4.34.5.1" // UPS Filtered Global Subscription SOP Instance
)

// The states of a workitem, PS3.4 section CC.1.1.
const (
	upsScheduled  = "SCHEDULED"
	upsInProgress = "IN PROGRESS"
	upsCompleted  = "COMPLETED"
	upsCanceled   = "CANCELED"
)

// The warnings of PS3.18 sections 11.6.3.2 and 11.7.3.2.
const (
	upsInconsistent = "The submitted request is inconsistent with the state of the UPS Instance."
	upsNoUpdate     = "The submitted request is inconsistent with the current state of the Workitem."
)

// upsRefusals are the status codes of PS3.4 section CC.2 by code of ours: the
// DIMSE status, the HTTP status of PS3.18 section 11 and its warning. Others of
// the standard cannot occur; docs/conformance.md says why.
var upsRefusals = map[string]struct {
	status  uint16
	http    int
	warning string
}{
	"ups.attribute":          {0x0105, http.StatusBadRequest, "Attributes that a client may not set were sent."},
	"ups.final":              {0xC300, http.StatusConflict, upsInconsistent},
	"ups.ended":              {0xC300, http.StatusBadRequest, upsNoUpdate},
	"ups.no_transaction":     {0xC301, http.StatusBadRequest, "The Transaction UID is missing."},
	"ups.transaction":        {0xC301, http.StatusBadRequest, "The Transaction UID is incorrect."},
	"ups.in_progress":        {0xC302, http.StatusConflict, upsInconsistent},
	"ups.to_scheduled":       {0xC303, http.StatusBadRequest, upsInconsistent},
	"ups.unsigned":           {0xC304, http.StatusConflict, upsInconsistent},
	"ups.no_such":            {0xC307, http.StatusNotFound, ""},
	"ups.unknown_subscriber": {0xC308, http.StatusNotFound, ""},
	"ups.not_started":        {0xC310, http.StatusConflict, upsInconsistent},
	"ups.not_claimed":        {0xC310, http.StatusConflict, "The target URI did not reference a claimed Workitem."},
	"ups.completed_already":  {0xC311, http.StatusConflict, upsInconsistent},
	"ups.wont_cancel":        {0xC313, http.StatusConflict, "The performer has chosen not to cancel."},
	"ups.not_appropriate":    {0xC314, http.StatusBadRequest, "The action is not appropriate for this instance."},
}

var upsMessages = messages{
	"ups.final":              {"该工作项已结束，不能再更改。", "This workitem has ended and can no longer be changed (C300)."},
	"ups.ended":              {"该工作项已结束，不能再更新。", "This workitem has ended and can no longer be updated (C300)."},
	"ups.no_transaction":     {"缺少 Transaction UID。", "The Transaction UID is missing (C301)."},
	"ups.transaction":        {"Transaction UID 与领取任务时的不一致。", "The Transaction UID is not that of the claim (C301)."},
	"ups.in_progress":        {"该工作项已被领取，正在处理。", "This workitem is being worked on already (C302)."},
	"ups.to_scheduled":       {"工作项不能改回 SCHEDULED；如需放弃，请在系统中释放任务。", "A workitem cannot be set back to SCHEDULED (C303); release the task in the hub instead."},
	"ups.unsigned":           {"报告尚未签发，不能完成该工作项。请先签发报告。", "The report is not signed, so the workitem cannot be completed (C304). Sign it first."},
	"ups.no_such":            {"没有该工作项或订阅。", "There is no such workitem or subscription (C307)."},
	"ups.not_started":        {"该工作项尚未被领取。", "Nobody works on this workitem yet (C310)."},
	"ups.completed_already":  {"该工作项已完成，不能取消。", "This workitem is completed and cannot be cancelled (C311)."},
	"ups.not_claimed":        {"该工作项尚未被领取，更新时不应带 Transaction UID。", "Nobody works on this workitem yet, so an update carries no Transaction UID (C310)."},
	"ups.unknown_subscriber": {"该应用没有任何订阅。", "This application has no subscriptions (C308)."},
	"ups.wont_cancel":        {"报告已写好并待审核，不再取消；如需取消，请联系调度。", "The report is written and waits for review, so it is not cancelled (C313); ask the dispatcher."},
	"ups.not_appropriate":    {"该操作不适用于此对象：全部订阅不是工作项，单个工作项的订阅不能暂停。", "This action does not fit the instance (C314): a global subscription is no workitem, and that of one workitem cannot be suspended."},
	"ups.attribute":          {"不能更改属性 {name}：任务内容来自申请单。", "The attribute {name} cannot be set: what a task asks for comes from its order."},
	"ups.subscriptions":      {"该应用的订阅已达 {most} 个。请先取消不再需要的订阅，或改为订阅全部工作项。", "This application has {most} subscriptions. End those no longer needed, or subscribe to all workitems at once."},
	"ups.body":               {"工作项内容有误：{reason}。", "The workitem in the request cannot be read: {reason}."},
}

func (s *Server) upsRoutes() []Route {
	const item = dicomRoot + "/workitems/{workitem}"
	return []Route{
		{Method: "GET", Path: dicomRoot + "/workitems", Roles: clinical, Raw: s.searchItems},
		{Method: "GET", Path: item, Roles: clinical, Raw: refusable(s.retrieveItem)},
		{Method: "POST", Path: item, Roles: clinical, Body: maxJSON, Raw: refusable(s.updateItem)},
		{Method: "PUT", Path: item + "/state", Roles: clinical, Body: maxJSON, Raw: refusable(s.changeItem)},
		{Method: "POST", Path: item + "/cancelrequest", Roles: clinical, Body: maxJSON, Raw: refusable(s.cancelItem)},
		{Method: "POST", Path: item + "/subscribers/{aet}", Roles: clinical, Raw: refusable(s.subscribe)},
		{Method: "DELETE", Path: item + "/subscribers/{aet}", Roles: clinical, Raw: refusable(s.unsubscribe)},
		{Method: "POST", Path: item + "/subscribers/{aet}/suspend", Roles: clinical, Raw: refusable(s.suspend)},
		{Method: "GET", Path: dicomRoot + "/subscribers/{aet}", Roles: clinical, Raw: refusable(s.listen)},
	}
}

// refusable adds the warning of PS3.18 section 11 to a refusal.
func refusable(do func(*Call) error) func(*Call) error {
	return func(c *Call) error {
		err := do(c)
		if r, ok := upsRefusals[hub.CodeOf(err)]; ok && err != nil && r.warning != "" {
			c.warn(r.warning)
		}
		return err
	}
}

func (c *Call) warn(text string) { c.W.Header().Add("Warning", "299 "+c.Host+": "+text) }

// upsRefuse is a refusal with its DIMSE status.
func upsRefuse(code string) *hub.Error {
	return hub.E(hub.Conflict, "api.ups", code).With("ups_status", strings.ToUpper(strconv.FormatUint(uint64(upsRefusals[code].status), 16)))
}

// itemUID is the SOP Instance UID of a task's workitem: the task's id as a
// number under 2.25 (PS3.5 section B.2). Its 26 characters are 128 bits in base
// 32 with two bits of padding.
func itemUID(id hub.TaskID) string {
	n := new(big.Int)
	for _, r := range string(id) {
		digit := strings.IndexRune(crockford, r)
		if digit < 0 {
			return ""
		}
		n.Add(n.Lsh(n, 5), big.NewInt(int64(digit)))
	}
	return "2.25." + n.Rsh(n, 2).String()
}

const (
	crockford = "0123456789abcdefghjkmnpqrstvwxyz"
	idLength  = 26
)

// taskOfUID is the other way round; false if no task can go by the UID.
func taskOfUID(uid string) (hub.TaskID, bool) {
	digits, ok := strings.CutPrefix(uid, "2.25.")
	n, isNumber := new(big.Int).SetString(digits, 10)
	if !ok || !isNumber || n.Sign() < 0 || n.BitLen() > 128 || len(digits) > 39 {
		return "", false
	}
	n.Lsh(n, 2)
	id := make([]byte, idLength)
	digit := new(big.Int)
	for i := idLength - 1; i >= 0; i-- {
		n.DivMod(n, big.NewInt(32), digit)
		id[i] = crockford[digit.Int64()]
	}
	return hub.TaskID(id), true
}

// item returns the task of the path's workitem, in the caller's scope.
func (s *Server) item(c *Call) (*hub.Task, error) {
	id, ok := taskOfUID(c.PathValue("workitem"))
	if !ok {
		return nil, upsRefuse("ups.no_such")
	}
	t, err := task(c.Read(), c.Actor, id)
	if hub.KindOf(err) == hub.NotFound && err != nil {
		return nil, upsRefuse("ups.no_such")
	}
	return t, err
}

// actOn is item for an action, which the well-known UIDs of subscriptions are
// not for.
func (s *Server) actOn(c *Call) (*hub.Task, error) {
	if uid := c.PathValue("workitem"); uid == upsGlobal || uid == upsFiltered {
		return nil, upsRefuse("ups.not_appropriate")
	}
	return s.item(c)
}

// model reads the body as one data set in DICOM JSON or XML; an empty body is an
// empty data set.
func (c *Call) model() (*dicom.Dataset, error) {
	data, err := io.ReadAll(c.Body)
	if err != nil {
		return nil, err
	}
	kind, _ := web.ParseMedia(c.Header.Get("Content-Type"))
	switch {
	case len(data) == 0:
		return dicom.New(), nil
	case kind.Type == web.XML:
		if data, err = web.JSONFromXML(strings.NewReader(string(data))); err != nil {
			return nil, hub.Wrap(hub.Invalid, "api.ups", "ups.body", err).With("reason", err.Error())
		}
	case kind.Type != web.JSON && kind.Type != web.PlainJSON && kind.Type != "":
		return nil, hub.E(hub.Unsupported, "api.ups", "dicomweb.media_type")
	}
	var list []json.RawMessage
	if json.Unmarshal(data, &list) == nil && len(list) == 1 { // an array of one, as clients of studies write
		data = list[0]
	}
	ds, err := dicom.ParseJSON(strings.NewReader(string(data)))
	if err != nil {
		return nil, hub.Wrap(hub.Invalid, "api.ups", "ups.body", err).With("reason", err.Error())
	}
	return ds, nil
}

func (s *Server) retrieveItem(c *Call) error {
	t, err := s.item(c)
	if err != nil {
		return err
	}
	offer, err := choose(c, modelOffers()...)
	if err != nil {
		return err
	}
	v, err := worklist.Render(c.Read(), t)
	if err != nil {
		return err
	}
	data, err := itemOf(v, base(c)).MarshalJSON()
	if err != nil {
		return err
	}
	return answerModels(c, offer, slices.Concat([]byte("["), data, []byte("]")))
}

// changeItem changes a workitem's state, PS3.18 section 11.7: IN PROGRESS is the
// claim of its task, made under the client's Transaction UID.
func (s *Server) changeItem(c *Call) error {
	t, err := s.actOn(c)
	if err != nil {
		return err
	}
	ds, err := c.model()
	if err != nil {
		return err
	}
	uid, have := ds.Text(dicom.TransactionUID), itemState(t.State)
	want := strings.ToUpper(ds.Text(dicom.ProcedureStepState))
	switch {
	case want != upsScheduled && want != upsInProgress && want != upsCompleted && want != upsCanceled:
		return hub.E(hub.Invalid, "api.ups", "ups.body").With("reason", "(0074,1000) is no state")
	case want == upsScheduled:
		return upsRefuse("ups.to_scheduled")
	case uid == "":
		return upsRefuse("ups.no_transaction")
	case !dicom.ValidUID(uid):
		return upsRefuse("ups.transaction")
	case have == want && have != upsInProgress: // B304, B306: it is so already
		c.warn("The UPS is already in the requested state of " + want + ".")
		c.W.WriteHeader(http.StatusOK)
		return nil
	case have == upsCompleted || have == upsCanceled:
		return upsRefuse("ups.final")
	case want == upsInProgress && have == upsInProgress:
		return upsRefuse("ups.in_progress")
	case want != upsInProgress && have == upsScheduled:
		return upsRefuse("ups.not_started")
	case want == upsInProgress:
		return s.startItem(c, t, uid)
	}
	if err := s.holds(c, t, uid); err != nil {
		return err
	}
	if want == upsCompleted {
		return upsRefuse("ups.unsigned") // a signature makes it COMPLETED by itself
	}
	return s.abandonItem(c, t, ds.Text(dicom.ReasonForCancellation))
}

// startItem claims a task under a Transaction UID.
func (s *Server) startItem(c *Call, t *hub.Task, uid string) error {
	if err := s.mayAct(c, "claim"); err != nil {
		return err
	}
	_, err := s.claim(c, t.ID, worklist.Params{Lock: uid})
	if hub.CodeOf(err) == "task.claimed" {
		return upsRefuse("ups.in_progress")
	}
	if err != nil {
		return err
	}
	c.W.WriteHeader(http.StatusOK)
	return nil
}

// abandonItem cancels a task its performer holds, where the states and the role
// allow that.
func (s *Server) abandonItem(c *Call, t *hub.Task, reason string) error {
	if err := s.mayAct(c, "cancel"); err != nil {
		return err
	}
	if reason == "" {
		reason = "UPS"
	}
	if _, err := s.Work.Do(c.Context(), c.Actor, t.ID, worklist.Cancel, worklist.Params{Reason: reason}); err != nil {
		return err
	}
	c.W.WriteHeader(http.StatusOK)
	return nil
}

// mayAct checks the caller's role against the action of the task API.
func (s *Server) mayAct(c *Call, name string) error {
	for _, a := range s.actions() {
		if a.name == name && slices.Contains(a.roles, c.Actor.Role) {
			return nil
		}
	}
	return hub.E(hub.Forbidden, "api.ups", "role.not_allowed").With("role", c.Actor.Role)
}

// holds checks that a claim is the caller's and was made under uid.
func (s *Server) holds(c *Call, t *hub.Task, uid string) error {
	lock, err := c.Read().TaskLock(t.ID, t.Claim)
	if err != nil {
		return err
	}
	switch {
	case uid == "":
		return upsRefuse("ups.no_transaction")
	case lock == "" || lock != uid || t.Holder != "" && t.Holder != c.Actor.Account:
		return upsRefuse("ups.transaction")
	}
	return nil
}

// updateItem takes what a client may change of a workitem (PS3.18 section
// 11.6): its priority, and its progress, which keeps the claim alive.
func (s *Server) updateItem(c *Call) error {
	t, err := s.actOn(c)
	if err != nil {
		return err
	}
	ds, err := c.model()
	if err != nil {
		return err
	}
	if err := s.mayUpdate(c, t, transactionOf(c, ds)); err != nil {
		return err
	}
	for i := range ds.Elements {
		switch tag := ds.Elements[i].Tag; tag {
		case dicom.SpecificCharacterSet, dicom.TransactionUID, dicom.SOPInstanceUID, dicom.SOPClassUID, stepPriority:
		case stepProgress:
			c.warn("The Workitem was updated with modifications.") // the hub counts progress itself
		default:
			return upsRefuse("ups.attribute").With("name", nameOf(tag))
		}
	}
	if text := ds.Text(stepPriority); text != "" {
		if err := s.setPriority(c, t, text); err != nil {
			return err
		}
	}
	if t.State == hub.Claimed {
		if _, err := s.Work.Renew(c.Context(), c.Actor, t.ID, t.Claim); err != nil {
			return err
		}
	}
	c.W.WriteHeader(http.StatusOK)
	return nil
}

// mayUpdate holds an update against a workitem's state (PS3.4 section CC.2.6.3).
func (s *Server) mayUpdate(c *Call, t *hub.Task, uid string) error {
	switch state := itemState(t.State); {
	case state == upsCompleted || state == upsCanceled:
		return upsRefuse("ups.ended")
	case state == upsInProgress:
		return s.holds(c, t, uid)
	case uid != "":
		return upsRefuse("ups.not_claimed")
	}
	return nil
}

// transactionOf is the Transaction UID of an update: in its body, or in the
// query by any of its names, or as the bare UID that older clients write.
func transactionOf(c *Call, ds *dicom.Dataset) string {
	for name, values := range c.URL.Query() {
		switch {
		case strings.EqualFold(name, "transaction-uid") || name == "TransactionUID" || name == "00081195":
			return values[0]
		case dicom.ValidUID(name):
			return name
		}
	}
	return ds.Text(dicom.TransactionUID)
}

func (s *Server) setPriority(c *Call, t *hub.Task, text string) error {
	want, ok := map[string]int{"HIGH": 1, "MEDIUM": 3, "LOW": 4}[text]
	if !ok {
		return hub.E(hub.Invalid, "api.ups", "ups.body").With("reason", "(0074,1200) is no priority")
	}
	if priorityOf(t.Priority) == text {
		return nil
	}
	if err := s.mayAct(c, "priority"); err != nil {
		return err
	}
	_, err := s.Work.SetPriority(c.Context(), c.Actor, t.ID, worklist.Params{Priority: &want, Reason: "UPS"})
	return err
}

// cancelItem asks for a workitem's end, PS3.18 section 11.8. What nobody works
// on is cancelled; the performer of another is told and decides, until the
// report is written.
func (s *Server) cancelItem(c *Call) error {
	t, err := s.actOn(c)
	if err != nil {
		return err
	}
	ds, err := c.model()
	if err != nil {
		return err
	}
	switch itemState(t.State) {
	case upsCompleted:
		return upsRefuse("ups.completed_already")
	case upsCanceled:
		c.warn("The UPS is already in the requested state of CANCELED.")
		c.W.WriteHeader(http.StatusAccepted)
		return nil
	}
	if err = s.mayAct(c, "cancel"); err == nil {
		_, err = s.Work.Do(c.Context(), c.Actor, t.ID, worklist.Cancel, worklist.Params{Reason: firstNonEmpty(ds.Text(dicom.ReasonForCancellation), "UPS")})
	}
	if err != nil && hub.KindOf(err) == hub.Forbidden {
		switch t.State {
		case hub.Claimed:
			err = s.askPerformer(c, t.ID, ds)
		case hub.Written:
			err = upsRefuse("ups.wont_cancel")
		}
	}
	if err != nil {
		return err
	}
	c.W.WriteHeader(http.StatusAccepted)
	return nil
}

// cancelRequest is what the performer hears of a request to cancel.
type cancelRequest struct {
	Task    *worklist.View `json:"task"` // whole: screens put it in place of what they have
	Reason  string         `json:"reason"`
	By      string         `json:"by"`
	Login   string         `json:"login"`
	Contact string         `json:"contact,omitempty"`
	URI     string         `json:"uri,omitempty"`
}

// askPerformer lets the performer of a workitem hear that somebody wants it
// cancelled, and why.
func (s *Server) askPerformer(c *Call, id hub.TaskID, ds *dicom.Dataset) error {
	return s.DB.Tx(c.Context(), func(tx *db.Tx) error {
		t, err := tx.Task(id)
		if err != nil {
			return err
		}
		v, err := worklist.Render(tx, t)
		if err != nil {
			return err
		}
		a, err := tx.Account(c.Actor.Account)
		if err != nil {
			return err
		}
		r := cancelRequest{Task: v, Reason: clip(ds.Text(dicom.ReasonForCancellation), maxReason), By: c.Actor.Name, Login: a.Login,
			Contact: clip(ds.Text(contactName), maxReason), URI: clip(ds.Text(contactURI), maxReason)}
		body, err := json.Marshal(r)
		if err != nil {
			return err
		}
		if err := tx.Emit(hub.Event{Name: cancelAsked, Member: t.Member, Centre: t.Centre, Task: t.ID, Body: body}); err != nil {
			return err
		}
		return tx.Audit(c.Actor, hub.Record{Action: cancelAsked, Object: "task/" + string(t.ID), OK: true, Reason: r.Reason})
	})
}

// maxReason bounds the reason of such a request, in bytes.
const maxReason = 200

// cancelAsked is the event of a request that the performer decides on.
const cancelAsked = "task.cancel_asked"
