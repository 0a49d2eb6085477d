package dicom

import (
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"strings"
	"testing"
)

// parsed writes d and reads it back, with the stream.
func parsed(t *testing.T, d *Dataset, ts TransferSyntax) (*Dataset, []byte) {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, d, ts); err != nil {
		t.Fatal(err)
	}
	back, err := Parse(bytes.NewReader(b.Bytes()), ts, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return back, b.Bytes()
}

func frameBytes(t *testing.T, d *Dataset, stream []byte) [][]byte {
	t.Helper()
	frames, err := IndexFrames(d)
	if err != nil {
		t.Fatal(err)
	}
	var out [][]byte
	for i := range frames.Count() {
		b, err := frames.Read(bytes.NewReader(stream), i)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, b)
	}
	return out
}

func TestFramesAreFoundHoweverTheyAreMarked(t *testing.T) {
	t.Parallel()
	jpeg := func(c byte) []byte { return []byte{0xFF, 0xD8, 0xFF, 0xE0, c, c, c, c, c, c, c, c, 0xFF, 0xD9} }
	rest := []byte{9, 9, 9, 9}
	one := [][]byte{jpeg(1), jpeg(2), jpeg(3)}
	split := [][]byte{jpeg(1), rest, jpeg(2), jpeg(3), rest, rest}
	splitFrames := [][]byte{append(jpeg(1), rest...), jpeg(2), append(append(jpeg(3), rest...), rest...)}
	for name, c := range map[string]struct {
		fragments [][]byte
		table     []byte
		extended  []byte
		want      [][]byte
	}{
		"one fragment each":         {one, nil, nil, one},
		"marks":                     {split, nil, nil, splitFrames},
		"basic table":               {split, []byte{0, 0, 0, 0, 34, 0, 0, 0, 56, 0, 0, 0}, nil, splitFrames},
		"a table that lies":         {split, []byte{0, 0, 0, 0, 1, 0, 0, 0, 56, 0, 0, 0}, nil, splitFrames},
		"extended table":            {split, nil, []byte{0, 0, 0, 0, 0, 0, 0, 0, 34, 0, 0, 0, 0, 0, 0, 0, 56, 0, 0, 0, 0, 0, 0, 0}, splitFrames},
		"an empty fragment behind":  {[][]byte{rest, rest, rest, {}}, nil, nil, [][]byte{rest, rest, rest}},
		"an empty fragment between": {[][]byte{rest, {}, rest, rest}, nil, nil, [][]byte{rest, rest, rest}},
		"more frames than declared": {[][]byte{jpeg(1), jpeg(2), jpeg(3), jpeg(4)}, nil, nil, one},
		"table against marks":       {[][]byte{jpeg(1), rest, rest, rest}, []byte{0, 0, 0, 0, 22, 0, 0, 0, 34, 0, 0, 0}, nil, [][]byte{jpeg(1), rest, append(rest[:4:4], rest...)}},
	} {
		d := New()
		d.SetInts(NumberOfFrames, 3)
		d.SetFrames(PixelData, c.fragments)
		d.Get(PixelData).OffsetTable = c.table
		if c.extended != nil {
			d.SetRaw(ExtendedOffsetTable, OV, c.extended)
		}
		back, stream := parsed(t, d, JPEGBaseline8Bit)
		got := frameBytes(t, back, stream)
		if len(got) != len(c.want) {
			t.Errorf("%s: %d frames, want %d", name, len(got), len(c.want))
			continue
		}
		for i := range got {
			if !bytes.Equal(got[i], c.want[i]) {
				t.Errorf("%s: frame %d is % x, want % x", name, i, got[i], c.want[i])
			}
		}
	}
}

func TestNativeFramesAreSlices(t *testing.T) {
	t.Parallel()
	d, stream := parsed(t, sample(ExplicitVRLittleEndian), ExplicitVRLittleEndian)
	got := frameBytes(t, d, stream)
	if len(got) != 2 || !bytes.Equal(got[1], []byte{7, 8, 9, 10, 11, 12}) {
		t.Errorf("% x", got)
	}
}

