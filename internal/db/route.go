package db

import (
	"time"

	"github.com/yuanzhen/yuanzhen/internal/hub"
)

var routes = newTable[hub.Route]("route", 1, func(r *hub.Route) []column {
	return []column{{"id", &r.ID}, {"name", &r.Name}, {"member", &r.Member}, {"modalities", js{&r.Modalities}}, {"calling", &r.Calling}, {"kind", &r.Kind},
		{"address", &r.Address}, {"port", &r.Port}, {"called_ae", &r.CalledAE}, {"tls", flag{&r.TLS}}, {"url", &r.URL}, {"token", &r.Token},
		{"active", flag{&r.Active}}, {"created_at", msec{&r.CreatedAt}}}
})

var routeJobs = newTable[hub.RouteJob]("route_job", 1, func(j *hub.RouteJob) []column {
	return []column{{"id", &j.ID}, {"route", &j.Route}, {"study", &j.Study}, {"state", &j.State}, {"after", &j.After}, {"sent", &j.Sent}, {"refused", &j.Refused}, {"reason", &j.Reason}, {"tries", &j.Tries},
		{"next_at", msec{&j.NextAt}}, {"since", msec{&j.Since}}, {"error", &j.Error}, {"created_at", msec{&j.CreatedAt}}, {"done_at", msec{&j.DoneAt}}}
})

// InsertRoute stores a new route.
func (tx *Tx) InsertRoute(r *hub.Route) error { return routes.insert(tx, r) }

// UpdateRoute writes a route back.
func (tx *Tx) UpdateRoute(r *hub.Route) error { _, err := routes.update(tx, r, ""); return err }

// DeleteRoute removes a route with what waits for it.
func (tx *Tx) DeleteRoute(id string) error {
	if _, err := tx.exec("DELETE FROM route_job WHERE route = $1", id); err != nil {
		return err
	}
	_, err := tx.exec("DELETE FROM route WHERE id = $1", id)
	return err
}

// Route returns the route with an id.
func (tx *Tx) Route(id string) (*hub.Route, error) {
	return routes.one(tx, "db.Route", "WHERE id = $1"+tx.lock(), id)
}

// Routes returns all routes by name.
func (tx *Tx) Routes() ([]*hub.Route, error) { return routes.all(tx, "ORDER BY name, id") }

// RouteLater notes that a study has grown and is to be looked at by the routes
// at a time, if there are any.
func (tx *Tx) RouteLater(study hub.StudyID, at time.Time) error {
	_, err := tx.exec(`INSERT INTO route_due (study, at) SELECT CAST($1 AS TEXT), CAST($2 AS BIGINT) WHERE EXISTS (SELECT 1 FROM route WHERE active = 1)
		ON CONFLICT (study) DO UPDATE SET at = EXCLUDED.at`, string(study), millis(at))
	return err
}

// RoutesDue returns studies that are to be looked at now, the oldest first.
func (tx *Tx) RoutesDue(limit int) ([]hub.StudyID, error) {
	list, err := tx.strings("SELECT study FROM route_due WHERE at <= $1 ORDER BY at LIMIT 0+$2", millis(tx.Now()), limit)
	out := make([]hub.StudyID, len(list))
	for i, id := range list {
		out[i] = hub.StudyID(id)
	}
	return out, err
}

// RouteLooked notes that a study was looked at.
func (tx *Tx) RouteLooked(study hub.StudyID) error {
	_, err := tx.exec("DELETE FROM route_due WHERE study = $1", string(study))
	return err
}

// InsertRouteJob stores a new job.
func (tx *Tx) InsertRouteJob(j *hub.RouteJob) error { return routeJobs.insert(tx, j) }

// UpdateRouteJob writes a job back, and reports whether it is still there.
func (tx *Tx) UpdateRouteJob(j *hub.RouteJob) (bool, error) { return routeJobs.update(tx, j, "") }

// RouteJob returns the job with an id.
func (tx *Tx) RouteJob(id string) (*hub.RouteJob, error) {
	return routeJobs.one(tx, "db.RouteJob", "WHERE id = $1"+tx.lock(), id)
}

// RouteJobOf returns the job of a study on a route.
func (tx *Tx) RouteJobOf(route string, study hub.StudyID) (*hub.RouteJob, error) {
	return routeJobs.one(tx, "db.RouteJobOf", "WHERE route = $1 AND study = $2"+tx.lock(), route, string(study))
}

// RouteJobsDue returns waiting jobs of a route whose time has come, the
// oldest first.
func (tx *Tx) RouteJobsDue(route string, limit int) ([]*hub.RouteJob, error) {
	return routeJobs.all(tx, "WHERE route = $1 AND state = 'waiting' AND next_at <= $2 ORDER BY next_at, id LIMIT 0+$3", route, millis(tx.Now()), limit)
}

// RouteJobs returns jobs of a route in a state, "" for all, the newest first.
func (tx *Tx) RouteJobs(route string, state hub.RouteState, limit int) ([]*hub.RouteJob, error) {
	var f filter
	f.add("route = ?", route)
	if state != "" {
		f.add("state = ?", string(state))
	}
	f.args = append(f.args, limit)
	return routeJobs.all(tx, f.where()+" ORDER BY created_at DESC, id DESC LIMIT 0+$"+itoa(len(f.args)), f.args...)
}

// RetryRoute lets what failed on a route, and what waits, be sent now. It
// returns how many jobs that are.
func (tx *Tx) RetryRoute(route string) (int64, error) {
	return tx.exec("UPDATE route_job SET state = 'waiting', tries = 0, next_at = $1, since = $1 WHERE route = $2 AND state IN ('waiting','failed')", millis(tx.Now()), route)
}

// SweepRouteJobs drops jobs that were done before a time, and that failed
// before another.
func (tx *Tx) SweepRouteJobs(done, failed time.Time) error {
	_, err := tx.exec("DELETE FROM route_job WHERE state = 'done' AND done_at < $1 OR state = 'failed' AND since < $2", millis(done), millis(failed))
	return err
}

// RouteCount is how many jobs of a route are in a state.
type RouteCount struct {
	Route  string
	State  hub.RouteState
	Count  int
	Oldest time.Time // since when the oldest is tried
}

// RouteCounts counts the jobs of all routes.
func (tx *Tx) RouteCounts() ([]RouteCount, error) {
	rows, err := tx.q.QueryContext(tx.ctx, "SELECT route, state, count(*), min(since) FROM route_job GROUP BY route, state")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []RouteCount
	for rows.Next() {
		var c RouteCount
		if err := rows.Scan(&c.Route, &c.State, &c.Count, msec{&c.Oldest}); err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, rows.Err()
}

// InstancesAfter returns instances of a study by id, after one ("" from the
// start).
func (tx *Tx) InstancesAfter(study hub.StudyID, after hub.InstanceID, limit int) ([]*hub.Instance, error) {
	return instances.all(tx, `WHERE series IN (SELECT id FROM series WHERE study = $1) AND id > $2 ORDER BY id LIMIT 0+$3`, string(study), string(after), limit)
}
