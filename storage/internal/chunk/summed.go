package chunk

import (
	"crypto/sha256"
	"hash"
	"sync"
)

// aheadLimit is how many full chunks may wait for their hash.
const aheadLimit = 16

// Summed is a List that is hashed while it is filled, written and flushed. A
// processor without SHA instructions needs longer for the SHA-256 of a CT slice
// than a disk for its flush, so the two happen at the same time.
//
// Its methods are called by one goroutine at a time, and either Finish or Drop
// ends it.
type Summed struct {
	List
	hash  hash.Hash
	given int64 // bytes of the list that were given to the hash
	ended bool

	work chan []byte // nil before the first chunk is full
	busy sync.WaitGroup
	sum  [sha256.Size]byte
	done chan struct{} // sum is set, and after Finish the memory given back
}

// NewSummed returns an empty list that borrows from p.
func (p *Pool) NewSummed() *Summed {
	return &Summed{List: List{pool: p}, hash: sha256.New(), done: make(chan struct{})}
}

// Write appends b. It waits only for the hash, never for anything else, and
// never fails.
func (s *Summed) Write(b []byte) (int, error) {
	n, err := s.List.Write(b)
	for s.n-s.given >= Size {
		s.give()
	}
	return n, err
}

// give passes the next chunk to the hash.
func (s *Summed) give() {
	if s.work == nil {
		s.work = make(chan []byte, aheadLimit)
		go s.run()
	}
	b := s.at(s.given)
	s.given += int64(len(b))
	s.busy.Add(1)
	s.work <- b
}

func (s *Summed) run() {
	for b := range s.work {
		s.hash.Write(b)
		s.busy.Done()
	}
	s.close()
}

func (s *Summed) close() {
	s.hash.Sum(s.sum[:0])
	s.Reset()
	close(s.done)
}

// Forget drops the bytes held, once they are hashed and the caller has put them
// elsewhere, for one that grows longer than memory should.
func (s *Summed) Forget() {
	s.settle()
	s.Reset()
	s.given = 0
}

// settle returns when all bytes held are hashed. If no chunk was full yet they
// are hashed here: waking another core would gain nothing.
func (s *Summed) settle() {
	if s.work == nil {
		for s.given < s.n {
			b := s.at(s.given)
			s.hash.Write(b)
			s.given += int64(len(b))
		}
		return
	}
	for s.given < s.n {
		s.give()
	}
	s.busy.Wait()
}

// Finish says that all bytes are there and that the list is no longer needed.
// It does not wait for the hash. After it only Sum may be called.
func (s *Summed) Finish() {
	if s.ended {
		return
	}
	s.ended = true
	if s.work == nil {
		s.settle()
		s.close()
		return
	}
	for s.given < s.n {
		s.give()
	}
	close(s.work)
}

// SumSoFar waits for and returns the SHA-256 of all bytes written until now. The
// bytes stay. It is called before Finish.
func (s *Summed) SumSoFar() [sha256.Size]byte {
	s.settle()
	return [sha256.Size]byte(s.hash.Sum(nil))
}

// Drop gives the memory back without a sum. After Finish it does nothing.
func (s *Summed) Drop() {
	if s.ended {
		return
	}
	s.ended = true
	if s.work != nil {
		close(s.work)
		<-s.done
		return
	}
	s.Reset()
}

// Sum waits for and returns the SHA-256 of all bytes ever written. It may be
// called after Finish only, but then by many.
func (s *Summed) Sum() [sha256.Size]byte {
	<-s.done
	return s.sum
}
