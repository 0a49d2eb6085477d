package api

import (
	"slices"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/web"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/search"
)

// How many results an answer has at most, and without a limit.
const (
	maxResults     = 10_000
	defaultResults = 1_000 // of a search over all studies
)

// level is how far down a search's results are.
type level = search.Level

const (
	studyLevel    = search.Study
	seriesLevel   = search.Series
	instanceLevel = search.Instance
)

// search reads the parameters of a search at a level and what of the index
// they ask for.
func (d *dicomweb) search(c *Call, at level) (*searching, error) {
	offer, err := choose(c, modelOffers()...)
	if err != nil {
		return nil, err
	}
	q, err := web.ParseQuery(c.URL.Query())
	if err != nil {
		return nil, hub.Wrap(hub.Invalid, "api.search", "dicomweb.query", err).With("reason", err.Error())
	}
	sr := &searching{Query: q, c: c, at: at, offer: offer, withStudy: c.PathValue("study") == "" || q.All}
	for _, k := range q.Keys {
		if err := sr.key(k); err != nil {
			return nil, err
		}
	}
	search.Combine(sr.s.Matches)
	s := &sr.s
	s.Offset, s.Limit = q.Offset, q.Limit
	if s.Limit < 0 {
		s.Limit = defaultResults
		if c.PathValue("study") != "" {
			s.Limit = maxResults
		}
	}
	s.Limit = min(s.Limit, maxResults)
	return sr, nil
}

// searching is one search on its way.
type searching struct {
	*web.Query
	c         *Call
	at        level
	offer     web.Offer
	withStudy bool // rows have the study's attributes
	s         db.Search
	deep      []web.Key // what the index does not hold: the headers are asked
	literal   bool      // fuzzy matching was asked for a key that has none
}

// computed are attributes of answers that no object holds.
var computed = []dicom.Tag{dicom.InstanceAvailability, dicom.RetrieveURL, dicom.NumberOfStudyRelatedSeries, dicom.NumberOfStudyRelatedInstances,
	dicom.NumberOfSeriesRelatedInstances, dicom.PixelData}

// key makes a condition on the index of a key, or keeps it for the headers.
func (sr *searching) key(k web.Key) error {
	if k.Tag == dicom.TimezoneOffsetFromUTC || k.Tag == dicom.SpecificCharacterSet {
		return nil // dates and times are compared as written; text is UTF-8
	}
	known, ok := search.Attributes[k.Tag]
	if ok && known.Level > sr.at || slices.Contains(computed, k.Tag) {
		return hub.E(hub.Invalid, "api.search", "dicomweb.key_unsupported").With("name", nameOf(k.Tag))
	}
	if e, _ := dicom.Lookup(k.Leaf()); e.VR == dicom.SQ && len(k.Values) > 0 {
		return hub.E(hub.Invalid, "api.search", "dicomweb.key_unsupported").With("name", nameOf(k.Tag))
	}
	if e, _ := dicom.Lookup(k.Tag); sr.Fuzzy && e.VR == dicom.PN && len(k.Values) > 0 {
		if k.Tag == dicom.PatientName {
			if m := search.Fuzzy(k.Values); !search.Universal(m) {
				sr.s.Matches = append(sr.s.Matches, m)
			}
			return nil
		}
		sr.literal = true
	}
	if !ok {
		sr.Include = append(sr.Include, k.Tag)
		if len(k.Values) > 0 {
			sr.deep = append(sr.deep, k)
		}
		return nil
	}
	m, err := search.Match(k.Tag, known.Field, k.Values)
	if err != nil {
		return hub.Wrap(hub.Invalid, "api.search", "dicomweb.query", err).With("reason", err.Error())
	}
	if !search.Universal(m) {
		sr.s.Matches = append(sr.s.Matches, m)
	}
	return nil
}

func nameOf(tag dicom.Tag) string {
	if e, ok := dicom.Lookup(tag); ok {
		return e.Keyword
	}
	return tag.String()
}

