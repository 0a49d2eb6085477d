package ul

import "fmt"

// state is one of the thirteen states of PS3.8 Tables 9-1 to 9-5.
type state uint8

const (
	sta1  state = 1 + iota // idle
	sta2                   // transport open, awaiting A-ASSOCIATE-RQ
	sta3                   // awaiting the local A-ASSOCIATE response
	sta4                   // awaiting the transport to open
	sta5                   // awaiting A-ASSOCIATE-AC or -RJ
	sta6                   // association established
	sta7                   // awaiting A-RELEASE-RP
	sta8                   // awaiting the local A-RELEASE response
	sta9                   // release collision, requestor: awaiting the local response
	sta10                  // release collision, acceptor: awaiting A-RELEASE-RP
	sta11                  // release collision, requestor: awaiting A-RELEASE-RP
	sta12                  // release collision, acceptor: awaiting the local response
	sta13                  // awaiting the transport to close
)

func (s state) String() string { return fmt.Sprintf("Sta%d", uint8(s)) }

// event is one of the nineteen events of PS3.8 Table 9-10.
type event uint8

const (
	evt1  event = 1 + iota // A-ASSOCIATE request (local)
	evt2                   // transport opened (requestor)
	evt3                   // A-ASSOCIATE-AC received
	evt4                   // A-ASSOCIATE-RJ received
	evt5                   // transport opened (acceptor)
	evt6                   // A-ASSOCIATE-RQ received
	evt7                   // A-ASSOCIATE response: accept (local)
	evt8                   // A-ASSOCIATE response: reject (local)
	evt9                   // P-DATA request (local)
	evt10                  // P-DATA-TF received
	evt11                  // A-RELEASE request (local)
	evt12                  // A-RELEASE-RQ received
	evt13                  // A-RELEASE-RP received
	evt14                  // A-RELEASE response (local)
	evt15                  // A-ABORT request (local)
	evt16                  // A-ABORT received
	evt17                  // transport closed
	evt18                  // ARTIM timer expired
	evt19                  // unrecognised or invalid PDU received
)

func (e event) String() string { return fmt.Sprintf("Evt%d", uint8(e)) }

// rule names a cell of Table 9-10 as PS3.8 Tables 9-6 to 9-9 do. The zero rule
// is an empty cell: the event cannot happen in that state.
type rule uint8

const (
	ae1 rule = 1 + iota
	ae2
	ae3
	ae4
	ae5
	ae6
	ae7
	ae8
	dt1
	dt2
	ar1
	ar2
	ar3
	ar4
	ar5
	ar6
	ar7
	ar8
	ar9
	ar10
	aa1
	aa2
	aa3
	aa4
	aa5
	aa6
	aa7
	aa8
)

var ruleNames = [...]string{"-", "AE-1", "AE-2", "AE-3", "AE-4", "AE-5", "AE-6", "AE-7", "AE-8", "DT-1", "DT-2",
	"AR-1", "AR-2", "AR-3", "AR-4", "AR-5", "AR-6", "AR-7", "AR-8", "AR-9", "AR-10",
	"AA-1", "AA-2", "AA-3", "AA-4", "AA-5", "AA-6", "AA-7", "AA-8"}

func (r rule) String() string { return ruleNames[r] }

// action is one thing a rule asks of the caller of step.
type action uint8

const (
	openTransport     action = 1 + iota
	sendPDU                  // the PDU of the local primitive that caused the event
	sendAbort                // A-ABORT
	startARTIM               // start, or restart
	stopARTIM                //
	closeTransport           //
	indicateAssociate        // from here on: primitives issued to the local user
	confirmAccepted
	confirmRejected
	indicateData
	indicateRelease
	confirmRelease
	indicateAbort
	indicateProviderAbort
)

var actionNames = [...]string{"", "open transport", "send PDU", "send A-ABORT", "start ARTIM", "stop ARTIM", "close transport",
	"A-ASSOCIATE indication", "A-ASSOCIATE confirmation (accept)", "A-ASSOCIATE confirmation (reject)",
	"P-DATA indication", "A-RELEASE indication", "A-RELEASE confirmation", "A-ABORT indication", "A-P-ABORT indication"}

func (a action) String() string { return actionNames[a] }

