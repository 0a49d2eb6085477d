package dimse

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/ul"
)

// ErrNoContext says that the peer did not accept what an operation needs.
var ErrNoContext = errors.New("dimse: no presentation context was accepted for it")

// PresentationContext is a SOP class that a Client proposes to use in one of
// some transfer syntaxes, of which the peer accepts one.
type PresentationContext struct {
	AbstractSyntax string
	Syntaxes       []dicom.TransferSyntax
}

// DialOptions is what a Client proposes.
type DialOptions struct {
	CallingAE, CalledAE string // 1 to 16 characters each
	// Contexts are at most 128; none proposes Verification.
	Contexts []PresentationContext
	// Roles and Extended are negotiated beside the contexts; Identity is what
	// the client says of its user.
	Roles    []ul.Role
	Extended []ul.Extended
	Identity *ul.UserIdentity
	TLS      *tls.Config // nil for plain TCP
	// MaxPDU is the advertised maximum length in bytes; 0 is ul.DefaultMaxPDU.
	MaxPDU   uint32
	Timeouts ul.Timeouts
}

// Client is an SCU with one open association. One goroutine uses it at a
// time; Abort may be called by any.
type Client struct {
	conn      *ul.Conn
	contexts  []Context
	roles     []ul.Role
	messageID uint16
	out, in   []byte
}

// Dial opens an association with the SCP at addr. A refusal is a *Reject in
// the chain of the error.
func Dial(ctx context.Context, addr string, o DialOptions) (*Client, error) {
	rq, err := o.request()
	if err != nil {
		return nil, err
	}
	conn, ac, err := ul.Dial(ctx, addr, rq, o.TLS, o.Timeouts)
	if err != nil {
		return nil, fmt.Errorf("dimse: %w", err)
	}
	return &Client{conn: conn, contexts: answered(rq, ac), roles: ac.Roles}, nil
}

func (o *DialOptions) request() (*ul.Associate, error) {
	if !validTitle(o.CallingAE) || !validTitle(o.CalledAE) {
		return nil, fmt.Errorf("dimse: AE titles %q and %q: 1 to 16 printable characters each", o.CallingAE, o.CalledAE)
	}
	contexts := o.Contexts
	if len(contexts) == 0 {
		contexts = []PresentationContext{{Verification, []dicom.TransferSyntax{dicom.ImplicitVRLittleEndian}}}
	}
	if len(contexts) > ul.MaxContexts {
		return nil, fmt.Errorf("dimse: %d presentation contexts, more than %d", len(contexts), ul.MaxContexts)
	}
	rq := &ul.Associate{
		CallingAE: o.CallingAE, CalledAE: o.CalledAE, MaxPDU: o.MaxPDU,
		ImplementationClassUID: ImplementationClassUID, ImplementationVersion: ImplementationVersion,
		Roles: o.Roles, Extended: o.Extended, Identity: o.Identity,
	}
	if rq.MaxPDU == 0 {
		rq.MaxPDU = ul.DefaultMaxPDU
	}
	for i, p := range contexts {
		if !validUID(p.AbstractSyntax) || len(p.Syntaxes) == 0 || len(p.Syntaxes) > ul.MaxSyntaxes {
			return nil, fmt.Errorf("dimse: presentation context %d: abstract syntax %q with %d transfer syntaxes", i, p.AbstractSyntax, len(p.Syntaxes))
		}
		c := ul.Context{ID: byte(2*i + 1), AbstractSyntax: p.AbstractSyntax}
		for _, s := range p.Syntaxes {
			if !validUID(string(s)) {
				return nil, fmt.Errorf("dimse: presentation context %d: transfer syntax %q", i, s)
			}
			c.Syntaxes = append(c.Syntaxes, string(s))
		}
		rq.Contexts = append(rq.Contexts, c)
	}
	return rq, nil
}

// answered joins what was proposed with what was answered. A context that the
// answer leaves out, or answers with a syntax never proposed, is refused.
func answered(rq, ac *ul.Associate) []Context {
	var contexts []Context
	for _, p := range rq.Contexts {
		c := Context{ID: p.ID, AbstractSyntax: p.AbstractSyntax, Result: ul.ContextNoReason}
		for _, got := range ac.Contexts {
			if got.ID != p.ID {
				continue
			}
			c.Result = got.Result
			if c.Result != ul.ContextAccepted {
				continue
			}
			c.Result = ul.ContextNoReason
			for _, s := range p.Syntaxes {
				if len(got.Syntaxes) == 1 && got.Syntaxes[0] == s {
					c.Syntax, c.Result = dicom.TransferSyntax(s), ul.ContextAccepted
				}
			}
		}
		contexts = append(contexts, c)
	}
	return contexts
}

// Contexts are the presentation contexts with the peer's answers.
func (c *Client) Contexts() []Context { return c.contexts }

// Accepts tells whether the peer takes instances of a SOP class in a transfer
// syntax; "" stands for any.
func (c *Client) Accepts(sopClass string, ts dicom.TransferSyntax) bool {
	_, ok := c.context(sopClass, ts)
	return ok
}

func (c *Client) context(abstract string, ts dicom.TransferSyntax) (byte, bool) {
	for _, k := range c.contexts {
		if k.Result == ul.ContextAccepted && k.AbstractSyntax == abstract && (ts == "" || k.Syntax == ts) {
			return k.ID, true
		}
	}
	return 0, false
}

