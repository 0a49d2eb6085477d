package api

import (
	"context"
	"encoding/json"
	"html/template"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/report"
	"github.com/yuanzhen/yuanzhen/internal/worklist"
)

var writing = []hub.Role{hub.Reader, hub.Reviewer}

func (s *Server) reportRoutes() []Route {
	return []Route{
		{Method: "PUT", Path: "/api/v1/tasks/{id}/report", Roles: writing, Do: s.putReport},
		{Method: "POST", Path: "/api/v1/tasks/{id}/addendum", Roles: writing, Do: s.addAddendum},
		{Method: "GET", Path: "/api/v1/reports/{id}", Roles: clinical, Do: s.getReport},
		{Method: "GET", Path: "/api/v1/reports/{id}/versions", Roles: clinical, Do: s.reportVersions},
		{Method: "GET", Path: "/api/v1/reports/{id}/diff", Roles: reading, Do: s.reportDiff},
		{Method: "GET", Path: "/api/v1/reports/{id}/report.pdf", Roles: clinical, Raw: s.reportPDF},
		{Method: "GET", Path: "/api/v1/templates", Roles: reading, Do: s.templates(false)},
		{Method: "POST", Path: "/api/v1/templates", Roles: reading, Do: s.addTemplate(false)},
		{Method: "DELETE", Path: "/api/v1/templates/{id}", Roles: reading, Do: s.removeTemplate},
		{Method: "GET", Path: "/api/v1/phrases", Roles: reading, Do: s.templates(true)},
		{Method: "POST", Path: "/api/v1/phrases", Roles: reading, Do: s.addTemplate(true)},
		{Method: "DELETE", Path: "/api/v1/phrases/{id}", Roles: reading, Do: s.removeTemplate},
		{Method: "GET", Path: "/verify/{report}", Public: true, Raw: s.verifyReport},
	}
}

// reportActions are the steps of a report among the actions on a task.
func (s *Server) reportActions() []action {
	plain := func(name string, roles []hub.Role, do func(context.Context, hub.Actor, hub.TaskID) (*worklist.View, error)) action {
		return action{name, roles, func(c *Call, id hub.TaskID, _ worklist.Params) (any, error) { return do(c.Context(), c.Actor, id) }}
	}
	reasoned := func(name string, roles []hub.Role, do func(context.Context, hub.Actor, hub.TaskID, string) (*worklist.View, error)) action {
		return action{name, roles, func(c *Call, id hub.TaskID, p worklist.Params) (any, error) {
			return do(c.Context(), c.Actor, id, p.Reason)
		}}
	}
	r := s.Reports
	return []action{
		plain("recall", writing, r.Recall),
		plain("approve", writing, r.Approve),
		plain("sign", writing, r.Sign),
		plain("preliminary", writing, r.Preliminary),
		reasoned("reject", []hub.Role{hub.Reviewer}, r.Reject),
		reasoned("revise", writing, r.Revise),
		// A reviewer asks for it, quality control confirms or refuses.
		reasoned("void", []hub.Role{hub.Reviewer, hub.QC}, func(ctx context.Context, a hub.Actor, id hub.TaskID, reason string) (*worklist.View, error) {
			if a.Role == hub.QC {
				return r.ConfirmVoid(ctx, a, id, reason)
			}
			return r.AskVoid(ctx, a, id, reason)
		}),
		reasoned("void_refuse", []hub.Role{hub.QC}, r.RefuseVoid),
	}
}

func (s *Server) putReport(c *Call) (any, error) {
	var in struct {
		report.Draft
		Claim *int64 `json:"claim"`
	}
	if err := c.JSON(&in); err != nil {
		return nil, err
	}
	d := in.Draft
	if in.Claim != nil {
		d.Claim = *in.Claim
		if d.Claim == 0 {
			d.Claim = -1 // a page from before the first claim is stale; only a client that names none is not checked
		}
	}
	t, err := task(c.Read(), c.Actor, hub.TaskID(c.PathValue("id")))
	if err != nil {
		return nil, err
	}
	return s.Reports.Put(c.Context(), c.Actor, t.ID, d)
}

func (s *Server) addAddendum(c *Call) (any, error) {
	var in struct {
		Text string `json:"text"`
	}
	if err := c.JSON(&in); err != nil {
		return nil, err
	}
	t, err := task(c.Read(), c.Actor, hub.TaskID(c.PathValue("id")))
	if err != nil {
		return nil, err
	}
	return s.Reports.Add(c.Context(), c.Actor, t.ID, in.Text)
}

