// Package order is where an exam begins: a clinic's order is checked while it
// is typed in, its patient is found or made and joined to the person the
// resident ID number names, and a draft task waits for the pictures. An
// emergency is never held up: it needs a body part or a symptom and owes the
// rest.
package order

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/yuanzhen/yuanzhen/internal/audit"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/worklist"
)

// Sealer keeps ID numbers and telephone numbers unreadable in rows.
type Sealer interface {
	Seal(plain []byte) []byte
	Unseal(sealed []byte) ([]byte, error)
	IndexHash(idNumber string) string
}

// Gate is asked before an order of a catalogue item is made: it returns the
// error that holds the order up until every eligible result is decided on.
type Gate func(tx *db.Tx, actor hub.Actor, o *hub.Order, idHash string, decisions []hub.Decision) error

// Service makes and changes orders.
type Service struct {
	DB     *db.DB
	Sealer Sealer
	Gate   Gate
}

// Made is what a new order's sender hears.
type Made struct {
	ID        hub.OrderID `json:"id"`
	Accession string      `json:"accession"`
	Task      hub.TaskID  `json:"task"`
	Owed      []string    `json:"owed"`
}

// Create checks and stores an order with its patient and draft task.
func (s *Service) Create(ctx context.Context, actor hub.Actor, o hub.Order, decisions []hub.Decision) (*Made, error) {
	if err := normalise(&o); err != nil {
		return nil, err
	}
	var made *Made
	err := s.DB.Tx(ctx, func(tx *db.Tx) error {
		o.ID, o.Member, o.Origin, o.CreatedAt, o.DoctorID = hub.NewID[hub.OrderID](), actor.Member, "entered", tx.Now(), actor.Account
		if err := s.item(tx, &o); err != nil {
			return err
		}
		if s.Gate != nil {
			if err := s.Gate(tx, actor, &o, s.Sealer.IndexHash(o.IDNumber), decisions); err != nil {
				return err
			}
		}
		if err := s.patient(tx, actor, &o); err != nil {
			return err
		}
		if o.Accession == "" {
			number, err := accession(tx, actor.Member)
			if err != nil {
				return err
			}
			o.Accession = number
		}
		o.Owed = worklist.Missing(&o)
		if err := tx.InsertOrder(&o); err != nil {
			return err
		}
		t, err := worklist.Open(tx, actor, &o, hub.Draft, nil)
		if err != nil {
			return err
		}
		made = &Made{ID: o.ID, Accession: o.Accession, Task: t.ID, Owed: orEmpty(o.Owed)}
		return nil
	})
	return made, err
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func emergency(o *hub.Order) bool { return o.Priority <= 1 || o.Visit == hub.Emergency }

// normalise fills in what follows from what was given, and refuses what
// cannot be right, naming the field.
func normalise(o *hub.Order) error {
	const op = "order.Create"
	for _, p := range []*string{&o.PatientName, &o.Sex, &o.BirthDate, &o.Age, &o.IDNumber, &o.Phone, &o.LocalID, &o.Accession, &o.Item, &o.Modality, &o.BodyPart} {
		*p = strings.TrimSpace(*p)
	}
	o.IDNumber = strings.ToUpper(o.IDNumber)
	if o.Visit == "" {
		o.Visit = hub.Outpatient
	}
	if o.Visit == hub.Emergency && o.Priority > 1 {
		o.Priority = 1
	}
	switch o.Visit {
	case hub.Outpatient, hub.Emergency, hub.Inpatient, hub.HealthCheck:
	default:
		return hub.Field(op, "visit", "want outpatient, emergency, inpatient or healthcheck")
	}
	if o.Priority < 0 || o.Priority > 4 {
		return hub.Field(op, "priority", "want 0 to 4")
	}
	if err := identity(op, o); err != nil {
		return err
	}
	if len(o.Accession) > 16 {
		return hub.Field(op, "accession", "at most 16 characters")
	}
	if o.Kind == "" && (o.Modality == "ECG" || strings.HasPrefix(o.Item, "ECG")) {
		o.Kind = hub.ECG
	}
	if emergency(o) {
		if o.BodyPart+o.Symptom+o.Item+o.ItemName == "" {
			return hub.Field(op, "body_part", "an emergency needs a body part or a symptom")
		}
		return nil
	}
	return required(op, o)
}

// required refuses a routine order that lacks what its reading needs.
func required(op string, o *hub.Order) error {
	switch {
	case o.PatientName == "":
		return hub.Field(op, "patient_name", "is empty")
	case o.Sex == "":
		return hub.Field(op, "sex", "is empty")
	case o.BirthDate == "" && o.Age == "":
		return hub.Field(op, "birth_date", "give the birth date or the age")
	case o.Item == "" && o.ItemName == "":
		return hub.Field(op, "item", "choose the exam")
	}
	return nil
}

// identity checks who the order is about; a resident ID number fills in birth
// date and sex, and contradicts others.
func identity(op string, o *hub.Order) error {
	if n := utf8.RuneCountInString(o.PatientName); n > 64 {
		return hub.Field(op, "patient_name", "at most 64 characters")
	}
	for _, r := range o.PatientName {
		if unicode.IsControl(r) || strings.ContainsRune("\\^=<>", r) {
			return hub.Field(op, "patient_name", "this character cannot be part of a name").With("character", fmt.Sprintf("%q", r))
		}
	}
	switch o.Sex {
	case "", "M", "F", "O":
	case "1", "男":
		o.Sex = "M"
	case "2", "女":
		o.Sex = "F"
	case "0", "9":
		o.Sex = "O"
	default:
		return hub.Field(op, "sex", "want M, F or O")
	}
	if o.BirthDate != "" {
		born, err := time.Parse("2006-01-02", o.BirthDate)
		if err != nil || born.After(time.Now().AddDate(0, 0, 1)) {
			return hub.Field(op, "birth_date", "want YYYY-MM-DD, not in the future")
		}
	}
	if o.IDNumber == "" || o.IDType != "" && o.IDType != "01" {
		return nil
	}
	birth, sex, ok := hub.ResidentID(o.IDNumber)
	if !ok {
		return hub.Field(op, "id_number", "the check digit or the date in it is wrong; read the card again")
	}
	if o.BirthDate != "" && o.BirthDate != birth {
		return hub.Field(op, "birth_date", "differs from the ID number's")
	}
	if o.Sex != "" && o.Sex != sex {
		return hub.Field(op, "sex", "differs from the ID number's")
	}
	o.IDType, o.BirthDate, o.Sex = "01", birth, sex
	return nil
}

// item completes an order from the catalogue.
func (s *Service) item(tx *db.Tx, o *hub.Order) error {
	if o.Item != "" {
		item, err := tx.CatalogueItem(o.Item)
		if err != nil && hub.KindOf(err) != hub.NotFound {
			return err
		}
		if err == nil {
			o.Kind = item.Kind
			for _, f := range []struct {
				have *string
				fill string
			}{{&o.ItemName, item.Name}, {&o.Modality, item.Modality}, {&o.BodyPart, item.BodyPart}} {
				if *f.have == "" {
					*f.have = f.fill
				}
			}
		}
	}
	switch o.Kind {
	case hub.Image, hub.ECG, hub.Holter:
		return nil
	case "":
		o.Kind = hub.Image
		return nil
	}
	return hub.Field("order.Create", "kind", "want image, ecg or holter")
}

// patient finds the member's patient by ID number or local id, or makes it,
// and joins it to the person other members know by the same ID number.
func (s *Service) patient(tx *db.Tx, actor hub.Actor, o *hub.Order) error {
	hash := s.Sealer.IndexHash(o.IDNumber)
	row, err := s.find(tx, actor.Member, o, hash)
	if err != nil {
		return err
	}
	fresh := row == nil
	if fresh {
		row = &db.PatientRow{CreatedAt: tx.Now()}
		row.ID, row.Member, row.LocalID = hub.NewID[hub.PatientID](), actor.Member, o.LocalID
		if row.LocalID == "" {
			row.LocalID = strings.ToUpper(string(row.ID))[:16]
		}
	}
	set := func(have *string, given string) {
		if given != "" {
			*have = given
		}
	}
	set(&row.Name, o.PatientName)
	set(&row.Sex, o.Sex)
	set(&row.BirthDate, o.BirthDate)
	set(&row.Age, o.Age)
	set(&row.IDType, o.IDType)
	if hash != "" {
		row.IDHash, row.IDSealed = hash, s.Sealer.Seal([]byte(o.IDNumber))
	}
	if o.Phone != "" {
		row.PhoneSealed = s.Sealer.Seal([]byte(o.Phone))
	}
	o.Patient, o.LocalID = row.ID, row.LocalID
	if fresh {
		err = tx.InsertPatient(row)
	} else {
		err = tx.UpdatePatient(row)
	}
	if err != nil || hash == "" || row.Person != "" {
		return err
	}
	return link(tx, actor, row)
}

func (s *Service) find(tx *db.Tx, member hub.MemberID, o *hub.Order, hash string) (*db.PatientRow, error) {
	if hash != "" {
		same, err := tx.PatientsByIDHash(hash)
		if err != nil {
			return nil, err
		}
		for _, p := range same {
			if p.Member == member && (o.LocalID == "" || p.LocalID == o.LocalID) {
				return p, nil
			}
		}
	}
	if o.LocalID == "" {
		return nil, nil
	}
	p, err := tx.PatientByLocalID(member, o.LocalID)
	if hub.KindOf(err) == hub.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if p.IDHash != "" && hash != "" && p.IDHash != hash || !mayBe(p.Name, o.PatientName) {
		return nil, hub.Field("order.Create", "patient_id", "this patient ID belongs to somebody else at your institution")
	}
	return p, nil
}

// byIDNumber is why two patients count as one person.
const byIDNumber = "id_number"

// link joins patients of several members that share ID number, birth date and
// sex to one person. The link keeps its reason and can be undone.
func link(tx *db.Tx, actor hub.Actor, row *db.PatientRow) error {
	same, err := tx.PatientsByIDHash(row.IDHash)
	if err != nil {
		return err
	}
	for _, p := range same {
		if p.ID == row.ID || p.BirthDate != row.BirthDate || p.Sex != row.Sex {
			continue
		}
		person := p.Person
		if person == "" {
			if person, err = tx.LinkPatient(p.ID, "", byIDNumber, actor.Account); err != nil {
				return err
			}
		}
		if _, err := tx.LinkPatient(row.ID, person, byIDNumber, actor.Account); err != nil {
			return err
		}
		return tx.Audit(actor, hub.Record{Action: "patient.merge", Object: "patient/" + string(row.ID), Patient: audit.Pseudonym(row.ID), OK: true, Reason: byIDNumber})
	}
	return nil
}

// accession is the next accession number: the day and the alliance's counter,
// at most 16 characters.
func accession(tx *db.Tx, member hub.MemberID) (string, error) {
	day := tx.Now().In(time.FixedZone("CST", 8*3600)).Format("060102")
	for {
		n, err := tx.NextCounter("accession/" + day)
		if err != nil {
			return "", err
		}
		number := fmt.Sprintf("%s%04d", day, n)
		used, err := tx.OrdersByAccession(member, number)
		if err != nil || len(used) == 0 {
			return number, err
		}
	}
}

// Get returns an order of the actor's member with ID and telephone number in
// full: care is given there.
func (s *Service) Get(ctx context.Context, actor hub.Actor, id hub.OrderID) (*hub.Order, error) {
	tx := s.DB.Read(ctx)
	o, err := tx.Order(id)
	if err != nil {
		return nil, err
	}
	if o.Member != actor.Member {
		return nil, hub.E(hub.NotFound, "order.Get", "not_found")
	}
	return o, s.open(tx, o)
}

func (s *Service) open(tx *db.Tx, o *hub.Order) error {
	p, err := tx.Patient(o.Patient)
	if err != nil {
		return err
	}
	for _, f := range []struct {
		sealed []byte
		to     *string
	}{{p.IDSealed, &o.IDNumber}, {p.PhoneSealed, &o.Phone}} {
		if len(f.sealed) == 0 {
			continue
		}
		plain, err := s.Sealer.Unseal(f.sealed)
		if err != nil {
			return err
		}
		*f.to = string(plain)
	}
	return nil
}

// Complete fills in what an order owes, or corrects it, before anybody reads.
func (s *Service) Complete(ctx context.Context, actor hub.Actor, id hub.OrderID, change func(*hub.Order) error) (*hub.Order, error) {
	var out *hub.Order
	err := s.DB.Tx(ctx, func(tx *db.Tx) error {
		o, err := tx.Order(id)
		if err == nil && o.Member != actor.Member {
			err = hub.E(hub.NotFound, "order.Complete", "not_found")
		}
		if err != nil {
			return err
		}
		tasks, err := tx.TasksOfOrder(id)
		if err != nil {
			return err
		}
		if len(tasks) > 0 && !open(tasks[0].State) {
			return hub.E(hub.Conflict, "order.Complete", "order.being_read")
		}
		if err := s.open(tx, o); err != nil {
			return err
		}
		if err := change(o); err != nil {
			return err
		}
		if err := normalise(o); err != nil {
			return err
		}
		o.Owed = worklist.Missing(o)
		if err := s.rename(tx, actor, o); err != nil {
			return err
		}
		out = o
		if err := tx.UpdateOrder(o); err != nil {
			return err
		}
		if len(tasks) > 0 {
			if err := worklist.Emit(tx, "task.order_changed", tasks[0]); err != nil {
				return err
			}
		}
		return tx.Audit(actor, hub.Record{Action: "order.edit", Object: "order/" + string(id), Patient: audit.Pseudonym(o.Patient), OK: true})
	})
	return out, err
}

// rename writes the order's identity to its patient's row. An ID number that is
// new there makes the patient's results known under it, and joins the patient
// to the person it names.
func (s *Service) rename(tx *db.Tx, actor hub.Actor, o *hub.Order) error {
	row, err := tx.Patient(o.Patient)
	if err != nil {
		return err
	}
	known := row.IDHash
	row.Name, row.Sex, row.BirthDate, row.Age, row.IDType = o.PatientName, o.Sex, o.BirthDate, o.Age, o.IDType
	if o.IDNumber != "" {
		row.IDHash, row.IDSealed = s.Sealer.IndexHash(o.IDNumber), s.Sealer.Seal([]byte(o.IDNumber))
	}
	if o.Phone != "" {
		row.PhoneSealed = s.Sealer.Seal([]byte(o.Phone))
	}
	if err := tx.UpdatePatient(row); err != nil || row.IDHash == known {
		return err
	}
	if err := tx.IdentifyResults(row.ID, row.IDHash); err != nil {
		return err
	}
	if known != "" && row.Person != "" { // the number before named somebody else
		undone, err := tx.UnlinkPatient(row.ID, byIDNumber)
		if err != nil {
			return err
		}
		if undone {
			row.Person = ""
			err := tx.Audit(actor, hub.Record{Action: "patient.unmerge", Object: "patient/" + string(row.ID), Patient: audit.Pseudonym(row.ID), OK: true, Reason: byIDNumber})
			if err != nil {
				return err
			}
		}
	}
	if row.Person != "" {
		return nil
	}
	return link(tx, actor, row)
}

func open(s hub.State) bool {
	return s == hub.Draft || s == hub.Uploading || s == hub.Queued || s == hub.Returned
}
