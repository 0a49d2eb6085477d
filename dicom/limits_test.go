package dicom

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/klauspost/compress/flate"
)

// zeros is n zero bytes without the memory.
type zeros struct{ n int64 }

func (z *zeros) Read(p []byte) (int, error) {
	if z.n == 0 {
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), z.n))
	clear(p[:n])
	z.n -= int64(n)
	return n, nil
}

// patience is what a refusal may take under the race detector on a busy
// machine; otherwise it takes a fraction of a second.
const patience = 30 * time.Second

// guarded parses r and fails the test if that takes too long, or more memory
// in all than limit MiB.
func guarded(t *testing.T, what string, r io.Reader, ts TransferSyntax, limit uint64) (*Dataset, error) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	d, err := Parse(r, ts, Options{})
	took := time.Since(start)
	runtime.ReadMemStats(&after)
	if took > patience {
		t.Errorf("%s: took %v", what, took)
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > limit<<20 {
		t.Errorf("%s: allocated %d MiB", what, n>>20)
	}
	return d, err
}

func element(tag Tag, vr string, length uint32, value string) string {
	b := binary.LittleEndian.AppendUint16(nil, tag.Group())
	b = binary.LittleEndian.AppendUint16(b, tag.Element())
	b = append(b, vr...)
	if _, long, _ := vrOf(vr[0], vr[1]); long {
		b = binary.LittleEndian.AppendUint32(append(b, 0, 0), length)
	} else {
		b = binary.LittleEndian.AppendUint16(b, uint16(length))
	}
	return string(b) + value
}

