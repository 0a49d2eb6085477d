// Package pgtest gives tests a place of their own on a PostgreSQL server. It
// imports nothing of the hub's stores, so that their own tests may use it.
package pgtest

import (
	"database/sql"
	"net/url"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // registers the driver

	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// Schema makes a schema for one test on the server at an address, and returns
// the address that uses it. It is dropped when the test ends.
func Schema(t testing.TB, address string) string {
	t.Helper()
	pool, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	name := "t" + hub.NewID[string]()
	if _, err := pool.Exec("CREATE SCHEMA " + name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := pool.Exec("DROP SCHEMA " + name + " CASCADE"); err != nil {
			t.Error(err)
		}
		pool.Close()
	})
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("search_path", name)
	u.RawQuery = q.Encode()
	return u.String()
}
