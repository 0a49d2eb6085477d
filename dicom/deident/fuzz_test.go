package deident

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/internal/testdata"
)

// FuzzApply de-identifies whatever can be read: what comes out can be written
// and read, and its patient's ID and name are gone.
func FuzzApply(f *testing.F) {
	for _, path := range testdata.Files(f, "dicom", "*.dcm") {
		if st, err := os.Stat(path); err != nil || st.Size() > 12<<10 {
			continue
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw, uint16(0))
		f.Add(raw, uint16(0xFFEF))
	}
	f.Fuzz(func(t *testing.T, raw []byte, on uint16) {
		file, err := dicom.Read(bytes.NewReader(raw), dicom.Options{Keep: -1})
		if err != nil {
			return
		}
		bit := func(n int) bool { return on>>n&1 == 1 }
		z, err := New(key, Options{KeepUIDs: bit(0), KeepDevice: bit(1), KeepInstitution: bit(2), KeepPatient: bit(3), KeepDates: bit(4),
			ShiftDates: bit(5) && !bit(4), KeepSafePrivate: bit(6), CleanText: bit(7), CleanGraphics: bit(8), CleanContent: bit(9), CleanPixels: bit(10)})
		if err != nil {
			t.Fatal(err)
		}
		r, err := z.Apply(file.Dataset)
		if err != nil {
			return
		}
		if !strings.HasPrefix(r.Dataset.Text(dicom.PatientID), "P") || r.Dataset.Text(dicom.PatientName) != r.Dataset.Text(dicom.PatientID) {
			t.Fatal("the patient is not replaced")
		}
		var b bytes.Buffer
		if dicom.Write(&b, r.Dataset, r.Meta.Syntax) != nil {
			return // pixel data that the syntax does not allow
		}
		back, err := dicom.Parse(bytes.NewReader(b.Bytes()), r.Meta.Syntax, dicom.Options{})
		if err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		if back.Text(dicom.PatientIdentityRemoved) != "YES" {
			t.Fatal("nothing says that the identity is gone")
		}
	})
}
