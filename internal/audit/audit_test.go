package audit

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/hubtest/pgtest"
	"github.com/yuanzhen/yuanzhen/internal/keys"
	"github.com/yuanzhen/yuanzhen/storage"
	"github.com/yuanzhen/yuanzhen/storage/disk"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// books is a hub's database, keys and object store, and a second way to the
// rows for somebody who should not have one.
type books struct {
	t     *testing.T
	db    *db.DB
	rows  *sql.DB
	keys  *keys.Ring
	store *disk.Store
}

func newBooks(t *testing.T) *books {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "hub.db")
	return openBooks(t, dir, "sqlite:"+path, "sqlite", "file:"+path+"?_pragma=busy_timeout(5000)")
}

func openBooks(t *testing.T, dir, address, driver, dsn string) *books {
	t.Helper()
	b := &books{t: t}
	var err error
	if b.db, err = db.Open(t.Context(), address); err != nil {
		t.Fatal(err)
	}
	if b.rows, err = sql.Open(driver, dsn); err != nil {
		t.Fatal(err)
	}
	if b.keys, err = keys.Open(dir); err != nil {
		t.Fatal(err)
	}
	if b.store, err = disk.Open(filepath.Join(dir, "objects")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		b.rows.Close()
		b.db.Close()
		b.store.Close()
	})
	return b
}

