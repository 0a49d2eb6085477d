package ul

import (
	"bytes"
	"encoding/hex"
	"errors"
	"reflect"
	"strings"
	"testing"
)

// unhex turns commented hexadecimal text into bytes: # begins a comment.
func unhex(t testing.TB, text string) []byte {
	t.Helper()
	var digits strings.Builder
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		digits.WriteString(strings.Join(strings.Fields(line), ""))
	}
	b, err := hex.DecodeString(digits.String())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// requestBytes is an A-ASSOCIATE-RQ as a modality sends it.
const requestBytes = `
01 00 00 00 00 dc                                   # A-ASSOCIATE-RQ, 220 bytes follow
00 01 00 00                                         # protocol version 1
59 55 41 4e 5a 48 45 4e 20 20 20 20 20 20 20 20     # called AE "YUANZHEN" and spaces
20 43 54 31 00 00 00 00 00 00 00 00 00 00 00 00     # calling AE " CT1" padded with NULs, as some do
00000000 00000000 00000000 00000000                 # reserved
00000000 00000000 00000000 00000000
10 00 00 15                                         # application context name
31 2e 32 2e 38 34 30 2e 31 30 30 30 38 2e 33 2e 31 2e 31 2e 31
20 00 00 2e                                         # presentation context
01 00 00 00                                         #   id 1
30 00 00 11                                         #   Verification
31 2e 32 2e 38 34 30 2e 31 30 30 30 38 2e 31 2e 31
40 00 00 11                                         #   implicit VR little endian
31 2e 32 2e 38 34 30 2e 31 30 30 30 38 2e 31 2e 32
77 00 00 02 ab cd                                   # an item nobody knows
50 00 00 43                                         # user information
51 00 00 04 00 00 40 00                             #   16,384 bytes at most
52 00 00 05 31 2e 32 2e 33                          #   implementation 1.2.3
53 00 00 04 00 05 00 05                             #   asynchronous window of five
54 00 00 0d 00 09                                   #   role selection: SCU and SCP of 1.2.3.4.5
31 2e 32 2e 33 2e 34 2e 35 01 01
55 00 00 05 43 54 20 76 32                          #   version "CT v2"
58 00 00 0c 02 00 00 03 64 6f 63 00 03 78 79 7a     #   user "doc", passcode "xyz"
`

