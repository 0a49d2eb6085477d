import { catalogue } from './catalogue'

export const zh = {
  state_draft: '草稿', state_uploading: '上传中', state_queued: '待诊断', state_claimed: '诊断中', state_returned: '已退回',
  state_written: '待审核', state_issued: '已签发', state_delivered: '已回传', state_acknowledged: '已查阅', state_cancelled: '已撤销',
  state_void_pending: '待作废', state_void: '已作废',
  priority_0: '绿色通道', priority_1: '急诊', priority_2: '加急', priority_3: '普通', priority_4: '体检',
  priority_short_0: '绿', priority_short_1: '急', priority_short_2: '加急', priority_short_3: '普', priority_short_4: '体检',
  kind_image: '影像', kind_ecg: '心电', kind_holter: '动态心电', kind_consultation: '会诊',
  sex_M: '男', sex_F: '女', sex_O: '未说明', sex_: '',
  left_minutes: '剩 {n} 分', left_hours: '剩 {h}:{m}', left_days: '剩 {d} 天', late_minutes: '超时 {n} 分', late_hours: '超时 {h}:{m}',
  late_days: '超时 {d} 天', due_none: '—',
  alert: '疑似危急',
  complete: '已到齐', arriving: '到达 {n}/{m}', arrivingOnly: '已到 {n}',
  before_now: '刚刚', before_minutes: '{n} 分前',
  visit_outpatient: '门诊', visit_emergency: '急诊', visit_inpatient: '住院', visit_healthcheck: '体检',
  report_draft: '草稿', report_preliminary: '临时报告', report_written: '待审核', report_issued: '正式报告', report_void: '已作废',
  tier_gone: '已转上级', tier_up: '上转', tier_asked: '下级求助', tier_offered: '上级可领',
  tier_gone_says: '已转交{centre}诊断', tier_up_says: '由{from}上转', tier_asked_says: '{centre}未能及时领取，本院也可领取', tier_offered_says: '未及时领取，{to}也可领取',
  unknownName: '未提供姓名',
} as const

export const en: { readonly [K in keyof typeof zh]: string } = {
  state_draft: 'Draft', state_uploading: 'Uploading', state_queued: 'Waiting', state_claimed: 'Reading', state_returned: 'Returned',
  state_written: 'To review', state_issued: 'Issued', state_delivered: 'Delivered', state_acknowledged: 'Read', state_cancelled: 'Cancelled',
  state_void_pending: 'Void pending', state_void: 'Void',
  priority_0: 'Green channel', priority_1: 'Emergency', priority_2: 'Urgent', priority_3: 'Routine', priority_4: 'Screening',
  priority_short_0: 'Green', priority_short_1: 'Emerg.', priority_short_2: 'Urgent', priority_short_3: 'Rout.', priority_short_4: 'Screen.',
  kind_image: 'Imaging', kind_ecg: 'ECG', kind_holter: 'Holter', kind_consultation: 'Consultation',
  sex_M: 'M', sex_F: 'F', sex_O: 'other', sex_: '',
  left_minutes: '{n} min left', left_hours: '{h}:{m} left', left_days: '{d} d left', late_minutes: '{n} min late', late_hours: '{h}:{m} late',
  late_days: '{d} d late', due_none: '—',
  alert: 'Possibly critical',
  complete: 'Complete', arriving: 'Arrived {n}/{m}', arrivingOnly: 'Arrived {n}',
  before_now: 'just now', before_minutes: '{n} min ago',
  visit_outpatient: 'Outpatient', visit_emergency: 'Emergency', visit_inpatient: 'Inpatient', visit_healthcheck: 'Check-up',
  report_draft: 'Draft', report_preliminary: 'Preliminary', report_written: 'To review', report_issued: 'Final', report_void: 'Void',
  tier_gone: 'Handed up', tier_up: 'Referred', tier_asked: 'Help asked', tier_offered: 'Open above',
  tier_gone_says: '{centre} reads it now', tier_up_says: 'Handed up by {from}', tier_asked_says: '{centre} has not claimed it in time; you may claim it as well', tier_offered_says: 'Not claimed in time; {to} may claim it as well',
  unknownName: 'no name given',
}

/** The trade's own words: states, priorities, kinds, clocks. */
export const w = catalogue(zh, en)
