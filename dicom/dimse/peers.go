package dimse

import (
	"container/list"
	"context"
	"net"
	"sync"

	"github.com/yuanzhen/yuanzhen/dicom/ul"
)

// maxPending bounds the connections that have no association: they have not
// asked for one yet, or it has ended and they have not closed. Beyond it the
// oldest is dropped, so silent connections cannot keep others out.
const maxPending = 256

// peers keeps the connections of one Serve.
type peers struct {
	server *Server
	wg     sync.WaitGroup

	mu       sync.Mutex // guards the fields below
	pending  list.List  // of *peer, oldest first
	open     map[*peer]struct{}
	stopping bool
}

// peer is one connection: pending, then perhaps open, then pending again.
type peer struct {
	nc   net.Conn
	conn *ul.Conn      // set while open
	elem *list.Element // in peers.pending, nil while open
}

// admit starts the goroutine of a new connection.
func (p *peers) admit(ctx context.Context, nc net.Conn) {
	c := &peer{nc: nc}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopping {
		nc.Close()
		return
	}
	p.pend(c)
	p.wg.Go(func() {
		defer p.forget(c)
		p.server.serve(ctx, p, c)
	})
}

// pend puts c among the pending; p.mu is held.
func (p *peers) pend(c *peer) {
	if p.pending.Len() >= maxPending {
		oldest := p.pending.Remove(p.pending.Front()).(*peer)
		oldest.elem = nil
		oldest.nc.Close()
	}
	c.elem = p.pending.PushBack(c)
}

func (p *peers) unpend(c *peer) {
	if c.elem != nil {
		p.pending.Remove(c.elem)
		c.elem = nil
	}
}

// enter counts c as an open association. It returns a refusal when there are
// enough of them.
func (p *peers) enter(c *peer, conn *ul.Conn) *Reject {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.stopping:
		conn.Drain()
		return ul.RejectCongestion
	case len(p.open) >= p.server.maxAssociations():
		return ul.RejectLocalLimit
	}
	if p.open == nil {
		p.open = map[*peer]struct{}{}
	}
	p.unpend(c)
	c.conn = conn
	p.open[c] = struct{}{}
	return nil
}

// leave ends what enter began; the connection may linger among the pending.
func (p *peers) leave(c *peer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, c)
	p.pend(c)
}

func (p *peers) forget(c *peer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unpend(c)
}

// drain begins the soft stop.
func (p *peers) drain() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopping = true
	for e := p.pending.Front(); e != nil; e = e.Next() {
		e.Value.(*peer).nc.Close()
	}
	for c := range p.open {
		c.conn.Drain()
	}
}

// kill ends what is left of the soft stop.
func (p *peers) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for e := p.pending.Front(); e != nil; e = e.Next() {
		e.Value.(*peer).nc.Close()
	}
	for c := range p.open {
		p.wg.Go(c.conn.Kill)
	}
}
