package demo

import (
	"strconv"
	"time"

	"github.com/yuanzhen/yuanzhen/ecg/synth"
)

// residentID completes 17 digits with the check character of GB 11643. The
// region code 999999 belongs to nobody.
func residentID(birth string, serial int) string {
	weights := [17]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}
	s := "999999" + birth + strconv.Itoa(1000 + serial)[1:]
	sum := 0
	for i, w := range weights {
		sum += w * int(s[i]-'0')
	}
	return s + string("10X98765432"[sum%11])
}

// patient is a made-up person.
func patient(clinic, id, name, pinyin, sex, birth string, serial int, charset string) subject {
	if serial%2 == 0 == (sex == "M") {
		serial++ // the 17th digit is odd for men
	}
	return subject{clinic: clinic, id: id, name: name, pinyin: pinyin, sex: sex, birth: birth, idNumber: residentID(birth, serial), charset: charset,
		accession: clinic[len(clinic)-1:] + "26" + id[1:]}
}

const (
	gb  = "GB18030"
	utf = "ISO_IR 192"
)

// exams are what the demo sends, in the order they happen. The man with the
// infarction has earlier ECGs to compare with: of last year, and of an hour
// ago, when the pain began.
func exams(now time.Time) []exam {
	one := func(f func(subject) object) func(subject) ([]object, error) {
		return func(s subject) ([]object, error) { return []object{f(s)}, nil }
	}
	xray := func(seed uint64, f finding, inverted bool) func(subject) ([]object, error) {
		return one(func(s subject) object { return radiograph(s, seed, f, inverted) })
	}
	trace := func(kind synth.Kind, seed uint64) func(subject) ([]object, error) {
		return func(s subject) ([]object, error) {
			rec, err := synth.Make(kind, seed)
			if err != nil {
				return nil, err
			}
			return []object{ecgObject(s, rec)}, nil
		}
	}
	ct := func(s subject) ([]object, error) { return ctSeries(s, 48, 11), nil }
	loop := func(s subject) ([]object, error) {
		o, err := cine(s, 5)
		return []object{o}, err
	}
	chestPain := patient("CLINIC1", "P000102", "赵建国", "Zhao^Jianguo", "M", "19640927", 12, utf)
	list := []exam{
		{subject: patient("CLINIC1", "P000101", "王秀芳", "Wang^Xiufang", "F", "19580312", 11, gb), by: byStore, make: xray(21, pneumonia, false)},
		{subject: chestPain, by: byRecording, trace: synth.InferiorSTEMI, seed: 1},
		{subject: patient("CLINIC2", "P000201", "李桂英", "Li^Guiying", "F", "19710605", 13, utf), by: byStow, make: ct},
		{subject: patient("CLINIC2", "P000202", "刘志刚", "Liu^Zhigang", "M", "19490118", 14, gb), by: byStore, make: trace(synth.AtrialFibrillation, 2)},
		{subject: patient("CLINIC3", "P000301", "欧阳小明", "Ouyang^Xiaoming", "M", "19880220", 15, gb), by: byStore, make: loop},
		{subject: patient("CLINIC3", "P000302", "买买提·艾力", "Maimaiti^Aili", "M", "19750810", 16, utf), by: byStore, make: trace(synth.CompleteAVBlock, 3)},
		{subject: patient("CLINIC1", "P000103", "孙玉兰", "Sun^Yulan", "F", "19830401", 17, gb), by: byRecording, trace: synth.LeadOff, seed: 4},
		{subject: patient("CLINIC1", "P000104", "周大勇", "Zhou^Dayong", "M", "19930722", 18, gb), by: byStore, make: xray(22, pneumothorax, true)},
		{subject: patient("CLINIC3", "P000303", "吴美玲", "Wu^Meiling", "F", "19671103", 19, utf), by: byStow, make: xray(23, healthy, false)},
		{subject: patient("CLINIC2", "P000203", "郑海涛", "Zheng^Haitao", "M", "20010515", 20, gb), by: byStore, make: trace(synth.Normal, 5)},
		{subject: patient("CLINIC2", "P000204", "马春花", "Ma^Chunhua", "F", "19790909", 21, utf), by: byRecording, trace: synth.ArmReversal, seed: 6},
	}
	for i := range list {
		list[i].subject.at = now.Add(-time.Duration(40-3*i) * time.Minute).In(time.FixedZone("CST", 8*3600))
	}
	list[0].order = map[string]any{"kind": "image", "modality": "DX", "item": "DX-CHEST", "item_name": "胸部正位DR", "body_part": "CHEST", "visit": "outpatient",
		"department": "全科", "doctor": "周建国", "history": "发热、咳嗽 3 天", "purpose": "排除肺炎", "priority": 3}
	list[2].order = map[string]any{"kind": "image", "modality": "CT", "item": "CT-CHEST", "item_name": "胸部CT平扫", "body_part": "CHEST", "visit": "inpatient",
		"department": "内科", "doctor": "郑志强", "history": "体检发现右肺阴影", "purpose": "明确性质", "priority": 2}
	earlier := func(ago time.Duration, seed uint64) exam {
		s := chestPain
		s.at = now.Add(-ago).In(time.FixedZone("CST", 8*3600))
		return exam{subject: s, by: byRecording, trace: synth.Normal, seed: seed}
	}
	return append([]exam{earlier(400*24*time.Hour, 7), earlier(time.Hour, 8)}, list...)
}
