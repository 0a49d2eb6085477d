// Package intake is the step CHECK: every way in (C-STORE, STOW-RS, web
// upload, ECG file) ends here, and nothing else makes an instance or a
// recording. It reads top to bottom: parse → check → store → index → queue →
// acknowledge. Bytes stream into the object store while they are parsed; a
// committer makes them durable in groups, then their rows, and only then do
// the senders hear. What cannot be taken in is kept in quarantine with its
// reason.
package intake

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/worklist"
	"github.com/yuanzhen/yuanzhen/storage"
)

// Sealer keeps ID numbers unreadable in rows; keys.Ring is one.
type Sealer interface {
	Seal(plain []byte) []byte
	IndexHash(idNumber string) string
}

// Counter learns what was taken in; metric.Metrics is wired to it.
type Counter interface {
	Taken(member hub.MemberID, result string, bytes int64)
	Committed(instances int, took time.Duration)
	Alerted(item string)
}

// Intake takes objects in. It is safe for concurrent use once Run is running.
type Intake struct {
	DB      *db.DB
	Objects storage.Objects
	Work    *worklist.Service
	Sealer  Sealer
	Count   Counter
	Log     *slog.Logger
	// Spool is the folder for what is too long for memory and not yet stored,
	// "" the system's own for temporary files.
	Spool string

	arriving  chan *arrival
	lastAt    atomic.Int64      // of the last commit, in nanoseconds since 1970
	receiving atomic.Int32      // objects of which bytes are coming in
	known     map[string]*known // studies the committer has seen lately
	learned   learned           // what devices' text turned out to be
}

// Source is who sends and how.
type Source struct {
	Actor hub.Actor
	Via   string      // cstore, stow, upload, recording
	Name  string      // file name, for the quarantine list
	Order hub.OrderID // the order it belongs to, when the sender says
	Class string      // SOP Class UID the sender announced, "" if it did not
	UID   string      // SOP Instance UID the sender announced, "" if it did not
	Study string      // Study Instance UID the sender announced, "" if it did not
}

// Result says what became of one object.
type Result string

// The results.
const (
	Stored    Result = "stored"
	Duplicate Result = "duplicate" // the same bytes are here already
	Conflict  Result = "conflict"  // other bytes under this UID are here already: these are in quarantine
)

// Outcome is what a sender of an instance hears.
type Outcome struct {
	Result     Result
	Class      string
	UID        string
	StudyUID   string
	SeriesUID  string
	Study      hub.StudyID
	Task       hub.TaskID
	Recording  hub.RecordingID
	Quarantine hub.QuarantineID // of a conflict
	Warnings   []string         // what was tolerated, for the log
	Stated     time.Time        // when it says it was made, by its device's clock; zero if it does not
}

// Bounds of one object.
const (
	keepValue = 4 << 10  // longer values stay in the object only
	wholeFile = 64 << 20 // an odd file without meta header is read whole
)

// New returns an Intake; Run must run before anything is taken in.
func New(d *db.DB, objects storage.Objects, work *worklist.Service, sealer Sealer, count Counter, log *slog.Logger) *Intake {
	return &Intake{DB: d, Objects: objects, Work: work, Sealer: sealer, Count: count, Log: log,
		arriving: make(chan *arrival, 256), known: map[string]*known{}}
}

// Instance takes in one data set encoded in ts, streamed from r to its end.
//
// An error means nothing of it is visible: Invalid with code "dicom.unreadable"
// or "dicom.identity" (its bytes are then in quarantine), Busy when the store
// or the database does not serve now, or the error of r when it broke off.
func (in *Intake) Instance(ctx context.Context, src Source, r io.Reader, ts dicom.TransferSyntax) (*Outcome, error) {
	a, err := in.receive(ctx, src, r, nil, ts)
	if err != nil {
		return nil, err
	}
	defer a.part.Discard()
	return in.arrive(ctx, a)
}

