package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/account"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/demo"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/recognition"
	"github.com/yuanzhen/yuanzhen/internal/report"
	"github.com/yuanzhen/yuanzhen/internal/worklist"
)

type demoCommand struct {
	Settings
	Empty bool `help:"Make the accounts only, send no studies."`
	// Known makes the demo as strict as a hub that serves patients.
	Known bool `name:"known-devices" help:"Refuse devices that are not registered; with --empty, because the demo's own are not."`
}

// demoCost hashes passwords cheaply: the demo's are 16 random characters in a
// file beside the database, and eighteen accounts are made at the first start.
var demoCost = account.Params{MemoryKiB: 8 << 10, Passes: 1, Lanes: 1}

// demoSettle is the settle time of a demo, unless the settings file has one.
const demoSettle = 2 * time.Second

// Run makes the demonstration alliance and serves it until ctx ends.
func (c *demoCommand) Run(ctx context.Context, out io.Writer) error {
	base := worklist.DefaultRules()
	base.Settle = demoSettle
	rules, err := c.rules(base)
	if err != nil {
		return err
	}
	sys, err := assemble(ctx, &c.Settings, rules, demoCost)
	if err != nil {
		return err
	}
	defer sys.close()
	sys.node.Open, sys.node.Fallback = !c.Known, "CLINIC1"
	// Before anything listens: a database of patients is no place for open doors.
	accounts, err := demo.Alliance(ctx, sys.db, sys.accounts, c.Data, sys.seeds())
	if err != nil {
		return err
	}
	return sys.serve(ctx, func(ctx context.Context) error {
		fmt.Fprintf(out, "远诊演示已启动 / demo is running: %s\n账号与密码 / accounts: %s\n", sys.address(), demo.AccountsPath(c.Data))
		for _, a := range accounts {
			if a.Login == "tech1" || a.Login == "reader1" || a.Login == "reviewer1" {
				fmt.Fprintf(out, "  %-10s %s\n", a.Login, a.Password)
			}
		}
		if !c.Empty {
			go sys.sendDemo(ctx, accounts)
		}
		return nil
	})
}

// sendDemo sends the generated studies once in the life of a data folder.
func (sys *system) sendDemo(ctx context.Context, accounts []demo.Account) {
	const sent = "demo_sent"
	if done, err := sys.db.Read(ctx).Setting(sent); err != nil || done != "" {
		return
	}
	s := &demo.Sender{HTTP: sys.address(), DICOM: sys.dicom, AET: sys.settings.AET, Accounts: accounts, Log: sys.log}
	if err := s.Send(ctx, time.Now()); err != nil {
		if ctx.Err() == nil {
			sys.log.Error("demo studies", "error", err)
		}
		return
	}
	if err := sys.db.Tx(ctx, func(tx *db.Tx) error { return tx.SetSetting(sent, "1") }); err != nil {
		sys.log.Error("demo studies", "error", err)
	}
}

// seeds are what each step puts into a new alliance.
func (sys *system) seeds() demo.Seeds {
	return demo.Seeds{report.SeedTemplates, recognition.SeedCatalogue, seedMarks}
}

// seedMarks lets every member's results be recognised.
func seedMarks(tx *db.Tx) error {
	members, err := tx.Members()
	if err != nil {
		return err
	}
	var ids []hub.MemberID
	for _, m := range members {
		ids = append(ids, m.ID)
	}
	return recognition.SeedMarks(tx, ids, tx.Now().AddDate(-1, 0, 0), tx.Now().AddDate(2, 0, 0))
}
