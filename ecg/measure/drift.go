package measure

import (
	"cmp"
	"math"
	"slices"
)

// Pair is one recording on which a cart and the hub measured the same.
type Pair struct {
	Device string // manufacturer and model
	Month  string // 2026-11
	Cart   map[string]float64
	Hub    map[string]float64
}

// Drift is how far a device's values lie from the hub's in one month: a device
// whose difference moves has changed its firmware or its calibration.
type Drift struct {
	Device string `json:"device"`
	Month  string `json:"month"`
	Count  int    `json:"count"`
	// Differences are cart minus hub by name: the median and the spread
	// (1.4826 × median absolute deviation) in the unit of the name.
	Differences map[string]Spread `json:"differences"`
}

// Spread is the middle and the width of differences.
type Spread struct {
	Count  int     `json:"count"`
	Median float64 `json:"median"`
	Spread float64 `json:"spread"`
}

// driftNames are the values that are compared.
var driftNames = []string{"hr_bpm", "pr_ms", "qrs_ms", "qt_ms", "qtc_ms", "qrs_axis_deg"}

// Drifts sums pairs up by device and month, in their order.
func Drifts(pairs []Pair) []Drift {
	type group struct{ device, month string }
	found := map[group]map[string][]float64{}
	counts := map[group]int{}
	for _, p := range pairs {
		g := group{p.Device, p.Month}
		if found[g] == nil {
			found[g] = map[string][]float64{}
		}
		counts[g]++
		for _, name := range driftNames {
			cart, a := p.Cart[name]
			hub, b := p.Hub[name]
			if a && b {
				found[g][name] = append(found[g][name], turned(name, cart-hub))
			}
		}
	}
	out := make([]Drift, 0, len(found))
	for g, values := range found {
		d := Drift{Device: g.device, Month: g.month, Count: counts[g], Differences: map[string]Spread{}}
		for name, list := range values {
			d.Differences[name] = spreadOf(list)
		}
		out = append(out, d)
	}
	slices.SortFunc(out, func(a, b Drift) int { return cmp.Or(cmp.Compare(a.Device, b.Device), cmp.Compare(a.Month, b.Month)) })
	return out
}

// turned keeps the difference of two axes within half a circle.
func turned(name string, d float64) float64 {
	if name != "qrs_axis_deg" {
		return d
	}
	return d - 360*math.Round(d/360)
}

func spreadOf(list []float64) Spread {
	middle := median(list)
	away := make([]float64, len(list))
	for i, v := range list {
		away[i] = math.Abs(v - middle)
	}
	const normal = 1.4826 // of a normal distribution's deviation
	return Spread{Count: len(list), Median: math.Round(middle*10) / 10, Spread: math.Round(normal*median(away)*10) / 10}
}
