// Package settle writes once, when a series has become quiet, what viewers ask
// of it a thousand times: the metadata of all its instances, where the frames
// of encapsulated multi-frame objects lie, and two small pictures. On an object
// store where every request costs, it also joins the series' instances to one
// object. Until then, and whenever something of it is missing, the same code
// answers from the instances themselves. No acknowledgement waits for it, and
// nothing here is needed for a right answer: all of it can be made again.
package settle

import (
	"log/slog"
	"sync"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/lru"
	"github.com/yuanzhen/yuanzhen/storage"
)

// Bounds of what is remembered and done at the same time.
const (
	framedBytes  = 16 << 20
	builtBytes   = 16 << 20
	renderAtOnce = 2
	buildAtOnce  = 2
)

// Counter learns what was settled; metric.Metrics is one.
type Counter interface {
	// Settled: result is kept, grown (new instances came meanwhile) or failed.
	Settled(result string, took time.Duration)
	// SettleWaiting is how many quiet series were found waiting.
	SettleWaiting(n int)
	// Packed: a series was joined to one object of so many bytes.
	Packed(instances int, bytes int64)
}

// Store reads instances and what is kept of their series. It is safe for
// concurrent use.
type Store struct {
	DB      *db.DB
	Objects storage.Objects
	Count   Counter
	Log     *slog.Logger
	Quiet   time.Duration // how long no object of its study came before a series is settled
	Pack    bool          // join settled series to one object each
	Busy    func() bool   // reports that objects are coming in: settling waits then

	framed    *lru.Cache[hub.InstanceID, *Frames]
	built     *lru.Cache[string, *Metadata]
	rendering chan struct{} // a picture takes much memory: a few at a time
	building  chan struct{} // so does the metadata of a series
	switching sync.Mutex    // one series at a time moves to another object

	mu     sync.Mutex // guards failed
	failed map[hub.SeriesID]time.Time
}

// New returns a Store; Run lets it settle.
func New(d *db.DB, objects storage.Objects, count Counter, log *slog.Logger, quiet time.Duration) *Store {
	return &Store{DB: d, Objects: objects, Count: count, Log: log, Quiet: max(quiet, leastQuiet), Busy: func() bool { return false },
		framed: lru.New[hub.InstanceID, *Frames](framedBytes), built: lru.New[string, *Metadata](builtBytes),
		rendering: make(chan struct{}, renderAtOnce), building: make(chan struct{}, buildAtOnce), failed: map[hub.SeriesID]time.Time{}}
}
