package db

import (
	"database/sql"
	"time"
)

// TaskCount counts the tasks that a member submitted in a period.
type TaskCount struct {
	Member    string `json:"member"` // code
	Kind      string `json:"kind"`
	Submitted int64  `json:"submitted"`
	Reported  int64  `json:"reported"` // signed, or a preliminary report sent
	Returned  int64  `json:"returned"` // at least once
	Cancelled int64  `json:"cancelled"`
}

// TaskCounts counts tasks submitted in [from, to) by member and kind.
func (tx *Tx) TaskCounts(from, to time.Time) ([]TaskCount, error) {
	return counted(tx, func(rows *sql.Rows, c *TaskCount) error {
		return rows.Scan(&c.Member, &c.Kind, &c.Submitted, &c.Reported, &c.Returned, &c.Cancelled)
	}, `SELECT member.code, task.kind, count(*), sum(CASE WHEN t_signed > 0 OR t_prelim > 0 THEN 1 ELSE 0 END),
		sum(CASE WHEN t_returned > 0 THEN 1 ELSE 0 END), sum(CASE WHEN state = 'cancelled' THEN 1 ELSE 0 END)
		FROM task JOIN member ON member.id = task.member WHERE t_submit >= $1 AND t_submit < $2 AND t_submit > 0
		GROUP BY member.code, task.kind ORDER BY member.code, task.kind`, millis(from), millis(to))
}

// Timely is how many tasks were due in a period, and how many of them had
// their first report in time (indicator K02: without cancelled and currently
// returned ones).
type Timely struct {
	Due    int64 `json:"due"`
	InTime int64 `json:"in_time"`
}

// TimelyTasks counts tasks due in [from, to).
func (tx *Tx) TimelyTasks(from, to time.Time) (Timely, error) {
	var t Timely
	err := tx.q.QueryRowContext(tx.ctx, `SELECT count(*), coalesce(sum(CASE WHEN (t_prelim > 0 AND t_prelim <= due) OR (t_signed > 0 AND t_signed <= due) THEN 1 ELSE 0 END), 0)
		FROM task WHERE due >= $1 AND due < $2 AND due > 0 AND state NOT IN ('cancelled', 'returned')`, millis(from), millis(to)).Scan(&t.Due, &t.InTime)
	return t, err
}

// NamedCount is a count with its name.
type NamedCount struct {
	Name  string `json:"name"`
	Count int64  `json:"count"`
}

// CriticalCounts counts critical values found in [from, to) by state.
func (tx *Tx) CriticalCounts(from, to time.Time) ([]NamedCount, error) {
	return tx.named("SELECT state, count(*) FROM critical WHERE found_at >= $1 AND found_at < $2 GROUP BY state ORDER BY state", from, to)
}

// DecisionCounts counts recognition decisions in [from, to) by decision, and
// returns the yuan that recognised ones saved.
func (tx *Tx) DecisionCounts(from, to time.Time) (list []NamedCount, saved float64, err error) {
	list, err = tx.named("SELECT decision, count(*) FROM decision WHERE at >= $1 AND at < $2 GROUP BY decision ORDER BY decision", from, to)
	if err != nil {
		return nil, 0, err
	}
	err = tx.q.QueryRowContext(tx.ctx, "SELECT coalesce(sum(saved), 0) FROM decision WHERE decision = 'recognise' AND at >= $1 AND at < $2",
		millis(from), millis(to)).Scan(&saved)
	return list, saved, err
}

func (tx *Tx) named(query string, from, to time.Time) ([]NamedCount, error) {
	return counted(tx, func(rows *sql.Rows, c *NamedCount) error { return rows.Scan(&c.Name, &c.Count) }, query, millis(from), millis(to))
}

// counted reads all rows of a query; it never returns nil without an error, so
// that JSON shows an empty list.
func counted[T any](tx *Tx, scan func(*sql.Rows, *T) error, query string, args ...any) ([]T, error) {
	rows, err := tx.q.QueryContext(tx.ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := []T{}
	for rows.Next() {
		var v T
		if err := scan(rows, &v); err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}
