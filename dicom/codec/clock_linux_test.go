package codec

import (
	"context"
	"slices"
	"testing"
	"time"
)

func TestTimeThatOthersHaveDoesNotCount(t *testing.T) {
	t.Parallel()
	built(t)
	if err := charls.compile(); err != nil {
		t.Fatal(err)
	}
	i := Image{Rows: 64, Columns: 64, Components: 1, Bits: 12}
	samples := noise(i, 3)
	want, err := EncodeJPEGLS(i, samples)
	if err != nil {
		t.Fatal(err)
	}
	shared.turn <- struct{}{}
	defer func() { <-shared.turn }()
	const wait = 200 * time.Millisecond
	var got []byte
	err = charls.within(wait, keepMemory, func(ctx context.Context, in *instance) error {
		done := make(chan int)
		go func() { // has a processor for longer than the call may work
			n := 0
			for start := time.Now(); time.Since(start) < 2*wait; n++ {
			}
			done <- n
		}()
		<-done
		return encode(ctx, in, i, samples, func(stream []byte) { got = slices.Clone(stream) })
	})
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%d bytes, want %d: %v", len(got), len(want), err)
	}
}
