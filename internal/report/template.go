package report

import (
	"context"
	"strings"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// starters are the templates a new alliance begins with. A choice or a number
// to fill in stands in brackets or as XXX: the check before sending finds what
// was left.
var starters = []hub.Template{
	{Kind: hub.Image, Modality: "DX", Name: "胸部正位 正常", Findings: "胸廓对称，气管居中。双肺纹理清晰，走行自然，肺野内未见明确实变影。双肺门影不大。纵隔不宽，心影大小、形态在正常范围。双膈面光整，双侧肋膈角锐利。所示肋骨未见明确骨折征象。", Impression: "心、肺、膈未见明显异常。"},
	{Kind: hub.Image, Modality: "DX", Name: "胸部正位 肺炎", Findings: "胸廓对称，气管居中。[左/右]肺[上/中/下]野见斑片状密度增高影，边缘模糊。余肺纹理清晰。双肺门影不大。心影大小、形态在正常范围。双侧肋膈角锐利。", Impression: "[左/右]肺[上/中/下]野炎症，建议治疗后复查。"},
	{Kind: hub.Image, Modality: "DX", Name: "膝关节正侧位 退行性变", Findings: "[左/右]膝关节诸骨骨质增生，髁间隆突变尖，关节间隙[正常/变窄]，关节面[光整/毛糙]。未见明确骨折及脱位征象。周围软组织未见明显异常。", Impression: "[左/右]膝关节退行性变。"},
	{Kind: hub.Image, Modality: "DX", Name: "四肢 骨折", Findings: "[左/右]XXX骨质连续性中断，断端[无明显/轻度/明显]移位，周围软组织肿胀。所示关节对应关系正常。", Impression: "[左/右]XXX骨折。"},
	{Kind: hub.Image, Modality: "CT", Name: "胸部平扫 正常", Findings: "胸廓对称，气管居中，主要支气管通畅。双肺纹理清晰，肺实质内未见异常密度影。纵隔内未见肿大淋巴结。心影不大，心包未见积液。双侧胸腔未见积液，胸膜未见增厚。所示骨质未见明确破坏征象。", Impression: "胸部CT平扫未见明显异常。"},
	{Kind: hub.Image, Modality: "CT", Name: "胸部平扫 肺结节", Findings: "[左/右]肺[上/中/下]叶见[实性/部分实性/磨玻璃]结节，大小约XXXmm×XXXmm，边缘[光滑/分叶/毛刺]。余肺未见明确实变影。纵隔内未见肿大淋巴结。双侧胸腔未见积液。", Impression: "[左/右]肺[上/中/下]叶[实性/部分实性/磨玻璃]结节，建议XXX个月后复查胸部薄层CT。"},
	{Kind: hub.Image, Modality: "CT", Name: "头颅平扫 正常", Findings: "脑实质内未见明确异常密度影，灰白质分界清楚。脑室系统大小、形态正常，中线结构居中。脑沟、脑裂未见增宽。颅骨骨质未见明确异常。", Impression: "颅脑CT平扫未见明显异常。"},
	{Kind: hub.Image, Modality: "CT", Name: "头颅平扫 脑出血", Findings: "[左/右]侧XXX区见团片状高密度影，范围约XXXmm×XXXmm×XXXmm，出血量约XXXml，周围见低密度水肿带。[左/右]侧脑室[未见/轻度/明显]受压，中线结构[居中/移位XXXmm]。", Impression: "[左/右]侧XXX区脑出血。请结合临床并及时复查。"},
	{Kind: hub.Image, Modality: "US", Name: "腹部 正常", Findings: "肝脏形态大小正常，包膜光滑，实质回声均匀，肝内管道结构清晰，门静脉主干内径正常。胆囊大小正常，壁光滑，腔内透声好。肝内外胆管未见扩张。胰腺形态大小正常，回声均匀。脾脏不大，回声均匀。双肾形态大小正常，集合系统未见分离。", Impression: "肝、胆、胰、脾、双肾超声未见明显异常。"},
	{Kind: hub.Image, Modality: "US", Name: "腹部 脂肪肝、胆囊结石", Findings: "肝脏形态饱满，实质回声细密增强，后方回声[轻度/明显]衰减，肝内管道结构欠清晰。胆囊内见强回声团，后伴声影，大者约XXXmm，随体位移动。肝内外胆管未见扩张。胰腺、脾脏、双肾未见明显异常。", Impression: "1. 脂肪肝。\n2. 胆囊结石。"},
	{Kind: hub.Image, Modality: "MR", Name: "腰椎 椎间盘突出", Findings: "腰椎生理曲度[存在/变直]，序列正常。L4/5椎间盘T2信号减低，向[后/左后/右后]方突出，硬膜囊受压。椎管[未见/轻度/明显]狭窄。脊髓圆锥位置、信号未见异常。", Impression: "L4/5椎间盘突出。"},
	{Kind: hub.Image, Modality: "MG", Name: "双乳 正常", Findings: "双侧乳腺呈[脂肪型/散在纤维腺体型/不均匀致密型/极度致密型]。双乳未见明确肿块、可疑钙化及结构扭曲。双侧皮肤、乳头未见异常。双侧腋下未见肿大淋巴结。", Impression: "双侧乳腺未见明显异常，BI-RADS 1类。"},
	{Kind: hub.ECG, Modality: "ECG", Name: "正常心电图", Findings: "窦性心律，P波形态、时限正常，PR间期正常，QRS波群形态、时限、电压正常，ST段无偏移，T波方向与主波一致，QT间期正常。", Impression: "窦性心律\n正常心电图"},
	{Kind: hub.ECG, Modality: "ECG", Name: "窦性心动过速", Findings: "窦性P波规律出现，频率大于100次/分，PR间期正常，QRS波群形态正常，ST-T未见明显异常。", Impression: "窦性心动过速"},
	{Kind: hub.ECG, Modality: "ECG", Name: "窦性心动过缓", Findings: "窦性P波规律出现，频率小于60次/分，PR间期正常，QRS波群形态正常，ST-T未见明显异常。", Impression: "窦性心动过缓"},
	{Kind: hub.ECG, Modality: "ECG", Name: "心房颤动", Findings: "P波消失，代之以大小、形态、间隔不等的f波，RR间期绝对不规则，平均心室率XXX次/分，QRS波群形态[正常/增宽]。", Impression: "心房颤动"},
	{Kind: hub.ECG, Modality: "ECG", Name: "急性ST段抬高型心肌梗死", Findings: "窦性心律。[前壁/下壁/侧壁/前间壁]导联（XXX）ST段弓背向上抬高XXXmV，对应导联ST段压低。[未见/可见]病理性Q波。", Impression: "急性ST段抬高型心肌梗死（[前壁/下壁/侧壁/前间壁]），请立即结合临床及心肌标志物，启动胸痛流程。"},
	{Kind: hub.ECG, Modality: "ECG", Name: "ST-T改变", Findings: "窦性心律。XXX导联ST段[水平型/下斜型]压低XXXmV，T波[低平/双向/倒置]。", Impression: "窦性心律\nST-T改变，请结合临床"},
	{Kind: hub.ECG, Modality: "ECG", Name: "室性早搏", Findings: "窦性心律，可见提前出现的宽大畸形QRS波群，其前无相关P波，ST-T方向与主波相反，代偿间歇完全。", Impression: "窦性心律\n室性早搏"},
	{Kind: hub.ECG, Modality: "ECG", Name: "完全性右束支传导阻滞", Findings: "窦性心律。QRS时限≥120ms，V1导联呈rsR'型，I、V5、V6导联S波增宽。", Impression: "窦性心律\n完全性右束支传导阻滞"},
	{Kind: hub.ECG, Modality: "ECG", Name: "三度房室传导阻滞", Findings: "P波与QRS波群无固定关系，心房率快于心室率，心室率XXX次/分，QRS波群[形态正常/宽大畸形]。", Impression: "三度房室传导阻滞"},
}

// SeedTemplates gives a new alliance its first templates, once: an alliance
// that has any keeps what it has.
func SeedTemplates(tx *db.Tx) error {
	have, err := tx.Templates("", false)
	if err != nil || len(have) > 0 {
		return err
	}
	for _, t := range starters {
		t.ID = hub.NewID[string]()
		if err := tx.InsertTemplate(&t); err != nil {
			return err
		}
	}
	return nil
}

// Templates returns the alliance's and actor's own templates, or phrases, of a
// kind and modality ("" any; a template without a modality fits every one).
func (s *Service) Templates(ctx context.Context, actor hub.Actor, phrases bool, kind hub.TaskKind, modality string) ([]*hub.Template, error) {
	all, err := s.DB.Read(ctx).Templates(actor.Account, phrases)
	list := []*hub.Template{}
	for _, t := range all {
		if (kind == "" || t.Kind == kind) && (modality == "" || t.Modality == "" || sameModality(t.Modality, modality)) {
			list = append(list, t)
		}
	}
	return list, err
}

// sameModality takes computed and digital radiography for one.
func sameModality(a, b string) bool {
	plain := func(m string) string {
		if m == "CR" || m == "DR" {
			return "DX"
		}
		return m
	}
	return plain(a) == plain(b)
}

// maxTemplates bounds one person's own templates, and phrases.
const maxTemplates = 200

// AddTemplate keeps a template or a phrase of actor's own.
func (s *Service) AddTemplate(ctx context.Context, actor hub.Actor, t hub.Template) (*hub.Template, error) {
	const op = "report.AddTemplate"
	t.Name, t.Findings, t.Impression = strings.TrimSpace(tidy(t.Name)), tidy(t.Findings), tidy(t.Impression)
	switch {
	case t.Name == "" || len([]rune(t.Name)) > 60:
		return nil, hub.Field(op, "name", "want 1 to 60 characters")
	case t.Findings == "" && t.Impression == "":
		return nil, hub.Field(op, "findings", "the text is empty")
	case len([]rune(t.Findings)) > maxText || len([]rune(t.Impression)) > maxText:
		return nil, hub.Field(op, "findings", "at most 20,000 characters")
	case t.Kind != hub.Image && t.Kind != hub.ECG && t.Kind != hub.Holter && t.Kind != hub.Consultation:
		return nil, hub.Field(op, "kind", "want image, ecg, holter or consultation")
	}
	t.ID, t.Owner = hub.NewID[string](), actor.Account
	err := s.DB.Tx(ctx, func(tx *db.Tx) error {
		have, err := tx.Templates(actor.Account, t.Phrase)
		if err != nil {
			return err
		}
		own := 0
		for _, h := range have {
			if h.Owner == actor.Account {
				own++
			}
		}
		if own >= maxTemplates {
			return hub.E(hub.Conflict, op, "report.too_many_templates").With("most", maxTemplates)
		}
		return tx.InsertTemplate(&t)
	})
	return &t, err
}

// RemoveTemplate removes a template or a phrase of actor's own.
func (s *Service) RemoveTemplate(ctx context.Context, actor hub.Actor, id string) error {
	return s.DB.Tx(ctx, func(tx *db.Tx) error {
		there, err := tx.DeleteTemplate(id, actor.Account)
		if err == nil && !there {
			return hub.E(hub.NotFound, "report.RemoveTemplate", "not_found")
		}
		return err
	})
}
