package upload

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/demo"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/hubtest"
	"github.com/yuanzhen/yuanzhen/internal/intake"
	"github.com/yuanzhen/yuanzhen/internal/worklist"
	"github.com/yuanzhen/yuanzhen/storage"
)

// clinic is a clinic with a hub behind it: real rows, real objects, intake
// running.
type clinic struct {
	*Service
	tech  hub.Actor
	other hub.Actor // of another clinic
}

func newClinic(t *testing.T) *clinic {
	t.Helper()
	stores := hubtest.Open(t)
	d, objects, ring := stores.DB, stores.Objects, stores.Keys
	rules := worklist.DefaultRules()
	rules.Settle = time.Hour // nothing settles by silence here
	work := &worklist.Service{DB: d, Rules: rules}
	in := intake.New(d, objects, work, ring, hubtest.Silent{}, slog.New(slog.DiscardHandler))
	c := &clinic{Service: New(in, work)}
	must(t, d.Tx(t.Context(), func(tx *db.Tx) error {
		a := &hub.Account{ID: "tech1", Member: "clinic1", Login: "tech1", Name: "tech1", Role: hub.Tech, Active: true, AutoSubmit: true}
		c.tech = hub.Actor{Account: a.ID, Member: a.Member, Role: a.Role, Submits: true}
		c.other = hub.Actor{Account: "tech2", Member: "clinic2", Role: hub.Tech}
		var errs []error
		for _, code := range []string{"clinic1", "clinic2", "lead"} {
			errs = append(errs, tx.InsertMember(&hub.Member{ID: hub.MemberID(code), Code: strings.ToUpper(code), Name: code}))
		}
		return errors.Join(append(errs, tx.InsertAccount(a), tx.InsertAgreement(&hub.Agreement{ID: "a", Source: "clinic1", Centre: "lead"}))...)
	}))
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { in.Run(ctx) })
	t.Cleanup(func() { stop(); running.Wait() })
	return c
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// slice is a small CT image as a DICOM file, padded to a size.
func slice(t *testing.T, study string, number, pixels int) []byte {
	t.Helper()
	d := dicom.New()
	uid := fmt.Sprintf("%s.1.%d", study, number)
	d.SetText(dicom.SpecificCharacterSet, "GB18030")
	d.SetText(dicom.SOPClassUID, "1.2.840.10008.5.1.4.1.1.2")
	d.SetText(dicom.SOPInstanceUID, uid)
	d.SetText(dicom.StudyInstanceUID, study)
	d.SetText(dicom.SeriesInstanceUID, study+".1")
	d.SetText(dicom.PatientName, "王芳")
	d.SetText(dicom.PatientID, "P1")
	d.SetText(dicom.Modality, "CT")
	d.SetInts(dicom.Rows, 1)
	d.SetInts(dicom.Columns, int64(pixels))
	d.SetInts(dicom.BitsAllocated, 8)
	px := make([]byte, pixels+pixels%2)
	for i := range px {
		px[i] = byte(i*7 + number)
	}
	d.SetRaw(dicom.PixelData, dicom.OB, px)
	var b bytes.Buffer
	must(t, dicom.WriteFile(&b, dicom.FileMeta{SOPClassUID: d.Text(dicom.SOPClassUID), SOPInstanceUID: uid, Syntax: dicom.ExplicitVRLittleEndian}, d))
	return b.Bytes()
}

// send uploads a file whole and returns its verdict.
func (c *clinic) send(t *testing.T, w Wanted, data []byte) *Verdict {
	t.Helper()
	w.Size = int64(len(data))
	u, err := c.Create(t.Context(), c.tech, w)
	must(t, err)
	if len(data) > 0 {
		u, err = c.Append(t.Context(), c.tech, u.ID, 0, bytes.NewReader(data))
		must(t, err)
	}
	return c.verdictOf(t, u.ID)
}

func (c *clinic) verdictOf(t *testing.T, id hub.UploadID) *Verdict {
	t.Helper()
	u, err := c.Get(t.Context(), c.tech, id)
	must(t, err)
	v, err := VerdictOf(u)
	must(t, err)
	if v == nil {
		t.Fatalf("no verdict: %+v", u)
	}
	return v
}

