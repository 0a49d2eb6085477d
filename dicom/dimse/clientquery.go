package dimse

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/ul"
)

// Find is C-FIND, PS3.7 section 9.1.2: match is called with every match and
// its pending status. When match returns an error a C-CANCEL is sent, further
// matches are passed over, and the last status is returned with that error.
func (c *Client) Find(ctx context.Context, sopClass string, identifier *dicom.Dataset, match func(Status, *dicom.Dataset) error) (Status, error) {
	var last Status
	var stopped error
	err := c.converse(ctx, &command{affectedClass: sopClass, field: cFind}, identifier, func(cmd, rsp *command, pc Context, data *dataSet) (done bool, err error) {
		d, err := readDataSet(data, pc.Syntax)
		if err != nil {
			return false, err
		}
		if last = rsp.status; !pending(last) {
			return true, nil
		}
		if stopped != nil {
			return false, nil
		}
		if stopped = match(last, d); stopped != nil {
			return false, c.cancel(pc, cmd)
		}
		return false, nil
	})
	return last, errors.Join(err, stopped)
}

// Outcome is what a retrieval came to.
type Outcome struct {
	Status
	Progress
	FailedUIDs []string
}

// Move is C-MOVE, PS3.7 section 9.1.4. progress, if not nil, is called with
// the counts of pending responses; an error of it cancels.
func (c *Client) Move(ctx context.Context, sopClass, destination string, identifier *dicom.Dataset, progress func(Progress) error) (Outcome, error) {
	return c.retrieve(ctx, &command{affectedClass: sopClass, field: cMove, moveDestination: destination}, identifier, progress, nil)
}

// Get is C-GET, PS3.7 section 9.1.3: store takes the instances that come on
// this association, whose contexts and SCP roles Dial must have negotiated.
func (c *Client) Get(ctx context.Context, sopClass string, identifier *dicom.Dataset, progress func(Progress) error, store func(*StoreRequest) Status) (Outcome, error) {
	return c.retrieve(ctx, &command{affectedClass: sopClass, field: cGet}, identifier, progress, store)
}

func (c *Client) retrieve(ctx context.Context, cmd *command, identifier *dicom.Dataset, progress func(Progress) error, store func(*StoreRequest) Status) (Outcome, error) {
	var out Outcome
	var stopped error
	err := c.converse(ctx, cmd, identifier, func(cmd, rsp *command, pc Context, data *dataSet) (bool, error) {
		if rsp.field == cStore && store != nil {
			return false, c.take(rsp, pc, data, store)
		}
		d, err := readDataSet(data, pc.Syntax)
		if err != nil {
			return false, err
		}
		if rsp.progress != nil {
			out.Progress = *rsp.progress
		}
		if out.Status = rsp.status; !pending(rsp.status) {
			if len(rsp.stray) > 0 {
				if d, err = dicom.Parse(bytes.NewReader(rsp.stray), dicom.ImplicitVRLittleEndian, dicom.Options{}); err != nil {
					return false, err
				}
			}
			out.FailedUIDs = d.Texts(dicom.FailedSOPInstanceUIDList)
			return true, nil
		}
		if progress != nil && stopped == nil {
			if stopped = progress(out.Progress); stopped != nil {
				return false, c.cancel(pc, cmd)
			}
		}
		return false, nil
	})
	return out, errors.Join(err, stopped)
}

// take answers a C-STORE sub-operation of a C-GET.
func (c *Client) take(rq *command, pc Context, data *dataSet, store func(*StoreRequest) Status) error {
	status := store(&StoreRequest{SOPClassUID: rq.affectedClass, SOPInstanceUID: rq.affectedInstance, Syntax: pc.Syntax,
		Priority: rq.priority, MessageID: rq.messageID, Data: data})
	if _, err := data.drain(maxDrain); err != nil {
		return err
	}
	return c.post(pc.ID, &command{affectedClass: rq.affectedClass, affectedInstance: rq.affectedInstance, field: cStore | responseBit,
		respondedTo: rq.messageID, dataSetType: noDataSet, status: status}, nil)
}

func pending(s Status) bool { return s.Code == Pending || s.Code == PendingUnmatched }

func (c *Client) cancel(pc Context, cmd *command) error {
	return c.post(pc.ID, &command{field: cCancel, respondedTo: cmd.messageID, dataSetType: noDataSet}, nil)
}

