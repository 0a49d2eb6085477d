package db

import (
	"strings"
	"testing"
)

// The jobs ask every second, and taking in a study for its exam: they must not
// read all series, tasks, instances or exams.
func TestFrequentQueriesUseTheirIndexes(t *testing.T) {
	onEach(t, func(t *testing.T, d *DB) {
		for index, query := range map[string]string{
			"series_unsettled": `SELECT series.id FROM series JOIN study ON study.id = series.study
				WHERE series.meta_count = 0 AND series.id > '' AND study.last_at < 1 ORDER BY series.id LIMIT 1`,
			"instance_parts":  `SELECT object FROM instance WHERE object = 'x' AND substr(object, 1, 6) = 'parts/'`,
			"recording_parts": `SELECT object FROM recording WHERE object = 'x' AND substr(object, 1, 6) = 'parts/'`,
			"task_waiting": `SELECT id FROM task
				WHERE state = 'queued' AND priority = 4 AND queued_at > 0 AND queued_at <= 1 ORDER BY queued_at LIMIT 1`,
			"quarantine_parts": `SELECT object FROM quarantine WHERE object = 'x' AND substr(object, 1, 6) = 'parts/'`,
			"catalogue_exam":   `SELECT code FROM catalogue WHERE active = 1 AND kind = 'image' AND modality = 'CT' AND body_part = 'CHEST' ORDER BY code LIMIT 1`,
		} {
			plan := planOf(t, d, query)
			if !strings.Contains(plan, index) {
				t.Errorf("%s is not used: %s", index, plan)
			}
			if index == "task_waiting" && !d.Postgres() && !strings.Contains(plan, "(priority=? AND queued_at>? AND queued_at<?)") {
				t.Errorf("not all of %s is used: %s", index, plan)
			}
		}
	})
}

// planOf is how an engine would run a query. PostgreSQL reads tables as small as
// these whole unless it is told not to.
func planOf(t *testing.T, d *DB, query string) string {
	t.Helper()
	var plan []string
	commit(t, d, func(tx *Tx) error {
		explain, line := "EXPLAIN QUERY PLAN ", []any{new(int), new(int), new(int), new(string)}
		if d.Postgres() {
			explain, line = "EXPLAIN ", []any{new(string)}
			if _, err := tx.exec("SET LOCAL enable_seqscan = off"); err != nil {
				return err
			}
		}
		rows, err := tx.q.QueryContext(t.Context(), explain+query)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			if err := rows.Scan(line...); err != nil {
				return err
			}
			plan = append(plan, *line[len(line)-1].(*string))
		}
		return rows.Err()
	})
	return strings.Join(plan, "; ")
}
