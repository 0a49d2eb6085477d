package backup

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/internal/audit"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/demo"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/hubtest/pgtest"
	"github.com/yuanzhen/yuanzhen/internal/intake"
	"github.com/yuanzhen/yuanzhen/internal/keys"
	"github.com/yuanzhen/yuanzhen/internal/worklist"
	"github.com/yuanzhen/yuanzhen/storage"
	"github.com/yuanzhen/yuanzhen/storage/disk"
)

type silent struct{}

func (silent) Taken(hub.MemberID, string, int64) {}
func (silent) Committed(int, time.Duration)      {}
func (silent) Alerted(string)                    {}

// house is a hub that takes things in.
type house struct {
	t       *testing.T
	dir     string
	db      *db.DB
	objects storage.Objects
	ring    *keys.Ring
	in      *intake.Intake
	clinic  hub.MemberID
	stop    func()
}

// open opens the hub in a folder, with its rows at an address ("" beside the
// objects).
func open(t *testing.T, dir, address string) *house {
	t.Helper()
	if address == "" {
		address = "sqlite:" + filepath.Join(dir, "hub.db")
	}
	h := &house{t: t, dir: dir}
	var err error
	if h.ring, err = keys.Open(dir); err != nil {
		t.Fatal(err)
	}
	if h.db, err = db.Open(t.Context(), address); err != nil {
		t.Fatal(err)
	}
	if h.objects, err = disk.Open(dir); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.objects.Close(); h.db.Close() })
	return h
}

// start lets the hub work.
func (h *house) start() *house {
	h.t.Helper()
	log := slog.New(slog.DiscardHandler)
	h.in = intake.New(h.db, h.objects, &worklist.Service{DB: h.db, Rules: worklist.DefaultRules()}, h.ring, silent{}, log)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { h.in.Run(ctx) })
	running.Go(func() { (&audit.Sealer{DB: h.db, Keys: h.ring, Objects: h.objects, Node: "test", Log: log}).Run(ctx) })
	h.stop = sync.OnceFunc(func() { cancel(); running.Wait() })
	h.t.Cleanup(h.stop)
	return h
}

