package dimse

import (
	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/ul"
)

// refuse returns why rq cannot be accepted whoever sent it, nil if it can.
func (s *Server) refuse(rq *ul.Associate) *Reject {
	switch {
	case rq.ProtocolVersion&1 == 0:
		return ul.RejectVersion
	case rq.ApplicationContext != ul.ApplicationContext:
		return ul.RejectContextName
	case !validTitle(rq.CalledAE), s.AETitle != "" && rq.CalledAE != s.AETitle:
		return ul.RejectCalledAE
	case !validTitle(rq.CallingAE):
		return ul.RejectCallingAE
	case ul.TooShort(rq.MaxPDU):
		return ul.RejectNoReason
	}
	return nil
}

// negotiate answers every proposed context: 3 for an abstract syntax we do not
// serve, 4 when none of the transfer syntaxes suits.
func (s *Server) negotiate(proposed []ul.Context, roles []ul.Role) []Context {
	answered := make([]Context, len(proposed))
	for i, p := range proposed {
		c := Context{ID: p.ID, AbstractSyntax: p.AbstractSyntax}
		switch {
		case !s.serves(p.AbstractSyntax):
			c.Result = ul.ContextNoAbstract
		default:
			if c.Syntax = s.choose(p, roles); c.Syntax == "" {
				c.Result = ul.ContextNoSyntaxCommon
			}
		}
		answered[i] = c
	}
	return answered
}

// choose picks the transfer syntax of a context. Where instances only go to
// the peer, native ones are better: every instance can be given in them.
func (s *Server) choose(p ul.Context, roles []ul.Role) dicom.TransferSyntax {
	if operationOf(p.AbstractSyntax) != 0 || p.AbstractSyntax == Verification {
		return chooseNative(p.Syntaxes)
	}
	for _, r := range roles {
		if r.SOPClass == p.AbstractSyntax && r.SCP && !r.SCU {
			if ts := chooseNative(p.Syntaxes); ts != "" {
				return ts
			}
		}
	}
	return chooseSyntax(p.Syntaxes)
}

// serves tells whether the server takes an abstract syntax.
func (s *Server) serves(uid string) bool {
	if field := operationOf(uid); field != 0 {
		return s.performs(field) || uid == StorageCommitment && s.performs(nEventReport)
	}
	return uid == Verification || StorageSOPClass(uid) || !s.RefuseUnknown && mayStore(uid)
}

// performs tells whether the handler has the service that a command field
// belongs to.
func (s *Server) performs(field uint16) (ok bool) {
	switch field {
	case cFind:
		_, ok = s.Handler.(Finder)
	case cMove, cGet:
		_, ok = s.Handler.(Retriever)
	case nCreate, nSet, nAction:
		_, ok = s.Handler.(Performer)
	case nEventReport:
		_, ok = s.Handler.(Listener)
	}
	return ok
}

// roles answers role selection: the requestor may be SCU of what we serve, and
// SCP of storage classes where we retrieve for it (C-GET) or of the commitment
// that we asked for.
func (s *Server) roles(proposed []ul.Role) (granted []ul.Role) {
	for _, r := range proposed {
		if !s.serves(r.SOPClass) {
			continue
		}
		mayBeSCP := operationOf(r.SOPClass) == 0 && r.SOPClass != Verification && s.performs(cGet) ||
			r.SOPClass == StorageCommitment && s.performs(nEventReport)
		mayBeSCU := r.SOPClass != StorageCommitment || s.performs(nAction)
		granted = append(granted, ul.Role{SOPClass: r.SOPClass, SCU: r.SCU && mayBeSCU, SCP: r.SCP && mayBeSCP})
	}
	return granted
}

// extended answers SOP class extended negotiation: relational queries, combined
// date and time matching and fuzzy names of FIND, relational retrieval of MOVE
// and GET (PS3.4 section C.5), full storage without coercion (PS3.4 B.3.1), and
// nothing beyond the standard's matching of worklists.
func (s *Server) extended(proposed []ul.Extended) (granted []ul.Extended) {
	for _, e := range proposed {
		if !s.serves(e.SOPClass) || e.SOPClass == Verification {
			continue
		}
		var info []byte
		switch operation := operationOf(e.SOPClass); {
		case e.SOPClass == ModalityWorklist:
			info = both(e.Info, make([]byte, len(e.Info)))
		case operation == cFind:
			info = both(e.Info, []byte{1, 1, 1, 0, 0})
		case operation == cMove || operation == cGet:
			info = both(e.Info, []byte{1, 0})
		case operation == 0:
			info = []byte{2, 0, 3, 0, 0}[:min(5, len(e.Info))]
		default:
			continue
		}
		granted = append(granted, ul.Extended{SOPClass: e.SOPClass, Info: info})
	}
	return granted
}

// both is what the peer proposes and we can.
func both(proposed, ours []byte) []byte {
	info := make([]byte, min(len(proposed), len(ours)))
	for i := range info {
		info[i] = proposed[i] & ours[i]
	}
	return info
}

// answer is the A-ASSOCIATE-AC of an association.
func (s *Server) answer(rq *ul.Associate, a *Association) *ul.Associate {
	ac := &ul.Associate{
		ProtocolVersion: 1, MaxPDU: s.maxPDU(),
		ImplementationClassUID: ImplementationClassUID, ImplementationVersion: ImplementationVersion,
		AsyncOperations: rq.AsyncOperations,
		Roles:           a.Roles, Extended: a.Extended,
		IdentityResponse: rq.Identity != nil && rq.Identity.ResponseRequested,
	}
	for _, c := range a.Contexts {
		syntax := c.Syntax
		if c.Result != ul.ContextAccepted {
			syntax = dicom.ImplicitVRLittleEndian // not significant, but PS3.8 9.3.3.2 wants the item
		}
		ac.Contexts = append(ac.Contexts, ul.Context{ID: c.ID, Result: c.Result, Syntaxes: []string{string(syntax)}})
	}
	return ac
}
