package dimse

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"reflect"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/ul"
)

// desk is a Handler of all services; its functions are set by each test.
type desk struct {
	handler
	find    func(context.Context, *Association, *Query, func(uint16, *dicom.Dataset) error) Status
	get     func(context.Context, *Association, *Query, *Retrieval) Status
	perform func(field uint16, class, instance string, d *dicom.Dataset) Status
	acted   func(*Association)
}

var (
	_ Finder    = (*desk)(nil)
	_ Retriever = (*desk)(nil)
	_ Performer = (*desk)(nil)
)

func (d *desk) Find(ctx context.Context, a *Association, q *Query, match func(uint16, *dicom.Dataset) error) Status {
	return d.find(ctx, a, q, match)
}

func (d *desk) Move(ctx context.Context, a *Association, q *Query, r *Retrieval) Status {
	return d.get(ctx, a, q, r)
}

func (d *desk) Get(ctx context.Context, a *Association, q *Query, r *Retrieval) Status {
	return d.get(ctx, a, q, r)
}

func (d *desk) Create(_ context.Context, _ *Association, class, instance string, s *dicom.Dataset) (string, Status) {
	return instance, d.perform(nCreate, class, instance, s)
}

func (d *desk) Set(_ context.Context, _ *Association, class, instance string, s *dicom.Dataset) Status {
	return d.perform(nSet, class, instance, s)
}

func (d *desk) Action(_ context.Context, a *Association, class, instance string, _ uint16, s *dicom.Dataset) Status {
	if d.acted != nil {
		d.acted(a)
	}
	return d.perform(nAction, class, instance, s)
}

func native(class string) PresentationContext {
	return PresentationContext{class, []dicom.TransferSyntax{dicom.ImplicitVRLittleEndian, dicom.ExplicitVRLittleEndian}}
}

func named(name string) *dicom.Dataset {
	d := dicom.New()
	d.SetText(dicom.SpecificCharacterSet, "GB18030")
	d.SetText(dicom.PatientName, name)
	return d
}

func TestMatchesArriveOneByOneAndTheLastStatusEndsThem(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, &Server{Handler: &desk{find: func(_ context.Context, _ *Association, q *Query, match func(uint16, *dicom.Dataset) error) Status {
		if got := q.Identifier.Text(dicom.PatientName); got != "王*" || q.SOPClassUID != StudyRootFind {
			t.Errorf("identifier %q of %s", got, q.SOPClassUID)
		}
		for i := range 3 {
			if err := match(Pending, named("王"+strconv.Itoa(i))); err != nil {
				t.Error(err)
			}
		}
		return Status{}
	}}})
	c := dial(t, addr, native(StudyRootFind))
	for range 2 { // the association serves again after the last response
		var got []string
		status, err := c.Find(t.Context(), StudyRootFind, named("王*"), func(s Status, d *dicom.Dataset) error {
			got = append(got, d.Text(dicom.PatientName))
			return nil
		})
		if err != nil || status.Code != Success || len(got) != 3 || got[2] != "王2" {
			t.Fatalf("%v, %v, %q", status, err, got)
		}
	}
	if err := c.Release(); err != nil {
		t.Error(err)
	}
}

func TestCancelEndsAQueryAtOnce(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, &Server{Handler: &desk{find: func(ctx context.Context, _ *Association, _ *Query, match func(uint16, *dicom.Dataset) error) Status {
		for match(Pending, named("A")) == nil { // for ever, but for the cancel
		}
		if errors.Is(context.Cause(ctx), ErrCanceled) {
			return Status{Code: Canceled}
		}
		return Status{Code: UnableToProcess}
	}}})
	c := dial(t, addr, native(PatientRootFind))
	enough, seen := errors.New("enough"), 0
	status, err := c.Find(t.Context(), PatientRootFind, named("*"), func(Status, *dicom.Dataset) error {
		if seen++; seen == 10 {
			return enough
		}
		return nil
	})
	if status.Code != Canceled || !errors.Is(err, enough) {
		t.Errorf("%v, %v", status, err)
	}
	if err := c.Release(); err != nil {
		t.Error(err)
	}
}

