package reassign

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/order"
	"github.com/yuanzhen/yuanzhen/internal/worklist"
)

// Service matches and re-assigns.
type Service struct {
	DB     *db.DB
	Work   *worklist.Service
	Orders *order.Service
}

const (
	inboxMost      = 200
	ordersMost     = 500
	ordersBack     = 7 * 24 * time.Hour
	suggestionMost = 5
	scoreLeast     = 30 // below it a suggestion misleads more than it helps
)

// Item is what waits in a clinic's inbox.
type Item struct {
	Task        *worklist.View `json:"task"`
	Suggestions []Suggestion   `json:"suggestions"`
}

// Suggestion is an order that the objects may belong to.
type Suggestion struct {
	Order       hub.OrderID `json:"order"`
	Task        hub.TaskID  `json:"task"`
	Accession   string      `json:"accession"`
	PatientName string      `json:"patient_name"`
	PatientID   string      `json:"patient_id"`
	Sex         string      `json:"sex"`
	BirthDate   string      `json:"birth_date"`
	ItemName    string      `json:"item_name"`
	Score       int         `json:"score"` // 0 to 100
	Why         []string    `json:"why"`   // what agrees, and with a suffix _differs what does not
}

// Inbox lists a clinic's objects that wait for a person: no trusted device
// submits them, or a mismatch or a missing agreement holds them up. Each comes
// with the best matching of the orders that still wait for pictures.
func (s *Service) Inbox(ctx context.Context, member hub.MemberID) ([]*Item, error) {
	tx := s.DB.Read(ctx)
	tasks, err := tx.Tasks(db.TaskFilter{Member: member, States: []hub.State{hub.Uploading}, Limit: inboxMost})
	if err != nil {
		return nil, err
	}
	items := []*Item{}
	var open []waiting
	for _, t := range tasks {
		if t.AutoSubmit && !t.SettleAt.IsZero() && !contradicted(t) {
			continue // still arriving, or submitted in a moment
		}
		if open == nil {
			if open, err = waitingOrders(tx, member); err != nil {
				return nil, err
			}
		}
		v, err := worklist.Render(tx, t)
		if err != nil {
			return nil, err
		}
		item := &Item{Task: v, Suggestions: []Suggestion{}}
		if v.Origin != "entered" || contradicted(t) {
			if item.Suggestions, err = suggest(tx, t, open); err != nil {
				return nil, err
			}
		}
		items = append(items, item)
	}
	return items, nil
}

func contradicted(t *hub.Task) bool {
	for _, w := range t.Warnings {
		if w.Code == "identity.mismatch" && w.Values["reason"] == "" {
			return true
		}
	}
	return false
}

// waiting is an order that waits for pictures.
type waiting struct {
	order *hub.Order
	task  hub.TaskID
}

func waitingOrders(tx *db.Tx, member hub.MemberID) ([]waiting, error) {
	drafts, err := tx.Tasks(db.TaskFilter{Member: member, States: []hub.State{hub.Draft}, Limit: ordersMost})
	if err != nil {
		return nil, err
	}
	since := tx.Now().Add(-ordersBack)
	out := []waiting{}
	for _, t := range drafts {
		if t.CreatedAt.Before(since) || t.Study != "" || t.Recording != "" {
			continue
		}
		o, err := tx.Order(t.Order)
		if err != nil {
			return nil, err
		}
		if o.Origin == "entered" && !o.Cancelled {
			out = append(out, waiting{o, t.ID})
		}
	}
	return out, nil
}

func suggest(tx *db.Tx, t *hub.Task, open []waiting) ([]Suggestion, error) {
	h, err := headerOf(tx, t)
	if err != nil {
		return nil, err
	}
	out := []Suggestion{}
	for _, w := range open {
		if !sameKind(t.Kind, w.order.Kind) {
			continue
		}
		score, why := h.score(t, w.order)
		if score < scoreLeast {
			continue
		}
		o := w.order
		out = append(out, Suggestion{Order: o.ID, Task: w.task, Accession: o.Accession, PatientName: o.PatientName, PatientID: o.LocalID, Sex: o.Sex,
			BirthDate: o.BirthDate, ItemName: o.ItemName, Score: score, Why: why})
	}
	slices.SortStableFunc(out, func(a, b Suggestion) int { return cmp.Compare(b.Score, a.Score) })
	return out[:min(len(out), suggestionMost)], nil
}

// sameKind: an ECG is never a picture; a Holter is an ECG.
func sameKind(a, b hub.TaskKind) bool { return (a == hub.Image) == (b == hub.Image) }

// score weighs how well objects fit an order, 0 to 100.
func (h *header) score(t *hub.Task, o *hub.Order) (int, []string) {
	total, why := 0, []string{}
	weigh := func(what string, a agreement, good, bad int) {
		switch a {
		case agrees:
			total += good
			why = append(why, what)
		case differs:
			total -= bad
			why = append(why, what+"_differs")
		}
	}
	if compare(h.accession, o.Accession) == agrees {
		weigh("accession", agrees, 50, 0)
	} else if similar(h.accession, o.Accession) {
		weigh("accession_similar", agrees, 20, 0)
	}
	weigh("patient_id", compare(h.localID, o.LocalID), 40, 10)
	weigh("name", h.name(o.PatientName), 35, 40)
	weigh("sex", compare(h.sex, o.Sex), 5, 25)
	weigh("birth_date", compare(h.birthDate, o.BirthDate), 20, 20)
	weigh("modality", h.modalityOf(o.Modality), 15, 30)
	if strings.EqualFold(h.bodyPart, o.BodyPart) && o.BodyPart != "" {
		weigh("body_part", agrees, 5, 0)
	}
	at := t.TExam
	if at.IsZero() {
		at = t.CreatedAt
	}
	switch apart := at.Sub(o.CreatedAt).Abs(); {
	case apart <= 2*time.Hour:
		weigh("time", agrees, 10, 0)
	case apart <= 24*time.Hour:
		weigh("time", agrees, 5, 0)
	}
	return max(0, min(100, total)), why
}

// modalityOf compares modalities; the names of projection radiography (PS3.3
// C.7.3.1.1.1: CR, DX, and DR as orders say) are one.
func (h *header) modalityOf(ordered string) agreement {
	if ordered == "" || len(h.modality) == 0 {
		return silent
	}
	for _, m := range h.modality {
		if plain(m) == plain(ordered) {
			return agrees
		}
	}
	return differs
}

func plain(modality string) string {
	switch m := strings.ToUpper(modality); m {
	case "CR", "DR", "RG":
		return "DX"
	default:
		return m
	}
}

// similar reports numbers that differ by one mistyped, missing or surplus
// digit, or by leading zeros.
func similar(a, b string) bool {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(a) < 4 || len(b)-len(a) > 1 {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) == len(b) {
		return i == len(a) || a[i+1:] == b[i+1:]
	}
	return a[i:] == b[i+1:]
}
