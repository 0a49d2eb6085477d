// Package route forwards copies: a study that has settled and that a rule
// covers goes to another DICOM node or DICOMweb root, as the bytes that came;
// to a node that takes native syntaxes only, decoded.
// What is to be sent are rows; it survives restarts, is tried again while the
// other side is away, and never holds intake up. It changes no study and waits
// for nobody: a copy that cannot be delivered is given up with its reason.
package route

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/internal/audit"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// Bounds of forwarding.
const (
	turn     = time.Second
	lead     = 15 * time.Second
	lookMost = 100
	perRoute = 2 // studies on their way along a route at the same time
	batch    = 50
	// firstRetry after an attempt that failed, doubled up to lastRetry.
	firstRetry = 10 * time.Second
	lastRetry  = time.Hour
	// giveUp is how long the other side may be away.
	giveUp = 3 * 24 * time.Hour
	// keepDone and keepFailed are how long it is shown what became of a copy.
	keepDone   = 7 * 24 * time.Hour
	keepFailed = 30 * 24 * time.Hour
	sweepEvery = time.Minute
	reasonMost = 200
)

// Counter learns what was forwarded; metric.Metrics is wired to it.
type Counter interface {
	Routed(result string, took time.Duration)
	RouteSent(instances int, bytes int64)
	RouteWaiting(waiting, failed int, oldest time.Duration)
}

// Router sends along the routes.
type Router struct {
	DB *db.DB
	// Open reads a data set as it was received, As in a native syntax.
	Open   func(context.Context, *hub.Instance) (io.ReadCloser, error)
	As     func(context.Context, *hub.Instance, dicom.TransferSyntax) (io.ReadCloser, error)
	Unseal func([]byte) ([]byte, error)
	AET    string        // that we call by
	TLS    *tls.Config   // what we show and whom we trust on TLS associations
	Settle time.Duration // silence after which a study is forwarded
	Count  Counter
	Log    *slog.Logger

	mu      sync.Mutex // guards the rest
	running map[string]bool
	busy    map[string]int // running jobs of a route
}

// refusal says that the other side will not take some instances, however often
// they are sent.
type refusal struct {
	count  int
	reason string // of the first
}

func (r *refusal) add(n int, reason string) {
	if r.count == 0 {
		r.reason = reason
	}
	r.count += n
}

// sender brings instances to one destination. It returns how many of them,
// from the first on, are dealt with; with an error the next is to be tried
// again later.
type sender interface {
	send(ctx context.Context, list []*hub.Instance, refused *refusal) (int, error)
	close()
}

// Run forwards until ctx ends, on the leading node.
func (r *Router) Run(ctx context.Context, node string) {
	r.running, r.busy = map[string]bool{}, map[string]int{}
	var working sync.WaitGroup
	defer working.Wait()
	tick := time.NewTicker(turn)
	defer tick.Stop()
	var renewed, swept time.Time
	leads := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if time.Since(renewed) > lead/3 {
			var err error
			if leads, err = r.DB.Lead(ctx, "route", node, lead); err != nil {
				r.Log.Error("route: leadership", "error", err)
				continue
			}
			renewed = time.Now()
		}
		if !leads {
			r.Count.RouteWaiting(0, 0, 0)
			continue
		}
		err := r.turn(ctx, &working)
		if err == nil && time.Since(swept) > sweepEvery {
			swept = time.Now()
			err = r.sweep(ctx)
		}
		if err != nil && ctx.Err() == nil {
			r.Log.Error("route", "error", err)
		}
	}
}

