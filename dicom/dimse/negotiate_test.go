package dimse

import (
	"reflect"
	"slices"
	"strconv"
	"testing"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/ul"
)

const (
	ctImage      = "1.2.840.10008.5.1.4.1.1.2"
	twelveLead   = "1.2.840.10008.5.1.4.1.1.9.1.1"
	studyRootGet = "1.2.840.10008.5.1.4.1.2.2.3"
)

func TestContextIsAnsweredWithTheStandardsResult(t *testing.T) {
	t.Parallel()
	const (
		implicit  = string(dicom.ImplicitVRLittleEndian)
		explicit  = string(dicom.ExplicitVRLittleEndian)
		bigEndian = string(dicom.ExplicitVRBigEndian)
		deflated  = string(dicom.DeflatedExplicitVRLittleEndian)
		j2k       = string(dicom.JPEG2000Lossless)
		htj2k     = string(dicom.HTJ2KLossless)
		jpip      = string(dicom.JPIPReferenced)
	)
	for _, c := range []struct {
		name     string
		abstract string
		syntaxes []string
		result   byte
		syntax   string
	}{
		{"CT in implicit VR", ctImage, []string{implicit}, 0, implicit},
		{"explicit before implicit", ctImage, []string{implicit, explicit}, 0, explicit},
		{"explicit before big endian", ctImage, []string{bigEndian, implicit, explicit}, 0, explicit},
		{"big endian alone", ctImage, []string{bigEndian}, 0, bigEndian},
		{"deflated alone", ctImage, []string{deflated}, 0, deflated},
		{"compressed first, as the sender has it", ctImage, []string{j2k, explicit, implicit}, 0, j2k},
		{"native first, as the sender has it", ctImage, []string{explicit, j2k}, 0, explicit},
		{"unknown syntax passed over", ctImage, []string{"1.2.3.4", htj2k}, 0, htj2k},
		{"HTJ2K alone", ctImage, []string{htj2k}, 0, htj2k},
		{"no syntax we know", ctImage, []string{"1.2.3.4"}, 4, ""},
		{"pixels that stay with the sender", ctImage, []string{jpip}, 4, ""},
		{"no syntax at all", ctImage, nil, 4, ""},
		{"ECG", twelveLead, []string{explicit}, 0, explicit},
		{"retired ultrasound", "1.2.840.10008.5.1.4.1.1.6", []string{implicit}, 0, implicit},
		{"echo", Verification, []string{implicit}, 0, implicit},
		{"private storage", "1.2.840.113619.4.27", []string{implicit}, 0, implicit},
		{"storage class newer than our table", storageRoot + "999.1", []string{explicit}, 0, explicit},
		{"a service that is not storage", studyRootGet, []string{implicit}, 3, ""},
		{"procedure protocols", storageRoot + "200.4", []string{implicit}, 3, ""},
		{"no UID", "../etc", []string{implicit}, 3, ""},
		{"empty UID", "", []string{implicit}, 3, ""},
	} {
		got := new(Server).negotiate([]ul.Context{{ID: 5, AbstractSyntax: c.abstract, Syntaxes: c.syntaxes}}, nil)[0]
		if want := (Context{5, c.abstract, dicom.TransferSyntax(c.syntax), c.result}); got != want {
			t.Errorf("%s: %+v, want %+v", c.name, got, want)
		}
	}
}

func TestUnknownStorageCanBeRefused(t *testing.T) {
	t.Parallel()
	s := &Server{RefuseUnknown: true}
	if s.serves("1.2.840.113619.4.27") || !s.serves(ctImage) || !s.serves(Verification) {
		t.Error("a private class is served, or a known one is not")
	}
}

