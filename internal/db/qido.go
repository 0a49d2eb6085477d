package db

import (
	"strings"

	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// Search is what a DICOMweb search asks of the index. Either Member is set
// (the studies a member sent), or Centre (the studies routed to a centre), or
// Patients (all studies of patients, within the alliance).
type Search struct {
	Member   hub.MemberID
	Centre   hub.MemberID
	Patients []hub.PatientID
	Study    hub.StudyID   // only this one, if set
	Studies  []hub.StudyID // only these, if any; the caller has checked the scope
	Series   hub.SeriesID  // only this one, if set
	Matches  []Match
	Limit    int
	Offset   int
}

// Field is an attribute that studies, series or instances can be searched by.
type Field string

// The fields, by their columns.
const (
	FieldPatientName  Field = "study.name_key"
	FieldFuzzyName    Field = "study.name_fuzzy" // Values are the beginnings of words, all of which must be there
	FieldPatientID    Field = "study.local_id"
	FieldIssuer       Field = "study.issuer"
	FieldBirthDate    Field = "study.birth_date"
	FieldSex          Field = "study.sex"
	FieldStudyUID     Field = "study.uid"
	FieldAccession    Field = "study.accession"
	FieldStudyDate    Field = "study.date"
	FieldStudyTime    Field = "study.time"
	FieldStudyMoment  Field = "(study.date || study.time)"
	FieldStudyID      Field = "study.study_no"
	FieldDescription  Field = "study.description"
	FieldReferring    Field = "study.referring"
	FieldModalities   Field = "study.modalities"
	FieldSeriesUID    Field = "series.uid"
	FieldModality     Field = "series.modality"
	FieldSeriesNumber Field = "series.number"
	FieldSeriesText   Field = "series.description"
	FieldBodyPart     Field = "series.body_part"
	FieldSeriesDate   Field = "series.date"
	FieldSeriesTime   Field = "series.time"
	FieldStepDate     Field = "series.pps_date"
	FieldStepTime     Field = "series.pps_time"
	FieldSOPUID       Field = "instance.uid"
	FieldSOPClass     Field = "instance.class"
	FieldInstanceNo   Field = "instance.number"
)

// Match is one condition: Values holds what the field may be, with DICOM's
// wildcards * and ? where Wild is set; From and To bound it, either may be "".
type Match struct {
	Field    Field
	Values   []string
	Wild     bool
	From, To string
}

// SearchStudies returns studies, newest first.
func (tx *Tx) SearchStudies(s Search) ([]*StudyRow, error) {
	f := s.filter(tx)
	// The page is found by ids alone, so that a deep one reads index entries
	// and not rows.
	page := "SELECT study.id FROM study " + f.where() + s.newestFirst() + f.page(s)
	return studies.all(tx, "WHERE study.id IN ("+page+") ORDER BY study.date DESC, study.id DESC", f.args...)
}

// StudyPatients returns the patients whose studies a centre reads under a
// local id: their other studies are priors.
func (tx *Tx) StudyPatients(centre hub.MemberID, localID string) ([]hub.PatientID, error) {
	ids, err := tx.strings("SELECT DISTINCT patient FROM study WHERE centre = $1 AND centre <> '' AND local_id = $2", string(centre), localID)
	out := make([]hub.PatientID, len(ids))
	for i, id := range ids {
		out[i] = hub.PatientID(id)
	}
	return out, err
}

// Found is an instance or a series with what it belongs to; Instance.ID is ""
// of a series.
type Found struct {
	Study    StudyRow
	Series   hub.Series
	Instance hub.Instance
}

// SearchSeries returns series, those of the newest study first, in the order
// they arrived.
func (tx *Tx) SearchSeries(s Search) ([]*Found, error) {
	f := s.filter(tx)
	rest := "FROM study " + s.join(f, "series") + f.where() + s.newestFirst() + ", series.id " + f.page(s)
	return tx.found(false, rest, f.args...)
}

// SearchInstances returns instances, those of the newest study first, by
// instance number within a series.
func (tx *Tx) SearchInstances(s Search) ([]*Found, error) {
	f := s.filter(tx)
	const within = ", series.id, length(instance.number), instance.number, instance.id "
	from := s.join(f, "series", "instance")
	page := "SELECT instance.id FROM study " + from + f.where() + s.newestFirst() + within + f.page(s)
	return tx.found(true, "FROM instance JOIN series ON series.id = instance.series JOIN study ON study.id = series.study WHERE instance.id IN ("+page+
		") ORDER BY study.date DESC, study.id DESC"+within, f.args...)
}

// InstancesAt returns the instances with these UIDs, of all members.
func (tx *Tx) InstancesAt(study, series, instance string) ([]*Found, error) {
	return tx.found(true, `FROM study JOIN series ON series.study = study.id AND series.uid = $2
		JOIN instance ON instance.member = study.member AND instance.uid = $3 AND instance.series = series.id
		WHERE study.uid = $1 ORDER BY study.created_at`, study, series, instance)
}

// FirstInstance returns the instance of a series that comes first by number,
// then arrival.
func (tx *Tx) FirstInstance(series hub.SeriesID) (*hub.Instance, error) {
	return instances.one(tx, "db.FirstInstance", "WHERE series = $1 ORDER BY length(number), number, id LIMIT 1", string(series))
}

func (tx *Tx) found(withInstance bool, rest string, args ...any) ([]*Found, error) {
	names := studies.names + ", " + serieses.names
	if withInstance {
		names += ", " + instances.names
	}
	rows, err := tx.q.QueryContext(tx.ctx, "SELECT "+names+" "+rest, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []*Found
	for rows.Next() {
		v := new(Found)
		into := append(pointers(studies.columns(&v.Study)), pointers(serieses.columns(&v.Series))...)
		if withInstance {
			into = append(into, pointers(instances.columns(&v.Instance))...)
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

func (s Search) filter(tx *Tx) *filter {
	f := &filter{}
	switch {
	case s.Study != "":
		f.add("study.id = ?", string(s.Study))
	case len(s.Studies) > 0:
		f.add("study.id IN "+in(len(s.Studies)), anys(s.Studies)...)
	case len(s.Patients) > 0:
		f.add("study.patient IN "+in(len(s.Patients)), anys(s.Patients)...)
	case s.Centre != "":
		f.add("study.centre = ? AND study.centre <> ''", string(s.Centre))
	default:
		f.add("study.member = ?", string(s.Member))
	}
	if s.Series != "" {
		f.add("series.id = ?", string(s.Series))
	}
	for _, m := range s.Matches {
		switch { // UIDs of instances are indexed within a member
		case m.Field == FieldSOPUID && s.Member != "":
			f.add("instance.member = ?", string(s.Member))
		case m.Field == FieldSOPUID:
			f.add("instance.member IN (SELECT member.id FROM member)")
		}
		m.add(f, !tx.db.postgres)
	}
	return f
}

// join joins what is below studies. Where no key picks few rows, the studies
// are walked in their order and the walk ends with the page; CROSS JOIN keeps
// SQLite from starting elsewhere, PostgreSQL decides by itself.
func (s Search) join(f *filter, below ...string) string {
	how := "CROSS JOIN "
	if s.few() {
		how = "JOIN "
	}
	var b strings.Builder
	above := "study"
	for _, t := range below {
		b.WriteString(how + t)
		if on := t + "." + above + " = " + above + ".id"; s.few() {
			b.WriteString(" ON " + on)
		} else {
			f.add(on)
		}
		b.WriteByte(' ')
		above = t
	}
	return b.String()
}

// few says that a key picks few rows.
func (s Search) few() bool {
	few := s.Study != "" || len(s.Studies) > 0 || len(s.Patients) > 0
	for _, m := range s.Matches {
		switch m.Field {
		case FieldPatientID, FieldAccession, FieldStudyUID, FieldSeriesUID, FieldSOPUID:
			few = few || len(m.Values) > 0 && !m.Wild
		}
	}
	return few
}

// newestFirst is the order of all answers. Where a key picks few rows, they are
// found by it and sorted: an index in the order of dates would be read from end
// to end for them. An expression is in no index.
func (s Search) newestFirst() string {
	if s.few() {
		return " ORDER BY study.date || '' DESC, study.id DESC "
	}
	return " ORDER BY study.date DESC, study.id DESC "
}

func (f *filter) page(s Search) string {
	f.args = append(f.args, s.Limit, s.Offset)
	return "LIMIT 0+$" + itoa(len(f.args)-1) + " OFFSET 0+$" + itoa(len(f.args))
}

// add appends the condition of a match. byteOrder says that the database
// compares text byte by byte, so that a prefix is a range of the index.
func (m Match) add(f *filter, byteOrder bool) {
	if m.From != "" {
		f.add(string(m.Field)+" >= ?", m.From)
	}
	if m.To != "" {
		f.add(string(m.Field)+" <= ? AND "+string(m.Field)+" <> ''", m.To)
	}
	if len(m.Values) == 0 {
		return
	}
	switch {
	case m.Field == FieldFuzzyName:
		for _, v := range m.Values {
			f.add("study.name_fuzzy LIKE ? ESCAPE '!'", "% "+likePattern(v)+"%")
		}
	case m.Field == FieldPatientName:
		m.like(f, "study.name_key", "%=", "=%")
	case m.Field == FieldReferring:
		m.like(f, "('=' || lower(study.referring) || '=')", "%=", "=%")
	case m.Field == FieldModalities:
		m.like(f, `('\' || study.modalities || '\')`, `%\`, `\%`)
	case m.Wild:
		if prefix := literalPrefix(m.Values[0]); prefix != "" && byteOrder && len(m.Values) == 1 {
			f.add(string(m.Field)+" >= ? AND "+string(m.Field)+" < ?", prefix, prefix+"\U0010FFFF")
		}
		m.like(f, string(m.Field), "", "")
	default:
		f.add(string(m.Field)+" IN "+in(len(m.Values)), anys(m.Values)...)
	}
}

// like adds that an expression is like one of the values, with what stands
// before and behind each: names are matched group by group.
func (m Match) like(f *filter, expression, before, behind string) {
	var conditions []string
	var args []any
	for _, v := range m.Values {
		conditions = append(conditions, expression+" LIKE ? ESCAPE '!'")
		args = append(args, before+likePattern(v)+behind)
	}
	f.add("("+strings.Join(conditions, " OR ")+")", args...)
}

// likePattern turns DICOM's wildcards (PS3.4 C.2.2.2.4) into SQL's.
func likePattern(v string) string {
	return strings.NewReplacer("!", "!!", "%", "!%", "_", "!_", "*", "%", "?", "_").Replace(v)
}

func literalPrefix(v string) string {
	if i := strings.IndexAny(v, "*?"); i >= 0 {
		return v[:i]
	}
	return v
}
