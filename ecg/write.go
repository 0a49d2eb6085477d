package ecg

// Codes of Notes that writers return: what the written format could not hold as
// it is in the Recording.
const (
	// NoteNotWritten: the format has no place for a part of the recording.
	NoteNotWritten NoteCode = "ecg.not_written"
	// NoteQuantised: samples or their interval were rounded to what the format
	// can say.
	NoteQuantised NoteCode = "ecg.quantised"
	// NoteFilled: the format cannot mark samples as missing; they were filled.
	NoteFilled NoteCode = "ecg.gap_filled"
	// NoteStandIn: the format demands a value that the recording lacks; one was
	// put in its place.
	NoteStandIn NoteCode = "ecg.stand_in"
)