// converse sends a request with an identifier and hands on what comes until
// got says that it is done.
func (c *Client) converse(ctx context.Context, cmd *command, identifier *dicom.Dataset, got func(cmd, rsp *command, pc Context, data *dataSet) (bool, error)) error {
	pc, b, err := c.encode(cmd.affectedClass, identifier)
	if err != nil {
		return err
	}
	cmd.dataSetType = aDataSet
	return c.guard(ctx, cmd, func() error {
		if err := c.post(pc.ID, cmd, b); err != nil {
			return err
		}
		for {
			rsp, data, err := c.receive()
			if err != nil {
				return err
			}
			from, ok := accepted(c.contexts, data.contextID)
			if !ok {
				return fmt.Errorf("message on context %d, which was not accepted", data.contextID)
			}
			if rsp.field != cStore {
				if err := c.check(rsp, cmd); err != nil {
					return err
				}
			}
			if done, err := got(cmd, &rsp, from, data); done || err != nil {
				return err
			}
		}
	})
}

// encode writes a data set for a service class.
func (c *Client) encode(class string, d *dicom.Dataset) (Context, *bytes.Buffer, error) {
	id, ok := c.context(class, "")
	if !ok {
		return Context{}, nil, fmt.Errorf("%w: %s", ErrNoContext, class)
	}
	pc, _ := accepted(c.contexts, id)
	b := new(bytes.Buffer)
	return pc, b, dicom.Write(b, d, pc.Syntax)
}

// Create is N-CREATE, PS3.7 section 10.1.5.
func (c *Client) Create(ctx context.Context, sopClass, instance string, d *dicom.Dataset) (Status, error) {
	return c.normal(ctx, &command{affectedClass: sopClass, affectedInstance: instance, field: nCreate}, sopClass, d)
}

// Set is N-SET, PS3.7 section 10.1.3.
func (c *Client) Set(ctx context.Context, sopClass, instance string, d *dicom.Dataset) (Status, error) {
	return c.normal(ctx, &command{requestedClass: sopClass, requestedInstance: instance, field: nSet}, sopClass, d)
}

// Action is N-ACTION, PS3.7 section 10.1.4.
func (c *Client) Action(ctx context.Context, sopClass, instance string, action uint16, d *dicom.Dataset) (Status, error) {
	return c.normal(ctx, &command{requestedClass: sopClass, requestedInstance: instance, field: nAction, actionType: action}, sopClass, d)
}

// EventReport is N-EVENT-REPORT, PS3.7 section 10.1.1, of an SCP that opened
// the association to send it.
func (c *Client) EventReport(ctx context.Context, e Event) (Status, error) {
	return c.normal(ctx, &command{affectedClass: e.SOPClassUID, affectedInstance: e.SOPInstanceUID, field: nEventReport, eventType: e.Type}, e.SOPClassUID, e.Data)
}

func (c *Client) normal(ctx context.Context, cmd *command, class string, d *dicom.Dataset) (status Status, err error) {
	pc, b, err := c.encode(class, d)
	if err != nil {
		return Status{}, err
	}
	cmd.dataSetType = aDataSet
	err = c.guard(ctx, cmd, func() error {
		if err := c.post(pc.ID, cmd, b); err != nil {
			return err
		}
		rsp, data, err := c.receive()
		if err != nil {
			return err
		}
		if _, err := data.drain(maxIdentifier); err != nil {
			return err
		}
		status = rsp.status
		return c.check(rsp, cmd)
	})
	return status, err
}

// AwaitEvent waits for an N-EVENT-REPORT on the association, whose Timeouts
// bound the wait, and answers it with what take returns.
func (c *Client) AwaitEvent(ctx context.Context, take func(Event) Status) error {
	return c.guard(ctx, new(command), func() error {
		rq, data, err := c.receive()
		if err != nil {
			return err
		}
		pc, ok := accepted(c.contexts, data.contextID)
		if !ok || rq.field != nEventReport {
			return fmt.Errorf("message %04X where an event report was due", rq.field)
		}
		d, err := readDataSet(data, pc.Syntax)
		if err != nil {
			return err
		}
		status := take(Event{SOPClassUID: rq.affectedClass, SOPInstanceUID: rq.affectedInstance, Type: rq.eventType, Data: d})
		return c.post(pc.ID, &command{affectedClass: rq.affectedClass, affectedInstance: rq.affectedInstance, field: nEventReport | responseBit,
			eventType: rq.eventType, respondedTo: rq.messageID, dataSetType: noDataSet, status: status}, nil)
	})
}

// Roles are the roles the peer granted.
func (c *Client) Roles() []ul.Role { return c.roles }
