import { catalogue } from './catalogue'

export const zh = {
  E01: '疑似急性心肌梗死（首次）',
  E02: '再发心梗 / 急性缺血',
  E03: '室扑 / 室颤',
  E04: '室速',
  E05: '尖端扭转 / 多形 / 双向室速',
  E06: '室上速',
  E07: '房颤 / 房扑快室率',
  E08: '房颤伴预激',
  E09: '严重心动过缓',
  E10: '三度 / 高度房室阻滞',
  E11: '长 R-R 间期',
  E12: 'QT 延长',
  E13: '高钾 / 低钾',
  E14: '疑似肺栓塞',
  E15: 'T 波电交替 / R-on-T',
  I01: '急性肺栓塞',
  I02: '主动脉夹层 / 动脉瘤破裂',
  I03: '心包填塞',
  I04: '大量液气血胸 / 张力性气胸',
  I05: '气管支气管异物',
  I06: '急性脑梗死',
  I07: '急性脑出血',
  I08: '硬膜外 / 硬膜下出血',
  I09: '蛛网膜下腔出血',
  I10: '脑疝',
  I11: '消化道穿孔',
  I12: '腹腔脏器破裂出血',
  I13: '绞窄性肠梗阻',
} as const

export const en: { readonly [K in keyof typeof zh]: string } = {
  E01: 'Suspected acute MI, first found',
  E02: 'Re-infarction or acute ischaemia',
  E03: 'Ventricular flutter or fibrillation',
  E04: 'Ventricular tachycardia',
  E05: 'Torsades, polymorphic, bidirectional VT',
  E06: 'Supraventricular tachycardia',
  E07: 'AF/flutter, fast rate',
  E08: 'AF with pre-excitation',
  E09: 'Severe bradycardia',
  E10: 'Third-degree or high AV block',
  E11: 'Long pause',
  E12: 'Long QT',
  E13: 'Hyper-/hypokalaemia pattern',
  E14: 'Suspected pulmonary embolism',
  E15: 'T-wave alternans, R-on-T',
  I01: 'Acute pulmonary embolism',
  I02: 'Aortic dissection or rupture',
  I03: 'Cardiac tamponade',
  I04: 'Massive hydro-/haemo-/pneumothorax',
  I05: 'Airway foreign body',
  I06: 'Acute cerebral infarction',
  I07: 'Acute cerebral haemorrhage',
  I08: 'Epidural/subdural haemorrhage',
  I09: 'Subarachnoid haemorrhage',
  I10: 'Brain herniation',
  I11: 'Gastrointestinal perforation',
  I12: 'Rupture of abdominal organ',
  I13: 'Strangulated intestinal obstruction',
}

/** The critical items of ECG (E) and imaging (I) by their code. */
export const critical = catalogue(zh, en)

export type CriticalItem = keyof typeof zh
/** All codes, ECG first. */
export const criticalItems = Object.keys(zh) as CriticalItem[]
