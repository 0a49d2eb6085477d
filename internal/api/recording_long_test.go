package api

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"net/http"
	"testing"

	"github.com/yuanzhen/yuanzhen/ecg/synth"
	"github.com/yuanzhen/yuanzhen/internal/demo"
)

// holter is an EDF+ file of two leads at 250 Hz: a normal tracing over and
// over for some hours, with 3.2 s of silence at pauseAt.
func holter(t *testing.T, hours int, pauseAt float64) (file []byte, lead []float32) {
	t.Helper()
	rec, err := synth.Make(synth.Normal, 5)
	must(t, err)
	once := rec.Lead("II").Samples
	const rate = 250
	step := int(rec.RateHz) / rate
	// Whole beats only, or the seam would be a beat out of time.
	lead = make([]float32, hours*3600*rate)
	for i := range lead {
		lead[i] = float32(math.Round(float64(once[(i*step)%len(once)])))
	}
	from := int(pauseAt * rate)
	for i := from; i < from+int(3.2*rate); i++ {
		lead[i] = 0
	}
	var b bytes.Buffer
	field := func(width int, text string) { fmt.Fprintf(&b, "%-*s", width, text) }
	field(8, "0")
	field(80, "HOL-7 F 02-MAY-1951 Li_Fang")
	field(80, "Startdate 20-NOV-2026 X X Recorder")
	field(8, "20.11.26")
	field(8, "08.00.00")
	field(8, "768")
	field(44, "EDF+C")
	field(8, fmt.Sprint(hours*3600))
	field(8, "1")
	field(4, "2")
	for _, column := range []struct {
		width int
		text  string
	}{{16, "ECG II"}, {80, ""}, {8, "uV"}, {8, "-32768"}, {8, "32767"}, {8, "-32768"}, {8, "32767"}, {80, ""}, {8, "250"}, {32, ""}} {
		field(column.width, column.text)
		if column.text == "ECG II" {
			column.text = "ECG V5"
		}
		field(column.width, column.text)
	}
	raw := make([]byte, 2*rate)
	for second := range hours * 3600 {
		for k, v := range lead[second*rate : (second+1)*rate] {
			binary.LittleEndian.PutUint16(raw[2*k:], uint16(int16(v)))
		}
		b.Write(raw) // II
		b.Write(raw) // V5
	}
	return b.Bytes(), lead
}

func TestADayOfHolterIsReadInParts(t *testing.T) {
	t.Parallel()
	const hours, pauseAt = 5, 2*3600 + 100.0
	file, lead := holter(t, hours, pauseAt)
	h := newHospital(t)
	code, v := h.as("tech1", "POST", "/api/v1/recordings", file)
	if code != http.StatusCreated {
		t.Fatalf("%d %v", code, v)
	}
	id, at := v["id"].(string), "/api/v1/recordings/"+v["id"].(string)
	if v["samples"] != float64(hours*3600*250) || v["rate_hz"] != 250.0 || v["patient"].(map[string]any)["id"] != "HOL-7" {
		t.Errorf("taken in as %v", v)
	}
	task := h.ok("tech1", "GET", "/api/v1/tasks/"+v["task"].(string), nil)
	if task["kind"] != "holter" || task["recording"] != id {
		t.Errorf("the task is %v of %v", task["kind"], task["recording"])
	}
	if code, again := h.as("tech1", "POST", "/api/v1/recordings", file); code != http.StatusOK || again["id"] != id {
		t.Errorf("sent again: %d %v", code, again["id"])
	}
	if got := h.fileOf("tech1", at+"/original"); !bytes.Equal(got, file) {
		t.Error("the original differs from what was received")
	}
	t.Run("samples by the second", func(t *testing.T) {
		w := h.ok("reader1", "GET", at+fmt.Sprintf("/waveform.json?from=%g&to=%g", pauseAt-2, pauseAt+5), nil)
		first := int(w["first"].(float64))
		got := w["samples"].([]any)[0].([]any)
		if first != int((pauseAt-2)*250) || len(got) != 7*250 || w["total"] != float64(len(lead)) {
			t.Fatalf("%d samples from %d", len(got), first)
		}
		for k, x := range got {
			if x != float64(lead[first+k]) {
				t.Fatalf("sample %d is %v, want %v", first+k, x, lead[first+k])
			}
		}
		if w := h.ok("reader1", "GET", at+"/waveform.json", nil); len(w["samples"].([]any)[0].([]any)) != 60*250 {
			t.Error("without a stretch: not the first minute")
		}
	})
	t.Run("the whole at a glance", func(t *testing.T) {
		o := h.ok("reader1", "GET", at+"/overview.json?spans=500", nil)
		low := o["low"].([]any)
		if len(low) != 2 || len(low[0].([]any)) < 500 || o["step"].(float64)*float64(len(low[0].([]any))) < hours*3600-1 {
			t.Errorf("%d leads of %d spans of %v s", len(low), len(low[0].([]any)), o["step"])
		}
		o = h.ok("reader1", "GET", at+"/overview.json?from=60&to=62&spans=1000", nil)
		if o["samples"] == nil || o["step"] != 1.0/250 {
			t.Errorf("two seconds are %v", o["step"])
		}
	})
	t.Run("rate, pause and beats", func(t *testing.T) {
		trend := h.ok("reader1", "GET", at+"/trend.json", nil)
		if n := len(trend["minutes"].([]any)); n != hours*60 {
			t.Errorf("%d minutes", n)
		}
		var pause map[string]any
		for _, e := range trend["events"].([]any) {
			if e := e.(map[string]any); e["kind"] == "pause" && (pause == nil || e["value"].(float64) > pause["value"].(float64)) {
				pause = e
			}
		}
		if pause == nil || pause["value"].(float64) < 3000 || math.Abs(pause["sample"].(float64)/250-pauseAt) > 2 {
			t.Fatalf("the pause is %v", pause)
		}
		beats := h.ok("reader1", "GET", at+"/beats.json?from=600&to=660", nil)["beats"].([]any)
		if len(beats) < 50 || len(beats) > 120 {
			t.Errorf("%d beats in a minute", len(beats))
		}
	})
	t.Run("paper and refusals", func(t *testing.T) {
		if svg := h.fileOf("reader1", at+fmt.Sprintf("/ecg.svg?from=%g&start=%g&layout=12x1", pauseAt-2, pauseAt-2)); !bytes.Contains(svg, []byte("<svg")) || !bytes.Contains(svg, []byte(`data-lead="II"`)) {
			t.Error("the paper shows nothing")
		}
		h.refused("reader1", "GET", at+"/waveform.json?from=x", nil, 400, "ecg.span")
		h.refused("reader1", "GET", at+"/overview.json?spans=0", nil, 400, "ecg.span")
		h.refused("tech2", "GET", at+"/trend.json", nil, 404, "not_found")
		short := h.ok("tech1", "POST", "/api/v1/recordings", traceFile(t))
		h.refused("tech1", "GET", "/api/v1/recordings/"+short["id"].(string)+"/trend.json", nil, 409, "ecg.not_long")
	})
}

// traceFile is a ten-second ECG.
func traceFile(t *testing.T) []byte {
	t.Helper()
	return demo.TraceFile("normal", 9)
}