// found makes the clinic and binds the keys.
func (h *house) found() *house {
	h.t.Helper()
	clinic := &hub.Member{ID: hub.NewID[hub.MemberID](), Code: "CLINIC1", Name: "青山镇中心卫生院"}
	lead := &hub.Member{ID: hub.NewID[hub.MemberID](), Code: "LEAD", Name: "青山县人民医院"}
	h.clinic = clinic.ID
	err := h.db.Tx(h.t.Context(), func(tx *db.Tx) error {
		return errors.Join(h.ring.Bind(tx), tx.InsertMember(clinic), tx.InsertMember(lead),
			tx.InsertAgreement(&hub.Agreement{ID: "a", Source: clinic.ID, Centre: lead.ID}),
			tx.PutCatalogueItem(&hub.CatalogueItem{Code: "DX-CHEST", Name: "胸片", Kind: hub.Image, Days: 30, Price: 60.5}))
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return h
}

func (h *house) source() intake.Source {
	return intake.Source{Actor: hub.Actor{Member: h.clinic, Role: hub.Tech}, Via: "cstore"}
}

// image takes in the n-th image of a study and returns its bytes as stored.
func (h *house) image(n int) error {
	d := dicom.New()
	uid := "1.2.3." + strconv.Itoa(n+1)
	for tag, text := range map[dicom.Tag]string{dicom.SOPClassUID: "1.2.840.10008.5.1.4.1.1.1.1", dicom.SOPInstanceUID: uid, dicom.StudyInstanceUID: "1.2.3",
		dicom.SeriesInstanceUID: "1.2.3.0", dicom.PatientName: "Zhang^San", dicom.PatientID: "P1", dicom.Modality: "DX"} {
		d.SetText(tag, text)
	}
	var b bytes.Buffer
	if err := dicom.Write(&b, d, dicom.ExplicitVRLittleEndian); err != nil {
		return err
	}
	_, err := h.in.Instance(context.Background(), h.source(), &b, dicom.ExplicitVRLittleEndian)
	return err
}

func (h *house) fill() {
	h.t.Helper()
	for n := range 20 {
		if err := h.image(n); err != nil {
			h.t.Fatal(err)
		}
	}
	_, _, err := h.in.Recording(h.t.Context(), h.source(), demo.TraceFile("normal", 1))
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) verify() *Findings {
	h.t.Helper()
	f, err := Verify(h.t.Context(), h.db, h.objects, h.ring)
	if err != nil {
		h.t.Fatal(err)
	}
	return f
}

// sums are the hashes of all instances by SOP Instance UID, read back.
func (h *house) sums() map[string]string {
	h.t.Helper()
	out := map[string]string{}
	rows, err := h.db.Read(h.t.Context()).StoredIn("instance", "", page)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, s := range rows {
		r, err := storage.Verified(h.t.Context(), h.objects, storage.Ref{Key: storage.Key(s.Object), Offset: s.Offset, Length: s.Length}, storage.Digest(s.Digest))
		if err != nil {
			h.t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			h.t.Fatal(err)
		}
		r.Close()
		out[s.ID] = string(text)
	}
	return out
}

func (h *house) restore(from string) *Manifest {
	h.t.Helper()
	m, err := Restore(h.t.Context(), Options{DB: h.db, Objects: h.objects}, h.ring, from)
	if err != nil {
		h.t.Fatal(err)
	}
	return m
}

// drill fills a hub, copies it while it takes in more, and puts the copy back
// into another place.
func drill(t *testing.T, from, to string) {
	h := open(t, t.TempDir(), from).found().start()
	h.fill()
	var more sync.WaitGroup
	var fault error
	stop := make(chan struct{})
	more.Go(func() {
		for n := 20; ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			if fault = h.image(n); fault != nil {
				return
			}
		}
	})
	copyDir := filepath.Join(t.TempDir(), "copy")
	made, err := Write(t.Context(), Options{DB: h.db, Objects: h.objects, Data: h.dir, Keys: true, Version: "test"}, copyDir)
	close(stop)
	more.Wait()
	if err != nil || fault != nil {
		t.Fatal(err, fault)
	}
	if len(made.Missing) != 0 {
		t.Fatalf("missing: %v", made.Missing)
	}
	before := h.sums()
	h.stop()
	if err := os.RemoveAll(h.dir); err != nil {
		t.Fatal(err)
	}

	dir := t.TempDir()
	if err := RestoreKeys(copyDir, dir); err != nil {
		t.Fatal(err)
	}
	n := open(t, dir, to)
	n.restore(copyDir)
	if f := n.verify(); !f.OK() {
		t.Fatalf("faults: %v", f.Faults)
	}
	after := n.sums()
	if len(after) < 20 || len(after) > len(before) {
		t.Fatalf("%d instances, the hub had %d", len(after), len(before))
	}
	for id, text := range after {
		if before[id] != text {
			t.Fatalf("instance %s is not what it was", id)
		}
	}
	item, err := n.db.Read(t.Context()).CatalogueItem("DX-CHEST")
	if err != nil || item.Price != 60.5 || item.Name != "胸片" {
		t.Fatalf("got %+v, %v", item, err)
	}
	m, err := n.db.Read(t.Context()).MemberByCode("CLINIC1")
	if err != nil {
		t.Fatal(err)
	}
	n.clinic = m.ID
	if n.start(); n.image(1_000_000) != nil {
		t.Fatal("the restored hub takes nothing in")
	}
	if f := n.verify(); !f.OK() {
		t.Fatalf("after going on: %v", f.Faults)
	}
}

func TestLostHubComesBackFromTheCopyMadeWhileItWorked(t *testing.T) {
	t.Parallel()
	drill(t, "", "")
}

func TestCopyMovesAHubToPostgresAndBack(t *testing.T) {
	t.Parallel()
	address := os.Getenv("YUANZHEN_TEST_POSTGRES")
	if address == "" {
		t.Skip("no PostgreSQL (set YUANZHEN_TEST_POSTGRES)")
	}
	t.Run("to", func(t *testing.T) { drill(t, "", pgtest.Schema(t, address)) })
	t.Run("back", func(t *testing.T) { drill(t, pgtest.Schema(t, address), "") })
}

// largest is the path of the largest file below a folder.
func largest(t *testing.T, dir string) string {
	t.Helper()
	var path string
	var size int64
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Size() > size {
			path, size = p, info.Size()
		}
		return err
	})
	if err != nil || path == "" {
		t.Fatal(path, err)
	}
	return path
}

// flip changes one byte of a file.
func flip(t *testing.T, path string, at int) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text[at] ^= 1
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestOneChangedByteIsNamed(t *testing.T) {
	t.Parallel()
	h := open(t, t.TempDir(), "").found().start()
	h.fill()
	h.stop()
	if f := h.verify(); !f.OK() || f.Checks[0].Count != 20 || f.Checks[1].Count != 1 {
		t.Fatalf("before: %v %+v", f.Faults, f.Checks[0])
	}
	rows, err := h.db.Read(t.Context()).StoredIn("instance", "", 1)
	if err != nil {
		t.Fatal(err)
	}
	flip(t, filepath.Join(h.dir, rows[0].Object), int(rows[0].Offset)+10)
	f := h.verify()
	if f.OK() || len(f.Faults) != 1 || !strings.Contains(f.Faults[0], "instance "+rows[0].ID) || !strings.Contains(f.Faults[0], rows[0].Object) {
		t.Fatalf("got %v", f.Faults)
	}
}

