package stamp

import (
	"testing"
	"time"
)

func TestTimesOfAllFormatsAreReadAlike(t *testing.T) {
	t.Parallel()
	want := time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, text := range []string{"20250102030405", "20250102030405.000", "2025-01-02T03:04:05",
		" 2025-01-02 03:04:05 ", "20250102030405+0000", "20250102110405+0800", "2025-01-02T03:04:05Z",
		"2025-01-02T11:04:05.000+08:00", "20250101220405-0500", "2025/01/02 03:04:05"} {
		got, _, ok := Parse(text)
		if !ok || !got.Equal(want) {
			t.Errorf("%q: %v, %v", text, got, ok)
		}
	}
}

func TestImpossibleTimesAreRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "2025", "202513", "20251301", "20250230", "00000000", "2025010224",
		"20250102030405+9900", "2025-01-02T03:04:05+", "abc", "２０２５０１０２", "20250102 03:04:99"} {
		if got, _, ok := Parse(text); ok {
			t.Errorf("%q was read as %v", text, got)
		}
	}
	if got := Date(53255, 1, 1); got != "" {
		t.Errorf("year 53255 gave %q", got)
	}
}
