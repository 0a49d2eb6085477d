package api

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/internal/critical"
	"github.com/yuanzhen/yuanzhen/internal/demo"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/intake"
	"github.com/yuanzhen/yuanzhen/internal/reassign"
	"github.com/yuanzhen/yuanzhen/internal/recognition"
	"github.com/yuanzhen/yuanzhen/internal/upload"
	"github.com/yuanzhen/yuanzhen/internal/worklist"
)

// matrix is a hospital with one of every noun, of CLINIC1 and read in LEAD,
// and one account of every role in a member that has nothing to do with them.
type matrix struct {
	*hospital
	nouns map[string]string // by the word before it in a path
	own   map[hub.Role]string
}

func newMatrix(t *testing.T) *matrix {
	h := newHospital(t)
	h.s.Critical = &critical.Service{DB: h.s.DB, Rules: worklist.DefaultRules()}
	h.s.Uploads = upload.New(h.s.Intake, h.s.Work)
	h.s.Reassign = &reassign.Service{DB: h.s.DB, Work: h.s.Work, Orders: h.s.Orders}
	h.s.Recognition = &recognition.Service{DB: h.s.DB, Hash: h.s.Keys.IndexHash, Orders: h.s.Orders, Count: h.s.Metrics}
	must(t, h.s.DB.Tx(t.Context(), recognition.SeedCatalogue))
	m := &matrix{hospital: h, nouns: map[string]string{}, own: map[hub.Role]string{
		hub.Tech: "tech1", hub.Clinician: "clinician1", hub.Reader: "reader1", hub.Reviewer: "reviewer1", hub.Expert: "expert1", hub.Dispatcher: "dispatcher1",
		hub.QC: "qc1", hub.Admin: "admin", hub.SecAdmin: "secadmin", hub.Auditor: "auditor", hub.Regulator: "regulator"}}
	m.strangers()
	m.study()
	m.fill()
	return m
}

// strangers makes an account of every role elsewhere, "x-" and the role.
func (m *matrix) strangers() {
	m.t.Helper()
	elsewhere := &hub.Member{Code: "ELSEWHERE", Name: "外院"}
	must(m.t, m.s.Accounts.CreateMember(m.t.Context(), hub.System, elsewhere))
	for _, role := range hub.Roles {
		a := &hub.Account{Member: elsewhere.ID, Login: "x-" + string(role), Name: "外人", Role: role, Title: "232"}
		must(m.t, m.s.Accounts.CreateAccount(m.t.Context(), hub.System, a, ""))
		token, err := m.s.Accounts.MintToken(m.t.Context(), hub.System, a.ID, "test", 0)
		must(m.t, err)
		m.accounts[a.Login] = demo.Account{Login: a.Login, Token: token}
	}
}

func (m *matrix) study() {
	m.t.Helper()
	d := dicom.New()
	for tag, text := range map[dicom.Tag]string{dicom.SOPClassUID: "1.2.840.10008.5.1.4.1.1.1.1", dicom.SOPInstanceUID: "1.2.1.1", dicom.StudyInstanceUID: "1.2",
		dicom.SeriesInstanceUID: "1.2.1", dicom.PatientName: "Zhang^San", dicom.PatientID: "P1", dicom.Modality: "DX"} {
		d.SetText(tag, text)
	}
	var b bytes.Buffer
	must(m.t, dicom.Write(&b, d, dicom.ExplicitVRLittleEndian))
	actor, _, err := m.s.Accounts.Authenticate(m.t.Context(), m.accounts["tech1"].Token)
	must(m.t, err)
	_, err = m.s.Intake.Instance(m.t.Context(), intake.Source{Actor: actor, Via: "cstore"}, &b, dicom.ExplicitVRLittleEndian)
	must(m.t, err)
	m.nouns["studies"], m.nouns["series"], m.nouns["instances"], m.nouns["frames"] = "1.2", "1.2.1", "1.2.1.1", "1"
}

