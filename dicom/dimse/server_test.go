package dimse

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom/ul"
)

// keeper is a store function that keeps what it reads.
func keeper(got chan<- []byte) func(context.Context, *Association, *StoreRequest) Status {
	return func(_ context.Context, _ *Association, r *StoreRequest) Status {
		b, err := io.ReadAll(r.Data)
		if err != nil {
			return Status{Code: ProcessingFailure}
		}
		got <- b
		return Status{}
	}
}

func TestDataSetArrivesWholeHoweverItIsCut(t *testing.T) {
	t.Parallel()
	got := make(chan []byte, 1)
	addr, _ := serve(t, &Server{Handler: &handler{store: keeper(got)}})
	data := pattern(70_001)
	for _, c := range []struct {
		name        string
		perPDV, pdv int // payload of a fragment, fragments of a PDU
	}{
		{"one byte each", 1, 50}, {"odd", 37, 3}, {"4 KB PDUs", 4090, 1}, {"whole", 70_001, 1}, {"many in a PDU", 999, 80},
	} {
		p := associate(t, addr)
		cmd := storeCommand(1, "1.2.3")
		p.write(pdu(4, pdv(3, 1, cmd[:11]), pdv(3, 1, nil), pdv(3, 3, cmd[11:])))
		for rest := data; len(rest) > 0; {
			var pdvs []byte
			for range c.pdv {
				k := min(c.perPDV, len(rest))
				flags := byte(0)
				if k == len(rest) {
					flags = 2
				}
				pdvs = append(pdvs, pdv(3, flags, rest[:k])...)
				if rest = rest[k:]; flags == 2 {
					break
				}
			}
			p.write(pdu(4, pdvs))
		}
		if b := <-got; !bytes.Equal(b, data) {
			t.Errorf("%s: %d bytes of %d", c.name, len(b), len(data))
		}
		if rsp := p.response(); rsp.status.Code != Success || rsp.field != cStore|responseBit || rsp.respondedTo != 1 ||
			rsp.affectedInstance != "1.2.3" || rsp.affectedClass != ctImage || rsp.hasDataSet() {
			t.Errorf("%s: response %+v", c.name, rsp)
		}
	}
}

func TestSeveralMessagesInOnePDUAreAllAnswered(t *testing.T) {
	t.Parallel()
	got := make(chan []byte, 2)
	addr, _ := serve(t, &Server{Handler: &handler{store: keeper(got)}})
	p := associate(t, addr)
	p.write(pdu(4,
		pdv(1, 3, echoCommand(1)),
		pdv(3, 3, storeCommand(2, "1.2.3")), pdv(3, 2, []byte("first.")),
		pdv(3, 3, storeCommand(3, "1.2.4")), pdv(3, 0, []byte("sec")), pdv(3, 2, []byte("ond")),
		pdv(1, 3, echoCommand(4))))
	for id := uint16(1); id <= 4; id++ {
		if rsp := p.response(); rsp.respondedTo != id || rsp.status.Code != Success {
			t.Errorf("response %+v to message %d", rsp, id)
		}
	}
	if a, b := string(<-got), string(<-got); a != "first." || b != "second" {
		t.Errorf("stored %q and %q", a, b)
	}
	p.write(pdu(5, make([]byte, 4)))
	if typ, _ := p.read(); typ != 6 {
		t.Errorf("PDU type %d in place of A-RELEASE-RP", typ)
	}
}

func TestMessagesThatCannotBeServedGetTheirStatus(t *testing.T) {
	t.Parallel()
	stored := make(chan []byte, 1)
	addr, _ := serve(t, &Server{Handler: &handler{store: keeper(stored)}})
	p := associate(t, addr)
	for _, c := range []struct {
		name string
		pc   byte
		cmd  command
		want uint16
	}{
		{"C-FIND", 3, command{affectedClass: ctImage, field: 0x0020}, UnrecognizedOperation},
		{"N-ACTION", 3, command{requestedClass: ctImage, field: 0x0130}, UnrecognizedOperation},
		{"unknown command", 1, command{field: 0x0777, dataSetType: noDataSet}, UnrecognizedOperation},
		{"no data set", 3, command{affectedClass: ctImage, field: cStore, affectedInstance: "1.2", dataSetType: noDataSet}, CannotUnderstand},
		{"no instance", 3, command{affectedClass: ctImage, field: cStore}, InvalidSOPInstance},
		{"class of another context", 3, command{affectedClass: twelveLead, field: cStore, affectedInstance: "1.2"}, SOPClassNotSupported},
		{"store on the echo context", 1, command{affectedClass: Verification, field: cStore, affectedInstance: "1.2"}, SOPClassNotSupported},
		{"echo with a data set", 1, command{affectedClass: Verification, field: cEcho}, Success},
	} {
		c.cmd.messageID = 9
		p.write(pdu(4, pdv(c.pc, 3, c.cmd.append(nil))))
		if c.cmd.hasDataSet() {
			p.write(pdu(4, pdv(c.pc, 0, pattern(1000))), pdu(4, pdv(c.pc, 2, pattern(10))))
		}
		if rsp := p.response(); rsp.status.Code != c.want || rsp.field != c.cmd.field|responseBit || rsp.respondedTo != 9 {
			t.Errorf("%s: %+v, want status %04X", c.name, rsp, c.want)
		}
	}
	if len(stored) > 0 {
		t.Error("the handler was asked to store one of them")
	}
}

