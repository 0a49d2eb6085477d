package report

import (
	"regexp"
	"strings"

	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// Doubt is something about a text that should be looked at before it is sent;
// a blocking one must be cleared (domain rules, section 6).
type Doubt struct {
	Code   string
	Word   string // what in the text raised it
	Blocks bool
}

// Doubts compares a text with its order and with itself. It is about words,
// never about medicine.
func Doubts(r *hub.Report, o *hub.Order) []Doubt {
	var found []Doubt
	add := func(code, word string, blocks bool) {
		if word != "" {
			found = append(found, Doubt{code, word, blocks})
		}
	}
	all := r.Findings + "\n" + r.Impression + "\n" + r.Recommendation
	if strings.TrimSpace(r.Impression) == "" {
		found = append(found, Doubt{Code: "report.empty", Blocks: true})
	}
	add("report.residue", residue.FindString(all), true)
	add("report.side", wrongSide(r.Findings+"\n"+r.Impression, o.Laterality), false)
	add("report.sex", wrongOrgan(all, o.Sex), false)
	add("report.part", wrongPart(all, o.BodyPart), false)
	add("report.patient", wrongName(all, o.PatientName), false)
	if r.Positive && normal.MatchString(strings.TrimSpace(r.Impression)) {
		add("report.positive", normal.FindString(strings.TrimSpace(r.Impression)), false)
	}
	if !r.Critical {
		add("report.critical", affirmed(r.Impression, criticalWords), false)
	}
	return found
}

// residue is what a template leaves to be filled in: XXX, ___, 待补充, a
// choice such as [左/右].
var residue = regexp.MustCompile(`(?i)X{3,}|×{2,}|_{2,}|＿{2,}|待补充|待填写|【[^】]*】|\[[^\]/]*/[^\]]*\]|［[^］/]*[/／][^］]*］`)

// normal is an impression that says nothing was found.
var normal = regexp.MustCompile(`^(.{0,12}(未见(明显)?异常|未见确切异常)|正常心电图|大致正常心电图|正常范围心电图)[。.]?$`)

var (
	maleOrgans   = []string{"前列腺", "睾丸", "精囊", "阴囊", "阴茎"}
	femaleOrgans = []string{"子宫", "卵巢", "附件区", "宫颈", "胎儿", "宫内早孕"}
	// criticalWords name items of the critical lists (domain rules, section 7)
	// that a report rarely uses otherwise.
	criticalWords = []string{"急性心肌梗死", "急性ST段抬高", "心室颤动", "室颤", "心室扑动", "室性心动过速", "尖端扭转", "三度房室", "完全性房室传导阻滞",
		"高度房室", "主动脉夹层", "肺栓塞", "张力性气胸", "急性脑梗死", "脑出血", "硬膜外血肿", "硬膜下血肿", "蛛网膜下腔出血", "脑疝", "消化道穿孔",
		"膈下游离气体", "心包填塞", "绞窄性"}
	denied = regexp.MustCompile(`(未见|无|除外|排除|没有|不考虑|未提示|术后|陈旧性?)[^。；，,\n]{0,12}$`)
)

// affirmed is the first of the words that stands in text and is not denied
// there, "" if none.
func affirmed(text string, words []string) string {
	for _, word := range words {
		for at := 0; ; {
			i := strings.Index(text[at:], word)
			if i < 0 {
				break
			}
			if !denied.MatchString(text[:at+i]) {
				return word
			}
			at += i + len(word)
		}
	}
	return ""
}

// wrongSide is the other side's word when the ordered side is never named.
func wrongSide(text, laterality string) string {
	left, right := strings.Contains(text, "左"), strings.Contains(text, "右")
	switch side := strings.ToUpper(strings.TrimSpace(laterality)); {
	case (side == "L" || side == "左" || side == "左侧") && right && !left:
		return "右"
	case (side == "R" || side == "右" || side == "右侧") && left && !right:
		return "左"
	}
	return ""
}

func wrongOrgan(text, sex string) string {
	switch sex {
	case "F":
		return affirmed(text, maleOrgans)
	case "M":
		return affirmed(text, femaleOrgans)
	}
	return ""
}

// parts are regions of the body with the words orders and reports use.
var parts = []struct{ ordered, written []string }{
	{[]string{"HEAD", "BRAIN", "SKULL", "头", "颅", "脑"}, []string{"颅", "脑", "侧脑室", "中线结构"}},
	{[]string{"CHEST", "LUNG", "THORAX", "胸", "肺"}, []string{"肺", "胸", "纵隔", "膈", "肋", "心影"}},
	{[]string{"ABDOMEN", "LIVER", "腹", "肝", "胆"}, []string{"肝", "胆", "胰", "脾", "腹", "肾"}},
	{[]string{"KNEE", "膝"}, []string{"膝", "髌", "半月板", "股骨", "胫骨"}},
	{[]string{"HAND", "WRIST", "手", "腕"}, []string{"手", "指", "掌骨", "腕", "桡骨", "尺骨"}},
	{[]string{"FOOT", "ANKLE", "足", "踝"}, []string{"足", "趾", "跖骨", "踝", "跟骨", "距骨"}},
}

// wrongPart is the word of another region when none of the ordered one stands
// in the text.
func wrongPart(text, ordered string) string {
	ordered = strings.ToUpper(ordered)
	for _, p := range parts {
		if !containsAny(ordered, p.ordered) {
			continue
		}
		if containsAny(text, p.written) {
			return ""
		}
		for _, other := range parts {
			for _, word := range other.written {
				if strings.Contains(text, word) {
					return word
				}
			}
		}
		return ""
	}
	return ""
}

func containsAny(text string, words []string) bool {
	for _, w := range words {
		if strings.Contains(text, w) {
			return true
		}
	}
	return false
}

var named = regexp.MustCompile(`(?:患者姓名|姓名|患者名)\s*[:：]\s*([\p{Han}·]{2,12})`)

// wrongName reports a text that names another patient. It returns no name:
// the doubt is shown and logged where names do not belong.
func wrongName(text, name string) string {
	for _, m := range named.FindAllStringSubmatch(text, -1) {
		if name != "" && !strings.HasPrefix(m[1], name) {
			return "姓名"
		}
	}
	return ""
}

// warnings turns doubts into what the API answers.
func warnings(doubts []Doubt) []hub.Warning {
	list := []hub.Warning{}
	for _, d := range doubts {
		list = append(list, hub.Warning{Code: d.Code, Values: map[string]string{"word": d.Word}})
	}
	return list
}

// blocked is the error for the first doubt that must be cleared, nil if none.
func blocked(op string, doubts []Doubt) error {
	for _, d := range doubts {
		if d.Blocks {
			return hub.E(hub.Invalid, op, d.Code).With("word", d.Word)
		}
	}
	return nil
}