// reported returns the task of a report in the caller's scope, and how much of
// the report the caller sees: drafts in the reading centre only; of a prior
// read elsewhere, or a case the own centre handed up, what was signed.
func reported(tx *db.Tx, a hub.Actor, id hub.ReportID) (*hub.Task, report.Sight, error) {
	t, err := tx.TaskOfReport(id)
	if err != nil {
		return nil, report.Signed, err
	}
	if seesTask(a, t) {
		if isReading(a.Role) {
			return t, report.All, nil
		}
		return t, report.Signed, nil
	}
	if follows(a, t) {
		return t, report.Signed, nil
	}
	o, err := tx.Order(t.Order)
	if err != nil {
		return nil, report.Signed, err
	}
	prior, err := seesPatientOf(tx, a, o.Patient)
	if err == nil && !prior {
		prior, err = seesShared(tx, a, o.Patient, func(r *db.Result) bool { return r.Report == id })
	}
	if err == nil && !prior {
		err = outside("api.reported")
	}
	return t, report.Signed, err
}

func versionOf(c *Call) (int, error) {
	text := c.URL.Query().Get("version")
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, hub.Field("api.report", "version", "want a number from 1")
	}
	return n, nil
}

func (s *Server) getReport(c *Call) (any, error) {
	version, err := versionOf(c)
	if err != nil {
		return nil, err
	}
	t, sight, err := reported(c.Read(), c.Actor, hub.ReportID(c.PathValue("id")))
	if err != nil {
		return nil, err
	}
	return s.Reports.Get(c.Context(), c.Actor, t, sight, version)
}

func (s *Server) reportVersions(c *Call) (any, error) {
	t, sight, err := reported(c.Read(), c.Actor, hub.ReportID(c.PathValue("id")))
	if err != nil {
		return nil, err
	}
	items, err := s.Reports.Versions(c.Context(), t, sight)
	return map[string]any{"items": items}, err
}

// reportDiff shows a writer what the reviewer made of the text.
func (s *Server) reportDiff(c *Call) (any, error) {
	version, err := versionOf(c)
	if err != nil {
		return nil, err
	}
	t, sight, err := reported(c.Read(), c.Actor, hub.ReportID(c.PathValue("id")))
	if err != nil {
		return nil, err
	}
	v, err := s.Reports.Get(c.Context(), c.Actor, t, sight, version)
	if err != nil {
		return nil, err
	}
	return map[string]any{"version": v.Version, "items": v.Diff}, nil
}

func (s *Server) reportPDF(c *Call) error {
	version, err := versionOf(c)
	if err != nil {
		return err
	}
	t, _, err := reported(c.Read(), c.Actor, hub.ReportID(c.PathValue("id")))
	if err != nil {
		return err
	}
	body, err := s.Reports.Print(c.Context(), c.Actor, t, version)
	if err != nil {
		return err
	}
	defer body.Close()
	h := c.W.Header()
	h.Set("Content-Type", "application/pdf")
	h.Set("Content-Disposition", `inline; filename="report-`+string(t.Report)+`.pdf"`)
	h.Set("Cache-Control", "no-store")
	if _, err := io.Copy(c.W, body); err != nil {
		s.Log.Error("report.pdf: broke off", "report", t.Report, "error", err)
		panic(http.ErrAbortHandler) // the client must not take half for the whole
	}
	return nil
}

func (s *Server) templates(phrases bool) func(*Call) (any, error) {
	return func(c *Call) (any, error) {
		q := c.URL.Query()
		items, err := s.Reports.Templates(c.Context(), c.Actor, phrases, hub.TaskKind(q.Get("kind")), q.Get("modality"))
		return map[string]any{"items": items}, err
	}
}

func (s *Server) addTemplate(phrase bool) func(*Call) (any, error) {
	return func(c *Call) (any, error) {
		var t hub.Template
		if err := c.JSON(&t); err != nil {
			return nil, err
		}
		t.Phrase = phrase
		made, err := s.Reports.AddTemplate(c.Context(), c.Actor, t)
		if err != nil {
			return nil, err
		}
		return Status{http.StatusCreated, made}, nil
	}
}

func (s *Server) removeTemplate(c *Call) (any, error) {
	return nil, s.Reports.RemoveTemplate(c.Context(), c.Actor, c.PathValue("id"))
}

// verifyReport answers whoever scanned a printed report's code: JSON for
// programs, a page for people.
func (s *Server) verifyReport(c *Call) error {
	v, err := s.Reports.Verify(c.Context(), hub.ReportID(c.PathValue("report")), c.URL.Query().Get("h"))
	if err != nil {
		return err
	}
	c.W.Header().Set("Cache-Control", "no-store")
	if strings.Contains(c.Header.Get("Accept"), "application/json") {
		c.W.Header().Set("Content-Type", "application/json; charset=utf-8")
		return json.NewEncoder(c.W).Encode(v)
	}
	c.W.Header().Set("Content-Type", "text/html; charset=utf-8")
	c.W.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	return verdictPage.Execute(c.W, map[string]any{"V": v, "State": verdictWords[v.State], "At": chinaMinute(v.SignedAt)})
}

