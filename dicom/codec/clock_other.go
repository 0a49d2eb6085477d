//go:build !linux

package codec

import "time"

// spent is the time since the instance was made; what a thread has used is not
// asked for here.
func (in *instance) spent() time.Duration { return time.Since(in.started) }
