package decode_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"os"
	"testing"
	"testing/fstest"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/decode"
	"github.com/yuanzhen/yuanzhen/internal/testdata"
)

// TestBeatsBesideAHolterAreKeptHoweverItIsRead: from a folder, from an archive,
// whole and in pieces.
func TestBeatsBesideAHolterAreKeptHoweverItIsRead(t *testing.T) {
	t.Parallel()
	signal, err := os.ReadFile(testdata.Files(t, "ecg/ishne", "*.ecg")[0])
	if err != nil {
		t.Fatal(err)
	}
	beats := append([]byte("ANN  1.0"), signal[8:522]...)
	binary.LittleEndian.PutUint32(beats[10:], 0) // no variable block
	beats = append(beats, 40, 0, 0, 0, 'N', 0, 0, 0, 'V', 0, 100, 0)
	folder := fstest.MapFS{"day.ecg": {Data: signal}, "day.ann": {Data: beats}}
	check := func(how string, rec *ecg.Recording, err error) {
		t.Helper()
		if err != nil {
			t.Errorf("%s: %v", how, err)
			return
		}
		if len(rec.Annotations) != 2 || rec.Annotations[1] != (ecg.Annotation{Sample: 140, Code: "V"}) {
			t.Errorf("%s: %+v", how, rec.Annotations)
		}
	}
	rec, err := decode.Open(folder, "day.ecg")
	check("folder", rec, err)
	stream, err := decode.Stream(bytes.NewReader(signal), int64(len(signal)))
	if err == nil {
		err = decode.Beside(stream.Head(), stream.Samples(), folder, "day.ecg")
	}
	check("folder, in pieces", stream.Head(), err)

	var packed bytes.Buffer
	z := zip.NewWriter(&packed)
	for _, name := range []string{"day.ecg", "day.ann"} {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(folder[name].Data); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	rec, err = decode.Archive(packed.Bytes())
	check("archive", rec, err)
	if stream, err = decode.Stream(bytes.NewReader(packed.Bytes()), int64(packed.Len())); err != nil {
		t.Fatal(err)
	}
	check("archive, in pieces", stream.Head(), nil)
}
