package api

import (
	"net/http"
	"strconv"

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
// they ask for. found is false if the answer is empty without looking.
func (d *dicomweb) search(c *Call, at level) (*web.Query, db.Search, error) {
	s := db.Search{}
	if _, err := choose(c, web.Offer{Type: web.JSON, Default: true}, web.Offer{Type: web.PlainJSON, Default: true}); err != nil {
		return nil, s, err
	}
	q, err := web.ParseQuery(c.URL.Query())
	if err != nil {
		return nil, s, hub.Wrap(hub.Invalid, "api.search", "dicomweb.query", err).With("reason", err.Error())
	}
	for _, k := range q.Keys {
		known, ok := search.Attributes[k.Tag]
		if !ok || known.Level > at {
			return nil, s, hub.E(hub.Invalid, "api.search", "dicomweb.key_unsupported").With("name", nameOf(k.Tag))
		}
		m, err := search.Match(k.Tag, known.Field, k.Values)
		if err != nil {
			return nil, s, hub.Wrap(hub.Invalid, "api.search", "dicomweb.query", err).With("reason", err.Error())
		}
		if !search.Universal(m) {
			s.Matches = append(s.Matches, m)
		}
	}
	s.Offset, s.Limit = q.Offset, q.Limit
	if s.Limit < 0 {
		s.Limit = defaultResults
		if c.PathValue("study") != "" {
			s.Limit = maxResults
		}
	}
	s.Limit = min(s.Limit, maxResults)
	return q, s, nil
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
func page[T any](c *Call, q *web.Query, rows []T, limit int) []T {
	h := c.W.Header()
	if q.Fuzzy {
		h.Add("Warning", `299 `+c.Host+`: "The fuzzymatching parameter is not supported. Only literal matching has been performed."`)
	}
	if len(rows) > limit {
		rows = rows[:limit]
		h.Add("Warning", `299 `+c.Host+`: "There are additional results that can be requested"`)
	}
	return rows
}

func answerJSON(c *Call, data []byte) error {
	h := c.W.Header()
	h.Set("Content-Type", web.JSON)
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(data)))
	c.W.WriteHeader(http.StatusOK)
	c.W.Write(data) // a caller that hung up is no fault
	return nil
}

func (d *dicomweb) searchStudies(c *Call) error {
	q, s, err := d.search(c, studyLevel)
	if err != nil {
		return err
	}
	var rows []*db.StudyRow
	if found, err := d.scope(c, &s); err != nil {
		return err
	} else if found {
		s.Limit++
		if rows, err = c.Read().SearchStudies(s); err != nil {
			return err
		}
		s.Limit--
	}
	var a web.Array
	root := base(c)
	for _, st := range page(c, q, rows, s.Limit) {
		a.Object()
		writeRow(&a, root, studyLevel, true, &db.Found{Study: *st})
		a.End()
	}
	return answerJSON(c, a.Bytes())
}

func (d *dicomweb) searchSeries(c *Call) error    { return d.searchBelow(c, seriesLevel) }
func (d *dicomweb) searchInstances(c *Call) error { return d.searchBelow(c, instanceLevel) }

func (d *dicomweb) searchBelow(c *Call, at level) error {
	q, s, err := d.search(c, at)
	if err != nil {
		return err
	}
	var rows []*db.Found
	if found, err := d.scope(c, &s); err != nil {
		return err
	} else if found {
		s.Limit++
		look := c.Read().SearchSeries
		if at == instanceLevel {
			look = c.Read().SearchInstances
		}
		if rows, err = look(s); err != nil {
			return err
		}
		s.Limit--
	}
	var a web.Array
	root := base(c)
	withStudy := c.PathValue("study") == "" || q.All
	for _, r := range page(c, q, rows, s.Limit) {
		a.Object()
		writeRow(&a, root, at, withStudy, r)
		a.End()
	}
	return answerJSON(c, a.Bytes())
}
