package measure

import (
	"math"

	"github.com/yuanzhen/yuanzhen/ecg"
)

// A long recording is analysed in blocks, so that gains, noise and shapes are
// those of the minute and memory does not grow with the signal.
const (
	wholeSeconds  = 150.0 // up to here a recording is one block
	blockSeconds  = 60.0
	marginSeconds = 5.0  // on both sides, so that no beat is cut
	probeSeconds  = 10.0 // of each block, looked at for quality
)

// block is a stretch of a recording and what was found in it.
type block struct {
	from, to int // samples of the recording that are the block's own
	start    int // sample of the recording at which traces begin
	traces   []trace
	signs    []leadSigns
	beats    []Beat  // Sample counts from start
	paced    []pulse // from start; they are gone from traces
}

// blocksOf lists the stretches that n samples are analysed in.
func blocksOf(n int, rate float64) []block {
	if float64(n) <= wholeSeconds*rate {
		return []block{{to: n}}
	}
	width, margin := span(blockSeconds, rate), span(marginSeconds, rate)
	count := n / width // the last block takes the remainder
	out := make([]block, count)
	for i := range out {
		out[i] = block{from: i * width, to: (i + 1) * width, start: max(0, i*width-margin)}
	}
	out[count-1].to = n
	return out
}

// end is the sample of a recording of n at which the traces of b end.
func (b *block) end(n int, rate float64) int {
	if b.to < n {
		return min(n, b.to+span(marginSeconds, rate))
	}
	return n
}

// read fills the traces of b with the samples of leads, which begin at sample
// base of a recording of n.
func (b *block) read(leads []ecg.Lead, base, n int, rate float64) {
	end := b.end(n, rate)
	if b.traces == nil {
		b.traces = make([]trace, len(leads))
	}
	for i, lead := range leads {
		have := lead.Samples[min(b.start-base, len(lead.Samples)):min(end-base, len(lead.Samples))]
		x, gaps := bridged(b.traces[i].x, have, end-b.start)
		b.traces[i] = trace{name: lead.Name, x: x, missing: float64(gaps) / float64(max(1, end-b.start)), usable: true}
	}
}

// examine judges the leads of b, in a long recording on its first seconds, and
// takes mains out of them. scratch is twice as long as the traces.
func (b *block) examine(whole bool, rate float64, scratch []float64) {
	b.signs = make([]leadSigns, len(b.traces))
	for i := range b.traces {
		tr := b.traces[i]
		if !whole {
			tr.x = tr.x[:min(len(tr.x), span(probeSeconds, rate))]
		}
		b.signs[i] = examine(tr, rate, scratch[:len(tr.x)])
		b.traces[i].usable = !b.signs[i].off
		if hum := b.signs[i]; hum.mains >= humFloorUV {
			n := len(b.traces[i].x)
			withoutHum(b.traces[i].x, hum.mainsHz, rate, scratch[:n], scratch[n:2*n])
		}
	}
}

// find detects and classifies the beats of b; known are the shapes of the blocks
// before and learn from it. c is memory to work in.
func (b *block) find(known *shapes, c *curves, rate float64) {
	slopes := c.slopesOf(b.traces, rate)
	step, thin := c.step, rate/float64(c.step)
	f, sharp := c.feature(slopes, thin)
	peaks := detect(f, sharp, thin)
	if len(slopes) > 1 && len(peaks) >= enoughForTrust {
		trust(slopes, peaks, thin)
		f, sharp = c.feature(slopes, thin)
		peaks = detect(f, sharp, thin)
	}
	if len(peaks) > 0 && b.start+step*peaks[0] < span(edgeSeconds, rate) {
		peaks = peaks[1:] // the end of a wave that began before the recording
	}
	found := centres(f, peaks, step, thin)
	if len(found) == 0 {
		return
	}
	known.noise = b.restlessness()
	b.beats = known.classify(b.traces, found, rate)
	if b.paced = b.pulses(rate); b.paced != nil {
		b.bridge(b.paced)
		toPeaks(b.traces, b.beats, rate) // a pulse may have been the highest of all
		b.beats = inOrder(b.beats, rate)
		markPulses(b.beats, b.paced, rate)
	}
}

const (
	edgeSeconds    = 0.060
	enoughForTrust = 5 // beats
)

// noise is how restless the usable leads are, in µV; infinite without any.
func (b *block) noise() float64 {
	sum, count := 0.0, 0
	for i, s := range b.signs {
		if b.traces[i].usable {
			sum += s.noise + s.wander/20
			count++
		}
	}
	if count == 0 {
		return math.Inf(1)
	}
	return sum / float64(count)
}

// restlessness is the noise of the usable leads without mains, in µV RMS.
func (b *block) restlessness() float64 {
	power, count := 0.0, 0.0
	for i, s := range b.signs {
		if b.traces[i].usable {
			power += math.Max(0, s.noise*s.noise-mainsInNoise*s.mains*s.mains)
			count++
		}
	}
	return math.Sqrt(power / math.Max(1, count))
}

// own returns the beats that lie in the block itself, counted from the start
// of the recording, and the index of the first of them in b.beats.
func (b *block) own() (beats []Beat, first int) {
	first = -1
	for i, beat := range b.beats {
		if at := b.start + beat.Sample; at >= b.from && at < b.to {
			if first < 0 {
				first = i
			}
			beat.Sample = at
			beats = append(beats, beat)
		}
	}
	return beats, max(first, 0)
}
