package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/demo"
	"github.com/yuanzhen/yuanzhen/internal/worklist"
)

type demoCommand struct {
	Settings
	Empty bool `help:"Make the accounts only, send no studies."`
}

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
	sys, err := assemble(ctx, &c.Settings, rules, os.Stderr)
	if err != nil {
		return err
	}
	defer sys.close()
	sys.node.Open, sys.node.Fallback = true, "CLINIC1"
	return sys.serve(ctx, func(ctx context.Context) error {
		accounts, err := demo.Alliance(ctx, sys.db, sys.accounts, c.Data, sys.seeds())
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "远诊演示已启动 / demo is running: %s\n账号与密码 / accounts: %s\n", sys.address(), demo.AccountsPath(c.Data))
		for _, a := range accounts {
			if a.Login == "tech1" || a.Login == "reader1" || a.Login == "reviewer1" {
				fmt.Fprintf(out, "  %-10s %s\n", a.Login, a.Password)
			}
		}
		return nil
	})
}

// seeds are what each step puts into a new alliance.
func (sys *system) seeds() demo.Seeds { return nil }
