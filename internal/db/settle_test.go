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
			"task_waiting (priority=? AND queued_at>? AND queued_at<?)": `SELECT id FROM task
				WHERE state = 'queued' AND priority = 4 AND queued_at > 0 AND queued_at <= 1 ORDER BY queued_at LIMIT 1`,
			"quarantine_parts": `SELECT object FROM quarantine WHERE object = 'x' AND substr(object, 1, 6) = 'parts/'`,
			"catalogue_exam":   `SELECT code FROM catalogue WHERE active = 1 AND kind = 'image' AND modality = 'CT' AND body_part = 'CHEST' ORDER BY code LIMIT 1`,
		} {
			planned(t, d, func(tx *Tx, p *planner) {
				rows, err := tx.q.QueryContext(t.Context(), query)
				if err != nil {
					t.Fatal(err)
				}
				rows.Close()
				if name, _, _ := strings.Cut(index, " "); !p.uses(index) || !strings.Contains(p.plan, name) {
					t.Errorf("%s is not used: %s", index, p.plan)
				}
			})
		}
	})
}
