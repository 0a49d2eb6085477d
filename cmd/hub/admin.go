package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/yuanzhen/yuanzhen/internal/account"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/keys"
)

// The commands that fill an alliance. They write to the database directly, as
// the hub itself, so whoever may read the hub's folder may use them; the hub
// may be running.
type (
	memberCommand struct {
		Add memberAdd `cmd:"" help:"Add an institution; the first one is the lead hospital."`
	}
	userCommand struct {
		Add userAdd `cmd:"" help:"Add an account and print the one-time page where its holder sets the password."`
	}
	tokenCommand struct {
		Add tokenAdd `cmd:"" help:"Make a bearer token with an account's rights and print it, this once."`
	}
	deviceCommand struct {
		Add deviceAdd `cmd:"" help:"Register a modality or cart by its calling AE title."`
	}
	agreementCommand struct {
		Add agreementAdd `cmd:"" help:"Let a centre read for an institution."`
	}
)

// alliance is where a command finds the rows and the keys, and how it answers.
type alliance struct {
	Config kong.ConfigFlag `help:"YAML file with these settings." type:"path"`
	Data   string          `help:"Folder of the hub." default:"data" type:"path"`
	DB     string          `name:"db" help:"sqlite:PATH or postgres://…; default DATA/hub.db."`
	JSON   bool            `name:"json" help:"Answer as JSON, for machines."`
}

// change opens the rows, runs fn and answers what it returns: a sentence for a
// person, value for a machine.
func (c *alliance) change(ctx context.Context, out io.Writer, fn func(*account.Service, *db.DB) (sentence string, value any, err error)) (err error) {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return err
	}
	ring, err := keys.Open(c.Data)
	if err != nil {
		return err
	}
	d, err := db.Open(ctx, (&Settings{Data: c.Data, DB: c.DB}).database())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if err := d.Tx(ctx, func(tx *db.Tx) error { return ring.Bind(tx) }); err != nil {
		return err
	}
	sentence, value, err := fn(account.New(d, ring, slog.New(slog.DiscardHandler), account.DefaultLimits, account.DefaultParams), d)
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(out).Encode(value)
	}
	_, err = fmt.Fprintln(out, sentence)
	return err
}

// memberID returns the id of the member with a code.
func memberID(ctx context.Context, d *db.DB, code string) (hub.MemberID, error) {
	m, err := d.Read(ctx).MemberByCode(code)
	if err != nil {
		return "", fmt.Errorf("member %s: %w", code, err)
	}
	return m.ID, nil
}

type memberAdd struct {
	alliance
	Code  string `required:"" help:"Short code in capitals, as CLINIC1."`
	Name  string `required:"" help:"Name on reports."`
	Level string `help:"village, township, county, city or province."`
	Phone string `help:"Telephone of the duty desk."`
}

// Run adds an institution.
func (c *memberAdd) Run(ctx context.Context, out io.Writer) error {
	return c.change(ctx, out, func(s *account.Service, _ *db.DB) (string, any, error) {
		m := &hub.Member{Code: c.Code, Name: c.Name, Level: c.Level, Phone: c.Phone}
		err := s.CreateMember(ctx, hub.System, m)
		return fmt.Sprintf("member %s added", m.Code), m, err
	})
}

type userAdd struct {
	alliance
	Member      string   `required:"" help:"Code of the institution."`
	Login       string   `required:"" help:"Login name."`
	Name        string   `required:"" help:"Name on reports."`
	Role        string   `required:"" enum:"tech,clinician,reader,reviewer,expert,dispatcher,qc,admin,secadmin,auditor,regulator" help:"One of ${enum}."`
	Right       []string `help:"sign_alone, sign_alone:ecg, head, duty_desk; may be repeated."`
	Title       string   `help:"Title code of GB/T 8561: 231 to 235."`
	Certificate string   `help:"Number of the practising certificate."`
	Phone       string   `help:"Telephone."`
	AutoSubmit  bool     `help:"What its tokens send is submitted by itself when it is complete."`
}

// Run adds an account and its invitation.
func (c *userAdd) Run(ctx context.Context, out io.Writer) error {
	return c.change(ctx, out, func(s *account.Service, d *db.DB) (string, any, error) {
		member, err := memberID(ctx, d, c.Member)
		if err != nil {
			return "", nil, err
		}
		a := &hub.Account{Member: member, Login: c.Login, Name: c.Name, Role: hub.Role(c.Role), Title: c.Title, Certificate: c.Certificate,
			Phone: c.Phone, AutoSubmit: c.AutoSubmit}
		for _, r := range c.Right {
			a.Rights = append(a.Rights, hub.Right(r))
		}
		if err := s.CreateAccount(ctx, hub.System, a, ""); err != nil {
			return "", nil, err
		}
		secret, err := s.ResetPassword(ctx, hub.System, a.ID)
		page := "/password#" + secret
		return fmt.Sprintf("account %s added; its holder sets the password within 24 h, once, at\n  %s", a.Login, page),
			map[string]any{"id": a.ID, "login": a.Login, "member": c.Member, "role": a.Role, "secret": secret, "page": page}, err
	})
}