// table is PS3.8 Table 9-10.
var table = [evt19 + 1][sta13 + 1]rule{
	evt1:  {sta1: ae1},
	evt2:  {sta4: ae2},
	evt3:  {sta2: aa1, sta3: aa8, sta5: ae3, sta6: aa8, sta7: aa8, sta8: aa8, sta9: aa8, sta10: aa8, sta11: aa8, sta12: aa8, sta13: aa6},
	evt4:  {sta2: aa1, sta3: aa8, sta5: ae4, sta6: aa8, sta7: aa8, sta8: aa8, sta9: aa8, sta10: aa8, sta11: aa8, sta12: aa8, sta13: aa6},
	evt5:  {sta1: ae5},
	evt6:  {sta2: ae6, sta3: aa8, sta5: aa8, sta6: aa8, sta7: aa8, sta8: aa8, sta9: aa8, sta10: aa8, sta11: aa8, sta12: aa8, sta13: aa7},
	evt7:  {sta3: ae7},
	evt8:  {sta3: ae8},
	evt9:  {sta6: dt1, sta8: ar7},
	evt10: {sta2: aa1, sta3: aa8, sta5: aa8, sta6: dt2, sta7: ar6, sta8: aa8, sta9: aa8, sta10: aa8, sta11: aa8, sta12: aa8, sta13: aa6},
	evt11: {sta6: ar1},
	evt12: {sta2: aa1, sta3: aa8, sta5: aa8, sta6: ar2, sta7: ar8, sta8: aa8, sta9: aa8, sta10: aa8, sta11: aa8, sta12: aa8, sta13: aa6},
	evt13: {sta2: aa1, sta3: aa8, sta5: aa8, sta6: aa8, sta7: ar3, sta8: aa8, sta9: aa8, sta10: ar10, sta11: ar3, sta12: aa8, sta13: aa6},
	evt14: {sta8: ar4, sta9: ar9, sta12: ar4},
	evt15: {sta3: aa1, sta4: aa2, sta5: aa1, sta6: aa1, sta7: aa1, sta8: aa1, sta9: aa1, sta10: aa1, sta11: aa1, sta12: aa1},
	evt16: {sta2: aa2, sta3: aa3, sta5: aa3, sta6: aa3, sta7: aa3, sta8: aa3, sta9: aa3, sta10: aa3, sta11: aa3, sta12: aa3, sta13: aa2},
	evt17: {sta2: aa5, sta3: aa4, sta4: aa4, sta5: aa4, sta6: aa4, sta7: aa4, sta8: aa4, sta9: aa4, sta10: aa4, sta11: aa4, sta12: aa4, sta13: ar5},
	evt18: {sta2: aa2, sta13: aa2},
	evt19: {sta2: aa1, sta3: aa8, sta5: aa8, sta6: aa8, sta7: aa8, sta8: aa8, sta9: aa8, sta10: aa8, sta11: aa8, sta12: aa8, sta13: aa7},
}

// rules is PS3.8 Tables 9-6 to 9-9: what each rule does and where it leads.
// AE-6 and AR-8 have two outcomes each. AE-6 leads to sta3 here, and a request
// that the provider refuses is then answered by evt8. AR-8 leads the requestor
// to sta9; step sends the acceptor to sta10.
var rules = [...]struct {
	next    state
	actions []action
}{
	ae1:  {sta4, []action{openTransport}},
	ae2:  {sta5, []action{sendPDU}},
	ae3:  {sta6, []action{confirmAccepted}},
	ae4:  {sta1, []action{closeTransport, confirmRejected}},
	ae5:  {sta2, []action{startARTIM}},
	ae6:  {sta3, []action{stopARTIM, indicateAssociate}},
	ae7:  {sta6, []action{sendPDU}},
	ae8:  {sta13, []action{sendPDU, startARTIM}},
	dt1:  {sta6, []action{sendPDU}},
	dt2:  {sta6, []action{indicateData}},
	ar1:  {sta7, []action{sendPDU}},
	ar2:  {sta8, []action{indicateRelease}},
	ar3:  {sta1, []action{closeTransport, confirmRelease}},
	ar4:  {sta13, []action{sendPDU, startARTIM}},
	ar5:  {sta1, []action{stopARTIM}},
	ar6:  {sta7, []action{indicateData}},
	ar7:  {sta8, []action{sendPDU}},
	ar8:  {sta9, []action{indicateRelease}},
	ar9:  {sta11, []action{sendPDU}},
	ar10: {sta12, []action{confirmRelease}},
	aa1:  {sta13, []action{sendAbort, startARTIM}},
	aa2:  {sta1, []action{stopARTIM, closeTransport}},
	aa3:  {sta1, []action{closeTransport, indicateAbort}},
	aa4:  {sta1, []action{indicateProviderAbort}},
	aa5:  {sta1, []action{stopARTIM}},
	aa6:  {sta13, nil},
	aa7:  {sta13, []action{sendAbort}},
	aa8:  {sta13, []action{sendAbort, indicateProviderAbort, startARTIM}},
}

// step is PS3.8 Table 9-10. It has no socket, no clock and no goroutine: the
// caller performs the returned actions, and a test can walk every pair.
// ok is false for an empty cell, which changes nothing.
func step(s state, e event, requestor bool) (next state, actions []action, ok bool) {
	r := table[e][s]
	if r == 0 {
		return s, nil, false
	}
	next = rules[r].next
	if r == ar8 && !requestor {
		next = sta10
	}
	return next, rules[r].actions, true
}