func TestLostRequestorEndsItsQuery(t *testing.T) {
	t.Parallel()
	began, ended := make(chan struct{}), make(chan error, 1)
	addr, _ := serve(t, &Server{Handler: &desk{find: func(ctx context.Context, _ *Association, _ *Query, match func(uint16, *dicom.Dataset) error) Status {
		close(began)
		<-ctx.Done()
		ended <- context.Cause(ctx)
		return Status{Code: Canceled}
	}}})
	c := dial(t, addr, native(StudyRootFind))
	go c.Find(t.Context(), StudyRootFind, named("*"), func(Status, *dicom.Dataset) error { return nil })
	<-began
	c.Abort()
	if err := <-ended; errors.Is(err, ErrCanceled) || err == nil {
		t.Errorf("the query ended with %v", err)
	}
}

func TestInstancesComeOnTheAssociationThatAsked(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, &Server{Handler: &desk{get: func(ctx context.Context, _ *Association, _ *Query, r *Retrieval) Status {
		if !r.Accepts(ctImage, dicom.ExplicitVRLittleEndian) || r.Accepts(twelveLead, dicom.ExplicitVRLittleEndian) {
			t.Error("roles were not honoured")
		}
		for _, uid := range []string{"1.2.1", "1.2.2"} {
			r.Remaining = 1
			if err := r.Report(); err != nil {
				t.Error(err)
			}
			status, err := r.Store(ctx, ctImage, uid, dicom.ExplicitVRLittleEndian, bytes.NewReader(pattern(100_000)))
			switch {
			case err != nil:
				t.Error(err)
			case status.OK():
				r.Completed++
			default:
				r.Failed++
				r.FailedUIDs = append(r.FailedUIDs, uid)
			}
		}
		return Status{Code: SubOperationsFailed}
	}}})
	c, err := Dial(t.Context(), addr, DialOptions{CallingAE: "TEST", CalledAE: "HUB",
		Contexts: []PresentationContext{native(StudyRootGet), ctExplicit, {twelveLead, []dicom.TransferSyntax{dicom.ExplicitVRLittleEndian}}},
		Roles:    []ul.Role{{SOPClass: ctImage, SCU: true, SCP: true}}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Abort()
	took := map[string]int64{}
	out, err := c.Get(t.Context(), StudyRootGet, named("x"), nil, func(r *StoreRequest) Status {
		took[r.SOPInstanceUID], _ = io.Copy(io.Discard, r.Data)
		if r.SOPInstanceUID == "1.2.2" {
			return Status{Code: OutOfResources}
		}
		return Status{}
	})
	if err != nil || out.Code != SubOperationsFailed || out.Completed != 1 || out.Failed != 1 || len(out.FailedUIDs) != 1 || out.FailedUIDs[0] != "1.2.2" {
		t.Errorf("%+v, %v", out, err)
	}
	if took["1.2.1"] != 100_000 || took["1.2.2"] != 100_000 {
		t.Errorf("took %v", took)
	}
	if err := c.Release(); err != nil {
		t.Error(err)
	}
}

// pipes is a listener within the process, whose clock a test can own.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (l *pipes) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipes) dial() net.Conn {
	here, there := net.Pipe()
	l.conns <- there
	return here
}

// TestFailedInstancesAreUnderstoodWhereverTheyAreNamed answers a C-MOVE as
// Orthanc 1.10 does: the list of failed instances stands behind the command.
func TestFailedInstancesAreUnderstoodWhereverTheyAreNamed(t *testing.T) {
	t.Parallel()
	addr := scp(t, func(p *scripted) {
		p.read()
		p.write(answerPDU())
		p.read() // the command; the identifier waits
		rsp := command{affectedClass: StudyRootMove, field: cMove | responseBit, respondedTo: 1, dataSetType: noDataSet,
			status: Status{Code: SubOperationsFailed}, progress: &Progress{Remaining: -1, Failed: 2}}
		p.write(pdu(4, pdv(1, 3, append(rsp.append(nil), "\x08\x00\x00\x00\x04\x00\x00\x00\x12\x00\x00\x00\x08\x00\x58\x00\x0a\x00\x00\x001.2\\1.2.33"...))))
	})
	c := dial(t, addr, native(StudyRootMove))
	out, err := c.Move(t.Context(), StudyRootMove, "WS", named("x"), nil)
	if err != nil || out.Code != SubOperationsFailed || out.Failed != 2 || !reflect.DeepEqual(out.FailedUIDs, []string{"1.2", "1.2.33"}) {
		t.Errorf("%v %+v %q, %v", out.Status, out.Progress, out.FailedUIDs, err)
	}
}

