package dimse

import (
	"fmt"
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
