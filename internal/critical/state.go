// Package critical is the loop of critical values (危急值): a reader finds one,
// the clinic is told at that moment, reads it back, says how it was handled,
// and the centre closes it. While nobody has received it, ever more people
// are told (escalate.go), on their pages and through webhooks (deliver.go).
// It decides nothing clinical: a machine's pre-alert never starts the loop.
package critical

import "github.com/yuanzhen/yuanzhen/internal/hub"

// Event is what happens to a critical value.
type Event string

// The events of the domain rules, section 7. Flag is found and notified at
// once: the notice goes out at the moment of flagging.
const (
	Flag     Event = "flag"
	Receive  Event = "receive" // by the clinic, with the finding read back
	Phone    Event = "phone"   // by telephone: the centre notes whom it told
	Handle   Event = "handle"
	Close    Event = "close"
	Withdraw Event = "withdraw"
)

// Events lists every event.
var Events = []Event{Flag, Receive, Phone, Handle, Close, Withdraw}

// none is the state before the flag.
const none hub.CriticalState = ""

// States lists every state, from before the flag to the ends of the loop.
var States = []hub.CriticalState{none, hub.CriticalNotified, hub.CriticalReceived, hub.CriticalHandled, hub.CriticalClosed, hub.CriticalWithdrawn}

// Unfinished are the states in which somebody still has to do something.
var Unfinished = []hub.CriticalState{hub.CriticalNotified, hub.CriticalReceived, hub.CriticalHandled}

var after = map[hub.CriticalState]map[Event]hub.CriticalState{
	none:                  {Flag: hub.CriticalNotified},
	hub.CriticalNotified:  {Receive: hub.CriticalReceived, Phone: hub.CriticalReceived, Withdraw: hub.CriticalWithdrawn},
	hub.CriticalReceived:  {Handle: hub.CriticalHandled, Withdraw: hub.CriticalWithdrawn},
	hub.CriticalHandled:   {Close: hub.CriticalClosed},
	hub.CriticalClosed:    {},
	hub.CriticalWithdrawn: {},
}

// who may let an event happen, by role (domain rules, section 7).
var who = map[Event][]hub.Role{
	Flag:     {hub.Reader, hub.Reviewer},
	Receive:  {hub.Clinician, hub.Tech},
	Phone:    {hub.Reader, hub.Dispatcher},
	Handle:   {hub.Clinician},
	Close:    {hub.Reader, hub.Dispatcher},
	Withdraw: {hub.Reviewer},
}

// names are the events' names on the websocket and in the audit.
var names = map[Event]string{
	Flag: "critical.notified", Receive: "critical.received", Phone: "critical.received", Handle: "critical.handled",
	Close: "critical.closed", Withdraw: "critical.withdrawn",
}

// After returns the state e leads to from s; an event the table does not list
// is a Conflict and changes nothing.
func After(s hub.CriticalState, e Event) (hub.CriticalState, error) {
	next, ok := after[s][e]
	if !ok {
		return s, hub.E(hub.Conflict, "critical.After", "critical.wrong_state").With("state", s).With("event", e)
	}
	return next, nil
}

// Who returns the roles that may let e happen.
func Who(e Event) []hub.Role { return who[e] }
