package dimse

import (
	"crypto/tls"
	"net"
	"strings"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/ul"
)

// How we name ourselves in A-ASSOCIATE, PS3.7 annex D.3.3.2.
const (
	ImplementationClassUID = "2.25.180861845741489274234757695345546534725"
	ImplementationVersion  = "YUANZHEN"
)

// Association describes an open association to a Handler.
type Association struct {
	CallingAE, CalledAE    string // without the spaces around them
	RemoteAddr             net.Addr
	ImplementationClassUID string // the peer's
	ImplementationVersion  string // the peer's, "" if it gave none
	Contexts               []Context
	// Identity is what the peer says of its user, nil if nothing. It holds
	// secrets and is not checked here.
	Identity *ul.UserIdentity
	// TLS is nil without TLS.
	TLS   *tls.ConnectionState
	Since time.Time
	// Roles are those the peer may play beside or instead of SCU, Extended the
	// negotiated information of service classes.
	Roles    []ul.Role
	Extended []ul.Extended

	session *session // set once the association is accepted
}

// PeerSCP tells whether the peer, who opened the association, acts as SCP of a
// SOP class.
func (a *Association) PeerSCP(sopClass string) bool {
	for _, r := range a.Roles {
		if r.SOPClass == sopClass {
			return r.SCP
		}
	}
	return false
}

// Context is a presentation context as it was answered.
type Context struct {
	ID             byte
	AbstractSyntax string
	Syntax         dicom.TransferSyntax // the accepted one, "" if refused
	Result         byte                 // ul.ContextAccepted or why not
}

// Reject refuses an association, see ul.Reject.
type Reject = ul.Reject

// newAssociation describes rq, which came over the given connection.
func newAssociation(rq *ul.Associate, nc net.Conn) *Association {
	a := &Association{
		CallingAE: rq.CallingAE, CalledAE: rq.CalledAE,
		RemoteAddr:             nc.RemoteAddr(),
		ImplementationClassUID: rq.ImplementationClassUID,
		ImplementationVersion:  rq.ImplementationVersion,
		Identity:               rq.Identity,
		Since:                  time.Now(),
	}
	if tc, ok := nc.(*tls.Conn); ok {
		state := tc.ConnectionState()
		a.TLS = &state
	}
	return a
}

// accepted finds the context of an id among those accepted.
func accepted(contexts []Context, id byte) (Context, bool) {
	for _, c := range contexts {
		if c.ID == id && c.Result == ul.ContextAccepted {
			return c, true
		}
	}
	return Context{}, false
}

// validTitle tells whether s is an AE title, PS3.5 section 6.2: one to sixteen
// characters of printable ASCII without backslash.
func validTitle(s string) bool {
	return len(s) > 0 && len(s) <= 16 && strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r > '~' || r == '\\' }) < 0
}
