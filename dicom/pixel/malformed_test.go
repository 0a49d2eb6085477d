//go:build unix

package pixel

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/internal/testdata"
)

// sound are the files kept as malformed that decode whole and of which nothing
// is noted, and why.
var sound = map[string]string{
	"fo-dicom-fo-dicom__GH177_D_CLUNIE_CT1_IVRLE_BigEndian_undefined_length.dcm": "private big endian with undefined lengths is read whole",
	"orthanc-mirrors-orthanc-tests__DummyCTInvalidRows.dcm":                      "neither rows nor pixels",
	"pydicom-pydicom__J2K_pixelrep_mismatch.dcm":                                 "the codestream's sign is not the data set's; its samples are what counts",
	"07-meta-length-4G.dcm":                                                      "the group length is not needed",
	"07-meta-length-too-big.dcm":                                                 "the group length is not needed",
	"07-meta-length-too-small.dcm":                                               "the group length is not needed",
	"08-ts-lies-jpeg.dcm":                                                        "pixels of defined length are native",
	"08-ts-unknown.dcm":                                                          "a private syntax with native pixels",
	"12-bits-1-odd.dcm":                                                          "one frame of nine bits",
	"13-rows-wrong-vr.dcm":                                                       "the number is read from text",
	"13-spp-missing.dcm":                                                         "one sample is assumed",
	"16-sq-zero-length.dcm":                                                      "an empty sequence is valid",
	"17-un-undefined.dcm":                                                        "PS3.5 section 6.2.2 note 2",
	"21-id-sql.dcm":                                                              "text is text",
	"21-id-wildcard.dcm":                                                         "text is text",
}

// perByte is what a byte of samples adds to the second that a file may take,
// and slack by how much more the race detector takes.
const (
	perByte = time.Microsecond
	slack   = 30
)

// outcome is what came of a file: the first error, or else what is noted.
type outcome struct {
	err      error
	findings []dicom.Finding
	frame    int64 // bytes of the largest frame
	frames   int
}

// through reads a file and decodes its first frames, as intake and viewers do.
func through(raw []byte) (o outcome) {
	file, err := dicom.Read(bytes.NewReader(raw), dicom.Options{})
	o.findings = dicom.Check(file, err)
	if o.err = err; file.Dataset == nil {
		return o
	}
	frames, err := dicom.IndexFrames(file.Dataset)
	if err != nil || file.Syntax.Deflated() {
		o.keep(err)
		return o
	}
	for i := range min(frames.Count(), framesChecked) {
		frame, err := frames.Read(bytes.NewReader(raw), i)
		if err != nil {
			o.keep(err)
			return o
		}
		f, err := Decode(file.Dataset, frame)
		if err != nil {
			o.keep(err)
			return o
		}
		o.frame, o.frames = max(o.frame, f.size()), o.frames+1
	}
	return o
}

func (o *outcome) keep(err error) {
	if o.err == nil {
		o.err = err
	}
}

func TestMalformedFilesAreRefusedOrFlaggedInTimeAndMemory(t *testing.T) {
	warm(t)
	seen := 0
	for _, folder := range []string{"malformed", "malformed-derived"} {
		for _, path := range testdata.Files(t, filepath.Join("dicom", folder), "*.dcm") {
			name := filepath.Base(path)
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if name == "00-control-good.dcm" {
				if o := through(raw); o.err != nil || len(o.findings) > 0 || o.frames != 1 {
					t.Errorf("%s: %v, %v", name, o.err, o.findings)
				}
				continue
			}
			seen++
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := processorTime(t) // on a busy machine the clock says nothing
			o := through(raw)
			took := processorTime(t) - start
			runtime.ReadMemStats(&after)
			if errors.Is(o.err, ErrUnsupported) && !builtCodecs() {
				continue
			}
			limit := time.Second + time.Duration(o.frame*int64(o.frames))*perByte
			if raceEnabled {
				limit *= slack
			}
			if took > limit {
				t.Errorf("%s: took %v", name, took)
			}
			// What was ever allocated bounds what was held at once.
			if n := int64(after.TotalAlloc - before.TotalAlloc); n > 3*int64(len(raw))+6*o.frame+64<<20 {
				t.Errorf("%s: allocated %d MiB for frames of %d KiB", name, n>>20, o.frame>>10)
			}
			if flagged := o.err != nil || len(o.findings) > 0; flagged == (sound[name] != "") {
				t.Errorf("%s: error %v, %d findings, %d frames; on the list: %q", name, o.err, len(o.findings), o.frames, sound[name])
			}
		}
	}
	if seen < 90 {
		t.Errorf("only %d files", seen)
	}
}

// warm compiles the codecs, which happens once in a process and is no file's
// fault.
func warm(t *testing.T) {
	t.Helper()
	if !builtCodecs() {
		return
	}
	for _, name := range []string{"ct-utf8-jpegls.dcm", "ct-utf8-j2k.dcm"} {
		raw, err := os.ReadFile(filepath.Join(testdata.Dir(t), "dicom/derived", name))
		if err != nil {
			t.Fatal(err)
		}
		if o := through(raw); o.err != nil {
			t.Fatal(o.err)
		}
	}
}
