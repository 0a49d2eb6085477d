package report

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"github.com/yuanzhen/yuanzhen/internal/font"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

func testFace(t testing.TB) *face {
	t.Helper()
	ttf, err := font.SansSC()
	if err != nil {
		t.Skip("the report font is not built in: run make build")
	}
	f, err := newFace(ttf)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// extracted is a PDF's text without space, as poppler reads it.
func extracted(t *testing.T, pdf []byte) string {
	t.Helper()
	if _, err := exec.LookPath("pdftotext"); err != nil {
		t.Skip("pdftotext (poppler-utils) is not installed")
	}
	file := filepath.Join(t.TempDir(), "report.pdf")
	must(t, os.WriteFile(file, pdf, 0o600))
	text, err := exec.Command("pdftotext", "-enc", "UTF-8", "-raw", file, "-").Output()
	must(t, err)
	return bare(string(text))
}

func bare(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '\f' {
			return -1
		}
		return r
	}, s)
}

// long is a Chinese text of n characters in which no two lines are alike,
// with measures, Latin words and rare characters.
func long(n int) string {
	var b strings.Builder
	common := []rune("双肺纹理清晰走行自然右上叶见磨玻璃结节大小约边缘光滑纵隔未肿大淋巴心影形态在正常范围膈面光整肋角锐利")
	extras := []string{"，", "。", "12mm×8mm", "（见图3）", "𠮷", "𡘙", "CT值-650HU", "、", "㐂", "；", "“毛刺征”", "%", "𬸚"}
	for i := 0; len([]rune(b.String())) < n; i++ {
		b.WriteRune(common[(i*i+7*i)%len(common)])
		if i%9 == 8 {
			b.WriteString(extras[(i/9)%len(extras)])
		}
	}
	return string([]rune(b.String())[:n])
}

func sample() *Content {
	return &Content{Schema: schemaReport, Algorithm: algorithm, Report: "06a1b2c3d4e5f6g7h8j9k0m1n2", Version: 1, State: string(hub.ReportIssued), Kind: hub.Image,
		Centre: Institution{"LEAD", "青山县人民医院"}, Member: Institution{"CLINIC1", "青山镇中心卫生院"},
		Patient: Patient{ID: "P-1001", Name: "欧阳𠮷𡘙", Sex: "M", BirthDate: "1960-05-01", Age: "66岁"},
		Order:   OrderPart{Accession: "CT20261122001", Visit: hub.Outpatient, Department: "内科", Doctor: "周建国", ItemName: "胸部CT平扫", Modality: "CT", BodyPart: "胸部", Method: "平扫", History: "咳嗽、咳痰三天，发热一天。"},
		ExamAt:  "2026-11-22T01:02:03Z", SubmittedAt: "2026-11-22T01:12:03Z", Findings: long(2000), Impression: "右肺上叶磨玻璃结节，建议三个月后复查。", Recommendation: "必要时上转。",
		Positive: true, Mark: "全国HR", Grade: "reject", Writer: Signature{"reader1", "林静", "234", "2026-11-22T01:30:00Z"},
		Reviewer: &Signature{"reviewer1", "徐国栋", "232", "2026-11-22T01:40:00Z"}, Objects: []string{}}
}

func painted(t *testing.T, c *Content, addenda []*Appendix, ecgPage bool) []byte {
	t.Helper()
	var out bytes.Buffer
	trace := heart()
	if !ecgPage {
		trace = nil
	}
	hash := strings.Repeat("0123456789abcdef", 4)
	must(t, paint(&out, testFace(t), c, hash, "https://hub.example/verify/"+string(c.Report)+"?h="+hash[:shownHash], addenda, trace))
	return out.Bytes()
}

// TestEveryCharacterOfALongReportIsPrinted compares 2,000 characters, rare
// ones beyond the Basic Multilingual Plane among them, with what another
// program reads in the PDF.
func TestEveryCharacterOfALongReportIsPrinted(t *testing.T) {
	t.Parallel()
	c := sample()
	text := extracted(t, painted(t, c, nil, false))
	// A page's foot and the next one's head may stand between two lines.
	at := 0
	runes := []rune(text)
	for i, r := range []rune(bare(c.Findings)) {
		start := at
		for at < len(runes) && runes[at] != r {
			at++
		}
		if at == len(runes) {
			t.Fatalf("character %d of the findings, %q, is missing after %q", i, r, string(runes[max(0, start-20):start]))
		}
		if skipped := at - start; skipped > 0 && skipped < 200 && i > 0 {
			t.Fatalf("%q stands before character %d of the findings", string(runes[start:at]), i)
		}
		at++
	}
	for _, want := range []string{c.Patient.Name, "青山县人民医院", "远程诊断", "青山镇中心卫生院", c.Impression, c.Recommendation, "全国HR", "限制：图像（波形）质量差", "林静",
		"徐国栋", "2026-11-2209:40", "2026-11-2209:02", "第1页共2页", "第2页共2页", "版本1", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"} {
		if !strings.Contains(text, bare(want)) {
			t.Errorf("%q is not on the report", want)
		}
	}
}