func TestCutLineKeepsWhatArrivedAndResumes(t *testing.T) {
	t.Parallel()
	c := newClinic(t)
	data := slice(t, "1.2.3", 1, 9<<20) // three pieces
	u, err := c.Create(t.Context(), c.tech, Wanted{Size: int64(len(data)), Filename: "a.dcm"})
	must(t, err)
	cut := int64(5<<20 + 12345)
	broken := errors.New("connection reset")
	gone, cancel := context.WithCancel(t.Context())
	line := io.MultiReader(bytes.NewReader(data[:cut]), readerFunc(func([]byte) (int, error) { cancel(); return 0, broken }))
	after, err := c.Append(gone, c.tech, u.ID, 0, line)
	if !errors.Is(err, broken) || after.Offset != cut {
		t.Fatalf("offset %d, %v; want %d and the line's fault", after.Offset, err, cut)
	}
	after, err = c.Append(t.Context(), c.tech, u.ID, cut, iotest.HalfReader(bytes.NewReader(data[cut:])))
	must(t, err)
	v := c.verdictOf(t, u.ID)
	if v.Result != Stored || v.StudyUID != "1.2.3" || after.State != "done" {
		t.Fatalf("got %+v, %+v", v, after)
	}
	task, err := c.DB.Read(t.Context()).Task(v.Task)
	must(t, err)
	if task.Study == "" || task.State != hub.Uploading {
		t.Fatalf("got %+v", task)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

func TestOfTwoSendersAtOneOffsetOneWins(t *testing.T) {
	t.Parallel()
	c := newClinic(t)
	data := slice(t, "1.2.3", 1, 100_000)
	u, err := c.Create(t.Context(), c.tech, Wanted{Size: int64(len(data))})
	must(t, err)
	// Both read half a piece before either may store it.
	var both, wg sync.WaitGroup
	both.Add(2)
	var mu sync.Mutex
	won, lost := 0, 0
	for range 2 {
		wg.Go(func() {
			r := bytes.NewReader(data)
			once := sync.OnceFunc(func() { both.Done(); both.Wait() })
			_, err := c.Append(t.Context(), c.tech, u.ID, 0, readerFunc(func(b []byte) (int, error) { once(); return r.Read(b) }))
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				won++
			case hub.CodeOf(err) == "upload.offset":
				lost++
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won != 1 || lost != 1 {
		t.Fatalf("%d won, %d were told the offset", won, lost)
	}
	if v := c.verdictOf(t, u.ID); v.Result != Stored {
		t.Fatalf("got %+v", v)
	}
}

// TestCompleteUploadOfDeadNodeIsJudgedLater leaves an upload as a node that
// died after the last byte's commit does.
func TestCompleteUploadOfDeadNodeIsJudgedLater(t *testing.T) {
	t.Parallel()
	c := newClinic(t)
	data := slice(t, "1.2.3", 1, 5<<20)
	u, err := c.Create(t.Context(), c.tech, Wanted{Size: int64(len(data))})
	must(t, err)
	r := bytes.NewReader(data)
	for u.Offset < u.Size {
		must(t, c.piece(t.Context(), u, r))
	}
	must(t, c.Turn(t.Context()))
	if now, _ := c.Get(t.Context(), c.tech, u.ID); now.State != "open" {
		t.Fatal("an upload that its node may still be judging was taken from it")
	}
	c.age(t, u.ID, 2*judgeLease)
	must(t, c.Turn(t.Context()))
	v := c.verdictOf(t, u.ID)
	if v.Result != Stored {
		t.Fatalf("got %+v", v)
	}
	task, err := c.DB.Read(t.Context()).Task(v.Task)
	must(t, err)
	if !task.AutoSubmit {
		t.Fatal("the sender's trust was forgotten")
	}
}

// age makes an upload look untouched for a while.
func (c *clinic) age(t *testing.T, id hub.UploadID, by time.Duration) {
	t.Helper()
	must(t, c.DB.Tx(t.Context(), func(tx *db.Tx) error {
		u, err := tx.Upload(id)
		if err != nil {
			return err
		}
		was := u.TouchedAt
		u.TouchedAt = was.Add(-by)
		_, err = tx.HoldUpload(u, was)
		return err
	}))
}

func TestVerdictSaysWhatTheFileIs(t *testing.T) {
	t.Parallel()
	c := newClinic(t)
	ct := slice(t, "1.2.3", 1, 100)
	other := bytes.Clone(ct)
	other[len(other)-1] ^= 1
	ecg := demo.TraceFile("normal", 7)
	for _, step := range []struct {
		name   string
		data   []byte
		result Result
		code   string
	}{
		{"a.dcm", ct, Stored, codeStored},
		{"a again.dcm", ct, Duplicate, codeDuplicate},
		{"a changed.dcm", other, Conflict, "dicom.other_bytes"},
		{"cut.dcm", ct[:len(ct)-20], Quarantined, "dicom.unreadable"},
		{"ecg.xml", ecg, Stored, codeStored},
		{"ecg again.xml", ecg, Duplicate, codeDuplicate},
		{"photo.jpg", []byte("\xFF\xD8\xFF\xE0 and so on"), Quarantined, "ecg.unreadable"},
		{"IMG_0001.HEIC", []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"), Rejected, codeHEIC},
		{"autorun.inf", []byte("[autorun]\r\nopen=viewer.exe"), Ignored, codeOther},
		{"empty", nil, Ignored, codeEmpty},
		{"strange.bin", []byte("\x91\x92\x93 nobody knows this"), Quarantined, codeUnknown},
	} {
		v := c.send(t, Wanted{Filename: step.name}, step.data)
		if v.Result != step.result || v.Code != step.code {
			t.Errorf("%s: got %+v, want %s %s", step.name, v, step.result, step.code)
		}
		if (v.Quarantine != "") != (step.result == Quarantined || step.result == Conflict) {
			t.Errorf("%s: quarantine entry %q", step.name, v.Quarantine)
		}
		if strings.HasPrefix(step.name, "ecg") && v.Recording == "" {
			t.Errorf("%s: no recording in %+v", step.name, v)
		}
	}
}

func TestDiscAsArchiveIsTakenInFileByFile(t *testing.T) {
	t.Parallel()
	c := newClinic(t)
	directory := slice(t, "1.2.9", 1, 10)
	directory = bytes.Replace(directory, []byte("1.2.840.10008.5.1.4.1.1.2\x00"), []byte("1.2.840.10008.1.3.10\x00\x00\x00\x00\x00\x00"), 1)
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, data := range map[string][]byte{
		"DICOMDIR": directory, "DICOM/IM1": slice(t, "1.2.3", 1, 5<<20), "DICOM/IM2": slice(t, "1.2.3", 2, 1000), "DICOM/IM2copy": slice(t, "1.2.3", 2, 1000),
		"VIEWER/VIEWER.EXE": []byte("MZ program"), "readme.txt": []byte("光盘说明"), "DICOM/BROKEN": slice(t, "1.2.3", 3, 1000)[:700], "more.zip": []byte("PK\x03\x04 inside"),
	} {
		w, err := z.Create(name)
		must(t, err)
		_, err = w.Write(data)
		must(t, err)
	}
	must(t, z.Close())
	v := c.send(t, Wanted{Filename: "disc.zip"}, b.Bytes())
	want := map[Result]int{Stored: 2, Duplicate: 1, Ignored: 4, Quarantined: 1}
	if v.Result != Stored || v.Code != codeArchivePart || fmt.Sprint(v.Archive.Results) != fmt.Sprint(want) {
		t.Fatalf("got %+v %+v, want %v", v, v.Archive, want)
	}
	if len(v.Archive.Problems) != 1 || v.Archive.Problems[0].Path != "DICOM/BROKEN" || v.Task == "" {
		t.Fatalf("got %+v", v.Archive)
	}
}

func TestArchiveThatUnfoldsWithoutEndIsRejected(t *testing.T) {
	t.Parallel()
	c := newClinic(t)
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create("zeros")
	must(t, err)
	_, err = io.CopyN(w, readerFunc(func(b []byte) (int, error) { clear(b); return len(b), nil }), 110<<20)
	must(t, err)
	must(t, z.Close())
	if v := c.send(t, Wanted{Filename: "bomb.zip"}, b.Bytes()); v.Result != Rejected || v.Code != codeArchiveBomb {
		t.Fatalf("got %+v", v)
	}
	// More files than any disc holds, and names that fill memory.
	for _, name := range []string{"", strings.Repeat("long", 60)} {
		b.Reset()
		z = zip.NewWriter(&b)
		for i := range entriesMost + 1 {
			_, err := z.CreateRaw(&zip.FileHeader{Name: name + fmt.Sprint(i)})
			must(t, err)
		}
		must(t, z.Close())
		if v := c.send(t, Wanted{Filename: "many.zip"}, b.Bytes()); v.Result != Rejected || v.Code != codeArchiveBomb {
			t.Fatalf("got %+v", v)
		}
	}
}

func declared(path string, data []byte) Declared {
	sum := sha256.Sum256(data)
	return Declared{Path: path, Size: int64(len(data)), SHA256: hex.EncodeToString(sum[:])}
}

func TestDeclaredStudyIsSubmittedWithItsLastFile(t *testing.T) {
	t.Parallel()
	c := newClinic(t)
	one, two, three := slice(t, "1.2.3", 1, 100), slice(t, "1.2.3", 2, 100), slice(t, "1.2.3", 3, 100)
	batch, err := c.Declare(t.Context(), c.tech, []Declared{declared("d/1", one), declared("d/2", two), declared("d/3", three), declared("d/2 again", two)})
	must(t, err)
	v := c.send(t, Wanted{Filename: "d/1", Batch: batch}, one)
	task := c.task(t, v.Task)
	if task.Expected != 4 || task.Complete || task.State != hub.Uploading {
		t.Fatalf("after the first file: %d expected, %s", task.Expected, task.State)
	}
	c.send(t, Wanted{Filename: "d/2", Batch: batch}, two)
	c.send(t, Wanted{Filename: "d/2 again", Batch: batch}, two)
	if r := c.receipt(t, batch); r.Complete || r.Settled || r.Awaited != 1 || r.Reasons[0].Code != codeAwaited || r.Studies[0].Arrived != 2 || r.Studies[0].Expected != 3 {
		t.Fatalf("got %+v", r.Studies[0])
	}
	c.send(t, Wanted{Filename: "d/3", Batch: batch}, three)
	task = c.task(t, v.Task)
	if task.State != hub.Queued || !task.Complete || task.Expected != 3 || task.Centre != "lead" {
		t.Fatalf("after the last file: %+v", task)
	}
	if r := c.receipt(t, batch); !r.Complete || !r.Settled || r.Failed != 0 || len(r.Reasons) != 0 || r.Files[0].StudyUID != "1.2.3" || r.Files[0].State != "accepted" {
		t.Fatalf("got %+v", r)
	}
}

func (c *clinic) task(t *testing.T, id hub.TaskID) *hub.Task {
	t.Helper()
	task, err := c.DB.Read(t.Context()).Task(id)
	must(t, err)
	return task
}

func (c *clinic) receipt(t *testing.T, id hub.BatchID) *Receipt {
	t.Helper()
	r, err := c.Receipt(t.Context(), c.tech, id)
	must(t, err)
	return r
}

func TestFileUnlikeItsDeclarationIsNotTakenIn(t *testing.T) {
	t.Parallel()
	c := newClinic(t)
	good, second := slice(t, "1.2.3", 1, 100), slice(t, "1.2.3", 2, 100)
	batch, err := c.Declare(t.Context(), c.tech, []Declared{declared("1", good), declared("2", second)})
	must(t, err)
	bad := bytes.Clone(good)
	bad[len(bad)-1] ^= 1
	v := c.send(t, Wanted{Filename: "1", Batch: batch}, bad)
	if v.Result != Quarantined || v.Code != codeHashDiffers {
		t.Fatalf("got %+v", v)
	}
	v = c.send(t, Wanted{Filename: "2", Batch: batch}, second)
	task := c.task(t, v.Task)
	if task.State != hub.Queued || task.Complete || task.Expected != 2 {
		t.Fatalf("a study with a damaged file: %+v", task)
	}
	if r := c.receipt(t, batch); r.Complete || !r.Settled || r.Failed != 1 || r.Files[0].State != "mismatch" || r.Reasons[0].Code != codeHashDiffers || r.Reasons[0].Paths[0] != "1" {
		t.Fatalf("got %+v", r)
	}
	c.send(t, Wanted{Filename: "1", Batch: batch}, good)
	if task = c.task(t, task.ID); !task.Complete {
		t.Fatalf("sent again whole: %+v", task)
	}
	if r := c.receipt(t, batch); !r.Complete || len(r.Reasons) != 0 {
		t.Fatalf("sent again whole: %+v", r)
	}
	if _, err := c.Create(t.Context(), c.tech, Wanted{Filename: "3", Batch: batch, Size: 1}); hub.KindOf(err) != hub.Invalid {
		t.Fatalf("a file that was not declared: %v", err)
	}
}

func TestOtherClinicSeesNothing(t *testing.T) {
	t.Parallel()
	c := newClinic(t)
	u, err := c.Create(t.Context(), c.tech, Wanted{Size: 10})
	must(t, err)
	batch, err := c.Declare(t.Context(), c.tech, []Declared{declared("1", []byte("x"))})
	must(t, err)
	_, appendErr := c.Append(t.Context(), c.other, u.ID, 0, strings.NewReader("x"))
	_, receiptErr := c.Receipt(t.Context(), c.other, batch)
	_, createErr := c.Create(t.Context(), c.other, Wanted{Size: 1, Filename: "1", Batch: batch})
	for i, err := range []error{appendErr, receiptErr, createErr, c.Remove(t.Context(), c.other, u.ID)} {
		if hub.KindOf(err) != hub.NotFound {
			t.Errorf("%d: %v", i, err)
		}
	}
}

func TestSweepLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	c := newClinic(t)
	c.Work.Rules.OrphanKeep = -time.Hour // everything is old
	data := slice(t, "1.2.3", 1, 5<<20)
	c.send(t, Wanted{}, data)
	abandoned, err := c.Create(t.Context(), c.tech, Wanted{Size: 100})
	must(t, err)
	_, err = c.Append(t.Context(), c.tech, abandoned.ID, 0, strings.NewReader("some bytes"))
	must(t, err)
	if n := c.stored(t); n != 3 {
		t.Fatalf("%d pieces, want the judged upload's two and one", n)
	}
	must(t, c.Orphans(t.Context()))
	if n := c.stored(t); n != 1 {
		t.Fatalf("%d pieces, want the open upload's", n)
	}
	c.age(t, abandoned.ID, c.Work.Rules.UploadKeep+time.Hour)
	must(t, c.Turn(t.Context()))
	if _, err := c.Get(t.Context(), c.tech, abandoned.ID); hub.KindOf(err) != hub.NotFound {
		t.Fatalf("an abandoned upload stays: %v", err)
	}
	must(t, c.Orphans(t.Context()))
	if n := c.stored(t); n != 0 {
		t.Fatalf("%d pieces stay", n)
	}
}

// stored counts the pieces in the object store.
func (c *clinic) stored(t *testing.T) int {
	t.Helper()
	n := 0
	must(t, c.Objects.List(t.Context(), kind+"/", func(storage.Key, int64, time.Time) error { n++; return nil }))
	return n
}

func TestDeclaredFileThatIsNoExamLeavesTheReceiptOpen(t *testing.T) {
	t.Parallel()
	c := newClinic(t)
	image, note := slice(t, "1.2.3", 1, 100), []byte("%PDF-1.4 a letter")
	batch, err := c.Declare(t.Context(), c.tech, []Declared{declared("image", image), declared("letter.pdf", note)})
	must(t, err)
	c.send(t, Wanted{Filename: "image", Batch: batch}, image)
	c.send(t, Wanted{Filename: "letter.pdf", Batch: batch}, note)
	r := c.receipt(t, batch)
	if r.Complete || !r.Settled || r.Failed != 0 || r.Ignored != 1 || len(r.Reasons) != 1 || r.Reasons[0].Code != codePicture || r.Reasons[0].Files != 1 {
		t.Fatalf("a sender would delete a file the hub did not keep: %+v", r)
	}
}
