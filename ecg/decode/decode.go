// Package decode turns the bytes of an ECG file of any known format into an
// ecg.Recording. It is the door of the step parse: intake calls it and no
// parser.
package decode

import (
	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/aecg"
	"github.com/yuanzhen/yuanzhen/ecg/cardiosoft"
	"github.com/yuanzhen/yuanzhen/ecg/contec"
	"github.com/yuanzhen/yuanzhen/ecg/dialect"
	"github.com/yuanzhen/yuanzhen/ecg/dicomwave"
	"github.com/yuanzhen/yuanzhen/ecg/edan"
	"github.com/yuanzhen/yuanzhen/ecg/edf"
	"github.com/yuanzhen/yuanzhen/ecg/eli"
	"github.com/yuanzhen/yuanzhen/ecg/ishne"
	"github.com/yuanzhen/yuanzhen/ecg/mfer"
	"github.com/yuanzhen/yuanzhen/ecg/muse"
	"github.com/yuanzhen/yuanzhen/ecg/pdfecg"
	"github.com/yuanzhen/yuanzhen/ecg/philips"
	"github.com/yuanzhen/yuanzhen/ecg/picture"
	"github.com/yuanzhen/yuanzhen/ecg/schiller"
	"github.com/yuanzhen/yuanzhen/ecg/scpecg"
	"github.com/yuanzhen/yuanzhen/ecg/zoncare"
)

// Decode detects the format by content and reads data; of a ZIP archive, the one
// ECG it holds. The error is
// ecg.ErrUnknownFormat if no parser knows the bytes, else *ecg.FormatError.
// Notes include what ecg.Check finds implausible. The result shares no memory
// with data.
func Decode(data []byte) (*ecg.Recording, error) {
	if IsArchive(data) {
		return Archive(data)
	}
	read := parser(Detect(data))
	if read == nil {
		return nil, ecg.ErrUnknownFormat
	}
	rec, err := read(data)
	if err != nil {
		return nil, err
	}
	return checked(rec), nil
}

// Detect tells the format of a whole file by content: as ecg.Detect does, and
// further drawings and pictures, which are ECGs only where a person says so, and
// formats without any mark, by what their bytes look like.
func Detect(data []byte) ecg.Format {
	if f := ecg.Detect(data); f != ecg.FormatUnknown {
		return f
	}
	if IsArchive(data) {
		return ecg.FormatArchive
	}
	switch {
	case pdfecg.Is(data):
		return ecg.FormatPDF
	case picture.MediaType(data) != "", picture.IsHEIC(data):
		return ecg.FormatPicture
	case edan.Is(data):
		return ecg.FormatEdan
	}
	return ecg.FormatUnknown
}

// checked adds what is known of the maker and what ecg.Check finds to the notes.
func checked(rec *ecg.Recording) *ecg.Recording {
	if rec.Picture != "" {
		return rec
	}
	dialect.Doubts(rec)
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
	case ecg.FormatHealforce:
		return scpecg.DecodeHealforce
	case ecg.FormatISHNE:
		return ishne.Decode
	case ecg.FormatContec:
		return contec.Decode
	case ecg.FormatSchiller:
		return schiller.Decode
	case ecg.FormatELI:
		return eli.Decode
	case ecg.FormatCardioSoft:
		return cardiosoft.Decode
	case ecg.FormatZoncare:
		return zoncare.Decode
	case ecg.FormatEdan:
		return edan.Decode
	case ecg.FormatPDF:
		return pdfecg.Decode
	case ecg.FormatPicture:
		return picture.Decode
	case ecg.FormatWFDB:
		return headerAlone
	}
	return nil
}

// headerAlone refuses the header of a WFDB record, which holds no sample.
func headerAlone([]byte) (*ecg.Recording, error) {
	return nil, &ecg.FormatError{Format: ecg.FormatWFDB, Offset: -1, Field: "header", Err: ecg.ErrNoSignal,
		Reason: "this is the header of a record of several files: send it with its signal files, in one ZIP archive or one upload"}
}
