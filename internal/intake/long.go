package intake

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/decode"
	"github.com/yuanzhen/yuanzhen/ecg/dicomwave"
	"github.com/yuanzhen/yuanzhen/ecg/measure"
	"github.com/yuanzhen/yuanzhen/ecg/pyramid"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/storage"
)

// HeldMost is the size up to which an ECG file is taken in from memory.
const HeldMost = 8 << 20

// ECG takes in an ECG file of any size as Recording does. A day of Holter is
// laid on the local disk while it is looked at and never held whole.
func (in *Intake) ECG(ctx context.Context, src Source, r io.Reader) (out *Outcome, existing bool, err error) {
	head := make([]byte, 132)
	n, err := io.ReadFull(r, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, false, err
	}
	r = io.MultiReader(bytes.NewReader(head[:n]), r)
	if decode.Detect(head[:n]) == ecg.FormatDICOM {
		return in.waveform(ctx, src, r)
	}
	c := &copied{folder: in.Spool}
	defer c.discard()
	if _, err := io.Copy(c, io.LimitReader(r, ecg.MaxStreamBytes+1)); err != nil {
		if errors.Is(err, storage.ErrUnavailable) {
			err = unavailable(err)
		}
		return nil, false, err
	}
	return in.long(ctx, src, c)
}

// long takes in a file that may be a day of Holter. Files of formats that are
// not read in pieces, and short recordings, go the way of Recording.
func (in *Intake) long(ctx context.Context, src Source, c *copied) (out *Outcome, existing bool, err error) {
	stream, err := decode.Stream(c, c.size)
	if err == nil {
		err = doubtful(stream.Head())
	}
	if err != nil || ecg.Length(stream) <= holterFrom.Seconds() {
		return in.short(ctx, src, c, err)
	}
	wave, err := in.survey(ctx, stream, c)
	if fault, ok := errors.AsType[*ecg.FormatError](err); ok {
		return in.short(ctx, src, c, fault)
	}
	if err != nil {
		return nil, false, err
	}
	part, err := in.Objects.Append(ctx)
	if err != nil {
		return nil, false, unavailable(err)
	}
	defer part.Discard()
	if _, err := io.Copy(part, c.all()); err != nil {
		return nil, false, unavailable(err)
	}
	if err := part.Done(); err != nil {
		return nil, false, unavailable(err)
	}
	out, err = in.arrive(ctx, &arrival{src: src, part: part, wave: wave, file: &file{name: src.Name}})
	if err != nil {
		return nil, false, err
	}
	return out, out.Result == Duplicate, nil
}

// short takes in a large file that is not read as a stream, because of cause
// or because it is short, as long as it may be held.
func (in *Intake) short(ctx context.Context, src Source, c *copied, cause error) (out *Outcome, existing bool, err error) {
	if c.size > ecg.MaxFileBytes {
		if cause != nil && !errors.Is(cause, ecg.ErrUnknownFormat) {
			return nil, false, hub.Wrap(hub.Invalid, "intake.short", "ecg.unreadable", cause).With("reason", cause.Error())
		}
		return nil, false, hub.E(hub.TooLarge, "intake.short", "ecg.too_large")
	}
	data := make([]byte, c.size)
	if _, err := io.ReadFull(c.all(), data); err != nil {
		return nil, false, err
	}
	return in.Recording(ctx, src, data)
}

// longWave surveys the waveform of a DICOM object if it is a long one; nil
// without an error if it is not, or is not read in parts.
func (in *Intake) longWave(ctx context.Context, a *arrival) (*trace, error) {
	stream, err := dicomwave.Stream(a.ds, a.copy)
	if err != nil || ecg.Length(stream) <= holterFrom.Seconds() {
		return nil, nil
	}
	wave, err := in.survey(ctx, stream, a.copy)
	if _, ok := errors.AsType[*ecg.FormatError](err); ok {
		return nil, nil
	}
	return wave, err
}

