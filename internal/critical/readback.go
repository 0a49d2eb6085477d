package critical

import (
	"strings"
	"unicode"

	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// readsBack reports whether a text repeats what was found: it names an item
// by its code, or shares a telling word with an item's name or the finding.
// Pressing OK or typing "received" is no read-back (domain rules, section 7).
func readsBack(c *hub.Critical, text string) bool {
	said := tokens(text)
	found := tokens(c.Text)
	for _, code := range c.Items {
		found[strings.ToLower(code)] = true
		if it, ok := Find(code); ok {
			for _, name := range []string{it.Name, it.English, it.Threshold} {
				for t := range tokens(name) {
					found[t] = true
				}
			}
		}
	}
	for t := range said {
		if found[t] {
			return true
		}
	}
	// A finding of empty or general words only leaves nothing to repeat but
	// the whole of it.
	whole := strings.TrimSpace(c.Text)
	return whole != "" && strings.Contains(text, whole)
}

// general are words that many findings share: they tell nothing.
var general = map[string]bool{
	"急性": true, "首次": true, "疑似": true, "可疑": true, "考虑": true, "大量": true, "左侧": true, "右侧": true, "双侧": true, "患者": true,
	"病人": true, "危急": true, "急值": true, "发现": true, "收到": true, "已收": true, "知道": true, "报告": true, "检查": true, "平均": true,
	"ok": true, "the": true, "of": true, "or": true, "and": true, "in": true, "is": true, "to": true, "with": true, "first": true, "found": true,
	"acute": true, "critical": true, "value": true, "patient": true, "received": true, "suspected": true, "yes": true, "below": true,
}

// tokens splits a text into words of letters and digits (two or more, in
// lower case) and, where it is Chinese, into pairs of neighbouring
// characters; general ones are left out.
func tokens(text string) map[string]bool {
	out := map[string]bool{}
	var word []rune
	var before rune
	end := func() {
		if w := strings.ToLower(string(word)); len(w) >= 2 && !general[w] {
			out[w] = true
		}
		word = word[:0]
	}
	for _, r := range text {
		han := unicode.Is(unicode.Han, r)
		if !han && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			word = append(word, r)
			before = 0
			continue
		}
		end()
		if !han {
			before = 0
			continue
		}
		if pair := string([]rune{before, r}); before != 0 && !general[pair] {
			out[pair] = true
		}
		before = r
	}
	end()
	return out
}
