package upload

import (
	"context"
	"slices"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

var noTime time.Time

// Receipt is what became of a declaration. It lasts: a sender may delete its
// copy of each file that is accepted or duplicate here. A file's SHA-256 is
// that of the bytes received. Of a DICOM image the hub keeps the data set bit
// for bit; its preamble and group 2 are written anew when it is given out, but
// for ECGs, whose original is the whole file.
type Receipt struct {
	ID       hub.BatchID     `json:"id"`
	Complete bool            `json:"complete"` // every declared file is accepted or duplicate
	Settled  bool            `json:"settled"`  // every file has its verdict, whichever
	Awaited  int             `json:"awaited"`  // files that have not come
	Failed   int             `json:"failed"`   // files to send again or to look at
	Ignored  int             `json:"ignored"`  // files that are no exam and were not kept
	Reasons  []*Shortfall    `json:"reasons"`  // why it is not complete; empty when it is
	Files    []*ReceiptFile  `json:"files"`
	Studies  []*ReceiptStudy `json:"studies"`
}

// Shortfall is one reason why a declaration is not complete.
type Shortfall struct {
	Code   string   `json:"code"`
	Detail string   `json:"detail"` // the code's sentence, filled in by whoever shows it
	Files  int      `json:"files"`
	Paths  []string `json:"paths"` // the first of them
}

// pathsMost is how many files a Shortfall names.
const pathsMost = 20

// ReceiptFile is one declared file with its verdict.
type ReceiptFile struct {
	Path     string     `json:"path"`
	Size     int64      `json:"size"`
	SHA256   string     `json:"sha256"`
	State    string     `json:"state"` // expected, accepted, duplicate, ignored, quarantined, mismatch, rejected
	Code     string     `json:"code"`
	Reason   string     `json:"reason"`
	Detail   string     `json:"detail"` // the code's sentence, filled in by whoever shows it
	StudyUID string     `json:"study_uid"`
	Task     hub.TaskID `json:"task"`
	At       *time.Time `json:"at"`
}

// ReceiptStudy is one study of a batch with the task that reads it.
type ReceiptStudy struct {
	StudyUID string     `json:"study_uid"`
	Task     hub.TaskID `json:"task"`
	Arrived  int        `json:"arrived"`
	Expected int        `json:"expected"`
}

// Receipt returns the verdicts of a batch of the actor's member.
func (s *Service) Receipt(ctx context.Context, actor hub.Actor, id hub.BatchID) (*Receipt, error) {
	tx := s.DB.Read(ctx)
	if err := ownBatch(tx, actor, id); err != nil {
		return nil, err
	}
	files, err := tx.BatchFiles(id)
	if err != nil {
		return nil, err
	}
	r := &Receipt{ID: id, Reasons: []*Shortfall{}, Files: []*ReceiptFile{}, Studies: []*ReceiptStudy{}}
	studies := map[hub.StudyID]string{}
	for _, f := range files {
		v := &ReceiptFile{Path: f.Path, Size: f.Size, SHA256: f.SHA256, State: f.State, Code: f.Code, Reason: f.Reason, Task: f.Task}
		if !f.At.IsZero() {
			v.At = &f.At
		}
		if f.Study != "" {
			uid, known := studies[f.Study]
			if !known {
				if uid, err = r.study(tx, f); err != nil {
					return nil, err
				}
				studies[f.Study] = uid
			}
			v.StudyUID = uid
		}
		r.count(f)
		r.Files = append(r.Files, v)
	}
	r.Settled, r.Complete = r.Awaited == 0, len(r.Reasons) == 0
	return r, nil
}

func (r *Receipt) count(f *db.BatchFile) {
	code := f.Code
	switch f.State {
	case fileAccepted, "duplicate":
		return
	case fileExpected:
		r.Awaited++
		code = codeAwaited
	case fileIgnored:
		r.Ignored++
	default:
		r.Failed++
	}
	i := slices.IndexFunc(r.Reasons, func(s *Shortfall) bool { return s.Code == code })
	if i < 0 {
		i = len(r.Reasons)
		r.Reasons = append(r.Reasons, &Shortfall{Code: code, Paths: []string{}})
	}
	why := r.Reasons[i]
	why.Files++
	if len(why.Paths) < pathsMost {
		why.Paths = append(why.Paths, f.Path)
	}
}

// study adds the study of a file and returns its UID.
func (r *Receipt) study(tx *db.Tx, f *db.BatchFile) (string, error) {
	row, err := tx.Study(f.Study)
	if err != nil {
		return "", err
	}
	v := &ReceiptStudy{StudyUID: row.UID, Task: f.Task, Arrived: row.Instances}
	r.Studies = append(r.Studies, v)
	if f.Task == "" {
		return row.UID, nil
	}
	t, err := tx.Task(f.Task)
	if err != nil {
		return "", err
	}
	v.Expected = t.Expected
	return row.UID, nil
}
