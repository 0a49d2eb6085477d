import { catalogue } from './catalogue'

export const zh = {
  title: '检查申请单', save: '提交申请', saveChanges: '保存修改', changed: '申请已更新', made: '申请已建立，检查号 {accession}。请上传检查。',
  recognised: '已互认，不再重复检查；节省 {saved} 元',
  patient: '患者', id_number: '身份证号', idHint: '刷身份证或输入 18 位号码（已输入 {n} 位）', idOk: '号码正确，已填写性别和出生日期', idWrong: '号码有误，请重新刷卡或核对',
  noId: '无证件原因', noId_newborn: '新生儿', noId_none: '无证件', noId_unknown_emergency: '急诊无名',
  patient_name: '姓名', sex: '性别', birth_date: '出生日期', birthHint: '如 19580312', age: '年龄（无出生日期时）', age_Y: '岁', age_M: '月', age_W: '周', age_D: '天', phone: '电话', patient_id: '门诊/住院号',
  visit: '就诊类别', priority: '优先级', department: '申请科室', doctor: '申请医师',
  exam: '检查', item: '检查项目', itemHint: '输入名称、编码或拼音首字母，↑↓ 选择，回车确定', itemNone: '目录中没有，请填写部位并联系管理员', body_part: '部位', laterality: '左右',
  side_none: '不分', side_L: '左', side_R: '右', side_B: '双侧',
  clinical: '临床资料', symptom: '主要症状', symptomHint: '急诊填写部位或症状即可', history: '病史', purpose: '检查目的', onset: '发作时间', bp: '血压', drugs: '相关用药', pacemaker: '起搏器',
  pregnancy: '是否妊娠', pregnancy_no: '否', pregnancy_yes: '是', pregnancy_unknown: '不确定', consent: '患者已知情同意远程诊断',
  lacks: '还缺：{fields}', lack_patient_name: '姓名', lack_sex: '性别', lack_birth_date: '出生日期或年龄', lack_id_number: '正确的身份证号（或无证件原因）', lack_department: '申请科室',
  lack_doctor: '申请医师', lack_item: '检查项目', lack_history: '症状、病史或检查目的', lack_consent: '知情同意', lack_where: '检查部位或症状',
  emergencyOwes: '急诊：先检查，其余信息 24 小时内补全',
  asking: '正在查询可互认结果…', askFailed: '互认查询未完成，提交时会再次检查', candidates: '有 {n} 份可互认结果', candidatesNone: '没有可互认的结果', decide: '处理', daysAgo: '（{n} 天前）', today: '（今天）',
  decisionTitle: '互认：{item}', decisionHelp: '互认的是检查图像和数据，诊断结论由您结合临床作出。不予互认须选择原因并告知患者。', decision: '决定', decisionHelpTech: '予以互认由接诊医师决定，请先与医师沟通。不予互认须选择原因并告知患者。',
  recognise: '予以互认', decline: '不予互认', declineReason: '不予互认的原因', choose: '请选择', declineText: '说明', explained: '已向患者说明重新检查的目的和必要性',
  recogniseNoOrder: '互认，不再检查', orderNow: '提交申请',
  reason_1: '1 病情变化，与临床表现、诊断不符', reason_2: '2 结果在疾病发展中变化较快', reason_3: '3 重大医疗措施前，项目意义重大', reason_4: '4 急诊、急救', reason_5: '5 司法、伤残、病退鉴定',
  reason_6a: '6a 质量缺陷或不完整', reason_6b: '6b 已过时效', reason_6c: '6c 患者或家属要求', reason_6d: '6d 设备或参数不满足', reason_6e: '6e 其他（请说明）',
} as const

export const en: { readonly [K in keyof typeof zh]: string } = {
  title: 'Exam order', save: 'Send the order', saveChanges: 'Save changes', changed: 'The order is updated', made: 'Order made, accession {accession}. Please upload the exam.',
  recognised: 'Recognised, no repeat exam; {saved} yuan saved',
  patient: 'Patient', id_number: 'ID number', idHint: 'Read the card or type 18 characters ({n} so far)', idOk: 'The number is right; sex and birth date are filled in', idWrong: 'The number is wrong; read the card again',
  noId: 'Why there is no ID', noId_newborn: 'Newborn', noId_none: 'No document', noId_unknown_emergency: 'Unknown, emergency',
  patient_name: 'Name', sex: 'Sex', birth_date: 'Birth date', birthHint: 'e.g. 19580312', age: 'Age (without birth date)', age_Y: 'years', age_M: 'months', age_W: 'weeks', age_D: 'days', phone: 'Phone', patient_id: 'Patient no.',
  visit: 'Visit', priority: 'Priority', department: 'Department', doctor: 'Ordering doctor',
  exam: 'Exam', item: 'Exam item', itemHint: 'Type name, code or pinyin initials; arrow keys choose, Enter takes', itemNone: 'Not in the catalogue: give the body part and tell the administrator', body_part: 'Body part', laterality: 'Side',
  side_none: 'none', side_L: 'left', side_R: 'right', side_B: 'both',
  clinical: 'Clinical', symptom: 'Main symptom', symptomHint: 'In an emergency a body part or a symptom is enough', history: 'History', purpose: 'Purpose', onset: 'Onset', bp: 'Blood pressure', drugs: 'Drugs', pacemaker: 'Pacemaker',
  pregnancy: 'Pregnant', pregnancy_no: 'no', pregnancy_yes: 'yes', pregnancy_unknown: 'not known', consent: 'The patient consents to remote reading',
  lacks: 'Missing: {fields}', lack_patient_name: 'name', lack_sex: 'sex', lack_birth_date: 'birth date or age', lack_id_number: 'a right ID number (or why there is none)', lack_department: 'department',
  lack_doctor: 'ordering doctor', lack_item: 'exam item', lack_history: 'symptom, history or purpose', lack_consent: 'consent', lack_where: 'body part or symptom',
  emergencyOwes: 'Emergency: exam first, the rest within 24 hours',
  asking: 'Looking for recognisable results…', askFailed: 'The check did not finish; it runs again when you send', candidates: '{n} result(s) can be recognised', candidatesNone: 'No result can be recognised', decide: 'Decide', daysAgo: '({n} days ago)', today: '(today)',
  decisionTitle: 'Recognition: {item}', decisionHelp: 'Images and data are recognised; the conclusion is yours. Not recognising needs a reason, and the patient must be told.', decision: 'Decision', decisionHelpTech: 'Recognising is the clinician’s decision: ask first. Not recognising needs a reason, and the patient must be told.',
  recognise: 'Recognise', decline: 'Do not recognise', declineReason: 'Reason', choose: 'Choose', declineText: 'Explanation', explained: 'Purpose and need of the new exam were explained to the patient',
  recogniseNoOrder: 'Recognise, no new exam', orderNow: 'Send the order',
  reason_1: '1 Condition changed, does not fit presentation or diagnosis', reason_2: '2 Changes fast in the course of the disease', reason_3: '3 Decisive before major treatment', reason_4: '4 Emergency or rescue', reason_5: '5 Judicial, disability or sick-retirement appraisal',
  reason_6a: '6a Quality defect or incomplete', reason_6b: '6b Out of date', reason_6c: '6c Patient or family asks', reason_6d: '6d Equipment or parameters insufficient', reason_6e: '6e Other (explain)',
}

/** Texts of the order form and of recognition at ordering. */
export const t = catalogue(zh, en)
