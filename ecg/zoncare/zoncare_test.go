package zoncare

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/internal/truth"
)

// document writes 2 s of twelve consistent leads; change may spoil the sample k
// of channel c.
func document(change func(c, k int, v float64) float64) []byte {
	var raw []byte
	for k := range 1000 {
		phase := float64(k % 400)
		one, two := 900*math.Exp(-(phase-100)*(phase-100)/50), 1300*math.Exp(-(phase-100)*(phase-100)/60)
		row := [channels]float64{one, two, two - one, -(one + two) / 2, one - two/2, two - one/2, -one, one, two, two, one, one}
		for c, v := range row {
			if change != nil {
				v = change(c, k, v)
			}
			raw = binary.LittleEndian.AppendUint16(raw, uint16(int16(v)))
		}
	}
	return fmt.Appendf(nil, `<?xml version="1.0"?><zqecg><head><lead>12</lead><sample>500</sample><second>2</second></head><data>%s</data></zqecg>`,
		base64.StdEncoding.EncodeToString(raw))
}

func TestLeadsAreReadAndWhatIsAssumedIsNoted(t *testing.T) {
	t.Parallel()
	data := document(nil)
	if ecg.Detect(data) != ecg.FormatZoncare {
		t.Fatal("the format is not found by content")
	}
	rec, err := Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if len(rec.Leads) != 12 || rec.RateHz != 500 || rec.Samples() != 1000 || rec.Lead("II").Samples[100] != 1300 || rec.Lead("aVF").Samples[100] != 850 {
		t.Errorf("%d leads, %v Hz, %d samples", len(rec.Leads), rec.RateHz, rec.Samples())
	}
	codes := map[ecg.NoteCode]bool{}
	for _, n := range rec.Notes {
		codes[n.Code] = true
	}
	if !codes[ecg.NoteScale] || !codes[ecg.NoteLead] {
		t.Errorf("%v", rec.Notes)
	}
}

func TestWhatContradictsTheAssumptionsIsRefused(t *testing.T) {
	t.Parallel()
	swapped := document(func(c, k int, v float64) float64 {
		if c == 2 {
			return -v
		}
		return v
	})
	tiny := document(func(_, _ int, v float64) float64 { return v / 100 })
	full := document(func(c, k int, v float64) float64 {
		if c == 12 {
			return float64(k)
		}
		return v
	})
	good := string(document(nil))
	for reason, data := range map[string]string{
		"lead III differs":   string(swapped),
		"no lead reaches":    string(tiny),
		"thirteenth channel": string(full),
		"only 12 are known":  strings.Replace(good, "<lead>12", "<lead>8", 1),
		"no rate":            strings.Replace(good, "<sample>500", "<sample>", 1),
		"no whole number":    strings.Replace(good, "</sample><second>2</second></head><data>", "</sample></head><data>AAAAAAAA", 1),
		"0 numbers are":      "<zqecg><lead>12</lead><sample>500</sample></zqecg>",
	} {
		_, err := Decode([]byte(data))
		var fault *ecg.FormatError
		if !errors.As(err, &fault) || !strings.Contains(err.Error(), reason) {
			t.Errorf("%s: %v", reason, err)
		}
	}
}

// FuzzDecode: whatever the bytes, no panic, and leads of equal length.
func FuzzDecode(f *testing.F) {
	f.Add(document(nil))
	truth.Fuzz(f, Decode)
}
