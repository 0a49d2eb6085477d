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

const (
	txUID     = "1.2.3.4.5.6"
	missing   = "The Transaction UID is missing."
	incorrect = "The Transaction UID is incorrect."
)

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
		contains, warning       string
	}{
		{"reader1", "PUT", item + "/state", stateBody("IN PROGRESS", ""), 400, "C301", missing},
		{"reader1", "PUT", item + "/state", stateBody("IN PROGRESS", "no uid"), 400, "C301", incorrect},
		{"reader1", "PUT", item + "/state", stateBody("NO STATE", txUID), 400, "ups.body", ""},
		{"reader1", "PUT", item + "/state", "{", 400, "ups.body", ""},
		{"reader1", "PUT", item + "/state", stateBody("COMPLETED", txUID), 409, "C310", upsInconsistent},
		{"reader1", "PUT", item + "/state", stateBody("CANCELED", txUID), 409, "C310", upsInconsistent},
		{"reader1", "PUT", item + "/state", stateBody("SCHEDULED", txUID), 400, "C303", upsInconsistent},
		{"reader1", "PUT", "/workitems/2.25.1/state", stateBody("IN PROGRESS", txUID), 404, "C307", ""},
		{"reader1", "PUT", "/workitems/" + upsGlobal + "/state", stateBody("IN PROGRESS", txUID), 400, "C314", ""},
		{"reader1", "POST", "/workitems/" + upsFiltered + "/cancelrequest", "", 400, "C314", ""},
		{"reader1", "POST", "/workitems/" + upsGlobal, "{}", 400, "C314", ""},
		{"reader1", "GET", "/workitems/" + upsGlobal, "", 404, "C307", ""},
		{"reader1", "GET", "/workitems/1.2.3", "", 404, "C307", ""},
		{"reader1", "POST", item + "?transaction-uid=" + txUID, `{}`, 409, "C310", "did not reference a claimed Workitem"},
		{"tech1", "PUT", item + "/state", stateBody("IN PROGRESS", txUID), 403, "role.not_allowed", ""},
		{"tech2", "GET", item, "", 404, "ups.no_such", ""},
		{"reader1", "PUT", item + "/state", stateBody("IN PROGRESS", txUID), 200, "", ""},
		{"reader1", "PUT", item + "/state", stateBody("IN PROGRESS", txUID), 409, "C302", upsInconsistent},
		{"reader2", "PUT", item + "/state", stateBody("IN PROGRESS", "1.9"), 409, "C302", upsInconsistent},
		{"reader1", "POST", item, `{}`, 400, "C301", missing},
		{"reader1", "POST", item + "?transaction-uid=1.9", `{}`, 400, "C301", incorrect},
		{"reader2", "POST", item + "?transaction-uid=" + txUID, `{}`, 400, "C301", incorrect},
		{"reader1", "POST", item + "?transaction-uid=" + txUID, `{"00741002":{"vr":"SQ","Value":[{"00741004":{"vr":"DS","Value":[50]}}]}}`, 200, "", "updated with modifications"},
		{"reader1", "POST", item + "?" + txUID, `{"00741200":{"vr":"CS","Value":["HIGH"]}}`, 200, "", ""},
		{"reader1", "POST", item + "?00081195=" + txUID, `{}`, 200, "", ""},
		{"reader1", "POST", item, `{"00081195":{"vr":"UI","Value":["` + txUID + `"]}}`, 200, "", ""},
		{"reader1", "POST", item + "?transaction-uid=" + txUID, `{"00100010":{"vr":"PN","Value":[{"Alphabetic":"Other"}]}}`, 400, `"ups_status":"105"`, ""},
		{"reader1", "PUT", item + "/state", stateBody("COMPLETED", txUID), 409, "C304", upsInconsistent},
		{"reader1", "PUT", item + "/state", stateBody("COMPLETED", "1.9"), 400, "C301", incorrect},
		{"reader1", "PUT", item + "/state", stateBody("CANCELED", txUID), 403, "role.not_allowed", ""},
		{"tech1", "POST", item + "/cancelrequest", "", 202, "", ""},
		{"dispatcher1", "POST", item + "/cancelrequest", `{"00741238":{"vr":"LT","Value":["wrong patient"]}}`, 202, "", ""},
		{"dispatcher1", "POST", item + "/cancelrequest", "", 202, "", "already in the requested state of CANCELED"},
		{"reader1", "PUT", item + "/state", stateBody("CANCELED", txUID), 200, "", "already in the requested state of CANCELED"},
		{"reader1", "PUT", item + "/state", stateBody("IN PROGRESS", txUID), 409, "C300", upsInconsistent},
		{"reader1", "POST", item, `{}`, 400, "C300", upsNoUpdate},
		{"reader1", "POST", "/workitems", `{}`, 405, "request.method", ""},
	} {
		r := h.ups(step.who, step.method, step.path, step.body)
		if r.code != step.code || !strings.Contains(string(r.body), step.contains) {
			t.Errorf("%s %s as %s with %s: %d %s, want %d with %s", step.method, step.path, step.who, step.body, r.code, r.body, step.code, step.contains)
		}
		if said := r.head.Get("Warning"); !strings.Contains(said, step.warning) || r.code < 300 && step.warning == "" && said != "" {
			t.Errorf("%s %s with %s: warning %q", step.method, step.path, step.body, said)
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
	if r := h.ups("tech1", "POST", item+"/cancelrequest", ""); r.code != 409 || !strings.Contains(string(r.body), "C313") || !strings.Contains(r.head.Get("Warning"), "chosen not to cancel") {
		t.Errorf("cancelling what waits for review: %d %s", r.code, r.body)
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

// eventReport is the fields of an N-EVENT-REPORT by tag.
type eventReport map[string]struct {
	VR    string
	Value []any
}

// readReport reads one event report.
func readReport(t *testing.T, conn *websocket.Conn) eventReport {
	t.Helper()
	conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	_, data, err := conn.ReadMessage()
	must(t, err)
	var v eventReport
	must(t, json.Unmarshal(data, &v))
	return v
}

// nextReport reads one event report: its type, workitem and state.
func nextReport(t *testing.T, conn *websocket.Conn) string {
	t.Helper()
	v := readReport(t, conn)
	return fmt.Sprint(v["00001002"].Value, v["00001000"].Value, v["00741000"].Value)
}

// PS3.4 Table CC.2.4-1 and section CC.2.4.3.
func TestEventReportsHaveTheirAttributes(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	if r := h.ups("reader1", "POST", "/workitems/"+upsGlobal+"/subscribers/VIEWER", ""); r.code != 201 {
		t.Fatalf("%d %s", r.code, r.body)
	}
	conn, _, err := h.listenAs("reader1", "VIEWER")
	must(t, err)
	defer conn.Close()
	uid := itemUID(hub.TaskID(h.ecg("tech1", "normal", 1)["task"].(string)))
	h.ups("reader1", "PUT", "/workitems/"+uid+"/state", stateBody("IN PROGRESS", txUID))
	h.ups("tech1", "POST", "/workitems/"+uid+"/cancelrequest", `{"00741238":{"vr":"LT","Value":["wrong patient"]},"0074100C":{"vr":"LO","Value":["Li"]},"0074100A":{"vr":"UR","Value":["tel:110"]}}`)
	for _, want := range []map[string]string{
		{"00001002": "[1]", "00741000": "[SCHEDULED]", "00404041": "[READY]"},
		{"00001002": "[1]", "00741000": "[IN PROGRESS]", "00404041": "[READY]"},
		{"00001002": "[5]", "00404036": "[LEAD]", "00404009.00080100": "[reader1]"},
		{"00001002": "[2]", "00741236": "[tech1]", "00741238": "[wrong patient]", "0074100C": "[Li]", "0074100A": "[tel:110]"},
	} {
		want["00000002"], want["00001000"] = "["+upsPush+"]", "["+uid+"]"
		got := readReport(t, conn)
		for tag, value := range want {
			tag, inner, nested := strings.Cut(tag, ".")
			have := got[tag].Value
			if nested && len(have) == 1 {
				have = have[0].(map[string]any)[inner].(map[string]any)["Value"].([]any)
			}
			if fmt.Sprint(have) != value {
				t.Errorf("%s is %v, want %s in %v", tag, have, value, got)
			}
		}
		if len(got["00000110"].Value) != 1 || got["00000110"].VR != "US" {
			t.Errorf("no message ID in %v", got)
		}
	}
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
		contains          string
	}{
		{"reader1", "POST", "/workitems/" + upsGlobal + "/subscribers/ONE/suspend", 404, "C308"},
		{"reader1", "DELETE", "/workitems/" + first + "/subscribers/ONE", 404, "C308"},
		{"reader1", "POST", "/workitems/" + first + "/subscribers/ONE", 201, ""},
		{"tech2", "POST", "/workitems/" + first + "/subscribers/ONE", 404, "C307"},
		{"reader1", "POST", "/workitems/2.25.7/subscribers/ONE", 404, "C307"},
		{"reader1", "POST", "/workitems/" + first + "/subscribers/ONE/suspend", 400, "C314"},
		{"reader1", "POST", "/workitems/" + upsGlobal + "/subscribers/ONE/suspend", 404, "C307"},
		{"reader1", "POST", "/workitems/" + upsFiltered + "/subscribers/SOME?filter=ScheduledWorkitemCodeSequence.CodeValue=110005,PatientID=nobody", 201, ""},
		{"reader1", "POST", "/workitems/" + upsFiltered + "/subscribers/SOME?filter=Nonsense=1", 400, "dicomweb.query"},
		{"reader1", "POST", "/workitems/" + upsFiltered + "/subscribers/SOME", 400, "filter"},
		{"reader1", "POST", "/workitems/" + upsGlobal + "/subscribers/ALL?deletionlock=true", 201, ""},
		{"reader1", "POST", "/workitems/" + upsGlobal + "/subscribers/ALL?deletionlock=perhaps", 400, "deletionlock"},
		{"reader1", "POST", "/workitems/" + upsGlobal + "/subscribers/A-TITLE-THAT-IS-TOO-LONG", 400, "aetitle"},
		{"reader1", "POST", "/workitems/" + first + "/subscribers/ALL", 201, ""},
		{"reader1", "POST", "/workitems/" + upsGlobal + "/subscribers/ALL/suspend", 200, ""},
		{"reader1", "POST", "/workitems/" + upsGlobal + "/subscribers/ALL/suspend", 200, ""},
		{"reader1", "POST", "/workitems/" + upsGlobal + "/subscribers/NOBODY/suspend", 404, "C308"},
		{"reader1", "DELETE", "/workitems/" + upsGlobal + "/subscribers/ALL", 200, ""},
		{"reader1", "DELETE", "/workitems/" + first + "/subscribers/ALL", 404, "C308"}, // went with the other
		{"reader2", "DELETE", "/workitems/" + first + "/subscribers/ONE", 404, "C308"},
	} {
		r := h.ups(c.who, c.method, c.path, "")
		if r.code != c.code || !strings.Contains(string(r.body), c.contains) {
			t.Errorf("%s %s as %s: %d %s, want %d with %s", c.method, c.path, c.who, r.code, r.body, c.code, c.contains)
		}
		if refused := strings.Contains(r.head.Get("Warning"), "Deletion Lock not granted."); refused != strings.Contains(c.path, "deletionlock=true") {
			t.Errorf("%s: warning %q", c.path, r.head.Get("Warning"))
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

// nextMillisecond waits for it: the clock of tasks counts no less.
func nextMillisecond(t *testing.T) {
	t.Helper()
	now := time.Now().UnixMilli()
	waitFor(t, func() bool { return time.Now().UnixMilli() > now })
}

func TestSuspendedSubscriptionKeepsTheWorkitemsItHas(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	h.ups("reader1", "POST", "/workitems/"+upsGlobal+"/subscribers/VIEWER", "")
	before := itemUID(hub.TaskID(h.ecg("tech1", "normal", 1)["task"].(string)))
	nextMillisecond(t)
	if r := h.ups("reader1", "POST", "/workitems/"+upsGlobal+"/subscribers/VIEWER/suspend", ""); r.code != 200 {
		t.Fatalf("%d %s", r.code, r.body)
	}
	nextMillisecond(t)
	h.ecg("tech2", "normal", 2)
	h.ups("reader1", "PUT", "/workitems/"+before+"/state", stateBody("IN PROGRESS", txUID))
	conn, _, err := h.listenAs("reader1", "VIEWER") // it remembers nothing
	must(t, err)
	defer conn.Close()
	for _, want := range []string{"[1] [" + before + "] [SCHEDULED]", "[1] [" + before + "] [IN PROGRESS]"} {
		if got := nextReport(t, conn); got != want {
			t.Errorf("heard %s, want %s", got, want)
		}
	}
}

func TestWorkitemBodiesOfOtherKindsAreRefused(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	item := "/workitems/" + itemUID(hub.TaskID(h.ecg("tech1", "normal", 1)["task"].(string)))
	for _, c := range []struct {
		kind string
		code int
	}{{"text/plain", 415}, {"multipart/form-data; boundary=x", 415}, {"application/json", 200}, {"application/dicom+json; charset=utf-8", 409}} {
		if r := h.web("reader1", "PUT", item+"/state", strings.NewReader(stateBody("IN PROGRESS", txUID)), "Content-Type", c.kind); r.code != c.code {
			t.Errorf("%s: %d %s", c.kind, r.code, r.body)
		}
	}
	if r := h.get("reader1", item, "image/png"); r.code != 406 {
		t.Errorf("a workitem as a picture: %d", r.code)
	}
}

func TestOneOfManyClientsClaimsUnderItsTransaction(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	item := "/workitems/" + itemUID(hub.TaskID(h.ecg("tech1", "normal", 1)["task"].(string)))
	codes := make(chan [2]int, 8)
	for n := range cap(codes) {
		go func() {
			req, _ := http.NewRequest("PUT", h.url+dicomRoot+item+"/state", strings.NewReader(stateBody("IN PROGRESS", fmt.Sprintf("1.7.%d", n))))
			req.Header.Set("Authorization", "Bearer "+h.accounts[[]string{"reader1", "reader2"}[n%2]].Token)
			req.Header.Set("Content-Type", "application/dicom+json")
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				codes <- [2]int{n, 0}
				return
			}
			resp.Body.Close()
			codes <- [2]int{n, resp.StatusCode}
		}()
	}
	winner := -1
	for range cap(codes) {
		switch got := <-codes; {
		case got[1] == 200 && winner < 0:
			winner = got[0]
		case got[1] != 409:
			t.Errorf("client %d got %d", got[0], got[1])
		}
	}
	if winner < 0 {
		t.Fatal("nobody claimed it")
	}
	who := []string{"reader1", "reader2"}[winner%2]
	if r := h.ups(who, "POST", item+fmt.Sprintf("?transaction-uid=1.7.%d", winner), `{}`); r.code != 200 {
		t.Errorf("the winner's transaction is not that of the claim: %d %s", r.code, r.body)
	}
}
