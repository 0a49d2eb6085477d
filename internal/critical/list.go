package critical

import (
	"slices"
	"strings"
)

// Item is one line of the critical lists.
type Item struct {
	Code      string `json:"code"`
	Kind      string `json:"kind"` // ecg, image, us
	Name      string `json:"name"` // zh-CN
	English   string `json:"name_en"`
	Threshold string `json:"threshold"` // default detail, zh-CN; "" none
	Optional  bool   `json:"optional"`  // not on the list unless the alliance adds it
}

// Items are the lists of the domain rules, section 7: ECG (E), radiology (I,
// the 13 categories of the 2024 indicators, and the optional ones from I21),
// ultrasound (U, 2022). The list is what a reader chooses from; free text
// without an item is a critical value as well.
func Items() []Item { return slices.Clone(items) }

// Find returns the item with a code; case does not count.
func Find(code string) (Item, bool) {
	code = strings.ToUpper(strings.TrimSpace(code))
	i := slices.IndexFunc(items, func(it Item) bool { return it.Code == code })
	if i < 0 {
		return Item{}, false
	}
	return items[i], true
}

var items = []Item{
	{"E01", "ecg", "疑似急性心肌梗死（首次）", "Suspected acute MI, first found", "ST 段抬高：肢导/V4–V6 ≥ 0.1 mV，V1–V3 ≥ 0.3 mV，相邻 2 个以上导联", false},
	{"E02", "ecg", "再发心梗 / 急性缺血", "Re-infarction or acute ischaemia", "有病史，除外室壁瘤", false},
	{"E03", "ecg", "室扑 / 室颤", "Ventricular flutter or fibrillation", "", false},
	{"E04", "ecg", "室速", "Ventricular tachycardia", "≥ 150 次/分且 ≥ 30 秒，或更短但血流动力学不稳定", false},
	{"E05", "ecg", "尖端扭转 / 多形 / 双向室速", "Torsades, polymorphic, bidirectional VT", "", false},
	{"E06", "ecg", "室上速", "Supraventricular tachycardia", "≥ 200 次/分", false},
	{"E07", "ecg", "房颤 / 房扑快室率", "AF/flutter, fast rate", "平均 ≥ 200 次/分", false},
	{"E08", "ecg", "房颤伴预激", "AF with pre-excitation", "最短 R-R ≤ 250 ms", false},
	{"E09", "ecg", "严重心动过缓", "Severe bradycardia", "平均 ≤ 35 次/分", false},
	{"E10", "ecg", "三度 / 高度房室阻滞", "Third-degree or high AV block", "首次发现，或心室率 < 40 次/分", false},
	{"E11", "ecg", "长 R-R 间期", "Long pause", "有症状 ≥ 3.0 秒，无症状 ≥ 5.0 秒", false},
	{"E12", "ecg", "QT 延长", "Long QT", "QTc ≥ 550 ms，或延长伴 R-on-T", false},
	{"E13", "ecg", "高钾 / 低钾", "Hyper-/hypokalaemia pattern", "", false},
	{"E14", "ecg", "疑似肺栓塞", "Suspected pulmonary embolism", "SⅠQⅢTⅢ 结合临床", false},
	{"E15", "ecg", "T 波电交替 / R-on-T", "T-wave alternans, R-on-T", "", false},

	{"I01", "image", "急性肺栓塞", "Acute pulmonary embolism", "CTPA 充盈缺损", false},
	{"I02", "image", "主动脉夹层 / 动脉瘤破裂", "Aortic dissection or rupture", "DeBakey Ⅰ/Ⅱ 型或破裂", false},
	{"I03", "image", "心包填塞", "Cardiac tamponade", "大量心包积液伴体征", false},
	{"I04", "image", "大量液气血胸 / 张力性气胸", "Massive hydro-/haemo-/pneumothorax", "压缩 ≥ 70 % 或纵隔移位", false},
	{"I05", "image", "气管支气管异物", "Airway foreign body", "", false},
	{"I06", "image", "急性脑梗死", "Acute cerebral infarction", "大面积（> 2/3 大脑中动脉供血区）或脑干、小脑", false},
	{"I07", "image", "急性脑出血", "Acute cerebral haemorrhage", "幕上 ≥ 30 ml，幕下 ≥ 10 ml", false},
	{"I08", "image", "硬膜外 / 硬膜下出血", "Epidural/subdural haemorrhage", "", false},
	{"I09", "image", "蛛网膜下腔出血", "Subarachnoid haemorrhage", "", false},
	{"I10", "image", "脑疝", "Brain herniation", "中线移位 ≥ 10 mm", false},
	{"I11", "image", "消化道穿孔", "Gastrointestinal perforation", "腹腔游离气体", false},
	{"I12", "image", "腹腔脏器破裂出血", "Rupture of abdominal organ", "", false},
	{"I13", "image", "绞窄性肠梗阻", "Strangulated intestinal obstruction", "", false},
	{"I21", "image", "脊髓受压", "Spinal cord compression", "", true},
	{"I22", "image", "急性呼吸窘迫（白肺）", "ARDS, white lungs", "", true},
	{"I23", "image", "急性重症胰腺炎", "Acute severe pancreatitis", "", true},
	{"I24", "image", "颈椎骨折脱位", "Cervical fracture-dislocation", "", true},

	{"U01", "us", "肝脾肾破裂出血", "Rupture of liver, spleen or kidney", "", false},
	{"U02", "us", "异位妊娠破裂", "Ruptured ectopic pregnancy", "", false},
	{"U03", "us", "坏疽性胆囊炎伴穿孔", "Gangrenous cholecystitis with perforation", "", false},
	{"U04", "us", "晚孕羊水过少伴胎心异常", "Late-pregnancy oligohydramnios with abnormal fetal heart rate", "胎心 > 160 或 < 110 次/分", false},
	{"U05", "us", "子宫破裂", "Uterine rupture", "", false},
	{"U06", "us", "胎盘早剥 / 前置胎盘出血", "Placental abruption or bleeding praevia", "", false},
	{"U07", "us", "首次发现心功能减退", "First found LVEF below 35 %", "LVEF < 35 %", false},
	{"U08", "us", "心包填塞", "Cardiac tamponade", "", false},
	{"U09", "us", "主动脉夹层", "Aortic dissection", "", false},
	{"U10", "us", "动脉瘤破裂", "Aneurysm rupture", "", false},
	{"U11", "us", "心脏破裂", "Cardiac rupture", "", false},
	{"U12", "us", "心腔内游离血栓", "Free intracardiac thrombus", "", false},
	{"U13", "us", "急性肢体动脉栓塞", "Acute limb artery embolism", "", false},
	{"U14", "us", "人工瓣膜卡瓣", "Stuck prosthetic valve", "", false},
}
