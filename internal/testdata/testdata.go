// Package testdata finds the folder of real DICOM and ECG files that tests
// read at run time. The files carry their own licences and are never part of
// this repository.
package testdata

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Dir returns the folder that holds dicom/ and ecg/: $YUANZHEN_TESTDATA, or
// shared/data beside the repository. Without one it skips the test, or fails
// it when YUANZHEN_REQUIRE_TESTDATA is 1.
func Dir(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("YUANZHEN_TESTDATA")
	if dir == "" {
		_, here, _, _ := runtime.Caller(0)
		dir = filepath.Join(filepath.Dir(here), "..", "..", "..", "shared", "data")
	}
	if st, err := os.Stat(filepath.Join(dir, "dicom")); err == nil && st.IsDir() {
		return dir
	}
	if os.Getenv("YUANZHEN_REQUIRE_TESTDATA") == "1" {
		t.Fatal("no test data: set YUANZHEN_TESTDATA to the folder that holds dicom/ and ecg/")
	}
	t.Skip("no test data here (set YUANZHEN_TESTDATA): corpus checks skipped")
	return ""
}

// Files lists the regular files below sub whose base name matches pattern
// ("*" for all), as absolute paths in lexical order.
func Files(t testing.TB, sub, pattern string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(filepath.Join(Dir(t), sub), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if ok, _ := filepath.Match(pattern, d.Name()); ok && d.Type().IsRegular() {
			files = append(files, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
