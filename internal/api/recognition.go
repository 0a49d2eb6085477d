package api

import (
	"net/http"
	"slices"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/recognition"
)

var recognitionMessages = messages{
	"recognition.decision_required": {"该患者已有可互认的结果，尚未开单。请逐项选择予以互认，或说明不予互认的理由并告知患者。", "Results of this patient exist that can be recognised, so no order was made yet. Recognise each, or give the reason why not and tell the patient."},
	"recognition.recognised":        {"该检查已予互认，无需重新开单。", "This exam's result is recognised: no order is needed."},
	"recognition.not_eligible":      {"所选结果当前不能互认，未作记录。请刷新后重新选择。", "The chosen result cannot be recognised now; nothing was recorded. Look it up again."},
	"recognition.nothing":           {"没有选择予以互认的结果。不予互认请随申请单一并提交。", "No result was recognised. Send what you decline together with the order."},
	"result.being_read":             {"该检查已进入诊断，不能作为外院结果导入。", "This study is being read here, so its result cannot be imported."},
	"result.exists":                 {"该检查号的结果已导入过，未重复保存。", "A result under this accession number was imported before; nothing was stored."},

	"recognition.cause." + recognition.NotInCatalogue: {"项目不在互认目录内", "not in the catalogue of recognised items"},
	"recognition.cause." + recognition.Voided:         {"报告已作废或待作废", "the report is void, or about to be"},
	"recognition.cause." + recognition.NoMark:         {"检查时该单位无有效互认标识", "no valid recognition mark at the time of the exam"},
	"recognition.cause." + recognition.ScopeTooSmall:  {"互认范围不含本单位", "the scope does not reach your institution"},
	"recognition.cause." + recognition.LowGrade:       {"图像质量未达要求", "image quality below the required grade"},
	"recognition.cause." + recognition.OutOfDate:      {"超过互认有效期", "older than the validity of the item"},
	"recognition.cause." + recognition.ObjectsGone:    {"影像或波形无法调阅", "its images or tracing cannot be shown"},
}

func (s *Server) recognitionRoutes() []Route {
	return []Route{
		{Method: "POST", Path: "/api/v1/recognition/candidates", Roles: clinic, Do: s.candidates},
		{Method: "GET", Path: "/api/v1/recognition/items", Roles: slices.Concat(clinical, managing), Do: s.recognitionItems},
		{Method: "POST", Path: "/api/v1/recognition/decisions", Roles: []hub.Role{hub.Clinician}, Do: s.decide},
		{Method: "GET", Path: "/api/v1/recognition/summary", Roles: append(slices.Clone(clinical), hub.Regulator), Do: s.recognitionSummary},
		{Method: "POST", Path: "/api/v1/results", Roles: clinic, Do: s.importResult},
		{Method: "GET", Path: "/api/v1/results/{id}", Roles: clinical, Do: s.result},
	}
}

// CandidateView is a candidate with the sentence of its cause.
type CandidateView struct {
	recognition.Candidate
	CauseText string `json:"cause_text"`
}

// candidates is the check before an order is written.
func (s *Server) candidates(c *Call) (any, error) {
	var w recognition.Wanted
	if err := c.JSON(&w); err != nil {
		return nil, err
	}
	list, err := s.Recognition.Lookup(c.Context(), c.Actor, w)
	if err != nil {
		return nil, err
	}
	items := []CandidateView{}
	for _, found := range list {
		v := CandidateView{Candidate: found}
		if found.Cause != "" {
			v.CauseText = sentence(language(c.Request), "recognition.cause."+found.Cause, nil)
		}
		items = append(items, v)
	}
	return map[string]any{"items": items}, nil
}

// RecognisedItem is an item of the catalogue with the mark the caller's
// institution holds for it now.
type RecognisedItem struct {
	*hub.CatalogueItem
	Mark string `json:"mark"`
}

