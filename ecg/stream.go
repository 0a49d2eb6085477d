package ecg

import (
	"fmt"
	"math"
)

// MaxStreamBytes is the size of the largest file that is read as a Stream:
// twelve leads of 16 bits at 1000 Hz for three days.
const MaxStreamBytes = 8 << 30

// Stream is a recording too long to be held whole, such as a day of Holter: its
// head is read, its samples stay where they are and are read from any place.
// The methods are for one goroutine at a time.
type Stream interface {
	// Head is the recording without its samples: Leads has names only, Groups
	// is empty. The same is returned by every call.
	Head() *Recording
	// Samples is the number of samples of each lead.
	Samples() int
	// ReadAt fills dst, one slice of equal length for each lead, in µV with NaN
	// for gaps, from sample from on. It returns an error unless all were read.
	ReadAt(dst [][]float32, from int) error
}

// Length of a stream in seconds.
func Length(s Stream) float64 {
	if rate := s.Head().RateHz; rate > 0 {
		return float64(s.Samples()) / rate
	}
	return 0
}

// Window reads the samples [from, to) of a stream into a recording of its own;
// beyond both ends there is nothing. It refuses windows of more than
// MaxSamples.
func Window(s Stream, from, to int) (*Recording, error) {
	from, to = max(from, 0), min(to, s.Samples())
	n := max(to-from, 0)
	rec := *s.Head()
	rec.Leads = make([]Lead, len(s.Head().Leads))
	if n*len(rec.Leads) > MaxSamples {
		return nil, fmt.Errorf("ecg: a window of %d samples of %d leads, at most %d are read at once", n, len(rec.Leads), MaxSamples)
	}
	dst := Block(len(rec.Leads), n)
	for i := range rec.Leads {
		rec.Leads[i] = Lead{Name: s.Head().Leads[i].Name, Samples: dst[i]}
	}
	if n == 0 {
		return &rec, nil
	}
	return &rec, s.ReadAt(dst, from)
}

// Block makes room for n samples of each of some leads.
func Block(leads, n int) [][]float32 {
	room := make([]float32, leads*n)
	out := make([][]float32, leads)
	for i := range out {
		out[i] = room[i*n : (i+1)*n : (i+1)*n]
	}
	return out
}

// Held is a recording in memory as a stream.
func Held(rec *Recording) Stream {
	head := *rec
	head.Leads, head.Groups = make([]Lead, len(rec.Leads)), nil
	for i, l := range rec.Leads {
		head.Leads[i].Name = l.Name
	}
	return held{rec, &head}
}

type held struct{ rec, head *Recording }

func (h held) Head() *Recording { return h.head }
func (h held) Samples() int     { return h.rec.Samples() }

func (h held) ReadAt(dst [][]float32, from int) error {
	for i, out := range dst {
		n := 0
		if x := h.rec.Leads[i].Samples; from < len(x) {
			n = copy(out, x[from:])
		}
		for k := n; k < len(out); k++ {
			out[k] = float32(math.NaN())
		}
	}
	return nil
}
