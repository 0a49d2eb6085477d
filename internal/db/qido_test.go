package db

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// planner notes the plan of each query before it runs.
type planner struct {
	querier
	t        *testing.T
	postgres bool
	plan     string
}

func (p *planner) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	explain, line := "EXPLAIN QUERY PLAN ", []any{new(int), new(int), new(int), new(string)}
	if p.postgres {
		explain, line = "EXPLAIN ", []any{new(string)}
	}
	rows, err := p.querier.QueryContext(ctx, explain+query, args...)
	if err != nil {
		p.t.Fatalf("%s: %v", query, err)
	}
	p.plan = ""
	for rows.Next() {
		if err := rows.Scan(line...); err != nil {
			p.t.Fatal(err)
		}
		p.plan += *line[len(line)-1].(*string) + "\n"
	}
	rows.Close()
	return p.querier.QueryContext(ctx, query, args...)
}

// planned runs what reads on a transaction whose plans are noted. PostgreSQL
// reads tables as small as a test's whole unless it is told not to.
func planned(t *testing.T, d *DB, do func(*Tx, *planner)) {
	t.Helper()
	commit(t, d, func(tx *Tx) error {
		if d.Postgres() {
			if _, err := tx.exec("SET LOCAL enable_seqscan = off"); err != nil {
				return err
			}
		}
		p := &planner{querier: tx.q, t: t, postgres: d.Postgres()}
		do(&Tx{ctx: t.Context(), q: p, db: d}, p)
		return nil
	})
}

// uses tells whether a plan goes by an index, as SQLite describes it.
// PostgreSQL must read no table whole; of few rows it takes any index that fits.
func (p *planner) uses(index string) bool {
	if p.postgres {
		return strings.Contains(p.plan, "Index") && !strings.Contains(p.plan, "Seq Scan")
	}
	return strings.Contains(p.plan, index)
}

// archive is a database with a few studies of two members, two series each
// with three instances; all are read at a centre.
func archive(t *testing.T) *DB {
	t.Helper()
	d := opened(t, "sqlite:"+t.TempDir()+"/hub.db")
	fillArchive(t, d)
	return d
}

func fillArchive(t *testing.T, d *DB) {
	t.Helper()
	commit(t, d, func(tx *Tx) error {
		for _, m := range []hub.MemberID{"m1", "m2", "lead"} {
			if err := tx.InsertMember(&hub.Member{ID: m, Code: string(m)}); err != nil {
				return err
			}
		}
		for n := range 20 {
			if err := putStudy(tx, hub.MemberID(fmt.Sprintf("m%d", 1+n%2)), n); err != nil {
				return err
			}
		}
		return nil
	})
}

func putStudy(tx *Tx, member hub.MemberID, n int) error {
	p := &PatientRow{Patient: hub.Patient{ID: hub.NewID[hub.PatientID](), Member: member, LocalID: fmt.Sprintf("P%d", n)}}
	if err := tx.InsertPatient(p); err != nil {
		return err
	}
	st := &StudyRow{Study: hub.Study{ID: hub.NewID[hub.StudyID](), Member: member, UID: fmt.Sprintf("1.%d", n), Patient: p.ID, LocalID: p.LocalID, Centre: "lead",
		Accession: fmt.Sprintf("A%d", n), Date: fmt.Sprintf("202603%02d", 1+n/2), Modalities: []string{"CT", "SR"}}, NameKey: fmt.Sprintf("=wang^wei%d=王^伟=", n)}
	if err := tx.InsertStudy(st); err != nil {
		return err
	}
	for k := range 2 {
		se := &hub.Series{ID: hub.NewID[hub.SeriesID](), Study: st.ID, UID: fmt.Sprintf("1.%d.%d", n, k), Modality: "CT"}
		if err := tx.InsertSeries(se); err != nil {
			return err
		}
		for j := range 3 {
			i := &hub.Instance{ID: hub.NewID[hub.InstanceID](), Series: se.ID, Study: st.ID, Member: member, UID: fmt.Sprintf("%s.%d", se.UID, j), Number: fmt.Sprint(12 - 5*j), Digest: []byte("x")}
			if _, err := tx.InsertInstances(i); err != nil {
				return err
			}
		}
	}
	return nil
}

func exactly(f Field, v string) []Match { return []Match{{Field: f, Values: []string{v}}} }

// A search must not read more the more studies there are: each has its index.
func TestSearchesAreAnsweredFromAnIndex(t *testing.T) {
	onEach(t, func(t *testing.T, d *DB) {
		fillArchive(t, d)
		searchesUseIndexes(t, d)
	})
}

