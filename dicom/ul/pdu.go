package ul

import (
	"encoding/binary"
	"fmt"
)

// pduType is the first byte of a PDU, PS3.8 section 9.3.
type pduType byte

const (
	typeAssociateRQ pduType = 1 + iota
	typeAssociateAC
	typeAssociateRJ
	typeData
	typeReleaseRQ
	typeReleaseRP
	typeAbort
)

// Bounds on what a peer may claim. All lengths are in bytes and count what
// follows the six bytes of the PDU header.
const (
	// maxAssociateLength holds 128 contexts of 40 transfer syntaxes each and a
	// user identity of 64 KB. It is memory that a peer nobody knows may claim.
	maxAssociateLength = 256 << 10
	// MaxDataLength is more than DefaultMaxPDU because some senders ignore what
	// we advertise; a P-DATA-TF of any length costs the same memory.
	MaxDataLength = 1 << 20
	// DefaultMaxPDU is the maximum length received that we advertise, PS3.8 D.1.
	DefaultMaxPDU = 128 << 10

	pduHeaderLength = 6
	pdvHeaderLength = 6
	shortPDULength  = 4 // A-ASSOCIATE-RJ, A-RELEASE-RQ, A-RELEASE-RP and A-ABORT
)

// Sources and reasons of an A-ABORT, PS3.8 Table 9-26. Reasons have a meaning
// only when the source is AbortProvider.
const (
	AbortUser     byte = 0
	AbortProvider byte = 2

	ReasonNotSpecified        byte = 0
	ReasonUnrecognizedPDU     byte = 1
	ReasonUnexpectedPDU       byte = 2
	ReasonUnexpectedPDUPar    byte = 5
	ReasonInvalidPDUParameter byte = 6
)

// Reject is an A-ASSOCIATE-RJ, PS3.8 section 9.3.4. As an error it says that an
// association was refused.
type Reject struct {
	Result byte // 1 permanent, 2 transient
	Source byte // 1 service user, 2 provider (ACSE), 3 provider (presentation)
	Reason byte // its meaning depends on Source
}

// The refusals in use here, by their names in PS3.8 Table 9-21.
var (
	RejectContextName = &Reject{1, 1, 2} // application context name not supported
	RejectCallingAE   = &Reject{1, 1, 3} // calling AE title not recognised
	RejectCalledAE    = &Reject{1, 1, 7} // called AE title not recognised
	RejectNoReason    = &Reject{1, 2, 1} // provider (ACSE): no reason given
	RejectVersion     = &Reject{1, 2, 2} // protocol version not supported
	RejectCongestion  = &Reject{2, 3, 1} // temporary congestion: try again
	RejectLocalLimit  = &Reject{2, 3, 2} // local limit exceeded: try again
)

func (r *Reject) Error() string {
	kind := "permanently"
	if r.Result == 2 {
		kind = "for now"
	}
	return fmt.Sprintf("association refused %s (result %d, source %d, reason %d)", kind, r.Result, r.Source, r.Reason)
}

// AbortError says that an association was aborted. Remote tells who did it.
type AbortError struct {
	Source, Reason byte
	Remote         bool
}

func (a *AbortError) Error() string {
	who := "by us"
	if a.Remote {
		who = "by the peer"
	}
	return fmt.Sprintf("association aborted %s (source %d, reason %d)", who, a.Source, a.Reason)
}

// ProtocolError is a breach of PS3.8 by the peer. The association is aborted
// with Reason, source 2.
type ProtocolError struct {
	Reason byte
	What   string
}

func (p *ProtocolError) Error() string { return "upper layer: " + p.What }

func invalid(format string, args ...any) *ProtocolError {
	return &ProtocolError{ReasonInvalidPDUParameter, fmt.Sprintf(format, args...)}
}

type pduHeader struct {
	typ    pduType
	length uint32
}

// parseHeader reads the six bytes before every PDU and refuses what no PDU of
// its type may claim.
func parseHeader(b []byte) (pduHeader, error) {
	h := pduHeader{pduType(b[0]), binary.BigEndian.Uint32(b[2:6])}
	switch h.typ {
	case typeAssociateRQ, typeAssociateAC:
		if h.length < associateFixedLength || h.length > maxAssociateLength {
			return h, invalid("A-ASSOCIATE of %d bytes", h.length)
		}
	case typeData:
		if h.length < pdvHeaderLength || h.length > MaxDataLength {
			return h, invalid("P-DATA-TF of %d bytes", h.length)
		}
	case typeAssociateRJ, typeReleaseRQ, typeReleaseRP, typeAbort:
		if h.length != shortPDULength {
			return h, invalid("PDU type %d of %d bytes, not 4", h.typ, h.length)
		}
	default:
		return h, &ProtocolError{ReasonUnrecognizedPDU, fmt.Sprintf("PDU type %d", h.typ)}
	}
	return h, nil
}

// PDV says what the fragment is whose bytes follow, PS3.8 section 9.3.5.1 and
// annex E.2.
type PDV struct {
	ContextID byte
	Command   bool // part of a command, not of a data set
	Last      bool // the last fragment of that command or data set
	Length    int  // bytes of the fragment
}

// parsePDV reads the length, context and control header of a fragment that
// has left bytes of its PDU to lie in.
func parsePDV(b []byte, left int) (PDV, error) {
	n := binary.BigEndian.Uint32(b[:4])
	if n < 2 || int64(n)+4 > int64(left) {
		return PDV{}, invalid("PDV of %d bytes where %d are left of its PDU", n, left)
	}
	return PDV{ContextID: b[4], Command: b[5]&1 != 0, Last: b[5]&2 != 0, Length: int(n) - 2}, nil
}

// putDataHeader writes the headers of a P-DATA-TF that holds one PDV of n
// payload bytes into the first twelve bytes of b.
func putDataHeader(b []byte, contextID byte, command, last bool, n int) {
	b[0], b[1] = byte(typeData), 0
	binary.BigEndian.PutUint32(b[2:], uint32(n+pdvHeaderLength))
	binary.BigEndian.PutUint32(b[6:], uint32(n+2))
	b[10], b[11] = contextID, 0
	if command {
		b[11] |= 1
	}
	if last {
		b[11] |= 2
	}
}

// shortPDU is a PDU of four bytes: reserved or a result, a source and a reason.
func shortPDU(t pduType, result, source, reason byte) []byte {
	return []byte{byte(t), 0, 0, 0, 0, shortPDULength, 0, result, source, reason}
}