func TestPeersThatMixUpMessagesAreAborted(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 1)
	result := make(chan error, 1)
	addr, _ := serve(t, &Server{Handler: &handler{
		store: func(_ context.Context, _ *Association, r *StoreRequest) Status {
			_, err := io.Copy(io.Discard, r.Data)
			result <- err
			return Status{}
		},
		closed: func(_ *Association, released bool, err error) {
			if released {
				err = errors.New("released")
			}
			ended <- err
		},
	}})
	store := pdv(3, 3, storeCommand(1, "1.2.3"))
	for _, c := range []struct {
		name   string
		bytes  []byte
		stores bool
	}{
		{"data without a command", pdu(4, pdv(3, 2, []byte("data"))), false},
		{"data within a command", pdu(4, pdv(3, 1, storeCommand(1, "1.2.3")[:20]), pdv(3, 2, []byte("data"))), false},
		{"command on a context not accepted", pdu(4, pdv(7, 3, echoCommand(1))), false},
		{"command that is no command", pdu(4, pdv(1, 3, pattern(40))), false},
		{"command of 80 KB", pdu(4, pdv(1, 1, pattern(80_000))), false},
		{"command within a data set", pdu(4, store, pdv(3, 0, []byte("data")), pdv(1, 3, echoCommand(2))), true},
		{"data of another context", pdu(4, store, pdv(1, 2, []byte("data"))), true},
		{"unknown PDU within a data set", append(pdu(4, store, pdv(3, 0, []byte("data"))), 9, 0, 0, 0, 0, 4), true},
		{"release within a data set", append(pdu(4, store, pdv(3, 0, []byte("data"))), pdu(5, make([]byte, 4))...), true},
	} {
		p := associate(t, addr)
		p.write(c.bytes)
		p.aborted()
		if err := <-ended; err == nil || err.Error() == "released" {
			t.Errorf("%s: Closed with %v", c.name, err)
		}
		if c.stores {
			if err := <-result; !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%s: the data set ended with %v", c.name, err)
			}
		}
	}
}

func TestCutDataSetIsNeverTakenForAWhole(t *testing.T) {
	t.Parallel()
	result, ended := make(chan error, 1), make(chan bool, 1)
	addr, _ := serve(t, &Server{
		Timeouts: ul.Timeouts{Read: 50 * time.Millisecond},
		Handler: &handler{
			store: func(_ context.Context, _ *Association, r *StoreRequest) Status {
				_, err := io.ReadAll(r.Data)
				result <- err
				return Status{}
			},
			closed: func(_ *Association, released bool, _ error) { ended <- released },
		}})
	half := pdu(4, pdv(3, 3, storeCommand(1, "1.2.3")), pdv(3, 0, pattern(5000)))
	whole := append(half, pdu(4, pdv(3, 2, pattern(5000)))...)
	for name, silent := range map[string]bool{"closed": false, "silent": true} {
		for _, sent := range [][]byte{half, half[:len(half)-100], whole[:len(whole)-1]} {
			p := associate(t, addr)
			p.write(sent)
			if silent {
				p.aborted()
			} else {
				p.nc.Close()
			}
			if err := <-result; !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%s after %d bytes: the data set ended with %v", name, len(sent), err)
			}
			if <-ended {
				t.Errorf("%s after %d bytes: called released", name, len(sent))
			}
		}
	}
}

func TestHandlerThatRefusesEarlyDoesNotSpoilTheNextMessage(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, &Server{Handler: &handler{store: func(_ context.Context, _ *Association, r *StoreRequest) Status {
		io.ReadFull(r.Data, make([]byte, 10))
		return Status{Code: OutOfResources, Comment: "disk full"}
	}}})
	c := dial(t, addr, ctExplicit)
	for range 3 {
		st, err := c.Store(t.Context(), ctImage, "1.2.3", "", bytes.NewReader(pattern(400_000)))
		if err != nil || st.Code != OutOfResources || st.Comment != "disk full" {
			t.Fatalf("%v, %v", st, err)
		}
	}
	if err := c.Release(); err != nil {
		t.Error(err)
	}
}

func TestSuccessWithoutReadingTheEndIsAFailure(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	addr, stop := serve(t, &Server{Log: journal(&log), Handler: &handler{store: func(_ context.Context, _ *Association, r *StoreRequest) Status {
		io.ReadFull(r.Data, make([]byte, 999))
		return Status{Code: CoercionOfDataElements}
	}}})
	c := dial(t, addr, ctExplicit)
	for size, want := range map[int]uint16{1000: ProcessingFailure, 999: CoercionOfDataElements} {
		st, err := c.Store(t.Context(), ctImage, "1.2.3", "", bytes.NewReader(pattern(size)))
		if err != nil || st.Code != want {
			t.Errorf("%d bytes: %v, %v, want %04X", size, st, err, want)
		}
	}
	if err := c.Release(); err != nil {
		t.Error(err)
	}
	stop()
	if lines(log.String()) != 1 {
		t.Errorf("log: %s", log.String())
	}
}
