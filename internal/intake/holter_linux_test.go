package intake

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/dicomwave"
	"github.com/yuanzhen/yuanzhen/ecg/synth"
)

// A day of Holter as recorders make it.
const (
	dayHours = 24
	dayRate  = 250
	dayLeads = 3
)

// day is ten seconds of three leads, to be written over and over.
func day(b *testing.B) []byte {
	b.Helper()
	rec, err := synth.Make(synth.PVCs, 2)
	if err != nil {
		b.Fatal(err)
	}
	var out []byte
	for k := 0; k < rec.Samples(); k += synth.RateHz / dayRate {
		for _, name := range []string{"II", "V1", "V5"} {
			out = binary.LittleEndian.AppendUint16(out, uint16(int16(math.Round(float64(rec.Lead(name).Samples[k])))))
		}
	}
	return out
}

// written makes a file in the benchmark's folder.
func written(b *testing.B, write func(w io.Writer) error) string {
	b.Helper()
	f, err := os.Create(filepath.Join(b.TempDir(), "day"))
	if err != nil {
		b.Fatal(err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	if err := write(w); err != nil {
		b.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
	return f.Name()
}

func repeat(w io.Writer, data []byte, times int) error {
	for range times {
		if _, err := w.Write(data); err != nil {
			return err
		}
	}
	return nil
}

func asISHNE(w io.Writer, ten []byte) error {
	h := make([]byte, 512)
	le := binary.LittleEndian
	le.PutUint32(h[4:], dayHours*3600*dayRate)
	le.PutUint32(h[8:], 522)
	le.PutUint32(h[12:], 522)
	le.PutUint16(h[146:], dayLeads)
	for i, lead := range []uint16{6, 11, 15} {
		le.PutUint16(h[148+2*i:], lead)
		le.PutUint16(h[196+2*i:], 1000)
	}
	le.PutUint16(h[262:], dayRate)
	if _, err := w.Write(append([]byte("ISHNE1.0\x00\x00"), h...)); err != nil {
		return err
	}
	return repeat(w, ten, dayHours*360)
}

// asEDF writes a record for each ten seconds.
func asEDF(w io.Writer, ten []byte) error {
	var b bytes.Buffer
	field := func(width int, texts ...string) {
		for _, text := range texts {
			fmt.Fprintf(&b, "%-*s", width, text)
		}
	}
	three := func(text string) []string { return []string{text, text, text} }
	field(8, "0")
	field(80, "X", "X")
	field(8, "20.11.26", "08.00.00", "1024")
	field(44, "")
	field(8, fmt.Sprint(dayHours*360), "10")
	field(4, "3")
	field(16, "ECG II", "ECG V1", "ECG V5")
	field(80, three("")...)
	for _, text := range []string{"uV", "-32768", "32767", "-32768", "32767"} {
		field(8, three(text)...)
	}
	field(80, three("")...)
	field(8, three(fmt.Sprint(10*dayRate))...)
	field(32, three("")...)
	if _, err := w.Write(b.Bytes()); err != nil {
		return err
	}
	var record []byte
	for lead := range dayLeads {
		for at := 2 * lead; at < len(ten); at += 2 * dayLeads {
			record = append(record, ten[at:at+2]...)
		}
	}
	return repeat(w, record, dayHours*360)
}

// asWFDB writes an archive, packed as clinics pack theirs.
func asWFDB(w io.Writer, ten []byte) error {
	z := zip.NewWriter(w)
	head, err := z.Create("day.hea")
	if err != nil {
		return err
	}
	fmt.Fprintf(head, "day 3 %d %d\n", dayRate, dayHours*3600*dayRate)
	for _, name := range []string{"II", "V1", "V5"} {
		fmt.Fprintf(head, "day.dat 16 1000/mV 16 0 0 0 0 %s\n", name)
	}
	data, err := z.Create("day.dat")
	if err != nil {
		return err
	}
	if err := repeat(data, ten, dayHours*360); err != nil {
		return err
	}
	return z.Close()
}

// asDICOM writes an ambulatory object: the head of one of ten seconds, with the
// samples of a day.
func asDICOM(w io.Writer, ten []byte) error {
	rec := &ecg.Recording{RateHz: dayRate}
	for lead, name := range []string{"II", "V1", "V5"} {
		l := ecg.Lead{Name: name}
		for at := 2 * lead; at < len(ten); at += 2 * dayLeads {
			l.Samples = append(l.Samples, float32(int16(binary.LittleEndian.Uint16(ten[at:]))))
		}
		for len(l.Samples) < 600*dayRate { // as long as the writer asks of an ambulatory ECG
			l.Samples = append(l.Samples, l.Samples[:10*dayRate]...)
		}
		rec.Leads = append(rec.Leads, l)
	}
	var short bytes.Buffer
	if _, err := dicomwave.Encode(&short, rec); err != nil {
		return err
	}
	f, err := dicom.Read(&short, dicom.Options{Keep: -1})
	if err != nil {
		return err
	}
	item := f.Dataset.Items(dicom.WaveformSequence)[0]
	item.SetInts(dicom.NumberOfWaveformSamples, dayHours*3600*dayRate)
	item.SetRaw(dicom.WaveformData, dicom.OW, bytes.Repeat(item.Get(dicom.WaveformData).Raw, dayHours*6))
	return dicom.WriteFile(w, dicom.FileMeta{SOPClassUID: f.Dataset.Text(dicom.SOPClassUID), SOPInstanceUID: f.Dataset.Text(dicom.SOPInstanceUID),
		Syntax: dicom.ExplicitVRLittleEndian}, f.Dataset)
}

// BenchmarkDayOfHolter takes in 24 hours of three leads at 250 Hz, from the first
// byte to the answer: read, measure, draw the overview, store, index. cpu-s/op is
// processor time of all that, peak-MB the most memory the process had resident.
func BenchmarkDayOfHolter(b *testing.B) {
	ten := day(b)
	for name, write := range map[string]func(io.Writer, []byte) error{"ishne": asISHNE, "edf": asEDF, "wfdb": asWFDB, "dicom": asDICOM} {
		b.Run(name, func(b *testing.B) {
			in := newBench(b)
			path := written(b, func(w io.Writer) error { return write(w, ten) })
			forget(b)
			before := processor(b)
			for b.Loop() {
				f, err := os.Open(path)
				if err != nil {
					b.Fatal(err)
				}
				out, _, err := in.ECG(b.Context(), in.source("recording"), f)
				f.Close()
				if err != nil || out.Recording == "" {
					b.Fatalf("%+v, %v", out, err)
				}
			}
			b.ReportMetric((processor(b)-before).Seconds()/float64(b.N), "cpu-s/op")
			b.ReportMetric(peak(b), "peak-MB")
		})
	}
}

func processor(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// forget gives memory back and starts the peak anew (proc(5), clear_refs).
func forget(b *testing.B) {
	debug.FreeOSMemory()
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		b.Logf("the peak includes what was before: %v", err)
	}
}

// peak is the most memory that was resident, in MB.
func peak(b *testing.B) float64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), "VmHWM:")
	var kb float64
	if _, err := fmt.Sscan(after, &kb); err != nil {
		b.Fatal(err)
	}
	return kb / 1024
}
