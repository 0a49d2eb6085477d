package hub

// Overview says where a long recording's pyramid and trend lie: Length bytes
// from Offset in the object, of which the last Trend bytes are the trend as
// gzipped JSON.
type Overview struct {
	Recording RecordingID
	Object    string
	Offset    int64
	Length    int64
	Trend     int64
}
