package db

import (
	"time"

	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// Series returns the series with an id.
func (tx *Tx) Series(id hub.SeriesID) (*hub.Series, error) {
	return serieses.one(tx, "db.Series", "WHERE id = $1", string(id))
}

// Unsettled returns series, with their studies, for which nothing is kept, or
// not of all instances, of studies that nothing came to since a time, by id
// after one ("" from the start).
func (tx *Tx) Unsettled(since time.Time, after hub.SeriesID, limit int) ([]*Found, error) {
	return tx.found(false, `FROM series JOIN study ON study.id = series.study
		WHERE series.meta_count = 0 AND series.id > $1 AND study.last_at < $2 ORDER BY series.id LIMIT 0+$3`, string(after), millis(since), limit)
}

// KeepSeries notes which object holds what is kept of a series and reports
// true, or false when the series has other than MetaCount instances by now.
func (tx *Tx) KeepSeries(s *hub.Series) (bool, error) {
	n, err := tx.exec(`UPDATE series SET meta_key = $1, meta_count = $2, meta_tag = $3, meta_size = $4, frames_size = $5, small_size = $6, large_size = $7
		WHERE id = $8 AND instances = $2`, s.MetaKey, s.MetaCount, s.MetaTag, s.MetaSize, s.FramesSize, s.SmallSize, s.LargeSize, string(s.ID))
	return n > 0, err
}

// DoubtSeries notes that the object s names does not hold any more what was kept
// of the series, so that it is made again.
func (tx *Tx) DoubtSeries(s *hub.Series) error {
	_, err := tx.exec("UPDATE series SET meta_count = 0 WHERE id = $1 AND meta_key = $2", string(s.ID), s.MetaKey)
	return err
}

// MoveInstance notes that an instance, and the ECG that was read from it, lie
// elsewhere now. It reports false when the instance was not where i says.
func (tx *Tx) MoveInstance(i *hub.Instance, object string, off int64) (bool, error) {
	n, err := tx.exec("UPDATE instance SET object = $1, off = $2 WHERE id = $3 AND object = $4 AND off = $5", object, off, string(i.ID), i.Object, i.Offset)
	if err != nil || n == 0 {
		return false, err
	}
	_, err = tx.exec("UPDATE recording SET object = $1, off = $2 WHERE instance = $3 AND instance <> '' AND object = $4 AND off = $5",
		object, off, string(i.ID), i.Object, i.Offset)
	return err == nil, err
}

// NamedPart reports whether a row still names something in an object that
// holds parts; only such objects, whose keys begin with "parts/", are known.
func (tx *Tx) NamedPart(object string) (bool, error) {
	const in = ` WHERE object = $1 AND substr(object, 1, 6) = 'parts/'`
	var n int
	err := tx.q.QueryRowContext(tx.ctx, `SELECT count(*) FROM (SELECT object FROM instance`+in+` UNION ALL SELECT object FROM recording`+in+
		` UNION ALL SELECT object FROM quarantine`+in+`) named`, object).Scan(&n)
	return n > 0, err
}