func (s *Server) recognitionItems(c *Call) (any, error) {
	tx := c.Read()
	list, err := tx.Catalogue()
	if err != nil {
		return nil, err
	}
	items := []RecognisedItem{}
	for _, item := range list {
		if !item.Active || item.Days == 0 {
			continue
		}
		v := RecognisedItem{CatalogueItem: item}
		mark, err := recognition.MarkFor(tx, c.Actor.Member, item.Code, tx.Now())
		if err != nil {
			return nil, err
		}
		if mark != nil {
			v.Mark = mark.Label
		}
		items = append(items, v)
	}
	return map[string]any{"items": items}, nil
}

// decide stores that results are recognised, so that no order is made.
func (s *Server) decide(c *Call) (any, error) {
	var in struct {
		recognition.Wanted
		Decisions []hub.Decision `json:"decisions"`
	}
	if err := c.JSON(&in); err != nil {
		return nil, err
	}
	o := hub.Order{IDNumber: in.IDNumber, LocalID: in.LocalID, Item: in.Item}
	out, err := s.Recognition.Decide(c.Context(), c.Actor, o, in.Decisions)
	if err == nil && out == nil {
		return nil, hub.E(hub.Invalid, "api.decide", "recognition.nothing")
	}
	return out, err
}

// summaryBack is how far a summary looks back when it is not told.
const summaryBack = 30 * 24 * time.Hour

// recognitionSummary counts decisions: the own institution's for a clinic,
// the alliance's for a centre and the regulator. It names nobody.
func (s *Server) recognitionSummary(c *Call) (any, error) {
	tx := c.Read()
	from := tx.Now().Add(-summaryBack)
	if text := c.URL.Query().Get("from"); text != "" {
		day, err := time.ParseInLocation("2006-01-02", text, time.FixedZone("CST", 8*3600))
		if err != nil {
			return nil, hub.Field("api.recognitionSummary", "from", "want YYYY-MM-DD")
		}
		from = day
	}
	var member hub.MemberID
	if isClinic(c.Actor.Role) {
		member = c.Actor.Member
	}
	stats, err := tx.DecisionStats(member, from)
	if err != nil {
		return nil, err
	}
	return summary(from, stats), nil
}

// Summary is what recognition came to in a time.
type Summary struct {
	From       time.Time         `json:"from"`
	Recognised int               `json:"recognised"`
	Declined   int               `json:"declined"`
	Explained  int               `json:"explained"` // of the declined
	Saved      float64           `json:"saved"`     // yuan
	Reasons    map[string]int    `json:"reasons"`
	Lines      []db.DecisionStat `json:"lines"`
}

func summary(from time.Time, stats []db.DecisionStat) Summary {
	out := Summary{From: from.UTC(), Reasons: map[string]int{}, Lines: stats}
	for _, st := range stats {
		out.Saved += st.Saved
		if st.Decision == "recognise" {
			out.Recognised += st.Count
			continue
		}
		out.Declined += st.Count
		out.Reasons[st.Reason] += st.Count
		if st.Explained {
			out.Explained += st.Count
		}
	}
	return out
}

// importResult takes a result that was read and signed elsewhere.
func (s *Server) importResult(c *Call) (any, error) {
	in := recognition.Import{Order: hub.Order{Priority: 3}}
	if err := c.JSON(&in); err != nil {
		return nil, err
	}
	made, err := s.Recognition.Import(c.Context(), c.Actor, in)
	if err != nil {
		return nil, err
	}
	return Status{http.StatusCreated, made}, nil
}

// result shows one result: the own institution's, or a prior of a patient who
// is read here.
func (s *Server) result(c *Call) (any, error) {
	tx := c.Read()
	found, member, patient, err := recognition.Show(tx, hub.ReportID(c.PathValue("id")))
	if err != nil {
		return nil, err
	}
	sees := isClinic(c.Actor.Role) && member == c.Actor.Member
	if !sees {
		if sees, err = seesPatientOf(tx, c.Actor, patient); err != nil {
			return nil, err
		}
	}
	if !sees {
		return nil, outside("api.result")
	}
	return found, nil
}
