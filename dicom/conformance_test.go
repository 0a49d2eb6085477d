package dicom_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/deident"
	"github.com/yuanzhen/yuanzhen/dicom/dimse"
	"github.com/yuanzhen/yuanzhen/dicom/pixel"
)

// conformanceTable reads the first table below a heading of the conformance
// statement, without its head.
func conformanceTable(t *testing.T, heading string) [][]string {
	t.Helper()
	text, err := os.ReadFile("../docs/conformance.md")
	if err != nil {
		t.Fatal(err)
	}
	_, part, ok := strings.Cut(string(text), "\n## "+heading)
	if !ok {
		t.Fatalf("no part %q", heading)
	}
	part, _, _ = strings.Cut(part, "\n## ")
	var rows [][]string
	for line := range strings.SplitSeq(part, "\n") {
		if !strings.HasPrefix(line, "|") {
			continue
		}
		cells := strings.Split(strings.TrimSuffix(strings.TrimPrefix(line, "|"), "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		rows = append(rows, cells)
	}
	if len(rows) < 3 {
		t.Fatalf("no table in part %q", heading)
	}
	return rows[2:]
}

func TestTransferSyntaxesAreAsStated(t *testing.T) {
	t.Parallel()
	stated := map[dicom.TransferSyntax]bool{}
	for _, row := range conformanceTable(t, "3. Transfer syntaxes") {
		ts := dicom.TransferSyntax(row[1])
		stated[ts] = true
		if ts.Name() != row[0] {
			t.Errorf("%s is %q, not %q", ts, ts.Name(), row[0])
		}
		if decodes(ts) != (row[2] == "yes") {
			t.Errorf("%s: the page says shown: %s", row[0], row[2])
		}
	}
	for ts, name := range dicom.SyntaxNames() {
		if !stated[ts] {
			t.Errorf("%s %s is not on the page", ts, name)
		}
	}
}

// decodes says that there is a decoder for a syntax, built in or to be built.
func decodes(ts dicom.TransferSyntax) bool {
	d := dicom.New()
	d.Syntax = ts
	d.SetText(dicom.PhotometricInterpretation, "MONOCHROME2")
	for _, tag := range []dicom.Tag{dicom.Rows, dicom.Columns, dicom.SamplesPerPixel} {
		d.SetInts(tag, 1)
	}
	d.SetInts(dicom.BitsAllocated, 8)
	if ts.Encapsulated() {
		d.SetFrames(dicom.PixelData, [][]byte{{1, 2, 3, 4}})
	} else {
		d.SetRaw(dicom.PixelData, dicom.OB, []byte{1, 2})
	}
	_, err := pixel.Decode(d, []byte{1, 2, 3, 4})
	jpip := strings.HasPrefix(ts.Name(), "JPIP")
	return !jpip && (!errors.Is(err, pixel.ErrUnsupported) || strings.Contains(err.Error(), "make build"))
}

func TestCharacterSetsAreAsStated(t *testing.T) {
	t.Parallel()
	rows := conformanceTable(t, "5. Character sets")
	if len(rows) != 20 {
		t.Errorf("%d character sets", len(rows))
	}
	for _, row := range rows {
		term, _, _ := strings.Cut(row[0], " (")
		for _, declared := range []string{term, row[2]} {
			if declared == "" {
				continue
			}
			d := dicom.New()
			d.SetRaw(dicom.SpecificCharacterSet, dicom.CS, []byte(declared))
			for _, f := range dicom.Check(&dicom.File{Preamble: true, Dataset: d}, nil) {
				if strings.Contains(f.Text, "character set") {
					t.Errorf("%s: %s", declared, f.Text)
				}
			}
		}
	}
}

func TestStorageClassesAreAsStated(t *testing.T) {
	t.Parallel()
	stated := map[string]bool{}
	for _, row := range conformanceTable(t, "2. Storage SOP classes") {
		if stated[row[1]] {
			t.Errorf("%s is on the page twice", row[1])
		}
		stated[row[1]] = true
		if !dimse.StorageSOPClass(row[1]) || dimse.StorageName(row[1]) != row[0] {
			t.Errorf("%s is %q, not %q", row[1], dimse.StorageName(row[1]), row[0])
		}
	}
	for uid, name := range dimse.StorageClasses() {
		if !stated[uid] {
			t.Errorf("%s %s is not on the page", uid, name)
		}
	}
}

func TestOptionsOfDeidentificationAreAsStated(t *testing.T) {
	t.Parallel()
	rows := conformanceTable(t, "6. De-identification")
	z, err := deident.New([]byte("sixteen bytes are enough"), deident.Options{KeepUIDs: true, KeepDevice: true, KeepInstitution: true,
		KeepPatient: true, KeepDates: true, KeepSafePrivate: true, CleanText: true, CleanGraphics: true, CleanContent: true, CleanPixels: true})
	if err != nil {
		t.Fatal(err)
	}
	d := dicom.New()
	d.SetText(dicom.SOPClassUID, "1.2.3")
	d.SetText(dicom.SOPInstanceUID, "1.2.3.4")
	r, err := z.Apply(d)
	if err != nil {
		t.Fatal(err)
	}
	stated := map[string]string{}
	for _, row := range rows {
		stated[row[1]] = row[0]
	}
	codes := r.Dataset.Items(dicom.DeidentificationMethodCodeSequence)
	for _, c := range codes {
		if stated[c.Text(dicom.CodeValue)] != c.Text(dicom.CodeMeaning) {
			t.Errorf("%s is %q on the page", c.Text(dicom.CodeValue), stated[c.Text(dicom.CodeValue)])
		}
	}
	if len(rows) != len(codes)+1 { // dates are either kept or shifted
		t.Errorf("%d options on the page, %d in an object", len(rows), len(codes))
	}
}
