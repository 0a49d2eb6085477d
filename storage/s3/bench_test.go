package s3

import (
	"testing"

	"github.com/yuanzhen/yuanzhen/storage"
	"github.com/yuanzhen/yuanzhen/storage/storagetest"
)

// BenchmarkGroups is one client whose requests bring several CT slices each.
func BenchmarkGroups(b *testing.B) {
	for name, n := range map[string]int{"alone": 1, "ten": 10} {
		b.Run(name, func(b *testing.B) {
			s := open(b, server(b))
			bytes := storagetest.Bytes(1, 525_000)
			b.SetBytes(int64(n * len(bytes)))
			for b.Loop() {
				parts := make([]storage.Part, n)
				for i := range parts {
					p, err := s.Append(b.Context())
					check(b, err)
					_, err = p.Write(bytes)
					check(b, err)
					check(b, p.Done())
					parts[i] = p
				}
				check(b, s.Sync(b.Context(), parts))
			}
			b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "instances/s")
		})
	}
}
