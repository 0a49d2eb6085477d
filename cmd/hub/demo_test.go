package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDemoNeverListensOnADatabaseOfPatients(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	must(t, run(t.Context(), []string{"member", "add", "--data", dir, "--code", "REAL", "--name", "真医院"}, io.Discard, io.Discard))
	err := run(t.Context(), []string{"demo", "--data", dir, "--http", "127.0.0.1:0", "--dicom", "127.0.0.1:0"}, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "no demo") {
		t.Fatalf("got %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "addresses.json")); !os.IsNotExist(err) {
		t.Errorf("it has listened: %v", err)
	}
}
