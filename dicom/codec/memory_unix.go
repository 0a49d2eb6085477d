//go:build unix

package codec

import "syscall"

// reserved is a module's memory: addresses for all it may ever need, of which
// only what it grew to can be touched, and only what it touched exists. It
// never moves, and all of it is given back at once. Were it a Go slice,
// growing would copy it and the garbage collector would wait for twice as much.
type reserved struct{ all, used []byte }

// reserve returns nil if the system has no such room.
func reserve(limit uint64) *reserved {
	all, err := syscall.Mmap(-1, 0, int(limit), syscall.PROT_NONE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return nil
	}
	return &reserved{all: all}
}

// Reallocate implements experimental.LinearMemory.
func (r *reserved) Reallocate(size uint64) []byte {
	if size > uint64(len(r.all)) {
		return nil
	}
	if size > uint64(len(r.used)) {
		if err := syscall.Mprotect(r.all[:size], syscall.PROT_READ|syscall.PROT_WRITE); err != nil {
			return nil
		}
	}
	r.used = r.all[:size]
	return r.used
}

// Free implements experimental.LinearMemory.
func (r *reserved) Free() {
	if r.all != nil {
		syscall.Munmap(r.all) // fails only for what was not mapped
		r.all, r.used = nil, nil
	}
}
