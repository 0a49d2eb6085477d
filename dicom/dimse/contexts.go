package dimse

import (
	"fmt"
	"iter"
	"slices"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/ul"
)

// Kind is what a presentation context has to carry of an instance.
type Kind struct {
	SOPClassUID string
	Syntax      dicom.TransferSyntax // the one it is stored in
}

// ContextsFor proposes what is needed to send instances of these kinds as they
// are: one context for each pair of SOP class and transfer syntax, because of
// several syntaxes in one context the peer would choose only one. More than
// ul.MaxContexts pairs are an error: such a batch needs two associations.
func ContextsFor(kinds ...Kind) ([]PresentationContext, error) {
	var contexts []PresentationContext
	var seen []Kind
	for _, k := range kinds {
		if slices.Contains(seen, k) {
			continue
		}
		if seen = append(seen, k); len(seen) > ul.MaxContexts {
			return nil, fmt.Errorf("dimse: more than %d pairs of SOP class and transfer syntax", ul.MaxContexts)
		}
		contexts = append(contexts, PresentationContext{k.SOPClassUID, []dicom.TransferSyntax{k.Syntax}})
	}
	return contexts, nil
}

// natives are the syntaxes an instance can be decoded to, best first.
var natives = []dicom.TransferSyntax{dicom.ExplicitVRLittleEndian, dicom.ImplicitVRLittleEndian, dicom.ExplicitVRBigEndian, dicom.DeflatedExplicitVRLittleEndian}

// Offer proposes contexts in which instances of these kinds can be sent as they
// are or decoded: each kind in its own syntax, each SOP class in the native ones
// too. offered are the kinds for which one association has room, from the first
// on.
func Offer(kinds iter.Seq[Kind]) (contexts []PresentationContext, offered map[Kind]bool) {
	offered = map[Kind]bool{}
	native := map[string]bool{}
	for k := range kinds {
		if offered[k] {
			continue
		}
		if len(contexts)+2 > ul.MaxContexts {
			break
		}
		offered[k] = true
		contexts = append(contexts, PresentationContext{k.SOPClassUID, []dicom.TransferSyntax{k.Syntax}})
		if !native[k.SOPClassUID] {
			native[k.SOPClassUID] = true
			others := slices.DeleteFunc(slices.Clone(natives[:2]), func(ts dicom.TransferSyntax) bool { return ts == k.Syntax })
			contexts = append(contexts, PresentationContext{k.SOPClassUID, others})
		}
	}
	return contexts, offered
}

// Best picks how an instance is sent: as stored if the receiver accepts that,
// else decoded; ok is false when it accepts neither.
func (k Kind) Best(accepts func(sopClass string, ts dicom.TransferSyntax) bool) (ts dicom.TransferSyntax, ok bool) {
	if accepts(k.SOPClassUID, k.Syntax) {
		return k.Syntax, true
	}
	for _, ts := range natives {
		if accepts(k.SOPClassUID, ts) {
			return ts, true
		}
	}
	return "", false
}