// turn looks at studies that have grown quiet and starts what is due.
func (r *Router) turn(ctx context.Context, working *sync.WaitGroup) error {
	read := r.DB.Read(ctx)
	studies, err := read.RoutesDue(lookMost)
	if err != nil {
		return err
	}
	for _, id := range studies {
		if err := r.DB.Tx(ctx, func(tx *db.Tx) error { return r.look(tx, id) }); err != nil {
			if ctx.Err() != nil {
				return err
			}
			r.Log.Error("route: one study cannot be looked at; the others go on", "study", id, "error", err)
		}
	}
	routes, err := read.Routes()
	if err != nil {
		return err
	}
	for _, rt := range routes {
		if !rt.Active {
			continue
		}
		jobs, err := read.RouteJobsDue(rt.ID, 2*perRoute)
		if err != nil {
			return err
		}
		for _, j := range jobs {
			if !r.begin(j) {
				continue
			}
			working.Go(func() {
				defer r.end(j)
				r.carry(ctx, rt, j)
			})
		}
	}
	return nil
}

func (r *Router) begin(j *hub.RouteJob) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.running[j.ID] || r.busy[j.Route] >= perRoute {
		return false
	}
	r.running[j.ID] = true
	r.busy[j.Route]++
	return true
}

func (r *Router) end(j *hub.RouteJob) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.running, j.ID)
	if r.busy[j.Route]--; r.busy[j.Route] == 0 {
		delete(r.busy, j.Route)
	}
}

// look opens or reopens the jobs of a study that is quiet.
func (r *Router) look(tx *db.Tx, id hub.StudyID) error {
	study, err := tx.Study(id)
	if err != nil {
		return err
	}
	if quiet := study.LastAt.Add(r.Settle); quiet.After(tx.Now()) {
		return tx.RouteLater(id, quiet)
	}
	routes, err := tx.Routes()
	if err != nil {
		return err
	}
	for _, rt := range routes {
		if !rt.Covers(&study.Study) || study.CreatedAt.Before(rt.CreatedAt) {
			continue
		}
		j, err := tx.RouteJobOf(rt.ID, id)
		switch {
		case err == nil && j.State == hub.RouteWaiting:
		case err == nil:
			j.State, j.Tries, j.Since, j.NextAt = hub.RouteWaiting, 0, tx.Now(), tx.Now()
			_, err = tx.UpdateRouteJob(j)
		case hub.KindOf(err) == hub.NotFound:
			err = tx.InsertRouteJob(&hub.RouteJob{ID: hub.NewID[string](), Route: rt.ID, Study: id, State: hub.RouteWaiting, NextAt: tx.Now(), Since: tx.Now(), CreatedAt: tx.Now()})
		}
		if err != nil {
			return err
		}
	}
	return tx.RouteLooked(id)
}

// carry makes one attempt at a job and notes how it went.
func (r *Router) carry(ctx context.Context, rt *hub.Route, j *hub.RouteJob) {
	began := time.Now()
	refused := refusal{j.Refused, j.Reason} // of the attempts before
	err := r.send(ctx, rt, j, &refused)
	if ctx.Err() != nil {
		err = ctx.Err() // goes on where it was when the hub is back
	}
	failed := r.DB.Tx(context.WithoutCancel(ctx), func(tx *db.Tx) error { return r.note(tx, rt, *j, err, &refused) })
	if failed != nil {
		r.Log.Error("route", "job", j.ID, "error", failed)
	}
	switch {
	case ctx.Err() != nil:
	case err != nil:
		r.Count.Routed("failed", time.Since(began))
		r.Log.Warn("study not forwarded", "route", rt.ID, "job", j.ID, "tries", j.Tries+1, "error", err)
	case refused.count > 0:
		r.Count.Routed("refused", time.Since(began))
		r.Log.Warn("instances refused by the destination of a route", "route", rt.ID, "job", j.ID, "refused", refused.count, "reason", refused.reason)
	default:
		r.Count.Routed("done", time.Since(began))
	}
}

