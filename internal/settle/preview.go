package settle

import (
	"bytes"
	"context"
	"image"

	"github.com/yuanzhen/yuanzhen/dicom/pixel"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// The longest sides of the pictures kept of a series, in pixels.
const (
	SmallSide = 128
	LargeSide = 512

	previewQuality = 80 // of JPEG, 1 to 100
)

// Middle is the instance that stands for its series, nil if there is none.
func Middle(list []*hub.Instance) *hub.Instance {
	if len(list) == 0 {
		return nil
	}
	return list[len(list)/2]
}

// Preview returns a JPEG of the middle instance of a series, side being
// SmallSide or LargeSide; nil if none is kept of the series as it is now.
func (s *Store) Preview(ctx context.Context, se *hub.Series, side int) []byte {
	which := smallPiece
	if side == LargeSide {
		which = largePiece
	}
	if !whole(se) || lengths(se)[which] == 0 {
		return nil
	}
	data, err := s.piece(ctx, se, which)
	if err != nil {
		s.Log.Warn("kept preview cannot be read", "series", se.ID, "error", err)
		return nil
	}
	return data
}

// previews draws the middle frame of an instance in both sizes. What cannot be
// drawn has none: it is no fault of the series.
func (s *Store) previews(ctx context.Context, i *hub.Instance) (small, large []byte, err error) {
	if i == nil || i.Rows == 0 {
		return nil, nil, nil
	}
	f, err := s.Frames(ctx, i)
	if err != nil || f.Wrong != "" || f.Count() == 0 {
		return nil, nil, err
	}
	release, err := s.Place(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer release()
	ds, err := s.Header(ctx, i, MetaKeep)
	if err != nil {
		return nil, nil, err
	}
	n := f.Count() / 2
	raw, err := s.FrameBytes(ctx, i, f, n)
	if hub.KindOf(err) == hub.Unsupported && err != nil {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	pictures, err := pixel.Renders(ds, raw, pixel.RenderOptions{Frame: n, SquarePixels: true}, LargeSide, SmallSide)
	if err == nil {
		large, err = encoded(pictures[0])
	}
	if err == nil {
		small, err = encoded(pictures[1])
	}
	if err != nil {
		s.Log.Info("no preview", "series", i.Series, "reason", err)
		return nil, nil, nil
	}
	return small, large, nil
}

func encoded(img image.Image) ([]byte, error) {
	var b bytes.Buffer
	err := pixel.EncodeJPEG(&b, img, previewQuality)
	return b.Bytes(), err
}