func searchesUseIndexes(t *testing.T, d *DB) {
	m1, lead := Search{Member: "m1"}, Search{Centre: "lead"}
	for _, c := range []struct {
		name  string
		in    Search
		find  []Match
		rows  int
		index string
	}{
		{"study by UID", m1, exactly(FieldStudyUID, "1.4"), 1, "(member=? AND uid=?)"},
		{"study by patient", m1, exactly(FieldPatientID, "P4"), 1, "study_local"},
		{"study by accession", m1, exactly(FieldAccession, "A4"), 1, "study_accession"},
		{"patients by beginning", m1, []Match{{Field: FieldPatientID, Values: []string{"P1*"}, Wild: true}}, 5, "study_"},
		{"a day", m1, []Match{{Field: FieldStudyDate, From: "20260303", To: "20260303"}}, 1, "study_date (member=? AND date>? AND date<?)"},
		{"a time and a modality", m1, []Match{{Field: FieldStudyDate, From: "20260303"}, {Field: FieldModalities, Values: []string{"CT"}}}, 8, "study_date (member=? AND date>?)"},
		{"first page", m1, nil, 10, "COVERING INDEX study_date (member=?)"},
		{"a name", m1, []Match{{Field: FieldPatientName, Values: []string{"wang*"}}}, 10, "study_date (member=?)"},
		{"first page of a centre", lead, nil, 20, "COVERING INDEX study_centre (centre=?)"},
		{"a centre's by patient", lead, exactly(FieldPatientID, "P4"), 1, "study_centre_local"},
		{"a centre's by accession", lead, exactly(FieldAccession, "A4"), 1, "study_centre_accession"},
	} {
		planned(t, d, func(tx *Tx, p *planner) {
			c.in.Matches, c.in.Limit = c.find, 50
			got, err := tx.SearchStudies(c.in)
			if err != nil || len(got) != c.rows {
				t.Errorf("%s: %d rows, want %d, %v", c.name, len(got), c.rows, err)
			}
			if !p.uses(c.index) {
				t.Errorf("%s does not use %s:\n%s", c.name, c.index, p.plan)
			}
		})
	}
}

func TestSearchesBelowStudiesAreAnsweredFromAnIndex(t *testing.T) {
	onEach(t, func(t *testing.T, d *DB) {
		fillArchive(t, d)
		searchesBelowUseIndexes(t, d)
	})
}

func searchesBelowUseIndexes(t *testing.T, d *DB) {
	m1, lead := Search{Member: "m1"}, Search{Centre: "lead"}
	for _, c := range []struct {
		name      string
		instances bool
		in        Search
		find      []Match
		rows      int
		index     string
	}{
		{"series by UID", false, m1, exactly(FieldSeriesUID, "1.4.1"), 1, "series_uid"},
		{"all series", false, m1, nil, 20, "study_date (member=?)"},
		{"instance by UID", true, m1, exactly(FieldSOPUID, "1.4.1.2"), 1, "(member=? AND uid=?)"},
		{"a centre's instance by UID", true, lead, exactly(FieldSOPUID, "1.4.1.2"), 1, "(member=? AND uid=?)"},
		{"all instances", true, m1, nil, 50, "study_date (member=?)"},
	} {
		planned(t, d, func(tx *Tx, p *planner) {
			c.in.Matches, c.in.Limit = c.find, 50
			look := tx.SearchSeries
			if c.instances {
				look = tx.SearchInstances
			}
			got, err := look(c.in)
			if err != nil || len(got) != c.rows {
				t.Errorf("%s: %d rows, want %d, %v", c.name, len(got), c.rows, err)
			}
			if !p.uses(c.index) {
				t.Errorf("%s does not use %s:\n%s", c.name, c.index, p.plan)
			}
		})
	}
}

func TestPagesOfInstancesFollowEachOtherInOrder(t *testing.T) {
	t.Parallel()
	d := archive(t)
	var all []string
	for offset := 0; ; offset += 7 {
		rows, err := d.Read(t.Context()).SearchInstances(Search{Member: "m2", Limit: 7, Offset: offset})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			all = append(all, r.Study.Date+" "+r.Series.UID+fmt.Sprintf(" %2s", r.Instance.Number))
		}
		if len(rows) < 7 {
			break
		}
	}
	if len(all) != 60 || all[0] != "20260310 1.19.0  2" || all[59] != "20260301 1.1.1 12" {
		t.Fatalf("%d: %q", len(all), all)
	}
	seen := map[string]bool{}
	for _, a := range all {
		if seen[a] {
			t.Errorf("%s comes twice", a)
		}
		seen[a] = true
	}
}

func TestWildcardsMatchOnlyWhatTheyStandFor(t *testing.T) {
	t.Parallel()
	d := archive(t)
	for pattern, want := range map[string]int{"王^伟": 10, "王*": 10, "*伟": 10, "wang": 0, "wang^wei4": 1, "w_ng*": 0, "w?ng*": 10, "%": 0, "*=王^伟": 10, "wang^wei?": 5, "wang!*": 0} {
		rows, err := d.Read(t.Context()).SearchStudies(Search{Member: "m1", Limit: 50, Matches: []Match{{Field: FieldPatientName, Values: []string{pattern}, Wild: true}}})
		if err != nil || len(rows) != want {
			t.Errorf("%q: %d rows, want %d, %v", pattern, len(rows), want, err)
		}
	}
}
