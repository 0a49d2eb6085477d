//go:build !linux

package disk

import "os"

// datasync makes f's bytes and length durable.
func datasync(f *os.File) error { return f.Sync() }
