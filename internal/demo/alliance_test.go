package demo

import (
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/yuanzhen/yuanzhen/internal/account"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/keys"
)

func TestADemoWhoseFirstStartBrokeOffSaysWhatToDo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d, err := db.Open(t.Context(), "sqlite:"+filepath.Join(dir, "hub.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	ring, err := keys.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	accounts := account.New(d, ring, slog.New(slog.DiscardHandler), account.DefaultLimits, account.Params{MemoryKiB: 64, Passes: 1, Lanes: 1})
	broken := func(*db.Tx) error { panic("the power went") }
	func() {
		defer func() { _ = recover() }()
		_, _ = Alliance(t.Context(), d, accounts, dir, Seeds{broken})
	}()
	_, err = Alliance(t.Context(), d, accounts, dir, nil)
	if err == nil || !strings.Contains(err.Error(), "remove "+dir) {
		t.Fatalf("the second start says %v", err)
	}
}
