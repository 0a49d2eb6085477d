package chunk

import "github.com/yuanzhen/yuanzhen/storage"

// Summed is a List that is hashed while it is filled. Reset takes the bytes
// away but not what they did to the hash, so that one that grows longer than
// memory should can be put elsewhere on the way.
type Summed struct {
	List
	hash storage.Hash
}

// NewSummed returns an empty list that borrows from p.
func (p *Pool) NewSummed() *Summed { return &Summed{List: List{pool: p}, hash: storage.NewHash()} }

// Write appends b. It never fails.
func (s *Summed) Write(b []byte) (int, error) {
	s.hash.Write(b)
	return s.List.Write(b)
}

// Sum returns the digest of all bytes ever written.
func (s *Summed) Sum() storage.Digest { return s.hash.Sum() }
