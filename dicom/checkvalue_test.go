package dicom

import (
	"bytes"
	"strings"
	"testing"
)

func TestCheckKnowsTheRulesOfEachVR(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		vr        VR
		good, bad []string
	}{
		{AE, []string{"CT 1", "A"}, []string{"A\x01", strings.Repeat("A", 17)}},
		{AS, []string{"045Y", "003D"}, []string{"45Y", "045", "045y", "Y045"}},
		{CS, []string{"ORIGINAL", "A_1 B"}, []string{"Original", "A-1", "ABCDEFGHIJKLMNOPQ"}},
		{DA, []string{"20240229"}, []string{"20230229", "1994.01.30", "2024", "2024022 "}},
		{DS, []string{"1", "-1.5E-3", " 2 ", "+.5"}, []string{"1,5", "0x10", "NaN", "1.23456789012345678", "1_0"}},
		{DT, []string{"2024", "20240229103000.123456+0800", "202402"}, []string{"20240229103000+08", "2024022910300a", "20240229103000.1234567"}},
		{IS, []string{"1", "-2147483648", "+7"}, []string{"2147483648", "1.0", "+-1", "x"}},
		{LO, []string{"颅脑平扫", strings.Repeat("字", 64)}, []string{strings.Repeat("字", 65), "a\nb"}},
		{LT, []string{"a\r\n\tb\\c"}, []string{"a\x07", strings.Repeat("a", 10241)}},
		{PN, []string{"Wang^Xiao^^Dr^II=王^小=", strings.Repeat("王", 64)}, []string{"a=b=c=d", "a^b^c^d^e^f", strings.Repeat("a", 65) + "=b"}},
		{SH, []string{"A1"}, []string{strings.Repeat("A", 17)}},
		{TM, []string{"10", "1030", "103000.1", "235960"}, []string{"10:30:00", "103", "250000", "103000.", "103000.1234567"}},
		{UI, []string{"1.2.840.10008", "2.25.0"}, []string{"1.2.a", "1.02", "1..2", "1.2.", strings.Repeat("1.2", 22), "1.2\x00.3"}},
		{UR, []string{"http://example.org/a?b"}, []string{"http://a\x00b"}},
	} {
		for _, s := range c.good {
			if why := valueFault(c.vr, strings.TrimSpace(s)); why != "" {
				t.Errorf("%s %q: %s", c.vr, s, why)
			}
		}
		for _, s := range c.bad {
			if valueFault(c.vr, s) == "" {
				t.Errorf("%s %q passes", c.vr, s)
			}
		}
	}
}

func TestCheckPointsAtTheByteThatIsNoText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		charset, raw string
		at           int // in raw; -1 if all is well
	}{
		{"GB18030", "Li^\xc0\xee\xc8", 5},
		{"GB18030", "\xff\xc0\xee", 0},
		{"GB18030", "\x95\x32\x82\x36", -1},
		{"GB18030", "\x1b$)A\xc0\xee", 0},
		{"GBK", "\x81\x5c", -1},
		{"ISO_IR 192", "李\xff", 3},
		{"ISO_IR 192", "Li\xe6\x9d ", 2},
		{"ISO_IR 192", "李\uFFFD", -1}, // a character that somebody else could not read
		{"ISO_IR 100", "Ren\xe9", -1},
		{"ISO_IR 166", "\xb9\xff", 1},
		{"-", "Ren\xe9", 3},
		{`\ISO 2022 IR 58`, "Zhang=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1", -1},
		{`\ISO 2022 IR 58`, "Zhang=\x1b$)A\xd5\xc5^\x1b$)C\xd0\xa1", 13},
		{`\ISO 2022 IR 58`, "Zhang=\xd5\xc5", 6},
		{`\ISO 2022 IR 58`, "Zhang=\x1b$)A\xd5", 10},
		{`\ISO 2022 IR 58`, "Zhang\x1b)Z", 5},
		{`\ISO 2022 IR 87`, "\x1b$B;3\x1b(B", -1},
		{`\ISO 2022 IR 87`, "\x1b$B;3\x1b(J", 5},
		{`ISO 2022 IR 13\ISO 2022 IR 87`, "\xd4\xcf=\x1b$B;3\x1b(J", -1},
		{`ISO 2022 IR 13\ISO 2022 IR 159`, "\xd4\xcf=\x1b$(D\x30\x6e\x1b(J", -1},
		{`\ISO 2022 IR 149`, "Hong=\x1b$)C\xfb\xf3", -1},
	} {
		var b bytes.Buffer
		d := New()
		if c.charset != "-" {
			d.SetRaw(SpecificCharacterSet, CS, pad([]byte(c.charset), CS))
		}
		d.SetRaw(PatientName, PN, pad([]byte(c.raw), PN))
		if err := Write(&b, d, ExplicitVRLittleEndian); err != nil {
			t.Fatal(err)
		}
		stream := b.Bytes()
		back, err := Parse(&b, ExplicitVRLittleEndian, Options{})
		if err != nil {
			t.Fatal(err)
		}
		at := -1
		for _, f := range checkValues(back) {
			if f.Severe || f.Tag != PatientName {
				t.Errorf("%s %q: %s", c.charset, c.raw, f)
			}
			at = int(f.Offset) - bytes.Index(stream, []byte(c.raw))
		}
		if at != c.at {
			t.Errorf("%s %q: byte %d, want %d", c.charset, c.raw, at, c.at)
		}
	}
}

func TestCheckPointsAtTheSecondValueInAnItem(t *testing.T) {
	t.Parallel()
	d, item := New(), New()
	item.SetRaw(ReferencedSOPInstanceUID, UI, []byte("1.2\\1.b\x00"))
	d.SetItems(ReferencedImageSequence, item)
	back := rewrite(t, "items", d, ExplicitVRLittleEndian)
	found := checkValues(back)
	if len(found) != 1 || found[0].Tag != ReferencedSOPInstanceUID || found[0].Offset != back.Items(ReferencedImageSequence)[0].Get(ReferencedSOPInstanceUID).Offset+4 {
		t.Errorf("%v", found)
	}
}

func TestCheckFindsHalfANumber(t *testing.T) {
	t.Parallel()
	d := New()
	d.SetRaw(Rows, US, []byte{1, 0, 2})
	d.SetRaw(Columns, US, []byte{1, 0, 2, 0})
	if found := checkValues(d); len(found) != 1 || found[0].Tag != Rows {
		t.Errorf("%v", found)
	}
}

func TestCheckListsABoundedNumberOfValues(t *testing.T) {
	t.Parallel()
	d := New()
	for range 5000 {
		d.SetRaw(Tag(0x00291000+len(d.Elements)), CS, []byte("no"))
	}
	if n := len(checkValues(d)); n != maxFindings {
		t.Errorf("%d findings", n)
	}
}

// No finding may hold what a value says: it goes into logs.
func TestFindingsShowNoValues(t *testing.T) {
	t.Parallel()
	d := New()
	for vr := range mostCharacters {
		d.SetRaw(Tag(0x00290010+len(d.Elements)), vr, []byte("secret\x01\\secret=secret=secret=secret+ 99"))
	}
	for _, f := range checkValues(d) {
		if strings.Contains(f.String(), "secret") {
			t.Error(f)
		}
	}
	if len(checkValues(d)) == 0 {
		t.Error("nothing found")
	}
}
