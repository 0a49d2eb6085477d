package dimse

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/ul"
)

// ErrCanceled is the cause of the context of a query or retrieval whose
// requestor sent C-CANCEL.
var ErrCanceled = errors.New("dimse: cancelled by the requestor")

// MovePulse is how often the requestor of a C-MOVE hears that it still runs:
// some give up after half a minute without a response.
const MovePulse = 10 * time.Second

// maxIdentifier bounds an identifier or another data set that is not stored,
// in bytes. A commitment of 20,000 instances has about 3 MB.
const maxIdentifier = 16 << 20

// operation is a C-FIND, C-MOVE or C-GET that runs while the session goes on
// reading: a cancel, the answers to its sub-operations, the association's end.
type operation struct {
	messageID uint16
	cancel    context.CancelCauseFunc
	final     atomic.Bool // its last response is on its way
	done      chan struct{}
}

// readDataSet reads and parses the data set of a message that is not stored.
func readDataSet(data io.Reader, ts dicom.TransferSyntax) (*dicom.Dataset, error) {
	b, err := io.ReadAll(io.LimitReader(data, maxIdentifier+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxIdentifier {
		return nil, fmt.Errorf("data set of more than %d bytes", maxIdentifier)
	}
	return dicom.Parse(bytes.NewReader(b), ts, dicom.Options{Keep: -1})
}

// begin starts a query or retrieval in a goroutine of its own. It returns an
// error only if the association is broken.
func (c *session) begin(ctx context.Context, pc Context, cmd *command, data *dataSet) error {
	id, parseErr := readDataSet(data, pc.Syntax)
	if _, err := data.drain(maxDrain); err != nil {
		return err
	}
	refused := Status{}
	switch {
	case operationOf(pc.AbstractSyntax) != cmd.field:
		refused = Status{Code: UnrecognizedOperation}
	case cmd.affectedClass != pc.AbstractSyntax:
		refused = Status{Code: SOPClassNotSupported, Comment: "SOP class is not that of the presentation context"}
	case !cmd.hasDataSet() || parseErr == nil && len(id.Elements) == 0:
		refused = Status{Code: IdentifierMismatch, Comment: "no identifier"}
	case parseErr != nil:
		refused = Status{Code: CannotUnderstand, Comment: "identifier: " + parseErr.Error()}
	}
	if refused.Code != Success {
		return c.respond(pc.ID, cmd, refused)
	}
	opCtx, cancel := context.WithCancelCause(ctx)
	op := &operation{messageID: cmd.messageID, cancel: cancel, done: make(chan struct{})}
	c.op = op
	q := &Query{SOPClassUID: cmd.affectedClass, MessageID: cmd.messageID, Identifier: id, Destination: cmd.moveDestination}
	for _, e := range c.assoc.Extended {
		if e.SOPClass == cmd.affectedClass {
			q.Extended = e.Info
		}
	}
	request := *cmd
	c.conn.Busy(true)
	go func() {
		defer close(op.done)
		defer cancel(nil)
		err := c.perform(opCtx, op, pc, &request, q)
		c.conn.Busy(false)
		if err != nil {
			c.conn.Abort(ul.AbortUser, ul.ReasonNotSpecified) // the reader sees the association end
		}
	}()
	return nil
}

// perform runs the handler and sends the last response.
func (c *session) perform(ctx context.Context, op *operation, pc Context, cmd *command, q *Query) error {
	if cmd.field == cFind {
		status := c.server.Handler.(Finder).Find(ctx, c.assoc, q, func(code uint16, d *dicom.Dataset) error {
			if err := context.Cause(ctx); err != nil {
				return err
			}
			return c.answer(pc, cmd, Status{Code: code}, nil, d)
		})
		op.final.Store(true)
		return c.answer(pc, cmd, status, nil, nil)
	}
	r := c.retrieval(pc, cmd)
	h := c.server.Handler.(Retriever)
	var status Status
	if cmd.field == cMove {
		still := c.pulse(pc, cmd, r)
		status = h.Move(ctx, c.assoc, q, r)
		still()
	} else {
		status = h.Get(ctx, c.assoc, q, r)
	}
	final := r.Progress
	if status.Code != Canceled {
		final.Remaining = -1
	}
	var failed *dicom.Dataset
	if len(r.FailedUIDs) > 0 {
		failed = dicom.New()
		failed.SetText(dicom.FailedSOPInstanceUIDList, r.FailedUIDs...)
	}
	op.final.Store(true)
	return c.answer(pc, cmd, status, &final, failed)
}

// pulse repeats the last pending response of a C-MOVE now and then, until the
// returned function is called.
func (c *session) pulse(pc Context, cmd *command, r *Retrieval) (stop func()) {
	ended, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(MovePulse)
		defer tick.Stop()
		for {
			select {
			case <-ended:
				return
			case <-tick.C:
			}
			if c.answer(pc, cmd, Status{Code: Pending}, r.reported.Load(), nil) != nil {
				return // the association is over, which ends the operation
			}
		}
	}()
	return func() { close(ended); <-done }
}

// retrieval is what a Retriever works with.
func (c *session) retrieval(pc Context, cmd *command) *Retrieval {
	r := &Retrieval{}
	r.Report = func() error {
		progress := r.Progress
		r.reported.Store(&progress)
		return c.answer(pc, cmd, Status{Code: Pending}, &progress, nil)
	}
	r.Accepts = func(class string, ts dicom.TransferSyntax) bool {
		_, ok := c.storeContext(class, ts)
		return ok
	}
	r.Store = func(ctx context.Context, class, instance string, ts dicom.TransferSyntax, data io.Reader) (Status, error) {
		store, ok := c.storeContext(class, ts)
		if !ok {
			return Status{}, fmt.Errorf("%w: %s in %s", ErrNoContext, StorageName(class), ts)
		}
		if ts.Deflated() {
			data = &evenReader{r: data}
		}
		rsp, err := c.request(ctx, store, &command{affectedClass: class, affectedInstance: instance, field: cStore, priority: cmd.priority}, data)
		return rsp.status, err
	}
	return r
}

// storeContext finds a context on which the requestor takes instances, in the
// SCP role it negotiated.
func (c *session) storeContext(class string, ts dicom.TransferSyntax) (id byte, ok bool) {
	if !c.assoc.PeerSCP(class) {
		return 0, false
	}
	for _, k := range c.assoc.Contexts {
		if k.Result == ul.ContextAccepted && k.AbstractSyntax == class && k.Syntax == ts {
			return k.ID, true
		}
	}
	return 0, false
}

// answer sends a response with counts and a data set, either may be nil.
func (c *session) answer(pc Context, cmd *command, status Status, progress *Progress, d *dicom.Dataset) error {
	rsp := command{affectedClass: cmd.affectedClass, field: cmd.field | responseBit, respondedTo: cmd.messageID,
		dataSetType: noDataSet, status: status, progress: progress}
	return c.send(pc, &rsp, d)
}

// send sends one message whose data set, nil for none, is written in the
// context's syntax.
func (c *session) send(pc Context, cmd *command, d *dicom.Dataset) error {
	var data io.Reader
	cmd.dataSetType = noDataSet
	if d != nil {
		var b bytes.Buffer
		if err := dicom.Write(&b, d, pc.Syntax); err != nil {
			return err
		}
		cmd.dataSetType, data = aDataSet, &b
	}
	c.sending.Lock()
	defer c.sending.Unlock()
	c.out = cmd.append(c.out[:0])
	return c.conn.Send(pc.ID, c.out, data)
}

// errAnswerWait says that the peer did not answer a request of ours in time.
var errAnswerWait = fmt.Errorf("no answer to a request of ours: %w", ul.ErrTimeout)

// request sends a request of ours and waits for its response, which the
// session's reader hands over.
func (c *session) request(ctx context.Context, contextID byte, cmd *command, data io.Reader) (command, error) {
	id, answered := c.expect()
	defer c.forget(id)
	cmd.messageID, cmd.dataSetType = id, noDataSet
	if data != nil {
		cmd.dataSetType = aDataSet
	}
	err := func() error {
		c.sending.Lock()
		defer c.sending.Unlock()
		c.out = cmd.append(c.out[:0])
		return c.conn.Send(contextID, c.out, data)
	}()
	if err != nil {
		return command{}, err
	}
	patience := c.server.Timeouts.WithDefaults().Idle
	for range 2 { // cancelled, what was sent is still answered, and counted
		wait, cancel := context.WithTimeoutCause(ctx, patience, errAnswerWait)
		select {
		case rsp := <-answered:
			cancel()
			return rsp, nil
		case <-c.ended:
			cancel()
			return command{}, ul.ErrClosed
		case <-wait.Done():
			cancel()
		}
		if ctx.Err() == nil {
			break
		}
		ctx = context.WithoutCancel(ctx)
	}
	c.conn.Abort(ul.AbortUser, ul.ReasonNotSpecified)
	return command{}, errAnswerWait
}

func (c *session) expect() (id uint16, answered chan command) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.awaited == nil {
		c.awaited = map[uint16]chan command{}
	}
	c.lastID++
	answered = make(chan command, 1)
	c.awaited[c.lastID] = answered
	return c.lastID, answered
}

