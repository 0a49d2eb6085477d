//go:build !unix

package codec

// reserved is a module's memory as a Go slice that grows up to its limit.
type reserved struct {
	all   []byte
	limit uint64
}

func reserve(limit uint64) *reserved { return &reserved{limit: limit} }

// Reallocate implements experimental.LinearMemory.
func (r *reserved) Reallocate(size uint64) []byte {
	if size > r.limit {
		return nil
	}
	if size > uint64(cap(r.all)) {
		larger := make([]byte, size, min(r.limit, size+size/4))
		copy(larger, r.all)
		r.all = larger
	}
	r.all = r.all[:size]
	return r.all
}

// Free implements experimental.LinearMemory.
func (r *reserved) Free() { r.all = nil }