var verdictWords = map[string]string{"issued": "有效的正式报告", "preliminary": "临时报告，以正式报告为准", "superseded": "已有更正版本，请以新版为准", "void": "已作废，不得使用"}

var verdictPage = template.Must(template.New("verify").Parse(`<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>报告验证</title>
<style>body{font:18px/1.7 system-ui,"Microsoft YaHei","Noto Sans SC",sans-serif;max-width:34em;margin:2em auto;padding:0 1em;color:#1b1f24}
h1{font-size:1.3em}.good{color:#1a7f37}.bad{color:#c2251d}dt{color:#57606a}dd{margin:0 0 .5em;overflow-wrap:anywhere}</style></head><body>
{{if .V.Genuine}}<h1 class="{{if or (eq .V.State "issued") (eq .V.State "preliminary")}}good{{else}}bad{{end}}">报告真实：{{.State}}</h1>
<dl><dt>患者</dt><dd>{{.V.Patient}}</dd><dt>检查项目</dt><dd>{{.V.Item}}</dd><dt>检查单位</dt><dd>{{.V.Member}}</dd><dt>诊断单位（远程诊断）</dt><dd>{{.V.Centre}}</dd>
<dt>签发时间</dt><dd>{{.At}}</dd><dt>版本</dt><dd>{{.V.Version}}</dd><dt>内容摘要 SHA-256</dt><dd>{{.V.Hash}}</dd></dl>
<p>请核对以上内容与纸质报告是否一致。</p>
{{else}}<h1 class="bad">未能验证</h1><p>该报告不是由本系统签发，或内容已被改动。请向诊断单位核实。</p>{{end}}</body></html>
`))

var reportMessages = messages{
	"report.empty":              {"诊断意见为空，尚未送出。请填写后再提交。", "The impression is empty, so nothing was sent. Fill it in and try again."},
	"report.residue":            {"文字中还有未填写的模板内容“{word}”，尚未送出。请改正后再提交。", "The text still holds a part of the template to fill in, {word}; nothing was sent. Correct it and try again."},
	"report.side":               {"申请的是另一侧，文中只写了“{word}”侧，请核对。", "The order is for the other side; the text only names “{word}”. Please check."},
	"report.sex":                {"文中的“{word}”与患者性别不符，请核对。", "“{word}” in the text does not fit the patient's sex. Please check."},
	"report.part":               {"文中的“{word}”与申请部位不符，请核对。", "“{word}” in the text is not of the body part ordered. Please check."},
	"report.patient":            {"文中的患者姓名与申请单不一致，请核对。", "The patient named in the text differs from the order. Please check."},
	"report.positive":           {"已标为阳性，但诊断意见未见异常，请核对。", "Marked positive, yet the impression says nothing was found. Please check."},
	"report.critical":           {"文中提到“{word}”，但未标危急值，请核对。", "The text names “{word}”, but no critical value is flagged. Please check."},
	"report.same_doctor":        {"书写医师不能审核自己的报告，请由另一位医师审核。报告已保留。", "The writer may not approve the own report; another doctor must. It is kept."},
	"report.sign_alone":         {"您没有直接签发该类报告的权限，请提交审核。报告已保留。", "You may not issue this kind of report alone; send it for review. It is kept."},
	"report.title":              {"签发正式报告须由主治及以上医师进行。报告已保留，可发临时报告或提交审核。", "A formal report is issued by an attending doctor or higher. It is kept; send it for review."},
	"report.not_emergency":      {"只有绿色通道和急诊任务可以发临时报告，请提交审核。", "Only green-channel and emergency tasks have preliminary reports; send it for review."},
	"report.formal_exists":      {"正式报告已签发，不能再发临时报告。请提交审核。", "A formal report is out already; send the revision for review."},
	"report.opened":             {"审核医师已打开该报告，不能撤回。请联系审核医师退回修改。", "A reviewer has opened the report, so it cannot be recalled. Ask the reviewer to send it back."},
	"report.in_review":          {"{holder_name} 正在审核修改该报告，内容未写入。请稍后再试。", "{holder_name} is reviewing and editing this report; nothing was written. Try again later."},
	"report.changing":           {"资料或文字正在变化，未能签名，报告已保留。请核对后重试。", "Objects or text kept changing, so nothing was signed. It is kept; check and try again."},
	"report.void":               {"该报告已作废，不能打印。", "This report is void and is not printed."},
	"report.no_font":            {"系统缺少报告字体，暂不能签发；报告已保留。请管理员执行 make build 后重试。", "The report font is not built in, so nothing can be signed; the text is kept. Ask the administrator to run make build."},
	"report.too_many_templates": {"个人模板或短语已达 {most} 条，请先删除不用的。", "You have {most} of your own already; remove some first."},
}
