package dimse

import (
	"context"

	"github.com/yuanzhen/yuanzhen/dicom"
)

// normalized performs an N-CREATE, N-SET or N-ACTION and answers it.
func (c *session) normalized(ctx context.Context, pc Context, cmd *command, data *dataSet) error {
	d, parseErr := readDataSet(data, pc.Syntax)
	if _, err := data.drain(maxDrain); err != nil {
		return err
	}
	class, instance := cmd.requestedClass, cmd.requestedInstance
	if cmd.field == nCreate || cmd.field == nEventReport {
		class, instance = cmd.affectedClass, cmd.affectedInstance
	}
	rsp := command{affectedClass: class, affectedInstance: instance, field: cmd.field | responseBit,
		respondedTo: cmd.messageID, actionType: cmd.actionType, eventType: cmd.eventType}
	switch {
	case !performs(pc.AbstractSyntax, cmd.field):
		rsp.status = Status{Code: UnrecognizedOperation}
	case class != pc.AbstractSyntax:
		rsp.status = Status{Code: NoSuchSOPClass, Comment: "SOP class is not that of the presentation context"}
	case instance != "" && !validUID(instance):
		rsp.status = Status{Code: InvalidSOPInstance, Comment: "the SOP Instance UID is no UID"}
	case parseErr != nil:
		rsp.status = Status{Code: ProcessingFailure, Comment: "data set: " + parseErr.Error()}
	default:
		c.carryOut(ctx, cmd, &rsp, orEmpty(d))
	}
	return c.send(pc, &rsp, nil)
}

// carryOut calls the handler; class and instance stand in rsp.
func (c *session) carryOut(ctx context.Context, cmd, rsp *command, d *dicom.Dataset) {
	class, instance := rsp.affectedClass, rsp.affectedInstance
	if cmd.field == nEventReport {
		rsp.status = c.server.Handler.(Listener).Event(ctx, c.assoc, Event{class, instance, cmd.eventType, d})
		return
	}
	h := c.server.Handler.(Performer)
	switch cmd.field {
	case nCreate:
		rsp.affectedInstance, rsp.status = h.Create(ctx, c.assoc, class, instance, d)
	case nSet:
		rsp.status = h.Set(ctx, c.assoc, class, instance, d)
	case nAction:
		rsp.status = h.Action(ctx, c.assoc, class, instance, cmd.actionType, d)
	}
}

// performs tells whether a normalized operation belongs to a service class.
func performs(class string, field uint16) bool {
	switch class {
	case PerformedStep:
		return field == nCreate || field == nSet
	case StorageCommitment:
		return field == nAction || field == nEventReport
	}
	return false
}

func orEmpty(d *dicom.Dataset) *dicom.Dataset {
	if d == nil {
		return dicom.New()
	}
	return d
}
