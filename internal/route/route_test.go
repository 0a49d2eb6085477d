package route

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/internal/arrive"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/hubtest"
	"github.com/yuanzhen/yuanzhen/internal/intake"
	"github.com/yuanzhen/yuanzhen/internal/worklist"
	"github.com/yuanzhen/yuanzhen/storage"
)

type silent struct{}

func (silent) Routed(string, time.Duration)         {}
func (silent) RouteSent(int, int64)                 {}
func (silent) RouteWaiting(int, int, time.Duration) {}

// clinic is a hub with two clinics that forwards.
type clinic struct {
	t    *testing.T
	db   *db.DB
	keys interface {
		Seal([]byte) []byte
		Unseal([]byte) ([]byte, error)
	}
	in   *intake.Intake
	node *arrive.Node
	// spoilt is an instance whose last byte is found damaged.
	spoilt string
}

// open reads a data set as it was received.
func (c *clinic) open(ctx context.Context, i *hub.Instance) (io.ReadCloser, error) {
	r, err := c.node.Received(ctx, i)
	if err != nil || i.UID != c.spoilt {
		return r, err
	}
	broken, w := io.Pipe()
	go func() {
		defer r.Close()
		io.CopyN(w, r, i.Length-1)
		w.CloseWithError(storage.ErrCorrupt)
	}()
	return broken, nil
}

const settle = 50 * time.Millisecond

func newClinic(t *testing.T) *clinic {
	t.Helper()
	s := hubtest.Open(t)
	rules := worklist.DefaultRules()
	rules.Settle = settle
	work := &worklist.Service{DB: s.DB, Rules: rules}
	c := &clinic{t: t, db: s.DB, keys: s.Keys, in: intake.New(s.DB, s.Objects, work, s.Keys, hubtest.Silent{}, slog.New(slog.DiscardHandler))}
	c.node = arrive.New(s.DB, s.Objects, c.in, work)
	c.tx(func(tx *db.Tx) error {
		for _, m := range []*hub.Member{{ID: "m1", Code: "CLINIC1"}, {ID: "m2", Code: "CLINIC2"}} {
			if err := tx.InsertMember(m); err != nil {
				return err
			}
		}
		return nil
	})
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); c.in.Run(ctx) }()
	t.Cleanup(func() { stop(); <-done })
	return c
}

func (c *clinic) tx(fn func(*db.Tx) error) {
	c.t.Helper()
	hubtest.Must(c.t, c.db.Tx(c.t.Context(), fn))
}

// run starts a router; the returned function stops it, as a restart does.
func (c *clinic) run() (stop func()) {
	r := &Router{DB: c.db, Open: c.open, As: c.node.As, Unseal: c.keys.Unseal, AET: "YUANZHEN", Settle: settle, Count: silent{}, Log: slog.New(slog.DiscardHandler)}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); r.Run(ctx, "only") }()
	stop = func() { cancel(); <-done }
	c.t.Cleanup(stop)
	return stop
}

const ctClass = "1.2.840.10008.5.1.4.1.1.2"

// send takes an object in as a device does, and returns its data set.
func (c *clinic) send(member hub.MemberID, calling, modality, study string, n int) []byte {
	c.t.Helper()
	d := dicom.New()
	d.SetText(dicom.SpecificCharacterSet, "GB18030")
	for tag, v := range map[dicom.Tag]string{dicom.SOPClassUID: ctClass, dicom.SOPInstanceUID: fmt.Sprintf("%s.1.%d", study, n), dicom.StudyInstanceUID: study,
		dicom.SeriesInstanceUID: study + ".1", dicom.PatientName: "张^三", dicom.PatientID: "P1", dicom.Modality: modality, dicom.InstanceNumber: strconv.Itoa(n)} {
		d.SetText(tag, v)
	}
	d.SetInts(dicom.Rows, 2)
	d.SetInts(dicom.Columns, 2)
	d.SetInts(dicom.BitsAllocated, 16)
	d.SetInts(dicom.SamplesPerPixel, 1)
	d.SetRaw(dicom.PixelData, dicom.OW, []byte{1, 2, 3, 4, 5, 6, 7, 8})
	var b bytes.Buffer
	hubtest.Must(c.t, dicom.Write(&b, d, dicom.ExplicitVRLittleEndian))
	src := intake.Source{Actor: hub.Actor{Member: member, Role: "device", Name: calling}, Via: "cstore"}
	_, err := c.in.Instance(c.t.Context(), src, bytes.NewReader(b.Bytes()), dicom.ExplicitVRLittleEndian)
	hubtest.Must(c.t, err)
	return b.Bytes()
}

