package upload

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/worklist"
)

// batchMost bounds the files of one declaration.
const batchMost = 20_000

// States of a declared file.
const (
	fileExpected = "expected"
	fileAccepted = "accepted"
	fileIgnored  = "ignored"
)

// Declared is one file a sender will send.
type Declared struct {
	Path   string `json:"path"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"` // hexadecimal, of the whole file
}

// Declare stores what will be sent. Its uploads name the batch and, as file
// name, the declared path.
func (s *Service) Declare(ctx context.Context, actor hub.Actor, files []Declared) (hub.BatchID, error) {
	const op = "upload.Declare"
	if len(files) == 0 || len(files) > batchMost {
		return "", hub.Field(op, "files", "want 1 to {n} files").With("n", batchMost)
	}
	id := hub.NewID[hub.BatchID]()
	rows := make([]*db.BatchFile, len(files))
	seen := make(map[string]bool, len(files))
	for i, f := range files {
		field := fmt.Sprintf("files[%d]", i)
		sum, err := hex.DecodeString(f.SHA256)
		switch {
		case f.Path == "" || checkName(op, f.Path) != nil:
			return "", hub.Field(op, field+".path", "want 1 to 400 bytes of UTF-8")
		case seen[f.Path]:
			return "", hub.Field(op, field+".path", "is declared twice")
		case f.Size < 0 || f.Size > MaxSize:
			return "", hub.Field(op, field+".size", "want 0 to 4 GiB")
		case err != nil || len(sum) != 32:
			return "", hub.Field(op, field+".sha256", "want 64 hexadecimal digits")
		}
		seen[f.Path] = true
		rows[i] = &db.BatchFile{Batch: id, Path: f.Path, Size: f.Size, SHA256: strings.ToLower(f.SHA256), State: fileExpected}
	}
	return id, s.DB.Tx(ctx, func(tx *db.Tx) error {
		if err := tx.InsertBatch(id, actor.Member, actor.Account, rows); err != nil {
			return err
		}
		return tx.Audit(actor, hub.Record{Action: "batch.declare", Object: "batch/" + string(id), OK: true, After: fmt.Sprintf("%d files", len(rows))})
	})
}

// ownBatch checks that a batch is of the actor's member.
func ownBatch(tx *db.Tx, actor hub.Actor, id hub.BatchID) error {
	member, err := tx.BatchMember(id)
	if err == nil && member != actor.Member {
		err = hub.E(hub.NotFound, "upload.ownBatch", "not_found")
	}
	return err
}

// tellBatch writes a file's verdict into its batch and what follows from it
// for the tasks: how much is expected, and, with the last file, that
// everything has come.
func (s *Service) tellBatch(tx *db.Tx, actor hub.Actor, u *db.Upload, v *Verdict) error {
	if _, err := tx.BatchMember(u.Batch); err != nil { // locks it
		return err
	}
	f, err := tx.BatchFile(u.Batch, u.Filename)
	if err != nil {
		return err
	}
	state := fileState(v)
	if f.State == fileAccepted && state == "duplicate" {
		return nil // sent twice: the first verdict stands
	}
	f.State, f.Code, f.Reason, f.Study, f.Task, f.At = state, v.Code, v.Reason, v.Study, v.Task, tx.Now()
	if err := tx.UpdateBatchFile(f); err != nil {
		return err
	}
	counts, err := tx.BatchCounts(u.Batch, codeArchive, codeArchivePart)
	if err != nil {
		return err
	}
	b := tally(counts)
	for task, own := range b.own {
		if err := s.tellTask(tx, task, b.expected(own), b); err != nil {
			return err
		}
	}
	if b.awaited > 0 {
		return nil
	}
	whole := b.failed+b.ignored == 0
	if err := tx.Emit(hub.Event{Name: "batch.settled", Member: u.Member, Body: mustJSON(map[string]any{"batch": u.Batch, "complete": whole, "failed": b.failed, "ignored": b.ignored})}); err != nil {
		return err
	}
	return tx.Audit(actor, hub.Record{Action: "batch.settle", Object: "batch/" + string(u.Batch), OK: whole, After: fmt.Sprintf("%d failed, %d ignored", b.failed, b.ignored)})
}

func mustJSON(v map[string]any) []byte {
	text, _ := json.Marshal(v) // strings and numbers: cannot fail
	return text
}

// fileState is a verdict as the batch keeps it.
func fileState(v *Verdict) string {
	switch {
	case v.Code == codeHashDiffers:
		return "mismatch"
	case v.Code == codeArchivePart:
		return "quarantined" // the sender looks at it before it deletes anything
	case v.Result == Stored:
		return fileAccepted
	case v.Result == Conflict:
		return "quarantined"
	}
	return string(v.Result)
}

// progress is how far a batch is.
type progress struct {
	own      map[hub.TaskID]int // different contents that were accepted, by task
	awaited  int
	failed   int
	ignored  int
	archives int
}

func tally(counts []db.BatchCount) progress {
	b := progress{own: map[hub.TaskID]int{}}
	for _, c := range counts {
		b.archives += c.Archives
		switch c.State {
		case fileExpected:
			b.awaited += c.Files
		case fileAccepted:
			if c.Task != "" {
				b.own[c.Task] += c.Contents
			}
		case fileIgnored:
			b.ignored += c.Files
		default:
			b.failed += c.Files
		}
	}
	return b
}

// expected is how many objects a task will have: while the batch is about one
// task only, whatever has not come or could not be read counts as its own. An
// archive does not say how many it holds: 0, unknown.
func (b progress) expected(own int) int {
	switch {
	case b.archives > 0:
		return 0
	case len(b.own) == 1:
		return own + b.awaited + b.failed
	}
	return own
}

// tellTask writes what a batch says of a task, if that is news. With the
// batch's last file the task need not wait for silence.
func (s *Service) tellTask(tx *db.Tx, id hub.TaskID, expected int, b progress) error {
	t, err := tx.Task(id)
	if err != nil || t.Study == "" || !t.Open() && t.State != hub.Draft && t.State != hub.Uploading {
		return err // a recording is whole by itself; what is signed stays
	}
	if b.awaited > 0 {
		if t.Expected == expected {
			return nil
		}
		return worklist.Touch(tx, hub.System, t, "task.arrived", "declared", func(t *hub.Task) { t.Expected = expected })
	}
	arrived, err := arrivedOf(tx, id)
	if err != nil {
		return err
	}
	if b.failed == 0 {
		expected = min(expected, arrived) // files may hold the same object
	}
	t.Expected, t.SettleAt = expected, noTime
	if t.State == hub.Uploading && t.AutoSubmit && !contradicted(t) {
		if _, err := worklist.Route(tx, t.Member, t.Kind); err == nil {
			return s.Work.Submit(tx, hub.System, t, "")
		}
	}
	return worklist.Touch(tx, hub.System, t, "task.settled", "declared", func(t *hub.Task) {
		t.Complete = t.Complete || arrived >= expected && !t.LacksPixels()
	})
}

func arrivedOf(tx *db.Tx, id hub.TaskID) (int, error) {
	list, err := tx.StudiesOf(id)
	n := 0
	for _, study := range list {
		n += study.Instances
	}
	return n, err
}

// contradicted reports a patient mismatch that nobody has answered.
func contradicted(t *hub.Task) bool {
	for _, w := range t.Warnings {
		if w.Code == "identity.mismatch" && w.Values["reason"] == "" {
			return true
		}
	}
	return false
}
