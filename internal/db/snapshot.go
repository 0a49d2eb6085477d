package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// created finds the tables that a migration makes.
var created = regexp.MustCompile(`(?m)^CREATE TABLE (\w+) \(`)

// Tables returns the names of all tables in the order in which the migrations
// make them: one that refers to another comes after it.
func Tables() ([]string, error) {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	slices.Sort(files)
	var names []string
	for _, f := range files {
		text, err := migrations.ReadFile(f)
		if err != nil {
			return nil, err
		}
		for _, m := range created.FindAllSubmatch(text, -1) {
			names = append(names, string(m[1]))
		}
	}
	return names, nil
}

// Snapshot is one moment of all rows, whatever is written meanwhile.
type Snapshot struct{ tx *Tx }

// Snapshot calls fn with the rows as they are now. It holds no lock; on SQLite
// the log is not cut short until fn returns, so fn should not wait for the
// object store.
func (d *DB) Snapshot(ctx context.Context, fn func(*Snapshot) error) error {
	var opts sql.TxOptions
	if d.postgres {
		opts = sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	}
	inner, err := d.read.BeginTx(ctx, &opts)
	if err != nil {
		return err
	}
	defer inner.Rollback()
	return fn(&Snapshot{&Tx{ctx: ctx, q: inner, db: d}})
}

// Schema is the number of the last migration.
func (s *Snapshot) Schema() (int64, error) { return s.tx.schema() }

func (tx *Tx) schema() (n int64, err error) {
	err = tx.q.QueryRowContext(tx.ctx, "SELECT max(version_id) FROM goose_db_version").Scan(&n)
	return n, err
}

// Rows calls head with a table's columns, then row with the values of each row
// as the engine gives them: int64, float64, string, []byte or nil. The slice is
// row's only until it returns.
func (s *Snapshot) Rows(table string, head func(columns []string) error, row func(values []any) error) error {
	rows, err := s.tx.q.QueryContext(s.tx.ctx, "SELECT * FROM "+table)
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	if err := head(columns); err != nil {
		return err
	}
	values, at := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		at[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(at...); err != nil {
			return err
		}
		if err := row(values); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Loader fills an empty database.
type Loader struct{ *Tx }

// Load runs fn in one transaction that must begin on empty tables; a row
// anywhere is a Conflict that names the table.
func (d *DB) Load(ctx context.Context, fn func(*Loader) error) error {
	tables, err := Tables()
	if err != nil {
		return err
	}
	return d.Tx(ctx, func(tx *Tx) error {
		for _, t := range tables {
			found, err := tx.strings("SELECT '' FROM " + t + " LIMIT 1")
			if err != nil {
				return err
			}
			if len(found) > 0 {
				return hub.Wrap(hub.Conflict, "db.Load", "restore.not_empty", fmt.Errorf("the database is in use: table %s has rows", t))
			}
		}
		return fn(&Loader{tx})
	})
}

// Schema is the number of the last migration.
func (l *Loader) Schema() (int64, error) { return l.schema() }

// loadValues bounds the values of one INSERT; both engines take far more.
const loadValues = 1000

// Rows inserts what next returns until io.EOF and returns how many rows it
// were. A name that is no column of the table is an error.
func (l *Loader) Rows(table string, columns []string, next func() ([]any, error)) (int64, error) {
	if err := l.known(table, columns); err != nil {
		return 0, err
	}
	most := max(1, loadValues/len(columns))
	var args []any
	var total int64
	for {
		row, err := next()
		if err != nil && !errors.Is(err, io.EOF) {
			return total, err
		}
		if err == nil {
			args = append(args, row...)
			total++
		}
		if n := len(args) / len(columns); n == most || err != nil && n > 0 {
			if _, err := l.exec("INSERT INTO "+table+" ("+strings.Join(columns, ", ")+") VALUES "+marksOf(n, len(columns)), args...); err != nil {
				return total, fmt.Errorf("table %s, rows up to %d: %w", table, total, err)
			}
			args = args[:0]
		}
		if err != nil {
			return total, nil
		}
	}
}

// known refuses tables and columns that this hub does not have: their names
// come out of a file and become SQL.
func (l *Loader) known(table string, columns []string) error {
	tables, err := Tables()
	if err != nil {
		return err
	}
	if !slices.Contains(tables, table) {
		return fmt.Errorf("table %q is not one of this hub", table)
	}
	rows, err := l.q.QueryContext(l.ctx, "SELECT * FROM "+table+" LIMIT 0")
	if err != nil {
		return err
	}
	defer rows.Close()
	have, err := rows.Columns()
	if err != nil {
		return err
	}
	for _, c := range columns {
		if !slices.Contains(have, c) {
			return fmt.Errorf("table %s has no column %q", table, c)
		}
	}
	if len(columns) == 0 {
		return fmt.Errorf("table %s: no columns", table)
	}
	return rows.Err()
}

// marksOf returns "($1, $2), ($3, $4)" for rows of so many columns.
func marksOf(rows, columns int) string {
	var b strings.Builder
	for i := range rows * columns {
		switch {
		case i == 0:
			b.WriteString("(")
		case i%columns == 0:
			b.WriteString("), (")
		default:
			b.WriteString(", ")
		}
		b.WriteString("$" + itoa(i+1))
	}
	return b.String() + ")"
}
