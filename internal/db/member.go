package db

import (
	"time"

	"github.com/yuanzhen/yuanzhen/internal/hub"
)

var members = newTable[hub.Member]("member", 1, func(m *hub.Member) []column {
	return []column{{"id", &m.ID}, {"code", &m.Code}, {"name", &m.Name}, {"level", &m.Level}, {"phone", &m.Phone}}
})

var agreements = newTable[hub.Agreement]("agreement", 1, func(a *hub.Agreement) []column {
	return []column{{"id", &a.ID}, {"source", &a.Source}, {"centre", &a.Centre}, {"kinds", js{&a.Kinds}},
		{"from_at", msec{&a.From}}, {"to_at", msec{&a.To}}, {"fallback", flag{&a.Fallback}}}
})

var accounts = newTable[hub.Account]("account", 1, func(a *hub.Account) []column {
	return []column{{"id", &a.ID}, {"member", &a.Member}, {"login", &a.Login}, {"name", &a.Name}, {"role", &a.Role},
		{"rights", js{&a.Rights}}, {"title", &a.Title}, {"certificate", &a.Certificate}, {"phone", &a.Phone}, {"skills", js{&a.Skills}},
		{"password", &a.PasswordHash}, {"totp", &a.TOTPSecret}, {"active", flag{&a.Active}}, {"failures", &a.Failures},
		{"locked_until", msec{&a.LockedUntil}}, {"auto_submit", flag{&a.AutoSubmit}}}
})

var duties = newTable[hub.Duty]("duty", 3, func(d *hub.Duty) []column {
	return []column{{"account", &d.Account}, {"kind", &d.Kind}, {"from_at", msec{&d.From}}, {"to_at", msec{&d.To}}}
})

var devices = newTable[hub.Device]("device", 1, func(d *hub.Device) []column {
	return []column{{"id", &d.ID}, {"member", &d.Member}, {"ae_title", &d.AETitle}, {"name", &d.Name}, {"address", &d.Address},
		{"kind", &d.Kind}, {"auto_submit", flag{&d.AutoSubmit}}, {"active", flag{&d.Active}}, {"created_at", msec{&d.CreatedAt}}, {"silent_hours", &d.SilentHours},
		{"port", &d.Port}, {"tls", flag{&d.TLS}}, {"charset", &d.Charset}, {"services", js{&d.Services}}, {"certificate", &d.Certificate}}
})

// InsertMember stores a new member; a code in use is a Conflict of the database.
func (tx *Tx) InsertMember(m *hub.Member) error { return members.insert(tx, m) }

// Members returns all members by code.
func (tx *Tx) Members() ([]*hub.Member, error) { return members.all(tx, "ORDER BY code") }

// Member returns the member with an id.
func (tx *Tx) Member(id hub.MemberID) (*hub.Member, error) {
	return members.one(tx, "db.Member", "WHERE id = $1", string(id))
}

// MemberByCode returns the member with a code.
func (tx *Tx) MemberByCode(code string) (*hub.Member, error) {
	return members.one(tx, "db.MemberByCode", "WHERE code = $1", code)
}

// UpdateMember writes a member back.
func (tx *Tx) UpdateMember(m *hub.Member) error { _, err := members.update(tx, m, ""); return err }

// InsertAgreement stores a new agreement.
func (tx *Tx) InsertAgreement(a *hub.Agreement) error { return agreements.insert(tx, a) }

// UpdateAgreement writes an agreement back.
func (tx *Tx) UpdateAgreement(a *hub.Agreement) error {
	_, err := agreements.update(tx, a, "")
	return err
}

// Agreements returns the agreements of a source, or all for "".
func (tx *Tx) Agreements(source hub.MemberID) ([]*hub.Agreement, error) {
	if source == "" {
		return agreements.all(tx, "ORDER BY source, fallback, id")
	}
	return agreements.all(tx, "WHERE source = $1 ORDER BY fallback, id", string(source))
}

// InsertAccount stores a new account.
func (tx *Tx) InsertAccount(a *hub.Account) error { return accounts.insert(tx, a) }

// UpdateAccount writes an account back.
func (tx *Tx) UpdateAccount(a *hub.Account) error { _, err := accounts.update(tx, a, ""); return err }

// Account returns the account with an id.
func (tx *Tx) Account(id hub.AccountID) (*hub.Account, error) {
	return accounts.one(tx, "db.Account", "WHERE id = $1", string(id))
}

// AccountByLogin returns the account with a login name.
func (tx *Tx) AccountByLogin(login string) (*hub.Account, error) {
	return accounts.one(tx, "db.AccountByLogin", "WHERE login = $1"+tx.lock(), login)
}

// Accounts returns the accounts of a member, or all for "".
func (tx *Tx) Accounts(member hub.MemberID) ([]*hub.Account, error) {
	if member == "" {
		return accounts.all(tx, "ORDER BY login")
	}
	return accounts.all(tx, "WHERE member = $1 ORDER BY login", string(member))
}

// InsertDuty puts an account on the roster.
func (tx *Tx) InsertDuty(d *hub.Duty) error { return duties.insert(tx, d) }

// UpdateDuty writes a roster line back.
func (tx *Tx) UpdateDuty(d *hub.Duty) error { _, err := duties.update(tx, d, ""); return err }

// DeleteDuty removes a roster line.
func (tx *Tx) DeleteDuty(d *hub.Duty) error {
	_, err := tx.exec("DELETE FROM duty WHERE account = $1 AND kind = $2 AND from_at = $3", string(d.Account), d.Kind, millis(d.From))
	return err
}

