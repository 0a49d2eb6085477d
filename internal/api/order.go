package api

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/worklist"
)

var orderMessages = messages{
	"order.being_read": {"该申请已进入诊断，不能再修改。如有错误请联系诊断中心。", "This order is being read and can no longer be changed. Tell the reading centre."},
}

func (s *Server) orderRoutes() []Route {
	return []Route{
		{Method: "POST", Path: "/api/v1/orders", Roles: clinic, Do: s.createOrder},
		{Method: "GET", Path: "/api/v1/orders/{id}", Roles: clinic, Do: s.getOrder},
		{Method: "PATCH", Path: "/api/v1/orders/{id}", Roles: clinic, Do: s.changeOrder},
		{Method: "POST", Path: "/api/v1/orders/search", Roles: clinic, Do: s.searchOrders},
		{Method: "POST", Path: "/api/v1/orders/{id}/cancel", Roles: clinic, Do: s.cancelOrder},
		{Method: "GET", Path: "/api/v1/items", Roles: clinical, Do: s.items},
		{Method: "GET", Path: "/api/v1/tasks/{id}/priors", Roles: clinical, Do: s.priors},
	}
}

func (s *Server) createOrder(c *Call) (any, error) {
	in := struct {
		hub.Order
		otherNames
		Decisions []hub.Decision `json:"decisions"`
		Consent   bool           `json:"consent"`
	}{Order: hub.Order{Priority: 3}}
	if err := c.JSON(&in); err != nil {
		return nil, err
	}
	in.fill(&in.Order)
	if in.Consent && in.ConsentAt.IsZero() {
		in.ConsentAt = time.Now().UTC()
	}
	if instead, err := s.Recognition.Decide(c.Context(), c.Actor, in.Order, in.Decisions); instead != nil || err != nil {
		return instead, err
	}
	made, err := s.Orders.Create(c.Context(), c.Actor, in.Order, in.Decisions)
	if err != nil {
		return nil, err
	}
	return Status{http.StatusCreated, made}, nil
}

// otherNames are the words of the domain rules, section 2, where they differ
// from this API's, so that a machine written from those is understood.
type otherNames struct {
	VisitType       string `json:"visit_type"`
	OrderingDoctor  string `json:"ordering_doctor"`
	ExamItem        string `json:"exam_item"`
	ExamItemCode    string `json:"exam_item_code"`
	ClinicalHistory string `json:"clinical_history"`
	ExamPurpose     string `json:"exam_purpose"`
}

// visits are the codes of the visit types in the rules' own language.
var visits = map[hub.Visit]hub.Visit{"门诊": hub.Outpatient, "急诊": hub.Emergency, "住院": hub.Inpatient, "体检": hub.HealthCheck, "checkup": hub.HealthCheck}

// fill sets what o does not say itself.
func (n *otherNames) fill(o *hub.Order) {
	o.Visit = cmp.Or(o.Visit, hub.Visit(n.VisitType))
	o.Visit = cmp.Or(visits[o.Visit], o.Visit)
	o.Doctor = cmp.Or(o.Doctor, n.OrderingDoctor)
	o.Item = cmp.Or(o.Item, n.ExamItemCode, n.ExamItem)
	o.History, o.Purpose = cmp.Or(o.History, n.ClinicalHistory), cmp.Or(o.Purpose, n.ExamPurpose)
}

func (s *Server) getOrder(c *Call) (any, error) {
	return s.Orders.Get(c.Context(), c.Actor, hub.OrderID(c.PathValue("id")))
}

// changeOrder lays the given fields over the order as it is.
func (s *Server) changeOrder(c *Call) (any, error) {
	var given json.RawMessage
	if err := c.JSON(&given); err != nil {
		return nil, err
	}
	return s.Orders.Complete(c.Context(), c.Actor, hub.OrderID(c.PathValue("id")), func(o *hub.Order) error {
		kept := *o
		if err := json.Unmarshal(given, o); err != nil {
			return hub.Wrap(hub.Invalid, "api.changeOrder", "request.json", err)
		}
		o.ID, o.Member, o.Accession, o.Origin, o.CreatedAt, o.Cancelled = kept.ID, kept.Member, kept.Accession, kept.Origin, kept.CreatedAt, kept.Cancelled
		return nil
	})
}

// OrderView is an order in a list, with the state of its task.
type OrderView struct {
	*hub.Order
	Task *worklist.View `json:"task"`
}

const (
	ordersShown = 200
	ordersBack  = 30 * 24 * time.Hour
)

// searchOrders lists the clinic's own orders, newest first. The text is a
// part of the name, or the end of the patient ID or accession number; it
// comes in the body because it names people.
func (s *Server) searchOrders(c *Call) (any, error) {
	var in struct {
		Text string    `json:"text"`
		From time.Time `json:"from"`
	}
	if c.ContentLength != 0 {
		if err := c.JSON(&in); err != nil {
			return nil, err
		}
	}
	tx := c.Read()
	from := in.From
	if from.IsZero() {
		from = tx.Now().Add(-ordersBack)
	}
	list, err := tx.OrdersSince(c.Actor.Member, from, 2000)
	if err != nil {
		return nil, err
	}
	items := []OrderView{}
	for _, o := range list {
		if !matches(o, in.Text) {
			continue
		}
		v, err := orderView(tx, o)
		if err != nil {
			return nil, err
		}
		if items = append(items, v); len(items) == ordersShown {
			break
		}
	}
	return map[string]any{"items": items}, nil
}

