package db

import (
	"time"

	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// Upload is a resumable upload (tus 1.0); its offset is the row's truth.
type Upload struct {
	ID        hub.UploadID
	Member    hub.MemberID
	Account   hub.AccountID
	Size      int64
	Offset    int64
	Filename  string
	Order     hub.OrderID
	Batch     hub.BatchID
	State     string // open, done, failed
	Verdict   string // JSON, when done or failed
	CreatedAt time.Time
	TouchedAt time.Time
}

// UploadPart is one stretch of an upload in the object store.
type UploadPart struct {
	Upload       hub.UploadID
	Offset       int64
	Length       int64
	Object       string
	ObjectOffset int64
}

// BatchFile is one declared file and what became of it.
type BatchFile struct {
	Batch  hub.BatchID `json:"-"`
	Path   string      `json:"path"`
	Size   int64       `json:"size"`
	SHA256 string      `json:"sha256"`
	State  string      `json:"state"` // expected, accepted, duplicate, ignored, quarantined, mismatch, rejected
	Code   string      `json:"code,omitempty"`
	Reason string      `json:"reason,omitempty"` // tag and offset of a fault
	Study  hub.StudyID `json:"study,omitempty"`
	Task   hub.TaskID  `json:"task,omitempty"`
	At     time.Time   `json:"at,omitzero"`
}

var uploads = newTable[Upload]("upload", 1, func(u *Upload) []column {
	return []column{{"id", &u.ID}, {"member", &u.Member}, {"account", &u.Account}, {"size", &u.Size}, {"off", &u.Offset},
		{"filename", &u.Filename}, {"exam_order", &u.Order}, {"batch", &u.Batch}, {"state", &u.State}, {"verdict", &u.Verdict},
		{"created_at", msec{&u.CreatedAt}}, {"touched_at", msec{&u.TouchedAt}}}
})

var uploadParts = newTable[UploadPart]("upload_part", 2, func(p *UploadPart) []column {
	return []column{{"upload", &p.Upload}, {"off", &p.Offset}, {"len", &p.Length}, {"object", &p.Object}, {"obj_off", &p.ObjectOffset}}
})

var batchFiles = newTable[BatchFile]("batch_file", 2, func(f *BatchFile) []column {
	return []column{{"batch", &f.Batch}, {"path", &f.Path}, {"size", &f.Size}, {"sha256", &f.SHA256}, {"state", &f.State}, {"code", &f.Code}, {"reason", &f.Reason},
		{"study", &f.Study}, {"task", &f.Task}, {"at", msec{&f.At}}}
})

// InsertUpload stores a new upload.
func (tx *Tx) InsertUpload(u *Upload) error { return uploads.insert(tx, u) }

// Upload returns the upload with an id, locked.
func (tx *Tx) Upload(id hub.UploadID) (*Upload, error) {
	return uploads.one(tx, "db.Upload", "WHERE id = $1"+tx.lock(), string(id))
}

// AdvanceUpload writes u back where its row is still at offset from: of two
// senders only one appends.
func (tx *Tx) AdvanceUpload(u *Upload, from int64) (bool, error) {
	return uploads.update(tx, u, "off = $1 AND state = 'open'", from)
}

// HoldUpload writes a complete upload's touched_at back where it still is what
// it was, and reports whether it did: of two nodes one judges it. Holding
// again keeps others away while a long judgement lasts.
func (tx *Tx) HoldUpload(u *Upload, was time.Time) (bool, error) {
	return uploads.update(tx, u, "touched_at = $1 AND state = 'open'", millis(was))
}

// FinishUpload writes the verdict of a complete upload and reports whether it
// is the first one.
func (tx *Tx) FinishUpload(u *Upload) (bool, error) { return uploads.update(tx, u, "state = 'open'") }

// UnjudgedUploads returns complete uploads without a verdict that nobody has
// touched since a time.
func (tx *Tx) UnjudgedUploads(before time.Time, limit int) ([]*Upload, error) {
	return uploads.all(tx, "WHERE state = 'open' AND off = size AND touched_at < $1 ORDER BY touched_at LIMIT 0+$2", millis(before), limit)
}

// UploadsOfBatch returns the uploads that belong to a batch, judged or not.
func (tx *Tx) UploadsOfBatch(id hub.BatchID) ([]*Upload, error) {
	return uploads.all(tx, "WHERE batch = $1 ORDER BY created_at", string(id))
}

// DeleteUpload forgets an upload and its parts.
func (tx *Tx) DeleteUpload(id hub.UploadID) error {
	if _, err := tx.exec("DELETE FROM upload_part WHERE upload = $1", string(id)); err != nil {
		return err
	}
	_, err := tx.exec("DELETE FROM upload WHERE id = $1", string(id))
	return err
}

// StaleUploads returns uploads untouched since a time: abandoned ones, and
// finished ones whose verdict nobody needs any more.
func (tx *Tx) StaleUploads(before time.Time, limit int) ([]*Upload, error) {
	return uploads.all(tx, "WHERE touched_at < $1 ORDER BY touched_at LIMIT 0+$2", millis(before), limit)
}

// InsertUploadPart stores where a stretch of an upload lies.
func (tx *Tx) InsertUploadPart(p *UploadPart) error { return uploadParts.insert(tx, p) }

// UploadParts returns an upload's parts in order.
func (tx *Tx) UploadParts(id hub.UploadID) ([]*UploadPart, error) {
	return uploadParts.all(tx, "WHERE upload = $1 ORDER BY off", string(id))
}

// DropUploadParts forgets where an upload's bytes lie and marks the objects
// for deletion.
func (tx *Tx) DropUploadParts(id hub.UploadID) error {
	parts, err := tx.UploadParts(id)
	if err != nil {
		return err
	}
	for _, p := range parts {
		if err := tx.Tombstone(p.Object); err != nil {
			return err
		}
	}
	_, err = tx.exec("DELETE FROM upload_part WHERE upload = $1", string(id))
	return err
}

// UploadObjects returns those of the given objects that hold bytes of an upload.
func (tx *Tx) UploadObjects(objects []string) ([]string, error) {
	var f filter
	f.add("object IN "+in(len(objects)), anys(objects)...)
	return tx.strings("SELECT object FROM upload_part "+f.where(), f.args...)
}

// InsertBatch stores a declaration with its files.
func (tx *Tx) InsertBatch(id hub.BatchID, member hub.MemberID, by hub.AccountID, files []*BatchFile) error {
	if _, err := tx.exec("INSERT INTO batch (id, member, account, created_at) VALUES ($1, $2, $3, $4)", string(id), string(member), string(by), millis(tx.Now())); err != nil {
		return err
	}
	for _, f := range files {
		if err := batchFiles.insert(tx, f); err != nil {
			return err
		}
	}
	return nil
}

// BatchMember returns the member that declared a batch, locked for the rest of
// the transaction: of two last files one sees the other's verdict.
func (tx *Tx) BatchMember(id hub.BatchID) (hub.MemberID, error) {
	members, err := tx.strings("SELECT member FROM batch WHERE id = $1"+tx.lock(), string(id))
	if err != nil {
		return "", err
	}
	if len(members) == 0 {
		return "", hub.E(hub.NotFound, "db.BatchMember", "not_found")
	}
	return hub.MemberID(members[0]), nil
}

// BatchFiles returns a batch's files by path.
func (tx *Tx) BatchFiles(id hub.BatchID) ([]*BatchFile, error) {
	return batchFiles.all(tx, "WHERE batch = $1 ORDER BY path", string(id))
}

// BatchFile returns one declared file of a batch.
func (tx *Tx) BatchFile(id hub.BatchID, path string) (*BatchFile, error) {
	return batchFiles.one(tx, "db.BatchFile", "WHERE batch = $1 AND path = $2", string(id), path)
}

// BatchCount counts a batch's files of one task and state; Contents leaves
// out files whose bytes were declared more than once.
type BatchCount struct {
	Task     hub.TaskID
	State    string // accepted stands for duplicate as well
	Files    int
	Contents int
	Archives int // files that held others
}

// BatchCounts tallies a batch without reading every file; whole and partly are
// the codes of a file that held others.
func (tx *Tx) BatchCounts(id hub.BatchID, whole, partly string) ([]BatchCount, error) {
	rows, err := tx.q.QueryContext(tx.ctx, `SELECT task, CASE state WHEN 'duplicate' THEN 'accepted' ELSE state END AS st, count(*), count(DISTINCT sha256),
		coalesce(sum(CASE WHEN code IN ($2, $3) THEN 1 ELSE 0 END), 0) FROM batch_file WHERE batch = $1 GROUP BY 1, 2 ORDER BY 1, 2`, string(id), whole, partly)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []BatchCount
	for rows.Next() {
		var c BatchCount
		if err := rows.Scan(&c.Task, &c.State, &c.Files, &c.Contents, &c.Archives); err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, rows.Err()
}

// UpdateBatchFile writes a file's verdict.
func (tx *Tx) UpdateBatchFile(f *BatchFile) error { _, err := batchFiles.update(tx, f, ""); return err }

// Tombstone marks an object that no row names any more for deletion.
func (tx *Tx) Tombstone(object string) error {
	_, err := tx.exec("INSERT INTO tombstone (object, created_at) VALUES ($1, $2) ON CONFLICT (object) DO NOTHING", object, millis(tx.Now()))
	return err
}

// TombstoneAt marks an object for deletion some time after a time to come.
func (tx *Tx) TombstoneAt(object string, at time.Time) error {
	_, err := tx.exec("INSERT INTO tombstone (object, created_at) VALUES ($1, $2) ON CONFLICT (object) DO NOTHING", object, millis(at))
	return err
}

// LiftTombstone takes a mark back and reports whether it was still there.
func (tx *Tx) LiftTombstone(object string) (bool, error) {
	n, err := tx.exec("DELETE FROM tombstone WHERE object = $1", object)
	return n > 0, err
}

// Tombstones returns objects marked before a time.
func (tx *Tx) Tombstones(before time.Time, limit int) ([]string, error) {
	return tx.strings("SELECT object FROM tombstone WHERE created_at < $1 ORDER BY created_at LIMIT 0+$2", millis(before), limit)
}

// DropTombstone forgets a deleted object.
func (tx *Tx) DropTombstone(object string) error {
	_, err := tx.exec("DELETE FROM tombstone WHERE object = $1", object)
	return err
}
