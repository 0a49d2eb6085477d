package codec

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/internal/testdata"
)

// built skips a test when the modules are not there.
func built(t testing.TB) {
	t.Helper()
	if _, err := load(files, charls.file, sums); errors.Is(err, ErrNotBuilt) {
		t.Skip("codecs are not built in (make build): skipped")
	} else if err != nil {
		t.Fatal(err)
	}
}

func TestBinaryWithoutCodecSaysHowToBuildIt(t *testing.T) {
	t.Parallel()
	if _, err := load(fstest.MapFS{}, charls.file, sums); !errors.Is(err, ErrNotBuilt) {
		t.Errorf("load from an empty folder: %v, want ErrNotBuilt", err)
	}
}

func TestChangedCodecIsRefused(t *testing.T) {
	t.Parallel()
	tree := fstest.MapFS{"files/" + charls.file: {Data: []byte("another module")}}
	if _, err := load(tree, charls.file, sums); err == nil || !strings.Contains(err.Error(), "SHA-256") {
		t.Errorf("a changed module: %v, want a SHA-256 error", err)
	}
	if _, err := load(tree, charls.file, ""); err == nil || !strings.Contains(err.Error(), "no line") {
		t.Errorf("a module without a pinned sum: %v, want an error", err)
	}
}

// noise is an image of every kind the encoder takes: smooth, with noise on it.
func noise(i Image, seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	out := make([]byte, 0, i.size())
	for n := range i.Rows * i.Columns * i.Components {
		v := (n/i.Components + r.IntN(9)) & (1<<i.Bits - 1)
		out = append(out, byte(v))
		if i.Cell() == 2 {
			out = append(out, byte(v>>8))
		}
	}
	return out
}

func TestJPEGLSGivesBackWhatWasEncoded(t *testing.T) {
	t.Parallel()
	built(t)
	for _, i := range []Image{
		{Rows: 1, Columns: 1, Components: 1, Bits: 8},
		{Rows: 31, Columns: 17, Components: 1, Bits: 2},
		{Rows: 64, Columns: 64, Components: 1, Bits: 12},
		{Rows: 512, Columns: 512, Components: 1, Bits: 16},
		{Rows: 20, Columns: 30, Components: 3, Bits: 8},
		{Rows: 20, Columns: 30, Components: 3, Bits: 16},
		{Rows: 9, Columns: 7, Components: 4, Bits: 8},
	} {
		samples := noise(i, uint64(i.Bits))
		stream, err := EncodeJPEGLS(i, samples)
		if err != nil {
			t.Errorf("%+v: %v", i, err)
			continue
		}
		head, err := JPEGLS(stream)
		if err != nil || head.Rows != i.Rows || head.Columns != i.Columns || head.Components != i.Components || head.Bits != i.Bits {
			t.Errorf("%+v: its header says %+v, %v", i, head, err)
			continue
		}
		got, err := head.Decode(0)
		if err != nil || !slices.Equal(got, samples) {
			t.Errorf("%+v: %d bytes come back differently: %v", i, len(got), err)
		}
	}
}

func TestAFaultyCodestreamDoesNotSpoilTheNextOne(t *testing.T) {
	t.Parallel()
	built(t)
	i := Image{Rows: 100, Columns: 100, Components: 1, Bits: 12}
	samples := noise(i, 7)
	stream, err := EncodeJPEGLS(i, samples)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for n := range 12 {
		all.Go(func() {
			if n%3 == 0 {
				bad, err := JPEGLS(stream[:len(stream)/2])
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := bad.Decode(0); err == nil {
					t.Error("half a codestream decodes")
				}
				return
			}
			good, err := JPEGLS(stream)
			if err != nil {
				t.Error(err)
				return
			}
			if got, err := good.Decode(0); err != nil || !slices.Equal(got, samples) {
				t.Errorf("after a fault: %d bytes, %v", len(got), err)
			}
		})
	}
	all.Wait()
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if len(shared.idle) > live {
		t.Errorf("%d instances are kept", len(shared.idle))
	}
}