func matches(o *hub.Order, text string) bool {
	text = strings.ToUpper(strings.TrimSpace(text))
	return text == "" || strings.Contains(strings.ToUpper(o.PatientName), text) || strings.HasSuffix(strings.ToUpper(o.Accession), text) ||
		strings.HasSuffix(strings.ToUpper(o.LocalID), text)
}

func orderView(tx *db.Tx, o *hub.Order) (OrderView, error) {
	v := OrderView{Order: o}
	tasks, err := tx.TasksOfOrder(o.ID)
	if err != nil || len(tasks) == 0 {
		return v, err
	}
	v.Task, err = worklist.Render(tx, tasks[0])
	return v, err
}

func (s *Server) cancelOrder(c *Call) (any, error) {
	var p worklist.Params
	if err := c.JSON(&p); err != nil {
		return nil, err
	}
	tx := c.Read()
	o, err := tx.Order(hub.OrderID(c.PathValue("id")))
	if err != nil {
		return nil, err
	}
	if o.Member != c.Actor.Member {
		return nil, outside("api.cancelOrder")
	}
	tasks, err := tx.TasksOfOrder(o.ID)
	if err != nil {
		return nil, err
	}
	if len(tasks) == 0 {
		return nil, outside("api.cancelOrder")
	}
	return s.Work.Do(c.Context(), c.Actor, tasks[0].ID, worklist.Cancel, p)
}

// items are the exams that can be ordered.
func (s *Server) items(c *Call) (any, error) {
	list, err := c.Read().Catalogue()
	items := []*hub.CatalogueItem{}
	for _, i := range list {
		if i.Active {
			items = append(items, i)
		}
	}
	return map[string]any{"items": items}, err
}

// Prior is an earlier exam of the same person.
type Prior struct {
	Task       hub.TaskID      `json:"task"`
	StudyUID   string          `json:"study_uid"`
	Recording  hub.RecordingID `json:"recording"`
	Report     hub.ReportID    `json:"report"`
	ExamAt     *time.Time      `json:"exam_at"`
	Kind       hub.TaskKind    `json:"kind"`
	Modality   string          `json:"modality"`
	BodyPart   string          `json:"body_part"`
	Item       string          `json:"item"`
	ItemName   string          `json:"item_name"`
	Member     string          `json:"member"`
	MemberName string          `json:"member_name"`
	Impression string          `json:"impression"`
	State      hub.State       `json:"state"`
}

const priorsMost = 100

// priors lists what else is known of a task's person: of the same patient and
// of those linked to one person, newest first.
func (s *Server) priors(c *Call) (any, error) {
	tx := c.Read()
	t, err := task(tx, c.Actor, hub.TaskID(c.PathValue("id")))
	if err != nil {
		return nil, err
	}
	o, err := tx.Order(t.Order)
	if err != nil {
		return nil, err
	}
	ids, err := samePerson(tx, o.Patient)
	if err != nil {
		return nil, err
	}
	list, err := tx.Tasks(db.TaskFilter{Patients: ids, Limit: priorsMost})
	if err != nil {
		return nil, err
	}
	items := []Prior{}
	for _, other := range list {
		if other.ID == t.ID || other.Study == "" && other.Recording == "" || other.State == hub.Cancelled || other.State == hub.Void {
			continue
		}
		p, err := prior(tx, other)
		if err != nil {
			return nil, err
		}
		items = append(items, p)
	}
	slices.SortStableFunc(items, func(a, b Prior) int { return b.ExamAt.Compare(*a.ExamAt) })
	imported, err := importedPriors(tx, ids)
	return map[string]any{"items": append(items, imported...)}, err
}

func prior(tx *db.Tx, t *hub.Task) (Prior, error) {
	v, err := worklist.Render(tx, t)
	if err != nil {
		return Prior{}, err
	}
	p := Prior{Task: t.ID, StudyUID: v.Study, Recording: t.Recording, ExamAt: v.TExam, Kind: t.Kind, Modality: t.Modality, BodyPart: v.BodyPart, Item: v.Item,
		ItemName: v.ItemName, Member: v.Member, MemberName: v.MemberName, State: t.State}
	if p.ExamAt == nil {
		p.ExamAt = v.CreatedAt
	}
	if t.Report == "" {
		return p, nil
	}
	versions, err := tx.ReportVersions(t.Report)
	for _, r := range versions {
		if r.State == hub.ReportIssued || r.State == hub.ReportPreliminary {
			p.Report, p.Impression = r.ID, r.Impression
		}
	}
	return p, err
}

// samePerson returns the patients that are one person with the given one.
func samePerson(tx *db.Tx, id hub.PatientID) ([]hub.PatientID, error) {
	p, err := tx.Patient(id)
	if err != nil {
		return nil, err
	}
	ids := []hub.PatientID{id}
	if p.Person == "" {
		return ids, nil
	}
	linked, err := tx.PatientsOf(p.Person)
	for _, other := range linked {
		if other.ID != id {
			ids = append(ids, other.ID)
		}
	}
	return ids, err
}

// importedPriors are results reported elsewhere.
func importedPriors(tx *db.Tx, ids []hub.PatientID) ([]Prior, error) {
	list, err := tx.ResultsOfPatients(ids, "")
	out := []Prior{}
	for _, r := range list {
		if r.Imported == "" || r.Void {
			continue
		}
		var told struct {
			Institution string `json:"institution"`
			Impression  string `json:"impression"`
			ItemName    string `json:"item_name"`
		}
		if err := json.Unmarshal([]byte(r.Imported), &told); err != nil {
			return nil, err
		}
		out = append(out, Prior{Report: r.Report, ExamAt: &r.ExamAt, Kind: r.Kind, Item: r.Item, ItemName: told.ItemName, MemberName: told.Institution, Impression: told.Impression})
	}
	return out, err
}
