package db

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"strings"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// Emit stores an event with this transaction. It gets its number from the
// sealer after the commit.
func (tx *Tx) Emit(e hub.Event) error {
	tx.emitted = true
	_, err := tx.exec("INSERT INTO event (id, at, name, member, centre, task, body) VALUES ($1, $2, $3, $4, $5, $6, $7)",
		hub.NewID[string](), millis(tx.Now()), e.Name, string(e.Member), string(e.Centre), string(e.Task), string(e.Body))
	return err
}

// Audit stores an audit record with this transaction. The sealer links it
// into the chain after the commit.
func (tx *Tx) Audit(actor hub.Actor, r hub.Record) error {
	tx.emitted = true
	r.Actor, r.Role, r.Member = actor.Account, actor.Role, actor.Member
	r.IP, r.Client, r.Request, r.Reason = storable(actor.IP), storable(actor.Client), storable(actor.RequestID), storable(r.Reason)
	_, err := tx.exec(`INSERT INTO audit (id, at, actor, role, member, ip, client, action, object, patient, ok, reason, before, after, request)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
		hub.NewID[string](), millis(tx.Now()), string(r.Actor), string(r.Role), string(r.Member), r.IP, r.Client, r.Action, r.Object,
		r.Patient, bit(r.OK), r.Reason, r.Before, r.After, r.Request)
	return err
}

// maxAuditText bounds, in bytes, what a record keeps of a text from outside.
const maxAuditText = 512

// storable cuts a text from outside to length and drops what PostgreSQL
// refuses to store, NUL and bytes that are not UTF-8: a strange User-Agent
// must not undo the transaction that is audited.
func storable(s string) string {
	if len(s) > maxAuditText {
		s = s[:maxAuditText]
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\x00", "")
}

// Wait returns a channel that is closed when something was sealed or stored
// on this node since the call.
func (d *DB) Wait() <-chan struct{} { return d.wake.wait() }

// LastSeq returns the number of the last sealed event, 0 if there is none.
func (tx *Tx) LastSeq() (int64, error) {
	var n int64
	err := tx.q.QueryRowContext(tx.ctx, "SELECT coalesce(max(seq), 0) FROM event").Scan(&n)
	return n, err
}

// Events returns sealed events after seq in order, at most limit.
func (tx *Tx) Events(after int64, limit int) ([]hub.Event, error) {
	rows, err := tx.q.QueryContext(tx.ctx, "SELECT seq, id, at, name, member, centre, task, body FROM event WHERE seq > $1 ORDER BY seq LIMIT 0+$2", after, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []hub.Event
	for rows.Next() {
		var e hub.Event
		var body string
		if err := rows.Scan(&e.Seq, &e.ID, msec{&e.At}, &e.Name, &e.Member, &e.Centre, &e.Task, &body); err != nil {
			return nil, err
		}
		e.Body = json.RawMessage(body)
		out = append(out, e)
	}
	return out, rows.Err()
}

// Head is the end of the audit chain.
type Head struct {
	Seq  int64
	Hash string
}

// sealBatch is how many rows one sealing transaction numbers at most.
const sealBatch = 2000

// sealedMeanwhile undoes a sealing that met another node's: an event that was
// seen under one number must never get a second one.
func sealedMeanwhile() error { return hub.E(hub.Conflict, "db.Seal", "sealed_meanwhile") }

// Seal numbers stored events and links stored audit records. Only the leader
// calls it; one that lost its lease meanwhile gets a Conflict. It returns the
// chain's head and how many rows it sealed.
func (d *DB) Seal(ctx context.Context) (Head, int, error) {
	var head Head
	sealed := 0
	err := d.Tx(ctx, func(tx *Tx) error {
		n, err := tx.sealEvents()
		if err != nil {
			return err
		}
		h, m, err := tx.sealAudit()
		head, sealed = h, n+m
		return err
	})
	if err == nil && sealed > 0 {
		d.wake.signal()
	}
	return head, sealed, err
}

func (tx *Tx) sealEvents() (int, error) {
	ids, err := tx.strings("SELECT id FROM event WHERE seq IS NULL ORDER BY id LIMIT 0+$1", sealBatch)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	seq, err := tx.LastSeq()
	if err != nil {
		return 0, err
	}
	for i, id := range ids {
		n, err := tx.exec("UPDATE event SET seq = $1 WHERE id = $2 AND seq IS NULL", seq+int64(i)+1, id)
		if err != nil {
			return 0, err
		}
		if n == 0 {
			return 0, sealedMeanwhile()
		}
	}
	return len(ids), nil
}

func (tx *Tx) sealAudit() (Head, int, error) {
	head, err := tx.AuditHead()
	if err != nil {
		return head, 0, err
	}
	records, err := tx.auditRows("WHERE seq IS NULL ORDER BY id LIMIT 0+$1", sealBatch)
	if err != nil {
		return head, 0, err
	}
	for _, r := range records {
		r.Seq, r.PrevHash = head.Seq+1, head.Hash
		r.Hash = RecordHash(r)
		n, err := tx.exec("UPDATE audit SET seq = $1, prev = $2, hash = $3 WHERE id = $4 AND seq IS NULL", r.Seq, r.PrevHash, r.Hash, r.ID)
		if err != nil {
			return head, 0, err
		}
		if n == 0 {
			return head, 0, sealedMeanwhile()
		}
		head = Head{Seq: r.Seq, Hash: r.Hash}
	}
	return head, len(records), nil
}

// AuditHead returns the last linked record's number and hash.
func (tx *Tx) AuditHead() (Head, error) {
	var h Head
	rows, err := tx.q.QueryContext(tx.ctx, "SELECT seq, hash FROM audit WHERE seq IS NOT NULL ORDER BY seq DESC LIMIT 1")
	if err != nil {
		return h, err
	}
	defer rows.Close()
	if rows.Next() {
		err = rows.Scan(&h.Seq, &h.Hash)
	}
	return h, errorOr(err, rows.Err())
}

func errorOr(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

// AuditAfter returns linked records after seq in order, at most limit.
func (tx *Tx) AuditAfter(seq int64, limit int) ([]hub.Record, error) {
	return tx.auditRows("WHERE seq > $1 ORDER BY seq LIMIT 0+$2", seq, limit)
}

// AuditOf returns the newest linked records, newest first, whose object is
// the one given ("" any), before seq (0: from the end).
func (tx *Tx) AuditOf(object string, before int64, limit int) ([]hub.Record, error) {
	return tx.AuditBy("", object, before, limit)
}

// AuditBy is AuditOf for what accounts of one member did ("" any member's).
func (tx *Tx) AuditBy(member hub.MemberID, object string, before int64, limit int) ([]hub.Record, error) {
	var f filter
	f.add("seq IS NOT NULL")
	if member != "" {
		f.add("member = ?", string(member))
	}
	if object != "" {
		f.add("object = ?", object)
	}
	if before > 0 {
		f.add("seq < ?", before)
	}
	f.args = append(f.args, limit)
	return tx.auditRows(f.where()+" ORDER BY seq DESC LIMIT 0+$"+itoa(len(f.args)), f.args...)
}

func (tx *Tx) auditRows(rest string, args ...any) ([]hub.Record, error) {
	rows, err := tx.q.QueryContext(tx.ctx, `SELECT coalesce(seq, 0), id, at, actor, role, member, ip, client, action, object, patient, ok, reason,
		before, after, request, prev, hash FROM audit `+rest, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []hub.Record
	for rows.Next() {
		var r hub.Record
		if err := rows.Scan(&r.Seq, &r.ID, msec{&r.At}, &r.Actor, &r.Role, &r.Member, &r.IP, &r.Client, &r.Action, &r.Object, &r.Patient,
			flag{&r.OK}, &r.Reason, &r.Before, &r.After, &r.Request, &r.PrevHash, &r.Hash); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

var oneLine = strings.NewReplacer("\\", `\\`, "\n", `\n`)

// RecordHash is the hash that links r to its predecessor: SHA-256 over
// number, previous hash and the record's fields, each ended by a line feed
// that cannot occur inside (line feeds in fields are written as \n).
func RecordHash(r hub.Record) string {
	ok := "0"
	if r.OK {
		ok = "1"
	}
	fields := []string{itoa(int(r.Seq)), r.PrevHash, r.ID, itoa(int(millis(r.At))), string(r.Actor), string(r.Role), string(r.Member), r.IP,
		r.Client, r.Action, r.Object, r.Patient, ok, r.Reason, r.Before, r.After, r.Request}
	h := sha256.New()
	for _, f := range fields {
		io.WriteString(h, oneLine.Replace(f))
		h.Write([]byte{'\n'})
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Unsealed returns how long the oldest stored event or record waits for the
// sealer, 0 if none does.
func (tx *Tx) Unsealed() (time.Duration, error) {
	var at int64
	err := tx.q.QueryRowContext(tx.ctx, `SELECT coalesce(min(at), 0) FROM (SELECT at FROM event WHERE seq IS NULL
		UNION ALL SELECT at FROM audit WHERE seq IS NULL) waiting`).Scan(&at)
	if err != nil || at == 0 {
		return 0, err
	}
	return max(0, tx.Now().Sub(time.UnixMilli(at))), nil
}

// SignedHead is a head of the chain with its signature.
type SignedHead struct {
	Head
	At        time.Time
	Key       string
	Signature string
	Object    string
}

// SaveHead stores a signed head.
func (tx *Tx) SaveHead(h SignedHead) error {
	_, err := tx.exec(`INSERT INTO audit_head (seq, hash, at, sign_key, signature, object) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (seq) DO NOTHING`, h.Seq, h.Hash, millis(h.At), h.Key, h.Signature, h.Object)
	return err
}

// SignedHeads returns all signed heads in order.
func (tx *Tx) SignedHeads() ([]SignedHead, error) {
	rows, err := tx.q.QueryContext(tx.ctx, "SELECT seq, hash, at, sign_key, signature, object FROM audit_head ORDER BY seq")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []SignedHead
	for rows.Next() {
		var h SignedHead
		if err := rows.Scan(&h.Seq, &h.Hash, msec{&h.At}, &h.Key, &h.Signature, &h.Object); err != nil {
			return nil, err
		}
		out = append(out, h)
	}
	return out, rows.Err()
}

// Lead takes or renews the leadership of a job for this node and reports
// whether the node leads it now.
func (d *DB) Lead(ctx context.Context, job, node string, lease time.Duration) (bool, error) {
	leads := false
	err := d.Tx(ctx, func(tx *Tx) error {
		now := millis(tx.Now())
		n, err := tx.exec(`INSERT INTO leader (job, node, until) VALUES ($1, $2, $3)
			ON CONFLICT (job) DO UPDATE SET node = $2, until = $3 WHERE leader.node = $2 OR leader.until < $4`,
			job, node, now+lease.Milliseconds(), now)
		leads = n > 0
		return err
	})
	return leads, err
}

// Resign ends every leadership of a node that stops, so that the next one need
// not wait for leases to end.
func (d *DB) Resign(ctx context.Context, node string) error {
	return d.Tx(ctx, func(tx *Tx) error {
		_, err := tx.exec(`DELETE FROM leader WHERE node = $1`, node)
		return err
	})
}

func (tx *Tx) strings(query string, args ...any) ([]string, error) {
	rows, err := tx.q.QueryContext(tx.ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, rows.Err()
}
