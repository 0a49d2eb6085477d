package main

import (
	"os"
	"path/filepath"
	"time"
)

// spoolKeep is how long what a killed hub left in its spool stays there: another
// process on the same folder may be writing.
const spoolKeep = 24 * time.Hour

// openSpool makes the folder for what is received and too long for memory, and
// removes what was left there: it is patients' data that nobody is told to have
// arrived. The system's folder for temporary files would keep it, or be memory
// itself.
func openSpool(data string) (string, error) {
	dir := filepath.Join(data, "spool")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	list, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	for _, e := range list {
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > spoolKeep {
			os.Remove(filepath.Join(dir, e.Name())) // tried again at the next start
		}
	}
	return dir, nil
}
