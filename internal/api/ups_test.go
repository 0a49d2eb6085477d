package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/yuanzhen/yuanzhen/internal/hub"
)

const txUID = "1.2.3.4.5.6"

func stateBody(state, uid string) string {
	return `{"00741000":{"vr":"CS","Value":["` + state + `"]},"00081195":{"vr":"UI","Value":["` + uid + `"]}}`
}

// ups sends a request about a workitem.
func (h *hospital) ups(login, method, path, body string) reply {
	h.t.Helper()
	return h.web(login, method, path, strings.NewReader(body), "Content-Type", "application/dicom+json")
}

func TestWorkitemUIDNamesItsTask(t *testing.T) {
	t.Parallel()
	for range 100 {
		id := hub.NewID[hub.TaskID]()
		back, ok := taskOfUID(itemUID(id))
		if !ok || back != id || len(itemUID(id)) > 64 {
			t.Fatalf("%s → %s → %s", id, itemUID(id), back)
		}
	}
	for _, bad := range []string{"", "1.2.3", "2.25.", "2.25.-1", "2.25.x", "2.25." + strings.Repeat("9", 60)} {
		if id, ok := taskOfUID(bad); ok {
			t.Errorf("%q is %s", bad, id)
		}
	}
	if itemUID("UPPER") != "" {
		t.Error("what is no id has a UID")
	}
}

func TestStandardClientTakesUpAReading(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	id := h.ecg("tech1", "normal", 1)["task"].(string)
	uid := itemUID(hub.TaskID(id))
	item := "/workitems/" + uid
	find := func(query string) int { return len(h.get("reader1", "/workitems?"+query, "").rows(t)) }
	for query, want := range map[string]int{"": 1, "ProcedureStepState=SCHEDULED": 1, "ProcedureStepState=IN%20PROGRESS": 0, "00741000=SCHEDULED&InputReadinessState=READY": 1, "SOPInstanceUID=" + uid: 1,
		"PatientID=nobody": 0, "ScheduledWorkitemCodeSequence.CodeValue=110005": 1, "ScheduledProcedureStepStartDateTime=2020-": 1, "ScheduledProcedureStepStartDateTime=-2020": 0, "limit=0": 0, "offset=1": 0} {
		if got := find(query); got != want {
			t.Errorf("%s: %d workitems, want %d", query, got, want)
		}
	}
	for _, step := range []struct {
		who, method, path, body string
		code                    int
		contains                string
	}{
		{"reader1", "PUT", item + "/state", stateBody("IN PROGRESS", ""), 400, `"ups_status":"C301"`},
		{"reader1", "PUT", item + "/state", stateBody("NO STATE", txUID), 400, "ups.body"},
		{"reader1", "PUT", item + "/state", "{", 400, "ups.body"},
		{"reader1", "PUT", item + "/state", stateBody("COMPLETED", txUID), 409, `"ups_status":"C310"`},
		{"reader1", "PUT", item + "/state", stateBody("SCHEDULED", txUID), 400, `"ups_status":"C303"`},
		{"reader1", "PUT", "/workitems/2.25.1/state", stateBody("IN PROGRESS", txUID), 404, `"ups_status":"C307"`},
		{"tech1", "PUT", item + "/state", stateBody("IN PROGRESS", txUID), 403, "role.not_allowed"},
		{"tech2", "GET", item, "", 404, "ups.no_such"},
		{"reader1", "PUT", item + "/state", stateBody("IN PROGRESS", txUID), 200, ""},
		{"reader1", "PUT", item + "/state", stateBody("IN PROGRESS", txUID), 409, `"ups_status":"C302"`},
		{"reader2", "PUT", item + "/state", stateBody("IN PROGRESS", "1.9"), 409, `"ups_status":"C302"`},
		{"reader1", "POST", item, `{}`, 400, `"ups_status":"C301"`},
		{"reader1", "POST", item + "?transaction-uid=1.9", `{}`, 400, `"ups_status":"C301"`},
		{"reader2", "POST", item + "?transaction-uid=" + txUID, `{}`, 400, `"ups_status":"C301"`},
		{"reader1", "POST", item + "?transaction-uid=" + txUID, `{"00741002":{"vr":"SQ","Value":[{"00741004":{"vr":"DS","Value":[50]}}]}}`, 200, ""},
		{"reader1", "POST", item + "?" + txUID, `{"00741200":{"vr":"CS","Value":["HIGH"]}}`, 200, ""},
		{"reader1", "POST", item + "?transaction-uid=" + txUID, `{"00100010":{"vr":"PN","Value":[{"Alphabetic":"Other"}]}}`, 400, `"ups_status":"105"`},
		{"reader1", "PUT", item + "/state", stateBody("COMPLETED", txUID), 409, `"ups_status":"C304"`},
		{"reader1", "PUT", item + "/state", stateBody("COMPLETED", "1.9"), 400, `"ups_status":"C301"`},
		{"reader1", "PUT", item + "/state", stateBody("CANCELED", txUID), 403, "role.not_allowed"},
		{"tech1", "POST", item + "/cancelrequest", "", 409, `"ups_status":"C313"`},
		{"dispatcher1", "POST", item + "/cancelrequest", `{"00741238":{"vr":"LT","Value":["wrong patient"]}}`, 202, ""},
		{"dispatcher1", "POST", item + "/cancelrequest", "", 202, ""},
		{"reader1", "PUT", item + "/state", stateBody("IN PROGRESS", txUID), 409, `"ups_status":"C300"`},
		{"reader1", "POST", item, `{}`, 409, `"ups_status":"C300"`},
		{"reader1", "POST", "/workitems", `{}`, 405, "request.method"},
	} {
		r := h.ups(step.who, step.method, step.path, step.body)
		if r.code != step.code || !strings.Contains(string(r.body), step.contains) {
			t.Errorf("%s %s as %s with %s: %d %s, want %d with %s", step.method, step.path, step.who, step.body, r.code, r.body, step.code, step.contains)
		}
		if (r.code == 409 || strings.Contains(step.contains, "C301")) && r.head.Get("Warning") == "" {
			t.Errorf("%s %s: refused without a warning", step.method, step.path)
		}
		if strings.Contains(string(h.get("reader1", item, "").body), txUID) {
			t.Fatal("the Transaction UID is shown")
		}
	}
	if got := fmt.Sprint(h.get("reader1", item, "").rows(t)[0]["00741000"].Value); got != "[CANCELED]" {
		t.Errorf("in the end it is %s", got)
	}
}

