package dicom

import (
	"bytes"
	"strings"
	"testing"
)

// image is a data set that promises frames of 4 × 4 pixels of 16 bits.
func image(class string, frames int64) *Dataset {
	d := New()
	d.SetText(SOPClassUID, class)
	d.SetText(PhotometricInterpretation, "MONOCHROME2")
	for tag, n := range map[Tag]int64{Rows: 4, Columns: 4, BitsAllocated: 16, SamplesPerPixel: 1} {
		d.SetInts(tag, n)
	}
	if frames > 0 {
		d.SetInts(NumberOfFrames, frames)
	}
	return d
}

const (
	ctImage = "1.2.840.10008.5.1.4.1.1.2"
	basicSR = "1.2.840.10008.5.1.4.1.1.88.11"
)

func TestPromisedPixelsAreMissed(t *testing.T) {
	t.Parallel()
	jpeg := []byte{0xFF, 0xD8, 0xFF, 0xE0, 0, 0, 0, 0, 0, 0, 0, 0}
	rest := []byte{1, 2, 3, 4}
	pixels := func(n int) func(*Dataset) {
		return func(d *Dataset) { d.SetRaw(PixelData, OW, make([]byte, n)) }
	}
	fragments := func(f ...[]byte) func(*Dataset) {
		return func(d *Dataset) {
			d.SetFrames(PixelData, f)
			d.Get(PixelData).OffsetTable = nil
		}
	}
	text := func(t Tag, s string) func(*Dataset) { return func(d *Dataset) { d.SetText(t, s) } }
	for name, c := range map[string]struct {
		syntax TransferSyntax
		class  string
		frames int64
		put    func(*Dataset)
		lacks  string
	}{
		"whole":                          {ExplicitVRLittleEndian, ctImage, 0, pixels(32), ""},
		"none":                           {ExplicitVRLittleEndian, ctImage, 0, nil, "there is no pixel data"},
		"none, of a class not known":     {ExplicitVRLittleEndian, "1.2.3", 0, nil, "there is no pixel data"},
		"none, a report":                 {ExplicitVRLittleEndian, basicSR, 0, nil, ""},
		"none, a presentation state":     {ExplicitVRLittleEndian, "1.2.840.10008.5.1.4.1.1.11.1", 0, nil, ""},
		"none, spectra":                  {ExplicitVRLittleEndian, "1.2.840.10008.5.1.4.1.1.4.2", 0, nil, ""},
		"none, but a mask":               {ExplicitVRLittleEndian, "1.2.840.10008.5.1.4.1.1.66.4", 0, nil, "there is no pixel data"},
		"at a provider":                  {JPIPReferenced, ctImage, 0, text(PixelDataProviderURL, "http://example.org/a"), ""},
		"no size":                        {ExplicitVRLittleEndian, ctImage, 0, func(d *Dataset) { d.Delete(Rows) }, ""},
		"no size, pixels":                {ExplicitVRLittleEndian, ctImage, 0, func(d *Dataset) { d.Delete(Rows); pixels(32)(d) }, ""},
		"empty":                          {ExplicitVRLittleEndian, ctImage, 0, pixels(0), "empty"},
		"half":                           {ExplicitVRBigEndian, ctImage, 0, pixels(16), "1 frames of 256 bits do not fit in 16 bytes"},
		"one of two frames":              {DeflatedExplicitVRLittleEndian, ctImage, 2, pixels(32), "2 frames"},
		"more than promised":             {ImplicitVRLittleEndian, ctImage, 1, pixels(64), ""},
		"frames beyond all numbers":      {ExplicitVRLittleEndian, ctImage, 0, func(d *Dataset) { pixels(32)(d); d.SetText(NumberOfFrames, "99999999999") }, "99999999999 frames"},
		"frames that are no number":      {ExplicitVRLittleEndian, ctImage, 0, func(d *Dataset) { pixels(32)(d); d.SetText(NumberOfFrames, "abc") }, ""},
		"colours with less chrominance":  {ExplicitVRLittleEndian, ctImage, 0, func(d *Dataset) { colour(d); pixels(32)(d) }, ""},
		"no fragment":                    {JPEGBaseline8Bit, ctImage, 0, fragments(), "without a fragment"},
		"a frame in three fragments":     {JPEGBaseline8Bit, ctImage, 0, fragments(jpeg, rest, rest), ""},
		"frames in fragments":            {JPEGBaseline8Bit, ctImage, 2, fragments(jpeg, rest, jpeg), ""},
		"three frames, two fragments":    {JPEGBaseline8Bit, ctImage, 3, fragments(jpeg, jpeg), "3 frames in 2 fragments"},
		"three frames, two beginnings":   {JPEGBaseline8Bit, ctImage, 3, fragments(jpeg, rest, rest, jpeg), "3 frames are declared, but 2 begin"},
		"video":                          {MPEG2MPML, ctImage, 9, fragments(rest), ""},
		"several frames of Part 2":       {JPEG2000MC, ctImage, 9, fragments(rest), ""},
		"a syntax nobody knows":          {"1.2.3.4", ctImage, 9, fragments(rest), ""},
		"frames without recognised mark": {EncapsulatedUncompressed, ctImage, 2, fragments(rest, rest, rest), ""},
	} {
		d := image(c.class, c.frames)
		if c.put != nil {
			c.put(d)
		}
		var b bytes.Buffer
		if err := WriteFile(&b, FileMeta{SOPClassUID: c.class, SOPInstanceUID: "1.2.3", Syntax: c.syntax}, d); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		f, err := Read(&b, Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		lost := PixelLoss(f.Dataset)
		if (lost == nil) != (c.lacks == "") || lost != nil && !strings.Contains(lost.Reason, c.lacks) {
			t.Errorf("%s: %v", name, lost)
		}
		severe := false
		for _, finding := range Check(f, nil) {
			severe = severe || finding.Severe && finding.Tag == PixelData
		}
		if lost != nil && !severe {
			t.Errorf("%s: %v, but Check finds nothing", name, lost)
		}
	}
}

// colour makes pixels of eight bits of which two share their chrominance.
func colour(d *Dataset) {
	d.SetInts(BitsAllocated, 8)
	d.SetInts(SamplesPerPixel, 3)
	d.SetText(PhotometricInterpretation, "YBR_FULL_422")
}

// header-only files of the corpus hold attributes of an image and no pixels;
// documents, reports and waveforms are whole without.
func TestOnlyImagesOfTheCorpusLackPixels(t *testing.T) {
	t.Parallel()
	lack := 0
	for rel, path := range corpusFiles(t) {
		f, err := readPath(t, path, Options{})
		if err != nil {
			continue
		}
		lost := PixelLoss(f.Dataset)
		if lost != nil {
			lack++
		}
		if tr, ok := readTruth(t, rel); ok && lost != nil && tr.Pixels != nil && len(tr.Pixels.Decoders) > 0 {
			t.Errorf("%s: others decode it, but %v", rel, lost)
		}
	}
	if lack < 10 {
		t.Errorf("only %d files lack pixels", lack)
	}
}

func BenchmarkPixelLossOfAnEncapsulatedCine(b *testing.B) {
	d := image(ctImage, 500)
	d.Syntax = JPEGBaseline8Bit
	var frames [][]byte
	for range 1000 {
		frames = append(frames, []byte{0xFF, 0xD8, 0xFF, 0xE0, 0, 0, 0, 0})
	}
	d.SetFrames(PixelData, frames)
	for b.Loop() {
		if lost := PixelLoss(d); lost != nil {
			b.Fatal(lost)
		}
	}
}
