package hub

import (
	"slices"
	"time"
)

// TaskKind is the kind of reading a task asks for.
type TaskKind string

// The kinds of task.
const (
	Image        TaskKind = "image"
	ECG          TaskKind = "ecg"
	Holter       TaskKind = "holter"
	Consultation TaskKind = "consultation"
)

// State of a task; the transitions are the table in internal/worklist.
type State string

// The states of the domain rules, section 3.
const (
	Draft        State = "draft"
	Uploading    State = "uploading"
	Queued       State = "queued"
	Claimed      State = "claimed"
	Returned     State = "returned"
	Written      State = "written"
	Issued       State = "issued"
	Delivered    State = "delivered"
	Acknowledged State = "acknowledged"
	Cancelled    State = "cancelled"
	VoidPending  State = "void_pending"
	Void         State = "void"
)

// States lists every state, in the order of a task's life.
var States = []State{Draft, Uploading, Queued, Claimed, Returned, Written, Issued, Delivered, Acknowledged, Cancelled, VoidPending, Void}

// Alert is a machine's reason to look soon: an item of the critical list and
// what was seen. It never is a diagnosis.
type Alert struct {
	Item     string `json:"item"`
	Evidence string `json:"evidence"`
	Source   string `json:"source"`
}

// Warning is a doubt the reader must see: a code of the message catalogue
// with its values.
type Warning struct {
	Code   string            `json:"code"`
	Values map[string]string `json:"values,omitempty"`
}

// PixelsMissing is the code of the warning that objects came without pixels
// that their headers promise.
const PixelsMissing = "pixels.missing"

// Task is one reading to be done.
type Task struct {
	ID         TaskID
	State      State
	Before     State // what VoidPending goes back to when refused
	Kind       TaskKind
	Modality   string
	Priority   int // 0 green channel … 4 screening
	Due        time.Time
	Paused     time.Duration // time spent returned that does not count
	Member     MemberID
	Centre     MemberID // reading centre; "" before submit
	Offered    MemberID // the next tier, which may claim it as well; "" nobody
	HandedFrom MemberID // the centre that handed it over; "" none
	Order      OrderID
	Study      StudyID
	Recording  RecordingID
	Report     ReportID
	Version    int // of the report being written or last issued
	Holder     AccountID
	Claim      int64
	LeaseUntil time.Time
	Writer     AccountID
	Opened     bool // a reviewer has opened the written report
	Expected   int  // instances declared; 0 unknown
	Complete   bool
	Waived     string
	Warnings   []Warning
	Alerts     []Alert
	Grade      string // A, B, C, reject; ok, fair, poor for ECG; "" not graded
	AutoSubmit bool
	SettleAt   time.Time // when an auto-submitted study counts as settled
	Marks      []int     // parts of its limit, in per cent, at which people are warned, the last 100
	Warned     int       // the highest of them that has passed
	NextMark   time.Time // when the next of them passes; zero when none will
	QueuedAt   time.Time // since when it waits for a claim; zero when nobody is waited for
	LastEvent  string
	LastActor  AccountID

	TExam, TUploadStart, TSubmit, TClaim, TFirstImage, TPrelim, TWritten, TSigned, TDelivered, TAck, TReturned, TEscalated time.Time
	CreatedAt                                                                                                              time.Time
}

// Open reports whether reading is still to be finished.
func (t *Task) Open() bool {
	switch t.State {
	case Queued, Claimed, Written, Returned:
		return true
	}
	return false
}

// LacksPixels reports that objects came without pixels they promise: the task
// is not complete then, however many objects have arrived.
func (t *Task) LacksPixels() bool {
	return slices.ContainsFunc(t.Warnings, func(w Warning) bool { return w.Code == PixelsMissing })
}
