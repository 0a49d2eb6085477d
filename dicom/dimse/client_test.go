package dimse

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"testing/iotest"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/ul"
)

func TestClientHearsTheStatusAsGiven(t *testing.T) {
	t.Parallel()
	want := Status{Code: CoercionOfDataElements, Comment: "kept both", Offending: []dicom.Tag{0x00100020}}
	addr, _ := serve(t, &Server{Handler: &handler{store: func(_ context.Context, a *Association, r *StoreRequest) Status {
		if a.CallingAE != "TEST" || r.SOPClassUID != ctImage || r.SOPInstanceUID != "1.2.3" || r.Syntax != dicom.ExplicitVRLittleEndian {
			t.Errorf("%+v %+v", a, r)
		}
		if _, err := io.Copy(io.Discard, r.Data); err != nil {
			return Status{Code: ProcessingFailure}
		}
		return want
	}}})
	c := dial(t, addr, ctExplicit)
	got, err := c.Store(t.Context(), ctImage, "1.2.3", dicom.ExplicitVRLittleEndian, bytes.NewReader(pattern(1000)))
	if err != nil || got.Code != want.Code || got.Comment != want.Comment || len(got.Offending) != 1 || got.Offending[0] != want.Offending[0] || !got.OK() {
		t.Errorf("%v, %v", got, err)
	}
	if err := c.Release(); err != nil {
		t.Error(err)
	}
}

