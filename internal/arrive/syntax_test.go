package arrive

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/codec"
	"github.com/yuanzhen/yuanzhen/dicom/dimse"
	"github.com/yuanzhen/yuanzhen/dicom/ul"
	"github.com/yuanzhen/yuanzhen/internal/testdata"
)

// corpus is one image, the smallest, of each transfer syntax in the test data.
func corpus(t *testing.T) map[dicom.TransferSyntax]string {
	t.Helper()
	least := map[dicom.TransferSyntax]string{}
	size := map[dicom.TransferSyntax]int64{}
	for _, name := range testdata.Files(t, "dicom", "*.dcm") {
		if strings.Contains(name, "malformed") {
			continue
		}
		st, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		f, err := readFile(name)
		if err != nil || dicom.PixelLoss(f.Dataset) != nil || f.Dataset.Get(dicom.PixelData) == nil || nativeLength(f.Dataset) == 0 || f.Dataset.Text(dicom.StudyInstanceUID) == "" || size[f.Syntax] != 0 && size[f.Syntax] <= st.Size() {
			continue
		}
		least[f.Syntax], size[f.Syntax] = name, st.Size()
	}
	return least
}

// shown are the transfer syntaxes that docs/conformance.md says are decoded.
func shown(t *testing.T) map[dicom.TransferSyntax]bool {
	t.Helper()
	text, err := os.ReadFile("../../docs/conformance.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## 3. ")
	section, _, _ = strings.Cut(section, "\n## ")
	out := map[dicom.TransferSyntax]bool{}
	for _, row := range regexp.MustCompile(`(?m)^\| .* \| ([0-9.]+) \| (yes|no) \|$`).FindAllStringSubmatch(section, -1) {
		out[dicom.TransferSyntax(row[1])] = row[2] == "yes"
	}
	return out
}

// TestEachStoredSyntaxIsGivenNatively stores an image of each syntax and
// fetches it as a requestor that takes one native syntax only.
func TestEachStoredSyntaxIsGivenNatively(t *testing.T) {
	t.Parallel()
	if _, err := codec.JPEGLS(nil); errors.Is(err, codec.ErrNotBuilt) {
		t.Skip("codecs are not built in (make build): skipped")
	}
	h := newClinic(t)
	decoded := shown(t)
	tried := 0
	for stored, name := range corpus(t) {
		if _, known := decoded[stored]; !known {
			continue
		}
		tried++
		t.Run(stored.Name(), func(t *testing.T) {
			f := h.storeFile(t, name)
			var pixels [2][]byte
			for i, ts := range []dicom.TransferSyntax{dicom.ExplicitVRLittleEndian, dicom.ImplicitVRLittleEndian} {
				got, out, err := h.fetch(t, f, ts)
				if !decoded[stored] {
					if want := (dimse.Progress{Failed: 1}); err != nil || out.Code != dimse.UnableToPerform || out.Progress != want {
						t.Errorf("in %s: %v %+v, %v", ts.Name(), out.Status, out.Progress, err)
					}
					continue
				}
				if err != nil || out.Code != dimse.Success || got == nil {
					t.Fatalf("%s in %s: %v %+v, %v", filepath.Base(name), ts.Name(), out.Status, out.Progress, err)
				}
				pixels[i] = got.Get(dicom.PixelData).Raw
				if n, want := len(pixels[i]), nativeLength(got); n != want {
					t.Errorf("%s in %s: %d bytes of pixels, want %d", filepath.Base(name), ts.Name(), n, want)
				}
			}
			if !bytes.Equal(pixels[0], pixels[1]) {
				t.Errorf("%s: pixels differ between the native syntaxes", filepath.Base(name))
			}
		})
	}
	if tried < 15 {
		t.Errorf("%d syntaxes in the test data", tried)
	}
}

// nativeLength is how long native pixel data is, in bytes.
func nativeLength(d *dicom.Dataset) int {
	bits := int64(1)
	for _, tag := range []dicom.Tag{dicom.Rows, dicom.Columns, dicom.SamplesPerPixel, dicom.BitsAllocated} {
		n, _ := d.Int(tag)
		bits *= n
	}
	if frames, ok := d.Int(dicom.NumberOfFrames); ok {
		bits *= frames
	}
	bytes := int((bits + 7) / 8)
	return bytes + bytes%2
}

