package arrive

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/dimse"
	"github.com/yuanzhen/yuanzhen/dicom/ul"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// shelf fills a hub with the studies of three patients and one of another
// clinic.
func shelf(t *testing.T) *clinic {
	t.Helper()
	h := newClinic(t)
	h.send(t, "CT1",
		image{"1.1", "1.1.1", "1.1.1.1", "A1", "Wang^Xiaoming=王^小明", "P1", "20260101", ""},
		image{"1.1", "1.1.1", "1.1.1.2", "A1", "Wang^Xiaoming=王^小明", "P1", "20260101", ""},
		image{"1.1", "1.1.2", "1.1.2.1", "A1", "Wang^Xiaoming=王^小明", "P1", "20260101", ""},
		image{"1.2", "1.2.1", "1.2.1.1", "A2", "Wang^Xiaoming=王^小明", "P1", "20260305", "ISO_IR 192"},
		image{"1.3", "1.3.1", "1.3.1.1", "A3", "李^雷", "P2", "20260305", ""},
		image{"1.4", "1.4.1", "1.4.1.1", "A4", "Smith^John", "P3", "20260310", "ISO_IR 100"})
	h.send(t, "CT2", image{"1.9", "1.9.1", "1.9.1.1", "A9", "王^五", "P1", "20260101", ""})
	return h
}

