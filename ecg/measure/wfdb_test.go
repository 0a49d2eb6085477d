package measure_test

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/internal/testdata"
)

// mark is one annotation of a PhysioNet record: code as in ecgcodes.h.
type mark struct {
	sample int
	code   int
}

// PhysioNet annotation codes used here.
const (
	markP, markT, markOn, markOff, markQRS = 24, 27, 39, 40, 1
)

// readRecord reads a single-file WFDB record of format 16 or 212 and keeps
// at most seconds of it (0 for all).
func readRecord(t testing.TB, header string, seconds float64) *ecg.Recording {
	t.Helper()
	text, err := os.ReadFile(header)
	if err != nil {
		t.Fatal(err)
	}
	var lines [][]string
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) > 1 && f[0][0] != '#' {
			lines = append(lines, f)
		}
	}
	leads, _ := strconv.Atoi(lines[0][1])
	rate, _ := strconv.ParseFloat(lines[0][2], 64)
	count, _ := strconv.Atoi(lines[0][3])
	if limit := int(seconds * rate); limit > 0 {
		count = min(count, limit)
	}
	rec := &ecg.Recording{RateHz: rate}
	signals := lines[1 : 1+leads]
	sameFile := 0
	for _, s := range signals {
		if s[0] == signals[0][0] {
			sameFile++
		}
	}
	data, err := os.ReadFile(filepath.Join(filepath.Dir(header), signals[0][0]))
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range signals[:sameFile] {
		gain, base := gainOf(t, s)
		name := ecg.StandardLead(s[len(s)-1])
		if name == "" {
			name = s[len(s)-1]
		}
		lead := ecg.Lead{Name: name, Samples: make([]float32, count)}
		for n := range count {
			raw := sampleAt(t, data, s[1], n*sameFile+i)
			lead.Samples[n] = float32((float64(raw) - base) / gain * 1000)
		}
		rec.Leads = append(rec.Leads, lead)
	}
	return rec
}

// gainOf reads "1716(6)/mV" or "200"; without a baseline the ADC zero of the
// fifth field is it.
func gainOf(t testing.TB, fields []string) (gain, base float64) {
	t.Helper()
	text, _, _ := strings.Cut(fields[2], "/")
	number, rest, bracket := strings.Cut(text, "(")
	gain, err := strconv.ParseFloat(number, 64)
	if err != nil {
		t.Fatal(err)
	}
	if gain == 0 {
		gain = 200
	}
	zero := fields[4]
	if bracket {
		zero = strings.TrimSuffix(rest, ")")
	}
	if base, err = strconv.ParseFloat(zero, 64); err != nil {
		t.Fatal(err)
	}
	return gain, base
}

// sampleAt returns the n-th sample of the interleaved file.
func sampleAt(t testing.TB, data []byte, format string, n int) int {
	t.Helper()
	switch format {
	case "16":
		return int(int16(binary.LittleEndian.Uint16(data[2*n:])))
	case "212":
		b := data[n/2*3:]
		v := int(b[0]) | int(b[1]&0x0f)<<8
		if n%2 == 1 {
			v = int(b[2]) | int(b[1]&0xf0)<<4
		}
		if v > 2047 {
			v -= 4096
		}
		return v
	}
	t.Fatalf("format %s is not read here", format)
	return 0
}

// readMarks reads an annotation file in the MIT format up to seconds (0: all).
func readMarks(t testing.TB, path string, rate, seconds float64) []mark {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var marks []mark
	at := 0
	for i := 0; i+1 < len(data); {
		word := int(binary.LittleEndian.Uint16(data[i:]))
		code, value := word>>10, word&0x3ff
		i += 2
		switch {
		case word == 0:
			return marks
		case code == 59: // SKIP: a long interval, high word first
			at += int(int32(uint32(binary.LittleEndian.Uint16(data[i:]))<<16 |
				uint32(binary.LittleEndian.Uint16(data[i+2:]))))
			i += 4
		case code == 63: // AUX text, padded to even
			i += value + value%2
		case code >= 60: // NUM, SUB, CHN
		default:
			at += value
			if seconds > 0 && float64(at) > seconds*rate {
				return marks
			}
			marks = append(marks, mark{sample: at, code: code})
		}
	}
	return marks
}

// beatsOnly keeps the annotations that are beats.
func beatsOnly(marks []mark) []int {
	var beats []int
	for _, m := range marks {
		switch m.code {
		case 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 25, 30, 34, 35, 38, 41:
			beats = append(beats, m.sample)
		}
	}
	return beats
}

// score compares found with true beats within 150 ms.
type score struct{ hit, missed, extra int }

func (s *score) add(truth, found []int, rate float64) {
	tolerance := int(0.150 * rate)
	used := make([]bool, len(found))
	for _, want := range truth {
		best := -1
		for i, got := range found {
			if d := abs(got - want); !used[i] && d <= tolerance && (best < 0 || d < abs(found[best]-want)) {
				best = i
			}
		}
		if best < 0 {
			s.missed++
			continue
		}
		used[best] = true
		s.hit++
	}
	for _, u := range used {
		if !u {
			s.extra++
		}
	}
}

func abs(v int) int { return max(v, -v) }

func (s score) sensitivity() float64 { return 100 * float64(s.hit) / float64(s.hit+s.missed) }
func (s score) precision() float64   { return 100 * float64(s.hit) / float64(s.hit+s.extra) }

func (s score) String() string {
	return fmt.Sprintf("Se %.2f %% +P %.2f %% (%d hit, %d missed, %d extra)",
		s.sensitivity(), s.precision(), s.hit, s.missed, s.extra)
}

// ludb lists the headers of the Lobachevsky University records.
func ludb(t testing.TB) []string {
	return testdata.Files(t, "ecg/wfdb/ludb", "*.hea")
}
