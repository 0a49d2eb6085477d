package metric

import (
	"context"
	"encoding/json"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

const (
	scrapeTimeout = 5 * time.Second
	eventPage     = 500
	eventPages    = 20   // events read at one scrape: what is left comes with the next
	unreceivedMax = 1000 // critical values counted at most
)

// rows reads at each scrape what the database knows.
type rows struct {
	db    *db.DB
	codes *codes

	up, tasks, oldest, unreceived, unsealed, sealed *prometheus.Desc

	mu         sync.Mutex // guards the rest: one scrape at a time follows the events
	cursor     int64      // last event counted, -1 before the first scrape
	events     *prometheus.CounterVec
	issued     *prometheus.CounterVec
	turnaround *prometheus.HistogramVec
	receive    prometheus.Histogram
}

func newRows(d *db.DB, c *codes) *rows {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	r := &rows{db: d, codes: c,
		up:         desc("hub_database_up", "1 if the database answered this scrape."),
		tasks:      desc("hub_queue_tasks", "Unfinished tasks.", "centre", "kind", "priority", "state"),
		oldest:     desc("hub_queue_oldest_seconds", "Age of the oldest task nobody has claimed.", "priority"),
		unreceived: desc("hub_critical_unreceived", "Critical values notified and not yet received."),
		unsealed:   desc("hub_audit_unsealed_seconds", "Age of the oldest event that is not yet numbered and chained."),
		sealed:     desc("hub_audit_sealed_total", "Records in the audit chain."),
		events:     prometheus.NewCounterVec(prometheus.CounterOpts{Name: "hub_events_total", Help: "Events since this process started, by name."}, []string{"event"}),
		issued:     prometheus.NewCounterVec(prometheus.CounterOpts{Name: "hub_report_issued_total", Help: "Reports issued."}, []string{"kind", "priority"}),
		turnaround: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "hub_report_turnaround_seconds", Help: "From submission to the signed report.",
			Buckets: []float64{60, 300, 600, 1800, 3600, 7200, 14400, 21600, 86400, 172800}}, []string{"kind", "priority"}),
		receive: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "hub_critical_receive_seconds", Help: "From finding a critical value to its receipt.",
			Buckets: []float64{30, 60, 180, 300, 480, 600, 1800, 3600}}),
	}
	if last, err := d.Read(context.Background()).LastSeq(); err == nil {
		r.cursor = last
	} else {
		r.cursor = -1
	}
	return r
}

// Describe implements prometheus.Collector.
func (r *rows) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{r.up, r.tasks, r.oldest, r.unreceived, r.unsealed, r.sealed} {
		ch <- d
	}
	for _, c := range r.counted() {
		c.Describe(ch)
	}
}

func (r *rows) counted() []prometheus.Collector {
	return []prometheus.Collector{r.events, r.issued, r.turnaround, r.receive}
}

// Collect implements prometheus.Collector.
func (r *rows) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	tx := r.db.Read(ctx)
	up := 1.0
	for _, part := range []func(*db.Tx, chan<- prometheus.Metric) error{r.queue, r.chain, r.follow} {
		if err := part(tx, ch); err != nil {
			up = 0
		}
	}
	ch <- prometheus.MustNewConstMetric(r.up, prometheus.GaugeValue, up)
	for _, c := range r.counted() {
		c.Collect(ch)
	}
}

// queue tells of unfinished tasks and unreceived critical values.
func (r *rows) queue(tx *db.Tx, ch chan<- prometheus.Metric) error {
	stats, err := tx.QueueStats()
	if err != nil {
		return err
	}
	oldest := map[int]time.Time{}
	for _, s := range stats {
		ch <- prometheus.MustNewConstMetric(r.tasks, prometheus.GaugeValue, float64(s.Count),
			r.codes.of(s.Centre), string(s.Kind), strconv.Itoa(s.Priority), string(s.State))
		if at := oldest[s.Priority]; s.State == hub.Queued && (at.IsZero() || s.Oldest.Before(at)) {
			oldest[s.Priority] = s.Oldest
		}
	}
	for priority := range 5 {
		age := 0.0
		if at := oldest[priority]; !at.IsZero() {
			age = max(0, tx.Now().Sub(at).Seconds())
		}
		ch <- prometheus.MustNewConstMetric(r.oldest, prometheus.GaugeValue, age, strconv.Itoa(priority))
	}
	critical, err := tx.Unreceived(unreceivedMax)
	if err != nil {
		return err
	}
	ch <- prometheus.MustNewConstMetric(r.unreceived, prometheus.GaugeValue, float64(len(critical)))
	return nil
}

// chain tells of the audit chain.
func (r *rows) chain(tx *db.Tx, ch chan<- prometheus.Metric) error {
	waiting, err := tx.Unsealed()
	if err != nil {
		return err
	}
	head, err := tx.AuditHead()
	if err != nil {
		return err
	}
	ch <- prometheus.MustNewConstMetric(r.unsealed, prometheus.GaugeValue, waiting.Seconds())
	ch <- prometheus.MustNewConstMetric(r.sealed, prometheus.CounterValue, float64(head.Seq))
	return nil
}

// follow counts the events sealed since the last scrape.
func (r *rows) follow(tx *db.Tx, _ chan<- prometheus.Metric) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cursor < 0 {
		last, err := tx.LastSeq()
		if err != nil {
			return err
		}
		r.cursor = last
	}
	for range eventPages {
		events, err := tx.Events(r.cursor, eventPage)
		if err != nil {
			return err
		}
		for i := range events {
			r.count(&events[i])
			r.cursor = events[i].Seq
		}
		if len(events) < eventPage {
			break
		}
	}
	return nil
}

// body is what the counters need of an event's body.
type body struct {
	Task struct {
		Kind     hub.TaskKind `json:"kind"`
		Priority int          `json:"priority"`
		TSubmit  *time.Time   `json:"t_submit"`
		TSigned  *time.Time   `json:"t_signed"`
	} `json:"task"`
	Critical struct {
		FoundAt    time.Time `json:"found_at"`
		ReceivedAt time.Time `json:"received_at"`
	} `json:"critical"`
}

// count counts one event; a body of another form leaves out the figures that
// would come from it.
func (r *rows) count(e *hub.Event) {
	r.events.WithLabelValues(e.Name).Inc()
	if e.Name != "report.issued" && e.Name != "critical.received" {
		return
	}
	var b body
	if json.Unmarshal(e.Body, &b) != nil {
		return
	}
	if e.Name == "critical.received" {
		if took := b.Critical.ReceivedAt.Sub(b.Critical.FoundAt); took >= 0 && !b.Critical.FoundAt.IsZero() {
			r.receive.Observe(took.Seconds())
		}
		return
	}
	kind, priority := string(b.Task.Kind), strconv.Itoa(b.Task.Priority)
	r.issued.WithLabelValues(kind, priority).Inc()
	if b.Task.TSubmit != nil && b.Task.TSigned != nil {
		r.turnaround.WithLabelValues(kind, priority).Observe(b.Task.TSigned.Sub(*b.Task.TSubmit).Seconds())
	}
}
