//go:build !unix

package codec

// reserved is a module's memory as a Go slice, made large enough at once so
// that growing does not copy it.
type reserved struct{ all []byte }

func reserve(limit uint64) *reserved { return &reserved{make([]byte, limit)} }

// Reallocate implements experimental.LinearMemory.
func (r *reserved) Reallocate(size uint64) []byte {
	if size > uint64(len(r.all)) {
		return nil
	}
	return r.all[:size:size]
}

// Free implements experimental.LinearMemory.
func (r *reserved) Free() { r.all = nil }
