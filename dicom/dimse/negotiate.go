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
func (s *Server) negotiate(proposed []ul.Context) []Context {
	answered := make([]Context, len(proposed))
	for i, p := range proposed {
		c := Context{ID: p.ID, AbstractSyntax: p.AbstractSyntax}
		switch {
		case !s.serves(p.AbstractSyntax):
			c.Result = ul.ContextNoAbstract
		default:
			if c.Syntax = chooseSyntax(p.Syntaxes); c.Syntax == "" {
				c.Result = ul.ContextNoSyntaxCommon
			}
		}
		answered[i] = c
	}
	return answered
}

// serves tells whether the server takes an abstract syntax.
func (s *Server) serves(uid string) bool {
	return uid == Verification || StorageSOPClass(uid) || !s.RefuseUnknown && mayStore(uid)
}

// answer is the A-ASSOCIATE-AC for contexts.
func (s *Server) answer(rq *ul.Associate, contexts []Context) *ul.Associate {
	ac := &ul.Associate{
		ProtocolVersion: 1, MaxPDU: s.maxPDU(),
		ImplementationClassUID: ImplementationClassUID, ImplementationVersion: ImplementationVersion,
		AsyncOperations: rq.AsyncOperations,
	}
	for _, c := range contexts {
		syntax := c.Syntax
		if c.Result != ul.ContextAccepted {
			syntax = dicom.ImplicitVRLittleEndian // not significant, but PS3.8 9.3.3.2 wants the item
		}
		ac.Contexts = append(ac.Contexts, ul.Context{ID: c.ID, Result: c.Result, Syntaxes: []string{string(syntax)}})
	}
	return ac
}
