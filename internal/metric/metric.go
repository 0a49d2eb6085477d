// Package metric counts what the steps of the hub do, for Prometheus. Names
// are hub_<step>_<thing>_<unit>; labels come from small fixed sets
// (institution, kind, priority, result), never from a patient, a doctor or a
// UID.
//
// Steps that no row tells about call the methods of Metrics as things happen.
// The queue, critical values, reports and the audit chain are read from the
// database at each scrape: their events and rows are the truth already. On
// several nodes every node therefore shows these figures of the whole hub
// (take the max), and only its own of the others (take the sum).
package metric

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// Metrics holds the hub's counters. Its methods are safe for concurrent use
// and cost less than a microsecond, but for Taken's first call about a member.
type Metrics struct {
	registry *prometheus.Registry
	codes    *codes

	// arrive
	associations prometheus.Gauge
	dimse        *prometheus.CounterVec
	silent       *prometheus.GaugeVec
	requests     *prometheus.CounterVec
	requestTime  *prometheus.HistogramVec
	// intake
	instances  *prometheus.CounterVec
	bytes      *prometheus.CounterVec
	commitTime prometheus.Histogram
	batch      prometheus.Histogram
	errors     *prometheus.CounterVec
	quarantine *prometheus.CounterVec
	// settle
	settled     *prometheus.CounterVec
	settleTime  prometheus.Histogram
	settleQueue prometheus.Gauge
	packed      prometheus.Counter
	packedBytes prometheus.Counter
	// route
	routeJobs   *prometheus.GaugeVec
	routeOldest prometheus.Gauge
	routeTries  *prometheus.CounterVec
	routeTime   prometheus.Histogram
	routed      prometheus.Counter
	routedBytes prometheus.Counter
	// storage
	storeTime   *prometheus.HistogramVec
	storeErrors *prometheus.CounterVec
	// queue, recognition
	claims     *prometheus.CounterVec
	candidates prometheus.Counter
	decisions  *prometheus.CounterVec
	saved      prometheus.Counter
	// live, ecg, auth
	screens prometheus.Gauge
	sent    prometheus.Counter
	resyncs prometheus.Counter
	alerts  *prometheus.CounterVec
	parsing prometheus.Histogram
	logins  *prometheus.CounterVec
}

var (
	fastSeconds = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}
	batchSizes  = []float64{1, 2, 4, 8, 16, 32, 64}
)

// New makes the counters of one process, and reads d at every scrape.
func New(d *db.DB) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), codes: &codes{db: d, byID: map[hub.MemberID]string{}}}
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), newRows(d, m.codes))

	m.associations = m.gauge("hub_arrive_associations", "Open DICOM associations.")
	m.dimse = m.counters("hub_arrive_dimse_responses_total", "C-STORE answers by status (PS3.7, hexadecimal).", "status")
	m.silent = m.gauges("hub_arrive_silent_devices", "Devices without contact for longer than they may, by institution; on the leading node.", "institution")
	m.requests = m.counters("hub_http_requests_total", "Requests answered, by route pattern and status code.", "route", "code")
	m.requestTime = m.histograms("hub_http_request_seconds", "Time to answer a request.", fastSeconds, "route")

	m.instances = m.counters("hub_intake_instances_total", "Objects taken in, by institution and result.", "institution", "result")
	m.bytes = m.counters("hub_intake_bytes_total", "Bytes of these objects.", "institution")
	m.commitTime = m.histogram("hub_intake_commit_seconds", "From the first object of a batch to its commit.", fastSeconds)
	m.batch = m.histogram("hub_intake_batch_size", "Objects a commit.", batchSizes)
	m.errors = m.counters("hub_intake_errors_total", "Objects that could not be taken in; their sender tries again.", "reason")
	m.quarantine = m.counters("hub_quarantine_total", "Objects kept aside because they break a rule.", "reason")

	m.settled = m.counters("hub_settle_series_total", "Quiet series whose metadata and pictures were written: kept, grown meanwhile, failed.", "result")
	m.settleTime = m.histogram("hub_settle_seconds", "Time to settle a series.", fastSeconds)
	m.settleQueue = m.gauge("hub_settle_waiting", "Quiet series found waiting at the last look.")
	m.packed = m.counter("hub_settle_packed_instances_total", "Instances joined to one object a series.")
	m.packedBytes = m.counter("hub_settle_packed_bytes_total", "Their bytes.")

	m.routeJobs = m.gauges("hub_route_jobs", "Copies of studies: waiting to be forwarded, and failed; on the leading node.", "state")
	m.routeOldest = m.gauge("hub_route_oldest_seconds", "Since when the oldest waiting copy is tried; on the leading node.")
	m.routeTries = m.counters("hub_route_attempts_total", "Attempts to forward a study: done, failed, refused.", "result")
	m.routeTime = m.histogram("hub_route_seconds", "Time of an attempt.", []float64{.1, .5, 1, 5, 10, 30, 60, 300, 900})
	m.routed = m.counter("hub_route_instances_total", "Instances forwarded.")
	m.routedBytes = m.counter("hub_route_bytes_total", "Their bytes.")

	m.storeTime = m.histograms("hub_storage_op_seconds", "Time of an operation of the object store.", fastSeconds, "op")
	m.storeErrors = m.counters("hub_storage_errors_total", "Operations of the object store that failed.", "op")

	m.claims = m.counters("hub_queue_claims_total", "Attempts to claim a task.", "result")
	m.candidates = m.counter("hub_recognition_candidates_total", "Results of others that were shown at ordering.")
	m.decisions = m.counters("hub_recognition_decisions_total", "Decisions about them, with the reason of a refusal.", "decision", "reason")
	m.saved = m.counter("hub_recognition_saved_yuan_total", "Price of the examinations not repeated.")

	m.screens = m.gauge("hub_ws_sessions", "Connected screens.")
	m.sent = m.counter("hub_ws_sent_total", "Messages sent to screens.")
	m.resyncs = m.counter("hub_ws_resyncs_total", "Screens that had fallen too far behind and were told to reload.")
	m.alerts = m.counters("hub_ecg_alerts_total", "Machine alerts of ECGs, by item of the critical list.", "item")
	m.parsing = m.histogram("hub_ecg_parse_seconds", "From file to measured recording.", fastSeconds)
	m.logins = m.counters("hub_auth_logins_total", "Attempts to log in.", "result")
	return m
}

