// Package edan reads the .dat files of Edan SE-601 electrocardiographs, which
// have no published description and no header that could be read. It is the
// step parse for such uploads: file bytes come in, an ecg.Recording goes out.
//
// The layout was found by others from files: the leads I, II and V1 to V6, ten
// seconds each at 1000 Hz, one after another from a fixed place on. Since
// nothing in the file says so, a file counts as Edan's only when its bytes look
// like eight simultaneous ECG leads at exactly that place.
package edan

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/dialect"
)

// Layout and scale, as found.
const (
	samplesAt  = 2031 // bytes before the first lead: one, and 1015 numbers
	leads      = 8
	samples    = 10000 // of each
	countsInMV = 397   // about, to judge amplitudes by
	leastBytes = samplesAt + 2*leads*samples
	mostBytes  = leastBytes + 256<<10 // median beats follow
)

// Plausibility of one lead and of the eight together.
const (
	mostCounts    = 12 * countsInMV // from the middle
	leastCounts   = countsInMV / 10 // of a lead that is connected
	roughness     = 0.02            // mean step from sample to sample, of the range
	window        = 10              // samples that make one value of a lead's activity
	together      = 0.5             // correlation of a lead's activity with that of all
	leastTogether = 6               // leads that must reach it
)

// Is says that data look like an Edan file.
func Is(data []byte) bool {
	if len(data) < leastBytes || len(data) > mostBytes || ecg.Detect(data) != ecg.FormatUnknown {
		return false
	}
	var activity [leads][]float64
	sum := make([]float64, samples/window)
	for i := range leads {
		a, ok := examine(column(data, i))
		if !ok {
			return false
		}
		activity[i] = a
		for k, v := range a {
			sum[k] += v
		}
	}
	agree := 0
	for i := range leads {
		rest := make([]float64, len(sum)) // of the other leads, or each would agree with itself
		for k := range rest {
			rest[k] = sum[k] - activity[i][k]
		}
		if correlation(activity[i], rest) >= together {
			agree++
		}
	}
	return agree >= leastTogether
}

func column(data []byte, lead int) []int16 {
	out := make([]int16, samples)
	for k := range out {
		out[k] = int16(binary.LittleEndian.Uint16(data[samplesAt+2*(lead*samples+k):]))
	}
	return out
}

// examine returns how much a lead moves in each window, relative to its range;
// ok is false for what is no ECG lead.
func examine(lead []int16) (activity []float64, ok bool) {
	low, high, steps := lead[0], lead[0], 0.0
	activity = make([]float64, len(lead)/window)
	for k, v := range lead {
		low, high = min(low, v), max(high, v)
		if k > 0 {
			step := math.Abs(float64(v) - float64(lead[k-1]))
			steps += step
			activity[k/window] += step
		}
	}
	span := float64(high) - float64(low)
	if span < leastCounts || span > 2*mostCounts || steps/float64(len(lead)) > roughness*span {
		return nil, false
	}
	for k := range activity {
		activity[k] /= span
	}
	return activity, true
}

func correlation(a, b []float64) float64 {
	var meanA, meanB float64
	for k := range a {
		meanA += a[k] / float64(len(a))
		meanB += b[k] / float64(len(b))
	}
	var ab, aa, bb float64
	for k := range a {
		x, y := a[k]-meanA, b[k]-meanB
		ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
	}
	if aa == 0 || bb == 0 {
		return 0
	}
	return ab / math.Sqrt(aa*bb)
}

// Decode reads one file. Errors are *ecg.FormatError. The result shares no
// memory with data.
func Decode(data []byte) (*ecg.Recording, error) {
	if !Is(data) {
		return nil, &ecg.FormatError{Format: ecg.FormatEdan, Offset: -1, Field: "file",
			Reason: fmt.Sprintf("%d bytes do not look like eight simultaneous leads at byte %d", len(data), samplesAt)}
	}
	known := dialect.Named(dialect.EdanSE601)
	rec := &ecg.Recording{Format: ecg.FormatEdan, RateHz: known.RateHz, Device: ecg.Device{Manufacturer: known.Vendor}}
	for i, name := range known.Leads {
		lead := ecg.Lead{Name: name, Samples: make([]float32, samples)}
		for k, v := range column(data, i) {
			lead.Samples[k] = float32(float64(v) * known.Microvolts)
		}
		rec.Leads = append(rec.Leads, lead)
	}
	known.Assume(rec)
	rec.Notef(ecg.NoteDialect, "the file states neither patient nor time")
	return rec, nil
}