// size2000 is the start of a JPEG 2000 codestream that claims a size.
func size2000(width, height uint32) []byte {
	b := []byte{0xFF, 0x4F, 0xFF, 0x51, 0, 41, 0, 0}
	for _, v := range []uint32{width, height, 0, 0, width, height, 0, 0} {
		b = append(b, byte(v>>24), byte(v>>16), byte(v>>8), byte(v))
	}
	b = append(b, 0, 1, 15, 1, 1)
	b = append(b, 0xFF, 0x52, 0, 12, 0, 0, 0, 1, 0, 5, 4, 4, 0, 1)
	b = append(b, 0xFF, 0x5C, 0, 19, 0x40)
	for range 16 {
		b = append(b, 0x40)
	}
	b = append(b, 0xFF, 0x90, 0, 10, 0, 0, 0, 0, 0, 0, 0, 1, 0xFF, 0x93)
	return append(b, 0xFF, 0xD9)
}

func TestAFewBytesThatClaimMuchFailSoon(t *testing.T) {
	t.Parallel()
	built(t)
	if err := openjpeg.compile(); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	for _, side := range []uint32{20000, 65535, 1 << 31} {
		i, err := JPEG2000(size2000(side, side))
		if err == nil {
			_, err = i.Decode(0)
		}
		if err == nil {
			t.Errorf("%d×%d decode from a hundred bytes", side, side)
		}
	}
	if d := time.Since(start); d > time.Second {
		t.Errorf("it took %v", d)
	}
}

func TestACallThatDoesNotEndIsStopped(t *testing.T) {
	t.Parallel()
	built(t)
	if err := charls.compile(); err != nil {
		t.Fatal(err)
	}
	i := Image{Rows: 2000, Columns: 2000, Components: 1, Bits: 16}
	shared.turn <- struct{}{}
	defer func() { <-shared.turn }()
	var took time.Duration
	err := charls.within(10*time.Millisecond, keepMemory, func(ctx context.Context, in *instance) error {
		from := in.spent()
		defer func() { took = in.spent() - from }()
		for { // as many images as it takes
			if err := encode(ctx, in, i, make([]byte, i.size()), func([]byte) {}); err != nil {
				return err
			}
		}
	})
	if err == nil || !strings.Contains(err.Error(), "longer than 10ms") || took > time.Second {
		t.Errorf("an endless call: %v after %v", err, took)
	}
}

// The components that are asked for one by one are those that come together.
func TestOneComponentIsThatOfTheImage(t *testing.T) {
	t.Parallel()
	built(t)
	paths := testdata.Files(t, "dicom/wg04", "*VL1_J2KR.dcm")
	if len(paths) == 0 {
		t.Fatal("no VL1_J2KR.dcm")
	}
	raw, err := os.ReadFile(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	file, err := dicom.Read(bytes.NewReader(raw), dicom.Options{})
	if err != nil {
		t.Fatal(err)
	}
	frames, err := dicom.IndexFrames(file.Dataset)
	if err != nil {
		t.Fatal(err)
	}
	frame, err := frames.Read(bytes.NewReader(raw), 0)
	if err != nil {
		t.Fatal(err)
	}
	i, err := JPEG2000(frame)
	if err != nil {
		t.Fatal(err)
	}
	for _, halve := range []int{0, 1} {
		together, err := i.Decode(halve)
		if err != nil || i.Components != 3 {
			t.Fatalf("%d components: %v", i.Components, err)
		}
		for c := range 3 {
			one, err := i.decodeStream(i.select1(c), halve, 1, 2)
			if err != nil {
				t.Fatal(err)
			}
			for k := range len(one) / 2 {
				if got, want := uint16(one[2*k])|uint16(one[2*k+1])<<8, uint16(together[3*k+c]); got != want {
					t.Fatalf("component %d, sample %d: %d, want %d", c, k, got, want)
				}
			}
		}
	}
}
