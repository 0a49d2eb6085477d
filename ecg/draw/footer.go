package draw

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/yuanzhen/yuanzhen/ecg"
)

// footer names scale and filters: what a reader must know to measure.
func footer(rec *ecg.Recording, o Options) string {
	low := math.Min(o.Filter.LowPassHz, rec.RateHz/2)
	parts := []string{number(o.MMPerSecond) + " mm/s", number(o.MMPerMV) + " mm/mV"}
	if o.ChestMMPerMV > 0 && o.ChestMMPerMV != o.MMPerMV {
		parts[1] += " (V " + number(o.ChestMMPerMV) + ")"
	}
	band := number(o.Filter.HighPassHz) + "-" + number(low) + " Hz"
	if rec.RateHz <= 0 {
		band = "- Hz"
	}
	words := []string{"显示滤波", "陷波", "心电图机滤波", "采样", "起点"}
	if o.English {
		words = []string{"filter", "notch", "cart filter", "sampled", "from"}
	}
	parts = append(parts, words[0]+" "+band)
	if o.Filter.NotchHz > 0 {
		parts = append(parts, words[1]+" "+number(o.Filter.NotchHz)+" Hz")
	}
	if text := deviceFilter(rec.Filters, words[1]); text != "" {
		parts = append(parts, words[2]+" "+text)
	}
	parts = append(parts, fmt.Sprintf("%s %s Hz", words[3], number(math.Round(rec.RateHz))))
	if o.StartSecond > 0 {
		parts = append(parts, words[4]+" "+number(o.StartSecond)+" s")
	}
	if text := assumed(rec, o.English); text != "" {
		parts = append(parts, text)
	}
	return strings.Join(parts, "   ")
}

// assumed names what the file left open and the reader of it filled in, and
// traces that were taken from a drawing; "" when there is nothing to doubt.
func assumed(rec *ecg.Recording, english bool) string {
	words := []struct {
		code    ecg.NoteCode
		zh, en  string
		instead bool // stands for itself
	}{
		{ecg.NoteRecovered, "由图形恢复", "recovered from a drawing", true},
		{ecg.NoteRate, "采样率", "rate", false},
		{ecg.NoteScale, "幅度", "scale", false},
		{ecg.NoteLead, "导联名", "lead names", false},
	}
	var whole, list []string
	for _, w := range words {
		if !slices.ContainsFunc(rec.Notes, func(n ecg.Note) bool { return n.Code == w.code }) {
			continue
		}
		word := w.zh
		if english {
			word = w.en
		}
		if w.instead {
			whole = append(whole, word)
		} else {
			list = append(list, word)
		}
	}
	if len(list) > 0 {
		text := "推定：" + strings.Join(list, "、")
		if english {
			text = "assumed: " + strings.Join(list, ", ")
		}
		whole = append(whole, text)
	}
	return strings.Join(whole, "   ")
}

// deviceFilter is what the cart did before it stored the samples; "" if it did
// not say.
func deviceFilter(f ecg.Filters, notch string) string {
	if f.HighPassHz == 0 && f.LowPassHz == 0 && f.NotchHz == 0 {
		return ""
	}
	side := func(hz float64) string {
		if hz == 0 {
			return "?"
		}
		return number(hz)
	}
	text := side(f.HighPassHz) + "-" + side(f.LowPassHz) + " Hz"
	if f.NotchHz > 0 {
		text += ", " + notch + " " + number(f.NotchHz) + " Hz"
	}
	return text
}

// number writes v with at most two decimals and without trailing zeros.
func number(v float64) string {
	return strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64)
}
