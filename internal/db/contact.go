package db

import (
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// Bounds of the callers that were refused: somebody who tries titles one
// after another pushes out his own tries first.
const (
	strangersMost      = 200
	strangersOfAddress = 10
)

var contacts = newTable[hub.Contact]("device_contact", 1, func(c *hub.Contact) []column {
	return []column{{"device", &c.Device}, {"last_seen", msec{&c.LastSeen}}, {"instances", &c.Instances}, {"day", &c.Day}, {"today", &c.Today},
		{"last_error", &c.LastError}, {"error_note", &c.ErrorNote}, {"error_at", msec{&c.ErrorAt}},
		{"refused", &c.Refused}, {"refused_for", &c.RefusedFor}, {"refused_at", msec{&c.RefusedAt}}, {"skews", js{&c.Skews}}}
})

// Contact returns what was seen of a device.
func (tx *Tx) Contact(id hub.DeviceID) (*hub.Contact, error) {
	return contacts.one(tx, "db.Contact", "WHERE device = $1"+tx.lock(), string(id))
}

// UpdateContact writes what was seen of a device back.
func (tx *Tx) UpdateContact(c *hub.Contact) error { _, err := contacts.update(tx, c, ""); return err }

// Contacts returns what was seen of the devices of a member, or of all for
// "", by device.
func (tx *Tx) Contacts(member hub.MemberID) (map[hub.DeviceID]*hub.Contact, error) {
	var f filter
	if member != "" {
		f.add("device IN (SELECT id FROM device WHERE member = ?)", string(member))
	}
	list, err := contacts.all(tx, f.where(), f.args...)
	out := make(map[hub.DeviceID]*hub.Contact, len(list))
	for _, c := range list {
		out[c.Device] = c
	}
	return out, err
}

var strangers = newTable[hub.Stranger]("stranger", 2, func(s *hub.Stranger) []column {
	return []column{{"ae_title", &s.AETitle}, {"address", &s.Address}, {"called", &s.Called}, {"client", &s.Client}, {"reason", &s.Reason},
		{"count", &s.Count}, {"first_at", msec{&s.FirstAt}}, {"last_at", msec{&s.LastAt}}}
})

// RefuseStranger counts refusals of a caller in, and drops the oldest callers
// beyond the bounds, of the same address first.
func (tx *Tx) RefuseStranger(s *hub.Stranger) error {
	_, err := tx.exec(strangers.inserts+` ON CONFLICT (ae_title, address) DO UPDATE SET called = EXCLUDED.called, client = EXCLUDED.client,
		reason = EXCLUDED.reason, count = stranger.count + EXCLUDED.count, last_at = EXCLUDED.last_at`, pointers(strangers.columns(s))...)
	if err != nil {
		return err
	}
	if _, err = tx.exec(`DELETE FROM stranger WHERE address = $1 AND ae_title NOT IN
		(SELECT ae_title FROM stranger WHERE address = $1 ORDER BY last_at DESC, ae_title LIMIT 0+$2)`, s.Address, strangersOfAddress); err != nil {
		return err
	}
	_, err = tx.exec(`DELETE FROM stranger WHERE (ae_title, address) NOT IN
		(SELECT ae_title, address FROM stranger ORDER BY last_at DESC, ae_title, address LIMIT 0+$1)`, strangersMost)
	return err
}

// Strangers returns the callers that were refused, the last one first.
func (tx *Tx) Strangers() ([]*hub.Stranger, error) {
	return strangers.all(tx, "ORDER BY last_at DESC, ae_title, address")
}

// ForgetStranger drops the refusals of an AE title: somebody has decided
// about it.
func (tx *Tx) ForgetStranger(title string) error {
	_, err := tx.exec("DELETE FROM stranger WHERE ae_title = $1", title)
	return err
}
