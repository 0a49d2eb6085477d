package account

import (
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// leadSetting names the member whose administrators manage the whole alliance:
// the lead hospital, the first member that was made.
const leadSetting = "lead_member"

// system reports whether the hub itself acts: its command line, the demo.
func system(actor hub.Actor) bool { return actor.Account == "" && actor.Role == hub.System.Role }

// administrative reports one of the three roles that no clinical right goes
// with and that are never changed into one another (三员分立).
func administrative(r hub.Role) bool { return r == hub.Admin || r == hub.SecAdmin || r == hub.Auditor }

// manages refuses an actor who is not in role with Forbidden, and a member
// outside the actor's own with NotFound; the lead hospital's have all members.
func (s *Service) manages(tx *db.Tx, actor hub.Actor, member hub.MemberID, role hub.Role, op string) error {
	if system(actor) {
		return nil
	}
	if actor.Role != role {
		return hub.E(hub.Forbidden, op, "role.not_allowed")
	}
	if actor.Member == member {
		return nil
	}
	lead, err := tx.Setting(leadSetting)
	if err != nil {
		return err
	}
	if hub.MemberID(lead) != actor.Member {
		return hub.E(hub.NotFound, op, "not_found")
	}
	return nil
}

// managesAlliance refuses everybody but administrators of the lead hospital.
func (s *Service) managesAlliance(tx *db.Tx, actor hub.Actor, op string) error {
	if system(actor) {
		return nil
	}
	lead, err := tx.Setting(leadSetting)
	if err != nil {
		return err
	}
	if actor.Role != hub.Admin || hub.MemberID(lead) != actor.Member {
		return hub.E(hub.Forbidden, op, "role.not_allowed")
	}
	return nil
}
