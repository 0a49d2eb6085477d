package arrive

import (
	"context"
	"crypto/sha256"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/dimse"
	"github.com/yuanzhen/yuanzhen/dicom/web"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// Bounds of a worklist query.
const (
	worklistDays = 30    // looked back when no date is asked for
	maxWorklist  = 5_000 // orders looked at
)

// china is the time zone of the hub's dates and times.
var china = time.FixedZone("CST", 8*3600)

// worklist answers a modality's question for its work, PS3.4 section K.6.1:
// the member's orders whose exam is still to be made.
func (n *Node) worklist(ctx context.Context, c *caller, q *dimse.Query, match func(uint16, *dicom.Dataset) error) dimse.Status {
	if !c.may(hub.WorklistService) {
		return notAllowed
	}
	tx := n.DB.Read(ctx)
	from, to := asked(q.Identifier, tx.Now())
	orders, err := tx.WorklistOrders(c.Member, from, to, maxWorklist)
	if err != nil {
		return n.ended(ctx, "worklist", err)
	}
	devices, err := tx.Devices(c.Member)
	if err != nil {
		return n.ended(ctx, "worklist", err)
	}
	speak := answersIn(q.Identifier, c.device)
	for _, o := range orders {
		item := dicom.New()
		item.SetText(dicom.SpecificCharacterSet, "ISO_IR 192")
		step(item, o, stations(o, devices, c.Name, q.Identifier))
		if !matches(q.Identifier, item) {
			continue
		}
		code := dimse.Pending
		answer := speak.compose(func(d *dicom.Dataset) {
			if !extract(d, q.Identifier, item) {
				code = dimse.PendingUnmatched
			}
		})
		if err = match(code, answer); err != nil {
			break
		}
	}
	return n.ended(ctx, "worklist", err)
}

// asked is the span of days that an identifier asks for.
func asked(id *dicom.Dataset, now time.Time) (from, to time.Time) {
	from, to = now.AddDate(0, 0, -worklistDays), now.AddDate(0, 0, 2)
	for _, item := range id.Items(dicom.ScheduledProcedureStepSequence) {
		first, last, isRange := strings.Cut(item.Text(dicom.ScheduledProcedureStepStartDate), "-")
		if !isRange {
			last = first
		}
		if t, err := time.ParseInLocation("20060102", strings.TrimSpace(first), china); err == nil {
			from = t
		}
		if t, err := time.ParseInLocation("20060102", strings.TrimSpace(last), china); err == nil {
			to = t.AddDate(0, 0, 1)
		}
	}
	return from, to
}

// stations are the AE titles that may make an order's exam: the member's
// devices of its modality. Of them the one asked for or the asking one is
// named alone, because few modalities understand several.
func stations(o *hub.Order, devices []*hub.Device, calling string, id *dicom.Dataset) []string {
	wanted := calling
	for _, item := range id.Items(dicom.ScheduledProcedureStepSequence) {
		if ae := item.Text(dicom.ScheduledStationAETitle); ae != "" && !strings.ContainsAny(ae, "*?") {
			wanted = ae
		}
	}
	var list []string
	for _, d := range devices {
		if d.Active && (d.Kind == "" || strings.EqualFold(d.Kind, o.Modality)) {
			list = append(list, d.AETitle)
		}
	}
	if len(devices) == 0 || slices.Contains(list, wanted) {
		return []string{wanted}
	}
	return list
}

// StudyUID is the Study Instance UID that the worklist gives an order: always
// the same one, as PS3.5 section B.2 makes it of a number.
func StudyUID(id hub.OrderID) string {
	sum := sha256.Sum256([]byte("yuanzhen study of order " + id))
	return "2.25." + new(big.Int).SetBytes(sum[:16]).String()
}

// step writes an order as a worklist item, PS3.4 Table K.6-1.
func step(d *dicom.Dataset, o *hub.Order, stations []string) {
	at := o.CreatedAt.In(china)
	what := clip(o.ItemName, 64)
	s := dicom.New()
	d.SetItems(dicom.ScheduledProcedureStepSequence, s)
	s.SetText(dicom.Modality, some(o.Modality)...)
	s.SetText(dicom.ScheduledStationAETitle, stations...)
	s.SetText(dicom.ScheduledProcedureStepStartDate, at.Format("20060102"))
	s.SetText(dicom.ScheduledProcedureStepStartTime, at.Format("150405"))
	s.SetText(dicom.ScheduledProcedureStepDescription, some(what)...)
	s.SetText(dicom.ScheduledProcedureStepID, o.Accession)
	s.SetText(dicom.ScheduledProcedureStepStatus, "SCHEDULED")
	s.SetText(dicom.CommentsOnTheScheduledProcedureStep, some(clip(o.Method, 1024))...)
	for _, tag := range []dicom.Tag{dicom.ScheduledPerformingPhysicianName, dicom.ScheduledStationName, dicom.ScheduledProtocolCodeSequence, dicom.ScheduledProcedureStepLocation, dicom.PreMedication} {
		s.SetText(tag)
	}
	for tag, v := range map[dicom.Tag]string{
		dicom.PatientName: o.PatientName, dicom.PatientID: o.LocalID, dicom.PatientSex: o.Sex,
		dicom.PatientBirthDate: strings.ReplaceAll(o.BirthDate, "-", ""), dicom.PatientAge: o.Age,
		dicom.AccessionNumber: o.Accession, dicom.StudyInstanceUID: StudyUID(o.ID), dicom.RequestedProcedureID: o.Accession,
		dicom.RequestedProcedureDescription: what, dicom.RequestedProcedurePriority: priorities[min(max(o.Priority, 0), 4)],
		dicom.ReferringPhysicianName: o.Doctor, dicom.RequestingPhysician: o.Doctor, dicom.RequestingService: clip(o.Department, 64),
		dicom.ReasonForTheRequestedProcedure: clip(o.Purpose, 64), dicom.AdditionalPatientHistory: clip(o.History, 10240),
		dicom.RequestedProcedureComments: clip(o.Symptom, 10240), dicom.MedicalAlerts: alerts(o), dicom.BodyPartExamined: clip(o.BodyPart, 16),
		dicom.PatientWeight: "", dicom.PatientSize: "", dicom.Allergies: "", dicom.PatientState: "", dicom.AdmissionID: "", dicom.CurrentPatientLocation: "",
		dicom.PatientTransportArrangements: "", dicom.ConfidentialityConstraintOnPatientDataDescription: "", dicom.SpecialNeeds: "", dicom.PatientComments: "",
		dicom.RequestedProcedureLocation: "", dicom.IssuerOfPatientID: "", dicom.RequestedProcedureCodeSequence: "", dicom.ReferencedStudySequence: "", dicom.ReferencedPatientSequence: "",
	} {
		d.SetText(tag, some(v)...)
	}
	if v, ok := pregnancies[o.Pregnancy]; ok {
		d.SetInts(dicom.PregnancyStatus, v)
	} else {
		d.SetRaw(dicom.PregnancyStatus, dicom.US, nil)
	}
}

// priorities are those of (0040,1003) by the hub's.
var priorities = [...]string{"STAT", "STAT", "HIGH", "ROUTINE", "LOW"}

// pregnancies are the values of (0010,21C0).
var pregnancies = map[string]int64{"no": 1, "yes": 3, "unknown": 4}

func alerts(o *hub.Order) string {
	if o.Pacemaker {
		return "心脏起搏器"
	}
	return ""
}

// some is a value, or none for "".
func some(v string) []string {
	if v == "" {
		return nil
	}
	return []string{v}
}

// clip shortens a text to n characters.
func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}

