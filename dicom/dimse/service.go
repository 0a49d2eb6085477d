package dimse

import (
	"context"
	"io"
	"sync/atomic"

	"github.com/yuanzhen/yuanzhen/dicom"
)

// SOP classes of the services beside storage, PS3.6 Table A-1.
const (
	PatientRootFind    = "1.2.840.10008.5.1.4.1.2.1.1"
	PatientRootMove    = "1.2.840.10008.5.1.4.1.2.1.2"
	PatientRootGet     = "1.2.840.10008.5.1.4.1.2.1.3"
	StudyRootFind      = "1.2.840.10008.5.1.4.1.2.2.1"
	StudyRootMove      = "1.2.840.10008.5.1.4.1.2.2.2"
	StudyRootGet       = "1.2.840.10008.5.1.4.1.2.2.3"
	PatientStudyFind   = "1.2.840.10008.5.1.4.1.2.3.1" // retired
	PatientStudyMove   = "1.2.840.10008.5.1.4.1.2.3.2" // retired
	PatientStudyGet    = "1.2.840.10008.5.1.4.1.2.3.3" // retired
	ModalityWorklist   = "1.2.840.10008.5.1.4.31"
	PerformedStep      = "1.2.840.10008.3.1.2.3.3" // MPPS
	StorageCommitment  = "1.2.840.10008.1.20.1"    // push model
	CommitmentInstance = "1.2.840.10008.1.20.1.1"  // its well-known instance
)

// ServiceName names the service classes of this package, "" for others.
func ServiceName(uid string) string { return serviceNames[uid] }

var serviceNames = map[string]string{
	Verification:      "Verification",
	PatientRootFind:   "Patient Root Query/Retrieve - FIND",
	PatientRootMove:   "Patient Root Query/Retrieve - MOVE",
	PatientRootGet:    "Patient Root Query/Retrieve - GET",
	StudyRootFind:     "Study Root Query/Retrieve - FIND",
	StudyRootMove:     "Study Root Query/Retrieve - MOVE",
	StudyRootGet:      "Study Root Query/Retrieve - GET",
	PatientStudyFind:  "Patient/Study Only Query/Retrieve - FIND (retired)",
	PatientStudyMove:  "Patient/Study Only Query/Retrieve - MOVE (retired)",
	PatientStudyGet:   "Patient/Study Only Query/Retrieve - GET (retired)",
	ModalityWorklist:  "Modality Worklist Information Model - FIND",
	PerformedStep:     "Modality Performed Procedure Step",
	StorageCommitment: "Storage Commitment Push Model",
}

// operationOf is the command field that a service class is used with, 0 for
// classes that are no service of ours. Normalized ones are nAction or nCreate.
func operationOf(uid string) uint16 {
	switch uid {
	case PatientRootFind, StudyRootFind, PatientStudyFind, ModalityWorklist:
		return cFind
	case PatientRootMove, StudyRootMove, PatientStudyMove:
		return cMove
	case PatientRootGet, StudyRootGet, PatientStudyGet:
		return cGet
	case PerformedStep:
		return nCreate
	case StorageCommitment:
		return nAction
	}
	return 0
}

// Query is a C-FIND, C-MOVE or C-GET request, PS3.7 sections 9.1.2 to 9.1.4.
type Query struct {
	SOPClassUID string
	MessageID   uint16
	Identifier  *dicom.Dataset
	Destination string // AE title, of a C-MOVE
	// Extended is the negotiated information of the SOP class, PS3.4 section
	// C.5.1: bytes of 0 and 1; nil without negotiation.
	Extended []byte
}

// Extension tells whether an extended behaviour was negotiated, by its place
// in PS3.4 Table C.5-1, counted from 0.
func (q *Query) Extension(i int) bool { return i < len(q.Extended) && q.Extended[i] == 1 }

// Places of extended behaviour, PS3.4 Table C.5-1.
const (
	RelationalQueries = 0
	CombinedDateTime  = 1
	FuzzyNames        = 2
	TimezoneQueries   = 3
)

// Finder is a Handler that answers queries, with the extended behaviour that a
// Query was negotiated with. match sends one match as Pending
// or PendingUnmatched. When ctx ends with the cause ErrCanceled the status is
// Canceled.
type Finder interface {
	Find(ctx context.Context, a *Association, q *Query, match func(code uint16, d *dicom.Dataset) error) Status
}

// Retriever is a Handler that sends instances: Move to the destination it
// finds under its title, Get on the association that asked, through
// Retrieval.Store.
type Retriever interface {
	Move(ctx context.Context, a *Association, q *Query, r *Retrieval) Status
	Get(ctx context.Context, a *Association, q *Query, r *Retrieval) Status
}

// Progress counts the sub-operations of a retrieval.
type Progress struct{ Remaining, Completed, Failed, Warning int }

// counts are in the order of (0000,1020) to (0000,1023).
func (p *Progress) counts() [4]*int {
	return [4]*int{&p.Remaining, &p.Completed, &p.Failed, &p.Warning}
}

// append writes the counts; those of nothing remaining are left out of the
// first, because final responses have no such element but for Canceled.
func (p *Progress) append(b []byte) []byte {
	for i, n := range p.counts() {
		if i == 0 && *n < 0 {
			continue
		}
		b = appendNumber(b, 0x1020+uint16(i), uint16(min(*n, 0xFFFF)))
	}
	return b
}

// Retrieval is the state of a C-MOVE or C-GET.
type Retrieval struct {
	Progress
	// FailedUIDs are the SOP instances whose sub-operations failed.
	FailedUIDs []string
	// Report sends a pending response with the Progress so far.
	Report func() error
	// Accepts tells whether the requestor takes instances of a class in a
	// syntax on this association, which only C-GET needs.
	Accepts func(sopClass string, ts dicom.TransferSyntax) bool
	// Store is a C-STORE sub-operation of C-GET.
	Store func(ctx context.Context, sopClass, sopInstance string, ts dicom.TransferSyntax, data io.Reader) (Status, error)

	reported atomic.Pointer[Progress] // by the last Report, nil before the first
}

// Performer is a Handler of normalized services: modality performed procedure
// steps and requests of storage commitment.
type Performer interface {
	// Create is an N-CREATE; instance is "" if the requestor leaves it to us.
	// The returned one is given to the requestor.
	Create(ctx context.Context, a *Association, class, instance string, d *dicom.Dataset) (string, Status)
	// Set is an N-SET.
	Set(ctx context.Context, a *Association, class, instance string, d *dicom.Dataset) Status
	// Action is an N-ACTION.
	Action(ctx context.Context, a *Association, class, instance string, action uint16, d *dicom.Dataset) Status
}

// Listener is a Handler that asked for storage commitment elsewhere and hears
// the answer.
type Listener interface {
	Event(ctx context.Context, a *Association, e Event) Status
}

// Event is an N-EVENT-REPORT, PS3.7 section 10.1.1.
type Event struct {
	SOPClassUID, SOPInstanceUID string
	Type                        uint16
	Data                        *dicom.Dataset
}