// Echo is C-ECHO, PS3.7 section 9.1.5.
func (c *Client) Echo(ctx context.Context) (Status, error) {
	return c.request(ctx, "", &command{affectedClass: Verification, field: cEcho}, nil)
}

// Store is C-STORE, PS3.7 section 9.1.1: it sends data, which is a data set
// without preamble and file meta information, encoded in ts. An error ends the
// association, but for ErrNoContext; a failure Status does not. A deflated data
// set of odd length gets the NUL behind it that PS3.5 section A.5 asks for.
func (c *Client) Store(ctx context.Context, sopClass, sopInstance string, ts dicom.TransferSyntax, data io.Reader) (Status, error) {
	if ts.Deflated() {
		data = &evenReader{r: data}
	}
	return c.request(ctx, ts, &command{affectedClass: sopClass, field: cStore, affectedInstance: sopInstance}, data)
}

// StoreFor is Store as a sub-operation of the C-MOVE that originator sent with
// a message id.
func (c *Client) StoreFor(ctx context.Context, originator string, messageID uint16, sopClass, sopInstance string, ts dicom.TransferSyntax, data io.Reader) (Status, error) {
	if ts.Deflated() {
		data = &evenReader{r: data}
	}
	return c.request(ctx, ts, &command{affectedClass: sopClass, field: cStore, affectedInstance: sopInstance,
		moveOriginator: originator, moveOriginatorMsgID: messageID}, data)
}

// evenReader appends a NUL to what has an odd length.
type evenReader struct {
	r   io.Reader
	odd bool
}

func (e *evenReader) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	e.odd = e.odd != (n%2 == 1)
	if err == io.EOF && e.odd && n < len(p) {
		p[n] = 0
		n, e.odd = n+1, false
	}
	if err == io.EOF && e.odd {
		err = nil // no room: the next call has it
	}
	return n, err
}

// request sends cmd and waits for its response. When ctx ends before, the
// association is aborted.
func (c *Client) request(ctx context.Context, ts dicom.TransferSyntax, cmd *command, data io.Reader) (status Status, err error) {
	id, ok := c.context(cmd.affectedClass, ts)
	if !ok {
		return Status{}, fmt.Errorf("%w: %s in %s", ErrNoContext, StorageName(cmd.affectedClass), ts)
	}
	cmd.dataSetType = noDataSet
	if data != nil {
		cmd.dataSetType = aDataSet
	}
	err = c.guard(ctx, cmd, func() error {
		status, err = c.exchange(id, cmd, data)
		return err
	})
	return status, err
}

// guard numbers cmd and runs an exchange of messages. When ctx ends before,
// the association is aborted; so it is after an error.
func (c *Client) guard(ctx context.Context, cmd *command, exchange func() error) error {
	c.messageID++
	cmd.messageID = c.messageID
	stop := context.AfterFunc(ctx, c.conn.Kill)
	err := exchange()
	if !stop() && err != nil {
		err = fmt.Errorf("%w: %w", context.Cause(ctx), err)
	}
	if err != nil {
		c.conn.Abort(ul.AbortUser, ul.ReasonNotSpecified) // unless it is over already
		c.conn.Close()
		return fmt.Errorf("dimse: message %d: %w", cmd.messageID, err)
	}
	return nil
}

func (c *Client) exchange(contextID byte, cmd *command, data io.Reader) (Status, error) {
	sent := c.post(contextID, cmd, data)
	if sent != nil && !errors.Is(sent, ul.ErrClosed) {
		return Status{}, sent
	}
	rsp, _, err := c.receive() // after a failed Send it may tell of the peer's abort
	if err != nil {
		return Status{}, errors.Join(sent, err)
	}
	if err := c.check(rsp, cmd); err != nil {
		return Status{}, err
	}
	return rsp.status, sent
}

// post sends a message.
func (c *Client) post(contextID byte, cmd *command, data io.Reader) error {
	c.out = cmd.append(c.out[:0])
	return c.conn.Send(contextID, c.out, data)
}

// receive waits for the next message; its data set, if it has one, is still to
// be read.
func (c *Client) receive() (cmd command, data *dataSet, err error) {
	v, err := c.conn.Await()
	if errors.Is(err, ul.ErrReleaseRequested) {
		c.conn.Released()
	}
	if err != nil {
		return cmd, nil, err
	}
	if c.in, err = readCommand(c.conn, v, c.in[:0]); err != nil {
		return cmd, nil, err
	}
	if cmd, err = parseCommand(c.in); err != nil {
		return cmd, nil, err
	}
	data = &dataSet{conn: c.conn, contextID: v.ContextID}
	if !cmd.hasDataSet() {
		data.err = io.EOF
	}
	return cmd, data, nil
}

// check tells whether rsp is a response to cmd, and one to C-STORE or C-ECHO
// without a data set.
func (c *Client) check(rsp command, cmd *command) error {
	bare := cmd.field == cStore || cmd.field == cEcho
	if rsp.field != cmd.field|responseBit || rsp.respondedTo != cmd.messageID || rsp.hasDataSet() && bare {
		return fmt.Errorf("response %04X to message %d where one to message %d was due", rsp.field, rsp.respondedTo, cmd.messageID)
	}
	return nil
}

// Release ends the association in agreement with the peer and closes it.
func (c *Client) Release() error {
	if err := c.conn.Release(); err != nil {
		return fmt.Errorf("dimse: release: %w", err)
	}
	return nil
}

// Abort ends the association at once.
func (c *Client) Abort() { c.conn.Kill() }