func (m *matrix) fill() {
	m.t.Helper()
	n := m.nouns
	trace := m.ecg("tech1", "normal", 1)
	n["recordings"], n["tasks"] = trace["id"].(string), trace["task"].(string)
	task := "/api/v1/tasks/" + n["tasks"]
	claimed := m.ok("reader1", "POST", task+"/claim", nil)
	report := m.ok("reader1", "PUT", task+"/report", map[string]any{"findings": "窦性心律", "impression": "正常心电图", "claim": claimed["claim"]})
	n["reports"] = report["id"].(string)
	n["verify"] = n["reports"]
	n["critical-values"] = m.ok("reader1", "POST", task+"/critical", map[string]any{"items": []string{"E01"}, "text": "ST抬高"})["id"].(string)
	other := m.ok("tech1", "POST", "/api/v1/orders", map[string]any{"patient_name": "王强", "sex": "M", "birth_date": "1970-01-01", "patient_id": "T99", "kind": "ecg",
		"modality": "ECG", "item_name": "十二导联心电图", "department": "内科", "doctor": "周建国", "purpose": "胸闷"})
	n["orders"] = other["id"].(string)
	n["inbox"] = n["tasks"]
	n["reassignments"] = m.ok("tech1", "POST", task+"/reassign", map[string]any{"order": other["id"], "reason": "选错"})["id"].(string)
	n["results"] = m.ok("tech1", "POST", "/api/v1/results", map[string]any{"patient_name": "张三", "patient_id": "P7", "sex": "M", "birth_date": "1980-01-01", "item": "CT-CHEST",
		"institution": "省人民医院", "impression": "正常", "signed_by": "王主任", "exam_at": "2026-01-02T03:04:05Z"})["report"].(string)
	n["quarantine"] = m.refused("tech1", "POST", "/api/v1/recordings", demo.TraceFile("normal", 2)[:3000], 422, "ecg.unreadable")["quarantine"].(string)
	n["batches"] = m.ok("tech1", "POST", "/api/v1/batches", map[string]any{"files": []map[string]any{{"path": "a.dcm", "size": 10, "sha256": strings.Repeat("0", 64)}}})["id"].(string)
	n["uploads"] = path.Base(m.tus("tech1", "POST", "/api/v1/uploads", nil, "Upload-Length", "1000").Header.Get("Location"))
	n["templates"] = m.ok("reader1", "POST", "/api/v1/templates", map[string]any{"name": "我的", "kind": "ecg", "findings": "窦性"})["id"].(string)
	n["phrases"] = m.ok("reader1", "POST", "/api/v1/phrases", map[string]any{"name": "短语", "kind": "ecg", "findings": "窦性"})["id"].(string)
	n["accounts"], n["members"], n["catalogue"] = "tech3", "CLINIC3", "DX-CHEST"
	n["devices"] = m.ok("admin", "POST", "/api/v1/devices", map[string]any{"ae_title": "DR1", "member": "CLINIC1"})["ae_title"].(string)
	n["routes"] = m.ok("admin", "POST", "/api/v1/routes", map[string]any{"name": "PACS", "member": "CLINIC1", "kind": "dicom", "address": "192.0.2.9", "port": 104, "called_ae": "PACS"})["id"].(string)
	n["agreements"] = items(m.ok("admin", "GET", "/api/v1/agreements", nil))[0]["id"].(string)
	m.ok("admin", "POST", "/api/v1/accounts/tech3/tokens", map[string]any{"name": "x"})
	n["tokens"] = items(m.ok("admin", "GET", "/api/v1/accounts/tech3/tokens", nil))[1]["id"].(string)
	n["bulkdata"] = "7FE00010"
	n["workitems"], n["subscribers"] = itemUID(hub.TaskID(n["tasks"])), "VIEWER"
}

var pathValue = regexp.MustCompile(`([\w-]+)/\{[\w.]+\}`)

// path fills a route's places with the nouns.
func (m *matrix) path(r Route) string {
	m.t.Helper()
	return pathValue.ReplaceAllStringFunc(r.Path, func(s string) string {
		word, _, _ := strings.Cut(s, "/")
		noun := m.nouns[word]
		if noun == "" && word != "dicom-web" {
			m.t.Fatalf("%s %s: the test has nothing for the place after %s", r.Method, r.Path, word)
		}
		return word + "/" + noun
	})
}