func TestMoveThatTakesLongIsHeardOfMeanwhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
		s := &Server{Handler: &desk{get: func(_ context.Context, _ *Association, _ *Query, r *Retrieval) Status {
			time.Sleep(25 * time.Second)
			r.Remaining, r.Completed = 1, 1
			r.Report()
			time.Sleep(14 * time.Second)
			r.Remaining, r.Completed = 0, 2
			return Status{}
		}}}
		ctx, stop := context.WithCancel(t.Context())
		served := make(chan error, 1)
		go func() { served <- s.Serve(ctx, l) }()
		p := &scripted{t, l.dial()}
		p.write(requestFor(0, StudyRootMove))
		p.read()
		began := time.Now()
		cmd := command{affectedClass: StudyRootMove, field: cMove, messageID: 1, moveDestination: "WS", dataSetType: aDataSet}
		p.write(pdu(4, pdv(1, 3, cmd.append(nil)), pdv(1, 2, []byte("\x10\x00\x20\x00LO\x02\x00P1"))))
		for _, want := range []struct {
			at        time.Duration
			code      uint16
			completed int // -1: not told
		}{{10, Pending, -1}, {20, Pending, -1}, {25, Pending, 1}, {30, Pending, 1}, {39, Success, 2}} {
			rsp := p.response()
			completed := -1
			if rsp.progress != nil {
				completed = rsp.progress.Completed
			}
			if at := time.Since(began); at != want.at*time.Second || rsp.status.Code != want.code || completed != want.completed {
				t.Errorf("after %v: %04X, %d completed; want %+v", at, rsp.status.Code, completed, want)
			}
		}
		p.nc.Close()
		stop()
		<-served
	})
}

func TestNormalizedServicesAnswerWithTheirStatus(t *testing.T) {
	t.Parallel()
	h := &desk{perform: func(field uint16, class, instance string, d *dicom.Dataset) Status {
		if field == nSet {
			return Status{Code: ProcessingFailure, Comment: "closed"}
		}
		return Status{}
	}}
	addr, _ := serve(t, &Server{Handler: h})
	c := dial(t, addr, native(PerformedStep), native(StorageCommitment))
	if status, err := c.Create(t.Context(), PerformedStep, "1.2.3", named("x")); err != nil || status.Code != Success {
		t.Errorf("N-CREATE: %v, %v", status, err)
	}
	if status, err := c.Set(t.Context(), PerformedStep, "1.2.3", named("x")); err != nil || status.Code != ProcessingFailure || status.Comment != "closed" {
		t.Errorf("N-SET: %v, %v", status, err)
	}
	if status, err := c.Set(t.Context(), StorageCommitment, "1.2.3", named("x")); err != nil || status.Code != UnrecognizedOperation {
		t.Errorf("N-SET of a commitment: %v, %v", status, err)
	}
}

