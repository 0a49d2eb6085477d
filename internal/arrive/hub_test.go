package arrive

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/dimse"
	"github.com/yuanzhen/yuanzhen/dicom/ul"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/hubtest"
	"github.com/yuanzhen/yuanzhen/internal/intake"
	"github.com/yuanzhen/yuanzhen/internal/worklist"
	"github.com/yuanzhen/yuanzhen/storage"
)

// store is an object store that can be taken away, or made slow.
type store struct {
	storage.Objects
	away atomic.Bool
	gets atomic.Int64
	wait atomic.Pointer[func(context.Context) error] // before each Get
}

func (s *store) Get(ctx context.Context, k storage.Key, off, n int64) (io.ReadCloser, error) {
	s.gets.Add(1)
	if s.away.Load() {
		return nil, storage.ErrUnavailable
	}
	if wait := s.wait.Load(); wait != nil {
		if err := (*wait)(ctx); err != nil {
			return nil, err
		}
	}
	return s.Objects.Get(ctx, k, off, n)
}

// clinic is a hub's DICOM node with two clinics.
type clinic struct {
	*Node
	addr       string
	dir        string
	kept       *store
	one, other hub.MemberID
	stop       func() // ends the periodic work
}

// newClinic starts a node that knows the devices CT1 of the first clinic, CT2
// of the second, and accepts no others. It stops with the test.
func newClinic(t *testing.T) *clinic {
	t.Helper()
	s := hubtest.Open(t)
	rules := worklist.DefaultRules()
	rules.Settle = time.Hour // only a performed step settles a study here
	work := &worklist.Service{DB: s.DB, Rules: rules}
	in := intake.New(s.DB, s.Objects, work, s.Keys, hubtest.Silent{}, slog.New(slog.DiscardHandler))
	kept := &store{Objects: s.Objects}
	h := &clinic{Node: New(s.DB, kept, in, work), kept: kept, dir: s.Dir, one: "m1", other: "m2"}
	h.AET = "YUANZHEN"
	hubtest.Must(t, s.DB.Tx(t.Context(), func(tx *db.Tx) error {
		return errors.Join(
			tx.InsertMember(&hub.Member{ID: h.one, Code: "CLINIC1", Name: "青山镇卫生院"}), tx.InsertMember(&hub.Member{ID: h.other, Code: "CLINIC2", Name: "白水镇卫生院"}),
			tx.InsertMember(&hub.Member{ID: "lead", Code: "LEAD", Name: "县医院"}), tx.InsertAgreement(&hub.Agreement{ID: "a", Source: h.one, Centre: "lead"}),
			tx.InsertDevice(&hub.Device{ID: "d1", Member: h.one, AETitle: "CT1", Kind: "CT", Active: true, AutoSubmit: true}),
			tx.InsertDevice(&hub.Device{ID: "d2", Member: h.other, AETitle: "CT2", Active: true}))
	}))
	background(t, in.Run)
	h.stop = background(t, func(ctx context.Context) { h.Node.Run(ctx, "only") })
	h.addr = h.serve(t, nil)
	return h
}

// background runs fn until the test ends, or until stop is called, which waits
// for it.
func background(t *testing.T, fn func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); fn(ctx) }()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop
}

// serve opens another port of the node.
func (h *clinic) serve(t *testing.T, conf *tls.Config) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- (&dimse.Server{Handler: h.Node, TLS: conf, Grace: time.Second}).Serve(ctx, l) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

