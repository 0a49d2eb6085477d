package db

import (
	"fmt"
	"testing"
)

// A database that nobody set up right still works, but loses acknowledged
// rows in a power cut, or needs memory without bound.
func TestEveryConnectionIsBoundedAndDurable(t *testing.T) {
	t.Parallel()
	d, err := Open(t.Context(), "sqlite:"+t.TempDir()+"/hub.db")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	want := map[string]string{"page_size": fmt.Sprint(litePage), "cache_size": fmt.Sprint(-liteCache), "mmap_size": "0", "synchronous": "2",
		"journal_mode": "wal", "foreign_keys": "1"}
	for pragma, value := range want {
		for name, q := range map[string]querier{"reader": d.read, "writer": d.lite} {
			var got string
			if err := q.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil {
				t.Fatal(err)
			}
			if got != value {
				t.Errorf("%s: %s is %s, want %s", name, pragma, got, value)
			}
		}
	}
}
