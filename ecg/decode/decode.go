// Package decode turns the bytes of an ECG file of any known format into an
// ecg.Recording. It is the door of the step parse: intake calls it and no
// parser.
package decode

import (
	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/aecg"
	"github.com/yuanzhen/yuanzhen/ecg/dicomwave"
	"github.com/yuanzhen/yuanzhen/ecg/edf"
	"github.com/yuanzhen/yuanzhen/ecg/mfer"
	"github.com/yuanzhen/yuanzhen/ecg/muse"
	"github.com/yuanzhen/yuanzhen/ecg/philips"
	"github.com/yuanzhen/yuanzhen/ecg/scpecg"
)

// Decode detects the format by content and reads data. The error is
// ecg.ErrUnknownFormat if no parser knows the bytes, else *ecg.FormatError.
// Notes include what ecg.Check finds implausible. The result shares no memory
// with data.
func Decode(data []byte) (*ecg.Recording, error) {
	read := parser(ecg.Detect(data))
	if read == nil {
		return nil, ecg.ErrUnknownFormat
	}
	rec, err := read(data)
	if err != nil {
		return nil, err
	}
	return checked(rec), nil
}

// checked adds what ecg.Check finds to the notes.
func checked(rec *ecg.Recording) *ecg.Recording {
	for _, n := range ecg.Check(rec) {
		rec.Notef(n.Code, "%s", n.Text)
	}
	return rec
}

func parser(f ecg.Format) func([]byte) (*ecg.Recording, error) {
	switch f {
	case ecg.FormatSCP:
		return scpecg.Decode
	case ecg.FormatAECG:
		return aecg.Decode
	case ecg.FormatDICOM:
		return dicomwave.Decode
	case ecg.FormatEDF:
		return edf.Decode
	case ecg.FormatMFER:
		return mfer.Decode
	case ecg.FormatMUSE:
		return muse.Decode
	case ecg.FormatPhilips:
		return philips.Decode
	}
	return nil
}