// tx runs fn in a transaction.
func (h *clinic) tx(t *testing.T, fn func(*db.Tx) error) {
	t.Helper()
	if err := h.DB.Tx(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

// register adds a device of the first clinic at a port.
func (h *clinic) register(t *testing.T, title, addr string) {
	t.Helper()
	host, port, _ := net.SplitHostPort(addr)
	n, _ := strconv.Atoi(port)
	h.tx(t, func(tx *db.Tx) error {
		return tx.InsertDevice(&hub.Device{ID: hub.NewID[hub.DeviceID](), Member: h.one, AETitle: title, Address: host, Port: n, Active: true})
	})
}

const ctClass = "1.2.840.10008.5.1.4.1.1.2"

var native = []dicom.TransferSyntax{dicom.ExplicitVRLittleEndian, dicom.ImplicitVRLittleEndian}

// dial opens an association as a device.
func (h *clinic) dial(t *testing.T, title string, classes ...string) *dimse.Client {
	t.Helper()
	var contexts []dimse.PresentationContext
	for _, class := range classes {
		contexts = append(contexts, dimse.PresentationContext{AbstractSyntax: class, Syntaxes: native})
	}
	c, err := dimse.Dial(t.Context(), h.addr, dimse.DialOptions{CallingAE: title, CalledAE: "YUANZHEN", Contexts: contexts, Timeouts: ul.Timeouts{Idle: 30 * time.Second}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Abort)
	return c
}

// image is a CT slice of four pixels.
type image struct{ study, series, uid, accession, name, id, date, charset string }

func (i image) dataset() *dicom.Dataset {
	d := dicom.New()
	if i.charset == "" {
		i.charset = "GB18030"
	}
	d.SetText(dicom.SpecificCharacterSet, i.charset)
	for tag, v := range map[dicom.Tag]string{dicom.SOPClassUID: ctClass, dicom.SOPInstanceUID: i.uid, dicom.StudyInstanceUID: i.study, dicom.SeriesInstanceUID: i.series,
		dicom.PatientName: i.name, dicom.PatientID: i.id, dicom.PatientSex: "F", dicom.PatientBirthDate: "19700102", dicom.AccessionNumber: i.accession,
		dicom.StudyDate: i.date, dicom.StudyTime: "101530", dicom.Modality: "CT", dicom.SeriesNumber: "1", dicom.InstanceNumber: "1",
		dicom.StudyDescription: "胸部平扫", dicom.PhotometricInterpretation: "MONOCHROME2"} {
		d.SetText(tag, some(v)...)
	}
	d.SetInts(dicom.Rows, 2)
	d.SetInts(dicom.Columns, 2)
	d.SetInts(dicom.BitsAllocated, 16)
	d.SetInts(dicom.BitsStored, 16)
	d.SetInts(dicom.HighBit, 15)
	d.SetInts(dicom.PixelRepresentation, 0)
	d.SetInts(dicom.SamplesPerPixel, 1)
	d.SetRaw(dicom.PixelData, dicom.OW, []byte{1, 2, 3, 4, 5, 6, 7, 8})
	return d
}

// encoded is d as it goes over the line.
func encoded(t *testing.T, d *dicom.Dataset, ts dicom.TransferSyntax) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := dicom.Write(&b, d, ts); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// send stores images as a device, on one association.
func (h *clinic) send(t *testing.T, title string, images ...image) {
	t.Helper()
	c := h.dial(t, title, ctClass)
	for _, i := range images {
		keep(t, c, ctClass, i.uid, i.dataset())
	}
	if err := c.Release(); err != nil {
		t.Fatal(err)
	}
}

// keep stores a data set as an instance of a class.
func keep(t *testing.T, c *dimse.Client, class, uid string, d *dicom.Dataset) {
	t.Helper()
	status, err := c.Store(t.Context(), class, uid, dicom.ExplicitVRLittleEndian, bytes.NewReader(encoded(t, d, dicom.ExplicitVRLittleEndian)))
	if err != nil || status.Code != dimse.Success {
		t.Fatalf("C-STORE: %v, %v", status, err)
	}
}

// identifier is one: pairs of a keyword and a value.
func identifier(level string, pairs ...string) *dicom.Dataset {
	d := dicom.New()
	d.SetText(dicom.SpecificCharacterSet, "ISO_IR 192")
	if level != "" {
		d.SetText(dicom.QueryRetrieveLevel, level)
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		tag, ok := dicom.TagOf(pairs[i])
		if !ok {
			panic("no attribute " + pairs[i]) // the test's mistake
		}
		d.SetText(tag, some(pairs[i+1])...)
	}
	return d
}