func (c *session) forget(id uint16) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.awaited, id)
}

// deliver hands a response to whoever waits for it; one nobody waits for is
// passed over.
func (c *session) deliver(rsp command) {
	c.mu.Lock()
	answered := c.awaited[rsp.respondedTo]
	delete(c.awaited, rsp.respondedTo)
	c.mu.Unlock()
	if answered != nil {
		answered <- rsp
	}
}

// Report sends an N-EVENT-REPORT on the association, as soon as it is not
// sending anything else, and returns the peer's status. An error says that
// nobody knows whether it arrived.
func (a *Association) Report(ctx context.Context, e Event) (Status, error) {
	for _, k := range a.Contexts {
		if k.Result != ul.ContextAccepted || k.AbstractSyntax != e.SOPClassUID {
			continue
		}
		var b bytes.Buffer
		if err := dicom.Write(&b, e.Data, k.Syntax); err != nil {
			return Status{}, err
		}
		rsp, err := a.session.request(ctx, k.ID, &command{affectedClass: e.SOPClassUID, affectedInstance: e.SOPInstanceUID,
			field: nEventReport, eventType: e.Type}, &b)
		return rsp.status, err
	}
	return Status{}, fmt.Errorf("%w: %s", ErrNoContext, e.SOPClassUID)
}