func TestSignedReportCompletesItsWorkitem(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	id := h.ecg("tech1", "normal", 1)["task"].(string)
	item := "/workitems/" + itemUID(hub.TaskID(id))
	if r := h.ups("reader1", "PUT", item+"/state", stateBody("IN PROGRESS", txUID)); r.code != 200 {
		t.Fatalf("%d %s", r.code, r.body)
	}
	claim := h.ok("reader1", "GET", "/api/v1/tasks/"+id, nil)["claim"]
	h.ok("reader1", "PUT", "/api/v1/tasks/"+id+"/report", map[string]any{"findings": "窦性心律", "impression": "正常心电图", "claim": claim})
	h.ok("reader1", "POST", "/api/v1/tasks/"+id+"/submit", map[string]any{"claim": claim})
	if got := fmt.Sprint(h.get("reader1", item, "").rows(t)[0]["00741000"].Value); got != "[IN PROGRESS]" {
		t.Errorf("written it is %s", got)
	}
	h.ok("reviewer1", "POST", "/api/v1/tasks/"+id+"/opened", nil)
	h.ok("reviewer1", "POST", "/api/v1/tasks/"+id+"/approve", map[string]any{})
	if r := h.get("reader1", item, "application/dicom+xml"); r.code != 200 || !strings.Contains(string(r.body), "COMPLETED") {
		t.Errorf("signed: %d %s", r.code, r.body)
	}
	if r := h.ups("reader1", "PUT", item+"/state", stateBody("COMPLETED", txUID)); r.code != 200 || r.head.Get("Warning") == "" {
		t.Errorf("completing once more: %d %v", r.code, r.head)
	}
	if r := h.ups("tech1", "POST", item+"/cancelrequest", ""); r.code != 409 || !strings.Contains(string(r.body), "C311") {
		t.Errorf("cancelling: %d %s", r.code, r.body)
	}
}

// listenAs opens an application's event channel.
func (h *hospital) listenAs(login, aet string) (*websocket.Conn, *http.Response, error) {
	return websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(h.url, "http")+dicomRoot+"/subscribers/"+aet, http.Header{"Authorization": {"Bearer " + h.accounts[login].Token}})
}

// nextReport reads one event report: its type, workitem and state.
func nextReport(t *testing.T, conn *websocket.Conn) string {
	t.Helper()
	conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	_, data, err := conn.ReadMessage()
	must(t, err)
	var v map[string]struct{ Value []any }
	must(t, json.Unmarshal(data, &v))
	return fmt.Sprint(v["00001002"].Value, v["00001000"].Value, v["00741000"].Value)
}