func TestEventReportComesOnTheSameAssociation(t *testing.T) {
	t.Parallel()
	reported := make(chan Status, 1)
	acted := make(chan *Association, 1)
	h := &desk{perform: func(uint16, string, string, *dicom.Dataset) Status { return Status{} }, acted: func(a *Association) { acted <- a }}
	addr, _ := serve(t, &Server{Handler: h})
	c := dial(t, addr, native(StorageCommitment))
	if status, err := c.Action(t.Context(), StorageCommitment, CommitmentInstance, 1, named("x")); err != nil || status.Code != Success {
		t.Fatalf("N-ACTION: %v, %v", status, err)
	}
	a := <-acted
	go func() {
		status, err := a.Report(context.Background(), Event{SOPClassUID: StorageCommitment, SOPInstanceUID: CommitmentInstance, Type: 2, Data: named("王")})
		if err != nil {
			t.Error(err)
		}
		reported <- status
	}()
	err := c.AwaitEvent(t.Context(), func(e Event) Status {
		if e.Type != 2 || e.Data.Text(dicom.PatientName) != "王" || e.SOPInstanceUID != CommitmentInstance {
			t.Errorf("event %+v", e)
		}
		return Status{Code: ProcessingFailure}
	})
	if got := <-reported; err != nil || got.Code != ProcessingFailure {
		t.Errorf("%v, %v", got, err)
	}
	if err := c.Release(); err != nil {
		t.Error(err)
	}
}

func TestExtendedNegotiationAndIdentityAreAnswered(t *testing.T) {
	t.Parallel()
	s := &Server{Handler: &desk{}}
	got := s.extended([]ul.Extended{
		{SOPClass: StudyRootFind, Info: []byte{1, 1, 1, 1, 1, 1}}, {SOPClass: PatientRootFind, Info: []byte{0, 1}}, {SOPClass: StudyRootMove, Info: []byte{0, 1}},
		{SOPClass: PatientRootGet, Info: []byte{1, 1}}, {SOPClass: ModalityWorklist, Info: []byte{1, 1, 1}}, {SOPClass: ctImage, Info: []byte{2, 0, 0, 0, 1}},
		{SOPClass: "1.2.840.10008.5.1.1.9", Info: []byte{1}}, {SOPClass: Verification, Info: []byte{1}}, {SOPClass: StorageCommitment, Info: []byte{1}},
	})
	want := []ul.Extended{
		{SOPClass: StudyRootFind, Info: []byte{1, 1, 1, 0, 0}}, {SOPClass: PatientRootFind, Info: []byte{0, 1}}, {SOPClass: StudyRootMove, Info: []byte{0, 0}},
		{SOPClass: PatientRootGet, Info: []byte{1, 0}}, {SOPClass: ModalityWorklist, Info: []byte{0, 0, 0}}, {SOPClass: ctImage, Info: []byte{2, 0, 3, 0, 0}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("extended %+v, want %+v", got, want)
	}
	roles := s.roles([]ul.Role{{SOPClass: ctImage, SCU: false, SCP: true}, {SOPClass: StorageCommitment, SCU: true, SCP: true}, {SOPClass: "1.2.840.10008.5.1.1.9", SCU: true}})
	if len(roles) != 2 || roles[0].SCU || !roles[0].SCP || !roles[1].SCU || roles[1].SCP {
		t.Errorf("roles %+v", roles)
	}
	for _, kind := range []byte{1, 2, 4, 5} {
		rq := &ul.Associate{Identity: &ul.UserIdentity{Type: kind, ResponseRequested: true, Primary: []byte("x")}}
		if !s.answer(rq, &Association{}).IdentityResponse {
			t.Errorf("identity %d was not answered", kind)
		}
	}
	if s.answer(&ul.Associate{Identity: &ul.UserIdentity{Type: 1}}, &Association{}).IdentityResponse {
		t.Error("an identity was answered that nobody asked to be")
	}
}

func TestRequestOfAnotherClassThanItsContextIsRefused(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, &Server{Handler: &desk{}})
	c := dial(t, addr, native(StudyRootFind), native(StudyRootGet), native(PerformedStep))
	for name, q := range map[string]struct {
		context string
		cmd     command
		data    []byte
		code    uint16
	}{
		"find of another class":      {StudyRootFind, command{affectedClass: PatientRootFind, field: cFind}, []byte{0, 0}, SOPClassNotSupported},
		"move on a find context":     {StudyRootFind, command{affectedClass: StudyRootFind, field: cMove}, []byte{0, 0}, UnrecognizedOperation},
		"find on a get context":      {StudyRootGet, command{affectedClass: StudyRootGet, field: cFind}, []byte{0, 0}, UnrecognizedOperation},
		"no identifier":              {StudyRootFind, command{affectedClass: StudyRootFind, field: cFind}, nil, IdentifierMismatch},
		"an unreadable identifier":   {StudyRootFind, command{affectedClass: StudyRootFind, field: cFind}, []byte("\x08\x00\x52\x00\xff\xff\x00\x00ST"), CannotUnderstand},
		"set of another class":       {PerformedStep, command{requestedClass: "1.2.3", requestedInstance: "1.2", field: nSet}, nil, NoSuchSOPClass},
		"action on a step":           {PerformedStep, command{requestedClass: PerformedStep, requestedInstance: "1.2", field: nAction}, nil, UnrecognizedOperation},
		"an unreadable modification": {PerformedStep, command{requestedClass: PerformedStep, requestedInstance: "1.2", field: nSet}, []byte("\x08\x00\x52\x00\xff\xff\x00\x00ST"), ProcessingFailure},
	} {
		id, ok := c.context(q.context, "")
		if !ok {
			t.Fatalf("%s: no context", name)
		}
		cmd := q.cmd
		var rsp command
		err := c.guard(t.Context(), &cmd, func() error {
			var data io.Reader
			if cmd.dataSetType = noDataSet; q.data != nil {
				cmd.dataSetType, data = aDataSet, bytes.NewReader(q.data)
			}
			if err := c.post(id, &cmd, data); err != nil {
				return err
			}
			var err error
			rsp, _, err = c.receive()
			return err
		})
		if err != nil || rsp.status.Code != q.code || len(rsp.status.Comment) > maxComment {
			t.Errorf("%s: %v, %v; want %04X", name, rsp.status, err, q.code)
		}
	}
}