func TestPreliminaryReportSaysSo(t *testing.T) {
	t.Parallel()
	c := sample()
	c.State, c.Reviewer, c.Findings = string(hub.ReportPreliminary), nil, "双肺纹理清晰。"
	text := extracted(t, painted(t, c, nil, false))
	if !strings.Contains(text, preliminaryNotice) || !strings.Contains(text, "待审核") {
		t.Fatal(text)
	}
}

func TestAddendumIsPrintedBelowTheReport(t *testing.T) {
	t.Parallel()
	c := sample()
	c.Findings = "双肺纹理清晰。"
	a := &Appendix{Text: "已与既往片对比，无变化。", By: Signature{"reviewer1", "徐国栋", "232", "2026-11-23T00:00:00Z"}}
	text := extracted(t, painted(t, c, []*Appendix{a}, false))
	report, addendum := strings.Index(text, "双肺纹理清晰"), strings.Index(text, "已与既往片对比，无变化。")
	if report < 0 || addendum < report || !strings.Contains(text, "补充报告") {
		t.Fatal(text)
	}
}

func TestECGReportHasThePageAtTrueScale(t *testing.T) {
	t.Parallel()
	c := sample()
	c.Kind, c.Findings, c.Measurements = hub.ECG, "窦性心律。", []string{"心率 72 次/分"}
	pdf := painted(t, c, nil, true)
	text := extracted(t, pdf)
	for _, want := range []string{"心电特征", "25mm/s", "aVR", "第2页共2页", "心率72次/分", c.Patient.Name} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not on the report", want)
		}
	}
	if !bytes.Contains(pdf, []byte("/MediaBox [0 0 841.89 595.28]")) {
		t.Error("the ECG's page is not A4 landscape")
	}
}

func TestCharacterTheFontLacksStandsAsItsNumber(t *testing.T) {
	t.Parallel()
	s := testFace(t).setter()
	const rare = 'ᠠ' // Mongolian
	if s.glyph(rare).index != 0 {
		t.Skip("this font has it")
	}
	c := sample()
	c.Patient.Name, c.Findings = "ᠠᠠ", "双肺纹理清晰。"
	if text := extracted(t, painted(t, c, nil, false)); !strings.Contains(text, "ᠠᠠ") {
		t.Fatal("the name cannot be found in the text")
	}
	if w := s.width(string(rare)); w < 2 {
		t.Fatalf("its number is %.1f em wide", w)
	}
}

func TestLinesPutTogetherAreTheText(t *testing.T) {
	t.Parallel()
	s := testFace(t).setter()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.RuneFrom([]rune("肺，。（）“”ab1. -/\n𠮷ᠠ％"))).Draw(t, "text")
		width := rapid.Float64Range(1, 30).Draw(t, "width")
		lines := s.wrap(text, width)
		if got := strings.Join(lines, ""); got != strings.ReplaceAll(text, "\n", "") {
			t.Fatalf("%q became %q", text, lines)
		}
		for _, l := range lines {
			if w := s.width(l); w > width && len([]rune(l)) > 1 {
				t.Fatalf("line %q is %.1f em wide, more than %.1f", l, w, width)
			}
		}
	})
}

func TestLineDoesNotBeginWithAComma(t *testing.T) {
	t.Parallel()
	s := testFace(t).setter()
	for _, l := range s.wrap(strings.Repeat("肺纹理，", 40), 9.5) {
		if strings.HasPrefix(l, "，") {
			t.Fatalf("line %q", l)
		}
	}
}

func TestSignedReportHasItsPDFAndSoHasTheAddendum(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	id := r.written(hub.Image)
	_, err := r.Print(t.Context(), r.tech, r.task(id), 0)
	code(t, err, hub.NotFound, "not_found")
	_, err = r.Approve(t.Context(), r.reviewer, id)
	must(t, err)
	text := extracted(t, r.printed(id, 0))
	hash := r.versions(id)[0].Hash
	for _, want := range []string{"欧阳小明", chest.Impression, hash, "https://hub.example/verify/"} {
		if !strings.Contains(text, bare(want)) {
			t.Errorf("%q is not on the report", want)
		}
	}
	_, err = r.Add(t.Context(), r.reviewer, id, "已与既往片对比。")
	must(t, err)
	if text := extracted(t, r.printed(id, 1)); !strings.Contains(text, "已与既往片对比") || !strings.Contains(text, hash) {
		t.Fatal("the addendum is not printed with the report")
	}
}
