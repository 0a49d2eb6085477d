package report

import (
	"encoding/json"
	"fmt"
	"strconv"
	"unicode"

	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// Change is one field that a reviewer changed. Parts puts both texts together
// in reading order.
type Change struct {
	Field  string `json:"field"`
	Before string `json:"before"`
	After  string `json:"after"`
	Parts  []Part `json:"parts"`
}

// Part is a piece of text that stayed, was taken out or was put in.
type Part struct {
	Op   string `json:"op"` // same, gone, new
	Text string `json:"text"`
}

// changes compares what the writer sent for review with what the version says
// now; nothing for a version that was never sent.
func changes(r *hub.Report) ([]Change, error) {
	list := []Change{}
	if r.Submitted == "" {
		return list, nil
	}
	var was texts
	if err := json.Unmarshal([]byte(r.Submitted), &was); err != nil {
		return nil, fmt.Errorf("report %s version %d: submitted text: %w", r.ID, r.Version, err)
	}
	is := textsOf(r)
	for _, f := range []struct{ name, before, after string }{
		{"findings", was.Findings, is.Findings}, {"impression", was.Impression, is.Impression}, {"recommendation", was.Recommendation, is.Recommendation},
		{"positive", strconv.FormatBool(was.Positive), strconv.FormatBool(is.Positive)},
		{"critical", strconv.FormatBool(was.Critical), strconv.FormatBool(is.Critical)}, {"grade", was.Grade, is.Grade}} {
		if f.before != f.after {
			list = append(list, Change{f.name, f.before, f.after, diff(f.before, f.after)})
		}
	}
	return list, nil
}

// words cuts a text into what a reader takes as one: a Chinese character, a
// Latin word or number, a sign.
func words(s string) []string {
	var list []string
	start := -1
	runes := []rune(s)
	for i, r := range runes {
		if !unicode.Is(unicode.Han, r) && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '.') {
			if start < 0 {
				start = i
			}
			continue
		}
		if start >= 0 {
			list = append(list, string(runes[start:i]))
			start = -1
		}
		list = append(list, string(r))
	}
	if start >= 0 {
		list = append(list, string(runes[start:]))
	}
	return list
}

// maxCells bounds the table of a comparison; beyond it the texts are shown as
// wholly replaced.
const maxCells = 4 << 20

// diff is the shortest edit by words: the longest common subsequence.
func diff(before, after string) []Part {
	a, b := words(before), words(after)
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	var out parted
	out.add("same", a[:head]...)
	out.middle(a[head:len(a)-tail], b[head:len(b)-tail])
	out.add("same", a[len(a)-tail:]...)
	return out
}

// parted joins neighbours of one kind.
type parted []Part

func (p *parted) add(op string, words ...string) {
	for _, w := range words {
		if n := len(*p); n > 0 && (*p)[n-1].Op == op {
			(*p)[n-1].Text += w
			continue
		}
		*p = append(*p, Part{op, w})
	}
}

func (p *parted) middle(a, b []string) {
	if (len(a)+1)*(len(b)+1) > maxCells {
		p.add("gone", a...)
		p.add("new", b...)
		return
	}
	// common[i][j] is the length of the longest common subsequence of a[i:] and b[j:].
	width := len(b) + 1
	common := make([]int32, (len(a)+1)*width)
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i*width+j] = common[(i+1)*width+j+1] + 1
			} else {
				common[i*width+j] = max(common[(i+1)*width+j], common[i*width+j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		switch {
		case a[i] == b[j]:
			p.add("same", a[i])
			i, j = i+1, j+1
		case common[(i+1)*width+j] >= common[i*width+j+1]:
			p.add("gone", a[i])
			i++
		default:
			p.add("new", b[j])
			j++
		}
	}
	p.add("gone", a[i:]...)
	p.add("new", b[j:]...)
}
