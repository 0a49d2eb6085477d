package measure

import (
	"strings"
	"unicode"
)

// phrase finds an item of the critical list in a device's statement: one word
// of each group must stand in the same sentence, none of them negated.
// A trailing * allows any ending.
type phrase struct {
	item   string
	groups [][]string
}

// phrases is what carts print, in Chinese and English.
func phrases() []phrase {
	return []phrase{
		{"E01", [][]string{{"ACUTE", "急性", "超急性期", "急性期"}, {"INFARCT*", "MI", "AMI", "心肌梗死", "心肌梗塞", "心梗", "梗死"}}},
		{"E01", [][]string{{"STEMI", "ACUTE ST ELEVATION", "ST段抬高型心肌梗死", "ST段抬高型心梗", "ST抬高型心肌梗死"}}},
		{"E02", [][]string{{"REINFARCT*", "RE-INFARCT*", "再发心肌梗死", "再发心梗", "再梗死"}}},
		{"E02", [][]string{{"ACUTE", "急性"}, {"ISCHEMI*", "ISCHAEMI*", "缺血"}}},
		{"E03", [][]string{{"VENTRICULAR FIBRILLATION", "VENTRICULAR FLUTTER", "室颤", "室扑", "心室颤动", "心室扑动", "心室纤颤"}}},
		{"E04", [][]string{{"VENTRICULAR TACHYCARDIA", "V-TACH", "VTACH", "VT", "室速", "室性心动过速"}}},
		{"E05", [][]string{{"TORSADE*", "尖端扭转"}}},
		{"E05", [][]string{{"POLYMORPHIC", "BIDIRECTIONAL", "多形性", "多形", "双向性", "双向"}, {"VENTRICULAR TACHYCARDIA", "VT", "室速", "室性心动过速"}}},
		{"E10", [][]string{
			{"COMPLETE", "THIRD DEGREE", "THIRD-DEGREE", "3RD DEGREE", "HIGH GRADE", "HIGH-GRADE", "HIGH DEGREE", "ADVANCED"},
			{"AV BLOCK", "A-V BLOCK", "HEART BLOCK", "ATRIOVENTRICULAR BLOCK"},
		}},
		{"E10", [][]string{{
			"三度房室传导阻滞", "Ⅲ度房室传导阻滞", "III度房室传导阻滞", "3度房室传导阻滞",
			"完全性房室传导阻滞", "高度房室传导阻滞", "三度AVB", "Ⅲ度AVB", "III度AVB",
		}}},
		{"E13", [][]string{{"HYPERKAL*", "HYPOKAL*", "高钾", "高血钾", "低钾", "低血钾"}}},
	}
}

// itemsIn returns the items suspected in one statement, each once.
func itemsIn(statement string) []string {
	var items []string
	for sentence := range strings.FieldsFuncSeq(strings.ToUpper(statement), endsSentence) {
		for _, p := range phrases() {
			if p.in(sentence) && (len(items) == 0 || items[len(items)-1] != p.item) {
				items = append(items, p.item)
			}
		}
	}
	return items
}

func endsSentence(r rune) bool { return strings.ContainsRune(";；。\n\r", r) }

// in reports whether every group has a word in sentence that is not negated.
func (p phrase) in(sentence string) bool {
	for _, group := range p.groups {
		found := false
		for _, word := range group {
			if at := wordIn(sentence, word); at >= 0 && !negated(sentence, at) {
				found = true
				break
			}
		}
		if !found {
			return false
		}
	}
	return true
}

// wordIn returns where word stands in text as a whole word, -1 if nowhere.
// Chinese has no word limits; only Latin letters and digits beside a Latin
// word make it another word.
func wordIn(text, word string) int {
	word, open := strings.CutSuffix(word, "*")
	for from := 0; ; {
		i := strings.Index(text[from:], word)
		if i < 0 {
			return -1
		}
		at, end := from+i, from+i+len(word)
		before := at > 0 && isLatin(rune(text[at-1])) && isLatin(rune(word[0]))
		after := !open && end < len(text) && isLatin(rune(text[end])) && isLatin(rune(word[len(word)-1]))
		if !before && !after {
			return at
		}
		from = end
	}
}

func isLatin(r rune) bool { return r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)) }

// negated reports whether the clause before byte at denies what follows.
// "Cannot rule out" and 不排除 are suspicions, not denials.
func negated(sentence string, at int) bool {
	clause := sentence[:at]
	if strings.HasSuffix(clause, "不") { // 不完全性
		return true
	}
	if i := strings.LastIndexAny(clause, ",，、"); i >= 0 {
		clause = clause[i:]
	}
	for _, doubt := range []string{"CANNOT RULE OUT", "NOT RULED OUT", "NOT EXCLUDED", "CANNOT EXCLUDE",
		"不能排除", "不排除", "不除外", "未排除", "无法排除"} {
		clause = strings.ReplaceAll(clause, doubt, "")
	}
	for _, no := range []string{"NO", "NOT", "WITHOUT", "EXCLUDED", "RULED OUT", "NONSUSTAINED", "NON-SUSTAINED", "OLD"} {
		if wordIn(clause, no) >= 0 {
			return true
		}
	}
	for _, no := range []string{"未见", "未发现", "无", "排除", "非持续", "不支持", "不符合", "陈旧", "短阵"} {
		if strings.Contains(clause, no) {
			return true
		}
	}
	return false
}
