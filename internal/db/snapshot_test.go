package db

import (
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/yuanzhen/yuanzhen/internal/hub"
)

func TestTablesAreThoseOfTheSchema(t *testing.T) {
	onEach(t, func(t *testing.T, d *DB) {
		query := "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'goose_%'"
		if d.Postgres() {
			query = "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema() AND table_name NOT LIKE 'goose_%'"
		}
		have, err := d.Read(t.Context()).strings(query)
		if err != nil {
			t.Fatal(err)
		}
		want, err := Tables()
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(have)
		slices.Sort(want)
		if !slices.Equal(have, want) {
			t.Fatalf("the schema has %v, the migrations name %v", have, want)
		}
	})
}

func TestSnapshotStaysAtItsMoment(t *testing.T) {
	onEach(t, func(t *testing.T, d *DB) {
		add := func(code string) {
			commit(t, d, func(tx *Tx) error {
				return tx.InsertMember(&hub.Member{ID: hub.NewID[hub.MemberID](), Code: code, Name: code})
			})
		}
		add("A")
		err := d.Snapshot(t.Context(), func(s *Snapshot) error {
			for range 2 {
				rows := 0
				err := s.Rows("member", func([]string) error { return nil }, func([]any) error { rows++; return nil })
				if err != nil || rows != 1 {
					t.Fatalf("%d members, %v", rows, err)
				}
				add(hub.NewID[string]())
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestLoadWantsEmptyTablesAndKnownNames(t *testing.T) {
	onEach(t, func(t *testing.T, d *DB) {
		rows := func(table string, columns []string, values ...any) error {
			return d.Load(t.Context(), func(l *Loader) error {
				_, err := l.Rows(table, columns, func() ([]any, error) {
					if values == nil {
						return nil, io.EOF
					}
					row := values
					values = nil
					return row, nil
				})
				return err
			})
		}
		if rows("setting; DROP TABLE member", []string{"name"}, "a") == nil || rows("setting", []string{"name) VALUES ('x'); --"}, "a") == nil {
			t.Fatal("a name out of a file became SQL")
		}
		if err := rows("counter", []string{"name", "n"}, "a", int64(7)); err != nil {
			t.Fatal(err)
		}
		if err := rows("counter", []string{"name", "n"}, "b", int64(7)); hub.CodeOf(err) != "restore.not_empty" {
			t.Fatalf("got %v", err)
		}
		stopped := errors.New("stopped")
		if err := d.Snapshot(t.Context(), func(*Snapshot) error { return stopped }); !errors.Is(err, stopped) {
			t.Fatalf("got %v", err)
		}
	})
}
