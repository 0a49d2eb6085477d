package arrive

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/dimse"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/search"
)

// Bounds of one query.
const (
	queryPage  = 500    // rows read at once
	maxMatches = 20_000 // then the requestor has to narrow its query
)

// level is a Query/Retrieve Level, PS3.4 section C.6.
type level string

const (
	patientLevel level = "PATIENT"
	studyLevel   level = "STUDY"
	seriesLevel  level = "SERIES"
	imageLevel   level = "IMAGE"
)

// modelLevels are the levels of the information model of a SOP class.
func modelLevels(class string) []level {
	switch class {
	case dimse.PatientRootFind, dimse.PatientRootMove, dimse.PatientRootGet:
		return []level{patientLevel, studyLevel, seriesLevel, imageLevel}
	case dimse.PatientStudyFind, dimse.PatientStudyMove, dimse.PatientStudyGet:
		return []level{patientLevel, studyLevel}
	}
	return []level{studyLevel, seriesLevel, imageLevel}
}

// above are the unique keys that must be known before a level is looked into,
// but in a relational query.
var above = map[level][]dicom.Tag{
	seriesLevel: {dicom.StudyInstanceUID},
	imageLevel:  {dicom.StudyInstanceUID, dicom.SeriesInstanceUID},
}

// plan is what an identifier asks for.
type plan struct {
	level   level
	search  db.Search
	returns []dicom.Tag // attributes asked for, in order
	code    uint16      // of pending responses
}

// Find answers C-FIND, PS3.4 section C.4.1.
func (n *Node) Find(ctx context.Context, a *dimse.Association, q *dimse.Query, match func(uint16, *dicom.Dataset) error) dimse.Status {
	c := n.caller(a)
	if q.SOPClassUID == dimse.ModalityWorklist {
		return n.worklist(ctx, c, q, match)
	}
	if !c.may(hub.QueryService) {
		return notAllowed
	}
	p, status := planOf(q)
	if status.Code != dimse.Success {
		return status
	}
	p.search.Member = c.Member
	speak := answersIn(q.Identifier, c.device)
	sent := 0
	err := n.walk(ctx, p, func(row *found) error {
		if sent++; sent > n.mostMatches {
			return errTooMany
		}
		d := speak.compose(func(d *dicom.Dataset) { n.compose(d, p, row) })
		return match(p.code, d)
	})
	return n.ended(ctx, "C-FIND", err)
}

var errTooMany = errors.New("more matches than a query may have")

// ended is the last status of a query or a worklist.
func (n *Node) ended(ctx context.Context, service string, err error) dimse.Status {
	switch {
	case errors.Is(context.Cause(ctx), dimse.ErrCanceled):
		return dimse.Status{Code: dimse.Canceled}
	case errors.Is(err, errTooMany):
		return dimse.Status{Code: dimse.OutOfResources, Comment: "more than " + strconv.Itoa(n.mostMatches) + " matches: narrow the query"}
	case err != nil && ctx.Err() != nil: // nobody listens any more
		return dimse.Status{Code: dimse.Canceled}
	case err != nil:
		return n.trouble(service, err, dimse.OutOfResources, dimse.UnableToProcess)
	}
	return dimse.Status{}
}

// notKeys are elements of an identifier that ask for nothing.
var notKeys = []dicom.Tag{dicom.SpecificCharacterSet, dicom.QueryRetrieveLevel, dicom.TimezoneOffsetFromUTC, dicom.RetrieveAETitle, dicom.InstanceAvailability}

