package report

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"testing"
)

// TestCanonicalJSONIsThatOfTheStandard has the examples of RFC 8785, sections
// 3.2.2 and 3.2.3.
func TestCanonicalJSONIsThatOfTheStandard(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want string }{
		{"{\"numbers\": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],\n \"string\": \"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\",\n \"literals\": [null, true, false]}",
			"{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],\"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}"},
		{`{"\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One", "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control", "\u00f6": "Latin Small Letter O With Diaeresis"}`,
			"{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u0080\":\"Control\",\"ö\":\"Latin Small Letter O With Diaeresis\",\"€\":\"Euro Sign\",\"😀\":\"Emoji: Grinning Face\",\"\ufb33\":\"Hebrew Letter Dalet With Dagesh\"}"},
		{`[]`, `[]`}, {` {} `, `{}`}, {`"<&> "`, `"<&> "`},
	} {
		got, err := Canonical([]byte(c.in))
		if err != nil || string(got) != c.want {
			t.Errorf("%s\n got %s\nwant %s\n%v", c.in, got, c.want, err)
		}
	}
}

// TestNumbersAreWrittenAsECMAScriptDoes has the samples of RFC 8785, appendix B.
func TestNumbersAreWrittenAsECMAScriptDoes(t *testing.T) {
	t.Parallel()
	for bits, want := range map[uint64]string{
		0x0000000000000000: "0", 0x8000000000000000: "0", 0x0000000000000001: "5e-324", 0x8000000000000001: "-5e-324",
		0x7fefffffffffffff: "1.7976931348623157e+308", 0xffefffffffffffff: "-1.7976931348623157e+308", 0x4340000000000000: "9007199254740992",
		0xc340000000000000: "-9007199254740992", 0x4430000000000000: "295147905179352830000", 0x44b52d02c7e14af5: "9.999999999999997e+22",
		0x44b52d02c7e14af6: "1e+23", 0x44b52d02c7e14af7: "1.0000000000000001e+23", 0x444b1ae4d6e2ef4e: "999999999999999700000",
		0x444b1ae4d6e2ef4f: "999999999999999900000", 0x444b1ae4d6e2ef50: "1e+21", 0x3eb0c6f7a0b5ed8c: "9.999999999999997e-7",
		0x3eb0c6f7a0b5ed8d: "0.000001", 0x41b3de4355555553: "333333333.3333332", 0x41b3de4355555554: "333333333.33333325",
		0x41b3de4355555555: "333333333.3333333", 0x41b3de4355555556: "333333333.3333334", 0x41b3de4355555557: "333333333.33333343",
		0xbecbf647612f3696: "-0.0000033333333333333333", 0x43143ff3c1cb0959: "1424953923781206.2"} {
		in := strconv.FormatFloat(math.Float64frombits(bits), 'g', 17, 64)
		if got, err := Canonical([]byte(in)); err != nil || string(got) != want {
			t.Errorf("%016x: got %s, want %s, %v", bits, got, want, err)
		}
	}
}

func TestWhatHasNoCanonicalFormIsRefused(t *testing.T) {
	t.Parallel()
	for _, in := range []string{``, `{"a":1,"a":2}`, `1e400`, `[1] 2`, "\"\xff\"", `{"a":`, `[[`} {
		if got, err := Canonical([]byte(in)); err == nil {
			t.Errorf("%q became %s", in, got)
		}
	}
	if _, err := Canonical(bytes.Repeat([]byte("["), 100000)); err == nil {
		t.Error("deep nesting is accepted")
	}
}

func FuzzCanonicalFormIsItsOwn(f *testing.F) {
	for _, seed := range []string{`{"b":[1,2.5e3,null],"a":"\u00e9\n"}`, `[true,{"":{}}]`, `-0`, `"\ud800"`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		once, err := Canonical(in)
		if err != nil {
			return
		}
		if !json.Valid(once) {
			t.Fatalf("%q became %q, which is no JSON", in, once)
		}
		twice, err := Canonical(once)
		if err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%q became %q, then %q, %v", in, once, twice, err)
		}
	})
}