// ask sends a query and returns the named attribute of each match, sorted, and
// the codes seen.
func ask(t *testing.T, c *dimse.Client, class string, id *dicom.Dataset, tag dicom.Tag) (values []string, codes string, last dimse.Status) {
	t.Helper()
	var seen []string
	last, err := c.Find(t.Context(), class, id, func(s dimse.Status, d *dicom.Dataset) error {
		values = append(values, strings.Join(d.Texts(tag), `\`))
		if code := strconv.FormatUint(uint64(s.Code), 16); !slices.Contains(seen, code) {
			seen = append(seen, code)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(values)
	return values, strings.Join(seen, " "), last
}

func TestQueryFindsWhatItAsksForAtEveryLevel(t *testing.T) {
	t.Parallel()
	h := shelf(t)
	c := h.dial(t, "CT1", dimse.PatientRootFind, dimse.StudyRootFind, dimse.PatientStudyFind)
	for name, q := range map[string]struct {
		class  string
		id     *dicom.Dataset
		answer dicom.Tag
		want   string
		codes  string
	}{
		"all patients":             {dimse.PatientRootFind, identifier("PATIENT", "PatientID", "", "NumberOfPatientRelatedStudies", ""), dicom.PatientID, "P1 P2 P3", "ff00"},
		"counts of a patient":      {dimse.PatientRootFind, identifier("PATIENT", "PatientID", "P1", "NumberOfPatientRelatedInstances", ""), dicom.NumberOfPatientRelatedInstances, "4", "ff00"},
		"patients of the old root": {dimse.PatientStudyFind, identifier("PATIENT", "PatientName", "王*"), dicom.PatientName, "Wang^Xiaoming=王^小明", "ff00"},
		"all studies":              {dimse.StudyRootFind, identifier("STUDY", "StudyInstanceUID", ""), dicom.StudyInstanceUID, "1.1 1.2 1.3 1.4", "ff00"},
		"empty keys return":        {dimse.StudyRootFind, identifier("STUDY", "StudyInstanceUID", "1.1", "StudyDescription", "", "ModalitiesInStudy", ""), dicom.StudyDescription, "胸部平扫", "ff00"},
		"wildcard in characters":   {dimse.StudyRootFind, identifier("STUDY", "PatientName", "*小?", "AccessionNumber", ""), dicom.AccessionNumber, "A1 A2", "ff00"},
		"names in any case":        {dimse.StudyRootFind, identifier("STUDY", "PatientName", "WANG^xiao*", "AccessionNumber", ""), dicom.AccessionNumber, "A1 A2", "ff00"},
		"ids in their own case":    {dimse.StudyRootFind, identifier("STUDY", "PatientID", "p1", "AccessionNumber", ""), dicom.AccessionNumber, "", ""},
		"a range of dates":         {dimse.StudyRootFind, identifier("STUDY", "StudyDate", "20260302-20260309", "AccessionNumber", ""), dicom.AccessionNumber, "A2 A3", "ff00"},
		"an open range":            {dimse.StudyRootFind, identifier("STUDY", "StudyDate", "-20260101", "AccessionNumber", ""), dicom.AccessionNumber, "A1", "ff00"},
		"a range of times":         {dimse.StudyRootFind, identifier("STUDY", "StudyTime", "1000-1015", "AccessionNumber", "A4"), dicom.AccessionNumber, "A4", "ff00"},
		"a list of UIDs":           {dimse.StudyRootFind, identifier("STUDY", "StudyInstanceUID", `1.1\1.3\7.7`), dicom.StudyInstanceUID, "1.1 1.3", "ff00"},
		"modalities of a study":    {dimse.StudyRootFind, identifier("STUDY", "ModalitiesInStudy", "CT", "AccessionNumber", "A1"), dicom.ModalitiesInStudy, "CT", "ff00"},
		"nobody":                   {dimse.StudyRootFind, identifier("STUDY", "PatientID", "P9"), dicom.PatientID, "", ""},
		"another clinic's":         {dimse.StudyRootFind, identifier("STUDY", "AccessionNumber", "A9"), dicom.AccessionNumber, "", ""},
		"a key nobody keeps":       {dimse.StudyRootFind, identifier("STUDY", "AccessionNumber", "A1", "PatientWeight", "", "ProcedureCodeSequence", ""), dicom.AccessionNumber, "A1", "ff01"},
		"series of a study":        {dimse.StudyRootFind, identifier("SERIES", "StudyInstanceUID", "1.1", "SeriesInstanceUID", "", "NumberOfSeriesRelatedInstances", ""), dicom.NumberOfSeriesRelatedInstances, "1 2", "ff00"},
		"instances of a series":    {dimse.StudyRootFind, identifier("IMAGE", "StudyInstanceUID", "1.1", "SeriesInstanceUID", "1.1.1", "SOPInstanceUID", "", "Rows", ""), dicom.SOPInstanceUID, "1.1.1.1 1.1.1.2", "ff00"},
	} {
		values, codes, last := ask(t, c, q.class, q.id, q.answer)
		if got := strings.Join(values, " "); got != q.want || codes != q.codes || last.Code != dimse.Success {
			t.Errorf("%s: %q (%s), then %v; want %q (%s)", name, got, codes, last, q.want, q.codes)
		}
	}
}

func TestQueryThatCannotBeIsRefusedWithTheElement(t *testing.T) {
	t.Parallel()
	h := shelf(t)
	c := h.dial(t, "CT1", dimse.PatientRootFind, dimse.StudyRootFind, dimse.PatientStudyFind)
	for name, q := range map[string]struct {
		class string
		id    *dicom.Dataset
		tag   dicom.Tag
	}{
		"no level":                   {dimse.StudyRootFind, identifier("", "PatientID", "P1"), dicom.QueryRetrieveLevel},
		"an unknown level":           {dimse.StudyRootFind, identifier("FRAME", "PatientID", "P1"), dicom.QueryRetrieveLevel},
		"a level of another model":   {dimse.StudyRootFind, identifier("PATIENT", "PatientID", "P1"), dicom.QueryRetrieveLevel},
		"series of the study model":  {dimse.PatientStudyFind, identifier("SERIES", "StudyInstanceUID", "1.1"), dicom.QueryRetrieveLevel},
		"series without a study":     {dimse.StudyRootFind, identifier("SERIES", "SeriesInstanceUID", ""), dicom.StudyInstanceUID},
		"instances without a series": {dimse.StudyRootFind, identifier("IMAGE", "StudyInstanceUID", "1.1"), dicom.SeriesInstanceUID},
		"no date":                    {dimse.StudyRootFind, identifier("STUDY", "StudyDate", "20261"), dicom.StudyDate},
	} {
		_, _, last := ask(t, c, q.class, q.id, dicom.PatientID)
		if last.Code != dimse.IdentifierMismatch || !slices.Equal(last.Offending, []dicom.Tag{q.tag}) || last.Comment == "" || len(last.Comment) > 64 {
			t.Errorf("%s: %v %v", name, last, last.Offending)
		}
	}
}

func TestRelationalQueryAndMomentsAreNegotiated(t *testing.T) {
	t.Parallel()
	h := shelf(t)
	c, err := dimse.Dial(t.Context(), h.addr, dimse.DialOptions{CallingAE: "CT1", CalledAE: "YUANZHEN",
		Contexts: []dimse.PresentationContext{{AbstractSyntax: dimse.StudyRootFind, Syntaxes: native}},
		Extended: []ul.Extended{{SOPClass: dimse.StudyRootFind, Info: []byte{1, 1}}}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Abort()
	if got, _, last := ask(t, c, dimse.StudyRootFind, identifier("IMAGE", "PatientID", "P1", "SOPInstanceUID", ""), dicom.SOPInstanceUID); len(got) != 4 || last.Code != dimse.Success {
		t.Errorf("relational: %q, %v", got, last)
	}
	moment := identifier("STUDY", "StudyDate", "20260101-20260305", "StudyTime", "1100-1000", "AccessionNumber", "")
	if got, _, _ := ask(t, c, dimse.StudyRootFind, moment, dicom.AccessionNumber); len(got) != 0 {
		t.Errorf("from eleven on the first to ten on the fifth: %q", got)
	}
}

func TestFuzzyNamesAreFoundAsPeopleTypeThem(t *testing.T) {
	t.Parallel()
	h := shelf(t)
	for _, fuzzy := range []bool{true, false} {
		var offered []ul.Extended
		if fuzzy {
			for _, class := range []string{dimse.StudyRootFind, dimse.PatientRootFind} {
				offered = append(offered, ul.Extended{SOPClass: class, Info: []byte{0, 0, 1}})
			}
		}
		c, err := dimse.Dial(t.Context(), h.addr, dimse.DialOptions{CallingAE: "CT1", CalledAE: "YUANZHEN", Extended: offered,
			Contexts: []dimse.PresentationContext{{AbstractSyntax: dimse.StudyRootFind, Syntaxes: native}, {AbstractSyntax: dimse.PatientRootFind, Syntaxes: native}}})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Abort()
		for name, want := range map[string]string{
			"wxm": "P1", "小明": "P1", "xiaoming^wang": "P1", "wang*": "P1", "WANG X": "P1", "ll": "P2", "john": "P3", "m": "P1", "ming": "", "zhang": "",
			"*": "P1 P2 P3", "": "P1 P2 P3", // keys that match everything
		} {
			got, codes, last := ask(t, c, dimse.PatientRootFind, identifier("PATIENT", "PatientName", name, "PatientID", ""), dicom.PatientID)
			if !fuzzy && name != "wang*" && name != "*" && name != "" {
				want = ""
			}
			if strings.Join(got, " ") != want || last.Code != dimse.Success || want != "" && codes != "ff00" {
				t.Errorf("fuzzy %v, %q: %q (%s), %v; want %q", fuzzy, name, got, codes, last, want)
			}
		}
	}
}

func TestAnswersComeInTheCharacterSetOfTheQuestion(t *testing.T) {
	t.Parallel()
	h := shelf(t)
	h.tx(t, func(tx *db.Tx) error {
		return tx.InsertDevice(&hub.Device{ID: "d3", Member: h.one, AETitle: "WS3", Active: true, Charset: "ISO_IR 192"})
	})
	for _, q := range []struct{ title, asked, accession, name, want string }{
		{"CT1", "ISO_IR 192", "A1", "Wang^Xiaoming=王^小明", "ISO_IR 192"},
		{"CT1", "GB18030", "A1", "Wang^Xiaoming=王^小明", "GB18030"},
		{"CT1", "GBK", "A3", "李^雷", "GBK"},
		{"CT1", "", "A3", "李^雷", "GB18030"},
		{"WS3", "", "A3", "李^雷", "ISO_IR 192"},
		{"CT1", "ISO_IR 100", "A3", "李^雷", "GB18030"},
		{"CT1", "ISO_IR 100", "A4", "Smith^John", ""},
		{"CT1", "ISO_IR 999", "A3", "李^雷", "GB18030"},
	} {
		c := h.dial(t, q.title, dimse.StudyRootFind)
		id := identifier("STUDY", "AccessionNumber", q.accession, "PatientName", "")
		id.SetText(dicom.SpecificCharacterSet, some(q.asked)...)
		seen := 0
		_, err := c.Find(t.Context(), dimse.StudyRootFind, id, func(_ dimse.Status, d *dicom.Dataset) error {
			seen++
			if d.Text(dicom.SpecificCharacterSet) != q.want || d.Text(dicom.PatientName) != q.name {
				t.Errorf("asked in %q: %q in %q", q.asked, d.Text(dicom.PatientName), d.Text(dicom.SpecificCharacterSet))
			}
			return nil
		})
		if err != nil || seen != 1 {
			t.Errorf("asked in %q: %d matches, %v", q.asked, seen, err)
		}
		c.Release()
	}
}

func TestOnlyARegisteredDeviceMayAsk(t *testing.T) {
	t.Parallel()
	h := shelf(t)
	h.tx(t, func(tx *db.Tx) error {
		return errors.Join(
			tx.InsertDevice(&hub.Device{ID: "d4", Member: h.one, AETitle: "SENDER", Active: true, Services: []hub.Service{hub.StoreService}}),
			tx.InsertDevice(&hub.Device{ID: "d5", Member: h.one, AETitle: "AWAY", Active: true, Address: "192.0.2.1"}),
			tx.InsertDevice(&hub.Device{ID: "d6", Member: h.one, AETitle: "SECURE", Active: true, Certificate: strings.Repeat("0", 64)}))
	})
	for _, title := range []string{"NOBODY", "AWAY", "SECURE"} {
		_, err := dimse.Dial(t.Context(), h.addr, dimse.DialOptions{CallingAE: title, CalledAE: "YUANZHEN"})
		if r, ok := errors.AsType[*ul.Reject](err); !ok || *r != *ul.RejectCallingAE {
			t.Errorf("%s: %v", title, err)
		}
	}
	_, err := dimse.Dial(t.Context(), h.addr, dimse.DialOptions{CallingAE: "CT1", CalledAE: "OTHER"})
	if r, ok := errors.AsType[*ul.Reject](err); !ok || *r != *ul.RejectCalledAE {
		t.Errorf("another hub: %v", err)
	}
	c := h.dial(t, "SENDER", dimse.StudyRootFind, dimse.StudyRootMove, dimse.ModalityWorklist)
	for _, class := range []string{dimse.StudyRootFind, dimse.ModalityWorklist} {
		if _, _, last := ask(t, c, class, identifier("STUDY", "PatientID", ""), dicom.PatientID); last.Code != dimse.NotAuthorized {
			t.Errorf("%s: %v", dimse.ServiceName(class), last)
		}
	}
	if out, err := c.Move(t.Context(), dimse.StudyRootMove, "CT1", identifier("STUDY", "StudyInstanceUID", "1.1"), nil); err != nil || out.Code != dimse.NotAuthorized {
		t.Errorf("move: %v, %v", out, err)
	}
}

func TestAskingForTooMuchIsAnsweredWithALimit(t *testing.T) {
	t.Parallel()
	h := shelf(t)
	h.mostMatches, h.mostRetrieved = 2, 3
	h.workstation(t, "WS", nil)
	c := h.dial(t, "CT1", dimse.StudyRootFind, dimse.PatientRootMove)
	got, _, last := ask(t, c, dimse.StudyRootFind, identifier("STUDY", "StudyInstanceUID", ""), dicom.StudyInstanceUID)
	if len(got) != 2 || last.Code != dimse.OutOfResources || !strings.Contains(last.Comment, "narrow the query") {
		t.Errorf("%q, then %v", got, last)
	}
	out, err := c.Move(t.Context(), dimse.PatientRootMove, "WS", identifier("PATIENT", "PatientID", "P1"), nil)
	if err != nil || out.Code != dimse.UnableToCount || out.Completed != 0 {
		t.Errorf("%+v, %v", out, err)
	}
}

func TestHubInTroubleSaysSo(t *testing.T) {
	t.Parallel()
	h := shelf(t)
	h.workstation(t, "WS", nil)
	c := h.dial(t, "CT1", dimse.StudyRootFind, dimse.StudyRootMove, dimse.ModalityWorklist, dimse.PerformedStep, dimse.StorageCommitment)
	row := &db.Commitment{Member: h.one, Instances: []db.Promised{{Class: ctClass, UID: "1.1.1.1"}}}
	h.kept.away.Store(true)
	if err := h.readBack(t.Context(), row); err == nil {
		t.Error("a commitment was decided on while the store is away")
	}
	row.Tries = patience
	if err := h.readBack(t.Context(), row); err != nil || reasons(h.reportOf(row))["1.1.1.1"] != int64(dimse.ResourceLimitation) {
		t.Errorf("the store stays away: %v, %v", reasons(h.reportOf(row)), err)
	}
	out, err := c.Move(t.Context(), dimse.StudyRootMove, "WS", identifier("STUDY", "StudyInstanceUID", "1.1"), nil)
	if err != nil || out.Code != dimse.UnableToPerform || len(out.FailedUIDs) != 3 {
		t.Errorf("a move without a store: %+v, %v", out, err)
	}
	h.DB.Close()
	for _, class := range []string{dimse.StudyRootFind, dimse.ModalityWorklist} {
		if _, _, last := ask(t, c, class, identifier("STUDY", "PatientID", ""), dicom.PatientID); last.Code != dimse.UnableToProcess {
			t.Errorf("%s without a database: %v", dimse.ServiceName(class), last)
		}
	}
	if out, err := c.Move(t.Context(), dimse.StudyRootMove, "WS", identifier("STUDY", "StudyInstanceUID", "1.1"), nil); err != nil || out.Code != dimse.UnableToProcess {
		t.Errorf("a move without a database: %+v, %v", out, err)
	}
	if status, err := c.Create(t.Context(), dimse.PerformedStep, "1.5.1", performed("1.1", "")); err != nil || status.Code != dimse.ProcessingFailure {
		t.Errorf("a step without a database: %v, %v", status, err)
	}
	if status, err := c.Action(t.Context(), dimse.StorageCommitment, dimse.CommitmentInstance, 1, request("1.7.1", ctClass, "1.1.1.1")); err != nil || status.Code != dimse.ProcessingFailure {
		t.Errorf("a commitment without a database: %v, %v", status, err)
	}
	_, err = dimse.Dial(t.Context(), h.addr, dimse.DialOptions{CallingAE: "CT1", CalledAE: "YUANZHEN"})
	if r, ok := errors.AsType[*ul.Reject](err); !ok || *r != *ul.RejectCongestion {
		t.Errorf("an association without a database: %v", err)
	}
}
