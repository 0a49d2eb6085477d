package intake

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/hubtest"
	"github.com/yuanzhen/yuanzhen/internal/testdata"
	"github.com/yuanzhen/yuanzhen/internal/worklist"
	"github.com/yuanzhen/yuanzhen/storage"
)

// tally counts what intake reports.
type tally struct {
	mu    sync.Mutex
	taken map[string]int
}

func (c *tally) Taken(_ hub.MemberID, result string, _ int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.taken[result]++
}
func (c *tally) Committed(int, time.Duration) {}
func (c *tally) Alerted(string)               {}

// bench is a clinic with a hub behind it.
type bench struct {
	*Intake
	clinic, lead hub.MemberID
	tally        *tally
}

func newBench(t testing.TB) *bench {
	t.Helper()
	s := hubtest.Open(t)
	rules := worklist.DefaultRules()
	rules.Settle = -time.Millisecond // each turn finds that the last object came long enough ago
	c := &tally{taken: map[string]int{}}
	b := &bench{Intake: New(s.DB, s.Objects, &worklist.Service{DB: s.DB, Rules: rules}, s.Keys, c, slog.New(slog.DiscardHandler)), tally: c}
	hubtest.Must(t, s.DB.Tx(t.Context(), func(tx *db.Tx) error {
		clinic := &hub.Member{ID: hub.NewID[hub.MemberID](), Code: "CLINIC1", Name: "青山镇卫生院"}
		lead := &hub.Member{ID: hub.NewID[hub.MemberID](), Code: "LEAD", Name: "县医院"}
		b.clinic, b.lead = clinic.ID, lead.ID
		return errors.Join(tx.InsertMember(clinic), tx.InsertMember(lead),
			tx.InsertAgreement(&hub.Agreement{ID: "a", Source: clinic.ID, Centre: lead.ID}))
	}))
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { b.Run(ctx); close(done) }()
	t.Cleanup(func() { stop(); <-done })
	return b
}

func (b *bench) source(via string) Source {
	return Source{Actor: hub.Actor{Member: b.clinic, Role: "device", Submits: true}, Via: via}
}

// object is a small CT slice; text is its patient's name.
func slice(study, series, uid, accession, text string) *dicom.Dataset {
	d := dicom.New()
	d.SetText(dicom.SpecificCharacterSet, "GB18030")
	d.SetText(dicom.SOPClassUID, "1.2.840.10008.5.1.4.1.1.2")
	d.SetText(dicom.SOPInstanceUID, uid)
	d.SetText(dicom.StudyInstanceUID, study)
	d.SetText(dicom.SeriesInstanceUID, series)
	d.SetText(dicom.PatientName, text)
	d.SetText(dicom.PatientID, "P1")
	d.SetText(dicom.PatientSex, "F")
	d.SetText(dicom.PatientBirthDate, "19700102")
	d.SetText(dicom.AccessionNumber, accession)
	d.SetText(dicom.Modality, "CT")
	d.SetInts(dicom.Rows, 2)
	d.SetInts(dicom.Columns, 2)
	d.SetInts(dicom.BitsAllocated, 16)
	d.SetRaw(dicom.PixelData, dicom.OW, []byte{1, 2, 3, 4, 5, 6, 7, 8})
	return d
}

func encode(t testing.TB, d *dicom.Dataset) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := dicom.Write(&b, d, dicom.ExplicitVRLittleEndian); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func (b *bench) send(t *testing.T, data []byte) (*Outcome, error) {
	t.Helper()
	return b.Instance(t.Context(), b.source("cstore"), bytes.NewReader(data), dicom.ExplicitVRLittleEndian)
}

