package ul

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// accepted returns the two ends of an association with context 1: ours and
// the peer's bare connection.
func accepted(t testing.TB, peerMax uint32) (*Conn, net.Conn) {
	t.Helper()
	here, there := net.Pipe()
	rq := Associate{
		ProtocolVersion: 1, CalledAE: "HUB", CallingAE: "CT", ApplicationContext: ApplicationContext, MaxPDU: peerMax,
		Contexts: []Context{{ID: 1, AbstractSyntax: "1.2.840.10008.1.1", Syntaxes: []string{"1.2.840.10008.1.2"}}},
	}
	go there.Write(rq.append(nil, typeAssociateRQ))
	c, got, err := Accept(here, Timeouts{})
	if err != nil {
		t.Fatal(err)
	}
	answered := make(chan error, 1)
	go func() {
		answered <- c.Accept(got, &Associate{ProtocolVersion: 1, Contexts: []Context{{ID: 1, Syntaxes: []string{"1.2.840.10008.1.2"}}}})
	}()
	typ, _ := readPDU(t, there)
	if err := <-answered; err != nil || typ != typeAssociateAC {
		t.Fatalf("PDU type %d, %v", typ, err)
	}
	return c, there
}

// readPDU reads one PDU as a peer would.
func readPDU(t testing.TB, r io.Reader) (pduType, []byte) {
	t.Helper()
	var head [pduHeaderLength]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		t.Fatal(err)
	}
	h, err := parseHeader(head[:])
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, h.length)
	if _, err := io.ReadFull(r, b); err != nil {
		t.Fatal(err)
	}
	return h.typ, b
}

// payload reads the fragment v to its end.
func payload(t *testing.T, c *Conn, v PDV) []byte {
	t.Helper()
	var b []byte
	for {
		part, err := c.Fragment(1 << 20)
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		b = append(b, part...)
	}
	if len(b) != v.Length {
		t.Fatalf("%d bytes of a fragment of %d", len(b), v.Length)
	}
	return b
}

func TestSeveralFragmentsOfOnePDUArriveOneByOne(t *testing.T) {
	t.Parallel()
	c, peer := accepted(t, 0)
	defer c.nc.Close()
	go peer.Write(unhex(t, `
		04 00 00 00 00 18            # P-DATA-TF
		00 00 00 05 01 03 61 62 63   # command, last: "abc"
		00 00 00 03 01 00 64         # data: "d"
		00 00 00 04 01 02 65 66      # data, last: "ef"
		04 00 00 00 00 06            # P-DATA-TF
		00 00 00 02 01 01            # command, not last, empty
	`))
	for _, want := range []struct {
		v    PDV
		text string
	}{
		{PDV{1, true, true, 3}, "abc"}, {PDV{1, false, false, 1}, "d"}, {PDV{1, false, true, 2}, "ef"}, {PDV{1, true, false, 0}, ""},
	} {
		v, err := c.Next()
		if err != nil || v != want.v {
			t.Fatalf("%+v, %v, want %+v", v, err, want.v)
		}
		if got := string(payload(t, c, v)); got != want.text {
			t.Errorf("payload %q, want %q", got, want.text)
		}
	}
}

func TestBreachesAreAnsweredByAnAbort(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, bytes string
		reason      byte
	}{
		{"fragment longer than its PDU", "04 00 00 00 00 0a 00 00 00 63 01 03 61 62 63 64", ReasonInvalidPDUParameter},
		{"fragment shorter than its header", "04 00 00 00 00 0a 00 00 00 01 01 03 61 62 63 64", ReasonInvalidPDUParameter},
		{"stray bytes after the last fragment", "04 00 00 00 00 08 00 00 00 02 01 03 61 62", ReasonInvalidPDUParameter},
		{"unknown PDU", "99 00 00 00 00 04 00 00 00 00", ReasonUnrecognizedPDU},
		{"second A-ASSOCIATE-RQ", requestBytes, ReasonUnexpectedPDU},
		{"A-RELEASE-RP to no request", "06 00 00 00 00 04 00 00 00 00", ReasonUnexpectedPDU},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			conn, peer := accepted(t, 0)
			go peer.Write(unhex(t, c.bytes))
			failed := make(chan error, 1)
			go func() {
				_, err := conn.Await()
				if err == nil {
					_, err = conn.Next()
				}
				failed <- err
			}()
			typ, b := readPDU(t, peer)
			if typ != typeAbort || b[2] != AbortProvider || b[3] != c.reason {
				t.Errorf("PDU type %d % x, want an abort with reason %d", typ, b, c.reason)
			}
			var p *ProtocolError
			if err := <-failed; !errors.As(err, &p) || p.Reason != c.reason {
				t.Errorf("error %v", err)
			}
			peer.Close()
			conn.Close()
		})
	}
}