func TestRequestOfAModalityIsUnderstood(t *testing.T) {
	t.Parallel()
	b := unhex(t, requestBytes)
	h, err := parseHeader(b)
	if err != nil || h.typ != typeAssociateRQ || int(h.length) != len(b)-pduHeaderLength {
		t.Fatalf("header %+v, %v, of %d bytes", h, err, len(b))
	}
	got, err := parseAssociate(h.typ, b[pduHeaderLength:])
	if err != nil {
		t.Fatal(err)
	}
	want := &Associate{
		ProtocolVersion: 1, CalledAE: "YUANZHEN", CallingAE: "CT1", ApplicationContext: ApplicationContext,
		Contexts:               []Context{{ID: 1, AbstractSyntax: "1.2.840.10008.1.1", Syntaxes: []string{"1.2.840.10008.1.2"}}},
		MaxPDU:                 16384,
		ImplementationClassUID: "1.2.3", ImplementationVersion: "CT v2",
		AsyncOperations: true,
		Identity:        &UserIdentity{Type: 2, Primary: []byte("doc"), Secondary: []byte("xyz")},
		Roles:           []Role{{SOPClass: "1.2.3.4.5", SCU: true, SCP: true}},
		titles:          got.titles,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestAnswerRepeatsTheTitlesToTheByteAndTakesNoWindow(t *testing.T) {
	t.Parallel()
	b := unhex(t, requestBytes)
	rq, err := parseAssociate(typeAssociateRQ, b[pduHeaderLength:])
	if err != nil {
		t.Fatal(err)
	}
	ac := Associate{
		ApplicationContext: ApplicationContext, MaxPDU: DefaultMaxPDU, ImplementationClassUID: "2.25.1", AsyncOperations: true,
		Contexts: []Context{{ID: 1, Syntaxes: []string{"1.2.840.10008.1.2"}}}, titles: rq.titles,
	}
	out := ac.append(nil, typeAssociateAC)
	if !bytes.Equal(out[10:42], b[10:42]) {
		t.Errorf("titles %q, received %q", out[10:42], b[10:42])
	}
	if window := unhex(t, "53 00 00 04 0001 0001"); !bytes.Contains(out, window) {
		t.Errorf("no asynchronous window of one in % x", out)
	}
}

func TestAssociateIsWrittenAsItIsRead(t *testing.T) {
	t.Parallel()
	for _, typ := range []pduType{typeAssociateRQ, typeAssociateAC} {
		a := Associate{
			ProtocolVersion: 1, CalledAE: "A", CallingAE: "SIXTEEN_LETTERS_", ApplicationContext: ApplicationContext,
			MaxPDU: 4096, ImplementationClassUID: "2.25.1", ImplementationVersion: "V",
		}
		a.titles = [32]byte(appendTitle(appendTitle(nil, a.CalledAE), a.CallingAE))
		for id := 1; id < 256; id += 2 {
			c := Context{ID: byte(id), Syntaxes: []string{"1.2"}}
			if typ == typeAssociateRQ {
				c.AbstractSyntax, c.Syntaxes = "1.2.3", []string{"1.2", "1.2.4"}
			}
			a.Contexts = append(a.Contexts, c)
		}
		got, err := parseAssociate(typ, a.append(nil, typ)[pduHeaderLength:])
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, &a) {
			t.Errorf("type %d: got %+v, want %+v", typ, got, &a)
		}
	}
}

func TestHeadersThatLieAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, bytes string
		reason      byte
	}{
		{"4 GiB A-ASSOCIATE-RQ", "01 00 ff ff ff f0", ReasonInvalidPDUParameter},
		{"A-ASSOCIATE-RQ too short for its fixed part", "01 00 00 00 00 43", ReasonInvalidPDUParameter},
		{"4 GiB P-DATA-TF", "04 00 ff ff ff ff", ReasonInvalidPDUParameter},
		{"P-DATA-TF without a PDV", "04 00 00 00 00 00", ReasonInvalidPDUParameter},
		{"A-RELEASE-RQ of five bytes", "05 00 00 00 00 05", ReasonInvalidPDUParameter},
		{"type 0", "00 00 00 00 00 04", ReasonUnrecognizedPDU},
		{"type 8", "08 00 00 00 00 04", ReasonUnrecognizedPDU},
		{"GET / of a browser", "47 45 54 20 2f 20", ReasonUnrecognizedPDU},
		{"TLS hello on a plain port", "16 03 01 02 00 01", ReasonUnrecognizedPDU},
	} {
		_, err := parseHeader(unhex(t, c.bytes))
		var p *ProtocolError
		if !errors.As(err, &p) || p.Reason != c.reason {
			t.Errorf("%s: %v, want reason %d", c.name, err, c.reason)
		}
	}
}

func TestBrokenRequestsAreRefused(t *testing.T) {
	t.Parallel()
	good := unhex(t, requestBytes)[pduHeaderLength:]
	at := func(i int, v ...byte) []byte {
		b := bytes.Clone(good)
		copy(b[i:], v)
		return b
	}
	const app, context, user = 68, 68 + 25, 68 + 25 + 50 + 6
	for name, b := range map[string][]byte{
		"cut in the fixed part":          good[:60],
		"cut in the last item":           good[:len(good)-1],
		"application context too long":   at(app+2, 0xff, 0xff),
		"context without room for an id": at(context+2, 0, 3),
		"even context id":                at(context+4, 2),
		"context id zero":                at(context+4, 0),
		"sub-item beyond its context":    at(context+10, 0x0f, 0xff),
		"context item of an answer":      at(context, 0x21),
		"same context id twice":          append(bytes.Clone(good), good[context:context+50]...),
		"maximum length of two bytes":    at(user+6, 0, 2),
		"identity beyond its item":       at(len(good)-10, 0x7f, 0xff),
		"passcode beyond its item":       at(len(good)-5, 0x7f, 0xff),
	} {
		var p *ProtocolError
		if _, err := parseAssociate(typeAssociateRQ, b); !errors.As(err, &p) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFragmentsMustLieWithinTheirPDU(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		bytes string
		left  int
		want  PDV
		ok    bool
	}{
		{"00 00 00 02 03 00", 6, PDV{ContextID: 3}, true},                                       // no payload
		{"00 00 00 05 03 03", 9, PDV{ContextID: 3, Command: true, Last: true, Length: 3}, true}, // odd, tolerated
		{"00 00 00 05 03 fe", 9, PDV{ContextID: 3, Last: true, Length: 3}, true},                // reserved bits are not checked
		{"00 00 00 01 03 00", 9, PDV{}, false},                                                  // shorter than its header
		{"00 00 00 06 03 00", 9, PDV{}, false},                                                  // one byte too long
		{"ff ff ff ff 03 00", 9, PDV{}, false},
	} {
		got, err := parsePDV(unhex(t, c.bytes), c.left)
		if got != c.want || (err == nil) != c.ok {
			t.Errorf("%s in %d: %+v, %v", c.bytes, c.left, got, err)
		}
	}
}
