package dimse

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"

	"github.com/yuanzhen/yuanzhen/dicom/ul"
)

// serve is the life of one connection.
func (s *Server) serve(ctx context.Context, p *peers, c *peer) {
	nc, err := s.handshake(ctx, c.nc)
	if err != nil {
		c.nc.Close()
		s.quiet(err, "dicom TLS handshake failed", c.nc)
		return
	}
	conn, rq, err := ul.Accept(nc, s.Timeouts)
	defer conn.Close()
	if err != nil {
		s.quiet(err, "dicom connection without an association", nc)
		return
	}
	a := newAssociation(rq, nc)
	a.Roles, a.Extended = s.roles(rq.Roles), s.extended(rq.Extended)
	a.Contexts = s.negotiate(rq.Contexts, a.Roles)
	if r := s.decide(ctx, p, c, conn, rq, a); r != nil {
		s.log().Warn("dicom association refused", "peer", a.RemoteAddr, "calling", a.CallingAE, "called", a.CalledAE, "err", r)
		conn.Reject(r)
		return
	}
	released := false
	if err = conn.Accept(rq, s.answer(rq, a)); err == nil {
		released, err = s.converse(ctx, conn, a)
	}
	p.leave(c)
	if !released {
		s.log().Info("dicom association ended early", "peer", a.RemoteAddr, "calling", a.CallingAE, "err", err)
	}
	s.Handler.Closed(a, released, err)
}

// handshake speaks TLS if the server does, within the ARTIM time.
func (s *Server) handshake(ctx context.Context, nc net.Conn) (net.Conn, error) {
	if s.TLS == nil {
		return nc, nil
	}
	tc := tls.Server(nc, s.TLS)
	ctx, cancel := context.WithTimeout(ctx, s.Timeouts.WithDefaults().ARTIM)
	defer cancel()
	return tc, tc.HandshakeContext(ctx)
}

// quiet logs a connection that never became an association. A mere look at
// the port, as monitors do, is no event.
func (s *Server) quiet(err error, what string, nc net.Conn) {
	if errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) {
		s.log().Debug(what, "peer", nc.RemoteAddr(), "err", err)
		return
	}
	s.log().Warn(what, "peer", nc.RemoteAddr(), "err", err)
}

// decide says why an association is refused, or nil after counting it as open.
func (s *Server) decide(ctx context.Context, p *peers, c *peer, conn *ul.Conn, rq *ul.Associate, a *Association) *Reject {
	if r := s.refuse(rq); r != nil {
		return r
	}
	if r := p.enter(c, conn); r != nil {
		return r
	}
	err := s.Handler.Accept(ctx, a)
	if err == nil {
		return nil
	}
	p.leave(c)
	var r *Reject
	if !errors.As(err, &r) {
		s.log().Warn("dicom association not decided", "calling", a.CallingAE, "err", err)
		r = &Reject{Result: 1, Source: 1, Reason: 1}
	}
	return r
}

// maxDrain bounds the rest of a data set that is passed over because its
// status is known already, in bytes.
const maxDrain = 4 << 30

// session answers the messages of one association.
type session struct {
	server *Server
	conn   *ul.Conn
	assoc  *Association
	in     []byte     // the command being received
	op     *operation // the query or retrieval that runs, nil if none

	sending sync.Mutex // held while a message is sent: messages do not mix
	out     []byte     // the command being sent

	mu      sync.Mutex // guards the fields below
	awaited map[uint16]chan command
	lastID  uint16 // message id of our last request
	ended   chan struct{}
}

// converse answers messages until the association ends. released tells that
// the peer asked for it; otherwise err says what happened.
func (s *Server) converse(ctx context.Context, conn *ul.Conn, a *Association) (released bool, err error) {
	c := &session{server: s, conn: conn, assoc: a, ended: make(chan struct{})}
	a.session = c
	defer func() { c.end(err) }()
	for {
		v, err := conn.Await()
		if errors.Is(err, ul.ErrReleaseRequested) {
			c.end(err)
			if err := conn.Released(); err != nil {
				return false, err
			}
			return true, nil
		}
		if err == nil {
			err = c.message(ctx, v)
		}
		if err != nil {
			conn.Abort(ul.AbortUser, ul.ReasonNotSpecified) // unless it is over already
			return false, err
		}
	}
}

// end tells whoever works for the association that it is over, and waits for
// the operation that runs. It may be called twice.
func (c *session) end(cause error) {
	c.mu.Lock()
	select {
	case <-c.ended:
	default:
		close(c.ended)
	}
	c.mu.Unlock()
	if c.op != nil {
		if cause == nil {
			cause = ul.ErrClosed
		}
		c.op.cancel(cause)
		<-c.op.done
		c.op = nil
	}
}