func TestHostileDataSetsAreRefusedInTime(t *testing.T) {
	patient := element(PatientID, "LO", 2, "1 ")
	nested := strings.Repeat(element(ProcedureCodeSequence, "SQ", undefinedLength, "\xFE\xFF\x00\xE0\xFF\xFF\xFF\xFF"), 900_000)
	for name, r := range map[string]func() io.Reader{
		"900,000 nested sequences":  func() io.Reader { return strings.NewReader(patient + nested) },
		"a value that claims 4 GiB": func() io.Reader { return strings.NewReader(patient + element(PixelData, "OW", 0xFFFFFFFE, "1234")) },
		"an offset table that does": func() io.Reader {
			return strings.NewReader(patient + element(PixelData, "OB", undefinedLength, "\xFE\xFF\x00\xE0\xFE\xFF\xFF\xFF"))
		},
		"a text that does":         func() io.Reader { return strings.NewReader(patient + element(TextValue, "UT", 0xFFFFFFF0, "1234")) },
		"a million empty elements": func() io.Reader { return strings.NewReader(strings.Repeat(element(PatientID, "LO", 0, ""), 1_000_000)) },
		"half a million in reverse": func() io.Reader {
			var b strings.Builder
			for i := range 500_000 {
				b.WriteString(element(Tag(0x10000000-i), "LO", 2, "ab"))
			}
			return strings.NewReader(b.String() + "cut")
		},
		"a million empty items": func() io.Reader {
			return strings.NewReader(element(ProcedureCodeSequence, "SQ", undefinedLength, strings.Repeat("\xFE\xFF\x00\xE0\x00\x00\x00\x00", 1_000_000)))
		},
		"a million empty fragments": func() io.Reader {
			return strings.NewReader(element(PixelData, "OB", undefinedLength, strings.Repeat("\xFE\xFF\x00\xE0\x00\x00\x00\x00", 1_000_000)))
		},
		"a reader that gives nothing":    func() io.Reader { return stuck{} },
		"undefined length under VR text": func() io.Reader { return strings.NewReader(element(TextValue, "UT", undefinedLength, "abcdefgh")) },
	} {
		for _, in := range []io.Reader{r(), onlyReader{r()}} {
			limit := uint64(64)
			if name == "half a million in reverse" || name == "a million empty fragments" {
				limit = 256 // as many as allowed are kept
			}
			d, err := guarded(t, name, in, ExplicitVRLittleEndian, limit)
			var pe *ParseError
			if !errors.As(err, &pe) || d == nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

func TestDeflateBombIsRefused(t *testing.T) {
	var b bytes.Buffer
	z, err := flate.NewWriter(&b, flate.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(z, element(PatientID, "LO", 2, "1 ")+element(PixelData, "OW", 1<<28, ""))
	io.Copy(z, &zeros{1 << 28})
	z.Close()
	d, err := guarded(t, "bomb", &b, DeflatedExplicitVRLittleEndian, 64)
	var pe *ParseError
	if !errors.As(err, &pe) || d.Text(PatientID) != "1" {
		t.Errorf("%v", err)
	}
}

func TestLongValuesPassWithoutMemory(t *testing.T) {
	const n = 1 << 30
	head := element(PatientID, "LO", 2, "1 ") + element(PixelData, "OW", n, "")
	d, err := guarded(t, "1 GiB of pixels", io.MultiReader(strings.NewReader(head), &zeros{n}), ExplicitVRLittleEndian, 1)
	if err != nil {
		t.Fatal(err)
	}
	if e := d.Get(PixelData); !e.Bulk || e.Length != n || e.Offset != int64(len(head)) || e.Raw != nil {
		t.Errorf("%+v", e)
	}
}

func TestManyMiddlingValuesStayWithinTheBound(t *testing.T) {
	var parts []io.Reader
	const each = 60 << 10
	for i := range 2000 { // 117 MiB, none of them above Keep
		parts = append(parts, strings.NewReader(element(Tag(0x00091000+i), "OB", each, "")), &zeros{each})
	}
	d, err := Parse(io.MultiReader(parts...), ExplicitVRLittleEndian, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var kept int64
	for _, e := range d.Elements {
		kept += int64(len(e.Raw))
	}
	if kept > MaxKept || kept < MaxKept/2 {
		t.Errorf("%d MiB kept", kept>>20)
	}
}

func TestTruncationIsToldAndTheRestIsThere(t *testing.T) {
	t.Parallel()
	whole := element(PatientID, "LO", 2, "1 ") + element(ProcedureCodeSequence, "SQ", undefinedLength,
		"\xFE\xFF\x00\xE0\xFF\xFF\xFF\xFF"+element(CodeMeaning, "LO", 4, "abcd"))
	d, err := Parse(onlyReader{strings.NewReader(whole)}, ExplicitVRLittleEndian, Options{})
	if !errors.Is(err, ErrTruncated) {
		t.Fatalf("%v", err)
	}
	if items := d.Items(ProcedureCodeSequence); d.Text(PatientID) != "1" || len(items) != 1 || items[0].Text(CodeMeaning) != "abcd" {
		t.Errorf("the part before the cut is lost: %+v", d)
	}
	if want := fmt.Sprintf("dicom: at byte %d, ", len(whole)); !strings.HasPrefix(err.Error(), "dicom: at byte ") || !strings.Contains(err.Error(), want[:15]) {
		t.Errorf("%v", err)
	}
}

func TestAFaultyLineIsNotATruncation(t *testing.T) {
	t.Parallel()
	fault := errors.New("line down")
	r := io.MultiReader(strings.NewReader(element(PatientID, "LO", 8, "123")), iotest.ErrReader(fault))
	if _, err := Parse(r, ExplicitVRLittleEndian, Options{}); !errors.Is(err, fault) || errors.Is(err, ErrTruncated) {
		t.Errorf("%v", err)
	}
}

func TestSlowReadersReadTheSame(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := Write(&b, sample(RLELossless), RLELossless); err != nil {
		t.Fatal(err)
	}
	want, err := Parse(bytes.NewReader(b.Bytes()), RLELossless, Options{Keep: -1})
	if err != nil {
		t.Fatal(err)
	}
	got, err := Parse(iotest.OneByteReader(bytes.NewReader(b.Bytes())), RLELossless, Options{Keep: -1})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "byte by byte", got, want, true, true)
	for i := range want.Elements {
		if got.Elements[i].Offset != want.Elements[i].Offset {
			t.Errorf("%s: at %d, want %d", want.Elements[i].Tag, got.Elements[i].Offset, want.Elements[i].Offset)
		}
	}
}

func TestOffsetsPointAtTheValues(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := WriteFile(&b, FileMeta{SOPClassUID: "1.2", SOPInstanceUID: "1.3", Syntax: ExplicitVRLittleEndian}, sample(ExplicitVRLittleEndian)); err != nil {
		t.Fatal(err)
	}
	f, err := Read(bytes.NewReader(b.Bytes()), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range append(f.Meta.Elements, f.Dataset.Elements...) {
		if e.Length > 0 && !slices.Equal(b.Bytes()[e.Offset:e.Offset+e.Length], e.Raw) {
			t.Errorf("%s does not lie at %d", e.Tag, e.Offset)
		}
	}
}

func TestErrorsHoldNoPatient(t *testing.T) {
	t.Parallel()
	raw := element(PatientName, "PN", 12, "SECRET^NAME ") + element(PatientID, "XX", 40, "") + "SECRET"
	_, err := Parse(strings.NewReader(raw), ExplicitVRLittleEndian, Options{})
	if err == nil || strings.Contains(err.Error(), "SECRET") {
		t.Errorf("%v", err)
	}
}
