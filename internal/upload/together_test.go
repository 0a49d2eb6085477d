package upload

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/testdata"
)

// recordFiles are the files of an ECG with two signal files, by name.
func recordFiles(t *testing.T) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for _, name := range []string{"s0010_re.hea", "s0010_re.dat", "s0010_re.xyz"} {
		data, err := os.ReadFile(filepath.Join(testdata.Dir(t), "ecg", "wfdb", "ptb", name))
		must(t, err)
		files[name] = data
	}
	return files
}

func (c *clinic) isWFDB(t *testing.T, id hub.RecordingID) {
	t.Helper()
	r, err := c.DB.Read(t.Context()).Recording(id)
	must(t, err)
	if r.Format != "wfdb" || len(r.Leads) != 15 || r.Samples != 38400 {
		t.Fatalf("got %s of %d leads, %d samples", r.Format, len(r.Leads), r.Samples)
	}
}

func TestFilesOfOneECGInABatchBecomeOneRecording(t *testing.T) {
	t.Parallel()
	c := newClinic(t)
	files := recordFiles(t)
	note := []byte("ward 3\n")
	batch, err := c.Declare(t.Context(), c.tech, []Declared{declared("usb/s0010_re.dat", files["s0010_re.dat"]), declared("usb/s0010_re.hea", files["s0010_re.hea"]),
		declared("usb/s0010_re.xyz", files["s0010_re.xyz"]), declared("usb/note.txt", note)})
	must(t, err)
	var ids []hub.UploadID
	for _, name := range []string{"s0010_re.dat", "s0010_re.hea", "s0010_re.xyz"} {
		u, err := c.Create(t.Context(), c.tech, Wanted{Filename: "usb/" + name, Batch: batch, Size: int64(len(files[name]))})
		must(t, err)
		_, err = c.Append(t.Context(), c.tech, u.ID, 0, bytes.NewReader(files[name]))
		must(t, err)
		ids = append(ids, u.ID)
		u, err = c.Get(t.Context(), c.tech, u.ID)
		must(t, err)
		if len(ids) < 3 && u.Verdict != "" {
			t.Fatalf("%s was judged without the others: %s", name, u.Verdict)
		}
	}
	v := c.verdictOf(t, ids[2])
	if v == nil || v.Result != Stored || v.Recording == "" {
		t.Fatalf("got %+v", v)
	}
	c.isWFDB(t, v.Recording)
	for _, id := range ids[:2] {
		if other := c.verdictOf(t, id); other == nil || other.Recording != v.Recording {
			t.Fatalf("another file of the ECG got %+v", other)
		}
	}
	if v := c.send(t, Wanted{Filename: "usb/note.txt", Batch: batch}, note); v.Result != Ignored {
		t.Fatalf("a file that is no part of it got %+v", v)
	}
	if r := c.receipt(t, batch); !r.Settled || r.Failed != 0 {
		t.Fatalf("got %+v", r)
	}
}

func TestADayOfHolterInSeveralFilesIsTakenInByParts(t *testing.T) {
	t.Parallel()
	c := newClinic(t)
	const frames = 20 * 3600 * 128 // 18 MB: more than is held
	samples := make([]byte, 2*frames)
	for i := range frames {
		samples[2*i] = byte(i / 64 * 7)
		if i%110 < 6 {
			samples[2*i+1] = 3
		}
	}
	files := map[string][]byte{"day.hea": fmt.Appendf(nil, "day 1 128 %d\nday.dat 16 200/mV 16 0 0 0 0 II\n", frames), "day.dat": samples}
	batch, err := c.Declare(t.Context(), c.tech, []Declared{declared("usb/day.dat", files["day.dat"]), declared("usb/day.hea", files["day.hea"])})
	must(t, err)
	u, err := c.Create(t.Context(), c.tech, Wanted{Filename: "usb/day.hea", Batch: batch, Size: int64(len(files["day.hea"]))})
	must(t, err)
	_, err = c.Append(t.Context(), c.tech, u.ID, 0, bytes.NewReader(files["day.hea"]))
	must(t, err)
	v := c.send(t, Wanted{Filename: "usb/day.dat", Batch: batch}, samples)
	if v.Result != Stored || v.Recording == "" {
		t.Fatalf("got %+v", v)
	}
	r, err := c.DB.Read(t.Context()).Recording(v.Recording)
	must(t, err)
	if r.Format != "wfdb" || r.Samples != frames {
		t.Errorf("got %s of %d samples", r.Format, r.Samples)
	}
	if _, err := c.DB.Read(t.Context()).Overview(v.Recording); err != nil {
		t.Errorf("it has no overview: %v", err)
	}
}

func TestArchiveOfOneECGBecomesOneRecording(t *testing.T) {
	t.Parallel()
	c := newClinic(t)
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, data := range recordFiles(t) {
		w, err := z.Create("usb/" + name)
		must(t, err)
		_, err = w.Write(data)
		must(t, err)
	}
	must(t, z.Close())
	v := c.send(t, Wanted{Filename: "usb.zip"}, b.Bytes())
	if v.Result != Stored || v.Recording == "" || v.Archive.Files != 1 {
		t.Fatalf("got %+v %+v", v, v.Archive)
	}
	c.isWFDB(t, v.Recording)
}
