package api

import (
	"slices"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// DutyRow is a line of the roster with its account by login name.
type DutyRow struct {
	Account string    `json:"account"`
	Name    string    `json:"name"`
	Role    hub.Role  `json:"role"`
	Member  string    `json:"member"` // code
	Kind    string    `json:"kind"`   // "": every kind
	From    time.Time `json:"from"`
	To      time.Time `json:"to,omitzero"`
}

// roster lists what has not ended, of the own centre; an administrator of the
// lead hospital sees every member's.
func (s *Server) roster(c *Call) (any, error) {
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
	lines, err := tx.Roster(member, tx.Now())
	if err != nil {
		return nil, err
	}
	people, err := tx.Accounts(member)
	if err != nil {
		return nil, err
	}
	rows := make([]DutyRow, 0, len(lines))
	for _, d := range lines {
		i := slices.IndexFunc(people, func(a *hub.Account) bool { return a.ID == d.Account })
		if i < 0 {
			continue // made since the roster was read
		}
		a := people[i]
		rows = append(rows, DutyRow{a.Login, a.Name, a.Role, names[a.Member], d.Kind, d.From, d.To})
	}
	return listOf(rows), nil
}

// rostered returns the account a line is about, in the caller's scope.
func rostered(tx *db.Tx, a hub.Actor, login string) (*hub.Account, error) {
	who, err := tx.AccountByLogin(login)
	if err != nil || who.Member == a.Member {
		return who, err
	}
	if a.Role == hub.Admin {
		if m, err := administered(tx, a, ""); err != nil || m == "" {
			return who, err
		}
	}
	return nil, outside("api.rostered")
}

func (s *Server) putDuty(c *Call) (any, error) {
	var in DutyRow
	if err := c.JSON(&in); err != nil {
		return nil, err
	}
	who, err := rostered(c.Read(), c.Actor, in.Account)
	if err != nil {
		return nil, err
	}
	d := &hub.Duty{Account: who.ID, Kind: in.Kind, From: in.From, To: in.To}
	if err := s.Accounts.PutDuty(c.Context(), c.Actor, d); err != nil {
		return nil, err
	}
	in.Name, in.Role, in.From = who.Name, who.Role, d.From
	m, err := c.Read().Member(who.Member)
	if err != nil {
		return nil, err
	}
	in.Member = m.Code
	return in, nil
}

// endDuty takes the line named by account, kind and from away.
func (s *Server) endDuty(c *Call) (any, error) {
	q := c.URL.Query()
	from, err := time.Parse(time.RFC3339Nano, q.Get("from"))
	if err != nil {
		return nil, hub.Field("api.endDuty", "from", "not_a_time")
	}
	who, err := rostered(c.Read(), c.Actor, q.Get("account"))
	if err != nil {
		return nil, err
	}
	return nil, s.Accounts.EndDuty(c.Context(), c.Actor, hub.Duty{Account: who.ID, Kind: q.Get("kind"), From: from})
}

// ReaderView is somebody a task can be given to.
type ReaderView struct {
	Login  string   `json:"login"`
	Name   string   `json:"name"`
	Role   hub.Role `json:"role"`
	Title  string   `json:"title"`
	Skills []string `json:"skills"`
	OnDuty bool     `json:"on_duty"` // for ?kind=
}

// readers lists who reads at the own centre, those on duty first.
func (s *Server) readers(c *Call) (any, error) {
	tx := c.Read()
	q := c.URL.Query()
	if code := q.Get("centre"); code != "" {
		m, err := tx.MemberByCode(code)
		if err != nil {
			return nil, err
		}
		if m.ID != c.Actor.Member {
			return nil, outside("api.readers")
		}
	}
	people, err := tx.Accounts(c.Actor.Member)
	if err != nil {
		return nil, err
	}
	views := []ReaderView{}
	for _, a := range people {
		if !a.Active || a.Role != hub.Reader && a.Role != hub.Reviewer {
			continue
		}
		on, err := tx.OnDuty(a.ID, hub.TaskKind(q.Get("kind")))
		if err != nil {
			return nil, err
		}
		skills := a.Skills
		if skills == nil {
			skills = []string{}
		}
		views = append(views, ReaderView{a.Login, a.Name, a.Role, a.Title, skills, on})
	}
	slices.SortStableFunc(views, func(a, b ReaderView) int {
		if a.OnDuty == b.OnDuty {
			return 0
		}
		if a.OnDuty {
			return -1
		}
		return 1
	})
	return listOf(views), nil
}