// reading runs the reader of an association that stays silent.
func reading(c *Conn) chan error {
	failed := make(chan error, 1)
	go func() {
		_, err := c.Await()
		if err == nil {
			_, err = c.Next()
		}
		failed <- err
		c.Close()
	}()
	return failed
}

func TestSilenceEndsAnAssociation(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		sent string
		wait time.Duration
	}{
		{"between messages", "", time.Minute},
		{"within a PDU header", "04 00 00", 10 * time.Second},
		{"between the fragments of a message", "04 00 00 00 00 06 00 00 00 02 01 01", 10 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				conn, peer := accepted(t, 0)
				began := time.Now()
				failed := reading(conn)
				if c.sent != "" {
					peer.Write(unhex(t, c.sent))
				}
				typ, _ := readPDU(t, peer)
				if waited := time.Since(began); typ != typeAbort || waited != c.wait {
					t.Errorf("PDU type %d after %v, want an abort after %v", typ, waited, c.wait)
				}
				if err := <-failed; !errors.Is(err, ErrTimeout) {
					t.Errorf("error %v", err)
				}
				peer.Close()
				synctest.Wait()
			})
		})
	}
}

func TestMessageThatDripsIsAbortedAndASlowOneIsNot(t *testing.T) {
	t.Parallel()
	const size = 60_000
	pdu := make([]byte, dataHeader+size)
	putDataHeader(pdu, 1, false, true, size)
	pieces := func(n int) func(int) []byte { // nil after the last
		return func(i int) []byte { return pdu[min(i*n, len(pdu)):min((i+1)*n, len(pdu))] }
	}
	fragment := unhex(t, "04 00 00 00 00 08 00 00 00 04 01 00 61 62") // not the last
	for _, c := range []struct {
		name  string
		send  func(i int) []byte
		every time.Duration
		ends  bool
	}{
		{"a byte now and then", pieces(1), 9 * time.Second, true},
		{"small fragments now and then", func(int) []byte { return fragment }, 8 * time.Second, true},
		{"a slow line", pieces(1500), time.Second, false},
		{"a line that stalls", pieces(12_000), 9900 * time.Millisecond, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				conn, peer := accepted(t, 0)
				began := time.Now()
				failed := make(chan error, 1)
				go func() {
					v, err := conn.Await()
					for err == nil {
						if _, err = conn.Fragment(1); v.Last {
							_, err = conn.Await()
						} else {
							v, err = conn.Next()
						}
					}
					failed <- err
					conn.Close()
				}()
				sent := make(chan struct{})
				go func() {
					defer close(sent)
					for i := 0; ; i++ {
						b := c.send(i)
						if _, err := peer.Write(b); err != nil || len(b) == 0 {
							return
						}
						time.Sleep(c.every)
					}
				}()
				if c.ends {
					typ, _ := readPDU(t, peer)
					if waited := time.Since(began); typ != typeAbort || waited < 10*time.Second || waited > 11*time.Second {
						t.Errorf("PDU type %d after %v", typ, waited)
					}
					if err := <-failed; !errors.Is(err, ErrTimeout) {
						t.Errorf("error %v", err)
					}
					peer.Close()
					<-sent
					return
				}
				<-sent
				peer.Write(shortPDU(typeReleaseRQ, 0, 0, 0))
				if err := <-failed; err != ErrReleaseRequested {
					t.Errorf("error %v after %v", err, time.Since(began))
				}
				peer.Close()
			})
		})
	}
}

func TestHalfARequestIsDroppedWhenARTIMExpires(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		here, there := net.Pipe()
		request := unhex(t, requestBytes)
		dripped := make(chan struct{})
		go func() { // a byte every second: each resets an ordinary read deadline, none resets ARTIM
			defer close(dripped)
			for _, b := range request {
				if _, err := there.Write([]byte{b}); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		}()
		began := time.Now()
		c, _, err := Accept(here, Timeouts{})
		if !errors.Is(err, ErrTimeout) || time.Since(began) != 10*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		c.Close()
		there.Close()
		<-dripped
	})
}

func TestPeerThatNeverClosesIsLeftAfterARTIM(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, peer := accepted(t, 0)
		go io.Copy(io.Discard, peer)
		go peer.Write(unhex(t, "05 00 00 00 00 04 00 00 00 00"))
		if _, err := c.Await(); err != ErrReleaseRequested {
			t.Fatal(err)
		}
		if err := c.Released(); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		c.Close()
		if waited := time.Since(began); waited != 10*time.Second {
			t.Errorf("closed after %v", waited)
		}
	})
}