func TestDamagedCopyIsRefusedAndLeavesTheHubEmpty(t *testing.T) {
	t.Parallel()
	h := open(t, t.TempDir(), "").found().start()
	h.fill()
	dir := filepath.Join(t.TempDir(), "copy")
	if _, err := Write(t.Context(), Options{DB: h.db, Objects: h.objects, Data: h.dir, Keys: true}, dir); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{"object": largest(t, filepath.Join(dir, "objects")), "rows": rowsPath(dir, "task"), "list": filepath.Join(dir, objectsFile)} {
		flip(t, path, 20)
		to := t.TempDir()
		if err := RestoreKeys(dir, to); err != nil {
			t.Fatal(err)
		}
		n := open(t, to, "")
		_, err := Restore(t.Context(), Options{DB: n.db, Objects: n.objects}, n.ring, dir)
		if err == nil {
			t.Fatalf("%s: a damaged copy was restored", name)
		}
		members, err := n.db.Read(t.Context()).Members()
		if err != nil || len(members) != 0 {
			t.Fatalf("%s: %d members are left, %v", name, len(members), err)
		}
		flip(t, path, 20)
		n.restore(dir) // the same hub, once the copy is whole
		if f := n.verify(); !f.OK() {
			t.Fatalf("%s: %v", name, f.Faults)
		}
	}
}

func TestHubInUseIsNotOverwritten(t *testing.T) {
	t.Parallel()
	h := open(t, t.TempDir(), "").found().start()
	h.fill()
	dir := filepath.Join(t.TempDir(), "copy")
	if _, err := Write(t.Context(), Options{DB: h.db, Objects: h.objects, Data: h.dir}, dir); err != nil {
		t.Fatal(err)
	}
	if _, err := Restore(t.Context(), Options{DB: h.db, Objects: h.objects}, h.ring, dir); hub.CodeOf(err) != "restore.not_empty" {
		t.Fatalf("got %v", err)
	}
	if err := RestoreKeys(dir, t.TempDir()); err == nil {
		t.Fatal("a copy without keys was put into a folder without keys")
	}
	other := open(t, t.TempDir(), "")
	if _, err := Restore(t.Context(), Options{DB: other.db, Objects: other.objects}, other.ring, dir); err == nil || !strings.Contains(err.Error(), "keys") {
		t.Fatalf("restored with other keys: %v", err)
	}
	if _, err := Write(t.Context(), Options{DB: h.db, Objects: h.objects, Data: h.dir}, dir); err == nil {
		t.Fatal("a second copy was written over the first")
	}
}

func TestValuesKeepTheirKind(t *testing.T) {
	t.Parallel()
	for _, v := range []any{nil, int64(-3), int64(1) << 62, 2.0, 1e300, -0.125, "文\u2028\"<\n", "", []byte{0, 255}, []byte{}} {
		b, err := appendValue([]byte("["), v)
		if err != nil {
			t.Fatal(err)
		}
		got, err := parseLine(append(b, ']'))
		if err != nil {
			t.Fatalf("%v: %v", v, err)
		}
		if b, ok := v.([]byte); ok {
			if g, ok := got[0].([]byte); !ok || !bytes.Equal(g, b) {
				t.Fatalf("%v became %v", v, got[0])
			}
		} else if got[0] != v {
			t.Fatalf("%T %v became %T %v", v, v, got[0], got[0])
		}
	}
}

func FuzzLineFromOutsideNeverPanics(f *testing.F) {
	f.Add([]byte(`[1,"a",null,{"base64":"AA=="},1.5]`))
	f.Add([]byte(`[{"base64":1}]`))
	f.Add([]byte(`[[]]`))
	f.Fuzz(func(t *testing.T, line []byte) {
		values, err := parseLine(line)
		if err != nil {
			return
		}
		b := []byte("[")
		for i, v := range values {
			if i > 0 {
				b = append(b, ',')
			}
			if b, err = appendValue(b, v); err != nil {
				t.Fatalf("%v was read and cannot be written: %v", v, err)
			}
		}
		if again, err := parseLine(append(b, ']')); err != nil || len(again) != len(values) {
			t.Fatalf("%s: %v", b, err)
		}
	})
}