// Roster returns the roster lines of a member's accounts, or all for "",
// that end after a time.
func (tx *Tx) Roster(member hub.MemberID, after time.Time) ([]*hub.Duty, error) {
	var f filter
	f.add("(to_at = 0 OR to_at > ?)", millis(after))
	if member != "" {
		f.add("account IN (SELECT id FROM account WHERE member = ?)", string(member))
	}
	return duties.all(tx, f.where()+" ORDER BY from_at", f.args...)
}

// OnDuty reports whether an account is on duty for a kind now.
func (tx *Tx) OnDuty(id hub.AccountID, kind hub.TaskKind) (bool, error) {
	now := millis(tx.Now())
	list, err := duties.all(tx, "WHERE account = $1 AND (kind = '' OR kind = $2) AND from_at <= $3 AND (to_at = 0 OR to_at > $3)", string(id), string(kind), now)
	return len(list) > 0, err
}

// Attended reports whether anybody at a centre is on duty for a kind now.
func (tx *Tx) Attended(centre hub.MemberID, kind hub.TaskKind) (bool, error) {
	var n int
	err := tx.q.QueryRowContext(tx.ctx, `SELECT count(*) FROM duty JOIN account ON account.id = duty.account WHERE account.member = $1 AND account.active = 1
		AND (duty.kind = '' OR duty.kind = $2) AND duty.from_at <= $3 AND (duty.to_at = 0 OR duty.to_at > $3)`, string(centre), string(kind), millis(tx.Now())).Scan(&n)
	return n > 0, err
}

// InsertDevice stores a new device, of which nothing has been seen.
func (tx *Tx) InsertDevice(d *hub.Device) error {
	if err := devices.insert(tx, d); err != nil {
		return err
	}
	return contacts.insert(tx, &hub.Contact{Device: d.ID})
}

// UpdateDevice writes a device back.
func (tx *Tx) UpdateDevice(d *hub.Device) error { _, err := devices.update(tx, d, ""); return err }

// Devices returns the devices of a member, or all for "".
func (tx *Tx) Devices(member hub.MemberID) ([]*hub.Device, error) {
	if member == "" {
		return devices.all(tx, "ORDER BY ae_title")
	}
	return devices.all(tx, "WHERE member = $1 ORDER BY ae_title", string(member))
}

// DeviceByAE returns the device with an AE title.
func (tx *Tx) DeviceByAE(title string) (*hub.Device, error) {
	return devices.one(tx, "db.DeviceByAE", "WHERE ae_title = $1", title)
}

// Credential is a browser session, a bearer token or a set-up link; only the
// hash of its secret is stored.
type Credential struct {
	Hash      string
	Account   hub.AccountID
	Kind      string // session, token, setup
	Name      string
	CSRF      string
	CreatedAt time.Time
	SeenAt    time.Time
	ExpiresAt time.Time // zero: never
}

var credentials = newTable[Credential]("credential", 1, func(c *Credential) []column {
	return []column{{"hash", &c.Hash}, {"account", &c.Account}, {"kind", &c.Kind}, {"name", &c.Name}, {"csrf", &c.CSRF},
		{"created_at", msec{&c.CreatedAt}}, {"seen_at", msec{&c.SeenAt}}, {"expires_at", msec{&c.ExpiresAt}}}
})

// InsertCredential stores a credential.
func (tx *Tx) InsertCredential(c *Credential) error { return credentials.insert(tx, c) }

// Credential returns the credential with a secret's hash.
func (tx *Tx) Credential(hash string) (*Credential, error) {
	return credentials.one(tx, "db.Credential", "WHERE hash = $1", hash)
}

// Credentials returns the credentials of an account of a kind.
func (tx *Tx) Credentials(id hub.AccountID, kind string) ([]*Credential, error) {
	return credentials.all(tx, "WHERE account = $1 AND kind = $2 ORDER BY created_at", string(id), kind)
}

// SeenCredential notes when a session was last used.
func (tx *Tx) SeenCredential(hash string) error {
	_, err := tx.exec("UPDATE credential SET seen_at = $1 WHERE hash = $2", millis(tx.Now()), hash)
	return err
}

// DeleteCredential ends a session or revokes a token.
func (tx *Tx) DeleteCredential(hash string) error {
	_, err := tx.exec("DELETE FROM credential WHERE hash = $1", hash)
	return err
}

// Setting returns a named setting, "" if it is not set.
func (tx *Tx) Setting(name string) (string, error) {
	values, err := tx.strings("SELECT value FROM setting WHERE name = $1", name)
	if len(values) == 0 {
		return "", err
	}
	return values[0], err
}

// SetSetting stores a named setting.
func (tx *Tx) SetSetting(name, value string) error {
	_, err := tx.exec("INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = $2", name, value)
	return err
}

// NextCounter counts a named counter up by one and returns it, from 1.
func (tx *Tx) NextCounter(name string) (int, error) {
	var n int
	err := tx.q.QueryRowContext(tx.ctx, `INSERT INTO counter (name, n) VALUES ($1, 1) ON CONFLICT (name) DO UPDATE SET n = counter.n + 1 RETURNING n`, name).Scan(&n)
	return n, err
}

// Learned returns what a device's mislabelled text turned out to be.
func (tx *Tx) Learned(id hub.DeviceID) (set string, err error) {
	err = tx.q.QueryRowContext(tx.ctx, "SELECT learned FROM device WHERE id = $1", string(id)).Scan(&set)
	return set, err
}

// Learn keeps what a device's mislabelled text turned out to be.
func (tx *Tx) Learn(id hub.DeviceID, set string) error {
	_, err := tx.exec("UPDATE device SET learned = $1 WHERE id = $2", set, string(id))
	return err
}