type tokenAdd struct {
	alliance
	User string        `required:"" help:"Login name of the account."`
	Name string        `required:"" help:"What the token is for."`
	Life time.Duration `help:"How long it works, as 8760h; for ever if not given."`
}

// Run makes a token.
func (c *tokenAdd) Run(ctx context.Context, out io.Writer) error {
	return c.change(ctx, out, func(s *account.Service, d *db.DB) (string, any, error) {
		a, err := d.Read(ctx).AccountByLogin(c.User)
		if err != nil {
			return "", nil, fmt.Errorf("account %s: %w", c.User, err)
		}
		secret, err := s.MintToken(ctx, hub.System, a.ID, c.Name, c.Life)
		return secret, map[string]any{"login": a.Login, "name": c.Name, "token": secret}, err
	})
}

type deviceAdd struct {
	alliance
	Member     string `required:"" help:"Code of the institution."`
	AET        string `name:"ae" required:"" help:"Calling AE title."`
	Name       string `help:"What people call it."`
	Address    string `help:"Host it calls from; any if not given."`
	Kind       string `help:"Modality, as CT or ECG."`
	AutoSubmit bool   `help:"What it sends is submitted by itself when it is complete."`

	Port        int           `help:"Port at --address that takes what the device retrieves and what was committed."`
	TLS         bool          `name:"tls" help:"That port speaks TLS."`
	Charset     string        `help:"Character set of answers: GB18030 (default), GBK, \"ISO_IR 192\", \"ISO_IR 100\", \"ISO_IR 6\"."`
	Service     []hub.Service `help:"store, query, retrieve, worklist, step, commit; may be repeated, every one if not given."`
	Certificate string        `help:"SHA-256 of the client certificate it must show, in hexadecimal."`
	SilentHours int           `help:"Working hours without contact after which an alarm is raised; none if not given."`
}

// Run registers a device.
func (c *deviceAdd) Run(ctx context.Context, out io.Writer) error {
	return c.change(ctx, out, func(s *account.Service, d *db.DB) (string, any, error) {
		member, err := memberID(ctx, d, c.Member)
		if err != nil {
			return "", nil, err
		}
		dev := &hub.Device{Member: member, AETitle: c.AET, Name: c.Name, Address: c.Address, Kind: c.Kind, AutoSubmit: c.AutoSubmit,
			Port: c.Port, TLS: c.TLS, Charset: c.Charset, Services: c.Service, SilentHours: c.SilentHours, Certificate: strings.ToLower(strings.ReplaceAll(c.Certificate, ":", ""))}
		err = s.CreateDevice(ctx, hub.System, dev)
		return fmt.Sprintf("device %s of %s added", dev.AETitle, c.Member),
			map[string]any{"id": dev.ID, "ae_title": dev.AETitle, "member": c.Member, "auto_submit": dev.AutoSubmit}, err
	})
}

type agreementAdd struct {
	alliance
	Source   string   `required:"" help:"Code of the institution whose exams are read."`
	Centre   string   `required:"" help:"Code of the institution that reads."`
	Kind     []string `help:"image, ecg, holter, consultation; every kind if not given."`
	Fallback bool     `help:"The next tier, asked when the first centre finds nobody."`
}

// Run makes an agreement that begins now.
func (c *agreementAdd) Run(ctx context.Context, out io.Writer) error {
	return c.change(ctx, out, func(s *account.Service, d *db.DB) (string, any, error) {
		source, err := memberID(ctx, d, c.Source)
		if err != nil {
			return "", nil, err
		}
		centre, err := memberID(ctx, d, c.Centre)
		if err != nil {
			return "", nil, err
		}
		a := &hub.Agreement{Source: source, Centre: centre, Fallback: c.Fallback}
		for _, k := range c.Kind {
			a.Kinds = append(a.Kinds, hub.TaskKind(k))
		}
		err = s.CreateAgreement(ctx, hub.System, a)
		return fmt.Sprintf("%s reads for %s", c.Centre, c.Source),
			map[string]any{"id": a.ID, "source": c.Source, "centre": c.Centre, "fallback": a.Fallback}, err
	})
}
