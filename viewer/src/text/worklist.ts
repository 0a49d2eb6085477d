import { catalogue } from './catalogue'

export const zh = {
  worklist: '工作列表',
  chip_waiting: '待诊断', chip_emergency: '急诊', chip_mine: '我的', chip_review: '待审核', chip_issued: '已签发',
  next: '下一例',
  nextNone: '没有等待的检查了',
  search: '姓名、拼音首字母、检查号、编号尾数',
  searchNone: '没有符合“{q}”的检查',
  searchClear: '清除搜索',
  head_priority: '优先', head_left: '剩余', head_patient: '患者', head_exam: '检查', head_clinic: '单位', head_arrived: '到达',
  head_state: '状态', head_submitted: '提交', head_signed: '签发',
  empty_waiting: '没有待诊断的检查', empty_emergency: '没有待诊断的急诊', empty_mine: '您手上没有检查', empty_review: '没有待审核的报告',
  empty_issued: '还没有签发的报告',
  emptyHelp: '新检查到达时会自动出现在这里，不需要刷新。',
  emptyMineHelp: '按 N 领取下一例。',
  claimLost: '{name}已先领取，请选下一例。',
  someone: '另一位医师',
  keyNext: '领取并打开下一例', keyOpen: '领取并打开所选检查', keyUp: '上一行', keyDown: '下一行', keySearch: '搜索', keyChips: '切换筛选',
  overdue: '{n} 例超时',
} as const

export const en: { readonly [K in keyof typeof zh]: string } = {
  worklist: 'Worklist',
  chip_waiting: 'Waiting', chip_emergency: 'Emergency', chip_mine: 'Mine', chip_review: 'To review', chip_issued: 'Issued',
  next: 'Next case',
  nextNone: 'No exam is waiting',
  search: 'Name, pinyin initials, accession, end of ID',
  searchNone: 'No exam fits “{q}”',
  searchClear: 'Clear the search',
  head_priority: 'Priority', head_left: 'Left', head_patient: 'Patient', head_exam: 'Exam', head_clinic: 'Clinic', head_arrived: 'Arrived',
  head_state: 'State', head_submitted: 'Submitted', head_signed: 'Signed',
  empty_waiting: 'No exam is waiting', empty_emergency: 'No emergency is waiting', empty_mine: 'You hold no exam', empty_review: 'No report is waiting for review',
  empty_issued: 'No report has been issued yet',
  emptyHelp: 'New exams appear here by themselves, without reloading.',
  emptyMineHelp: 'Press N to take the next case.',
  claimLost: '{name} has taken it first. Please take the next one.',
  someone: 'Another doctor',
  keyNext: 'Claim and open the next case', keyOpen: 'Claim and open the selected exam', keyUp: 'Previous row', keyDown: 'Next row', keySearch: 'Search', keyChips: 'Change the filter',
  overdue: '{n} overdue',
}

/** Texts of the reading room's worklist. */
export const t = catalogue(zh, en)
