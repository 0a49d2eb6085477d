package dicom

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// named makes a data set that declares charset and holds raw as a name, or as
// text where it has several values.
func named(charset string, raw string) *Dataset {
	var b bytes.Buffer
	d := New()
	if charset != "-" {
		d.SetRaw(SpecificCharacterSet, CS, []byte(charset))
	}
	d.SetRaw(PatientName, PN, []byte(raw))
	d.SetRaw(StudyDescription, LO, []byte(raw))
	if err := Write(&b, d, ExplicitVRLittleEndian); err != nil {
		panic(err)
	}
	back, err := Parse(&b, ExplicitVRLittleEndian, Options{})
	if err != nil {
		panic(err)
	}
	return back
}

func gbk(s string) string {
	out, err := simplifiedchinese.GBK.NewEncoder().String(s)
	if err != nil {
		panic(err)
	}
	return out
}

// The names of PS3.5 Annexes H, I, J and K as bytes.
func TestNamesOfTheStandardReadInAnyCharacterSet(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ charset, raw, want string }{
		{`\ISO 2022 IR 87`, "Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B", "Yamada^Tarou=山田^太郎=やまだ^たろう"},
		{`ISO 2022 IR 13\ISO 2022 IR 87`, "\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J=\x1b$B$d$^$@\x1b(J^\x1b$B$?$m$&\x1b(J", "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう"},
		{`\ISO 2022 IR 149`, "Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf", "Hong^Gildong=洪^吉洞=홍^길동"},
		{`\ISO 2022 IR 58`, "Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab=", "Zhang^XiaoDong=张^小东"},
		{"GB18030", "Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab=", "Wang^XiaoDong=王^小东"},
		{"ISO_IR 192", "Wang^XiaoDong=王^小東=", "Wang^XiaoDong=王^小東"},
		{"ISO_IR 100", "Buc^J\xe9r\xf4me", "Buc^Jérôme"},
		{"ISO_IR 144", "\xbb\xee\xda\x63\x65\xdc\xd1\x79\x70\xd3 ", "Люкceмбypг"},
		{"ISO_IR 126", "\xc4\xe9\xef\xed\xf5\xf3\xe9\xef\xf2", "Διονυσιος"},
		{"ISO_IR 203", "\xa4", "€"},
		{"ISO-IR 192", "张^三", "张^三"},
		{"ISO_IR 6", "Zhang^San", "Zhang^San"},
		{"ISO_IR 101", "Wa\xb3\xeasa", "Wałęsa"},
		{"ISO_IR 109", "\xc6a\xfdo", "Ĉaŭo"},
		{"ISO_IR 110", "\xd0\xe0le", "Đāle"},
		{"ISO_IR 127", "\xe2\xc8\xc7\xe6\xea^\xe4\xe6\xd2\xc7\xd1", "قباني^لنزار"},
		{"ISO_IR 138", "\xf9\xf8\xe5\xef^\xe3\xe1\xe5\xf8\xe4", "שרון^דבורה"},
		{"ISO_IR 148", "\xc7a\xf0lar", "Çağlar"},
		{"ISO_IR 13", "\xd4\xcf\xc0\xde", "ﾔﾏﾀﾞ"},
		{"ISO_IR 166", "\xb9\xd2\xc2", "นาย"},
		{`\ISO 2022 IR 101\ISO 2022 IR 144`, "\x1b-BWa\xb3\xeasa^\x1b-L\xbb\xee\xda", "Wałęsa^Люк"},
		{`ISO 2022 IR 100\ISO 2022 IR 126`, "J\xe9r\xf4me^\x1b-F\xc4\xe9\xef^J\xe9", "Jérôme^Διο^Jé"},
		{`ISO 2022 IR 13\ISO 2022 IR 159`, "\xd4\xcf=\x1b$(D\x30\x6e\x1b(J", "ﾔﾏ=佖"},
		{`\ISO 2022 IR 149`, "Hong=\xfb\xf3^\xd1\xce\xd4\xd7", "Hong=洪^吉洞"}, // escapes left out
		{`\ISO 2022 IR 58`, "Zhang=\xd5\xc5^\xd0\xa1\xb6\xab", "Zhang=张^小东"},
		{`ISO 2022 IR 6\ISO 2022 IR 58`, "Zhang=\x1b$)A\xd5\xc5^\xd0\xa1", "Zhang=张^小"}, // the second escape left out
		{`ISO 2022 IR 6\ISO 2022 IR 87`, "Yamada=\x1b$B;3ED\x1b(B", "Yamada=山田"},
		{`\GB18030`, "Wang=\xcd\xf5^\xd0\xa1", "Wang=王^小"},
		{`ISO_IR 6\ISO_IR 192`, "Wang=王^小", "Wang=王^小"},
		{"GBK", "Wang=\x81\x5c^\x90\x5e", "Wang=乗^恀"},
		{"GB18030", "Li=\x95\x32\x82\x36^\xc0\xee", "Li=𠀀^李"},
	} {
		d := named(c.charset, c.raw)
		if got := d.Text(PatientName); got != c.want {
			t.Errorf("%s: %q, want %q", c.charset, got, c.want)
		}
		if set, sure := d.Repaired(); sure != 0 {
			t.Errorf("%s: correct text was repaired as %s", c.charset, set)
		}
	}
}