// survey measures the long recording that c holds and keeps its overview.
func (in *Intake) survey(ctx context.Context, stream ecg.Stream, c *copied) (*trace, error) {
	watched, err := pyramid.Watch(stream)
	if err != nil {
		return nil, err
	}
	result, err := measure.AnalyseStream(watched)
	if err != nil {
		return nil, err
	}
	over, err := watched.Pyramid()
	if err != nil {
		return nil, err
	}
	if rhythm, ok := result.Measurements.Basis["rhythm"]; ok {
		rhythm.Beats = nil // a hundred thousand of them, and all are kept with the trend
		result.Measurements.Basis["rhythm"] = rhythm
	}
	t := &trace{rec: stream.Head(), samples: stream.Samples(), result: result}
	trend := LongTrend{Trend: measure.TrendOf(result, stream.Head().RateHz), Marks: marksOf(result.Beats)}
	t.overview, err = in.keepOverview(ctx, c.sums.done(), over, &trend)
	return t, err
}

// LongTrend is what is kept of a long recording's beats: the trend and every
// beat as its distance in samples from the one before, with the letters of
// beats that are not of the dominant kind.
type LongTrend struct {
	measure.Trend
	Marks BeatMarks `json:"marks"`
}

// ReadTrend reads a trend as it is kept, packed. A damaged one is
// storage.ErrCorrupt.
func ReadTrend(packed []byte) (*LongTrend, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("trend: %w: %w", storage.ErrCorrupt, err)
	}
	t := new(LongTrend)
	if err := json.NewDecoder(z).Decode(t); err != nil {
		return nil, fmt.Errorf("trend: %w: %w", storage.ErrCorrupt, err)
	}
	if _, err := io.Copy(io.Discard, z); err != nil { // its checksum stands at the end
		return nil, fmt.Errorf("trend: %w: %w", storage.ErrCorrupt, err)
	}
	return t, nil
}

// BeatMarks are beats in the order of time. Gaps are the distances in samples,
// the first from the start; Other has the classes of beats that are not
// dominant, by index.
type BeatMarks struct {
	Gaps  []int                 `json:"gaps"`
	Other map[int]measure.Class `json:"other"`
}

func marksOf(beats []measure.Beat) BeatMarks {
	m := BeatMarks{Gaps: make([]int, len(beats)), Other: map[int]measure.Class{}}
	last := 0
	for i, b := range beats {
		m.Gaps[i] = b.Sample - last
		last = b.Sample
		if b.Class != measure.Dominant {
			m.Other[i] = b.Class
		}
	}
	return m
}

// keepOverview makes sums, pyramid and trend durable, in this order and before
// any row speaks of them.
func (in *Intake) keepOverview(ctx context.Context, recording []uint32, over *pyramid.Pyramid, trend *LongTrend) (*hub.Overview, error) {
	var drawn, packed bytes.Buffer
	if _, err := over.WriteTo(&drawn); err != nil {
		return nil, err
	}
	z := gzip.NewWriter(&packed)
	if err := json.NewEncoder(z).Encode(trend); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	var blocks summer
	blocks.add(drawn.Bytes())
	sums := Sums{Recording: recording, Pyramid: blocks.done()}
	part, err := in.Objects.Append(ctx)
	if err != nil {
		return nil, unavailable(err)
	}
	defer part.Discard()
	for _, piece := range [][]byte{sums.bytes(), drawn.Bytes(), packed.Bytes()} {
		if _, err := part.Write(piece); err != nil {
			return nil, unavailable(err)
		}
	}
	if err := part.Done(); err != nil {
		return nil, unavailable(err)
	}
	if err := in.Objects.Sync(ctx, []storage.Part{part}); err != nil {
		return nil, unavailable(err)
	}
	ref := part.Ref()
	return &hub.Overview{Object: string(ref.Key), Offset: ref.Offset, Length: ref.Length, Trend: int64(packed.Len())}, nil
}