func (m *Metrics) counter(name, help string) prometheus.Counter {
	c := prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	m.registry.MustRegister(c)
	return c
}

func (m *Metrics) counters(name, help string, labels ...string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	m.registry.MustRegister(c)
	return c
}

func (m *Metrics) gauge(name, help string) prometheus.Gauge {
	g := prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	m.registry.MustRegister(g)
	return g
}

func (m *Metrics) gauges(name, help string, labels ...string) *prometheus.GaugeVec {
	g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
	m.registry.MustRegister(g)
	return g
}

func (m *Metrics) histogram(name, help string, buckets []float64) prometheus.Histogram {
	h := prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets})
	m.registry.MustRegister(h)
	return h
}

func (m *Metrics) histograms(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
	m.registry.MustRegister(h)
	return h
}

// Handler serves the metrics in Prometheus' text form. When the database is
// away it serves those that do not need it.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: 4})
}

// Associations counts DICOM associations opened (1) and ended (-1).
func (m *Metrics) Associations(n int) { m.associations.Add(float64(n)) }

// Stored counts the answer to a C-STORE. Out of resources (A7xx) and processing
// failure (0110) also count as intake errors (PS3.4 Annex B, PS3.7 Annex C).
func (m *Metrics) Stored(status uint16) {
	m.dimse.WithLabelValues(fmt.Sprintf("%04X", status)).Inc()
	switch {
	case status>>8 == 0xA7:
		m.errors.WithLabelValues("busy").Inc()
	case status == 0x0110:
		m.errors.WithLabelValues("internal").Inc()
	}
}

// SilentDevices tells how many devices of each member are silent for too long.
func (m *Metrics) SilentDevices(n map[hub.MemberID]int) {
	m.silent.Reset()
	for member, count := range n {
		m.silent.WithLabelValues(m.codes.of(member)).Set(float64(count))
	}
}

// intakeRoutes are the parts of route patterns by which objects come in.
var intakeRoutes = []string{"/studies", "/recordings", "/uploads"}

// HTTPRequest counts a request by its route pattern ("GET /api/v1/tasks/{id}",
// "" for none) and status. A write to an intake route that the hub could not
// serve also counts as an intake error.
func (m *Metrics) HTTPRequest(pattern string, status int, took time.Duration) {
	if pattern == "" {
		pattern = "none"
	}
	m.requests.WithLabelValues(pattern, strconv.Itoa(status)).Inc()
	m.requestTime.WithLabelValues(pattern).Observe(took.Seconds())
	if status < 500 || strings.HasPrefix(pattern, "GET ") {
		return
	}
	for _, route := range intakeRoutes {
		if strings.Contains(pattern, route) {
			reason := "internal"
			if status == http.StatusServiceUnavailable || status == http.StatusInsufficientStorage {
				reason = "busy"
			}
			m.errors.WithLabelValues(reason).Inc()
			return
		}
	}
}

