package db

import (
	"time"

	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// Commitment is a request of storage commitment (PS3.4 Annex J).
type Commitment struct {
	ID          string
	Member      hub.MemberID
	Requestor   string // AE title
	Transaction string // Transaction UID
	Instances   []Promised
	Looked      int // how many of Instances, from the first on, were read back
	CreatedAt   time.Time
	NextAt      time.Time // when it is looked after again; while somebody does, the end of his lease
	Tries       int
	DoneAt      time.Time // zero: the requestor has not heard
	Error       string
}

// Promised is one instance of a Commitment. Reason is why it cannot be
// committed, 0 for none.
type Promised struct {
	Class  string `json:"class"`
	UID    string `json:"uid"`
	Reason uint16 `json:"reason,omitempty"`
}

var commitments = newTable[Commitment]("commitment", 1, func(c *Commitment) []column {
	return []column{{"id", &c.ID}, {"member", &c.Member}, {"requestor", &c.Requestor}, {"transaction_uid", &c.Transaction}, {"instances", js{&c.Instances}},
		{"looked", &c.Looked}, {"created_at", msec{&c.CreatedAt}}, {"next_at", msec{&c.NextAt}}, {"tries", &c.Tries}, {"done_at", msec{&c.DoneAt}}, {"error", &c.Error}}
})

// InsertCommitment stores a request.
func (tx *Tx) InsertCommitment(c *Commitment) error { return commitments.insert(tx, c) }

// UpdateCommitment writes a request back that was to be looked after again at
// known, and tells whether it still was: nobody else has taken or ended it.
func (tx *Tx) UpdateCommitment(c *Commitment, known time.Time) (bool, error) {
	return commitments.update(tx, c, "next_at = $1 AND done_at = 0", millis(known))
}

// CommitmentsOf returns a requestor's requests under a transaction UID, oldest
// first.
func (tx *Tx) CommitmentsOf(requestor, transaction string) ([]*Commitment, error) {
	return commitments.all(tx, "WHERE requestor = $1 AND transaction_uid = $2 ORDER BY id", requestor, transaction)
}

// CommitmentsDue returns requests whose requestor is to hear now.
func (tx *Tx) CommitmentsDue(limit int) ([]*Commitment, error) {
	return commitments.all(tx, "WHERE done_at = 0 AND next_at <= $1 ORDER BY next_at LIMIT 0+$2", millis(tx.Now()), limit)
}

// SweepCommitments drops requests whose requestors heard before a time.
func (tx *Tx) SweepCommitments(before time.Time) error {
	_, err := tx.exec("DELETE FROM commitment WHERE done_at > 0 AND done_at < $1", millis(before))
	return err
}
