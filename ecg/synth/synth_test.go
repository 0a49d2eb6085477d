package synth_test

import (
	"math"
	"slices"
	"testing"

	"github.com/yuanzhen/yuanzhen/ecg/synth"
)

func TestEveryKindHasTwelveLeadsOfTenSecondsThatObeyEinthoven(t *testing.T) {
	t.Parallel()
	for _, kind := range synth.Kinds() {
		rec, err := synth.Make(kind, 7)
		if err != nil {
			t.Fatal(err)
		}
		if len(rec.Leads) != 12 || rec.RateHz != 500 || rec.Samples() != 5000 {
			t.Fatalf("%s: %d leads, %g Hz, %d samples", kind, len(rec.Leads), rec.RateHz, rec.Samples())
		}
		one, two, three := rec.Lead("I").Samples, rec.Lead("II").Samples, rec.Lead("III").Samples
		for i := range one {
			if off := math.Abs(float64(three[i] - (two[i] - one[i]))); off > 5.1 {
				t.Fatalf("%s: III differs from II − I by %g µV at sample %d", kind, off, i)
			}
		}
	}
}

func TestSameSeedGivesSameSamplesAndAnotherSeedOthers(t *testing.T) {
	t.Parallel()
	a, _ := synth.Make(synth.Normal, 3)
	b, _ := synth.Make(synth.Normal, 3)
	c, _ := synth.Make(synth.Normal, 4)
	if !slices.Equal(a.Leads[1].Samples, b.Leads[1].Samples) {
		t.Error("seed 3 gave two different recordings")
	}
	if slices.Equal(a.Leads[1].Samples, c.Leads[1].Samples) {
		t.Error("seeds 3 and 4 gave the same recording")
	}
}

func TestArmReversalMirrorsLeadIOfTheSameHeart(t *testing.T) {
	t.Parallel()
	right, _ := synth.Make(synth.Normal, 9)
	wrong, _ := synth.Make(synth.ArmReversal, 9)
	for i, v := range right.Lead("I").Samples {
		if wrong.Lead("I").Samples[i] != -v {
			t.Fatalf("sample %d of I is %g, want %g", i, wrong.Lead("I").Samples[i], -v)
		}
	}
	if !slices.Equal(right.Lead("II").Samples, wrong.Lead("III").Samples) {
		t.Error("II did not move to III")
	}
	if !slices.Equal(right.Lead("V4").Samples, wrong.Lead("V4").Samples) {
		t.Error("a chest lead changed")
	}
}

func TestAmplitudesAreThoseOfAPerson(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		rec, _ := synth.Make(synth.Normal, seed)
		for _, lead := range rec.Leads {
			if top := slices.Max(lead.Samples) - slices.Min(lead.Samples); top < 150 || top > 4000 {
				t.Errorf("seed %d: %s spans %g µV", seed, lead.Name, top)
			}
		}
		if r := slices.Max(rec.Lead("II").Samples); r < 500 {
			t.Errorf("seed %d: R in II is %g µV", seed, r)
		}
	}
}

func TestUnknownKindIsRefused(t *testing.T) {
	t.Parallel()
	if _, err := synth.Make("hiccup", 1); err == nil {
		t.Error("no error")
	}
}
