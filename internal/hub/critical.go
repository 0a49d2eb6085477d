package hub

import "time"

// CriticalState of a critical value; the loop is found → notified → received
// → handled → closed.
type CriticalState string

// The states of the domain rules, section 7. Found and notified happen in one
// transaction, so found is never stored.
const (
	CriticalNotified  CriticalState = "notified"
	CriticalReceived  CriticalState = "received"
	CriticalHandled   CriticalState = "handled"
	CriticalClosed    CriticalState = "closed"
	CriticalWithdrawn CriticalState = "withdrawn"
)

// Critical is one critical value (危急值).
type Critical struct {
	ID         CriticalID    `json:"id"`
	Task       TaskID        `json:"task"`
	Member     MemberID      `json:"member"` // the clinic that must receive it
	Centre     MemberID      `json:"centre"`
	State      CriticalState `json:"state"`
	Items      []string      `json:"items"`
	Text       string        `json:"text"`
	FoundBy    AccountID     `json:"found_by"`
	FoundAt    time.Time     `json:"found_at"`
	NotifiedAt time.Time     `json:"notified_at"`
	ReceivedBy string        `json:"received_by,omitempty"` // name
	ReceivedAt time.Time     `json:"received_at,omitzero"`
	ReadBack   string        `json:"read_back,omitempty"`
	Phone      string        `json:"phone,omitempty"` // number called, when received by telephone
	HandledBy  string        `json:"handled_by,omitempty"`
	HandledAt  time.Time     `json:"handled_at,omitzero"`
	Outcome    string        `json:"outcome,omitempty"`
	Handling   string        `json:"handling,omitempty"`
	ClosedAt   time.Time     `json:"closed_at,omitzero"`
	Reason     string        `json:"reason,omitempty"` // of a withdrawal
	Step       int           `json:"step"`             // escalation steps done
}