func (b *bench) turn(t *testing.T) {
	t.Helper()
	if err := b.Work.Turn(t.Context(), slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
}

func (b *bench) task(t *testing.T, id hub.TaskID) *hub.Task {
	t.Helper()
	task, err := b.DB.Read(t.Context()).Task(id)
	if err != nil {
		t.Fatal(err)
	}
	return task
}

func TestStudyFromTrustedDeviceIsQueuedWhenItSettles(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	data := encode(t, slice("1.2.3", "1.2.3.1", "1.2.3.1.1", "A1", "Wang^Fang=王^芳"))
	out, err := b.send(t, data)
	if err != nil || out.Result != Stored {
		t.Fatalf("got %+v, %v", out, err)
	}
	if s := b.task(t, out.Task).State; s != hub.Uploading {
		t.Fatalf("task is %s while objects arrive, want uploading", s)
	}
	if _, err := b.send(t, encode(t, slice("1.2.3", "1.2.3.1", "1.2.3.1.2", "A1", "Wang^Fang=王^芳"))); err != nil {
		t.Fatal(err)
	}
	b.turn(t)
	got := b.task(t, out.Task)
	if got.State != hub.Queued || !got.Complete || got.Centre != b.lead || got.Due.IsZero() {
		t.Fatalf("after settling: %+v", got)
	}
	v, err := worklist.Render(b.DB.Read(t.Context()), got)
	if err != nil {
		t.Fatal(err)
	}
	if v.Arrived != 2 || v.Patient.Name != "王芳" || v.Accession != "A1" || v.Study != "1.2.3" {
		t.Fatalf("clients see %+v", v)
	}
}

// The stream of such an object ends well, and it is acknowledged; only its
// header tells that half of it is gone.
func TestStudyWithAnObjectThatLostItsPixelsIsNeverComplete(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var task hub.TaskID
	for i, strip := range []func(*dicom.Dataset){
		func(*dicom.Dataset) {},
		func(d *dicom.Dataset) { d.Delete(dicom.PixelData) },
		func(d *dicom.Dataset) { d.SetRaw(dicom.PixelData, dicom.OW, []byte{1, 2}) },
	} {
		d := slice("1.2.3", "1.2.3.1", "1.2.3.1."+itoa(i+1), "A1", "Wang^Fang=王^芳")
		strip(d)
		out, err := b.send(t, encode(t, d))
		if err != nil || out.Result != Stored || (len(out.Warnings) > 0) != (i > 0) {
			t.Fatalf("object %d: %+v, %v", i, out, err)
		}
		task = out.Task
	}
	b.turn(t)
	got := b.task(t, task)
	if got.State != hub.Queued || got.Complete {
		t.Fatalf("after settling: %s, complete %v", got.State, got.Complete)
	}
	if w := got.Warnings; len(w) != 1 || w[0].Code != hub.PixelsMissing || w[0].Values["instances"] != "2" {
		t.Errorf("the reader is warned of %+v", w)
	}
	if _, err := b.send(t, encode(t, slice("1.2.3", "1.2.3.1", "1.2.3.1.9", "A1", "Wang^Fang=王^芳"))); err != nil {
		t.Fatal(err)
	}
	b.turn(t)
	if b.task(t, task).Complete {
		t.Error("one more object made it complete")
	}
}

func TestStoredBytesAreTheBytesSent(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	data := encode(t, slice("1.2.3", "1.2.3.1", "1.2.3.1.1", "", "X"))
	if _, err := b.send(t, data); err != nil {
		t.Fatal(err)
	}
	i, err := b.DB.Read(t.Context()).InstanceByUID(b.clinic, "1.2.3.1.1")
	if err != nil {
		t.Fatal(err)
	}
	r, err := storage.Verified(t.Context(), b.Objects, storage.Ref{Key: storage.Key(i.Object), Offset: i.Offset, Length: i.Length}, storage.Digest(i.Digest))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got, err := io.ReadAll(r)
	if err != nil || !bytes.Equal(got, data) {
		t.Fatalf("read back %d bytes, %v; sent %d", len(got), err, len(data))
	}
	if i.PixelAt == 0 || !bytes.Equal(data[i.PixelAt:i.PixelAt+8], []byte{1, 2, 3, 4, 5, 6, 7, 8}) {
		t.Fatalf("pixel data is not at %d", i.PixelAt)
	}
}

func TestSameBytesAgainChangeNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	data := encode(t, slice("1.2.3", "1.2.3.1", "1.2.3.1.1", "A1", "X"))
	first, err := b.send(t, data)
	if err != nil {
		t.Fatal(err)
	}
	again, err := b.send(t, data)
	if err != nil || again.Result != Duplicate || again.Task != first.Task {
		t.Fatalf("got %+v, %v", again, err)
	}
	s, err := b.DB.Read(t.Context()).StudyByUID(b.clinic, "1.2.3")
	if err != nil || s.Instances != 1 {
		t.Fatalf("study counts %d instances, %v", s.Instances, err)
	}
}

func TestOtherBytesUnderOneUIDGoToQuarantine(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if _, err := b.send(t, encode(t, slice("1.2.3", "1.2.3.1", "1.2.3.1.1", "A1", "X"))); err != nil {
		t.Fatal(err)
	}
	out, err := b.send(t, encode(t, slice("1.2.3", "1.2.3.1", "1.2.3.1.1", "A1", "Y")))
	if err != nil || out.Result != Conflict || out.Quarantine == "" {
		t.Fatalf("got %+v, %v", out, err)
	}
	list, err := b.DB.Read(t.Context()).Quarantine(b.clinic, 10)
	if err != nil || len(list) != 1 || list[0].Code != "dicom.other_bytes" {
		t.Fatalf("quarantine holds %v, %v", list, err)
	}
}

