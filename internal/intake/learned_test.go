package intake

import (
	"bytes"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// mislabelled is a slice whose Chinese is GBK without saying so.
func mislabelled(t *testing.T, study, name, description string) []byte {
	t.Helper()
	d := slice(study, study+".1", study+".1.1", "", "x")
	gbk := func(text string) []byte {
		raw, err := simplifiedchinese.GBK.NewEncoder().Bytes([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if len(raw)%2 == 1 {
			raw = append(raw, ' ')
		}
		return raw
	}
	d.SetText(dicom.SpecificCharacterSet, "ISO_IR 100")
	d.SetRaw(dicom.PatientName, dicom.PN, gbk(name))
	d.SetText(dicom.PatientID, study)
	if description != "" {
		d.SetRaw(dicom.StudyDescription, dicom.LO, gbk(description))
	}
	return encode(t, d)
}

func TestADeviceThatMislabelsItsTextIsRemembered(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	device := &hub.Device{ID: "device1", Member: b.clinic, AETitle: "OLDCT"}
	err := b.DB.Tx(t.Context(), func(tx *db.Tx) error { return tx.InsertDevice(device) })
	if err != nil {
		t.Fatal(err)
	}
	from := func(id hub.DeviceID, data []byte) string {
		t.Helper()
		src := b.source("cstore")
		src.Actor.Device = id
		out, err := b.Instance(t.Context(), src, bytes.NewReader(data), dicom.ExplicitVRLittleEndian)
		if err != nil {
			t.Fatal(err)
		}
		order, err := b.DB.Read(t.Context()).Order(b.task(t, out.Task).Order)
		if err != nil {
			t.Fatal(err)
		}
		return order.PatientName
	}
	const rare = "仝^囍" // too short and too rare to be sure of by itself
	before := from(device.ID, mislabelled(t, "1.2.10", rare, ""))
	from(device.ID, mislabelled(t, "1.2.11", "王^建国", "胸部正位片，未见明显异常"))
	if set, err := b.DB.Read(t.Context()).Learned(device.ID); err != nil || set != "GB18030" {
		t.Fatalf("learned %q, %v", set, err)
	}
	after := from(device.ID, mislabelled(t, "1.2.12", rare, ""))
	other := from("", mislabelled(t, "1.2.13", rare, ""))
	if after != "仝囍" {
		t.Errorf("after the device was known the name is %q (before %q)", after, before)
	}
	if other != before {
		t.Errorf("another sender's name is %q, want %q as before", other, before)
	}
}
