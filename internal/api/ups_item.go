package api

import (
	"strconv"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/web"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/worklist"
)

// Attributes of a workitem, PS3.4 Table CC.2.5-3.
const (
	stepPriority      dicom.Tag = 0x00741200
	stepProgress      dicom.Tag = 0x00741002
	stepLabel         dicom.Tag = 0x00741204
	performedSteps    dicom.Tag = 0x00741216
	stepStart         dicom.Tag = 0x00404005
	stepModified      dicom.Tag = 0x00404010
	expectedEnd       dicom.Tag = 0x00404011
	inputInformation  dicom.Tag = 0x00404021
	outputInformation dicom.Tag = 0x00404033
	scheduledHumans   dicom.Tag = 0x00404034
	actualHumans      dicom.Tag = 0x00404035
	humanCode         dicom.Tag = 0x00404009
	humanName         dicom.Tag = 0x00404037
	humanOrganization dicom.Tag = 0x00404036
	typeOfInstances   dicom.Tag = 0x0040E020
	wadoRetrieval     dicom.Tag = 0x0040E025
	admissionID       dicom.Tag = 0x00380010
	requestingAE      dicom.Tag = 0x00741236
	contactURI        dicom.Tag = 0x0074100A
	contactName       dicom.Tag = 0x0074100C
)

// itemState is the state of a workitem whose task is in s: draft to queued and
// returned are SCHEDULED, claimed and written IN PROGRESS.
func itemState(s hub.State) string {
	switch s {
	case hub.Claimed, hub.Written:
		return upsInProgress
	case hub.Issued, hub.Delivered, hub.Acknowledged, hub.VoidPending:
		return upsCompleted
	case hub.Cancelled, hub.Void:
		return upsCanceled
	}
	return upsScheduled
}

// readiness is the Input Readiness State, PS3.3 C.30.2.
func readiness(s hub.State) string {
	switch s {
	case hub.Draft, hub.Uploading:
		return "INCOMPLETE"
	case hub.Returned:
		return "UNAVAILABLE" // until the clinic sends it again
	}
	return "READY"
}

func priorityOf(p int) string {
	switch {
	case p <= 1:
		return "HIGH"
	case p <= 3:
		return "MEDIUM"
	}
	return "LOW"
}

// statesOf are the task states that show as a workitem's.
func statesOf(state string) []hub.State {
	var out []hub.State
	for _, s := range hub.States {
		if itemState(s) == state {
			out = append(out, s)
		}
	}
	return out
}

// dateTime writes a moment as DT in UTC.
func dateTime(t *time.Time) string {
	if t == nil || t.IsZero() {
		return ""
	}
	return t.UTC().Format("20060102150405.000+0000")
}

func code(value, scheme, meaning string) *dicom.Dataset {
	d := dicom.New()
	d.SetText(dicom.CodeValue, value)
	d.SetText(dicom.CodingSchemeDesignator, scheme)
	d.SetText(dicom.CodeMeaning, meaning)
	return d
}

// itemOf is the workitem of a task, without its Transaction UID, which is never
// returned (PS3.4 Table CC.2.5-3).
func itemOf(v *worklist.View, root string) *dicom.Dataset {
	d := dicom.New()
	d.SetText(dicom.SpecificCharacterSet, "ISO_IR 192")
	set := d.SetText
	set(dicom.SOPClassUID, upsPush)
	set(dicom.SOPInstanceUID, itemUID(v.ID))
	set(dicom.PatientName, chineseName(v.Patient.Name))
	set(dicom.PatientID, v.Patient.ID)
	set(dicom.IssuerOfPatientID, v.Member)
	set(dicom.PatientBirthDate, compactDate(v.Patient.BirthDate))
	set(dicom.PatientSex, v.Patient.Sex)
	set(dicom.StudyInstanceUID, v.Study)
	set(admissionID)
	start := v.TSubmit
	if start == nil {
		start = v.CreatedAt
	}
	set(stepStart, dateTime(start))
	set(stepModified, dateTime(lastOf(v)))
	set(expectedEnd, dateTime(v.Due))
	if v.Returned != nil {
		set(dicom.CommentsOnTheScheduledProcedureStep, v.Returned.Reason+" "+v.Returned.Text)
	}
	d.SetItems(dicom.ScheduledWorkitemCodeSequence, code("110005", "DCM", "Interpretation"))
	set(dicom.InputReadinessState, readiness(v.State))
	d.SetItems(inputInformation, inputs(v, root)...)
	if v.Holder != "" {
		d.SetItems(scheduledHumans, performer(v))
	}
	request := dicom.New()
	request.SetText(dicom.SpecificCharacterSet, "ISO_IR 192")
	request.SetText(dicom.StudyInstanceUID, v.Study)
	request.SetText(dicom.AccessionNumber, v.Accession)
	request.SetText(dicom.RequestedProcedureID, string(v.Order))
	request.SetText(dicom.RequestedProcedureDescription, v.ItemName)
	request.SetText(dicom.ReasonForTheRequestedProcedure, v.Purpose)
	request.SetText(dicom.RequestingPhysician, chineseName(v.Doctor))
	d.SetItems(dicom.ReferencedRequestSequence, request)
	set(dicom.ProcedureStepState, itemState(v.State))
	d.SetItems(stepProgress, progress(v))
	set(stepPriority, priorityOf(v.Priority))
	set(dicom.WorklistLabel, v.Centre)
	set(stepLabel, firstNonEmpty(v.ItemName, v.Modality, string(v.Kind)))
	if v.TClaim != nil {
		d.SetItems(performedSteps, performed(v))
	}
	return d
}

