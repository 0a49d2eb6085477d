package db

import "github.com/yuanzhen/yuanzhen/internal/hub"

var overviews = newTable[hub.Overview]("overview", 1, func(o *hub.Overview) []column {
	return []column{{"recording", &o.Recording}, {"object", &o.Object}, {"off", &o.Offset}, {"len", &o.Length}, {"trend", &o.Trend}}
})

// InsertOverview stores where a long recording's overview lies.
func (tx *Tx) InsertOverview(o *hub.Overview) error { return overviews.insert(tx, o) }

// Overview returns where a long recording's overview lies; a short one has
// none.
func (tx *Tx) Overview(id hub.RecordingID) (*hub.Overview, error) {
	return overviews.one(tx, "db.Overview", "WHERE recording = $1", string(id))
}