// message reads one message, of which v is the first fragment, and answers it.
func (c *session) message(ctx context.Context, v ul.PDV) error {
	pc, ok := accepted(c.assoc.Contexts, v.ContextID)
	if !ok {
		c.conn.Abort(ul.AbortUser, ul.ReasonNotSpecified)
		return fmt.Errorf("message on context %d, which was not accepted", v.ContextID)
	}
	var err error
	if c.in, err = readCommand(c.conn, v, c.in[:0]); err != nil {
		return err
	}
	cmd, err := parseCommand(c.in)
	if err != nil {
		c.conn.Abort(ul.AbortUser, ul.ReasonNotSpecified)
		return err
	}
	data := &dataSet{conn: c.conn, contextID: pc.ID}
	if !cmd.hasDataSet() {
		data.err = io.EOF
	}
	if cmd.field == cCancel || cmd.isResponse() { // no answer is due
		if _, err := data.drain(maxDrain); err != nil {
			return err
		}
		if cmd.isResponse() {
			c.deliver(cmd)
		} else if c.op != nil && c.op.messageID == cmd.respondedTo {
			c.op.cancel(ErrCanceled)
		}
		return nil
	}
	if err := c.settled(); err != nil {
		return err
	}
	switch cmd.field {
	case cFind, cMove, cGet:
		if c.server.performs(cmd.field) {
			return c.begin(ctx, pc, &cmd, data)
		}
	case nCreate, nSet, nAction, nEventReport:
		if c.server.performs(cmd.field) {
			return c.normalized(ctx, pc, &cmd, data)
		}
	}
	status := c.operate(ctx, pc, &cmd, data)
	rest, err := data.drain(maxDrain)
	if err != nil {
		return err
	}
	if rest > 0 && status.OK() && cmd.field == cStore {
		c.server.log().Error("instance called stored before its end was read", "unread", rest)
		status = Status{Code: ProcessingFailure, Comment: "data set not read to its end"}
	}
	return c.respond(pc.ID, &cmd, status)
}

// settled waits for the operation before, whose last response the peer has
// seen. A request while it runs is a breach of the window of one operation.
func (c *session) settled() error {
	if c.op == nil {
		return nil
	}
	if !c.op.final.Load() {
		c.conn.Abort(ul.AbortUser, ul.ReasonNotSpecified)
		return errors.New("a request while another operation runs: the window is one")
	}
	<-c.op.done
	c.op = nil
	return nil
}

// operate performs the operation that cmd asks for.
func (c *session) operate(ctx context.Context, pc Context, cmd *command, data *dataSet) Status {
	switch cmd.field {
	case cEcho:
		return Status{}
	case cStore:
		return c.store(ctx, pc, cmd, data)
	}
	return Status{Code: UnrecognizedOperation}
}

func (c *session) store(ctx context.Context, pc Context, cmd *command, data *dataSet) Status {
	switch {
	case pc.AbstractSyntax == Verification || operationOf(pc.AbstractSyntax) != 0 || cmd.affectedClass != pc.AbstractSyntax:
		return Status{Code: SOPClassNotSupported, Comment: "SOP class is not that of the presentation context"}
	case cmd.affectedInstance == "":
		return Status{Code: InvalidSOPInstance, Comment: "no Affected SOP Instance UID"}
	case !cmd.hasDataSet():
		return Status{Code: CannotUnderstand, Comment: "no data set"}
	}
	return c.server.Handler.Store(ctx, c.assoc, &StoreRequest{
		SOPClassUID: cmd.affectedClass, SOPInstanceUID: cmd.affectedInstance,
		Syntax: pc.Syntax, Priority: cmd.priority, MoveOriginator: cmd.moveOriginator,
		MessageID: cmd.messageID, Data: data,
	})
}

// respond sends the response to cmd in one write.
func (c *session) respond(contextID byte, cmd *command, status Status) error {
	rsp := command{
		affectedClass: cmd.affectedClass, affectedInstance: cmd.affectedInstance,
		field: cmd.field | responseBit, respondedTo: cmd.messageID,
		dataSetType: noDataSet, status: status,
	}
	c.sending.Lock()
	defer c.sending.Unlock()
	c.out = rsp.append(c.out[:0])
	return c.conn.Send(contextID, c.out, nil)
}

// readCommand reads a command set, of which v is the first fragment, into b.
func readCommand(conn *ul.Conn, v ul.PDV, b []byte) ([]byte, error) {
	contextID := v.ContextID
	for {
		if !v.Command || v.ContextID != contextID || len(b)+v.Length > maxCommand {
			conn.Abort(ul.AbortUser, ul.ReasonNotSpecified)
			return b, fmt.Errorf("fragment of %d bytes on context %d in place of a command", v.Length, v.ContextID)
		}
		for left := v.Length; left > 0; {
			part, err := conn.Fragment(left)
			if err != nil {
				return b, err
			}
			b = append(b, part...)
			left -= len(part)
		}
		if v.Last {
			return b, nil
		}
		var err error
		if v, err = conn.Next(); err != nil {
			return b, err
		}
	}
}

var _ io.WriterTo = (*dataSet)(nil)
