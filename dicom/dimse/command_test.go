package dimse

import (
	"bytes"
	"encoding/hex"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/internal/testdata"
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

// storeBytes is a C-STORE-RQ behind a C-MOVE.
const storeBytes = `
0000 0000 04000000 6e000000                            # group length: 110
0000 0200 1a000000                                     # affected SOP class: CT
312e322e3834302e31303030382e352e312e342e312e312e32 00
0000 0001 02000000 0100                                # C-STORE-RQ
0000 1001 02000000 0700                                # message id 7
0000 0007 02000000 0100                                # high priority
0000 0008 02000000 0000                                # a data set follows
0000 0010 06000000 312e322e33 00                       # affected SOP instance 1.2.3
0000 3010 04000000 4d4f5645                            # move originator "MOVE"
0000 3110 02000000 0900                                # its message id 9
`

func TestStoreCommandIsUnderstoodAndWrittenAlike(t *testing.T) {
	t.Parallel()
	b := unhex(t, storeBytes)
	got, err := parseCommand(b)
	if err != nil {
		t.Fatal(err)
	}
	want := command{
		affectedClass: "1.2.840.10008.5.1.4.1.1.2", field: cStore, messageID: 7, priority: 1,
		affectedInstance: "1.2.3", moveOriginator: "MOVE", moveOriginatorMsgID: 9,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if out := got.append(nil); !bytes.Equal(out, b) {
		t.Errorf("written as\n% x\nread as\n% x", out, b)
	}
}

func TestResponseCarriesStatusCommentAndElements(t *testing.T) {
	t.Parallel()
	about := []dicom.Tag{0x00080016, 0x00080018}
	inOffending, inList := []byte{0, 0, 0x01, 0x09, 8, 0, 0, 0, 8, 0, 0x16, 0}, []byte{0, 0, 0x05, 0x10, 8, 0, 0, 0, 8, 0, 0x16, 0}
	for _, c := range []struct {
		rsp  command
		has  []byte
		lack []byte
	}{
		{command{field: cStore | responseBit, status: Status{Code: DataSetMismatch, Comment: "SOP class differs", Offending: about}}, inOffending, inList},
		{command{field: nCreate | responseBit, status: Status{Code: MissingAttribute, Comment: "missing", Offending: about}}, inList, inOffending},
		{command{field: nSet | responseBit, status: Status{Code: ProcessingFailure, ErrorID: NoLongerUpdated}}, []byte{0, 0, 0x03, 0x09, 2, 0, 0, 0, 0x10, 0xA7}, inList},
	} {
		c.rsp.affectedClass, c.rsp.affectedInstance, c.rsp.respondedTo, c.rsp.dataSetType = "1.2", "1.2.3.4", 3, noDataSet
		b := c.rsp.append(nil)
		got, err := parseCommand(b)
		if err != nil || !reflect.DeepEqual(got, c.rsp) {
			t.Errorf("%v\ngot  %+v\nwant %+v", err, got, c.rsp)
		}
		if !bytes.Contains(b, c.has) || bytes.Contains(b, c.lack) {
			t.Errorf("% x: want % x and not % x", b, c.has, c.lack)
		}
	}
}

func TestCommentFitsItsElement(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"as it is":              "as it is",
		"磁盘满 at C:\\data\n":     "??? at C:?data?",
		strings.Repeat("x", 99): strings.Repeat("x", 64),
		strings.Repeat("满", 99): strings.Repeat("?", 64),
	} {
		if got := asciiComment(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func TestBrokenCommandsAreRefused(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"empty":                          "",
		"without a command field":        "0000 1001 02000000 0700",
		"cut in an element header":       "0000 0001 0200",
		"value longer than the command":  "0000 0001 ffffffff 0100",
		"command field of four bytes":    "0000 0001 04000000 01000000",
		"element of another group":       "0800 1800 02000000 3100",
		"offending element of two bytes": "0000 0001 02000000 0180 0000 0109 02000000 0800",
	} {
		if _, err := parseCommand(unhex(t, text)); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// FuzzCommand reads any bytes as a command set: what is understood stays the
// same when it is written and read again.
func FuzzCommand(f *testing.F) {
	f.Add(unhex(f, storeBytes))
	f.Add((&command{field: cEcho | responseBit, respondedTo: 1, dataSetType: noDataSet}).append(nil))
	for _, name := range testdata.Files(f, "dicom/malformed", "*") {
		if b, err := os.ReadFile(name); err == nil && len(b) < 4096 {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := parseCommand(b)
		if err != nil {
			return
		}
		first := c.append(nil)
		if len(first) > 2*len(b)+256 {
			t.Fatalf("%d bytes became %d", len(b), len(first))
		}
		again, err := parseCommand(first)
		if err != nil {
			t.Fatalf("what we write we cannot read: %v", err)
		}
		if second := again.append(nil); !bytes.Equal(first, second) {
			t.Fatalf("% x\nthen\n% x", first, second)
		}
	})
}