// receive reads and checks one data set; its bytes are then in a part that is
// not durable yet, and that the caller discards. head is what stood before it.
func (in *Intake) receive(ctx context.Context, src Source, r io.Reader, head fileHead, ts dicom.TransferSyntax) (*arrival, error) {
	part, err := in.Objects.Append(ctx)
	if err != nil {
		return nil, unavailable(err)
	}
	in.receiving.Add(1)
	a := &arrival{src: src, part: part, head: head, syntax: ts, awaited: true}
	if err := in.parse(ctx, a, r); err != nil {
		in.received(a)
		a.copy.discard()
		part.Discard()
		return nil, err
	}
	return a, nil
}

func (in *Intake) parse(ctx context.Context, a *arrival, r io.Reader) error {
	in2 := &meter{r: r}
	crc := crc32.New(castagnoli)
	keep, to := int64(keepValue), io.MultiWriter(a.part, crc)
	if dicomWave(a.src.Class) {
		a.copy = &copied{folder: in.Spool}
		keep, to = HeldMost, io.MultiWriter(a.part, crc, a.copy)
		if a.syntax.Deflated() { // its values lie nowhere but here
			keep = ecg.MaxFileBytes
		}
	}
	ds, parseErr := dicom.Parse(io.TeeReader(in2, to), a.syntax, dicom.Options{Keep: keep, Learned: in.learned.of(ctx, in.DB, a.src.Actor.Device)})
	if in2.err != nil {
		return in2.err // the line broke: the sender will send again
	}
	if parseErr != nil && isIO(parseErr) {
		return unavailable(parseErr)
	}
	if _, err := io.Copy(to, in2); err != nil { // what follows a fault belongs to the quarantined bytes
		return firstOf(in2.err, unavailable(err))
	}
	if err := a.part.Done(); err != nil {
		return unavailable(err)
	}
	if parseErr == nil {
		parseErr = checkIdentity(a.src, ds)
	}
	if parseErr != nil {
		return in.refuse(ctx, a.src, a.headOf(), a.part, parseErr)
	}
	a.ds, a.object, a.crc = ds, describe(ds, a.syntax), crc.Sum32()
	in.learn(ctx, a)
	return nil
}

// File takes in a PS3.10 file, also one without preamble or meta header.
func (in *Intake) File(ctx context.Context, src Source, r io.Reader) (*Outcome, error) {
	p, err := in.Begin(ctx, src, r)
	if err != nil {
		return nil, err
	}
	return p.Wait()
}

// checkIdentity refuses an object that does not say what it is.
func checkIdentity(src Source, ds *dicom.Dataset) error {
	for _, tag := range []dicom.Tag{dicom.SOPClassUID, dicom.SOPInstanceUID, dicom.StudyInstanceUID, dicom.SeriesInstanceUID} {
		uid := ds.Text(tag)
		if uid == "" {
			return fault("dicom.identity", fmt.Errorf("%s is missing", tag))
		}
		if !storable(uid) {
			return fault("dicom.identity", fmt.Errorf("%s is not a UID (PS3.5 9.1)", tag))
		}
	}
	if uid := ds.Text(dicom.SOPInstanceUID); src.UID != "" && src.UID != uid {
		return fault("dicom.uid_differs", fmt.Errorf("%s differs from the announced SOP Instance UID", dicom.SOPInstanceUID))
	}
	if uid := ds.Text(dicom.StudyInstanceUID); src.Study != "" && src.Study != uid {
		return fault("dicom.study_differs", fmt.Errorf("%s differs from the announced study", dicom.StudyInstanceUID))
	}
	if class := ds.Text(dicom.SOPClassUID); src.Class != "" && src.Class != class {
		return fault("dicom.class_differs", fmt.Errorf("%s differs from the announced SOP Class UID", dicom.SOPClassUID))
	}
	return nil
}

