package arrive

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/dimse"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// request is the data set of an N-ACTION: pairs of class and instance.
func request(transaction string, pairs ...string) *dicom.Dataset {
	d := identifier("", "TransactionUID", transaction)
	var refs []*dicom.Dataset
	for i := 0; i+1 < len(pairs); i += 2 {
		refs = append(refs, identifier("", "ReferencedSOPClassUID", pairs[i], "ReferencedSOPInstanceUID", pairs[i+1]))
	}
	if refs != nil {
		d.SetItems(dicom.ReferencedSOPSequence, refs...)
	}
	return d
}

// reasons are the failure reasons of a report by instance, 0 for the committed.
func reasons(e dimse.Event) map[string]int64 {
	out := map[string]int64{}
	for _, ref := range e.Data.Items(dicom.ReferencedSOPSequence) {
		out[ref.Text(dicom.ReferencedSOPInstanceUID)] = 0
	}
	for _, ref := range e.Data.Items(dicom.FailedSOPSequence) {
		out[ref.Text(dicom.ReferencedSOPInstanceUID)], _ = ref.Int(dicom.FailureReason)
	}
	return out
}

func TestCommitmentIsReportedOnTheAssociationThatAsked(t *testing.T) {
	t.Parallel()
	h := shelf(t)
	c := h.dial(t, "CT1", dimse.StorageCommitment)
	const print = "1.2.840.10008.1.1" // no storage class
	for _, q := range []struct {
		transaction string
		pairs       []string
		kind        uint16
		want        map[string]int64
	}{
		{"1.7.1", []string{ctClass, "1.1.1.1", ctClass, "1.1.1.2"}, 1, map[string]int64{"1.1.1.1": 0, "1.1.1.2": 0}},
		{"1.7.1", []string{ctClass, "1.1.1.1", ctClass, "1.1.1.2"}, 1, map[string]int64{"1.1.1.1": 0, "1.1.1.2": 0}}, // asked again
		{"1.7.1", []string{ctClass, "1.1.1.1"}, 2, map[string]int64{"1.1.1.1": 0x0131}},
		{"1.7.2", []string{ctClass, "1.1.1.1", ctClass, "7.7"}, 2, map[string]int64{"1.1.1.1": 0, "7.7": 0x0112}},
		{"1.7.3", []string{"1.2.840.10008.5.1.4.1.1.4", "1.1.1.1"}, 2, map[string]int64{"1.1.1.1": 0x0119}},
		{"1.7.4", []string{print, "7.7"}, 2, map[string]int64{"7.7": 0x0122}},
		{"1.7.5", []string{ctClass, "1.9.1.1"}, 2, map[string]int64{"1.9.1.1": 0x0112}}, // another clinic's
	} {
		if status, err := c.Action(t.Context(), dimse.StorageCommitment, dimse.CommitmentInstance, 1, request(q.transaction, q.pairs...)); err != nil || status.Code != dimse.Success {
			t.Fatalf("N-ACTION: %v, %v", status, err)
		}
		err := c.AwaitEvent(t.Context(), func(e dimse.Event) dimse.Status {
			got := reasons(e)
			if e.Type != q.kind || e.Data.Text(dicom.TransactionUID) != q.transaction || len(got) != len(q.want) {
				t.Errorf("event %d: %v, want %d: %v", e.Type, got, q.kind, q.want)
			}
			for uid, reason := range q.want {
				if got[uid] != reason {
					t.Errorf("%s: reason %04X, want %04X", uid, got[uid], reason)
				}
			}
			return dimse.Status{}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, q := range map[string]struct {
		instance string
		action   uint16
		d        *dicom.Dataset
		code     uint16
	}{
		"another instance": {"1.2.3", 1, request("1.7.9", ctClass, "1.1.1.1"), dimse.NoSuchSOPInstance},
		"another action":   {dimse.CommitmentInstance, 2, request("1.7.9", ctClass, "1.1.1.1"), dimse.NoSuchActionType},
		"no transaction":   {dimse.CommitmentInstance, 1, request("", ctClass, "1.1.1.1"), dimse.InvalidArgument},
		"nothing":          {dimse.CommitmentInstance, 1, request("1.7.9"), dimse.InvalidArgument},
	} {
		if status, err := c.Action(t.Context(), dimse.StorageCommitment, q.instance, q.action, q.d); err != nil || status.Code != q.code {
			t.Errorf("%s: %v, %v; want %04X", name, status, err, q.code)
		}
	}
}

func TestDamagedInstanceIsNeitherSentNorCommitted(t *testing.T) {
	t.Parallel()
	h := shelf(t)
	i, err := h.DB.Read(t.Context()).InstanceByUID(h.one, "1.3.1.1")
	if err != nil {
		t.Fatal(err)
	}
	h.spoil(t, i)
	w := h.workstation(t, "WS", nil)
	c := h.dial(t, "CT1", dimse.StorageCommitment, dimse.StudyRootMove)
	out, err := c.Move(t.Context(), dimse.StudyRootMove, "WS", identifier("STUDY", "StudyInstanceUID", "1.3"), nil)
	if err != nil || out.Code != dimse.UnableToPerform || len(w.took) > 0 {
		t.Errorf("a damaged instance was sent: %+v, %v, %d taken", out, err, len(w.took))
	}
	if status, err := c.Action(t.Context(), dimse.StorageCommitment, dimse.CommitmentInstance, 1, request("1.7.1", ctClass, "1.3.1.1")); err != nil || status.Code != dimse.Success {
		t.Fatalf("N-ACTION: %v, %v", status, err)
	}
	err = c.AwaitEvent(t.Context(), func(e dimse.Event) dimse.Status {
		if e.Type != 2 || reasons(e)["1.3.1.1"] != 0x0110 {
			t.Errorf("event %d: %v", e.Type, reasons(e))
		}
		return dimse.Status{}
	})
	if err != nil {
		t.Error(err)
	}
}

// spoil changes a byte of an instance on the disk.
func (h *clinic) spoil(t *testing.T, i *hub.Instance) {
	t.Helper()
	done := false
	err := filepath.WalkDir(h.dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() || filepath.Base(path) != filepath.Base(i.Object) {
			return err
		}
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		defer f.Close()
		b := make([]byte, 1)
		if _, err := f.ReadAt(b, i.Offset+i.Length-1); err != nil {
			return err
		}
		b[0] ^= 0xFF
		_, err = f.WriteAt(b, i.Offset+i.Length-1)
		done = true
		return err
	})
	if err != nil || !done {
		t.Fatalf("%s: changed %v, %v", i.Object, done, err)
	}
}

func TestRequestorThatWentAwayIsCalledAtItsAddress(t *testing.T) {
	t.Parallel()
	h := shelf(t)
	heard := make(chan dimse.Event, 1)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		(&dimse.Server{Handler: &archive{heard: heard}}).Serve(ctx, l)
		close(done)
	}()
	defer func() { stop(); <-done }()
	host, port, _ := net.SplitHostPort(l.Addr().String())
	n, _ := strconv.Atoi(port)
	h.tx(t, func(tx *db.Tx) error {
		d, err := tx.DeviceByAE("CT1")
		if err != nil {
			return err
		}
		d.Address, d.Port = host, n
		return tx.UpdateDevice(d)
	})
	c := h.dial(t, "CT1", dimse.StorageCommitment)
	if status, err := c.Action(t.Context(), dimse.StorageCommitment, dimse.CommitmentInstance, 1, request("1.7.1", ctClass, "1.1.1.1")); err != nil || status.Code != dimse.Success {
		t.Fatalf("N-ACTION: %v, %v", status, err)
	}
	if err := c.Release(); err != nil {
		t.Fatal(err)
	}
	e := <-heard
	if got := reasons(e); e.Type != 1 || len(got) != 1 || e.SOPInstanceUID != dimse.CommitmentInstance {
		t.Errorf("event %d: %v", e.Type, got)
	}
	eventually(t, "the commitment is done", func() bool {
		rows, err := h.DB.Read(t.Context()).CommitmentsOf("CT1", "1.7.1")
		return err == nil && len(rows) == 1 && !rows[0].DoneAt.IsZero()
	})
}

// archive is a device that hears what became of its commitments.
type archive struct {
	target
	heard chan dimse.Event
}

var _ dimse.Listener = (*archive)(nil)

func (a *archive) Event(_ context.Context, _ *dimse.Association, e dimse.Event) dimse.Status {
	a.heard <- e
	return dimse.Status{}
}
