package db

import (
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// column ties a column's name to where its value lives in a noun. The same
// list serves SELECT, INSERT and UPDATE, so they cannot drift apart.
type column struct {
	name string
	at   any // a pointer, or one of msec, flag, js, span
}

// msec keeps a time as milliseconds since 1970 UTC; zero time is 0.
type msec struct{ t *time.Time }

func (m msec) Scan(src any) error {
	var n sql.NullInt64
	if err := n.Scan(src); err != nil {
		return err
	}
	*m.t = time.Time{}
	if n.Int64 != 0 {
		*m.t = time.UnixMilli(n.Int64).UTC()
	}
	return nil
}

func (m msec) Value() (driver.Value, error) { return millis(*m.t), nil }

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// span keeps a duration as milliseconds.
type span struct{ d *time.Duration }

func (s span) Scan(src any) error {
	var n sql.NullInt64
	err := n.Scan(src)
	*s.d = time.Duration(n.Int64) * time.Millisecond
	return err
}

func (s span) Value() (driver.Value, error) { return s.d.Milliseconds(), nil }

// flag keeps a bool as 0 or 1.
type flag struct{ b *bool }

func (f flag) Scan(src any) error {
	var n sql.NullInt64
	err := n.Scan(src)
	*f.b = n.Int64 != 0
	return err
}

func (f flag) Value() (driver.Value, error) { return bit(*f.b), nil }

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// js keeps a list or a struct as JSON text; null reads as the zero value.
type js struct{ v any }

func (j js) Scan(src any) error {
	var s sql.NullString
	if err := s.Scan(src); err != nil {
		return err
	}
	if s.String == "" {
		return nil
	}
	return json.Unmarshal([]byte(s.String), j.v)
}

func (j js) Value() (driver.Value, error) {
	b, err := json.Marshal(j.v)
	if string(b) == "null" {
		b = []byte("[]")
	}
	return string(b), err
}

// table is one noun's mapping: T's columns in order, the key first, and the
// statements made of them.
type table[T any] struct {
	name    string
	keys    int // how many leading columns are the primary key
	columns func(*T) []column
	names   string // "table.column, table.column …"
	inserts string
	updates string // up to and with the key
	count   int    // of columns
}

// newTable maps T to a table whose first keys columns are its primary key.
func newTable[T any](name string, keys int, columns func(*T) []column) table[T] {
	t := table[T]{name: name, keys: keys, columns: columns}
	var names, full, marks, sets, key []string
	for i, c := range columns(new(T)) {
		mark := "$" + strconv.Itoa(i+1)
		names, full, marks = append(names, c.name), append(full, name+"."+c.name), append(marks, mark)
		if i < keys {
			key = append(key, c.name+" = "+mark)
		} else {
			sets = append(sets, c.name+" = "+mark)
		}
	}
	t.count = len(names)
	t.names = strings.Join(full, ", ")
	t.inserts = "INSERT INTO " + name + " (" + strings.Join(names, ", ") + ") VALUES (" + strings.Join(marks, ", ") + ")"
	t.updates = "UPDATE " + name + " SET " + strings.Join(sets, ", ") + " WHERE " + strings.Join(key, " AND ")
	return t
}

// selects returns "SELECT columns FROM table " + rest. A limit in rest is
// written "LIMIT 0+$1": SQLite prepares a statement anew at each run whose
// limit is a bare parameter, because its plan depends on the number.
func (t table[T]) selects(rest string) string {
	return "SELECT " + t.names + " FROM " + t.name + " " + rest
}

func (t table[T]) one(tx *Tx, op, rest string, args ...any) (*T, error) {
	v := new(T)
	err := tx.q.QueryRowContext(tx.ctx, t.selects(rest), args...).Scan(pointers(t.columns(v))...)
	if err != nil {
		return nil, notFound(op, err)
	}
	return v, nil
}

func (t table[T]) all(tx *Tx, rest string, args ...any) ([]*T, error) {
	rows, err := tx.q.QueryContext(tx.ctx, t.selects(rest), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []*T
	for rows.Next() {
		v := new(T)
		if err := rows.Scan(pointers(t.columns(v))...); err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

func (t table[T]) insert(tx *Tx, v *T) error {
	_, err := tx.exec(t.inserts, pointers(t.columns(v))...)
	return err
}

// insertNewRows inserts those of rows that break no unique key of the table, by
// one statement, and returns how many it did.
func (t table[T]) insertNewRows(tx *Tx, rows []*T) (int64, error) {
	head, marks, _ := strings.Cut(t.inserts, " VALUES ")
	var query strings.Builder
	query.WriteString(head + " VALUES ")
	args := make([]any, 0, len(rows)*t.count)
	for i, v := range rows {
		if i > 0 {
			query.WriteString(", ")
		}
		query.WriteString(renumber(marks, i*t.count))
		args = append(args, pointers(t.columns(v))...)
	}
	query.WriteString(" ON CONFLICT DO NOTHING")
	return tx.exec(query.String(), args...)
}

// update writes all columns of v where its key, and extra conditions on the
// row as it is now, hold; it reports whether a row did.
func (t table[T]) update(tx *Tx, v *T, and string, args ...any) (bool, error) {
	query := t.updates
	if and != "" {
		query += " AND " + renumber(and, t.count)
	}
	n, err := tx.exec(query, append(pointers(t.columns(v)), args...)...)
	return n > 0, err
}

// renumber shifts $1, $2 … of a condition by n.
func renumber(condition string, n int) string {
	var b strings.Builder
	for i := 0; i < len(condition); i++ {
		b.WriteByte(condition[i])
		if condition[i] != '$' {
			continue
		}
		j := i + 1
		for j < len(condition) && condition[j] >= '0' && condition[j] <= '9' {
			j++
		}
		k, _ := strconv.Atoi(condition[i+1 : j])
		b.WriteString(strconv.Itoa(k + n))
		i = j - 1
	}
	return b.String()
}

func pointers(columns []column) []any {
	out := make([]any, len(columns))
	for i, c := range columns {
		out[i] = c.at
	}
	return out
}

// filter collects conditions with their arguments.
type filter struct {
	conditions []string
	args       []any
}

// add appends a condition; each "?" in it is the next of args.
func (f *filter) add(condition string, args ...any) {
	for _, a := range args {
		f.args = append(f.args, a)
		condition = strings.Replace(condition, "?", fmt.Sprintf("$%d", len(f.args)), 1)
	}
	f.conditions = append(f.conditions, condition)
}

func (f *filter) where() string {
	if len(f.conditions) == 0 {
		return ""
	}
	return "WHERE " + strings.Join(f.conditions, " AND ")
}

// in returns "(?, ?, …)" for n values.
func in(n int) string { return "(" + strings.TrimSuffix(strings.Repeat("?, ", n), ", ") + ")" }

func itoa(n int) string { return strconv.Itoa(n) }

// Value joins the words.
func (w words) Value() (driver.Value, error) { return strings.Join(*w.list, `\`), nil }