func TestClientSendsOnlyWhatWasAccepted(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, &Server{Handler: &handler{}})
	c := dial(t, addr, ctExplicit, PresentationContext{studyRootGet, []dicom.TransferSyntax{dicom.ExplicitVRLittleEndian}})
	for name, err := range map[string]error{
		"another syntax": second(c.Store(t.Context(), ctImage, "1.2.3", dicom.JPEG2000, nil)),
		"refused class":  second(c.Store(t.Context(), studyRootGet, "1.2.3", "", nil)),
		"echo":           second(c.Echo(t.Context())),
	} {
		if !errors.Is(err, ErrNoContext) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if !c.Accepts(ctImage, "") || c.Accepts(studyRootGet, "") {
		t.Errorf("contexts %+v", c.Contexts())
	}
	if err := c.Release(); err != nil {
		t.Errorf("the association did not survive: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }

func TestClientGivesUpWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	addr, _ := serve(t, &Server{Handler: &handler{store: func(_ context.Context, _ *Association, r *StoreRequest) Status {
		cancel() // while the sender waits for the answer or still sends
		io.Copy(io.Discard, r.Data)
		return Status{}
	}}})
	c := dial(t, addr, ctExplicit)
	endless := struct{ io.Reader }{io.LimitReader(zeros{}, 1<<40)}
	if _, err := c.Store(ctx, ctImage, "1.2.3", "", endless); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if _, err := c.Store(t.Context(), ctImage, "1.2.3", "", bytes.NewReader(nil)); err == nil {
		t.Error("an aborted association took another message")
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// scp answers one association on a bare listener with what script writes.
func scp(t *testing.T, script func(p *scripted)) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { l.Close(); <-done })
	go func() {
		defer close(done)
		nc, err := l.Accept()
		if err != nil {
			return
		}
		defer nc.Close()
		script(&scripted{t, nc})
		io.Copy(io.Discard, nc)
	}()
	return l.Addr().String()
}

// answerPDU accepts the first context of requestPDU's shape.
func answerPDU() []byte {
	b := append([]byte{0, 1, 0, 0}, make([]byte, 64)...)
	b = append(b, item(0x10, []byte(ul.ApplicationContext))...)
	b = append(b, item(0x21, append([]byte{1, 0, 0, 0}, item(0x40, []byte("1.2.840.10008.1.2"))...))...)
	return pdu(2, append(b, item(0x50, item(0x51, []byte{0, 0, 0, 0}))...))
}

func TestClientSurvivesServersThatMisbehave(t *testing.T) {
	t.Parallel()
	okay := command{affectedClass: Verification, field: cEcho | responseBit, respondedTo: 1, dataSetType: noDataSet}
	other, find := okay, okay
	other.respondedTo = 77
	find.field = 0x8020
	abort := pdu(7, []byte{0, 0, 2, 6})
	for _, c := range []struct {
		name   string
		answer []byte
		check  func(error) bool
	}{
		{"good", pdu(4, pdv(1, 3, okay.append(nil))), func(err error) bool { return err == nil }},
		{"in pieces", append(pdu(4, pdv(1, 1, okay.append(nil)[:9])), pdu(4, pdv(1, 3, okay.append(nil)[9:]))...), func(err error) bool { return err == nil }},
		{"answer to another message", pdu(4, pdv(1, 3, other.append(nil))), isError},
		{"answer of another service", pdu(4, pdv(1, 3, find.append(nil))), isError},
		{"data in place of an answer", pdu(4, pdv(1, 2, okay.append(nil))), isError},
		{"release in place of an answer", pdu(5, make([]byte, 4)), isError},
		{"abort", abort, func(err error) bool {
			var a *ul.AbortError
			return errors.As(err, &a) && a.Remote && a.Source == 2 && a.Reason == 6
		}},
	} {
		addr := scp(t, func(p *scripted) {
			p.read()
			p.write(answerPDU())
			p.read()
			p.write(c.answer)
		})
		client, err := Dial(t.Context(), addr, DialOptions{CallingAE: "A", CalledAE: "B"})
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if _, err = client.Echo(t.Context()); !c.check(err) {
			t.Errorf("%s: %v", c.name, err)
		}
		client.Abort()
	}
}

func isError(err error) bool { return err != nil }

func TestDeflatedDataSetOfOddLengthIsPadded(t *testing.T) {
	t.Parallel()
	got := make(chan []byte, 1)
	addr, _ := serve(t, &Server{Handler: &handler{store: keeper(got)}})
	c := dial(t, addr, PresentationContext{ctImage, []dicom.TransferSyntax{dicom.DeflatedExplicitVRLittleEndian}})
	for _, size := range []int{0, 1, 1000, 1001, 131_061, 262_121} {
		data := pattern(size)
		for name, r := range map[string]io.Reader{"whole": bytes.NewReader(data), "byte by byte": iotest.OneByteReader(bytes.NewReader(data))} {
			st, err := c.Store(t.Context(), ctImage, "1.2.3", dicom.DeflatedExplicitVRLittleEndian, r)
			if err != nil || !st.OK() {
				t.Fatal(st, err)
			}
			want := append(bytes.Clone(data), make([]byte, size%2)...)
			if b := <-got; !bytes.Equal(b, want) {
				t.Errorf("%s: %d bytes arrived of %d", name, len(b), size)
			}
		}
	}
}

func TestAbortDuringALongStoreIsReported(t *testing.T) {
	t.Parallel()
	addr := scp(t, func(p *scripted) {
		p.read()
		p.write(answerPDU())
		p.read()
		p.write(pdu(7, []byte{0, 0, 0, 0}))
	})
	c, err := Dial(t.Context(), addr, DialOptions{CallingAE: "A", CalledAE: "B", Contexts: []PresentationContext{{ctImage, []dicom.TransferSyntax{dicom.ImplicitVRLittleEndian}}}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Store(t.Context(), ctImage, "1.2.3", "", bytes.NewReader(pattern(300_000)))
	var a *ul.AbortError
	if !errors.As(err, &a) || !a.Remote || a.Source != ul.AbortUser {
		t.Errorf("error %v", err)
	}
}

func TestDialRefusesWhatNoPeerUnderstands(t *testing.T) {
	t.Parallel()
	le := []dicom.TransferSyntax{dicom.ImplicitVRLittleEndian}
	for name, o := range map[string]DialOptions{
		"no calling title":    {CalledAE: "B"},
		"called title of 17":  {CallingAE: "A", CalledAE: "SEVENTEEN_LETTERS"},
		"129 contexts":        {CallingAE: "A", CalledAE: "B", Contexts: make([]PresentationContext, 129)},
		"no transfer syntax":  {CallingAE: "A", CalledAE: "B", Contexts: []PresentationContext{{Verification, nil}}},
		"no abstract syntax":  {CallingAE: "A", CalledAE: "B", Contexts: []PresentationContext{{"", le}}},
		"syntax that is none": {CallingAE: "A", CalledAE: "B", Contexts: []PresentationContext{{Verification, []dicom.TransferSyntax{"x"}}}},
	} {
		if _, err := Dial(t.Context(), "127.0.0.1:1", o); err == nil || errors.As(err, new(*net.OpError)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
