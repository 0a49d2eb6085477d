package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestSpoolForgetsWhatAKilledHubLeft(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	dir, err := openSpool(data)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Fatalf("%v, %v", info, err)
	}
	old, young := filepath.Join(dir, "stow-1"), filepath.Join(dir, "stow-2")
	for _, name := range []string{old, young} {
		if err := os.WriteFile(name, []byte("a patient's"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	then := time.Now().Add(-2 * spoolKeep)
	if err := os.Chtimes(old, then, then); err != nil {
		t.Fatal(err)
	}
	if _, err := openSpool(data); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(old); !os.IsNotExist(err) {
		t.Errorf("the old one: %v", err)
	}
	if _, err := os.Stat(young); err != nil {
		t.Errorf("the one another process may be writing: %v", err)
	}
}
