package db

import (
	"strings"

	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// words keeps a list of short codes as one text with a backslash between, as
// DICOM does.
type words struct{ list *[]string }

func (w words) Scan(src any) error {
	*w.list = nil
	s, _ := src.(string)
	if b, ok := src.([]byte); ok {
		s = string(b)
	}
	if s != "" {
		*w.list = strings.Split(s, `\`)
	}
	return nil
}

// StudyRow is a study as stored: NameKey is its patient name folded for
// matching, NameFuzzy what it can be found by otherwise (package pinyin).
type StudyRow struct {
	hub.Study
	NameKey   string
	NameFuzzy string
}

var studies = newTable[StudyRow]("study", 1, func(s *StudyRow) []column {
	return []column{{"id", &s.ID}, {"member", &s.Member}, {"uid", &s.UID}, {"patient", &s.Patient}, {"name", &s.PatientName},
		{"name_key", &s.NameKey}, {"name_fuzzy", &s.NameFuzzy}, {"local_id", &s.LocalID}, {"issuer", &s.Issuer}, {"birth_date", &s.BirthDate}, {"sex", &s.Sex},
		{"accession", &s.Accession}, {"date", &s.Date}, {"time", &s.Time}, {"study_no", &s.StudyID}, {"description", &s.Description},
		{"referring", &s.Referring}, {"caller", &s.Caller}, {"modalities", words{&s.Modalities}}, {"centre", &s.Centre}, {"series", &s.Series},
		{"instances", &s.Instances}, {"bytes", &s.Bytes}, {"created_at", msec{&s.CreatedAt}}, {"last_at", msec{&s.LastAt}}}
})

var serieses = newTable[hub.Series]("series", 1, func(s *hub.Series) []column {
	return []column{{"id", &s.ID}, {"study", &s.Study}, {"uid", &s.UID}, {"modality", &s.Modality}, {"number", &s.Number},
		{"description", &s.Description}, {"body_part", &s.BodyPart}, {"laterality", &s.Laterality}, {"date", &s.Date}, {"time", &s.Time},
		{"station", &s.Station}, {"maker", &s.Maker}, {"pps_date", &s.PPSDate}, {"pps_time", &s.PPSTime}, {"instances", &s.Instances},
		{"meta_key", &s.MetaKey}, {"meta_count", &s.MetaCount}, {"meta_tag", &s.MetaTag}, {"meta_size", &s.MetaSize}, {"frames_size", &s.FramesSize},
		{"small_size", &s.SmallSize}, {"large_size", &s.LargeSize}}
})

var instances = newTable[hub.Instance]("instance", 1, func(i *hub.Instance) []column {
	return []column{{"id", &i.ID}, {"series", &i.Series}, {"study", &i.Study}, {"member", &i.Member}, {"uid", &i.UID}, {"class", &i.Class},
		{"syntax", &i.Syntax}, {"number", &i.Number}, {"rows", &i.Rows}, {"cols", &i.Cols}, {"frames", &i.Frames}, {"bits", &i.Bits},
		{"object", &i.Object}, {"off", &i.Offset}, {"len", &i.Length}, {"digest", &i.Digest}, {"crc32c", &i.CRC}, {"pixel_at", &i.PixelAt}, {"created_at", msec{&i.CreatedAt}}}
})

// InsertStudy stores a new study.
func (tx *Tx) InsertStudy(s *StudyRow) error { return studies.insert(tx, s) }

// UpdateStudy writes a study back.
func (tx *Tx) UpdateStudy(s *StudyRow) error { _, err := studies.update(tx, s, ""); return err }

// Study returns the study with an id.
func (tx *Tx) Study(id hub.StudyID) (*StudyRow, error) {
	return studies.one(tx, "db.Study", "WHERE id = $1"+tx.lock(), string(id))
}

// StudyByUID returns a member's study by its UID.
func (tx *Tx) StudyByUID(member hub.MemberID, uid string) (*StudyRow, error) {
	return studies.one(tx, "db.StudyByUID", "WHERE member = $1 AND uid = $2"+tx.lock(), string(member), uid)
}

// StudiesByUID returns every member's study with a UID.
func (tx *Tx) StudiesByUID(uid string) ([]*StudyRow, error) {
	return studies.all(tx, "WHERE uid = $1 ORDER BY created_at", uid)
}

// StudiesOfPatients returns the studies of patients, newest first.
func (tx *Tx) StudiesOfPatients(ids []hub.PatientID) ([]*StudyRow, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var f filter
	f.add("patient IN "+in(len(ids)), anys(ids)...)
	return studies.all(tx, f.where()+" ORDER BY date DESC, time DESC, id DESC", f.args...)
}

// RouteStudy sets the centre that reads a study.
func (tx *Tx) RouteStudy(id hub.StudyID, centre hub.MemberID) error {
	_, err := tx.exec("UPDATE study SET centre = $1 WHERE id = $2", string(centre), string(id))
	return err
}

// InsertSeries stores a new series.
func (tx *Tx) InsertSeries(s *hub.Series) error { return serieses.insert(tx, s) }

// UpdateSeries writes a series back.
func (tx *Tx) UpdateSeries(s *hub.Series) error { _, err := serieses.update(tx, s, ""); return err }

// SeriesByUID returns a study's series by its UID.
func (tx *Tx) SeriesByUID(study hub.StudyID, uid string) (*hub.Series, error) {
	return serieses.one(tx, "db.SeriesByUID", "WHERE study = $1 AND uid = $2", string(study), uid)
}

// SeriesOf returns the series of a study, in the order they arrived.
func (tx *Tx) SeriesOf(study hub.StudyID) ([]*hub.Series, error) {
	return serieses.all(tx, "WHERE study = $1 ORDER BY id", string(study))
}

// InsertInstances stores instances, but those whose member has one under
// their UID already, and returns which it stored.
func (tx *Tx) InsertInstances(list ...*hub.Instance) (map[hub.InstanceID]bool, error) {
	if len(list) == 0 {
		return nil, nil
	}
	n, err := instances.insertNewRows(tx, list)
	if err != nil {
		return nil, err
	}
	stored := make(map[hub.InstanceID]bool, len(list))
	for _, i := range list {
		stored[i.ID] = true
	}
	if n == int64(len(list)) {
		return stored, nil
	}
	for _, i := range list { // rare: sent again
		if _, err := tx.Instance(i.ID); hub.KindOf(err) == hub.NotFound {
			delete(stored, i.ID)
		} else if err != nil {
			return nil, err
		}
	}
	return stored, nil
}

// InstanceByUID returns a member's instance by its SOP Instance UID.
func (tx *Tx) InstanceByUID(member hub.MemberID, uid string) (*hub.Instance, error) {
	return instances.one(tx, "db.InstanceByUID", "WHERE member = $1 AND uid = $2", string(member), uid)
}

// InstancesOf returns the instances of a series by number, then arrival.
func (tx *Tx) InstancesOf(series hub.SeriesID) ([]*hub.Instance, error) {
	return instances.all(tx, "WHERE series = $1 ORDER BY length(number), number, id", string(series))
}

// Instance returns the instance with an id.
func (tx *Tx) Instance(id hub.InstanceID) (*hub.Instance, error) {
	return instances.one(tx, "db.Instance", "WHERE id = $1", string(id))
}

// StudyDigests returns the digest of every data set of a study and of the
// recordings that came without one, sorted, for signing.
func (tx *Tx) StudyDigests(study hub.StudyID) ([][]byte, error) {
	rows, err := tx.q.QueryContext(tx.ctx, "SELECT i.digest FROM instance i JOIN series s ON s.id = i.series WHERE s.study = $1 ORDER BY i.digest", string(study))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out [][]byte
	for rows.Next() {
		var h []byte
		if err := rows.Scan(&h); err != nil {
			return nil, err
		}
		out = append(out, h)
	}
	return out, rows.Err()
}

// AddArrived counts n more instances, of which s opened new series, and their
// bytes into a study; mod joins its modalities when it is new.
func (tx *Tx) AddArrived(study *StudyRow, instances, series int, bytes int64) error {
	study.Instances += instances
	study.Series += series
	study.Bytes += bytes
	study.LastAt = tx.Now()
	_, err := tx.exec("UPDATE study SET instances = instances + $1, series = series + $2, bytes = bytes + $3, last_at = $4, modalities = $5 WHERE id = $6",
		instances, series, bytes, millis(study.LastAt), strings.Join(study.Modalities, `\`), string(study.ID))
	return err
}

// AddSeriesInstances counts n more instances into a series. What was kept of
// it does not cover them: MetaCount is 0 again. (In one statement, SQLite
// would write the index of such series at each commit.)
func (tx *Tx) AddSeriesInstances(id hub.SeriesID, n int) error {
	_, err := tx.exec("UPDATE series SET instances = instances + $1 WHERE id = $2", n, string(id))
	if err == nil {
		_, err = tx.exec("UPDATE series SET meta_count = 0 WHERE id = $1 AND meta_count > 0", string(id))
	}
	return err
}

func anys[T ~string](list []T) []any {
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	return out
}
