package worklist

import (
	"slices"
	"strings"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// Escalation is the way up when a centre cannot read in time (domain rules,
// section 5). By the clock a task is offered to the next tier: both may claim
// it, and whoever does reads it. By a person it is handed over: the next tier
// reads it, and the centre it came from still sees where it went.

// Why the hub offers a task to the next tier by itself; for the audit.
const (
	causeUnclaimed = "claim_limit" // nobody claimed it within the limit of its priority
	causeDueSoon   = "due_soon"    // most of its time is over
	causeNobody    = "nobody_on_duty"
)

// Tiers lists who may read a task after its centre: by a fallback agreement of
// the clinic first, then by one of the centre. Empty when nobody may.
func Tiers(tx *db.Tx, t *hub.Task) ([]*hub.Member, error) {
	var out []*hub.Member
	for _, source := range []hub.MemberID{t.Member, t.Centre} {
		list, err := tx.Agreements(source)
		if err != nil {
			return nil, err
		}
		for _, a := range list {
			known := slices.ContainsFunc(out, func(m *hub.Member) bool { return m.ID == a.Centre })
			if known || !a.Fallback || a.Centre == t.Centre || a.Centre == t.HandedFrom || !covers(a, t.Kind, tx.Now()) {
				continue
			}
			m, err := tx.Member(a.Centre)
			if err != nil {
				return nil, err
			}
			out = append(out, m)
		}
	}
	return out, nil
}

// nextTier is the first of the tiers, or the one that code names. Conflict
// when there is none.
func nextTier(tx *db.Tx, t *hub.Task, code string) (hub.MemberID, error) {
	list, err := Tiers(tx, t)
	if err != nil {
		return "", err
	}
	for _, m := range list {
		if code == "" || m.Code == code {
			return m.ID, nil
		}
	}
	return "", hub.E(hub.Conflict, "worklist.nextTier", "route.no_next_tier")
}

// offer lets the next tier claim a queued task as well.
func (s *Service) offer(tx *db.Tx, t *hub.Task, to hub.MemberID, cause string) error {
	return Touch(tx, hub.System, t, names[Escalate], cause, func(t *hub.Task) {
		t.Offered, t.QueuedAt, t.TEscalated = to, tx.Now(), tx.Now()
	})
}

// offerIfAny is offer, where there is a next tier.
func (s *Service) offerIfAny(tx *db.Tx, t *hub.Task, cause string) error {
	to, err := nextTier(tx, t, "")
	if hub.KindOf(err) == hub.Conflict {
		return nil
	}
	if err != nil {
		return err
	}
	return s.offer(tx, t, to, cause)
}

// escalate hands a task over to the next tier: by its holder, by any reader
// while nobody holds it, or by a dispatcher. The draft stays for whoever
// claims it there.
func (s *Service) escalate(tx *db.Tx, actor hub.Actor, t *hub.Task, p Params) error {
	if actor.Member == t.HandedFrom && actor.Member != t.Centre {
		if Repeated(t, Escalate, actor) {
			return nil
		}
		return hub.E(hub.NotFound, "worklist.escalate", "not_found")
	}
	if strings.TrimSpace(p.Reason) == "" {
		return hub.Field("worklist.escalate", "reason", "say why")
	}
	if _, err := After(t.State, Escalate); err != nil {
		return err
	}
	if t.State == hub.Claimed && actor.Role != hub.Dispatcher {
		if err := Held(tx, actor, t, 0); err != nil {
			return err
		}
	}
	to, err := nextTier(tx, t, p.To)
	if err != nil {
		return err
	}
	moved, err := s.moveTo(tx, t, to)
	if err != nil {
		return err
	}
	return Move(tx, actor, t, Escalate, p.Reason, func(t *hub.Task) {
		letGo(t)
		moved(t)
		t.TEscalated = tx.Now()
	})
}

// moveTo makes another centre read a task and see its studies.
func (s *Service) moveTo(tx *db.Tx, t *hub.Task, centre hub.MemberID) (func(*hub.Task), error) {
	list, err := tx.StudiesOf(t.ID)
	if err != nil {
		return nil, err
	}
	for _, study := range list {
		if err := tx.RouteStudy(study.ID, centre); err != nil {
			return nil, err
		}
	}
	return func(t *hub.Task) { t.HandedFrom, t.Centre, t.Offered = t.Centre, centre, "" }, nil
}

// taken returns what changes when somebody of member takes a task: an offered
// one then belongs to their centre.
func (s *Service) taken(tx *db.Tx, t *hub.Task, member hub.MemberID) (func(*hub.Task), error) {
	if t.Offered == "" || t.Offered != member {
		return func(*hub.Task) {}, nil
	}
	return s.moveTo(tx, t, member)
}

// unclaimedOne offers a task that nobody claimed in time to the next tier. One
// that nobody above claims either is called out once.
func (s *Service) unclaimedOne(tx *db.Tx, t *hub.Task) error {
	if t.State != hub.Queued || t.QueuedAt.IsZero() || t.QueuedAt.Add(s.Rules.claimLimit(t.Priority)).After(tx.Now()) {
		return nil
	}
	if t.Offered == "" {
		if err := s.offerIfAny(tx, t, causeUnclaimed); err != nil || t.Offered != "" {
			return err
		}
	}
	return Touch(tx, hub.System, t, "task.unclaimed", causeUnclaimed, func(t *hub.Task) { t.QueuedAt = noTime })
}

// audience is every centre a task concerns now.
func audience(t *hub.Task) []hub.MemberID {
	if t.Offered == "" || t.Offered == t.Centre {
		return []hub.MemberID{t.Centre}
	}
	return []hub.MemberID{t.Centre, t.Offered}
}