// planOf reads an identifier. A status other than Success refuses it.
func planOf(q *dimse.Query) (*plan, dimse.Status) {
	id := q.Identifier
	p := &plan{level: level(id.Text(dicom.QueryRetrieveLevel)), code: dimse.Pending}
	if !slices.Contains(modelLevels(q.SOPClassUID), p.level) {
		comment := "level is not one of the information model"
		if p.level == "" {
			comment = "no Query/Retrieve Level"
		}
		return nil, dimse.Status{Code: dimse.IdentifierMismatch, Comment: comment, Offending: []dicom.Tag{dicom.QueryRetrieveLevel}}
	}
	if !q.Extension(dimse.RelationalQueries) {
		for _, tag := range above[p.level] {
			if len(id.Texts(tag)) != 1 {
				return nil, dimse.Status{Code: dimse.IdentifierMismatch, Comment: "a query at this level needs one value of the unique key", Offending: []dicom.Tag{tag}}
			}
		}
	}
	for i := range id.Elements {
		e := &id.Elements[i]
		if e.Tag.Element() == 0 || e.Tag.Private() && e.Tag.Element() < 0x100 || slices.Contains(notKeys, e.Tag) {
			continue
		}
		if e.Tag == dicom.PatientName && q.Extension(dimse.FuzzyNames) {
			p.fuzzy(id.Texts(e.Tag))
			continue
		}
		if status := p.key(id, e.Tag); status.Code != dimse.Success {
			return nil, status
		}
	}
	if q.Extension(dimse.CombinedDateTime) {
		search.Combine(p.search.Matches)
	}
	return p, dimse.Status{}
}

// depth is how far down in the index a level's matches lie.
func (l level) depth() search.Level {
	return map[level]search.Level{seriesLevel: search.Series, imageLevel: search.Instance}[l]
}

// key takes one key of the identifier. Optional keys the index does not hold
// make the code of matches FF01.
func (p *plan) key(id *dicom.Dataset, tag dicom.Tag) dimse.Status {
	at, known := search.Attributes[tag]
	if tag == dicom.Modality && p.level.depth() == search.Study { // what old devices ask of studies
		at, known = search.Attributes[dicom.ModalitiesInStudy], true
	}
	if known && at.Level <= p.level.depth() {
		m, err := search.Match(tag, at.Field, id.Texts(tag))
		if err != nil {
			return dimse.Status{Code: dimse.IdentifierMismatch, Comment: err.Error(), Offending: []dicom.Tag{tag}}
		}
		if !search.Universal(m) {
			p.search.Matches = append(p.search.Matches, m)
		}
	} else if !computed(tag, p.level) {
		p.code = dimse.PendingUnmatched
		return dimse.Status{}
	} else if len(id.Texts(tag)) > 0 {
		p.code = dimse.PendingUnmatched // given, not matched
	}
	p.returns = append(p.returns, tag)
	return dimse.Status{}
}

// fuzzy takes the patient's name as it is spoken or typed.
func (p *plan) fuzzy(values []string) {
	if m := search.Fuzzy(values); !search.Universal(m) {
		p.search.Matches = append(p.search.Matches, m)
	}
	p.returns = append(p.returns, dicom.PatientName)
}

// found is one row of an answer: of a patient, a study or what lies below.
type found struct {
	db.Found
	patient *db.PatientFound
}

// walk calls fn for every match.
func (n *Node) walk(ctx context.Context, p *plan, fn func(*found) error) error {
	s := p.search
	s.Limit = queryPage
	for {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		rows, err := n.page(ctx, p.level, s)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if err := fn(row); err != nil {
				return err
			}
		}
		if len(rows) < queryPage {
			return nil
		}
		s.Offset += queryPage
	}
}

func (n *Node) page(ctx context.Context, l level, s db.Search) (rows []*found, err error) {
	tx := n.DB.Read(ctx)
	switch l {
	case patientLevel:
		list, err := tx.SearchPatients(s)
		for _, r := range list {
			rows = append(rows, &found{db.Found{Study: r.StudyRow}, r})
		}
		return rows, err
	case studyLevel:
		list, err := tx.SearchStudies(s)
		for _, r := range list {
			rows = append(rows, &found{Found: db.Found{Study: *r}})
		}
		return rows, err
	}
	look := tx.SearchSeries
	if l == imageLevel {
		look = tx.SearchInstances
	}
	list, err := look(s)
	for _, r := range list {
		rows = append(rows, &found{Found: *r})
	}
	return rows, err
}
