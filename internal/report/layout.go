package report

import (
	"strconv"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// The page, in mm: A4 portrait.
const (
	pageWidth  = 210.0
	pageHeight = 297.0
	margin     = 18.0
	textWidth  = pageWidth - 2*margin
	firstLine  = 20.0
	lastLine   = 256.0 // below it stands the foot of every page
	bodySize   = 10.5  // points
	bodyLine   = 5.8   // mm from one line to the next
	smallSize  = 8.0
)

// page is one page before it is painted: lines of text and rules.
type page struct {
	lines []line
	rules []rule
}

// line is text with its baseline's start, size in points.
type line struct {
	x, y, size float64
	text       string
	red        bool
}

type rule struct{ x1, y, x2, width float64 }

// composer fills pages from top to bottom.
type composer struct {
	*setter
	pages []*page
	y     float64 // baseline of the next line
	head  string  // over every page but the first
}

func (c *composer) page() *page { return c.pages[len(c.pages)-1] }

func (c *composer) turn() {
	c.pages = append(c.pages, &page{})
	c.y = firstLine
	if len(c.pages) > 1 {
		c.put(margin, firstLine-6, 9, c.head)
		c.rule(firstLine-4, 0.2)
		c.y = firstLine + 3
	}
}

// need turns the page unless height mm are left on it.
func (c *composer) need(height float64) {
	if c.y+height > lastLine {
		c.turn()
	}
}

func (c *composer) put(x, y, size float64, text string) {
	c.page().lines = append(c.page().lines, line{x: x, y: y, size: size, text: text})
}

func (c *composer) rule(y, width float64) {
	c.page().rules = append(c.page().rules, rule{margin, y, pageWidth - margin, width})
}

func (c *composer) centred(y, size float64, text string) {
	c.put((pageWidth-c.width(text)*size*mmPerPoint)/2, y, size, text)
}

// paragraph sets a text over the whole width, over pages where it must.
func (c *composer) paragraph(size, step float64, text string) {
	for _, l := range c.wrap(text, textWidth/(size*mmPerPoint)) {
		c.need(0)
		c.put(margin, c.y, size, l)
		c.y += step
	}
}

// section is a heading with its text.
func (c *composer) section(heading, text string, size float64) {
	if text == "" {
		return
	}
	c.need(2 * bodyLine)
	c.put(margin, c.y, 11.5, heading)
	c.y += bodyLine + 0.6
	c.paragraph(size, bodyLine*size/bodySize, text)
	c.y += 2.5
}

// cell is a labelled value, width in parts of the row's.
type cell struct {
	label, value string
	part         float64
}

// row sets cells side by side; a long value wraps within its cell.
func (c *composer) row(cells ...cell) {
	const size, step = 9.5, 5.2
	wrapped, most, parts := make([][]string, len(cells)), 1, 0.0
	for _, k := range cells {
		parts += k.part
	}
	for i, k := range cells {
		width := textWidth*k.part/parts - 2
		wrapped[i] = c.wrap(k.label+"："+k.value, width/(size*mmPerPoint))
		most = max(most, len(wrapped[i]))
	}
	c.need(float64(most-1) * step)
	x := margin
	for i, k := range cells {
		for n, l := range wrapped[i] {
			c.put(x, c.y+float64(n)*step, size, l)
		}
		x += textWidth * k.part / parts
	}
	c.y += float64(most) * step
}

// compose lays out a signed report and its addenda.
func compose(f *face, c *Content, addenda []*Appendix) *composer {
	o := &composer{setter: f.setter(), head: joinedBy("　", c.Patient.Name, "检查号 "+c.Order.Accession, c.Order.ItemName, "续页")}
	o.turn()
	o.title(c)
	o.identity(c)
	o.body(c)
	o.signatures(c)
	for _, a := range addenda {
		o.addendum(a)
	}
	return o
}

func (o *composer) title(c *Content) {
	o.centred(o.y, 17, c.Centre.Name)
	o.y += 8.5
	name := map[hub.TaskKind]string{hub.ECG: "远程心电诊断报告", hub.Holter: "远程动态心电诊断报告", hub.Consultation: "远程会诊报告"}[c.Kind]
	if name == "" {
		name = "远程影像诊断报告"
	}
	o.centred(o.y, 14, name)
	if c.Mark != "" {
		const size = 13.0
		o.put(pageWidth-margin-o.width(c.Mark)*size*mmPerPoint, firstLine, size, c.Mark)
	}
	if c.State == string(hub.ReportPreliminary) {
		o.y += 6.5
		o.centred(o.y, 11, preliminaryNotice)
		o.page().lines[len(o.page().lines)-1].red = true
	}
	o.y += 3.5
	o.rule(o.y, 0.4)
	o.y += 5.5
}

// preliminaryNotice stands on every preliminary report.
const preliminaryNotice = "临时报告，以正式报告为准"

func (o *composer) identity(c *Content) {
	p, e := c.Patient, c.Order
	o.row(cell{"姓名", p.Name, 5}, cell{"性别", sexWord(p.Sex), 2}, cell{"年龄", p.Age, 2}, cell{"患者编号", p.ID, 4})
	o.row(cell{"检查号", e.Accession, 5}, cell{"就诊类别", visitWord(e.Visit), 4}, cell{"申请科室", e.Department, 4})
	o.row(cell{"申请单位", c.Member.Name, 9}, cell{"申请医师", e.Doctor, 4})
	o.row(cell{"检查项目", joinedBy(" ", e.ItemName, e.Modality), 5}, cell{"检查部位", joinedBy(" ", e.BodyPart, sideWord(e.Laterality)), 4}, cell{"检查方法", e.Method, 4})
	o.row(cell{"检查时间", minute(c.ExamAt), 5}, cell{"送诊时间", minute(c.SubmittedAt), 4}, cell{"诊断单位", c.Centre.Name, 4})
	if e.History != "" {
		o.row(cell{"临床病史及检查目的", e.History, 1})
	}
	o.y -= 2
	o.rule(o.y, 0.2)
	o.y += 7
}

func (o *composer) body(c *Content) {
	findings := "影像所见"
	if c.Kind == hub.ECG || c.Kind == hub.Holter {
		findings = "心电特征"
		o.section("测量值（软件测量，供参考）", joinedBy("　", c.Measurements...), 9.5)
	}
	o.section(findings, c.Findings, bodySize)
	o.section("诊断意见", c.Impression, 11.5)
	o.section("建议", c.Recommendation, bodySize)
	result := "阴性"
	if c.Positive {
		result = "阳性"
	}
	if c.Critical {
		result += "　危急值"
	}
	o.need(0)
	o.put(margin, o.y, 9.5, "结果："+result)
	o.y += bodyLine
	for _, note := range notes(c) {
		o.paragraph(9.5, 5.2, note)
	}
	o.y += 2
}

// notes are the limits a reader of the report must know of.
func notes(c *Content) []string {
	var list []string
	switch c.Grade {
	case "reject", "poor":
		list = append(list, "限制：图像（波形）质量差，诊断受限，请结合临床，必要时复查。")
	}
	if c.Waived != "" {
		list = append(list, "限制：检查资料不完整，已说明原因后诊断："+c.Waived)
	} else if c.Expected > c.Arrived {
		list = append(list, "限制：检查资料尚未传完（"+strconv.Itoa(c.Arrived)+"/"+strconv.Itoa(c.Expected)+"）。")
	}
	if c.Reason != "" {
		list = append(list, "更正说明：本报告为第 "+strconv.Itoa(c.Version)+" 版，替代此前版本。原因："+c.Reason)
	}
	return list
}

func (o *composer) signatures(c *Content) {
	o.need(3 * bodyLine)
	o.rule(o.y-2, 0.2)
	o.y += 4
	o.row(cell{"书写医师", doctor(c.Writer), 1}, cell{"书写时间", minute(c.Writer.At), 1})
	if c.Reviewer != nil {
		o.row(cell{"审核（签发）医师", doctor(*c.Reviewer), 1}, cell{"签发时间", minute(c.Reviewer.At), 1})
	} else {
		o.row(cell{"审核（签发）医师", "待审核", 1})
	}
}

func (o *composer) addendum(a *Appendix) {
	o.y += 5
	o.need(4 * bodyLine)
	o.rule(o.y-4, 0.4)
	o.y += 2
	o.section("补充报告", a.Text, bodySize)
	o.row(cell{"补充医师", doctor(a.By), 1}, cell{"补充时间", minute(a.By.At), 1})
}

func doctor(s Signature) string {
	title := map[string]string{"231": "主任医师", "232": "副主任医师", "233": "主治医师", "234": "医师", "235": "医士"}[s.Title]
	return joinedBy("　", s.Name, title)
}

func joinedBy(sep string, parts ...string) string {
	out := ""
	for _, p := range parts {
		if p == "" {
			continue
		}
		if out != "" {
			out += sep
		}
		out += p
	}
	return out
}

func sexWord(s string) string { return map[string]string{"M": "男", "F": "女", "O": "其他"}[s] }

func sideWord(s string) string {
	if word, ok := map[string]string{"L": "左侧", "R": "右侧", "B": "双侧"}[s]; ok {
		return word
	}
	return s
}

func visitWord(v hub.Visit) string {
	return map[hub.Visit]string{hub.Outpatient: "门诊", hub.Emergency: "急诊", hub.Inpatient: "住院", hub.HealthCheck: "体检"}[v]
}

// minute shows a signed time as people read it.
func minute(stamped string) string {
	t, err := time.Parse(time.RFC3339, stamped)
	if err != nil {
		return ""
	}
	return t.In(china).Format("2006-01-02 15:04")
}
