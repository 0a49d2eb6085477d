package account

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/keys"
)

const goodPassword = "Lüshun-2026-xx"

// door is a Service on a real database with a lead hospital, a clinic, and
// accounts made by their codes.
type door struct {
	*Service
	t           *testing.T
	rows        *sql.DB // a second way in, to move clocks
	lead        hub.MemberID
	clinic      hub.MemberID
	admin       hub.Actor
	secadmin    hub.Actor
	clinicAdmin hub.Actor
	reader      *hub.Account
}

func newDoor(t *testing.T) *door {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "hub.db")
	d, err := db.Open(t.Context(), "sqlite:"+path)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		rows.Close()
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	ring, err := keys.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	s := New(d, ring, slog.New(slog.NewTextHandler(io.Discard, nil)), DefaultLimits, Params{MemoryKiB: 64, Passes: 1, Lanes: 1})
	o := &door{Service: s, t: t, rows: rows}
	o.lead, o.clinic = o.member("LEAD"), o.member("CLINIC1")
	o.admin = actor(o.account(o.lead, "admin", hub.Admin))
	o.secadmin = actor(o.account(o.lead, "secadmin", hub.SecAdmin))
	o.clinicAdmin = actor(o.account(o.clinic, "clinicadmin", hub.Admin))
	o.reader = o.account(o.lead, "li", hub.Reader)
	return o
}

func (o *door) member(code string) hub.MemberID {
	o.t.Helper()
	m := &hub.Member{Code: code, Name: code + " 医院", Level: "county"}
	if err := o.CreateMember(o.t.Context(), hub.System, m); err != nil {
		o.t.Fatal(err)
	}
	return m.ID
}

func (o *door) account(m hub.MemberID, login string, role hub.Role) *hub.Account {
	o.t.Helper()
	a := &hub.Account{Member: m, Login: login, Name: login, Role: role}
	if err := o.CreateAccount(o.t.Context(), hub.System, a, goodPassword); err != nil {
		o.t.Fatal(err)
	}
	return a
}

func actor(a *hub.Account) hub.Actor {
	return hub.Actor{Account: a.ID, Member: a.Member, Role: a.Role, Name: a.Name, Rights: a.Rights}
}

func (o *door) try(login, password, totp string) (*Session, error) {
	return o.Login(o.t.Context(), Attempt{Login: login, Password: password, TOTP: totp, IP: "192.0.2.7", Client: "test"})
}

func (o *door) login(login string) *Session {
	o.t.Helper()
	session, err := o.try(login, goodPassword, "")
	if err != nil {
		o.t.Fatal(err)
	}
	return session
}

// sql changes rows behind the service's back, as time would.
func (o *door) sql(query string, args ...any) {
	o.t.Helper()
	if _, err := o.rows.Exec(query, args...); err != nil {
		o.t.Fatal(err)
	}
}

// actions lists what was audited, oldest first.
func (o *door) actions() []string {
	o.t.Helper()
	if _, _, err := o.db.Seal(o.t.Context()); err != nil {
		o.t.Fatal(err)
	}
	records, err := o.db.Read(o.t.Context()).AuditAfter(0, 1000)
	if err != nil {
		o.t.Fatal(err)
	}
	var out []string
	for _, r := range records {
		out = append(out, r.Action)
	}
	return out
}

func (o *door) audited(action string) {
	o.t.Helper()
	if got := o.actions(); !slices.Contains(got, action) {
		o.t.Errorf("no audit record %s in %v", action, got)
	}
}

func wantCode(t *testing.T, err error, kind hub.Kind, code string) {
	t.Helper()
	if err == nil || hub.KindOf(err) != kind || hub.CodeOf(err) != code {
		t.Errorf("got %v, want kind %d with code %s", err, kind, code)
	}
}

func wantField(t *testing.T, err error, field, reason string) {
	t.Helper()
	e, ok := errors.AsType[*hub.Error](err)
	if !ok || e.Kind != hub.Invalid || e.Detail["field"] != field || e.Detail["reason"] != reason {
		t.Errorf("got %v, want field %s to be %s", err, field, reason)
	}
}

func cancelled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
