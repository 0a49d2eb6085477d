package arrive

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/dimse"
	"github.com/yuanzhen/yuanzhen/dicom/ul"
)

// target is a workstation that takes instances as its function says.
type target struct {
	mu    sync.Mutex
	took  map[string][]byte // by SOP Instance UID
	syn   map[string]dicom.TransferSyntax
	from  []string // move originators
	store func(*dimse.StoreRequest) dimse.Status
	calls int // associations opened
	// hangUp, if set, tells whether the connection is to break now.
	hangUp func() bool
	conns  []net.Conn
}

// keeper keeps the connections it accepts.
type keeper struct {
	net.Listener
	w *target
}

func (k keeper) Accept() (net.Conn, error) {
	c, err := k.Listener.Accept()
	if err == nil {
		k.w.mu.Lock()
		k.w.conns = append(k.w.conns, c)
		k.w.mu.Unlock()
	}
	return c, err
}

var _ dimse.Handler = (*target)(nil)

func (w *target) Accept(context.Context, *dimse.Association) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls++
	return nil
}

func (w *target) Store(_ context.Context, _ *dimse.Association, r *dimse.StoreRequest) dimse.Status {
	b, err := io.ReadAll(r.Data)
	if err != nil {
		return dimse.Status{Code: dimse.ProcessingFailure}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.took[r.SOPInstanceUID], w.syn[r.SOPInstanceUID] = b, r.Syntax
	w.from = append(w.from, r.MoveOriginator)
	if w.hangUp != nil && w.hangUp() {
		w.conns[len(w.conns)-1].Close()
	}
	if w.store != nil {
		return w.store(r)
	}
	return dimse.Status{}
}

func (w *target) Closed(*dimse.Association, bool, error) {}

// workstation starts a target and registers it with the hub.
func (h *clinic) workstation(t *testing.T, title string, store func(*dimse.StoreRequest) dimse.Status) *target {
	t.Helper()
	w := &target{took: map[string][]byte{}, syn: map[string]dicom.TransferSyntax{}, store: store}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		(&dimse.Server{Handler: w, Grace: time.Millisecond}).Serve(ctx, keeper{l, w})
		close(done)
	}()
	t.Cleanup(func() { stop(); <-done })
	h.register(t, title, l.Addr().String())
	return w
}

func TestMoveBringsTheStoredBytesToARegisteredDevice(t *testing.T) {
	t.Parallel()
	h := shelf(t)
	w := h.workstation(t, "WS", nil)
	c := h.dial(t, "CT1", dimse.PatientRootMove, dimse.StudyRootMove)
	for _, q := range []struct {
		class string
		id    *dicom.Dataset
		want  int
	}{
		{dimse.PatientRootMove, identifier("PATIENT", "PatientID", "P1"), 4},
		{dimse.StudyRootMove, identifier("STUDY", "StudyInstanceUID", `1.1\1.3`), 4},
		{dimse.StudyRootMove, identifier("SERIES", "StudyInstanceUID", "1.1", "SeriesInstanceUID", "1.1.1"), 2},
		{dimse.StudyRootMove, identifier("IMAGE", "StudyInstanceUID", "1.1", "SeriesInstanceUID", "1.1.1", "SOPInstanceUID", "1.1.1.2"), 1},
		{dimse.StudyRootMove, identifier("STUDY", "StudyInstanceUID", "7.7"), 0},
	} {
		last := -1
		out, err := c.Move(t.Context(), q.class, "WS", q.id, func(p dimse.Progress) error {
			if last = p.Completed; p.Completed+p.Remaining != q.want {
				t.Errorf("progress %+v of %d", p, q.want)
			}
			return nil
		})
		if err != nil || out.Code != dimse.Success || out.Completed != q.want || out.Failed+out.Warning+out.Remaining != 0 || q.want > 1 && last != q.want-1 {
			t.Errorf("%s: %+v, %v (last progress %d)", q.id.Text(dicom.QueryRetrieveLevel), out, err, last)
		}
	}
	want := encoded(t, image{"1.1", "1.1.1", "1.1.1.2", "A1", "Wang^Xiaoming=王^小明", "P1", "20260101", ""}.dataset(), dicom.ExplicitVRLittleEndian)
	if !bytes.Equal(w.took["1.1.1.2"], want) || w.syn["1.1.1.2"] != dicom.ExplicitVRLittleEndian || w.from[0] != "CT1" {
		t.Errorf("bytes differ: %d of %d, originator %q", len(w.took["1.1.1.2"]), len(want), w.from[0])
	}
	if w.took["1.9.1.1"] != nil {
		t.Error("an instance of another clinic left")
	}
}

