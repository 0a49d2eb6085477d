package db

import (
	"slices"
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

// hereAtOnce is how many instances one statement looks for. The number is
// fixed, because statements are kept by their text.
const hereAtOnce = 256

// InstancesHere counts how many of some SOP instances, each named once, lie in
// a member's study.
func (tx *Tx) InstancesHere(member hub.MemberID, study hub.StudyID, uids []string) (here int, err error) {
	for part := range slices.Chunk(uids, hereAtOnce) {
		f := &filter{}
		f.add("member = ?", string(member))
		f.add("study = ?", string(study))
		wanted := anys(part)
		for len(wanted) < hereAtOnce {
			wanted = append(wanted, part[0])
		}
		f.add("uid IN "+in(hereAtOnce), wanted...)
		n := 0
		if err := tx.q.QueryRowContext(tx.ctx, "SELECT count(*) FROM instance "+f.where(), f.args...).Scan(&n); err != nil {
			return 0, err
		}
		here += n
	}
	return here, nil
}

// WorklistOrders returns a member's entered orders of a span whose exam is
// still to be made, oldest first.
func (tx *Tx) WorklistOrders(member hub.MemberID, from, to time.Time, limit int) ([]*hub.Order, error) {
	return tx.orders(`WHERE member = $1 AND origin = 'entered' AND cancelled = 0 AND created_at >= $2 AND created_at < $3
		AND id IN (SELECT exam_order FROM task WHERE task.exam_order = exam_order.id AND state IN ('draft','uploading')) ORDER BY created_at, id LIMIT $4`,
		string(member), millis(from), millis(to), limit)
}
