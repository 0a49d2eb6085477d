package route

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"testing"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/dimse"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/hubtest"
)

// pacs is a node that takes instances in one transfer syntax.
type pacs struct {
	takes dicom.TransferSyntax
	mu    sync.Mutex
	took  map[string][]byte
}

func (p *pacs) Accept(_ context.Context, a *dimse.Association) error {
	for i := range a.Contexts { // what a node does that knows one syntax
		if a.Contexts[i].Syntax != p.takes {
			a.Contexts[i].Result = 4
		}
	}
	return nil
}

func (p *pacs) Store(_ context.Context, _ *dimse.Association, r *dimse.StoreRequest) dimse.Status {
	b, err := io.ReadAll(r.Data)
	if err != nil {
		return dimse.Status{Code: dimse.ProcessingFailure}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.took[r.SOPInstanceUID] = b
	return dimse.Status{}
}

func (p *pacs) Closed(*dimse.Association, bool, error) {}

func (p *pacs) serve(t *testing.T) (addr string) {
	t.Helper()
	p.took = map[string][]byte{}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	hubtest.Must(t, err)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- (&dimse.Server{Handler: p}).Serve(ctx, l) }()
	t.Cleanup(func() { stop(); <-done })
	return l.Addr().String()
}

func TestNodeThatTakesImplicitVROnlyGetsItsCopyDecoded(t *testing.T) {
	t.Parallel()
	c := newClinic(t)
	p := &pacs{takes: dicom.ImplicitVRLittleEndian}
	id := c.dimse(p.serve(t), "OLD")
	c.run()
	sentBytes := c.send("m1", "CT1", "CT", "1.7", 1)
	c.wait(id, "it is sent", sent(1))
	want, err := dicom.Parse(bytes.NewReader(sentBytes), dicom.ExplicitVRLittleEndian, dicom.Options{Keep: -1})
	hubtest.Must(t, err)
	got, err := dicom.Parse(bytes.NewReader(p.took["1.7.1.1"]), dicom.ImplicitVRLittleEndian, dicom.Options{Keep: -1})
	hubtest.Must(t, err)
	if got.Text(dicom.PatientName) != want.Text(dicom.PatientName) || !bytes.Equal(got.Get(dicom.PixelData).Raw, want.Get(dicom.PixelData).Raw) {
		t.Errorf("given %q with other pixels or text", got.Text(dicom.PatientName))
	}
}

func TestDamagedObjectDoesNotKeepTheOthersOfItsStudyBack(t *testing.T) {
	t.Parallel()
	for _, spoilt := range []string{"1.7.1.1", "1.7.1.2", "1.7.1.3"} {
		for _, way := range []hub.RouteKind{hub.RouteDIMSE, hub.RouteSTOW} {
			t.Run(string(way)+" "+spoilt, func(t *testing.T) {
				t.Parallel()
				c := newClinic(t)
				c.spoilt = spoilt
				p, s := &pacs{takes: dicom.ExplicitVRLittleEndian}, &root{}
				s.says(200, "{}")
				id := ""
				if way == hub.RouteDIMSE {
					id = c.dimse(p.serve(t), "PACS")
				} else {
					id = c.web(s)
				}
				var want [][]byte
				for n := 1; n <= 3; n++ {
					if b := c.send("m1", "CT1", "CT", "1.7", n); "1.7.1."+string(rune('0'+n)) != spoilt {
						want = append(want, b)
					}
				}
				c.run()
				j := c.wait(id, "it is given up", func(j *hub.RouteJob) bool { return j.State == hub.RouteFailed })
				if j.Error != "1 refused: an object cannot be read"+map[hub.RouteKind]string{hub.RouteDIMSE: " or decoded"}[way]+" here" {
					t.Errorf("the reason is %q", j.Error)
				}
				for _, b := range want {
					has := func(got []byte) bool { return bytes.Equal(got, b) }
					if p.mu.Lock(); way == hub.RouteDIMSE && !slices.ContainsFunc([][]byte{p.took["1.7.1.1"], p.took["1.7.1.2"], p.took["1.7.1.3"]}, has) || way == hub.RouteSTOW && !slices.ContainsFunc(s.stored, has) {
						t.Error("one of the others did not come")
					}
					p.mu.Unlock()
				}
			})
		}
	}
}

func TestWhatCannotBeSentIsToldFromWhatCannotBeSentNow(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]bool{errNotDecoded: true, errors.New("broken pipe"): false, context.DeadlineExceeded: false} {
		if lasting(err) != want {
			t.Errorf("%v: %v", err, !want)
		}
	}
}
