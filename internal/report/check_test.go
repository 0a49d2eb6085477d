package report

import (
	"strings"
	"testing"

	"github.com/yuanzhen/yuanzhen/internal/hub"
)

func TestDoubtsAboutAText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		report hub.Report
		order  hub.Order
		want   string // codes; ! blocks
	}{
		{"normal chest", hub.Report{Findings: "双肺纹理清晰", Impression: "心、肺、膈未见明显异常。"}, hub.Order{Sex: "M", BodyPart: "CHEST"}, ""},
		{"nothing concluded", hub.Report{Findings: "双肺纹理清晰", Impression: " \n"}, hub.Order{}, "report.empty!"},
		{"number not filled in", hub.Report{Impression: "结节约XXXmm"}, hub.Order{}, "report.residue!"},
		{"choice not made", hub.Report{Impression: "[左/右]肺炎症"}, hub.Order{}, "report.residue!"},
		{"to be completed", hub.Report{Impression: "待补充"}, hub.Order{}, "report.residue!"},
		{"X-ray is no residue", hub.Report{Impression: "X线未见异常"}, hub.Order{}, ""},
		{"a ratio is no choice", hub.Report{Impression: "L4/5椎间盘突出"}, hub.Order{}, ""},
		{"other side", hub.Report{Impression: "右膝退行性变"}, hub.Order{Laterality: "L"}, "report.side"},
		{"both sides named", hub.Report{Impression: "左膝退行性变，右膝未见异常"}, hub.Order{Laterality: "L"}, ""},
		{"man with a womb", hub.Report{Impression: "子宫肌瘤"}, hub.Order{Sex: "M"}, "report.sex"},
		{"man without one", hub.Report{Impression: "未见子宫"}, hub.Order{Sex: "M"}, ""},
		{"other part", hub.Report{Impression: "肝内低密度灶"}, hub.Order{BodyPart: "KNEE"}, "report.part"},
		{"other patient", hub.Report{Impression: "姓名：张三 肺炎"}, hub.Order{PatientName: "李四"}, "report.patient"},
		{"same patient", hub.Report{Impression: "姓名：李四，肺炎"}, hub.Order{PatientName: "李四"}, ""},
		{"positive yet normal", hub.Report{Impression: "正常心电图", Positive: true}, hub.Order{}, "report.positive"},
		{"critical without its flag", hub.Report{Impression: "左侧张力性气胸"}, hub.Order{}, "report.critical"},
		{"critical with its flag", hub.Report{Impression: "左侧张力性气胸", Critical: true}, hub.Order{}, ""},
		{"critical denied", hub.Report{Impression: "未见脑出血征象"}, hub.Order{}, ""},
		{"denied, then affirmed", hub.Report{Impression: "未见脑出血。考虑肺栓塞"}, hub.Order{}, "report.critical"},
	} {
		var got []string
		for _, d := range Doubts(&c.report, &c.order) {
			code := d.Code
			if d.Blocks {
				code += "!"
			}
			got = append(got, code)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: got %v, want %q", c.name, got, c.want)
		}
	}
}

// TestStartingTemplatesAreFoundWhereTheyAreUnfilled keeps templates and checks
// together: what is left to fill in is found, the rest passes.
func TestStartingTemplatesAreFoundWhereTheyAreUnfilled(t *testing.T) {
	t.Parallel()
	for _, s := range starters {
		open := strings.Contains(s.Findings+s.Impression, "XXX") || strings.Contains(s.Findings+s.Impression, "[")
		blocks := blocked("test", Doubts(&hub.Report{Findings: s.Findings, Impression: s.Impression}, &hub.Order{})) != nil
		if open != blocks {
			t.Errorf("%s: to fill in %v, blocked %v", s.Name, open, blocks)
		}
	}
}

func TestDiffPutTogetherIsBothTexts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ before, after, new, gone string }{
		{"心、肺、膈未见明显异常。", "心、肺未见明显异常。", "", "、膈"}, {"结节约12mm", "结节约15mm", "15mm", "12mm"}, {"", "新", "新", ""}, {"旧", "", "", "旧"}, {"同", "同", "", ""},
	} {
		var before, after, added, gone string
		for _, p := range diff(c.before, c.after) {
			switch p.Op {
			case "same":
				before, after = before+p.Text, after+p.Text
			case "gone":
				before, gone = before+p.Text, gone+p.Text
			case "new":
				after, added = after+p.Text, added+p.Text
			}
		}
		if before != c.before || after != c.after || added != c.new || gone != c.gone {
			t.Errorf("%q → %q: %+v", c.before, c.after, diff(c.before, c.after))
		}
	}
}

func TestVeryDifferentLongTextsAreShownAsReplaced(t *testing.T) {
	t.Parallel()
	before, after := strings.Repeat("肺心", 5000), strings.Repeat("肝胆", 5000)
	if got := diff(before, after); len(got) != 2 || got[0].Text != before || got[1].Text != after {
		t.Fatalf("%d parts", len(got))
	}
}
