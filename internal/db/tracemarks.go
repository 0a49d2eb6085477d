package db

import "github.com/yuanzhen/yuanzhen/internal/hub"

var traceMarks = newTable[hub.TraceMarks]("recording_marks", 1, func(m *hub.TraceMarks) []column {
	return []column{{"id", &m.ID}, {"recording", &m.Recording}, {"account", &m.Account}, {"boundaries", js{&m.Boundaries}}, {"beats", js{&m.Beats}},
		{"speed", &m.Speed}, {"gain", &m.Gain}, {"at", msec{&m.At}}}
})

// InsertTraceMarks stores a reader's marks.
func (tx *Tx) InsertTraceMarks(m *hub.TraceMarks) error { return traceMarks.insert(tx, m) }

// TraceMarks returns the newest marks on a recording, the newest first.
func (tx *Tx) TraceMarks(id hub.RecordingID, limit int) ([]*hub.TraceMarks, error) {
	return traceMarks.all(tx, "WHERE recording = $1 ORDER BY at DESC, id DESC LIMIT 0+$2", string(id), limit)
}
