package db

import (
	"strings"
	"testing"
)

// The job asks every second: it must not read all series or tasks that wait,
// nor the sweep all instances.
func TestJobQueriesUseTheirIndexes(t *testing.T) {
	t.Parallel()
	d, err := Open(t.Context(), "sqlite:"+t.TempDir()+"/hub.db")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for index, query := range map[string]string{
		"series_unsettled": `SELECT series.id FROM series JOIN study ON study.id = series.study
			WHERE series.meta_count = 0 AND series.id > '' AND study.last_at < 1 ORDER BY series.id LIMIT 0+1`,
		"instance_parts":  `SELECT object FROM instance WHERE object = 'x' AND substr(object, 1, 6) = 'parts/'`,
		"recording_parts": `SELECT object FROM recording WHERE object = 'x' AND substr(object, 1, 6) = 'parts/'`,
		"task_waiting (priority=? AND queued_at>? AND queued_at<?)": `SELECT id FROM task
			WHERE state = 'queued' AND priority = 4 AND queued_at > 0 AND queued_at <= 1 ORDER BY queued_at LIMIT 0+1`,
		"quarantine_parts": `SELECT object FROM quarantine WHERE object = 'x' AND substr(object, 1, 6) = 'parts/'`,
	} {
		rows, err := d.read.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query)
		if err != nil {
			t.Fatal(err)
		}
		var plan []string
		for rows.Next() {
			var id, parent, unused int
			var detail string
			if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
				t.Fatal(err)
			}
			plan = append(plan, detail)
		}
		rows.Close()
		if all := strings.Join(plan, "; "); !strings.Contains(all, index) {
			t.Errorf("%s is not used: %s", index, all)
		}
	}
}
