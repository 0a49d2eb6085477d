package hub

import (
	"slices"
	"time"
)

// Contact is what the hub has seen of a device so far.
type Contact struct {
	Device    DeviceID  `json:"-"`
	LastSeen  time.Time `json:"last_seen,omitzero"`
	Instances int64     `json:"instances"` // stored since it was registered
	Day       string    `json:"-"`         // that Today counts, YYYYMMDD in China
	Today     int64     `json:"today"`
	// LastError is the DIMSE status in four hexadecimal digits, or "aborted"
	// for an association that broke; ErrorNote says more, for the vendor.
	LastError string    `json:"last_error"`
	ErrorNote string    `json:"error_note"`
	ErrorAt   time.Time `json:"error_at,omitzero"`
	// Refused counts associations that were not accepted, RefusedFor is the
	// reason of the last one.
	Refused    int64     `json:"refused"`
	RefusedFor Refusal   `json:"refused_for"`
	RefusedAt  time.Time `json:"refused_at,omitzero"`
	// Skews are the last differences between the newest time that the objects
	// of an association state and the hub's clock, in milliseconds: above zero
	// the device's clock is ahead.
	Skews []int64 `json:"-"`
}

const (
	// SkewsKept is how many differences the median is taken of.
	SkewsKept = 15
	// SkewAllowed is what a device's clock may differ by.
	SkewAllowed = 5 * time.Minute
)

// Skew is the median of the last differences, 0 without any.
func (c *Contact) Skew() time.Duration {
	if len(c.Skews) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(c.Skews))
	return time.Duration(s[len(s)/2]) * time.Millisecond
}

// Refusal is why an association was not accepted.
type Refusal string

// The refusals.
const (
	RefusedUnknown     Refusal = "unknown"     // nobody registered the calling AE title
	RefusedInactive    Refusal = "inactive"    // the device was switched off
	RefusedAddress     Refusal = "address"     // it calls from elsewhere
	RefusedCertificate Refusal = "certificate" // it shows none, or another one
	RefusedCalled      Refusal = "called"      // it calls the hub by another AE title
)

// Stranger is a caller that was refused, by AE title and address, until it is
// registered.
type Stranger struct {
	AETitle string    `json:"ae_title"`
	Address string    `json:"address"`
	Called  string    `json:"called"` // AE title it called
	Client  string    `json:"client"` // its Implementation Version Name
	Reason  Refusal   `json:"reason"`
	Count   int64     `json:"count"`
	FirstAt time.Time `json:"first_at"`
	LastAt  time.Time `json:"last_at"`
}