func TestSubscriberHearsWhatHappenedWhileItWasAway(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	if _, resp, err := h.listenAs("reader1", "VIEWER"); err == nil || resp.StatusCode != http.StatusNotFound {
		t.Fatalf("without a subscription: %v", resp)
	}
	r := h.ups("reader1", "POST", "/workitems/"+upsGlobal+"/subscribers/VIEWER", "")
	if r.code != 201 || r.head.Get("Content-Location") != "ws"+strings.TrimPrefix(h.url, "http")+dicomRoot+"/subscribers/VIEWER" {
		t.Fatalf("%d %v", r.code, r.head)
	}
	conn, _, err := h.listenAs("reader1", "VIEWER")
	must(t, err)
	uid := itemUID(hub.TaskID(h.ecg("tech1", "normal", 1)["task"].(string)))
	if got := nextReport(t, conn); got != "[1] ["+uid+"] [SCHEDULED]" {
		t.Errorf("heard %s", got)
	}
	go conn.ReadMessage() // answers the ping
	waitFor(t, func() bool {
		heard, err := h.s.DB.Read(t.Context()).Heard(h.account("reader1"), "VIEWER")
		return err == nil && heard > 0
	})
	conn.Close()
	if r := h.ups("reader1", "PUT", "/workitems/"+uid+"/state", stateBody("IN PROGRESS", txUID)); r.code != 200 {
		t.Fatalf("%d %s", r.code, r.body)
	}
	h.ups("tech1", "POST", "/workitems/"+uid+"/cancelrequest", "")
	h.ups("dispatcher1", "POST", "/workitems/"+uid+"/cancelrequest", "")
	again, _, err := h.listenAs("reader1", "VIEWER")
	must(t, err)
	defer again.Close()
	for _, want := range []string{"[1] [" + uid + "] [IN PROGRESS]", "[5] [" + uid + "] []", "[2] [" + uid + "] []", "[1] [" + uid + "] [CANCELED]"} {
		if got := nextReport(t, again); got != want {
			t.Errorf("heard %s, want %s", got, want)
		}
	}
	events, err := h.s.DB.Read(t.Context()).Events(0, 500)
	must(t, err)
	i := slices.IndexFunc(events, func(e hub.Event) bool { return e.Name == cancelAsked })
	if i < 0 || !strings.Contains(string(events[i].Body), `"patient":{`) {
		t.Error("screens get no whole task when somebody asks to cancel it")
	}
}

func (h *hospital) account(login string) hub.AccountID {
	h.t.Helper()
	a, err := h.s.DB.Read(h.t.Context()).AccountByLogin(login)
	must(h.t, err)
	return a.ID
}

// waitFor polls until something is so.
func waitFor(t *testing.T, is func() bool) {
	t.Helper()
	for end := time.Now().Add(15 * time.Second); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it did not come about")
		}
	}
}

func TestSubscriptionsAreToOneToAllOrFiltered(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	first := itemUID(hub.TaskID(h.ecg("tech1", "normal", 1)["task"].(string)))
	for _, c := range []struct {
		who, method, path string
		code              int
	}{
		{"reader1", "POST", "/workitems/" + first + "/subscribers/ONE", 201},
		{"tech2", "POST", "/workitems/" + first + "/subscribers/ONE", 404},
		{"reader1", "POST", "/workitems/" + upsFiltered + "/subscribers/SOME?filter=ScheduledWorkitemCodeSequence.CodeValue=110005,PatientID=nobody", 201},
		{"reader1", "POST", "/workitems/" + upsFiltered + "/subscribers/SOME?filter=Nonsense=1", 400},
		{"reader1", "POST", "/workitems/" + upsGlobal + "/subscribers/ALL?deletionlock=true", 201},
		{"reader1", "POST", "/workitems/" + upsGlobal + "/subscribers/ALL?deletionlock=perhaps", 400},
		{"reader1", "POST", "/workitems/" + upsGlobal + "/subscribers/A-TITLE-THAT-IS-TOO-LONG", 400},
		{"reader1", "POST", "/workitems/" + upsGlobal + "/subscribers/ALL/suspend", 200},
		{"reader1", "POST", "/workitems/" + upsGlobal + "/subscribers/NOBODY/suspend", 404},
		{"reader1", "DELETE", "/workitems/" + upsGlobal + "/subscribers/ALL", 200},
		{"reader1", "DELETE", "/workitems/" + upsGlobal + "/subscribers/ALL", 404},
		{"reader2", "DELETE", "/workitems/" + first + "/subscribers/ONE", 404},
	} {
		if r := h.ups(c.who, c.method, c.path, ""); r.code != c.code {
			t.Errorf("%s %s as %s: %d %s, want %d", c.method, c.path, c.who, r.code, r.body, c.code)
		}
	}
	conn, _, err := h.listenAs("reader1", "ONE")
	must(t, err)
	defer conn.Close()
	if got := nextReport(t, conn); got != "[1] ["+first+"] [SCHEDULED]" { // how it stands
		t.Errorf("heard %s first", got)
	}
	h.ecg("tech2", "normal", 2)
	if r := h.ups("reader1", "PUT", "/workitems/"+first+"/state", stateBody("IN PROGRESS", txUID)); r.code != 200 {
		t.Fatalf("%d %s", r.code, r.body)
	}
	if got := nextReport(t, conn); got != "[1] ["+first+"] [IN PROGRESS]" {
		t.Errorf("heard %s", got)
	}
}