func TestDrainEndsAnIdleAssociationWithinASecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, peer := accepted(t, 0)
		failed := reading(c)
		synctest.Wait()
		began := time.Now()
		c.Drain()
		if typ, _ := readPDU(t, peer); typ != typeAbort || time.Since(began) != time.Second {
			t.Errorf("PDU type %d after %v", typ, time.Since(began))
		}
		<-failed
		peer.Close()
		synctest.Wait()
	})
}

func TestBothSidesAskingForReleasePart(t *testing.T) {
	t.Parallel()
	c, peer := accepted(t, 0)
	c.requestor = true // Sta7 → Sta9 → Sta11
	released := make(chan error, 1)
	go func() { released <- c.Release() }()
	if typ, _ := readPDU(t, peer); typ != typeReleaseRQ {
		t.Fatalf("PDU type %d", typ)
	}
	peer.Write(shortPDU(typeReleaseRQ, 0, 0, 0))
	if typ, _ := readPDU(t, peer); typ != typeReleaseRP {
		t.Fatalf("PDU type %d", typ)
	}
	peer.Write(shortPDU(typeReleaseRP, 0, 0, 0))
	if err := <-released; err != nil {
		t.Error(err)
	}
}

func TestSentFragmentsFitThePeerAndEndOnce(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 2, 57, 58, 59, 116, 117, 5000, 131054, 131060, 300_000} {
		for _, peerMax := range []uint32{0, 9, 64, 4096, 131072} {
			if peerMax == 9 && size > 5000 {
				continue // a hundred thousand fragments prove no more
			}
			c, peer := accepted(t, peerMax)
			command, data := bytes.Repeat([]byte{'c'}, 200), bytes.Repeat([]byte("0123456789"), size/10+1)[:size]
			sent := make(chan error, 1)
			go func() {
				sent <- c.Send(1, command, bytes.NewReader(data))
				c.nc.Close()
			}()
			checkFragments(t, peer, peerMax, command, data)
			if err := <-sent; err != nil {
				t.Fatal(err)
			}
		}
	}
}

func checkFragments(t *testing.T, peer io.Reader, peerMax uint32, command, data []byte) {
	t.Helper()
	var got [2][]byte
	var last [2]int
	for last[0] == 0 {
		typ, b := readPDU(t, peer)
		if peerMax != 0 && len(b) > int(peerMax) {
			t.Fatalf("PDU of %d bytes for a peer that takes %d", len(b), peerMax)
		}
		v, err := parsePDV(b, len(b))
		if typ != typeData || err != nil || v.Length != len(b)-pdvHeaderLength {
			t.Fatalf("PDU type %d, %+v, %v", typ, v, err)
		}
		kind := 0
		if v.Command {
			kind = 1
		}
		if got[kind] = append(got[kind], b[pdvHeaderLength:]...); v.Last {
			last[kind]++
		} else if v.Length%2 != 0 {
			t.Fatalf("odd fragment of %d bytes before the last", v.Length)
		}
	}
	if !bytes.Equal(got[1], command) || !bytes.Equal(got[0], data) || last != [2]int{1, 1} {
		t.Fatalf("%d of %d bytes arrived, ends %v, peer takes %d", len(got[0]), len(data), last, peerMax)
	}
}

func TestHalfADataSetIsNeverSentAsAWhole(t *testing.T) {
	t.Parallel()
	c, peer := accepted(t, 0)
	go func() {
		defer c.nc.Close()
		broken := io.MultiReader(bytes.NewReader(make([]byte, 100)), failing{})
		if err := c.Send(1, []byte("command"), broken); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("Send: %v", err)
		}
	}()
	if typ, b := readPDU(t, peer); typ != typeAbort || b[2] != AbortUser {
		t.Errorf("PDU type %d % x, want an abort", typ, b)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestIdleAssociationHoldsNoLargeBuffer(t *testing.T) {
	t.Parallel()
	c, peer := accepted(t, 0)
	defer c.nc.Close()
	pdu := make([]byte, dataHeader+50_000)
	putDataHeader(pdu, 1, false, true, 50_000)
	go peer.Write(pdu)
	v, err := c.Await()
	if err != nil {
		t.Fatal(err)
	}
	payload(t, c, v)
	if c.large == nil {
		t.Error("a data set was received without the large buffer")
	}
	go peer.Write(shortPDU(typeReleaseRQ, 0, 0, 0))
	if _, err := c.Await(); err != ErrReleaseRequested {
		t.Fatal(err)
	}
	if c.large != nil {
		t.Error("the large buffer was kept while waiting for a message")
	}
}

func TestDialGivesUpWithItsContext(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		nc, err := l.Accept()
		if err != nil {
			return
		}
		readPDU(t, nc) // the request; no answer
		cancel()
		io.Copy(io.Discard, nc)
		nc.Close()
	}()
	_, _, err = Dial(ctx, l.Addr().String(), &Associate{CalledAE: "A", CallingAE: "B"}, nil, Timeouts{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
