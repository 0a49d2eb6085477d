package arrive

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom/dimse"
	"github.com/yuanzhen/yuanzhen/dicom/ul"
)

// villain is what a C-MOVE may find at a destination: it is called with each
// connection and reads and writes PDUs by hand.
type villain func(nc net.Conn)

func (h *clinic) villain(t *testing.T, title string, v villain) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			nc.SetDeadline(time.Now().Add(20 * time.Second))
			v(nc)
			nc.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	h.register(t, title, l.Addr().String())
}

// pduFrom reads a PDU with its header; nil when the hub has closed.
func pduFrom(nc net.Conn) []byte {
	b := make([]byte, 6)
	if _, err := io.ReadFull(nc, b); err != nil {
		return nil
	}
	b = append(b, make([]byte, binary.BigEndian.Uint32(b[2:]))...)
	if _, err := io.ReadFull(nc, b[6:]); err != nil {
		return nil
	}
	return b
}

func item(typ byte, v ...byte) []byte {
	return append([]byte{typ, 0, byte(len(v) >> 8), byte(len(v))}, v...)
}

// acceptance answers an A-ASSOCIATE-RQ with a result for each context, in
// implicit VR little endian as far as the request proposes nothing else first.
func acceptance(rq []byte, result byte) []byte {
	body := slices.Clone(rq[6:74])
	for b := rq[74:]; len(b) >= 4; b = b[4+int(binary.BigEndian.Uint16(b[2:])):] {
		v := b[4 : 4+int(binary.BigEndian.Uint16(b[2:]))]
		switch b[0] {
		case 0x10:
			body = append(body, item(0x10, v...)...)
		case 0x20:
			syntax := v[4+4+int(binary.BigEndian.Uint16(v[6:])):] // behind the abstract syntax
			syntax = syntax[:4+int(binary.BigEndian.Uint16(syntax[2:]))]
			body = append(body, item(0x21, append([]byte{v[0], 0, result, 0}, syntax...)...)...)
		}
	}
	body = append(body, item(0x50, append(item(0x51, 0, 0, 0x40, 0), item(0x52, []byte("1.2.3")...)...)...)...)
	return append(binary.BigEndian.AppendUint32([]byte{2, 0}, uint32(len(body))), body...)
}

// storeResponse answers message id on a context with a status.
func storeResponse(context byte, id, status uint16) []byte {
	element := func(e, v uint16) []byte {
		return binary.LittleEndian.AppendUint16(append(binary.LittleEndian.AppendUint16([]byte{0, 0}, e), 2, 0, 0, 0), v)
	}
	command := slices.Concat(element(0x0100, 0x8001), element(0x0120, id), element(0x0800, 0x0101), element(0x0900, status))
	v := append([]byte{context, 3}, command...)
	v = append(binary.BigEndian.AppendUint32(nil, uint32(len(v))), v...)
	return append(binary.BigEndian.AppendUint32([]byte{4, 0}, uint32(len(v))), v...)
}

// aStore reads PDUs to the end of a data set and returns its context.
func aStore(nc net.Conn) (context byte) {
	for {
		b := pduFrom(nc)
		if b == nil || b[0] != 4 {
			return 0
		}
		for v := b[6:]; len(v) >= 6; v = v[4+binary.BigEndian.Uint32(v):] {
			if context = v[4]; v[5] == 2 { // data, last
				return context
			}
		}
	}
}

func TestDestinationsThatMisbehaveCostTheirOwnMoveAndSoon(t *testing.T) {
	t.Parallel()
	h := shelf(t)
	h.waits = ul.Timeouts{ARTIM: 200 * time.Millisecond, Idle: 200 * time.Millisecond, Read: 200 * time.Millisecond, Write: 200 * time.Millisecond}
	silent := func(nc net.Conn) { io.Copy(io.Discard, nc) }
	accepts := func(then villain) villain {
		return func(nc net.Conn) {
			if rq := pduFrom(nc); rq != nil {
				nc.Write(acceptance(rq, 0))
				then(nc)
			}
		}
	}
	abort := []byte{7, 0, 0, 0, 0, 4, 0, 0, 0, 0}
	for title, v := range map[string]villain{
		"CLOSES":      func(net.Conn) {},
		"SILENT":      silent,
		"ABORTS":      func(nc net.Conn) { pduFrom(nc); nc.Write(abort) },
		"REJECTS":     func(nc net.Conn) { pduFrom(nc); nc.Write([]byte{3, 0, 0, 0, 0, 4, 0, 1, 1, 7}) },
		"HTTP":        func(nc net.Conn) { pduFrom(nc); io.WriteString(nc, "HTTP/1.1 400 Bad Request\r\n\r\n") },
		"NOCONTEXT":   func(nc net.Conn) { nc.Write(acceptance(pduFrom(nc), 3)); silent(nc) },
		"NOSYNTAX":    func(nc net.Conn) { nc.Write(acceptance(pduFrom(nc), 4)); silent(nc) },
		"NOANSWER":    accepts(silent),
		"ABORTSSTORE": accepts(func(nc net.Conn) { aStore(nc); nc.Write(abort) }),
		"CLOSESSTORE": accepts(func(nc net.Conn) { aStore(nc) }),
		"WRONGID":     accepts(func(nc net.Conn) { nc.Write(storeResponse(aStore(nc), 99, 0)); silent(nc) }),
		"REQUESTS": accepts(func(nc net.Conn) {
			c := aStore(nc)
			nc.Write(bytes.Replace(storeResponse(c, 1, 0), []byte{1, 0x80}, []byte{1, 0}, 1))
			silent(nc)
		}),
		"RELEASES":   accepts(func(nc net.Conn) { aStore(nc); nc.Write([]byte{5, 0, 0, 0, 0, 4, 0, 0, 0, 0}); silent(nc) }),
		"HUGEANSWER": accepts(func(nc net.Conn) { aStore(nc); nc.Write([]byte{4, 0, 0xff, 0xff, 0xff, 0xff}); silent(nc) }),
		"REFUSES": accepts(func(nc net.Conn) {
			for id := uint16(1); ; id++ {
				c := aStore(nc)
				if c == 0 {
					return
				}
				nc.Write(storeResponse(c, id, 0x0124))
			}
		}),
	} {
		h.villain(t, title, v)
		c := h.dial(t, "CT1", dimse.StudyRootMove)
		began := time.Now()
		out, err := c.Move(t.Context(), dimse.StudyRootMove, title, identifier("STUDY", "StudyInstanceUID", "1.1"), nil)
		if want := (dimse.Progress{Failed: 3}); err != nil || out.Code != dimse.UnableToPerform || out.Progress != want || len(out.FailedUIDs) != 3 {
			t.Errorf("%s: %v %+v, %v", title, out.Status, out.Progress, err)
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("%s: %v", title, took)
		}
		if status, err := c.Move(t.Context(), dimse.StudyRootMove, "NOBODY", identifier("STUDY", "StudyInstanceUID", "1.1"), nil); err != nil || status.Code != dimse.UnknownMover {
			t.Errorf("after %s the association does not serve: %v, %v", title, status.Status, err)
		}
		c.Release()
	}
}
