package upload

import (
	"bytes"
	"io"
	"testing"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/intake"
)

// The bytes of a lossless JPEG object look like uncompressed ones up to the
// pixel data: only what the association said tells them apart.
func TestRetryOfAnObjectOfTheNetworkKeepsItsTransferSyntax(t *testing.T) {
	t.Parallel()
	c := newClinic(t)
	const jpeg = dicom.TransferSyntax("1.2.840.10008.1.2.4.70")
	file := slice(t, "1.2.3", 1, 64)
	f, err := dicom.Read(bytes.NewReader(file), dicom.Options{Keep: -1})
	must(t, err)
	bare := file[f.DatasetOffset:]
	src := intake.Source{Actor: c.tech, Via: "cstore", Class: f.Dataset.Text(dicom.SOPClassUID), UID: "1.2.3.1.999"}
	_, err = c.Intake.Instance(t.Context(), src, bytes.NewReader(bare), jpeg)
	if hub.CodeOf(err) != "dicom.uid_differs" {
		t.Fatalf("got %v", err)
	}
	list, err := c.Quarantine(t.Context(), c.tech.Member)
	must(t, err)
	_, body, err := c.Original(t.Context(), c.tech, list[0].ID)
	must(t, err)
	defer body.Close()
	kept, err := io.ReadAll(body)
	must(t, err)
	if k, err := dicom.Read(bytes.NewReader(kept), dicom.Options{Keep: -1}); err != nil || k.Syntax != jpeg || !bytes.HasSuffix(kept, bare) {
		t.Fatalf("what is kept is no file in that syntax: %v", err)
	}
	v, err := c.Retry(t.Context(), c.tech, list[0].ID)
	must(t, err)
	if v.Result != Stored {
		t.Fatalf("retry: %+v", v)
	}
	i, err := c.DB.Read(t.Context()).InstanceByUID(c.tech.Member, "1.2.3.1.1")
	must(t, err)
	if i.Syntax != string(jpeg) || i.Length != int64(len(bare)) {
		t.Errorf("taken in as %s, %d bytes of %d", i.Syntax, i.Length, len(bare))
	}
}

func TestQuarantinedFileIsGivenBackWhole(t *testing.T) {
	t.Parallel()
	c := newClinic(t)
	file := slice(t, "1.2.3", 1, 64)
	copy(file, "II*\x00")
	file = file[:len(file)-5]
	v := c.send(t, Wanted{Filename: "a.dcm"}, file)
	if v.Result != Quarantined {
		t.Fatalf("got %+v", v)
	}
	_, body, err := c.Original(t.Context(), c.tech, v.Quarantine)
	must(t, err)
	defer body.Close()
	if got, err := io.ReadAll(body); err != nil || !bytes.Equal(got, file) {
		t.Errorf("%d bytes of %d, %v", len(got), len(file), err)
	}
}