// storable is a looser ValidUID: old devices pad components with zeros, and
// an object is not refused for that.
func storable(uid string) bool {
	if len(uid) == 0 || len(uid) > dicom.MaxUIDLength {
		return false
	}
	for i := range len(uid) {
		if c := uid[i]; c != '.' && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// checkFault is a fault of an object with its code.
type checkFault struct {
	code string
	err  error
}

func fault(code string, err error) error { return &checkFault{code, err} }

func (f *checkFault) Error() string { return f.err.Error() }

func codeOf(err error) string {
	if f, ok := errors.AsType[*checkFault](err); ok {
		return f.code
	}
	return "dicom.unreadable"
}

// refuse keeps the bytes of a part in quarantine and returns what the sender
// hears.
func (in *Intake) refuse(ctx context.Context, src Source, head fileHead, part storage.Part, cause error) error {
	if err := in.Objects.Sync(ctx, []storage.Part{part}); err != nil {
		return unavailable(err)
	}
	sum := part.Sum()
	ref := part.Ref()
	return in.quarantine(ctx, src, &hub.Quarantined{Code: codeOf(cause), Reason: cause.Error(), Head: head, Object: string(ref.Key), Offset: ref.Offset, Length: ref.Length, Digest: sum[:]}, cause)
}

// Quarantine keeps bytes that cannot be taken in with their reason, and
// returns the Invalid error their sender hears, with the entry's id.
func (in *Intake) Quarantine(ctx context.Context, src Source, data []byte, code string, cause error) error {
	part, err := in.Objects.Append(ctx)
	if err != nil {
		return unavailable(err)
	}
	defer part.Discard()
	if _, err := part.Write(data); err != nil {
		return unavailable(err)
	}
	if err := part.Done(); err != nil {
		return unavailable(err)
	}
	return in.refuse(ctx, src, nil, part, fault(code, cause))
}

func (in *Intake) quarantine(ctx context.Context, src Source, q *hub.Quarantined, cause error) error {
	q.ID, q.Member, q.Source, q.Name = hub.NewID[hub.QuarantineID](), src.Actor.Member, src.Via, src.Name
	err := in.DB.Tx(ctx, func(tx *db.Tx) error { return keep(tx, src.Actor, q) })
	if err != nil {
		return unavailable(err)
	}
	in.Count.Taken(src.Actor.Member, "quarantined", q.Length)
	in.Log.Warn("object quarantined", "quarantine", q.ID, "via", src.Via, "code", q.Code, "reason", q.Reason)
	return hub.Wrap(hub.Invalid, "intake", q.Code, cause).With("quarantine", q.ID).With("reason", q.Reason)
}

// keep writes a quarantine entry with its event and audit record.
func keep(tx *db.Tx, actor hub.Actor, q *hub.Quarantined) error {
	q.CreatedAt = tx.Now()
	if err := tx.InsertQuarantined(q); err != nil {
		return err
	}
	if err := tx.Emit(hub.Event{Name: "quarantine.kept", Member: q.Member, Body: []byte(`{"quarantine":"` + string(q.ID) + `"}`)}); err != nil {
		return err
	}
	return tx.Audit(actor, hub.Record{Action: "upload.quarantine", Object: "quarantine/" + string(q.ID), OK: false, Reason: q.Code})
}

// meter passes r on and remembers a fault of r itself, so that a broken line
// is told apart from bad bytes.
type meter struct {
	r   io.Reader
	err error
}

func (m *meter) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	if err != nil && err != io.EOF {
		m.err = err
	}
	return n, err
}

func isIO(err error) bool {
	return errors.Is(err, storage.ErrUnavailable) || errors.Is(err, storage.ErrClosed) || errors.Is(err, context.Canceled)
}

// unavailable is Busy for the sender: nothing is wrong with the object.
func unavailable(err error) error {
	return hub.Wrap(hub.Busy, "intake", "store.unavailable", err)
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