func TestRequestsThatCannotBeServedAreRefusedWithTheirReason(t *testing.T) {
	t.Parallel()
	good := ul.Associate{ProtocolVersion: 1, ApplicationContext: ul.ApplicationContext, CalledAE: "HUB", CallingAE: "CT", MaxPDU: 16384}
	for _, c := range []struct {
		name   string
		change func(*ul.Associate)
		want   *Reject
	}{
		{"good", func(*ul.Associate) {}, nil},
		{"unlimited PDU", func(a *ul.Associate) { a.MaxPDU = 0 }, nil},
		{"version 2 only", func(a *ul.Associate) { a.ProtocolVersion = 2 }, &Reject{Result: 1, Source: 2, Reason: 2}},
		{"another application context", func(a *ul.Associate) { a.ApplicationContext = "1.2.3" }, &Reject{Result: 1, Source: 1, Reason: 2}},
		{"another called title", func(a *ul.Associate) { a.CalledAE = "PACS" }, &Reject{Result: 1, Source: 1, Reason: 7}},
		{"empty called title", func(a *ul.Associate) { a.CalledAE = "" }, &Reject{Result: 1, Source: 1, Reason: 7}},
		{"empty calling title", func(a *ul.Associate) { a.CallingAE = "" }, &Reject{Result: 1, Source: 1, Reason: 3}},
		{"line break in the calling title", func(a *ul.Associate) { a.CallingAE = "CT\nlevel=OK" }, &Reject{Result: 1, Source: 1, Reason: 3}},
		{"PDU without room for data", func(a *ul.Associate) { a.MaxPDU = 7 }, &Reject{Result: 1, Source: 2, Reason: 1}},
	} {
		rq := good
		c.change(&rq)
		got := (&Server{AETitle: "HUB"}).refuse(&rq)
		if (got == nil) != (c.want == nil) || got != nil && *got != *c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestOfferHasRoomForWhatIsStoredAndForNativeSyntaxes(t *testing.T) {
	t.Parallel()
	ct, jpeg, ecg := Kind{ctImage, dicom.ExplicitVRLittleEndian}, Kind{ctImage, dicom.JPEG2000Lossless}, Kind{twelveLead, dicom.ImplicitVRLittleEndian}
	contexts, offered := Offer(slices.Values([]Kind{ct, jpeg, ct, ecg}))
	want := []PresentationContext{
		{ctImage, []dicom.TransferSyntax{dicom.ExplicitVRLittleEndian}}, {ctImage, []dicom.TransferSyntax{dicom.ImplicitVRLittleEndian}},
		{ctImage, []dicom.TransferSyntax{dicom.JPEG2000Lossless}},
		{twelveLead, []dicom.TransferSyntax{dicom.ImplicitVRLittleEndian}}, {twelveLead, []dicom.TransferSyntax{dicom.ExplicitVRLittleEndian}},
	}
	if !reflect.DeepEqual(contexts, want) || len(offered) != 3 || !offered[ct] || !offered[jpeg] || !offered[ecg] {
		t.Errorf("%+v, %v", contexts, offered)
	}
	contexts, offered = Offer(func(yield func(Kind) bool) {
		for i := 0; yield(Kind{"1.2." + strconv.Itoa(i), dicom.JPEG2000Lossless}); i++ {
		}
	})
	if len(contexts) != ul.MaxContexts || len(offered) != ul.MaxContexts/2 {
		t.Errorf("of kinds without end %d are offered in %d contexts", len(offered), len(contexts))
	}
}

func TestInstanceIsSentAsStoredOrElseDecoded(t *testing.T) {
	t.Parallel()
	k := Kind{ctImage, dicom.JPEG2000Lossless}
	for _, c := range []struct {
		accepts []dicom.TransferSyntax
		want    dicom.TransferSyntax
	}{
		{[]dicom.TransferSyntax{dicom.ImplicitVRLittleEndian, dicom.JPEG2000Lossless}, dicom.JPEG2000Lossless},
		{[]dicom.TransferSyntax{dicom.ImplicitVRLittleEndian, dicom.ExplicitVRLittleEndian}, dicom.ExplicitVRLittleEndian},
		{[]dicom.TransferSyntax{dicom.ExplicitVRBigEndian, dicom.ImplicitVRLittleEndian}, dicom.ImplicitVRLittleEndian},
		{[]dicom.TransferSyntax{dicom.JPEGBaseline8Bit}, ""},
	} {
		ts, ok := k.Best(func(class string, ts dicom.TransferSyntax) bool {
			return class == ctImage && slices.Contains(c.accepts, ts)
		})
		if ts != c.want || ok != (c.want != "") {
			t.Errorf("accepted %v: sent in %q, %v", c.accepts, ts, ok)
		}
	}
}

func TestContextsForNamesEachPairOnce(t *testing.T) {
	t.Parallel()
	ct := Kind{ctImage, dicom.ExplicitVRLittleEndian}
	got, err := ContextsFor(ct, Kind{ctImage, dicom.JPEG2000Lossless}, ct, Kind{twelveLead, dicom.ExplicitVRLittleEndian})
	if err != nil || len(got) != 3 || got[1].Syntaxes[0] != dicom.JPEG2000Lossless {
		t.Errorf("%+v, %v", got, err)
	}
	var many []Kind
	for i := range ul.MaxContexts + 1 {
		many = append(many, Kind{ctImage, dicom.TransferSyntax("1.2." + string(rune('0'+i)))})
	}
	if _, err := ContextsFor(many...); err == nil {
		t.Error("129 pairs in one association")
	}
}
