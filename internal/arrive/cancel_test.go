package arrive

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"testing"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/dimse"
	"github.com/yuanzhen/yuanzhen/dicom/ul"
)

func TestCancelStopsAQueryAfterTheMatchThatWasUnderWay(t *testing.T) {
	t.Parallel()
	h := shelf(t)
	a := &dimse.Association{CallingAE: "CT1", CalledAE: "YUANZHEN", RemoteAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}}
	if err := h.Accept(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	defer h.Closed(a, true, nil)
	for _, class := range []string{dimse.StudyRootFind, dimse.PatientRootFind} {
		ctx, cancel := context.WithCancelCause(t.Context())
		seen := 0
		status := h.Find(ctx, a, &dimse.Query{SOPClassUID: class, Identifier: identifier("STUDY", "StudyInstanceUID", "")}, func(uint16, *dicom.Dataset) error {
			if seen++; seen == 2 {
				cancel(dimse.ErrCanceled)
			}
			return context.Cause(ctx) // as the association does
		})
		if status.Code != dimse.Canceled || seen != 2 {
			t.Errorf("%v after %d matches", status, seen)
		}
	}
}

func TestCancelStopsAGetAndCountsWhatRemains(t *testing.T) {
	t.Parallel()
	h := shelf(t)
	c := h.getting(t, dicom.ExplicitVRLittleEndian)
	enough, took := errors.New("enough"), 0
	out, err := c.Get(t.Context(), dimse.StudyRootGet, identifier("STUDY", "StudyInstanceUID", `1.1\1.2\1.3`), func(dimse.Progress) error { return enough },
		func(r *dimse.StoreRequest) dimse.Status {
			took++
			io.Copy(io.Discard, r.Data)
			return dimse.Status{}
		})
	// The second instance may be on its way when the cancel is: its answer counts.
	if !errors.Is(err, enough) || out.Code != dimse.Canceled || took > 2 || out.Progress != (dimse.Progress{Remaining: 5 - took, Completed: took}) || len(out.FailedUIDs) != 0 {
		t.Errorf("%v %+v, %v, %d taken", out.Status, out.Progress, err, took)
	}
	if status, err := c.Get(t.Context(), dimse.StudyRootGet, identifier("STUDY", "StudyInstanceUID", "1.3"), nil, func(r *dimse.StoreRequest) dimse.Status {
		io.Copy(io.Discard, r.Data)
		return dimse.Status{}
	}); err != nil || status.Code != dimse.Success {
		t.Errorf("after the cancel: %v, %v", status, err)
	}
}

// TestGetSaysWhichClassesTheRequestorDoesNotTake has a CT and a secondary
// capture in a study, and a requestor that offers contexts and roles in part.
func TestGetSaysWhichClassesTheRequestorDoesNotTake(t *testing.T) {
	t.Parallel()
	h := newClinic(t)
	const secondary = "1.2.840.10008.5.1.4.1.1.7"
	h.send(t, "CT1", image{"1.1", "1.1.1", "1.1.1.1", "A1", "李^雷", "P1", "20260101", ""})
	capture := image{"1.1", "1.1.2", "1.1.2.1", "A1", "李^雷", "P1", "20260101", ""}.dataset()
	capture.SetText(dicom.SOPClassUID, secondary)
	keep(t, h.dial(t, "CT1", secondary), secondary, "1.1.2.1", capture)
	scp := func(classes ...string) (roles []ul.Role) {
		for _, class := range classes {
			roles = append(roles, ul.Role{SOPClass: class, SCP: true})
		}
		return roles
	}
	for name, q := range map[string]struct {
		classes []string
		roles   []ul.Role
		code    uint16
		want    dimse.Progress
		failed  []string
	}{
		"both":                  {[]string{ctClass, secondary}, scp(ctClass, secondary), dimse.Success, dimse.Progress{Completed: 2}, nil},
		"one context":           {[]string{ctClass}, scp(ctClass, secondary), dimse.SubOperationsFailed, dimse.Progress{Completed: 1, Failed: 1}, []string{"1.1.2.1"}},
		"one role":              {[]string{ctClass, secondary}, scp(ctClass), dimse.SubOperationsFailed, dimse.Progress{Completed: 1, Failed: 1}, []string{"1.1.2.1"}},
		"neither":               {nil, nil, dimse.UnableToPerform, dimse.Progress{Failed: 2}, []string{"1.1.1.1", "1.1.2.1"}},
		"contexts, but no role": {[]string{ctClass, secondary}, nil, dimse.UnableToPerform, dimse.Progress{Failed: 2}, []string{"1.1.1.1", "1.1.2.1"}},
	} {
		o := dimse.DialOptions{CallingAE: "CT1", CalledAE: "YUANZHEN", Roles: q.roles, Contexts: []dimse.PresentationContext{{AbstractSyntax: dimse.StudyRootGet, Syntaxes: native}}}
		for _, class := range q.classes {
			o.Contexts = append(o.Contexts, dimse.PresentationContext{AbstractSyntax: class, Syntaxes: native})
		}
		c, err := dimse.Dial(t.Context(), h.addr, o)
		if err != nil {
			t.Fatal(err)
		}
		out, err := c.Get(t.Context(), dimse.StudyRootGet, identifier("STUDY", "StudyInstanceUID", "1.1"), nil, func(r *dimse.StoreRequest) dimse.Status {
			io.Copy(io.Discard, r.Data)
			return dimse.Status{}
		})
		slices.Sort(out.FailedUIDs)
		if out.Remaining != 0 {
			t.Errorf("%s: a final response with remaining sub-operations", name)
		}
		if err != nil || out.Code != q.code || out.Progress != q.want || !slices.Equal(out.FailedUIDs, q.failed) {
			t.Errorf("%s: %+v, %v; want %04X %+v %v", name, out, err, q.code, q.want, q.failed)
		}
		c.Release()
	}
}
