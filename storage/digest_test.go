package storage_test

import (
	"testing"

	"github.com/yuanzhen/yuanzhen/storage"
)

// The vectors are those of the BLAKE3 project: bytes 0, 1, … 250, 0, 1, …
func TestDigestIsBLAKE3(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{
		0:      "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
		1:      "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213",
		1024:   "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7",
		102400: "bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085",
	} {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(i % 251)
		}
		if got := storage.DigestOf(b).String(); got != want {
			t.Errorf("%d bytes: %s, want %s", n, got, want)
		}
		h := storage.NewHash()
		for rest := b; len(rest) > 0; {
			step := min(len(rest), 1000)
			h.Write(rest[:step])
			rest = rest[step:]
		}
		if got := h.Sum().String(); got != want {
			t.Errorf("%d bytes in pieces: %s, want %s", n, got, want)
		}
	}
}