func (b *books) sealer(node string) *Sealer {
	return &Sealer{DB: b.db, Keys: b.keys, Objects: b.store, Node: node, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
}

// record stores n audit records, each with an event, in one transaction.
func (b *books) record(n int) {
	b.t.Helper()
	err := b.db.Tx(context.WithoutCancel(b.t.Context()), func(tx *db.Tx) error {
		for range n {
			if err := tx.Audit(hub.Actor{Account: "01li", Role: hub.Reader}, hub.Record{Action: "report.signed", Object: "report/01x", OK: true, Patient: Pseudonym("01p")}); err != nil {
				return err
			}
			if err := tx.Emit(hub.Event{Name: "report.issued", Body: []byte("{}")}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// chain records n, seals them, and lets the hub sign the head.
func (b *books) chain(n int) {
	b.t.Helper()
	b.record(n)
	var head db.Head
	for sealed := 1; sealed > 0; { // a call takes a part of many
		var err error
		if head, sealed, err = b.db.Seal(b.t.Context()); err != nil {
			b.t.Fatal(err)
		}
	}
	if err := b.sealer("a").lodge(head); err != nil {
		b.t.Fatal(err)
	}
}

func (b *books) tamper(query string, args ...any) {
	b.t.Helper()
	res, err := b.rows.Exec(query, args...)
	if err != nil {
		b.t.Fatal(err)
	}
	if n, _ := res.RowsAffected(); n == 0 {
		b.t.Fatalf("%s changed nothing", query)
	}
}

// rebuild computes the whole chain anew, as somebody with all rows could.
func (b *books) rebuild() {
	b.t.Helper()
	records, err := b.db.Read(b.t.Context()).AuditAfter(0, 1000)
	if err != nil {
		b.t.Fatal(err)
	}
	prev := ""
	for _, r := range records {
		r.PrevHash = prev
		prev = db.RecordHash(r)
		b.tamper("UPDATE audit SET prev = ?, hash = ? WHERE id = ?", r.PrevHash, prev, r.ID)
	}
}

func (b *books) verify() *Report {
	b.t.Helper()
	r, err := Verify(b.t.Context(), b.db, b.keys, b.store)
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

func (b *books) wantBroken(seq int64, reason string) {
	b.t.Helper()
	r := b.verify()
	if r.OK() || r.Broken.Seq != seq || !strings.Contains(r.Broken.Reason, reason) {
		b.t.Errorf("verify says %+v, want record %d: …%s…", r.Broken, seq, reason)
	}
}

func (b *books) id(seq int64) (id string) {
	b.t.Helper()
	if err := b.rows.QueryRow("SELECT id FROM audit WHERE seq = ?", seq).Scan(&id); err != nil {
		b.t.Fatal(err)
	}
	return id
}

func TestUntouchedChainHolds(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	if r := b.verify(); !r.OK() || r.Records != 0 {
		t.Errorf("empty: %+v", r)
	}
	b.chain(7)
	b.chain(page + 3)
	r := b.verify()
	if !r.OK() || r.Records != page+10 || r.Head.Seq != page+10 || r.Signed != 2 {
		t.Errorf("%+v, broken %+v", r, r.Broken)
	}
}

// Scenario S13: one byte of any column of an audit row changed.
func TestOneChangedByteIsNamed(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	b.chain(9)
	id := b.id(5)
	for _, column := range []string{"actor", "role", "member", "ip", "client", "action", "object", "patient", "reason", "before", "after", "request"} {
		var old string
		if err := b.rows.QueryRow("SELECT " + column + " FROM audit WHERE seq = 5").Scan(&old); err != nil {
			t.Fatal(err)
		}
		b.tamper("UPDATE audit SET "+column+" = ? WHERE seq = 5", old+"x")
		b.wantBroken(5, "content does not fit")
		if r := b.verify(); r.Broken.ID != id || r.Records != 4 {
			t.Errorf("%s: %+v after %d good records, want id %s after 4", column, r.Broken, r.Records, id)
		}
		b.tamper("UPDATE audit SET "+column+" = ? WHERE seq = 5", old)
	}
	for _, change := range []string{"at = at + 1", "ok = 1 - ok"} {
		b.tamper("UPDATE audit SET " + change + " WHERE seq = 5")
		b.wantBroken(5, "content does not fit")
		b.tamper("UPDATE audit SET " + strings.Replace(change, "+ 1", "- 1", 1) + " WHERE seq = 5")
	}
	if r := b.verify(); !r.OK() {
		t.Errorf("after putting all back: %+v", r.Broken)
	}
}

func TestChangedRecordWithItsHashMadeNewIsFound(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	b.chain(9)
	b.tamper("UPDATE audit SET reason = 'x' WHERE seq = 5")
	records, err := b.db.Read(t.Context()).AuditAfter(4, 1)
	if err != nil {
		t.Fatal(err)
	}
	b.tamper("UPDATE audit SET hash = ? WHERE seq = 5", db.RecordHash(records[0]))
	b.wantBroken(6, "does not follow")
}

func TestRemovedRecordIsFound(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	b.chain(9)
	b.tamper("DELETE FROM audit WHERE seq = 4")
	b.wantBroken(4, "missing")
}

func TestCutTailIsFound(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	b.chain(9)
	b.tamper("DELETE FROM audit WHERE seq > 6")
	b.wantBroken(7, "the hub signed record 9 and the chain ends at 6")
}

func TestCutTailIsFoundFromTheObjectStoreAlone(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	b.chain(5)
	b.chain(4)
	b.tamper("DELETE FROM audit WHERE seq > 5")
	b.tamper("DELETE FROM audit_head WHERE seq > 5")
	b.wantBroken(6, "the hub signed record 9")
}

func TestRebuiltChainIsFound(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	b.chain(3)
	b.chain(6)
	b.tamper("UPDATE audit SET reason = 'x' WHERE seq = 5")
	b.rebuild()
	b.wantBroken(9, "one of 4 to 9 was rewritten")
	b.tamper("DELETE FROM audit_head")
	b.wantBroken(9, "one of 4 to 9 was rewritten")
}

func TestRebuiltChainWithForgedHeadIsFound(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	b.chain(9)
	b.tamper("UPDATE audit SET reason = 'x' WHERE seq = 5")
	b.rebuild()
	b.tamper("UPDATE audit_head SET hash = (SELECT hash FROM audit WHERE seq = 9)")
	b.wantBroken(9, "rewritten") // the object store still has the old head

	err := b.store.List(t.Context(), headPrefix, func(k storage.Key, _ int64, _ time.Time) error { return b.store.Delete(t.Context(), k) })
	if err != nil {
		t.Fatal(err)
	}
	b.wantBroken(9, "signature does not fit") // without it, the signature tells
}

func TestForeignHeadObjectIsFound(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	b.chain(3)
	for key, text := range map[storage.Key]string{
		headKey(db.Head{Seq: 2, Hash: "00"}): `{"schema":"yuanzhen.audit.head/1","seq":2,"hash":"00","key":"hub.1","signature":"AA=="}`,
		headKey(db.Head{Seq: 1, Hash: "11"}): `{"schema":"yuanzhen.audit.head/1","seq":2,"hash":"00","key":"hub.1","signature":"AA=="}`,
		"audit/head-x":                       `{}`,
	} {
		w, err := b.store.Create(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, text)
		if _, err := w.Commit(); err != nil {
			t.Fatal(err)
		}
		if r := b.verify(); r.OK() || r.Records != 3 {
			t.Errorf("%s: %+v", key, r)
		}
		if err := b.store.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
	if r := b.verify(); !r.OK() {
		t.Errorf("after removing them: %+v", r.Broken)
	}
}

// sealedTo waits until the chain and the events have reached seq.
func (b *books) sealedTo(seq int64) {
	b.t.Helper()
	limit, cancel := context.WithTimeout(b.t.Context(), 20*time.Second)
	defer cancel()
	tx := b.db.Read(limit)
	for {
		wake := b.db.Wait()
		head, err := tx.AuditHead()
		events, err2 := tx.LastSeq()
		if err != nil || err2 != nil {
			b.t.Fatal(err, err2)
		}
		if head.Seq >= seq && events >= seq {
			return
		}
		select {
		case <-wake:
		case <-limit.Done():
			b.t.Fatalf("sealed to %d and %d, want %d", head.Seq, events, seq)
		}
	}
}

// start runs a sealer and returns what stops it.
func start(t *testing.T, s *Sealer) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestSealerTakesUpWhatWasStoredAndSignsAtTheEnd(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	stop := start(t, b.sealer("a"))
	b.record(3)
	b.sealedTo(3)
	b.record(2500) // more than one batch
	b.sealedTo(2503)
	stop()
	r := b.verify()
	if !r.OK() || r.Records != 2503 {
		t.Errorf("%+v, broken %+v", r, r.Broken)
	}
	heads, err := b.db.Read(context.Background()).SignedHeads()
	if err != nil || len(heads) == 0 || heads[len(heads)-1].Seq != 2503 || heads[len(heads)-1].Object == "" {
		t.Errorf("signed heads %+v, %v; the last must be 2503, lodged", heads, err)
	}
	start(t, b.sealer("a"))() // a restart signs the same head again and is content
	if r := b.verify(); !r.OK() {
		t.Errorf("after a restart: %+v", r.Broken)
	}
}

func TestIdleSealerWritesNothing(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	b.record(1)
	s, heads := b.sealer("a"), make(chan db.Head, 1)
	s.batch(t.Context(), heads)
	conn, err := b.rows.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	version := func() (v int64) { // changes with every commit of another connection
		if err := conn.QueryRowContext(t.Context(), "PRAGMA data_version").Scan(&v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	before := version()
	wake := b.db.Wait()
	if next := s.batch(t.Context(), heads); next != 0 {
		t.Errorf("comes again after %v unwoken", next)
	}
	if version() != before {
		t.Error("an idle batch wrote to the database")
	}
	select {
	case <-wake:
		t.Error("an idle batch wakes everybody")
	default:
	}
	b.record(1)
	if version() == before {
		t.Error("the test cannot see writes")
	}
}

// awayStore is an object store whose server does not answer.
type awayStore struct{ asked atomic.Int64 }

var _ Objects = (*awayStore)(nil)

func (a *awayStore) Create(context.Context, storage.Key) (storage.Writer, error) {
	a.asked.Add(1)
	return nil, fmt.Errorf("dial: %w", storage.ErrUnavailable)
}

func TestObjectStoreAwayHoldsNoEventUp(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	s, away := b.sealer("a"), &awayStore{}
	s.Objects = away
	stop := start(t, s)
	b.record(5)
	b.sealedTo(5)
	stop()
	if away.asked.Load() == 0 {
		t.Error("the head was never brought to the object store")
	}
	heads, err := b.db.Read(context.Background()).SignedHeads()
	if err != nil || len(heads) == 0 || heads[len(heads)-1].Object != "" {
		t.Errorf("%+v, %v; the head must be signed in its table", heads, err)
	}
	if r := b.verify(); !r.OK() {
		t.Error(r.Broken)
	}
}

func TestTwoNodesKeepOneChain(t *testing.T) {
	t.Parallel()
	address := os.Getenv("YUANZHEN_TEST_POSTGRES")
	if address == "" {
		t.Skip("no PostgreSQL (set YUANZHEN_TEST_POSTGRES): two nodes skipped")
	}
	address = pgtest.Schema(t, address)
	dir := t.TempDir()
	b := openBooks(t, dir, address, "pgx", address)
	other := openBooks(t, t.TempDir(), address, "pgx", address)
	other.keys = b.keys
	stopA, stopB := start(t, b.sealer("a")), start(t, other.sealer("b"))
	for range 50 {
		b.record(3)
		other.record(3)
	}
	waitFor(b, 300)
	stopA() // whoever led: the other goes on
	other.record(5)
	waitFor(b, 305)
	stopB()
	r, err := Verify(context.Background(), b.db, b.keys, nil)
	if err != nil || !r.OK() || r.Records != 305 {
		t.Errorf("%+v, %v", r, err)
	}
	events, err := b.db.Read(context.Background()).Events(0, 1000)
	if err != nil || len(events) != 305 {
		t.Fatalf("%d events, %v", len(events), err)
	}
	for i, e := range events {
		if e.Seq != int64(i)+1 {
			t.Fatalf("event %d has number %d", i, e.Seq)
		}
	}
}

// waitFor polls, because on PostgreSQL another node's sealing wakes nobody here.
func waitFor(b *books, seq int64) {
	b.t.Helper()
	limit, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		head, err := b.db.Read(limit).AuditHead()
		if err != nil {
			b.t.Fatal(err)
		}
		if head.Seq >= seq {
			return
		}
		select {
		case <-tick.C:
		case <-limit.Done():
			b.t.Fatalf("sealed to %d, want %d", head.Seq, seq)
		}
	}
}

func TestPseudonymTellsPatientsApartAndNothingElse(t *testing.T) {
	t.Parallel()
	if Pseudonym("01a") != Pseudonym("01a") || Pseudonym("01a") == Pseudonym("01b") {
		t.Error("not one to one")
	}
	if p := Pseudonym("01a"); strings.Contains(p, "01a") || len(p) != 22 {
		t.Errorf("pseudonym %q", p)
	}
	if Pseudonym("") != "" {
		t.Error("nobody has a pseudonym")
	}
}

func FuzzLodgedHeadIsReadOrRefused(f *testing.F) {
	text, err := encode(db.SignedHead{Head: db.Head{Seq: 7, Hash: "ab"}, Key: "hub.1", Signature: "AA=="})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text, string(headKey(db.Head{Seq: 7, Hash: "ab"})))
	f.Add([]byte(`{"schema":"yuanzhen.audit.head/1","seq":1e99}`), "audit/head-1-2")
	f.Fuzz(func(t *testing.T, text []byte, key string) {
		if h, err := decode(text); err == nil {
			again, err := encode(h)
			if err != nil {
				t.Skip() // a year that JSON cannot write
			}
			if back, err := decode(again); err != nil || back.Head != h.Head || back.Signature != h.Signature {
				t.Fatalf("%+v became %+v (%v)", h, back, err)
			}
		}
		if h, ok := parseHeadKey(storage.Key(key)); ok && headKey(h) != storage.Key(key) {
			t.Fatalf("%q became %q", key, headKey(h))
		}
	})
}