func firstNonEmpty(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// chineseName is a name with its characters in the ideographic group.
func chineseName(s string) string {
	for _, r := range s {
		if r > 0x2E7F {
			return "=" + s
		}
	}
	return s
}

// compactDate turns 2026-03-01 into 20260301.
func compactDate(s string) string {
	if len(s) == len("2006-01-02") {
		return s[:4] + s[5:7] + s[8:]
	}
	return s
}

// lastOf is when a task last moved.
func lastOf(v *worklist.View) *time.Time {
	var last *time.Time
	for _, t := range []*time.Time{v.CreatedAt, v.TSubmit, v.TClaim, v.TWritten, v.TSigned, v.TDelivered, v.TAck} {
		if t != nil && (last == nil || t.After(*last)) {
			last = t
		}
	}
	return last
}

// inputs names the studies to read and where to get them.
func inputs(v *worklist.View, root string) []*dicom.Dataset {
	var out []*dicom.Dataset
	for _, study := range v.Studies {
		where := dicom.New()
		where.SetText(dicom.RetrieveURL, root+"/studies/"+study)
		item := dicom.New()
		item.SetText(typeOfInstances, "DICOM")
		item.SetText(dicom.StudyInstanceUID, study)
		item.SetItems(wadoRetrieval, where)
		out = append(out, item)
	}
	return out
}

func performer(v *worklist.View) *dicom.Dataset {
	d := dicom.New()
	d.SetText(dicom.SpecificCharacterSet, "ISO_IR 192")
	d.SetItems(humanCode, code(v.Holder, "99YUANZHEN", firstNonEmpty(v.HolderName, v.Holder)))
	d.SetText(humanOrganization, v.Centre)
	d.SetText(humanName, chineseName(v.HolderName))
	return d
}

// progress tells how many of the expected instances are there.
func progress(v *worklist.View) *dicom.Dataset {
	d := dicom.New()
	if v.Expected > 0 {
		d.SetText(0x00741004, strconv.Itoa(100*min(v.Arrived, v.Expected)/v.Expected))
	}
	d.SetText(0x00741006, "instances: "+strconv.Itoa(v.Arrived))
	return d
}

func performed(v *worklist.View) *dicom.Dataset {
	d := dicom.New()
	d.SetText(0x00404050, dateTime(v.TClaim)) // Performed Procedure Step Start DateTime
	if v.Holder != "" {
		d.SetItems(actualHumans, performer(v))
	}
	if v.TSigned != nil {
		d.SetText(0x00404051, dateTime(v.TSigned)) // Performed Procedure Step End DateTime
	}
	d.SetItems(outputInformation)
	return d
}

// Bounds of a search for workitems.
const (
	itemPage     = 200
	maxItemsSeen = 20_000
	maxItems     = 1_000
)

// searchItems is the search transaction, PS3.18 section 11.9, over the queue.
func (s *Server) searchItems(c *Call) error {
	offer, err := choose(c, modelOffers()...)
	if err != nil {
		return err
	}
	q, err := web.ParseQuery(c.URL.Query())
	if err != nil {
		return hub.Wrap(hub.Invalid, "api.ups", "dicomweb.query", err).With("reason", err.Error())
	}
	limit := maxItems
	if q.Limit >= 0 {
		limit = min(q.Limit, maxItems)
	}
	root := base(c)
	var a web.Array
	found, more := 0, false
	seen, err := s.eachItem(c.Read(), c.Actor, q.Keys, func(v *worklist.View) (bool, error) {
		item := itemOf(v, root)
		if !matchesAll(q.Keys, item) {
			return true, nil
		}
		if found++; found <= q.Offset {
			return true, nil
		}
		if found > q.Offset+limit {
			more = true
			return false, nil
		}
		data, err := item.MarshalJSON()
		a.Raw(data)
		return true, err
	})
	if err != nil {
		return err
	}
	if more || seen >= maxItemsSeen {
		c.warn("There are additional results that can be requested")
	}
	if q.Fuzzy {
		c.warn("The fuzzymatching parameter is not supported. Only literal matching has been performed.")
	}
	return answerModels(c, offer, a.Bytes())
}

// eachItem walks the tasks of a caller in queue order that the keys may match,
// until do says stop, and returns how many it saw.
func (s *Server) eachItem(tx *db.Tx, actor hub.Actor, keys []web.Key, do func(*worklist.View) (bool, error)) (seen int, err error) {
	f := db.TaskFilter{Limit: itemPage}
	if isClinic(actor.Role) {
		f.Member = actor.Member
	} else {
		f.Centre = actor.Member
	}
	for _, k := range keys {
		switch {
		case k.Tag == dicom.ProcedureStepState && len(k.Values) > 0:
			for _, v := range k.Values {
				f.States = append(f.States, statesOf(v)...)
			}
			if len(f.States) == 0 {
				return 0, nil
			}
		case k.Tag == dicom.StudyInstanceUID && len(k.Values) == 1:
			f.StudyUID = k.Values[0]
		}
	}
	for seen < maxItemsSeen {
		list, err := tx.Tasks(f)
		if err != nil {
			return seen, err
		}
		for _, t := range list {
			v, err := worklist.Render(tx, t)
			if err != nil {
				return seen, err
			}
			if goOn, err := do(v); err != nil || !goOn {
				return seen, err
			}
		}
		if seen += len(list); len(list) < itemPage {
			return seen, nil
		}
		cursor := db.CursorOf(list[len(list)-1])
		f.After = &cursor
	}
	return seen, nil
}

func matchesAll(keys []web.Key, d *dicom.Dataset) bool {
	for _, k := range keys {
		if !k.Match(d) {
			return false
		}
	}
	return true
}
