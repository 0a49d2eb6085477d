package arrive

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/dimse"
	"github.com/yuanzhen/yuanzhen/dicom/ul"
	"github.com/yuanzhen/yuanzhen/internal/search"
)

// network is the network section of docs/conformance.md, a table's rows by the
// first cell of its head.
func network(t *testing.T) map[string][][]string {
	t.Helper()
	text, err := os.ReadFile("../../docs/conformance.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(text), "\n## 8. DICOM network")
	if !ok {
		t.Fatal("docs/conformance.md has no network section")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	tables := map[string][][]string{}
	head := ""
	for line := range strings.Lines(section) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") {
			head = ""
			continue
		}
		var cells []string
		for cell := range strings.SplitSeq(strings.Trim(line, "|"), "|") {
			cells = append(cells, strings.TrimSpace(cell))
		}
		switch {
		case head == "":
			head = cells[0]
		case !strings.HasPrefix(cells[0], "---"):
			tables[head] = append(tables[head], cells)
		}
	}
	return tables
}

func TestConformanceStatementListsTheServices(t *testing.T) {
	t.Parallel()
	stated := map[string]string{}
	for _, row := range network(t)["service class"] {
		stated[row[1]] = row[0]
		if dimse.ServiceName(row[1]) != row[0] {
			t.Errorf("%s is stated as %q, the code says %q", row[1], row[0], dimse.ServiceName(row[1]))
		}
	}
	for _, uid := range []string{dimse.Verification, dimse.PatientRootFind, dimse.PatientRootMove, dimse.PatientRootGet, dimse.StudyRootFind, dimse.StudyRootMove, dimse.StudyRootGet,
		dimse.PatientStudyFind, dimse.PatientStudyMove, dimse.PatientStudyGet, dimse.ModalityWorklist, dimse.PerformedStep, dimse.StorageCommitment} {
		if stated[uid] == "" {
			t.Errorf("%s is not stated", dimse.ServiceName(uid))
		}
	}
	h := newClinic(t)
	var classes []string
	for uid := range stated {
		classes = append(classes, uid)
	}
	c := h.dial(t, "CT1", classes...)
	for _, uid := range classes {
		if !c.Accepts(uid, "") {
			t.Errorf("%s is stated and not accepted", stated[uid])
		}
	}
}

func TestConformanceStatementListsTheKeys(t *testing.T) {
	t.Parallel()
	levels := map[search.Level]string{search.Study: "STUDY", search.Series: "SERIES", search.Instance: "IMAGE"}
	stated := map[string]string{}
	for _, row := range network(t)["attribute"] {
		stated[row[0]] = row[1]
	}
	for tag, a := range search.Attributes {
		e, _ := dicom.Lookup(tag)
		if stated[e.Keyword] != levels[a.Level] {
			t.Errorf("%s is stated at level %q, the code says %s", e.Keyword, stated[e.Keyword], levels[a.Level])
		}
		delete(stated, e.Keyword)
	}
	for name := range stated {
		t.Errorf("%s is stated and not searched by", name)
	}
}

func TestConformanceStatementListsTheStatusCodes(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("../../dicom/dimse/status.go")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string][]string{} // by code: some have two
	for _, m := range regexp.MustCompile(`(?m)^\t(\w+)\s+uint16 = 0x([0-9A-F]{4})`).FindAllStringSubmatch(string(source), -1) {
		names[m[2]] = append(names[m[2]], m[1])
	}
	stated := network(t)["code"]
	for _, row := range stated {
		if !slices.Contains(names[row[0]], row[1]) {
			t.Errorf("%s is stated as %s, the code says %v", row[0], row[1], names[row[0]])
		}
		delete(names, row[0])
	}
	for code, name := range names {
		t.Errorf("%s %v is in the code and not stated", code, name)
	}
}

func TestConformanceStatementNamesTheLimits(t *testing.T) {
	t.Parallel()
	waits := ul.Timeouts{}.WithDefaults()
	want := map[string]string{
		"Application Context": ul.ApplicationContext, "Implementation Class UID": dimse.ImplementationClassUID, "Implementation Version Name": dimse.ImplementationVersion,
		"maximum PDU length received": strconv.Itoa(ul.DefaultMaxPDU), "associations at once": strconv.Itoa(dimse.DefaultMaxAssociations), "asynchronous window": "1",
		"longest P-DATA-TF understood": strconv.Itoa(ul.MaxDataLength), "ARTIM": waits.ARTIM.String(), "idle association": waits.Idle.String(), "silence within a message": waits.Read.String(),
		"bytes a second of a message beyond that silence": strconv.Itoa(ul.MinRate),
		"a retrieval's sub-operation without answer":      waits.Idle.String(),
		"between two responses to a C-MOVE, at most":      dimse.MovePulse.String(),
	}
	for _, row := range network(t)["property"] {
		if want[row[0]] != row[1] {
			t.Errorf("%s is stated as %s, the code says %s", row[0], row[1], want[row[0]])
		}
		delete(want, row[0])
	}
	if len(want) > 0 {
		t.Errorf("not stated: %v", want)
	}
	text, err := os.ReadFile("../../docs/conformance.md")
	if err != nil {
		t.Fatal(err)
	}
	plain := strings.Join(strings.Fields(string(text)), " ")
	for _, say := range []string{
		fmt.Sprintf("After %s matches the query ends with A700", thousands(maxMatches)),
		fmt.Sprintf("of the last %d days", worklistDays), fmt.Sprintf("again after %d s", firstRetry/time.Second),
	} {
		if !strings.Contains(plain, say) {
			t.Errorf("the statement does not say %q", say)
		}
	}
	if cancelGrace != 2*time.Second || sameLine != time.Second/2 || lastRetry != time.Hour || giveUp != 7*24*time.Hour {
		t.Error("the statement tells of other waits")
	}
}

func thousands(n int) string { return fmt.Sprintf("%d,%03d", n/1000, n%1000) }
