package ul

import (
	"encoding/binary"
	"strings"
)

// ApplicationContext is the only application context name, PS3.7 annex A.
const ApplicationContext = "1.2.840.10008.3.1.1.1"

// MaxSyntaxes bounds the transfer syntaxes of one context; more are not looked at.
const MaxSyntaxes = 128

// MaxContexts is what the odd ids of one byte allow, PS3.8 section 9.3.2.2.
const MaxContexts = 128

const (
	associateFixedLength = 68 // before the variable items
	aeTitleLength        = 16
	maxUIDLength         = 64
)

// Results of a presentation context, PS3.8 Table 9-18.
const (
	ContextAccepted       byte = 0
	ContextNoReason       byte = 2
	ContextNoAbstract     byte = 3 // abstract syntax not supported
	ContextNoSyntaxCommon byte = 4 // none of the transfer syntaxes supported
)

// Context is a presentation context. In a request AbstractSyntax and Syntaxes
// are what is proposed; in an answer AbstractSyntax is empty and Syntaxes holds
// the accepted transfer syntax, which means nothing unless Result is 0.
type Context struct {
	ID             byte // odd, unique within an association
	AbstractSyntax string
	Syntaxes       []string
	Result         byte
}

// UserIdentity is what a requestor says of its user, PS3.7 section D.3.3.7.
// Primary and Secondary are secrets: they belong in no log.
type UserIdentity struct {
	Type              byte // 1 name, 2 name and passcode, 3 Kerberos, 4 SAML, 5 JWT
	ResponseRequested bool
	Primary           []byte
	Secondary         []byte
}

// Role is a role selection, PS3.7 section D.3.3.4: in a request the roles the
// requestor wants to play for a SOP class, in an answer those it may play.
type Role struct {
	SOPClass string
	SCU, SCP bool
}

// Extended is a SOP class extended negotiation, PS3.7 section D.3.3.5. What
// Info means is the service's own, PS3.4.
type Extended struct {
	SOPClass string
	Info     []byte
}

// Associate is an A-ASSOCIATE-RQ or -AC, PS3.8 sections 9.3.2 and 9.3.3.
type Associate struct {
	ProtocolVersion    uint16 // bit 0 is version 1, the only one
	CalledAE           string // without the spaces around it
	CallingAE          string
	ApplicationContext string
	Contexts           []Context
	// MaxPDU is the longest P-DATA-TF the writer of this PDU receives, in
	// bytes; 0 means any.
	MaxPDU                 uint32
	ImplementationClassUID string
	ImplementationVersion  string
	// AsyncOperations tells that the window of PS3.7 D.3.3.3 was negotiated.
	// What is written is always a window of one.
	AsyncOperations bool
	Identity        *UserIdentity // nil if none was given
	// IdentityResponse says in an answer that the identity was taken, for
	// requestors that asked to hear it.
	IdentityResponse bool
	Roles            []Role
	Extended         []Extended

	titles [2 * aeTitleLength]byte // as received: an AC repeats them to the byte
}

// parseAssociate reads the body of an A-ASSOCIATE-RQ or -AC. Items nobody
// knows are passed over, as PS3.8 section 9.3.1 asks.
func parseAssociate(t pduType, b []byte) (*Associate, error) {
	if len(b) < associateFixedLength {
		return nil, invalid("A-ASSOCIATE of %d bytes", len(b))
	}
	a := &Associate{ProtocolVersion: binary.BigEndian.Uint16(b)}
	copy(a.titles[:], b[4:])
	a.CalledAE = trimTitle(b[4 : 4+aeTitleLength])
	a.CallingAE = trimTitle(b[4+aeTitleLength : 4+2*aeTitleLength])
	err := eachItem(b[associateFixedLength:], func(item byte, v []byte) error {
		switch item {
		case itemApplicationContext:
			a.ApplicationContext = trimUID(v)
		case itemContextRQ, itemContextAC:
			if (item == itemContextRQ) != (t == typeAssociateRQ) {
				return &ProtocolError{ReasonUnexpectedPDUPar, "presentation context item of the other direction"}
			}
			return a.addContext(v)
		case itemUserInformation:
			return a.readUserInformation(v)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return a, nil
}

// addContext reads one presentation context item.
func (a *Associate) addContext(b []byte) error {
	if len(b) < 4 {
		return invalid("presentation context item of %d bytes", len(b))
	}
	c := Context{ID: b[0], Result: b[2]}
	if c.ID%2 == 0 {
		return invalid("presentation context id %d is even", c.ID)
	}
	for i := range a.Contexts {
		if a.Contexts[i].ID == c.ID {
			return invalid("presentation context id %d given twice", c.ID)
		}
	}
	err := eachItem(b[4:], func(item byte, v []byte) error {
		switch item {
		case itemAbstractSyntax:
			c.AbstractSyntax = trimUID(v)
		case itemTransferSyntax:
			if len(c.Syntaxes) < MaxSyntaxes {
				c.Syntaxes = append(c.Syntaxes, trimUID(v))
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	a.Contexts = append(a.Contexts, c)
	return nil
}

// append writes the whole PDU of type t, A-ASSOCIATE-RQ or -AC.
func (a *Associate) append(b []byte, t pduType) []byte {
	b = append(b, byte(t), 0, 0, 0, 0, 0, 0, 1, 0, 0)
	if t == typeAssociateAC {
		b = append(b, a.titles[:]...)
	} else {
		b = appendTitle(appendTitle(b, a.CalledAE), a.CallingAE)
	}
	b = append(b, make([]byte, 32)...)
	b = appendItem(b, itemApplicationContext, a.ApplicationContext)
	item := itemContextRQ
	if t == typeAssociateAC {
		item = itemContextAC
	}
	for _, c := range a.Contexts {
		var at int
		b, at = openItem(b, item)
		b = append(b, c.ID, 0, c.Result, 0)
		if t == typeAssociateRQ {
			b = appendItem(b, itemAbstractSyntax, c.AbstractSyntax)
		}
		for _, s := range c.Syntaxes {
			b = appendItem(b, itemTransferSyntax, s)
		}
		closeItem(b, at)
	}
	b = a.appendUserInformation(b)
	binary.BigEndian.PutUint32(b[2:], uint32(len(b)-pduHeaderLength))
	return b
}

// trimTitle drops the spaces that do not count (PS3.8 section 9.3.2) and the
// NULs that some senders pad with.
func trimTitle(b []byte) string { return strings.Trim(string(b), " \x00") }

func appendTitle(b []byte, title string) []byte {
	var field [aeTitleLength]byte
	for i := copy(field[:], title); i < aeTitleLength; i++ {
		field[i] = ' '
	}
	return append(b, field[:]...)
}

// trimUID drops padding. UIDs in PDUs are not padded, but senders do it.
func trimUID(b []byte) string {
	if len(b) > maxUIDLength+1 {
		return ""
	}
	return strings.TrimRight(string(b), " \x00")
}