// scope bounds a search to what the caller may see. found is false if that
// is nothing.
func (d *dicomweb) scope(c *Call, s *db.Search) (found bool, err error) {
	if c.PathValue("study") != "" {
		st, err := d.study(c)
		if err != nil {
			return false, err
		}
		s.Study, s.Member = st.ID, st.Member
		if uid := c.PathValue("series"); uid != "" {
			se, err := c.Read().SeriesByUID(st.ID, uid)
			if err != nil {
				return false, err
			}
			s.Series = se.ID
		}
		return true, nil
	}
	for _, m := range s.Matches {
		if m.Field == db.FieldStudyUID {
			return d.scopeUIDs(c, s, m.Values)
		}
	}
	if isClinic(c.Actor.Role) {
		s.Member = c.Actor.Member
		return true, nil
	}
	s.Centre = c.Actor.Member
	for _, m := range s.Matches {
		if m.Field == db.FieldPatientID && len(m.Values) == 1 && !m.Wild { // a viewer asks for priors
			s.Patients, err = c.Read().StudyPatients(c.Actor.Member, m.Values[0])
			return len(s.Patients) > 0, err
		}
	}
	return true, nil
}

// scopeUIDs bounds a search by UIDs to the studies of them in scope, priors
// and what was shared among them.
func (d *dicomweb) scopeUIDs(c *Call, s *db.Search, uids []string) (bool, error) {
	tx := c.Read()
	for _, uid := range uids {
		rows, err := tx.StudiesByUID(uid)
		if err != nil {
			return false, err
		}
		i, err := firstSeen(tx, c.Actor, len(rows), func(i int) *db.StudyRow { return rows[i] })
		if hub.KindOf(err) == hub.NotFound && err != nil {
			continue
		}
		if err != nil {
			return false, err
		}
		s.Studies = append(s.Studies, rows[i].ID)
	}
	return len(s.Studies) > 0, nil
}

// page cuts the row that says there are more, and tells the caller.
func (sr *searching) page(rows []*db.Found, limit int) []*db.Found {
	h := sr.c.W.Header()
	if sr.literal {
		h.Add("Warning", `299 `+sr.c.Host+`: "The fuzzymatching parameter is not supported. Only literal matching has been performed."`)
	}
	if len(rows) > limit {
		rows = rows[:limit]
		h.Add("Warning", `299 `+sr.c.Host+`: "There are additional results that can be requested"`)
	}
	return rows
}

func (d *dicomweb) searchStudies(c *Call) error   { return d.searchAt(c, studyLevel) }
func (d *dicomweb) searchSeries(c *Call) error    { return d.searchAt(c, seriesLevel) }
func (d *dicomweb) searchInstances(c *Call) error { return d.searchAt(c, instanceLevel) }

func (d *dicomweb) searchAt(c *Call, at level) error {
	sr, err := d.search(c, at)
	if err != nil {
		return err
	}
	var rows []*db.Found
	if found, err := d.scope(c, &sr.s); err != nil {
		return err
	} else if found {
		if rows, err = d.find(sr); err != nil {
			return err
		}
	}
	var a web.Array
	root := base(c)
	for _, r := range sr.page(rows, sr.s.Limit) {
		row, err := d.row(sr, root, r)
		if err != nil {
			return err
		}
		a.Raw(row)
	}
	return answerModels(c, sr.offer, a.Bytes())
}

// find returns the rows of a page and one more if there are more.
func (d *dicomweb) find(sr *searching) ([]*db.Found, error) {
	if len(sr.deep) > 0 {
		return d.findDeep(sr)
	}
	s := sr.s
	s.Limit++
	return look(sr.c.Read(), sr.at, s)
}

func look(tx *db.Tx, at level, s db.Search) ([]*db.Found, error) {
	switch at {
	case seriesLevel:
		return tx.SearchSeries(s)
	case instanceLevel:
		return tx.SearchInstances(s)
	}
	studies, err := tx.SearchStudies(s)
	out := make([]*db.Found, len(studies))
	for i, st := range studies {
		out[i] = &db.Found{Study: *st}
	}
	return out, err
}
