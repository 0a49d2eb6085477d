package charset

import "testing"

func TestUndeclaredTextIsToldApartByItsBytes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ bytes, want, set string }{
		{"SBJ-123", "SBJ-123", ASCII},
		{"张三", "张三", UTF8},
		{"\xd5\xc5\xc8\xfd", "张三", GB18030},
		{"\xd5\xc5\xe9F", "张镕", GB18030},
		{"\xd6\xec\xe9F\xbb\xf9", "朱镕基", GB18030},
		{"f\xf6r h\xf6g P-amplitud", "för hög P-amplitud", Latin1},
		{"sinusrytm (l\xe5ngsam)", "sinusrytm (långsam)", Latin1},
	} {
		got, set := Guess([]byte(c.bytes))
		if set != c.set {
			t.Errorf("%q: taken for %s, want %s", c.bytes, set, c.set)
		}
		if got != c.want {
			t.Errorf("%q: %q, want %q", c.bytes, got, c.want)
		}
	}
}

func TestDeclaredSetIsUsedOnlyIfTheTextIsOfIt(t *testing.T) {
	t.Parallel()
	if got, ok := Decode("gb2312", []byte("\xe9F")); !ok || got != "镕" {
		t.Errorf("GBK character under GB2312: %q, %v", got, ok)
	}
	for _, c := range []struct{ label, bytes string }{{"utf-8", "\xd5\xc5"}, {"x-vendor", "a"}, {"gb2312", "a\xff"}} {
		if got, ok := Decode(c.label, []byte(c.bytes)); ok {
			t.Errorf("%q as %s gave %q", c.bytes, c.label, got)
		}
	}
}