func TestWhatADeviceWritesIsLearned(t *testing.T) {
	t.Parallel()
	rare := element(PatientName, "PN", 4, "\x8d\xd6^A") // in GBK, not in GB2312
	french := element(PatientName, "PN", 6, "Ren\xe9e ")
	for _, c := range []struct {
		raw, learned string
		repaired     bool
	}{{rare, "", false}, {rare, "GB18030", true}, {french, "", false}, {french, "GB18030", false}} {
		d, err := Parse(strings.NewReader(c.raw), ExplicitVRLittleEndian, Options{Learned: c.learned})
		if err != nil {
			t.Fatal(err)
		}
		if set, sure := d.Repaired(); (sure > 0) != c.repaired || c.repaired && set != "GB18030" {
			t.Errorf("learned %q: %q as %q with %.2f", c.learned, d.Text(PatientName), set, sure)
		}
	}
}

func TestBackslashWithinACharacterIsNoSeparator(t *testing.T) {
	t.Parallel()
	// 乗 is 8147 in GBK, 俓 is 825C: its second byte is a backslash.
	d := named("GBK", gbk("俓检查\\乗"))
	if got := d.Texts(StudyDescription); !slices.Equal(got, []string{"俓检查", "乗"}) {
		t.Errorf("GBK: %q", got)
	}
	d = named(`\ISO 2022 IR 87`, "\x1b$B\x30\x5c\x1b(B\\A") // 曖 ends with 5C
	if got := d.Texts(StudyDescription); len(got) != 2 || got[1] != "A" || utf8.RuneCountInString(got[0]) != 1 {
		t.Errorf("JIS X 0208: %q", got)
	}
}

func TestItemsMayHaveACharacterSetOfTheirOwn(t *testing.T) {
	t.Parallel()
	d, item, heir := New(), New(), New()
	d.SetText(SpecificCharacterSet, "GB18030")
	d.SetItems(RequestAttributesSequence, item, heir)
	item.SetText(SpecificCharacterSet, "ISO_IR 100")
	item.SetText(StudyDescription, "Café")
	heir.SetText(StudyDescription, "颅脑")
	if raw := heir.Get(StudyDescription).Raw; string(raw) != gbk("颅脑") {
		t.Errorf("an item does not inherit the character set: % x", raw)
	}
	back := rewrite(t, "items", d, ExplicitVRLittleEndian)
	items := back.Items(RequestAttributesSequence)
	if a, b := items[0].Text(StudyDescription), items[1].Text(StudyDescription); a != "Café" || b != "颅脑" {
		t.Errorf("%q, %q", a, b)
	}
}

