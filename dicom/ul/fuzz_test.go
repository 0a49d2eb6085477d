package ul

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"reflect"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/testdata"
)

// tape is a connection that plays bytes and forgets what is written to it.
type tape struct{ io.Reader }

func (tape) Write(p []byte) (int, error)      { return len(p), nil }
func (tape) Close() error                     { return nil }
func (tape) LocalAddr() net.Addr              { return nil }
func (tape) RemoteAddr() net.Addr             { return nil }
func (tape) SetDeadline(time.Time) error      { return nil }
func (tape) SetReadDeadline(time.Time) error  { return nil }
func (tape) SetWriteDeadline(time.Time) error { return nil }

// FuzzPDU plays any bytes as a peer's side of an association.
func FuzzPDU(f *testing.F) {
	request := unhex(f, requestBytes)
	release := shortPDU(typeReleaseRQ, 0, 0, 0)
	f.Add(request)
	f.Add(append(append(bytes.Clone(request), unhex(f, "04 00 00 00 00 08 00 00 00 04 01 03 61 62")...), release...))
	f.Add(unhex(f, "01 00 ff ff ff f0 00 01 00 00"))
	for _, name := range testdata.Files(f, "dicom/malformed", "*") {
		if b, err := os.ReadFile(name); err == nil && len(b) < 4096 {
			pdu := make([]byte, dataHeader, dataHeader+len(b))
			putDataHeader(pdu, 1, false, true, len(b))
			f.Add(append(append(bytes.Clone(request), pdu...), b...))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		checkRoundTrip(t, b)
		c, rq, err := Accept(tape{bytes.NewReader(b)}, Timeouts{})
		defer c.Close()
		if err != nil {
			return
		}
		if err := c.Accept(rq, &Associate{}); err != nil {
			t.Fatal(err)
		}
		for received := 0; ; {
			v, err := c.Next()
			if err != nil {
				return
			}
			for {
				part, err := c.Fragment(100)
				if err != nil {
					break
				}
				received += len(part)
			}
			if received > len(b) || v.Length > MaxDataLength {
				t.Fatalf("%d bytes out of %d", received, len(b))
			}
		}
	})
}

// checkRoundTrip reads b as a request and as an answer; what is understood is
// the same after writing and reading it again.
func checkRoundTrip(t *testing.T, b []byte) {
	if len(b) < pduHeaderLength {
		return
	}
	for _, typ := range []pduType{typeAssociateRQ, typeAssociateAC} {
		a, err := parseAssociate(typ, b[pduHeaderLength:])
		if err != nil {
			var p *ProtocolError
			if !errors.As(err, &p) {
				t.Fatalf("%T is no breach of the protocol", err)
			}
			continue
		}
		if len(b) > 0xffff { // longer than one of our items may be
			continue
		}
		first := a.append(nil, typ)
		again, err := parseAssociate(typ, first[pduHeaderLength:])
		if err != nil {
			t.Fatalf("what we write we cannot read: %v", err)
		}
		if second := again.append(nil, typ); !reflect.DeepEqual(first[10:], second[10:]) {
			t.Fatalf("% x\nthen\n% x", first, second)
		}
	}
}