func TestRequestorThatCancelsAndFallsSilentIsLetGo(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 1)
	addr, _ := serve(t, &Server{Timeouts: ul.Timeouts{Idle: 100 * time.Millisecond}, Handler: &desk{get: func(ctx context.Context, _ *Association, _ *Query, r *Retrieval) Status {
		_, err := r.Store(ctx, ctImage, "1.2.1", dicom.ExplicitVRLittleEndian, bytes.NewReader(pattern(100)))
		ended <- err
		return Status{Code: Canceled}
	}}})
	c, err := Dial(t.Context(), addr, DialOptions{CallingAE: "TEST", CalledAE: "HUB",
		Contexts: []PresentationContext{native(StudyRootGet), ctExplicit}, Roles: []ul.Role{{SOPClass: ctImage, SCP: true}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Abort)
	id, _ := c.context(StudyRootGet, "")
	for _, cmd := range []*command{{affectedClass: StudyRootGet, field: cGet, messageID: 1, dataSetType: aDataSet}, {field: cCancel, respondedTo: 1, dataSetType: noDataSet}} {
		var data io.Reader
		if cmd.dataSetType == aDataSet {
			data = bytes.NewReader([]byte("\x10\x00\x20\x00\x02\x00\x00\x00P1"))
		}
		if err := c.post(id, cmd, data); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case err := <-ended:
		if !errors.Is(err, ul.ErrTimeout) {
			t.Errorf("the sub-operation ended with %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Error("the sub-operation waits for ever")
	}
}

func TestSecondRequestWhileOneRunsEndsTheAssociation(t *testing.T) {
	t.Parallel()
	ended := make(chan struct{})
	addr, _ := serve(t, &Server{Handler: &desk{find: func(ctx context.Context, _ *Association, _ *Query, _ func(uint16, *dicom.Dataset) error) Status {
		<-ctx.Done()
		close(ended)
		return Status{Code: Canceled}
	}}})
	c := dial(t, addr, native(StudyRootFind))
	id, _ := c.context(StudyRootFind, "")
	for message := range uint16(2) {
		if err := c.post(id, &command{affectedClass: StudyRootFind, field: cFind, messageID: message + 1, dataSetType: aDataSet}, bytes.NewReader([]byte("\x10\x00\x20\x00\x02\x00\x00\x00P1"))); err != nil {
			t.Fatal(err)
		}
	}
	<-ended
	if _, _, err := c.receive(); err == nil {
		t.Error("the second request was answered")
	}
}
