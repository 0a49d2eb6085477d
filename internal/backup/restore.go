package backup

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/keys"
	"github.com/yuanzhen/yuanzhen/storage"
	"github.com/yuanzhen/yuanzhen/storage/disk"
)

// RestoreKeys puts a backup's keys into a hub's folder, before anything else
// opens it. Keys that are there stay; a backup without keys needs them.
func RestoreKeys(dir, data string) error {
	m, err := ReadManifest(dir)
	if err != nil {
		return err
	}
	to := filepath.Join(data, keysFolder)
	if _, err := os.Stat(to); err == nil {
		return nil
	}
	if !m.WithKeys {
		return fmt.Errorf("this backup holds no keys: put the hub's keys into %s first", to)
	}
	fresh := to + "-restored"
	if err := os.RemoveAll(fresh); err != nil { // of an attempt that was cut off
		return err
	}
	if err := copyKeys(filepath.Join(dir, keysFolder), fresh); err != nil {
		return err
	}
	return os.Rename(fresh, to)
}

// Restore puts a backup into a hub whose tables are empty: objects first, then
// all rows in one transaction, so that an attempt that was cut off leaves an
// empty hub and can be made again. ring are the keys of the new hub, which must
// be those of the old one.
func Restore(ctx context.Context, o Options, ring *keys.Ring, dir string) (*Manifest, error) {
	m, err := ReadManifest(dir)
	if err != nil {
		return nil, err
	}
	if err := o.DB.Load(ctx, func(l *db.Loader) error { return sameSchema(l, m) }); err != nil {
		return nil, err
	}
	from, err := disk.Open(dir)
	if err != nil {
		return nil, err
	}
	err = restoreObjects(ctx, from, o.Objects, dir, m)
	if err = errors.Join(err, from.Close()); err != nil {
		return nil, fmt.Errorf("restore of objects: %w", err)
	}
	return m, o.DB.Load(ctx, func(l *db.Loader) error {
		for _, t := range m.Rows {
			if err := restoreTable(l, dir, t); err != nil {
				return err
			}
		}
		if err := ring.Bind(l); err != nil {
			return err
		}
		return l.Audit(hub.System, hub.Record{Action: "backup.restored", Object: "backup/" + m.MadeAt.Format(time.RFC3339), OK: true})
	})
}

// sameSchema refuses rows of other tables than this hub's: what a migration
// does to rows would be missing.
func sameSchema(l *db.Loader, m *Manifest) error {
	n, err := l.Schema()
	if err == nil && n != m.Tables {
		err = fmt.Errorf("the backup was made by hub %s with tables of form %d, this hub has form %d: restore with that version, then upgrade", m.Hub, m.Tables, n)
	}
	return err
}

func restoreTable(l *db.Loader, dir string, t Table) error {
	r, err := openLines(rowsPath(dir, filepath.Base(t.Name)), t.SHA256)
	if err != nil {
		return err
	}
	defer r.close()
	columns, err := r.head()
	if err != nil {
		return err
	}
	n, err := l.Rows(t.Name, columns, func() ([]any, error) {
		values, err := r.next()
		if err == nil && len(values) != len(columns) {
			err = fmt.Errorf("%s line %d: %d values for %d columns", r.name, r.n, len(values), len(columns))
		}
		return values, err
	})
	if err == nil && n != t.Rows {
		err = fmt.Errorf("table %s: %d rows, the manifest says %d", t.Name, n, t.Rows)
	}
	return err
}

// restoreObjects copies every listed object; one that is there already, from an
// attempt that was cut off, must be the same.
func restoreObjects(ctx context.Context, from, to storage.Objects, dir string, m *Manifest) error {
	r, err := openLines(filepath.Join(dir, objectsFile), m.Objects.SHA256)
	if err != nil {
		return err
	}
	defer r.close()
	var reading error
	err = each(ctx, func(yield func([]any) bool) {
		for {
			values, err := r.next()
			if err != nil {
				reading = err
				return
			}
			if !yield(values) {
				return
			}
		}
	}, func(ctx context.Context, values []any) error {
		c, err := listed(values)
		if err != nil {
			return err
		}
		return restoreObject(ctx, from, to, c)
	})
	if err == nil && reading != io.EOF {
		err = reading
	}
	return err
}

// listed reads a line of the list of objects.
func listed(values []any) (copied, error) {
	if len(values) != 3 {
		return copied{}, fmt.Errorf("list of objects: a line of %d values", len(values))
	}
	key, isKey := values[0].(string)
	n, isCount := values[1].(int64)
	sum, isSum := values[2].(string)
	c := copied{key: key, bytes: n}
	if !isKey || !isCount || !isSum || n < 0 {
		return c, errors.New("list of objects: not a key, a length and a hash")
	}
	raw, err := hex.DecodeString(sum)
	if err != nil || len(raw) != len(c.sum) {
		return c, fmt.Errorf("list of objects: %s: not a digest", key)
	}
	copy(c.sum[:], raw)
	return c, nil
}

func restoreObject(ctx context.Context, from, to storage.Objects, c copied) error {
	ref := storage.Ref{Key: storage.Key(c.key), Length: c.bytes}
	r, err := storage.Verified(ctx, from, ref, c.sum)
	if err != nil {
		return fmt.Errorf("object %s: %w", c.key, err)
	}
	defer r.Close()
	w, err := to.Create(ctx, ref.Key)
	if err == nil {
		defer w.Abort()
		if _, err = io.Copy(w, r); err != nil {
			return fmt.Errorf("object %s: %w", c.key, err)
		}
		_, err = w.Commit()
	}
	if !errors.Is(err, storage.ErrConflict) {
		return err
	}
	have, err := storage.Verified(ctx, to, ref, c.sum)
	if err != nil {
		return err
	}
	defer have.Close()
	if _, err := io.Copy(io.Discard, have); err != nil {
		return fmt.Errorf("another object is there already: %w", err)
	}
	return nil
}