// Taken counts an object that came in from a member: result stored, duplicate,
// conflict or quarantined. The last two are kept aside.
func (m *Metrics) Taken(member hub.MemberID, result string, bytes int64) {
	institution := m.codes.of(member)
	m.instances.WithLabelValues(institution, result).Inc()
	m.bytes.WithLabelValues(institution).Add(float64(bytes))
	if result == "conflict" || result == "quarantined" {
		m.quarantine.WithLabelValues(result).Inc()
	}
}

// Committed counts a commit of the intake.
func (m *Metrics) Committed(instances int, took time.Duration) {
	m.batch.Observe(float64(instances))
	m.commitTime.Observe(took.Seconds())
}

// Settled counts a series whose metadata and pictures were written: kept,
// grown when instances came meanwhile, or failed.
func (m *Metrics) Settled(result string, took time.Duration) {
	m.settled.WithLabelValues(result).Inc()
	m.settleTime.Observe(took.Seconds())
}

// SettleWaiting tells how many quiet series were found waiting.
func (m *Metrics) SettleWaiting(n int) { m.settleQueue.Set(float64(n)) }

// Packed counts instances that were joined to one object.
func (m *Metrics) Packed(instances int, bytes int64) {
	m.packed.Add(float64(instances))
	m.packedBytes.Add(float64(bytes))
}

// Routed counts an attempt to forward a study: done, failed when it is tried
// again, refused when the other side did not take all of it.
func (m *Metrics) Routed(result string, took time.Duration) {
	m.routeTries.WithLabelValues(result).Inc()
	m.routeTime.Observe(took.Seconds())
}

// RouteSent counts instances that were forwarded.
func (m *Metrics) RouteSent(instances int, bytes int64) {
	m.routed.Add(float64(instances))
	m.routedBytes.Add(float64(bytes))
}

// RouteWaiting tells how many copies wait, how many failed, and since when the
// oldest waiting one is tried.
func (m *Metrics) RouteWaiting(waiting, failed int, oldest time.Duration) {
	m.routeJobs.WithLabelValues("waiting").Set(float64(waiting))
	m.routeJobs.WithLabelValues("failed").Set(float64(failed))
	m.routeOldest.Set(oldest.Seconds())
}

// Alerted counts a machine's alert by its item of the critical list (E01 …).
func (m *Metrics) Alerted(item string) { m.alerts.WithLabelValues(item).Inc() }

// Parsed counts a recording that was read and measured.
func (m *Metrics) Parsed(took time.Duration) { m.parsing.Observe(took.Seconds()) }

// Claim counts an attempt to claim a task.
func (m *Metrics) Claim(won bool) { m.claims.WithLabelValues(outcome(won, "won", "lost")).Inc() }

// Candidates counts results of others shown at ordering.
func (m *Metrics) Candidates(n int) { m.candidates.Add(float64(n)) }

// Decided counts a decision about a candidate, its reason code when it was
// declined, and the price of what need not be repeated.
func (m *Metrics) Decided(decision, reason string, savedYuan float64) {
	m.decisions.WithLabelValues(decision, reason).Inc()
	m.saved.Add(max(0, savedYuan))
}

// Screens counts screens connected (1) and gone (-1).
func (m *Metrics) Screens(n int) { m.screens.Add(float64(n)) }

// Sent counts a message to a screen.
func (m *Metrics) Sent() { m.sent.Inc() }

// Resync counts a screen that was told to reload its lists.
func (m *Metrics) Resync() { m.resyncs.Inc() }

// Login counts an attempt to log in.
func (m *Metrics) Login(ok bool) { m.logins.WithLabelValues(outcome(ok, "ok", "refused")).Inc() }

// LoginHeldOff counts an attempt of an address that tries too often.
func (m *Metrics) LoginHeldOff() { m.logins.WithLabelValues("held_off").Inc() }

// Folder watches the room left on the file system of a folder, where objects
// or the database are written; it is called once.
func (m *Metrics) Folder(dir string) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "hub_storage_free_bytes",
		Help: "Room left where objects are written, -1 if unknown."}, func() float64 {
		free, err := freeBytes(dir)
		if err != nil {
			return -1
		}
		return float64(free)
	}))
}

func outcome(ok bool, yes, no string) string {
	if ok {
		return yes
	}
	return no
}