// call sends a request with a body that says next to nothing.
func (m *matrix) call(login string, r Route) (status int, text string) {
	m.t.Helper()
	req, err := http.NewRequest(r.Method, m.url+m.path(r), strings.NewReader(`{"reason":"test"}`))
	must(m.t, err)
	if login != "" {
		req.Header.Set("Authorization", "Bearer "+m.accounts[login].Token)
	}
	for name, value := range map[string]string{"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Upload-Length": "2", "Content-Type": "application/json"} {
		req.Header.Set(name, value)
	}
	if strings.HasPrefix(r.Path, "/api/v1/uploads") {
		req.Header.Set("Content-Type", "application/offset+octet-stream")
		req.Header.Set("X-HTTP-Method-Override", "PATCH")
	}
	resp, err := http.DefaultClient.Do(req)
	must(m.t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 500))
	must(m.t, err)
	return resp.StatusCode, string(body)
}

func name(r Route, login string) string { return fmt.Sprintf("%s %s as %q", r.Method, r.Path, login) }

// TestRoutesAreForThoseTheyNameOnly walks every route as nobody, as every role
// it does not name, and as strangers; nothing of that changes anything, so one
// hospital serves. Last it walks them as those it does name, with next to
// nothing in the request.
func TestRoutesAreForThoseTheyNameOnly(t *testing.T) {
	t.Parallel()
	m := newMatrix(t)
	m.noRouteAnswersWithoutALogin(t)
	m.roleThatIsNotListedIsRefused(t)
	m.strangerFindsNothingOfOthers(t)
	m.noRouteBreaksOnARequestThatLacksEverything(t)
}

func (m *matrix) noRouteAnswersWithoutALogin(t *testing.T) {
	for _, r := range m.s.Routes() {
		if r.Public {
			continue
		}
		if status, text := m.call("", r); status != http.StatusUnauthorized {
			t.Errorf("%s: %d %s", name(r, ""), status, text)
		}
	}
}

func (m *matrix) roleThatIsNotListedIsRefused(t *testing.T) {
	for _, r := range m.s.Routes() {
		if r.Public || r.Roles == nil {
			continue
		}
		for _, role := range hub.Roles {
			if slices.Contains(r.Roles, role) {
				continue
			}
			if status, text := m.call(m.own[role], r); status != http.StatusForbidden {
				t.Errorf("%s: %d %s", name(r, m.own[role]), status, text)
			}
		}
	}
}

// ownToAll are routes whose noun belongs to nobody in particular, or to
// everybody: what is refused there is refused by role (403), not by scope.
var ownToAll = map[string]bool{
	"POST /api/v1/agreements/{id}/end":       true, // the lead hospital's administrators only
	"PUT /api/v1/catalogue/{code}":           true,
	"DELETE /api/v1/alliance/templates/{id}": true,
	"POST /dicom-web/studies/{study}":        true, // stores under the own member
}

func (m *matrix) strangerFindsNothingOfOthers(t *testing.T) {
	for _, r := range m.s.Routes() {
		if r.Public || !strings.Contains(r.Path, "{") || ownToAll[r.Method+" "+r.Path] {
			continue
		}
		roles := r.Roles
		if roles == nil {
			roles = hub.Roles
		}
		for _, role := range roles {
			login := "x-" + string(role)
			status, text := m.call(login, r)
			empty := status == http.StatusNoContent || status == http.StatusOK && strings.TrimSpace(text) == "[]" // a search that finds nothing
			if status != http.StatusNotFound && !(empty && strings.HasPrefix(r.Path, "/dicom-web/")) {
				t.Errorf("%s: %d %s", name(r, login), status, text)
			}
		}
	}
}

func (m *matrix) noRouteBreaksOnARequestThatLacksEverything(t *testing.T) {
	for _, r := range m.s.Routes() {
		roles := r.Roles
		switch {
		case r.Public:
			roles = []hub.Role{""}
		case roles == nil:
			roles = hub.Roles
		}
		for _, role := range roles {
			login := m.own[role]
			if status, text := m.call(login, r); status >= 500 && r.Path != "/readyz" || status == http.StatusUnauthorized && !r.Public {
				t.Errorf("%s: %d %s", name(r, login), status, text)
			}
			if r.Method == "DELETE" && r.Path == "/api/v1/session" {
				m.again(login)
			}
		}
	}
}

// again gives an account that logged out another token.
func (m *matrix) again(login string) {
	m.t.Helper()
	a, err := m.s.DB.Read(m.t.Context()).AccountByLogin(login)
	must(m.t, err)
	token, err := m.s.Accounts.MintToken(m.t.Context(), hub.System, a.ID, "again", 0)
	must(m.t, err)
	m.accounts[login] = demo.Account{Login: login, Token: token}
}