// route makes a rule.
func (c *clinic) route(r hub.Route) string {
	c.t.Helper()
	r.ID, r.Active, r.CreatedAt = hub.NewID[string](), true, time.Now().Add(-time.Minute)
	c.tx(func(tx *db.Tx) error { return tx.InsertRoute(&r) })
	return r.ID
}

// dimse makes a rule to a DICOM node.
func (c *clinic) dimse(addr, title string) string {
	host, port, err := net.SplitHostPort(addr)
	hubtest.Must(c.t, err)
	n, err := strconv.Atoi(port)
	hubtest.Must(c.t, err)
	return c.route(hub.Route{Name: title, Kind: hub.RouteDIMSE, Address: host, Port: n, CalledAE: title})
}

func (c *clinic) jobs(route string) []*hub.RouteJob {
	c.t.Helper()
	list, err := c.db.Read(c.t.Context()).RouteJobs(route, "", 100)
	hubtest.Must(c.t, err)
	return list
}

// wait waits for the one job of a route.
func (c *clinic) wait(route, what string, ok func(*hub.RouteJob) bool) *hub.RouteJob {
	c.t.Helper()
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		list := c.jobs(route)
		if len(list) == 1 && ok(list[0]) {
			return list[0]
		}
		select {
		case <-deadline:
			for _, j := range list {
				c.t.Logf("%+v", *j)
			}
			c.t.Fatalf("not within 30 s: %s", what)
		case <-tick.C:
		}
	}
}

func (c *clinic) retry(route string) {
	c.t.Helper()
	c.tx(func(tx *db.Tx) error { _, err := tx.RetryRoute(route); return err })
}

func isDone(j *hub.RouteJob) bool { return j.State == hub.RouteDone }

func sent(n int) func(*hub.RouteJob) bool {
	return func(j *hub.RouteJob) bool { return isDone(j) && j.Sent == n }
}

func tried(j *hub.RouteJob) bool { return j.State == hub.RouteWaiting && j.Tries > 0 }

func readAll(t *testing.T, r io.Reader) []byte {
	t.Helper()
	b, err := io.ReadAll(r)
	hubtest.Must(t, err)
	return b
}

func TestRulesChooseByMemberModalityAndCaller(t *testing.T) {
	t.Parallel()
	study := &hub.Study{Member: "m1", Modalities: []string{"CT", "SR"}, Caller: "CT1"}
	for _, c := range []struct {
		route hub.Route
		want  bool
	}{
		{hub.Route{Active: true}, true},
		{hub.Route{}, false},
		{hub.Route{Active: true, Member: "m1"}, true},
		{hub.Route{Active: true, Member: "m2"}, false},
		{hub.Route{Active: true, Modalities: []string{"MR", "SR"}}, true},
		{hub.Route{Active: true, Modalities: []string{"MR"}}, false},
		{hub.Route{Active: true, Calling: "ct1"}, true},
		{hub.Route{Active: true, Calling: "CT2"}, false},
		{hub.Route{Active: true, Member: "m1", Modalities: []string{"CT"}, Calling: "CT1"}, true},
	} {
		if got := c.route.Covers(study); got != c.want {
			t.Errorf("%+v: %v", c.route, got)
		}
	}
}