// matches tells whether d has what every key of id asks for, sequences item by
// item (PS3.4 section C.2.2.2.6).
func matches(id, d *dicom.Dataset) bool {
	for i := range id.Elements {
		e := &id.Elements[i]
		switch {
		case e.Tag == dicom.SpecificCharacterSet || e.Tag.Element() == 0 || d.Get(e.Tag) == nil:
		case len(e.Items) > 0:
			if len(e.Items[0].Elements) > 0 && len(d.Items(e.Tag)) > 0 &&
				!slices.ContainsFunc(d.Items(e.Tag), func(item *dicom.Dataset) bool { return matches(e.Items[0], item) }) {
				return false
			}
		default:
			if keys := id.Texts(e.Tag); !universal(keys) && !(web.Key{Tag: e.Tag, Values: keys}).Match(d) {
				return false
			}
		}
	}
	return true
}

// universal tells whether keys match everything.
func universal(keys []string) bool {
	return len(keys) == 0 || slices.ContainsFunc(keys, func(k string) bool { return strings.Trim(k, "*") == "" })
}

// extract copies what id asks for from src to dst, and tells whether src has
// all of it. A sequence without keys is asked for whole.
func extract(dst, id, src *dicom.Dataset) bool {
	all := true
	for i := range id.Elements {
		e := &id.Elements[i]
		if e.Tag == dicom.SpecificCharacterSet || e.Tag == dicom.TimezoneOffsetFromUTC || e.Tag.Element() == 0 {
			continue
		}
		have := src.Get(e.Tag)
		if have == nil {
			all = false
			continue
		}
		if have.VR != dicom.SQ {
			dst.SetText(e.Tag, src.Texts(e.Tag)...)
			continue
		}
		items := make([]*dicom.Dataset, len(have.Items))
		for j := range items {
			items[j] = dicom.New()
		}
		dst.SetItems(e.Tag, items...)
		for j, item := range have.Items {
			keys := item
			if len(e.Items) > 0 && len(e.Items[0].Elements) > 0 {
				keys = e.Items[0]
			}
			all = extract(items[j], keys, item) && all
		}
	}
	return all
}