func TestMoveSaysWhatItCouldNotDo(t *testing.T) {
	t.Parallel()
	h := shelf(t)
	h.workstation(t, "HALF", func(r *dimse.StoreRequest) dimse.Status {
		switch r.SOPInstanceUID {
		case "1.1.1.1":
			return dimse.Status{Code: dimse.OutOfResources}
		case "1.1.1.2":
			return dimse.Status{Code: dimse.CoercionOfDataElements}
		}
		return dimse.Status{}
	})
	h.workstation(t, "NONE", func(*dimse.StoreRequest) dimse.Status { return dimse.Status{Code: dimse.ProcessingFailure} })
	h.register(t, "GONE", "127.0.0.1:1")
	c := h.dial(t, "CT1", dimse.StudyRootMove)
	study := identifier("STUDY", "StudyInstanceUID", "1.1")
	for _, q := range []struct {
		to            string
		id            *dicom.Dataset
		code          uint16
		done, bad, wn int
		failed        []string
	}{
		{"HALF", study, dimse.SubOperationsFailed, 1, 1, 1, []string{"1.1.1.1"}},
		{"NONE", study, dimse.UnableToPerform, 0, 3, 0, []string{"1.1.1.1", "1.1.1.2", "1.1.2.1"}},
		{"GONE", study, dimse.UnableToPerform, 0, 3, 0, []string{"1.1.1.1", "1.1.1.2", "1.1.2.1"}},
		{"UNKNOWN", study, dimse.UnknownMover, 0, 0, 0, nil},
		{"CT1", study, dimse.UnknownMover, 0, 0, 0, nil}, // registered, but takes no calls
		{"HALF", identifier("STUDY", "PatientID", "P1"), dimse.IdentifierMismatch, 0, 0, 0, nil},
		{"HALF", identifier("", "StudyInstanceUID", "1.1"), dimse.IdentifierMismatch, 0, 0, 0, nil},
		{"HALF", identifier("PATIENT", "PatientID", "P1"), dimse.IdentifierMismatch, 0, 0, 0, nil},
	} {
		out, err := c.Move(t.Context(), dimse.StudyRootMove, q.to, q.id, nil)
		slices.Sort(out.FailedUIDs)
		if err != nil || out.Code != q.code || out.Completed != q.done || out.Failed != q.bad || out.Warning != q.wn || !slices.Equal(out.FailedUIDs, q.failed) {
			t.Errorf("%s: %+v, %v; want %04X", q.to, out, err, q.code)
		}
	}
}

func TestMoveGoesOnAfterALostAssociation(t *testing.T) {
	t.Parallel()
	h := shelf(t)
	w := h.workstation(t, "WS", nil)
	once := make(chan struct{}, 1)
	once <- struct{}{}
	w.hangUp = func() bool {
		select {
		case <-once:
			return true
		default:
			return false
		}
	}
	c := h.dial(t, "CT1", dimse.StudyRootMove)
	out, err := c.Move(t.Context(), dimse.StudyRootMove, "WS", identifier("STUDY", "StudyInstanceUID", "1.1"), nil)
	if err != nil || out.Code != dimse.SubOperationsFailed || out.Completed != 2 || out.Failed != 1 || w.calls != 2 {
		t.Errorf("%+v, %v, %d associations", out, err, w.calls)
	}
}

func TestCancelStopsAMoveAndCountsWhatRemains(t *testing.T) {
	t.Parallel()
	h := shelf(t)
	asked := make(chan struct{}, 8)
	h.workstation(t, "SLOW", func(*dimse.StoreRequest) dimse.Status {
		asked <- struct{}{}
		if len(asked) > 1 { // the one that runs when the cancel comes never ends by itself
			<-t.Context().Done()
		}
		return dimse.Status{}
	})
	c := h.dial(t, "CT1", dimse.PatientRootMove)
	enough := errors.New("enough")
	out, err := c.Move(t.Context(), dimse.PatientRootMove, "SLOW", identifier("PATIENT", "PatientID", "P1"), func(dimse.Progress) error { return enough })
	if !errors.Is(err, enough) || out.Code != dimse.Canceled || out.Completed != 1 || out.Remaining+out.Completed+out.Failed != 4 || out.Remaining < 2 {
		t.Errorf("%+v, %v", out, err)
	}
}

// getting opens an association for C-GET that takes CT in the given syntaxes.
func (h *clinic) getting(t *testing.T, syntaxes ...dicom.TransferSyntax) *dimse.Client {
	t.Helper()
	c, err := dimse.Dial(t.Context(), h.addr, dimse.DialOptions{CallingAE: "CT1", CalledAE: "YUANZHEN",
		Contexts: []dimse.PresentationContext{{AbstractSyntax: dimse.StudyRootGet, Syntaxes: native}, {AbstractSyntax: ctClass, Syntaxes: syntaxes}},
		Roles:    []ul.Role{{SOPClass: ctClass, SCP: true}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Abort)
	return c
}

func TestGetSendsOnTheAssociationThatAsked(t *testing.T) {
	t.Parallel()
	h := shelf(t)
	for _, ts := range []dicom.TransferSyntax{dicom.ExplicitVRLittleEndian, dicom.ImplicitVRLittleEndian, dicom.ExplicitVRBigEndian, dicom.DeflatedExplicitVRLittleEndian} {
		c := h.getting(t, ts)
		took := map[string]*dicom.Dataset{}
		out, err := c.Get(t.Context(), dimse.StudyRootGet, identifier("STUDY", "StudyInstanceUID", "1.1"), nil, func(r *dimse.StoreRequest) dimse.Status {
			d, err := dicom.Parse(r.Data, r.Syntax, dicom.Options{Keep: -1})
			if err != nil || r.Syntax != ts {
				t.Errorf("in %s: %v", r.Syntax, err)
			}
			took[r.SOPInstanceUID] = d
			return dimse.Status{}
		})
		if err != nil || out.Code != dimse.Success || out.Completed != 3 || len(took) != 3 {
			t.Fatalf("%s: %+v, %v", ts.Name(), out, err)
		}
		if d := took["1.1.2.1"]; d.Text(dicom.PatientName) != "Wang^Xiaoming=王^小明" || d.Text(dicom.Rows) != "2" {
			t.Errorf("%s: %q", ts.Name(), d.Text(dicom.PatientName))
		}
		if err := c.Release(); err != nil {
			t.Error(err)
		}
	}
	c := h.getting(t, dicom.JPEG2000Lossless) // nothing is in it, nothing can be put into it
	out, err := c.Get(t.Context(), dimse.StudyRootGet, identifier("STUDY", "StudyInstanceUID", "1.1"), nil, func(*dimse.StoreRequest) dimse.Status { return dimse.Status{} })
	if err != nil || out.Code != dimse.UnableToPerform || len(out.FailedUIDs) != 3 {
		t.Errorf("%+v, %v", out, err)
	}
}
