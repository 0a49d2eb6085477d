package db

import (
	"time"

	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// PerformedStep is a modality performed procedure step (PS3.4 Annex F) as a
// member's device reports it.
type PerformedStep struct {
	ID        string
	Member    hub.MemberID
	UID       string // Affected SOP Instance UID
	State     string // IN PROGRESS, COMPLETED, DISCONTINUED
	Station   string // AE title that reports
	StudyUID  string
	Accession string
	Instances []string // SOP Instance UIDs it says were made
	Unsettled bool     // ended, and its study's tasks do not know yet
	CreatedAt time.Time
	ChangedAt time.Time
}

var performedSteps = newTable[PerformedStep]("performed_step", 1, func(s *PerformedStep) []column {
	return []column{{"id", &s.ID}, {"member", &s.Member}, {"uid", &s.UID}, {"state", &s.State}, {"station", &s.Station}, {"study", &s.StudyUID},
		{"accession", &s.Accession}, {"instances", js{&s.Instances}}, {"unsettled", flag{&s.Unsettled}}, {"created_at", msec{&s.CreatedAt}}, {"changed_at", msec{&s.ChangedAt}}}
})

// InsertPerformedStep stores a new step.
func (tx *Tx) InsertPerformedStep(s *PerformedStep) error { return performedSteps.insert(tx, s) }

// UpdatePerformedStep writes a step back.
func (tx *Tx) UpdatePerformedStep(s *PerformedStep) error {
	_, err := performedSteps.update(tx, s, "")
	return err
}

// PerformedStep returns a member's step by its UID.
func (tx *Tx) PerformedStep(member hub.MemberID, uid string) (*PerformedStep, error) {
	return performedSteps.one(tx, "db.PerformedStep", "WHERE member = $1 AND uid = $2"+tx.lock(), string(member), uid)
}

// UnsettledSteps returns steps that ended and wait for their objects, the
// oldest change first: those that changed at since or later, and after the step
// with the id after of that moment.
func (tx *Tx) UnsettledSteps(since time.Time, after string, limit int) ([]*PerformedStep, error) {
	return performedSteps.all(tx, "WHERE unsettled = 1 AND (changed_at > $1 OR changed_at = $1 AND id > $2) ORDER BY changed_at, id LIMIT $3", millis(since), after, limit)
}

// Commitment is a request of storage commitment (PS3.4 Annex J).
type Commitment struct {
	ID          string
	Member      hub.MemberID
	Requestor   string // AE title
	Transaction string // Transaction UID
	Instances   []Promised
	CreatedAt   time.Time
	NextAt      time.Time // when it is looked after again
	Tries       int
	DoneAt      time.Time // zero: the requestor has not heard
	Error       string
}

// Promised is one instance of a Commitment. Reason is why it cannot be
// committed, known before anybody looked; 0 for none.
type Promised struct {
	Class  string `json:"class"`
	UID    string `json:"uid"`
	Reason uint16 `json:"reason,omitempty"`
}

var commitments = newTable[Commitment]("commitment", 1, func(c *Commitment) []column {
	return []column{{"id", &c.ID}, {"member", &c.Member}, {"requestor", &c.Requestor}, {"transaction_uid", &c.Transaction}, {"instances", js{&c.Instances}},
		{"created_at", msec{&c.CreatedAt}}, {"next_at", msec{&c.NextAt}}, {"tries", &c.Tries}, {"done_at", msec{&c.DoneAt}}, {"error", &c.Error}}
})

// InsertCommitment stores a request.
func (tx *Tx) InsertCommitment(c *Commitment) error { return commitments.insert(tx, c) }

// UpdateCommitment writes a request back.
func (tx *Tx) UpdateCommitment(c *Commitment) error {
	_, err := commitments.update(tx, c, "")
	return err
}

// CommitmentsOf returns a requestor's requests under a transaction UID, oldest
// first.
func (tx *Tx) CommitmentsOf(requestor, transaction string) ([]*Commitment, error) {
	return commitments.all(tx, "WHERE requestor = $1 AND transaction_uid = $2 ORDER BY id", requestor, transaction)
}

// CommitmentsDue returns requests whose requestor is to hear now.
func (tx *Tx) CommitmentsDue(limit int) ([]*Commitment, error) {
	return commitments.all(tx, "WHERE done_at = 0 AND next_at <= $1 ORDER BY next_at LIMIT $2", millis(tx.Now()), limit)
}

// WorklistOrders returns a member's entered orders of a span whose exam is
// still to be made, oldest first.
func (tx *Tx) WorklistOrders(member hub.MemberID, from, to time.Time, limit int) ([]*hub.Order, error) {
	return tx.orders(`WHERE member = $1 AND origin = 'entered' AND cancelled = 0 AND created_at >= $2 AND created_at < $3
		AND id IN (SELECT exam_order FROM task WHERE task.exam_order = exam_order.id AND state IN ('draft','uploading')) ORDER BY created_at, id LIMIT $4`,
		string(member), millis(from), millis(to), limit)
}
