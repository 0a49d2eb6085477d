package api

import (
	"slices"

	"github.com/yuanzhen/yuanzhen/internal/arrive"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

func (s *Server) deviceRoutes() []Route {
	return []Route{
		{Method: "GET", Path: "/api/v1/devices", Roles: []hub.Role{hub.Admin, hub.Tech}, Do: s.devices},
		{Method: "POST", Path: "/api/v1/devices", Roles: admins, Do: s.addDevice},
		{Method: "PATCH", Path: "/api/v1/devices/{ae}", Roles: admins, Do: s.changeDevice},
		{Method: "GET", Path: "/api/v1/devices/refused", Roles: admins, Do: s.strangers},
	}
}

// DeviceRow is a device as its administrators see it, with what was seen of
// it.
type DeviceRow struct {
	*hub.Device
	*hub.Contact
	Member string `json:"member"` // code
	SkewMS int64  `json:"skew_ms"`
	Skewed bool   `json:"skewed"` // by more than is allowed
	Silent bool   `json:"silent"` // for more working hours than it may
}

func (s *Server) deviceRow(tx *db.Tx, d *hub.Device, seen *hub.Contact, member string) DeviceRow {
	c := *seen
	now := tx.Now()
	if c.Day != now.In(chinaTime).Format("20060102") {
		c.Today = 0
	}
	skew := c.Skew()
	return DeviceRow{d, &c, member, skew.Milliseconds(), skew.Abs() > hub.SkewAllowed, arrive.Silent(s.Work.Rules, d, &c, now)}
}

// devices lists those of the caller's member; the lead hospital's
// administrators see all.
func (s *Server) devices(c *Call) (any, error) {
	tx := c.Read()
	member := c.Actor.Member
	if c.Actor.Role == hub.Admin {
		var err error
		if member, err = administered(tx, c.Actor, c.URL.Query().Get("member")); err != nil {
			return nil, err
		}
	}
	names, err := codes(tx)
	if err != nil {
		return nil, err
	}
	seen, err := tx.Contacts(member)
	if err != nil {
		return nil, err
	}
	all, err := tx.Devices(member)
	rows := make([]DeviceRow, 0, len(all))
	for _, d := range all {
		if contact := seen[d.ID]; contact != nil { // else it was registered this moment
			rows = append(rows, s.deviceRow(tx, d, contact, names[d.Member]))
		}
	}
	return listOf(rows), err
}

func (s *Server) addDevice(c *Call) (any, error) {
	var in struct {
		hub.Device
		Member string `json:"member"`
	}
	if err := c.JSON(&in); err != nil {
		return nil, err
	}
	tx := c.Read()
	m, err := memberOf(tx, "member", in.Member)
	if err != nil {
		return nil, err
	}
	d := in.Device
	d.Member = m.ID
	if err := s.Accounts.CreateDevice(c.Context(), c.Actor, &d); err != nil {
		return nil, err
	}
	return made(s.deviceRow(tx, &d, &hub.Contact{Device: d.ID}, m.Code)), nil
}

// changeDevice lays the given fields over the device as it is.
func (s *Server) changeDevice(c *Call) (any, error) {
	tx := c.Read()
	d, err := tx.DeviceByAE(c.PathValue("ae"))
	if err != nil {
		return nil, err
	}
	m, err := tx.Member(d.Member)
	if err != nil {
		return nil, err
	}
	in := struct {
		hub.Device
		Member any `json:"member"` // a device stays where it is
	}{Device: *d}
	if err := c.JSON(&in); err != nil {
		return nil, err
	}
	in.Device.AETitle = d.AETitle
	if err := s.Accounts.UpdateDevice(c.Context(), c.Actor, &in.Device); err != nil {
		return nil, err
	}
	tx = c.Read()
	if d, err = tx.DeviceByAE(d.AETitle); err != nil {
		return nil, err
	}
	seen, err := tx.Contact(d.ID)
	if err != nil {
		return nil, err
	}
	return s.deviceRow(tx, d, seen, m.Code), nil
}

// StrangerRow is a caller that was refused. Member is set, by code, when its
// AE title is a registered device's.
type StrangerRow struct {
	*hub.Stranger
	Member string `json:"member"`
}

// strangers lists callers that were refused. Nobody knows whose they are: the
// lead hospital's administrators see all, others those with a title or an
// address of their own devices.
func (s *Server) strangers(c *Call) (any, error) {
	tx := c.Read()
	own, err := administered(tx, c.Actor, "")
	if err != nil {
		return nil, err
	}
	names, err := codes(tx)
	if err != nil {
		return nil, err
	}
	devices, err := tx.Devices("")
	if err != nil {
		return nil, err
	}
	all, err := tx.Strangers()
	rows := make([]StrangerRow, 0, len(all))
	for _, x := range all {
		row := StrangerRow{Stranger: x}
		if i := slices.IndexFunc(devices, func(d *hub.Device) bool { return d.AETitle == x.AETitle }); i >= 0 {
			row.Member = names[devices[i].Member]
		}
		if own == "" || mayKnow(own, names[own], row, devices) {
			rows = append(rows, row)
		}
	}
	return listOf(rows), err
}

// mayKnow tells whether an administrator of a member sees a refused caller.
func mayKnow(own hub.MemberID, code string, row StrangerRow, devices []*hub.Device) bool {
	if row.Member != "" {
		return row.Member == code
	}
	return slices.ContainsFunc(devices, func(d *hub.Device) bool { return d.Member == own && d.Address == row.Address })
}
