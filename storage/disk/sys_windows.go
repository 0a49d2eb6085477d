package disk

import (
	"errors"
	"syscall"
)

// syncDir does nothing: Windows cannot flush a folder, NTFS journals names.
func syncDir(string) error { return nil }

// Codes of winerror.h that the syscall package does not name.
const (
	errorHandleDiskFull   = syscall.Errno(39)
	errorDiskFull         = syscall.Errno(112)
	errorDiskQuotaExceeds = syscall.Errno(1295)
)

// isFull tells whether err says that there is no room: disk full, or quota.
func isFull(err error) bool {
	return errors.Is(err, errorDiskFull) || errors.Is(err, errorHandleDiskFull) || errors.Is(err, errorDiskQuotaExceeds)
}
