package hub

import (
	"encoding/json"
	"time"
)

// Event is something screens must learn of. Seq is 0 until the sealer has
// numbered it; nobody reads it before.
type Event struct {
	Seq    int64
	ID     string
	At     time.Time
	Name   string // task.queued, report.issued, critical.notified …
	Member MemberID
	Centre MemberID
	Task   TaskID
	Body   json.RawMessage // what the message carries besides type, seq, at, event
}

// Record is one audit record (domain rules, section 12).
type Record struct {
	ID       string    `json:"id"`
	At       time.Time `json:"at"`
	Actor    AccountID `json:"actor"`
	Role     Role      `json:"role"`
	Member   MemberID  `json:"member"`
	IP       string    `json:"ip"`
	Client   string    `json:"client"`
	Action   string    `json:"action"`
	Object   string    `json:"object"`  // type and id: task/01j…
	Patient  string    `json:"patient"` // pseudonym
	OK       bool      `json:"ok"`
	Reason   string    `json:"reason"`
	Before   string    `json:"before"` // hash
	After    string    `json:"after"`  // hash
	Request  string    `json:"request"`
	Seq      int64     `json:"-"`
	PrevHash string    `json:"-"`
	Hash     string    `json:"-"`
}

// Recorded is the form a recording of an ECG takes in rows; the samples stay
// in the object store.
type Recorded struct {
	ID        RecordingID
	Member    MemberID
	Patient   PatientID
	Study     StudyID
	Instance  InstanceID
	Format    string
	Leads     []string
	RateHz    float64
	Samples   int
	Start     time.Time
	Head      []byte // what stands before the data set in the DICOM file; empty for any other
	Object    string
	Offset    int64
	Length    int64
	Digest    []byte
	Device    json.RawMessage // the device's own measurements and statements
	Hub       json.RawMessage // the hub's
	Quality   json.RawMessage
	Notes     json.RawMessage
	Imprint   []byte      // of its usual beat, to hold the patient's next ECG against; empty where none could be made
	Name      string      // file name it came under
	Corrects  RecordingID // the defective ECG that this one repeats, empty if none
	CreatedAt time.Time
}
