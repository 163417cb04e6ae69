package bench

import "slices"

// Spread is what several rounds of one thing have in common, in seconds.
type Spread struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

// SpreadOf sums up rounds. The median of an even number is the mean of the two
// in the middle. No rounds give the zero Spread.
func SpreadOf(seconds []float64) Spread {
	if len(seconds) == 0 {
		return Spread{}
	}
	sorted := slices.Sorted(slices.Values(seconds))
	middle := len(sorted) / 2
	median := sorted[middle]
	if len(sorted)%2 == 0 {
		median = (sorted[middle-1] + sorted[middle]) / 2
	}
	return Spread{Median: median, Min: sorted[0], Max: sorted[len(sorted)-1]}
}

// middleRound is the index of the round that comes closest to the median from
// below, the one whose steps are kept.
func middleRound(seconds []float64) int {
	sorted := slices.Sorted(slices.Values(seconds))
	return slices.Index(seconds, sorted[(len(sorted)-1)/2])
}

// turn is the order of n tools in a round: forth in even rounds and back in odd
// ones, so that none always builds after the same other one.
func turn(n, round int) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
		if round%2 == 1 {
			order[i] = n - 1 - i
		}
	}
	return order
}