// note writes down how an attempt ended. The route may be gone meanwhile.
func (r *Router) note(tx *db.Tx, rt *hub.Route, j hub.RouteJob, cause error, refused *refusal) error {
	now := tx.Now()
	switch {
	case errors.Is(cause, context.Canceled):
	case cause != nil:
		j.Tries++
		j.Error = short(cause.Error())
		j.NextAt = now.Add(min(firstRetry<<min(j.Tries-1, 10), lastRetry))
		if now.Sub(j.Since) > giveUp {
			j.State = hub.RouteFailed
		}
	case refused.count > 0: // a retry sends them all again
		j.State, j.Error = hub.RouteFailed, short(fmt.Sprintf("%d refused: %s", refused.count, refused.reason))
		j.After, j.Sent, j.Refused, j.Reason = "", 0, 0, ""
	default:
		j.State, j.Error, j.DoneAt = hub.RouteDone, "", now
	}
	there, err := tx.UpdateRouteJob(&j)
	if err != nil || !there || j.State == hub.RouteWaiting {
		return err
	}
	study, err := tx.Study(j.Study)
	if err != nil {
		return err
	}
	record := hub.Record{Action: "route.sent", Object: "study/" + string(j.Study), Patient: audit.Pseudonym(study.Patient), OK: true, Reason: "route/" + rt.ID}
	if j.State == hub.RouteFailed {
		record.Action, record.OK = "route.failed", false
	}
	return tx.Audit(hub.System, record)
}

func short(s string) string {
	if r := []rune(s); len(r) > reasonMost {
		return string(r[:reasonMost])
	}
	return s
}

// send sends the instances of a study that have not gone yet and moves j on.
func (r *Router) send(ctx context.Context, rt *hub.Route, j *hub.RouteJob, refused *refusal) error {
	to, err := r.sender(rt)
	if err != nil {
		return err
	}
	defer to.close()
	read := r.DB.Read(ctx)
	for again := false; ; {
		list, err := read.InstancesAfter(j.Study, j.After, batch)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			study, err := read.Study(j.Study)
			if err != nil || again || j.Sent >= study.Instances {
				return err
			}
			again, j.After, j.Sent, *refused = true, "", 0, refusal{} // some came in an order unlike that of their ids
			continue
		}
		n, err := to.send(ctx, list, refused)
		var bytes int64
		for _, i := range list[:n] {
			j.After, bytes = i.ID, bytes+i.Length
		}
		j.Sent += n
		j.Refused, j.Reason = refused.count, short(refused.reason)
		r.Count.RouteSent(n, bytes)
		if err != nil {
			return err
		}
		if err := r.progress(ctx, j); err != nil {
			return err
		}
	}
}

// progress keeps how far a job is, so that a restart does not send it all
// again.
func (r *Router) progress(ctx context.Context, j *hub.RouteJob) error {
	return r.DB.Tx(ctx, func(tx *db.Tx) error {
		there, err := tx.UpdateRouteJob(j)
		if err == nil && !there {
			err = errors.New("the route is gone")
		}
		return err
	})
}

func (r *Router) sender(rt *hub.Route) (sender, error) {
	if rt.Kind == hub.RouteSTOW {
		token := ""
		if len(rt.Token) > 0 {
			plain, err := r.Unseal(rt.Token)
			if err != nil {
				return nil, fmt.Errorf("token of the route: %w", err)
			}
			token = string(plain)
		}
		return newWeb(r.Open, rt.URL, token), nil
	}
	return &node{router: r, route: rt}, nil
}

// sweep drops what has been shown for long enough, and counts the rest.
func (r *Router) sweep(ctx context.Context) error {
	err := r.DB.Tx(ctx, func(tx *db.Tx) error { return tx.SweepRouteJobs(tx.Now().Add(-keepDone), tx.Now().Add(-keepFailed)) })
	if err != nil {
		return err
	}
	read := r.DB.Read(ctx)
	counts, err := read.RouteCounts()
	waiting, failed, oldest := 0, 0, time.Duration(0)
	for _, c := range counts {
		switch c.State {
		case hub.RouteWaiting:
			waiting += c.Count
			oldest = max(oldest, read.Now().Sub(c.Oldest))
		case hub.RouteFailed:
			failed += c.Count
		}
	}
	r.Count.RouteWaiting(waiting, failed, oldest)
	return err
}