func TestFramesOfSingleBitsStartAtTheirFirstBit(t *testing.T) {
	t.Parallel()
	d := New()
	for tag, v := range map[Tag]int64{Rows: 3, Columns: 3, BitsAllocated: 1, SamplesPerPixel: 1, NumberOfFrames: 3} {
		d.SetInts(tag, v)
	}
	d.SetRaw(PixelData, OB, []byte{0b11111111, 0b00000001, 0b11111100, 0b00000111}) // 9 ones, 9 zeros, 9 ones
	back, stream := parsed(t, d, ExplicitVRLittleEndian)
	got := frameBytes(t, back, stream)
	for i, want := range []byte{0xFF, 0, 0xFF} {
		if len(got[i]) != 2 || got[i][0] != want || got[i][1]&1 != want&1 {
			t.Errorf("frame %d: %08b", i, got[i])
		}
	}
}

func TestImpossibleFrameCountsAreRefused(t *testing.T) {
	t.Parallel()
	for _, n := range []string{"0", "-1", "1.5", "abc", "99999999999", "2147483647", "3"} {
		d := sample(ExplicitVRLittleEndian)
		d.SetText(NumberOfFrames, n)
		back, _ := parsed(t, d, ExplicitVRLittleEndian)
		if f, err := IndexFrames(back); err == nil {
			t.Errorf("%s frames: %d found", n, f.Count())
		}
	}
}

// TestFramesOfRealFilesLieWithinThem checks that what a hub would serve as a
// frame starts like a codestream and ends within the file.
func TestFramesOfRealFilesLieWithinThem(t *testing.T) {
	t.Parallel()
	for rel, path := range corpusFiles(t) {
		file, err := readPath(t, path, Options{})
		if err != nil || file.Syntax.Deflated() {
			continue
		}
		frames, err := IndexFrames(file.Dataset)
		if err != nil || frames.Count() == 0 {
			continue
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		size, err := f.Seek(0, io.SeekEnd)
		if err != nil {
			t.Fatal(err)
		}
		for i := range frames.Count() {
			for _, r := range frames.Ranges(i) {
				if r.Offset < file.DatasetOffset || r.Offset+r.Length > size {
					t.Errorf("%s: frame %d lies at %d+%d of %d", rel, i, r.Offset, r.Length, size)
				}
			}
		}
		f.Close()
		if frames.Ranges(frames.Count()) != nil || frames.Ranges(-1) != nil {
			t.Errorf("%s has a frame too many", rel)
		}
	}
}

// Some writers give encapsulated pixel data a length. Pixels that only claim
// to be encapsulated have one too, and are plain.
func TestEncapsulatedPixelsOfDefinedLengthHaveFrames(t *testing.T) {
	t.Parallel()
	head := element(NumberOfFrames, "IS", 2, "2 ")
	item := func(value string) string {
		return "\xFE\xFF\x00\xE0" + string(binary.LittleEndian.AppendUint32(nil, uint32(len(value)))) + value
	}
	for name, c := range map[string]struct {
		value  string
		frames []string
	}{
		"fragments":             {item("") + item("one.") + item("two."), []string{"one.", "two."}},
		"with an offset table":  {item("\x00\x00\x00\x00\x0c\x00\x00\x00") + item("one.") + item("two."), []string{"one.", "two."}},
		"closed by a delimiter": {item("") + item("one.") + item("two.") + "\xFE\xFF\xDD\xE0\x00\x00\x00\x00", []string{"one.", "two."}},
	} {
		stream := head + element(PixelData, "OB", uint32(len(c.value)), c.value) + element(DataSetTrailingPadding, "OB", 2, "\x00\x00")
		d, err := Parse(strings.NewReader(stream), JPEGBaseline8Bit, Options{})
		if err != nil || d.Get(DataSetTrailingPadding) == nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := frameBytes(t, d, []byte(stream))
		if len(got) != 2 || string(got[0]) != c.frames[0] || string(got[1]) != c.frames[1] {
			t.Errorf("%s: %q", name, got)
		}
	}
	cut := item("") + item("one.")[:10]
	if _, err := Parse(strings.NewReader(head+element(PixelData, "OB", uint32(len(cut)), cut)), JPEGBaseline8Bit, Options{}); err == nil {
		t.Error("a fragment longer than the pixel data passes")
	}
	plain, err := Parse(strings.NewReader(element(PixelData, "OW", 16, "0123456789abcdef")), JPEGBaseline8Bit, Options{})
	if err != nil || plain.Get(PixelData).Fragments != nil {
		t.Errorf("plain pixels became fragments: %v", err)
	}
}
