package axis

import (
	"errors"
	"testing"

	"github.com/yuanzhen/yuanzhen/ecg"
)

func lead(name string, samples ...float32) ecg.Lead { return ecg.Lead{Name: name, Samples: samples} }

func TestLeadsOfDifferentTimesAreLinedUpWithGaps(t *testing.T) {
	t.Parallel()
	leads, first, gaps, err := Join([]Part{
		{Start: 0, Leads: []ecg.Lead{lead("I", 1, 2)}},
		{Start: -2, Leads: []ecg.Lead{lead("V1", 3, 4, 5)}},
	})
	if err != nil || first != -2 || !gaps || len(leads) != 2 {
		t.Fatalf("%v, first %d, gaps %v", err, first, gaps)
	}
	one, v1 := leads[0].Samples, leads[1].Samples
	if len(one) != 4 || one[1] == one[1] || one[2] != 1 || v1[0] != 3 || v1[3] == v1[3] {
		t.Errorf("I %v, V1 %v", one, v1)
	}
}

func TestLeadsOfOneTimeAreSharedNotCopied(t *testing.T) {
	t.Parallel()
	in := lead("I", 1, 2)
	leads, _, gaps, err := Join([]Part{{Start: 7, Leads: []ecg.Lead{in}}})
	if err != nil || gaps || &leads[0].Samples[0] != &in.Samples[0] {
		t.Errorf("%v, gaps %v", err, gaps)
	}
}

func TestASmallFileCannotAskForAHugeTrace(t *testing.T) {
	t.Parallel()
	_, _, _, err := Join([]Part{
		{Start: 0, Leads: []ecg.Lead{lead("I", 1)}},
		{Start: 10 << 20, Leads: []ecg.Lead{lead("II", 1)}},
	})
	if !errors.Is(err, ErrTooLong) {
		t.Errorf("%v", err)
	}
}
