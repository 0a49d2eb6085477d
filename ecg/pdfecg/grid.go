package pdfecg

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// pointsInMM is how many points make a millimetre on paper.
const pointsInMM = 72 / 25.4

// scale says what a page's points mean.
type scale struct {
	xPerMM, yPerMM float64 // points in one millimetre of the grid
	mmPerSecond    float64
	mmPerMV        float64
	fromPulse      bool // a calibration pulse shows the gain
}

// Speed and gain as reports write them.
var (
	speedText = regexp.MustCompile(`(?i)(\d+(?:\.\d+)?)\s*mm\s*/\s*s`)
	gainText  = regexp.MustCompile(`(?i)(\d+(?:\.\d+)?)\s*mm\s*/\s*mV`)
)

// grid returns the distance of neighbouring grid lines along an axis as
// millimetre boxes, 0 if there is no grid: at least leastGrid parallel lines of
// some length, mostly equally far apart.
func grid(lines []line, vertical bool) float64 {
	var at []float64
	for _, l := range lines {
		if len(l) != 2 {
			continue
		}
		along, across, place := math.Abs(l[1].x-l[0].x), math.Abs(l[1].y-l[0].y), l[0].y
		if vertical {
			along, across, place = across, along, l[0].x
		}
		if along > 20*pointsInMM && across < 0.01*along {
			at = append(at, place)
		}
	}
	slices.Sort(at)
	var steps []float64
	for i := 1; i < len(at); i++ {
		if step := at[i] - at[i-1]; step > 0.3 {
			steps = append(steps, step)
		}
	}
	const leastGrid = 12
	if len(steps) < leastGrid {
		return 0
	}
	slices.Sort(steps)
	step := steps[len(steps)/2]
	regular, boxes, length := 0, 0.0, 0.0
	for _, s := range steps {
		if times := math.Round(s / step); math.Abs(s/step-times) < 0.05 {
			regular++
			boxes, length = boxes+times, length+s
		}
	}
	if regular < len(steps)*9/10 {
		return 0
	}
	step = length / boxes // many steps, each rounded, tell it better than one
	switch {
	case step > 0.5*pointsInMM && step < 2*pointsInMM:
		return step
	case step > 2.5*pointsInMM && step < 10*pointsInMM:
		return step / 5 // only every fifth line is drawn
	}
	return 0
}

// stated returns the number the texts of a page give by pattern: 0 if none or
// several different.
func stated(texts []text, pattern *regexp.Regexp) float64 {
	found := 0.0
	for _, t := range texts {
		for _, m := range pattern.FindAllStringSubmatch(t.text, -1) {
			v, err := strconv.ParseFloat(m[1], 64)
			if err != nil || v <= 0 || v > 200 || found != 0 && found != v {
				return 0
			}
			found = v
		}
	}
	return found
}

// pulse returns the height of a calibration pulse in points: a line on two
// levels only, 3 to 12 mm wide; ok is false for other lines.
func pulse(l line, mm float64) (height float64, ok bool) {
	if len(l) < 4 {
		return 0, false
	}
	low, high, left, right := l[0].y, l[0].y, l[0].x, l[0].x
	for _, p := range l {
		low, high, left, right = min(low, p.y), max(high, p.y), min(left, p.x), max(right, p.x)
	}
	height = high - low
	if width := right - left; width < 3*mm || width > 12*mm || height < 2*mm || height > 45*mm {
		return 0, false
	}
	first, last := l[0].y, l[len(l)-1].y
	if math.Abs(first-low) > 0.02*height || math.Abs(last-low) > 0.02*height {
		return 0, false
	}
	for _, p := range l {
		if part := (p.y - low) / height; part > 0.02 && part < 0.98 {
			return 0, false
		}
	}
	return height, true
}

// calibrate finds out what the page's points mean; reason says what is missing.
func calibrate(lines []line, texts []text) (s scale, reason string) {
	s.xPerMM, s.yPerMM = grid(lines, true), grid(lines, false)
	if s.xPerMM == 0 || s.yPerMM == 0 {
		s.xPerMM, s.yPerMM = max(s.xPerMM, s.yPerMM), max(s.xPerMM, s.yPerMM)
	}
	drawn := s.xPerMM > 0
	if !drawn {
		s.xPerMM, s.yPerMM = pointsInMM, pointsInMM
	}
	s.mmPerSecond, s.mmPerMV = stated(texts, speedText), stated(texts, gainText)
	var heights []float64
	for _, l := range lines {
		if h, ok := pulse(l, s.xPerMM); ok {
			heights = append(heights, h/s.yPerMM)
		}
	}
	slices.Sort(heights)
	if n := len(heights); n > 0 && heights[n-1]-heights[0] < 0.1*heights[n-1] {
		measured := heights[n/2]
		switch {
		case s.mmPerMV == 0:
			s.mmPerMV = measured
		case math.Abs(measured-s.mmPerMV) > 0.03*s.mmPerMV:
			return s, "the calibration pulse contradicts the stated gain"
		}
		s.fromPulse = true
	}
	switch {
	case s.mmPerSecond == 0:
		return s, "the drawing states no paper speed"
	case s.mmPerMV == 0:
		return s, "the drawing has neither gain nor calibration pulse"
	case !drawn && !s.fromPulse:
		return s, "the drawing has neither a grid nor a calibration pulse to measure on"
	}
	return s, ""
}

// label is the lead a text names, "" for none.
func label(t text, lead func(string) string) string {
	s := strings.TrimSpace(t.text)
	if len(s) > 8 {
		return ""
	}
	return lead(s)
}