// storeFile sends a file in the syntax it has.
func (h *clinic) storeFile(t *testing.T, name string) *dicom.File {
	t.Helper()
	f, err := readFile(name)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	class := f.Dataset.Text(dicom.SOPClassUID)
	c, err := dimse.Dial(t.Context(), h.addr, dimse.DialOptions{CallingAE: "CT1", CalledAE: "YUANZHEN",
		Contexts: []dimse.PresentationContext{{AbstractSyntax: class, Syntaxes: []dicom.TransferSyntax{f.Syntax}}}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Release()
	if status, err := c.Store(t.Context(), class, f.Dataset.Text(dicom.SOPInstanceUID), f.Syntax, bytes.NewReader(raw[f.DatasetOffset:])); err != nil || !status.OK() {
		t.Fatalf("%s is not stored: %v, %v", filepath.Base(name), status, err)
	}
	return f
}

// fetch gets the instance of a file in a syntax.
func (h *clinic) fetch(t *testing.T, f *dicom.File, ts dicom.TransferSyntax) (got *dicom.Dataset, out dimse.Outcome, err error) {
	t.Helper()
	class, uid, study := f.Dataset.Text(dicom.SOPClassUID), f.Dataset.Text(dicom.SOPInstanceUID), f.Dataset.Text(dicom.StudyInstanceUID)
	c, err := dimse.Dial(t.Context(), h.addr, dimse.DialOptions{CallingAE: "CT1", CalledAE: "YUANZHEN",
		Contexts: []dimse.PresentationContext{{AbstractSyntax: dimse.StudyRootGet, Syntaxes: native}, {AbstractSyntax: class, Syntaxes: []dicom.TransferSyntax{ts}}},
		Roles:    []ul.Role{{SOPClass: class, SCP: true}}, Extended: []ul.Extended{{SOPClass: dimse.StudyRootGet, Info: []byte{1}}}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Release()
	out, err = c.Get(t.Context(), dimse.StudyRootGet, identifier("IMAGE", "StudyInstanceUID", study, "SOPInstanceUID", uid), nil, func(r *dimse.StoreRequest) dimse.Status {
		b, err := io.ReadAll(r.Data)
		if err == nil {
			got, err = dicom.Parse(bytes.NewReader(b), r.Syntax, dicom.Options{Keep: -1})
		}
		if err != nil || r.Syntax != ts || r.SOPInstanceUID != uid {
			t.Errorf("%s in %s: %v", r.SOPInstanceUID, r.Syntax.Name(), err)
		}
		return dimse.Status{}
	})
	return got, out, err
}

// runs is an RLE frame (PS3.5 annex G) of four pixels of a byte.
func runs(a, b, c, d byte) []byte {
	frame := make([]byte, 64)
	frame[0], frame[4] = 1, 64 // one segment, behind the header
	return append(frame, 3, a, b, c, d, 128)
}

func TestFrameThatDoesNotDecodeCostsItsInstanceOnly(t *testing.T) {
	t.Parallel()
	h := shelf(t)
	const multiFrame = "1.2.840.10008.5.1.4.1.1.7.2"
	movie := func(uid string, frames ...[]byte) {
		d := image{"1.8", "1.8.1", uid, "A8", "李^雷", "P2", "20260305", ""}.dataset()
		d.SetText(dicom.SOPClassUID, multiFrame)
		d.SetText(dicom.NumberOfFrames, strconv.Itoa(len(frames)))
		d.SetInts(dicom.BitsAllocated, 8)
		d.SetInts(dicom.BitsStored, 8)
		d.SetInts(dicom.HighBit, 7)
		d.SetFrames(dicom.PixelData, frames)
		c, err := dimse.Dial(t.Context(), h.addr, dimse.DialOptions{CallingAE: "CT1", CalledAE: "YUANZHEN",
			Contexts: []dimse.PresentationContext{{AbstractSyntax: multiFrame, Syntaxes: []dicom.TransferSyntax{dicom.RLELossless}}}})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Release()
		if status, err := c.Store(t.Context(), multiFrame, uid, dicom.RLELossless, bytes.NewReader(encoded(t, d, dicom.RLELossless))); err != nil || !status.OK() {
			t.Fatalf("C-STORE: %v, %v", status, err)
		}
	}
	movie("1.8.1.1", runs(1, 2, 3, 4), bytes.Repeat([]byte{0xEE}, 70))
	movie("1.8.1.2", runs(1, 2, 3, 4), runs(5, 6, 7, 8))
	c, err := dimse.Dial(t.Context(), h.addr, dimse.DialOptions{CallingAE: "CT1", CalledAE: "YUANZHEN", Roles: []ul.Role{{SOPClass: multiFrame, SCP: true}},
		Contexts: []dimse.PresentationContext{{AbstractSyntax: dimse.StudyRootGet, Syntaxes: native}, {AbstractSyntax: multiFrame, Syntaxes: native}}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Abort()
	for range 2 { // the association goes on
		var pixels []byte
		out, err := c.Get(t.Context(), dimse.StudyRootGet, identifier("STUDY", "StudyInstanceUID", "1.8"), nil, func(r *dimse.StoreRequest) dimse.Status {
			d, err := dicom.Parse(r.Data, r.Syntax, dicom.Options{Keep: -1})
			if err != nil {
				t.Error(err)
			}
			pixels = d.Get(dicom.PixelData).Raw
			return dimse.Status{}
		})
		if err != nil || out.Code != dimse.SubOperationsFailed || out.Progress != (dimse.Progress{Completed: 1, Failed: 1}) || len(out.FailedUIDs) != 1 || out.FailedUIDs[0] != "1.8.1.1" {
			t.Fatalf("%v %+v %v, %v", out.Status, out.Progress, out.FailedUIDs, err)
		}
		if !bytes.Equal(pixels, []byte{1, 2, 3, 4, 5, 6, 7, 8}) {
			t.Errorf("pixels % x", pixels)
		}
	}
}