func TestMislabelledChineseIsRepairedForDisplay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ declared, raw, set string }{
		{"-", gbk("欧阳^娜娜"), "GB18030"},
		{"ISO_IR 100", gbk("张^伟"), "GB18030"},
		{"KLINGON", gbk("李^建国"), "GB18030"},
		{"ISO_IR 192", gbk("王^小明"), "GB18030"},
		{"-", "刘^洋", "ISO_IR 192"},
		{"ISO_IR 100", "陈^静", "ISO_IR 192"},
		{"GB18030", "赵^敏", "ISO_IR 192"},
	} {
		want := c.raw
		if c.set == "GB18030" {
			want = decodeGB([]byte(c.raw))
		}
		d := named(c.declared, c.raw)
		set, sure := d.Repaired()
		if got := d.Text(PatientName); got != want || set != c.set || sure <= 0.5 || sure > 1 {
			t.Errorf("%s %q: %q as %q with %.2f", c.declared, want, got, set, sure)
		}
		if raw := d.Get(PatientName).Raw; string(raw) != string(pad([]byte(c.raw), PN)) {
			t.Errorf("%q: the bytes changed", want)
		}
	}
}

func TestWesternTextIsNotTakenForChinese(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{"M\xfcller^J\xf6rg", "Gar\xe7on^Andr\xe9", "\xc5ngstr\xf6m^\xc9va", "Pe\xf1a^Jos\xe9", "Stra\xdfe 5"} {
		for _, declared := range []string{"ISO_IR 100", "-"} {
			d := named(declared, raw)
			if set, sure := d.Repaired(); sure != 0 {
				t.Errorf("%q declared %s was repaired as %s with %.2f", raw, declared, set, sure)
			}
			if got := d.Text(PatientName); utf8.RuneCountInString(got) != len(raw) {
				t.Errorf("%q became %q", raw, got)
			}
		}
	}
}

func TestTextIsAlwaysUTF8(t *testing.T) {
	t.Parallel()
	for _, charset := range []string{"-", "GB18030", "ISO_IR 192", `\ISO 2022 IR 58`, `\ISO 2022 IR 87`, "ISO_IR 13", "ISO_IR 166", "KLINGON"} {
		for c := range 256 {
			d := named(charset, string([]byte{'A', byte(c), byte(255 - c), byte(c), 0x1B}))
			for _, tag := range []Tag{PatientName, StudyDescription} {
				if s := strings.Join(d.Texts(tag), "\\"); !utf8.ValidString(s) {
					t.Fatalf("%s %02x: %q", charset, c, s)
				}
			}
		}
	}
}

func TestTextSetInACharacterSetIsEncodedInIt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ charset, text, raw string }{
		{"GB18030", "李雷", "\xc0\xee\xc0\xd7"},
		{"GB18030", "㐀", "\x81\x39\xee\x39"},
		{"GBK", "㐀", "? "},
		{"ISO_IR 192", "李雷", "李雷"},
		{"ISO_IR 100", "José", "Jos\xe9"},
		{"ISO_IR 100", "李", "? "},
	} {
		d := New()
		d.SetText(SpecificCharacterSet, c.charset)
		d.SetText(PatientName, c.text)
		if raw := d.Get(PatientName).Raw; string(raw) != c.raw {
			t.Errorf("%s %s: % x, want % x", c.charset, c.text, raw, c.raw)
		}
	}
	d := New()
	d.SetText(PatientName, "李雷")
	if got := d.Text(SpecificCharacterSet); got != "ISO_IR 192" {
		t.Errorf("undeclared Chinese declares %q", got)
	}
}

func TestNamesAreShownAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"Wang^Xiaodong=王^小东":    "王小东",
		"王^小东":                  "王小东",
		"Zhang^San^^Dr":         "Zhang San Dr",
		"=張^三":                  "張三",
		"Smith^John=":           "Smith John",
		"阿依古丽·买买提":              "阿依古丽·买买提",
		"Yamada^Tarou==やまだ^たろう": "Yamada Tarou",
		"^":                     "",
	} {
		if got := ParseName(s).Display(); got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
	if s := (PersonName{Alphabetic: "A", Phonetic: "C"}).String(); s != "A==C" {
		t.Errorf("%q", s)
	}
}
