package api

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/dicomwave"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/storage"
)

// longRecord is two leads of some hours at 250 Hz as a WFDB record in an
// archive.
func longRecord(t *testing.T, lead []float32) []byte {
	t.Helper()
	samples := make([]byte, 0, 4*len(lead))
	for _, v := range lead {
		samples = binary.LittleEndian.AppendUint16(samples, uint16(int16(v)))
		samples = binary.LittleEndian.AppendUint16(samples, uint16(int16(-v)))
	}
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for name, content := range map[string][]byte{
		"h1.hea": fmt.Appendf(nil, "h1 2 250 %d 08:00:00 20/11/2026\nh1.dat 16 1000/mV 16 0 0 0 0 II\nh1.dat 16 1000/mV 16 0 0 0 0 V5\n", len(lead)),
		"h1.dat": samples,
	} {
		w, err := z.Create(name)
		must(t, err)
		_, err = w.Write(content)
		must(t, err)
	}
	must(t, z.Close())
	return out.Bytes()
}

// longObject is the same as a DICOM ambulatory ECG.
func longObject(t *testing.T, lead []float32) []byte {
	t.Helper()
	other := make([]float32, len(lead))
	for i, v := range lead {
		other[i] = -v
	}
	var out bytes.Buffer
	_, err := dicomwave.Encode(&out, &ecg.Recording{RateHz: 250, Leads: []ecg.Lead{{Name: "II", Samples: lead}, {Name: "V5", Samples: other}},
		Patient: ecg.Patient{ID: "HOL-8", Name: "Li Fang"}})
	must(t, err)
	return out.Bytes()
}

func TestALongRecordingIsReadInPartsWhateverItsForm(t *testing.T) {
	t.Parallel()
	const hours = 3
	_, lead := holter(t, hours, 3600)
	h := newHospital(t)
	for form, file := range map[string][]byte{"wfdb": longRecord(t, lead), "dicom": longObject(t, lead)} {
		code, v := h.as("tech1", "POST", "/api/v1/recordings", file)
		if code != http.StatusCreated || v["format"] != form || v["samples"] != float64(len(lead)) {
			t.Fatalf("%s: %d %v %v %v", form, code, v["format"], v["samples"], v["code"])
		}
		at := "/api/v1/recordings/" + v["id"].(string)
		if code, again := h.as("tech1", "POST", "/api/v1/recordings", file); code != http.StatusOK || again["id"] != v["id"] {
			t.Errorf("%s sent again: %d", form, code)
		}
		if task := h.ok("tech1", "GET", "/api/v1/tasks/"+v["task"].(string), nil); task["kind"] != "holter" {
			t.Errorf("%s: the task is one of %v", form, task["kind"])
		}
		for _, from := range []int{0, 7200, 3598} {
			w := h.ok("reader1", "GET", at+fmt.Sprintf("/waveform.json?from=%d&to=%d", from, from+2), nil)
			for k, x := range w["samples"].([]any)[1].([]any) {
				if x != float64(-lead[from*250+k]) {
					t.Fatalf("%s: sample %d of V5 is %v", form, from*250+k, x)
				}
			}
		}
		if o := h.ok("reader1", "GET", at+"/overview.json?spans=300", nil); len(o["low"].([]any)) != 2 {
			t.Errorf("%s: the overview has %d leads", form, len(o["low"].([]any)))
		}
		if n := len(h.ok("reader1", "GET", at+"/trend.json", nil)["minutes"].([]any)); n != hours*60 {
			t.Errorf("%s: %d minutes", form, n)
		}
	}
}

// worn is a store of whose objects one byte has changed.
type worn struct {
	storage.Objects
	key storage.Key
	at  int64
}

func (w worn) Get(ctx context.Context, k storage.Key, off, n int64) (io.ReadCloser, error) {
	r, err := w.Objects.Get(ctx, k, off, n)
	if err != nil || k != w.key {
		return r, err
	}
	data, err := io.ReadAll(r)
	r.Close()
	if i := w.at - off; i >= 0 && i < int64(len(data)) {
		data[i] ^= 0x40
	}
	return io.NopCloser(bytes.NewReader(data)), err
}

func TestDamagedPartsOfALongRecordingAreNotShown(t *testing.T) {
	t.Parallel()
	file, _ := holter(t, 2, 3600)
	h := newHospital(t)
	code, v := h.as("tech1", "POST", "/api/v1/recordings", file)
	if code != http.StatusCreated {
		t.Fatalf("%d %v", code, v)
	}
	at := "/api/v1/recordings/" + v["id"].(string)
	tx := h.s.DB.Read(t.Context())
	row, err := tx.Recording(hub.RecordingID(v["id"].(string)))
	must(t, err)
	over, err := tx.Overview(row.ID)
	must(t, err)
	whole := h.s.Objects
	second := row.Offset + 768 + 3000*2*2*250 // samples of second 3000
	for _, c := range []struct {
		what    string
		key     string
		at      int64
		damaged []string
		whole   []string
	}{
		{"samples", row.Object, second, []string{"/waveform.json?from=3000&to=3001", "/ecg.svg?from=2990"}, []string{"/waveform.json?from=100&to=101", "/overview.json", "/trend.json"}},
		{"pyramid", over.Object, over.Offset + over.Length - over.Trend - 10, []string{"/overview.json?spans=10"}, []string{"/waveform.json", "/trend.json"}},
		{"sums", over.Object, over.Offset + 9, []string{"/waveform.json"}, []string{"/trend.json"}},
		{"trend", over.Object, over.Offset + over.Length - 30, []string{"/trend.json", "/beats.json"}, []string{"/waveform.json", "/overview.json"}},
	} {
		h.s.Objects = worn{whole, storage.Key(c.key), c.at}
		for _, path := range c.damaged {
			h.refused("reader1", "GET", at+path, nil, 500, "ecg.damaged")
		}
		for _, path := range c.whole {
			if code, v := h.as("reader1", "GET", at+path, nil); code != 200 {
				t.Errorf("%s damaged: %s answers %d %v", c.what, path, code, v["code"])
			}
		}
	}
}
