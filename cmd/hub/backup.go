package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/yuanzhen/yuanzhen/internal/account"
	"github.com/yuanzhen/yuanzhen/internal/backup"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/keys"
	"github.com/yuanzhen/yuanzhen/internal/worklist"
)

type backupCommand struct {
	Settings
	Dir  string `arg:"" help:"New folder for the copy." type:"path"`
	Keys bool   `help:"Copy the keys too. Without them sealed fields and signatures of a restored hub need the keys folder from elsewhere." default:"true" negatable:""`
}

// Run copies the hub, which may be running, into a folder.
func (c *backupCommand) Run(ctx context.Context, out io.Writer) error {
	sys, err := existing(ctx, &c.Settings)
	if err != nil {
		return err
	}
	defer sys.close()
	m, err := backup.Write(ctx, backup.Options{DB: sys.db, Objects: sys.objects, Data: c.Data, Keys: c.Keys, Version: version}, c.Dir)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s: %d rows in %d tables, %d objects, %d bytes\n", c.Dir, countRows(m), len(m.Rows), m.Objects.Count, m.Objects.Bytes)
	if m.WithKeys {
		fmt.Fprintln(out, "the copy holds the keys: whoever has it can read everything, so keep it like the hub itself (--no-keys leaves them out)")
	}
	for _, what := range m.Missing {
		fmt.Fprintln(out, "missing:", what)
	}
	if len(m.Missing) > 0 {
		return errors.New("the copy is made, but rows speak of objects that the store does not have: run hub verify")
	}
	return nil
}

func countRows(m *backup.Manifest) (n int64) {
	for _, t := range m.Rows {
		n += t.Rows
	}
	return n
}

// existing opens a hub that is there: a command that checks or copies must not
// find a new, empty one in order because of a wrong --data.
func existing(ctx context.Context, s *Settings) (*system, error) {
	if _, err := os.Stat(filepath.Join(s.Data, "keys")); err != nil {
		return nil, fmt.Errorf("there is no hub in --data %s: %w", s.Data, err)
	}
	return assemble(ctx, s, worklist.DefaultRules(), account.DefaultParams)
}

type restoreCommand struct {
	Settings
	Dir string `arg:"" help:"Folder that hub backup made." type:"path"`
}

// Run puts a backup into an empty hub.
func (c *restoreCommand) Run(ctx context.Context, out io.Writer) (err error) {
	if err := backup.RestoreKeys(c.Dir, c.Data); err != nil {
		return err
	}
	ring, err := keys.Open(c.Data)
	if err != nil {
		return err
	}
	rows, err := db.Open(ctx, c.database())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	objects, err := openObjects(ctx, &c.Settings)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, objects.Close()) }()
	m, err := backup.Restore(ctx, backup.Options{DB: rows, Objects: objects}, ring, c.Dir)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "restored the hub as of %s: %d rows, %d objects, %d bytes; now run hub verify\n",
		m.MadeAt.Format("2006-01-02 15:04:05 MST"), countRows(m), m.Objects.Count, m.Objects.Bytes)
	return nil
}

type verifyCommand struct{ Settings }

// Run proves that every byte a row speaks of is there.
func (c *verifyCommand) Run(ctx context.Context, out io.Writer) error {
	sys, err := existing(ctx, &c.Settings)
	if err != nil {
		return err
	}
	defer sys.close()
	found, err := backup.Verify(ctx, sys.db, sys.objects, sys.keys)
	if err != nil {
		return err
	}
	found.Print(out)
	if !found.OK() {
		return errors.New("the hub does not hold everything its rows speak of")
	}
	return nil
}