func TestTruncatedObjectIsInvisibleAndKept(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	data := encode(t, slice("1.2.3", "1.2.3.1", "1.2.3.1.1", "A1", "X"))
	_, err := b.send(t, data[:len(data)-3])
	if hub.KindOf(err) != hub.Invalid || hub.CodeOf(err) != "dicom.unreadable" {
		t.Fatalf("got %v", err)
	}
	read := b.DB.Read(t.Context())
	if _, err := read.StudyByUID(b.clinic, "1.2.3"); hub.KindOf(err) != hub.NotFound {
		t.Fatalf("the study is visible: %v", err)
	}
	list, err := read.Quarantine(b.clinic, 10)
	if err != nil || len(list) != 1 || list[0].Length != int64(len(data)-3) {
		t.Fatalf("quarantine holds %+v, %v", list, err)
	}
}

// broken fails like a line that was cut.
type broken struct{ r io.Reader }

func (b broken) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func TestCutLineLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	data := encode(t, slice("1.2.3", "1.2.3.1", "1.2.3.1.1", "A1", "X"))
	_, err := b.Instance(t.Context(), b.source("cstore"), broken{bytes.NewReader(data[:40])}, dicom.ExplicitVRLittleEndian)
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatalf("got %v", err)
	}
	list, err := b.DB.Read(t.Context()).Quarantine(b.clinic, 10)
	if err != nil || len(list) != 0 {
		t.Fatalf("quarantine holds %v, %v", list, err)
	}
}

func TestSecondStudyUnderOneAccessionNumberJoinsItsTask(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	one, err := b.send(t, encode(t, slice("1.2.3", "1.2.3.1", "1.2.3.1.1", "A1", "X")))
	if err != nil {
		t.Fatal(err)
	}
	two, err := b.send(t, encode(t, slice("1.2.4", "1.2.4.1", "1.2.4.1.1", "A1", "X")))
	if err != nil || two.Task != one.Task {
		t.Fatalf("second study went to task %s, want %s (%v)", two.Task, one.Task, err)
	}
	list, err := b.DB.Read(t.Context()).StudiesOf(one.Task)
	if err != nil || len(list) != 2 {
		t.Fatalf("the task has %d studies, %v", len(list), err)
	}
}

func TestParallelSendersShareCommitsAndLoseNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	const senders, each = 8, 20
	var wg sync.WaitGroup
	for s := range senders {
		wg.Go(func() {
			for i := range each {
				uid := "1.2." + itoa(s) + ".1." + itoa(i+1)
				if _, err := b.send(t, encode(t, slice("1.2."+itoa(s), "1.2."+itoa(s)+".1", uid, "", "X"))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for s := range senders {
		row, err := b.DB.Read(t.Context()).StudyByUID(b.clinic, "1.2."+itoa(s))
		if err != nil || row.Instances != each || row.Series != 1 {
			t.Fatalf("study %d: %+v, %v", s, row, err)
		}
	}
}

func itoa(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + string(rune('0'+n%10))
}

// TestCorpusIsTakenInOrRefusedWithAReason sends every file of the test data
// through the ways a clinic has; none may crash, hang or vanish.
func TestCorpusIsTakenInOrRefusedWithAReason(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, path := range testdata.Files(t, "dicom", "*.dcm") {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		src := b.source("upload")
		src.Name = filepath.Base(path)
		began := time.Now()
		out, err := b.File(t.Context(), src, bytes.NewReader(data))
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("%s took %s", src.Name, took)
		}
		if err != nil {
			if e, ok := errors.AsType[*hub.Error](err); !ok || e.Kind != hub.Invalid || e.Detail["reason"] == "" {
				t.Errorf("%s: refused without a reason: %v", src.Name, err)
			}
			continue
		}
		checkKept(t, b, src.Name, data, out)
	}
	t.Log(b.tally.taken)
}

// checkKept verifies that what is stored of a file is the end of that file,
// bit for bit.
func checkKept(t *testing.T, b *bench, name string, file []byte, out *Outcome) {
	t.Helper()
	if out.Result != Stored {
		return
	}
	i, err := b.DB.Read(t.Context()).InstanceByUID(b.clinic, out.UID)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	tail := file[int64(len(file))-i.Length:]
	if sum := storage.DigestOf(tail); !bytes.Equal(sum[:], i.Digest) {
		t.Errorf("%s: stored %d bytes are not the file's data set", name, i.Length)
	}
}
