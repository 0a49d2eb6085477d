package intake

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/decode"
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
	data, err := io.ReadAll(io.LimitReader(r, HeldMost+1))
	if err != nil {
		return nil, false, err
	}
	if len(data) <= HeldMost {
		return in.long(ctx, src, bytes.NewReader(data), int64(len(data)))
	}
	f, err := os.CreateTemp(in.Spool, "ecg-*")
	if err != nil {
		return nil, false, unavailable(err)
	}
	defer os.Remove(f.Name())
	defer f.Close()
	size, err := io.Copy(f, io.LimitReader(io.MultiReader(bytes.NewReader(data), r), ecg.MaxStreamBytes+1))
	if err != nil {
		return nil, false, err
	}
	return in.long(ctx, src, f, size)
}

// long takes in a file of size bytes that may be a day of Holter. Files of
// formats that are not read in pieces, and short recordings, go the way of
// Recording.
func (in *Intake) long(ctx context.Context, src Source, r io.ReaderAt, size int64) (out *Outcome, existing bool, err error) {
	stream, err := decode.Stream(r, size)
	if err == nil {
		err = doubtful(stream.Head())
	}
	if err != nil || ecg.Length(stream) <= holterFrom.Seconds() {
		return in.short(ctx, src, r, size, err)
	}
	wave, over, err := in.survey(stream)
	if err != nil {
		return nil, false, err
	}
	view, err := in.keepOverview(ctx, over, wave.trend)
	if err != nil {
		return nil, false, err
	}
	part, err := in.Objects.Append(ctx)
	if err != nil {
		return nil, false, unavailable(err)
	}
	defer part.Discard()
	if _, err := io.Copy(part, io.NewSectionReader(r, 0, size)); err != nil {
		return nil, false, unavailable(err)
	}
	if err := part.Done(); err != nil {
		return nil, false, unavailable(err)
	}
	out, err = in.arrive(ctx, &arrival{src: src, part: part, wave: wave, file: &file{name: src.Name, overview: view}})
	if err != nil {
		return nil, false, err
	}
	return out, out.Result == Duplicate, nil
}

// short takes in a large file that is not read as a stream, because of cause
// or because it is short, as long as it may be held.
func (in *Intake) short(ctx context.Context, src Source, r io.ReaderAt, size int64, cause error) (out *Outcome, existing bool, err error) {
	if size > ecg.MaxFileBytes {
		if cause != nil && !errors.Is(cause, ecg.ErrUnknownFormat) {
			return nil, false, hub.Wrap(hub.Invalid, "intake.short", "ecg.unreadable", cause).With("reason", cause.Error())
		}
		return nil, false, hub.E(hub.TooLarge, "intake.short", "ecg.too_large")
	}
	data := make([]byte, size)
	if _, err := io.ReadFull(io.NewSectionReader(r, 0, size), data); err != nil {
		return nil, false, err
	}
	return in.Recording(ctx, src, data)
}

// survey measures a long recording and makes its pyramid.
func (in *Intake) survey(stream ecg.Stream) (*trace, *pyramid.Pyramid, error) {
	over, err := pyramid.Build(stream)
	if err != nil {
		return nil, nil, err
	}
	result, err := measure.AnalyseStream(stream)
	if err != nil {
		return nil, nil, err
	}
	if rhythm, ok := result.Measurements.Basis["rhythm"]; ok {
		rhythm.Beats = nil // a hundred thousand of them, and all are kept with the trend
		result.Measurements.Basis["rhythm"] = rhythm
	}
	t := in.judge(stream.Head(), result)
	t.samples = stream.Samples()
	trend := measure.TrendOf(result, stream.Head().RateHz)
	t.trend = &LongTrend{Trend: trend, Marks: marksOf(result.Beats)}
	return t, over, nil
}

// LongTrend is what is kept of a long recording's beats: the trend and every
// beat as its distance in samples from the one before, with the letters of
// beats that are not of the dominant kind.
type LongTrend struct {
	measure.Trend
	Marks BeatMarks `json:"marks"`
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

// keepOverview makes pyramid and trend durable, before any row speaks of them.
func (in *Intake) keepOverview(ctx context.Context, over *pyramid.Pyramid, trend *LongTrend) (*hub.Overview, error) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if err := json.NewEncoder(z).Encode(trend); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	part, err := in.Objects.Append(ctx)
	if err != nil {
		return nil, unavailable(err)
	}
	defer part.Discard()
	if _, err := over.WriteTo(part); err != nil {
		return nil, unavailable(err)
	}
	if _, err := part.Write(packed.Bytes()); err != nil {
		return nil, unavailable(err)
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
