package db

import "github.com/yuanzhen/yuanzhen/internal/hub"

// Stored is a row's word about bytes in the object store.
type Stored struct {
	ID     string
	Object string
	Offset int64
	Length int64  // -1: the whole object
	Digest []byte // nil: not kept in the row
}

// StoredTables are the tables whose rows name bytes that cannot be made again;
// of signed reports SignedReports tells.
var StoredTables = [...]string{"instance", "recording", "quarantine", "addendum"}

// StoredIn returns what the rows of one of StoredTables say, by id after one
// ("" from the start).
func (tx *Tx) StoredIn(table, after string, limit int) ([]Stored, error) {
	query := "SELECT id, object, off, len, digest FROM " + table + " WHERE id > $1 ORDER BY id LIMIT 0+$2"
	if table == "addendum" {
		query = "SELECT id, pdf, 0, -1, NULL FROM addendum WHERE pdf <> '' AND id > $1 ORDER BY id LIMIT 0+$2"
	}
	rows, err := tx.q.QueryContext(tx.ctx, query, after, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Stored
	for rows.Next() {
		var s Stored
		if err := rows.Scan(&s.ID, &s.Object, &s.Offset, &s.Length, &s.Digest); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, rows.Err()
}

// SignedReports returns signed versions by id and version after one ("" from
// the start).
func (tx *Tx) SignedReports(after hub.ReportID, version, limit int) ([]*hub.Report, error) {
	return reports.all(tx, "WHERE hash <> '' AND (id > $1 OR id = $1 AND version > $2) ORDER BY id, version LIMIT 0+$3", string(after), version, limit)
}

// Miscounted returns series whose count of instances is not that of their
// rows, at most limit.
func (tx *Tx) Miscounted(limit int) ([]string, error) {
	return tx.strings(`SELECT series.id FROM series LEFT JOIN (SELECT series, count(*) AS n FROM instance GROUP BY series) counted ON counted.series = series.id
		WHERE series.instances <> coalesce(counted.n, 0) ORDER BY series.id LIMIT 0+$1`, limit)
}

// CountSeries returns how many series there are.
func (tx *Tx) CountSeries() (n int64, err error) {
	err = tx.q.QueryRowContext(tx.ctx, "SELECT count(*) FROM series").Scan(&n)
	return n, err
}
