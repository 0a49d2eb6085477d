package measure

import (
	"fmt"
	"math"
)

// chestShare is how much shorter the way from V1 to V6 must get by exchanging
// two of them.
const chestShare = 0.85

// chestOrder looks for two chest electrodes that have changed places. From V1
// to V6 QRS changes step by step; the way through all six is short only in the
// right order.
func chestOrder(m *medianBeat, b bounds) (leads []string, suspected bool) {
	if m == nil || b.qrsOn < 0 {
		return nil, false
	}
	chest, all := m.chest()
	if !all {
		return nil, false
	}
	var apart [6][6]float64
	for i := range chest {
		for k := range i {
			apart[i][k] = unlike(chest[i][b.qrsOn:b.qrsOff+1], chest[k][b.qrsOn:b.qrsOff+1])
			apart[k][i] = apart[i][k]
		}
	}
	way := func(order [6]int) float64 {
		sum := 0.0
		for i := range 5 {
			sum += apart[order[i]][order[i+1]]
		}
		return sum
	}
	asIs := way([6]int{0, 1, 2, 3, 4, 5})
	shortest := chestShare * asIs
	for i := range 6 {
		for k := i + 1; k < 6; k++ {
			order := [6]int{0, 1, 2, 3, 4, 5}
			order[i], order[k] = k, i
			if w := way(order); w < shortest {
				shortest = w
				leads = []string{fmt.Sprintf("V%d", i+1), fmt.Sprintf("V%d", k+1)}
			}
		}
	}
	return leads, leads != nil
}

// unlike is the distance of two leads in QRS, each scaled down by the root of
// its size: large leads count more, but not alone.
func unlike(a, b []float64) float64 {
	scale := func(x []float64) float64 {
		return 1 / math.Sqrt(math.Max(1, math.Sqrt(dot(x, x)/float64(len(x)))))
	}
	sa, sb, sum := scale(a), scale(b), 0.0
	for i := range a {
		d := sa*a[i] - sb*b[i]
		sum += d * d
	}
	return math.Sqrt(sum / float64(len(a)))
}
