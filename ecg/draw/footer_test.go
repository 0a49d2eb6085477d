package draw

import (
	"strings"
	"testing"

	"github.com/yuanzhen/yuanzhen/ecg"
)

func TestWhatWasAssumedStandsOnThePage(t *testing.T) {
	t.Parallel()
	rec := &ecg.Recording{RateHz: 500}
	o, err := Options{}.filled()
	if err != nil {
		t.Fatal(err)
	}
	if text := footer(rec, o); strings.Contains(text, "推定") {
		t.Errorf("nothing was assumed, but: %s", text)
	}
	rec.Notef(ecg.NoteScale, "x")
	rec.Notef(ecg.NoteRate, "x")
	rec.Notef(ecg.NoteRecovered, "x")
	if text := footer(rec, o); !strings.HasSuffix(text, "由图形恢复   推定：采样率、幅度") {
		t.Error(text)
	}
	o.English = true
	if text := footer(rec, o); !strings.HasSuffix(text, "recovered from a drawing   assumed: rate, scale") {
		t.Error(text)
	}
}
