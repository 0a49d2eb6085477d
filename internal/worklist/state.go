// Package worklist is the step QUEUE: the states of a task as one table, who
// may claim it, until when, when it is due and where it is read. Every change
// goes through Move, in one transaction with its event and its audit record.
package worklist

import (
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// Event is what happens to a task.
type Event string

// The events of the domain rules, section 3.
const (
	Upload      Event = "upload"
	Submit      Event = "submit"
	Claim       Event = "claim"
	Release     Event = "release"
	Expire      Event = "expire"
	Transfer    Event = "transfer"
	Escalate    Event = "escalate" // to the next tier
	Return      Event = "return"
	Resubmit    Event = "resubmit"
	Write       Event = "write" // send for review
	Reject      Event = "reject"
	RejectPool  Event = "reject_to_pool" // the writer is off duty
	Approve     Event = "approve"
	Preliminary Event = "preliminary"
	Sign        Event = "sign"
	Recall      Event = "recall"
	Deliver     Event = "deliver"
	Acknowledge Event = "acknowledge"
	Revise      Event = "revise"
	Add         Event = "add" // addendum
	Cancel      Event = "cancel"
	AskVoid     Event = "void"
	ConfirmVoid Event = "void_confirm"
	RefuseVoid  Event = "void_refuse"
)

// Events lists every event.
var Events = []Event{Upload, Submit, Claim, Release, Expire, Transfer, Escalate, Return, Resubmit, Write, Reject, RejectPool, Approve, Preliminary, Sign,
	Recall, Deliver, Acknowledge, Revise, Add, Cancel, AskVoid, ConfirmVoid, RefuseVoid}

// before marks the transition back to the state a void request was made in.
const before hub.State = "(before)"

var after = map[hub.State]map[Event]hub.State{
	hub.Draft:        {Upload: hub.Uploading, Submit: hub.Queued, Cancel: hub.Cancelled},
	hub.Uploading:    {Submit: hub.Queued, Cancel: hub.Cancelled},
	hub.Queued:       {Claim: hub.Claimed, Transfer: hub.Claimed, Escalate: hub.Queued, Return: hub.Returned, Cancel: hub.Cancelled},
	hub.Claimed:      {Release: hub.Queued, Expire: hub.Queued, Transfer: hub.Claimed, Escalate: hub.Queued, Return: hub.Returned, Write: hub.Written, Preliminary: hub.Written, Sign: hub.Issued, Cancel: hub.Cancelled},
	hub.Returned:     {Resubmit: hub.Queued, Cancel: hub.Cancelled},
	hub.Written:      {Reject: hub.Claimed, RejectPool: hub.Queued, Approve: hub.Issued, Recall: hub.Claimed, Transfer: hub.Written, Cancel: hub.Cancelled},
	hub.Issued:       {Deliver: hub.Delivered, Revise: hub.Claimed, Add: hub.Issued, AskVoid: hub.VoidPending},
	hub.Delivered:    {Acknowledge: hub.Acknowledged, Revise: hub.Claimed, Add: hub.Delivered, AskVoid: hub.VoidPending},
	hub.Acknowledged: {Revise: hub.Claimed, Add: hub.Acknowledged, AskVoid: hub.VoidPending},
	hub.VoidPending:  {ConfirmVoid: hub.Void, RefuseVoid: before},
	hub.Cancelled:    {},
	hub.Void:         {},
}

// After returns the state e leads to from s; an event the table does not list
// is a Conflict and changes nothing.
func After(s hub.State, e Event) (hub.State, error) {
	next, ok := after[s][e]
	if !ok {
		return s, hub.E(hub.Conflict, "worklist.After", "task.wrong_state").With("state", s).With("event", e)
	}
	return next, nil
}

// names are the events' names on the websocket.
var names = map[Event]string{
	Upload: "task.uploading", Submit: "task.queued", Claim: "task.claimed", Release: "task.released", Expire: "task.expired",
	Transfer: "task.transferred", Escalate: "task.escalated", Return: "task.returned", Resubmit: "task.resubmitted", Write: "task.written", Reject: "task.rejected",
	RejectPool: "task.rejected", Approve: "report.issued", Preliminary: "report.preliminary", Sign: "report.issued", Recall: "task.recalled",
	Deliver: "task.delivered", Acknowledge: "task.acknowledged", Revise: "task.revised", Add: "report.addendum", Cancel: "task.cancelled",
	AskVoid: "task.void_pending", ConfirmVoid: "task.void", RefuseVoid: "task.void_refused",
}
