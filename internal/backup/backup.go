// Package backup copies a hub into a folder while it runs, puts such a folder
// back into an empty hub, and proves that every byte a row speaks of is there.
//
//	DIR/manifest.json        written last: without it the copy is not whole
//	DIR/rows/<table>.jsonl.gz  one line the columns, then one line a row
//	DIR/objects.jsonl.gz     key, bytes and digest (BLAKE3) of every object
//	DIR/objects/…            the objects, in the form of storage/disk
//	DIR/keys/…               the keys, unless they are left out
//
// Rows are read first, in one moment, objects after them: objects never change,
// so what the rows of that moment speak of can be copied at leisure. The form is
// the same for SQLite and PostgreSQL, for a folder and S3: any can be put back
// into any other. What only serves the moment stays behind: browser sessions,
// unfinished uploads, leases, objects marked for deletion, kept metadata.
package backup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/storage"
	"github.com/yuanzhen/yuanzhen/storage/disk"
)

// schema names the form of the folder.
const schema = "yuanzhen.backup/1"

const (
	manifestFile = "manifest.json"
	objectsFile  = "objects.jsonl.gz"
	rowsFolder   = "rows"
	keysFolder   = "keys"
)

// Manifest says what a backup holds. A file's hash is of the file as it lies
// there, compressed.
type Manifest struct {
	Schema   string    `json:"schema"`
	Hub      string    `json:"hub"`    // version that made it
	Tables   int64     `json:"tables"` // number of the last migration
	MadeAt   time.Time `json:"made_at"`
	Rows     []Table   `json:"rows"`
	Objects  Objects   `json:"objects"`
	WithKeys bool      `json:"with_keys"`
	Missing  []string  `json:"missing"` // what rows speak of and the store did not have
}

// Table is one table of a backup.
type Table struct {
	Name   string `json:"name"`
	Rows   int64  `json:"rows"`
	SHA256 string `json:"sha256"`
}

// Objects are the objects of a backup.
type Objects struct {
	Count  int    `json:"count"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"` // of the list
}

// Options are what Write and Restore need of a hub.
type Options struct {
	DB      *db.DB
	Objects storage.Objects
	Data    string // the hub's folder, whose keys are copied
	Keys    bool   // Write: copy the keys
	Version string // of the hub
}

// maxMissing bounds how many faults are named one by one.
const maxMissing = 100

// Write copies the hub into dir, which must be empty or new. What the store
// does not have is named in Manifest.Missing and does not keep the rest from
// being copied.
func Write(ctx context.Context, o Options, dir string) (*Manifest, error) {
	if err := emptyFolder(dir); err != nil {
		return nil, err
	}
	m := &Manifest{Schema: schema, Hub: o.Version, MadeAt: time.Now().UTC().Truncate(time.Millisecond), WithKeys: o.Keys, Missing: []string{}}
	if o.Keys {
		if err := copyKeys(filepath.Join(o.Data, keysFolder), filepath.Join(dir, keysFolder)); err != nil {
			return nil, err
		}
	}
	needs, err := writeRows(ctx, o.DB, dir, m)
	if err != nil {
		return nil, fmt.Errorf("backup of rows: %w", err)
	}
	target, err := disk.Open(dir)
	if err != nil {
		return nil, err
	}
	err = writeObjects(ctx, o.Objects, target, dir, needs, m)
	if err = errors.Join(err, target.Close()); err != nil {
		return nil, fmt.Errorf("backup of objects: %w", err)
	}
	if err := writeManifest(dir, m); err != nil {
		return nil, err
	}
	return m, o.DB.Tx(ctx, func(tx *db.Tx) error {
		return tx.Audit(hub.System, hub.Record{Action: "backup.made", Object: "backup/" + m.MadeAt.Format(time.RFC3339), OK: len(m.Missing) == 0})
	})
}

func emptyFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err == nil && len(entries) > 0 {
		err = fmt.Errorf("%s is not empty: a backup wants a folder of its own", dir)
	}
	return err
}

// writeManifest gives the manifest its name once it is whole and durable.
func writeManifest(dir string, m *Manifest) error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	fresh := filepath.Join(dir, manifestFile+".new")
	if err := writeFile(fresh, append(text, '\n')); err != nil {
		return err
	}
	return os.Rename(fresh, filepath.Join(dir, manifestFile))
}

// writeFile writes a small durable file for its owner only.
func writeFile(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Sync(), f.Close())
}

// maxManifest bounds a manifest in bytes.
const maxManifest = 4 << 20

// ReadManifest returns what a backup holds.
func ReadManifest(dir string) (*Manifest, error) {
	path := filepath.Join(dir, manifestFile)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s holds no whole backup: %s is missing", dir, manifestFile)
	}
	if err != nil {
		return nil, err
	}
	if info.Size() > maxManifest {
		return nil, fmt.Errorf("%s: %d bytes is too long", path, info.Size())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var m Manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if m.Schema != schema {
		return nil, fmt.Errorf("%s: form %q, this hub reads %s", path, m.Schema, schema)
	}
	return &m, nil
}

// copyKeys copies the key files of one folder into a new one, for the owner
// only.
func copyKeys(from, to string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	if err := os.MkdirAll(to, 0o700); err != nil {
		return err
	}
	for _, e := range entries {
		if filepath.Ext(e.Name()) != ".key" {
			continue
		}
		text, err := os.ReadFile(filepath.Join(from, e.Name()))
		if err != nil {
			return err
		}
		if err := writeFile(filepath.Join(to, e.Name()), text); err != nil {
			return err
		}
	}
	return nil
}
